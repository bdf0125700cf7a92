"""Probes on time: how long a write is not seen, and how long extraction takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agentcore_memory_async.verify._asking.answers import duration, inconclusive
from agentcore_memory_async.verify._asking.watching import (
    LONGEST_S,
    Sighting,
    duration_of,
    most_looks,
    watch,
)
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify._probes.records import write_records
from agentcore_memory_async.verify._probes.sessions import metadata_filter
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk
    from agentcore_memory_async.verify._asking.reply import Reply

_STALE = 8
"""Stale reads that are counted at most."""
_ROUNDS = 8
"""Tries to count them, until no request of one had to be made again."""
_MARGIN = 1.25
"""How much longer than measured later probes wait."""
_MARGIN_S = 5.0
"""Seconds beside twice the measured delay after which no more is extracted."""
_KINDS = ("SEMANTIC", "USER_PREFERENCE", "SUMMARIZATION", "EPISODIC")
"""Types of strategies whose extraction is timed."""
SETTLE_S = 180.0
"""Seconds until no more is expected of what was written, where lags and delays are unknown."""
_HOME = "I live in Oslo, and I prefer tea to coffee."
"""A fact, and a preference."""
_TALK = (
    ("USER", f"How do I reset my router? {_HOME}"),
    ("ASSISTANT", "Hold the button on its back for ten seconds."),
    ("USER", "Thanks, it works now."),
)
"""Conversation that all strategies extract from: a fact, a preference, and an episode that ends."""
_SECOND_TALK = (
    ("USER", f"{_HOME} I work as a carpenter in a small shop."),
    ("ASSISTANT", "Noted."),
)
"""Conversation that repeats the fact beside a new one."""
_REPEATED, _NEW = "oslo", "carpenter"
"""Words of the repeated fact, and of the new one."""


# Events.


async def _ask_events(desk: Desk) -> Observation:
    """
    Poll lists, then lists with a filter, which may miss an event for a time and for some reads.

    A filter is watched twice. First the number of reads is counted, long after the write; then,
    in another session, so many reads are spent at once, and the time is what is left.
    """
    session_id = desk.new_session()
    written = await desk.write(session_id, "one")

    async def look(_: set[str]) -> tuple[Reply, set[str]]:
        reply, events = await desk.events(session_id)
        return reply, {"lists"} if events else set()

    seen: Observation = {"lists": (await watch(desk.timer, {"lists": written}, look))["lists"]}
    filtered, reads = await _watch_filter(desk, spent=0)
    seen |= {"filters": filtered, "stale_reads": None}
    if reads == 1:
        seen["stale_reads"] = 0
    elif filtered["after"] is not None:
        stale = await _count_stale_reads(desk, filtered["after"][1] * _MARGIN)
        seen["stale_reads"] = stale
        if stale:
            seen["filters"], _ = await _watch_filter(desk, spent=stale)
    return seen


async def _filtered_session(desk: Desk) -> tuple[Reply, partial[Any]]:
    """Write an event into a new session; return the write, and what lists it by its metadata."""
    session_id = desk.new_session()
    written = await desk.write(session_id, "one", metadata={desk.key: {"stringValue": "wanted"}})
    wanted = metadata_filter(desk.key, "wanted")
    return written, partial(desk.events, session_id, filter=wanted)


async def _watch_filter(desk: Desk, *, spent: int) -> tuple[Sighting, int]:
    """Poll a list with a filter, after *spent* reads; return also how many requests it took."""
    written, read = await _filtered_session(desk)
    requests = 0
    for _ in range(spent):
        await read()

    async def look(_: set[str]) -> tuple[Reply, set[str]]:
        nonlocal requests
        reply, events = await read()
        requests += reply.requests
        return reply, {"filters"} if events else set()

    return (await watch(desk.timer, {"filters": written}, look))["filters"], requests


async def _count_stale_reads(desk: Desk, later_s: float) -> int | None:
    """Return how many reads miss an event that is older than any lag; None if that is unclear."""
    for _ in range(_ROUNDS):
        _, read = await _filtered_session(desk)
        await desk.timer.wait(later_s)
        for number in range(_STALE + 1):
            reply, events = await read()
            if reply.requests > 1:  # one of them may have been read without an answer
                break
            if events:
                return number
        else:
            break
    return None


def _decide_events(seen: Observation) -> list[Verdict]:
    lists, filters = duration_of(seen["lists"]), duration_of(seen["filters"])
    stale = seen["stale_reads"]
    if stale is None:
        text = "the number of reads that miss an event is unclear"
        return [
            duration("lags.event_lists", lists),
            inconclusive("lags.event_filters", text),
            inconclusive("lags.stale_reads", text),
        ]
    return [
        duration("lags.event_lists", lists),
        _beyond_lists(filters, lists),
        Verdict(
            "lags.stale_reads", stale, "certain", "filtered reads that miss an event, at any time"
        ),
    ]


def _beyond_lists(
    filters: tuple[float, float, float] | None, lists: tuple[float, float, float] | None
) -> Verdict:
    """Return the verdict on the filters' lag, which is 0 where lists lag as long by themselves."""
    if filters is not None and lists is not None and filters[1] <= lists[2] and lists[0]:
        text = "not longer than that of lists"
        return Verdict(
            "lags.event_filters", 0.0, "certain", text, within=(0.0, round(filters[2], 3))
        )
    return duration("lags.event_filters", filters)


EVENT_LAGS = Probe(
    "event lags",
    "How long do lists miss an event, and lists with a filter?",
    ("lags.event_lists", "lags.event_filters", "lags.stale_reads"),
    {
        "CreateEvent": 3 + _ROUNDS,
        "ListEvents": 3 * most_looks() + _STALE + _ROUNDS * (_STALE + 1),
    },
    _ask_events,
    _decide_events,
    seconds=LONGEST_S,
    sessions=3 + _ROUNDS,
)
"""The probe on when events are listed."""


# Records, and extraction.


async def _ask_records(desk: Desk) -> Observation:
    """Poll records that are written and extracted; then store a fact again, and poll for that."""
    namespace = f"{desk.root}lags/"
    written, [listed_id, updated_id] = await write_records(desk, namespace, 2)
    session_id = desk.new_session()
    told = await _tell(desk, session_id, _TALK)
    targets = {each.kind: each for each in desk.targets}
    facts = targets.get("SEMANTIC")
    key_is_kept: bool | None = None

    async def look(missing: set[str]) -> tuple[Reply, set[str]]:
        nonlocal key_is_kept
        found: set[str] = set()
        replies: list[Reply] = []
        if "ids" in missing:
            replies.append(reply := await _update(desk, updated_id))
            if reply.body.get("successfulRecords"):
                found.add("ids")
        if missing != {"ids"}:
            reply, records = await _read_all(desk)
            replies.append(reply)
            by_strategy = {each.get("memoryStrategyId"): each for each in records}
            found |= {kind for kind in targets if targets[kind].strategy_id in by_strategy}
            if any(each["memoryRecordId"] == listed_id for each in records):
                found.add("lists")
            if facts is not None and facts.strategy_id in by_strategy:
                key_is_kept = desk.key in (by_strategy[facts.strategy_id].get("metadata") or {})
        return _together(replies), found

    writes = {"lists": written, "ids": written} | dict.fromkeys(targets, told)
    seen: Observation = await watch(desk.timer, writes, look)
    if facts is not None and facts.keeps_key:
        seen["key_is_kept"] = key_is_kept
    if facts is not None and seen["SEMANTIC"]["after"] is not None:
        seen["facts"] = await _repeat(desk, session_id, facts.strategy_id)
    return seen


async def _tell(desk: Desk, session_id: str, talk: tuple[tuple[str, str], ...]) -> Reply:
    """Store a conversation that is extracted from."""
    event = desk.event(session_id, "") | {
        "payload": [
            {"conversational": {"role": role, "content": {"text": text}}} for role, text in talk
        ],
        "metadata": {desk.key: {"stringValue": "run"}},
    }
    return await desk.accepted("CreateEvent", **event)


async def _read_all(desk: Desk) -> tuple[Reply, list[dict[str, Any]]]:
    """Return the records of the run, and when they were read."""
    pages = [await desk.records(namespacePath=path, maxResults=100) for path in desk.paths]
    reply = _together([each for each, _ in pages])
    return reply, [record for _, records in pages for record in records]


def _together(replies: list[Reply]) -> Reply:
    """Return requests in a row as one, so that what either saw was seen within its time."""
    return evolve(replies[0], answered_at=replies[-1].answered_at)


async def _update(desk: Desk, record_id: str) -> Reply:
    entry = {"memoryRecordId": record_id, "timestamp": int(desk.wall())}
    return await desk.accepted("BatchUpdateMemoryRecords", records=[entry])


async def _repeat(desk: Desk, session_id: str, strategy_id: str) -> dict[str, Any]:
    """Store a fact again beside a new one; return how many records have it before and after."""

    async def find(word: str) -> tuple[Reply, set[str]]:
        reply, records = await _read_all(desk)
        return reply, {
            each["memoryRecordId"]
            for each in records
            if each.get("memoryStrategyId") == strategy_id
            and word in str(each["content"].get("text", "")).casefold()
        }

    _, before = await find(_REPEATED)
    told = await _tell(desk, session_id, _SECOND_TALK)

    async def look(_: set[str]) -> tuple[Reply, set[str]]:
        reply, new = await find(_NEW)
        return reply, {"new"} if new else set()

    sighting = (await watch(desk.timer, {"new": told}, look))["new"]
    if sighting["after"] is None:
        return {"before": len(before), "after": None, "are_kept": None}
    _, after = await find(_REPEATED)
    return {"before": len(before), "after": len(after), "are_kept": before <= after}


def _decide_records(seen: Observation) -> list[Verdict]:
    lists = duration_of(seen["lists"])
    verdicts = [
        duration("lags.record_lists", lists),
        duration("lags.record_ids", duration_of(seen["ids"])),
        *(
            _extraction(f"extraction_delay.{kind}", duration_of(seen[kind]), lists)
            for kind in _KINDS
            if kind in seen
        ),
        *_consolidation(seen.get("facts")),
    ]
    kept = seen.get("key_is_kept")
    if kept is None:
        return [
            *verdicts,
            inconclusive("records.strictly_consistent", "no fact was extracted by such a schema"),
        ]
    text = "an event's value of a STRICTLY_CONSISTENT key"
    answer = "on the record" if kept else "not on the record"
    return [*verdicts, Verdict("records.strictly_consistent", answer, "certain", text)]


def _extraction(
    name: str,
    record: tuple[float, float, float] | None,
    lists: tuple[float, float, float] | None,
) -> Verdict:
    """Return the verdict on a delay: the time until a record is seen, less the lag of lists."""
    if record is None or lists is None:
        return duration(name, None)
    value, low, high = record
    return duration(
        name, (max(0.0, value - lists[0]), max(0.0, low - lists[2]), max(0.0, high - lists[1]))
    )


def _consolidation(facts: dict[str, Any] | None) -> list[Verdict]:
    names = "behavior.consolidate", "records.repeated"
    if facts is None or facts["after"] is None or not facts["before"]:
        return [inconclusive(name, "no fact was extracted") for name in names]
    text = f"records of a fact told twice: {facts['before']}, then {facts['after']}"
    kept = "kept" if facts["are_kept"] else "replaced"
    return [
        Verdict(names[0], facts["after"] <= facts["before"], "likely", text),
        Verdict(names[1], kept, "likely", f"what was there, by its id, of {text}"),
    ]


RECORD_LAGS = Probe(
    "record lags",
    "How long do lists and ids miss a record, how long does each strategy take, is a fact that "
    "is told twice one record, and is a STRICTLY_CONSISTENT key passed on?",
    (
        "lags.record_lists",
        "lags.record_ids",
        *(f"extraction_delay.{kind}" for kind in _KINDS),
        "behavior.consolidate",
        "records.repeated",
        "records.strictly_consistent",
    ),
    {
        "BatchCreateMemoryRecords": 1,
        "BatchUpdateMemoryRecords": most_looks(),
        "CreateEvent": 2,
        "ListMemoryRecords": 2 * most_looks() + 2,
    },
    _ask_records,
    _decide_records,
    seconds=2 * LONGEST_S,
    per_path=("ListMemoryRecords",),
)
"""The probe on when records are listed, and extracted."""


def known_times(seen: dict[str, Observation]) -> dict[str, float]:
    """Return how long later probes wait until a write is seen, by what shows it."""
    known: dict[str, float] = {}
    for probe, sightings in seen.items():
        for name in ("lists", "filters"):
            sighting = sightings.get(name) if probe in {EVENT_LAGS.name, RECORD_LAGS.name} else None
            if sighting and sighting["after"] is not None:
                what = "record" if probe == RECORD_LAGS.name else "event"
                known[f"{what}_{name}"] = sighting["after"][1] * _MARGIN + 0.1
    if "event_filters" in known:
        known["event_filters"] = max(known["event_filters"], known.get("event_lists", 0.0))
    return known


def settle_s(probe: Probe, seen: dict[str, Observation]) -> float:
    """Return how long after a probe more of what it wrote may come to be seen, in seconds."""
    known = known_times(seen)
    shown_by = ["event_lists"] + ["record_lists"] * ("BatchCreateMemoryRecords" in probe.calls)
    lists = max(known.get(name, SETTLE_S) for name in shown_by)
    if probe is not RECORD_LAGS:
        return lists
    # Strategies extract from both conversations, and only the first is waited for.
    sightings = [each for name, each in seen.get(probe.name, {}).items() if name in _KINDS]
    if any(each["after"] is None for each in sightings) or probe.name not in seen:
        return max(lists, SETTLE_S)
    longest = max((float(each["after"][1]) for each in sightings), default=0.0)
    return max(lists, 2 * longest + _MARGIN_S)
