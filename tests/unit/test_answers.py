"""Answers of success that are none: told apart by whether asking again may help."""

from __future__ import annotations

import pytest

from agentcore_memory_async import DecodeError
from agentcore_memory_async._transport.base import SendState
from agentcore_memory_async._transport.capture import ResponseCapture, decode


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
