"""Items of the OpenAI Agents SDK, one of each type, made from the types of the API itself."""

from __future__ import annotations

from itertools import count
from types import UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from openai.types.responses.response_input_item_param import ResponseInputItemParam
from typing_extensions import is_typeddict

_NUMBERS = count()
"""What makes each text another one."""
_DEEPEST = 6
"""Levels of types of which all members are filled; some contain themselves."""


def items() -> dict[str, Any]:
    """Return an item of each type that the SDK knows, with all of its members, by its type."""
    variants = get_args(ResponseInputItemParam)
    return {variant.__name__: _value_of(variant, 0) for variant in variants}


def user(text: str) -> Any:
    """Return what a user says, as a short item."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Any:
    """Return what a model says."""
    part = {"type": "output_text", "text": text, "annotations": []}
    said = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return {"id": f"msg_{next(_NUMBERS)}", **said}


def _value_of(kind: Any, depth: int) -> Any:
    """Return a value of a type."""
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        wanted = hints if depth < _DEEPEST else kind.__required_keys__
        return {name: _value_of(hints[name], depth + 1) for name in wanted}
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None:
        simple = {str: f"text {next(_NUMBERS)}", int: 7, float: 0.5, bool: True}
        return simple.get(kind)
    if origin is Literal:
        return inner[0]
    if origin is dict:
        return {f"key {next(_NUMBERS)}": _value_of(inner[1], depth + 1)}
    if origin in {Union, UnionType, Required, NotRequired}:
        return _value_of(inner[0], depth)
    return [_value_of(inner[0], depth + 1)]
