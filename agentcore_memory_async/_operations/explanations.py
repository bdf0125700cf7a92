"""Where a record comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._operations.branches import BranchOperations
from agentcore_memory_async._wire import explanations
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async.models import MemoryRecord

if TYPE_CHECKING:
    from agentcore_memory_async.models import Explanation


class ExplanationOperations(BranchOperations):
    """What the records of a session can come from."""

    async def explain(self, record: MemoryRecord) -> Explanation:
        """
        Return the events and messages of this session that *record* can come from.

        A record names no event. Where a strategy passes metadata of events on to its records, they
        are the events with the same; that is exact. Elsewhere they are all that were stored before
        the record was, the nearest first. ``by`` of what is returned says which of the two.

        The keys are those that the record's strategy declares ``STRICTLY_CONSISTENT``, as far as
        the manager was told by ``describe`` or made by ``control.manager``. Before, a key that the
        record and the events have in common may have been inferred by a model, so it is by time;
        so is a record in the namespace of another actor or session.

        Args:
            record: A record, as it was listed or found.

        Raises:
            InvalidInputError: *record* is no `MemoryRecord`.

        AWS operation: ``ListEvents``, all pages.
        """
        check.check_type("record", record, MemoryRecord, "give a MemoryRecord of a list or search")
        ids = {"actorId": self.actor_id, "sessionId": self.session_id}
        keys = self._core.namespaces.keys_of(record, ids)
        return explanations.explain(record, await self._all_events(with_payloads=True), keys)
