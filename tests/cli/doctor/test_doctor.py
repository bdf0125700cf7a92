"""The command, and what a diagnosis leaves out, writes and removes."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from agentcore_memory_async.cli._doctor import looking
from agentcore_memory_async.cli._doctor.diagnosis import CHECKS
from agentcore_memory_async.cli._doctor.findings import Outcome
from agentcore_memory_async.cli._doctor.requests import ACTOR, NAMESPACE, reads
from tests.cli.doctor.broken import deny
from tests.cli.doctor.scenes import MEMORY, Scene, opened
from tests.transport.conftest import authority as authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.cli.conftest import Ran
    from tests.transport.conftest import Authority


@pytest.fixture
async def scene(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority
) -> AsyncIterator[Scene]:
    """Yield a machine that is all right."""
    async with opened(monkeypatch, tmp_path, authority) as made:
        yield made


async def stored(scene: Scene) -> tuple[int, int]:
    """Return the number of events of the doctor's actor, and of its records."""
    await scene.service.drain()
    async with scene.service.manager(MEMORY) as manager:
        session = await manager.create_memory_session(ACTOR, ACTOR, verify=False)
        records = await manager.list_long_term_memory_records(NAMESPACE)
        return len(await session.list_events()), len(records)


async def test_nothing_is_written(scene: Scene) -> None:
    """Without being asked the doctor only reads."""
    await scene.diagnose()
    sent = {call.operation for call in scene.service.calls()}
    assert all(each.startswith(("Get", "List", "Retrieve")) for each in sent)


async def test_what_was_written_is_removed(scene: Scene) -> None:
    """Each action that writes is tried, and nothing is left, nor extracted."""
    scene.ask(write=True)
    findings = await scene.diagnose()
    [allowed] = [each.found for each in findings if each.found.startswith("allowed:")]
    for action in ("CreateEvent", "DeleteEvent", "BatchCreateMemoryRecords", "DeleteMemoryRecord"):
        assert action in allowed
    assert "StartMemoryExtractionJob" in allowed
    assert (0, 0) == await stored(scene)


@pytest.mark.parametrize(
    ("operation", "left", "named"),
    [
        ("DeleteEvent", (1, 0), f"of actor {ACTOR}"),
        ("BatchDeleteMemoryRecords", (0, 1), f"records under {NAMESPACE}"),
        ("DeleteMemoryRecord", (0, 0), ""),
    ],
)
async def test_what_could_not_be_removed_is_named(
    scene: Scene, operation: str, left: tuple[int, int], named: str
) -> None:
    """Where deleting is not allowed, what is left is named beside the missing permission."""
    scene.ask(write=True)
    deny(scene, operation)
    problems = [each.found for each in await scene.diagnose() if each.outcome is Outcome.PROBLEM]
    assert any(f"bedrock-agentcore:{operation}" in each for each in problems)
    assert bool(named) == any(named in each and "could not be removed" in each for each in problems)
    assert left == await stored(scene)


async def test_without_a_memory(scene: Scene) -> None:
    """Everything but the memory is checked, by listing memories."""
    scene.ask(memory=None)
    findings = {each.check: each for each in await scene.diagnose()}
    assert Outcome.UNCHECKED == findings["memory"].outcome
    assert "allowed: ListMemories" == findings["permissions"].found
    assert "no memory was given" == findings["strategies"].found
    assert {"ListMemories"} == {call.operation for call in scene.service.calls()}


async def test_a_list_that_is_not_allowed_has_no_resource(scene: Scene) -> None:
    """The statement for ListMemories is for everything: it concerns no memory."""
    scene.ask(memory=None)
    deny(scene, "ListMemories")
    [found] = [each for each in await scene.diagnose() if each.outcome is Outcome.WARNING]
    assert '"Action": ["bedrock-agentcore:ListMemories"], "Resource": "*"' in found.cure


async def test_packages_that_cannot_be_imported(scene: Scene) -> None:
    """What knows AWS may not be importable; then nothing of AWS is checked."""
    scene.patch.setitem(sys.modules, "aiobotocore.session", None)
    findings = {each.check: each for each in await scene.diagnose()}
    assert "aiobotocore.session cannot be imported" in findings["packages"].found
    assert "the packages do not go together" == findings["credentials"].found
    assert list(CHECKS) == list(findings)


async def test_an_aiobotocore_that_does_not_fit_its_botocore(scene: Scene) -> None:
    """It may fail in its own way while it is imported, which is named as well."""
    importlib.import_module("agentcore_memory_async._transport.diagnosis")
    for name in ("client", "diagnosis"):
        scene.patch.delitem(sys.modules, f"agentcore_memory_async._transport.{name}")
    scene.patch.delattr(Session, "_resolve_region_name")
    findings = {each.check: each for each in await scene.diagnose()}
    assert "aiobotocore cannot be imported: ImportError" == findings["packages"].found


async def test_a_data_plane_alone_that_is_lost(scene: Scene) -> None:
    """Strategies are checked by the control plane, and permissions are not guessed."""
    scene.service.drop_connection(operation="ListActors")
    findings = [each for each in await scene.diagnose() if each.outcome is not Outcome.UNCHECKED]
    by_check = {each.check: each for each in findings}
    assert Outcome.PROBLEM == by_check["connection"].outcome
    assert Outcome.OK == by_check["strategies"].outcome
    assert "allowed: GetMemory" == by_check["permissions"].found
    assert "ListEvents" not in {call.operation for call in scene.service.calls()}


async def test_the_actor_that_is_asked_as(scene: Scene) -> None:
    """Requests are made as a given actor, in its namespace."""
    scene.ask(actor_id="anna", namespaces=("/facts/{actorId}/",))
    await scene.diagnose()
    ids = {call.operation: call.ids for call in scene.service.calls()}
    assert "anna" == ids["ListEvents"]["actorId"] == ids["ListSessions"]["actorId"]
    path = reads(scene.asked)["ListMemoryRecords"]["namespacePath"]
    assert "/facts/anna/" == path
    scene.ask(actor_id=None)
    assert "/facts/" == reads(scene.asked)["ListMemoryRecords"]["namespacePath"]


def test_the_installed_packages_are_read() -> None:
    """The versions are those of this environment."""
    from importlib.metadata import version

    found = looking.installed_packages()
    assert version("aiobotocore") == found["aiobotocore"].version
    assert version("attrs") == found["attrs"].version


@pytest.mark.usefixtures("memory_id")
def test_the_text_of_the_command(run: Callable[..., Ran]) -> None:
    """Each check is a row, cures have lines of their own, and a problem is status 1."""
    ran = run("doctor", "--namespace", "/facts/{userId}/", "--namespace", "/facts/{actorId}/")
    assert 1 == ran.code
    rows = {row[0]: row[1:] for row in ran.rows if len(row) == 3}
    assert set(CHECKS) == set(rows)
    assert ["ok", "facts (SEMANTIC)"] == rows["strategies"]
    assert "problem" == rows["namespaces"][0]
    assert "namespaces: Use /facts/{actorId}/; all are /facts/{actorId}/" in ran.out.splitlines()


def test_the_json_of_the_command(run: Callable[..., Ran], memory_id: str) -> None:
    """Each finding is an object, and status 0 means that there is no problem."""
    ran = run("doctor", "--json", "-m", memory_id, "--write")
    assert (0, "") == (ran.code, ran.err)
    assert all({"check", "outcome", "found", "cure"} == set(each) for each in ran.objects)
    assert "problem" not in {each["outcome"] for each in ran.objects}
    assert list(CHECKS) == list(dict.fromkeys(each["check"] for each in ran.objects))


@pytest.mark.parametrize(
    "arguments", [("-m", "a/../b"), ("--actor", "a b"), ("--endpoint-url", "no")]
)
@pytest.mark.usefixtures("service")
def test_arguments_that_are_invalid(run: Callable[..., Ran], arguments: tuple[str, str]) -> None:
    """They are refused before anything is sent."""
    assert 2 == run("doctor", *arguments).code
