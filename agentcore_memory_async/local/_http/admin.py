"""
The control path: what tests do in process by methods, over HTTP.

Off unless asked for. It lies under ``/_local/``, where AWS has nothing: no path of its
services begins with an underscore. Bodies are JSON and are declared as such, which a web
page of another origin may not do unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from agentcore_memory_async.local._api.errors import AwsError, validation
from agentcore_memory_async.local.clock import ManualClock
from agentcore_memory_async.local.faults import FAULT_KINDS, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agentcore_memory_async.local._http.exchanges import Call
    from agentcore_memory_async.local.clock import Clock
    from agentcore_memory_async.local.faults import Faults


PATH = "/_local/"
_MAX_SECONDS = 100 * 366 * 86_400.0

Params = dict[str, Any]


@attrs.frozen
class Console:
    """
    What the control path does.

    Attributes:
        clock: Shown, and advanced where it is a ManualClock.
        faults: Asked for and ended.
        drain: Waits until the extraction is done; with True also what is due later.
        counts: Counts what is stored.
        calls: The requests so far.
    """

    clock: Clock
    faults: Faults
    drain: Callable[[bool], Awaitable[None]]
    counts: Callable[[], Awaitable[Params]]
    calls: Callable[[], list[Call]]

    async def answer(self, method: str, path: str, kind: str, params: Params) -> Params:
        """
        Do what a request to the control path asks for.

        Raises:
            AwsError: There is no such path, or the request makes no sense.
        """
        name = f"{method} {path.removeprefix(PATH)}"
        if method != "GET" and kind != "application/json":
            text = "Requests to the control path need Content-Type: application/json"
            raise validation(text, reason="CannotParse")
        handler = _HANDLERS.get(name)
        if handler is None:
            known = ", ".join(_HANDLERS)
            text = f"Unknown control operation: {name[:80]}; there are {known}"
            raise AwsError("UnknownOperationException", text)
        return await handler(self, params)

    async def state(self, params: Params) -> Params:
        """Tell the time, what is stored, what waits and what goes wrong."""
        del params
        return {
            "clock": self.clock.now(),
            "manualClock": isinstance(self.clock, ManualClock),
            "faults": [fault.shown() for fault in self.faults.active()],
            **await self.counts(),
        }

    async def list_calls(self, params: Params) -> Params:
        """List the requests that were answered."""
        del params
        return {"calls": [attrs.asdict(call) for call in self.calls()]}

    async def add_fault(self, params: Params) -> Params:
        """Let something go wrong."""
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
        fault = Fault(
            kind,
            params.get("operation"),
            times,
            code=params.get("code") or ("ServiceException" if kind == "error" else ""),
            message=params.get("message") or "",
            status=status,
            seconds=_seconds(params, "seconds") if kind == "latency" else 0.0,
        )
        if kind == "extraction":
            fault.code = params.get("code") or "LTM_RATE_EXCEEDED"
            self.faults.add_extraction(fault, params.get("strategy"))
        else:
            self.faults.add(fault)
        return {"fault": fault.shown()}

    async def heal(self, params: Params) -> Params:
        """End all faults."""
        del params
        self.faults.clear()
        return {}

    async def advance(self, params: Params) -> Params:
        """Move a manual clock forward."""
        if not isinstance(self.clock, ManualClock):
            raise validation("The clock is the machine's: start the service with --manual-clock")
        self.clock.advance(_seconds(params, "advance"))
        return {"clock": self.clock.now()}

    async def wait(self, params: Params) -> Params:
        """Wait until the extraction is done."""
        await self.drain(params.get("everything") is not False)
        return {"clock": self.clock.now()}


def _seconds(params: Params, name: str) -> float:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise validation(f"{name} is a number of seconds", field=name)
    if not 0 <= value <= _MAX_SECONDS:
        raise validation(f"{name} is not within 0 and {_MAX_SECONDS:.0f} seconds", field=name)
    return float(value)


_HANDLERS: dict[str, Callable[[Console, Params], Awaitable[Params]]] = {
    "GET state": Console.state,
    "GET calls": Console.list_calls,
    "POST faults": Console.add_fault,
    "DELETE faults": Console.heal,
    "POST clock": Console.advance,
    "POST drain": Console.wait,
}
