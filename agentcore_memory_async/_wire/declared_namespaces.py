"""
The namespaces that a manager knows: pure, no await.

They are declared by its caller, or described by the control plane. Only a description says under
which prefixes strategies write at all.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from agentcore_memory_async.errors import InvalidInputError, UnwrittenNamespaceWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agentcore_memory_async.models import Memory

_VARIABLE = re.compile(r"\{[a-zA-Z][a-zA-Z0-9]*\}")
"""A variable of a template, such as ``{actorId}``."""
_ACTOR_ID = "{actorId}"
"""The variable whose value may be a path, where hierarchical ids are allowed."""


class DeclaredNamespaces:
    """
    Namespace templates by name, such as ``{"facts": "/facts/{actorId}/"}``.

    Attributes:
        templates: Templates by name; a declared one comes before a described one of its name.
        is_described: Whether the control plane said where strategies write.
    """

    def __init__(self, templates: Mapping[str, str] | None = None) -> None:
        self._declared = dict(templates or {})
        self._written: tuple[str, ...] = ()
        self.templates: dict[str, str] = dict(self._declared)
        self.is_described = False
        self._exact_keys: dict[str, frozenset[str]] = {}

    def describe(
        self, templates: Mapping[str, str], exact_keys: Mapping[str, frozenset[str]]
    ) -> None:
        """
        Take over what the control plane says.

        Args:
            templates: Templates under which strategies write, by name.
            exact_keys: Keys of metadata that the strategies of these names pass on unchanged.
        """
        self._exact_keys = {
            template: exact_keys.get(name, frozenset()) for name, template in templates.items()
        }
        self.templates = {**templates, **self._declared}
        self._written = tuple(templates.values())
        self.is_described = True

    def warn_of_unwritten(self, prefixes: Iterable[str], *, hierarchical: bool = False) -> None:
        """
        Warn of each of *prefixes* under which no strategy writes, as far as that is known.

        Args:
            prefixes: Namespaces, resolved or templates.
            hierarchical: Whether actor ids may contain ``/``.
        """
        if not self.is_described:
            return
        for prefix in prefixes:
            if not any(may_hold(prefix, each, hierarchical=hierarchical) for each in self._written):
                known = ", ".join(self._written) or "no namespace"
                warnings.warn(
                    f"no strategy of the memory writes under {prefix}: they write under {known}",
                    UnwrittenNamespaceWarning,
                    stacklevel=3,
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
                keys
                for template, keys in self._exact_keys.items()
                if may_hold(prefix, template, hierarchical=hierarchical)
            )
        )

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


def passed_on(memory: Memory) -> dict[str, frozenset[str]]:
    """Return the keys of metadata that strategies pass on unchanged, by the names of templates."""
    found: dict[str, frozenset[str]] = {}
    for strategy in memory.strategies:
        keys = frozenset(
            each.key
            for each in strategy.record_schema
            if each.extraction_type == "STRICTLY_CONSISTENT"
        )
        found |= dict.fromkeys(strategy.templates(), keys)
    return found


def may_hold(prefix: str, template: str, *, hierarchical: bool = False) -> bool:
    """Return whether a namespace made of *template* may be *prefix*, or below it."""
    wanted = _segments(prefix)
    ends = {0}  # how many segments of the prefix the parts of the template so far may make up
    for part in _segments(template):
        if len(wanted) in ends:
            return True
        fixed = _VARIABLE.split(part)
        longest = len(wanted) if hierarchical and _ACTOR_ID in part else 1
        ends = {
            end
            for start in ends
            for end in range(start + 1, min(start + longest, len(wanted)) + 1)
            if _is_made_of(fixed, wanted[start:end])
        }
    return len(wanted) in ends


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
