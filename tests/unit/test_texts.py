"""
Texts about bad input and errors, as stored in ``texts.txt``.

``python -m tests.unit.test_texts`` writes the file anew; read the difference before committing it.
"""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncActor,
    AsyncMemoryControl,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    Branch,
    InvalidInputError,
    PollPolicy,
    RetryPolicy,
    ServiceLimits,
    decode_actor_id,
    encode_actor_id,
    encode_session_id,
    to_message,
)
from agentcore_memory_async._wire.synonyms import SYNONYMS
from agentcore_memory_async.testing import FakeTransport
from tests.unit.test_errors import CLASSES, make

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

from tests.unit.bad_calls import CALLS
from tests.unit.bad_context_input import CONTEXT_CASES
from tests.unit.bad_forgetting import FORGETTING_CASES
from tests.unit.bad_input import CASES as INPUT
from tests.unit.bad_input import CIRCLE
from tests.unit.bad_origin_input import ORIGIN_CASES
from tests.unit.bad_records import CASES as RECORDS
from tests.unit.bad_telemetry_input import TELEMETRY_CASES

CASES = {
    **INPUT,
    **CALLS,
    **RECORDS,
    **CONTEXT_CASES,
    **FORGETTING_CASES,
    **ORIGIN_CASES,
    **TELEMETRY_CASES,
}
"""Invalid values, by the arguments that they are for."""

STORED = Path(__file__).with_name("texts.txt")


def text_of(call: Any, value: Any) -> str:
    """Return the text with which *call* refuses *value*, and check that nothing was sent."""

    async def use() -> str:
        transport = FakeTransport()
        async with AsyncMemorySessionManager("chat-a1B2c3D4e5", transport=transport) as manager:
            session: Any = AsyncMemorySession(manager, "a", "s")
            session.manager = manager

            async def refused() -> None:
                result = call(session, value)
                if inspect.isawaitable(result):
                    await result

            with pytest.raises(InvalidInputError) as caught:
                await refused()
            assert transport.requests == []
            return str(caught.value)

    return asyncio.run(use())


def shown(value: Any) -> str:
    """Return a short form of a bad value for the reader of the snapshot."""
    if isinstance(value, list | tuple) and value and value is not CIRCLE:
        return f"{type(value).__name__} of {len(value)} {type(value[0]).__name__}"
    text = ascii(value) if isinstance(value, str | int | float | Branch) else type(value).__name__
    return text if len(text) <= 40 else text[:37] + "..."


def all_texts() -> str:
    """Return every text once, with the arguments that share it and the values that give it."""
    sharing: dict[str, dict[str, list[str]]] = {}
    for name, (values, call) in CASES.items():
        for value in values:
            text = text_of(call, value).replace(argument_of(name), "<argument>", 1)
            kind = "None" if value is None else type(value).__name__
            text = text.replace(f"<argument> is {kind};", "<argument> is <type>;")
            sharing.setdefault(text, {}).setdefault(name, []).append(shown(value))
    lines: list[str] = []
    for text, values_by_name in sharing.items():
        lines += ["", text]
        names_by_values: dict[str, list[str]] = {}
        for name, bad in values_by_name.items():
            names_by_values.setdefault(", ".join(dict.fromkeys(bad)), []).append(name)
        lines += [f"    {', '.join(names)}: {bad}" for bad, names in names_by_values.items()]
    lines += ["", "Errors:"]
    lines += [f"    {name}: {make(cls)}" for name, cls in sorted(CLASSES.items())]
    return "\n".join(lines).strip() + "\n"


def argument_of(name: str) -> str:
    """Return the argument that a case is about: ``add_turns(messages)`` is about ``messages``."""
    return name.partition("(")[2].rstrip(")").partition(" ")[0]


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_before_any_request(name: str) -> None:
    """Each text names the argument and the next step, and shows no content."""
    values, call = CASES[name]
    argument = argument_of(name)
    for value in values:
        text = text_of(call, value)
        assert argument in text
        assert ";" in text
        assert "canary" not in text
        assert len(text) < 400
        assert text.isascii() or "é" in text


def test_texts_are_as_stored() -> None:
    """Texts are those of ``texts.txt``."""
    assert STORED.read_text() == all_texts()


def test_every_argument_is_tried() -> None:
    """Every argument of every public method and constructor has cases of bad input."""
    unchecked = {
        "AsyncMemorySessionManager(aws_session)",  # validated by the transport on opening
        "AsyncMemorySessionManager(config)",
        "AsyncMemorySession(actor_id)",  # like create_memory_session
        "AsyncMemorySession(session_id)",
        "actor(actor_id)",
        *(f"iter_actor_sessions({name})" for name in ("actor_id", "has_events")),
        "iter_sessions(has_events)",
        *(
            f"iter_memory_extraction_jobs({name})"
            for name in ("actor_id", "session_id", "memory_strategy_id", "status")
        ),
        "manager(options)",  # checked by the manager
        "iter_long_term_memory_records(namespace)",  # like list_long_term_memory_records
        "iter_long_term_memory_records(memory_strategy_id)",
        *(  # like extraction_poller
            f"wait_for_extraction({name})"
            for name in inspect.signature(AsyncMemorySession.wait_for_extraction).parameters
            if name != "since"
        ),
    }
    callables: list[Callable[..., Any]] = [
        AsyncMemorySessionManager,
        AsyncMemorySession,
        PollPolicy,
        RetryPolicy,
        ServiceLimits,
        encode_actor_id,
        encode_session_id,
        decode_actor_id,
        to_message,
        *(
            member
            for cls in (
                AsyncMemorySessionManager,
                AsyncMemorySession,
                AsyncActor,
                AsyncMemoryControl,
            )
            for name, member in inspect.getmembers(cls, inspect.isfunction)
            if not name.startswith("_")
        ),
    ]
    expected = {
        f"{each.__name__}({parameter})"
        for each in callables
        for parameters in [inspect.signature(each).parameters]
        for parameter in parameters
        if parameter != "self" and SYNONYMS.get(parameter) not in parameters
    }

    assert expected - unchecked <= set(CASES)


async def test_session_and_config_are_refused_when_it_opens() -> None:
    """An invalid ``aws_session`` or ``config`` is refused on opening, before any request."""
    options: list[dict[str, Any]] = [{"aws_session": 5}, {"config": {"region": "x"}}]
    for bad in options:
        manager = AsyncMemorySessionManager("m", "us-west-2", **bad)
        opening: Awaitable[Any] = manager.open()
        with pytest.raises(InvalidInputError, match=next(iter(bad))):
            await opening
        await manager.aclose()


def test_issue_text_is_word_for_word() -> None:
    """The text about an actor id is the one of the design."""
    expected = (
        "actor_id 'a@b.c' has '@'; allowed are letters, digits, '-', '_', ':'; "
        "encode_actor_id() makes one"
    )
    values, call = CASES["create_memory_session(actor_id)"]

    assert "a@b.c" in values
    assert expected == text_of(call, "a@b.c")


if __name__ == "__main__":
    STORED.write_text(all_texts())
