"""
The sync facade's building blocks: methods and iterators derived from async ones.

Each is one line in the class body and keeps the async method's parameters, types, defaults and
docstring through ParamSpec, so that the two faces can't drift.
"""

from __future__ import annotations

import concurrent.futures
import inspect
import threading
from asyncio import CancelledError
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast

from anyio import CancelScope, Event, current_time

from agentcore_memory_async._portal import PATIENCE, loop_thread, warn_in_a_running_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agentcore_memory_async._portal import Backing, LoopThread

CHUNK = 128
"""How many items an iterator hands over in one hop, at most; it begins with one and doubles."""

DERIVED = "__agentcore_derived__"
"""Marks the functions made here, which get their names from the class they are put in."""

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S", bound="BlockingFacade[Any]")
T = TypeVar("T")


class Feed(Generic[T]):
    """
    Runs an async iterator in one task and hands its items over in chunks; on the loop thread.

    It runs ahead of its reader only within the chunk that was asked for. One task for all steps
    makes cancel scopes in the iterator legal, and lets it be closed at any moment.
    """

    def __init__(self, thread: LoopThread, iterator: AsyncIterator[T]) -> None:
        self.thread = thread
        self._iterator = iterator
        self._items: deque[T] = deque()
        self._wanted = 0
        self._asked = Event()
        self._came = Event()
        self._ended = Event()
        # Shielded: it is ended by closing, in order, also when the whole thread stops.
        self._scope = CancelScope(shield=True)
        self._stepping = self._ending = False
        self._error: BaseException | None = None
        thread.closers.add(self.end)
        thread.tasks.start_soon(self._run)

    async def take(self, most: int) -> list[T]:
        """Return what is there, at least one item, or nothing at the end."""
        while not self._items and not self._ended.is_set():
            self._wanted = most
            if self._came.is_set():
                self._came = Event()
            self._asked.set()
            await self._came.wait()
        items = list(self._items)
        self._items.clear()
        if not items and self._error is not None:
            error, self._error = self._error, None
            raise error
        return items

    async def _run(self) -> None:
        try:
            with self._scope:
                try:
                    await self._steps()
                except CancelledError:
                    self._error = concurrent.futures.CancelledError()
                    if self._scope.cancel_called or self.thread.stopping:
                        raise
                except BaseException as error:  # noqa: BLE001 - rises in the reader's thread
                    self._error = error
        finally:
            self.thread.closers.discard(self.end)
            self._ended.set()
            self._came.set()

    async def _steps(self) -> None:
        await self._asked.wait()
        while not self._ending:
            self._stepping = True
            try:
                item = await anext(self._iterator)
            except StopAsyncIteration:
                return
            finally:
                self._stepping = False
            self._items.append(item)
            self._came.set()
            if len(self._items) >= self._wanted and not self._ending:
                self._asked = Event()
                await self._asked.wait()
        self._scope.deadline = current_time() + PATIENCE
        aclose: Callable[[], Awaitable[None]] | None = getattr(self._iterator, "aclose", None)
        if aclose is not None:
            await aclose()

    def end(self) -> None:
        """End it: cut a step off, or close the iterator between two; on the loop thread."""
        self._ending = True
        self._asked.set()
        if self._stepping:
            self._scope.cancel()

    def close_soon(self) -> None:
        """Close without waiting, from any thread."""
        self.thread.post(self.end)

    async def close(self) -> None:
        """Close and wait."""
        self.end()
        await self._ended.wait()


class BlockingIterator(Generic[T]):
    """
    Goes through an async iterator, from any thread.

    Items come in growing chunks, of one item at first, and never later than they are there.
    ``close()`` ends it early; so does leaving a ``for`` loop, as nobody holds it any more.
    """

    def __init__(self, backing: Backing, name: str, iterator: AsyncIterator[T]) -> None:
        self._backing = backing
        self._name = name
        self._iterator: AsyncIterator[T] | None = iterator
        self._feed: Feed[T] | None = None
        self._items: deque[T] = deque()
        self._most = 1
        self._one_at_a_time = threading.RLock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._one_at_a_time:
            if not self._items and self._iterator is not None:
                warn_in_a_running_loop(type(self).__name__, self._name)
                self._fetch()
            if not self._items:
                raise StopIteration
            return self._items.popleft()

    def _fetch(self) -> None:
        try:
            self._items += self._backing.call(self._name, self._take)
        except BaseException:
            self.close()  # interrupted or failed, it has ended, as a generator would
            raise
        self._most = min(2 * self._most, CHUNK)
        if not self._items:
            self._iterator = self._feed = None

    async def _take(self) -> list[T]:
        if self._feed is None:
            self._feed = Feed(loop_thread(), cast("AsyncIterator[T]", self._iterator))
        return await self._feed.take(self._most)

    def close(self) -> None:
        """End it and wait until nothing of it is under way; closing again does nothing."""
        feed, self._feed, self._iterator = self._feed, None, None
        self._items.clear()
        if feed is not None and feed.thread.usable:
            feed.thread.call(feed.close)

    def __del__(self) -> None:
        if self._feed is not None:
            self._feed.close_soon()


class BlockingFacade(Generic[A_co]):
    """
    The sync face of an async object; its methods are derived from it.

    ``x = blocking(Async.x)`` in the class body has the parameters, types, defaults and docstring
    of ``Async.x``, for people, tools and type checkers.
    """

    _inner: A_co
    _backing: Backing

    def __init_subclass__(cls) -> None:
        for name, value in vars(cls).items():
            if hasattr(value, DERIVED):
                value.__name__ = name
                value.__qualname__ = f"{cls.__qualname__}.{name}"
                value.__module__ = cls.__module__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {repr(self._inner).partition(' ')[2]}"


def _dressed(
    function: Callable[Q, R], signature: inspect.Signature, doc: str | None
) -> Callable[Q, R]:
    """Give *function* the looks of the async one. ``__wrapped__`` would make it a coroutine's."""
    annotations = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if parameter.annotation is not parameter.empty
    }
    annotations["return"] = signature.return_annotation
    attributes = {
        DERIVED: True,
        "__doc__": doc,
        "__signature__": signature,
        "__annotations__": annotations,
    }
    for name, value in attributes.items():
        setattr(function, name, value)
    return function


def _derived(
    function: Callable[Q, R], source: Callable[..., object], returns: object = None
) -> Callable[Q, R]:
    """Give *function* the looks of *source*, but for what it returns."""
    signature = inspect.signature(source)
    if returns is not None:
        signature = signature.replace(return_annotation=returns)
    return _dressed(function, signature, source.__doc__)


def _twin(inner: object, method: Callable[..., object]) -> str:
    """Say what to await instead: the public class may have the method from a base of its own."""
    name = type(inner).__name__
    return name if method.__name__.startswith("_") else f"{name}.{method.__name__}"


def blocking(
    method: Callable[Concatenate[A, P], Awaitable[R]],
) -> Callable[Concatenate[BlockingFacade[A], P], R]:
    """Derive a method that waits for what *method* gives."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> R:
        instead = _twin(self._inner, method)
        warn_in_a_running_loop(call.__qualname__, instead)
        function = partial(method, self._inner, *args, **kwargs)
        return self._backing.call(instead, function)

    return _derived(call, method)


def blocking_into(
    method: Callable[Concatenate[A, P], Awaitable[object]], into: type[S]
) -> Callable[Concatenate[BlockingFacade[A], P], S]:
    """Derive a method that waits for an async object and gives its facade, of class *into*."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> S:
        instead = _twin(self._inner, method)
        warn_in_a_running_loop(call.__qualname__, instead)
        function = partial(method, self._inner, *args, **kwargs)
        inner = self._backing.call(instead, function)
        return _around(into, inner, self._backing)

    return _derived(call, method, into.__name__)


def making(
    method: Callable[Concatenate[A, P], object], into: type[S]
) -> Callable[Concatenate[BlockingFacade[A], P], S]:
    """Derive a method that makes an async object, without I/O, and gives its facade."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> S:
        function = partial(method, self._inner, *args, **kwargs)
        inner = self._backing.make(_twin(self._inner, method), function)
        return _around(into, inner, self._backing)

    return _derived(call, method, into.__name__)


def _around(into: type[S], inner: object, backing: Backing) -> S:
    facade = into.__new__(into)
    vars(facade).update(_inner=inner, _backing=backing)
    return facade


def blocking_iterator(
    method: Callable[Concatenate[A, P], AsyncIterator[R]],
) -> Callable[Concatenate[BlockingFacade[A], P], BlockingIterator[R]]:
    """Derive a method that gives a blocking iterator over what *method* goes through."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> BlockingIterator[R]:
        iterator = method(self._inner, *args, **kwargs)
        return BlockingIterator(self._backing, _twin(self._inner, method), iterator)

    given = str(inspect.signature(method).return_annotation)
    return _derived(call, method, f"BlockingIterator[{given.partition('[')[2].removesuffix(']')}]")


def constructing(
    cls: Callable[P, A],
) -> Callable[[Callable[[Any], None]], Callable[Concatenate[BlockingFacade[A], P], None]]:
    """Derive an ``__init__`` that makes the async object; what it decorates is called then."""

    def decorate(
        then: Callable[[Any], None],
    ) -> Callable[Concatenate[BlockingFacade[A], P], None]:
        def construct(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> None:
            self._inner = cls(*args, **kwargs)
            then(self)

        signature = inspect.signature(cls)
        parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        parameters += signature.parameters.values()
        return _dressed(construct, signature.replace(parameters=parameters), then.__doc__)

    return decorate
