"""Probes on what a session lists: order, branches, filters, and the sessions themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._asking.reply import NoAnswerError
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk

_TIES = 6
"""Events of the same millisecond."""
_LISTS = 4
"""Lists of them that are compared: a random order that looks sorted in all is one in 10^11."""
_ABSENT_ROOT = "0000001700000000000#00000000"
"""Id of an event that does not exist."""
_MOST_STALE = 8
"""Filtered lists that may miss an event before the probe gives up."""


ENDS = "bca"
"""Ends of ids, in the order in which they are written: neither that of ids nor its reverse."""
ORDERS = {
    (2, 1, 0): "newest first",
    (0, 1, 2): "oldest first",
    (2, 0, 1): "by id",
    (1, 0, 2): "by id, the largest first",
}
"""Orders of a list, by the places of what was written."""


def metadata_filter(key: str, value: str) -> dict[str, Any]:
    """Return a filter of ListEvents for one key's value."""
    condition = {
        "left": {"metadataKey": key},
        "operator": "EQUALS_TO",
        "right": {"metadataValue": {"stringValue": value}},
    }
    return {"eventMetadata": [condition]}


def order_of(ids: list[str], listed: list[str]) -> list[int]:
    """Return the places of listed items among *ids*; -1 for one that is not among them."""
    return [ids.index(each) if each in ids else -1 for each in listed]


async def _ask_ties(desk: Desk) -> Observation:
    """List events of one millisecond several times."""
    session_id = desk.new_session()
    event = desk.event(session_id, "tie")
    written = [await desk.accepted("CreateEvent", **event) for _ in range(_TIES)]
    ids = sorted((each.body["event"]["eventId"] for each in written), reverse=True)
    await desk.settle("event_lists")
    orders: list[list[int]] = []
    for _ in range(_LISTS):
        _, events = await desk.events(session_id)
        orders.append(order_of(ids, [each["eventId"] for each in events]))
    return {"orders": orders}


def _decide_ties(seen: Observation) -> list[Verdict]:
    orders = seen["orders"]
    if any(sorted(order) != list(range(_TIES)) for order in orders):
        return [inconclusive("behavior.shuffle_ties", "the events were not all listed")]
    if any(order != orders[0] for order in orders):
        return [
            Verdict("behavior.shuffle_ties", True, "certain", "the order differs from list to list")
        ]
    if orders[0] != sorted(orders[0]):
        return [
            inconclusive(
                "behavior.shuffle_ties", "the order is the same each time, and not that of the ids"
            )
        ]
    return [
        Verdict(
            "behavior.shuffle_ties", False, "likely", f"the largest id first, in {_LISTS} lists"
        )
    ]


TIES = Probe(
    "ties",
    "In which order are events of the same millisecond listed?",
    ("behavior.shuffle_ties",),
    {"CreateEvent": _TIES, "ListEvents": _LISTS},
    _ask_ties,
    _decide_ties,
)
"""The probe on events of the same time."""


async def _ask_branches(desk: Desk) -> Observation:
    """Begin and continue branches in all ways, and list the main branch."""
    session_id, elsewhere = desk.new_session(), desk.new_session()
    roots = [await desk.write(session_id, text) for text in ("root", "other root")]
    first, second = (each.body["event"]["eventId"] for each in roots)
    foreign = (await desk.write(elsewhere, "root")).body["event"]["eventId"]
    fork = await desk.write(session_id, "fork", branch={"name": "fork", "rootEventId": first})
    seen: Observation = {}
    for name, branch in {
        "rootless": {"name": "rootless"},
        "name_only": {"name": "fork"},
        "other_root": {"name": "fork", "rootEventId": second},
        "unknown_root": {"name": "unknown", "rootEventId": _ABSENT_ROOT},
        "foreign_root": {"name": "foreign", "rootEventId": foreign},
    }.items():
        reply = await desk.ask("CreateEvent", **desk.event(session_id, name), branch=branch)
        seen[name] = reply.seen
    await desk.settle("event_lists")
    _, everything = await desk.events(session_id)
    _, main = await desk.events(session_id, filter={"branch": {"name": "main"}})
    ids, listed = ({each["eventId"] for each in events} for events in (everything, main))
    forked = fork.body["event"]["eventId"]
    if not {first, second, forked} <= ids:
        message = "the events were not all listed"
        raise NoAnswerError(message)
    unbranched = {first, second} <= listed
    seen["main"] = (
        "everything" if forked in listed else "unbranched" if unbranched else "nothing of it"
    )
    return seen


def _decide_branches(seen: Observation) -> list[Verdict]:
    def refused(name: str) -> bool:
        return bool(seen[name] != "accepted")

    strict, conflict = refused("name_only"), "refuse" if refused("other_root") else "accept"
    return [
        Verdict(
            "behavior.strict_branches",
            strict,
            "certain",
            f"a branch without its root: {seen['name_only']}",
        ),
        Verdict(
            "behavior.branch_conflict",
            conflict,
            "certain",
            f"with another root: {seen['other_root']}",
        ),
        Verdict("branches.new_without_root", seen["rootless"], "certain", "a new branch"),
        Verdict("branches.unknown_root", seen["unknown_root"], "certain", "a new branch"),
        Verdict("branches.foreign_root", seen["foreign_root"], "certain", "of another session"),
        Verdict("branches.main_filter", seen["main"], "certain", "what the filter main lists"),
    ]


BRANCHES = Probe(
    "branches",
    "Which roots may an event of a branch name, and what does the filter main list?",
    (
        "behavior.strict_branches",
        "behavior.branch_conflict",
        "branches.new_without_root",
        "branches.unknown_root",
        "branches.foreign_root",
        "branches.main_filter",
    ),
    {"CreateEvent": 9, "ListEvents": 2},
    _ask_branches,
    _decide_branches,
    sessions=2,
)
"""The probe on branches."""


async def _ask_filters(desk: Desk) -> Observation:
    """List the oldest of four events by its metadata, two events a page."""
    session_id = desk.new_session()
    now = int(desk.wall())
    for number, text in enumerate(("wanted", "two", "three", "four")):
        event = desk.event(session_id, text) | {"eventTimestamp": now - 60 + number}
        if text == "wanted":
            event["metadata"] = {desk.key: {"stringValue": text}}
        await desk.accepted("CreateEvent", **event)
    await desk.settle("event_filters")
    wanted = metadata_filter(desk.key, "wanted")
    for _ in range(_MOST_STALE):
        if (await desk.events(session_id, filter=wanted))[1]:
            break
    else:
        message = "the filter did not find the event"
        raise NoAnswerError(message)
    reply, events = await desk.events(session_id, filter=wanted, maxResults=2)
    return {"events": len(events), "has_next_page": bool(reply.body.get("nextToken"))}


def _decide_filters(seen: Observation) -> list[Verdict]:
    if seen["events"]:
        return [
            Verdict(
                "behavior.metadata_paging",
                "index",
                "certain",
                "the first page has the oldest event",
            )
        ]
    if seen["has_next_page"]:
        return [
            Verdict(
                "behavior.metadata_paging",
                "post-scan",
                "certain",
                "the first page is empty, with a token",
            )
        ]
    return [inconclusive("behavior.metadata_paging", "the first page is empty and has no token")]


FILTERS = Probe(
    "filters",
    "Are pages of a metadata filter full, or filtered after they were read?",
    ("behavior.metadata_paging",),
    {"CreateEvent": 4, "ListEvents": _MOST_STALE + 1},
    _ask_filters,
    _decide_filters,
)
"""The probe on pages of a filter."""


async def _ask_sessions(desk: Desk) -> Observation:
    """List three sessions, and list them again after the only event of one is deleted."""
    ids = [f"{desk.new_session()}-{end}" for end in ENDS]
    written = [await desk.write(session_id, "one") for session_id in ids]
    await desk.settle("event_lists")
    listed = await _sessions(desk)
    event_id = written[0].body["event"]["eventId"]
    where = {"actorId": desk.actor_id, "sessionId": ids[0]}
    await desk.accepted("DeleteEvent", **where, eventId=event_id)
    left = await _sessions(desk)
    filtered = await _sessions(desk, filter={"eventFilter": "HAS_EVENTS"})
    return {
        "order": [place for place in order_of(ids, listed) if place >= 0],
        "emptied_is_listed": ids[0] in left,
        "emptied_has_events": ids[0] in filtered,
    }


async def _sessions(desk: Desk, **params: Any) -> list[str]:
    """Return the ids of the actor's sessions, as far as one page has them."""
    reply = await desk.accepted("ListSessions", actorId=desk.actor_id, maxResults=100, **params)
    return [each["sessionId"] for each in reply.body.get("sessionSummaries") or ()]


def _decide_sessions(seen: Observation) -> list[Verdict]:
    emptied = "listed" if seen["emptied_is_listed"] else "gone"
    order = (
        Verdict("sessions.order", ORDERS.get(tuple(seen["order"]), "another"), "likely", "of three")
        if len(seen["order"]) == len(ENDS)
        else inconclusive("sessions.order", "the sessions were not all listed")
    )
    filtered = "listed" if seen["emptied_has_events"] else "gone"
    return [
        order,
        Verdict("sessions.emptied", emptied, "certain", "after its last event"),
        Verdict("sessions.emptied_filtered", filtered, "certain", "with the filter HAS_EVENTS"),
    ]


SESSIONS = Probe(
    "sessions",
    "In which order are sessions listed, and is one without events?",
    ("sessions.order", "sessions.emptied", "sessions.emptied_filtered"),
    {"CreateEvent": 3, "ListSessions": 3, "DeleteEvent": 1},
    _ask_sessions,
    _decide_sessions,
    sessions=3,
)
"""The probe on lists of sessions."""
