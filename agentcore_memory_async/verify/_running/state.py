"""
The state of a run in a file, so that another process can go on with it, or remove what it left.

It is written before anything is made, and after each answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import asdict, define, field

from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async.verify._asking.watching import LONGEST_S
from agentcore_memory_async.verify._probes.lags import SETTLE_S


class StateError(ValueError):
    """The file holds no state that can be used; the text says why."""


@define
class State:
    """
    How far a run is.

    Attributes:
        path: The file.
        run_id: Id of the run: its actor, and the name of its memory, are made of it.
        region: Region of the run.
        named_memory: Memory that the caller named; None for one that the run makes.
        memory_id: Id of the run's own memory, once it is known.
        may_be_there: Whether the memory, or the actor's data in it, may exist.
        events: Number of events that may be there, of an actor in a memory that was named.
        sessions: Number of sessions that they are in.
        settled_at: Time in seconds since 1970 from which nothing more is expected of what was
            written; None while that is unknown.
        observations: What the probes saw, by their names.
        requests: Number of requests that were made.
    """

    path: Path
    run_id: str
    region: str
    named_memory: str | None
    memory_id: str | None = None
    may_be_there: bool = False
    events: int = 0
    sessions: int = 0
    settled_at: float | None = None
    observations: dict[str, dict[str, Any]] = field(factory=dict[str, dict[str, Any]])
    requests: int = 0

    @classmethod
    def new(cls, path: Path, region: str, named_memory: str | None) -> State:
        """Return the state of a new run, not yet saved."""
        return cls(path, random_id().replace("-", "")[:12], region, named_memory)

    @classmethod
    def load(cls, path: Path) -> State | None:
        """
        Return the state of a file; None where there is none.

        Raises:
            StateError: The file is unreadable.
        """
        try:
            members = json.loads(path.read_text("utf-8"))
            return cls(path=path, **members)
        except FileNotFoundError:
            return None
        except (OSError, RecursionError, TypeError, ValueError) as error:
            message = f"{path} holds no state of a run; remove it by hand"
            raise StateError(message) from error

    def begin_again(self) -> None:
        """Take another id, for another memory or actor, and keep the answers."""
        self.run_id = State.new(self.path, self.region, self.named_memory).run_id
        self.memory_id = None
        self.events = self.sessions = 0

    def settle_s(self, now: float) -> float:
        """Return how long more of what was written may come to be seen, in seconds from *now*."""
        if self.settled_at is None:
            return SETTLE_S
        return min(max(self.settled_at - now, 0.0), LONGEST_S)

    def save(self) -> None:
        """Replace the file as a whole."""
        members = asdict(self)
        del members["path"]
        beside = self._beside
        beside.write_text(json.dumps(members, indent=2), "utf-8")
        Path(beside).replace(self.path)

    def remove(self) -> None:
        """Remove the file, and what a killed process left of the next one."""
        self.path.unlink(missing_ok=True)
        self._beside.unlink(missing_ok=True)

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.new")

    @property
    def memory_name(self) -> str:
        """Name of the run's own memory."""
        return f"verify_{self.run_id}"

    @property
    def actor_id(self) -> str:
        """Actor of the run."""
        return f"verify-{self.run_id}"
