"""Conversations and records as lines of JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import Conversation, HistoryRecord, InvalidInputError
from agentcore_memory_async.transfer import history_from_json, history_to_json
from tests.unit.test_models import MODELS

TIME = "2026-01-01T00:00:00+00:00"
SAID: dict[str, Any] = {"text": "CANARY", "role": "USER", "timestamp": TIME}
CONVERSATION: dict[str, Any] = {"actor_id": "anna", "session_id": "s1", "messages": [SAID]}
RECORD: dict[str, Any] = {"namespace": "/facts/anna/", "content": "CANARY", "timestamp": TIME}


@given(MODELS[Conversation] | MODELS[HistoryRecord])
def test_a_line_is_read_as_what_it_was(item: Conversation | HistoryRecord) -> None:
    """Branches, every kind of data, metadata and times come back equal, from one line."""
    line = history_to_json(item)
    assert "\n" not in line
    assert history_from_json(line) == item


@given(MODELS[HistoryRecord] | st.just(None))
def test_a_line_is_the_data_of_to_dict_where_that_is_whole(item: Any) -> None:
    """What only has texts in its metadata is the same as by ``to_dict``."""
    item = item or history_from_json(json.dumps(CONVERSATION))
    metadata = getattr(item, "metadata", {})
    if all(isinstance(value, str) for value in metadata.values()):
        assert json.loads(history_to_json(item)) == item.to_dict()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "not JSON"),
        ('{"actor_id": ', "not JSON"),
        ("[]", "the line is no JSON object"),
        (json.dumps({"actor_id": "anna"}), "neither messages nor a namespace"),
        (json.dumps({**CONVERSATION, "actor_id": 7}), "actor_id is int"),
        (json.dumps({**CONVERSATION, "messages": None}), "messages is NoneType"),
        (json.dumps({**CONVERSATION, "messages": ["CANARY"]}), r"messages\[0\] is no JSON object"),
        (json.dumps({**CONVERSATION, "CANARY": 1}), "the line has 1 unknown members"),
        (json.dumps({"messages": [SAID], "actor_id": "anna"}), "session_id is missing"),
        *(
            (json.dumps({**CONVERSATION, "messages": [SAID, message]}), rf"messages\[1\]{named}")
            for message, named in (
                ({**SAID, "role": "robot"}, ".role is str and names no role"),
                ({**SAID, "timestamp": "yesterday"}, ".timestamp is no time"),
                ({**SAID, "more": 1}, " has 1 unknown members"),
                ({"items": [{"content": 1}], "timestamp": TIME}, r".items\[0\].text is missing"),
                ({"items": [], "timestamp": TIME, "root": True}, ".root is bool"),
                ({"items": [], "timestamp": TIME, "metadata": {"a": 1}}, ".metadata has a value"),
            )
        ),
        (json.dumps({**RECORD, "timestamp": None}), "timestamp is NoneType"),
        (json.dumps({**RECORD, "expires_at": 7}), "expires_at is int"),
        (json.dumps({**RECORD, "metadata": {"a": True}}), "metadata has a value"),
        (json.dumps({**RECORD, "metadata": {"a": {"time": 1}}}), "metadata.time is int"),
    ],
)
def test_what_is_wrong_is_named_without_content(line: str, named: str) -> None:
    """The error says which member is wrong."""
    with pytest.raises(InvalidInputError, match=named) as caught:
        history_from_json(line)
    assert "CANARY" not in str(caught.value)
