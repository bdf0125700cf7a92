"""
Namespace templates and prefixes: filled in strictly, compared on the borders of segments.

A template such as ``/facts/{actorId}/`` is never given to ``str.format``: an attribute or an index
in braces would be evaluated there. A prefix always ends with ``/``, so that ``/users/1`` does not
reach ``/users/10``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("as_prefix", "is_under", "resolve_template")

_VARIABLE = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}")
_LAWFUL = re.compile(r"[a-zA-Z0-9/][a-zA-Z0-9_/-]*(?::[a-zA-Z0-9_/-]+)*")
_LONGEST = 1024


def resolve_template(
    template: str, values: Mapping[str, str | None], *, argument: str = "namespace_prefix"
) -> str:
    """
    Fill in the variables of *template* and check what comes out.

    Args:
        template: Text with names in braces, such as ``{actorId}``.
        values: What each known name stands for; None for one that has no value here.
        argument: How the error calls the template.

    Raises:
        InvalidInputError: An unknown name, another use of braces, or a result that is no namespace
            (1 to 1,024 letters, digits, ``/``, ``-``, ``_``, ``:``).
    """
    if not isinstance(template, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = (
            f"{argument} is {type(template).__name__}; give a str such as '/facts/{{actorId}}/'"
        )
        raise InvalidInputError(message)

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            known = ", ".join(f"{{{key}}}" for key in values) or "none"
            message = f"{argument} {template!r} names {{{name}}}; known here: {known}"
            raise InvalidInputError(message)
        value = values[name]
        if value is None:
            message = (
                f"{argument} {template!r} names {{{name}}}, which has no value here; "
                "give memory_strategy_id=, or write the id itself"
            )
            raise InvalidInputError(message)
        return value

    pieces = _VARIABLE.split(template)
    if any(brace in text for text in pieces[::2] for brace in "{}"):
        message = (
            f"{argument} {template!r} has a brace that is no variable; "
            "allowed are names in braces, such as {actorId}"
        )
        raise InvalidInputError(message)
    namespace = _VARIABLE.sub(fill, template)
    if not 1 <= len(namespace) <= _LONGEST:
        message = f"{argument} has {len(namespace)} characters; allowed are 1 to {_LONGEST}"
        raise InvalidInputError(message)
    if not _LAWFUL.fullmatch(namespace):
        bad = next((char for char in namespace if not re.match(r"[a-zA-Z0-9/:_-]", char)), ":")
        wildcard = " ('*' is no wildcard here)" if bad == "*" else ""
        message = (
            f"{argument} {namespace!r} has {bad!r} where it can't be{wildcard}; "
            "allowed are letters, digits, '/', '-', '_', and ':' between them"
        )
        raise InvalidInputError(message)
    return namespace


def as_prefix(namespace: str) -> str:
    """Give *namespace* the ``/`` at its end that makes it a path."""
    return namespace if namespace.endswith("/") else namespace + "/"


def is_under(namespace: str, prefix: str) -> bool:
    """Tell whether *namespace* is *prefix* or below it; ``/`` has everything below it."""
    return prefix == "/" or as_prefix(namespace).startswith(as_prefix(prefix))
