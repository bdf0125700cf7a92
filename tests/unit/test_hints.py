"""Hints fit what was wrong: each error of the service gets the one that helps, or none."""

from __future__ import annotations

import pytest

from agentcore_memory_async._calls.hints import find_hint
from agentcore_memory_async.errors import service_error

MEMORY = "events-a1B2c3D4e5"
ODD = "mem-abc123"
ARN = f"arn:aws:bedrock-agentcore:eu-central-1:123456789012:memory/{MEMORY}"
WHERE = "region eu-central-1 (from argument)"
URL = "http://127.0.0.1:4710"
NOT_ALLOWED = "User: u is not authorized to perform: bedrock-agentcore:ListEvents on resource: r"
NOT_FOUND = "ResourceNotFoundException"
INVALID = "ValidationException"
DENIED = "AccessDeniedException"


@pytest.mark.parametrize(
    ("code", "status", "message", "memory_id", "expected"),
    [
        (NOT_FOUND, 404, f"Memory not found: {MEMORY}", MEMORY, f"memory {MEMORY} in {WHERE}"),
        (NOT_FOUND, 404, "", MEMORY, f"memory {MEMORY} in {WHERE}"),
        (NOT_FOUND, 404, f"Memory not found: {MEMORY}", ARN, f"memory {ARN} in {WHERE}, at {URL}"),
        (NOT_FOUND, 404, "Memory not found: changes eventually show", MEMORY, f"memory {MEMORY}"),
        (NOT_FOUND, 404, "memoryRecordId x was not found", MEMORY, ""),
        (NOT_FOUND, 404, "No such Sessions", MEMORY, ""),
        (NOT_FOUND, 404, "Unable to find event with id 1#a", MEMORY, ""),
        (NOT_FOUND, 404, "Memory record not found: mem-1", MEMORY, ""),
        (NOT_FOUND, 404, "Extraction job not found: j", MEMORY, ""),
        ("404", 404, "Not Found", MEMORY, f"check the endpoint {URL} and any proxy"),
        ("403", 403, "Forbidden", MEMORY, f"check the endpoint {URL} and any proxy"),
        ("302", 302, "Found", MEMORY, f"check the endpoint {URL} and any proxy"),
        (
            "NotFound",
            404,
            "No such path",
            MEMORY,
            "is no answer of AgentCore Memory; check the end",
        ),
        ("NotFoundException", 404, "Not Found", MEMORY, f"check the endpoint {URL} and any proxy"),
        ("503", 503, "Service Unavailable", MEMORY, "may be no answer of AgentCore Memory; check"),
        ("500", 500, "Server Error", MEMORY, "may be no answer of AgentCore Memory; check"),
        ("499", 499, "Closed", MEMORY, "is no answer of AgentCore Memory; check"),
        ("UnknownOperationException", 400, "", MEMORY, f"check the endpoint {URL} and any proxy"),
        ("UnknownOperationException", 404, "", MEMORY, f"check the endpoint {URL} and any proxy"),
        (INVALID, 400, "Invalid memoryId: not a valid memory ID or ARN", ODD, "form of a real one"),
        (INVALID, 400, "Invalid memoryId: not a valid memory ID or ARN", MEMORY, ""),
        (INVALID, 400, "Value at 'memoryId' failed; Value at 'sessionId' failed", ODD, "form of a"),
        (INVALID, 400, "Value at 'maxResults' failed to satisfy constraint", ODD, ""),
        (INVALID, 400, "The memory is not active", ODD, ""),
        (
            INVALID,
            400,
            "Metadata key a is not one of the memory's indexed keys",
            ODD,
            "indexedKeys",
        ),
        (INVALID, 400, "indexedKeys has no key a", MEMORY, "which UpdateMemory adds to"),
        (INVALID, 400, "no index", MEMORY, ""),
        (DENIED, 403, "indexed keys", MEMORY, "need bedrock-agentcore:ListEvents on the memory"),
        (INVALID, 400, "", ODD, ""),
        (INVALID, 400, "Value at 'sessionId' failed to satisfy constraint", ODD, ""),
        (INVALID, 400, "Value at 'payload.1.member.content' failed", ODD, ""),
        (INVALID, 400, "Value at 'searchCriteria.searchQuery' failed", ODD, ""),
        (DENIED, 403, "no", MEMORY, "need bedrock-agentcore:ListEvents on the memory"),
        (
            DENIED,
            403,
            "User: u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:key",
            MEMORY,
            "need kms:Decrypt",
        ),
        (
            DENIED,
            403,
            "not authorized to perform: bedrock-agentcore:ListEvents with an explicit deny in it",
            MEMORY,
            "A policy denies bedrock-agentcore:ListEvents",
        ),
        (
            DENIED,
            403,
            f"{NOT_ALLOWED} because no VPC endpoint policy allows the action",
            MEMORY,
            "A VPC endpoint policy must allow bedrock-agentcore:ListEvents, beside those of the",
        ),
        (
            DENIED,
            403,
            f"{NOT_ALLOWED} because no permissions boundary allows the action",
            MEMORY,
            "A permissions boundary must allow bedrock-agentcore:ListEvents, beside those of the",
        ),
        (
            DENIED,
            403,
            f"{NOT_ALLOWED} because no identity-based policy allows the action",
            MEMORY,
            "need bedrock-agentcore:ListEvents on the memory",
        ),
        ("UnrecognizedClientException", 403, "no", MEMORY, ""),
        ("ExpiredTokenException", 403, "no", MEMORY, "Get new credentials. Check this machine's"),
        ("403", 403, "Signature expired: x", MEMORY, "Check this machine's clock"),
        ("403", 403, "The security token is expired", MEMORY, "Get new credentials"),
        ("RequestTimeTooSkewed", 403, "no", MEMORY, "Check this machine's clock"),
        ("ThrottledException", 429, "Rate exceeded", ODD, ""),
        ("ServiceException", 500, "oops", ODD, ""),
    ],
)
def test_hint_fits_what_was_wrong(
    code: str, status: int, message: str, memory_id: str, expected: str
) -> None:
    """An error about a memory names the memory, one about anything else does not."""
    error = service_error("ListEvents", code, message, status)

    found = find_hint(error, memory_id, WHERE, URL)

    assert expected in found
    assert bool(expected) == bool(found)


def test_hint_without_an_endpoint_names_none() -> None:
    """With a transport of the caller's own nothing is known of the endpoint."""
    error = service_error("ListEvents", "404", "Not Found", 404)

    assert "check the endpoint and any proxy" in find_hint(error, MEMORY, WHERE, "")
