"""
What the text of a record says, by the strategy that wrote it: pure.

Facts are sentences, preferences JSON, summaries and episodes XML. The service documents none of
this as fixed, so the text is recognized by its form, and one of another form is left as it is.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import cast

from attrs import field, frozen

from agentcore_memory_async._models.base import Model, size

_JSON = re.compile(r"\s*\{\s*[\"}]")
"""How an object begins; a sentence may begin with a brace, too."""
_TAG = re.compile(
    r"""<(?:(?P<end>/)?(?P<name>[A-Za-z][\w:.-]*+)|[?!])"""
    r"""(?P<attributes>(?>"[^"<]*"|'[^'<]*'|[^<>])*+)>"""
)
"""A tag, or another mark of XML; ``<`` before anything else is text."""
_NAME = re.compile(r"""(?:^|\s)name\s*=\s*("[^"]*"|'[^']*')""")
"""The attribute ``name`` of a tag."""
_EPISODE = ("situation", "intent", "assessment", "justification", "reflection")
"""Parts of an episode."""
_REFLECTION = ("title", "use_cases", "hints", "confidence")
"""Parts of a reflection."""


@frozen
class Fact(Model):
    """
    A fact, as semantic strategies write it.

    Attributes:
        text: Sentence.
    """

    text: str = field(repr=size)


@frozen
class Preference(Model):
    """
    A preference of the user.

    Attributes:
        preference: Sentence.
        context: Where it shows.
        categories: Categories.
    """

    preference: str = field(repr=size)
    context: str = field(default="", repr=size)
    categories: tuple[str, ...] = field(default=(), repr=size)

    @property
    def text(self) -> str:
        """The sentence."""
        return self.preference


@frozen
class Topic(Model):
    """
    One topic of a summary.

    Attributes:
        name: Name; empty where the summary names none.
        text: Text.
    """

    name: str = field(repr=size)
    text: str = field(repr=size)


@frozen
class Summary(Model):
    """
    A part of the summary of a session.

    Attributes:
        topics: Topics, in the order of the conversation. Text outside of them is a topic whose name
            is empty.
    """

    topics: tuple[Topic, ...]

    @property
    def text(self) -> str:
        """A line for each topic, its name first."""
        return "\n".join(": ".join(filter(None, (one.name, one.text))) for one in self.topics)


@frozen
class Episode(Model):
    """
    An episode: what was done, and how it ended. A part that is missing is empty.

    Attributes:
        situation: What it was about, and what was done.
        intent: What the user wanted.
        assessment: Whether the goal was reached, such as ``Yes``.
        justification: Why.
        reflection: What can be learned of it.
    """

    situation: str = field(repr=size)
    intent: str = field(default="", repr=size)
    assessment: str = field(default="", repr=size)
    justification: str = field(default="", repr=size)
    reflection: str = field(default="", repr=size)

    @property
    def text(self) -> str:
        """Situation and outcome."""
        reached = f"Goal reached: {self.assessment}" if self.assessment else ""
        outcome = ". ".join(filter(None, (reached, self.justification)))
        return "\n".join(filter(None, (self.situation or self.intent, outcome)))


@frozen
class Reflection(Model):
    """
    What several episodes teach. A part that is missing is empty.

    Attributes:
        title: Title.
        use_cases: When it applies.
        hints: What to do.
        confidence: How sure it is, as the service wrote it, such as ``0.8``.
    """

    title: str = field(repr=size)
    use_cases: str = field(default="", repr=size)
    hints: str = field(default="", repr=size)
    confidence: str = field(default="", repr=size)

    @property
    def text(self) -> str:
        """Title, use cases and hints."""
        return "\n".join(filter(None, (self.title, self.use_cases, self.hints)))


RecordContent = Fact | Preference | Summary | Episode | Reflection
"""What a record's text says."""


def parse_content(text: str) -> RecordContent | None:
    """Return what *text* says; None where it is JSON or XML of an unknown form."""
    if _JSON.match(text):
        return _parse_json(text)
    tags = list(_TAG.finditer(text))
    is_xml = bool(tags) and not text[: tags[0].start()].strip()
    elements = [tag for tag in tags if tag["name"]]
    marks = [tag for tag in elements if tag["name"] == "topic"]
    if any(tag["end"] for tag in marks) and any(_name_of(tag) is not None for tag in marks):
        return _parse_summary(text, marks)
    if is_xml and elements and elements[0]["name"] == "summary":
        return _parse_summary(text, [])
    return _by_parts(_elements(text, elements)) if is_xml else Fact(text)


def _parse_json(text: str) -> RecordContent | None:
    try:
        parsed: object = json.loads(text)
        if not isinstance(parsed, dict):
            return None
        members = cast("dict[str, object]", parsed)
        parts = {name: _text(value) for name, value in members.items()}
    except (ValueError, RecursionError):
        return None
    if parts.get("preference"):
        categories = _texts(members.get("categories"))
        return Preference(parts["preference"], parts.get("context", ""), categories)
    if parts.get("fact"):
        return Fact(parts["fact"])
    return _by_parts(parts)


def _parse_summary(text: str, marks: list[re.Match[str]]) -> Summary:
    """Return the topics between *marks*; what is said beside them is a topic without a name."""
    topics: list[Topic] = []
    name, start = "", 0
    for mark in (*marks, None):
        said = _without_tags(text[start : mark.start() if mark else len(text)])
        if said or name:
            topics.append(Topic(name, said))
        if mark:
            name, start = _name_of(mark) or "", mark.end()
    return Summary(tuple(topics))


def _name_of(tag: re.Match[str]) -> str | None:
    """Return the attribute ``name`` of a tag that opens an element; None without one."""
    found = None if tag["end"] else _NAME.search(tag["attributes"])
    return unescape(found[1][1:-1]).strip() if found else None


def _elements(text: str, tags: list[re.Match[str]]) -> dict[str, str]:
    """Return the text of each element that is a known part, the first of each name."""
    parts: dict[str, str] = {}
    starts: dict[str, int] = {}
    for tag in tags:
        name = tag["name"]
        if name not in (*_EPISODE, *_REFLECTION) or name in parts:
            continue
        if not tag["end"]:
            starts[name] = tag.end()
        elif name in starts:
            parts[name] = _without_tags(text[starts[name] : tag.start()])
    return parts


def _by_parts(parts: dict[str, str]) -> RecordContent | None:
    if parts.get("title") and (parts.get("hints") or parts.get("use_cases")):
        return Reflection(**{name: parts.get(name, "") for name in _REFLECTION})
    if parts.get("situation") or parts.get("intent"):
        return Episode(**{name: parts.get(name, "") for name in _EPISODE})
    return None


def _text(value: object) -> str:
    """Return a part as text; a list by lines."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "\n".join(_texts(cast("list[object]", value)))
    return "" if value is None or isinstance(value, dict) else json.dumps(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, map(_text, cast("list[object]", value))))


def _without_tags(xml: str) -> str:
    return unescape(_TAG.sub(" ", xml)).strip()
