"""Probes on single events: times, ids, blobs, errors, and sizes."""

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
_FRACTION_S = 0.1239
"""Fraction of a second of that event's time, finer than a millisecond."""
_PRECISIONS = {
    0.0: "seconds",
    123.0: "milliseconds, floored",
    124.0: "milliseconds, rounded",
    123.9: "finer than milliseconds",
}
"""What comes back of that fraction, in milliseconds, and what it is."""
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


async def _ask_blobs(desk: Desk) -> Observation:
    """Read an event of the last hour back, with its blob."""
    session_id = desk.new_session()
    event_at = int(desk.wall()) - _HOUR_S
    event = desk.event(session_id, "") | {
        "payload": [{"blob": _BLOB}],
        "eventTimestamp": event_at + _FRACTION_S,
    }
    # Past the client, which sends milliseconds.
    reply = await desk.bare("CreateEvent", **event, clientToken=random_id())
    if reply.refusal is not None:
        message = f"CreateEvent was refused: {reply.refusal}"
        raise NoAnswerError(message)
    written = reply.body["event"]
    where = {"actorId": desk.actor_id, "sessionId": session_id, "eventId": written["eventId"]}
    read = (await desk.accepted("GetEvent", **where)).body["event"]
    prefix = str(written["eventId"]).partition("#")[0]
    age_s = desk.wall() - int(prefix) / 1000 if prefix.isdecimal() else None
    kept = read.get("eventTimestamp")
    is_time = isinstance(kept, int | float)
    return {
        "fraction_ms": round((kept - event_at) * 1000, 1) if is_time else None,
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
    fraction_ms = seen["fraction_ms"]
    text = f"of {_FRACTION_S * 1000} ms come back {fraction_ms}"
    precision = _PRECISIONS.get(-1.0 if fraction_ms is None else fraction_ms)
    return [
        blobs,
        Verdict("events.id_time", seen["id_is_of"], "certain", "time in the event id"),
        inconclusive("events.time_precision", text)
        if precision is None
        else Verdict("events.time_precision", precision, "certain", text),
    ]


BLOBS = Probe(
    "blobs",
    "How does an object come back as a blob, of which time is an event's id, and how exact is it?",
    ("behavior.java_blob_strings", "events.id_time", "events.time_precision"),
    {"CreateEvent": 1, "GetEvent": 1},
    _ask_blobs,
    _decide_blobs,
)
"""The probe on blobs and event ids."""


async def _ask_errors(desk: Desk) -> Observation:
    """Ask for what does not exist, for a page that is too large, and by a path with ``..``."""
    where = {"actorId": desk.actor_id, "sessionId": desk.new_session()}
    event = await desk.ask("GetEvent", **where, eventId=_ABSENT_EVENT)
    record = await desk.ask("GetMemoryRecord", memoryRecordId=_ABSENT_RECORD)
    page = await desk.bare("ListEvents", **where, maxResults=101)
    dotted = await desk.bare("GetEvent", **where | {"sessionId": ".."}, eventId=_ABSENT_EVENT)
    return {
        "event": event.seen,
        "record": record.seen,
        "page": page.seen,
        "dotted": dotted.seen,
    }


def _decide_errors(seen: Observation) -> list[Verdict]:
    return [
        Verdict("errors.unknown_event", seen["event"], "certain", "GetEvent of an unknown id"),
        Verdict("errors.unknown_record", seen["record"], "certain", "GetMemoryRecord of one"),
        Verdict("errors.large_page", seen["page"], "certain", "ListEvents with maxResults 101"),
        Verdict("errors.dotted_path", seen["dotted"], "certain", "GetEvent of session '..'"),
    ]


ERRORS = Probe(
    "errors",
    "With which codes and texts does the service refuse, also an id '..' in a path?",
    (
        "errors.unknown_event",
        "errors.unknown_record",
        "errors.large_page",
        "errors.dotted_path",
    ),
    {"GetEvent": 2, "GetMemoryRecord": 1, "ListEvents": 1},
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
