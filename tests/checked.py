"""
Requests of the client, held against botocore's own model.

`CheckedTransport` does so for a transport that a test gives to a manager; the service of the
simulation calls `check_request` itself. Local services report their exchanges by ``on_exchange``.
`tests/conftest.py` fails the test in which a problem was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.local.exchanges import request_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer, Transport

PROBLEMS: list[str] = []
"""Problems of the present test's requests."""


def check_request(operation: str, params: Mapping[str, Any]) -> None:
    """Note what is wrong with a request by botocore's model."""
    PROBLEMS.extend(request_problems(operation, params))


class CheckedTransport:
    """
    A transport that checks each request and passes it on.

    Args:
        inner: The transport that answers.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Check one request, and pass it on."""
        check_request(operation, params)
        return await self._inner(operation, params)
