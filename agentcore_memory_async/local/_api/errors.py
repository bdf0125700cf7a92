"""The service's error answers: code, status and text."""

from __future__ import annotations

from typing import Any

from attrs import define, field

STATUS_BY_CODE = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "InternalServerException": 500,
    "InvalidInputException": 400,
    "RequestEntityTooLargeException": 413,
    "ResourceNotFoundException": 404,
    "RetryableConflictException": 409,
    "ServiceException": 500,
    "ServiceQuotaExceededException": 402,
    "ServiceUnavailableException": 503,
    "ThrottledException": 429,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "ValidationException": 400,
}
"""HTTP status of each error of the service models, and of those that AWS's HTTP layer adds."""


@define(slots=False)
class AwsError(Exception):
    """
    An error answer of the service.

    Attributes:
        code: Error code, such as ``ValidationException``; sent as the ``x-amzn-errortype`` header.
        message: Text, in the service's words where they are known.
        reason: Reason of a ValidationException: one of the model's.
        fields: Name and message of each refused member, for a ValidationException.
        status: HTTP status; that of the code if omitted.
    """

    code: str
    message: str
    reason: str | None = None
    fields: list[dict[str, str]] = field(factory=list[dict[str, str]])
    status: int = 0

    def __attrs_post_init__(self) -> None:
        """Set the status of the code if none was given."""
        if not self.status:
            self.status = STATUS_BY_CODE.get(self.code, 400)

    def body(self) -> dict[str, Any]:
        """Return the members of the answer's JSON object."""
        members: dict[str, Any] = {"message": self.message}
        if self.code == "ValidationException":
            members["reason"] = self.reason or "FieldValidationFailed"
            if self.fields:
                members["fieldList"] = self.fields
        return members


def validation(
    message: str, *, reason: str = "FieldValidationFailed", field: str | None = None
) -> AwsError:
    """Return a ValidationException (400)."""
    fields = [{"name": field, "message": message}] if field else []
    return AwsError("ValidationException", message, reason, fields)


def not_found(message: str) -> AwsError:
    """Return a ResourceNotFoundException (404)."""
    return AwsError("ResourceNotFoundException", message)


def memory_not_found(memory_id: str) -> AwsError:
    """Return the ResourceNotFoundException (404) of a memory that does not exist."""
    return not_found(f"Memory not found: {memory_id}")


def access_denied(message: str) -> AwsError:
    """Return an AccessDeniedException (403)."""
    return AwsError("AccessDeniedException", message)
