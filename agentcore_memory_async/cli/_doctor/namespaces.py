"""Given namespaces against those that strategies write: which never match, and the likely typo."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from agentcore_memory_async._wire.declared_namespaces import may_hold
from agentcore_memory_async.cli._doctor.findings import ok, problem, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentcore_memory_async.cli._doctor.findings import Finding
    from agentcore_memory_async.models import Memory

_VARIABLE = re.compile(r"\{[^{}]*\}")
"""A variable of a template, whatever its name."""
_OWN = ("{actorId}", "{sessionId}", "{memoryStrategyId}")
"""Variables that every memory has."""


def check_namespaces(given: Sequence[str], memory: Memory) -> list[Finding]:
    """Return which of the *given* namespaces no strategy of the memory writes under, and why."""
    written = list(memory.namespaces.values())
    if not given:
        reason = f"none were given; strategies write under {', '.join(written) or 'nothing'}"
        return [unchecked("namespaces", reason, "Give those of the program by --namespace")]
    variables = {*_OWN, *(f"{{{key.key}}}" for key in memory.namespace_keys)}
    found = [_check(each, written, variables) for each in given]
    return [each for each in found if each] or [ok("namespaces", ", ".join(given))]


def _check(given: str, written: Sequence[str], variables: set[str]) -> Finding | None:
    known = all(each in variables for each in _VARIABLE.findall(given))
    fitting = [each for each in written if known and fits(given, each)]
    same = [each for each in fitting if _segments(each) == _segments(given)]
    if any(each == given for each in fitting) or (fitting and not same):
        return None
    if same:
        # As a prefix both read the same records; as an exact namespace, or in a policy, they don't.
        cause = f"{given} is not written as {same[0]} is: {_slash(given, same[0])}"
        return warning("namespaces", cause, f"Use {same[0]}")
    cause = f"no strategy writes under {given}"
    if not written:
        return problem("namespaces", f"{cause}, nor anywhere", "Add a strategy, or another memory")
    nearest = max(written, key=lambda each: SequenceMatcher(None, given, each).ratio())
    why = _difference(given, nearest)
    others = f"; all are {', '.join(written)}"
    return problem("namespaces", f"{cause}{f': {why}' if why else ''}", f"Use {nearest}{others}")


def fits(given: str, template: str) -> bool:
    """Return whether records of *template* may be under *given*, each variable in its place."""
    pairs = zip(_segments(given), _segments(template), strict=False)
    return may_hold(given, template) and all(
        ours == theirs for ours, theirs in pairs if _VARIABLE.search(ours)
    )


def _slash(given: str, template: str) -> str:
    if template.endswith("/") and not given.endswith("/"):
        return "the slash at the end is missing"
    if template.startswith("/") and not given.startswith("/"):
        return "the slash at the start is missing"
    return "the slashes differ"


def _difference(given: str, template: str) -> str:
    """Return in what *given* differs from a *template* that is like it; empty if in too much."""
    pairs = list(zip_longest(_segments(given), _segments(template), fillvalue=""))
    different = [(ours, theirs) for ours, theirs in pairs if ours != theirs]
    if len(different) != 1:
        return ""
    [(ours, theirs)] = different
    if not ours or not theirs:
        return f"it has {ours} more" if ours else f"{theirs} is missing"
    if _VARIABLE.fullmatch(ours) and _VARIABLE.fullmatch(theirs):
        return f"the variable is {theirs}, not {ours}"
    if ours.lower() == theirs.lower():
        return f"{ours} and {theirs} differ in case"
    return f"{ours} should be {theirs}"


def _segments(path: str) -> list[str]:
    return [part for part in path.split("/") if part]
