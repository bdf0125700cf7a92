"""
The admin API: over HTTP, what tests do in process by methods of the service.

It is off by default, but for the health check. Its paths begin with ``/_local/``, where AWS has
nothing: no path of its services begins with an underscore. A request has to declare that its body
is JSON, which a web page of another origin may do only with leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from agentcore_memory_async.local._api.errors import AwsError, validation
from agentcore_memory_async.local.clock import ManualClock
from agentcore_memory_async.local.faults import FAULT_KINDS, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async.local._database.store import Transaction
    from agentcore_memory_async.local._http.exchanges import RecordedRequest
    from agentcore_memory_async.local.clock import Clock
    from agentcore_memory_async.local.faults import Faults


PATH = "/_local/"
"""How the paths of the admin API begin."""
HEALTH_PATH = f"{PATH}health"
"""Path of the health check, which is there without the admin API, too."""
_MAX_SECONDS = 100 * 366 * 86_400.0
"""Longest duration in seconds that a request may name: 100 years."""
_CODES = {"error": "ServiceException", "extraction": "LTM_RATE_EXCEEDED"}
"""Codes of faults whose requests name none, by their kinds."""
_FAULT_MEMBERS = (
    *("kind", "operation", "times", "code", "message", "status", "seconds", "strategy"),
    *("probability", "seed", "rate"),
)
"""Members of a request for a fault."""

Params = dict[str, Any]


@frozen
class AdminApi:
    """
    The operations of the admin API.

    Attributes:
        clock: Clock of the service; a ManualClock can be advanced.
        faults: Faults of the service.
        drain: Waits until the extraction is done; with ``include_future`` that of the future, too.
        reset: Deletes everything.
        counts: Counts what is stored and what is pending.
        calls: Returns the requests so far.
    """

    clock: Clock
    faults: Faults
    drain: Callable[..., Awaitable[None]]
    reset: Callable[[], Awaitable[None]]
    counts: Callable[[], Awaitable[Params]]
    calls: Callable[[], list[RecordedRequest]]

    async def answer(self, method: str, path: str, kind: str, params: Params) -> Params:
        """
        Do what a request asks for, and return the members of the answer.

        Raises:
            AwsError: There is no such path, or a member of the request is invalid.
        """
        name = f"{method} {path.removeprefix(PATH)}"
        if method != "GET" and kind != "application/json":
            text = "Requests to the admin API need Content-Type: application/json"
            raise validation(text, reason="CannotParse")
        handler = _HANDLERS.get(name)
        if handler is None:
            known = ", ".join(_HANDLERS)
            text = f"Unknown admin operation: {name[:80]}; there are {known}"
            raise AwsError("UnknownOperationException", text)
        return await handler(self, params)

    async def state(self, params: Params) -> Params:
        """Return the time, what is stored, what is pending, and the faults."""
        del params
        return {
            "clock": self.clock.now(),
            "manualClock": isinstance(self.clock, ManualClock),
            "faults": [fault.to_response() for fault in self.faults.active()],
            **await self.counts(),
        }

    async def list_calls(self, params: Params) -> Params:
        """Return the requests that were answered."""
        del params
        return {"calls": [asdict(call) for call in self.calls()]}

    async def add_fault(self, params: Params) -> Params:
        """Inject a fault."""
        fault, strategy = _fault(params)
        if fault.kind == "extraction":
            self.faults.add_extraction(fault, strategy)
        else:
            self.faults.add(fault)
        return {"fault": fault.to_response()}

    async def clear_faults(self, params: Params) -> Params:
        """End all faults."""
        del params
        self.faults.clear()
        return {}

    async def delete_all(self, params: Params) -> Params:
        """Delete everything, as if the service had just been started."""
        del params
        await self.reset()
        return {}

    async def advance(self, params: Params) -> Params:
        """Move a manual clock forward."""
        if not isinstance(self.clock, ManualClock):
            raise validation("The clock cannot be advanced: start the service with --manual-clock")
        self.clock.advance(_seconds(params, "advance"))
        return {"clock": self.clock.now()}

    async def wait(self, params: Params) -> Params:
        """Wait until the extraction is done."""
        await self.drain(include_future=params.get("includeFuture") is not False)
        return {"clock": self.clock.now()}


def _fault(params: Params) -> tuple[Fault, str | None]:
    """Return the fault of a request, and the strategy that it is limited to."""
    if unknown := sorted(params.keys() - {*_FAULT_MEMBERS}):
        text = f"{unknown[0][:80]} is no member of a fault; there are {', '.join(_FAULT_MEMBERS)}"
        raise validation(text)
    kind = params.get("kind", "error")
    if kind not in FAULT_KINDS:
        raise validation(f"kind is one of {', '.join(FAULT_KINDS)}", field="kind")
    times = params.get("times")
    if times is not None and (type(times) is not int or times < 1):
        raise validation("times is a number from 1, or left out", field="times")
    for name in ("operation", "code", "message", "strategy"):
        if not isinstance(params.get(name), str | None):
            raise validation(f"{name} is a string", field=name)
    status = params.get("status", 0)
    if type(status) is not int or (status and not 400 <= status <= 599):
        raise validation("status is a number from 400 to 599", field="status")
    try:
        fault = Fault(
            kind,
            params.get("operation"),
            times,
            code=params.get("code") or _CODES.get(kind, ""),
            message=params.get("message") or "",
            status=status,
            seconds=_seconds(params, "seconds") if kind == "latency" else 0.0,
            probability=params.get("probability", 1.0),
            seed=params.get("seed", 0),
            rate=params.get("rate"),
        )
    except ValueError as error:
        raise validation(str(error)) from None
    return fault, params.get("strategy")


def _seconds(params: Params, name: str) -> float:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise validation(f"{name} is a number of seconds", field=name)
    if not 0 <= value <= _MAX_SECONDS:
        raise validation(f"{name} is not between 0 and {_MAX_SECONDS:.0f} seconds", field=name)
    return float(value)


_HANDLERS: dict[str, Callable[[AdminApi, Params], Awaitable[Params]]] = {
    "GET state": AdminApi.state,
    "GET calls": AdminApi.list_calls,
    "POST faults": AdminApi.add_fault,
    "DELETE faults": AdminApi.clear_faults,
    "POST reset": AdminApi.delete_all,
    "POST clock": AdminApi.advance,
    "POST drain": AdminApi.wait,
}
"""The operations, by method and path."""
_COUNTED = ("memories", "sessions", "events", "records", "pending", "failed_jobs")
"""Tables whose rows the admin API counts."""


def row_counts(transaction: Transaction) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {
        table: transaction.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - the names are constants
        for table in _COUNTED
    }
