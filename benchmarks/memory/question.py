"""Memory of a process that makes many calls, and of sessions that are idle."""

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.memory.ours", AIOBOTO3)

QUESTION = Question(
    "memory",
    "How much memory do calls leave behind, and do idle sessions take?",
    rows=(
        Row("growth over 20,000 calls", Figure(OURS, "calls", "mib"), unit="MiB", bound=1),
        Row("10,000 idle sessions", Figure(OURS, "sessions", "mib"), unit="MiB", bound=15),
        Row(
            "10,000 idle sessions, as allocated",
            Figure(OURS, "sessions", "allocated_mib"),
            unit="MiB",
        ),
    ),
    rounds=3,
    amounts={"calls": 20_000, "sessions": 10_000},
    fresh=True,
)
