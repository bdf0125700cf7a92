"""Probes on client tokens: what a used one does, where, and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._asking.reply import NoAnswerError, Reply
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify._probes.records import entries
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk

_LEAST_S = 10.0
"""Age of a token in seconds, at least, when it is used again at the end of a run."""


async def use(desk: Desk, **event: Any) -> Reply:
    """Write an event by its token, past the client, which would notice that it is used."""
    return await desk.bare("CreateEvent", **event)


def event_of(reply: Reply) -> str | None:
    """Return the id of the event that was answered; None for none."""
    event: dict[str, Any] = reply.body.get("event") or {}
    return str(event["eventId"]) if event.get("eventId") else None


def compare(reply: Reply, event_id: str) -> str:
    """Return in words what a used token did."""
    if reply.refusal is not None:
        return reply.seen
    stored = event_of(reply)
    return "no event" if stored is None else "same" if stored == event_id else "new"


async def first_use(desk: Desk, **members: Any) -> tuple[dict[str, Any], str]:
    """Write an event with a token; return its members, and its id."""
    event = desk.event(desk.new_session(), "one") | {"clientToken": random_id()} | members
    reply = await use(desk, **event)
    event_id = event_of(reply)
    if event_id is None:
        message = f"the first use of a token: {reply.seen}"
        raise NoAnswerError(message)
    return event, event_id


async def _ask_tokens(desk: Desk) -> Observation:
    """Send one token again: as it was, changed, in another session, and by another operation."""
    event, event_id = await first_use(desk)
    desk.used_token = desk.timer.now(), event, event_id
    seen: Observation = {}
    for name, changes in {
        "same": {},
        "later": {"eventTimestamp": event["eventTimestamp"] + 1},
        "changed": {"payload": [{"blob": "two"}]},
        "elsewhere": {"sessionId": desk.new_session()},
    }.items():
        seen[name] = compare(await use(desk, **event | changes), event_id)
    records = entries(desk, f"{desk.root}token/", 1)
    token = event["clientToken"]
    reply = await desk.bare("BatchCreateMemoryRecords", records=records, clientToken=token)
    written = reply.body.get("successfulRecords")
    seen["operation"] = "new" if written else reply.seen if reply.refusal else "nothing"
    return seen


def _decide_tokens(seen: Observation) -> list[Verdict]:
    changed = seen["changed"]
    known = {"same": "ignore", "no event": "ignore", "new": None}.get(changed, "error")
    mismatch = (
        inconclusive(
            "behavior.token_mismatch", "a used token stores another event: no setting does that"
        )
        if known is None
        else Verdict("behavior.token_mismatch", known, "certain", f"another payload: {changed}")
    )
    return [
        Verdict("tokens.replay", seen["same"], "certain", "the same request with its token"),
        Verdict("tokens.other_time", seen["later"], "certain", "the token a second later"),
        mismatch,
        Verdict("tokens.other_session", seen["elsewhere"], "certain", "the token elsewhere"),
        Verdict("tokens.other_operation", seen["operation"], "certain", "the token with a record"),
    ]


TOKENS = Probe(
    "tokens",
    "What does a used client token do: again, at another time, with another payload, in another "
    "session, and with a record?",
    (
        "tokens.replay",
        "tokens.other_time",
        "behavior.token_mismatch",
        "tokens.other_session",
        "tokens.other_operation",
    ),
    {"CreateEvent": 5, "BatchCreateMemoryRecords": 1},
    _ask_tokens,
    _decide_tokens,
    sessions=2,
)
"""The probe on client tokens."""


async def _ask_lifetime(desk: Desk) -> Observation:
    """Send the token of the first probe again, or one of its own, after what has passed since."""
    if desk.used_token is None:  # the probe on tokens had its answer in an earlier process
        desk.used_token = desk.timer.now(), *await first_use(desk)
    used_at, event, event_id = desk.used_token
    await desk.timer.wait(used_at + _LEAST_S - desk.timer.now(), "a client token to age")
    age_s = desk.timer.now() - used_at
    return {"after_s": round(age_s, 3), "later": compare(await use(desk, **event), event_id)}


def _decide_lifetime(seen: Observation) -> list[Verdict]:
    text = f"the same request after {seen['after_s']:.0f} s"
    return [Verdict("tokens.end_of_run", seen["later"], "certain", text)]


LIFETIME = Probe(
    "token life",
    "Is a client token still known at the end of the run?",
    ("tokens.end_of_run",),
    {"CreateEvent": 2},
    _ask_lifetime,
    _decide_lifetime,
)
"""The probe on how long a token lives; days are longer than a run."""
