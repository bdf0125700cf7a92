"""What the sync facade adds to a call, beside a bare hop to another thread."""

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.facade.ours", AIOBOTO3)
HOP = Figure(OURS, "hop", "wall_s")

QUESTION = Question(
    "facade",
    "What does the sync facade add to a call?",
    rows=(
        Row("sync call less async call / bare hop", Figure(OURS, "call", "added_s"), HOP, 2, 1.2),
        Row(
            "the same in processor time",
            Figure(OURS, "call", "added_cpu_s"),
            Figure(OURS, "hop", "cpu_s"),
            2,
            1.2,
        ),
        Row("add_turns of the facade", Figure(OURS, "call", "wall_s")),
        Row("add_turns, awaited", Figure(OURS, "call", "async_s")),
    ),
    rounds=31,
    amount=200,
)
