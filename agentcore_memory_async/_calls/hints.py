"""What to do next about an error of the service: pure, the error in, one sentence out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async._service_errors import (
    compare_clocks,
    is_clock_at_fault,
    is_token_expired,
)
from agentcore_memory_async._wire.validation import looks_like_a_memory_id
from agentcore_memory_async.errors import (
    AccessDeniedError,
    NotFoundError,
    ValidationError,
)

if TYPE_CHECKING:
    from agentcore_memory_async.errors import ServiceError

_OTHER_THINGS = re.compile(
    r"actor|branch|event|job|metadata|namespace|payload|query|record|session|strategy|token",
    re.IGNORECASE,
)
"""What a message names that is about something else than the memory."""
_ACTION = re.compile(r"perform:? ([\w-]+:\w+)")
"""The action in a message about a missing permission."""


def find_hint(error: ServiceError, memory_id: str, where: str, endpoint_url: str) -> str:
    """
    Return what to do next about *error*; empty where that is unknown.

    Args:
        error: Error of the service.
        memory_id: Memory that was asked for.
        where: Region and its source, in words.
        endpoint_url: Where the request went; empty if unknown.
    """
    if error.code in {str(error.status), "UnknownOperationException"}:
        server = f"the endpoint {endpoint_url}" if endpoint_url else "the endpoint"
        return f"This is no answer of AgentCore Memory; check {server} and any proxy"
    is_about_memory = not _OTHER_THINGS.search(error.message.replace(memory_id, ""))
    if isinstance(error, NotFoundError) and is_about_memory:
        return f"Asked for memory {memory_id} in {where}"
    if is_token_expired(error):
        return f"Get new credentials. {compare_clocks(error.clock_offset_s)}"
    if is_clock_at_fault(error):
        return compare_clocks(error.clock_offset_s)
    if isinstance(error, AccessDeniedError) and error.code.startswith("AccessDenied"):
        return _find_permission(error)
    if isinstance(error, ValidationError) and is_about_memory:
        return _explain_memory_id(memory_id)
    return ""


def _find_permission(error: ServiceError) -> str:
    found = _ACTION.search(error.message)
    action = found[1] if found else f"bedrock-agentcore:{error.operation}"
    if "explicit deny" in error.message:
        return f"A policy denies {action}: another one that allows it does not help"
    on_the_memory = " on the memory" if action.startswith("bedrock-agentcore:") else ""
    return f"The credentials need {action}{on_the_memory}"


def _explain_memory_id(memory_id: str) -> str:
    if looks_like_a_memory_id(memory_id):
        return ""
    return (
        f"memory_id {memory_id!r} does not have the form of a real one: a name, '-' "
        "and 10 letters or digits, such as 'chat-a1B2c3D4e5'; "
        "'aws bedrock-agentcore-control list-memories' shows yours"
    )
