"""Processor time of a call, by the number of events in its session."""

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.growth.ours", AIOBOTO3)
FLAT = 1.2
"""Ratio up to which a cost counts as flat: what noise alone makes."""

SMALL = {"add_turns": 1, "get_last_k_turns": 20}
"""Smallest sessions in which a method does the same work: those below 20 have less to read."""
LARGE = 100_000
SIZES = (1, 20, 1000, LARGE)
"""Numbers of events that are shown."""


def cost(method: str, events: int) -> Figure:
    """Return what a call of *method* costs in a session of so many *events*."""
    return Figure(OURS, f"{method}-{events}")


QUESTION = Question(
    "growth",
    "Does a call cost more in a session of many events?",
    rows=(
        *(
            Row(
                f"{method}, {LARGE:,} events / {small}",
                cost(method, LARGE),
                cost(method, small),
                FLAT,
            )
            for method, small in SMALL.items()
        ),
        *(
            Row(f"{method}, events: {size:,}", cost(method, size))
            for method in SMALL
            for size in SIZES
        ),
    ),
    rounds=15,
    amount=40,
)
