"""What is shown of the service's messages, which may quote what was sent."""

from __future__ import annotations

import re

_ID_MEMBER = re.compile(
    r"(?:actor|event|job|memory|memoryRecord|memoryStrategy|rootEvent|session)Id"
)
"""Members whose value is an id, which may be shown."""
_AT = re.compile(r"' at '([^']*)'")
"""Path of the refused member in a validation message."""
_QUOTED = re.compile(r"""(?<!\w)(['"`])(?:.*\1(?!\w)|.*)""", re.DOTALL)
"""A quoted passage, up to the last closing quote; an open one, to the end."""
_WORDS = re.compile(r"""(['"`])[^\s'"`]+\1(?:\W(?:[^'"`]*\W)?(['"`])[^\s'"`]+\2)*""")
"""A passage whose quoted parts are single words, so that it may be shown."""


def without_content(message: str) -> str:
    """
    Return the service's *message* without what it may quote of a request.

    Its usual form is ``Value '...' at 'payload.1.member.content' failed to satisfy constraint:
    ...``. The value may contain quotes itself, so everything from the first to the last is left
    out.
    """
    start, end = message.find("Value '"), message.rfind("' at '")
    members = {path.replace("/", ".").rpartition(".")[2] for path in _AT.findall(message)}
    if 0 <= start < end and not all(map(_ID_MEMBER.fullmatch, members)):
        message = f"{message[:start]}Value (not shown){message[end + 1 :]}"
    return _QUOTED.sub(
        lambda found: found[0] if _WORDS.fullmatch(found[0]) else "(not shown)", message
    )
