"""A turn with a model: what is remembered, what the model answers, and both stored."""

from __future__ import annotations

import inspect
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Literal

from anyio.lowlevel import checkpoint_if_cancelled

from agentcore_memory_async._operations.context import ContextOperations
from agentcore_memory_async._operations.turns import TurnOperations
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._wire import payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.origins import check_origin
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async.context import Context, TurnResult
from agentcore_memory_async.errors import AgentCoreMemoryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async.context import RetrievalConfig
    from agentcore_memory_async.models import Branch, Event, Origin


class ModelTurnOperations(TurnOperations, ContextOperations):
    """Turns that a model answers."""

    async def process_turn_with_llm(
        self,
        user_input: str,
        llm_callback: Callable[[str, Context], str | Awaitable[str]],
        retrieval_config: Mapping[str, RetrievalConfig] | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        trusted: Sequence[str | Origin] | None = None,
        timestamp: datetime | None = None,
        branch: str | Branch | None = None,
        namespace_variables: Mapping[str, str] | None = None,
        client_token: str | None = None,
        on_search_error: Literal["raise", "degrade"] = "raise",
        store_on_failure: bool = False,
        branch_name: str | None = None,
        event_timestamp: datetime | None = None,
    ) -> TurnResult:
        """
        Answer *user_input* by a model that is given context, and store both as one event.

        All arguments are checked before the model is asked. A cancellation before the write stores
        nothing; during it, the event is stored whole or not at all, see ``resolve``.

        Args:
            user_input: Message of the user, 1 character or more.
            llm_callback: Called with *user_input* and the memories, a `Context` of `MemoryRecord`
                (the official SDK's has dicts), and returns the answer. It may be async. One that
                is not runs in a thread, so it may block; if the call is cancelled, it goes on
                there to its end, and its answer is dropped.
            retrieval_config: As in ``retrieve_context``; an empty mapping searches nothing.
            metadata: As in ``add_turns``.
            origin: As in ``add_turns``.
            trusted: As in ``retrieve_context``.
            timestamp: As in ``add_turns``.
            branch: As in ``add_turns``.
            namespace_variables: As in ``add_turns``, and as in ``retrieve_context``.
            client_token: Token of the write, as in ``add_turns``.
            on_search_error: As in ``retrieve_context``: ``"degrade"`` goes on without memories.
            store_on_failure: Whether the user's message is stored, alone, where the model raises;
                its error is raised all the same.
            branch_name: The official SDK's name of *branch*.
            event_timestamp: The official SDK's name of *timestamp*.

        Returns:
            The memories, the answer and the event, to be unpacked in this order, and whether the
            turn was ``degraded``. A text over the limit of a message is stored as several, and an
            empty answer is left out of the event.

        Raises:
            InvalidInputError: An argument is invalid, or the answer is no str; nothing was stored.
            Exception: Whatever *llm_callback* raised; nothing was stored by default.
            AgentCoreMemoryError: The search or the write failed, as in ``retrieve_context`` and
                ``add_turns``.

        AWS operations: ``RetrieveMemoryRecords``, for each namespace, and ``CreateEvent``.
        """
        check.check_text("user_input", user_input)
        user_input = check.plain(user_input)
        if not callable(llm_callback):
            check.refuse(
                f"llm_callback is {check.kind(llm_callback)}; give a function of user_input and "
                "memories that returns the answer"
            )
        variables = self._all_variables(namespace_variables) or None
        check.check_bool("store_on_failure", store_on_failure)
        branch = merged(branch, None, branch_name=branch_name)
        timestamp = merged(timestamp, None, event_timestamp=event_timestamp)
        if timestamp is not None:
            check.check_timestamp(timestamp)
        check.check_metadata(metadata, check_origin(origin))
        metadata = None if metadata is None else dict(metadata)  # as it is now
        store = partial(
            self.add_turns,
            metadata=metadata,
            origin=origin,
            timestamp=timestamp,
            branch=check.check_branch(branch),
            namespace_variables=variables,
            client_token=None if client_token is None else check.check_client_token(client_token),
        )
        memories = await self.retrieve_context(
            user_input,
            retrieval_config,
            trusted=trusted,
            namespace_variables=variables,
            on_search_error=on_search_error,
        )
        try:
            answer = await _ask(llm_callback, user_input, memories)
        except Exception as error:
            if store_on_failure:
                await _store_alone(store, user_input, error)
            raise
        if not isinstance(answer, str):
            check.refuse(f"llm_callback returned {check.kind(answer)}; return the answer as a str")
        event = await store(payloads.turn_messages(user_input, check.plain(answer)))
        return TurnResult(memories, answer, event, memories.degraded)


async def _ask(callback: Callable[[str, Context], object], text: str, memories: Context) -> object:
    """Return the answer of a callback, which may block unless it is async."""
    if _is_async(callback):
        answer = callback(text, memories)
    else:

        def call() -> object:
            try:
                return callback(text, memories)
            except StopIteration as error:  # which no future can raise
                message = "llm_callback raised StopIteration"
                raise RuntimeError(message) from error

        answer = await run_in_thread(copy_context().run, call)
    if inspect.isawaitable(answer):
        answer = await answer
    await checkpoint_if_cancelled()  # what was cancelled meanwhile stores nothing
    return answer


def _is_async(callback: object) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(type(callback), "__call__", None)  # noqa: B004 - whether it is async
    )


async def _store_alone(
    store: Callable[..., Awaitable[Event]], text: str, failed: Exception
) -> None:
    """Store the user's message alone; where that fails, too, *failed* says so."""
    try:
        await store(payloads.turn_messages(text, ""))
    except AgentCoreMemoryError as error:
        failed.add_note(f"nor was the user's message stored: {error}")
