"""
Python blocks of the README and the documentation run, in order, page by page.

A block that needs AWS or another SDK stands under ``<!-- aws -->`` and is only compiled. One with
tests stands under ``<!-- pytest: plugin -->``, and ``test_docs_pytest`` runs it under that plugin.
A page with ``<!-- needs: module -->`` is skipped where that framework is not installed.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import re
from contextlib import AsyncExitStack
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

from agentcore_memory_async import ConversationalMessage, MessageRole, PollPolicy
from agentcore_memory_async.local import LocalMemoryService
from tests._frameworks import is_importable, missing
from tests.local.model_server import model_server
from tests.test_all import public_modules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sybil import Example

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
AWS = "<!-- aws -->"
PYTEST = "<!-- pytest: "
READS = {
    "list_long_term_memory_records": 0,
    "iter_long_term_memory_records": 0,
    "search_long_term_memories": 1,
    "extraction_poller": 0,
}


def blocks_of(page: Path) -> list[Example]:
    """Return the Python blocks of *page*."""
    parser = CodeBlockParser("python", lambda _: None)
    return list(Sybil([parser]).parse(page).examples())


def line_above(example: Example) -> str:
    """Return the line above a block."""
    return example.document.text[: example.region.start].rstrip("\n").rpartition("\n")[2]


def needs_aws(example: Example) -> bool:
    """Return whether a block is only compiled."""
    return line_above(example) == AWS


def compiled(source: str, name: str) -> Any:
    """Compile a block that may use ``await``."""
    return compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def with_blocks() -> list[Path]:
    """Return the pages with Python blocks."""
    return [page for page in PAGES if "```python" in page.read_text()]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """Yield the names that blocks use: a local service, a manager, a session, messages, a model."""
    monkeypatch.chdir(tmp_path)  # for the files of blocks
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(LocalMemoryService())
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEMORY_ID", "chat-a1B2c3D4e5")
        manager = service.manager("chat-a1B2c3D4e5", polling=PollPolicy(expected=0.5))
        await stack.enter_async_context(manager)
        yield {
            "__name__": "__main__",
            "service": service,
            "manager": manager,
            "session": await manager.create_memory_session("user123", "chat001"),
            "message": ConversationalMessage("I only fly window seats", MessageRole.USER),
            "second_message": ConversationalMessage("I live in Turin.", MessageRole.USER),
            "third_message": ConversationalMessage("I work as a nurse.", MessageRole.USER),
            "base_url": f"{(await stack.enter_async_context(model_server())).url}/v1",
        }


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", with_blocks(), ids=lambda page: page.name)
async def test_the_blocks_of_a_page_run(page: Path, names: dict[str, Any]) -> None:
    """The blocks of a page run in order."""
    if framework := missing(page):
        pytest.skip(f"it needs {framework}")
    for example in blocks_of(page):
        if needs_aws(example) or line_above(example).startswith(PYTEST):
            continue
        code = compiled(dedent(example.parsed), f"{page.name}:{example.line}")
        if code.co_flags & inspect.CO_COROUTINE:
            await eval(code, names)
        else:  # a script runs in a thread, where no loop runs
            await asyncio.to_thread(exec, code, names)


@pytest.mark.parametrize("page", with_blocks(), ids=lambda page: page.name)
def test_the_blocks_that_need_aws_compile(page: Path) -> None:
    """A block that is not run compiles, also if its lines belong inside another block."""
    for example in blocks_of(page):
        if needs_aws(example):
            source = re.sub(r"(?m)^( +async with .*:)$", r"\1\n        ...", example.parsed)
            source = re.sub(r"(?ms)^\.\.\.\n(?= )", "if True:\n", source)
            assert compiled(source, f"{page.name}:{example.line}") is not None


def default_reads(source: str) -> list[str]:
    """Return the calls that read with the default prefix, so the records of every actor."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        tree = ast.parse(f"async def block():\n{indent(source, '    ')}")
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        position = READS.get(node.func.attr)
        if position is None:
            continue
        given = [kw.value for kw in node.keywords if kw.arg in {"namespace_prefix", "namespace"}]
        given += node.args[position : position + 1]
        if not given or any(isinstance(a, ast.Constant) and a.value == "/" for a in given):
            found.append(f"line {node.lineno}: {node.func.attr}")
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_no_example_reads_every_actor(path: Path) -> None:
    """No example reads with the default prefix."""
    assert [] == default_reads(path.read_text())


@pytest.mark.parametrize("page", with_blocks(), ids=lambda page: page.name)
def test_no_page_reads_every_actor(page: Path) -> None:
    """No page reads with the default prefix."""
    sources = [dedent(example.parsed) for example in blocks_of(page) if not needs_aws(example)]
    assert [] == [found for source in sources for found in default_reads(source)]


def test_reading_every_actor_is_found() -> None:
    """The check detects reads with the default prefix."""
    source = "s.search_long_term_memories('q')\ns.list_long_term_memory_records('/')"
    assert 2 == len(default_reads(source))


@pytest.mark.parametrize("module", public_modules())
def test_every_public_name_is_on_the_api_page(module: str) -> None:
    """The page lists the names of whole modules, and no public name is of another one."""
    page = (ROOT / "docs" / "api.md").read_text()
    listed = re.findall(r"^\.\. public-names:: (\S+)$", page, re.MULTILINE)
    importable = [each for each in listed if is_importable(each)]
    shown = {name for each in importable for name in importlib.import_module(each).__all__}
    shown |= set(
        re.findall(r"^\.\. autofunction:: agentcore_memory_async\.(\w+)$", page, re.MULTILINE)
    )
    names = set(importlib.import_module(module).__all__) - {"__version__"}

    assert set() == names - shown


def test_links_lead_somewhere() -> None:
    """Every relative link of the README and the pages names an existing file."""
    broken = [
        f"{page.name}: {target}"
        for page in [*PAGES, ROOT / "CHANGELOG.md"]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert [] == broken


def test_the_documents_name_no_machine() -> None:
    """No page contains a path of the author's machine."""
    home = re.compile(r"/(?:work|root|home|tmp)/")
    assert [] == [page.name for page in PAGES if home.search(page.read_text())]
