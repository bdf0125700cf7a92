"""The page on the doctor: each broken set-up is named by the cause and the cure of its row."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from agentcore_memory_async.cli._doctor.diagnosis import CHECKS
from agentcore_memory_async.cli._doctor.findings import Finding, Outcome
from agentcore_memory_async.cli._doctor.requests import reads
from agentcore_memory_async.cli._doctor.seen import Asked
from tests.cli.doctor.broken import SERVICE_OPTIONS, SETUPS, deny
from tests.cli.doctor.scenes import MEMORY, SECRETS, Scene, opened
from tests.transport.conftest import authority as authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.transport.conftest import Authority

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"
BAD = (Outcome.PROBLEM, Outcome.WARNING)


@frozen
class Row:
    """A row of the table."""

    setup: str
    check: str
    outcome: str
    cause: str
    cure: str


def rows() -> list[Row]:
    """Return the rows of the table of broken set-ups."""
    table = PAGE.read_text("utf-8").partition("| broken set-up |")[2].splitlines()[2:]
    cells = (line.strip("| ").split(" | ") for line in table if line.startswith("|"))
    return [Row(*each) for each in cells]


def is_like(text: str, pattern: str) -> bool:
    """Return whether *text* is *pattern*, in which ``…`` stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), text))


def shown(findings: Sequence[Finding]) -> str:
    """Return what is not in order, for the message of a failed test."""
    return "\n".join(map(str, (each for each in findings if each.outcome is not Outcome.OK)))


@pytest.fixture
async def scene(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: Authority,
) -> AsyncIterator[Scene]:
    """Yield a machine that is all right."""
    row = getattr(request, "param", None)
    options = SERVICE_OPTIONS.get(row.setup, dict)() if row else {}
    async with opened(monkeypatch, tmp_path, authority, **options) as made:
        yield made


def test_the_page_has_each_set_up() -> None:
    """Each row is broken by a test, and each broken set-up has a row."""
    assert list(SETUPS) == [row.setup for row in rows()]
    assert len(SETUPS) >= 20


@pytest.mark.parametrize(
    ("scene", "row"), [(row, row) for row in rows()], indirect=["scene"], ids=lambda row: row.setup
)
async def test_a_broken_set_up_is_named(scene: Scene, row: Row) -> None:
    """The doctor names cause and cure, blames nothing else, and shows no secret."""
    broken = SETUPS[row.setup](scene)
    if inspect.isawaitable(broken):
        await broken

    findings = await scene.diagnose()

    assert any(
        (each.check, each.outcome) == (row.check, row.outcome)
        and is_like(each.found, row.cause)
        and is_like(each.cure, row.cure)
        for each in findings
    ), shown(findings)
    blamed = {each.check for each in findings if each.outcome in BAD}
    assert blamed <= {row.check, *scene.also}, shown(findings)
    assert not [secret for secret in SECRETS if secret in str(findings)]
    assert set(CHECKS) == {each.check for each in findings}


async def test_a_set_up_that_is_all_right(scene: Scene) -> None:
    """Nothing is blamed where nothing is wrong, and all but the writes is checked."""
    scene.ask(namespaces=("/facts/{actorId}/", "/summaries/anna/"))

    findings = await scene.diagnose()

    assert {Outcome.OK, Outcome.UNCHECKED} == {each.outcome for each in findings}
    assert ["permissions"] == [
        each.check for each in findings if each.outcome is Outcome.UNCHECKED
    ], shown(findings)
    assert "access key ending in 1234" in str(findings)


@pytest.mark.parametrize("operation", [*reads(Asked(MEMORY)), "GetMemory"])
async def test_a_missing_permission_to_read_is_named(scene: Scene, operation: str) -> None:
    """Each action that reads and is not allowed is named, with the statement that adds it."""
    deny(scene, operation)

    found = [each for each in await scene.diagnose() if each.outcome in BAD]

    assert ["permissions"] == [each.check for each in found]
    action = f'"bedrock-agentcore:{operation}"'
    account = "123456789012" if operation == "GetMemory" else "000000000000"
    arn = f'"arn:aws:bedrock-agentcore:us-west-2:{account}:memory/{MEMORY}"'
    assert f'"Action": [{action}], "Resource": {arn}' in found[0].cure


async def test_the_finding_on_the_page(scene: Scene) -> None:
    """The object that the page shows is what the doctor finds."""
    shown_one = PAGE.read_text("utf-8").partition("<!-- finding: namespaces -->")[2].splitlines()[2]
    scene.ask(namespaces=("/facts/{userId}/",))
    assert json.loads(shown_one) in [each.to_dict() for each in await scene.diagnose()]
