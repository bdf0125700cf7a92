"""Processor time of a call, by the number of events in its session."""

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.growth.ours", AIOBOTO3)
FLAT = 1.2
"""Ratio up to which a cost counts as flat: what noise alone makes."""

SHOWN = {"add_turns": (10, 1000), "get_last_k_turns": (1, 10)}
"""Sizes that are only shown; a session that has less than a page has less to read."""


def cost(method: str, events: int) -> Figure:
    """Return what a call of *method* costs in a session of so many *events*."""
    return Figure(OURS, f"{method}-{events}")


QUESTION = Question(
    "growth",
    "Does a call cost more in a session of many events?",
    rows=(
        Row(
            "add_turns, 100,000 events / 1",
            cost("add_turns", 100_000),
            cost("add_turns", 1),
            FLAT,
        ),
        Row(
            "get_last_k_turns(10), 100,000 events / 1,000",
            cost("get_last_k_turns", 100_000),
            cost("get_last_k_turns", 1000),
            FLAT,
        ),
        *(
            Row(f"{method}, {events:,} events", cost(method, events))
            for method, sizes in SHOWN.items()
            for events in sizes
        ),
    ),
    rounds=15,
    amount=40,
)
