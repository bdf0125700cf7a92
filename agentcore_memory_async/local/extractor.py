"""The protocol of extractors, and the values that they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, overload, runtime_checkable

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping


__all__ = (
    "Change",
    "ConsolidationRequest",
    "Consolidator",
    "Extraction",
    "ExtractionRequest",
    "Extractor",
    "Message",
    "Strategy",
)


@frozen
class Strategy:
    """
    How long-term records are made of a memory's events.

    Attributes:
        strategy_id: Strategy id: the name, and 10 characters.
        name: Name that was given when the memory was made.
        kind: Type: SEMANTIC, SUMMARIZATION, USER_PREFERENCE, EPISODIC or CUSTOM.
        template: Template of the namespace of the records.
        status: State; only an ACTIVE strategy reads new events.
        override: What a CUSTOM strategy overrides: SEMANTIC_OVERRIDE, SUMMARY_OVERRIDE,
            USER_PREFERENCE_OVERRIDE, EPISODIC_OVERRIDE or SELF_MANAGED.
        reflection_template: Template of the namespace of an episodic strategy's reflections.
        schema: Entries of the metadataSchema by their keys.
        expiry_days: Days after which the records expire; None for never.
        prompts: Instructions of a CUSTOM strategy's override, its ``appendToPrompt``, by step:
            extraction, consolidation or reflection.
    """

    strategy_id: str
    name: str
    kind: str
    template: str
    status: str = "ACTIVE"
    override: str | None = None
    reflection_template: str | None = None
    schema: Mapping[str, Mapping[str, Any]] = field(
        factory=dict[str, "Mapping[str, Any]"], hash=False
    )
    expiry_days: int | None = None
    prompts: Mapping[str, str] = field(factory=dict[str, str], hash=False)


@frozen
class Message:
    """
    One message of an event.

    Attributes:
        role: Role: USER, ASSISTANT, TOOL or OTHER; JSON for a ``json`` payload.
        text: Text of the message; the JSON text of a ``json`` payload.
        time_ms: Timestamp of the event in milliseconds.
        event_id: Event id.
        index: Position in the event's payload, from 0.
    """

    role: str
    text: str
    time_ms: int
    event_id: str
    index: int


@frozen
class ExtractionRequest:
    """
    A request to an extractor.

    Attributes:
        kind: Kind of records to extract: SEMANTIC, USER_PREFERENCE, SUMMARIZATION, EPISODIC or
            REFLECTION. A CUSTOM strategy asks for the kind that it overrides.
        strategy: Strategy that extracts.
        memory_id: Memory id of the events.
        actor_id: Actor id of the events.
        session_id: Session id of the events.
        messages: New messages, oldest first.
        history: Messages of the session before the new ones, oldest first. For a SUMMARIZATION
            or EPISODIC these are the open ones, up to 100; for other kinds those of the last 20
            events.
        episodes: The new episode, and earlier ones like it, for a REFLECTION.
        context: A few messages before the open ones, for a SUMMARIZATION or EPISODIC. Earlier
            records describe them.
    """

    kind: str
    strategy: Strategy
    memory_id: str
    actor_id: str
    session_id: str
    messages: tuple[Message, ...]
    history: tuple[Message, ...]
    episodes: tuple[str, ...] = ()
    context: tuple[Message, ...] = ()


@frozen
class Extraction(Sequence[str]):
    """
    The contents of records, and which messages a later request needs again.

    A long session is extracted part by part. An extractor of a SUMMARIZATION or EPISODIC returns
    this where a topic or an episode ends: messages before that are settled, and no later request
    has them. The others are open, and are the history of the next request.

    Attributes:
        records: Records that are final.
        open_records: Records of the open messages. Those of the next request replace them.
        settled: Number of settled messages, of the request's history and messages together.
    """

    records: Sequence[str]
    open_records: Sequence[str] = ()
    settled: int = 0

    def __len__(self) -> int:
        return len(self.records) + len(self.open_records)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return (*self.records, *self.open_records)[index]


class Extractor(Protocol):
    """
    Makes the contents of records out of messages.

    ``extract`` may be a plain function, which runs in a thread, or a coroutine function. Requests
    for different sessions may run at the same time. For a SUMMARIZATION it returns the records of
    the open messages and the new ones, which replace those of the request before; for other kinds
    it returns those of the new messages.

    An `Extraction` says which messages stay open. Without it all do, up to 100. If there are more,
    the records of a SUMMARIZATION are final and the next one begins after them; for an EPISODIC
    the oldest are left out.

    An error that ``extract`` raises fails the job: an `ExtractorError` with its reason, botocore's
    ``ClientError`` with the reason that the service has for its code.
    """

    def extract(self, request: ExtractionRequest) -> Sequence[str] | Awaitable[Sequence[str]]:
        """Return the contents of the records."""
        ...

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return whether the record *new* makes the record *old* obsolete."""
        ...


@frozen
class ConsolidationRequest:
    """
    A request to consolidate extracted records with those that exist.

    Attributes:
        kind: Kind of the records: SEMANTIC, USER_PREFERENCE or REFLECTION.
        strategy: Strategy that extracts.
        new: Contents that were extracted, at least one.
        existing: Contents of records of the same namespace and strategy that they may repeat,
            complete or contradict, at least one: those that share words with them, and the newest.
    """

    kind: str
    strategy: Strategy
    new: tuple[str, ...]
    existing: tuple[str, ...]


@frozen
class Change:
    """
    A record to write.

    Attributes:
        content: Text of the record.
        replaces: Index in the request's ``existing`` of the record that it replaces; None adds it.
    """

    content: str
    replaces: int | None = None


@runtime_checkable
class Consolidator(Protocol):
    """
    An extractor that consolidates all records of a request at once, as with a call of a model.

    An extractor with this method is not asked by ``replaces``. A content of the request that no
    change carries on is skipped. An error fails the job, as one of ``extract`` does.
    """

    async def consolidate(self, request: ConsolidationRequest) -> Sequence[Change]:
        """Return the records to write."""
        ...
