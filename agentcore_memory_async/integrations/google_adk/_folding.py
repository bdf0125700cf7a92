"""
State, computed of what was stored: pure.

Each value that is stored may change the state: the newest change of a key wins. A snapshot has the
state up to a value, so that a reader need not read on to the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from datetime import timedelta

    from agentcore_memory_async.integrations._documents import Document

APP, USER, TEMP = "app:", "user:", "temp:"
"""Prefixes of keys of the state that are not of a session."""


@frozen
class Wanted:
    """
    Events that are wanted beside the state.

    Attributes:
        count: Number of the newest ones; all if None.
        after: Time before which none is wanted, as ADK has it.
    """

    count: int | None = None
    after: float | None = None


STATE_ONLY = Wanted(count=0)
"""No events."""


def scopes(state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what of a state is of the app, of the user and of the session, by bare keys."""
    app = {key.removeprefix(APP): state[key] for key in state if key.startswith(APP)}
    user = {key.removeprefix(USER): state[key] for key in state if key.startswith(USER)}
    own = {key: state[key] for key in state if not key.startswith((APP, USER, TEMP))}
    return app, user, own


def merged(app: dict[str, Any], user: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the state that a session of ADK shows."""
    shown = {f"{APP}{key}": value for key, value in app.items()}
    return {**own, **shown, **{f"{USER}{key}": value for key, value in user.items()}}


def to_ms(document: Document) -> int:
    """Return the time at which a value was stored, in epoch milliseconds."""
    return round(document.event.timestamp.timestamp() * 1000)


@define
class Fold:
    """
    State and events, of values that come newest first.

    Attributes:
        wanted: Which events are wanted.
        changes: Values that change the state, up to which it is known, newest first.
        events: Events that are wanted, newest first, as JSON.
        snapshot: The newest snapshot.
        created: What the first value says.
        updated: Time of the newest event, as ADK has it.
    """

    wanted: Wanted = Wanted()
    changes: list[tuple[Document, dict[str, Any]]] = field(
        factory=list["tuple[Document, dict[str, Any]]"]
    )
    events: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    snapshot: dict[str, Any] | None = None
    created: dict[str, Any] | None = None
    updated: float | None = None
    since_snapshot: int = 0
    newest_ms: int = 0
    _is_state_known: bool = False
    _has_events: bool = False

    def add(self, document: Document) -> None:
        """Add the next older value."""
        value: dict[str, Any] = document.value
        if "snapshot" in value:
            if self.snapshot is None:
                self.snapshot, self.since_snapshot = value["snapshot"], len(self.changes)
        elif "event" in value or "state" in value:
            self._add_change(document, value)
        if "event" in value:
            self._add_event(value["event"])

    def end(self) -> None:
        """Note that there are no older values; those before a snapshot may have expired."""
        if self.snapshot is None:
            self.since_snapshot = len(self.changes)
        else:
            self.created = self.created or self.snapshot["created"]

    @property
    def is_done(self) -> bool:
        """Whether no older value is needed."""
        return self._is_state_known and (self._has_events or self.wanted.count == 0)

    @property
    def state(self) -> dict[str, Any]:
        """The state."""
        return self._state_of(self.changes)

    def to_snapshot(self, settled: timedelta) -> dict[str, Any] | None:
        """
        Return a snapshot of what no longer changes; None where that is no more than the last one.

        Args:
            settled: Age, against the newest value, from which on nothing older is written any more.
        """
        if not self.changes:
            return None
        until = self.changes[0][0].event.timestamp - settled
        old = [change for change in self.changes if change[0].event.timestamp <= until]
        if not old:
            return None
        return {"state": self._state_of(old), "created": self.created, "upto": old[0][0].id}

    def _state_of(self, changes: list[tuple[Document, dict[str, Any]]]) -> dict[str, Any]:
        state: dict[str, Any] = dict(self.snapshot["state"]) if self.snapshot else {}
        for _, change in reversed(changes):
            state.update(change)
        return state

    def _add_change(self, document: Document, value: dict[str, Any]) -> None:
        self.newest_ms = self.newest_ms or to_ms(document)
        if self.updated is None:
            self.updated = value["event"]["timestamp"] if "event" in value else value.get("time")
        if self._is_state_known:
            return
        if self.snapshot is not None and self.snapshot["upto"] == document.id:
            self._is_state_known = True
            self.created = self.snapshot["created"]
            return
        self.changes.append((document, _change(value)))
        self.created = value.get("created") or self.created

    def _add_event(self, event: dict[str, Any]) -> None:
        count, after = self.wanted.count, self.wanted.after
        if after is not None and event["timestamp"] < after:
            self._has_events = True
        if count is not None and len(self.events) >= count:
            self._has_events = True
        if not self._has_events:
            self.events.append(event)
            self._has_events = count is not None and len(self.events) >= count


def _change(value: dict[str, Any]) -> dict[str, Any]:
    """Return how a value changes the state."""
    if "event" not in value:
        changed: dict[str, Any] = value["state"]
        return changed
    return scopes(value["event"].get("actions", {}).get("state_delta", {}))[2]
