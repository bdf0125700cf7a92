"""Regular expressions that users declare: those that could take forever to match are refused."""

from __future__ import annotations

import re

_REPEATS = 4
"""Unbounded repeats of a pattern: with these, matching 64 characters is below a million steps."""
_TOKEN = re.compile(
    r"""
    (?P<escape> \\. )                      # one escaped character, or a reference to a group
  | (?P<class> \[ \^? \]? (?: \\. | [^\]\\] )* \] )
  | (?P<open> \( (?: \? )? )              # the ? after a parenthesis repeats nothing
  | (?P<close> \) )
  | (?P<choice> \| )
  | (?P<repeat> [*+?{] )
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Parts of a regular expression that matter for the time that matching takes."""


def pattern_problem(pattern: str) -> str | None:
    """
    Return why *pattern* is refused; None if it is accepted.

    Python's matcher backtracks. So a repeated group must not contain a repeat or a choice, and the
    number of repeats is limited.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is not a regular expression: {error}"
    return _costly_part(pattern)


def _costly_part(pattern: str) -> str | None:
    branching = [False]
    """Whether each open group, the whole pattern first, repeats or chooses inside."""
    repeats = 0
    closed_branching = False
    for token in _TOKEN.finditer(pattern):
        kind, was_closed, closed_branching = token.lastgroup, closed_branching, False
        if kind == "escape" and token[0][1] in "123456789":
            return "it refers back to a group"
        if kind == "repeat" and was_closed:
            return "it repeats a group that repeats or chooses"
        if kind == "open":
            branching.append(False)
        elif kind == "close":
            closed_branching = branching.pop() if len(branching) > 1 else False
            branching[-1] |= closed_branching
        elif kind in {"choice", "repeat"}:
            branching[-1] = True
            repeats += kind == "repeat"
    return f"it has more than {_REPEATS} repeats" if repeats > _REPEATS else None
