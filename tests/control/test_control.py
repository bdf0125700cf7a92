"""The control plane's client: every operation, its requests, and the life of the client."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import anyio
import pytest

from agentcore_memory_async import (
    AccessDeniedError,
    AnswerMismatchError,
    AsyncMemoryControl,
    ClosedError,
    CustomStrategy,
    DecodeError,
    EpisodicOverride,
    EpisodicReflection,
    EpisodicStrategy,
    IndexedKey,
    InvalidInputError,
    NamespaceKey,
    NotFoundError,
    OutcomeUnknownError,
    PromptOverride,
    RetryPolicy,
    SelfManaged,
    SemanticStrategy,
    StrategyChange,
    StreamDelivery,
    TransportError,
    UnreadableItemWarning,
    ValidationError,
    WrongLoopError,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.local import Lags, LocalMemoryService, ManualClock
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.control.doubles import FACTS, MEMORY, answer, control_on, page, tokens_of, wire_memory

ARN = wire_memory()["arn"]
TOPIC = "arn:aws:sns:us-west-2:123456789012:topic"
KINESIS = "arn:aws:kinesis:us-west-2:123456789012:stream/records"
ROLE = "arn:aws:iam::123456789012:role/memory"
LOST = TransportError("UpdateMemory", "connection lost")


async def test_a_memory_lives_its_life_on_the_local_service() -> None:
    """A memory is created, read, listed, changed and deleted over HTTP, strictly."""
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        memory = await control.create_memory(
            "chat",
            strategies=[SemanticStrategy("facts", "/facts/{actorId}/")],
            event_expiry_days=3650,
            indexed_keys=[IndexedKey("topic")],
            tags={"team": "chat"},
        )
        (facts,) = memory.strategies
        assert (memory.name, memory.status, memory.event_expiry_days) == ("chat", "ACTIVE", 3650)
        assert (facts.type, facts.status) == ("SEMANTIC", "ACTIVE")
        assert facts.memory_strategy_id.startswith("facts-")
        assert await control.get_memory(memory.memory_id) == memory
        assert await control.get_memory(memory.arn) == memory
        assert [each.memory_id for each in await control.list_memories()] == [memory.memory_id]

        await control.add_strategy(
            memory, EpisodicStrategy("episodes", "/e/{actorId}/{sessionId}/")
        )
        changed = await control.modify_strategy(
            memory, facts.memory_strategy_id, namespace_template="/f/{actorId}/", description="new"
        )
        assert changed.namespaces["facts"] == "/f/{actorId}/"
        assert changed.strategies[0].description == "new"
        assert {"facts", "episodes", "episodes.reflection"} == set(changed.namespaces)
        changed = await control.delete_strategy(memory, facts.memory_strategy_id)
        assert [each.name for each in changed.strategies] == ["episodes"]
        changed = await control.update_memory(
            memory,
            event_expiry_days=3,
            description="a chat",
            memory_execution_role_arn=ROLE,
            add_indexed_keys=[IndexedKey("stars", "NUMBER")],
            namespace_keys=[NamespaceKey("tenant", regex_pattern="[a-z]+")],
            stream_delivery=[StreamDelivery(KINESIS)],
        )
        assert (changed.event_expiry_days, changed.description) == (3, "a chat")
        assert changed.memory_execution_role_arn == ROLE
        assert changed.indexed_keys == (IndexedKey("topic"), IndexedKey("stars", "NUMBER"))
        assert changed.namespace_keys == (NamespaceKey("tenant", regex_pattern="[a-z]+"),)
        assert changed.stream_delivery == (StreamDelivery(KINESIS),)
        changed = await control.update_memory(memory, stream_delivery=[], namespace_keys=[])
        assert (changed.stream_delivery, changed.namespace_keys) == ((), ())

        assert await control.list_tags(memory.memory_id) == {"team": "chat"}
        await control.tag_memory(memory, {"cost": "1"})
        await control.untag_memory(memory.arn, ["team", "none"])
        assert await control.list_tags(memory) == {"cost": "1"}
        await control.delete_memory(memory)
        with pytest.raises(NotFoundError):
            await control.get_memory(memory)


async def test_every_kind_of_strategy_is_changed_on_the_local_service() -> None:
    """Steps of overrides, of reflections and of self-managed strategies are changed, expiry too."""
    first, second = PromptOverride("one", "model-1"), PromptOverride("two", "model-2")
    async with LocalMemoryService(strict=True) as service, service.control() as control:
        memory = await control.create_memory(
            "chat",
            strategies=[
                EpisodicStrategy("episodes", "/e/{actorId}/{sessionId}/", record_expiry_days=31),
                CustomStrategy("steps", "/s/{actorId}/", configuration=EpisodicOverride(first)),
                CustomStrategy("own", "/o/", configuration=SelfManaged(TOPIC, "bucket")),
            ],
        )
        episodes, steps, own = (each.memory_strategy_id for each in memory.strategies)
        memory = await control.update_memory(
            memory,
            modify_strategies=[
                StrategyChange(
                    episodes,
                    reflection=EpisodicReflection("/e/{actorId}/"),
                    record_expiry_days="REMOVE",
                ),
                StrategyChange(steps, configuration=EpisodicOverride(consolidation=second)),
                StrategyChange(
                    own, configuration=SelfManaged(TOPIC, "other-bucket", idle_timeout_s=60)
                ),
            ],
        )
    found = {each.memory_strategy_id: each for each in memory.strategies}
    assert found[episodes].record_expiry_days is None
    assert found[episodes].reflection == EpisodicReflection("/e/{actorId}/")
    override, managed = found[steps].configuration, found[own].configuration
    assert isinstance(override, EpisodicOverride)
    assert (override.extraction, override.consolidation) == (first, second)
    assert isinstance(managed, SelfManaged)
    assert (managed.bucket_name, managed.idle_timeout_s) == ("other-bucket", 60)


async def test_lists_follow_pages_and_name_what_cannot_be_read() -> None:
    """Pages are followed, empty ones too; one unreadable memory hides no other."""
    transport = FakeTransport()
    broken = {"memories": [{"id": "broken-0123456789"}], "nextToken": "b"}
    transport.reply(
        "ListMemories", page(token="a"), broken, page(MEMORY, token="c"), page("last-0123456789")
    )
    async with control_on(transport) as control:
        with pytest.warns(UnreadableItemWarning, match="broken-0123456789"):
            found = await control.list_memories(page_size=1)
    assert [each.memory_id for each in found] == [MEMORY, "last-0123456789"]
    asked = transport.sent("ListMemories")
    assert [request.get("nextToken") for request in asked] == [None, "a", "b", "c"]
    assert {request["maxResults"] for request in asked} == {1}


async def test_a_token_that_comes_twice_is_an_error_and_iterators_are_left_early() -> None:
    """A list without an end is told; leaving an iterator leaves nothing in flight."""
    transport = FakeTransport()
    transport.reply("ListMemories", *[page(MEMORY, token="a")] * 4)
    async with control_on(transport) as control:
        with pytest.raises(DecodeError, match="came twice"):
            await control.list_memories()
        assert len(transport.requests) == 2
        found = control.iter_memories()
        assert (await anext(found)).memory_id == MEMORY
        await found.aclose()
        assert (await control.list_memories(max_results=1))[0].memory_id != ""
        assert len(transport.requests) == 4


@virtual_time
async def test_changes_are_sent_with_one_token_until_their_outcome_is_known() -> None:
    """Lost answers are asked for again with the same token; the last word may be unknown."""
    transport = FakeTransport()
    lost = TransportError("CreateMemory", "connection lost")
    transport.reply("CreateMemory", lost, lost)
    transport.reply("UpdateMemory", LOST)
    transport.reply("DeleteMemory", TransportError("DeleteMemory", "connection lost"))
    async with control_on(transport) as control:
        memory = await control.create_memory("chat", client_token="token-1")
        await control.update_memory(memory, description="x", client_token="token-2")
        await control.delete_memory(memory)
    assert {"token-1"} == tokens_of(transport.sent("CreateMemory"))
    assert {"token-2"} == tokens_of(transport.sent("UpdateMemory"))
    assert 1 == len(tokens_of(transport.sent("DeleteMemory")))
    assert (3, 2, 2) == tuple(
        len(transport.sent(name)) for name in ("CreateMemory", "UpdateMemory", "DeleteMemory")
    )
    transport.reply("CreateMemory", lost)
    async with control_on(transport, retry=RetryPolicy(max_attempts=1)) as control:
        with pytest.raises(OutcomeUnknownError) as caught:
            await control.create_memory("other", client_token="token-3")
    assert (caught.value.client_token, caught.value.attempts) == ("token-3", 1)


@pytest.mark.parametrize("status", ["DELETING", "gone"])
@virtual_time
async def test_deleting_what_is_being_deleted_succeeds(status: str) -> None:
    """A second deletion, also one whose first answer was lost, ends as the first one."""
    refused = ["ConflictException", "ValidationException"]
    for code in refused:
        transport = FakeTransport()
        transport.fail("DeleteMemory", code)
        if status == "gone":
            transport.fail("GetMemory", "ResourceNotFoundException", status=404)
        else:
            transport.reply("GetMemory", *[answer("DELETING")] * 3)
        transport.fail("GetMemory", "ResourceNotFoundException", status=404)
        async with control_on(transport) as control:
            await control.delete_memory(MEMORY)


async def test_deleting_a_memory_that_changes_is_refused_with_a_hint() -> None:
    """A memory in a transitional state is not deleted, and the error says what to do."""
    clock = ManualClock()
    lags = Lags(provisioning=60)
    async with (
        LocalMemoryService(strict=True, clock=clock, lags=lags) as service,
        service.control() as control,
    ):
        memory = await control.create_memory("chat", wait=False)
        assert memory.status == "CREATING"
        with pytest.raises(ValidationError, match=r"wait_until_active\(\) waits"):
            await control.delete_memory(memory)
        clock.advance(61)
        await control.delete_memory(memory, wait=False)
        assert (await control.get_memory(memory)).status == "DELETING"
        await control.delete_memory(memory, wait=False)


async def test_hints_say_what_to_do() -> None:
    """A missing memory names the region, a missing permission the action."""
    transport = FakeTransport()
    transport.fail("GetMemory", "ResourceNotFoundException", status=404)
    transport.fail("CreateMemory", "AccessDeniedException", status=403)
    async with control_on(transport) as control:
        with pytest.raises(NotFoundError, match="Asked in the given transport"):
            await control.get_memory(MEMORY)
        with pytest.raises(AccessDeniedError, match=r"need bedrock-agentcore:CreateMemory$"):
            await control.create_memory("chat")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Memory with name chat already exists", "Memory with name chat already exists"),
        ("Not allowed: all of the secret", "Not allowed: (not shown)"),
    ],
)
async def test_messages_keep_names_and_lose_content(message: str, shown: str) -> None:
    """The service's message keeps names, and loses what it repeats of a description."""
    transport = FakeTransport()
    transport.reply("CreateMemory", lambda _: _refuse(message))
    async with control_on(transport) as control:
        with pytest.raises(ValidationError) as caught:
            await control.create_memory("chat", description="all of the secret", wait=False)
    assert shown in str(caught.value)
    assert "secret" not in str(caught.value)


def _refuse(message: str) -> dict[str, Any]:
    raise service_error("CreateMemory", "ValidationException", message, 400)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("GetMemory", lambda control: control.get_memory(MEMORY)),
        ("UpdateMemory", lambda control: control.update_memory(MEMORY, description="x")),
        ("CreateMemory", lambda control: control.create_memory("chat")),
        ("DeleteMemory", lambda control: control.delete_memory(MEMORY)),
    ],
)
@virtual_time
async def test_the_answer_to_another_request_is_none(operation: str, call: Any) -> None:
    """An answer about another memory is dropped, and the request is sent again."""
    transport = FakeTransport()
    other = "other-0123456789"
    wrong = (
        {"memoryId": other, "status": "DELETING"}
        if "Delete" in operation
        else answer(memory_id=other)
    )
    transport.reply(operation, *[wrong] * 50)
    async with control_on(transport, retry=RetryPolicy(max_attempts=3)) as control:
        with pytest.raises((AnswerMismatchError, OutcomeUnknownError)):
            await call(control)
    assert 1 < len(transport.sent(operation)) <= 3


async def test_reading_is_tolerant() -> None:
    """Members that are absent, null or unknown are no fault; unknown kinds are kept."""
    bare = wire_memory(strategies=None)
    full = wire_memory(
        newMember={"x": 1},
        streamDeliveryResources={"resources": [{"firehose": {"arn": "x"}}]},
        indexedKeys=[{"key": "k", "type": "DATE"}],
        strategies=[
            FACTS | {"type": "DREAMS", "newMember": 1, "description": None, "configuration": None},
            FACTS | {"type": "CUSTOM", "configuration": {"type": "DREAM_OVERRIDE", "dream": {}}},
            {"strategyId": "bare-0123456789", "name": "bare", "type": "SEMANTIC"},
            FACTS | {"namespaceTemplates": None, "namespaces": ["/old/"]},
        ],
    )
    del bare["createdAt"], bare["updatedAt"]
    transport = FakeTransport()
    transport.reply("GetMemory", {"memory": bare}, {"memory": full})
    async with control_on(transport) as control:
        memory = await control.get_memory(MEMORY)
        assert (memory.strategies, memory.created_at, memory.extra) == ((), None, {})
        memory = await control.get_memory(MEMORY, view="without_decryption")
    assert transport.requests[1].params["view"] == "without_decryption"
    assert {"newMember", "streamDeliveryResources"} == set(memory.extra)
    assert memory.indexed_keys == (IndexedKey("k", "DATE"),)
    dreams, override, plain, old = memory.strategies
    assert (dreams.type, dreams.extra) == ("DREAMS", {"newMember": 1})
    assert override.configuration == {"type": "DREAM_OVERRIDE", "dream": {}}
    assert (plain.namespaces, plain.status, plain.created_at) == ((), None, None)
    assert old.namespaces == ("/old/",)


async def test_a_strategy_that_cannot_be_read_hides_no_other() -> None:
    """One unreadable strategy is named and left out."""
    transport = FakeTransport()
    broken = {"strategyId": "broken-0123456789", "name": "broken"}
    transport.reply("GetMemory", answer(strategies=[broken, FACTS, 5]))
    async with control_on(transport) as control:
        with pytest.warns(UnreadableItemWarning) as caught:
            memory = await control.get_memory(MEMORY)
    assert [each.name for each in memory.strategies] == ["facts"]
    texts = [str(each.message) for each in caught]
    assert "strategy broken-0123456789: its type is missing" in texts[0]
    assert "strategy number 3 of the page" in texts[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"memory": None},
        {"memory": []},
        {"memory": wire_memory() | {"id": None}},
        {"memory": wire_memory() | {"status": 5}},
        {"memory": wire_memory() | {"eventExpiryDuration": "90"}},
        {"memory": wire_memory() | {"createdAt": "now"}},
        {"memory": wire_memory() | {"strategies": 5}},
    ],
)
async def test_an_answer_without_a_memory_is_unreadable(body: dict[str, Any]) -> None:
    """A body that lacks what its operation promises is a DecodeError."""
    transport = FakeTransport()
    transport.reply("GetMemory", body)
    async with control_on(transport) as control:
        with pytest.raises(DecodeError):
            await control.get_memory(MEMORY)


async def test_an_arn_is_as_good_as_an_id() -> None:
    """Requests carry the id of an ARN, and tags need no look-up where the ARN is known."""
    transport = FakeTransport()
    async with control_on(transport) as control:
        await control.get_memory(ARN)
        await control.list_tags(ARN)
        await control.list_tags(MEMORY)
    assert [request.operation for request in transport.requests] == [
        "GetMemory",
        "ListTagsForResource",
        "GetMemory",
        "ListTagsForResource",
    ]
    assert transport.requests[0].params == {"memoryId": MEMORY}


async def test_a_manager_shares_the_settings_and_knows_the_namespaces() -> None:
    """A manager of a control reaches the same service with the same session and retries."""
    retry = RetryPolicy(max_attempts=2)
    async with LocalMemoryService(strict=True) as service, service.control(retry=retry) as control:
        memory = await control.create_memory(
            "chat", strategies=[SemanticStrategy("facts", "/facts/{actorId}/")]
        )
        async with control.manager(memory, max_concurrency=7) as manager:
            assert manager.memory_id == memory.memory_id
            assert manager._core.retry is retry
            assert manager._core.namespaces.templates == {"facts": "/facts/{actorId}/"}
            session = await manager.create_memory_session("anna", "chat001")
            assert await session.list_events() == []
        for known in (memory.memory_id, memory.arn):
            async with control.manager(known) as manager:
                assert not manager._core.namespaces.is_described
                await manager.create_memory_session("anna", "chat001")
        other = control.manager(memory, endpoint_url="http://127.0.0.1:9", transport=None)
        assert "not open" in repr(other)
    transport = FakeTransport()
    managers = [control_on(transport).manager(MEMORY), control.manager(MEMORY, transport=transport)]
    for manager in managers:
        async with manager:
            await manager.create_memory_session("anna", "chat001")
    assert 2 == len(transport.sent("ListEvents"))


def test_a_control_belongs_to_its_loop_and_is_closed_once() -> None:
    """Before opening, after closing and in another loop it says so."""
    control = control_on(FakeTransport())

    async def use() -> None:
        await control.get_memory(MEMORY)

    async def begin() -> None:
        with pytest.raises(ClosedError, match="AsyncMemoryControl is not open"):
            await use()
        async with control:
            await use()
            with pytest.raises(ClosedError, match="opened only once"):
                await control.open()
        await control.aclose()
        with pytest.raises(ClosedError, match="is closed"):
            await use()

    asyncio.run(begin())
    lasting = control_on(FakeTransport())
    asyncio.run(_open(lasting))
    with pytest.raises(WrongLoopError):
        asyncio.run(_get(lasting))


async def _open(control: AsyncMemoryControl) -> None:
    await control.open()


async def _get(control: AsyncMemoryControl) -> None:
    await control.get_memory(MEMORY)


@virtual_time
async def test_closing_waits_for_calls_under_way() -> None:
    """A call that is under way ends before the client closes, within 5 s."""
    transport = FakeTransport()
    answered: list[str] = []

    async def slow(operation: str, params: Any) -> Any:
        await anyio.sleep(2)
        answered.append(operation)
        return await transport(operation, params)

    seam: Any = slow
    control = AsyncMemoryControl(transport=seam)
    await control.open()
    async with anyio.create_task_group() as group:
        group.start_soon(_get, control)
        await anyio.sleep(0.1)
        await control.aclose()
        assert answered == ["GetMemory"]


async def test_a_forgotten_client_is_warned_of() -> None:
    """A control that is open when it is collected warns; its repr says where it is."""
    async with LocalMemoryService() as service:
        control = service.control()
        assert repr(control) == "<AsyncMemoryControl, region us-west-2 (from argument), not open>"
        await control.open()
        network = control._client._network
        assert network is not None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del control
            gc.collect()
        assert "unclosed <AsyncMemoryControl" in str(caught[0].message)
        await network.aclose()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"region_name": "no region!"}, "region_name"),
        ({"endpoint_url": "nonsense"}, "endpoint_url"),
        ({"retry": 5}, "retry"),
        ({"transport": 5}, "transport"),
        ({"clock": 5}, "clock"),
        ({"transport": FakeTransport(), "region_name": "us-west-2"}, "transport"),
    ],
)
def test_settings_are_checked(options: dict[str, Any], name: str) -> None:
    """A setting that can be judged is refused at once."""
    with pytest.raises(InvalidInputError, match=name):
        AsyncMemoryControl(**options)
