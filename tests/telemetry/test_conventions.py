"""Names and attributes of spans, compared with the tables of ``docs/tracing.md``."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
)
from agentcore_memory_async._telemetry.conventions import request_attributes, span_name
from agentcore_memory_async._wire.service_model import OPERATIONS_BY_SERVICE
from tests.telemetry.collecting import Collected, attributes_of, quoted, table
from tests.telemetry.doing import DO, MEMORY, World, world

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

OPERATIONS = {quoted(name)[0]: quoted(wire) for name, _, wire in table("operations")}
"""AWS operations by the conventions' names."""
METHODS = {
    method: quoted(spans) for methods, spans, _ in table("methods") for method in quoted(methods)
}
"""Spans by method."""
LEVELS = {quoted(name)[0]: level for name, level, _, _ in table("attributes")}
"""Levels of the attributes."""
CLASSES = (AsyncActor, AsyncMemoryControl, AsyncMemorySession, AsyncMemorySessionManager)


def attributes_for(operation: str, *, is_captured: bool) -> set[str]:
    """Return the attributes of a span that succeeded, by the table."""
    return {
        quoted(name)[0]
        for name, level, spans, _ in table("attributes")
        if (spans == "all" or operation in quoted(spans)) and (is_captured or level != "Opt-In")
    }


async def spans_of(method: str, **options: Any) -> list[ReadableSpan]:
    """Return the spans of a method."""
    collected = Collected(**options)
    async with world(collected.telemetry) as made:
        collected.clear()
        await DO[method](made)
    return list(collected.spans)


def test_the_names_are_those_of_the_conventions() -> None:
    """Each of the seven names has its operations, and no other operation has a name."""
    assert set(OPERATIONS) == {
        "create_memory_store",
        "search_memory",
        "create_memory",
        "update_memory",
        "upsert_memory",
        "delete_memory",
        "delete_memory_store",
    }
    named = {wire: name for name, wires in OPERATIONS.items() for wire in wires}
    known = [each for wires in OPERATIONS_BY_SERVICE.values() for each in wires]
    assert named == {each: name for each in known if (name := span_name(each, {}))}


def test_the_levels_are_those_of_the_conventions() -> None:
    """The table has each attribute of the conventions' section, at its level."""
    assert LEVELS == {
        "gen_ai.operation.name": "Required",
        "error.type": "Conditionally Required",
        "gen_ai.memory.record.id": "Conditionally Required",
        "gen_ai.memory.store.id": "Conditionally Required",
        "gen_ai.provider.name": "Conditionally Required",
        "server.port": "Conditionally Required",
        "gen_ai.memory.record.count": "Recommended",
        "server.address": "Recommended",
        "gen_ai.memory.query.text": "Opt-In",
        "gen_ai.memory.records": "Opt-In",
    }


def test_every_method_has_its_row() -> None:
    """The table has each public method of managers, sessions, actors and controls."""
    public = {
        name
        for cls in CLASSES
        for name, _ in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }
    assert sorted(public) == sorted(METHODS)
    assert sorted(public) == sorted(DO)


@pytest.mark.parametrize("method", DO)
async def test_a_method_makes_the_spans_of_its_row(method: str) -> None:
    """A method makes spans of these names, with these attributes, and no others."""
    spans = await spans_of(method)
    wanted = ["search_memory"] if method == "call" else METHODS[method]

    assert sorted(set(wanted)) == sorted({span.name for span in spans})
    for span in spans:
        held = attributes_of(span)
        wanted_here = attributes_for(span.name, is_captured=False)
        if held.get("gen_ai.memory.record.count") != 1:
            wanted_here -= {"gen_ai.memory.record.id"}
        assert set(held) == wanted_here
        assert span.name == held["gen_ai.operation.name"]
        assert held["gen_ai.provider.name"] == "aws.bedrock"
        assert held["server.address"] == "127.0.0.1"
        assert span.kind is SpanKind.CLIENT
        assert span.status.status_code is StatusCode.UNSET
        assert not span.events


@pytest.mark.parametrize(
    "method",
    [
        "search_long_term_memories",
        "call",
        "batch_create_memory_records",
        "batch_update_memory_records",
        "batch_delete_memory_records",
        "add_turns",
    ],
)
async def test_content_is_in_spans_where_it_is_asked_for(method: str) -> None:
    """With the opt-in a span has query and records, in the form of the conventions' schema."""
    [span] = await spans_of(method, capture_content=True)
    held = attributes_of(span)

    assert set(held) == attributes_for(span.name, is_captured=True)
    if span.name == "search_memory":
        assert held["gen_ai.memory.query.text"] == "seats"
    records = json.loads(held.get("gen_ai.memory.records", "[]"))
    for record in records:
        assert "window seats" in record["content"]
        assert (
            set(record)
            == {
                "search_memory": {"content", "id", "score"},
                "create_memory": {"content"},
                "update_memory": {"content", "id"},
            }[span.name]
        )
    assert bool(records) is ("gen_ai.memory.records" in held)


@pytest.mark.parametrize(
    "memory_id", [MEMORY, f"arn:aws:bedrock-agentcore:us-west-2:1:memory/{MEMORY}"]
)
def test_the_store_is_named_by_its_id(memory_id: str) -> None:
    """A memory has one id in all spans, also where it is given by its ARN."""
    held = request_attributes("CreateEvent", {"memoryId": memory_id})

    assert held["gen_ai.memory.store.id"] == MEMORY


async def test_a_store_that_is_made_is_named_by_the_answer() -> None:
    """The span of a new memory has the id that the service gave it."""
    collected = Collected()
    async with world(collected.telemetry) as made:
        memory = await made.control.create_memory("new")
        await made.control.delete_memory(memory)

    first = {
        attributes_of(each)["gen_ai.memory.store.id"]
        for each in collected.named("create_memory_store")
    }
    [deleted] = collected.named("delete_memory_store")
    assert memory.memory_id in first
    assert attributes_of(deleted)["gen_ai.memory.store.id"] == memory.memory_id


async def test_events_that_are_kept_out_of_extraction_make_no_span() -> None:
    """No record comes of them, so the conventions have no name; extracted ones are upserts."""
    collected = Collected()
    async with world(collected.telemetry) as made:
        collected.clear()
        await _store(made, extract=False)
        assert not collected.spans
        await _store(made, extract=True)

    assert ["upsert_memory"] * 3 == [span.name for span in collected.spans]


async def _store(made: World, *, extract: bool) -> None:
    await made.session.add_turns([{"role": "user", "content": "hi"}], extract=extract)
    await made.session.create_event("click", {}, extract=extract)
    said = [{"role": "user", "content": "ho"}]
    name = f"branch{extract}"
    await made.session.fork_conversation(said, made.event.event_id, name, extract=extract)
