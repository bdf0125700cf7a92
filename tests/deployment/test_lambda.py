"""The handlers of ``docs/examples/lambda``, in a process that is frozen, fails and is killed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async.local import LocalMemoryService
from tests.deployment.frozen import (
    HANDLERS,
    LOSSES,
    ROOT,
    between_freezes,
    runtime,
    said,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.timeout(120)  # two processes, whose start can take a busy machine long


@pytest.fixture
async def service() -> AsyncIterator[LocalMemoryService]:
    """Yield a local service."""
    async with LocalMemoryService() as started:
        yield started


def status(answer: dict[str, Any]) -> int:
    """Return the status of what a handler returned."""
    code: int = answer["returned"]["statusCode"]
    return code


@pytest.mark.parametrize("module", HANDLERS)
async def test_a_freeze_costs_no_turn(module: str) -> None:
    """Whatever happens to the connections meanwhile, each turn is answered and stored once."""
    came = await between_freezes(module, LOSSES, 0, skipped_s=20)

    assert [200] * 5 == [status(answer) for answer in came.answers]
    assert [f"message {number}" for number in range(5)] == came.stored
    # Each loss takes a new one; how many more there are depends on how busy the machine is.
    assert sorted(set(came.connections[1:])) == came.connections[1:]


@pytest.mark.parametrize("module", HANDLERS)
async def test_an_invocation_that_fails_is_alone(module: str, service: LocalMemoryService) -> None:
    """Neither an error of the memory nor one of the event reaches the next invocation."""
    async with runtime(module, service.environment) as process:
        service.fail("AccessDeniedException", operation="CreateEvent", times=1)
        refused = await process.invoke(said("refused"))
        broken = await process.invoke({"body": "{}"})
        after = await process.invoke(said("after"))

    assert (503, "KeyError", 200) == (status(refused), broken["errorType"], status(after))
    assert ["after"] == await stored(service)


@pytest.mark.parametrize("module", HANDLERS)
async def test_a_search_that_fails_is_no_reason_not_to_answer(
    module: str, service: LocalMemoryService
) -> None:
    """The turn is answered without memories, and stored."""
    service.fail("ServiceException", operation="RetrieveMemoryRecords")
    async with runtime(module, service.environment) as process:
        answer = await process.invoke(said("hello"))

    assert 200 == status(answer)
    assert ["hello"] == await stored(service)


@pytest.mark.parametrize("module", HANDLERS)
async def test_a_call_ends_before_the_invocation(module: str, service: LocalMemoryService) -> None:
    """A memory that answers too late is given up in time, and the next invocation is as usual."""
    async with runtime(module, service.environment) as process:
        slow = service.add_latency(60, operation="CreateEvent")
        late = await process.invoke(said("late"), limit_s=2)
        slow.cancel()
        after = await process.invoke(said("after"))

    assert (503, 200) == (status(late), status(after))
    assert late["took_s"] < 2
    assert ["after"] == await stored(service)


async def test_an_argument_that_is_wrong_is_the_client_s(service: LocalMemoryService) -> None:
    """The answer names the argument, and nothing is stored."""
    async with runtime("handler", service.environment) as process:
        answer = await process.invoke(said(""))

    assert 422 == status(answer)
    assert "query is empty" in json.loads(answer["returned"]["body"])["detail"]
    assert [] == await stored(service)


def delivery(number: int) -> dict[str, Any]:
    """Return a message of a queue, as Lambda hands it over."""
    return {
        "messageId": f"0f0f0f0f-0000-4000-8000-{number:012d}",
        "attributes": {"SentTimestamp": str(1_790_000_000_000 + number)},
        "body": json.dumps(
            {
                "actor_id": "anna",
                "session_id": "chat001",
                "messages": [{"role": "user", "content": f"message {number}"}],
            }
        ),
    }


async def test_what_is_delivered_again_is_stored_once(service: LocalMemoryService) -> None:
    """A process is killed when its turn is stored; another one gets the delivery again."""
    event = {"Records": [delivery(1), delivery(2)]}
    lost = service.drop_connection(after=True, operation="CreateEvent")
    async with runtime("queue_handler", service.environment) as process:
        process.send(event)
        while not lost.met:
            await anyio.sleep(0.01)
        process.process.kill()
    lost.cancel()
    async with runtime("queue_handler", service.environment) as process:
        answer = await process.invoke(event)

    assert {"batchItemFailures": []} == answer["returned"]
    assert ["message 1", "message 2"] == await stored(service)


async def test_only_what_failed_comes_again(service: LocalMemoryService) -> None:
    """The ids of deliveries that were not stored are returned, and no others."""
    unreadable = delivery(2) | {"body": "{}"}
    service.fail("AccessDeniedException", operation="CreateEvent", times=1)
    async with runtime("queue_handler", service.environment) as process:
        answer = await process.invoke({"Records": [delivery(1), unreadable, delivery(3)]})

    failed = [each["itemIdentifier"] for each in answer["returned"]["batchItemFailures"]]
    assert [delivery(1)["messageId"], delivery(2)["messageId"]] == failed
    assert ["message 3"] == await stored(service)


async def test_the_policy_of_the_page_is_what_the_handler_calls(
    service: LocalMemoryService,
) -> None:
    """The actions are those of the operations, no fewer and no more."""
    page = (ROOT / "docs" / "lambda.md").read_text()
    block = re.search(r"<!-- policy: lambda -->\n```json\n(.*?)```", page, re.DOTALL)
    assert block is not None
    [statement] = json.loads(block[1])["Statement"]
    async with runtime("handler", service.environment) as process:
        await process.invoke(said("hello"))

    called = {f"bedrock-agentcore:{call.operation}" for call in service.calls()}
    assert called == set(statement["Action"])
