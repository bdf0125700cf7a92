"""What errors end with, and what is told of them."""

from __future__ import annotations

import pytest

from agentcore_memory_async import errors
from agentcore_memory_async.cli import _exit_codes as codes
from agentcore_memory_async.cli._exit_codes import CommandError, cause_of, exit_code_of, message_of

EXPECTED: dict[int, list[Exception]] = {
    codes.FAILED: [
        CommandError("it failed"),
        KeyError("content"),
        OSError("no space left"),
        errors.CertificateError("ListEvents", "it is expired", sent=False),
        errors.DecodeError("ListEvents", "no events", "content"),
        errors.MemoryFailedError("chat-a1B2c3D4e5"),
        errors.QuotaExceededError("CreateMemory", "ServiceQuotaExceededException", "", 402),
    ],
    codes.WRONG_USAGE: [
        CommandError("wrong", codes.WRONG_USAGE),
        errors.InvalidInputError("k is 0"),
        errors.ValidationError("ListEvents", "ValidationException", "", 400),
    ],
    codes.NOT_FOUND: [errors.NotFoundError("GetEvent", "ResourceNotFoundException", "", 404)],
    codes.DENIED: [errors.AccessDeniedError("GetEvent", "AccessDeniedException", "", 403)],
    codes.TRY_AGAIN: [
        errors.ConflictError("CreateEvent", "RetryableConflictException", "", 409),
        errors.ExtractionTimeoutError(["/facts/"], [], 3.0, 2),
        errors.MemoryTimeoutError("chat-a1B2c3D4e5", "CREATING", 300.0, 20),
        errors.OutcomeUnknownError("DeleteEvent", None, 3, {}),
        errors.ServiceUnavailableError("GetEvent", "ServiceException", "", 500),
        errors.ThrottledError("GetEvent", "ThrottledException", "", 429),
        errors.TransportError("GetEvent", "connection refused"),
        errors.TransportTimeoutError("GetEvent", "after 10 s"),
    ],
}
"""Errors by the exit status that they end with."""


@pytest.mark.parametrize(
    ("code", "error"), [(code, each) for code, group in EXPECTED.items() for each in group]
)
def test_exit_codes(code: int, error: Exception) -> None:
    """Each class of errors has one."""
    assert code == exit_code_of(error)


@pytest.mark.parametrize("error", [each for group in EXPECTED.values() for each in group])
def test_messages(error: Exception) -> None:
    """What is expected says what it has to; of what is not, no content is shown."""
    if isinstance(error, KeyError):
        assert "content" not in message_of(error)
        assert "please report it" in message_of(error)
    else:
        assert str(error) == message_of(error)


def test_a_file_that_can_not_be_opened() -> None:
    """It is named, and another one is to be given."""
    error = FileNotFoundError(2, "No such file or directory", "nothere.jsonl")
    assert codes.WRONG_USAGE == exit_code_of(error)
    expected = "nothere.jsonl: No such file or directory; give another file"
    assert expected == message_of(error)


def test_the_cause_of_a_group() -> None:
    """It is the first one, and an unexpected one before all others."""
    first, second, bug = BrokenPipeError(), OSError("full"), KeyError("x")
    assert first is cause_of(ExceptionGroup("tasks", [first, second]))
    assert bug is cause_of(ExceptionGroup("tasks", [first, ExceptionGroup("more", [second, bug])]))
    assert bug is cause_of(bug)
