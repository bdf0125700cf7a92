"""The session manager: what Strands calls, and when what is read and written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from strands.agent import Agent
from strands.agent.state import AgentState
from strands.hooks import (
    AfterInvocationEvent,
    AfterMultiAgentInvocationEvent,
    AfterNodeCallEvent,
    AgentInitializedEvent,
    BeforeInvocationEvent,
    BeforeMultiAgentInvocationEvent,
    HookOrder,
    MessageAddedEvent,
    MultiAgentInitializedEvent,
)
from strands.middleware.stages import InvokeModelStage
from strands.session import SessionManager
from strands.types.exceptions import SessionException
from strands.types.session import SessionAgent

from agentcore_memory_async import (
    AsyncMemorySession,
    encode_actor_id,
    encode_session_id,
)
from agentcore_memory_async._wire.validation import check_metadata
from agentcore_memory_async.errors import ClosedError, InvalidInputError
from agentcore_memory_async.integrations._loops import ManagerLoop
from agentcore_memory_async.integrations.strands._conversation import Conversation, state_text
from agentcore_memory_async.integrations.strands._converter import MessageConverter
from agentcore_memory_async.integrations.strands._history import (
    History,
    missing_result,
    repaired,
    tool_calls,
)
from agentcore_memory_async.integrations.strands._orchestrators import Orchestrators
from agentcore_memory_async.integrations.strands._recall import find_question, with_memories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from strands.hooks import HookRegistry
    from strands.middleware.stages import InvokeModelContext
    from strands.multiagent.base import MultiAgentBase
    from strands.types.content import Message

    from agentcore_memory_async import (
        AsyncMemorySessionManager,
        MemorySessionManager,
        RetrievalConfig,
    )

    MetadataOf = Callable[[Mapping[str, Any]], Mapping[str, str]]


INTERRUPTED = (
    "the conversation waits for the answers to an interrupt; where an event loop runs, await "
    "restore(agent) of the session manager before the agent is called with them"
)
"""What is wrong where an interrupted agent is called before it has its history."""


class AgentCoreSessionManager(SessionManager[Agent]):
    """
    Keeps the conversation and the state of Strands agents in AgentCore Memory.

    ``Agent(session_manager=AgentCoreSessionManager(manager, actor_id="anna", session_id="chat"))``

    Making it sends nothing. An agent gets its history before its first invocation, by one list
    that is read from its end; where no event loop runs, when it is made. ``restore`` does that
    before. Each invocation is then written as one event, at its end, however it ends.

    Args:
        manager: An open `AsyncMemorySessionManager`, or a `MemorySessionManager`.
        actor_id: Id of the user, any string; it is encoded by ``encode_actor_id``.
        session_id: Id of the conversation, any string; it is encoded by ``encode_session_id``.
        batch_size: Number of messages, 1 or more, that are written before an invocation ends: with
            1 each message is an event of its own. What a killed process has not written is lost.
        read_only: Whether agents get their history, and nothing is written.
        metadata: Metadata of the events; or a function that returns it for an invocation, given its
            ``invocation_state``. At most 15 entries of plain text; others raise before the model
            is called.
        converter: What is stored of a message, and what is learned of it.
        retrieval_config: Namespaces to search for the user's question, as for ``retrieve_context``;
            what is found is added to the question that the model gets, and is not stored. Nothing
            is searched if omitted. A search that fails is logged, and the model answers without.

    Attributes:
        session_id: The *session_id* that was given.

    Raises:
        InvalidInputError: An argument is invalid.

    AWS operations: ``CreateEvent``, ``ListEvents``, ``RetrieveMemoryRecords``; for a redaction of
    what is stored already also ``GetEvent`` and ``DeleteEvent``.
    """

    def __init__(
        self,
        manager: AsyncMemorySessionManager | MemorySessionManager,
        *,
        actor_id: str,
        session_id: str,
        batch_size: int = 100,
        read_only: bool = False,
        metadata: Mapping[str, str] | MetadataOf | None = None,
        converter: MessageConverter | None = None,
        retrieval_config: Mapping[str, RetrievalConfig] | None = None,
    ) -> None:
        if type(batch_size) is not int or batch_size < 1:
            message = "batch_size is not a number of messages; give an int of 1 or more"
            raise InvalidInputError(message)
        self.session_id = session_id
        self._loop = ManagerLoop(manager)
        self._session = AsyncMemorySession(
            self._loop.manager, encode_actor_id(actor_id), encode_session_id(session_id)
        )
        self._batch_size = batch_size
        self._is_read_only = read_only
        self._metadata = metadata if callable(metadata) else check_metadata(metadata)
        self._converter = converter or MessageConverter()
        self._retrieval_config = retrieval_config
        self._attached: dict[str, _Attached] = {}
        self._orchestrators = Orchestrators(self._session, is_read_only=read_only)

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        """Add what is called in the life of an agent, a graph or a swarm."""
        registry.add_callback(AgentInitializedEvent, lambda event: self.initialize(event.agent))
        registry.add_callback(
            BeforeInvocationEvent, self._before_invocation, order=HookOrder.SDK_FIRST
        )
        registry.add_callback(MessageAddedEvent, self._message_added)
        # Behind all others, which may change the state of the agent.
        registry.add_callback(
            AfterInvocationEvent, self._after_invocation, order=HookOrder.SDK_LAST
        )
        registry.add_callback(
            MultiAgentInitializedEvent, lambda event: self.initialize_multi_agent(event.source)
        )
        registry.add_callback(BeforeMultiAgentInvocationEvent, self._before_orchestration)
        registry.add_callback(AfterNodeCallEvent, self._orchestrated)
        registry.add_callback(AfterMultiAgentInvocationEvent, self._orchestrated)

    def initialize(self, agent: Agent, **_: Any) -> None:
        """
        Take an agent into the session.

        Raises:
            InvalidInputError: It is not an `Agent`.
            SessionException: The session has an agent of its id already.
        """
        if not isinstance(cast("object", agent), Agent):
            message = (
                f"agent is {type(agent).__name__}; give an Agent, or for another take Strands' own "
                "RepositorySessionManager with an AgentCoreSessionRepository"
            )
            raise InvalidInputError(message)
        if agent.agent_id in self._attached:
            message = "The `agent_id` of an agent must be unique in a session."
            raise SessionException(message)
        attached = self._attached[agent.agent_id] = _Attached(
            agent, self._session, self._converter, is_read_only=self._is_read_only
        )
        if self._retrieval_config:
            agent.add_middleware(InvokeModelStage.Input, self._add_memories)
        if not _runs_loop():
            try:
                attached.apply(self._loop.blocking(attached.conversation.load))
            except ClosedError:
                return  # the manager opens later, in a loop

    async def restore(self, agent: Agent) -> None:
        """
        Load the history and state of an agent now, rather than at its first invocation.

        Await it where an event loop runs, before an interrupt of an earlier process is answered, or
        ``agent.messages`` and ``agent.state`` are read before the first invocation.

        Raises:
            SessionException: It is no agent of this session.
            AgentCoreMemoryError: The history could not be read.

        AWS operation: ``ListEvents``, as many pages as it takes.
        """
        await self._restore(self._of(agent))

    async def flush(self) -> None:
        """
        Write what is not written yet.

        Raises:
            AgentCoreMemoryError: A write failed; the messages are kept for the next one.

        AWS operation: ``CreateEvent``, for each agent with messages or a state to be written.
        """
        for attached in list(self._attached.values()):
            if attached.conversation.size:
                await self._flush(attached)

    def close(self) -> None:
        """
        Write what is not written yet, from a thread without an event loop.

        The manager stays open. In an event loop, await ``flush`` or use ``async with``.

        Raises:
            AgentCoreMemoryError: A write failed; the messages are kept for the next one.
        """
        for attached in list(self._attached.values()):
            if attached.conversation.size:
                self._loop.blocking(attached.conversation.flush, *attached.capture())

    def append_message(self, message: Message, agent: Agent, **_: Any) -> None:
        """Take a message to be written; it sends nothing."""
        self._of(agent).conversation.append(message)

    def redact_latest_message(self, redact_message: Message, agent: Agent, **_: Any) -> None:
        """
        Replace the newest message of an agent; one that is written is replaced with the next write.

        What was extracted from it already stays.
        """
        self._of(agent).conversation.redact(redact_message)

    def sync_agent(self, agent: Agent, **_: Any) -> None:
        """Do nothing: each write has the state of that time, if it has changed."""

    def initialize_multi_agent(self, source: MultiAgentBase, **_: Any) -> None:
        """Do nothing: a graph or swarm gets its state before its first invocation."""

    def sync_multi_agent(self, source: MultiAgentBase, **_: Any) -> None:
        """Write the state of a graph or swarm, from a thread without an event loop."""
        self._loop.blocking(self._orchestrators.write, source.id, source.serialize_state())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.flush()

    async def _before_invocation(self, event: BeforeInvocationEvent) -> None:
        attached = self._of(event.agent)
        attached.memories = None
        given = self._metadata
        # Wrong metadata would stay with the messages of this call, and fail every later write.
        entries = check_metadata(given(event.invocation_state)) if callable(given) else given
        attached.conversation.metadata = entries
        is_new = await self._restore(attached)
        if is_new and attached.is_interrupted:
            raise SessionException(INTERRUPTED)
        if is_new and event.messages:
            event.messages = [*attached.missing_results(event.messages), *event.messages]

    async def _message_added(self, event: MessageAddedEvent) -> None:
        attached = self._of(event.agent)
        attached.conversation.append(event.message)
        if attached.conversation.size >= self._batch_size:
            await self._flush(attached)

    async def _after_invocation(self, event: AfterInvocationEvent) -> None:
        await self._flush(self._of(event.agent))

    async def _before_orchestration(self, event: BeforeMultiAgentInvocationEvent) -> None:
        state = await self._loop.read(self._orchestrators.read, event.source.id)
        if state is not None:
            event.source.deserialize_state(state)

    async def _orchestrated(
        self, event: AfterNodeCallEvent | AfterMultiAgentInvocationEvent
    ) -> None:
        state = event.source.serialize_state()
        await self._loop.write(self._orchestrators.write, event.source.id, state)

    async def _add_memories(self, context: InvokeModelContext) -> InvokeModelContext:
        """Add what is remembered about the user's question, the same to each call of a turn."""
        found = find_question(context.messages)
        attached = self._attached.get(context.agent.agent_id)
        if found is None or attached is None:
            return context
        at, question = found
        if attached.memories is None or attached.memories[0] != question:
            remembered = await self._loop.read(
                self._session.retrieve_context,
                question,
                self._retrieval_config,
                on_search_error="degrade",
            )
            attached.memories = (question, remembered.render() if remembered else "")
        text = attached.memories[1]
        return with_memories(context, at, text) if text else context

    async def _restore(self, attached: _Attached) -> bool:
        """Load the history into an agent once, and return whether it is new to it."""
        if attached.is_restored:
            return False
        history = await self._loop.read(attached.conversation.load)
        return attached.apply(history)

    async def _flush(self, attached: _Attached) -> None:
        await self._loop.write(attached.conversation.flush, *attached.capture())

    def _of(self, agent: Agent) -> _Attached:
        attached = self._attached.get(agent.agent_id)
        if attached is None or attached.agent is not agent:
            message = f"agent {agent.agent_id!r} is not one of this session"
            raise SessionException(message)
        return attached


class _Attached:
    """An agent of the session, in the loop or thread in which it runs."""

    def __init__(
        self,
        agent: Agent,
        session: AsyncMemorySession,
        converter: MessageConverter,
        *,
        is_read_only: bool,
    ) -> None:
        self.agent = agent
        self.conversation = Conversation(
            session, agent.agent_id, converter, agent.messages, is_read_only=is_read_only
        )
        self.is_restored = False
        self.is_interrupted = False
        self.memories: tuple[str, str] | None = None
        self._initial = len(agent.messages)
        self._initial_state: Mapping[str, Any] = agent.state.get()

    def capture(self) -> tuple[str, frozenset[str]]:
        """Return the agent's state as JSON, and the keys of its messages."""
        stored = SessionAgent.from_agent(self.agent).to_dict()
        del stored["created_at"], stored["updated_at"]
        keys = (message.get("tracking_id") for message in self.agent.messages)
        return state_text(stored), frozenset(key for key in keys if key)

    def apply(self, history: History) -> bool:
        """Set what is stored, less what the agent has, and return whether it is new to it."""
        if self.is_restored:
            return False
        self.is_restored = True
        if not history.exists:
            return False
        agent = self.agent
        before: list[Message] = []
        if history.state is not None:
            before = self._apply_state(history.state)
        if not agent.model.stateful:  # such a model's service has the conversation
            since = agent.messages[self._initial :]
            agent.messages = [*before, *repaired(history.messages), *since]
        return True

    def missing_results(self, prompt: list[Message]) -> list[Message]:
        """Return results for tools that were called when the former process ended."""
        agent = self.agent
        calls = tool_calls(agent.messages[-1]) if agent.messages else []
        has_results = any("toolResult" in block for block in prompt[0]["content"])
        if not calls or has_results:
            return []
        return [{"role": "user", "content": [missing_result(call) for call in calls]}]

    def _apply_state(self, stored: Mapping[str, Any]) -> list[Message]:
        """Set the state, and return messages of the conversation manager's own."""
        agent = self.agent
        now: Mapping[str, Any] = agent.state.get()
        initial = self._initial_state
        set_since = {
            key: value for key, value in now.items() if key not in initial or initial[key] != value
        }
        session_agent = SessionAgent.from_dict(dict(stored))
        agent.state = AgentState({**session_agent.state, **set_since})
        session_agent.initialize_internal_state(agent)
        internal: Mapping[str, Any] = stored.get("_internal_state") or {}
        self.is_interrupted = bool(internal.get("interrupt_state", {}).get("activated"))
        manager_state = session_agent.conversation_manager_state
        return agent.conversation_manager.restore_from_session(manager_state) or []


def _runs_loop() -> bool:
    """Return whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
