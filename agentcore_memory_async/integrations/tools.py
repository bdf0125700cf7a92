"""
Memory as four tools of a model, without an agent framework.

```python
answer = await openai.chat.completions.create(..., tools=openai_tools())
calls = answer.choices[0].message.tool_calls
messages += await resolve_tool_calls(session, calls)
```

The tools are ``remember``, ``recall``, ``recent_turns`` and ``forget``, the same for every API.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from anyio import create_task_group
from attrs import field, frozen

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.integrations._memory_tools import (
    TOOLS,
    MemoryTool,
    Outcome,
    call_tool,
    check_session,
    find_tool,
)

if TYPE_CHECKING:
    from agentcore_memory_async.session import AsyncMemorySession

__all__ = (
    "anthropic_tools",
    "converse_tools",
    "is_memory_call",
    "openai_responses_tools",
    "openai_tools",
    "resolve_tool_calls",
)

T = TypeVar("T")


def openai_tools() -> list[dict[str, Any]]:
    """Return the tools for OpenAI's Chat Completions, and the many APIs of its form."""
    return _described(lambda tool: {"type": "function", "function": _strict(tool)})


def openai_responses_tools() -> list[dict[str, Any]]:
    """Return the tools for OpenAI's Responses API."""
    return _described(lambda tool: {"type": "function", **_strict(tool)})


def anthropic_tools() -> list[dict[str, Any]]:
    """Return the tools for Anthropic's Messages API."""
    return _described(
        lambda tool: {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.input_schema(),
        }
    )


def converse_tools() -> list[dict[str, Any]]:
    """Return the tools for Bedrock's Converse: the ``tools`` of its ``toolConfig``."""
    return _described(
        lambda tool: {
            "toolSpec": {
                "name": tool.name,
                "description": tool.description,
                "inputSchema": {"json": tool.input_schema()},
            }
        }
    )


def is_memory_call(call: object) -> bool:
    """
    Return whether one of a model's tool calls is for these tools, by its name.

    Args:
        call: A tool call as `resolve_tool_calls` takes it, or anything else of an answer.
    """
    found = _parse(call)
    return found is not None and find_tool(found.name) is not None


async def resolve_tool_calls(
    session: AsyncMemorySession, calls: Iterable[object] | None
) -> list[dict[str, Any]]:
    """
    Run a model's tool calls, and return what to send back: one result for each call, in order.

    Results are in the form of the API that their calls are from. Whatever goes wrong with a call
    becomes its result, as ``{"error": ...}`` with what the model can do about it: wrong arguments,
    an unknown name, an error of the service, which is also logged. No error has content, and none
    loses the results of other calls.

    A call of a name that is none of these tools gets such a result, too, since an API refuses a
    conversation in which a call has no result. Pick your own calls out first, by `is_memory_call`.

    Calls that only read run at the same time, and so do calls that only write; where both are
    mixed, they keep their order. A cancelled write waits for its outcome. They run in the loop of
    the session's manager, whichever loop this is awaited in.

    Args:
        session: The session whose actor's memories the tools reach, and no other's.
        calls: Tool calls as the API or its SDK gave them, dicts or objects: ``tool_calls`` of Chat
            Completions, ``output`` of Responses, ``content`` of Messages, or of the message of
            Converse. What is no tool call there, such as text, is left out. None is no call.

    Returns:
        ``tool`` messages of Chat Completions; ``function_call_output`` items of Responses;
        ``tool_result`` blocks of Messages, or ``toolResult`` blocks of Converse, which belong into
        one message of the user.

    Raises:
        InvalidInputError: *session* or *calls* is something else, a call has no id, or a namespace
            of the manager has a variable without a value; nothing was run.

    AWS operations: ``BatchCreateMemoryRecords`` (remember), ``RetrieveMemoryRecords`` for each
    namespace (recall), ``ListEvents`` (recent_turns), ``GetMemoryRecord`` and
    ``DeleteMemoryRecord`` (forget).
    """
    session = check_session(session)
    found = [each for each in map(_parse, _listed(calls)) if each is not None]
    results: dict[int, dict[str, Any]] = {}

    async def run(at: int, call: _ToolCall) -> None:
        results[at] = call.answer(await call_tool(session, call.name, call.arguments))

    for _, together in groupby(enumerate(found), key=lambda each: each[1].is_write):
        async with create_task_group() as group:
            for at, call in together:
                group.start_soon(run, at, call)
    return [results[at] for at in range(len(found))]


@frozen
class _ToolCall:
    """
    A tool call of a model.

    Attributes:
        name: Name of the tool, as the model gave it.
        arguments: Arguments, from JSON text where they came as such; the text itself where it is no
            JSON.
        answer: Returns an outcome in the form of the API.
    """

    name: object
    arguments: object = field(repr=False)
    answer: Callable[[Outcome], dict[str, Any]]

    @property
    def is_write(self) -> bool:
        """Whether it changes what is remembered."""
        tool = find_tool(self.name)
        return tool is not None and tool.is_write


def _described(form: Callable[[MemoryTool], T]) -> list[T]:
    return [form(tool) for tool in TOOLS.values()]


def _strict(tool: MemoryTool) -> dict[str, Any]:
    """Return a tool in OpenAI's form, for arguments that follow the schema exactly."""
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema(),
        "strict": True,
    }


def _listed(calls: object) -> Iterable[object]:
    if calls is None:
        return ()
    if isinstance(calls, Iterable) and not isinstance(calls, Mapping | str | bytes):
        return cast("Iterable[object]", calls)
    return _refuse("calls is no list", "give the list of tool calls")


def _parse(item: object) -> _ToolCall | None:
    """Return a tool call from the form of its API; None for what is none."""
    kind = _member(item, "type")
    function = _member(item, "function")
    block = item if _member(item, "toolUseId") is not None else _member(item, "toolUse")
    if block is not None:
        return _call(block, "toolUseId", "input", _to_converse)
    if kind == "function_call":
        return _call(item, "call_id", "arguments", _to_responses)
    if kind == "tool_use":
        return _call(item, "id", "input", _to_anthropic)
    if function is not None and kind in {"function", None}:
        return _call(function, "id", "arguments", _to_chat, item)
    if not isinstance(kind, str) and (_member(item, "role") or not isinstance(item, Mapping)):
        _refuse(f"a call is {type(item).__name__}", "give tool calls as the API gave them")
    return None


def _call(
    item: object,
    id_name: str,
    arguments_name: str,
    form: Callable[[str, Outcome], dict[str, Any]],
    identified: object = None,
) -> _ToolCall:
    """
    Return a tool call.

    Args:
        item: What has its name and arguments.
        id_name: Member with its id.
        arguments_name: Member with its arguments.
        form: Returns the result of the call with an id.
        identified: What has its id, if not *item*.
    """
    call_id = _member(item if identified is None else identified, id_name)
    if not isinstance(call_id, str):
        _refuse(f"a call has no {id_name}", "give tool calls as the API gave them")
    arguments = _decoded(_member(item, arguments_name))
    return _ToolCall(_member(item, "name"), arguments, lambda outcome: form(call_id, outcome))


def _member(item: object, name: str) -> object:
    """Return a member of a dict or of an SDK's object; None without it."""
    if isinstance(item, Mapping):
        return cast("Mapping[str, object]", item).get(name)
    return getattr(item, name, None)


def _decoded(arguments: object) -> object:
    """Return arguments that came as JSON text."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments


def _refuse(what: str, advice: str) -> NoReturn:
    message = f"{what}; {advice}"
    raise InvalidInputError(message)


def _to_chat(call_id: str, outcome: Outcome) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": outcome.text}


def _to_responses(call_id: str, outcome: Outcome) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": outcome.text}


def _to_anthropic(call_id: str, outcome: Outcome) -> dict[str, Any]:
    result = {"type": "tool_result", "tool_use_id": call_id, "content": outcome.text}
    return {**result, "is_error": True} if outcome.is_error else result


def _to_converse(call_id: str, outcome: Outcome) -> dict[str, Any]:
    result = {"toolUseId": call_id, "content": [{"text": outcome.text}]}
    return {"toolResult": {**result, "status": "error"} if outcome.is_error else result}
