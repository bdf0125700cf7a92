"""Observation of records: new ones, updates, completion, and relevant failed jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest
from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agentcore_memory_async._extraction.failed_jobs import FailedJobs
from agentcore_memory_async._extraction.lister import CreatedFilter
from agentcore_memory_async._extraction.observation import Observation
from agentcore_memory_async._extraction.targets import (
    JobSnapshot,
    JobTarget,
    RecordTarget,
    Snapshot,
)
from agentcore_memory_async._wire import queries
from agentcore_memory_async._wire.filters import encode_filters
from agentcore_memory_async.models import ExtractionJob, ExtractionJobMessage, MemoryRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = RecordTarget("/facts/a/")
TARGETS = (FACTS, RecordTarget("/preferences/a/", None, 1))


def record(number: float, namespace: str = "/facts/a/", **members: Any) -> MemoryRecord:
    """Return a record; a higher *number* is newer."""
    at = START + timedelta(seconds=number)
    return MemoryRecord(namespace, "fact", None, at, f"mem-{number:g}", **members)


def snapshot(at: float, *numbers: float, after: float | None = None) -> Snapshot:
    """Return the result of a poll at *at*."""
    moment = None if after is None else START + timedelta(seconds=after)
    return Snapshot([record(number) for number in numbers], at, moment)


def ids(records: list[MemoryRecord]) -> list[str]:
    """Return the ids of *records*."""
    return [each.memory_record_id for each in records]


class Polling(RuleBasedStateMachine):
    """A service that writes, replaces and hides records while a poller polls."""

    @initialize(
        least=st.integers(1, 3), settle_s=st.sampled_from([0.0, 3.0]), old=st.integers(0, 3)
    )
    def begin(self, least: int, settle_s: float, old: int) -> None:
        """Take the baseline."""
        self.least, self.settle_s = least, settle_s
        self.there = set(range(old))
        self.known = set(self.there)
        self.found: list[str] = []
        self.now = self.last_new_at = 0.0
        self.next_number = old
        self.observation = Observation([FACTS], least, settle_s)
        self.observation.add(FACTS, snapshot(0.0, *self.there))

    @rule(count=st.integers(1, 3))
    def write(self, count: int) -> None:
        """Write new records."""
        for _ in range(count):
            self.there.add(self.next_number)
            self.next_number += 1

    @rule(chance=st.randoms(use_true_random=False))
    def remove(self, chance: object) -> None:
        """Remove a record, as consolidation does."""
        if self.there:
            self.there.remove(chance.choice(sorted(self.there)))  # type: ignore[attr-defined]

    # Quarters of a second add up without rounding, so model and code agree on when silence ends.
    @rule(
        seconds=st.integers(2, 8).map(lambda quarters: quarters / 4),
        chance=st.randoms(use_true_random=False),
    )
    def poll(self, seconds: float, chance: object) -> None:
        """
        Check that new records are those never seen, oldest first, whatever the order of
        the list.
        """
        self.now += seconds
        listed = list(self.there)
        chance.shuffle(listed)  # type: ignore[attr-defined]
        expected = sorted(self.there - self.known)
        self.known |= self.there
        if expected:
            self.last_new_at = self.now
        self.found += [f"mem-{number}" for number in expected]
        self.observation.add(FACTS, snapshot(self.now, *listed))
        self.observation.add(FACTS, snapshot(self.now, *listed))

    @invariant()
    def verdict(self) -> None:
        """Check that the wait ends with enough current records after enough silence."""
        assert self.found == ids(self.observation.new)
        current = ids(self.observation.current)
        gone = set(ids(self.observation.replaced))
        assert [each for each in self.found if each not in gone] == current
        assert set(ids(self.observation.updates)) <= set(self.found)
        silent = not self.settle_s or self.now - self.last_new_at >= self.settle_s
        assert (len(current) >= self.least and silent) == self.observation.is_enough()


TestPolling = Polling.TestCase


def test_a_record_listed_twice_is_one() -> None:
    """A record that is listed twice because pages shifted counts once."""
    observation = Observation([FACTS])
    observation.add(FACTS, snapshot(0.0))
    observation.add(FACTS, snapshot(1.0, 1, 1))

    assert ids(observation.new) == ["mem-1"]


def test_a_new_record_that_replaces_an_old_one_is_an_update() -> None:
    """
    A new id that replaces an old one is an update, whether one poll shows both
    changes or two do.
    """
    for polls in ([(2,)], [(1, 2), (2,)]):
        observation = Observation([FACTS])
        observation.add(FACTS, snapshot(0.0, 1))
        for at, numbers in enumerate(polls, 1):
            observation.add(FACTS, snapshot(float(at), *numbers))
        assert ids(observation.replaced) == ["mem-1"]
        assert ids(observation.updates) == ["mem-2"]
        assert ids(observation.current) == ["mem-2"]


def test_of_records_written_together_the_last_one_seen_is_the_update() -> None:
    """A record that went gives way to the newest one, and of equal ones to the last."""
    observation = Observation([FACTS])
    observation.add(FACTS, snapshot(0.0, 1))
    together = [evolve(record(5), memory_record_id=name) for name in ("first", "last")]
    observation.add(FACTS, Snapshot([*together, record(3)], 1.0))

    assert ["last"] == ids(observation.updates)


@pytest.mark.parametrize("event_id", ["new#1", "#1", "", "²#1", "٣#1"])
def test_a_job_of_an_event_without_a_time_is_older_than_any_event(event_id: str) -> None:
    """Foreign ids of events begin with no time in ASCII digits."""
    jobs = FailedJobs(JobTarget("a", "s"), "0000000000000000001#aa")
    jobs.add(JobSnapshot([job(1, event_id)], 1.0))

    assert [] == jobs.failed


def test_a_replaced_record_is_not_counted_twice() -> None:
    """
    A new record that was replaced counts once, and one that a list omits for a
    while still counts.
    """
    observation = Observation([FACTS], 2)
    observation.add(FACTS, snapshot(0.0))
    observation.add(FACTS, snapshot(1.0, 5))
    observation.add(FACTS, snapshot(2.0))
    assert ids(observation.current) == ["mem-5"]
    observation.add(FACTS, snapshot(3.0, 6))
    assert (ids(observation.current), observation.is_enough()) == (["mem-6"], False)
    observation.add(FACTS, snapshot(4.0, 5, 6))
    assert (ids(observation.current), observation.is_enough()) == (["mem-5", "mem-6"], True)


def test_another_namespace_or_strategy_replaces_nothing() -> None:
    """A record of another namespace or strategy is not an update."""
    everything = RecordTarget("/")
    observation = Observation([everything])
    observation.add(everything, Snapshot([record(1), record(2, memory_strategy_id="s1")], 0.0))
    new = [record(3, "/summaries/a/s/"), record(4, memory_strategy_id="s2")]
    observation.add(everything, Snapshot(new, 1.0))

    assert (observation.replaced, len(observation.current)) == ([], 2)


def test_filtered_polls_judge_only_what_they_can_list() -> None:
    """An old record that the filter excludes does not count as removed."""
    observation = Observation([FACTS])
    observation.add(FACTS, snapshot(0.0, 1))
    observation.add(FACTS, snapshot(1.0, 10, after=5))

    assert (ids(observation.current), observation.replaced) == (["mem-10"], [])


def test_with_a_start_time_no_baseline_is_needed() -> None:
    """With a start time only records written later are new."""
    observation = Observation([FACTS], after=START + timedelta(seconds=5))
    assert observation.has_baseline
    observation.add(FACTS, snapshot(0.0, 4, 5, 6))

    assert ids(observation.current) == ["mem-6"]


def test_a_record_that_lagged_behind_the_baseline_is_old() -> None:
    """
    A record written before the baseline but listed later is old, unless clocks
    can't be compared.
    """
    for age_s, expected in ((60.0, 0), (3600.0, 1)):
        observation = Observation([FACTS])
        service_time = START + timedelta(seconds=age_s)
        observation.add(FACTS, Snapshot([], 0.0, None, service_time))
        observation.add(FACTS, snapshot(1.0, 0))
        assert expected == len(observation.current)


@pytest.mark.parametrize(
    ("number", "is_new"), [(398.0, True), (398.001, False), (998.0, False), (998.001, True)]
)
def test_a_record_may_lag_by_ten_minutes_and_clocks_be_two_seconds_apart(
    number: float, is_new: bool
) -> None:
    """What first shows after a baseline at second 1000 is new if neither explains it."""
    observation = Observation([FACTS])
    observation.add(FACTS, Snapshot([], 0.0, None, START + timedelta(seconds=1000)))
    observation.add(FACTS, snapshot(1.0, number))

    assert is_new == bool(observation.new)


def test_only_a_long_baseline_is_filtered_by_time() -> None:
    """A list that fits on one page is read whole, and then shows which records went."""
    observation = Observation([FACTS])
    old = [record(number) for number in range(3)]
    observation.add(FACTS, Snapshot(old, 0.0, None, START + timedelta(seconds=10)))

    assert observation.filter_after(FACTS, 3) is None
    assert START + timedelta(seconds=8) == observation.filter_after(FACTS, 2)
    since = Observation([FACTS], after=START)
    assert START == since.filter_after(FACTS, 3)


def test_every_third_poll_goes_without_a_filter_that_is_not_proven() -> None:
    """A record that it lists proves it, and one more than a second too old refutes it."""
    created_filter = CreatedFilter()
    later = START + timedelta(seconds=5)
    choices = [created_filter.choose([later, START], number) for number in range(1, 8)]
    assert [START, START, None, START, START, None, START] == choices
    assert created_filter.choose([START, None], 1) is None
    created_filter.judge(START, [])
    assert created_filter.choose([START], 3) is None
    created_filter.judge(START, [record(-1)])
    assert [START, START] == [created_filter.choose([START], number) for number in (3, 6)]
    created_filter.judge(START, [record(9), record(-1.001)])
    assert created_filter.choose([START], 1) is None


def test_a_filter_by_time_has_milliseconds() -> None:
    """The service's own times have no more; floored, it leaves no record out."""
    after = queries.created_after(START + timedelta(microseconds=1_234_567))
    [sent] = encode_filters([after])

    assert START.timestamp() + 1.234 == sent["right"]["metadataValue"]["dateTimeValue"]


def test_each_target_has_its_own_minimum() -> None:
    """Each target needs its own minimum of records."""
    observation = Observation(TARGETS)
    for target in TARGETS:
        observation.add(target, Snapshot([], 0.0))
    observation.add(FACTS, snapshot(1.0, 1, 2))
    assert not observation.is_enough()
    observation.add(TARGETS[1], Snapshot([record(3, "/preferences/a/")], 1.0))
    assert observation.is_enough()


def test_each_other_target_is_polled_once_more() -> None:
    """
    Once there is enough, a poll of another target counts only if it began after the answer that
    showed it; what it shows is new, and does not prolong the wait.
    """
    other = RecordTarget("/preferences/a/")
    observation = Observation([FACTS, other])
    for target in (FACTS, other):
        observation.add(target, Snapshot([], 0.0))
    observation.add(FACTS, Snapshot([record(1)], 5.0, ended_at=6.0))
    assert (observation.needed_at(FACTS), observation.needed_at(other)) == (inf, 6.0)
    observation.add(other, Snapshot([record(2, other.prefix)], 5.9, ended_at=6.9))
    assert (observation.is_enough(), observation.is_enough(confirmed=False)) == (False, True)
    both = [record(2, other.prefix), record(3, other.prefix)]
    observation.add(other, Snapshot(both, 7.0, ended_at=8.0))
    assert (observation.is_enough(), len(observation.current)) == (True, 3)


def test_what_is_no_longer_enough_is_confirmed_anew() -> None:
    """A target that was polled since counts no more once there were too few records meanwhile."""
    other = RecordTarget("/preferences/a/")
    observation = Observation([FACTS, other], 2)
    for target in (FACTS, other):
        observation.add(target, Snapshot([], 0.0))
    observation.add(FACTS, snapshot(1.0, 1, 2))
    assert observation.needed_at(other) == 1.0
    observation.add(FACTS, snapshot(2.0, 3))  # one record in place of two
    assert observation.needed_at(other) == inf
    observation.add(other, Snapshot([], 3.0))
    assert not observation.is_enough()
    observation.add(FACTS, snapshot(4.0, 3, 4))
    assert (observation.needed_at(other), observation.is_enough()) == (4.0, False)


def test_until_judges_the_current_records() -> None:
    """``until`` is called once per poll and decides on the current records."""
    asked: list[int] = []

    def until(records: list[MemoryRecord]) -> bool:
        asked.append(len(records))
        return len(records) == 2

    observation = Observation([FACTS], 1, 0.0, until)
    observation.add(FACTS, snapshot(0.0))
    observation.add(FACTS, snapshot(1.0, 1))
    assert (observation.is_enough(), observation.is_enough()) == (False, False)
    observation.add(FACTS, snapshot(2.0, 1, 2))
    assert observation.is_enough()
    assert asked == [1, 2]


def test_silence_is_measured_from_the_last_new_record() -> None:
    """The quiet period begins with the poll that showed the last new record."""
    observation = Observation([FACTS], 1, 10.0)
    observation.add(FACTS, snapshot(0.0))
    assert observation.needed_at(FACTS) == inf
    observation.add(FACTS, snapshot(4.0, 1))
    assert (observation.needed_at(FACTS), observation.is_enough()) == (14.0, False)
    observation.add(FACTS, snapshot(14.0, 1))
    assert (observation.needed_at(FACTS), observation.is_enough()) == (inf, True)


def test_a_short_list_is_read_without_a_filter() -> None:
    """A short list is polled without the filter, which would hide replaced records."""
    observation = Observation([FACTS])
    service_time = START + timedelta(seconds=100)
    observation.add(FACTS, Snapshot([record(1), record(2)], 0.0, None, service_time))

    assert observation.filter_after(FACTS, 2) is None
    assert observation.filter_after(FACTS, 1) == START + timedelta(seconds=98)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (RecordTarget("/facts/a/"), True),
        (RecordTarget("/facts/"), True),
        (RecordTarget("/facts/ab/"), False),
        (RecordTarget("/facts/a/", "s1"), True),
        (RecordTarget("/facts/a/", "s2"), False),
    ],
)
def test_a_target_has_what_is_below_it(target: RecordTarget, expected: bool) -> None:
    """
    A target covers the records below its prefix, by segment, and of its strategy if
    that is known.
    """
    assert expected == target.has(record(1, memory_strategy_id="s1"))
    assert target.has(record(1)) == target.prefix.startswith(("/facts/a/", "/facts/")) - (
        target.prefix == "/facts/ab/"
    )


def job(number: int, *event_ids: str, **members: Any) -> ExtractionJob:
    """Return a failed job of session s of actor a."""
    given = {"memory_strategy_id": "s1", "actor_id": "a", "session_id": "s"} | members
    messages = tuple(ExtractionJobMessage(event_id, 0) for event_id in event_ids)
    return ExtractionJob(
        f"job-{number}", status="FAILED", reason="LTM_RATE_EXCEEDED", messages=messages, **given
    )


def test_jobs_at_the_baseline_do_not_count() -> None:
    """Only jobs that fail after the baseline count, including restarted ones that fail again."""
    jobs = FailedJobs(JobTarget("a", "s"))
    assert jobs.lacks_baseline
    old, new = job(1, "10#a"), job(2, "20#a")
    jobs.add(JobSnapshot([old], 0.0))
    assert (jobs.lacks_baseline, jobs.failed) == (False, [])
    jobs.add(JobSnapshot([old, new], 1.0))
    assert jobs.failed == [new]
    jobs.acknowledge()
    jobs.add(JobSnapshot([old, new], 2.0))
    assert jobs.failed == []
    jobs.add(JobSnapshot([new], 3.0))
    jobs.add(JobSnapshot([old, new], 4.0))
    assert jobs.failed == [old]


def test_only_jobs_that_name_events_of_the_session_count() -> None:
    """Failed jobs of other sessions, strategies and earlier events do not count."""
    jobs = FailedJobs(JobTarget("a", "s", frozenset({"s1"})), "20#a")
    ours = [job(1, "20#a"), job(2, "10#a", "30#b"), job(3, "20#a", memory_strategy_id=None)]
    others = [
        job(4, "20#a", session_id="other"),
        job(5, "20#a", actor_id="other"),
        job(6, "20#a", memory_strategy_id="s2"),
        job(7, "19#f"),
        job(8),
        job(9, "what"),
    ]
    jobs.add(JobSnapshot([*others, *ours], 0.0))

    assert jobs.failed == ours
