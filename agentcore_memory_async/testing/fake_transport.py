"""A fake for the network, for tests of code that uses this package."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing._fake_memories import FakeMemories
from agentcore_memory_async.testing._fake_records import FakeRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ("FakeTransport", "Request")

_EMPTY_LISTS = {
    "ListActors": "actorSummaries",
    "ListEvents": "events",
    "ListMemoryExtractionJobs": "jobs",
    "ListSessions": "sessionSummaries",
}
"""Lists, which are empty, and the member with their items."""
_STATUSES = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "ResourceNotFoundException": 404,
    "RetryableConflictException": 409,
    "ServiceException": 500,
    "ServiceQuotaExceededException": 402,
    "ThrottledException": 429,
}
"""HTTP statuses of the service's errors; that of the others is 400."""
_BY_ID = frozenset({"GetEvent", "GetMemoryRecord"})
"""Operations that ask for what does not exist."""
_ANSWERS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "DeleteEvent": lambda params: {"eventId": params["eventId"]},
    "DeleteMemoryRecord": lambda params: {"memoryRecordId": params["memoryRecordId"]},
    "IngestData": lambda params: {"sessionId": params.get("sessionId") or random_id()},
    "StartMemoryExtractionJob": lambda params: {"jobId": params["extractionJob"]["jobId"]},
}
"""Answers to the writes that succeed, made of their members."""
_NAMES = {"memoryRecordId", "requestIdentifier"}
"""Members of a batch's records that its answer repeats."""


@frozen
class Request:
    """
    A request that was sent.

    Attributes:
        operation: Wire name, such as ``CreateEvent``.
        params: Members of the request, by the service's names.
    """

    operation: str
    params: Mapping[str, Any]


class FakeTransport:
    """
    Answers requests as a test tells it to, and keeps them.

    Give it to a manager: ``AsyncMemorySessionManager("mem-1", transport=FakeTransport())``. Without
    a reply of the test, writes succeed, a CreateEvent returns its event, lists are empty, and what
    is asked for by its id does not exist, but for what ``records()`` put there. An
    `AsyncMemoryControl` on it gets the memories that it creates, ready at once.

    Attributes:
        requests: Requests so far, in order.
        date: The service's clock in every answer.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.date: datetime = datetime(2026, 1, 1, tzinfo=UTC)
        self._replies: dict[str, deque[Any]] = {}
        self._events = 0
        self._records = 0
        self._found = FakeRecords()
        self._memories = FakeMemories()

    def reply(
        self,
        operation: str,
        *replies: Mapping[str, Any] | Exception | Callable[[Mapping[str, Any]], Mapping[str, Any]],
    ) -> None:
        """
        Answer the next requests of *operation* with *replies*, one each.

        Args:
            operation: Wire name, such as ``ListEvents``.
            replies: Body of an answer, an error to raise, or a function of the request's members
                that returns the body.
        """
        self._replies.setdefault(operation, deque()).extend(replies)

    def records(self, *texts: str, namespace: str, score: float | None = None) -> dict[str, Any]:
        """
        Add records to the memory, and return the body of an answer with them.

        Lists and searches that have no other reply find those of their namespace, in the order of
        these calls, and ``get_memory_record`` finds them by their ids. Queries and filters do not
        count.

        Args:
            texts: Text of each record, the best or newest first.
            namespace: Namespace of the records, such as ``/facts/anna/``.
            score: Score of each record, 0 to 1; None for 0.9 in a search.

        Returns:
            The body of a list or search that returns these records alone, for ``reply``.
        """
        found: list[dict[str, Any]] = []
        for text in texts:
            self._records += 1
            record: dict[str, Any] = {
                "memoryRecordId": f"mem-{self._records:036d}",
                "content": {"text": text},
                "memoryStrategyId": "fake-0000000001",
                "namespaces": [namespace],
                "createdAt": self.date.timestamp(),
            }
            found.append(record if score is None else record | {"score": score})
        self._found.add(found)
        return {"memoryRecordSummaries": found}

    def events(
        self, *messages: tuple[str, str]
    ) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """
        Return what answers a ListEvents with conversational events, for ``reply``.

        Args:
            messages: Role, such as ``USER``, and text of each, oldest first; a second apart.
        """

        def answer(params: Mapping[str, Any]) -> Mapping[str, Any]:
            start_s = self.date.timestamp() - len(messages)
            ids = {name: params[name] for name in ("memoryId", "actorId", "sessionId")}
            events: list[dict[str, Any]] = []
            for number, (role, text) in enumerate(messages):
                said = {"role": role, "content": {"text": text}}
                event = {
                    "eventId": f"{round((start_s + number) * 1000):019d}#{number:08x}",
                    "eventTimestamp": start_s + number,
                    "payload": [{"conversational": said}],
                    "branch": {"name": "main"},
                }
                events.append(ids | event)
            return {"events": events[::-1]}

        return answer

    def fail(self, operation: str, code: str, *, status: int | None = None, times: int = 1) -> None:
        """
        Answer the next requests of *operation* with an error of the service.

        Args:
            operation: Wire name.
            code: The service's name of the error, such as ``ThrottledException``.
            status: HTTP status; the service's status for *code* if omitted.
            times: Number of requests.
        """
        status = _STATUSES.get(code, 400) if status is None else status
        for _ in range(times):
            self.reply(operation, service_error(operation, code, "made by a test", status))

    def sent(self, operation: str) -> list[Mapping[str, Any]]:
        """Return the members of all requests of *operation*, in order."""
        return [request.params for request in self.requests if request.operation == operation]

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        self.requests.append(Request(operation, dict(params)))
        replies = self._replies.get(operation)
        reply = replies.popleft() if replies else self._default(operation, params)
        if isinstance(reply, Exception):
            raise reply
        body = cast("Mapping[str, Any]", reply(params) if callable(reply) else reply)
        return Answer(body=dict(body), status=200, date=self.date, request_id="fake")

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        if operation == "CreateEvent":
            self._events += 1
            shown = ("memoryId", "actorId", "eventTimestamp", "payload")
            event = {name: params[name] for name in shown}
            event["sessionId"] = params.get("sessionId") or random_id()
            event["eventId"] = f"{round(params['eventTimestamp'] * 1000):019d}#{self._events:08x}"
            event["branch"] = params.get("branch", {"name": "main"})
            if "metadata" in params:
                event["metadata"] = params["metadata"]
            return {"event": event}
        answer = self._found.answer(operation, params) or self._memories.answer(operation, params)
        if answer is not None:
            return answer
        if operation in _EMPTY_LISTS:
            return {_EMPTY_LISTS[operation]: []}
        if operation in _ANSWERS:
            return _ANSWERS[operation](params)
        if operation in _BY_ID:
            text = "made by FakeTransport, which has nothing of this id"
            return service_error(operation, "ResourceNotFoundException", text, 404)
        if operation.startswith("Batch"):
            return self._batch(params["records"])
        message = f"FakeTransport has no answer to {operation}; give it one by reply()"
        raise LookupError(message)

    def _batch(self, records: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Return that all records of a batch succeeded; new ones get ids."""
        outcomes: list[dict[str, Any]] = []
        for record in records:
            self._records += 1
            shown = {name: record[name] for name in _NAMES & record.keys()}
            new_id = f"mem-{self._records:036d}"
            outcomes.append({"memoryRecordId": new_id, **shown, "status": "SUCCEEDED"})
        return {"successfulRecords": outcomes, "failedRecords": []}
