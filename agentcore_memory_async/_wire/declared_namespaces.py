"""
The namespaces that a manager knows: pure, no await.

They are declared by its caller, or described by the control plane. Only a description says under
which prefixes strategies write at all.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import frozen

from agentcore_memory_async._warnings import warn_caller
from agentcore_memory_async.errors import InvalidInputError, UnwrittenNamespaceWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from agentcore_memory_async.models import Memory, MemoryRecord, MemoryStrategy

_VARIABLE = re.compile(r"\{[a-zA-Z][a-zA-Z0-9]*\}")
"""A variable of a template, such as ``{actorId}``."""
_ACTOR_ID = "{actorId}"
"""The variable whose value may be a path, where hierarchical ids are allowed."""
_MOST_WARNINGS = 100
"""Different prefixes that one manager warns of."""


@frozen
class WrittenNamespace:
    """
    Where a strategy writes, and what it passes on.

    Attributes:
        template: Template of the namespace.
        strategy_id: Id of the strategy; None where it is not known.
        exact_keys: Keys of metadata that it passes on from events to records unchanged.
    """

    template: str
    strategy_id: str | None = None
    exact_keys: frozenset[str] = frozenset()

    def filled_in(self, template: str) -> str:
        """Return *template* with the id of the strategy, where it is known."""
        return _filled_in(template, {"memoryStrategyId": self.strategy_id})


class DeclaredNamespaces:
    """
    Namespace templates by name, such as ``{"facts": "/facts/{actorId}/"}``.

    Attributes:
        declared: Templates that were declared, by name.
        templates: Templates by name; a declared one comes before a described one of its name.
        is_described: Whether the control plane said where strategies write.
    """

    def __init__(self, templates: Mapping[str, str] | None = None) -> None:
        self.declared: Mapping[str, str] = MappingProxyType(dict(templates or {}))
        self._written: tuple[WrittenNamespace, ...] = ()
        self.templates: dict[str, str] = dict(self.declared)
        self.is_described = False
        self._warned = set[str]()

    def describe(self, written: Mapping[str, WrittenNamespace]) -> None:
        """
        Take over what the control plane says.

        Args:
            written: Where strategies write, by name.
        """
        found = {name: each.template for name, each in written.items()}
        self.templates = {**found, **self.declared}
        self._written = tuple(written.values())
        self._warned = set[str]()
        self.is_described = True

    def warn_of_unwritten(self, prefixes: Mapping[str, str], *, hierarchical: bool = False) -> None:
        """
        Warn of *prefixes* under which no strategy writes, as far as that is known.

        Each is warned of once as it was given, however many actors it is resolved for.

        Args:
            prefixes: Namespaces, resolved, by what was given.
            hierarchical: Whether actor ids may contain ``/``.
        """
        if not self.is_described:
            return
        for given, prefix in prefixes.items():
            if given in self._warned or len(self._warned) >= _MOST_WARNINGS:
                continue
            if any(
                may_hold(each.filled_in(prefix), each.template, hierarchical=hierarchical)
                for each in self._written
            ):
                continue
            self._warned.add(given)
            known = ", ".join(each.template for each in self._written) or "no namespace"
            shown = prefix if given == prefix else f"{prefix} ({given})"
            warn_caller(
                f"no strategy of the memory writes under {shown}: they write under {known}",
                UnwrittenNamespaceWarning,
            )

    def exact_keys(self, prefix: str, *, hierarchical: bool = False) -> frozenset[str] | None:
        """
        Return the keys that strategies pass on to records under *prefix*; None if that is unknown.

        Args:
            prefix: Namespace, resolved.
            hierarchical: Whether actor ids may contain ``/``.
        """
        if not self.is_described:
            return None
        return frozenset[str]().union(
            *(
                each.exact_keys
                for each in self._written
                if may_hold(prefix, each.template, hierarchical=hierarchical)
            )
        )

    def keys_of(self, record: MemoryRecord, ids: Mapping[str, str]) -> frozenset[str]:
        """
        Return the keys that were certainly passed on to *record* from events of a session.

        They are those of the strategy that wrote it, and of each of its templates that makes the
        namespace of the record; none where that is not known, or the record is another's.

        Args:
            record: A record.
            ids: ``actorId`` and ``sessionId`` of the session.
        """
        found = [
            each.exact_keys
            for each in self._written
            if each.strategy_id is not None
            and each.strategy_id == record.memory_strategy_id
            and makes(record.namespace, _filled_in(each.template, ids))
        ]
        first = found[0] if found else frozenset[str]()
        return first.intersection(*found)

    def check_exact(self, key: str, prefixes: Iterable[str], *, hierarchical: bool = False) -> None:
        """
        Refuse a *key* that no strategy passes on to its records, as far as that is known.

        Args:
            key: Key of metadata.
            prefixes: Namespaces, resolved.
            hierarchical: Whether actor ids may contain ``/``.
        """
        for prefix in prefixes:
            keys = self.exact_keys(prefix, hierarchical=hierarchical)
            if keys is not None and key not in keys:
                message = (
                    f"exact has the key {key!r}, which no strategy that writes under {prefix} "
                    "passes on; declare it as STRICTLY_CONSISTENT in its record_schema, and among "
                    "the indexed_keys of the memory"
                )
                raise InvalidInputError(message)


def written_by(memory: Memory) -> dict[str, WrittenNamespace]:
    """Return where the strategies of *memory* write, by the names of `Memory.namespaces`."""
    found: dict[str, WrittenNamespace] = {}
    templates = memory.namespaces
    for strategy in memory.strategies:
        for name in strategy.templates():
            if name in templates:
                keys = _passed_on(strategy, is_reflection=name != strategy.name)
                found[name] = WrittenNamespace(
                    templates[name], strategy.memory_strategy_id, frozenset(keys)
                )
    return found


def _passed_on(strategy: MemoryStrategy, *, is_reflection: bool) -> Set[str]:
    """Return the keys that a strategy passes on to its records, or to its reflections."""
    reflection = strategy.reflection_step if is_reflection else None
    schema = strategy.record_schema if reflection is None else reflection.record_schema
    return {each.key for each in schema if each.extraction_type == "STRICTLY_CONSISTENT"}


def _filled_in(template: str, values: Mapping[str, str | None]) -> str:
    """Return *template* with the values that are known here."""
    return _VARIABLE.sub(lambda found: values.get(found[0][1:-1]) or found[0], template)


def may_hold(prefix: str, template: str, *, hierarchical: bool = False) -> bool:
    """Return whether a namespace made of *template* may be *prefix*, or below it."""
    wanted = _segments(prefix)
    return any(len(wanted) in ends for ends in _walk(wanted, template, hierarchical=hierarchical))


def makes(namespace: str, template: str) -> bool:
    """Return whether *namespace* may be made of *template*, each variable being one segment."""
    wanted = _segments(namespace)
    *_, ends = _walk(wanted, template, hierarchical=False)
    return len(wanted) in ends


def _walk(wanted: list[str], template: str, *, hierarchical: bool) -> Iterator[set[int]]:
    """Yield how many segments of *wanted* the parts of *template* so far may make up, each time."""
    ends = {0}
    yield ends
    for part in _segments(template):
        fixed = _VARIABLE.split(part)
        longest = len(wanted) if hierarchical and _ACTOR_ID in part else 1
        ends = {
            end
            for start in ends
            for end in range(start + 1, min(start + longest, len(wanted)) + 1)
            if _is_made_of(fixed, wanted[start:end])
        }
        yield ends


def _segments(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _is_made_of(fixed: list[str], segments: list[str]) -> bool:
    """Return whether *segments* are the *fixed* pieces, with a value between each two of them."""
    if len(fixed) == 1:
        return fixed == segments
    text, (first, *inner, last) = "/".join(segments), fixed
    at = len(first)
    for piece in inner:
        found = text.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return text.startswith(first) and text.endswith(last) and at < len(text) - len(last)
