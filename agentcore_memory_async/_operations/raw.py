"""Any operation of the service, by its wire name and members."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._calls.observer import observed
from agentcore_memory_async._calls.settling import settle_by_answer, settle_deletion
from agentcore_memory_async._core import View
from agentcore_memory_async._threads import run_apart, run_in_thread
from agentcore_memory_async._wire import requests
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.weight import is_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async._transport.base import Answer


class RawOperations(View):
    """Any operation of the service's model, for what no method offers."""

    async def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """
        Send any operation of the service's model, and return the JSON of the answer as it came.

        It has the connection, retries, flow control and errors of all calls. A read is tried as a
        read, anything else until its outcome is known, with one client token for all attempts. It
        returns one page of a list. An event that it writes keeps the time that it names: it takes
        no place in the order of the session's writes and is not paced, so use ``add_turns`` where
        order matters.

        Args:
            operation: Wire name, such as ``CreateEvent``.
            params: Members by the service's names. ``memoryId`` is filled in, and so is a missing
                ``clientToken``. A time is an aware datetime, or seconds since 1970.

        Raises:
            InvalidInputError: The service has no such operation, or its model refuses the members;
                nothing was sent.
            OutcomeUnknownError: No answer tells whether a change was made. ``resolve()`` of the
                session settles that of an event; others may be called again with the same token.
            ServiceError: The service refused it.

        AWS operation: the one that *operation* names.
        """
        core = self._core
        if not requests.is_loaded():
            await run_in_thread(requests.load)
        operation = requests.check_operation(operation)
        checked = operation, params, self.memory_id
        request = await run_apart(requests.check_request, *checked, large=is_large(params))
        if "actorId" in request:
            hierarchical = core.allow_hierarchical_actor_ids
            check.check_actor_id(request["actorId"], hierarchical=hierarchical)

        def read(answer: Answer) -> dict[str, Any]:
            return requests.read_answer(operation, answer.body)

        if operation.startswith(requests.READS):
            answered = core.retrier.read(operation, request, read, core.retry)
            return await observed(core.retrier.observer, operation, request, answered)
        deleted = requests.deleted(operation, request)
        settle = settle_by_answer if deleted is None else partial(settle_deletion, deleted)
        answered = core.retrier.change(operation, request, read, core.retry, settle=settle)
        return await observed(core.retrier.observer, operation, request, answered)
