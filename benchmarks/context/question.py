"""Wall time of a context from five namespaces, beside one search."""

from benchmarks.common.question import Contestant, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3

OURS = Contestant("this package", "benchmarks.context.ours", AIOBOTO3)
CONTEXT = Figure(OURS, "context", "wall_s")
SEARCH = Figure(OURS, "search", "wall_s")

QUESTION = Question(
    "context",
    "How long does a context from five namespaces take?",
    rows=(Row("retrieve_context / one search", CONTEXT, SEARCH, 1.2, 1.1),),
    amount=10,
    latency_s=0.1,
)
