"""Exchanges of a conversation, read back for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore_memory_async._operations.newest import NewestOperations
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async._wire.turns import count_exchanges, exchanges

if TYPE_CHECKING:
    from agentcore_memory_async.models import Branch, Exchanges

EVENTS_PER_EXCHANGE = 3
"""Events of an exchange where question, answer and a tool's result are stored one by one."""


class ExchangeOperations(NewestOperations):
    """The exchanges of a session."""

    async def get_last_k_exchanges(
        self,
        k: int = 10,
        *,
        branch: str | Branch | None = None,
        include_parent_branches: bool = True,
        branch_name: str | None = None,
    ) -> Exchanges:
        """
        Return the newest *k* exchanges of the conversation, whole, oldest first.

        An exchange is a message of the user with all the replies to it, so the call of a tool and
        its result stay together, in however many messages and events they are stored. Each message
        of the user begins one; the parts in which a long text is stored are one. Messages before
        the user's first, such as a greeting, are an exchange of their own. Events without messages
        do not count.

        ``to_openai()``, ``to_anthropic()`` and ``to_converse()`` of what is returned give the
        messages for a model.

        Args:
            k: Number of exchanges, 1 or more.
            branch: Branch to read; the main one if omitted.
            include_parent_branches: Whether the conversation that a branch forks from is read
                before it, up to the fork.
            branch_name: The official SDK's name of *branch*.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListEvents``, as many pages as it takes.
        """
        found = await self._newest(
            check.check_int("k", k),
            merged(branch, None, branch_name=branch_name),
            include_parents=include_parent_branches,
            events=EVENTS_PER_EXCHANGE * k,
            count=count_exchanges,
        )
        return exchanges(found)[-k:]
