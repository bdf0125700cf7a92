"""What a call costs of the processor, beside raw clients and other peers."""

from __future__ import annotations

from attrs import frozen

from benchmarks.common.question import Contestant, Figure, Panel, Question, Row
from benchmarks.common.stacks import AIOBOTO3, AIOBOTOCORE, AWS_SDK, CAPO, OFFICIAL_SDK


@frozen
class Operation:
    """One row of the table: the same call of each contestant."""

    name: str
    ours: str
    """The method of this package that stands for it."""
    peers: str
    """The operation that peers are asked for."""
    bound: float
    aim: float


OPERATIONS = (
    Operation("read", "list_events", "read", 0.33, 0.22),
    Operation("turns", "get_last_k_turns", "read", 0.33, 0.22),
    Operation("write", "add_turns", "write", 0.75, 0.55),
    Operation("search-5", "search, 5 records", "search-5", 0.65, 0.45),
    Operation("search-100", "search, 100 records", "search-100", 0.33, 0.22),
)
PEER_BOUND = 1.0
PEER_AIM = 0.7


OURS = Contestant("this package", "benchmarks.calls.ours", AIOBOTO3)
RAW = Contestant("raw aioboto3", "benchmarks.calls.raw_aioboto3", AIOBOTO3)
OURS_NEWEST = Contestant("this package, newest aiobotocore", "benchmarks.calls.ours", AIOBOTOCORE)
RAW_NEWEST = Contestant("raw aiobotocore", "benchmarks.calls.raw_aiobotocore", AIOBOTOCORE)
PEERS = (
    Contestant("capo-bedrock-agentcore", "benchmarks.calls.capo", CAPO),
    Contestant("aws-sdk-bedrock-agentcore", "benchmarks.calls.aws_sdk", AWS_SDK),
    Contestant("official SDK", "benchmarks.calls.official_sdk", OFFICIAL_SDK),
)
FLOOR = Contestant("bare aiohttp", "benchmarks.calls.bare_aiohttp", AIOBOTO3)


def against(reference: Contestant, ours: Contestant = OURS) -> tuple[Row, ...]:
    """Return the rows of this package beside *reference*, the raw client of its stack."""
    return tuple(
        row(operation, ours, reference, operation.bound, operation.aim) for operation in OPERATIONS
    )


def row(
    operation: Operation,
    ours: Contestant,
    reference: Contestant,
    bound: float | None,
    aim: float | None,
) -> Row:
    """Return the row of one operation."""
    return Row(
        f"{operation.ours} / {reference.name}",
        Figure(ours, operation.name),
        Figure(reference, operation.peers),
        bound,
        aim,
    )


SHOWN = (OURS, RAW, *PEERS, FLOOR)
"""Contestants of the chart."""
PANELS = {
    "write": "Write one message",
    "read": "Read 100 events",
    "search-5": "Search, 5 records",
    "search-100": "Search, 100 records",
}
"""Titles of the chart's panels."""

QUESTION = Question(
    "calls",
    "What does a call cost of the processor?",
    rows=(
        *against(RAW),
        *against(RAW_NEWEST, OURS_NEWEST),
        *(row(of, OURS, peer, PEER_BOUND, PEER_AIM) for peer in PEERS for of in OPERATIONS),
        *(row(of, OURS, FLOOR, None, None) for of in OPERATIONS),
    ),
    panels=tuple(
        Panel(f"{title} (CPU)", tuple(Figure(of, operation) for of in SHOWN))
        for operation, title in PANELS.items()
    ),
    amounts={"read": 130, "turns": 130, "search-100": 130},
    quick=(OURS, RAW),
)
