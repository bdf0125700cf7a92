"""
Everything that this package raises, and its warnings.

```
AgentCoreMemoryError(Exception)
  ServiceError(.., botocore ClientError)   the service answered with an error
    AccessDeniedError
    NotFoundError(LookupError)
    ValidationError(ValueError)
    ConflictError
    QuotaExceededError
    ThrottledError
    ServiceUnavailableError
  TransportError(OSError)                  the service did not answer
    CertificateError
    TransportTimeoutError(TimeoutError)
  OutcomeUnknownError                      a write that may have been stored
  UnsentError                              messages that a buffer could not write
  UnsentTurnsError                         recorded turns that closing could not write
  ClientTokenInUseError                    a write under the token of another one
  BatchError                               some records of a batch failed
  DecodeError(ValueError)                  an unreadable answer
    AnswerMismatchError                    an answer to another request
  ExtractionError
    ExtractionTimeoutError(TimeoutError)
    ExtractionFailedError                  failed jobs with reasons
  MemoryFailedError                        a memory, or a strategy, that could not be made
  MemoryTimeoutError(TimeoutError)         a memory that is not ready yet
ClosedError, WrongLoopError, ForkedError (RuntimeError)      programming errors, which are
InvalidInputError(ValueError)                                not under the base class
Warnings: BlockingCallWarning, UnreadableItemWarning (RuntimeWarning),
MemoryDiffersWarning, UnwrittenNamespaceWarning (UserWarning)
```

No text of a conversation, no query and no credential is in any ``str()`` or ``repr()`` of these.
All of them can be pickled and copied.

The service's own messages may quote what was sent. So of a refused value only an id is shown, and
of other quoted passages only single words; ``message`` and ``response`` of a `ServiceError` have
the whole text.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from agentcore_memory_async._memory_errors import (
    MemoryDiffersWarning,
    MemoryFailedError,
    MemoryTimeoutError,
    UnwrittenNamespaceWarning,
)
from agentcore_memory_async._mistakes import (
    BlockingCallWarning,
    ClosedError,
    ForkedError,
    InvalidInputError,
    WrongLoopError,
)
from agentcore_memory_async._picklable import Picklable
from agentcore_memory_async._service_errors import (
    AccessDeniedError,
    AgentCoreMemoryError,
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    ValidationError,
    service_error,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agentcore_memory_async.models import (
        BatchResult,
        ConversationalMessage,
        ExtractionJob,
        MemoryRecord,
    )


__all__ = (
    "AccessDeniedError",
    "AgentCoreMemoryError",
    "AnswerMismatchError",
    "BatchError",
    "BlockingCallWarning",
    "CertificateError",
    "ClientTokenInUseError",
    "ClosedError",
    "ConflictError",
    "DecodeError",
    "ExtractionError",
    "ExtractionFailedError",
    "ExtractionTimeoutError",
    "ForkedError",
    "InvalidInputError",
    "MemoryDiffersWarning",
    "MemoryFailedError",
    "MemoryTimeoutError",
    "NotFoundError",
    "OutcomeUnknownError",
    "QuotaExceededError",
    "ServiceError",
    "ServiceUnavailableError",
    "ThrottledError",
    "TransportError",
    "TransportTimeoutError",
    "UnreadableItemWarning",
    "UnsentError",
    "UnsentTurnsError",
    "UnwrittenNamespaceWarning",
    "ValidationError",
    "WrongLoopError",
    "service_error",
)


COPIED = (
    "this error is a copy without a manager; wait again with a poller of an open one, and restart "
    "what it raises"
)
"""Message of the error of restarting by a copy."""


class TransportError(Picklable, AgentCoreMemoryError, OSError):
    """
    The service did not answer: the connection failed, was refused or was lost.

    Attributes:
        operation: Wire name of the operation.
        reason: What happened, without any content of the request.
        sent: False only where it is certain that the request never left this machine.
        is_absent: Whether nothing listens at the endpoint, which is on this machine.
    """

    _fields = ("operation", "reason", "sent", "is_absent")
    _happened: ClassVar[str] = "got no response:"

    def __init__(
        self, operation: str, reason: str, sent: bool = True, is_absent: bool = False
    ) -> None:
        self.operation = operation
        self.reason = reason
        self.sent = sent
        self.is_absent = is_absent
        super().__init__(f"{operation} {self._happened} {reason}")


class CertificateError(TransportError):
    """The service's certificate is not trusted, so nothing was sent; it is not tried again."""


class TransportTimeoutError(TransportError, TimeoutError):
    """
    The service did not answer in time.

    Its *reason* ends a sentence that begins with "timed out", such as ``after 10 s``.
    """

    _happened = "timed out"


class DecodeError(Picklable, AgentCoreMemoryError, ValueError):
    """
    An unreadable answer: a success by its status, yet without the expected object.

    Attributes:
        operation: Wire name of the operation.
        reason: What was missing or malformed.
        raw: The answer, for debugging; never part of ``str()``.
        parsed: Whether it is JSON of another shape, which a read would only get again.
    """

    _fields = ("operation", "reason", "raw")

    def __init__(
        self, operation: str, reason: str, raw: object = None, *, parsed: bool = False
    ) -> None:
        self.operation = operation
        self.reason = reason
        self.raw = raw
        self.parsed = parsed
        super().__init__(f"the answer to {operation} is unreadable: {reason}")


class UnreadableItemWarning(RuntimeWarning):
    """An event, record or job of a list could not be read and was left out; it names its id."""


class AnswerMismatchError(DecodeError):
    """
    An answer to another request: a late duplicate on a kept connection, or a swapped one.

    It acknowledges nothing, and none of it is shown. The request was sent again on new connections.

    Attributes:
        operation: Wire name of the operation.
        member: Member of the answer that differs from the request.
        other_id: Id of the other event, or identifier of a record of the other batch; empty where
            the answer has none.
    """

    _fields = ("operation", "member", "other_id")

    def __init__(self, operation: str, member: str, other_id: str = "") -> None:
        self.member = member
        self.other_id = other_id
        super().__init__(operation, f"it belongs to another request, its {member} differs")


class ClientTokenInUseError(Picklable, AgentCoreMemoryError):
    """
    A write under the client token of another one: nothing of it is stored.

    Attributes:
        operation: Wire name of the operation.
        client_token: Token of the request.
    """

    _fields = ("operation", "client_token")

    def __init__(self, operation: str, client_token: str) -> None:
        self.operation = operation
        self.client_token = client_token
        super().__init__(
            f"{operation}: client token {client_token} belongs to another write, and nothing of "
            "this one was stored; give it a token of its own"
        )


class BatchError(Picklable, AgentCoreMemoryError):
    """
    Records of a batch failed, or may have; others may have succeeded.

    Attributes:
        operation: Wire name of the operation.
        result: What became of each record.
    """

    _fields = ("operation", "result")

    def __init__(self, operation: str, result: BatchResult) -> None:
        self.operation = operation
        self.result = result
        codes = Counter(str(each.code or "no code") for each in result.failed)
        failed = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
        text = f"{operation}: of {len(result)} record(s), {len(result.failed)} failed"
        text += f" ({failed})" if failed else ""
        if result.unknown:
            text += f", and {len(result.unknown)} may or may not have been done"
        super().__init__(f"{text}; .result says what became of each, and why")


class OutcomeUnknownError(Picklable, AgentCoreMemoryError):
    """
    A change that may have been made: the retries ended without an answer that tells.

    Sending the same request again is safe: its client token is fixed, or it sets or deletes, so
    that doing it twice is doing it once.

    Attributes:
        operation: The wire name of the operation.
        client_token: The token of the request, or of the whole batch; None where the operation has
            none.
        attempts: How many requests were made.
        request: The frozen request, as it went out, or one of all records in doubt of a batch that
            was split; never part of ``str()``.
    """

    _fields = ("operation", "client_token", "attempts", "request")

    def __init__(
        self, operation: str, client_token: str | None, attempts: int, request: Mapping[str, Any]
    ) -> None:
        self.operation = operation
        self.client_token = client_token
        self.attempts = attempts
        self.request = request
        token = "" if client_token is None else f" with client token {client_token}"
        done, advice = "done", "Calling it again with the same arguments does nothing twice"
        if operation == "CreateEvent":
            done = "stored"
            advice = "resolve(error) of the session settles it, and stores nothing twice"
        elif client_token is not None:
            advice = (
                "Calling it again with the same arguments, and with this token where the method "
                "takes one, does nothing twice"
            )
        super().__init__(
            f"{operation}{token} may or may not have been {done}: "
            f"no answer in {attempts} attempt(s) tells. {advice}"
        )


class UnsentError(Picklable, AgentCoreMemoryError):
    """
    Messages that a buffer accepted and could not write.

    Attributes:
        messages: Messages, oldest first; never part of ``str()``.
        client_token: Token of the first batch of them, where that is in doubt:
            ``await session.resolve(error)`` settles it. None where none was stored.
        batch_size: Number of messages in that batch.
        request: Frozen request of that batch, as it went out; never part of ``str()``.
    """

    _fields = ("messages", "client_token", "batch_size", "request")

    def __init__(
        self,
        messages: Sequence[ConversationalMessage],
        client_token: str | None = None,
        batch_size: int = 0,
        request: Mapping[str, Any] | None = None,
    ) -> None:
        self.messages: tuple[ConversationalMessage, ...] = tuple(messages)
        self.client_token = client_token
        self.batch_size = batch_size
        self.request = request
        text = f"{len(self.messages)} buffered message(s) were not sent; they are in .messages"
        if client_token is not None:
            text += (
                f"; the first {batch_size} may have been stored under client token "
                f"{client_token}, resolve(error) of the session settles them"
            )
        super().__init__(text)


class UnsentTurnsError(Picklable, AgentCoreMemoryError):
    """
    Turns of ``record_turn`` that could not be stored before the manager was closed.

    If the service refused one of them, ``__cause__`` says why.

    Attributes:
        requests: Requests, in the order of the turns; never part of ``str()``. Each has
            ``actorId``, ``sessionId``, ``clientToken`` and the messages as ``payload``.
    """

    _fields = ("requests",)

    def __init__(self, requests: Sequence[Mapping[str, Any]]) -> None:
        self.requests: tuple[Mapping[str, Any], ...] = tuple(requests)
        turns = ", ".join(
            f"session {request['sessionId']} of actor {request['actorId']} "
            f"(client token {request['clientToken']})"
            for request in self.requests
        )
        super().__init__(
            f"{len(self.requests)} turn(s) are not known to be stored: {turns}; "
            "they are in .requests, and a longer close_timeout= of the manager gives more time to "
            "those that were not refused"
        )


class ExtractionError(AgentCoreMemoryError):
    """A wait for long-term records ended without enough records."""


class ExtractionTimeoutError(Picklable, ExtractionError, TimeoutError):
    """
    Too few new records came in time.

    That is not always a failure: small talk and known facts give no new record.

    Attributes:
        namespaces: Resolved prefixes.
        records: New records that came.
        waited_s: Duration of the wait, in seconds.
        polls: Number of polls.
        unseen: Those of *namespaces* under which no record was seen, neither old nor new.
    """

    _fields = ("namespaces", "records", "waited_s", "polls", "unseen")

    def __init__(
        self,
        namespaces: Sequence[str],
        records: Sequence[MemoryRecord],
        waited_s: float,
        polls: int,
        unseen: Sequence[str] = (),
    ) -> None:
        self.namespaces: tuple[str, ...] = tuple(namespaces)
        self.records: tuple[MemoryRecord, ...] = tuple(records)
        self.waited_s = waited_s
        self.polls = polls
        self.unseen: tuple[str, ...] = tuple(unseen)
        hint = (
            f"; no record at all was seen under {', '.join(self.unseen)}, and a mistyped prefix "
            "looks the same: after describe() of the manager it is warned of at once"
        )
        super().__init__(
            f"{len(self.records)} new record(s) under {', '.join(self.namespaces)} "
            f"in {waited_s:.1f} s ({polls} polls), fewer than asked for; "
            "extraction can take minutes (timeout=), and small talk gives no record"
            f"{hint if self.unseen else ''}"
        )


class ExtractionFailedError(Picklable, ExtractionError):
    """
    Extraction failed for events of the session: unless it is restarted, they give no records.

    Attributes:
        namespaces: Resolved prefixes.
        jobs: Failed jobs, with their reasons.
        records: New records that came from other jobs.
        waited_s: Duration of the wait, in seconds.
    """

    _fields = ("namespaces", "jobs", "records", "waited_s")

    def __init__(
        self,
        namespaces: Sequence[str],
        jobs: Sequence[ExtractionJob],
        records: Sequence[MemoryRecord] = (),
        waited_s: float = 0.0,
        *,
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.namespaces: tuple[str, ...] = tuple(namespaces)
        self.jobs: tuple[ExtractionJob, ...] = tuple(jobs)
        self.records: tuple[MemoryRecord, ...] = tuple(records)
        self.waited_s = waited_s
        self._restart = restart
        reasons = ", ".join(dict.fromkeys(job.reason or "no reason given" for job in self.jobs))
        super().__init__(
            f"{len(self.jobs)} extraction job(s) failed ({reasons}) while waiting under "
            f"{', '.join(self.namespaces)}; restart() of this error starts them again, "
            "then wait again"
        )

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        # A copy elsewhere has no manager to send with.
        cls, fields, state = super().__reduce__()
        return cls, fields, {**state, "_restart": None}

    async def restart(self) -> None:
        """
        Start the failed jobs again, once, however often it is called; then wait again.

        Raises:
            ClosedError: The manager is closed, or this error is a copy without a manager.
            ServiceError: The service refused it.

        AWS operation: ``StartMemoryExtractionJob``, for each job.
        """
        if self._restart is None:
            raise ClosedError(COPIED)
        await self._restart()
