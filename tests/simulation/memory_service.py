"""
A simple in-memory model of the service behind aiobotocore's ``http_session_cls``.

It shares no code with the client or the local service. It has pages with the newest events first,
client tokens, token buckets, lagging filters, and faults drawn from one seeded generator.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from attrs import define
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests._virtual_time import EPOCH_S
from tests.checked import check_request

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = (
    "reset before",
    "reset after",
    "500 before",
    "500 after",
    "429",
    "timeout after",
    "no event id",
    "cut body",
    "late duplicate",
    "swapped answers",
    "token used elsewhere",
)
BEFORE = frozenset({"reset before", "500 before", "429", "late duplicate"})
"""Faults after which nothing is stored."""
STRAYS = frozenset({"late duplicate", "swapped answers"})
"""Faults by which an answer to another request comes."""
ELSEWHERE = "somebody-else"
"""Actor whose writes take the tokens of others; they are in no session."""


class Bucket:
    """A token bucket with *burst* tokens that refills by *rate* a second."""

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate = rate
        self.burst = rate if burst is None else burst
        self._level = self.burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take a token and return True; return False if there is none."""
        self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


@define
class Stored:
    """An event that the service stores."""

    event_id: str
    request: dict[str, Any]
    at: float

    @property
    def stamp_ms(self) -> int:
        """Timestamp in milliseconds since 1970."""
        stamp_s: float = self.request["eventTimestamp"]
        return round(stamp_s * 1000)

    @property
    def texts(self) -> list[str]:
        """Texts of the messages, and ``n`` of the JSON payloads."""
        found = []
        for item in self.request["payload"]:
            if "conversational" in item:
                found.append(item["conversational"]["content"]["text"])
            else:
                found.append(item["json"]["content"]["n"])
        return found

    def to_response(self) -> dict[str, Any]:
        """Return the event in the form of responses."""
        hidden = ("clientToken", "extractionMode")
        event = {key: value for key, value in self.request.items() if key not in hidden}
        return {"branch": {"name": "main"}, **event, "eventId": self.event_id}


class MemoryService:
    """
    The model, its faults, and counts of its requests.

    Attributes:
        fault_share: Share of requests that get a fault.
        script: Faults of the next requests, in order; "" is none.
        down: Fault of every request: ``refused``, ``500`` or ``silent``; empty for none.
        latency_s: Minimum and maximum time of one way, in seconds.
        buckets: Rate limits by operation, each shared by all sessions.
        session_rate: Events a second that each session may create; None for no limit.
        session_buckets: Rate limits of the sessions so far.
        filter_lag_s: Time for which filters do not show a new event.
        retry_after: Value of the ``retry-after`` header of throttled responses, if any.
        asked: Number of requests by operation.
        met: Number of requests by fault.
        record_all: Whether ``starts`` is filled.
        starts: Time and operation of each request.
        throttled_at: Times of the throttled requests.
        violations: Descriptions of what a correct client never does.
        first_seen: Time of the first request by client token.
        sessions: Stored events by actor id and session id.
        records: Long-term records in the form of responses.
        in_flight: Number of requests that have no response yet.
    """

    def __init__(self, seed: int = 0) -> None:
        self.fault_share = 0.0
        self.script: list[str] = []
        self.down = ""
        self.latency_s = (0.005, 0.06)
        self.buckets: dict[str, Bucket] = {}
        self.session_rate: float | None = None
        self.filter_lag_s = 0.0
        self.retry_after: str | None = None
        self.asked: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.starts: list[tuple[float, str]] = []
        self.throttled_at: list[float] = []
        self.violations: list[str] = []
        self.first_seen: dict[str, float] = {}
        self.sessions: dict[tuple[str, str], list[Stored]] = {}
        self.records: list[dict[str, Any]] = []
        self.in_flight = 0
        self.record_all = False
        self._tokens: dict[str, Stored] = {}
        self._strays: dict[bytes, tuple[str, Any]] = {}
        self._answered: set[bytes] = set()
        self.session_buckets: dict[tuple[str, str], Bucket] = {}
        self._random = random.Random(seed)
        self._trace = hashlib.sha256()
        self._count = 0

    @property
    def trace(self) -> str:
        """Digest of all requests and responses, in order, with their times."""
        return self._trace.hexdigest()[:16]

    def note(self, *facts: object) -> None:
        """Add *facts* to the trace."""
        self._trace.update(f"{self._now():.6f} {facts}\n".encode())

    def config(self, **options: Any) -> AioConfig:
        """Return a config whose client sends to this service."""
        return AioConfig(http_session_cls=self.http_session_cls(), **options)

    def http_session_cls(self) -> type[Any]:
        """Return the HTTP session class for aiobotocore."""
        service = self

        class MemorySession:
            def __init__(self, max_pool_connections: int = 10, **_: Any) -> None:
                self._pool = asyncio.Semaphore(max_pool_connections)

            async def __aenter__(self) -> Any:
                return self

            async def __aexit__(self, *exc_info: Any) -> None:
                await asyncio.sleep(0)

            async def close(self) -> None:
                """Do nothing, since nothing is open."""

            async def send(self, request: Any) -> Any:
                """Send one request."""
                async with self._pool:
                    return await service.serve(request)

        return MemorySession

    async def serve(self, request: Any) -> AioAWSResponse:
        """Answer one request, or raise as a connection would."""
        operation, params = _parse(request)
        check_request(operation, {"memoryId": _memory_id(request), **params})
        self.asked[operation] += 1
        if self.record_all:
            self.starts.append((self._now(), operation))
        fault = self._draw()
        if fault:
            self.met[fault] += 1
        self.note(operation, params.get("clientToken"), fault)
        self.in_flight += 1
        try:
            return await self._serve(request, operation, params, fault)
        finally:
            self.in_flight -= 1

    async def _serve(
        self, request: Any, operation: str, params: dict[str, Any], fault: str
    ) -> AioAWSResponse:
        url = request.url
        await self._travel(url, operation, params, fault)
        refused = self._refusal(url, operation, params, fault)
        if refused is not None:
            return refused
        stray = self._stray(operation, params) if fault in STRAYS else None
        if fault == "late duplicate" and stray is not None:
            return self._answer(url, 200, stray)
        if fault == "token used elsewhere" and operation == "CreateEvent":
            self._take_token(params)
        status, body = self._perform(operation, params)
        encoded = json.dumps(body).encode()
        if encoded not in self._answered and body != {"events": []}:
            self._answered.add(encoded)
            self._strays[encoded] = operation, params
        return await self._reply(url, status, encoded if stray is None else stray, fault)

    def _stray(self, operation: str, params: dict[str, Any]) -> bytes | None:
        """
        Take the answer to another request of the same operation, if there is one.

        Each strays once only. An empty page, and one of the same session, could not be told apart.
        """
        recent = list(self._strays.items())[-50:]
        others = [
            body
            for body, (theirs, asked) in recent
            if theirs == operation
            and (operation == "CreateEvent" or asked.get("sessionId") != params.get("sessionId"))
        ]
        if not others:
            return None
        body = self._random.choice(others)
        del self._strays[body]
        return body

    async def _travel(self, url: str, operation: str, params: dict[str, Any], fault: str) -> None:
        """Carry a request to the service, or fail on the way."""
        if fault == "refused":
            raise EndpointConnectionError(endpoint_url=url, error=ConnectionRefusedError())
        late = self._random.random() < 0.5
        way_s = self._random.uniform(*self.latency_s)
        try:
            await asyncio.sleep(way_s)
        except asyncio.CancelledError:
            # The client has disconnected; what it sent may still arrive.
            if late and fault not in BEFORE and not self.down and operation == "CreateEvent":
                asyncio.get_running_loop().call_later(way_s, self._create, params)
            raise
        if fault == "silent":
            await asyncio.sleep(3600)

    def _refusal(
        self, url: str, operation: str, params: dict[str, Any], fault: str
    ) -> AioAWSResponse | None:
        """Return the error of a request that is not performed; None for one that is."""
        if fault in {"500", "500 before"}:
            return self._error(url, 500, "ServiceException")
        if fault == "429" or self._throttled(operation, params):
            self.throttled_at.append(self._now())
            return self._error(url, 429, "ThrottledException")
        if fault == "reset before":
            raise ConnectionClosedError(endpoint_url=url, error=ConnectionResetError())
        return None

    async def _reply(self, url: str, status: int, body: bytes, fault: str) -> AioAWSResponse:
        """Carry the response of a performed request to the client, or lose or damage it."""
        if fault == "timeout after":
            await asyncio.sleep(self._random.uniform(1, 12))
            raise ReadTimeoutError(endpoint_url=url, error=TimeoutError())
        await asyncio.sleep(self._random.uniform(*self.latency_s))
        if fault == "reset after":
            raise ConnectionClosedError(endpoint_url=url, error=ConnectionResetError())
        if fault == "500 after":
            return self._error(url, 500, "ServiceException")
        if fault == "no event id":
            return self._answer(url, status, b"{}")
        return self._answer(url, status, body[: len(body) // 2] if fault == "cut body" else body)

    def _draw(self) -> str:
        if self.script:
            return self.script.pop(0)
        if self.down:
            return self.down
        if self._random.random() < self.fault_share:
            return self._random.choice(FAULTS)
        return ""

    def _throttled(self, operation: str, params: dict[str, Any]) -> bool:
        bucket = self.buckets.get(operation)
        if bucket is not None and not bucket.take(self._now()):
            return True
        if self.session_rate is None or operation != "CreateEvent":
            return False
        key = params["actorId"], params["sessionId"]
        session = self.session_buckets.setdefault(key, Bucket(self.session_rate))
        return not session.take(self._now())

    def _perform(self, operation: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if operation == "CreateEvent":
            return 201, {"event": self._create(params).to_response()}
        if operation == "ListEvents":
            return 200, self._list(params)
        if operation in {"ListMemoryRecords", "RetrieveMemoryRecords"}:
            return 200, {"memoryRecordSummaries": list(self.records)}
        if operation == "ListMemoryExtractionJobs":
            return 200, {"jobs": []}
        message = f"the model has no {operation}"
        raise NotImplementedError(message)

    def _create(self, params: dict[str, Any]) -> Stored:
        token = params["clientToken"]
        self.first_seen.setdefault(token, self._now())
        stored = self._tokens.get(token)
        if stored is not None:
            if stored.request != params and stored.request["actorId"] != ELSEWHERE:
                self.violations.append(f"token {token} came with another request")
            return stored
        self._count += 1
        stamp_ms = round(params["eventTimestamp"] * 1000)
        stored = Stored(f"{stamp_ms:019d}#{self._count:08x}", params, self._now())
        self._tokens[token] = stored
        self.sessions.setdefault((params["actorId"], params["sessionId"]), []).append(stored)
        self.note("stored", token, stamp_ms)
        return stored

    def _take_token(self, params: dict[str, Any]) -> None:
        """Let another actor's write have the token of *params*, unless it is stored already."""
        token = params["clientToken"]
        if token not in self._tokens:
            self._count += 1
            event_id = f"{self._count:019d}#elsewhere"
            self._tokens[token] = Stored(event_id, {**params, "actorId": ELSEWHERE}, self._now())

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        events = self.sessions.get((params["actorId"], params["sessionId"]), [])
        newest = sorted(events, key=lambda event: event.event_id, reverse=True)
        for wanted in params.get("filter", {}).get("eventMetadata", []):
            seen_until = self._now() - self.filter_lag_s
            newest = [
                event
                for event in newest
                if event.at <= seen_until
                and event.request.get("metadata", {}).get(wanted["left"]["metadataKey"])
                == wanted["right"]["metadataValue"]
            ]
        start = int(params.get("nextToken", "0"))
        end = start + params["maxResults"]
        page: dict[str, Any] = {"events": [event.to_response() for event in newest[start:end]]}
        if end < len(newest):
            page["nextToken"] = str(end)
        return page

    def _error(self, url: str, status: int, code: str) -> AioAWSResponse:
        body = json.dumps({"message": "made by the simulation"}).encode()
        headers = {"x-amzn-errortype": code}
        if status == 429 and self.retry_after is not None:
            headers["retry-after"] = self.retry_after
        return self._answer(url, status, body, headers)

    def _answer(
        self, url: str, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> AioAWSResponse:
        self.note(status, len(body))
        shown = {
            "content-type": "application/json",
            "x-amzn-requestid": f"sim-{self.asked.total()}",
            "date": formatdate(EPOCH_S + self._now(), usegmt=True),
            **(headers or {}),
        }
        return AioAWSResponse(url, status, shown, _Raw(body))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _Raw:
    """The raw response that aiobotocore reads a body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        """Return the whole body."""
        return self._body


def _memory_id(request: Any) -> str:
    """Return the memory id in the path of a request."""
    return unquote(urlsplit(request.url).path.split("/")[2])


def _parse(request: Any) -> tuple[str, dict[str, Any]]:
    """Return the operation and its parameters, by the paths of the API reference."""
    path = [unquote(part) for part in urlsplit(request.url).path.strip("/").split("/")]
    body = request.body or b"{}"
    params: dict[str, Any] = json.loads(body)
    if path[2] == "events":
        return "CreateEvent", params
    if path[2] == "actor" and len(path) == 6:
        return "ListEvents", {**params, "actorId": path[3], "sessionId": path[5]}
    names = {
        "extractionJobs": "ListMemoryExtractionJobs",
        "memoryRecords": "ListMemoryRecords",
        "retrieve": "RetrieveMemoryRecords",
    }
    return names[path[2]], params


@define
class Wall:
    """
    A wall clock that can be set back.

    Attributes:
        now: Function that returns virtual time.
        set_back_s: Seconds by which the clock was set back.
    """

    now: Callable[[], float]
    set_back_s: float = 0.0

    def __call__(self) -> float:
        """Return the time in seconds since 1970."""
        return EPOCH_S + self.now() - self.set_back_s
