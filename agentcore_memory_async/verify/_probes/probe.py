"""
A probe: a few requests that answer a question, and the verdict on what came.

Asking and judging are apart. `Probe.ask` makes requests and returns what was seen, as JSON without
content; `Probe.decide` is pure, so that what was seen can be judged again, and by others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from agentcore_memory_async.verify._asking.desk import Desk
    from agentcore_memory_async.verify.verdicts import Verdict

Observation: TypeAlias = "dict[str, Any]"
"""What a probe saw, as JSON."""


@frozen(eq=False)
class Probe:
    """
    One question to the service, or a few that the same requests answer.

    Attributes:
        name: Name.
        question: What is asked, in words.
        answers: Names of the verdicts that it may give.
        calls: Largest number of requests of each operation, retries aside.
        ask: Makes the requests, and returns what was seen.
        decide: Returns the verdicts on that.
        seconds: Longest time of its waits, where lists don't lag.
        sessions: Largest number of sessions that it writes to.
        own_memory_only: Whether it needs a memory that has nothing of others.
        per_path: Operations that it calls as often for each path of `Desk.paths`.
    """

    name: str
    question: str
    answers: tuple[str, ...]
    calls: Mapping[str, int]
    ask: Callable[[Desk], Awaitable[Observation]]
    decide: Callable[[Observation], list[Verdict]]
    seconds: float = 10.0
    sessions: int = 1
    own_memory_only: bool = False
    per_path: tuple[str, ...] = ()

    def planned_calls(self, paths: int) -> dict[str, int]:
        """Return the largest number of requests of each operation, where there are *paths*."""
        return {
            operation: count * (paths if operation in self.per_path else 1)
            for operation, count in self.calls.items()
        }
