"""Errors that the service answers with, and how codes map to them; `errors` exports them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._redaction import without_content, without_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    class ClientError(Exception):
        """What botocore's own, which carries no types, has."""

        response: dict[str, Any]
        operation_name: str

        def __init__(self, error_response: dict[str, Any], operation_name: str) -> None: ...

else:
    from botocore.exceptions import ClientError


class AgentCoreMemoryError(Exception):
    """Base class of everything that can go wrong between this client and the service."""


class ServiceError(AgentCoreMemoryError, ClientError):
    """
    The service answered with an error.

    It is also botocore's ``ClientError``, so existing code with ``except ClientError as e:
    e.response["Error"]["Code"]`` goes on working.

    Attributes:
        operation: Wire name of the operation, such as ``CreateEvent``.
        code: The service's name of the error, such as ``ThrottledException``.
        message: The service's message, as it came. It may quote what was sent; ``str()`` and
            ``args`` leave that out.
        status: HTTP status.
        request_id: Request id, which AWS support asks for; None where the answer had none.
        attempts: Number of requests that were made.
        hint: What to do next, where the client knows.
        retry_after_s: Wait that the service asked for, in seconds; None where it named none.
        clock_offset_s: How far the service's clock was ahead of this machine's when it answered, in
            seconds, to the second; None where the answer had no date.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str,
        status: int,
        request_id: str | None = None,
        *,
        attempts: int = 1,
        hint: str = "",
        retry_after_s: float | None = None,
        clock_offset_s: float | None = None,
    ) -> None:
        self.operation = operation
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.attempts = attempts
        self.hint = hint
        self.retry_after_s = retry_after_s
        self.clock_offset_s = clock_offset_s
        self._shown = without_content(message)
        response: Any = {
            "Error": {"Code": code, "Message": self._shown},
            "ResponseMetadata": {
                "RequestId": request_id or "",
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
                "RetryAttempts": attempts - 1,
            },
        }
        super().__init__(response, operation)  # which makes a text of it
        self.response["Error"]["Message"] = message

    def __str__(self) -> str:
        text = f"{self.code} ({self.status}) at {self.operation}: {self._shown}"
        if self.attempts > 1:
            text += f" (after {self.attempts} attempts)"
        if self.request_id:
            text += f" [request {self.request_id}]"
        return f"{text}. {self.hint}" if self.hint else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __reduce__(self) -> tuple[Any, ...]:
        args = (self.operation, self.code, self._shown, self.status, self.request_id)
        return type(self), args, self.__dict__


class AccessDeniedError(ServiceError):
    """The credentials do not allow this (``AccessDeniedException``, 403), or are not valid."""


class NotFoundError(ServiceError, LookupError):
    """The memory, event or record does not exist here (``ResourceNotFoundException``, 404)."""


class ValidationError(ServiceError, ValueError):
    """The service rejected the request (``ValidationException``, ``InvalidInputException``)."""


class ConflictError(ServiceError):
    """A concurrent write was under way (``RetryableConflictException``, 409)."""


class QuotaExceededError(ServiceError):
    """A quota of the account or the memory is used up (402)."""


class ThrottledError(ServiceError):
    """The service throttled (429, or a throttling code), and still did when the retries ended."""


class ServiceUnavailableError(ServiceError):
    """The service failed internally (5xx), and still did when the retries ended."""


_THROTTLING = """
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled
    RequestThrottledException SlowDown ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionInProgressException
"""
"""Codes that botocore 1.44.8 treats as throttling, whatever their status."""
_EXPIRED_TOKEN = ("ExpiredToken", "ExpiredTokenException")
"""Codes of credentials whose session has ended."""
_TOKEN_TEXT = re.compile(r"\btoken\b.* expired", re.IGNORECASE)
"""What a message says of them under other codes."""
_WRONG_TIME = ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture")
"""Codes of requests that were signed too long ago, or later than now."""
_TIME_TEXT = re.compile(
    r"signature (has )?expired|signature not yet current|request has expired|\bskew",
    re.IGNORECASE,
)
"""What a message says of them under other codes."""
_WRONG_SIGNATURE = ("InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure")
"""Codes of signatures that may be wrong for another reason, too."""
TOLERATED_S = 60
"""Difference of clocks, in seconds, from which on it is worth setting one."""
SIGNATURE_VALID_S = 300
"""Time for which a signature is valid, before and after it was made."""
_BY_CODE: dict[str, type[ServiceError]] = {
    "AccessDeniedException": AccessDeniedError,
    "AccessDenied": AccessDeniedError,
    "UnrecognizedClientException": AccessDeniedError,
    **dict.fromkeys(_EXPIRED_TOKEN, AccessDeniedError),
    **dict.fromkeys(_WRONG_TIME, AccessDeniedError),
    **dict.fromkeys(_WRONG_SIGNATURE, AccessDeniedError),
    "ResourceNotFoundException": NotFoundError,
    "ValidationException": ValidationError,
    "InvalidInputException": ValidationError,
    "RetryableConflictException": ConflictError,
    "ConflictException": ConflictError,
    "ServiceQuotaExceededException": QuotaExceededError,
    **dict.fromkeys(_THROTTLING.split(), ThrottledError),
    "ServiceException": ServiceUnavailableError,
    "InternalServerException": ServiceUnavailableError,
}
"""Classes of errors by the service's code."""
_BY_STATUS: dict[int, type[ServiceError]] = {
    402: QuotaExceededError,
    403: AccessDeniedError,
    409: ConflictError,
    429: ThrottledError,
}
"""
Classes of errors by HTTP status, for unknown codes. 404 is not among them: any server answers so,
and only the service knows what a memory has.
"""


def service_error(
    operation: str,
    code: str,
    message: str,
    status: int,
    request_id: str | None = None,
    *,
    retry_after_s: float | None = None,
    clock_offset_s: float | None = None,
) -> ServiceError:
    """Return an error of the class for *code*, or, if the code is unknown, for *status*."""
    cls = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if cls is None:
        cls = ServiceUnavailableError if status >= 500 else ServiceError
    return cls(
        operation,
        code,
        message,
        status,
        request_id,
        retry_after_s=retry_after_s,
        clock_offset_s=clock_offset_s,
    )


def is_token_expired(error: ServiceError) -> bool:
    """Return whether the service refused the credentials as expired."""
    if error.code in _EXPIRED_TOKEN:
        return True
    return isinstance(error, AccessDeniedError) and bool(_TOKEN_TEXT.search(error.message))


def is_clock_at_fault(error: ServiceError) -> bool:
    """Return whether the service refused the time at which the request was signed."""
    if not isinstance(error, AccessDeniedError):
        return False
    return is_time_refused(error.code, error.message, error.clock_offset_s)


def is_time_refused(code: str, message: str, offset_s: float | None) -> bool:
    """Return whether a refusal is about the time of the signature; *offset_s* is the clocks'."""
    is_far = offset_s is not None and abs(offset_s) >= SIGNATURE_VALID_S
    return (
        code in _WRONG_TIME
        or (is_far and code in _WRONG_SIGNATURE)
        or bool(_TIME_TEXT.search(message))
    )


def compare_clocks(offset_s: float | None) -> str:
    """Return a hint about this machine's clock, for `ServiceError.clock_offset_s`."""
    if offset_s is None:
        return "Check this machine's clock"
    if not offset_s:
        return "This machine's clock agrees with the service's"
    by = timedelta(seconds=abs(offset_s))
    side = "behind" if offset_s > 0 else "ahead of"
    advice = "; set it" if abs(offset_s) >= TOLERATED_S else ""
    return f"This machine's clock is {by} (hours:minutes:seconds) {side} the service's{advice}"


def leave_out(error: ServiceError, texts: Iterable[str]) -> None:
    """Leave out what the message of *error* repeats of *texts*, the content of its request."""
    before = error._shown  # noqa: SLF001 - of this module
    error._shown = after = without_texts(before, texts)  # noqa: SLF001 - likewise
    error.args = tuple(str(arg).replace(before, after) for arg in error.args)
