"""
The shapes of a model's answers: one schema that is sent to the model and that its answer must fit.

An answer is a JSON object with one list of flat objects. What a model writes around it, such as
its thoughts or a fence, is passed over; anything else that does not fit is an error, which shows
nothing of the answer.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agentcore_memory_async.local._api.members import as_array, as_object, child

if TYPE_CHECKING:
    from collections.abc import Mapping

    Schema = Mapping[str, Any]


TEXT: Schema = {"type": "string"}
"""Schema of a text."""
TEXTS: Schema = {"type": "array", "items": TEXT}
"""Schema of a list of texts."""
WHOLE: Schema = {"type": "integer"}
"""Schema of a whole number."""
NUMBER: Schema = {"type": "number"}
"""Schema of a number."""
LONGEST = 16_000
"""Characters of a text at most: the service's limit for a record."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, which JSON can escape and no database can store."""
_MOST_ITEMS = 100
"""Items of an answer at most."""
_STARTS = 20
"""Braces of an answer at which its object is looked for."""
_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
"""Python types of values by the type in their schema."""


class MalformedAnswerError(ValueError):
    """An answer does not fit its shape; the text names the place and shows no content."""


@frozen
class Shape:
    """
    The shape of an answer.

    Attributes:
        name: Name of the answer's only member, the list.
        members: Schemas of the members of each of its items; all are required.
        at_least: Items at least.
    """

    name: str
    members: Mapping[str, Schema]
    at_least: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the answer, within what OpenAI's strict mode allows."""
        item = _object_of(self.members)
        return _object_of({self.name: {"type": "array", "items": item}})

    def read(self, answer: str) -> list[dict[str, Any]]:
        """
        Return the items of an answer, without members that the shape does not have.

        Raises:
            MalformedAnswerError: The answer does not fit.
        """
        value = find_object(answer)
        _check(value, self.schema, "the answer")
        items = as_array(value[self.name])
        if not self.at_least <= len(items) <= _MOST_ITEMS:
            message = (
                f"{self.name} has {len(items)} items; allowed are {self.at_least} to {_MOST_ITEMS}"
            )
            raise MalformedAnswerError(message)
        return [{name: as_object(item)[name] for name in self.members} for item in items]


def one_of(*texts: str) -> Schema:
    """Return the schema of a choice of texts."""
    return {"type": "string", "enum": list(texts)}


def find_object(answer: str) -> dict[str, Any]:
    """
    Return the first JSON object of an answer, behind a model's thoughts.

    Raises:
        MalformedAnswerError: It has none.
    """
    decoder = json.JSONDecoder()
    text = answer.rpartition("</think>")[2]
    for count, brace in enumerate(re.finditer(r"\{", text)):
        if count == _STARTS:
            break
        try:
            return as_object(decoder.raw_decode(text, brace.start())[0])
        except (ValueError, RecursionError):
            continue
    message = "the answer has no JSON object"
    raise MalformedAnswerError(message)


def _object_of(members: Mapping[str, Schema]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(members),
        "required": list(members),
        "additionalProperties": False,
    }


def _check(value: object, schema: Schema, where: str) -> None:
    """Raise an error unless *value* fits *schema*; members that it does not name are harmless."""
    kind: str = schema["type"]
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
        raise MalformedAnswerError(f"{where} is of another type than {kind}")
    if isinstance(value, str):
        if "enum" in schema and value not in schema["enum"]:
            raise MalformedAnswerError(f"{where} is none of {', '.join(schema['enum'])}")
        if len(value) > LONGEST:
            raise MalformedAnswerError(f"{where} has more than {LONGEST:,} characters")
        if _SURROGATE.search(value):
            raise MalformedAnswerError(f"{where} has half a character, a lone surrogate")
    for number, item in enumerate(as_array(value)):
        _check(item, schema["items"], f"{where}[{number}]")
    members = as_object(value)
    for name, of_member in child(schema, "properties").items():
        if name not in members:
            raise MalformedAnswerError(f"{where} has no member {name}")
        _check(members[name], of_member, f"{where}.{name}")
