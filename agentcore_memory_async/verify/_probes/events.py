"""Probes on single events: client tokens, ids, blobs, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._asking.reply import NoAnswerError
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk

_HOUR_S = 3600
"""How long ago the event of the probe on ids was, in seconds."""
_BLOB = {"count": 1, "tags": ["x"]}
"""Blob that is an object."""
_JAVA = "{count=1, tags=[x]}"
"""That blob as Java prints it."""
_SIZES = (256 * 1024, 2 * 1024 * 1024, 8 * 1024 * 1024)
"""Sizes of events in bytes, below the 10 MB that the service names as its limit."""
_ENVELOPE = 1024
"""Bytes that a request has at most beside its blob."""
_ABSENT_EVENT = "0000001700000000000#00000000"
"""Id of an event that does not exist."""
_ABSENT_RECORD = f"mem-{'0' * 36}"
"""Id of a record that does not exist."""


async def _ask_tokens(desk: Desk) -> Observation:
    """Send one token with an event, with the same one, with another, and in another session."""
    token, session_id = random_id(), desk.new_session()
    first = desk.event(session_id, "one")
    event_id: str | None = None
    seen: Observation = {}
    # Past the client, which would notice that the token is used.
    for name, members in {
        "first": first,
        "same": first,
        "changed": first | {"payload": [{"blob": "two"}]},
        "elsewhere": first | {"sessionId": desk.new_session()},
    }.items():
        reply = await desk.bare("CreateEvent", **members, clientToken=token)
        stored = reply.body["event"]["eventId"] if reply.refusal is None else None
        if name == "first":
            event_id = stored
        seen[name] = reply.seen if reply.refusal else "same" if stored == event_id else "new"
    if not event_id:
        message = f"the first use of a token: {seen['first']}"
        raise NoAnswerError(message)
    return seen


def _decide_tokens(seen: Observation) -> list[Verdict]:
    changed = seen["changed"]
    known = {"same": "ignore", "new": None}.get(changed, "error")
    mismatch = (
        inconclusive(
            "behavior.token_mismatch", "a used token stores another event: no setting does that"
        )
        if known is None
        else Verdict("behavior.token_mismatch", known, "certain", f"another payload: {changed}")
    )
    return [
        Verdict("tokens.replay", seen["same"], "certain", "the same request with its token"),
        mismatch,
        Verdict("tokens.other_session", seen["elsewhere"], "certain", "the token elsewhere"),
    ]


TOKENS = Probe(
    "tokens",
    "What does a used client token do: again, with another payload, in another session?",
    ("tokens.replay", "behavior.token_mismatch", "tokens.other_session"),
    {"CreateEvent": 4},
    _ask_tokens,
    _decide_tokens,
    sessions=2,
)
"""The probe on client tokens."""


async def _ask_blobs(desk: Desk) -> Observation:
    """Read an event of the last hour back, with its blob."""
    session_id = desk.new_session()
    event_at = int(desk.wall()) - _HOUR_S
    event = desk.event(session_id, "") | {"payload": [{"blob": _BLOB}], "eventTimestamp": event_at}
    written = (await desk.accepted("CreateEvent", **event)).body["event"]
    where = {"actorId": desk.actor_id, "sessionId": session_id, "eventId": written["eventId"]}
    read = (await desk.accepted("GetEvent", **where)).body["event"]
    prefix = str(written["eventId"]).partition("#")[0]
    age_s = desk.wall() - int(prefix) / 1000 if prefix.isdecimal() else None
    return {
        "blob": next((item["blob"] for item in read["payload"] if "blob" in item), None),
        "id_is_of": "another" if age_s is None else "event" if age_s > _HOUR_S / 2 else "writing",
    }


def _decide_blobs(seen: Observation) -> list[Verdict]:
    known = [seen["blob"] == shown for shown in (_BLOB, _JAVA)]
    blobs = (
        Verdict(
            "behavior.java_blob_strings",
            known[1],
            "certain",
            f"an object comes back as {seen['blob']!r}",
        )
        if any(known)
        else inconclusive(
            "behavior.java_blob_strings", f"{seen['blob']!r} is what no setting returns"
        )
    )
    return [blobs, Verdict("events.id_time", seen["id_is_of"], "certain", "time in the event id")]


BLOBS = Probe(
    "blobs",
    "How does an object come back as a blob, and of which time is an event's id?",
    ("behavior.java_blob_strings", "events.id_time"),
    {"CreateEvent": 1, "GetEvent": 1},
    _ask_blobs,
    _decide_blobs,
)
"""The probe on blobs and event ids."""


async def _ask_errors(desk: Desk) -> Observation:
    """Ask for what does not exist, and for a page that is too large."""
    where = {"actorId": desk.actor_id, "sessionId": desk.new_session()}
    event = await desk.ask("GetEvent", **where, eventId=_ABSENT_EVENT)
    record = await desk.ask("GetMemoryRecord", memoryRecordId=_ABSENT_RECORD)
    page = await desk.bare("ListEvents", **where, maxResults=101)
    return {
        "event": event.seen,
        "record": record.seen,
        "page": page.seen,
    }


def _decide_errors(seen: Observation) -> list[Verdict]:
    return [
        Verdict("errors.unknown_event", seen["event"], "certain", "GetEvent of an unknown id"),
        Verdict("errors.unknown_record", seen["record"], "certain", "GetMemoryRecord of one"),
        Verdict("errors.large_page", seen["page"], "certain", "ListEvents with maxResults 101"),
    ]


ERRORS = Probe(
    "errors",
    "With which codes and texts does the service refuse?",
    ("errors.unknown_event", "errors.unknown_record", "errors.large_page"),
    {"GetEvent": 1, "GetMemoryRecord": 1, "ListEvents": 1},
    _ask_errors,
    _decide_errors,
)
"""The probe on codes and texts of errors."""


async def _ask_sizes(desk: Desk) -> Observation:
    """Write larger and larger events, until one is refused."""
    seen: Observation = {"accepted": 0, "refused": None, "refusal": None}
    for size in _SIZES:
        event = desk.event(desk.new_session(), "x" * (size - _ENVELOPE))
        reply = await desk.bare("CreateEvent", **event, clientToken=random_id())
        if reply.refusal is not None:
            return seen | {"refused": size, "refusal": reply.seen}
        seen["accepted"] = size
    return seen


def _decide_sizes(seen: Observation) -> list[Verdict]:
    low, high = seen["accepted"], seen["refused"]
    if high is None:
        return [Verdict("quotas.event_size", f"{low} or more", "certain", "bytes of an event")]
    text = f"an event of {low} bytes is taken, one of {high} bytes is not: {seen['refusal']}"
    within = (float(low), float(high))
    return [
        Verdict("quotas.event_size", f"{low} to {high}", "certain", text),
        Verdict("behavior.body_limit", (low + high) // 2, "certain", text, within=within),
    ]


SIZES = Probe(
    "sizes",
    "How large may an event be?",
    ("quotas.event_size", "behavior.body_limit"),
    {"CreateEvent": len(_SIZES)},
    _ask_sizes,
    _decide_sizes,
    seconds=30.0,
    sessions=len(_SIZES),
)
"""The probe on the largest event."""
