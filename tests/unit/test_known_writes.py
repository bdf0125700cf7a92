"""What is remembered of writes in doubt, and for how many of them."""

from __future__ import annotations

import pytest

from agentcore_memory_async._calls.known_writes import (
    Acknowledgements,
    InDoubtWrites,
)
from agentcore_memory_async._calls.write import Identity, Write, identity_of
from agentcore_memory_async.errors import AnswerMismatchError, InvalidInputError
from agentcore_memory_async.policies import RetryPolicy

POLICY = RetryPolicy()


def write(token: str, size: int = 100) -> Write:
    """Return a frozen write of that size."""
    request = {"clientToken": token, "eventTimestamp": 1.0}
    return Write(request, POLICY, 0.0, identity=Identity(token.encode(), size), in_doubt=True)


def known(writes: InDoubtWrites, tokens: list[str]) -> list[str]:
    """Return those of *tokens* that are remembered."""
    return [token for token in tokens if writes.request_of(token) is not None]


def test_the_last_cancelled_writes_are_remembered() -> None:
    """All are kept at the limit of their number, and the oldest goes one beyond it."""
    writes = InDoubtWrites()
    tokens = [str(number) for number in range(10_000)]
    for token in tokens:
        writes.remember(write(token), cancelled=True)
    assert tokens == known(writes, tokens)
    writes.remember(write("more"), cancelled=True)
    assert [*tokens[1:], "more"] == known(writes, [*tokens, "more"])
    with pytest.raises(InvalidInputError, match="same messages, token and timestamp"):
        writes.get("0")


def test_their_bytes_are_bounded() -> None:
    """All are kept at the limit of their bytes, and the oldest goes one byte beyond it."""
    writes = InDoubtWrites()
    for token in "abcd":
        writes.remember(write(token, 67_108_864 // 4), cancelled=True)
    assert [*"abcd"] == known(writes, [*"abcd"])
    writes.remember(write("d", 67_108_864 // 4), cancelled=True)  # again: counted once
    assert [*"abcd"] == known(writes, [*"abcd"])
    writes.remember(write("e", 1), cancelled=True)
    assert [*"bcde"] == known(writes, [*"abcde"])
    writes.forget(write("b"))
    writes.remember(write("f", 67_108_864 // 2 - 1), cancelled=True)
    assert [*"cdef"] == known(writes, [*"bcdef"])


def test_lost_writes_never_displace_cancelled_ones() -> None:
    """A lost write, whose error has its request, is dropped before any cancelled one."""
    writes = InDoubtWrites()
    tokens = [str(number) for number in range(10_000)]
    for token in tokens[:2]:
        writes.remember(write(token), cancelled=False)
    for token in tokens[2:]:
        writes.remember(write(token), cancelled=True)
    assert tokens == known(writes, tokens)
    writes.remember(write("cancelled"), cancelled=True)
    assert ["1"] == known(writes, tokens[:2])
    writes.remember(write("lost"), cancelled=False)
    writes.remember(write("lost, too"), cancelled=False)
    assert ["lost, too"] == known(writes, [*tokens[:2], "lost", "lost, too"])
    assert [*tokens[2:], "cancelled"] == known(writes, [*tokens[2:], "cancelled"])


def test_the_same_call_has_the_same_identity() -> None:
    """The order of keys makes no difference, and token, content and time do."""
    request = {"clientToken": "t", "payload": [{"json": {"content": {"a": 1, "b": "é"}}}]}
    same = {"payload": [{"json": {"content": {"b": "é", "a": 1}}}], "clientToken": "t"}

    assert identity_of(request, 5) == identity_of(same, 5)
    others = [identity_of(request, None), identity_of(request, 6)]
    others.append(identity_of({**request, "clientToken": "u"}, 5))
    others.append(identity_of({**request, "payload": [{"json": {"content": {"a": 2}}}]}, 5))
    assert identity_of(request, 5) not in others


def acknowledged(token: str, digest: str | None = None) -> Write:
    """Return an acknowledged write; under a caller's token it has a digest."""
    request = {"clientToken": token, "eventTimestamp": 5.0}
    identity = None if digest is None else Identity(digest.encode(), 100)
    return Write(request, POLICY, 0.0, identity=identity)


def test_the_last_1000_events_are_known_by_their_tokens() -> None:
    """All are known at the limit, and one beyond it the oldest could be any write's."""
    known_events = Acknowledgements()
    for number in range(1000):
        known_events.note(str(number), acknowledged(f"t{number}"))
    for number in range(1000):
        known_events.check(str(number), f"t{number}")
        with pytest.raises(AnswerMismatchError):
            known_events.check(str(number), "another")
    known_events.note("more", acknowledged("t"))
    known_events.check("0", "another")
    with pytest.raises(AnswerMismatchError):
        known_events.check("1", "another")


def test_the_times_of_the_last_10000_acknowledged_calls_are_kept() -> None:
    """All are kept at the limit, and the oldest goes one beyond it; others have no time."""
    known_events = Acknowledgements()
    calls = [acknowledged("t", str(number)) for number in range(10_001)]
    for number, call in enumerate(calls[:-1]):
        known_events.note(str(number), call)
    assert {5.0} == {known_events.time_of(call) for call in calls[:-1]}
    known_events.note("more", calls[-1])
    assert [None, 5.0, 5.0] == [known_events.time_of(calls[index]) for index in (0, 1, -1)]
    assert known_events.time_of(acknowledged("t")) is None
