"""``verify`` hands over to the module of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.verify import __main__ as command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.cli.conftest import Ran


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_it_hands_over_all_arguments(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Options and exit status are those of the module."""
    given: list[Sequence[str]] = []

    def main(argv: Sequence[str]) -> int:
        given.append(argv)
        return code

    monkeypatch.setattr(command, "main", main)
    arguments = ["chat-a1B2c3D4e5", "--region", "us-east-1", "--yes", "--max-requests", "9"]
    assert code == run("verify", *arguments).code
    assert [arguments] == given


def test_its_help_is_that_of_the_module(run: Callable[..., Ran]) -> None:
    """``-h`` shows the module's own options."""
    ran = run("verify", "-h")
    assert 0 == ran.code
    assert "--max-requests" in ran.out


def test_a_wrong_option_is_wrong_usage(run: Callable[..., Ran]) -> None:
    """Whatever the module refuses exits with 2, and so do options before its name."""
    assert 2 == run("verify", "--no-such-option").code
    assert 2 == run("--region", "us-east-1", "verify", "-h").code
