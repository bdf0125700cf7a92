"""Exchanges of a conversation: what the user said, with the replies to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import overload

from attrs import frozen

from agentcore_memory_async._models.base import Model
from agentcore_memory_async._models.events import Turn
from agentcore_memory_async._models.messages import PROMPT_ROLES


class _Prompt(Model):
    """Messages that go into a prompt together."""

    __slots__ = ()

    def _spoken(self) -> Iterable[Turn]:
        """Return the messages, oldest first."""
        raise NotImplementedError

    def to_openai(self) -> list[dict[str, str]]:
        """
        Return the messages for OpenAI's Chat Completions and Responses APIs.

        ``TOOL`` and ``OTHER`` become ``user``, as in ``Turn.to_openai``.
        """
        return [turn.to_openai() for turn in self._spoken()]

    def to_anthropic(self) -> list[dict[str, str | list[dict[str, str]]]]:
        """
        Return the messages for Anthropic's Messages API, which begin with the user's.

        Messages of one role in a row become one, with a block of text each. What the assistant said
        before the user's first message is left out, since the API refuses it. ``TOOL`` and
        ``OTHER`` become ``user``, as in ``Turn.to_openai``. So the last message may be the user's,
        where no answer follows it: add the next question to that one.
        """
        return [
            {"role": role, "content": texts[0] if len(texts) == 1 else _typed(texts)}
            for role, texts in _alternating(self._spoken())
        ]

    def to_converse(self) -> list[dict[str, str | list[dict[str, str]]]]:
        """
        Return the messages for Amazon Bedrock's Converse API, which begin with the user's.

        Messages of one role in a row become one, and what the assistant said before the user's
        first message is left out, as in ``to_anthropic``. ``TOOL`` and ``OTHER`` become ``user``,
        as in ``Turn.to_openai``. The API refuses two messages of the user in a row, so where the
        last is the user's, add the next question to its content.
        """
        return [
            {"role": role, "content": [{"text": text} for text in texts]}
            for role, texts in _alternating(self._spoken())
        ]


def _alternating(turns: Iterable[Turn]) -> list[tuple[str, list[str]]]:
    """Return roles and texts such that the roles alternate, and the first is the user's."""
    messages: list[tuple[str, list[str]]] = []
    for role, group in groupby(turns, lambda turn: PROMPT_ROLES[turn.role]):
        if messages or role == "user":
            messages.append((role, [turn.text for turn in group]))
    return messages


def _typed(texts: list[str]) -> list[dict[str, str]]:
    return [{"type": "text", "text": text} for text in texts]


@frozen
class Exchange(_Prompt):
    """
    A message of the user and the replies to it: those of the assistant, and of its tools.

    Each message of the user begins an exchange, so one without a reply is an exchange of its own.
    So are the messages before the first of the user, such as a greeting. A text that was too long
    for a message is one message here, whose parts are several turns.

    Attributes:
        turns: Messages, oldest first.
    """

    turns: tuple[Turn, ...]

    def _spoken(self) -> Iterable[Turn]:
        return self.turns


@frozen
class Exchanges(_Prompt, Sequence[Exchange]):
    """
    Exchanges of a conversation, oldest first: a sequence of `Exchange`; a slice is one, too.

    Attributes:
        exchanges: The exchanges as a tuple.
    """

    exchanges: tuple[Exchange, ...]

    def __len__(self) -> int:
        return len(self.exchanges)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...

    @overload
    def __getitem__(self, index: slice) -> Exchanges: ...

    def __getitem__(self, index: int | slice) -> Exchange | Exchanges:
        if isinstance(index, slice):
            return Exchanges(self.exchanges[index])
        return self.exchanges[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def _spoken(self) -> Iterable[Turn]:
        return chain.from_iterable(exchange.turns for exchange in self.exchanges)
