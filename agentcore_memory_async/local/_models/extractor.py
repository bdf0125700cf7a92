"""The extractor that asks a language model, whatever server it is behind."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.local._models.forms import FORMS, last_messages, texts_of
from agentcore_memory_async.local._models.prompts import (
    Prompt,
    consolidation_prompt,
    extraction_prompt,
)
from agentcore_memory_async.local._models.shapes import MalformedAnswerError
from agentcore_memory_async.local.extractor import Change, Extraction
from agentcore_memory_async.local.extractor_errors import ExtractorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agentcore_memory_async.local.extractor import ConsolidationRequest, ExtractionRequest

    Items = list[dict[str, Any]]


T = TypeVar("T")

DEFAULT_TIMEOUT_S = 60.0
"""Seconds for one call of a model."""
_MAX_TIMEOUT_S = 3_600.0
"""Seconds that can be given for one."""
_CALLS_AT_ONCE = 4
"""Calls of a model at a time; local servers answer one after the other, others limit rates."""


def check_timeout(timeout: float) -> float:
    """
    Return *timeout*.

    Raises:
        InvalidInputError: It is not above 0, or too long.
    """
    if not 0 < timeout <= _MAX_TIMEOUT_S:
        message = f"timeout is {timeout!r}; give seconds above 0, up to {_MAX_TIMEOUT_S:,.0f}"
        raise InvalidInputError(message)
    return timeout


def check_model(model: str) -> str:
    """
    Return *model*.

    Raises:
        InvalidInputError: It is empty.
    """
    if not model.strip():
        raise InvalidInputError("model is empty; give the name of a model that the server has")
    return model


class ModelExtractor(ABC):
    """
    Extracts and consolidates with a language model.

    A request takes at most four calls: one for the records and, if the namespace has any, one for
    what becomes of them, and each may be asked again once if its answer is malformed.

    Args:
        model: Name of the model.
        timeout: Seconds for one call.
        max_calls: Calls in all; beyond, jobs fail with LTM_RATE_EXCEEDED. None for any number.

    Raises:
        InvalidInputError: An argument is invalid.
    """

    def __init__(self, model: str, *, timeout: float, max_calls: int | None) -> None:
        if max_calls is not None and max_calls < 0:
            raise InvalidInputError(f"max_calls is {max_calls}; give 0 or more, or None")
        self._model = check_model(model)
        self._timeout_s = check_timeout(timeout)
        self._max_calls = max_calls
        self._calls = 0
        # The extractor may outlive the loop that the limiter belongs to.
        self._limiters: tuple[asyncio.AbstractEventLoop, anyio.CapacityLimiter] | None = None

    @property
    def calls(self) -> int:
        """Number of calls of the model so far."""
        return self._calls

    @abstractmethod
    async def _ask(self, prompt: Prompt) -> str:
        """
        Return the model's answer, as text with a JSON object in it.

        Raises:
            ExtractorError: There is none.
        """

    async def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """
        Return the records of a request.

        Raises:
            ExtractorError: The model can't be reached, refuses, or answers malformed twice.
        """
        form = FORMS[request.kind]
        count = len(request.history) + len(request.messages)

        def read(items: Items) -> Sequence[str]:
            texts = texts_of(form, items)
            if request.kind == "SUMMARIZATION":
                settled = [0, *last_messages(items, count)][-2]
                return Extraction(texts[:-1], texts[-1:], settled)
            if request.kind == "EPISODIC":
                return Extraction(texts, settled=max(last_messages(items, count), default=0))
            return list(dict.fromkeys(texts))

        return await self._answer(extraction_prompt(request), read)

    def replaces(self, kind: str, new: str, old: str) -> bool:  # noqa: ARG002 - a protocol's
        """Return False: `consolidate` decides."""
        return False

    async def consolidate(self, request: ConsolidationRequest) -> Sequence[Change]:
        """
        Return the records to write: the new ones, and those that replace existing ones.

        Raises:
            ExtractorError: As for `extract`.
        """
        return await self._answer(
            consolidation_prompt(request), lambda items: _changes(request, items)
        )

    async def _answer(self, prompt: Prompt, read: Callable[[Items], T]) -> T:
        """Return what *read* makes of the model's answer, or of a second one."""
        async with self._limiter():
            answer = await self._call(prompt)
            try:
                return read(prompt.shape.read(answer))
            except MalformedAnswerError as error:
                prompt = prompt.repaired(answer, str(error))
            answer = await self._call(prompt)
            try:
                return read(prompt.shape.read(answer))
            except MalformedAnswerError as error:
                message = f"the model's answer could not be used, nor a second one: {error}"
                raise ExtractorError("MODEL_ERROR", message) from None

    async def _call(self, prompt: Prompt) -> str:
        if self._max_calls is not None and self._calls >= self._max_calls:
            message = f"max_calls={self._max_calls} calls of the model were made"
            raise ExtractorError("LTM_RATE_EXCEEDED", message)
        self._calls += 1
        try:
            with anyio.fail_after(self._timeout_s):
                return await self._ask(prompt)
        except TimeoutError:
            message = f"no answer within timeout={self._timeout_s:g} seconds"
            raise ExtractorError("MODEL_TIMEOUT", message) from None

    def _limiter(self) -> anyio.CapacityLimiter:
        loop = asyncio.get_running_loop()
        if self._limiters is None or self._limiters[0] is not loop:
            self._limiters = loop, anyio.CapacityLimiter(_CALLS_AT_ONCE)
        return self._limiters[1]


def _changes(request: ConsolidationRequest, items: Items) -> list[Change]:
    """
    Return the changes that a model decided on; what it leaves out is added.

    Raises:
        MalformedAnswerError: It decides twice on a record, or on one that there is not.
    """
    form = FORMS[request.kind]
    decided = [item["new"] for item in items]
    updated = [item["existing"] for item in items if item["action"] == "update"]
    for name, numbers, count in (
        ("new", decided, len(request.new)),
        ("existing", updated, len(request.existing)),
    ):
        if len(set(numbers)) < len(numbers) or not all(1 <= item <= count for item in numbers):
            message = f"the members {name} repeat a number, or have one that is not in 1 to {count}"
            raise MalformedAnswerError(message)
    by_number = {item["new"]: item for item in items}
    changes: list[Change] = []
    for number, content in enumerate(request.new, 1):
        item = by_number.get(number, {"action": "add"})
        if item["action"] == "add":
            changes.append(Change(content))
        elif item["action"] == "update":
            (text,) = texts_of(form, [item])
            changes.append(Change(text, replaces=item["existing"] - 1))
    return changes
