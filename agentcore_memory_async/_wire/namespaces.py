"""
Namespace templates and prefixes: filled in strictly, compared segment by segment.

A template such as ``/facts/{actorId}/`` is never given to ``str.format``: an attribute or an index
in braces would be evaluated there. A prefix always ends with ``/``, so that ``/users/1`` does not
reach ``/users/10``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agentcore_memory_async._wire.control_rules import NAMESPACE_KEY
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
_IDS = ("actorId", "sessionId", "memoryStrategyId")
"""Variables of every memory; others are namespace keys of its own."""
OWN_KEY = ""
"""What stands for a namespace key of the memory's own among `GIVEN_BY`."""
GIVEN_BY = {
    "memoryStrategyId": "memory_strategy_id=",
    OWN_KEY: "namespace_variables= to with_options()",
}
"""Arguments that give variables a value, where a method has none of its own."""
_MAY_BE_SHOWN = re.compile(r"/.*|[a-zA-Z0-9_/:*.{}-]*", re.S)
"""What an error may show of a template; other text may be a query given in place of a prefix."""


def resolve_template(
    template: str,
    values: Mapping[str, str | None],
    *,
    argument: str = "namespace_prefix",
    given_by: Mapping[str, str] = GIVEN_BY,
) -> str:
    """
    Fill in the variables of *template* and check the result.

    Args:
        template: Text with names in braces, such as ``{actorId}``.
        values: Value of each known name; None for a name that has no value here.
        argument: Name of the argument in errors.
        given_by: Arguments that give variables a value, for errors.

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
            if is_own_key(name):
                advice = _advice(name, given_by)
                message += f"; where it is a namespace key of the memory's own, {advice}"
            raise InvalidInputError(message)
        value = values[name]
        if value is None:
            message = f"{argument} {shown} names {{{name}}}, which has no value here; "
            message += _advice(name, given_by)
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
    given_by: Mapping[str, str] = GIVEN_BY,
) -> str:
    """
    Fill in *template* as ``resolve_template`` does, and end it with ``/``.

    Of an actor the sessions are left open: what is below its own segment reaches all of them.
    """
    check_type(argument, template, str, "give a str such as '/facts/{actorId}/'")
    template = _above_sessions(template, values)
    return resolve_whole_prefix(template, values, argument=argument, given_by=given_by)


def resolve_whole_prefix(
    template: str,
    values: Mapping[str, str | None],
    *,
    argument: str = "namespace_prefix",
    given_by: Mapping[str, str] = GIVEN_BY,
) -> str:
    """Fill in the whole *template*, and end it with ``/``: no prefix above it takes its place."""
    prefix = as_prefix(resolve_template(template, values, argument=argument, given_by=given_by))
    if len(prefix) > _LONGEST:
        message = f"{argument} has {len(prefix):,} characters; give 1 to {_LONGEST:,}"
        raise InvalidInputError(message)
    return prefix


def _above_sessions(template: str, values: Mapping[str, str | None]) -> str:
    """Return what is above the sessions of an actor in *template*, where no session is given."""
    if values.get("actorId") is None or values.get("sessionId") is not None:
        return template
    above, found, _ = template.partition("{sessionId}")
    above = above.rpartition("/")[0] + "/"
    return above if found and "{actorId}" in above else template


def is_own_key(name: str) -> bool:
    """Return whether a variable may be a namespace key of the memory's own, and no typing error."""
    pattern = NAMESPACE_KEY.pattern
    is_one = pattern is not None and len(name) <= NAMESPACE_KEY.most and pattern.fullmatch(name)
    return bool(is_one) and name not in map(str.lower, _IDS)


def own_keys(template: str) -> list[str]:
    """Return the namespace keys of the memory's own that *template* names."""
    return [name for name in _VARIABLE.findall(template) if is_own_key(name)]


def _advice(name: str, given_by: Mapping[str, str]) -> str:
    """Return how the variable *name* gets a value."""
    is_id = name in _IDS
    argument = given_by.get(name if is_id else OWN_KEY)
    what = "write the id itself" if is_id else "write its value itself"
    return f"give {argument}, or {what}" if argument else what


def as_prefix(namespace: str) -> str:
    """Return *namespace* with the ``/`` at its end that makes it a path."""
    return namespace if namespace.endswith("/") else namespace + "/"


def is_under(namespace: str, prefix: str) -> bool:
    """Return whether *namespace* is *prefix* or below it; everything is below ``/``."""
    return prefix == "/" or as_prefix(namespace).startswith(as_prefix(prefix))
