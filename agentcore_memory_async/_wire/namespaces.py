"""
Namespace templates and prefixes: filled in strictly, compared segment by segment.

A template such as ``/facts/{actorId}/`` is never given to ``str.format``: an attribute or an index
in braces would be evaluated there. A prefix always ends with ``/``, so that ``/users/1`` does not
reach ``/users/10``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async._wire.validation import check_type
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping


_VARIABLE = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}")
"""A variable of a template, such as ``{actorId}``."""
_NAMESPACE = re.compile(r"[a-zA-Z0-9/][a-zA-Z0-9_/-]*(?::[a-zA-Z0-9_/-]+)*")
"""Characters of a namespace, as in the service model but without ``*``."""
_ALLOWED_INSIDE = "-_:"
"""Characters that a namespace may have, but not begin with; nor may two ``:`` follow each other."""
_LONGEST = 1024
"""Characters of a namespace (service model)."""
_GIVE_IT = "give memory_strategy_id=, or write the id itself"
"""What to do where a variable has no value, if the method takes the id of a strategy."""
_MAY_BE_SHOWN = re.compile(r"/.*|[a-zA-Z0-9_/:*.{}-]*", re.S)
"""What an error may show of a template; other text may be a query given in place of a prefix."""


def resolve_template(
    template: str,
    values: Mapping[str, str | None],
    *,
    argument: str = "namespace_prefix",
    advice: str = _GIVE_IT,
) -> str:
    """
    Fill in the variables of *template* and check the result.

    Args:
        template: Text with names in braces, such as ``{actorId}``.
        values: Value of each known name; None for a name that has no value here.
        argument: Name of the argument in errors.
        advice: What to do where a variable has no value, for errors.

    Raises:
        InvalidInputError: An unknown name, another use of braces, or an invalid namespace (1 to
            1,024 letters, digits, ``/``, ``-``, ``_``, ``:``).
    """
    check_type(argument, template, str, "give a str such as '/facts/{actorId}/'")

    template = str.__str__(template)  # not that of a subclass, such as an enum's
    shown = repr(template if len(template) <= 80 else template[:77] + "...")
    if not _MAY_BE_SHOWN.fullmatch(template):
        shown = "(not shown, it does not begin with '/')"

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            known = ", ".join(f"{{{key}}}" for key in values) or "none"
            message = f"{argument} {shown} names {{{name[:40]}}}; known here are {known}"
            raise InvalidInputError(message)
        value = values[name]
        if value is None:
            message = f"{argument} {shown} names {{{name}}}, which has no value here; {advice}"
            raise InvalidInputError(message)
        return value

    pieces = _VARIABLE.split(template)
    if any(brace in text for text in pieces[::2] for brace in "{}"):
        message = (
            f"{argument} {shown} has a brace that belongs to no variable; "
            "braces go around names, such as {actorId}"
        )
        raise InvalidInputError(message)
    namespace = _VARIABLE.sub(fill, template)
    if not 1 <= len(namespace) <= _LONGEST:
        message = (
            f"{argument} has {len(namespace):,} characters; give 1 to {_LONGEST:,}, "
            "such as '/facts/{actorId}/'"
        )
        raise InvalidInputError(message)
    if not _NAMESPACE.fullmatch(namespace):
        start = _NAMESPACE.match(namespace)
        bad = namespace[start.end() if start else 0]
        note = " in the wrong place" if bad in _ALLOWED_INSIDE else ""
        note = " ('*' is not a wildcard here)" if bad == "*" else note
        message = (
            f"{argument} {shown} has {bad!r}{note}; "
            "allowed are letters, digits, '/', '-', '_', and ':' between them"
        )
        raise InvalidInputError(message)
    return namespace


def resolve_prefix(
    template: str,
    values: Mapping[str, str | None],
    *,
    argument: str = "namespace_prefix",
    advice: str = _GIVE_IT,
) -> str:
    """Fill in *template* as ``resolve_template`` does, and end it with ``/``."""
    prefix = as_prefix(resolve_template(template, values, argument=argument, advice=advice))
    if len(prefix) > _LONGEST:
        message = f"{argument} has {len(prefix):,} characters; give 1 to {_LONGEST:,}"
        raise InvalidInputError(message)
    return prefix


def as_prefix(namespace: str) -> str:
    """Return *namespace* with the ``/`` at its end that makes it a path."""
    return namespace if namespace.endswith("/") else namespace + "/"


def is_under(namespace: str, prefix: str) -> bool:
    """Return whether *namespace* is *prefix* or below it; everything is below ``/``."""
    return prefix == "/" or as_prefix(namespace).startswith(as_prefix(prefix))
