"""What is read: the members of list and search requests, and what belongs to an answer: pure."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import encode_filters
from agentcore_memory_async._wire.metadata import OWN_KEYS
from agentcore_memory_async._wire.namespaces import is_under, resolve_prefix, resolve_template
from agentcore_memory_async._wire.synonyms import EVERYWHERE
from agentcore_memory_async.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async.models import MemoryRecord

CREATED_AT = f"{OWN_KEYS}createdAt"
"""Metadata key that the service keeps for every record and can always filter by."""
SECOND = timedelta(seconds=1)
"""One second, the unit of the service's timestamps."""


def event_filter(
    filters: Sequence[Filter], branch: str | None, *, include_parents: bool
) -> dict[str, Any]:
    """Return the filter of ListEvents; empty for everything."""
    request: dict[str, Any] = {}
    if branch is not None:
        request["branch"] = {"name": branch, "includeParentBranches": include_parents}
    if filters:
        request["eventMetadata"] = encode_filters(filters)
    return request


def created_after(moment: datetime) -> Filter:
    """Return the filter for records that were written after *moment*."""
    return Filter(CREATED_AT, "AFTER", moment)


def record_scope(
    prefix: str, namespace: str | None, values: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the member that says which records: one exact namespace, or a path."""
    if namespace is None:
        return {"namespacePath": resolve_prefix(prefix, values)}
    if prefix is not EVERYWHERE:
        check.refuse(
            "namespace and namespace_prefix are both given; give only one: namespace matches "
            "exactly, namespace_prefix also matches everything below it"
        )
    return {"namespace": resolve_template(namespace, values, argument="namespace")}


def belonging(records: Iterable[MemoryRecord], scope: Mapping[str, str]) -> list[MemoryRecord]:
    """
    Return those of *records* that belong: the service's old prefixes took ``/u/10`` for ``/u/1``.

    Of several namespaces a record shows the one by which it belongs.
    """
    is_within = cache(partial(_is_within, scope))  # most records of a page share a namespace
    shown = (
        record if is_within(record.namespace) else _shown_elsewhere(record, is_within)
        for record in records
    )
    return [record for record in shown if record is not None]


def _shown_elsewhere(record: MemoryRecord, is_within: Callable[[str], bool]) -> MemoryRecord | None:
    """Return *record* with another of its namespaces that belongs, if there is one."""
    others = record.extra.get("namespaces", ())
    return next((evolve(record, namespace=each) for each in others if is_within(each)), None)


def _is_within(scope: Mapping[str, str], namespace: str) -> bool:
    if "namespace" in scope:
        return namespace == scope["namespace"]
    return is_under(namespace, scope["namespacePath"])


def ranked(found: Iterable[MemoryRecord], least: float) -> list[MemoryRecord]:
    """
    Return the records of a search whose score is *least* or better, best first.

    One without a score is last, and has 0.0.
    """
    best_first = sorted(found, key=lambda record: _rank(record.score), reverse=True)
    scored = (each if each.score else evolve(each, score=0.0) for each in best_first)
    return [record for record in scored if (record.score or 0.0) >= least]


def _rank(score: float | None) -> float:
    return -inf if score is None else score
