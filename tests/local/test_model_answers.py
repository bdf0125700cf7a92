"""Answers of models and their shapes: whatever comes is read as the schema says, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local import (
    ConsolidationRequest,
    Extraction,
    ExtractionRequest,
    ExtractorError,
    Message,
    Strategy,
)
from agentcore_memory_async.local._models.extractor import ModelExtractor
from agentcore_memory_async.local._models.forms import FORMS, Form, texts_of
from agentcore_memory_async.local._models.prompts import (
    Prompt,
    consolidation_prompt,
    extraction_prompt,
)
from agentcore_memory_async.local._models.shapes import MalformedAnswerError, Shape

KINDS = sorted(FORMS)
SAMPLES: dict[str, Any] = {"string": "Yes", "integer": 1, "number": 0.5, "array": ["a", "b"]}
"""A value of each type in a schema; the text is allowed by every choice."""
WRONG: list[Any] = [None, {}, True, [1]]
"""Values that no member can have."""
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
"""Any JSON, and the numbers that Python writes beyond it."""


def shape_of(form: Form) -> Shape:
    """Return the shape of the answer with records of a form."""
    return Shape(form.name, form.members)


def item_of(form: Form) -> dict[str, Any]:
    """Return a valid record of a form."""
    return {name: SAMPLES[schema["type"]] for name, schema in form.members.items()}


def request(kind: str, count: int, history: int = 0) -> ExtractionRequest:
    """Return a request with numbered messages."""
    made = tuple(Message("USER", f"text {number}", 0, "e", number) for number in range(count))
    strategy = Strategy("s-1234567890", "s", kind, "/")
    return ExtractionRequest(
        kind, strategy, "m", "ann", "s1", messages=made[history:], history=made[:history]
    )


class Scripted(ModelExtractor):
    """An extractor whose model always answers the same."""

    def __init__(self, answer: str) -> None:
        super().__init__("tiny", timeout=60, max_calls=None)
        self.answer = answer

    async def _ask(self, prompt: Prompt) -> str:
        return self.answer


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_keep_to_the_rules_of_strict_mode(kind: str) -> None:
    """Each object requires all its members and no others, which OpenAI's strict mode demands."""

    def check(schema: dict[str, Any]) -> None:
        assert "type" in schema
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False
            assert list(schema["properties"]) == schema["required"]
            for member in schema["properties"].values():
                check(member)
        if schema["type"] == "array":
            check(schema["items"])

    asked = consolidation_prompt(ConsolidationRequest(kind, request(kind, 1).strategy, ("a",), ()))
    check(extraction_prompt(request(kind, 1)).shape.schema)
    check(asked.shape.schema)


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_answer_makes_one_text_of_each_item(kind: str) -> None:
    """Items come back as they were sent, and each makes one record."""
    form = FORMS[kind]
    items = [item_of(form)] * 3
    read = shape_of(form).read(f"Sure!\n```\n{json.dumps({form.name: items})}\n```")
    assert items == read
    assert 3 == len(texts_of(form, read))


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_is_needed_and_has_its_type(kind: str) -> None:
    """Without a member, or with one of another type, the answer is refused, by name."""
    form = FORMS[kind]
    for name in form.members:
        for wrong in WRONG:
            item: dict[str, Any] = item_of(form) | {name: wrong}
            with pytest.raises(MalformedAnswerError, match=rf"\.{name}"):
                shape_of(form).read(json.dumps({form.name: [item]}))
        item = item_of(form)
        del item[name]
        with pytest.raises(MalformedAnswerError, match=f"has no member {name}"):
            shape_of(form).read(json.dumps({form.name: [item]}))


@given(st.sampled_from(KINDS), st.data(), values)
def test_any_json_in_any_place_is_read_or_refused(kind: str, data: st.DataObject, v: Any) -> None:
    """No value ends in another error, and what is read makes texts that a record can have."""
    form = FORMS[kind]
    place = data.draw(st.sampled_from(["answer", "list", "item", *form.members]))
    item: Any = item_of(form)
    if place in form.members:
        item[place] = v
    answer = {"answer": v, "list": {form.name: v}, "item": {form.name: [v]}}.get(
        place, {form.name: [item]}
    )
    try:
        texts = texts_of(form, shape_of(form).read(json.dumps(answer)))
    except MalformedAnswerError:
        return
    assert all(text and len(text.encode()) <= 64_000 for text in texts)


@given(st.text(alphabet='{}[]":, \\ufact1e-<>/think', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Text that is almost JSON is refused, never another error."""
    try:
        items = shape_of(FORMS["SEMANTIC"]).read(text)
    except MalformedAnswerError:
        return
    assert all(isinstance(item["fact"], str) for item in items)


@pytest.mark.parametrize("confidence", ["-0.1", "1.1", "1e999", "NaN", "-Infinity"])
def test_a_confidence_is_a_share(confidence: str) -> None:
    """Numbers outside of 0 to 1 are refused, those beyond JSON's included."""
    form = FORMS["REFLECTION"]
    answer = json.dumps({form.name: [item_of(form)]}).replace("0.5", confidence)
    with pytest.raises(MalformedAnswerError, match="confidence"):
        texts_of(form, shape_of(form).read(answer))


def test_a_record_is_within_the_limit_of_the_service() -> None:
    """Members that are each short enough can make a record that is too long."""
    form = FORMS["EPISODIC"]
    item = item_of(form) | {"situation": "&" * 4_000}
    with pytest.raises(MalformedAnswerError, match="more than 16,000"):
        texts_of(form, [item])


def ending(kind: str, *ends: int) -> str:
    """Return an answer whose topics or episodes end at these messages."""
    form = FORMS[kind]
    items = [item_of(form) | {"last_message": end} for end in ends]
    return json.dumps({form.name: items})


@pytest.mark.parametrize(
    ("kind", "ends", "records", "open_records", "settled"),
    [
        ("SUMMARIZATION", (5,), 0, 1, 0),
        ("SUMMARIZATION", (2, 5), 1, 1, 2),
        ("SUMMARIZATION", (1, 2, 4), 2, 1, 2),
        ("EPISODIC", (), 0, 0, 0),
        ("EPISODIC", (3,), 1, 0, 3),
        ("EPISODIC", (2, 5), 2, 0, 5),
    ],
)
async def test_what_a_part_settles(
    kind: str, ends: tuple[int, ...], records: int, open_records: int, settled: int
) -> None:
    """A summary keeps its last topic open, and an episode settles what it describes."""
    extraction = await Scripted(ending(kind, *ends)).extract(request(kind, 5, history=2))
    assert isinstance(extraction, Extraction)
    assert (records, open_records, settled) == (
        len(extraction.records),
        len(extraction.open_records),
        extraction.settled,
    )


@pytest.mark.parametrize("ends", [(0,), (6,), (-1,), (3, 2), (2, 2), (10**30,)])
@pytest.mark.parametrize("kind", ["SUMMARIZATION", "EPISODIC"])
async def test_parts_that_can_not_be(kind: str, ends: tuple[int, ...]) -> None:
    """Numbers that there are not, or that go back, are malformed."""
    with pytest.raises(ExtractorError, match="do not rise within 1 to 5"):
        await Scripted(ending(kind, *ends)).extract(request(kind, 5))


async def test_a_summary_has_a_topic() -> None:
    """An empty summary would delete what describes the open messages, so it is malformed."""
    with pytest.raises(ExtractorError, match="topics has 0 items; allowed are 1 to 100"):
        await Scripted('{"topics": []}').extract(request("SUMMARIZATION", 5))


def test_a_repaired_prompt_shows_the_start_of_a_malformed_answer() -> None:
    """However long the answer was, the second prompt grows by little."""
    prompt = extraction_prompt(request("SEMANTIC", 1))
    again = prompt.repaired("x" * 1_000_000, "no JSON")
    assert len(again.document) < len(prompt.document) + 5_000
    assert "no JSON" in again.instructions
    assert prompt.shape == again.shape
