"""Strands agents whose conversations are in a memory: kept, restored, counted."""

from __future__ import annotations

from functools import reduce
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("strands")

from strands.agent.conversation_manager import (
    SlidingWindowConversationManager,
    SummarizingConversationManager,
)
from strands.types.exceptions import SessionException

from agentcore_memory_async import InvalidInputError, RetrievalConfig
from agentcore_memory_async.integrations.strands import MessageConverter
from tests.integrations._strands import (
    ACTOR_ID,
    SESSION_ID,
    StubModel,
    agent_of,
    call,
    operations,
    restored,
    session_of,
    texts,
    weather,
)
from tests.integrations._strands import memory as memory

if TYPE_CHECKING:
    from agentcore_memory_async.testing import LocalMemory

IMAGE = {"image": {"format": "png", "source": {"bytes": bytes(range(256)) * 4}}}
DEEP = reduce(lambda inner, _: [inner], range(200), list[Any]())
DOCUMENT = {
    "document": {"format": "pdf", "name": "plan", "source": {"bytes": b"%PDF" + bytes(300_000)}}
}


async def test_a_new_agent_goes_on(memory: LocalMemory) -> None:
    """History and state are there, by one list; each invocation is one write."""
    agent = agent_of(session_of(memory), "Noted.", "Bye.")
    agent.state.set("seat", "window")
    assert [] == operations(memory)  # making agents sends nothing
    await agent.invoke_async("I like window seats.")
    await agent.invoke_async("Good bye.")
    assert ["ListEvents", "CreateEvent", "CreateEvent"] == operations(memory)
    start = len(memory.service.calls())
    model = StubModel("Window.")
    other = agent_of(session_of(memory), model=model)
    await other.invoke_async("Which seat?")
    before = ["I like window seats.", "Noted.", "Good bye.", "Bye."]
    assert [*before, "Which seat?", "Window."] == texts(other)
    assert [*before, "Which seat?"] == [m["content"][0]["text"] for m in model.asked[0]]
    assert agent.messages == other.messages[:4]
    assert {"seat": "window"} == other.state.get()
    assert ["ListEvents", "CreateEvent"] == operations(memory, start)


async def test_a_turn_with_tools_is_one_event(memory: LocalMemory) -> None:
    """Calls and results of tools come back equal, in the turn's one event."""
    agent = agent_of(
        session_of(memory),
        [{"text": "Let me look."}, call("weather", city="Rome")],
        [call("weather", "t2", city="Oslo"), call("weather", "t3", city="Bern")],
        "All sunny.",
        tools=[weather],
    )
    await agent.invoke_async("What is the weather?")
    assert 1 == operations(memory).count("CreateEvent")
    other = await restored(memory, tools=[weather])
    assert agent.messages == other.messages
    assert 6 == len(other.messages)


async def test_only_what_was_said_is_learned(memory: LocalMemory) -> None:
    """The text of user and assistant stands beside the messages; tools and state do not."""
    agent = agent_of(session_of(memory), [call("weather", city="Rome")], "Sunny.", tools=[weather])
    await agent.invoke_async("I live in Rome.")
    session = await memory.session(ACTOR_ID, SESSION_ID)
    (event,) = await session.list_events()
    assert [("USER", "I live in Rome."), ("ASSISTANT", "Sunny.")] == [
        (message.role, message.text) for message in event.messages
    ]


@pytest.mark.parametrize(
    "block",
    [
        IMAGE,
        DOCUMENT,
        {"text": "long " * 50_000},
        {"text": "half a pair \ud83d, and more"},
        {"text": '{"message": {"role": "user", "content": []}, "message_id": 0}'},
        {
            "toolResult": {
                "toolUseId": "t",
                "status": "success",
                "content": [{"json": {"n": 2**70}}],
            }
        },
        {"toolResult": {"toolUseId": "t", "status": "success", "content": [{"json": -inf}]}},
        {"toolResult": {"toolUseId": "t", "status": "success", "content": [{"json": DEEP}]}},
    ],
    ids=["image", "document", "long", "surrogate", "json", "large_int", "infinity", "deep"],
)
async def test_content_comes_back_equal(block: dict[str, Any], memory: LocalMemory) -> None:
    """Bytes, long texts and odd ones are what they were."""
    agent = agent_of(session_of(memory))
    prompt: Any = [
        {"role": "user", "content": [{"text": "Look."}]},
        {"role": "assistant", "content": [call("see", "t")]},
        {"role": "user", "content": [block]},
    ]
    if "toolResult" not in block:
        del prompt[1]
        prompt[1]["content"].append({"text": "And?"})
    await agent.invoke_async(prompt)
    other = await restored(memory)
    assert agent.messages == other.messages


async def test_agents_of_a_session_are_apart(memory: LocalMemory) -> None:
    """Each agent has its own conversation and state; an id is that of one agent."""
    manager = session_of(memory)
    for name in ("cook", "guide"):
        agent = agent_of(manager, f"I am the {name}.", agent_id=name)
        agent.state.set("name", name)
        await agent.invoke_async("Who are you?")
    with pytest.raises(SessionException, match="unique"):
        agent_of(manager, agent_id="cook")
    again = session_of(memory)
    for name in ("guide", "cook"):
        agent = agent_of(again, agent_id=name)
        await again.restore(agent)
        assert ["Who are you?", f"I am the {name}."] == texts(agent)
        assert {"name": name} == agent.state.get()


async def test_read_only_writes_nothing(memory: LocalMemory) -> None:
    """A read-only session restores, and leaves everything as it is."""
    await agent_of(session_of(memory)).invoke_async("Hello.")
    start = len(memory.service.calls())
    manager = session_of(memory, read_only=True)
    agent = agent_of(manager)
    async with manager:
        await agent.invoke_async("Anybody there?")
    assert 4 == len(agent.messages)
    assert ["ListEvents"] == operations(memory, start)


async def test_metadata_of_each_call(memory: LocalMemory) -> None:
    """A function makes the metadata of an event of what the call was given; a mapping is all's."""
    manager = session_of(memory, metadata=lambda state: {"channel": state["channel"]})
    agent = agent_of(manager)
    for channel in ("web", "phone"):
        await agent.invoke_async("Hello.", invocation_state={"channel": channel})
    fixed = session_of(memory, session_id="fixed", metadata={"app": "trips"})
    await agent_of(fixed).invoke_async("Hello.")
    session = await memory.session(ACTOR_ID, SESSION_ID)
    events = await session.list_events()
    assert [{"channel": "phone"}, {"channel": "web"}] == [event.metadata for event in events]
    other = await memory.session(ACTOR_ID, "fixed")
    (event,) = await other.list_events()
    assert {"app": "trips"} == event.metadata


@pytest.mark.parametrize(
    "wrong", [{"k" * 129: "x"}, {f"k{number}": "x" for number in range(16)}, {"seat": 1}]
)
async def test_wrong_metadata_stops_its_own_call_only(memory: LocalMemory, wrong: Any) -> None:
    """It is refused before anything is said: what is said before and after it is stored."""
    manager = session_of(memory, metadata=lambda state: state.get("given"))
    agent = agent_of(manager)
    await agent.invoke_async("One.")
    with pytest.raises(InvalidInputError, match="metadata"):
        await agent.invoke_async("Two.", invocation_state={"given": wrong})
    await agent.invoke_async("Three.")
    said = ["One.", "You said: One.", "Three.", "You said: Three."]
    assert said == texts(agent)
    assert said == texts(await restored(memory))
    with pytest.raises(InvalidInputError, match="metadata"):
        session_of(memory, metadata=wrong)


@pytest.mark.parametrize(("size", "writes"), [(1, 4), (2, 2), (3, 2), (100, 1)])
async def test_batches(size: int, writes: int, memory: LocalMemory) -> None:
    """A batch is written when it is full, and the rest with the end of the invocation."""
    manager = session_of(memory, batch_size=size)
    agent = agent_of(manager, [call("weather", city="Rome")], "Sunny.", tools=[weather])
    await agent.invoke_async("What is the weather?")
    assert writes == operations(memory).count("CreateEvent")
    other = await restored(memory)
    assert agent.messages == other.messages


async def test_a_converter_decides_what_is_stored(memory: LocalMemory) -> None:
    """Data and text of a message are the converter's, both ways."""

    class Shouting(MessageConverter):
        def to_data(self, message: Any) -> Any:
            return [message["role"], message["content"][0]["text"].upper()]

        def to_message(self, data: Any) -> Any:
            return {"role": data[0], "content": [{"text": data[1]}]}

        def to_text(self, message: Any) -> str:
            return "" if message["role"] == "assistant" else "a user said something"

    await agent_of(session_of(memory, converter=Shouting()), "Hi.").invoke_async("Hello.")
    agent = await restored(memory, converter=Shouting())
    assert ["HELLO.", "HI."] == texts(agent)
    session = await memory.session(ACTOR_ID, SESSION_ID)
    assert ["a user said something"] == [turn.text for turn in await session.get_last_k_turns()]


async def test_a_window_reads_no_more_than_it_shows(memory: LocalMemory) -> None:
    """What the conversation manager had removed is not read again."""
    window = SlidingWindowConversationManager(window_size=4)
    agent = agent_of(session_of(memory), conversation_manager=window)
    for number in range(120):
        await agent.invoke_async(f"Number {number}")
    start = len(memory.service.calls())
    same = SlidingWindowConversationManager(window_size=4)
    other = await restored(memory, conversation_manager=same)
    assert agent.messages == other.messages
    assert window.removed_message_count == same.removed_message_count > 200
    assert ["ListEvents"] == operations(memory, start)


async def test_a_summary_comes_back(memory: LocalMemory) -> None:
    """Messages of the conversation manager's own are restored before the others."""
    manager = session_of(memory)
    summarizing = SummarizingConversationManager(preserve_recent_messages=2, summary_ratio=0.5)
    agent = agent_of(manager, "1", "2", "3", "A summary.", conversation_manager=summarizing)
    for number in range(3):
        await agent.invoke_async(f"Number {number}")
    summarizing.reduce_context(agent)
    await agent.invoke_async("More.")
    other = await restored(memory, conversation_manager=SummarizingConversationManager())
    assert agent.messages == other.messages
    assert "A summary." == texts(other)[0]


async def test_initial_messages_are_stored_once(memory: LocalMemory) -> None:
    """An agent's first messages begin a new conversation, and do not repeat in an old one."""
    initial: Any = [
        {"role": "user", "content": [{"text": "Be brief."}]},
        {"role": "assistant", "content": [{"text": "Yes."}]},
    ]
    for _ in range(2):
        agent = agent_of(session_of(memory), messages=list(initial))
        await agent.invoke_async("Hello.")
    assert ["Be brief.", "Yes.", "Hello."] == texts(agent)[:3]
    assert 6 == len(agent.messages)


async def test_state_set_before_the_history_wins(memory: LocalMemory) -> None:
    """What was set since the agent was made is kept; the rest is what was stored."""
    agent = agent_of(session_of(memory), state={"a": 1, "b": 1})
    await agent.invoke_async("Hello.")
    other = agent_of(session_of(memory), state={"a": 0})
    other.state.set("c", 3)
    await other.invoke_async("Hello.")
    assert {"a": 1, "b": 1, "c": 3} == other.state.get()


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "2"])
async def test_a_batch_has_a_size(size: Any, memory: LocalMemory) -> None:
    """Any number of messages from 1 on."""
    with pytest.raises(InvalidInputError, match="batch_size"):
        session_of(memory, batch_size=size)


async def test_what_is_no_json_is_refused(memory: LocalMemory) -> None:
    """A message that can't be stored fails its turn at once, and names what to do."""
    agent = agent_of(session_of(memory))
    prompt: Any = [{"role": "user", "content": [{"text": "a"}, {"text": object()}]}]
    with pytest.raises(InvalidInputError, match="to_data"):
        await agent.invoke_async(prompt)


async def test_streaming(memory: LocalMemory) -> None:
    """A stream is stored at its end, and also when its reader leaves."""
    agent = agent_of(session_of(memory))
    events = [event async for event in agent.stream_async("Hello.")]
    assert "result" in events[-1]
    stream = agent.stream_async("And now?")
    async for event in stream:
        if "data" in event:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    other = await restored(memory)
    assert ["Hello.", "You said: Hello.", "And now?"] == texts(other)


async def test_memories_are_in_no_history(memory: LocalMemory) -> None:
    """What is remembered is told to the model with the question, in each call of the turn."""
    seat = agent_of(session_of(memory))
    await seat.invoke_async("I only fly window seats.")
    await memory.drain()
    start = len(memory.service.calls())
    model = StubModel([call("weather", city="Rome")], "Window.")
    manager = session_of(
        memory,
        session_id="later",
        retrieval_config={"/facts/{actorId}/": RetrievalConfig(top_k=3)},
    )
    agent = agent_of(manager, model=model, tools=[weather])
    await agent.invoke_async("Which seats do I fly?")
    for asked in model.asked:
        assert 1 == str(asked).count("window seats")
        assert "Which seats do I fly?" == asked[0]["content"][0]["text"]
    assert "window" not in texts(agent)[0]
    assert ["ListEvents", "RetrieveMemoryRecords", "CreateEvent"] == operations(memory, start)
