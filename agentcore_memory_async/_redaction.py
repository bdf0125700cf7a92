"""What is shown of the service's messages, which may quote what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import cast

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
NOT_SHOWN = "(not shown)"
"""What stands for a passage that is left out."""
_SHARED = 12
"""Characters that a message and a text have in common before they count as a quotation."""
_SHORTEST = 3
"""Characters of the shortest text that is left out where the message has the whole of it."""
_SHOWN_MEMBERS = frozenset(
    {
        "actorId",
        "branch",
        "clientToken",
        "eventTimestamp",
        "extractionMode",
        "jobId",
        "maxResults",
        "memoryId",
        "memoryStrategyId",
        "namespace",
        "namespacePath",
        "nextToken",
        "role",
        "sessionId",
        "topK",
    }
)
"""Members of a request that hold no content."""
_DOCUMENTS = frozenset({"blob", "json"})
"""Members of a request that hold the caller's own data, whatever its keys."""


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
        message = f"{message[:start]}Value {NOT_SHOWN}{message[end + 1 :]}"
    return _QUOTED.sub(lambda found: found[0] if _WORDS.fullmatch(found[0]) else NOT_SHOWN, message)


def sent_texts(value: object, shown: frozenset[str] = _SHOWN_MEMBERS) -> Iterator[str]:
    """Yield the texts of a request that are content: all but those of the members *shown*."""
    if isinstance(value, str):
        yield value
        with suppress(ValueError, RecursionError):  # data that is sent as a text of JSON
            parsed: object = json.loads(value)
            if not isinstance(parsed, str):
                yield from sent_texts(parsed, frozenset())
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            if key not in shown:
                yield from sent_texts(item, frozenset() if key in _DOCUMENTS else shown)
    elif isinstance(value, Sequence):
        for item in cast("Sequence[object]", value):
            yield from sent_texts(item, shown)


def without_texts(message: str, texts: Iterable[str]) -> str:
    """
    Return *message* without what it repeats of *texts*, with or without quotes.

    That is the whole of a text, and any passage of `_SHARED` characters or more.
    """
    hidden = bytearray(len(message))
    for start, end in _repeated(message, texts):
        hidden[start:end] = b"\1" * (end - start)
    parts = groupby(zip(message, hidden, strict=True), key=itemgetter(1))
    return "".join(
        NOT_SHOWN if is_hidden else "".join(character for character, _ in part)
        for is_hidden, part in parts
    )


def _repeated(message: str, texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    """
    Yield where *message* repeats one of *texts*, as it is or as JSON escapes it.

    Every passage of `_SHARED` characters has one of a text's blocks of half that length. So a text
    is looked through once, block by block, however long both are.
    """
    passages, blocks = (
        {message[at : at + size] for at in range(len(message) - size + 1)}
        for size in (_SHARED, _SHARED // 2)
    )
    shared = set[str]()
    for text in texts:
        for form in {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}:
            if _SHORTEST <= len(whole := form.strip()) < _SHARED:
                for found in re.finditer(rf"(?<!\w){re.escape(whole)}(?!\w)", message):
                    yield found.span()
            shared |= passages & _around(blocks, form)
    for start in range(len(message) - _SHARED + 1):
        if message[start : start + _SHARED] in shared:
            yield start, start + _SHARED


def _around(blocks: set[str], text: str) -> set[str]:
    """Return the passages of *text* around those of its blocks that are among *blocks*."""
    half = _SHARED // 2
    return {
        text[start : start + _SHARED]
        for at in range(0, len(text), half)
        if text[at : at + half] in blocks
        for start in range(max(0, at - half), at + 1)
    }
