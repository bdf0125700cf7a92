"""Lists in pages: followed by their token, never stopped by an empty page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from agentcore_memory_async._wire.validation import check_int
from agentcore_memory_async.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._calls.rate_limit import TokenBucket
    from agentcore_memory_async._calls.retry import Retrier
    from agentcore_memory_async._calls.wait_clock import WaitClock
    from agentcore_memory_async._transport.base import Answer
    from agentcore_memory_async.policies import RetryPolicy

T = TypeVar("T")

MAX_PAGE = 100
"""Largest page of a list."""
MAX_JOBS_PAGE = 50
"""Largest page of ListMemoryExtractionJobs."""


class Pages(Generic[T]):
    """
    An async iterator over pages, some of which may be empty.

    Between two pages nothing is under way, so it may be left at any time.

    Args:
        retrier: Sends the requests.
        operation: The wire name of the operation.
        params: Its members without ``maxResults`` and ``nextToken``.
        reader: Reads the items of a body.
        page_size: 1 to 100; it is always sent, since the service's default is not certain.
        policy: How long and how often each request is tried.
        is_filtered: Whether *reader* may leave out most items of a page.

    Attributes:
        over: Whether the last page was returned.
        page_size: Size of the next page.
        is_filtered: As given.
    """

    def __init__(
        self,
        retrier: Retrier,
        operation: str,
        params: Mapping[str, Any],
        reader: Callable[[Mapping[str, Any]], list[T]],
        page_size: int,
        policy: RetryPolicy,
        *,
        is_filtered: bool = False,
    ) -> None:
        self._retrier = retrier
        self._operation = operation
        self._params = params
        self._token: str | None = None
        self.page_size = page_size
        self._reader = reader
        self._seen = set[str]()
        self._policy = policy
        self.is_filtered = is_filtered
        self.over = False

    def __aiter__(self) -> Self:
        return self

    async def pace(self, clock: WaitClock, bucket: TokenBucket) -> None:
        """Wait until *bucket* lets the next page be asked for."""
        await self._retrier.pace(self._operation, clock, bucket)

    async def __anext__(self) -> list[T]:
        if self.over:
            raise StopAsyncIteration
        request = {**self._params, "maxResults": self.page_size}
        if self._token:
            request["nextToken"] = self._token
        items, self._token = await self._retrier.read(
            self._operation, request, self._read, self._policy
        )
        self.over = not self._token
        if self._token:
            if self._token in self._seen:
                text = "a nextToken came twice, the list has no end"
                raise DecodeError(self._operation, text, parsed=True)
            self._seen.add(self._token)
        return items

    def _read(self, answer: Answer) -> tuple[list[T], str | None]:
        token = answer.body.get("nextToken")
        if token is not None and not isinstance(token, str):
            text = "its nextToken is not a string"
            raise DecodeError(self._operation, text, answer.body, parsed=True)
        return self._reader(answer.body), token


async def collect(pages: Pages[T], max_results: int | None) -> list[T]:
    """
    Return the items of *pages* as a list, at most *max_results*.

    The first page asks for no more, unless the pages are filtered here.
    """
    if max_results is None:
        return [item async for page in pages for item in page]
    size, most = pages.page_size, check_int("max_results", max_results)
    if not pages.is_filtered:
        pages.page_size = min(size, most)
    items: list[T] = []
    async for page in pages:
        pages.page_size = size
        items += page
        if len(items) >= most:
            break
    return items[:most]
