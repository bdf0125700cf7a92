"""Importing the package loads no AWS library, web framework or agent framework."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import agentcore_memory_async

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


@pytest.mark.parametrize("module", ["agentcore_memory_async", "agentcore_memory_async.testing"])
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    """Importing the package loads no heavy module."""
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=45,
        check=True,
    )

    assert set() == HEAVY & set(done.stdout.split())


def test_of_botocore_only_its_exceptions_are_imported() -> None:
    """Importing the package loads none of botocore's expensive modules."""
    code = "import sys, agentcore_memory_async; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=45, check=True
    )
    loaded = {name for name in done.stdout.split() if name.startswith("botocore.")}

    assert {"botocore.client", "botocore.session", "botocore.loaders"} & loaded == set()


def test_the_facade_and_the_backend_of_anyio_are_not_imported() -> None:
    """Async programs need no loop thread, and the backend is loaded in a thread, on opening."""
    code = "import sys, agentcore_memory_async; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=45, check=True
    )
    parts = ("agentcore_memory_async._sync", "agentcore_memory_async.sync", "anyio._backends")

    assert [] == [name for name in done.stdout.split() if name.startswith(parts)]


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
    """What `importlib` loads, no linter of imports sees; pyproject.toml names the one case."""
    loads = [
        (path.relative_to(PACKAGE).as_posix(), line.strip())
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in path.read_text().splitlines()
        if "import_module(" in line or "__import__(" in line
    ]
    others = ("aioboto3", "concurrent", "re2")
    own = {path for path, line in loads if not any(name in line for name in others)}

    assert {"_transport/botocore.py"} == own
