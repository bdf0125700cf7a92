"""Importing the package loads no AWS library, web framework or agent framework."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import agentcore_memory_async
from agentcore_memory_async import models

PACKAGE = Path(agentcore_memory_async.__file__).parent
HEAVY = {
    "aioboto3",
    "aiobotocore",
    "aiohttp",
    "aiohttp.web",
    "aiomoto",
    "bedrock_agentcore",
    "boto3",
    "crewai",
    "fastapi",
    "langchain_core",
    "langgraph",
    "llama_index",
    "moto",
    "numpy",
    "pydantic",
    "pytest",
    "sqlite3",
    "starlette",
    "strands",
}


ASYNC = "from agentcore_memory_async import AsyncMemoryControl, AsyncMemorySessionManager"
"""Imports all that an async program can use."""


def loaded_by(statement: str) -> list[str]:
    """Return the modules that a new process has loaded after *statement*."""
    code = f"{statement}; import sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=45,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize("statement", [ASYNC, "import agentcore_memory_async.testing"])
def test_importing_it_imports_nothing_heavy(statement: str) -> None:
    """Importing the package loads no heavy module."""
    assert set() == HEAVY & set(loaded_by(statement))


def test_of_botocore_only_its_exceptions_are_imported() -> None:
    """Importing the package loads none of botocore's expensive modules."""
    loaded = {name for name in loaded_by(ASYNC) if name.startswith("botocore.")}

    assert {"botocore.client", "botocore.session", "botocore.loaders"} & loaded == set()


def test_the_facade_and_the_backend_of_anyio_are_not_imported() -> None:
    """Async programs need no loop thread, and the backend is loaded in a thread, on opening."""
    parts = ("agentcore_memory_async._sync", "agentcore_memory_async.sync", "anyio._backends")

    assert [] == [name for name in loaded_by(ASYNC) if name.startswith(parts)]


def test_importing_the_package_imports_no_other_package() -> None:
    """What a name needs is imported with the name."""
    blank, loaded = loaded_by("pass"), loaded_by("import agentcore_memory_async")
    new = {
        name
        for name in set(loaded) - set(blank)
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    package = "agentcore_memory_async"

    assert {package, *(f"{package}.{name}" for name in ("_collector", "_lazy", "_version"))} == new


def test_a_manager_needs_no_strategies() -> None:
    """The control plane, and the models of memories and strategies, are imported if used."""
    loaded = loaded_by("from agentcore_memory_async import AsyncMemorySessionManager")
    names = ("control", "_control", "_models.memories", "_models.strategies")

    assert "agentcore_memory_async.manager" in loaded
    assert set() == {f"agentcore_memory_async.{name}" for name in names} & set(loaded)


@pytest.mark.parametrize("module", [agentcore_memory_async, models])
def test_names_are_imported_from_where_type_checkers_see_them(module: Any) -> None:
    """The table of a module with lazy names says what its imports for types say."""
    tree = ast.parse(Path(module.__file__).read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in blocks[0].body if isinstance(node, ast.ImportFrom)]
    seen = {
        str(node.module).removeprefix("agentcore_memory_async."): [each.name for each in node.names]
        for node in imports
    }
    public = {name for names in seen.values() for name in names}

    assert {home: names.split() for home, names in module._HOMES.items()} == seen
    assert public | {"__version__"} >= set(module.__all__) >= public


def test_public_modules_are_attributes_of_the_package() -> None:
    """``import agentcore_memory_async`` is enough for ``agentcore_memory_async.errors.X``."""
    code = """
    import agentcore_memory_async as package
    assert {"control", "errors", "manager"} <= set(dir(package))
    assert package.errors.ClosedError is package.ClosedError
    assert package.control.AsyncMemoryControl is package.AsyncMemoryControl
    """
    subprocess.run([sys.executable, "-c", dedent(code)], timeout=45, check=True)


def test_names_of_the_facade_import_at_their_first_use() -> None:
    """They are attributes of the package like all others, and a wrong name is an error."""
    from agentcore_memory_async import MemorySessionManager, sync

    assert sync.MemorySessionManager is MemorySessionManager
    assert set(agentcore_memory_async.__all__) <= set(dir(agentcore_memory_async))
    with pytest.raises(AttributeError, match="'MemorySesion'"):
        agentcore_memory_async.MemorySesion  # type: ignore[attr-defined] # noqa: B018


def test_making_and_opening_a_manager_imports_nothing_in_the_loop() -> None:
    """What takes long to import is imported with the package, or in a thread on opening."""
    code = """
    import asyncio, sys, threading
    from agentcore_memory_async import AsyncMemorySessionManager
    imported = []
    loop_thread = threading.get_ident()
    def note(event, args):
        here = threading.get_ident() == loop_thread
        if event == "import" and here and args[0] not in sys.modules:
            imported.append(args[0])
    async def main():
        sys.addaudithook(note)
        manager = AsyncMemorySessionManager(
            "chat-a1B2c3D4e5", "us-west-2", endpoint_url="http://127.0.0.1:9"
        )
        async with manager:
            await manager.create_memory_session("a", "s", verify=False)
    asyncio.run(main())
    print(imported)
    """
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=45,
        check=True,
        env=environment,
    )

    assert "[]\n" == done.stdout


def test_only_one_module_is_loaded_by_name() -> None:
    """
    What `importlib` loads, no linter of imports sees; pyproject.toml names the one case.

    Lazy names are imported for types as well, which the linter sees.
    """
    loads = [
        (path.relative_to(PACKAGE).as_posix(), line.strip())
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text().splitlines()
        if "import_module(" in line or "__import__(" in line
    ]
    others = ("aioboto3", "concurrent", "fastembed", "re2")
    own = {path for path, line in loads if not any(name in line for name in others)}

    assert {"_lazy.py", "_transport/botocore.py"} == own
