"""What is shown of the service's messages, which may quote what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from html import unescape
from itertools import groupby
from operator import itemgetter
from typing import cast
from urllib.parse import unquote

from attrs import frozen

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
_CHARACTER = re.compile(".", re.DOTALL)
"""Any character, each of which may be several in lower case."""
_ESCAPES = re.compile(
    r'&#?\w{1,8};|%[0-9a-f]{2}(?:%[0-9a-f]{2})*|\\(?:["\\/bfnrt]|u[0-9a-f]{4}(?:\\u[0-9a-f]{4})*)'
)
"""Characters as HTML, a URL or JSON escapes them, once they are in lower case."""
_SPACES = re.compile(r"[\s+]{2,}|[^\S ]|\+")
"""White space that is not a single space; ``+`` is one in a form."""
NOT_SHOWN = "(not shown)"
"""What stands for a passage that is left out."""
_SHARED = 12
"""Characters that a message and a text have in common before they count as a quotation."""
_SHORTEST = 3
"""Characters of the shortest text that is left out where the message has the whole of it."""
_SHOWN_MEMBERS = frozenset(
    {
        "action",
        "actorId",
        "branch",
        "clientToken",
        "contentTimestamp",
        "eventFilter",
        "eventId",
        "dataStreamArn",
        "encryptionKeyArn",
        "eventTimestamp",
        "extractionType",
        "extractionMode",
        "jobId",
        "key",
        "level",
        "maxResults",
        "memoryExecutionRoleArn",
        "memoryId",
        "memoryRecordId",
        "memoryStrategyId",
        "metadataKey",
        "modelId",
        "name",
        "namespace",
        "namespacePath",
        "namespaceTemplates",
        "namespaces",
        "nextToken",
        "operator",
        "payloadDeliveryBucketName",
        "requestIdentifier",
        "resourceArn",
        "role",
        "sourceNamespaces",
        "sessionId",
        "status",
        "strategyId",
        "tagKeys",
        "topK",
        "topicArn",
        "type",
        "view",
    }
)
"""Members of a request that hold no content."""
_DOCUMENTS = frozenset({"blob", "json", "metadata", "namespaceVariables", "tags"})
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

    That is the whole of a text, and any passage of `_SHARED` characters or more, also in another
    case, with other white space, or as JSON, HTML or a URL escapes it.
    """
    hidden = bytearray(len(message))
    for start, end in _repeated(_views(message), texts):
        hidden[start:end] = b"\1" * (end - start)
    parts = groupby(zip(message, hidden, strict=True), key=itemgetter(1))
    return "".join(
        NOT_SHOWN if is_hidden else "".join(character for character, _ in part)
        for is_hidden, part in parts
    )


@frozen
class _View:
    """
    A message as it may be compared with a text.

    Attributes:
        text: Its characters, in one case.
        starts: Where in the message each of them begins.
        ends: Where in the message each of them ends.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def _views(message: str) -> list[_View]:
    """Return *message* in one case, and then as each of `_STEPS` leaves it."""
    each = _View(message, range(len(message)), range(1, len(message) + 1))
    views = [_replaced(each, _CHARACTER, str.casefold)]
    for pattern, change in _STEPS:
        views.append(_replaced(views[-1], pattern, change))
    return views


def _forms(text: str) -> set[str]:
    """Return *text* like `_views`, since it may have what looks like escapes, too."""
    forms = [text.casefold()]
    for pattern, change in _STEPS:
        forms.append(pattern.sub(partial(_changed, change), forms[-1]))
    return set(forms)


def _changed(change: Callable[[str], str], found: re.Match[str]) -> str:
    return change(found[0])


def _replaced(view: _View, pattern: re.Pattern[str], change: Callable[[str], str]) -> _View:
    """Return *view* with what *pattern* finds in it changed."""
    parts: list[str] = []
    starts, ends = list[int](), list[int]()
    at = 0
    for found in pattern.finditer(view.text):
        start, end = found.span()
        new = change(found[0])
        parts += view.text[at:start], new
        starts += [*view.starts[at:start], *[view.starts[start]] * len(new)]
        ends += [*view.ends[at:start], *[view.ends[end - 1]] * len(new)]
        at = end
    starts += view.starts[at:]
    ends += view.ends[at:]
    return _View("".join([*parts, view.text[at:]]), starts, ends)


def _unescape(escapes: str) -> str:
    """Return what *escapes* of one kind stand for."""
    if escapes[0] == "&":
        return unescape(escapes).casefold()
    if escapes[0] == "%":
        return unquote(escapes).casefold()
    return str(json.loads(f'"{escapes}"')).casefold()


def _space(_: str) -> str:
    return " "


_STEPS = ((_ESCAPES, _unescape), (_ESCAPES, _unescape), (_SPACES, _space))
"""What is taken away before a message and a text are compared once more."""


def _repeated(views: Sequence[_View], texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    """
    Yield where a message, in one of its *views*, repeats one of *texts*.

    Every passage of `_SHARED` characters has one of a text's blocks of half that length. So a text
    is looked through once, block by block, however long both are.
    """
    passages, blocks = (
        {view.text[at : at + size] for view in views for at in range(len(view.text) - size + 1)}
        for size in (_SHARED, _SHARED // 2)
    )
    shared = set[str]()
    for text in texts:
        for form in _forms(text):
            if _SHORTEST <= len(whole := form.strip()) < _SHARED:
                pattern = re.compile(rf"(?<!\w){re.escape(whole)}(?!\w)")
                for view in views:
                    for found in pattern.finditer(view.text):
                        yield view.starts[found.start()], view.ends[found.end() - 1]
            shared |= passages & _around(blocks, form)
    for view in views:
        for start in range(len(view.text) - _SHARED + 1):
            if view.text[start : start + _SHARED] in shared:
                yield view.starts[start], view.ends[start + _SHARED - 1]


def _around(blocks: set[str], text: str) -> set[str]:
    """Return the passages of *text* around those of its blocks that are among *blocks*."""
    half = _SHARED // 2
    return {
        text[start : start + _SHARED]
        for at in range(0, len(text), half)
        if text[at : at + half] in blocks
        for start in range(max(0, at - half), at + 1)
    }
