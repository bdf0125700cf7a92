"""Importing the package loads no AWS library, web framework or agent framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
