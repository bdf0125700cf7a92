"""Arguments of a control: the official SDK's names of them, and what its managers get of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemoryControl,
    InvalidInputError,
    MemoryControl,
    SemanticStrategy,
)
from agentcore_memory_async.testing import FakeTransport
from tests.control.doubles import FACTS, MEMORY, answer, control_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STRATEGY = FACTS["strategyId"]
OTHER = "other-0123456789"
CALLS: dict[str, Callable[..., Awaitable[Any]]] = {
    "get_memory": lambda c, **given: c.get_memory(**given),
    "delete_memory": lambda c, **given: c.delete_memory(**given, wait=False),
    "wait_until_active": lambda c, **given: c.wait_until_active(**given),
    "update_memory": lambda c, **given: c.update_memory(**given, description="x", **TOKEN),
    "add_strategy": lambda c, **given: c.add_strategy(
        **given, strategy=SemanticStrategy("more"), **TOKEN
    ),
    "modify_strategy": lambda c, **given: c.modify_strategy(**given, description="x", **TOKEN),
    "delete_strategy": lambda c, **given: c.delete_strategy(**given, **TOKEN),
}
TOKEN: dict[str, Any] = {"client_token": "t" * 40}


@pytest.mark.parametrize("name", CALLS)
async def test_names_of_the_official_sdk_are_taken(name: str) -> None:
    """What is given by its names is sent as by ours; both are refused, and so is none."""
    ours, theirs = {"memory": MEMORY}, {"memory_id": MEMORY}
    if name in {"modify_strategy", "delete_strategy"}:
        ours["memory_strategy_id"] = theirs["strategy_id"] = STRATEGY
    transport = FakeTransport()
    transport.reply("DeleteMemory", *[{"memoryId": MEMORY, "status": "DELETING"}] * 2)
    async with control_on(transport) as control:
        await CALLS[name](control, **ours)
        sent = [dict(each.params) for each in transport.requests]
        await CALLS[name](control, **theirs)
        again = [dict(each.params) for each in transport.requests[len(sent) :]]
        if name == "delete_memory":  # which has a token of its own
            assert sent[0].pop("clientToken") != again[0].pop("clientToken")
        assert sent == again
        count = len(transport.requests)
        for argument in theirs:
            ours_too = {"memory_id": "memory", "strategy_id": "memory_strategy_id"}[argument]
            with pytest.raises(InvalidInputError, match=f"{argument} and {ours_too} are both"):
                await CALLS[name](control, **ours, **{argument: OTHER})
            with pytest.raises(InvalidInputError):
                await CALLS[name](control, **{k: v for k, v in ours.items() if k != ours_too})
        assert len(transport.requests) == count


@pytest.mark.parametrize("cls", [AsyncMemoryControl, MemoryControl])
@pytest.mark.parametrize(
    "url",
    [
        "https://bedrock-agentcore-control.us-east-1.amazonaws.com",
        "https://vpce-1.bedrock-agentcore-control.us-east-1.vpce.amazonaws.com",
        "https://bedrock-agentcore-control-fips.us-east-1.amazonaws.com/",
    ],
)
def test_an_endpoint_of_the_control_plane_is_no_managers(cls: Any, url: str) -> None:
    """A manager on it would get no answer; it takes the data plane's, or AWS's own."""
    control = cls("us-east-1", endpoint_url=url)
    with pytest.raises(InvalidInputError, match="control plane only; give that of the data plane"):
        control.manager(MEMORY)
    data = "https://vpce-2.bedrock-agentcore.us-east-1.vpce.amazonaws.com"
    for given in (data, None):
        assert MEMORY in repr(control.manager(memory_id=MEMORY, endpoint_url=given))


def test_an_endpoint_of_both_is_shared() -> None:
    """The local service is one for both; so is any other address."""
    control = AsyncMemoryControl("us-east-1", endpoint_url="http://127.0.0.1:4000")
    assert control.manager(MEMORY)._client._network is not None
    with pytest.raises(InvalidInputError, match="memory_id and memory are both given"):
        control.manager(MEMORY, memory_id=MEMORY)
    with pytest.raises(InvalidInputError):
        control.manager()


async def test_a_described_manager_is_of_the_memory_that_is_named() -> None:
    """Its id may be given by either name."""
    transport = FakeTransport()
    transport.reply("GetMemory", answer())
    async with control_on(transport) as control:
        memory = await control.get_memory(memory_id=MEMORY)
        for manager in (control.manager(memory), control.manager(memory=memory)):
            assert dict(manager._core.namespaces.templates) == {"facts": "/facts/{actorId}/"}
