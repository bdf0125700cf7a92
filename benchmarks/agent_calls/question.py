"""The service calls of a turn, and the time that they take, beside AWS's integrations."""

from benchmarks.common.question import Contestant, Environment, Figure, Question, Row

STRANDS = "strands-agents==1.62.0"
LANGGRAPH = ("langgraph==1.2.24", "langgraph-checkpoint==4.3.2")
OURS = ("aiobotocore==3.10.0",)
"""What this package is installed with: without aioboto3, which holds others back."""
AWS = ("boto3==1.44.8", "botocore==1.44.8")

OUR_STRANDS = Environment("strands", (*OURS, STRANDS), package=True, without="aioboto3")
AWS_STRANDS = Environment("aws-strands", (*AWS, "bedrock-agentcore==1.25.0", STRANDS))
OUR_LANGGRAPH = Environment("langgraph", (*OURS, *LANGGRAPH), package=True, without="aioboto3")
AWS_LANGGRAPH = Environment("aws-langgraph", (*AWS, "langgraph-checkpoint-aws==1.2.6", *LANGGRAPH))


def pair(name: str, script: str, ours: Environment, aws: Environment) -> tuple[Contestant, ...]:
    """Return this package's integration and AWS's, for the same."""
    return tuple(
        Contestant(f"{name}, {whose}", f"benchmarks.agent_calls.{script}_{which}", environment)
        for whose, which, environment in (("this package", "ours", ours), ("AWS", "aws", aws))
    )


CONTESTANTS = (
    *pair("Strands", "strands", OUR_STRANDS, AWS_STRANDS),
    *pair("LangGraph, six nodes", "langgraph", OUR_LANGGRAPH, AWS_LANGGRAPH),
    *pair("LangGraph, store", "store", OUR_LANGGRAPH, AWS_LANGGRAPH),
)
"""Integrations, those of this package and of AWS side by side."""

QUESTION = Question(
    "agent_calls",
    "How many service calls does a turn of an agent take, beside AWS's integrations?",
    rows=(
        *(
            Row(f"calls a turn, {each.name}", Figure(each, "turns", "calls"), unit="calls")
            for each in CONTESTANTS
        ),
        *(Row(f"a turn, {each.name}", Figure(each, "turns", "turn_s")) for each in CONTESTANTS),
    ),
    rounds=3,
    amount=10,
    latency_s=0.05,
    server="benchmarks.agents.service",
)
