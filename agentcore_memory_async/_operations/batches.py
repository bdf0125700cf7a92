"""Batches of long-term records, of which each succeeds or fails by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._calls.settling import settle_by_answer
from agentcore_memory_async._calls.wait_clock import LOOP_CLOCK
from agentcore_memory_async._core import View
from agentcore_memory_async._operations.together import run_each
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire import batch_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.namespaces import resolve_template
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    BatchError,
    OutcomeUnknownError,
    ServiceError,
)
from agentcore_memory_async.models import BatchResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agentcore_memory_async._calls.settling import Settle
    from agentcore_memory_async._wire.batch_codec import Part
    from agentcore_memory_async.models import (
        MemoryRecord,
        MemoryRecordUpdate,
        NewMemoryRecord,
        RecordOutcome,
    )

MOST_PARTS = 8
"""Requests of one batch that are under way at once; flow control may admit fewer."""

SETTLED_BY = "the same call again, with the same token if it has one, settles it"
"""What to do about an unknown outcome."""


class BatchOperations(View):
    """Many long-term records at once, in requests of at most 100 records."""

    async def batch_create_memory_records(
        self,
        records: Iterable[NewMemoryRecord],
        *,
        expiry_days: int | None = None,
        client_token: str | None = None,
        raise_on_failure: bool = False,
    ) -> BatchResult:
        """
        Create any number of long-term records.

        Safe to cancel: calling again with the same *records* and *client_token* creates nothing
        twice. It may take more than a minute until a new record is listed or found.

        Args:
            records: Records; more than 100 are sent in several requests.
            expiry_days: Days after which the service deletes them, 31 or more; never if omitted,
                whatever their strategy says.
            client_token: Token of 1 to 500 characters for the whole batch; made here if omitted,
                and logged if the call is cancelled.
            raise_on_failure: Whether to raise if a record fails, instead of returning the result.

        Returns:
            What became of each record. An error of one request does not hide what others did: it is
            raised as such only where no request was answered.

        Raises:
            BatchError: With *raise_on_failure*: records failed, or may have; its ``result`` says
                which.
            InvalidInputError: An argument is invalid; nothing was sent.
            ClientTokenInUseError: *client_token* is that of another batch; nothing was created.
            OutcomeUnknownError: No answer tells, so any of them may have been created.
            ServiceError: The service refused all of them.
            TransportError: Nothing could be sent.

        AWS operation: ``BatchCreateMemoryRecords``.
        """
        token = random_id() if client_token is None else check.check_client_token(client_token)
        values = self._namespace_values

        def split(given: list[object]) -> list[Part]:
            return batch_codec.new_parts(given, values, expiry_days, token)

        operation = "BatchCreateMemoryRecords"
        return await self._send_batch(operation, records, split, raise_on_failure, token)

    async def batch_update_memory_records(
        self,
        records: Iterable[MemoryRecordUpdate],
        *,
        expiry_days: int | Literal["REMOVE"] | None = None,
        raise_on_failure: bool = False,
    ) -> BatchResult:
        """
        Change any number of long-term records.

        Safe to cancel and to call again: what is set twice is set once.

        Args:
            records: Changes, one for each record; more than 100 are sent in several requests.
            expiry_days: Days from now after which the service deletes them, 31 or more;
                ``"REMOVE"`` for never. If omitted, a record that expires has the number of days
                that it was given last, from now.
            raise_on_failure: As in ``batch_create_memory_records``.

        Returns:
            As in ``batch_create_memory_records``.

        Raises:
            BatchError: As in ``batch_create_memory_records``.
            InvalidInputError: An argument is invalid; nothing was sent.
            OutcomeUnknownError: No answer tells, so any of them may have been changed.
            ServiceError: The service refused all of them.
            TransportError: Nothing could be sent.

        AWS operation: ``BatchUpdateMemoryRecords``.
        """
        values = self._namespace_values

        def split(given: list[object]) -> list[Part]:
            return batch_codec.update_parts(given, values, expiry_days)

        operation = "BatchUpdateMemoryRecords"
        each = batch_codec.settle_update
        return await self._send_batch(operation, records, split, raise_on_failure, settle_each=each)

    async def batch_delete_memory_records(
        self,
        records: Iterable[str | MemoryRecord],
        *,
        namespace: str | None = None,
        raise_on_failure: bool = False,
    ) -> BatchResult:
        """
        Delete any number of long-term records for good.

        Safe to cancel and to call again; what is gone by then is a failure with the code 404. Where
        an answer was lost, that code counts as success: the record is deleted, or so new that it
        cannot be seen yet.

        Args:
            records: Record ids, or records; more than 100 are sent in several requests.
            namespace: Namespace of the records, where the permissions are limited to namespaces;
                that of each record if omitted, where records are given.
            raise_on_failure: As in ``batch_create_memory_records``.

        Returns:
            As in ``batch_create_memory_records``.

        Raises:
            BatchError: As in ``batch_create_memory_records``.
            InvalidInputError: An argument is invalid; nothing was sent.
            OutcomeUnknownError: No answer tells, so any of them may have been deleted.
            ServiceError: The service refused all of them.
            TransportError: Nothing could be sent.

        AWS operation: ``BatchDeleteMemoryRecords``.
        """
        if namespace is not None:
            values = self._namespace_values()
            namespace = resolve_template(namespace, values, argument="namespace")

        def split(given: list[object]) -> list[Part]:
            return batch_codec.delete_parts(given, namespace)

        operation = "BatchDeleteMemoryRecords"
        each = batch_codec.settle_deletion
        return await self._send_batch(operation, records, split, raise_on_failure, settle_each=each)

    async def _send_batch(
        self,
        operation: str,
        records: object,
        split: Callable[[list[object]], list[Part]],
        raise_on_failure: bool,
        client_token: str | None = None,
        *,
        settle_each: Callable[[RecordOutcome], RecordOutcome] | None = None,
    ) -> BatchResult:
        is_raised = check.check_bool("raise_on_failure", raise_on_failure)
        settle: Settle[list[RecordOutcome]] = settle_by_answer
        if settle_each is not None:
            settle = partial(_settle, settle_each)
        given = batch_codec.list_records(records)
        parts = await run_apart(split, given, large=is_large(given))
        asked = [record for part in parts for record in part.params["records"]]
        request = {"memoryId": self.memory_id, "records": asked}
        sent = self._send_parts(operation, parts, is_raised, client_token, settle)
        return await observed(self._core.retrier.observer, operation, request, sent)

    async def _send_parts(
        self,
        operation: str,
        parts: Sequence[Part],
        is_raised: bool,
        client_token: str | None,
        settle: Settle[list[RecordOutcome]],
    ) -> BatchResult:
        ended: dict[int, list[RecordOutcome] | Exception] = {}

        async def send(part: Part) -> None:
            core = self._core
            try:
                await core.retrier.pace(operation, LOOP_CLOCK, core.writer.account_pace)
                ended[part.start] = await self._send_part(operation, part, client_token, settle)
            except Exception as error:  # noqa: BLE001 - it is told of the records of this part
                ended[part.start] = error

        await run_each(parts, send, MOST_PARTS)
        answers = [ended[part.start] for part in parts]
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if errors and len(errors) == len(parts):
            raise _error_of_all(operation, errors, client_token)
        outcomes = [
            outcome
            for part, answer in zip(parts, answers, strict=True)
            for outcome in (_failed(part, answer) if isinstance(answer, Exception) else answer)
        ]
        result = BatchResult(tuple(outcomes), client_token)
        if is_raised and not result:
            raise BatchError(operation, result) from (errors[0] if errors else None)
        return result

    async def _send_part(
        self,
        operation: str,
        part: Part,
        client_token: str | None,
        settle: Settle[list[RecordOutcome]],
    ) -> list[RecordOutcome]:
        return await self._core.retrier.change(
            operation,
            {"memoryId": self.memory_id, **part.params},
            lambda answer: batch_codec.read_outcomes(operation, part, answer.body),
            self._core.retry,
            settle=settle,
            client_token=client_token,
        )


def _settle(
    settle_each: Callable[[RecordOutcome], RecordOutcome],
    last: list[RecordOutcome] | Exception,
    unknown: OutcomeUnknownError,
) -> list[RecordOutcome]:
    """Settle the changes of several records, each by itself."""
    return [settle_each(outcome) for outcome in settle_by_answer(last, unknown)]


def _error_of_all(
    operation: str, errors: Sequence[Exception], client_token: str | None
) -> Exception:
    """Return the error of a batch without any answer: what may have been done comes first."""
    unknown = [error for error in errors if isinstance(error, OutcomeUnknownError)]
    if not unknown or len(errors) == 1:
        return errors[0]
    records = [record for error in unknown for record in error.request["records"]]
    token = {} if client_token is None else {"clientToken": client_token}
    request = {**unknown[0].request, "records": records, **token}
    attempts = sum(error.attempts for error in unknown)
    combined = OutcomeUnknownError(operation, client_token, attempts, request)
    combined.__cause__ = unknown[0]
    return combined


def _failed(part: Part, error: Exception) -> list[RecordOutcome]:
    """Return the outcomes of a part without an answer that tells them."""
    if isinstance(error, OutcomeUnknownError):
        message = f"{_reason(error.__cause__)}; {SETTLED_BY}"
        return part.outcomes(status="UNKNOWN", message=message)
    code = error.status if isinstance(error, ServiceError) else None
    return part.outcomes(status="FAILED", code=code or None, message=_reason(error))


def _reason(error: BaseException | None) -> str:
    """Return the text of an error of this package, of which alone is known what it shows."""
    return str(error) if isinstance(error, AgentCoreMemoryError) else type(error).__name__
