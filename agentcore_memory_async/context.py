"""
Context for a model: what is remembered about a query, and how it stands in a prompt.

``retrieve_context`` of a session returns it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size
from agentcore_memory_async._wire import prompt_text
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.filters import check_record_filters
from agentcore_memory_async.filters import Filter  # noqa: TC001 - for type hints at run time
from agentcore_memory_async.models import Event, MemoryRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attrs import Attribute

__all__ = ("Context", "Provenance", "RetrievalConfig", "TurnResult")


def _top_k(_: object, attribute: Attribute[Any], value: Any) -> None:
    check.check_int(attribute.name, value, 100)


def _share(_: object, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        check.refuse(f"{attribute.name} is {check.kind(value)}; give a number from 0 to 1")
    if not 0 <= value <= 1:
        check.refuse(f"{attribute.name} is out of range; give a number from 0 to 1")


def _strategy(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        check.check_memory_strategy_id(value, attribute.name)


def _query(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        check.check_text(attribute.name, value)


def _filters(value: Sequence[Filter | Mapping[str, Any]] | None) -> Sequence[Filter] | None:
    return None if value is None else check_record_filters(value, None, argument="metadata_filters")


@frozen
class RetrievalConfig(Model):
    """
    How one namespace is searched for context.

    Attributes:
        top_k: Largest number of records, 1 to 100.
        relevance_score: Lowest score, 0 to 1; 0 keeps every record. A record without a score has 0.
        strategy_id: Only the records of this strategy; it is also the value of
            ``{memoryStrategyId}`` in the template.
        retrieval_query: Text that is searched for together with the query, before it.
        metadata_filters: Conditions on the metadata of the records, all of which must hold, such as
            ``[where("topic") == "billing"]``, or mappings as the service writes them, at most 5;
            kept as a tuple.

    Raises:
        InvalidInputError: A value is invalid.
    """

    top_k: int = field(default=10, validator=_top_k)
    relevance_score: float = field(default=0.0, validator=_share)
    strategy_id: str | None = field(default=None, validator=_strategy)
    retrieval_query: str | None = field(default=None, validator=_query, repr=size)
    metadata_filters: Sequence[Filter] | None = field(default=None, converter=_filters)


@frozen
class Provenance(Model):
    """
    Where a record of a context was found.

    Attributes:
        template: Template of the namespace that was searched, such as ``/facts/{actorId}/``.
        prefix: The same with its variables filled in, such as ``/facts/anna/``.
        name: Name by which the manager knows the template; None where it does not.
    """

    template: str
    prefix: str
    name: str | None = None


@frozen(repr=False)
class Context(Model, Sequence[MemoryRecord]):
    """
    What is remembered about a query: a sequence of records, best first.

    No record is in it twice, neither by its id nor by its text.

    Attributes:
        records: Records, each with the ``score`` of the search that found it.
        provenance: For each record, in the same order, where it was found.
        degraded: Whether the search had failed, so that nothing is known.
    """

    records: tuple[MemoryRecord, ...] = ()
    provenance: tuple[Provenance, ...] = ()
    degraded: bool = field(default=False, kw_only=True, eq=False)

    def __repr__(self) -> str:
        return f"<Context of {len(self.records)} records>"

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, at: int) -> MemoryRecord: ...
    @overload
    def __getitem__(self, at: slice) -> Context: ...
    def __getitem__(self, at: int | slice) -> MemoryRecord | Context:
        if isinstance(at, slice):
            return Context(self.records[at], self.provenance[at])
        return self.records[at]

    def render(
        self,
        *,
        max_chars: int | None = None,
        max_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
    ) -> str:
        """
        Return the records as text for a prompt, such as a system message.

        They stand between tags, below a sentence that says that they are data and not
        instructions. In their texts ``&``, ``<`` and ``>`` are escaped, control characters are
        replaced, and invisible ones left out, so that no record can end the fence, begin another
        record, or say what nobody sees. Each has the date
        of its conversation, and the name or else the template of its namespace.

        Records are left out whole where the budget has no room, and later ones that have room are
        not. Without any record the text says that nothing was remembered, or where none has room,
        that there is none: some models' APIs refuse an empty message. It is empty only
        where the budget has no room for that sentence.

        Args:
            max_chars: Largest length of the whole text, in characters.
            max_tokens: Largest length of the whole text, in tokens as *count_tokens* counts them.
            count_tokens: Returns the number of tokens of a text; it is called once for each record.

        Raises:
            InvalidInputError: An argument is invalid, or only one of *max_tokens* and
                *count_tokens* is given.
        """
        for name, most in (("max_chars", max_chars), ("max_tokens", max_tokens)):
            if most is not None:
                check.check_int(name, most)
        check.check_callable("count_tokens", count_tokens, "give a function of a text, such as len")
        fits: Callable[[str], bool] = prompt_text.any_length
        if max_tokens is not None and count_tokens is not None:
            fits = prompt_text.token_limit(max_tokens, count_tokens)
        elif max_tokens is not None or count_tokens is not None:
            check.refuse("max_tokens and count_tokens belong together; give both, or max_chars")
        elements = [
            prompt_text.element(record.text, _attributes(record, found))
            for record, found in zip(self.records, self.provenance, strict=True)
        ]
        return prompt_text.fence_within(elements, max_chars, fits)


def _attributes(record: MemoryRecord, found: Provenance) -> dict[str, str]:
    said_at = record.timestamp or record.created_at
    return {"source": found.name or found.template, "date": said_at.date().isoformat()}


class _Parts(NamedTuple):
    memories: Context
    response: str
    event: Event


class TurnResult(_Parts):
    """
    A turn that ``process_turn_with_llm`` stored: unpack it as ``memories, response, event``.

    Attributes:
        memories: Records that the model was given.
        response: Answer of the model.
        event: Stored event, with the messages of both.
        degraded: Whether the search had failed, so that the model was given no records.
    """

    degraded: bool

    def __new__(
        cls, memories: Context, response: str, event: Event, degraded: bool = False
    ) -> TurnResult:
        """Make one."""
        made = super().__new__(cls, memories, response, event)
        made.degraded = degraded
        return made

    def _replace(  # pyright: ignore[reportIncompatibleMethodOverride] - degraded is no item
        self, **changes: Any
    ) -> TurnResult:
        """Return a copy with other items, or another ``degraded``."""
        degraded: bool = changes.pop("degraded", self.degraded)
        return TurnResult(*super()._replace(**changes), degraded)

    def __repr__(self) -> str:
        return (
            f"TurnResult({self.memories!r}, response={size(self.response)}, "
            f"event={self.event.event_id!r}, degraded={self.degraded})"
        )
