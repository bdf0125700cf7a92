"""Bounds of the guarantees under load; ``python -m tests.simulation.figures`` measures them."""

from __future__ import annotations

import pytest

from tests.simulation import figures, partial_failures


def test_a_buffer_outlives_an_outage() -> None:
    """P8: an outage of 60 s loses none of 5,000 messages, and the number pending is bounded."""
    found = figures.run(figures.buffered, 1)

    assert 0 == found["lost, doubled or out of order"]
    assert found["most pending"] <= 1000


@pytest.mark.parametrize("kind", ["refused", "500", "429"])
def test_an_outage_is_not_made_worse(kind: str) -> None:
    """P11: 50 tasks send at most 1.2 requests a call, and after 5 s at most 10 a second."""
    found = figures.run(lambda seed: figures.outage(seed, kind), 1)

    assert found["requests per call"] <= 1.2
    assert found["requests in a second after 5 s"] <= 10


def test_after_an_outage_calls_go_through() -> None:
    """Calls that waited through an outage succeed within 8 s of its end."""
    assert figures.run(figures.recovery, 1)["last call, s after it"] <= 8


@pytest.mark.parametrize("latency", ["5 ms", "50 to 200 ms", "400 to 600 ms"])
@pytest.mark.parametrize("limit", figures.LIMITS)
def test_throttled_writes_all_get_through(limit: str, latency: str) -> None:
    """P12: 300 calls of 50 writers all succeed, near the service's limit and with few retries."""
    found = figures.run(lambda seed: figures.throttled(seed, limit, latency), 1)

    assert 0 == found["failed"]
    assert found["requests per call"] <= 1.15
    # A service without burst capacity refuses requests that the network shifts by milliseconds.
    # A steady 16 a second, known in advance, would reach 15 and 11 there, at up to 1.5 requests a
    # call.
    unsteady = limit == "bursts of 1" and latency != "5 ms"
    assert found["calls per second"] >= (7 if unsteady else 16.5)


def test_a_throttled_operation_leaves_others_alone() -> None:
    """P13: while all searches are throttled, create_event takes at most 1.2 times as long."""
    assert figures.run(figures.starved, 1)["p99 over baseline"] <= 1.2


def test_a_throttled_session_leaves_others_alone() -> None:
    """P13: beside a session that is always throttled, others take at most 1.2 times as long."""
    assert figures.run(figures.crowded, 1)["p99 over baseline"] <= 1.2


def test_a_session_is_paced() -> None:
    """P14: 20 tasks on one session use its limit without being throttled."""
    found = figures.run(figures.paced, 1)

    assert 0 == found["throttled after the first second"]
    assert found["calls per second"] >= 4.5


def test_own_writes_are_read() -> None:
    """A list by type is always correct, although the service's filter lags by 30 s."""
    assert 0 == figures.run(figures.own_writes, 1)["wrong lists of 100"]


MOST_PER_S = 250
"""Goodput that 50 sessions cannot exceed, since each is paced to 5 writes a second."""


@pytest.mark.parametrize(
    ("share", "kind"),
    [(0.1, "500"), (0.3, "reset"), (0.35, "500"), (0.4, "refused"), (0.5, "cut"), (0.6, "500")],
)
def test_partial_failure_does_not_stop_the_traffic(share: float, kind: str) -> None:
    """P29: if a share of requests fails at random, the others bring their share of the goodput."""
    found = figures.run(lambda seed: partial_failures.goodput(seed, share, kind), 1)

    assert 0 == found["failed"]
    assert found["calls per second"] >= 0.7 * (1 - share) * MOST_PER_S


def test_readers_go_on_through_partial_failure() -> None:
    """P29: so do reads, which no limit of a session paces."""
    healthy, failing = (
        figures.run(lambda seed: partial_failures.goodput(seed, share, reading=True), 1)  # noqa: B023
        for share in (0.0, 0.5)
    )

    assert failing["calls per second"] >= 0.7 * 0.5 * healthy["calls per second"]


@pytest.mark.parametrize(
    ("kind", "tasks"),
    [("500", 10), ("500", 200), ("reset", 50), ("refused", 50), ("timeout", 50), ("cut", 50)],
)
def test_an_outage_after_good_times_is_not_made_worse(kind: str, tasks: int) -> None:
    """P11: also with a window that is open, few tasks and many, and over 100 calls or more."""
    found = figures.run(lambda seed: partial_failures.outage(seed, kind, tasks), 1)

    assert found["calls"] >= 100
    assert found["requests per call"] <= 1.2


def test_a_failing_and_throttling_service_is_used_at_its_limit() -> None:
    """P12 and P29 together: 30 % fail, and the service takes 40 requests a second."""
    found = figures.run(lambda seed: partial_failures.goodput(seed, 0.3, per_s=40), 1)

    assert 0 == found["failed"]
    assert found["calls per second"] >= 0.7 * 0.7 * 40


@pytest.mark.parametrize("share", partial_failures.CHANGING)
def test_calls_go_on_while_the_share_of_failures_changes(share: str) -> None:
    """Flapping, and a gradual outage with its end, bring at least half of what the share allows."""
    found = figures.run(lambda seed: partial_failures.changing(seed, share), 1)

    assert found["of the ideal"] >= 0.5


@pytest.mark.parametrize("lasted_s", [1, 3, 20, 60])
def test_after_an_outage_the_goodput_is_back(lasted_s: int) -> None:
    """A probe succeeds within 5 s of an outage's end, and everything goes on at once."""
    found = figures.run(lambda seed: partial_failures.recovery(seed, lasted_s), 1)

    assert found["back after, s"] <= min(5.5, 1 + lasted_s)


def test_a_request_that_always_fails_is_not_hammered() -> None:
    """While all others succeed, a call that never does makes two or three requests a second."""
    found = figures.run(partial_failures.poison, 1)

    assert found["requests of the call"] <= 75
