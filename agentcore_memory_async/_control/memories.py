"""Memories: made, found, read, waited for and deleted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve

from agentcore_memory_async._calls.pagination import MAX_PAGE, Pages, collect
from agentcore_memory_async._control.core import ControlView, check_wait, id_of, token_of
from agentcore_memory_async._control.waiting import (
    Awaited,
    MemoryWait,
    being_deleted,
    is_ready,
    rest,
    wait_until_gone,
)
from agentcore_memory_async._control.wanted import (
    DEFAULT_EVENT_EXPIRY_DAYS,
    Wanted,
    find_differences,
    may_be_named,
)
from agentcore_memory_async._random_ids import random_id
from agentcore_memory_async._warnings import warn_caller
from agentcore_memory_async._wire import control_rules as rules
from agentcore_memory_async._wire import memory_codec
from agentcore_memory_async._wire import validation as check
from agentcore_memory_async._wire.synonyms import merged
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    ConflictError,
    MemoryDiffersWarning,
    NotFoundError,
    OutcomeUnknownError,
    ValidationError,
)
from agentcore_memory_async.models import Memory, MemorySummary

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import timedelta

    from agentcore_memory_async.strategies import (
        IndexedKey,
        NamespaceKey,
        NewStrategy,
        StreamDelivery,
    )

USUAL_PAGE = 50
"""Memories of a page: the service model allows 100, an older page of AWS's documentation 50."""
_EXISTS = "already exists"
"""What the service's message says where the name of a new memory is taken."""


class MemoryOperations(ControlView):
    """The memories of an account in a region."""

    async def create_memory(
        self,
        name: str,
        *,
        strategies: Sequence[NewStrategy] = (),
        event_expiry_days: int = DEFAULT_EVENT_EXPIRY_DAYS,
        indexed_keys: Sequence[IndexedKey] = (),
        namespace_keys: Sequence[NamespaceKey] = (),
        description: str | None = None,
        memory_execution_role_arn: str | None = None,
        encryption_key_arn: str | None = None,
        stream_delivery: Sequence[StreamDelivery] = (),
        tags: Mapping[str, str] | None = None,
        client_token: str | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
    ) -> Memory:
        """
        Create a memory, and wait until it is active.

        Args:
            name: Name, unique in the account and region: a letter and up to 47 letters, digits and
                ``_``.
            strategies: What is extracted, and where it is filed; none keeps events only.
            event_expiry_days: Days for which events are kept, 3 to 3,650.
            indexed_keys: Metadata keys by which records can be filtered, at most 10.
            namespace_keys: Variables of its own for namespace templates, at most 5.
            description: Description, 1 to 4,096 characters.
            memory_execution_role_arn: ARN of the role by which custom strategies and streams work.
            encryption_key_arn: ARN of a KMS key of yours; the service's own if omitted.
            stream_delivery: Streams that are told of its records, at most one.
            tags: Tags, at most 50.
            client_token: Calls with the same token create one memory; one of its own if omitted.
            wait: Whether to wait until it and its strategies are active: about two minutes on AWS.
            timeout: Longest time of that wait, in seconds or a timedelta.

        Returns:
            The memory; with ``wait=False`` as it was answered, mostly ``CREATING``.

        Raises:
            InvalidInputError: An argument is invalid.
            ValidationError: The service refused it, such as a name that is taken.
            MemoryFailedError: It was not made; the error has the reason.
            MemoryTimeoutError: It was not active in time.
            OutcomeUnknownError: It may have been made; calling again with its token is safe.

        AWS operations: ``CreateMemory``, and ``GetMemory`` while waiting.
        """
        wanted = Wanted(
            name=name,
            strategies=strategies,
            event_expiry_days=event_expiry_days,
            description=description,
            indexed_keys=indexed_keys or None,
            namespace_keys=namespace_keys or None,
            memory_execution_role_arn=memory_execution_role_arn,
            encryption_key_arn=encryption_key_arn,
            stream_delivery=stream_delivery or None,
            tags=tags,
        )
        request = wanted.request() | {"clientToken": token_of(client_token)}
        timeout_s = check_wait(wait, timeout)
        memory = await self._core.change("CreateMemory", request, self._core.read_memory)
        if not wait:
            return memory
        awaited = Awaited(since=memory.updated_at, is_new=True)
        return await MemoryWait(self._core, memory.memory_id, timeout_s, awaited)

    async def get_or_create_memory(
        self,
        name: str,
        *,
        strategies: Sequence[NewStrategy] | None = None,
        event_expiry_days: int | None = None,
        indexed_keys: Sequence[IndexedKey] | None = None,
        namespace_keys: Sequence[NamespaceKey] | None = None,
        description: str | None = None,
        memory_execution_role_arn: str | None = None,
        encryption_key_arn: str | None = None,
        stream_delivery: Sequence[StreamDelivery] | None = None,
        tags: Mapping[str, str] | None = None,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
    ) -> Memory:
        """
        Return the memory of exactly this name, over all pages; create it where there is none.

        Several processes may call it at the same time: one creates it, the others get it. An
        existing memory is never changed. Where it is not as it is wanted, its ``differences`` say
        how, and a `MemoryDiffersWarning` names them; what is None is not compared, nor are tags
        that are not asked for. One that is being deleted is waited for, and created anew.

        Args:
            name: As in ``create_memory``, like all arguments.
            strategies: As there.
            event_expiry_days: As there; 90 for a new memory if omitted.
            indexed_keys: As there.
            namespace_keys: As there.
            description: As there.
            memory_execution_role_arn: As there.
            encryption_key_arn: As there.
            stream_delivery: As there.
            tags: As there.
            wait: As there, also for one that exists and is not active yet. Of its strategies only
                those that are asked for have to be.
            timeout: As there, for all waits together.

        Returns:
            The memory, with ``differences``.

        Raises:
            InvalidInputError: An argument is invalid.
            MemoryFailedError: The memory, or a strategy that is asked for, is or becomes
                ``FAILED``; or it is being deleted, with ``wait=False``.
            MemoryTimeoutError: It was not active in time.

        AWS operations: ``ListMemories``, ``GetMemory``, where it is needed ``CreateMemory``, and
        with *tags* ``ListTagsForResource``.
        """
        wanted = Wanted(
            name=name,
            strategies=strategies,
            event_expiry_days=event_expiry_days,
            description=description,
            indexed_keys=indexed_keys,
            namespace_keys=namespace_keys,
            memory_execution_role_arn=memory_execution_role_arn,
            encryption_key_arn=encryption_key_arn,
            stream_delivery=stream_delivery,
            tags=tags,
        )
        request = wanted.request() | {"clientToken": random_id()}
        timeout_s = check_wait(wait, timeout)
        clock = self._core.wait_clock
        deadline = clock.now() + timeout_s
        memory, is_new = await self._find_or_create(name, request, deadline, wait=wait)
        names = frozenset(each.name for each in strategies or ())
        awaited = Awaited(names, memory.updated_at, is_new)
        if wait and (is_new or not is_ready(memory, awaited)):
            left_s = max(0.0, deadline - clock.now())
            memory = await MemoryWait(self._core, memory.memory_id, left_s, awaited)
        if is_new:
            return memory
        found = None if tags is None else await self.list_tags(memory)
        differences = find_differences(wanted, memory, found)
        if differences:
            what = ", ".join(each.what for each in differences)
            warn_caller(
                f"memory {memory.memory_id} exists and is not as it is wanted: {what}; its "
                "differences say how, and update_memory() changes it",
                MemoryDiffersWarning,
            )
        return evolve(memory, differences=differences)

    async def get_memory(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        view: Literal["full", "without_decryption"] | None = None,
        memory_id: str | None = None,
    ) -> Memory:
        """
        Return a memory with its strategies.

        Args:
            memory: Memory id or ARN, or a memory.
            view: ``without_decryption`` leaves out what the memory's own KMS key encrypts, so that
                no permission for the key is needed.
            memory_id: The official SDK's name of *memory*.

        Raises:
            NotFoundError: There is no such memory in this region.

        AWS operation: ``GetMemory``.
        """
        memory = merged(memory, None, memory_id=memory_id)
        request = {"memoryId": id_of(memory)}
        if view is not None:
            request["view"] = rules.VIEW("view", view)
        return await self._core.read("GetMemory", request, self._core.read_memory)

    async def list_memories(
        self, *, max_results: int | None = None, page_size: int = USUAL_PAGE
    ) -> list[MemorySummary]:
        """
        Return the memories of the account in this region: every page of them.

        ``iter_memories`` yields the same one by one.

        Args:
            max_results: Largest number of memories; all if omitted.
            page_size: Memories per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemories``.
        """
        return await collect(self._memory_pages(page_size), max_results)

    async def iter_memories(self, *, page_size: int = USUAL_PAGE) -> AsyncGenerator[MemorySummary]:
        """
        Iterate over the memories of the account in this region; ``list_memories`` returns a list.

        The service names no memory there: its id begins with its name.

        Args:
            page_size: Memories per request, 1 to 100.

        Raises:
            InvalidInputError: An argument is invalid.

        AWS operation: ``ListMemories``.
        """
        async for page in self._memory_pages(page_size):
            for memory in page:
                yield memory

    def _memory_pages(self, page_size: int) -> Pages[MemorySummary]:
        core, size = self._core, check.check_int("page_size", page_size, MAX_PAGE)

        def read(body: Mapping[str, Any]) -> list[MemorySummary]:
            return memory_codec.read_summaries("ListMemories", body, core.unreadable)

        return Pages(core.retrier, "ListMemories", {}, read, size, core.retry)

    def wait_until_active(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        timeout: float | timedelta = 300.0,
        memory_id: str | None = None,
    ) -> MemoryWait:
        """
        Wait until a memory and all its strategies are active: ``await`` it, or follow it.

        ```python
        async for seen in control.wait_until_active(memory):
            print(seen.status)
        ```

        It polls at growing intervals with jitter, up to 10 s. ``UPDATING`` is waited for, too.

        Args:
            memory: Memory id or ARN, or a memory.
            timeout: Longest time of the wait, in seconds or a timedelta.
            memory_id: The official SDK's name of *memory*.

        Returns:
            A wait whose result is the memory. It raises ``MemoryFailedError`` with the service's
            reason where the memory or a strategy is ``FAILED``, ``MemoryTimeoutError`` at the
            deadline, and errors of the service that a later poll could not mend.

        AWS operation: ``GetMemory``.
        """
        memory = merged(memory, None, memory_id=memory_id)
        timeout_s = check.check_duration("timeout", timeout, least=0.001)
        return MemoryWait(self._core, id_of(memory), timeout_s, Awaited.of(memory))

    async def delete_memory(
        self,
        memory: Memory | MemorySummary | str | None = None,
        *,
        wait: bool = True,
        timeout: float | timedelta = 300.0,  # noqa: ASYNC109 - waiting is what it is for
        memory_id: str | None = None,
    ) -> None:
        """
        Delete a memory with all its events and records; this cannot be undone.

        One that is being deleted already counts as deleted by this call.

        Args:
            memory: Memory id or ARN, or a memory.
            wait: Whether to wait until it is gone.
            timeout: Longest time of that wait, in seconds or a timedelta.
            memory_id: The official SDK's name of *memory*.

        Raises:
            NotFoundError: There is no such memory in this region.
            ValidationError: It is ``CREATING`` or ``UPDATING``; wait until it is active first.
            OutcomeUnknownError: No answer came that tells, and it is not being deleted.
            MemoryFailedError: It could not be deleted.
            MemoryTimeoutError: It is still there.

        AWS operations: ``DeleteMemory``, and ``GetMemory`` while waiting.
        """
        memory = merged(memory, None, memory_id=memory_id)
        memory_id = id_of(memory)
        timeout_s = check_wait(wait, timeout)
        request = {"memoryId": memory_id, "clientToken": random_id()}
        try:
            await self._core.change("DeleteMemory", request, memory_codec.read_deleted)
        except (ConflictError, OutcomeUnknownError, ValidationError) as error:
            if not await self._is_being_deleted(memory_id, error):
                raise
        if wait:
            await wait_until_gone(self._core, memory_id, timeout_s)

    async def list_tags(self, memory: Memory | MemorySummary | str) -> dict[str, str]:
        """
        Return the tags of a memory.

        Args:
            memory: A memory, its ARN, or its id; with the id the ARN is asked for.

        AWS operations: ``ListTagsForResource``, and for an id ``GetMemory``.
        """
        request = {"resourceArn": await self._arn_of(memory)}
        return await self._core.read("ListTagsForResource", request, memory_codec.read_tags)

    async def tag_memory(
        self, memory: Memory | MemorySummary | str, tags: Mapping[str, str]
    ) -> None:
        """
        Add tags to a memory; one of the same key is replaced.

        Args:
            memory: As in ``list_tags``.
            tags: Tags, at most 50.

        Raises:
            InvalidInputError: A tag is invalid.

        AWS operations: ``TagResource``, and for an id ``GetMemory``.
        """
        checked = rules.check_tags("tags", tags)
        request = {"resourceArn": await self._arn_of(memory), "tags": checked}
        await self._core.change("TagResource", request, _read_nothing)

    async def untag_memory(self, memory: Memory | MemorySummary | str, keys: Sequence[str]) -> None:
        """
        Remove tags from a memory; keys that it does not have are ignored.

        Args:
            memory: As in ``list_tags``.
            keys: Keys of the tags, at most 200.

        Raises:
            InvalidInputError: A key is invalid.

        AWS operations: ``UntagResource``, and for an id ``GetMemory``.
        """
        texts = rules.check_items("keys", keys, str, 200)
        checked = [rules.TAG_KEY(f"keys[{place}]", key) for place, key in enumerate(texts)]
        request = {"resourceArn": await self._arn_of(memory), "tagKeys": checked}
        await self._core.change("UntagResource", request, _read_nothing)

    async def _arn_of(self, memory: Memory | MemorySummary | str) -> str:
        if isinstance(memory, Memory | MemorySummary) and memory.arn:
            return memory.arn
        if isinstance(memory, str) and memory.startswith("arn:"):
            return check.check_memory_id(memory)
        return (await self.get_memory(memory)).arn

    async def _is_being_deleted(self, memory_id: str, error: AgentCoreMemoryError) -> bool:
        """Return whether the memory is gone or going; raise *error* where a look does not tell."""
        try:
            return (await self.get_memory(memory_id)).status == "DELETING"
        except NotFoundError:
            return True
        except AgentCoreMemoryError as unread:
            raise error from unread

    async def _find_or_create(
        self, name: str, request: Mapping[str, Any], deadline: float, *, wait: bool
    ) -> tuple[Memory, bool]:
        """Return the memory of that name, and whether it was created here."""
        clock, tries, source = self._core.wait_clock, 0, random.Random()
        memory = await self._find(name)
        while True:
            tries += 1
            if memory is not None and memory.status != "DELETING":
                return memory, False
            if memory is not None:
                if not wait:
                    raise being_deleted(memory)
                await wait_until_gone(self._core, memory.memory_id, deadline - clock.now())
            try:
                return await self._core.change(
                    "CreateMemory", request, self._core.read_memory
                ), True
            except (ConflictError, OutcomeUnknownError, ValidationError) as error:
                # Another process was faster, or an attempt whose answer was lost; the list may not
                # show the memory yet.
                if not _may_exist(error) or clock.now() >= deadline:
                    raise
            memory = await self._find(name)
            if memory is None:
                await rest(self._core, tries, deadline, source)
                memory = await self._find(name)

    async def _find(self, name: str) -> Memory | None:
        """Return the memory of that name; None where no page has it."""
        found = self.iter_memories()
        try:
            async for summary in found:
                if may_be_named(summary.memory_id, name):
                    memory = await self._get_if_there(summary.memory_id)
                    if memory is not None and memory.name == name:
                        return memory
        finally:
            await found.aclose()
        return None

    async def _get_if_there(self, memory_id: str) -> Memory | None:
        """Return a memory of a list; None where it has been deleted since."""
        try:
            return await self.get_memory(memory_id)
        except NotFoundError:
            return None


def _may_exist(error: ConflictError | OutcomeUnknownError | ValidationError) -> bool:
    """Return whether a memory may be there by the name of one that was to be created."""
    return isinstance(error, OutcomeUnknownError) or _EXISTS in error.message.lower()


def _read_nothing(_operation: str, _body: object) -> None:
    """Read an answer that says nothing."""
