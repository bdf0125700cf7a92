"""Actions that the credentials have, those that they lack, and the statements that add them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from agentcore_memory_async._calls.hints import read_denial
from agentcore_memory_async.cli._doctor.findings import (
    ok,
    problem,
    statement,
    unchecked,
    warning,
)
from agentcore_memory_async.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.cli._doctor.seen import Asked, Endpoint, Reply

WRITES = (
    "BatchCreateMemoryRecords",
    "BatchDeleteMemoryRecords",
    "BatchUpdateMemoryRecords",
    "CreateEvent",
    "DeleteEvent",
    "DeleteMemoryRecord",
    "StartMemoryExtractionJob",
)
"""Actions that write, and that can be tried without a trace."""
UNTRIED = ("IngestData",)
"""Actions that are never tried: what they write is extracted."""
_OWN = "bedrock-agentcore:"
"""What the actions of AgentCore begin with."""
_WITHOUT_RESOURCE = "ListMemories"
"""The action that concerns no memory."""
_OF_CONTROL = ("GetMemory", _WITHOUT_RESOURCE)
"""Actions that a program which only uses a memory can do without."""
_MEMORY_ARN = re.compile(r"arn:[\w-]+:bedrock-agentcore:[\w-]*:\d{12}:memory/[\w-]+")
"""ARN of a memory."""
_ACCOUNT = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:(\d{12}):")
"""The account in an ARN."""
_PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
"""Partitions beside ``aws``, by what the names of their regions begin with."""


def check_permissions(replies: Sequence[Reply], arn: str) -> list[Finding]:
    """
    Return which actions are allowed, by the replies to requests that need them.

    Args:
        replies: Replies to requests about a memory that is there.
        arn: ARN of the memory, for the statements.
    """
    # By what allows them: actions that one policy lacks are added by one statement.
    missing: dict[tuple[bool, str, str, bool], list[str]] = {}
    for reply in replies:
        if reply.is_denied:
            denial = read_denial(cast("ServiceError", reply.error))
            resource = arn
            if reply.operation == _WITHOUT_RESOURCE or not denial.action.startswith(_OWN):
                resource = "*"
            is_needed = reply.operation not in _OF_CONTROL
            lacking = denial.is_explicit, denial.limited_by, resource, is_needed
            missing.setdefault(lacking, []).append(denial.action)
    found = [_missing(*lacking, actions) for lacking, actions in missing.items()]
    allowed = [each.operation for each in replies if _is_allowed(each)]
    if allowed:
        found.append(ok("permissions", f"allowed: {', '.join(sorted(allowed))}"))
    rest = [each for each in replies if not (_is_allowed(each) or each.is_denied)]
    return [*found, *(unchecked("permissions", _unclear(each)) for each in rest)]


def _is_allowed(reply: Reply) -> bool:
    """Return whether the service performed it, if only to find that there is no such thing."""
    return reply.answer is not None or isinstance(reply.error, NotFoundError)


def _unclear(reply: Reply) -> str:
    error = reply.error
    code = error.code if isinstance(error, ServiceError) else type(error).__name__
    return f"whether {reply.operation} is allowed is not known: {code}"


def _missing(
    is_explicit: bool, limited_by: str, resource: str, is_needed: bool, actions: list[str]
) -> Finding:
    names = sorted(set(actions))
    shown = ", ".join(names)
    blame = problem if is_needed else warning
    if is_explicit:
        cure = "Take it out of the statement with Effect Deny, or out of the organization's policy"
        cause = f"a policy denies {shown}, so that allowing it elsewhere does not help"
        return blame("permissions", cause, cure)
    added = statement(names, resource)
    if limited_by:
        cause = f"a {limited_by} does not allow {shown}"
        return blame("permissions", cause, f"Add to the {limited_by}: {added}")
    cause = f"the credentials are not allowed {shown}"
    if not is_needed:
        cause += ", which a program that only uses the memory can do without"
    return blame("permissions", cause, f"Add to the policy of the role or user: {added}")


def not_asked_to_write() -> Finding:
    """Return that actions which write were not tried."""
    shown = ", ".join(sorted((*WRITES, *UNTRIED)))
    cure = "--write tries them, with an event and records of its own, which it removes"
    return unchecked("permissions", f"not tried, since they write: {shown}", cure)


def cannot_write(status: str) -> Finding:
    """Return that a memory of that *status* takes nothing."""
    return unchecked("permissions", f"nothing was written, since the memory is {status}")


def never_tried() -> Finding:
    """Return that some actions are not even tried where others are."""
    shown = ", ".join(UNTRIED)
    return unchecked("permissions", f"not tried, since it starts an extraction: {shown}")


def arn_of(asked: Asked, endpoint: Endpoint, replies: Iterable[Reply]) -> str:
    """Return the ARN of the memory, as far as the service or the caller named it."""
    if asked.region_of_arn:
        return str(asked.memory)
    messages = [each.error.message for each in replies if isinstance(each.error, ServiceError)]
    for message in messages:
        if found := _MEMORY_ARN.search(message):
            return found[0]
    account = next((found[1] for text in messages if (found := _ACCOUNT.search(text))), "ACCOUNT")
    starts = (name for start, name in _PARTITIONS if endpoint.region.startswith(start))
    partition = next(starts, "aws")
    return f"arn:{partition}:bedrock-agentcore:{endpoint.region}:{account}:memory/{asked.memory_id}"
