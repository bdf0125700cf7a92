"""
Run the checks of the official SDK with another Python, on a local service in this process.

Each exchange is validated against botocore's own model, as in the suite.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

# Run as a script, this imports the installed package, not the checkout.
from agentcore_memory_async import AsyncActor, AsyncMemorySession, AsyncMemorySessionManager
from agentcore_memory_async.local import LocalMemoryService, RecordedExchange

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def judge() -> Callable[[RecordedExchange], list[str]]:
    """Return the function that validates an exchange, loaded by its path: it is not importable."""
    path = HERE.parent / "local" / "exchanges.py"
    spec = importlib.util.spec_from_file_location("exchanges", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    problems: Callable[[RecordedExchange], list[str]] = module.problems
    return problems


class Exchanges:
    """Exchanges with a local service, each held against botocore's own model."""

    def __init__(self) -> None:
        self._problems = judge()
        self.seen = 0
        self.found: list[str] = []

    def record(self, exchange: RecordedExchange) -> None:
        """Judge an exchange."""
        self.seen += 1
        self.found.extend(f"{exchange.operation}: {each}" for each in self._problems(exchange))

    def print(self) -> None:
        """Print the violations and their number."""
        print(*self.found, sep="\n")
        print(f"{self.seen} exchanges, {len(self.found)} violations of botocore's model")


async def main(python: str) -> int:
    """Run the checks; return 0 if all passed and every exchange was valid."""
    exchanges = Exchanges()
    async with LocalMemoryService(
        strict=True, extraction_delay=0.2, admin=True, on_exchange=exchanges.record
    ) as service:
        own = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        methods = [*dir(AsyncMemorySessionManager), *dir(AsyncMemorySession), *dir(AsyncActor)]
        checks = await anyio.run_process(
            [python, "-m", "pytest", "-c", str(HERE / "pytest.ini"), str(HERE)],
            env=own | none | service.environment | {"METHODS_HERE": " ".join(methods)},
            cwd=HERE,
            check=False,
            stdout=None,
            stderr=None,
        )
    exchanges.print()
    return checks.returncode or int(bool(exchanges.found) or not exchanges.seen)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: run.py PYTHON-WITH-THE-SDK")
    sys.exit(anyio.run(main, sys.argv[1]))
