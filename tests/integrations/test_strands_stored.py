"""What Strands finds in a memory: conversations of the official SDK, graphs, and records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("strands")

from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.memory import MemoryManager
from strands.multiagent import GraphBuilder
from strands.types.session import SessionAgent, SessionMessage

from agentcore_memory_async import (
    BlobPayload,
    ConversationalMessage,
    InvalidInputError,
    MessageRole,
)
from agentcore_memory_async.errors import BatchError
from agentcore_memory_async.integrations.strands import (
    AgentCoreMemoryStore,
    AgentCoreSessionManager,
)
from tests.integrations._strands import (
    ACTOR_ID,
    StubModel,
    agent_of,
    call,
    operations,
    restored,
    session_of,
    texts,
)
from tests.integrations._strands import memory as memory

if TYPE_CHECKING:
    from agentcore_memory_async.testing import LocalMemory

FACTS = "/facts/{actorId}/"


def official(index: int, role: Any, *blocks: Any) -> str:
    """Return a message as the official SDK's session manager stores it."""
    return json.dumps(SessionMessage({"role": role, "content": list(blocks)}, index).to_dict())


async def test_conversations_of_the_official_sdk_go_on(memory: LocalMemory) -> None:
    """Its messages, large ones, redactions and the agent's state are read; ours follow them."""
    session = await memory.session(ACTOR_ID, "old")
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    redacted = SessionMessage(
        {"role": "user", "content": [{"text": "secret"}]},
        2,
        {"role": "user", "content": [{"text": "[gone]"}]},
    )
    window = SlidingWindowConversationManager()
    window.removed_message_count = 1
    state = SessionAgent("default", {"seat": "window"}, window.get_state())
    first = [official(0, "user", {"text": "Hello."}), official(1, "assistant", {"text": "Hi."})]
    await session.add_turns(
        [
            ConversationalMessage(first[0], MessageRole.USER),
            ConversationalMessage(first[1], MessageRole.ASSISTANT),
        ]
    )
    await session.add_turns(
        [BlobPayload(json.dumps(state.to_dict()))],
        metadata={"stateType": "AGENT", "agentId": "default"},
    )
    text = json.dumps(redacted.to_dict())
    await session.add_turns([ConversationalMessage(text, MessageRole.USER)])
    large = official(3, "assistant", image)
    await session.add_turns([BlobPayload(json.dumps([large, "assistant"]))])
    agent = await restored(memory, session_id="old")
    assert ["Hi.", "[gone]", ""] == texts(agent)
    assert [image] == agent.messages[-1]["content"]
    assert {"seat": "window"} == agent.state.get()
    await agent.invoke_async("Go on.")
    other = await restored(memory, session_id="old")
    said = ["Hi.", "[gone]", "", "Go on.", "You said: Go on."]
    assert said == texts(agent) == texts(other)
    assert {"seat": "window"} == other.state.get()


async def test_other_events_are_no_messages(memory: LocalMemory) -> None:
    """Messages and data of other programs in the session are left alone."""
    session = await memory.session(ACTOR_ID, "old")
    await session.add_turns([ConversationalMessage("Hello.", MessageRole.USER)])
    await session.create_event("note", {"message": "a"})
    await session.add_turns([BlobPayload([1, 2])])
    assert [] == (await restored(memory, session_id="old")).messages


async def test_a_graph_has_its_state(memory: LocalMemory) -> None:
    """The state of a graph is written with each node, and read before its first run."""

    def graph() -> Any:
        builder = GraphBuilder()
        builder.add_node(agent_of(None, "First.", agent_id="a"), "first")
        builder.add_node(agent_of(None, ValueError("broken"), agent_id="b"), "second")
        builder.add_edge("first", "second")
        builder.set_session_manager(session_of(memory))
        builder.set_graph_id("trip")
        builder.set_max_node_executions(9)
        return builder.build()

    with pytest.raises(ValueError, match="broken"):
        await graph().invoke_async("Go.")
    assert {"ListEvents", "CreateEvent"} == set(operations(memory))
    again = graph()
    with pytest.raises(ValueError, match="broken"):
        await again.invoke_async("Go.")
    done = [node.node_id for node in again.state.completed_nodes]
    assert ["first"] == done
    assert not again.nodes["first"].executor.model.asked  # it was not run again


def store_of(memory: LocalMemory, **options: Any) -> AgentCoreMemoryStore:
    """Return a store of facts."""
    given: dict[str, Any] = {"actor_id": "anna@example.com", "name": "facts", "namespace": FACTS}
    return AgentCoreMemoryStore(memory.manager, **{**given, **options})


async def test_a_store_searches_its_namespace(memory: LocalMemory) -> None:
    """It finds records of its user, as many as asked for, and of a query of any length."""
    for actor in ("anna@example.com", "ben"):
        store = store_of(memory, actor_id=actor, writable=True)
        for number in range(3):
            await store.add(f"{actor} likes seat number {number}.")
    store = store_of(memory, max_search_results=2)
    assert 2 == len(await store.search("Which seat?"))
    found = await store.search("x" * 20_000 + " seat", {"max_search_results": 500})
    assert 3 == len(found)
    assert all("anna" in entry.content for entry in found)
    assert all(entry.metadata and entry.metadata["memory_record_id"] for entry in found)
    assert [] == await store.search(" ")


async def test_a_store_forgets_only_its_own(memory: LocalMemory) -> None:
    """Records elsewhere are not found, and stay; nor is what is no id, such as a model's guess."""
    own = store_of(memory, writable=True)
    other = store_of(memory, actor_id="ben", writable=True)
    ids = [await own.add("Likes tea."), await other.add("Likes coffee.")]
    missing = ["mem-" + 36 * "0", "mem-nope", ""]
    result = await own.forget([*ids, *missing])
    assert {"forgotten": ids[:1], "not_found": [ids[1], *missing]} == result
    assert [] == await own.search("tea")
    assert 1 == len(await other.search("coffee"))


async def test_an_agent_recalls_remembers_and_forgets(memory: LocalMemory) -> None:
    """A store works in Strands' own memory manager, tools and injection included."""
    store = store_of(memory, writable=True, description="What the user likes")
    record = await store.add("The user likes window seats.")
    model = StubModel(
        [call("add_memory", "t1", entries=["The user likes tea."])],
        [call("search_memory", "t2", query="seats")],
        [call("forget_facts", "t3", memory_record_ids=[record])],
        "Done.",
    )
    agent = agent_of(
        None, model=model, memory_manager=MemoryManager(stores=[store], add_tool_config=True)
    )
    await agent.invoke_async("Which seats do I like? Forget it.")
    assert "window seats" in str(model.asked[0])
    assert record in str(model.asked[2])
    assert ["The user likes tea."] == [each.content for each in await store.search("likes")]
    assert "window seats" not in texts(agent)[0]


async def test_a_read_only_store_has_no_tool(memory: LocalMemory) -> None:
    """Nothing can be forgotten through a store that is not writable."""
    assert [] == store_of(memory).get_tools()
    (tool,) = store_of(memory, name="my facts!", writable=True).get_tools()
    assert "forget_my_facts_" == tool.tool_name


async def test_a_record_that_is_refused_raises(memory: LocalMemory) -> None:
    """No text, and one that is too long."""
    store = store_of(memory, writable=True)
    for content in ("", "x" * 16_001):
        with pytest.raises((InvalidInputError, BatchError)):
            await store.add(content)


@pytest.mark.parametrize(
    "make",
    [
        lambda manager: AgentCoreSessionManager(manager, actor_id="anna", session_id="s"),
        lambda manager: AgentCoreMemoryStore(manager, actor_id="a", name="n", namespace="/n/"),
    ],
)
def test_a_manager_is_a_manager(make: Any) -> None:
    """Anything else is refused with its type."""
    with pytest.raises(InvalidInputError, match="manager is int"):
        make(1)


def test_the_example_remembers() -> None:
    """The pattern of the class reference, made right, runs as it is."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "strands" / "memory_agent.py"
    done = subprocess.run(
        [sys.executable, str(example)], check=True, capture_output=True, text=True, timeout=60
    )
    assert (
        "I know 0 facts about it, and read 1 messages.\n"
        "I know 1 facts about it, and read 1 messages.\n"
        "I know 1 facts about it, and read 3 messages.\n"
    ) == done.stdout
    assert "" == done.stderr
