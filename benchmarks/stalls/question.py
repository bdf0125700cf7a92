"""The longest callback of the event loop while conversations run."""

from benchmarks.common.question import Contestant, Figure, Panel, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.stalls.ours", AIOBOTO3)
RAW = Contestant("raw aioboto3", "benchmarks.stalls.raw", AIOBOTO3)
PHASES = {"opening": (0.025, 0.010), "after": (0.010, 0.005)}
"""Bound and aim of each phase, in seconds."""

QUESTION = Question(
    "stalls",
    "How long does a client hold the event loop?",
    rows=(
        *(
            Row(
                f"{phase}, longest callback",
                Figure(OURS, "run", f"{phase}_s"),
                unit="s",
                bound=bound,
                aim=aim,
            )
            for phase, (bound, aim) in PHASES.items()
        ),
        *(
            Row(
                f"{phase}, {what}, {each.name}", Figure(each, "run", f"{phase}_{measure}"), unit="s"
            )
            for phase in PHASES
            for measure, what in {"cpu_s": "processor time alone", "s": "longest callback"}.items()
            for each in (OURS, RAW)
            if (measure, each) != ("s", OURS)
        ),
    ),
    panels=tuple(
        Panel(
            f"Longest callback, {phase}",
            tuple(Figure(of, "run", f"{phase}_s") for of in (OURS, RAW)),
        )
        for phase in PHASES
    ),
    rounds=5,
    amount=50,
    latency_s=0.05,
    fresh=True,
)
