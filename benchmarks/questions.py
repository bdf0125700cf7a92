"""All questions, in the order in which they are run and shown."""

from benchmarks.agent_calls.question import QUESTION as AGENT_CALLS
from benchmarks.agents.question import QUESTION as AGENTS
from benchmarks.calls.question import QUESTION as CALLS
from benchmarks.chat.question import QUESTION as CHAT
from benchmarks.context.question import QUESTION as CONTEXT
from benchmarks.facade.question import QUESTION as FACADE
from benchmarks.growth.question import QUESTION as GROWTH
from benchmarks.memory.question import QUESTION as MEMORY
from benchmarks.stalls.question import QUESTION as STALLS
from benchmarks.start.question import QUESTION as START
from benchmarks.throughput.question import QUESTION as THROUGHPUT

QUESTIONS = (
    CALLS,
    THROUGHPUT,
    STALLS,
    CHAT,
    AGENTS,
    AGENT_CALLS,
    CONTEXT,
    START,
    FACADE,
    MEMORY,
    GROWTH,
)
