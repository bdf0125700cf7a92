"""Fixtures: a local service, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local.local_client import Client, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Return a client of a service with the default settings."""
    async with serving() as made:
        yield made


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Return the context manager that runs a service with other settings."""
    made: Callable[..., Any] = serving
    return made
