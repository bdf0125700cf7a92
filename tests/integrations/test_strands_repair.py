"""Histories that were cut off, as a model takes them: as Strands itself makes them."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

pytest.importorskip("strands")

from hypothesis import example, given
from hypothesis import strategies as st
from strands.session import RepositorySessionManager

from agentcore_memory_async.integrations.strands._history import repaired


def block(kind: str, tool_use_id: str) -> Any:
    """Return a block of a message."""
    return {
        "text": {"text": tool_use_id},
        "call": {"toolUse": {"toolUseId": tool_use_id, "name": "look", "input": {}}},
        "result": {"toolResult": {"toolUseId": tool_use_id, "content": [{"text": "seen"}]}},
    }[kind]


IDS = st.sampled_from(["a", "b", "c"])
USER = st.lists(st.builds(block, st.sampled_from(["text", "result"]), IDS), min_size=1, max_size=3)
ASSISTANT = st.lists(
    st.builds(block, st.sampled_from(["text", "call"]), IDS), min_size=1, max_size=3
)
MESSAGES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.just("user"), "content": USER}),
        st.fixed_dictionaries({"role": st.just("assistant"), "content": ASSISTANT}),
    ),
    max_size=6,
)


def has_equal_ids(message: Any) -> bool:
    """Return whether a message has two calls or two results of one id, which models never make."""
    for kind in ("toolUse", "toolResult"):
        ids = [each[kind]["toolUseId"] for each in message["content"] if kind in each]
        if len(ids) != len(set(ids)):
            return True
    return False


@given(MESSAGES)
@example([{"role": "user", "content": [block("result", "a")]}])
def test_it_is_what_strands_makes_of_it(messages: list[Any]) -> None:
    """Missing results are added, others' removed, and the last call is left open."""
    messages = [message for message in messages if not has_equal_ids(message)]
    strands = cast("Any", RepositorySessionManager)._fix_broken_tool_use
    wanted = strands(None, copy.deepcopy(messages))
    before = copy.deepcopy(messages)
    found = repaired(messages)
    assert before == messages
    assert [(message["role"], message["content"]) for message in wanted] == [
        (message["role"], message["content"]) for message in found
    ]
    assert wanted == [] or repaired(found) == found
