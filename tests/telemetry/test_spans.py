"""Spans around what happens: retries, errors, cancellation, many tasks, threads, and batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode, get_current_span

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AsyncMemorySessionManager,
    BatchError,
    InvalidInputError,
    MemorySessionManager,
    NotFoundError,
    RetryPolicy,
    Telemetry,
    TransportTimeoutError,
)
from agentcore_memory_async.errors import TransportError, service_error
from agentcore_memory_async.testing import FakeTransport
from tests._canaries import WORD
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on, said
from tests.telemetry.collecting import Collected, attributes_of
from tests.telemetry.doing import MEMORY, NEW

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

THROTTLED = service_error("CreateEvent", "ThrottledException", "slow down", 429)
REFUSED = service_error("CreateEvent", "ResourceNotFoundException", "no", 404)
LOST = TransportError("CreateEvent", "reset")


def parent_of(span: ReadableSpan, spans: tuple[ReadableSpan, ...]) -> str | None:
    """Return the name of a span's parent."""
    ids = {each.context.span_id: each.name for each in spans if each.context is not None}
    return None if span.parent is None else ids[span.parent.span_id]


async def write(transport: Any, collected: Collected, **options: Any) -> None:
    """Store a turn."""
    async with manager_on(transport, telemetry=collected.telemetry, **options) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])


@virtual_time
async def test_a_span_has_all_retries() -> None:
    """An operation that is tried three times is one span, as long as all of it took."""
    collected, transport = Collected(), FakeTransport()
    for fault in (THROTTLED, LOST):
        transport.reply("CreateEvent", fault)
    await write(transport, collected)

    [span] = collected.spans
    assert len(transport.sent("CreateEvent")) == 3
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes_of(span)


async def test_a_span_that_can_not_be_ended_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """The turn is stored, and the next one too; a log record names what went wrong."""

    class Failing(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise RuntimeError(WORD)

    provider, transport = TracerProvider(), FakeTransport()
    provider.add_span_processor(Failing())
    async with manager_on(transport, telemetry=Telemetry(tracer_provider=provider)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])
        await session.add_turns([said("ho")])
    assert 2 == len(transport.sent("CreateEvent"))
    found = [each.message for each in caplog.records if "span" in each.message]
    assert ["a span could not be ended: RuntimeError"] * 2 == found


async def test_a_span_that_can_not_be_begun_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """The turn is stored and the search is made, without a span; a log record says why."""

    class Failing(SpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            raise RuntimeError(WORD)

    provider, transport = TracerProvider(), FakeTransport()
    provider.add_span_processor(Failing())
    async with manager_on(transport, telemetry=Telemetry(tracer_provider=provider)) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said("hi")])
        await session.search_long_term_memories("seats")
    assert 1 == len(transport.sent("CreateEvent"))
    found = [each.message for each in caplog.records if "span" in each.message]
    assert ["a span could not be begun: RuntimeError"] * 2 == found


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (
            service_error("CreateEvent", "ResourceNotFoundException", "no", 404),
            "ResourceNotFoundException",
        ),
        (THROTTLED, "ThrottledException"),
        (LOST, "OutcomeUnknownError"),
        (TransportError("CreateEvent", "refused", sent=False), "TransportError"),
        (ZeroDivisionError("a bug of a hook"), "OutcomeUnknownError"),
    ],
)
@virtual_time
async def test_a_span_says_how_it_failed(fault: Exception, kind: str) -> None:
    """The span of an error has its type, and its message only where that shows no content."""
    collected, transport = Collected(), FakeTransport()
    transport.reply("CreateEvent", fault)
    with pytest.raises(AgentCoreMemoryError) as raised:
        await write(transport, collected, retry=RetryPolicy(max_attempts=1))

    [span] = collected.spans
    assert attributes_of(span)["error.type"] == kind
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == str(raised.value)
    assert not span.events


async def test_the_message_of_another_error_is_not_shown() -> None:
    """A bug in a hook of the user's may quote content, so its span has only its type."""
    collected, transport = Collected(), FakeTransport()
    transport.reply("RetrieveMemoryRecords", ZeroDivisionError(f"{WORD} text"))
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        with pytest.raises(ZeroDivisionError):
            await manager.search_long_term_memories("seats")

    [span] = collected.spans
    assert attributes_of(span)["error.type"] == "ZeroDivisionError"
    assert WORD not in span.to_json()


@virtual_time
async def test_a_span_has_the_time_in_the_queue() -> None:
    """A write that never left the queue of its session has a span that says so."""
    collected = Collected()
    async with manager_on(SlowService(3.0), telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.add_turns, [said("first")])
            await anyio.sleep(1)
            hasty = session.with_options(retry=RetryPolicy(write_deadline=2))
            with pytest.raises(TransportTimeoutError):
                await hasty.add_turns([said("second")])

    second, first = collected.spans
    assert attributes_of(second)["error.type"] == "TransportTimeoutError"
    assert "error.type" not in attributes_of(first)


@virtual_time
async def test_a_cancelled_operation_ends_its_span() -> None:
    """Cancelling ends the span, as an error, and leaves no span current."""
    collected = Collected()
    async with manager_on(SlowService(20.0), telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with anyio.move_on_after(1):
            await session.search_long_term_memories("seats")
        assert not get_current_span().get_span_context().is_valid

    [span] = collected.spans
    assert attributes_of(span)["error.type"] == "CancelledError"
    assert span.status.status_code is StatusCode.ERROR


async def test_what_is_refused_makes_no_span() -> None:
    """Nothing of an invalid call is sent, nor is there a span of it."""
    collected = Collected()
    async with manager_on(FakeTransport(), telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(InvalidInputError):
            await session.add_turns([])
        with pytest.raises(InvalidInputError):
            await session.search_long_term_memories("")

    assert () == collected.spans


async def test_a_hundred_tasks_have_their_own_parents() -> None:
    """Each operation is below the span of its task, and each request below its operation."""
    collected = Collected()
    current: list[tuple[str, int]] = []

    class Service(FakeTransport):
        """Notes under which span each request is sent."""

        async def __call__(self, operation: str, params: Any) -> Any:
            await anyio.sleep(0)
            if operation == "CreateEvent":
                context = get_current_span().get_span_context()
                current.append((params["actorId"], context.span_id))
            return await super().__call__(operation, params)

    async with manager_on(Service(), telemetry=collected.telemetry) as manager:

        async def work(number: int) -> None:
            with collected.tracer.start_as_current_span(f"task{number}"):
                session = await manager.create_memory_session(f"task{number}", "s", verify=False)
                await session.add_turns([said("hi")])
                await session.search_long_term_memories("seats")

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(work, number)

    spans = collected.spans
    owners = {each.context.span_id: parent_of(each, spans) for each in spans if each.context}
    assert 300 == len(spans)
    assert [(actor, actor) for actor, _ in current] == [
        (actor, owners[own]) for actor, own in current
    ]
    assert {f"task{number}" for number in range(100)} == {
        parent_of(each, spans) for each in collected.named("search_memory")
    }


def test_the_facade_has_the_callers_span_as_parent() -> None:
    """The operations of a thread that blocks are below the span of that thread."""
    collected = Collected()
    with MemorySessionManager(
        MEMORY, transport=FakeTransport(), telemetry=collected.telemetry
    ) as manager:
        session = manager.create_memory_session("a", "s", verify=False)
        with collected.tracer.start_as_current_span("script"):
            session.add_turns([said("hi")])
            session.search_long_term_memories("seats")

    assert ["upsert_memory", "search_memory", "script"] == [each.name for each in collected.spans]
    assert ["script", "script", None] == [
        parent_of(each, collected.spans) for each in collected.spans
    ]


async def test_a_recorded_turn_belongs_to_the_span_in_which_it_ended() -> None:
    """The manager stores it later, below the span in which the answer was read."""
    collected = Collected()
    async with manager_on(FakeTransport(), telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with collected.tracer.start_as_current_span("answer"):
            async for _ in session.record_turn("Which seat?", ["A window ", "seat."]):
                pass

    [span] = collected.named("upsert_memory")
    assert "answer" == parent_of(span, collected.spans)


@virtual_time
async def test_a_batch_is_one_span_with_all_its_requests() -> None:
    """The requests of a batch make no spans of their own, and the count is of all records."""
    collected, transport = Collected(), FakeTransport()
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        await manager.batch_create_memory_records([NEW] * 250)
        await manager.batch_delete_memory_records(["mem-" + "a" * 36, "mem-" + "b" * 36])

    created, deleted = collected.spans
    assert 3 == len(transport.sent("BatchCreateMemoryRecords"))
    assert 250 == attributes_of(created)["gen_ai.memory.record.count"]
    assert 2 == attributes_of(deleted)["gen_ai.memory.record.count"]
    assert "gen_ai.memory.record.id" not in attributes_of(deleted)


@pytest.mark.parametrize("raises", [True, False])
async def test_a_batch_with_failed_records_has_failed_where_it_raises(raises: bool) -> None:
    """A result that tells of failed records is a success; an error for them is a failure."""
    collected, transport = Collected(), FakeTransport()
    record_id = "mem-" + "a" * 36
    failed = {"memoryRecordId": record_id, "status": "FAILED", "errorCode": 404}
    transport.reply(
        "BatchDeleteMemoryRecords",
        {"successfulRecords": [], "failedRecords": [{**failed, "errorMessage": "gone"}]},
    )
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        try:
            await manager.batch_delete_memory_records([record_id], raise_on_failure=raises)
        except BatchError:
            assert raises

    [span] = collected.spans
    assert ("BatchError" if raises else None) == attributes_of(span).get("error.type")


@pytest.mark.parametrize(
    ("value", "option", "is_captured"),
    [
        (None, None, False),
        ("true", None, True),
        ("TRUE", None, True),
        ("span_only", None, True),
        ("SPAN_AND_EVENT", None, True),
        ("event_only", None, False),
        ("no_content", None, False),
        ("false", None, False),
        ("true", False, False),
        (None, True, True),
        ("false", True, True),
    ],
)
async def test_content_is_in_spans_by_the_opt_in_only(
    monkeypatch: pytest.MonkeyPatch, value: str | None, option: bool | None, is_captured: bool
) -> None:
    """The conventions' variable switches content on, and the option is above it."""
    name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    collected = Collected(capture_content=option)
    async with manager_on(FakeTransport(), telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        await session.add_turns([said(f"{WORD} said")])
        await session.search_long_term_memories(f"{WORD} query")
        await session.retrieve_context(f"{WORD} context", {})

    upsert, search = collected.spans
    assert WORD not in upsert.to_json()
    assert is_captured is (WORD in search.to_json())


async def test_without_content_no_span_and_no_metric_has_any() -> None:
    """Not even an error of the service, which quotes what was sent, shows it."""
    collected, transport = Collected(), FakeTransport()
    for operation in ("CreateEvent", "RetrieveMemoryRecords", "BatchCreateMemoryRecords"):
        refused = service_error(operation, "ValidationException", f"bad: '{WORD} text'", 400)
        transport.reply(operation, refused)
    record = NEW.__class__(namespace="/facts/a/", content=f"{WORD} text", timestamp=NEW.timestamp)
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        for call in (
            session.add_turns([said(f"{WORD} text")]),
            session.search_long_term_memories(f"{WORD} text"),
            session.batch_create_memory_records([record]),
        ):
            with pytest.raises(Exception, match="ValidationException"):
                await call

    assert 3 == len(collected.spans)
    assert WORD not in "".join(span.to_json() for span in collected.spans)
    assert WORD not in repr(collected.metrics())


async def test_a_view_and_an_error_of_its_own() -> None:
    """The view of an actor makes the same spans, and a missing record is an error with its id."""
    collected, transport = Collected(), FakeTransport()
    record_id = "mem-" + "a" * 36
    gone = service_error("DeleteMemoryRecord", "ResourceNotFoundException", "no", 404)
    transport.reply("DeleteMemoryRecord", gone)
    async with manager_on(transport, telemetry=collected.telemetry) as manager:
        with pytest.raises(NotFoundError):
            await manager.actor("a").delete_memory_record(record_id)

    [span] = collected.spans
    assert record_id == attributes_of(span)["gen_ai.memory.record.id"]
    assert 1 == attributes_of(span)["gen_ai.memory.record.count"]


async def test_one_telemetry_serves_several_managers() -> None:
    """Spans of two managers go to the same place, each with its own store."""
    collected = Collected()
    for memory_id in ("one-a1B2c3D4e5", "two-a1B2c3D4e5"):
        manager = AsyncMemorySessionManager(
            memory_id, transport=FakeTransport(), telemetry=collected.telemetry
        )
        async with manager:
            await manager.search_long_term_memories("seats")

    stores = [attributes_of(span)["gen_ai.memory.store.id"] for span in collected.spans]
    assert ["one-a1B2c3D4e5", "two-a1B2c3D4e5"] == stores


async def test_without_a_provider_it_does_nothing() -> None:
    """The global providers of a program that sets up none take spans and metrics and drop them."""
    async with manager_on(FakeTransport(), telemetry=Telemetry()) as manager:
        assert [] == await manager.search_long_term_memories("seats")
        await asyncio.sleep(0)
