"""The namespaces of a manager, as they are given to it and as its views read them: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from agentcore_memory_async._mistakes import NamespacesUnknownError
from agentcore_memory_async._wire.declared_namespaces import DeclaredNamespaces
from agentcore_memory_async._wire.namespaces import (
    GIVEN_BY,
    OWN_KEY,
    own_keys,
    resolve_prefix,
    resolve_template,
)
from agentcore_memory_async._wire.validation import kind, plain, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAMPLE_IDS = {"actorId": "a", "sessionId": "s", "memoryStrategyId": "m"}
"""Values with which templates are tried; those of views are not known yet."""
OF_VIEW = {OWN_KEY: GIVEN_BY[OWN_KEY]}
"""What gives variables a value where no argument but those of the view does."""


def check_namespaces(value: object) -> DeclaredNamespaces:
    """Check the namespaces that a manager is given: templates by name, or a list of templates."""
    if value is None:
        return DeclaredNamespaces()
    if isinstance(value, Mapping):
        named = list(cast("Mapping[object, object]", value).items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        named = [(template, template) for template in cast("Sequence[object]", value)]
    else:
        refuse(
            f"namespaces is {kind(value)}; give templates by name, such as "
            "{'facts': '/facts/{actorId}/'}, or a list of templates"
        )
    return DeclaredNamespaces(dict(_check(name, template) for name, template in named))


def _check(name: object, template: object) -> tuple[str, str]:
    own = dict.fromkeys(own_keys(template), "k") if isinstance(template, str) else {}
    values = {**_SAMPLE_IDS, **own}
    resolve_template(cast("str", template), values, argument="namespaces: the template")
    if not isinstance(name, str) or not name:
        what = "is empty" if name == "" else f"is {kind(name)}"
        refuse(f"namespaces: a name {what}; give templates by name, or a list of templates")
    return plain(name), plain(cast("str", template))


class ResolvedNamespaces(Mapping[str, str]):
    """
    Prefixes by name: the variables of the templates are filled in when a prefix is read.

    Where no namespaces are known, reading any raises: an empty mapping would hide that.

    Args:
        known: Namespaces of the manager.
        values: Values of the variables; None for one that has no value here.
    """

    def __init__(self, known: DeclaredNamespaces, values: Mapping[str, str | None]) -> None:
        self._known = known
        self._values = values

    def __repr__(self) -> str:
        return f"<namespaces {self._known.templates}>"

    def __getitem__(self, name: str) -> str:
        templates = known_templates(self._known)
        if name not in templates:
            known = ", ".join(map(repr, templates))
            message = f"no namespace has this name; those of the manager are {known}"
            raise KeyError(message)
        return resolve_prefix(
            templates[name], self._values, argument=f"namespaces[{name!r}]", given_by=OF_VIEW
        )

    def __iter__(self) -> Iterator[str]:
        return iter(known_templates(self._known))

    def __len__(self) -> int:
        return len(known_templates(self._known))


def known_templates(namespaces: DeclaredNamespaces) -> dict[str, str]:
    """Return the templates that a manager knows, by name; raise where it was told of none."""
    if not (namespaces.templates or namespaces.is_described):
        message = (
            "the manager knows no namespaces; declare them, such as "
            "namespaces={'facts': '/facts/{actorId}/'}, or let describe(control) read those of "
            "the memory's strategies"
        )
        raise NamespacesUnknownError(message)
    return namespaces.templates


def templates_to_reach(namespaces: DeclaredNamespaces) -> tuple[str, ...]:
    """Return the templates under which records are looked for; raise where there are none."""
    templates = tuple(known_templates(namespaces).values())
    if not templates:
        refuse(
            "no strategy of the memory writes anywhere, but records of deleted strategies or of "
            "your own may be there; give namespaces="
        )
    return templates
