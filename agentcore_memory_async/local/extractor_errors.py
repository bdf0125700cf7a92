"""
Reasons of failed extraction jobs.

An extractor of a user's can name the reason by an `ExtractorError`, or just let the error
of its model through, which has a reason by its code or its class.
"""

from __future__ import annotations

from typing import Literal, get_args

from agentcore_memory_async.local._api.members import as_object, child

__all__ = ("ExtractorError", "FailureReason")

FailureReason = Literal[
    "LTM_RATE_EXCEEDED",
    "CUSTOM_MODEL_BEDROCK_ACCESS_DENIED",
    "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR",
    "CUSTOM_MODEL_BEDROCK_THROTTLING",
    "CUSTOM_MODEL_BEDROCK_MODEL_ERROR",
    "CUSTOM_MODEL_BEDROCK_MODEL_TIMEOUT",
    "CUSTOM_MODEL_BEDROCK_RESOURCE_NOT_FOUND",
    "CUSTOM_MODEL_BEDROCK_MODEL_NOT_READY",
    "CUSTOM_MODEL_BEDROCK_SERVICE_UNAVAILABLE",
    "CUSTOM_MODEL_BEDROCK_VALIDATION_EXCEPTION",
]
_REASONS = frozenset[str](get_args(FailureReason))
"""All reasons that an extractor can give."""
_PREFIX = "CUSTOM_MODEL_BEDROCK_"
"""Prefix of these reasons."""
_BY_CODE = {
    "AccessDeniedException": "ACCESS_DENIED",
    "InternalServerException": "INTERNAL_ERROR",
    "ModelErrorException": "MODEL_ERROR",
    "ModelNotReadyException": "MODEL_NOT_READY",
    "ModelStreamErrorException": "MODEL_ERROR",
    "ModelTimeoutException": "MODEL_TIMEOUT",
    "ResourceNotFoundException": "RESOURCE_NOT_FOUND",
    "ServiceQuotaExceededException": "THROTTLING",
    "ServiceUnavailableException": "SERVICE_UNAVAILABLE",
    "ThrottledException": "THROTTLING",
    "ThrottlingException": "THROTTLING",
    "ValidationException": "VALIDATION_EXCEPTION",
}
"""Reasons by the code of a Bedrock error, as botocore's ClientError carries it."""
_BY_CLASS: tuple[tuple[type[BaseException], str], ...] = (
    (PermissionError, "ACCESS_DENIED"),
    (TimeoutError, "MODEL_TIMEOUT"),
    (ConnectionError, "SERVICE_UNAVAILABLE"),
)
"""Reasons without their prefix, by the class of an error; the first that matches."""


class ExtractorError(Exception):
    """
    Raised by an extractor to fail its job with one of the service's reasons.

    Args:
        reason: Reason, such as ``CUSTOM_MODEL_BEDROCK_THROTTLING``; the prefix
            ``CUSTOM_MODEL_BEDROCK_`` may be left out.
        message: Text for the log of the local service.

    Raises:
        ValueError: The service has no such reason.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        full = reason if reason in _REASONS else _PREFIX + reason
        if full not in _REASONS:
            text = f"reason is {reason!r}; use one of {', '.join(sorted(_REASONS))}"
            raise ValueError(text)
        self.reason = full
        self.message = message
        super().__init__(reason, message)

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


def reason_of(error: BaseException) -> str:
    """Return the reason of a job whose extractor raised *error*."""
    if isinstance(error, ExtractorError):
        return error.reason
    answer = as_object(getattr(error, "response", None))
    code = child(answer, "Error").get("Code")
    if isinstance(code, str) and code in _BY_CODE:
        return _PREFIX + _BY_CODE[code]
    for kind, reason in _BY_CLASS:
        if isinstance(error, kind):
            return _PREFIX + reason
    return _PREFIX + "INTERNAL_ERROR"
