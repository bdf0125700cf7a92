"""Derived methods match those of the async class, for people and for tools."""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING

import pytest

from tests.sync.sync_toys import AsyncToy, Toy, ToyWithOthers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def others() -> Iterator[ToyWithOthers]:
    """Yield a toy that is closed at the end."""
    with ToyWithOthers("toy") as toy:
        yield toy


def test_signature_is_that_of_the_async_method() -> None:
    """A derived method has the signature of the async one."""
    assert inspect.signature(AsyncToy.echo) == inspect.signature(Toy.echo)


def test_bound_signature_has_no_self(toy: Toy) -> None:
    """The signature of a bound method has no ``self``."""
    assert str(inspect.signature(toy.echo)) == "(value: 'str', *, times: 'int' = 1) -> 'str'"


def test_constructor_is_that_of_the_async_class() -> None:
    """The constructor has the parameters of the async class's."""
    ours, theirs = inspect.signature(Toy), inspect.signature(AsyncToy)
    assert theirs.parameters == ours.parameters


def test_docstring_and_names() -> None:
    """``help()`` and tracebacks show a derived method as one of the facade."""
    found = Toy.echo.__doc__, Toy.echo.__name__, Toy.echo.__qualname__, Toy.echo.__module__
    assert (AsyncToy.echo.__doc__, "echo", "Toy.echo", "tests.sync.sync_toys") == found


def test_annotations_are_those_of_the_signature() -> None:
    """``__annotations__`` are those of the signature, not of the wrapper."""
    assert Toy.echo.__annotations__ == {"value": "str", "times": "int", "return": "str"}


def test_is_not_taken_for_a_coroutine_function() -> None:
    """A derived method is not a coroutine function, even when it is unwrapped."""
    assert not inspect.iscoroutinefunction(inspect.unwrap(Toy.echo))


def test_iterators_say_that_they_block() -> None:
    """The return annotation of an iterator method is the blocking iterator."""
    assert inspect.signature(Toy.count).return_annotation == "BlockingIterator[int]"


def test_return_annotation_is_the_facade() -> None:
    """The return annotation of a method that returns an async object is its facade."""
    found = [
        inspect.signature(m).return_annotation for m in (ToyWithOthers.other, ToyWithOthers.maker)
    ]
    assert found == ["Toy", "Toy"]


def test_awaited_objects_come_as_facades(others: ToyWithOthers) -> None:
    """The facade of a returned object shares the loop and the opening of its maker."""
    assert (type(others.other("other")), others.other("other").echo("a", times=2)) == (Toy, "aa")


def test_made_objects_come_from_the_loop_thread() -> None:
    """
    An object that is made without I/O is made on the loop thread, and nothing is
    opened for it.
    """
    toy = ToyWithOthers("toy")
    assert (toy.maker().inner.name, toy.inner.log) == ("agentcore-memory-async", [])


def test_repr_is_that_of_the_inner_object(toy: Toy) -> None:
    """The repr shows the state of the async object under the facade's name."""
    assert repr(toy) == "<Toy toy, 0 entries>"


def test_wrong_arguments_are_a_type_error(toy: Toy) -> None:
    """Wrong arguments raise ``TypeError`` at the call, also of an iterator method."""
    with pytest.raises(TypeError, match="echo"):
        toy.echo()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="count"):
        toy.count()  # type: ignore[call-arg]


def test_subclass_can_override(toy: Toy) -> None:
    """A derived method can be extended in a subclass."""

    class Louder(Toy):
        def echo(self, value: str, *, times: int = 1) -> str:
            return super().echo(value, times=times).upper()

    with Louder("loud") as louder:
        assert louder.echo("a", times=3) == "AAA"
    assert threading.active_count() >= 2
