"""The FastAPI example of the docs, with a model that takes its time."""

from __future__ import annotations

import importlib.util
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chat.serving import measuring, set_environment, stream_answer
from benchmarks.common.contestant import obey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from benchmarks.common.contestant import Measure

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "fastapi_app.py"
"""The app."""


def example() -> Any:
    """Return the module of the example."""
    spec = importlib.util.spec_from_file_location("fastapi_app", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Measure]:
    """Serve the example, whose memory is the stub at *url*."""
    set_environment(url)
    module = example()
    module.stream_answer = stream_answer
    async with measuring(module.app, url) as measure:
        yield measure


if __name__ == "__main__":
    obey(opened)
