"""Tool calls of models: schemas and results as their APIs know them, and calls that are wrong."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    InvalidInputError,
    MemorySessionManager,
)
from agentcore_memory_async.errors import AgentCoreMemoryError
from agentcore_memory_async.integrations import tools
from agentcore_memory_async.integrations.tools import is_memory_call, resolve_tool_calls
from agentcore_memory_async.testing import FakeTransport
from tests.integrations.model_calls import (
    APIS,
    Api,
    anthropic_call,
    as_object,
    chat_call,
    converse_call,
    read,
    responses_call,
)
from tests.integrations.test_web import ERRORS
from tests.unit.test_errors import CANARY, make

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMES = ["remember", "recall", "recent_turns", "forget"]
FORMS = {
    "chat": tools.openai_tools,
    "responses": tools.openai_responses_tools,
    "anthropic": tools.anthropic_tools,
    "converse": tools.converse_tools,
}
CALL = ("recent_turns", {"k": 1})


@pytest.fixture
async def session() -> AsyncIterator[AsyncMemorySession]:
    """Yield a session of a manager that has no network."""
    async with AsyncMemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport()) as manager:
        yield AsyncMemorySession(manager, "anna", "chat001")


def parts(form: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return name, description and schema of each tool, from the form of an API."""
    found = []
    for each in FORMS[form]():
        tool = {"chat": each.get("function"), "converse": each.get("toolSpec")}.get(form, each)
        schema = tool.get("parameters") or tool.get("input_schema") or tool["inputSchema"]["json"]
        found.append((tool["name"], tool["description"], schema))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_each_api_has_the_same_four_tools(form: str) -> None:
    """Names, descriptions and schemas are the same, and no list shares anything with another."""
    assert NAMES == [name for name, _, _ in parts(form)]
    assert parts("chat") == parts(form)
    parts(form)[0][2]["properties"].clear()
    assert parts("chat") == parts(form)
    json.dumps(FORMS[form]())


@pytest.mark.parametrize(("name", "description", "schema"), parts("chat"), ids=NAMES)
def test_schemas_are_those_that_strict_modes_take(
    name: str, description: str, schema: dict[str, Any]
) -> None:
    """Every argument is required, none other is allowed, and only known keywords are used."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    allowed = {"type", "description", "minimum", "maximum"}
    assert all(each.keys() <= allowed for each in schema["properties"].values())
    assert len(description) < 1024
    assert name in NAMES


def test_openai_knows_the_tools_and_the_results() -> None:
    """Its own types are the oracle, where it is installed."""
    pytest.importorskip("openai")
    pydantic = pytest.importorskip("pydantic")
    from openai.types import chat, responses

    of_chat = pydantic.TypeAdapter(list[chat.ChatCompletionToolParam])
    assert tools.openai_tools() == of_chat.validate_python(tools.openai_tools())
    of_responses = pydantic.TypeAdapter(list[responses.FunctionToolParam])
    assert tools.openai_responses_tools() == of_responses.validate_python(
        tools.openai_responses_tools()
    )


async def test_calls_of_openais_sdk_are_answered(session: AsyncMemorySession) -> None:
    """Its objects are what calls come as; its types take the results."""
    pytest.importorskip("openai")
    pydantic = pytest.importorskip("pydantic")
    from openai.types import chat, responses

    called = chat.ChatCompletionMessage.model_validate(
        {"role": "assistant", "tool_calls": [chat_call("1", *CALL)]}
    )
    results = await resolve_tool_calls(session, called.tool_calls)
    adapter = pydantic.TypeAdapter(list[chat.ChatCompletionToolMessageParam])
    assert results == adapter.validate_python(results)
    assert [{"turns": []}] == read(APIS["chat"], results)

    output: Any = [
        responses.ResponseFunctionToolCall.model_validate(responses_call("1", *CALL)),
        responses.ResponseReasoningItem(id="r", summary=[], type="reasoning"),
    ]
    results = await resolve_tool_calls(session, output)
    adapter = pydantic.TypeAdapter(list[responses.response_input_item_param.FunctionCallOutput])
    assert results == adapter.validate_python(results)
    assert [{"turns": []}] == read(APIS["responses"], results)


async def test_calls_of_anthropics_sdk_are_answered(session: AsyncMemorySession) -> None:
    """Its objects are what calls come as; its types take tools and results."""
    sdk = pytest.importorskip("anthropic.types")
    pydantic = pytest.importorskip("pydantic")
    for tool in tools.anthropic_tools():
        assert tool == pydantic.TypeAdapter(sdk.ToolParam).validate_python(tool)
    content = [
        sdk.TextBlock(type="text", text="One moment."),
        sdk.ToolUseBlock.model_validate(anthropic_call("1", *CALL)),
        sdk.ToolUseBlock.model_validate(anthropic_call("2", "recent_turns", {})),
    ]
    results = await resolve_tool_calls(session, content)
    for result in results:
        assert result == pydantic.TypeAdapter(sdk.ToolResultBlockParam).validate_python(result)
    assert ["1", "2"] == [each["tool_use_id"] for each in results]
    assert results[1]["is_error"]


async def test_converse_knows_the_tools_and_the_results(session: AsyncMemorySession) -> None:
    """Botocore's model of Converse takes a request with both."""
    model = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
    content = [
        {"text": "One moment."},
        converse_call("1", *CALL),
        converse_call("2", "recent_turns", {"k": 0}),
    ]
    results = await resolve_tool_calls(session, content)
    request = {
        "modelId": "m",
        "messages": [
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ],
        "toolConfig": {"tools": tools.converse_tools()},
    }
    report = ParamValidator().validate(request, model.operation_model("Converse").input_shape)
    assert not report.has_errors(), report.generate_report()
    assert ["1", "2"] == [each["toolResult"]["toolUseId"] for each in results]
    assert ["success", "error"] == [each["toolResult"].get("status", "success") for each in results]


WRONG: dict[str, tuple[Any, Any, str]] = {
    "no object": ("recall", [1], "no JSON object"),
    "nothing": ("recall", None, "no JSON object"),
    "a number": ("recall", 7, "no JSON object"),
    "text of no JSON": ("recall", "{query: 1", "no JSON object"),
    "empty text": ("recall", "", "no JSON object"),
    "JSON that is too deep": ("recall", "[" * 100_000, "no JSON object"),
    "an int that is too long": ("recent_turns", '{"k": ' + "1" * 5000 + "}", "no JSON object"),
    "no argument": ("recent_turns", {}, "lacks k"),
    "a wrong argument": ("remember", {"text": CANARY}, "lacks fact"),
    "an argument too many": ("remember", {"fact": CANARY, "actor_id": "bob"}, "nothing but fact"),
    "a number for text": ("remember", {"fact": 7}, "fact is no text"),
    "empty": ("remember", {"fact": ""}, "fact is no text, or empty"),
    "blank": ("recall", {"query": " \n"}, "query is no text, or empty"),
    "too long": ("remember", {"fact": "x" * 16_001}, "16,001 of 16,000"),
    "text for an int": ("recent_turns", {"k": "5"}, "k is no integer from 1 to 50"),
    "a fraction": ("recent_turns", {"k": 1.5}, "k is no integer"),
    "true": ("recent_turns", {"k": True}, "k is no integer"),
    "zero": ("recent_turns", {"k": 0}, "k is no integer"),
    "too many": ("recent_turns", {"k": 51}, "k is no integer"),
    "infinity": ("recent_turns", '{"k": Infinity}', "k is no integer"),
    "null": ("forget", {"record_id": None}, "record_id is no text"),
    "no id": ("forget", {"record_id": "the one about bees"}, "no memory with this record_id"),
    "a path for an id": ("forget", {"record_id": "../" + "x" * 40}, "no memory with this"),
    "half of a pair": ("recall", {"query": "\ud800"}, "surrogate"),
    "half of a pair to keep": ("remember", {"fact": "\ud800 bees"}, "surrogate"),
    "another name": ("get_weather", {"city": CANARY}, "remember, recall, recent_turns, forget"),
    "a name in another case": ("Recall", {"query": "bees"}, "no tool of this name"),
    "no name": (None, {}, "no tool of this name"),
    "a list for a name": ([], {}, "no tool of this name"),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
async def test_a_wrong_call_is_answered_with_what_to_do(
    api: Api, call: tuple[str, Any, str], session: AsyncMemorySession
) -> None:
    """It sends nothing, shows nothing of what was given, and loses no other result."""
    name, arguments, expected = call
    results = await resolve_tool_calls(
        session, [api.call("0", *CALL), api.call("1", name, arguments), api.call("2", *CALL)]
    )
    first, wrong, last = read(api, results)
    assert first == last == {"turns": []}
    assert expected in wrong["error"]
    assert CANARY not in wrong["error"]


async def test_an_integer_may_be_written_as_a_float(session: AsyncMemorySession) -> None:
    """JSON Schema has 5.0 as an integer."""
    for arguments in ({"k": 5.0}, '{"k": 5.0}', '{"k": 5}'):
        results = await resolve_tool_calls(session, [chat_call("1", "recent_turns", arguments)])
        assert [{"turns": []}] == read(APIS["chat"], results)


@pytest.mark.parametrize("name", [*ERRORS, "another"])
async def test_every_error_becomes_a_result_and_is_logged(
    name: str,
    session: AsyncMemorySession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither has content; the model is told what to do, and the others' results are kept."""
    error: Exception = RuntimeError(CANARY)
    if name in ERRORS:
        known = name == "AgentCoreMemoryError"
        error = AgentCoreMemoryError() if known else make(ERRORS[name])

    async def fail(*_: object, **__: object) -> None:
        await asyncio.sleep(0)
        raise error

    for method in ("retrieve_context", "batch_create_memory_records", "get_memory_record"):
        monkeypatch.setattr(AsyncMemorySession, method, fail)
    calls = [
        chat_call("1", "recall", {"query": "bees"}),
        chat_call("2", *CALL),
        chat_call("3", "remember", {"fact": "bees"}),
        chat_call("4", "forget", {"record_id": "mem-00000000-0000-0000-0000-000000000000"}),
    ]
    with caplog.at_level(logging.WARNING):
        recalled, turns, kept, gone = read(APIS["chat"], await resolve_tool_calls(session, calls))
    assert {"turns": []} == turns
    for answer in (recalled, kept, gone):
        assert CANARY not in answer["error"]
        if name != "InvalidInputError":  # its own text says both
            assert ";" in answer["error"]  # what is wrong, and what to do
    assert CANARY not in caplog.text
    assert "recall of a model failed" in caplog.text


async def test_other_items_of_an_answer_are_left_out(session: AsyncMemorySession) -> None:
    """Text, reasoning, and calls of kinds that are never ours are no calls of tools here."""
    others: list[Any] = [
        {"type": "text", "text": "hi"},
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "server_tool_use", "id": "1", "name": "recall", "input": {}},
        {"type": "message", "role": "assistant", "content": []},
        {"type": "reasoning", "summary": []},
        {"type": "custom_tool_call", "call_id": "1", "name": "recall", "input": ""},
        {"type": "custom", "id": "1", "custom": {"name": "recall", "input": ""}},
        {"text": "hi"},
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
    ]
    for each in others:
        assert not is_memory_call(each)
    assert [] == await resolve_tool_calls(session, others)
    objects = [as_object(each) for each in others if "type" in each]
    assert [] == await resolve_tool_calls(session, objects)
    assert [] == await resolve_tool_calls(session, None)
    assert [] == await resolve_tool_calls(session, [])
    assert [] == await resolve_tool_calls(session, iter(()))


@pytest.mark.parametrize("api", APIS.values(), ids=APIS)
def test_calls_of_the_memory_are_told_from_the_callers_own(api: Api) -> None:
    """By their names, whatever their arguments are."""
    assert is_memory_call(api.call("1", "forget", "nonsense"))
    assert not is_memory_call(api.call("1", "get_weather", {}))


@pytest.mark.parametrize(
    "calls",
    [
        "recall",
        b"recall",
        7,
        chat_call("1", *CALL),
        ["recall"],
        [None],
        [7],
        [{"role": "assistant", "content": []}],
        [as_object({"role": "assistant", "tool_calls": [chat_call("1", *CALL)]})],
        [{"type": "tool_use", "name": "recall", "input": {"query": "x"}}],
        [{"type": "function", "function": {"name": "recall", "arguments": "{}"}}],
        [{"type": "function_call", "id": "1", "name": "recall", "arguments": "{}"}],
        [{"toolUse": {"name": "recall", "input": {"query": "x"}}}],
    ],
)
async def test_what_is_no_list_of_calls_is_refused_before_anything_is_run(
    calls: Any, session: AsyncMemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's mistake is not the model's; a call without an id could not be answered."""
    if isinstance(calls, list):
        calls = [chat_call("0", "remember", {"fact": "bees"}), *calls]

    async def fail(*_: object, **__: object) -> None:
        pytest.fail("something was sent")

    monkeypatch.setattr(AsyncMemorySession, "batch_create_memory_records", fail)
    with pytest.raises(InvalidInputError):
        await resolve_tool_calls(session, calls)


async def test_what_is_no_session_is_refused(session: AsyncMemorySession) -> None:
    """That of the sync API can't be awaited, and an actor has no turns."""
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=FakeTransport())
    blocking = await asyncio.to_thread(
        manager.create_memory_session, "anna", "chat001", verify=False
    )
    others: list[Any] = [blocking, manager, session.get_actor(), None, "anna"]
    for other in others:
        with pytest.raises(InvalidInputError, match="AsyncMemorySession"):
            await resolve_tool_calls(other, [])
    await asyncio.to_thread(manager.close)


async def test_a_namespace_without_a_value_is_refused() -> None:
    """Whoever made the manager is told, before anything is run."""
    namespaces = ["/facts/{actorId}/", "/f/{memoryStrategyId}/{actorId}/"]
    async with AsyncMemorySessionManager(
        "chat-a1B2c3D4e5", transport=FakeTransport(), namespaces=namespaces
    ) as manager:
        session = AsyncMemorySession(manager, "anna", "chat001")
        with pytest.raises(InvalidInputError, match="memoryStrategyId"):
            await resolve_tool_calls(session, [])
