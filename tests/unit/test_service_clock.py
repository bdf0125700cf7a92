"""The service's clock: what answers tell of it, and when a write was sent first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentcore_memory_async._calls.service_clock import ServiceClock
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async.testing import FakeTransport

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def answer(date: datetime | None, delay_s: float | None = None) -> Answer:
    """Return an answer of that date."""
    return Answer(body={}, date=date, extraction_delay_s=delay_s)


def test_the_last_1000_writes_are_known_by_their_tokens() -> None:
    """All are known at the limit, and one beyond it the first is new again."""
    clock = ServiceClock()
    for number in range(1000):
        assert clock.sending(str(number), float(number)) is None
    assert [0.0, 999.0] == [clock.sending(token, 5000.0) for token in ("0", "999")]
    assert clock.sending("more", 5000.0) is None
    assert 1.0 == clock.sending("1", 5000.0)
    assert clock.sending("0", 6000.0) is None


def test_a_write_that_was_not_taken_is_new_again() -> None:
    """A read has no token, and is always new."""
    clock = ServiceClock()
    clock.sending("t", 1.0)
    clock.not_taken("t")
    clock.not_taken("unknown")
    clock.not_taken(None)

    assert [None, None] == [clock.sending(None, at) for at in (1.0, 2.0)]
    assert [None, 3.0] == [clock.sending("t", at) for at in (3.0, 4.0)]


def test_the_clock_goes_on_from_the_last_date() -> None:
    """An answer without a date changes nothing of it, and tells the delay that it has."""
    clock = ServiceClock()
    assert clock.at(1.0) is None
    clock.answered(answer(NOON, 0.5), 10.0, 10.0)
    clock.answered(answer(None), 11.0, 11.0)

    assert NOON + timedelta(seconds=2.5) == clock.at(12.5)
    assert clock.extraction_delay_s is None


@pytest.mark.parametrize(("waited_s", "moved_s"), [(0.0, 0), (0.999, 0), (1.0, 1), (7.5, 7)])
def test_an_answer_is_dated_to_when_its_request_was_sent_first(
    waited_s: float, moved_s: int
) -> None:
    """Dates have whole seconds, so only whole seconds are taken off."""
    dated = ServiceClock().answered(answer(NOON), 10.0, 10.0 + waited_s)

    assert NOON - timedelta(seconds=moved_s) == dated.date


async def test_the_clock_of_a_fake_transport_stands_still() -> None:
    """Its answers are of the first moment of 2026 in UTC, unless a test sets another."""
    transport = FakeTransport()
    dates = [(await transport("ListEvents", {})).date for _ in range(2)]

    assert [datetime(2026, 1, 1, tzinfo=UTC)] * 2 == dates
