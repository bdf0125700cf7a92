"""Messages of other APIs: read by ``to_message``, and made of turns."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import (
    ConversationalMessage,
    InvalidInputError,
    MessageRole,
    Turn,
    to_message,
)
from agentcore_memory_async._wire import payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPELLINGS = st.sampled_from(list(MessageRole)).flatmap(
    lambda role: st.tuples(*(st.sampled_from([c.lower(), c]) for c in role)).map("".join)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


class UpperRole(str, Enum):  # noqa: UP042 - a user's own, whose str() is its name
    """Roles of a user's own."""

    SPEAKER = "user"


@given(SPELLINGS)
def test_any_case_of_a_known_role_is_taken(role: str) -> None:
    """A role is taken by its name in any case, and is a ``MessageRole`` afterwards."""
    message = ConversationalMessage("hi", role)

    assert message.role is MessageRole[role.upper()]
    assert payloads.check_messages([message]) == (message,)


def test_a_role_of_a_users_own_enum_is_taken_by_its_value() -> None:
    """A string enumeration counts by its value, not by its ``str``."""
    assert MessageRole.USER is ConversationalMessage("hi", UpperRole.SPEAKER).role
    assert MessageRole.USER is to_message({"role": UpperRole.SPEAKER, "content": "hi"}).role


@given(st.text() | st.none() | st.integers())
def test_an_unknown_role_is_refused_and_not_shown(role: Any) -> None:
    """An unknown role raises at construction, with the known ones and without its own text."""
    if isinstance(role, str):
        role = "canary " + role
    with pytest.raises(InvalidInputError, match="USER, ASSISTANT, TOOL, OTHER") as caught:
        ConversationalMessage("hi", role)
    assert "canary" not in str(caught.value)


TEXT_MESSAGES: list[tuple[Mapping[str, object], str]] = [
    ({"role": "user", "content": "hi"}, "hi"),
    ({"role": "USER", "content": "hi", "name": "Ada"}, "hi"),
    (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        "ab",
    ),
    ({"role": "user", "content": [{"type": "input_text", "text": "hi"}]}, "hi"),
    (
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}],
        },
        "hi",
    ),
    (
        {
            "role": "assistant",
            "content": "hi",
            "refusal": None,
            "annotations": [],
            "audio": None,
            "function_call": None,
            "tool_calls": None,
        },
        "hi",
    ),
    ({"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"}, "21 degrees"),
    (
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}],
        },
        "hi",
    ),
    (
        {
            "id": "msg_1",
            "type": "message",
            "model": "m",
            "role": "assistant",
            "content": [
                {"type": "text", "text": "The sky is ", "citations": None},
                {"type": "text", "text": "blue", "citations": [{"cited_text": "x"}]},
            ],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1},
        },
        "The sky is blue",
    ),
    ({"role": "user", "content": [{"text": "hi, "}, {"text": "you"}]}, "hi, you"),
    (MappingProxyType({"role": "user", "content": ({"text": "hi"},)}), "hi"),
]


@pytest.mark.parametrize(("mapping", "text"), TEXT_MESSAGES)
def test_messages_of_other_apis_are_read(mapping: Mapping[str, object], text: str) -> None:
    """
    Messages of OpenAI's, Anthropic's and Bedrock's APIs are read, with their blocks of text joined
    as they are.
    """
    role = MessageRole[str(mapping["role"]).upper()]

    assert ConversationalMessage(text, role) == to_message(mapping)
    assert payloads.check_messages([mapping]) == (to_message(mapping),)


NOT_TEXT: list[dict[str, object]] = [
    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    {"type": "input_image", "image_url": "https://example.org/a.png"},
    {"type": "input_file", "file_id": "f"},
    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
    {"type": "refusal", "refusal": "no"},
    {"type": "image", "source": {"type": "base64"}},
    {"type": "tool_use", "id": "t", "name": "n", "input": {}},
    {"type": "tool_result", "tool_use_id": "t", "content": "text"},
    {"type": "thinking", "thinking": "text", "signature": "s"},
    {"type": "document", "source": {}, "text": "text"},
    {"image": {"format": "png"}},
    {"toolUse": {"toolUseId": "t", "name": "n", "input": {}}},
    {"toolResult": {"toolUseId": "t", "content": [{"text": "text"}]}},
    {"reasoningContent": {"reasoningText": {"text": "text"}}},
    {"guardContent": {"text": {"text": "text"}}},
    {"cachePoint": {"type": "default"}},
    {"text": "two members", "image": {}},
    {"text": None},
    {},
]


@pytest.mark.parametrize("block", NOT_TEXT, ids=lambda block: str(next(iter(block.values()), "")))
def test_blocks_that_are_no_text_are_refused_by_index(block: dict[str, object]) -> None:
    """A block that is no text is refused, and the error names its message and its place."""
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "well"}, block]},
    ]
    with pytest.raises(
        InvalidInputError, match=r"^messages\[1\]\.content\[1\] is no block of text;"
    ):
        payloads.check_messages(messages)


@pytest.mark.parametrize("role", ["system", "developer", "System", "DEVELOPER"])
def test_instructions_are_refused_by_index(role: str) -> None:
    """The role of instructions is refused, and the error names the message and the role."""
    messages = [{"role": "user", "content": "hi"}, {"role": role, "content": "be brief"}]
    with pytest.raises(InvalidInputError, match=rf"^messages\[1\]\.role is '{role.lower()}', "):
        payloads.check_messages(messages)
    with pytest.raises(InvalidInputError, match=rf"^role is '{role.lower()}', "):
        ConversationalMessage("be brief", role)


@pytest.mark.parametrize(
    "more",
    [
        {"tool_calls": [{"id": "call_1", "type": "function"}]},
        {"function_call": {"name": "f", "arguments": "{}"}},
        {"audio": {"id": "audio_1"}},
        {"refusal": "no"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_calls_of_tools_are_not_dropped(more: dict[str, object]) -> None:
    """What a message of OpenAI's says beside its content is refused, and not left out."""
    [name] = more
    with pytest.raises(InvalidInputError, match=rf"^messages\[0\]\.{name} is no text;"):
        payloads.check_messages([{"role": "assistant", "content": "Let me look.", **more}])


@given(st.sampled_from(list(MessageRole)), TEXTS)
def test_a_turn_comes_back_from_each_form(role: MessageRole, text: str) -> None:
    """
    A turn in the form of another API reads as the same message; these APIs know the roles of user
    and assistant, and what a tool or somebody else said is told by the user.
    """
    turn = Turn(role, text, NOW)
    told_by = MessageRole.ASSISTANT if role is MessageRole.ASSISTANT else MessageRole.USER
    forms: list[Mapping[str, object]] = [turn.to_openai(), turn.to_anthropic(), turn.to_converse()]

    assert [ConversationalMessage(text, told_by)] * 3 == [to_message(form) for form in forms]
    assert turn.to_openai() == {"role": told_by.lower(), "content": text} == turn.to_anthropic()
    assert turn.to_converse() == {"role": told_by.lower(), "content": [{"text": text}]}


@pytest.mark.parametrize("role", list(MessageRole))
def test_openai_takes_turns_and_its_messages_are_read(role: MessageRole) -> None:
    """OpenAI's own types take a turn in both of their APIs, and their messages are read."""
    chat = pytest.importorskip("openai.types.chat")
    responses = pytest.importorskip("openai.types.responses")
    pydantic = pytest.importorskip("pydantic")
    form = Turn(role, "hi", NOW).to_openai()
    for kind in (chat.ChatCompletionMessageParam, responses.ResponseInputItemParam):
        assert form == pydantic.TypeAdapter(kind).validate_python(form)

    said = ConversationalMessage("hi", MessageRole.ASSISTANT)
    answer = chat.ChatCompletionMessage(role="assistant", content="hi")
    part = responses.ResponseOutputText(type="output_text", text="hi", annotations=[])
    output = responses.ResponseOutputMessage(
        id="msg_1", type="message", role="assistant", status="completed", content=[part]
    )
    assert [said, said] == [to_message(each.model_dump()) for each in (answer, output)]


@pytest.mark.parametrize("role", list(MessageRole))
def test_anthropic_takes_turns_and_its_messages_are_read(role: MessageRole) -> None:
    """Anthropic's own type takes a turn, and its messages are read."""
    types = pytest.importorskip("anthropic.types")
    pydantic = pytest.importorskip("pydantic")
    form = Turn(role, "hi", NOW).to_anthropic()
    assert form == pydantic.TypeAdapter(types.MessageParam).validate_python(form)

    answer = types.Message.model_construct(
        id="msg_1",
        type="message",
        role="assistant",
        model="m",
        content=[types.TextBlock(type="text", text="hi", citations=None)],
        stop_reason="end_turn",
        usage=types.Usage(input_tokens=1, output_tokens=1),
    )
    assert ConversationalMessage("hi", MessageRole.ASSISTANT) == to_message(answer.model_dump())


@pytest.mark.parametrize("role", list(MessageRole))
def test_converse_takes_turns(role: MessageRole) -> None:
    """Botocore's model of Converse takes a turn."""
    model = Session().get_service_model("bedrock-runtime")
    shape = model.operation_model("Converse").input_shape
    form = Turn(role, "hi", NOW).to_converse()

    assert not ParamValidator().validate({"modelId": "m", "messages": [form]}, shape).has_errors()
    assert form["role"] in shape.members["messages"].member.members["role"].enum
