"""What is new, and when it is enough: a small state machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agentcore_memory_async._observation import Observation
from agentcore_memory_async.models import MemoryRecord

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int) -> MemoryRecord:
    """Make a record that is younger, the higher its number."""
    return MemoryRecord(
        "/facts/a/", "fact", None, START + timedelta(seconds=number), f"mem-{number}"
    )


class Looking(RuleBasedStateMachine):
    """The service writes and removes records while a poller looks now and then."""

    @initialize(
        least=st.integers(1, 3), settle_s=st.sampled_from([0.0, 3.0]), old=st.integers(0, 3)
    )
    def begin(self, least: int, settle_s: float, old: int) -> None:
        """Take the baseline."""
        self.least, self.settle_s = least, settle_s
        self.there = {number: record(number) for number in range(old)}
        self.known = set(self.there)
        self.found: list[str] = []
        self.now = self.last_new_at = 0.0
        self.next_number = old
        self.observation = Observation(least, settle_s)
        self.observation.start(self.there.values())

    @rule(count=st.integers(1, 3))
    def write(self, count: int) -> None:
        """The service learns something."""
        for _ in range(count):
            self.there[self.next_number] = record(self.next_number)
            self.next_number += 1

    @rule(chance=st.randoms(use_true_random=False))
    def remove(self, chance: object) -> None:
        """Consolidation removes one, or a list lags: it may come back."""
        if self.there:
            del self.there[chance.choice(sorted(self.there))]  # type: ignore[attr-defined]

    @rule(seconds=st.floats(0.5, 2), chance=st.randoms(use_true_random=False))
    def look(self, seconds: float, chance: object) -> None:
        """Look: new is what was never seen, oldest first, whatever the order of the list."""
        self.now += seconds
        listed = list(self.there.values())
        chance.shuffle(listed)  # type: ignore[attr-defined]
        expected = [f"mem-{number}" for number in sorted(set(self.there) - self.known)]
        self.known |= set(self.there)
        if expected:
            self.last_new_at = self.now
        self.found += expected

        new = self.observation.look(listed, self.now)

        assert expected == [each.memory_record_id for each in new]

    @invariant()
    def verdict(self) -> None:
        """Enough is enough records and enough silence."""
        assert self.found == [each.memory_record_id for each in self.observation.new]
        enough = len(self.found) >= self.least and self.now - self.last_new_at >= self.settle_s
        assert enough == self.observation.is_enough(self.now)


TestLooking = Looking.TestCase


def test_a_record_listed_twice_is_one() -> None:
    """Pages that shift while they are read may list a record twice."""
    observation = Observation(1, 0.0)
    observation.start([])

    assert observation.look([record(1), record(1)], 1.0) == [record(1)]
