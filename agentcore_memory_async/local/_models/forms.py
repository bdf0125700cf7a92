"""
The forms of records by their kind: what a model is asked for, and the text that is made of it.

The texts have the form of the service's: sentences for facts, JSON for preferences, and XML for
topics, episodes and reflections.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen

from agentcore_memory_async.local._models.shapes import (
    LONGEST,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    MalformedAnswerError,
    one_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agentcore_memory_async.local._models.shapes import Schema

    Item = Mapping[str, Any]


LAST = "last_message"
"""Member that names the last message of a topic or an episode."""


@frozen
class Form:
    """
    The form of one kind of records.

    Attributes:
        name: Plural by which the model is asked for them.
        members: Schemas of the members of each.
        render: Makes the text of a record of them.
        task: What to extract, for the model.
        at_least: Records of an answer at least.
    """

    name: str
    members: Mapping[str, Schema]
    render: Callable[[Item], str]
    task: str
    at_least: int = 0


def _fact(item: Item) -> str:
    return _filled(item, "fact")


def _preference(item: Item) -> str:
    _filled(item, "preference")
    return json.dumps(item, ensure_ascii=False)


def _topic(item: Item) -> str:
    name, summary = _filled(item, "name"), _filled(item, "summary")
    return f"<topic name={quoteattr(name)}>{escape(summary)}</topic>"


def _episode(item: Item) -> str:
    _filled(item, "situation")
    return _xml("episode", item, _EPISODE)


def _reflection(item: Item) -> str:
    _filled(item, "title")
    if not 0 <= item["confidence"] <= 1:
        raise MalformedAnswerError("a member confidence is not in 0 to 1")
    return _xml("reflection", item, _REFLECTION)


def _xml(root: str, item: Item, names: Sequence[str]) -> str:
    parts = "".join(f"<{name}>{escape(str(item[name]))}</{name}>" for name in names)
    return f"<{root}>{parts}</{root}>"


def _filled(item: Item, name: str) -> str:
    text = str(item[name]).strip()
    if not text:
        raise MalformedAnswerError(f"a member {name} is empty")
    return text


_EPISODE = ("situation", "intent", "assessment", "justification", "reflection")
"""Members of an episode, in their order."""
_REFLECTION = ("title", "use_cases", "hints", "confidence")
"""Members of a reflection, in their order."""

FORMS: Mapping[str, Form] = {
    "SEMANTIC": Form(
        "facts",
        {"fact": TEXT},
        _fact,
        "Extract from the new messages what will still be worth knowing about the user in a later "
        "conversation: facts about them, their surroundings, plans, decisions and dates. Write "
        "each as one sentence in the third person that can be understood alone, with names instead "
        "of pronouns and dates instead of words such as yesterday. Leave out small talk, "
        "questions, general knowledge, and what only the assistant proposed.",
    ),
    "USER_PREFERENCE": Form(
        "preferences",
        {"context": TEXT, "preference": TEXT, "categories": TEXTS},
        _preference,
        "Extract the preferences that the user states or clearly shows in the new messages: likes, "
        "dislikes, habits, and ways in which they want things done. context: in one sentence, how "
        "the preference came up. preference: one short sentence. categories: one to three words "
        "such as food or travel.",
    ),
    "SUMMARIZATION": Form(
        "topics",
        {"name": TEXT, "summary": TEXT, LAST: WHOLE},
        _topic,
        "Summarize the numbered messages topic by topic, in their order. name: a few words. "
        "summary: the essentials, with names, numbers, decisions and what is still open. "
        f"{LAST}: the number of the topic's last message. A topic begins after the last message "
        "of the one before; the last topic ends with the last message.",
        at_least=1,
    ),
    "EPISODIC": Form(
        "episodes",
        {
            "situation": TEXT,
            "intent": TEXT,
            "assessment": one_of("Yes", "No"),
            "justification": TEXT,
            "reflection": TEXT,
            LAST: WHOLE,
        },
        _episode,
        "Extract the episodes that are complete in the numbered messages, in their order: a goal "
        "of the user, the steps taken, and an outcome. Leave out what still goes on. situation: "
        "what happened, step by step. intent: the user's goal. assessment: whether it was reached. "
        "justification: what shows that. reflection: what to do the same or differently next time. "
        f"{LAST}: the number of the episode's last message.",
    ),
    "REFLECTION": Form(
        "reflections",
        {"title": TEXT, "use_cases": TEXT, "hints": TEXT, "confidence": NUMBER},
        _reflection,
        "Derive from the episodes what holds beyond each of them; the first one is new. title: a "
        "few words for the kind of task. use_cases: when this helps. hints: what works and what "
        "does not. confidence: from 0 to 1, higher with more episodes that agree. Give at most "
        "one reflection, and none if there is nothing to learn.",
    ),
}
"""The forms of all kinds."""


def texts_of(form: Form, items: Sequence[Item]) -> list[str]:
    """
    Return the texts of records.

    Raises:
        MalformedAnswerError: A member that must have a text is empty, or a record is too long.
    """
    texts = [form.render({name: item[name] for name in form.members}) for item in items]
    if any(len(text) > LONGEST for text in texts):
        raise MalformedAnswerError(f"one of {form.name} has more than {LONGEST:,} characters")
    return texts


def last_messages(items: Sequence[Item], count: int) -> list[int]:
    """
    Return the number of each item's last message.

    Args:
        items: Topics or episodes.
        count: Number of messages.

    Raises:
        MalformedAnswerError: They do not rise from 1 to *count*.
    """
    numbers = [int(item[LAST]) for item in items]
    if numbers != sorted(set(numbers)) or not all(1 <= number <= count for number in numbers):
        raise MalformedAnswerError(f"the members {LAST} do not rise within 1 to {count}")
    return numbers
