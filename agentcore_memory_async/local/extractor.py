"""What an extractor is given and gives: the protocol, and the values in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import attrs

from agentcore_memory_async.local._api.members import child, children

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence


__all__ = ("ExtractionRequest", "Extractor", "Message", "Strategy")


@attrs.frozen
class Strategy:
    """
    How long-term records are made of a memory's events.

    Attributes:
        strategy_id: Its name and 10 characters.
        name: As given when the memory was made.
        kind: SEMANTIC, SUMMARIZATION, USER_PREFERENCE, EPISODIC or CUSTOM.
        template: Of the namespace that its records go to.
        status: Only an ACTIVE one takes new events.
        override: Of a CUSTOM one: SEMANTIC_OVERRIDE, SUMMARY_OVERRIDE,
            USER_PREFERENCE_OVERRIDE, EPISODIC_OVERRIDE or SELF_MANAGED.
        reflection_template: Of the namespace of an episodic one's reflections.
        schema: The entries of its metadataSchema by their keys.
        expiry_days: After how many days its records expire.
    """

    strategy_id: str
    name: str
    kind: str
    template: str
    status: str = "ACTIVE"
    override: str | None = None
    reflection_template: str | None = None
    schema: Mapping[str, Mapping[str, Any]] = attrs.field(
        factory=dict[str, "Mapping[str, Any]"], hash=False
    )
    expiry_days: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Strategy:
        """Read it from what GetMemory shows."""
        configuration = child(document, "configuration")
        reflection = _reflection(configuration)
        entries = children(child(document, "memoryRecordSchema"), "metadataSchema")
        return cls(
            strategy_id=document["strategyId"],
            name=document["name"],
            kind=document["type"],
            template=document["namespaceTemplates"][0],
            status=document["status"],
            override=configuration.get("type"),
            reflection_template=next(iter(reflection.get("namespaceTemplates") or ()), None),
            schema={entry["key"]: entry for entry in entries},
            expiry_days=document.get("recordExpiryDurationDays"),
        )


def _reflection(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    reflection = child(configuration, "reflection")
    custom = child(reflection, "customReflectionConfiguration")
    return child(custom, "episodicReflectionOverride") or child(
        reflection, "episodicReflectionConfiguration"
    )


@attrs.frozen
class Message:
    """
    One message of an event.

    Attributes:
        role: USER, ASSISTANT, TOOL or OTHER; JSON for a ``json`` payload.
        text: What was said; the JSON text of a ``json`` payload.
        time_ms: The event's timestamp.
        event_id: The event.
        index: Where in the event's payload it stands.
    """

    role: str
    text: str
    time_ms: int
    event_id: str
    index: int


@attrs.frozen
class ExtractionRequest:
    """
    What an extractor is given.

    Attributes:
        kind: What is wanted: SEMANTIC, USER_PREFERENCE, SUMMARIZATION, EPISODIC or REFLECTION. A
            custom strategy asks for what it overrides.
        strategy: Which strategy extracts.
        memory_id: Of the events.
        actor_id: Of the events.
        session_id: Of the events.
        messages: The new ones, oldest first.
        history: Those of the session before them, oldest first.
        episodes: For a REFLECTION: the new episode, and earlier ones like it.
    """

    kind: str
    strategy: Strategy
    memory_id: str
    actor_id: str
    session_id: str
    messages: tuple[Message, ...]
    history: tuple[Message, ...]
    episodes: tuple[str, ...] = ()


class Extractor(Protocol):
    """
    Makes the contents of records out of messages.

    ``extract`` may be a plain function, which runs in a thread, or a coroutine. A
    SUMMARIZATION gives all records of the whole session, other kinds those of the new
    messages. What it raises fails the job: an :class:`ExtractorError` with its reason,
    botocore's ``ClientError`` with the reason that the service has for its code.
    """

    def extract(self, request: ExtractionRequest) -> Sequence[str] | Awaitable[Sequence[str]]:
        """Return the texts of the records."""
        ...

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Say whether *new* makes the record *old* obsolete."""
        ...
