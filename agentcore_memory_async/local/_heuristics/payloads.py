"""
Payloads: who says what in a message, which clients may have wrapped in JSON.

Of JSON its leaves that are named text or content are read, each as what the nearest role around it
says. JSON that is cut off says nothing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from agentcore_memory_async.local._api.members import strings_in
from agentcore_memory_async.local._language.third_person import with_period

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCED = re.compile(r"\s*```\w*\s*(.*?)\s*(?:```\s*)?", re.DOTALL)
"""A text that is a block of code."""
_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
"""A block of code within a text."""
_WRAPPED = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\]{"]|"\s*[\[{]|[\[{]\s*$)')
"""How JSON begins: an object, an array, or a text that holds either."""
_ROLES = {"human": "USER", "ai": "ASSISTANT", "system": "OTHER", "developer": "OTHER"}
"""Roles by their other names in JSON."""


def said(role: str, text: str) -> tuple[str, str]:
    """Return role and words of a message; the user's words if several roles speak in it."""
    is_payload, role = role == "JSON", "USER" if role == "JSON" else role
    fenced = _FENCED.fullmatch(text)
    text = fenced[1] if fenced else _BLOCK.sub(" ", text)
    if not _WRAPPED.match(text):
        return role, text
    try:
        value = json.loads(text)
        leaves = list(_leaves(value, role))
        if is_payload and not leaves:
            leaves = [(role, leaf) for leaf in strings_in(value)]
    except (ValueError, RecursionError):
        return role, ""
    speakers = {speaker for speaker, _ in leaves}
    speaker = next((each for each in ("USER", "ASSISTANT", "TOOL") if each in speakers), role)
    told = [leaf.strip() for each, leaf in leaves if each == speaker and leaf.strip()]
    return speaker, " ".join(with_period(leaf[:1].upper() + leaf[1:]) for leaf in told)


def _leaves(value: object, role: str, name: str = "text") -> Iterator[tuple[str, str]]:
    """Yield role and text of each leaf of JSON that is named text or content."""
    if isinstance(value, str) and name in {"text", "content"}:
        yield from _leaves(json.loads(value), role) if _WRAPPED.match(value) else [(role, value)]
    elif isinstance(value, dict):
        inner = cast("dict[str, object]", value)
        role = _role(str(inner.get("role", inner.get("type"))), role)
        for key, each in inner.items():
            yield from _leaves(each, _role(key, role), key)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _leaves(each, role, name)


def _role(name: str, otherwise: str) -> str:
    if "tool" in name:
        return "TOOL"
    return name.upper() if name in {"user", "assistant"} else _ROLES.get(name, otherwise)
