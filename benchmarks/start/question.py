"""Time from the start of a process to its first answer, and of an import."""

from benchmarks.common.question import Contestant, Figure, Panel, Question, Row
from benchmarks.common.stacks import AIOBOTO3, OFFICIAL_SDK

OURS = Contestant("this package", "benchmarks.start.ours", AIOBOTO3)
RAW = Contestant("raw aioboto3", "benchmarks.start.raw", AIOBOTO3)
OFFICIAL = Contestant("official SDK", "benchmarks.start.official_sdk", OFFICIAL_SDK)
IMPORTS = Contestant("a new process", "benchmarks.start.imports", AIOBOTO3)


def started(contestant: Contestant) -> Figure:
    """Return the time until *contestant* has its first answer."""
    return Figure(contestant, "first", "since_start_s")


def imported(package: str) -> Figure:
    """Return the time of a process that imports *package* and ends."""
    return Figure(IMPORTS, package, "wall_s")


QUESTION = Question(
    "start",
    "How long does a new process take to its first answer?",
    rows=(
        Row("first answer / raw aioboto3", started(OURS), started(RAW), 1.0, 0.7),
        Row("first answer / official SDK", started(OURS), started(OFFICIAL), 1.0),
        *(
            Row(
                f"import {package} / import aioboto3",
                imported(package),
                imported("aioboto3"),
                0.4,
                0.25,
            )
            for package in ("agentcore_memory_async", "agentcore_memory_async.manager")
        ),
    ),
    panels=(Panel("First answer of a new process", tuple(map(started, (OURS, RAW, OFFICIAL)))),),
    rounds=15,
    amount=1,
    fresh=True,
)
