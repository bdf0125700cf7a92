"""What to do next about an error of the service: pure, the error in, one sentence out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async._service_errors import (
    compare_clocks,
    is_clock_at_fault,
    is_token_expired,
)
from agentcore_memory_async._wire.validation import looks_like_a_memory_id, short_memory_id
from agentcore_memory_async.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    ValidationError,
)

if TYPE_CHECKING:
    from agentcore_memory_async.errors import ServiceError

_OTHER_THING = re.compile(
    r"(actor|branch|event|job|metadata|namespace|payload|query|record|session|strategy|token)s?",
    re.IGNORECASE,
)
"""A word of a message that is about something else than the memory."""
_WORD = re.compile(r"[A-Z]?[a-z]+")
"""A word of a message, also inside of a name such as ``rootEventId``."""
_MEMORY_ID = re.compile(r"\bmemory ?id", re.IGNORECASE)
"""The member or the words by which a message names the memory's id."""
_IN_TRANSITION = "transitional state"
"""What a message says of a memory that is being made or changed."""
_INDEX = re.compile(r"\bindexed ?keys?\b", re.IGNORECASE)
"""The words by which a message names the keys that records are filtered by."""
_ABOUT_KEYS = (
    "Records are filtered by keys among the indexedKeys of the memory, which UpdateMemory adds to, "
    "and by the service's own: x-amz-agentcore-memory-createdAt, -updatedAt and -recordType"
)
"""What to do about a key that is not one of these."""
_ACTION = re.compile(r"perform:? ([\w-]+:\w+)")
"""The action in a message about a missing permission."""
_LIMITS_IT = re.compile(
    r"because no (permissions boundary|(?!identity|resource-)[\w ]{1,30} policy) allows"
)
"""What allows nothing by itself and has to allow an action as well, in such a message."""


@frozen
class Denial:
    """
    A missing permission.

    Attributes:
        action: Action, such as ``bedrock-agentcore:ListEvents``.
        is_explicit: Whether a policy denies it, so that allowing it does not help.
        limited_by: What allows nothing by itself and has to allow it as well, such as
            ``permissions boundary``; empty where the policies of the credentials have to.
    """

    action: str
    is_explicit: bool
    limited_by: str


def find_hint(error: ServiceError, memory_id: str, where: str, endpoint_url: str) -> str:
    """
    Return what to do next about *error*; empty where that is unknown.

    Args:
        error: Error of the service.
        memory_id: Memory that was asked for; empty where that is not known.
        where: Region and its source, in words.
        endpoint_url: Where the request went; empty if unknown.
    """
    if is_token_expired(error):
        return f"Get new credentials. {compare_clocks(error.clock_offset_s)}"
    if is_clock_at_fault(error):
        return compare_clocks(error.clock_offset_s)
    if _is_of_another_server(error):
        server = f"the endpoint {endpoint_url}" if endpoint_url else "the endpoint"
        verb = "may be" if error.status >= 500 else "is"
        return f"This {verb} no answer of AgentCore Memory; check {server} and any proxy"
    if isinstance(error, NotFoundError) and _is_about_memory(error.message, memory_id):
        at = f", at {endpoint_url}" if endpoint_url else ""
        memory = f" for memory {memory_id}" if memory_id else ""
        return f"Asked{memory} in {where}{at}"
    if isinstance(error, AccessDeniedError) and error.code.startswith("AccessDenied"):
        return _find_permission(error, memory_id)
    if isinstance(error, ConflictError | ValidationError):
        return _explain_refusal(error, memory_id)
    return ""


def _explain_refusal(error: ServiceError, memory_id: str) -> str:
    if _IN_TRANSITION in error.message:
        return "The memory is changing; wait_until_active() waits until that is done"
    if memory_id and _INDEX.search(error.message):
        return _ABOUT_KEYS
    if isinstance(error, ValidationError) and memory_id and _MEMORY_ID.search(error.message):
        return _explain_memory_id(memory_id)
    return ""


def _is_of_another_server(error: ServiceError) -> bool:
    """Return whether a page, or an error that the service does not have, came."""
    is_other_404 = error.status == 404 and not isinstance(error, NotFoundError)
    return is_other_404 or error.code in {str(error.status), "UnknownOperationException"}


def is_memory_missing(message: str, memory_id: str) -> bool:
    """Return whether what does not exist is the memory by name, and nothing in it."""
    return "memory" in message.lower() and _is_about_memory(message, memory_id)


def _is_about_memory(message: str, memory_id: str) -> bool:
    """Return whether what does not exist is the memory; its id is also the end of an ARN."""
    words = _WORD.findall(message.replace(short_memory_id(memory_id), ""))
    return not any(_OTHER_THING.fullmatch(word) for word in words)


def _find_permission(error: ServiceError, memory_id: str) -> str:
    denial = read_denial(error)
    if denial.is_explicit:
        return f"A policy denies {denial.action}: another one that allows it does not help"
    if denial.limited_by:
        return f"A {denial.limited_by} must allow {denial.action}, beside those of the credentials"
    is_ours = memory_id and denial.action.startswith("bedrock-agentcore:")
    on_the_memory = " on the memory" if is_ours else ""
    return f"The credentials need {denial.action}{on_the_memory}"


def read_denial(error: ServiceError) -> Denial:
    """Return which permission is missing by an error whose code begins with ``AccessDenied``."""
    found = _ACTION.search(error.message)
    limit = _LIMITS_IT.search(error.message)
    return Denial(
        action=found[1] if found else f"bedrock-agentcore:{error.operation}",
        is_explicit="explicit deny" in error.message,
        limited_by=limit[1] if limit else "",
    )


def _explain_memory_id(memory_id: str) -> str:
    if looks_like_a_memory_id(memory_id):
        return ""
    return (
        f"memory_id {memory_id!r} does not have the form of a real one: a name, '-' "
        "and 10 letters or digits, such as 'chat-a1B2c3D4e5'; "
        "list_memories() of a control shows yours"
    )
