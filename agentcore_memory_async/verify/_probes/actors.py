"""Probe on actors; only a memory of the run's own has none of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify._probes.sessions import ENDS, ORDERS, order_of
from agentcore_memory_async.verify._probes.tokens import compare, first_use, use
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk


async def _ask(desk: Desk) -> Observation:
    """Write by one token as two actors, write as a third one, and list the actors."""
    ids = [f"{desk.actor_id}-{end}" for end in ENDS]
    event, event_id = await first_use(desk, actorId=ids[0])
    other = compare(await use(desk, **event | {"actorId": ids[1]}), event_id)
    for actor_id in ids[1:]:  # also where the token wrote nothing
        plain = desk.event(desk.new_session(), "one") | {"actorId": actor_id}
        await desk.accepted("CreateEvent", **plain)
    await desk.settle("event_lists")
    reply = await desk.accepted("ListActors", maxResults=100)
    listed = [each["actorId"] for each in reply.body.get("actorSummaries") or ()]
    return {"token": other, "order": [place for place in order_of(ids, listed) if place >= 0]}


def _decide(seen: Observation) -> list[Verdict]:
    order = seen["order"]
    return [
        Verdict("tokens.other_actor", seen["token"], "certain", "the token of another actor"),
        Verdict("actors.order", ORDERS.get(tuple(order), "another"), "likely", "of three")
        if len(order) == len(ENDS)
        else inconclusive("actors.order", "the actors were not all listed"),
    ]


ACTORS = Probe(
    "actors",
    "In which order are actors listed, and what does the token of another actor do?",
    ("tokens.other_actor", "actors.order"),
    {"CreateEvent": 4, "ListActors": 1},
    _ask,
    _decide,
    sessions=3,
    own_memory_only=True,
)
"""The probe on actors."""
