"""The page on AWS: what each public method sends is what its table and its policies allow."""

from __future__ import annotations

import inspect
import json
import re
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Conversation,
    ExtractionTimeoutError,
    HistoryMessage,
    HistoryRecord,
    MemoryRecordUpdate,
    NewMemoryRecord,
    NotFoundError,
    OutcomeUnknownError,
    RetrievalConfig,
    RetryPolicy,
    SemanticStrategy,
)
from agentcore_memory_async._wire.service_model import OPERATIONS_BY_SERVICE, SERVICE
from agentcore_memory_async.local import AutoClock, LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

PAGE = (Path(__file__).parent.parent / "docs" / "aws.md").read_text("utf-8")
CLASSES = (AsyncMemorySessionManager, AsyncActor, AsyncMemorySession, AsyncMemoryControl)
SEND_NOTHING = {
    *("open", "aclose", "with_options", "actor", "get_actor", "manager", "usage"),
    "background",  # sends what the given pollers send
    "call",  # sends what it is told
}
FACTS = "/facts/{actorId}/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAID = [{"role": "user", "content": "I live in Turin."}]
HISTORY = Conversation("berta", "chat001", [HistoryMessage("I live in Rome.", "user", NOW)])
RECORD = NewMemoryRecord(namespace=FACTS, content="I live in Turin.", timestamp=NOW)


@frozen
class Scene:
    """A service with an event, a record and a memory, and what is bound to them."""

    service: LocalMemoryService
    manager: AsyncMemorySessionManager
    actor: AsyncActor
    session: AsyncMemorySession
    control: AsyncMemoryControl
    memory_id: str
    event: Any
    record_id: str


async def drained(iterator: AsyncIterable[Any]) -> list[Any]:
    """Return the items of an iterator."""
    return [item async for item in iterator]


async def record(scene: Scene) -> None:
    """Record a turn, and wait until it is stored."""
    await drained(scene.session.record_turn("Where?", ["Here."]))
    await scene.manager.aclose()


async def buffer(scene: Scene) -> None:
    """Write a message through a buffer."""
    async with scene.session.buffered() as messages:
        await messages.add(SAID[0])


async def resolve(scene: Scene) -> None:
    """Settle a write whose answer was lost."""
    scene.service.drop_connection(after=True, operation="CreateEvent", times=1)
    with pytest.raises(OutcomeUnknownError) as caught:
        await scene.session.with_options(retry=RetryPolicy(max_attempts=1)).add_turns(SAID)
    await scene.session.resolve(caught.value)


async def wait(scene: Scene) -> None:
    """Wait for records that do not come."""
    with suppress(ExtractionTimeoutError):
        await scene.session.extraction_poller(FACTS, timeout=5)


async def wait_for(scene: Scene) -> None:
    """Wait for the records of an event that yields none."""
    event = await scene.session.add_turns([{"role": "user", "content": "Hello!"}])
    forget_calls(scene)
    with suppress(ExtractionTimeoutError):
        await scene.session.wait_for_extraction("/preferences/{actorId}/", since=event)


def forget_calls(scene: Scene) -> None:
    """Leave out what was sent so far."""
    scene.service._calls.clear()


async def explain(scene: Scene) -> None:
    """Ask where a record comes from."""
    record = await scene.session.get_memory_record(scene.record_id)
    forget_calls(scene)
    await scene.session.explain(record)


def update(scene: Scene) -> MemoryRecordUpdate:
    """Return a change of the record."""
    return MemoryRecordUpdate(memory_record_id=scene.record_id, timestamp=NOW, content="New.")


async def start_job(scene: Scene) -> None:
    """Start a job that does not exist."""
    with suppress(NotFoundError):
        await scene.manager.start_memory_extraction_job("job-1")


def strategy_id(scene: Scene) -> Awaitable[str]:
    """Return the id of the memory's strategy."""

    async def read() -> str:
        memory = await scene.control.get_memory(scene.memory_id)
        forget_calls(scene)
        return memory.strategies[0].memory_strategy_id

    return read()


async def modify(scene: Scene) -> None:
    """Change the strategy of the memory."""
    await scene.control.modify_strategy(
        scene.memory_id, await strategy_id(scene), description="for support"
    )


async def remove_strategy(scene: Scene) -> None:
    """Delete the strategy of the memory."""
    await scene.control.delete_strategy(scene.memory_id, await strategy_id(scene))


async def answer(_: str, __: object) -> str:
    """Stand in for a model."""
    return "In Turin."


HISTORY_RECORD = HistoryRecord(namespace="/facts/berta/", content="I live in Rome.", timestamp=NOW)
CONFIG = {FACTS: RetrievalConfig()}
MORE = SemanticStrategy("more", "/more/{actorId}/")
USES: dict[str, Callable[[Scene], Awaitable[Any]]] = {
    "add_turns": lambda s: s.session.add_turns(SAID),
    "create_event": lambda s: s.session.create_event("order", {"number": 1}),
    "fork_conversation": lambda s: s.session.fork_conversation(SAID, s.event.event_id, "second"),
    "buffered": buffer,
    "record_turn": record,
    "resolve": resolve,
    "create_memory_session": lambda s: s.manager.create_memory_session("anna", verify=True),
    "verify": lambda s: s.session.verify(),
    "list_events": lambda s: s.session.list_events(),
    "iter_events": lambda s: drained(s.session.iter_events()),
    "get_last_k_turns": lambda s: s.session.get_last_k_turns(),
    "get_last_k_exchanges": lambda s: s.session.get_last_k_exchanges(),
    "list_branches": lambda s: s.session.list_branches(),
    "get_conversation_tree": lambda s: s.session.get_conversation_tree(),
    "explain": explain,
    "get_event": lambda s: s.session.get_event(s.event.event_id),
    "delete_event": lambda s: s.session.delete_event(s.event.event_id),
    "delete_session": lambda s: s.session.delete_session(),
    "list_actors": lambda s: s.manager.list_actors(),
    "iter_actors": lambda s: drained(s.manager.iter_actors()),
    "list_actor_sessions": lambda s: s.manager.list_actor_sessions("anna"),
    "iter_actor_sessions": lambda s: drained(s.manager.iter_actor_sessions("anna")),
    "list_sessions": lambda s: s.actor.list_sessions(),
    "iter_sessions": lambda s: drained(s.actor.iter_sessions()),
    "list_long_term_memory_records": lambda s: s.session.list_long_term_memory_records(FACTS),
    "iter_long_term_memory_records": lambda s: drained(
        s.session.iter_long_term_memory_records(FACTS)
    ),
    "search_long_term_memories": lambda s: s.session.search_long_term_memories("city", FACTS),
    "retrieve_context": lambda s: s.session.retrieve_context("city", CONFIG),
    "process_turn_with_llm": lambda s: s.session.process_turn_with_llm("Where?", answer, CONFIG),
    "extraction_poller": wait,
    "wait_for_extraction": wait_for,
    "get_memory_record": lambda s: s.session.get_memory_record(s.record_id),
    "delete_memory_record": lambda s: s.session.delete_memory_record(s.record_id),
    "batch_create_memory_records": lambda s: s.session.batch_create_memory_records([RECORD]),
    "batch_update_memory_records": lambda s: s.session.batch_update_memory_records([update(s)]),
    "batch_delete_memory_records": lambda s: s.session.batch_delete_memory_records([s.record_id]),
    "delete_namespace": lambda s: s.session.delete_namespace(FACTS),
    "forget_actor": lambda s: s.manager.forget_actor("anna", settle=0.5),
    "ingest_data": lambda s: s.actor.ingest_data(SAID),
    "list_memory_extraction_jobs": lambda s: s.manager.list_memory_extraction_jobs(),
    "iter_memory_extraction_jobs": lambda s: drained(s.manager.iter_memory_extraction_jobs()),
    "start_memory_extraction_job": start_job,
    "import_conversations": lambda s: s.manager.import_conversations(
        [HISTORY, HISTORY_RECORD], extract=False
    ),
    "export": lambda s: drained(s.manager.export()),
    "describe": lambda s: s.manager.describe(s.control),
    "get_memory": lambda s: s.control.get_memory(s.memory_id),
    "wait_until_active": lambda s: s.control.wait_until_active(s.memory_id),
    "list_memories": lambda s: s.control.list_memories(),
    "iter_memories": lambda s: drained(s.control.iter_memories()),
    "create_memory": lambda s: s.control.create_memory("other", strategies=[MORE]),
    "get_or_create_memory": lambda s: s.control.get_or_create_memory("other", strategies=[MORE]),
    "update_memory": lambda s: s.control.update_memory(s.memory_id, description="for support"),
    "add_strategy": lambda s: s.control.add_strategy(s.memory_id, MORE),
    "modify_strategy": modify,
    "delete_strategy": remove_strategy,
    "delete_memory": lambda s: s.control.delete_memory(s.memory_id),
    "list_tags": lambda s: s.control.list_tags(s.memory_id),
    "tag_memory": lambda s: s.control.tag_memory(s.memory_id, {"team": "support"}),
    "untag_memory": lambda s: s.control.untag_memory(s.memory_id, ["team"]),
}
"""How each method is called."""


def table() -> dict[str, set[str]]:
    """Return the actions of each method, as the table has them."""
    found: dict[str, set[str]] = {}
    for methods, actions in re.findall(r"^\| (`[a-z_]+`.*) \| (`[A-Z].*) \|$", PAGE, re.MULTILINE):
        for method in re.findall(r"`([a-z_]+)`", methods):
            assert method not in found, f"{method} is in two rows"
            found[method] = set(re.findall(r"`(\w+)`", actions))
    return found


def policies() -> dict[str, list[dict[str, Any]]]:
    """Return the statements of each policy of the page."""
    blocks = re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    return {name: json.loads(text)["Statement"] for name, text in blocks}


def allowed(*names: str) -> set[str]:
    """Return the operations that policies of the page allow."""
    prefix = "bedrock-agentcore:"
    statements = [statement for name in names for statement in policies()[name]]
    return {action.removeprefix(prefix) for each in statements for action in each["Action"]}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Yield a scene, of which nothing was sent yet."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(LocalMemoryService(clock=AutoClock()))
        control = await stack.enter_async_context(service.control())
        facts = SemanticStrategy("facts", FACTS)
        memory = await control.create_memory("chat", strategies=[facts])
        manager = service.manager(memory.memory_id, namespaces=[FACTS])
        await stack.enter_async_context(manager)
        session = await manager.create_memory_session("anna", "chat001")
        event = await session.add_turns(SAID)
        await service.drain()
        [outcome] = await session.batch_create_memory_records([RECORD])
        record_id = outcome.memory_record_id
        assert record_id is not None
        actor = manager.actor("anna")
        made = Scene(service, manager, actor, session, control, memory.memory_id, event, record_id)
        forget_calls(made)
        yield made


def test_every_method_is_in_the_table() -> None:
    """Each public method of the four classes is in the table, or sends nothing."""
    methods = {
        name
        for cls in CLASSES
        for name, _ in inspect.getmembers(cls, callable)
        if not name.startswith("_")
    }
    assert methods - SEND_NOTHING == set(table()) == set(USES)


@pytest.mark.parametrize("method", USES)
async def test_a_method_sends_what_the_table_says(method: str, scene: Scene) -> None:
    """Each method sends the operations of its row."""
    await USES[method](scene)
    sent = {call.operation for call in scene.service.calls()}
    optional = {"ListTagsForResource"} if method == "get_or_create_memory" else set()
    assert table()[method] - optional == sent


def test_the_policies_allow_all_operations_once() -> None:
    """Each operation of both service models is in one of the three policies."""
    data = set(OPERATIONS_BY_SERVICE[SERVICE])
    operations = {each for names in OPERATIONS_BY_SERVICE.values() for each in names}
    assert operations - data == allowed("administer")
    assert data == allowed("read", "write")
    assert not allowed("read") & allowed("write")
    reading = re.compile(r"(Get|List|Retrieve)\w+")
    assert allowed("read") == {each for each in data if reading.fullmatch(each)}


def test_only_what_names_no_memory_is_of_every_resource() -> None:
    """Only creating and listing memories are allowed on ``*``."""
    of_all = {
        action
        for statements in policies().values()
        for each in statements
        if each["Resource"] == "*"
        for action in each["Action"]
    }
    assert of_all == {"bedrock-agentcore:CreateMemory", "bedrock-agentcore:ListMemories"}
