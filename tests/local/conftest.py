"""A local service, and a client for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local.local_client import Client, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Give a client for a service with its defaults."""
    async with serving() as made:
        yield made


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Give what runs a service with options."""
    made: Callable[..., Any] = serving
    return made
