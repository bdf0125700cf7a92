"""
A transport that plays a service with extraction, in virtual time: lag, throttling, lost answers and
failed jobs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import anyio
from attrs import define, field

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    MemoryRecord,
    TransportError,
)
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async.errors import service_error
from tests._virtual_time import wall_clock
from tests.client.doubles import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
CREATED_AT = "x-amz-agentcore-memory-createdAt"
FOREVER = float("inf")


@define
class ExtractedRecord:
    """A record; times are on the loop's clock."""

    number: int
    namespace: str
    text: str
    written_at: float
    seen_from: float
    gone_at: float = FOREVER
    strategy: str = "facts-0123456789"

    @property
    def record_id(self) -> str:
        """Id that the service gave the record."""
        return f"mem-{self.number:036d}"


@define
class Job:
    """A failed job."""

    number: int
    actor_id: str
    session_id: str
    event_ids: list[str]
    failed_at: float
    reason: str = "LTM_RATE_EXCEEDED"
    strategy: str = "facts-0123456789"


@define
class ExtractionService:
    """
    A transport that plays the service.

    Attributes:
        on_event: Called with the parameters and the event id of each CreateEvent.
        skew_s: Seconds by which the service's clock is ahead of the client's.
        filters: What becomes of a filter by time: ``hides`` lists nothing, ``ignores`` everything.
        page_size: Largest number of items on a page.
        takes_s: Smallest and largest latency of a request, and again of its answer.
        throttles: Share of requests that are throttled.
        loses: Share of answers that are lost.
        denies: Operations that the credentials do not permit.
        tells_s: Extraction delay that the answers tell, as those of the local service.
        cut: Number of a request, and the scope that is cancelled while it is in flight.
    """

    random: Random = field(factory=lambda: Random(0))
    on_event: Callable[[Mapping[str, Any], str], None] = field(default=lambda _, __: None)
    skew_s: float = 300.0
    filters: Literal["accepts", "refuses", "ignores", "hides"] = "accepts"
    page_size: int = 100
    takes_s: tuple[float, float] = (0.02, 0.08)
    throttles: float = 0.0
    loses: float = 0.0
    denies: tuple[str, ...] = ()
    records: list[ExtractedRecord] = field(factory=list[ExtractedRecord])
    jobs: list[Job] = field(factory=list[Job])
    started: dict[str, str] = field(factory=dict[str, str])
    requests: list[tuple[float, str, Mapping[str, Any]]] = field(factory=list)
    tokens: dict[str, dict[str, Any]] = field(factory=dict[str, Any])
    tells_s: float | None = None
    cut: tuple[int, anyio.CancelScope] | None = None
    under_way: int = 0
    events: int = 0

    def extract(
        self, namespace: str, after_s: float, *, lag_s: float = 0.0, text: str = "", **members: Any
    ) -> ExtractedRecord:
        """Write a record *after_s* from now; lists show it *lag_s* later."""
        at = anyio.current_time() + after_s
        record = ExtractedRecord(len(self.records), namespace, text, at, at + lag_s, **members)
        self.records.append(record)
        return record

    def fail(self, event_id: str, after_s: float, session: tuple[str, str], **members: Any) -> Job:
        """Let the extraction of an event fail."""
        at = anyio.current_time() + after_s
        job = Job(len(self.jobs), *session, [event_id], at, **members)
        self.jobs.append(job)
        return job

    def count(self, operation: str) -> int:
        """Return the number of requests of *operation*."""
        return sum(name == operation for _, name, _ in self.requests)

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """Answer one request."""
        self.requests.append((anyio.current_time(), operation, dict(params)))
        self.under_way += 1
        if self.cut is not None and len(self.requests) == self.cut[0]:
            self.cut[1].cancel()
        try:
            await anyio.sleep(self.random.uniform(*self.takes_s))
            if operation in self.denies:
                raise service_error(operation, "AccessDeniedException", "no", 403)
            if self.random.random() < self.throttles:
                raise service_error(operation, "ThrottledException", "slow down", 429)
            body = getattr(self, f"_{operation}")(params)
            date = EPOCH + timedelta(seconds=int(anyio.current_time() + self.skew_s))
            await anyio.sleep(self.random.uniform(*self.takes_s))
            if self.random.random() < self.loses:
                raise TransportError(operation, "lost on the way back")
            return Answer(body=body, date=date, request_id="r", extraction_delay_s=self.tells_s)
        finally:
            self.under_way -= 1

    def _CreateEvent(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if params["clientToken"] in self.tokens:
            return self.tokens[params["clientToken"]]
        stamp = round(params["eventTimestamp"] * 1000)
        self.events += 1
        event_id = f"{stamp:019d}#{self.events:08x}"
        self.on_event(params, event_id)
        shown = ("memoryId", "actorId", "sessionId", "eventTimestamp", "payload")
        body = {"event": {name: params[name] for name in shown} | {"eventId": event_id}}
        self.tokens[params["clientToken"]] = body
        return body

    def _ListEvents(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"events": []}

    def _ListMemoryRecords(self, params: Mapping[str, Any]) -> dict[str, Any]:
        now = anyio.current_time()
        accept = self._filter(params.get("metadataFilters"))
        listed = [
            record
            for record in reversed(self.records)
            if record.seen_from <= now < record.gone_at
            and record.namespace.startswith(params["namespacePath"])
            and params.get("memoryStrategyId") in {None, record.strategy}
            and accept(record)
        ]
        return self._page(params, "memoryRecordSummaries", [self._wire(each) for each in listed])

    def _filter(self, given: list[dict[str, Any]] | None) -> Callable[[ExtractedRecord], bool]:
        if given is None or self.filters == "ignores":
            return lambda _: True
        if self.filters == "refuses":
            text = "metadataFilters is not supported"
            raise service_error("ListMemoryRecords", "ValidationException", text, 400)
        assert given[0]["left"] == {"metadataKey": CREATED_AT}
        assert given[0]["operator"] == "AFTER"
        after = given[0]["right"]["metadataValue"]["dateTimeValue"]
        hides = self.filters == "hides"
        return lambda record: not hides and self._seconds(record.written_at) > after

    def _seconds(self, at: float) -> float:
        return round(EPOCH.timestamp() + at + self.skew_s, 3)

    def _wire(self, record: ExtractedRecord) -> dict[str, Any]:
        return {
            "memoryRecordId": record.record_id,
            "content": {"text": record.text},
            "memoryStrategyId": record.strategy,
            "namespaces": [record.namespace],
            "createdAt": self._seconds(record.written_at),
        }

    def _ListMemoryExtractionJobs(self, params: Mapping[str, Any]) -> dict[str, Any]:
        requested = params.get("filter", {})
        listed = [
            {
                "jobID": f"job-{job.number}",
                "messages": {
                    "messagesList": [{"eventId": each, "messageIndex": 0} for each in job.event_ids]
                },
                "status": "FAILED",
                "failureReason": job.reason,
                "strategyId": job.strategy,
                "sessionId": job.session_id,
                "actorId": job.actor_id,
            }
            for job in self.jobs
            if job.failed_at <= anyio.current_time()
            and requested.get("actorId") in {None, job.actor_id}
            and requested.get("sessionId") in {None, job.session_id}
        ]
        return self._page(params, "jobs", listed)

    def _StartMemoryExtractionJob(self, params: Mapping[str, Any]) -> dict[str, Any]:
        job_id = params["extractionJob"]["jobId"]
        if params["clientToken"] not in self.started:
            self.started[params["clientToken"]] = job_id
            self.jobs = [job for job in self.jobs if f"job-{job.number}" != job_id]
        return {"jobId": job_id}

    def _page(
        self, params: Mapping[str, Any], member: str, items: list[dict[str, Any]]
    ) -> dict[str, Any]:
        start = int(params.get("nextToken", "0"))
        end = start + min(self.page_size, params["maxResults"])
        more = {"nextToken": str(end)} if end < len(items) else {}
        return {member: items[start:end], **more}


FACTS = "/facts/{actorId}/"
SESSION = ("a", "s")


def manager_on(service: ExtractionService, **options: Any) -> AsyncMemorySessionManager:
    """Return a manager on *service*."""
    return AsyncMemorySessionManager(MEMORY, transport=service, clock=wall_clock, **options)


async def session_of(manager: AsyncMemorySessionManager, *ids: str) -> AsyncMemorySession:
    """Return a session that was made without a request."""
    return await manager.create_memory_session(*(ids or SESSION), verify=False)


def texts(records: list[MemoryRecord]) -> list[str]:
    """Return the texts of *records*."""
    return [record.content for record in records]


def extract_from_events(service: ExtractionService, *facts: tuple[str, float, float]) -> None:
    """Let each event yield *facts*: a namespace, the delay, and the lag of lists."""

    def extract(params: Mapping[str, Any], event_id: str) -> None:
        said = params["payload"][0]["conversational"]["content"]["text"]
        for namespace, after_s, lag_s in facts:
            service.extract(namespace, after_s, lag_s=lag_s, text=said)

    service.on_event = extract
