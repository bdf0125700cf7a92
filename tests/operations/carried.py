"""
What carries each member: found by changing one argument, or one member of an answer, at a time.

A change that the client refuses carries nothing; so what is refused in every form is missing.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import evolve, fields, frozen, has

from agentcore_memory_async import (
    AgentCoreMemoryError,
    AnswerMismatchError,
    AsyncMemoryControl,
    AsyncMemorySessionManager,
    InvalidInputError,
)
from agentcore_memory_async.testing import FakeTransport
from tests.operations.calls import CALLS, READERS, Call
from tests.operations.model import ECHOED, Leaf, Path, answer, flat, leaves

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

OTHERS: dict[str, list[Any]] = {
    "type": ["STRING", "NUMBER"],
    "extraction_type": ["LLM_INFERRED"],
    "level": ["FULL_CONTENT"],
    "view": ["without_decryption"],
    "status": [None],
    "record_expiry_days": [32],
    "expiry_days": [32],
    "operator": ["NOT_EXISTS", "LESS_THAN", "BEFORE"],
}
"""Other values of arguments and attributes that only take some."""
COMPARED = "compared with the request"
"""How a member of an answer is used that repeats one of the request."""
FOLLOWED = "read to the last page"
"""How the token of the next page is used."""
OWN = "a new UUID"
"""What a member has that no argument changes, and that differs each time."""
CHOICES = 5
"""Words of the longest enumeration of an answer on which the others depend."""


@frozen
class Carrier:
    """
    What carries a member.

    Attributes:
        method: Method with its argument or of the result, or what is done without one.
        attribute: Attribute of a value, such as ``Event.event_id``; empty where there is none.
    """

    method: str
    attribute: str = ""


@asynccontextmanager
async def _made(
    view: str, transport: FakeTransport, memory_id: str, actor_id: str, session_id: str
) -> AsyncGenerator[Any]:
    """Yield a view by its name."""
    if view == "control":
        async with AsyncMemoryControl(transport=transport) as control:
            yield control
        return
    async with AsyncMemorySessionManager(memory_id, transport=transport) as manager:
        if view == "manager":
            yield manager
        elif view == "actor":
            yield manager.actor(actor_id)
        else:
            yield await manager.create_memory_session(actor_id, session_id, verify=False)


async def perform(
    operation: str, call: Call, body: Mapping[str, Any] | None = None
) -> tuple[list[Mapping[str, Any]], Any]:
    """Make *call*, answered with *body*; return the requests of *operation*, and the result."""
    transport = FakeTransport()
    if body is not None:
        transport.reply(operation, body)
    view, _, method = call.name.partition(".")
    async with _made(view, transport, *call.ids.values()) as made:
        try:
            result = await getattr(made, method)(**call.arguments)
        except (AgentCoreMemoryError, InvalidInputError) as error:
            result = error
    return transport.sent(operation), result


def changes(value: Any, name: str, label: str) -> Iterator[tuple[str, Any]]:
    """Yield *value* with one thing in it changed, and the attribute that it is; else *label*."""
    if has(type(value)):
        for each in fields(type(value)):
            inside = f"{type(value).__name__}.{each.name}"
            for found, changed in changes(getattr(value, each.name), each.name, inside):
                with suppress(InvalidInputError):  # of a value that checks what it is made of
                    yield found, evolve(value, **{each.name: changed})
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            for found, changed in changes(each, name, label):
                yield found, type(value)((*value[:index], changed, *value[index + 1 :]))
    elif isinstance(value, dict):
        for key, each in value.items():
            for found, changed in changes(each, name, label):
                yield found, value | {key: changed}
    else:
        yield from ((label, other) for other in _others(value, name) if other != value)


def _others(value: Any, name: str) -> list[Any]:
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Enum):
        return list(type(value))
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, datetime):
        return [value + timedelta(seconds=1)]
    if isinstance(value, str):  # a template is changed where it has no variable
        wanted = r"\w" if "{" in value else r"\w(?=\W*$)"
        return [re.sub(wanted, "3" if value.endswith("2") else "2", value, count=1)]
    return []


def changed_calls(call: Call) -> Iterator[tuple[Carrier, Call]]:
    """Yield *call* with one id or argument changed, and what that was."""
    for name, value in call.arguments.items():
        for attribute, changed in changes(value, name, ""):
            arguments = call.arguments | {name: changed}
            yield Carrier(f"{call.name}({name}=)", attribute), evolve(call, arguments=arguments)
    makers = {"memory_id": "AsyncMemorySessionManager", "session_id": "create_memory_session"}
    makers["actor_id"] = "actor" if call.name.startswith("actor") else "create_memory_session"
    for name, value in call.ids.items():
        for _, changed in changes(value, name, ""):
            ids = call.ids | {name: changed}
            yield Carrier(f"{makers[name]}({name}=)"), evolve(call, ids=ids)


def differing(one: Any, other: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the ways to what differs in two results, as the attributes that lead there."""
    if type(one) is not type(other):
        yield way
    elif has(type(one)):
        for each in fields(type(one)):
            inside = (*way, f"{type(one).__name__}.{each.name}")
            yield from differing(getattr(one, each.name), getattr(other, each.name), inside)
    elif isinstance(one, list | tuple) and len(one) == len(other):
        for pair in zip(one, other, strict=True):
            yield from differing(*pair, way)
    elif one != other:
        yield way


def holding(result: Any, value: object, attribute: str = "") -> Iterator[str]:
    """Yield the attributes of *result* that are *value*."""
    if has(type(result)):
        for each in fields(type(result)):
            inside = f"{type(result).__name__}.{each.name}"
            yield from holding(getattr(result, each.name), value, inside)
    elif isinstance(result, list | tuple):
        for item in result:
            yield from holding(item, value, attribute)
    elif attribute and value is not None and result == value:
        yield attribute


Found = dict[Leaf, dict[Carrier, None]]
"""What carries each leaf, in the order of the calls."""


async def _requests(operation: str, call: Call, found: Found) -> None:
    """Add what an argument of *call* carries to *found*."""

    async def members(changed: Call) -> dict[Path, list[Any]]:
        requests, _ = await perform(operation, changed)
        return flat(operation, requests[0]) if requests else {}

    base, again = await members(call), await members(call)
    assert base, f"{call.name} sends no {operation}: {(await perform(operation, call))[1]}"
    random = {path for path in base if base[path] != again[path]}
    for path in random:
        found.setdefault(Leaf(operation, "input", path), {})[Carrier(OWN)] = None
    for carrier, changed in changed_calls(call):
        other = await members(changed)
        for path in sorted(base.keys() | other.keys()) if other else ():
            if base.get(path) != other.get(path) and path not in random:
                found.setdefault(Leaf(operation, "input", path), {})[carrier] = None


async def _answer(leaf: Leaf, call: Call) -> list[Carrier]:
    """Return what of the result of *call* an answer's leaf is: the innermost there is."""
    ways: set[tuple[str, ...]] = set()
    tried: list[Any] = []
    for choice in range(CHOICES):
        bodies = [answer(leaf, choice, changed=changed) for changed in (False, True)]
        if bodies in tried:
            continue
        tried.append(bodies)
        (sent, one), (sent_next, other) = [
            await perform(leaf.operation, call, body) for body in bodies
        ]
        if leaf.path == ("nextToken",) and sent[1:] != sent_next[1:]:
            return [Carrier(FOLLOWED)]
        if isinstance(one, Exception) or len(sent) > 1:  # it was of another request
            continue
        if isinstance(other, AnswerMismatchError) or len(sent_next) > 1:  # it was asked for again
            echoed = ECHOED.get([step for step in leaf.path if step != "[]"][-1])
            same = dict.fromkeys(holding(one, echoed))
            return [Carrier(COMPARED), *(Carrier(f"{call.name}()", each) for each in same)]
        ways.update(differing(one, other))
    deepest = max(map(len, ways), default=0)
    found = sorted(way[-1] if way else "" for way in ways if len(way) == deepest)
    return [Carrier(f"{call.name}()", attribute) for attribute in found]


async def _find() -> Found:
    found: Found = {}
    for operation, calls in CALLS.items():
        for call in calls:
            await _requests(operation, call, found)
    for leaf in leaves():
        if leaf.direction == "output":
            for call in READERS.get(leaf.operation, CALLS[leaf.operation][:1]):
                found.setdefault(leaf, {}).update(dict.fromkeys(await _answer(leaf, call)))
    for leaf in leaves():
        if leaf.path == ("nextToken",) and leaf.direction == "input":
            found[leaf] = found[Leaf(leaf.operation, "output", leaf.path)]
    return found


@cache
def carriers() -> Found:
    """Return what carries each leaf that anything carries."""
    return asyncio.run(_find())
