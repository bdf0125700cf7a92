"""Errors of the service: their classes, and what they say of clocks and tokens."""

from __future__ import annotations

import pytest

from agentcore_memory_async import errors
from agentcore_memory_async._service_errors import (
    compare_clocks,
    is_clock_at_fault,
    is_time_refused,
    is_token_expired,
)

CODES = {
    errors.AccessDeniedError: (
        "AccessDeniedException AccessDenied UnrecognizedClientException ExpiredToken "
        "ExpiredTokenException RequestTimeTooSkewed RequestExpired RequestInTheFuture "
        "InvalidSignatureException SignatureDoesNotMatch AuthFailure"
    ),
    errors.NotFoundError: "ResourceNotFoundException",
    errors.ValidationError: "ValidationException InvalidInputException",
    errors.ConflictError: "RetryableConflictException ConflictException",
    errors.QuotaExceededError: "ServiceQuotaExceededException",
    errors.ServiceUnavailableError: "ServiceException InternalServerException",
}
STATUSES = {
    402: errors.QuotaExceededError,
    403: errors.AccessDeniedError,
    404: errors.ServiceError,
    409: errors.ConflictError,
    429: errors.ThrottledError,
    499: errors.ServiceError,
    500: errors.ServiceUnavailableError,
}


def test_every_code_and_status_has_its_class() -> None:
    """A known code decides whatever the status is; of unknown ones the status decides."""
    for kind, codes in CODES.items():
        assert {kind} == {type(errors.service_error("X", code, "", 418)) for code in codes.split()}
    for status, kind in STATUSES.items():
        assert kind is type(errors.service_error("X", "Unknown", "", status))


@pytest.mark.parametrize("offset_s", [-300.0, -299.0, None, 299.0, 300.0])
def test_a_signature_is_refused_for_its_time_from_five_minutes_on(offset_s: float | None) -> None:
    """A wrong signature may have another reason if the clocks differ by less."""
    is_far = offset_s is not None and abs(offset_s) == 300
    for code in ("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"):
        error = errors.service_error("X", code, "no", 403, clock_offset_s=offset_s)
        assert is_far == is_clock_at_fault(error)
    assert not is_time_refused("AccessDenied", "no", offset_s)
    for code in ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"):
        assert is_time_refused(code, "no", offset_s)


@pytest.mark.parametrize(
    "message",
    [
        "Signature expired: 2026",
        "the signature has expired",
        "Signature not yet current",
        "Request has expired",
        "clock skew too great",
    ],
)
def test_a_message_may_say_that_the_time_is_refused(message: str) -> None:
    """It counts under other codes too, but only where access is denied."""
    assert is_clock_at_fault(errors.service_error("X", "AccessDeniedException", message, 403))
    assert not is_clock_at_fault(errors.service_error("X", "ValidationException", message, 400))


def test_an_expired_token_is_known_by_code_or_message() -> None:
    """The code decides, or a message where access is denied."""
    words = "The security token included in the request is expired"
    for code, message, status, expected in (
        ("ExpiredToken", "", 400, True),
        ("ExpiredTokenException", "", 403, True),
        ("UnrecognizedClientException", words, 403, True),
        ("UnrecognizedClientException", "no", 403, False),
        ("ValidationException", words, 400, False),
    ):
        assert expected == is_token_expired(errors.service_error("X", code, message, status))


@pytest.mark.parametrize(
    ("offset_s", "text"),
    [
        (None, "Check this machine's clock"),
        (0.0, "This machine's clock agrees with the service's"),
        (1.0, "is 0:00:01 (hours:minutes:seconds) behind the service's"),
        (59.0, "is 0:00:59 (hours:minutes:seconds) behind the service's"),
        (60.0, "is 0:01:00 (hours:minutes:seconds) behind the service's; set it"),
        (-1.0, "is 0:00:01 (hours:minutes:seconds) ahead of the service's"),
        (-60.0, "is 0:01:00 (hours:minutes:seconds) ahead of the service's; set it"),
    ],
)
def test_a_clock_is_to_be_set_from_a_minute_on(offset_s: float | None, text: str) -> None:
    """The difference is told with its side, and the advice only where it is worth it."""
    assert compare_clocks(offset_s).endswith(text)
