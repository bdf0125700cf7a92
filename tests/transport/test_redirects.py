"""Redirects are errors, so nothing is sent to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable


class Mine(AIOHTTPSession):  # type: ignore[misc]
    """A session class of the caller, which hands on what it is given by position."""

    def __init__(
        self,
        verify: object = True,
        proxies: object = None,
        timeout: object = None,
        **options: object,
    ) -> None:
        super().__init__(verify, proxies, timeout, **options)


CREATE = {"memoryId": "m", "actorId": "a", "payload": [{"blob": "CANARY"}]}
LIST = {"memoryId": "m", "actorId": "a", "sessionId": "s"}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("config", [None, AioConfig(http_session_cls=Mine)], ids=["none", "mine"])
@pytest.mark.parametrize(
    ("operation", "params"),
    [("CreateEvent", CREATE), ("ListEvents", LIST), ("DeleteEvent", {**LIST, "eventId": "1#a"})],
    ids=["CreateEvent", "ListEvents", "DeleteEvent"],
)
async def test_redirects_are_not_followed(
    serve: Callable[..., Any], status: int, config: Any, operation: str, params: dict[str, Any]
) -> None:
    """A redirect raises ``ServiceError``, and its target gets no request."""
    service, other = await serve(), await serve()
    service.status = status
    service.body = b""
    service.headers = {"Location": f"{other.url}/elsewhere"}
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        with pytest.raises(ServiceError) as caught:
            await transport(operation, params)
    assert ServiceError is type(caught.value)
    assert (str(status), status) == (caught.value.code, caught.value.status)
    assert 1 == len(service.requests)
    assert [] == other.requests
