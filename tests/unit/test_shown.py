"""What errors show of long values: their beginning, up to a length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySessionManager, InvalidInputError
from agentcore_memory_async._wire import control_rules
from agentcore_memory_async._wire.namespaces import resolve_template
from agentcore_memory_async.testing import FakeTransport
from tests.client.doubles import manager_on

if TYPE_CHECKING:
    from collections.abc import Callable

CUT: dict[str, tuple[Callable[[str], Any], str, int]] = {
    "on_unreadable": (
        lambda text: AsyncMemorySessionManager("m", on_unreadable=text),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - it is wrong
        "on_unreadable is '{}'; ",
        20,
    ),
    "variables of namespaces": (
        lambda text: resolve_template(f"/{{{text}}}/", {}),
        " names {{{}}}; ",
        40,
    ),
}
"""What refuses any text, how it shows it, and how much of it."""


@pytest.mark.parametrize("name", CUT)
def test_a_long_value_is_cut(name: str) -> None:
    """As many characters are shown, and none beyond."""
    refuse, words, most = CUT[name]
    for length in (most, most + 1):
        with pytest.raises(InvalidInputError) as caught:
            refuse("x" * length)
        assert words.format("x" * most) in str(caught.value)


@pytest.mark.parametrize(("length", "shown"), [(40, "'" + "x" * 40 + "'"), (41, "str")])
def test_a_long_word_is_not_shown(length: int, shown: str) -> None:
    """A word of the service is short: anything longer is something else."""
    with pytest.raises(InvalidInputError, match=f"kind is {shown}; give 'a' or 'b'"):
        control_rules.OneOf(("a", "b"))("kind", "x" * length)


async def test_texts_of_calls_are_cut() -> None:
    """So it is where only a call takes them."""
    async with manager_on(FakeTransport()) as manager:
        session = await manager.create_memory_session("a", "s", verify=False)
        with pytest.raises(InvalidInputError, match=r"on_search_error is 'x{20}'; "):
            await session.process_turn_with_llm(
                "hi",
                lambda text, _: text,
                on_search_error="x" * 21,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - it is wrong
            )
        with pytest.raises(InvalidInputError, match=r"in_doubt 'x{80}' is not"):
            await session.resolve("x" * 81)
        prefix = "/" + "x" * 80
        with pytest.raises(InvalidInputError, match=r"min_records\['/x{79}'\] is 0; "):
            session.extraction_poller(prefix, min_records={prefix: 0})
