"""get_or_create_memory: by the exact name, over all pages, and however many call it."""

from __future__ import annotations

import warnings
from typing import Any

import anyio
import pytest

from agentcore_memory_async import (
    AsyncMemoryControl,
    CustomStrategy,
    EpisodicOverride,
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    InvalidInputError,
    MemoryDifference,
    MemoryDiffersWarning,
    MemoryFailedError,
    MemoryTimeoutError,
    MetadataField,
    NamespaceKey,
    NewStrategy,
    PromptOverride,
    ReflectionOverride,
    SelfManaged,
    SemanticStrategy,
    StreamDelivery,
    SummaryStrategy,
    TransportError,
    UserPreferenceStrategy,
    ValidationError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import Lags, LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.control.doubles import FACTS, MEMORY, answer, control_on, page, wire_summary

ARN = "arn:aws:iam::123456789012:role/memory"
KINESIS = "arn:aws:kinesis:us-west-2:123456789012:stream/records"
TOPIC = "arn:aws:sns:us-west-2:123456789012:topic"
PROMPT = PromptOverride("Only what is about flights.", "some.model-v1")
EXISTS = service_error(
    "CreateMemory", "ValidationException", "Memory with name chat already exists", 400
)


async def test_a_memory_of_a_longer_name_is_another_one() -> None:
    """The name is compared whole: chat_archive and Chat are no chat."""
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        others = [await control.create_memory(name) for name in ("chat_archive", "Chat", "cha")]
        memory = await control.get_or_create_memory("chat")
        assert memory.name == "chat"
        assert memory.memory_id not in [other.memory_id for other in others]
        assert (await control.get_or_create_memory("chat")).memory_id == memory.memory_id
        assert len(await control.list_memories()) == 4


@pytest.mark.parametrize("place", [0, 1, 49, 119])
async def test_every_page_is_looked_through(place: int) -> None:
    """A memory is found on whatever page it is, behind empty pages too."""
    ids = [f"other{number}-0123456789" for number in range(119)]
    ids.insert(place, MEMORY)
    transport = FakeTransport()
    transport.reply(
        "ListMemories", page(token="empty"), page(*ids[:50], token="rest"), page(*ids[50:])
    )
    transport.reply("GetMemory", *[answer()] * 3)
    async with control_on(transport) as control:
        memory = await control.get_or_create_memory("chat")
    assert memory.memory_id == MEMORY
    assert [] == transport.sent("CreateMemory")
    assert {"memoryId": MEMORY} == transport.sent("GetMemory")[0]


async def test_an_id_of_another_form_does_not_tell_the_name() -> None:
    """A memory whose id is not made of its name is asked for its name."""
    transport = FakeTransport()
    odd, other = "some-thing-0123456789", "another-thing-0123456789"
    transport.reply("ListMemories", page(other, odd))
    replies = [answer(memory_id=other, name="other"), *[answer(memory_id=odd, name="chat")] * 2]
    transport.reply("GetMemory", *replies)
    async with control_on(transport) as control:
        assert (await control.get_or_create_memory("chat")).memory_id == odd


async def test_a_memory_that_is_gone_since_the_list_is_not_found() -> None:
    """A listed memory that has been deleted meanwhile is created anew."""
    transport = FakeTransport()
    transport.reply("ListMemories", page(MEMORY))
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    async with control_on(transport) as control:
        memory = await control.get_or_create_memory("chat")
    assert 1 == len(transport.sent("CreateMemory"))
    assert memory.memory_id != MEMORY


@virtual_time
async def test_a_memory_that_is_being_deleted_is_waited_for() -> None:
    """The name is free only once the memory is gone."""
    transport = FakeTransport()
    transport.reply("ListMemories", {"memories": [wire_summary(MEMORY, "DELETING")]})
    transport.reply("GetMemory", answer("DELETING"), answer("DELETING"))
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    async with control_on(transport) as control:
        memory = await control.get_or_create_memory("chat")
    assert memory.status == "ACTIVE"
    assert 1 == len(transport.sent("CreateMemory"))


@virtual_time
async def test_a_race_leads_to_the_other_ones_memory() -> None:
    """Where another process was faster, its memory is found, though lists lag."""
    transport = FakeTransport()
    transport.reply("ListMemories", *[page()] * 4, page(MEMORY))
    transport.reply("CreateMemory", *[EXISTS] * 2)
    transport.reply("GetMemory", answer("CREATING"), answer("CREATING"), answer())
    async with control_on(transport) as control:
        memory = await control.get_or_create_memory("chat")
    assert (memory.memory_id, memory.status) == (MEMORY, "ACTIVE")
    tokens = {request["clientToken"] for request in transport.sent("CreateMemory")}
    assert 1 == len(tokens)


@virtual_time
async def test_a_lost_race_is_looked_for_once() -> None:
    """Where the other one's memory shows at once, one more list finds it."""
    transport = FakeTransport()
    transport.reply("ListMemories", page(), page(MEMORY))
    transport.reply("CreateMemory", EXISTS)
    transport.reply("GetMemory", answer())
    async with control_on(transport) as control:
        assert (await control.get_or_create_memory("chat")).memory_id == MEMORY
    operations = [request.operation for request in transport.requests]
    assert operations == ["ListMemories", "CreateMemory", "ListMemories", "GetMemory"]


async def test_without_waiting_nothing_is_waited_for() -> None:
    """A memory that is being deleted cannot be had at once, and is not waited for."""
    transport = FakeTransport()
    transport.reply("ListMemories", page(MEMORY))
    transport.reply("GetMemory", answer("DELETING"))
    async with control_on(transport) as control:
        with pytest.raises(MemoryFailedError, match="being deleted") as caught:
            await control.get_or_create_memory("chat", wait=False)
    assert caught.value.status == "DELETING"
    assert [] == transport.sent("CreateMemory")


@virtual_time
async def test_one_deadline_is_that_of_all_waits() -> None:
    """Waiting for a deletion, for a name and for the memory takes *timeout* together."""
    transport = FakeTransport()
    transport.reply("ListMemories", page(MEMORY))
    transport.reply("GetMemory", *[answer("DELETING")] * 12)
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    transport.reply("CreateMemory", answer("CREATING"))
    transport.reply("GetMemory", *[answer("CREATING")] * 100)
    async with control_on(transport) as control:
        began = anyio.current_time()
        with pytest.raises(MemoryTimeoutError):
            await control.get_or_create_memory("chat", timeout=120)
        assert anyio.current_time() - began == pytest.approx(120)
    assert transport.sent("CreateMemory")


async def test_what_is_there_takes_no_time() -> None:
    """A memory that is active when it is found is not asked for again, however short the wait."""
    transport = FakeTransport()
    transport.reply("ListMemories", page(MEMORY))
    transport.reply("GetMemory", answer())
    async with control_on(transport) as control:
        await control.get_or_create_memory("chat", timeout=0.001)
    assert 2 == len(transport.requests)


async def test_a_strategy_that_failed_matters_where_it_is_asked_for() -> None:
    """A failed strategy that nobody asks for does not keep anybody from the memory."""
    bad = FACTS | {"strategyId": "bad-0123456789", "name": "bad", "status": "FAILED"}
    transport = FakeTransport()
    transport.reply("ListMemories", *[page(MEMORY)] * 3)
    transport.reply("GetMemory", *[answer(strategies=[FACTS, bad])] * 3)
    async with control_on(transport) as control:
        assert (await control.get_or_create_memory("chat")).status == "ACTIVE"
        with pytest.raises(MemoryFailedError, match="strategy bad is FAILED"):
            await control.get_or_create_memory("chat", strategies=[SemanticStrategy("bad")])
        with pytest.warns(MemoryDiffersWarning):
            await control.get_or_create_memory("chat", strategies=[SemanticStrategy("facts")])


@virtual_time
async def test_a_name_that_stays_taken_and_hidden_is_an_error() -> None:
    """The service's own error comes where the memory does not show in time."""
    transport = FakeTransport()
    transport.reply("ListMemories", *[page()] * 100)
    transport.reply("CreateMemory", *[EXISTS] * 100)
    async with control_on(transport) as control:
        with pytest.raises(ValidationError, match="already exists"):
            await control.get_or_create_memory("chat", timeout=20)
        assert anyio.current_time() < 25


async def test_another_refusal_is_raised() -> None:
    """What the service refuses for another reason is no race."""
    transport = FakeTransport()
    transport.fail("CreateMemory", "ValidationException")
    async with control_on(transport) as control:
        with pytest.raises(ValidationError):
            await control.get_or_create_memory("chat")
    assert 1 == len(transport.sent("CreateMemory"))


async def test_many_at_once_get_one_memory() -> None:
    """Ten processes that ask at the same time get the same memory."""
    lags = Lags(provisioning=0.2)
    async with LocalMemoryService(strict=True, lags=lags) as service:
        found: list[str] = []

        async def ask() -> None:
            async with service.control() as control:
                strategies = [SemanticStrategy("facts", "/facts/{actorId}/")]
                memory = await control.get_or_create_memory("chat", strategies=strategies)
                assert memory.status == "ACTIVE"
                assert memory.differences == ()
                found.append(memory.memory_id)

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(ask)
    assert (10, 1) == (len(found), len(set(found)))


@virtual_time
async def test_a_lost_answer_creates_nothing_twice() -> None:
    """All attempts of one call carry one token."""
    transport = FakeTransport()
    transport.reply("CreateMemory", TransportError("CreateMemory", "connection lost"))
    async with control_on(transport) as control:
        await control.get_or_create_memory("chat")
    first, second = transport.sent("CreateMemory")
    assert first == second


async def test_a_failed_memory_raises_with_its_reason() -> None:
    """A memory that exists and is FAILED is not given as if it were there."""
    for wait in (True, False):
        transport = FakeTransport()
        transport.reply("ListMemories", page(MEMORY))
        transport.reply("GetMemory", *[answer("FAILED", failureReason="No role")] * 2)
        async with control_on(transport) as control:
            if wait:
                with pytest.raises(MemoryFailedError, match="No role"):
                    await control.get_or_create_memory("chat")
            else:
                assert (await control.get_or_create_memory("chat", wait=False)).status == "FAILED"


EVERYTHING: dict[str, Any] = {
    "strategies": [
        SemanticStrategy(
            "facts",
            "/facts/{actorId}/",
            description="what is said",
            record_schema=[
                MetadataField("topic", "STRING", "STRICTLY_CONSISTENT"),
                MetadataField("stars", "NUMBER", definition="of five", min_value=1, max_value=5),
            ],
            record_expiry_days=90,
        ),
        SummaryStrategy("summaries", "/summaries/{actorId}/{sessionId}/"),
        UserPreferenceStrategy("preferences", "/preferences/{actorId}/"),
        EpisodicStrategy(
            "episodes",
            "/episodes/{actorId}/{sessionId}/",
            reflection=EpisodicReflection("/episodes/{actorId}/"),
        ),
        CustomStrategy(
            "lessons",
            "/lessons/{actorId}/{sessionId}/",
            configuration=EpisodicOverride(
                PROMPT, PROMPT, ReflectionOverride("Insights.", "some.model-v1")
            ),
        ),
        CustomStrategy(
            "own",
            "/own/{tenant}/",
            configuration=SelfManaged(TOPIC, "bucket", message_count=5, context_messages=0),
        ),
    ],
    "event_expiry_days": 30,
    "description": "a chat",
    "indexed_keys": [IndexedKey("topic"), IndexedKey("stars", "NUMBER")],
    "namespace_keys": [NamespaceKey("tenant", allowed_values=["red", "blue"])],
    "memory_execution_role_arn": ARN,
    "stream_delivery": [StreamDelivery(KINESIS, "FULL_CONTENT")],
    "tags": {"team": "chat"},
}
"""A memory with everything."""


async def made(control: AsyncMemoryControl, **other: Any) -> tuple[MemoryDifference, ...]:
    """Return the differences of the memory with everything to what is asked for now."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MemoryDiffersWarning)
        memory = await control.get_or_create_memory("chat", **{**EVERYTHING, **other})
    texts = [str(each.message) for each in caught if each.category is MemoryDiffersWarning]
    assert bool(memory.differences) == bool(texts)
    for difference in memory.differences:
        assert difference.what in texts[0]
    return memory.differences


async def test_what_exists_as_it_is_wanted_differs_in_nothing() -> None:
    """The same call again finds no difference, and so does a call that names less."""
    async with LocalMemoryService() as service, service.control() as control:
        assert () == await made(control)
        assert () == await made(control)
        assert () == await made(control, **dict.fromkeys(EVERYTHING))


def other_strategy(place: int, **changes: Any) -> list[NewStrategy]:
    """Return the strategies, one of them with other arguments."""
    import attrs

    strategies = list(EVERYTHING["strategies"])
    strategies[place] = attrs.evolve(strategies[place], **changes)
    return strategies


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"event_expiry_days": 31}, "event_expiry_days"),
        ({"description": "another"}, "description"),
        ({"indexed_keys": [IndexedKey("topic")]}, "indexed_keys"),
        ({"indexed_keys": [IndexedKey("topic", "NUMBER")]}, "indexed_keys"),
        ({"namespace_keys": []}, "namespace_keys"),
        ({"namespace_keys": [NamespaceKey("tenant")]}, "namespace_keys"),
        ({"memory_execution_role_arn": ARN + "2"}, "memory_execution_role_arn"),
        ({"encryption_key_arn": ARN}, "encryption_key_arn"),
        ({"stream_delivery": [StreamDelivery(KINESIS)]}, "stream_delivery"),
        ({"stream_delivery": []}, "stream_delivery"),
        ({"tags": {"team": "red"}}, "tags"),
        ({"tags": {"cost": "1"}}, "tags"),
        ({"strategies": EVERYTHING["strategies"][1:]}, "strategies['facts']"),
        (
            {"strategies": [*EVERYTHING["strategies"], SemanticStrategy("more")]},
            "strategies['more']",
        ),
        (
            {"strategies": other_strategy(0, namespace_template="/f/")},
            "strategies['facts'].namespace_template",
        ),
        ({"strategies": other_strategy(0, description="x")}, "strategies['facts'].description"),
        (
            {"strategies": other_strategy(0, record_expiry_days=31)},
            "strategies['facts'].record_expiry_days",
        ),
        (
            {"strategies": other_strategy(0, record_schema=(MetadataField("topic"),))},
            "strategies['facts'].record_schema",
        ),
        (
            {"strategies": other_strategy(3, reflection=EpisodicReflection("/episodes/"))},
            "strategies['episodes'].reflection",
        ),
        (
            {
                "strategies": other_strategy(
                    4, configuration=EpisodicOverride(PromptOverride("x", "y"))
                )
            },
            "strategies['lessons'].configuration",
        ),
        (
            {
                "strategies": other_strategy(
                    5, configuration=SelfManaged(TOPIC, "bucket", message_count=6)
                )
            },
            "strategies['own'].configuration",
        ),
        (
            {"strategies": other_strategy(5, configuration=EpisodicOverride(PROMPT))},
            "strategies['own'].configuration",
        ),
    ],
)
async def test_each_difference_is_told(wanted: dict[str, Any], what: str) -> None:
    """What differs is named, with what is wanted and what is there."""
    async with LocalMemoryService() as service, service.control() as control:
        await made(control)
        (difference,) = await made(control, **wanted)
    assert difference.what == what
    assert difference.wanted != difference.found


async def test_another_kind_of_a_strategy_is_told() -> None:
    """A strategy of the same name and another kind differs in its type."""
    async with LocalMemoryService() as service, service.control() as control:
        await control.create_memory("chat", strategies=[SemanticStrategy("facts", "/facts/")])
        with pytest.warns(MemoryDiffersWarning, match="differences say how"):
            memory = await control.get_or_create_memory(
                "chat", strategies=[UserPreferenceStrategy("facts", "/facts/")]
            )
    (difference,) = memory.differences
    assert difference == MemoryDifference("strategies['facts'].type", "USER_PREFERENCE", "SEMANTIC")


async def test_a_difference_shows_no_description() -> None:
    """Descriptions and tags are content, which no repr shows."""
    shown = repr(MemoryDifference("strategies['a'].description", "CANARY", "CANARY"))
    assert "CANARY" not in shown + repr(MemoryDifference("tags", {"a": "CANARY"}, None))
    assert "'/f/'" in repr(MemoryDifference("strategies['a'].namespace_template", "/f/", None))


async def test_everything_is_checked_before_any_request() -> None:
    """What the service would refuse is refused before it is looked for."""
    transport = FakeTransport()
    async with control_on(transport) as control:
        for name in ("", "1chat", "a" * 49, "chat-1", None):
            bad: Any = name
            with pytest.raises(InvalidInputError, match="name"):
                await control.get_or_create_memory(bad)
        with pytest.raises(InvalidInputError, match="event_expiry_days"):
            await control.get_or_create_memory("chat", event_expiry_days=2)
    assert [] == transport.requests
    assert FACTS["name"] == "facts"
