"""What probes conclude from what they saw: nothing from what settles nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_memory_async.verify._asking.reply import without_ids
from agentcore_memory_async.verify._probes import PROBES, Observation

BY_NAME = {probe.name: probe for probe in PROBES}
SEEN_AT_ONCE = {"after": [0.0, 0.2], "looks": 1}
SEEN_LATER = {"after": [80.0, 90.0], "looks": 20}
NEVER_SEEN = {"after": None, "looks": 32}


def decided(probe: str, seen: Observation) -> dict[str, Any]:
    """Return the values of a probe's verdicts; "?" for an inconclusive one."""
    verdicts = BY_NAME[probe].decide(seen)
    assert {each.name for each in verdicts} <= set(BY_NAME[probe].answers)
    return {
        each.name.partition(".")[2]: each.value if each.is_conclusive else "?" for each in verdicts
    }


@pytest.mark.parametrize(
    ("changed", "mismatch"),
    [("same", "ignore"), ("no event", "ignore"), ("400 X: no", "error"), ("new", "?")],
)
def test_tokens(changed: str, mismatch: str) -> None:
    """A used token that stores another event is what no setting does."""
    seen = {"same": "same", "later": "same", "elsewhere": "new", "operation": "new"}
    seen["changed"] = changed
    assert mismatch == decided("tokens", seen)["token_mismatch"]


@pytest.mark.parametrize(
    ("blob", "java"),
    [({"count": 1, "tags": ["x"]}, False), ("{count=1, tags=[x]}", True), ('{"count": 1}', "?")],
)
def test_blobs(blob: object, java: object) -> None:
    """An object that comes back in a third way is no answer."""
    seen = {"blob": blob, "id_is_of": "event", "fraction_ms": 123.0}
    assert java == decided("blobs", seen)["java_blob_strings"]


@pytest.mark.parametrize(
    ("fraction_ms", "precision"),
    [
        (123.0, "milliseconds, floored"),
        (124.0, "milliseconds, rounded"),
        (0.0, "seconds"),
        (500.0, "?"),
        (None, "?"),
    ],
)
def test_time_precision(fraction_ms: float | None, precision: str) -> None:
    """What comes back of a fraction of a second is known, or no answer."""
    seen: Observation = {"blob": {}, "id_is_of": "event", "fraction_ms": fraction_ms}
    assert precision == decided("blobs", seen)["time_precision"]


@pytest.mark.parametrize(
    ("order", "name"),
    [([2, 1, 0], "newest first"), ([2, 0, 1], "by id"), ([0, 2, 1], "another"), ([2, 1], "?")],
)
def test_orders_of_actors(order: list[int], name: str) -> None:
    """An order by id is told from one by time; an incomplete list is no answer."""
    assert name == decided("actors", {"token": "new", "order": order})["order"]


@pytest.mark.parametrize(
    ("scores", "span"),
    [([0.9, 0.1], "0 to 1"), ([0.9, -0.1], "beyond 0 to 1"), ([0.9, None], "?"), ([], "?")],
)
def test_scores(scores: list[float | None], span: str) -> None:
    """Scores are within their range, beyond it, or not there."""
    whole = list(range(6))
    names = ("by_beginning", "without_slash", "by_path_beginning", "by_path_without_slash")
    seen = {"orders": [whole] * 4, "by_path": 6, "pages": [2, 1], "scores": scores}
    assert span == decided("namespaces", seen | dict.fromkeys(names, 0))["scores"]


@pytest.mark.parametrize(
    ("orders", "shuffled"),
    [
        ([[0, 1, 2, 3, 4, 5]] * 4, False),
        ([[0, 1, 2, 3, 4, 5], [1, 0, 2, 3, 4, 5]], True),
        ([[5, 4, 3, 2, 1, 0]] * 4, "?"),
        ([[0, 1, 2]] * 4, "?"),
    ],
)
def test_ties(orders: list[list[int]], shuffled: object) -> None:
    """A stable order that is not that of the ids is no answer, nor is an incomplete list."""
    assert {"shuffle_ties": shuffled} == decided("ties", {"orders": orders})


@pytest.mark.parametrize(
    ("events", "more", "paging"), [(0, True, "post-scan"), (1, True, "index"), (0, False, "?")]
)
def test_filters(events: int, more: bool, paging: str) -> None:
    """An empty page without a token settles nothing."""
    seen = {"events": events, "has_next_page": more}
    assert {"metadata_paging": paging} == decided("filters", seen)


@pytest.mark.parametrize(
    ("bursts", "throttles"),
    [
        ([{"accepted": 20}], False),
        ([{"accepted": 5, "throttled": 15}], True),
        ([{"accepted": 15, "throttled": 5}], "?"),
        ([{"failed": 15, "throttled": 5}], "?"),
        ([{"failed": 20}], "?"),
    ],
)
def test_quotas(bursts: list[dict[str, int]], throttles: object) -> None:
    """A few throttled writes are no quota, and a service that fails has none."""
    seen = {"bursts": bursts, "refusal": "429", "retry_after_s": None}
    assert throttles == decided("quotas", seen)["throttle"]


def test_pages_need_a_next_one() -> None:
    """A page without a token says nothing of the default, nor does an incomplete list."""
    page = {"largest": 100, "all_listed": True, "default": 30, "has_next_page": True}
    assert {"default_page": 30} == decided("pages", page)
    assert {"default_page": "?"} == decided("pages", page | {"has_next_page": False})
    assert {"default_page": "?"} == decided("pages", page | {"all_listed": False})


def test_an_unlimited_size_is_no_setting() -> None:
    """Nothing is said of a limit beyond what was tried."""
    largest = {"accepted": 8, "refused": None, "refusal": None}
    assert {"event_size": "8 or more"} == decided("sizes", largest)
    assert 6 == decided("sizes", {"accepted": 4, "refused": 8, "refusal": "413"})["body_limit"]


def test_lists_that_miss_events_are_timed() -> None:
    """A duration lies in the middle of what agrees; what is not seen is no answer."""
    seen = {"lists": SEEN_AT_ONCE, "filters": SEEN_LATER, "stale_reads": 2}
    assert {"event_lists": 0.0, "event_filters": 85.0, "stale_reads": 2} == decided(
        "event lags", seen
    )
    unclear = decided("event lags", seen | {"stale_reads": None})
    assert {"event_lists": 0.0, "event_filters": "?", "stale_reads": "?"} == unclear
    as_lists = decided("event lags", seen | {"lists": SEEN_LATER, "stale_reads": 0})
    assert {"event_lists": 85.0, "event_filters": 0.0, "stale_reads": 0} == as_lists


def test_extraction_is_timed_without_the_lag_of_lists() -> None:
    """What lists lag by is not the extraction's, which is unclear without it."""
    seen = {"lists": SEEN_LATER, "ids": SEEN_AT_ONCE, "SEMANTIC": {"after": [170, 190], "looks": 9}}
    told = {"facts": {"before": 1, "after": 1, "are_kept": False}, "key_is_kept": True}
    assert {
        "record_lists": 85.0,
        "record_ids": 0.0,
        "SEMANTIC": 95.0,
        "consolidate": True,
        "repeated": "replaced",
        "strictly_consistent": "on the record",
    } == decided("record lags", seen | told)
    unseen = decided("record lags", seen | {"lists": NEVER_SEEN})
    assert ["?"] * 4 == [
        unseen[name] for name in ("record_lists", "SEMANTIC", "consolidate", "strictly_consistent")
    ]


def test_ids_are_left_out_of_texts() -> None:
    """What the service says is kept without accounts, ARNs and ids."""
    text = "User arn:aws:iam::123456789012:user/ann, memory chat_1a2b3c4d5e6f-a1B2c3D4e5, page 5"
    assert "User <id> memory <id>, page 5" == without_ids(text)
