"""
What the last attempt of a change tells where an earlier one may have made it: pure, no await.

A rule returns the result of both, or raises: the error that came, where it holds for the earlier
attempt too, else that the outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from agentcore_memory_async._calls.hints import is_memory_missing
from agentcore_memory_async.errors import (
    ClientTokenInUseError,
    NotFoundError,
    OutcomeUnknownError,
    ValidationError,
)

T = TypeVar("T")

Settle: TypeAlias = Callable[[T | Exception, OutcomeUnknownError], T]
"""A rule: it takes the result or error of the last attempt, and what says that nobody knows."""
REFUSED_WHEN_DONE = frozenset(
    {
        "CreateMemory",
        "DeleteMemory",
        "StartMemoryExtractionJob",
        "TagResource",
        "UntagResource",
        "UpdateMemory",
    }
)
"""
Operations that the service may refuse as invalid because they were done: a name is taken by then,
a memory is in a transitional state, a job runs.
"""


def is_rejected(error: Exception) -> bool:
    """
    Return whether *error* says that the change is not made, whatever became of earlier attempts.

    What is invalid now was so before, and a token of another write never was this one's.
    """
    return isinstance(error, ValidationError | ClientTokenInUseError)


def settle_by_answer(last: T | Exception, unknown: OutcomeUnknownError) -> T:
    """Settle a change by an answer that holds for all attempts: a result, or that it is invalid."""
    if not isinstance(last, Exception):
        return last
    if is_rejected(last) and unknown.operation not in REFUSED_WHEN_DONE:
        raise last
    raise unknown from last


def settle_deletion(deleted: T, last: T | Exception, unknown: OutcomeUnknownError) -> T:
    """Settle a deletion: what is not there any more was deleted, as far as the service shows it."""
    if isinstance(last, NotFoundError):
        if is_memory_missing(last.message, unknown.request["memoryId"]):
            raise unknown from last
        return deleted
    return settle_by_answer(last, unknown)
