"""The command: what it shows, asks, writes and removes, and how it ends."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.local import Behavior, LocalMemoryService
from agentcore_memory_async.verify import __main__ as command
from agentcore_memory_async.verify import parse_report
from agentcore_memory_async.verify._probes import PROBES
from agentcore_memory_async.verify._running.plan import make_plan
from agentcore_memory_async.verify._running.state import State
from tests.verify.interrupting import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agentcore_memory_async.local import BlockingLocalMemoryService

QUICK = tuple(probe for probe in PROBES if probe.name in {"tokens", "blobs"})


@pytest.fixture
def service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[BlockingLocalMemoryService]:
    """Open a service that the command finds, whose runs are short."""
    monkeypatch.setattr(command, "PROBES", QUICK)
    monkeypatch.chdir(tmp_path)
    with LocalMemoryService(strict=True) as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


def test_a_run_writes_a_report_and_a_page(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it will cost, asks, writes two files, and leaves no memory and no state."""
    assert 0 == command.main(["--yes"])
    shown = capsys.readouterr()
    assert "CreateEvent 6" in shown.out
    assert "[2/2] blobs" in shown.err
    report = parse_report((tmp_path / "measured.json").read_text("utf-8"))
    assert ("other", "us-west-2") == (report.service, report.region)
    assert all(each.question and each.text for each in report.verdicts)
    assert all(each.evidence for each in report.verdicts if each.is_conclusive)
    assert len(service.calls()) - len(service.calls("DeleteMemory")) <= report.requests
    assert "`behavior.token_mismatch`" in (tmp_path / "measured.md").read_text("utf-8")
    assert ["measured.json", "measured.md"] == sorted(each.name for each in tmp_path.iterdir())
    with service.control() as control:
        assert [] == [each for each in control.list_memories() if each.status != "DELETING"]


def test_nothing_is_sent_before_somebody_agrees(
    service: BlockingLocalMemoryService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without --yes and a terminal, or with a no, it shows the plan and sends nothing."""
    assert 1 == command.main([])
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert 1 == command.main([])
    assert [] == service.calls()
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert 0 == command.main([])
    assert [] != service.calls()


def test_a_change_has_an_exit_status(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A nightly job sees by the exit status whether the service has changed."""
    assert 0 == command.main(["--yes", "--output", "old.json"])
    assert 0 == command.main(["--yes", "--diff", "old.json"])
    assert "nothing changed" in capsys.readouterr().out
    old = json.loads((tmp_path / "old.json").read_text("utf-8"))
    for verdict in old["verdicts"]:
        if verdict["name"] == "behavior.token_mismatch":
            verdict["value"] = "error"
    (tmp_path / "old.json").write_text(json.dumps(old), "utf-8")
    assert command.CHANGED == command.main(["--yes", "--diff", "old.json"])
    assert "behavior.token_mismatch: was 'error', is 'ignore'" in capsys.readouterr().out


def test_a_report_that_cannot_be_compared_costs_nothing(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unreadable report is refused by its name, before anything is sent."""
    for content in (b"{}", b"", b"\xff", b"[" * 100_000, b'{"format": 9}'):
        (tmp_path / "old.json").write_bytes(content)
        assert 1 == command.main(["--yes", "--diff", "old.json"])
        assert "--diff old.json: it" in capsys.readouterr().err
    assert [] == service.calls()


def test_a_report_is_compared_before_it_is_replaced(
    service: BlockingLocalMemoryService, tmp_path: Path
) -> None:
    """The same file may be the old report and the new one, as in a nightly job."""
    assert 0 == command.main(["--yes"])
    old = (tmp_path / "measured.json").read_text("utf-8")
    changed = old.replace('"value": "ignore"', '"value": "error"')
    assert changed != old
    (tmp_path / "measured.json").write_text(changed, "utf-8")
    assert command.CHANGED == command.main(["--yes", "--diff", "measured.json"])
    assert 0 == command.main(["--yes", "--diff", "measured.json"])


@pytest.mark.parametrize("is_named", [False, True])
def test_a_limit_that_is_too_low_costs_nothing(
    service: BlockingLocalMemoryService,
    tmp_path: Path,
    is_named: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is refused with the number that is needed, which is enough for a run, and kept by it."""
    with service.control() as control:
        memory = [control.create_memory("chat").memory_id] if is_named else []
    used = len(service.calls())
    assert command.INVALID == command.main([*memory, "--yes", "--max-requests", "5"])
    assert used == len(service.calls())
    (least,) = re.findall(r"give at least (\d+)", capsys.readouterr().err)
    status = command.main([*memory, "--yes", "--max-requests", least])
    shown = capsys.readouterr()
    assert status in {0, command.INCOMPLETE}
    assert (status == command.INCOMPLETE) == ("incomplete" in shown.err)
    assert len(service.calls()) <= used + int(least)
    assert ["measured.json", "measured.md"] == sorted(each.name for each in tmp_path.iterdir())


def test_an_incomplete_run_has_an_exit_status(
    service: BlockingLocalMemoryService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that its limit ends says so; an answer that has changed comes first."""
    monkeypatch.setattr(command, "PROBES", PROBES)
    least = make_plan(PROBES, makes_memory=True, paths=1).least
    limited = ["--yes", "--max-requests", str(least)]
    assert command.INCOMPLETE == command.main(limited)
    report = json.loads((tmp_path / "measured.json").read_text("utf-8"))
    answered = [each for each in report["verdicts"] if each["sure"] != "inconclusive"]
    assert 0 < len(answered) < len(report["verdicts"])
    assert least >= report["requests"] == len(service.calls())
    answered[0] |= {"value": -1.0, "within": None}
    (tmp_path / "old.json").write_text(json.dumps(report), "utf-8")
    assert command.CHANGED == command.main([*limited, "--diff", "old.json"])


def test_clean_says_what_it_takes(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names requests and time of the removal before it starts, and what it waits for."""
    with service.control() as control:
        memory_id = control.create_memory("chat").memory_id
    used = len(service.calls())
    state = State.new(tmp_path / "measured.state", "us-west-2", memory_id)
    state.may_be_there, state.events, state.sessions, state.settled_at = True, 3, 2, 0.0
    state.save()
    assert 0 == command.main(["--clean"])
    shown = capsys.readouterr().out
    assert "Removes what is left" in shown
    assert "DeleteEvent 3" in shown
    assert len(service.calls()) - used <= 10


def test_clean_removes_what_a_killed_run_left(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The memory of the state's run is deleted, by its name if its id is unknown; no other."""
    assert 0 == command.main(["--clean"])
    assert [] == service.calls()
    state = State.new(tmp_path / "measured.state", "us-west-2", None)
    state.may_be_there = True
    state.save()
    with service.control() as control:
        control.create_memory(state.memory_name)
        other = control.create_memory("verify_of_somebody_else")
        assert 0 == command.main(["--clean"])
        left = [each.memory_id for each in control.list_memories() if each.status != "DELETING"]
        assert [other.memory_id] == left
        assert other.memory_id not in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_a_run_after_a_killed_one_makes_another_memory(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left is removed first, as the plan says; name and token are not used again."""
    state = State.new(tmp_path / "measured.state", "us-west-2", None)
    state.may_be_there = True
    state.save()
    with service.control() as control:
        left = control.create_memory(state.memory_name)
    assert 0 == command.main(["--yes"])
    shown = capsys.readouterr()
    assert "Removes what is left first" in shown.out
    (line,) = [each for each in shown.err.splitlines() if "making memory" in each]
    assert state.memory_name not in line
    assert 2 == len(service.calls("DeleteMemory"))
    with service.control() as control:
        kept = [each.memory_id for each in control.list_memories() if each.status != "DELETING"]
    assert left.memory_id not in kept


def test_a_state_is_of_one_memory(
    service: BlockingLocalMemoryService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers of one memory or region are not mixed with those of another."""
    State.new(tmp_path / "measured.state", "us-west-2", "chat-a1B2c3D4e5").save()
    assert 1 == command.main(["--yes"])
    assert "another memory or region" in capsys.readouterr().err
    (tmp_path / "measured.state").write_text("{}", "utf-8")
    assert 1 == command.main(["--yes"])
    assert "remove it by hand" in capsys.readouterr().err


def test_a_service_that_refuses_is_an_error(
    service: BlockingLocalMemoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """A memory that can't be made ends the run, in one line."""
    service.fail("AccessDeniedException", operation="CreateMemory")
    assert 1 == command.main(["--yes"])
    assert "AccessDenied" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.timeout(120)
def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    """An interrupted run removes what it made; ``python -m tests.verify interrupts`` has more."""
    _, wrong = asyncio.run(interrupt(random.Random(3), tmp_path))
    assert [] == wrong


def test_a_profile_of_a_run_is_taken(service: BlockingLocalMemoryService, tmp_path: Path) -> None:
    """The local service takes a report as its profile."""
    assert 0 == command.main(["--yes"])
    taken = LocalMemoryService(profile=tmp_path / "measured.json")
    assert Behavior() == taken._context.behavior


@pytest.mark.parametrize(
    ("option", "wanted"),
    [("--diff", "give a report of an earlier run"), ("--output", "give a file in a folder")],
)
def test_a_file_that_can_not_be_used_is_refused(
    option: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is asked, with the name of the argument and what to do."""
    with pytest.raises(SystemExit):
        command.main([option, str(tmp_path / "none" / "old.json")])
    errors = capsys.readouterr().err
    assert option in errors
    assert wanted in errors
