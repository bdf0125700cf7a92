"""When polls ask only for what was written lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentcore_memory_async._extraction.lister import CreatedFilter
from agentcore_memory_async.models import MemoryRecord

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def chosen(judged: CreatedFilter, *afters: datetime | None) -> list[int]:
    """Return which of nine polls are filtered."""
    return [number for number in range(1, 10) if judged.choose(list(afters), number) is not None]


def record(written_at: datetime) -> MemoryRecord:
    """Return a record."""
    return MemoryRecord("/facts/a/", "x", None, written_at, f"mem-{1:036d}")


def test_every_third_poll_is_whole_until_the_filter_has_shown_that_it_works() -> None:
    """A service that ignores new records under the filter would hide them for good."""
    created_filter = CreatedFilter()
    assert [1, 2, 4, 5, 7, 8] == chosen(created_filter, NOW)
    created_filter.judge(NOW, [])
    assert [1, 2, 4, 5, 7, 8] == chosen(created_filter, NOW)
    created_filter.judge(NOW, [record(NOW)])
    assert [1, 2, 3, 4, 5, 6, 7, 8, 9] == chosen(created_filter, NOW)


def test_the_earliest_time_is_asked_for() -> None:
    """All subscribers have to see what is new for them; one without a time wants everything."""
    created_filter = CreatedFilter()
    assert NOW - SECOND == created_filter.choose([NOW, NOW - SECOND], 1)
    assert [] == chosen(created_filter, NOW, None)
    assert [] == chosen(created_filter)


def test_a_filter_that_is_ignored_is_used_no_more() -> None:
    """Times have whole seconds, so a record of the second before is no sign of it."""
    created_filter = CreatedFilter()
    created_filter.judge(NOW, [record(NOW), record(NOW - SECOND)])
    assert created_filter.proven
    assert not created_filter.refused
    created_filter.judge(NOW, [record(NOW), record(NOW - SECOND - timedelta(microseconds=1))])
    assert created_filter.refused
    assert [] == chosen(created_filter, NOW)
