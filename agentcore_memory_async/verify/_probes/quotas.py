"""Probe on quotas: what becomes of a burst of writes to one session."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import anyio

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.errors import ConflictError, ThrottledError
from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._asking.reply import Refusal, without_ids
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk

_BURST = 20
"""Events of a burst: twice what the service takes from a session in a second."""
_BURSTS = 4
"""Bursts at most, until one is clear."""
_REST_S = 3.0
"""Seconds between two bursts."""
_CLEARLY, _HARDLY = 0.45, 0.1
"""Share of throttled events from which a quota explains it, and up to which single faults do."""


async def _ask(desk: Desk) -> Observation:
    """Write bursts of events to one session, without retries."""
    seen: Observation = {"bursts": [], "refusal": None, "retry_after_s": None}
    for _ in range(_BURSTS):
        answers = await _burst(desk)
        counts = Counter(_kind_of(answer) for answer in answers)
        seen["bursts"].append(dict(counts))
        for answer in answers:
            if isinstance(answer, ThrottledError):
                seen["refusal"] = str(
                    Refusal(answer.code, answer.status, without_ids(answer.message))
                )
                seen["retry_after_s"] = answer.retry_after_s
        if _is_clear(counts):
            break
        await desk.timer.wait(_REST_S)
    await desk.timer.wait(_REST_S)  # so that the next probe finds the account's quota unused
    return seen


async def _burst(desk: Desk) -> list[object]:
    desk.meter.require(_BURST)  # all or none: half a burst settles nothing
    event = desk.event(desk.new_session(), "burst")
    answers: list[object] = []

    async def write() -> None:
        answers.append(await desk.once("CreateEvent", **event | {"clientToken": random_id()}))

    async with anyio.create_task_group() as group:
        for _ in range(_BURST):
            group.start_soon(write)
    return answers


def _kind_of(answer: object) -> str:
    if isinstance(answer, dict):
        return "accepted"
    if isinstance(answer, ThrottledError):
        return "throttled"
    if isinstance(answer, ConflictError):
        return "conflict"
    return "failed"


def _share(counts: Counter[str]) -> float | None:
    """Return the share of throttled events; None where too few were answered."""
    answered = counts["accepted"] + counts["throttled"]
    return counts["throttled"] / answered if answered >= _BURST / 2 else None


def _is_clear(counts: Counter[str]) -> bool:
    share = _share(counts)
    return share is not None and (share >= _CLEARLY or share <= _HARDLY)


def _decide(seen: Observation) -> list[Verdict]:
    last: Counter[str] = Counter(seen["bursts"][-1])
    share, text = _share(last), f"of {_BURST} events at once: {seen['bursts'][-1]}"
    if share is None or not _is_clear(last):
        return [inconclusive("behavior.throttle", text)]
    conflicts = "some" if last["conflict"] > 1 else "none"
    conflict = Verdict("quotas.conflicts", conflicts, "likely", text)
    if share <= _HARDLY:
        return [Verdict("behavior.throttle", False, "likely", text), conflict]
    accepted = last["accepted"]
    return [
        Verdict("behavior.throttle", True, "certain", text),
        Verdict("quotas.burst", accepted, "likely", text, within=(accepted / 2, accepted * 2.0)),
        Verdict("quotas.refusal", seen["refusal"], "certain", "what is throttled"),
        Verdict("quotas.retry_after", seen["retry_after_s"], "certain", "seconds; null for none"),
        conflict,
    ]


QUOTAS = Probe(
    "quotas",
    "Is a burst of writes throttled, after how many, and in which words?",
    (
        "behavior.throttle",
        "quotas.burst",
        "quotas.refusal",
        "quotas.retry_after",
        "quotas.conflicts",
    ),
    {"CreateEvent": _BURSTS * _BURST},
    _ask,
    _decide,
    seconds=(_BURSTS + 1) * _REST_S,
    sessions=_BURSTS,
)
"""The probe on bursts."""
