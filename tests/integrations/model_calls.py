"""Tool calls of models in the forms of four APIs, as dicts and as objects, and their results."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen
class Api:
    """
    The form of an API.

    Attributes:
        call: Returns a tool call of an id, a name and arguments.
        answered: Returns the id, text and whether it is an error of a result; the last is None
            where the API has no member for it.
    """

    call: Callable[[str, str, Any], Any]
    answered: Callable[[dict[str, Any]], tuple[str, str, bool | None]]


def as_object(value: Any) -> Any:
    """Return dicts as objects with attributes, but for the arguments of a call."""
    if isinstance(value, dict):
        made = {
            name: each if name in {"input", "arguments"} else as_object(each)
            for name, each in value.items()
        }
        return SimpleNamespace(**made)
    return value


def text_of(arguments: Any) -> str:
    """Return arguments as JSON text."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def chat_call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """Return a call of Chat Completions."""
    function = {"name": name, "arguments": text_of(arguments)}
    return {"id": call_id, "type": "function", "function": function}


def responses_call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """Return a call of Responses."""
    named = {"call_id": call_id, "name": name, "arguments": text_of(arguments)}
    return {"type": "function_call", "id": "fc_1", "status": "completed", **named}


def anthropic_call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """Return a call of Anthropic's Messages."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def converse_call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """Return a call of Converse."""
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": arguments}}


def _chat(result: dict[str, Any]) -> tuple[str, str, bool | None]:
    assert {"role", "tool_call_id", "content"} == result.keys()
    assert "tool" == result["role"]
    return result["tool_call_id"], result["content"], None


def _responses(result: dict[str, Any]) -> tuple[str, str, bool | None]:
    assert {"type", "call_id", "output"} == result.keys()
    assert "function_call_output" == result["type"]
    return result["call_id"], result["output"], None


def _anthropic(result: dict[str, Any]) -> tuple[str, str, bool | None]:
    assert result.keys() <= {"type", "tool_use_id", "content", "is_error"}
    assert "tool_result" == result["type"]
    return result["tool_use_id"], result["content"], result.get("is_error", False)


def _converse(result: dict[str, Any]) -> tuple[str, str, bool | None]:
    assert {"toolResult"} == result.keys()
    block = result["toolResult"]
    [content] = block["content"]
    return block["toolUseId"], content["text"], block.get("status") == "error"


APIS = {
    "chat": Api(chat_call, _chat),
    "responses": Api(responses_call, _responses),
    "anthropic": Api(anthropic_call, _anthropic),
    "converse": Api(converse_call, _converse),
    "chat objects": Api(lambda *call: as_object(chat_call(*call)), _chat),
    "responses objects": Api(lambda *call: as_object(responses_call(*call)), _responses),
    "anthropic objects": Api(lambda *call: as_object(anthropic_call(*call)), _anthropic),
    "converse objects": Api(lambda *call: as_object(converse_call(*call)), _converse),
    "bare converse": Api(lambda *call: converse_call(*call)["toolUse"], _converse),
}
"""The forms by name."""


def read(api: Api, results: list[dict[str, Any]]) -> list[Any]:
    """Return what results say, as JSON data; that an error is one is checked."""
    said = []
    for result in results:
        _, text, is_error = api.answered(result)
        data = json.loads(text)
        assert is_error in {None, "error" in data}
        said.append(data)
    return said
