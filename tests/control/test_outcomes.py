"""Changes of memories whose first answer was lost: a look tells, or nobody knows."""

from __future__ import annotations

import pytest

from agentcore_memory_async import OutcomeUnknownError, RetryPolicy, TransportError
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.control.doubles import MEMORY, answer, control_on, page

LOST = TransportError("DeleteMemory", "connection lost")
GONE = service_error("DeleteMemory", "ResourceNotFoundException", "Memory not found: x", 404)
CHANGING = service_error("DeleteMemory", "ValidationException", "transitional state UPDATING", 400)
EXISTS = service_error("CreateMemory", "ValidationException", "chat already exists", 400)
CONFLICT = service_error("DeleteMemory", "ConflictException", "made by a test", 409)


@pytest.mark.parametrize("then", [None, LOST, GONE, CHANGING, CONFLICT, RuntimeError("a bug")])
@pytest.mark.parametrize("status", ["DELETING", "gone", "ACTIVE", "unseen"])
@virtual_time
async def test_a_look_settles_a_deletion_in_doubt(then: Exception | None, status: str) -> None:
    """Whatever comes after a lost answer: what is gone or going was deleted, else nobody knows."""
    transport = FakeTransport()
    transport.reply("DeleteMemory", *([LOST] if then is None else [LOST, then]))
    if status == "unseen":
        transport.fail("GetMemory", "AccessDeniedException", status=403)
    elif status != "gone":
        transport.reply("GetMemory", answer(status))
    transport.fail("GetMemory", "ResourceNotFoundException", status=404, times=2)
    policy = RetryPolicy(max_attempts=1 if then is None else 2)
    async with control_on(transport, retry=policy) as control:
        if status in {"DELETING", "gone"}:
            await control.delete_memory(MEMORY)
            return
        with pytest.raises(OutcomeUnknownError, match="this token where the method takes one"):
            await control.delete_memory(MEMORY)  # which takes none


@pytest.mark.parametrize("refusal", [CHANGING, CONFLICT])
@virtual_time
async def test_an_update_that_is_refused_after_a_lost_answer_may_be_made(
    refusal: Exception,
) -> None:
    """Its own first attempt may be why the memory is changing; the token settles it."""
    transport = FakeTransport()
    transport.reply("UpdateMemory", LOST, refusal)
    async with control_on(transport) as control:
        with pytest.raises(OutcomeUnknownError) as caught:
            await control.update_memory(MEMORY, description="x", client_token="token-1")
        assert ("token-1", refusal) == (caught.value.client_token, caught.value.__cause__)
        transport.reply("UpdateMemory", refusal)
        with pytest.raises(type(refusal)):
            await control.update_memory(MEMORY, description="x")


@pytest.mark.parametrize("then", [None, EXISTS, CONFLICT])
@virtual_time
async def test_a_memory_that_a_lost_attempt_made_is_found(then: Exception | None) -> None:
    """Where nobody knows whether it was made, the look by its name tells."""
    transport = FakeTransport()
    lost = TransportError("CreateMemory", "connection lost")
    transport.reply("ListMemories", *[page()] * 2, page(MEMORY))
    transport.reply("CreateMemory", *([lost] if then is None else [lost, then]))
    transport.reply("GetMemory", *[answer()] * 2)
    policy = RetryPolicy(max_attempts=1 if then is None else 2)
    async with control_on(transport, retry=policy) as control:
        memory = await control.get_or_create_memory("chat")
    assert MEMORY == memory.memory_id
    assert 1 == len({request["clientToken"] for request in transport.sent("CreateMemory")})
