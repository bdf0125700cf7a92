"""Calls a second of a thousand conversations at once."""

from benchmarks.common.question import Contestant, Figure, Panel, Question, Row
from benchmarks.common.stacks import AIOBOTO3, OFFICIAL_SDK

OURS = Contestant("this package", "benchmarks.throughput.ours", AIOBOTO3)
RAW = Contestant("raw aioboto3", "benchmarks.throughput.raw", AIOBOTO3)
RAW_200 = Contestant("raw aioboto3, pool of 200", "benchmarks.throughput.raw_pool_200", AIOBOTO3)
OFFICIAL = Contestant("official SDK in threads", "benchmarks.throughput.official_sdk", OFFICIAL_SDK)


def rate(contestant: Contestant) -> Figure:
    """Return the calls a second of *contestant*."""
    return Figure(contestant, "converse", "calls_per_s")


QUESTION = Question(
    "throughput",
    "How many calls a second do 1,000 conversations get at once?",
    rows=(
        Row(
            "calls a second / official SDK",
            rate(OURS),
            rate(OFFICIAL),
            8,
            more_is_better=True,
            unit="/s",
        ),
        Row(
            "calls a second / raw aioboto3",
            rate(OURS),
            rate(RAW),
            5,
            more_is_better=True,
            unit="/s",
        ),
        Row(
            "calls a second / raw aioboto3, pool of 200",
            rate(OURS),
            rate(RAW_200),
            1.1,
            more_is_better=True,
            unit="/s",
        ),
        Row(
            "default pool of the official SDK",
            Figure(OFFICIAL, "converse", "threads"),
            unit="threads",
        ),
    ),
    panels=(
        Panel(
            "Calls a second of 1,000 conversations",
            tuple(map(rate, (OURS, RAW_200, RAW, OFFICIAL))),
            unit="/s",
            more_is_better=True,
        ),
    ),
    rounds=5,
    amount=1000,
    latency_s=0.05,
)
