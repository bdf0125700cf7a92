"""Patterns that users declare: those that could take for ever are refused."""

from __future__ import annotations

import re

_REPEATS = 4  # that are not bounded: matching 64 characters stays below a million steps


def pattern_problem(pattern: str) -> str | None:
    """
    Say why *pattern* is not taken; None if it is.

    Python's matcher goes back over what it tried. So a repeated group may not repeat or choose
    inside, and only a few repeats may stand one after the other.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is no regular expression: {error}"
    groups = [False]  # whether what is open repeats or chooses
    repeats = 0
    closed = False  # whether the last character closed a group that does
    in_class = escaped = False
    for position, character in enumerate(pattern):
        was_closed, closed = closed, False
        if escaped:
            escaped = False
            if character in "123456789" and not in_class:
                return "it refers back to a group"
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = not (character == "]" and pattern[position - 1] != "[")
        elif character == "[":
            in_class = True
        elif character == "(":
            groups.append(False)
        elif character == ")":
            closed = groups.pop() if len(groups) > 1 else False
            groups[-1] = groups[-1] or closed
        elif character == "|":
            groups[-1] = True
        elif character in "*+?{" and not (character == "?" and pattern[position - 1] == "("):
            if was_closed:
                return "it repeats a group that repeats or chooses"
            repeats += 1
            groups[-1] = True
    if repeats > _REPEATS:
        return f"it has more than {_REPEATS} repeats"
    return None
