"""What the service's messages repeat of a request is not shown, with quotes or without."""

from __future__ import annotations

import html
import json
import pickle
from time import process_time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    OutcomeUnknownError,
    RetryPolicy,
)
from agentcore_memory_async._redaction import sent_texts, without_texts
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    DecodeError,
    InvalidInputError,
    service_error,
)
from agentcore_memory_async.testing import FakeTransport
from tests.unit.bad_input import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = "chat-a1B2c3D4e5"
SECRET = "my canary sings at dawn"

FORMS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "spaces": lambda text: "\n  ".join(text.split()),
    "html": html.escape,
    "html of html": lambda text: html.escape(html.escape(text)),
    "html numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "percent": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "json": lambda text: json.dumps(text)[1:-1],
    "json of json": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "json, upper": lambda text: json.dumps(text)[1:-1].upper(),
}
"""How a message may repeat a text."""


@given(st.text(max_size=40), st.text(min_size=12, max_size=60), st.text(max_size=40))
@example("", "0" * 12, "0")
@example("the c", SECRET, " and so on")
def test_no_passage_of_a_text_is_shown(before: str, text: str, after: str) -> None:
    """Whatever stands around it, twelve characters of a text in a row are left out."""
    shown = without_texts(before + text + after, [text])

    assert text not in shown
    assert "(not shown)" in shown


@pytest.mark.parametrize("start", range(12))
def test_a_passage_counts_from_twelve_characters_on(start: int) -> None:
    """Wherever in the text it begins; a shorter one may be there by chance."""
    text = "abcdefghijklmnopqrstuvwxyz0123456789"
    short, long = text[start : start + 11], text[start : start + 12]

    assert f"<{short}>" == without_texts(f"<{short}>", [text])
    assert "<(not shown)>" == without_texts(f"<{long}>", [text])


@given(st.text("abc ", max_size=80), st.text("xyz", min_size=1, max_size=30))
def test_what_is_not_of_a_text_stays(message: str, text: str) -> None:
    """A message that repeats nothing is shown as it is."""
    assert message == without_texts(message, [text])


@pytest.mark.parametrize(("text", "shown"), [("ab", "Value ab"), ("abc", "Value (not shown)")])
def test_the_shortest_text_that_is_left_out_has_three_characters(text: str, shown: str) -> None:
    """A shorter one is in most messages by chance."""
    assert f"{shown} at payload.1" == without_texts(f"Value {text} at payload.1", [text])


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("The PIN 4711 is too short", "The PIN (not shown) is too short"),
        ("Member must have length at least 1", "Member must have length at least 1"),
        ("Value 47110 at payload.1", "Value 47110 at payload.1"),
    ],
)
def test_short_text_is_left_out_where_it_is_whole(message: str, shown: str) -> None:
    """A short text is left out as a whole word, not as a part of one."""
    assert shown == without_texts(message, ["4711"])


@pytest.mark.parametrize("text", ['he said "no" to it', "Gr\u00fc\u00dfe", "a\\b", "one\ntwo"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_text_is_left_out_as_json_escapes_it(text: str, ascii_only: bool) -> None:
    """A message may repeat the JSON of a request, with its escapes."""
    escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]

    assert "got (not shown) here" == without_texts(f"got {escaped} here", [text])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "text",
    [
        "Gr\u00fc\u00dfe & <\u00dcnsinn>\n\n 10%",
        'he said "no" to it\tall',
        "C:\\new\\table & more",
        "4711 < 12",
        "\u65e5\u672c\u8a9e\u306e\u79d8\u5bc6 \U0001f600 \u3067\u3059",
        "\u0345" * 12,
        "a+b, &amp; not &",
    ],
)
def test_text_is_left_out_in_whatever_form(text: str, form: str) -> None:
    """A message may repeat a text in another case, with other spaces, or escaped, even twice."""
    assert "got: (not shown)!" == without_texts(f"got: {FORMS[form](text)}!", [text])


def test_the_texts_of_the_largest_event_are_looked_through_quickly() -> None:
    """It takes no minutes: neither a search nor a pattern for each passage (43 s once)."""
    numbers = [" ".join(map(str, range(at, at + 14_000))) for at in range(0, 1_400_000, 14_000)]
    message = "refused: " + "|".join(text[500:515] for text in numbers)
    before = process_time()

    assert "refused: " + "|".join(["(not shown)"] * 100) == without_texts(message, numbers)
    assert process_time() - before < 10


def test_texts_of_a_request_are_its_content() -> None:
    """Content is found wherever a request has it, and ids are none."""
    request = {
        "memoryId": MEMORY,
        "actorId": "anna",
        "clientToken": "t",
        "payload": [
            {"conversational": {"content": {"text": "one"}, "role": "USER"}},
            {"blob": json.dumps({"role": "two", "list": ["three", 4]})},
            {"json": {"content": {"namespace": "five"}}},
        ],
        "metadata": {"eventType": {"stringValue": "six"}},
        "searchCriteria": {"searchQuery": "seven", "topK": 5, "memoryStrategyId": "s-1"},
    }

    found = set(sent_texts(request))

    assert {"one", "two", "three", "five", "six", "seven"} <= found
    assert not found & {MEMORY, "anna", "t", "USER", "s-1"}


@pytest.mark.parametrize(
    "message",
    [
        f"Text is not allowed: {SECRET}",
        f"Text is not allowed: {SECRET[:14]}...",
        f'{{"content":{{"text":"{SECRET}"}}}} was refused',
        f"The text «{SECRET}» was refused",
    ],
)
async def test_service_text_that_repeats_what_was_sent_is_not_shown(message: str) -> None:
    """No text of an error shows content, not even pickled; ``message`` has all of it."""

    async def transport(operation: str, params: object) -> Answer:
        del params
        raise service_error(operation, "ValidationException", message, 400)

    async with AsyncMemorySessionManager(MEMORY, transport=transport) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(AgentCoreMemoryError) as caught:
            await session.add_turns([ConversationalMessage(SECRET, MessageRole.USER)])

    error: Any = caught.value
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert "canary" not in f"{one} {one!r} {one.args}"
        assert message == one.message == one.response["Error"]["Message"]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error with all its causes and contexts."""
    if error is not None:
        yield error
        yield from _chain(error.__cause__ or error.__context__)


@pytest.mark.parametrize("messages", MESSAGES, ids=range(len(MESSAGES)))
async def test_no_error_keeps_content_in_its_chain(messages: Any) -> None:
    """A refused message is in no attribute of the errors behind the one that is raised."""
    async with AsyncMemorySessionManager(MEMORY, transport=FakeTransport()) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(InvalidInputError) as caught:
            await session.add_turns(messages)

    for error in _chain(caught.value):
        assert "canary" not in f"{error!r} {error.args} {vars(error)}"


async def test_unreadable_answer_keeps_content_only_as_raw() -> None:
    """Of an answer that cannot be read only ``raw`` has content, and nothing behind the error."""

    async def transport(operation: str, params: object) -> Answer:
        del operation, params
        return Answer({"event": {"payload": SECRET, "eventTimestamp": SECRET}})

    once = RetryPolicy(max_attempts=1)
    async with AsyncMemorySessionManager(MEMORY, transport=transport, retry=once) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(OutcomeUnknownError) as caught:
            await session.add_turns([ConversationalMessage("hello", MessageRole.USER)])

    assert [OutcomeUnknownError, DecodeError] == [type(error) for error in _chain(caught.value)]
