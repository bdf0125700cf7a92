"""What the sync facade adds to a call, beside bare hops to another thread."""

from __future__ import annotations

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.facade.ours", AIOBOTO3)


def against(label: str, added: str, operation: str, reference: str) -> Row:
    """Return the row of what a call adds beside what *operation* takes or adds."""
    return Row(label, Figure(OURS, "call", added), Figure(OURS, operation, reference), 2, 1.2)


QUESTION = Question(
    "facade",
    "What does the sync facade add to a call?",
    rows=(
        against("added to the call / added to it by a bare hop", "added_s", "bare", "added_s"),
        against("the same in processor time", "added_cpu_s", "bare", "added_cpu_s"),
        against("added to the call / bare hop of nothing", "added_s", "nothing", "wall_s"),
        against("the same in processor time", "added_cpu_s", "nothing", "cpu_s"),
        Row("add_turns of the facade", Figure(OURS, "call", "wall_s")),
        Row("add_turns by a bare hop", Figure(OURS, "bare", "wall_s")),
        Row("add_turns, awaited", Figure(OURS, "call", "async_s")),
    ),
    rounds=31,
    amount=200,
)
