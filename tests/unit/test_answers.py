"""Answers of success that are none: told apart by whether asking again may help."""

from __future__ import annotations

import pytest

from agentcore_memory_async import DecodeError
from agentcore_memory_async._transport.base import (
    SendState,
    current_send_state,
    track_send_state,
)
from agentcore_memory_async._transport.capture import (
    ResponseCapture,
    capturing,
    current_operation,
    decode,
)


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b"", False),
        (b"<html>", False),
        (b'{"events": [', False),
        (b'{"a": ' * 100_000, False),
        (b"[]", True),
        (b"null", True),
        (b"7", True),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_object_is_an_error(body: bytes, parsed: bool) -> None:
    """JSON of another shape would come again; what does not parse may have been cut off."""
    capture = ResponseCapture("ListEvents", SendState(), status=200, body=body)
    with pytest.raises(DecodeError) as caught:
        decode("ListEvents", capture)
    assert parsed == caught.value.parsed


def test_what_is_noted_of_a_call_is_of_that_call() -> None:
    """After it, and beside it, a task notes nothing in its state."""
    outer, inner = SendState(), SendState()
    with track_send_state(outer):
        with track_send_state(inner):
            assert inner is current_send_state()
        assert outer is current_send_state()
    assert outer is not current_send_state()
    with capturing(ResponseCapture("ListEvents", outer)):
        assert "ListEvents" == current_operation()
    assert "opening" == current_operation()


def test_a_transport_that_tells_nothing_may_have_sent() -> None:
    """On a new connection, and nobody knows how often."""
    state = SendState()
    assert (True, False, 0) == (state.sent, state.is_kept, state.times_sent)
