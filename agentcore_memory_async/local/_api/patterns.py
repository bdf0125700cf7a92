"""
Regular expressions that users declare, matched in a time that no pattern can stretch.

With google-re2 (the extra ``local``) every pattern is matched in linear time. Python's own matcher
backtracks, and meanwhile no other thread of the process runs, not even a signal handler. So
without google-re2 the tries of a pattern are counted before it is accepted.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from math import prod
from typing import Any, Protocol

from attrs import define, evolve, field, frozen

_LENGTH = 64
"""Characters of the longest value that the service model allows."""
_TRIES = 300_000
"""Tries that matching may take at most, such as three repeats that overlap: some 10 ms."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-_"
"""Characters that the service model allows in values."""
_MOST_TIMES = 1_000
"""Times that google-re2 repeats at most."""
_SIGNS = {"*": (0, _LENGTH), "+": (1, _LENGTH), "?": (0, 1)}
"""How often signs repeat, at least and at most."""
_TOKEN = re.compile(
    r"""
    (?P<atom> \\ (?: [^A-Za-z0-9] | [dswDSWnrtfva] | x[0-9A-Fa-f]{2} )
            | \[ \^? \]? (?: \\. | [^][\\] )* \] )
  | (?P<anchor> \\[AbB] | [$^] )
  | (?P<special> \\. | \[ | \( \? (?! : | P< ) )
  | (?P<open> \( (?: \? : | \? P< \w+ > )? )
  | (?P<close> \) )
  | (?P<choice> \| )
  | (?P<repeat> (?: (?P<sign> [*+?] )
                  | \{ (?! \} ) (?P<least> \d* ) (?P<comma> , )? (?P<most> \d* ) \} )
                (?: \? | (?P<possessive> \+ ) )? )
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Parts of a regular expression that matter for the time that matching takes."""


class Pattern(Protocol):
    """A compiled pattern, of google-re2 or of Python."""

    def fullmatch(self, text: str, /) -> object:
        """Return a match of the whole *text*, or None."""


class PatternError(ValueError):
    """The pattern is refused; the text says why."""


_re2: Any = None
with suppress(ImportError):
    import re2  # pyright: ignore[reportMissingImports] - of an extra

    # Other distributions have a module of this name, which falls back to Python's matcher.
    _re2 = re2 if hasattr(re2, "Options") else None


def compile_pattern(pattern: str) -> Pattern:
    """
    Return *pattern* compiled, for values of the service.

    Raises:
        PatternError: It is not a regular expression, or could take too long to match.
    """
    return _compile(pattern, _re2)


@lru_cache(maxsize=256)
def _compile(pattern: str, re2: Any) -> Pattern:
    if re2 is not None:
        return _compile_with_re2(pattern, re2)
    try:
        compiled = re.compile(pattern, re.ASCII)
        _check_tries(pattern)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        message = f"it is not a regular expression: {error}"
        raise PatternError(message) from None
    return compiled


def _compile_with_re2(pattern: str, re2: Any) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        shown = reason.decode("ascii", "replace") if isinstance(reason, bytes) else error
        message = f"it is not a regular expression of google-re2: {shown}"
        raise PatternError(message) from None
    return compiled


@frozen
class _Item:
    """
    A part of a sequence: one character of a set, or a group.

    Attributes:
        characters: Characters that values can have and it matches; None for a group or an anchor.
        branches: Whether it repeats or chooses.
        least: Times that it is there at least.
        tries: Ways to match it at most.
    """

    characters: frozenset[str] | None = None
    branches: bool = False
    least: int = 1
    tries: int = 1

    def is_told_from(self, after: _Item) -> bool:
        """Return whether the character after its last repeat can't be one more repeat."""
        if after.least == 0 or self.characters is None or after.characters is None:
            return False
        return self.characters.isdisjoint(after.characters)


@define
class _Group:
    """
    A group that is being read, or the whole pattern.

    Attributes:
        items: Items of the present alternative.
        earlier: Ways to match the alternatives before it.
    """

    items: list[_Item] = field(factory=list[_Item])
    earlier: list[int] = field(factory=list[int])

    def choose(self) -> None:
        """Begin another alternative."""
        self.earlier.append(self._tries())
        self.items = []

    def close(self) -> _Item:
        """Return the group as an item."""
        branches = bool(self.earlier) or any(item.branches for item in self.items)
        return _Item(branches=branches, tries=self._tries() + sum(self.earlier))

    def _tries(self) -> int:
        following = [*self.items[1:], _Item()]
        pairs = zip(self.items, following, strict=False)
        return prod(1 if item.is_told_from(after) else item.tries for item, after in pairs)


def _check_tries(pattern: str) -> None:
    """Refuse *pattern*, a valid one, if Python's matcher could take too many tries."""
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "open":
                groups.append(_Group())
            case "close":
                closed = groups.pop().close()
                groups[-1].items.append(closed)
            case "choice":
                groups[-1].choose()
            case "repeat":
                items = groups[-1].items
                items.append(_repeated(items.pop(), token))
            case "special":
                raise _refused(f"it has {token[0]!r}")
            case "anchor":
                groups[-1].items.append(_Item())
            case _:
                groups[-1].items.append(_Item(_characters(token[0])))
    if groups[0].close().tries > _TRIES:
        raise _refused("it repeats or chooses too often")


def _repeated(item: _Item, token: re.Match[str]) -> _Item:
    least, most = _times(token)
    if item.branches:
        raise _refused("it repeats what repeats or chooses")
    if token["possessive"] or token["least"] == "" or most > _MOST_TIMES:
        raise _refused(f"it has {token[0]!r}")
    tries = max(1, min(most, _LENGTH) - least + 1)
    return evolve(item, branches=True, least=least, tries=tries)


def _times(token: re.Match[str]) -> tuple[int, int]:
    """Return how often a repeat repeats, at least and at most."""
    if token["sign"]:
        return _SIGNS[token["sign"]]
    least = int(token["least"] or 0)
    return least, int(token["most"] or _LENGTH) if token["comma"] else least


def _characters(atom: str) -> frozenset[str]:
    matches = re.compile(atom, re.ASCII).match
    return frozenset(character for character in _ALPHABET if matches(character))


def _refused(reason: str) -> PatternError:
    return PatternError(
        f"{reason}; install agentcore-memory-async[local] to have it matched by google-re2"
    )
