"""Arguments of a wrong kind, each given to what checks it, and to nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    InvalidInputError,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
)
from agentcore_memory_async._wire import payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.namespaces import resolve_template
from agentcore_memory_async._wire.origins import check_origin
from agentcore_memory_async.models import ConversationalMessage, MessageRole

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = "\ud83d"
OF_MANAGERS: list[dict[str, Any]] = [
    {"limits": "none"},
    {"retry": 5},
    {"retry": PollPolicy()},
    {"transport": 5},
    {"clock": 5},
    {"polling": 5},
    {"polling": RetryPolicy()},
    {"allow_hierarchical_actor_ids": "no"},
    {"allow_hierarchical_actor_ids": None},
    {"max_concurrency": True},
    {"max_concurrency": "5"},
    {"close_timeout": "5"},
    {"on_unreadable": None},
    {"on_unreadable": "ignore"},
    {"region_name": 5},
    {"region_name": "us west"},
    {"endpoint_url": 5},
    {"endpoint_url": "127.0.0.1:4710"},
]
CHECKS: dict[str, tuple[Callable[[Any], object], list[Any], list[Any]]] = {
    "type": (lambda x: check.check_type("x", x, str, "give a str"), ["a"], [None, 5]),
    "type or None": (lambda x: check.check_is("x", x, str, "give a str"), [None, "a"], [5]),
    "function": (lambda x: check.check_callable("x", x, "give a function"), [None, len], [5, "a"]),
    "flag": (lambda x: check.check_bool("x", x), [True, False], [None, "no", 0, 1]),
    "region": (check.check_region_name, [None, "us-west-2"], [5, "", "us west", "us/west"]),
    "endpoint": (check.check_endpoint_url, [None, "http://a:1"], [5, "", "a:1", "ftp://a"]),
    "session id": (check.check_session_id, ["a"], [None, 5, "", "a/b", "-a"]),
    "actor id": (check.check_actor_id, ["a", "a:b"], [None, 5, "a/b", "a b"]),
    "memory id": (check.check_memory_id, ["a", "é"], [None, 5, "", HALF, ".."]),
    "job id": (check.check_job_id, ["a"], [None, 5, "", HALF]),
    "client token": (check.check_client_token, ["a"], [None, 5, "", HALF]),
    "query": (check.check_query, ["a"], [None, 5, "", " \n", HALF]),
    "text": (lambda x: check.check_text("x", x), ["a", " "], [None, 5, "", HALF]),
    "count": (lambda x: check.check_int("x", x), [1], [None, True, "1", 1.0, 0, -1]),
    "duration": (
        lambda x: check.check_duration("x", x),
        [0, 1.5, timedelta(1)],
        [None, True, "1", -1, timedelta(-1), float("nan"), float("inf")],
    ),
    "rate": (lambda x: check.check_rate("x", x), [None, 1, 0.5], [True, "1", 0, -1, float("nan")]),
    "number": (
        lambda x: check.check_number("x", x),
        [0, -1.5],
        [None, True, "1", float("nan"), float("inf"), 10**400],
    ),
    "template": (lambda x: resolve_template(x, {}), ["/a/"], [None, 5, b"/a/", "", "/{", "/a b/"]),
    "origin": (check_origin, [None], ["web", 5]),
    "messages": (
        payloads.check_messages,
        [[{"role": "user", "content": "a"}], (ConversationalMessage("a", MessageRole.USER),)],
        [None, 5, "a", b"a", [], [None], ["a"], [{"role": "user", "content": HALF}]],
    ),
    "times of polls": (
        lambda x: PollPolicy(poll_times_s=x),
        [(1.0,), (1, 2)],
        [None, 5, [1.0], (), ("1",), (2.0, 1.0)],
    ),
    "share": (lambda x: PollPolicy(growth=x), [0, 1, 0.5], [None, True, "1", -0.1, 1.1]),
    "rate of polls": (
        lambda x: PollPolicy(max_requests_per_second=x),
        [None, 1],
        [True, "1", 0],
    ),
    "deadline": (
        lambda x: RetryPolicy(write_deadline=x),
        [1, timedelta(seconds=1)],
        [None, True, "1", 0, timedelta(0)],
    ),
    "pause": (
        lambda x: RetryPolicy(backoff=x),
        [0, 1, timedelta(0)],
        [None, True, "1", -1],
    ),
    "rate of events": (
        lambda x: ServiceLimits(events_per_second=x),
        [None, 1],
        [True, "1", 0],
    ),
}
"""What checks an argument, with values that it takes and values that it refuses."""


@pytest.mark.parametrize("wrong", OF_MANAGERS, ids=str)
def test_a_manager_takes_no_other_arguments(wrong: dict[str, Any]) -> None:
    """They are refused where they are given, and not by a call later."""
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        AsyncMemorySessionManager("m", **wrong)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_takes_what_is_right_and_nothing_else(name: str) -> None:
    """Each wrong value differs from a right one in one way."""
    take, right, wrong = CHECKS[name]
    for value in right:
        take(value)
    for value in wrong:
        with pytest.raises(InvalidInputError):
            take(value)


def test_durations_are_read_in_seconds() -> None:
    """Where a timedelta is given, too."""
    assert (90.0, 1.5) == (
        check.check_duration("x", timedelta(minutes=1.5)),
        check.check_duration("x", 1.5),
    )
    assert 60.0 == RetryPolicy(write_deadline=timedelta(minutes=1)).write_deadline
