"""Content that is extracted from and not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._core import ActorView
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._threads import run_apart
from agentcore_memory_async._wire import event_codec, payloads
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.origins import check_origin
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async._wire.weight import is_large

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from agentcore_memory_async.models import ConversationalMessage, JsonPayload, Origin


class IngestOperations(ActorView):
    """Content of an actor, or of one of its sessions, for extraction only."""

    async def ingest_data(
        self,
        messages: Sequence[ConversationalMessage | Mapping[str, object] | JsonPayload],
        *,
        timestamp: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        origin: Origin | None = None,
        namespace_variables: Mapping[str, str] | None = None,
        client_token: str | None = None,
        event_timestamp: datetime | None = None,
    ) -> str:
        """
        Send *messages* to be extracted from, without storing an event; return the session id.

        An actor's are of a session that the service makes. The call returns when the service has
        accepted them; ``extraction_poller``, entered before, waits for the records. It takes no
        place in the order of the session's events.

        Args:
            messages: 1 to 100 messages and ``JsonPayload``, together at most 100 KB as JSON.
            timestamp: Time of the content, as an aware datetime from 1970 to 9999; now if omitted.
            metadata: At most 15 entries of plain text, that of *origin* among them.
            origin: As in ``add_turns``.
            namespace_variables: Values of the memory's own namespace keys, 1 to 5.
            client_token: Calls with the same token are one; a UUID if omitted.
            event_timestamp: The official SDK's name of *timestamp*.

        Raises:
            InvalidInputError: An argument is invalid; nothing was sent.
            OutcomeUnknownError: No answer tells, so it may be accepted; calling again with
                the error's ``client_token`` does nothing twice.
            NotFoundError: The memory does not exist.

        AWS operation: ``IngestData``.
        """
        entries = check.check_metadata(metadata, check_origin(origin))
        variables = self._all_variables(namespace_variables)
        timestamp = merged(timestamp, None, event_timestamp=event_timestamp)
        stamp_ms = None if timestamp is None else check.check_timestamp(timestamp)
        token = random_id() if client_token is None else check.check_client_token(client_token)
        items = list(messages) if isinstance(messages, list) else messages

        def build() -> dict[str, Any]:
            return event_codec.ingest_data(
                payloads.check_ingested(items), metadata=entries, namespace_variables=variables
            )

        content = await run_apart(build, large=is_large(items))
        core = self._core
        params = {
            "memoryId": self.memory_id,
            "actorId": self.actor_id,
            **({} if self._session_id is None else {"sessionId": self._session_id}),
            **content,
            "contentTimestamp": (core.writer.now_ms() if stamp_ms is None else stamp_ms) / 1000,
            "clientToken": token,
        }
        operation, retrier = "IngestData", core.retrier
        ingested = retrier.change(
            operation,
            params,
            lambda answer: event_codec.read_ingested(answer.body),
            core.retry,
        )
        return await observed(retrier.observer, operation, params, ingested)
