"""
The building blocks of the sync facade: methods derived from async ones.

Each is one line in the class body and keeps the async method's parameters, types, defaults and
docstring through ParamSpec, so that the two APIs cannot drift apart.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, ParamSpec, TypeVar

from agentcore_memory_async._sync.iterator import BlockingIterator
from agentcore_memory_async._sync.loop_thread import warn_in_a_running_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agentcore_memory_async._sync.shared_resource import SharedResource


DERIVED = "__agentcore_derived__"
"""Marks the functions made here, which get their names from the class that contains them."""

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
IteratorT = TypeVar("IteratorT", bound=BlockingIterator[Any])
S = TypeVar("S", bound="BlockingFacade[Any]")
T = TypeVar("T")


class BlockingFacade(Generic[A_co]):
    """
    A sync API for an async object; its methods are derived from it.

    ``x = blocking(Async.x)`` in the class body has the parameters, types, defaults and docstring
    of ``Async.x``, for readers, tools and type checkers.
    """

    _inner: A_co
    _backing: SharedResource

    def __init_subclass__(cls) -> None:
        for name, value in vars(cls).items():
            if hasattr(value, DERIVED):
                value.__name__ = name
                value.__qualname__ = f"{cls.__qualname__}.{name}"
                value.__module__ = cls.__module__

    def __reduce__(self) -> NoReturn:
        message = (
            f"a {type(self).__name__} cannot be pickled or copied: it belongs to this process; "
            "hand over the ids, and make a new manager in each process"
        )
        raise TypeError(message)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {repr(self._inner).partition(' ')[2]}"


def _copy_signature(
    function: Callable[Q, R], signature: inspect.Signature, doc: str | None
) -> Callable[Q, R]:
    """Copy an async function's signature; with ``__wrapped__`` the copy would count as async."""
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
    """Copy the signature of *source*, except for what it returns."""
    signature = inspect.signature(source)
    if returns is not None:
        signature = signature.replace(return_annotation=returns)
    return _copy_signature(function, signature, source.__doc__)


def _async_name(inner: object, method: Callable[..., object]) -> str:
    """Return what to await instead: the public class may inherit the method."""
    name = type(inner).__name__
    return name if method.__name__.startswith("_") else f"{name}.{method.__name__}"


def blocking(
    method: Callable[Concatenate[A, P], Awaitable[R]],
) -> Callable[Concatenate[BlockingFacade[A], P], R]:
    """Derive a method that waits for the result of *method*."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> R:
        instead = _async_name(self._inner, method)
        warn_in_a_running_loop(call.__qualname__, instead)
        function = partial(method, self._inner, *args, **kwargs)
        return self._backing.call(instead, function)

    return _derived(call, method)


def blocking_into(
    method: Callable[Concatenate[A, P], Awaitable[object]], into: type[S]
) -> Callable[Concatenate[BlockingFacade[A], P], S]:
    """Derive a method that waits for an async object and returns its facade, of class *into*."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> S:
        instead = _async_name(self._inner, method)
        warn_in_a_running_loop(call.__qualname__, instead)
        function = partial(method, self._inner, *args, **kwargs)
        inner = self._backing.call(instead, function)
        return _around(into, inner, self._backing)

    return _derived(call, method, into.__name__)


def blocking_factory(
    method: Callable[Concatenate[A, P], object], into: type[S]
) -> Callable[Concatenate[BlockingFacade[A], P], S]:
    """Derive a method that makes an async object, without I/O, and returns its facade."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> S:
        function = partial(method, self._inner, *args, **kwargs)
        inner = self._backing.make(_async_name(self._inner, method), function)
        return _around(into, inner, self._backing)

    return _derived(call, method, into.__name__)


def blocking_view(
    method: Callable[Concatenate[A, P], A],
) -> Callable[Concatenate[S, P], S]:
    """Derive a method that returns a facade of the same class around the view *method* returns."""

    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> S:
        view = type(self).__new__(type(self))
        vars(view).update(vars(self), _inner=method(self._inner, *args, **kwargs))
        return view

    return _derived(call, method, "Self")


def _around(into: type[S], inner: object, backing: SharedResource) -> S:
    facade = into.__new__(into)
    vars(facade).update(_inner=inner, _backing=backing)
    return facade


def blocking_iterator(
    method: Callable[Concatenate[A, P], AsyncIterator[R]],
) -> Callable[Concatenate[BlockingFacade[A], P], BlockingIterator[R]]:
    """Derive a method that returns a blocking iterator over what *method* yields."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> BlockingIterator[R]:
        iterator = method(self._inner, *args, **kwargs)
        return BlockingIterator(self._backing, _async_name(self._inner, method), iterator)

    given = str(inspect.signature(method).return_annotation)
    return _derived(call, method, f"BlockingIterator[{given.partition('[')[2].removesuffix(']')}]")


def blocking_stream(
    method: Callable[Concatenate[A, P], AsyncIterator[Any]], into: type[IteratorT]
) -> Callable[Concatenate[BlockingFacade[A], P], IteratorT]:
    """Derive a method that begins an iterator at once; it is given as *into*, which blocks."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> IteratorT:
        name = _async_name(self._inner, method)
        self._backing.open(name)
        function = partial(method, self._inner, *args, **kwargs)
        return into(self._backing, name, self._backing.make(name, function))

    return _derived(call, method, into.__name__)


def immediate(
    method: Callable[Concatenate[A, P], R],
) -> Callable[Concatenate[BlockingFacade[A], P], R]:
    """Derive a method that calls *method*, which waits for nothing, on the loop thread."""

    def call(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> R:
        function = partial(method, self._inner, *args, **kwargs)
        return self._backing.make(_async_name(self._inner, method), function)

    return _derived(call, method)


def constructing(
    cls: Callable[P, A],
) -> Callable[[Callable[[Any], None]], Callable[Concatenate[BlockingFacade[A], P], None]]:
    """Derive an ``__init__`` that makes the async object, then calls what it decorates."""

    def decorate(
        then: Callable[[Any], None],
    ) -> Callable[Concatenate[BlockingFacade[A], P], None]:
        def construct(self: BlockingFacade[A], /, *args: P.args, **kwargs: P.kwargs) -> None:
            self._inner = cls(*args, **kwargs)
            then(self)

        signature = inspect.signature(cls)
        parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        parameters += signature.parameters.values()
        return _copy_signature(construct, signature.replace(parameters=parameters), then.__doc__)

    return decorate
