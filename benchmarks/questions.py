"""All questions, in the order in which they are run and shown."""

from benchmarks.calls.question import QUESTION as CALLS

QUESTIONS = (CALLS,)
