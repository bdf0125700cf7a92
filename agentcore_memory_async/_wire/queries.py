"""What is read: the members of list and search requests, and what belongs to an answer: pure."""

from __future__ import annotations

from datetime import timedelta
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
    from collections.abc import Iterable, Mapping, Sequence
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


def within(record: MemoryRecord, scope: Mapping[str, str]) -> MemoryRecord | None:
    """
    Return *record* where it belongs: the service's old prefixes took ``/u/10`` for ``/u/1``.

    Of several namespaces it shows the one by which it belongs.
    """
    for namespace in record.extra.get("namespaces", (record.namespace,)):
        if _is_within(namespace, scope):
            return record if namespace == record.namespace else evolve(record, namespace=namespace)
    return None


def _is_within(namespace: str, scope: Mapping[str, str]) -> bool:
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
