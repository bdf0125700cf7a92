"""Exchanges: what belongs together, and the forms of other APIs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import to_message
from agentcore_memory_async._wire.payloads import turn_messages
from agentcore_memory_async._wire.turns import count_exchanges, exchanges, turns
from agentcore_memory_async.models import (
    ConversationalMessage,
    Event,
    Exchange,
    Exchanges,
    MessageRole,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROLES = {"U": MessageRole.USER, "A": MessageRole.ASSISTANT, "T": MessageRole.TOOL}
ROLES |= {"O": MessageRole.OTHER}


def stored(*messages: ConversationalMessage) -> Event:
    """Return an event with *messages*."""
    return Event("1#a", None, None, messages, NOW, "a", "s")


MESSAGES = st.builds(ConversationalMessage, st.text("ab", min_size=1), st.sampled_from(MessageRole))
EVENTS = st.lists(st.lists(MESSAGES).map(lambda messages: stored(*messages)))


def said(texts: str) -> list[Event]:
    """Return events of one message each, whose texts begin with their roles: ``"U1 A1"``."""
    return [stored(ConversationalMessage(text, ROLES[text[0]])) for text in texts.split()]


def texts(found: Exchanges) -> list[str]:
    """Return the texts of each exchange."""
    return [" ".join(turn.text for turn in exchange.turns) for exchange in found]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("", []),
        ("U1 A1 U2 A2", ["U1 A1", "U2 A2"]),
        ("U1 A1 T1 T2 A2 U2 A3", ["U1 A1 T1 T2 A2", "U2 A3"]),
        ("A0 U1 A1", ["A0", "U1 A1"]),
        ("O0 T0 U1", ["O0 T0", "U1"]),
        ("U1 U2 A2 O2", ["U1", "U2 A2 O2"]),
        ("A0 T0", ["A0 T0"]),
    ],
)
def test_a_message_of_the_user_begins_an_exchange(messages: str, expected: list[str]) -> None:
    """All that follows a message of the user up to the next one belongs to it."""
    assert expected == texts(exchanges(said(messages)))


@given(EVENTS)
def test_no_message_is_lost_and_each_exchange_begins_with_the_user(events: list[Event]) -> None:
    """Joined, exchanges are the conversation, and all but the first begin with the user."""
    found = exchanges(events)
    assert turns(events) == [turn for exchange in found for turn in exchange.turns]
    roles = [[turn.role for turn in exchange.turns] for exchange in found]
    assert all(MessageRole.USER not in each[1:] for each in roles)
    assert all(each[0] is MessageRole.USER for each in roles[1:])


@pytest.mark.parametrize(
    "text",
    ["x" * 100_001, "é" * 51_201, "🎈" * 25_599 + "xxx🎈", "€" * 34_134],
    ids=["characters", "bytes", "balloons", "euros"],
)
def test_the_parts_of_a_long_text_are_one_message(text: str) -> None:
    """What ``record_turn`` splits is one message of one exchange."""
    event = [*turn_messages(text, "A1"), *turn_messages(text[1:], "A2"), *turn_messages("U3", "")]
    assert [3, 2, 1] == [len(exchange.turns) for exchange in exchanges([stored(*event)])]
    assert 3 == count_exchanges(event)
    assert [1, 1] == [len(each.turns) for each in exchanges([stored(event[0]), *said("U4")])]


@given(EVENTS)
def test_exchanges_are_counted_by_their_beginnings(events: list[Event]) -> None:
    """The counts of events are that of their exchanges, less one that the user did not begin."""
    found = exchanges(events)
    greeting = len(found) and found[0].turns[0].role is not MessageRole.USER
    assert len(found) - greeting == sum(count_exchanges(event.messages) for event in events)


def test_exchanges_are_a_sequence() -> None:
    """They have a length, items, slices that are exchanges, and compare; repr shows no text."""
    found = exchanges(said("A0 U1 A1 U2 secret".replace("secret", "Asecret")))
    assert 3 == len(found)
    assert found[1] == Exchange(tuple(turns(said("U1 A1"))))
    assert ["U1 A1", "U2 Asecret"] == texts(found[-2:])
    assert isinstance(found[:0], Exchanges)
    assert not found[:0]
    assert found[0] in found
    assert exchanges([]) == found[:0] != found
    assert "secret" not in repr(found)
    with pytest.raises(IndexError):
        found[3]


def test_openai_has_every_message() -> None:
    """For OpenAI each message stays one, also of one role in a row."""
    found = exchanges(said("A0 U1 T1 A1"))
    assert found.to_openai() == [
        {"role": "assistant", "content": "A0"},
        {"role": "user", "content": "U1"},
        {"role": "user", "content": "T1"},
        {"role": "assistant", "content": "A1"},
    ]
    assert found[1].to_openai() == found.to_openai()[1:]


def test_anthropic_and_converse_alternate_and_begin_with_the_user() -> None:
    """Messages of one role in a row are one, over exchanges too, and a greeting is left out."""
    found = exchanges(said("A0 A1 U1 U2 T2 A2 A3 U3 A4"))
    roles = ["user", "assistant", "user", "assistant"]
    heard = [["U1", "U2", "T2"], ["A2", "A3"], ["U3"], ["A4"]]
    assert found.to_converse() == [
        {"role": role, "content": [{"text": text} for text in each]}
        for role, each in zip(roles, heard, strict=True)
    ]
    assert found.to_anthropic() == [
        {"role": "user", "content": [{"type": "text", "text": text} for text in heard[0]]},
        {"role": "assistant", "content": [{"type": "text", "text": text} for text in heard[1]]},
        {"role": "user", "content": "U3"},
        {"role": "assistant", "content": "A4"},
    ]
    assert [] == found[0].to_anthropic() == found[0].to_converse()
    assert found[-1].to_anthropic() == [turn.to_anthropic() for turn in turns(said("U3 A4"))]
    assert found[-1].to_converse() == [turn.to_converse() for turn in turns(said("U3 A4"))]


@given(EVENTS)
def test_every_form_says_the_conversation(events: list[Event]) -> None:
    """What the forms hold, read back, is what was said, less a greeting where none may be."""
    found = exchanges(events)
    role_of = {MessageRole.ASSISTANT: "assistant"}
    heard = [(role_of.get(turn.role, "user"), turn.text) for turn in turns(events)]
    users = [at for at, (role, _) in enumerate(heard) if role == "user"]
    heard_by_user = heard[users[0] :] if users else []
    assert heard == [(each["role"], each["content"]) for each in found.to_openai()]
    forms: list[list[Any]] = [found.to_anthropic(), found.to_converse()]
    for messages in forms:
        roles = [each["role"] for each in messages]
        assert ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2) == roles
        parts = [
            (each["role"], text["text"])
            for each in messages
            for text in (
                each["content"]
                if isinstance(each["content"], list)
                else [{"text": each["content"]}]
            )
        ]
        assert heard_by_user == parts
        assert "".join(text for _, text in parts) == "".join(
            to_message(each).text for each in messages
        )
