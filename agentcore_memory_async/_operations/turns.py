"""Turns of a conversation: stored as events, read back as messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agentcore_memory_async._calls.wait_clock import holding
from agentcore_memory_async._calls.write import CREATE_EVENT
from agentcore_memory_async._operations.chunks import iterate
from agentcore_memory_async._operations.newest import NewestOperations
from agentcore_memory_async._wire import event_codec, payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.origins import check_origin
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async._wire.turns import turns
from agentcore_memory_async.buffer import MessageBuffer
from agentcore_memory_async.errors import OutcomeUnknownError, UnsentError
from agentcore_memory_async.recording import RecordedTurn

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from agentcore_memory_async.models import (
        BlobPayload,
        Branch,
        ConversationalMessage,
        Event,
        JsonPayload,
        Origin,
        Turn,
    )

INTERRUPTED = "interrupted"
"""Key of the metadata of a turn whose answer was not read to its end."""


class TurnOperations(NewestOperations):
    """The conversation of a session."""

    async def add_turns(
        self,
        messages: Sequence[
            ConversationalMessage | Mapping[str, object] | JsonPayload | BlobPayload
        ],
        *,
        branch: str | Branch | None = None,
        metadata: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        timestamp: datetime | None = None,
        extract: bool = True,
        namespace_variables: Mapping[str, str] | None = None,
        client_token: str | None = None,
        branch_name: str | None = None,
        event_timestamp: datetime | None = None,
    ) -> Event:
        """
        Store *messages* as one event and return it.

        Writes of one session are stored in the order of the calls, at the pace that the service
        allows, so a burst waits. A cancelled call may have been stored or not: calling again with
        the same *client_token* and *timestamp* stores nothing twice.

        Args:
            messages: 1 to 100 items, together at most 10 MB; the text of a message is at most
                100,000 characters and 100 KB. A mapping such as ``{"role": "user", "content":
                "hi"}`` is read by ``to_message``.
            branch: Branch to write to; ``Branch(name, root_event_id)`` starts a new one.
                The main branch if omitted.
            metadata: At most 15 entries of plain text, that of *origin* among them.
            origin: From where the messages come: ``Origin("web")``. So do the records of a strategy
                whose record schema declares ``originSource`` ``STRICTLY_CONSISTENT``.
            timestamp: Time of the event, as an aware datetime from 1970 to 9999, for imported
                history. One that this manager used in the session moves to the next free
                millisecond, so events of equal times keep the order of the calls. If omitted, the
                current time, moved later if needed so that it follows every event of the session
                that was written without a time.
            extract: Whether the service may extract records from the event.
            namespace_variables: Values of the memory's own namespace keys, 1 to 5.
            client_token: Calls with the same messages, token and timestamp create one event, and
                send the same request again as far as this manager remembers it. Give each write of
                the memory a token of its own; a UUID if omitted.
            branch_name: The official SDK's name of *branch*.
            event_timestamp: The official SDK's name of *timestamp*.

        Returns:
            The stored event; its ``timestamp`` is the one sent, in UTC and milliseconds.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            ClientTokenInUseError: The token belongs to another write; this one was not stored.
            OutcomeUnknownError: Every response was lost, so the event may have been stored.
            ThrottledError: The service still throttled when the retries ended; not stored.
            NotFoundError: The memory does not exist.
            ServiceError: The service refused it; it was not stored.
            TransportError: Nothing could be sent.

        AWS operation: ``CreateEvent``. Limits: the service model of 2024-02-28 as of botocore
        1.43.117, and the quotas page of 2026-09-26.
        """
        items = list(messages) if isinstance(messages, list) else messages
        return await self._write_event(
            items,
            lambda: payloads.check_messages(items),
            branch=merged(branch, None, branch_name=branch_name),
            metadata=check.check_metadata(metadata, check_origin(origin)),
            timestamp=merged(timestamp, None, event_timestamp=event_timestamp),
            extract=extract,
            client_token=client_token,
            namespace_variables=namespace_variables,
        )

    def record_turn(
        self, user_text: str, chunks: AsyncIterable[str] | Iterable[str]
    ) -> RecordedTurn:
        """
        Return an iterator that passes *chunks* on, and stores the turn when it ends or is left.

        ``return StreamingResponse(session.record_turn(body.message, ask_model(body.message)))``

        The turn is one event: the user's message, and the answer as far as it came. It is stored
        also when its reader leaves, is cancelled or never begins, and when *chunks* raises; the
        metadata of the event then has ``interrupted``. An answer without any text is left out, and
        a text over the limit of a message becomes several messages.

        The manager writes it, so no cancellation of the reader reaches the write. It takes its
        place in the order of the session's writes when the stream ends. A write that fails is
        logged with its ids; ``with_options(retry=...)`` gives it more time. Closing the manager
        waits for these writes, within its ``close_timeout``.

        Args:
            user_text: Message of the user, 1 character or more.
            chunks: Parts of the answer, as an async or other iterable of str. One that is neither
                async nor a collection is iterated in threads, so it may block. It is closed when
                its reader leaves.

        Raises:
            InvalidInputError: An argument is invalid; while iterating: a chunk is not a str.
            ClosedError: The manager is not open.

        AWS operation: ``CreateEvent``.
        """
        check.check_text("user_text", user_text)
        core = self._core
        core.lifecycle.check()
        source = iterate("chunks", chunks)

        def store(answer: str, *, is_interrupted: bool) -> None:
            items = payloads.turn_messages(user_text, answer)
            for at in range(0, len(items), payloads.MAX_MESSAGES):
                request = event_codec.create_event(
                    items[at : at + payloads.MAX_MESSAGES],
                    branch=None,
                    metadata={INTERRUPTED: "true"} if is_interrupted else {},
                    extract=True,
                    namespace_variables=core.namespace_variables,
                )
                core.outbox.put(self._queue, {**self._ids(), **request}, core.retry)

        turn = RecordedTurn(source, store, core.outbox.close_soon)
        core.outbox.add(turn)
        return turn

    def buffered(
        self,
        *,
        max_messages: int = 100,
        max_delay: float | timedelta = 1.0,
        max_pending: int = 1000,
        max_pending_bytes: int = 16 * 1024 * 1024,
        close_timeout: float | timedelta = 10.0,
        branch: str | Branch | None = None,
        metadata: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        branch_name: str | None = None,
    ) -> MessageBuffer:
        """
        Collect messages and write them as few events, for ``async with``.

        Under a policy of its own (``with_options(retry=...).buffered()``) each event is tried that
        long and that often, before the buffer waits a little and tries again.

        Args:
            max_messages: Number of messages that makes an event, 1 to 100.
            max_delay: Longest time that a message waits, in seconds or a timedelta.
            max_pending: Number of pending messages from which on ``add`` waits.
            max_pending_bytes: Bytes of pending text from which on ``add`` waits.
            close_timeout: Longest time that leaving the block takes, in seconds or a timedelta.
            branch: Branch to write to; the main one if omitted.
            metadata: Metadata of each event, at most 15 entries, that of *origin* among them.
            origin: As in ``add_turns``, of each event.
            branch_name: The official SDK's name of *branch*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``CreateEvent``.
        """
        named = check.check_branch(merged(branch, None, branch_name=branch_name))
        entries = check.check_metadata(metadata, check_origin(origin))

        async def write(messages: tuple[ConversationalMessage, ...], token: str) -> Event:
            return await self._write_event(
                messages,
                lambda: payloads.check_messages(messages),
                branch=named,
                metadata=entries,
                timestamp=None,
                extract=True,
                client_token=token,
            )

        return MessageBuffer(
            write,
            self._core.writer.request_in_doubt,
            check_open=self._core.lifecycle.check,
            hold=partial(holding, self._core.polls.lister.wait_clock),
            entered=self._core.outbox.add,
            max_messages=check.check_int("max_messages", max_messages, payloads.MAX_MESSAGES),
            max_delay_s=check.check_duration("max_delay", max_delay),
            max_pending=check.check_int("max_pending", max_pending),
            max_pending_bytes=check.check_int("max_pending_bytes", max_pending_bytes),
            close_timeout_s=check.check_duration("close_timeout", close_timeout),
        )

    async def resolve(self, in_doubt: OutcomeUnknownError | UnsentError | str) -> Event:
        """
        Settle a write whose outcome is unknown: afterwards it is stored, once.

        The request is sent again exactly as it was, with its token and timestamp.

        Args:
            in_doubt: The error that the write or the buffer raised; or, for a write that was
                cancelled, the *client_token* it was called with. The manager remembers 10,000
                cancelled writes, or 64 MiB of them; an error has its request with it.

        Returns:
            The stored event.

        Raises:
            InvalidInputError: The error is of another session or of no write of an event, or has
                nothing in doubt, or no write with this token is in doubt in this manager.
            ClientTokenInUseError: The token belongs to another write; this one was not stored.
            OutcomeUnknownError: It is still unknown.
            ServiceError: The service refused it; it was never stored.

        AWS operation: ``CreateEvent``.
        """
        wanted = (OutcomeUnknownError, UnsentError, str)
        check.check_type(
            "in_doubt",
            in_doubt,
            wanted,
            "give an OutcomeUnknownError, an UnsentError, or the client token of a cancelled write",
        )
        if isinstance(in_doubt, OutcomeUnknownError) and in_doubt.operation != CREATE_EVENT:
            check.refuse(
                f"in_doubt is of {in_doubt.operation}, which does nothing twice; call that again"
            )
        known = in_doubt if isinstance(in_doubt, str) else in_doubt.request or in_doubt.client_token
        if known is None:
            check.refuse(
                "in_doubt is an UnsentError of which nothing was stored; write its messages again"
            )
        return await self._core.writer.resolve(self._queue, known, self._core.retry)

    async def get_last_k_turns(
        self,
        k: int = 10,
        *,
        branch: str | Branch | None = None,
        include_parent_branches: bool = True,
        branch_name: str | None = None,
    ) -> list[Turn]:
        """
        Return the newest *k* messages of the conversation, oldest first.

        ``get_last_k_exchanges`` counts what belongs together instead, so no reply is without its
        question.

        Args:
            k: Number of messages, 1 or more; events without messages do not count.
            branch: Branch to read; the main one if omitted.
            include_parent_branches: Whether the conversation that a branch forks from is read
                before it, up to the fork. False reads the branch's own messages only.
            branch_name: The official SDK's name of *branch*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListEvents``, as many pages as it takes.
        """
        found = await self._newest(
            check.check_int("k", k),
            merged(branch, None, branch_name=branch_name),
            include_parents=include_parent_branches,
            events=k,
        )
        return turns(found)[-k:]
