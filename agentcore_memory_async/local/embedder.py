"""The protocol of embedders, and the arithmetic of their vectors."""

from __future__ import annotations

import inspect
import math
import operator
from array import array
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from agentcore_memory_async._threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

__all__ = ("Embedder", "EmbedderError")

Vector: TypeAlias = "array[float]"
"""A vector as 32-bit floats."""


class EmbedderError(Exception):
    """An embedder failed, or did not return vectors."""


class Embedder(Protocol):
    """
    Makes vectors of texts, whose cosine similarity is added to a search's score by words.

    ``embed`` may be a plain function, which runs in a thread, or a coroutine function. It returns
    a row of numbers for each text, all of the same length: lists, tuples or NumPy arrays.
    """

    @property
    def name(self) -> str:
        """Name of the model; when it changes, all records are embedded again."""
        ...

    def embed(
        self, texts: Sequence[str]
    ) -> Iterable[Iterable[float]] | Awaitable[Iterable[Iterable[float]]]:
        """Return a vector for each text."""
        ...


async def embed(embedder: Embedder, texts: Sequence[str]) -> list[Vector]:
    """
    Return the vectors of *texts*, each of length 1 (or all zeros).

    Raises:
        EmbedderError: The embedder failed; its own error is the cause.
    """
    try:
        returned: Any
        if inspect.iscoroutinefunction(embedder.embed):
            returned = embedder.embed(texts)
        else:
            call: Callable[[Sequence[str]], Any] = embedder.embed
            returned = await run_in_thread(call, texts)
        rows: Iterable[Iterable[float]] = (
            await returned if inspect.isawaitable(returned) else returned
        )
        vectors = [_unit(row) for row in rows]
    except Exception as error:
        message = f"the embedder {embedder.name!r} failed: {type(error).__name__}"
        raise EmbedderError(message) from error
    if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) > 1:
        message = (
            f"the embedder {embedder.name!r} returned {len(vectors)} vectors for {len(texts)} "
            f"texts, of lengths {sorted({len(vector) for vector in vectors})}"
        )
        raise EmbedderError(message)
    return vectors


def _unit(row: Iterable[float]) -> Vector:
    numbers = array("d", row)
    norm = math.sqrt(sum(map(operator.mul, numbers, numbers)))
    if not math.isfinite(norm):
        message = "a vector has a number that is not finite"
        raise ValueError(message)
    return array("f", [number / norm for number in numbers] if norm else numbers)


def cosine(one: Vector, other: Vector) -> float:
    """Return the similarity of two vectors of length 1, clipped to 0..1."""
    if len(one) != len(other):
        return 0.0
    product: float = sum(map(operator.mul, one, other))
    return min(1.0, max(0.0, product))


def signature(vector: Vector) -> int:
    """
    Return one bit for each number of a vector, set if the number is positive.

    Near vectors differ in few bits, and counting those takes a hundredth of the time of a cosine.
    So a large memory is filtered by signatures first.
    """
    return int("".join("1" if number > 0 else "0" for number in vector) or "0", 2)
