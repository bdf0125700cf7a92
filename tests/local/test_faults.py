"""Faults that happen to some requests: by chance, or beyond a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async.local import Fault, ManualClock
from agentcore_memory_async.local.faults import Faults
from tests.local.test_admin import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client


def met(fault: Fault, requests: int) -> list[bool]:
    """Return which of so many requests meet a fault."""
    faults = Faults(ManualClock())
    faults.add(fault)
    return [faults.take("CreateEvent") != [] for _ in range(requests)]


@given(st.floats(0.02, 1), st.integers())
def test_a_fault_by_chance_happens_as_often_as_it_is_to(probability: float, seed: int) -> None:
    """Its share is that of the probability, and its draws are the same in every run."""
    first = met(Fault("error", probability=probability, seed=seed), 2_000)
    assert first == met(Fault("error", probability=probability, seed=seed), 2_000)
    deviation = (probability * (1 - probability) / 2_000) ** 0.5
    assert abs(sum(first) / 2_000 - probability) <= 6 * deviation


def test_other_seeds_draw_otherwise() -> None:
    """Two seeds are two sequences."""
    runs = {tuple(met(Fault("error", probability=0.5, seed=seed), 100)) for seed in range(20)}
    assert len(runs) == 20


def test_what_a_fault_spares_meets_the_next_one() -> None:
    """A request that one fault spares by chance meets the fault behind it."""
    faults = Faults(ManualClock())
    rare = faults.add(Fault("error", probability=0.2))
    other = faults.add(Fault("empty-body"))
    taken = [faults.take("ListActors") for _ in range(500)]
    assert all(len(each) == 1 for each in taken)
    assert rare.met + other.met == 500
    assert 0 < rare.met < other.met


def test_times_counts_what_happened() -> None:
    """A fault by chance ends once it has happened so many times, not once it could have."""
    fault = Fault("error", times=3, probability=0.1)
    assert sum(met(fault, 1_000)) == fault.met == 3
    assert fault.over


@given(st.floats(0.1, 50), st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_what_is_beyond_the_rate_fails(rate: float, pauses: list[float]) -> None:
    """In no time do more pass than the rate and one burst; a request after a pause passes."""
    clock = ManualClock(0.0)
    faults = Faults(clock)
    faults.add(Fault("error", rate=rate))
    passed: list[float] = []
    for number, pause in enumerate(pauses):
        clock.advance(pause)
        spared = not faults.take("CreateEvent")
        assert spared or (number and pause < 1 / rate + 1e-6)
        if spared:
            passed.append(clock.now())
    burst = max(rate, 1.0)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + rate * (passed[last] - start) + 1e-6


async def test_both_by_http(serve: Callable[..., Any]) -> None:
    """The members of a request say how often, and the answer shows it."""
    async with serve(admin=True) as client:
        await _throttle(client)
        await ask(client, "DELETE", "faults")
        made = await ask(client, "POST", "faults", probability=0.25, seed=7)
        assert made.body["fault"]["probability"] == 0.25
        assert made.body["fault"]["seed"] == 7
        statuses = [(await client.call("POST", "actors")).status for _ in range(100)]
        assert set(statuses) == {200, 500}
        expected = met(Fault("error", probability=0.25, seed=7), 100)
        assert [status == 500 for status in statuses] == expected


async def _throttle(client: Client) -> None:
    await ask(client, "POST", "faults", code="ThrottledException", rate=2)
    statuses = [(await client.call("POST", "actors")).status for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    client.clock.advance(0.5)
    assert (await client.call("POST", "actors")).status == 200
    assert (await client.call("POST", "actors")).status == 429


async def test_jobs_fail_by_chance(client: Client) -> None:
    """Some jobs fail, and the others have their records."""
    fault = client.service.fail_extraction(strategy="facts", probability=0.5)
    for number in range(12):
        await client.create("I live in Turin.", session=f"s{number}", actor=f"a{number}")
    await client.service.drain()
    assert 0 < fault.met < 12


@pytest.mark.parametrize(
    "members",
    [
        {"probability": 0},
        {"probability": 1.01},
        {"probability": -0.5},
        {"probability": True},
        {"probability": "often"},
        {"rate": 0},
        {"rate": -1},
        {"rate": 1e9},
        {"rate": "fast"},
        {"seed": 0.5},
        {"seed": "seven"},
    ],
)
async def test_how_often_is_checked(serve: Callable[..., Any], members: dict[str, Any]) -> None:
    """In process it is a ValueError, over HTTP a ValidationException; each names the member."""
    [name] = members
    with pytest.raises(ValueError, match=f"^{name} is"):
        Fault("error", **members)
    async with serve(admin=True) as client:
        reply = await ask(client, "POST", "faults", **members)
        assert (reply.status, reply.code) == (400, "ValidationException")
        assert name in reply.body["message"]
        assert (await client.call("POST", "actors")).status == 200
