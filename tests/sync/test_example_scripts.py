"""The scripts of ``docs/examples/scripts``, each run as a program on a local service."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    Conversation,
    ConversationalMessage,
    MessageRole,
    NamespaceKey,
    SemanticStrategy,
)
from agentcore_memory_async.local import LocalMemoryService, ManualClock
from agentcore_memory_async.transfer import history_from_json
from tests.sync.test_processes import posix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

SCRIPTS = Path(__file__).parents[2] / "docs" / "examples" / "scripts"
MEMORY_ID = "chat-a1B2c3D4e5"
TURIN = ConversationalMessage("I live in Turin.", MessageRole.USER)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def service() -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service on a thread of its own."""
    with LocalMemoryService() as service:
        yield service


def start(service: BlockingLocalMemoryService, name: str, *arguments: object) -> Any:
    """Start a script, with warnings as errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", SCRIPTS / f"{name}.py", *map(str, arguments)],
        env={**os.environ, **service.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    service: BlockingLocalMemoryService, name: str, *arguments: object, typed: str = ""
) -> tuple[int, str, str]:
    """Run a script, and return its status, output and errors."""
    with start(service, name, *arguments) as process:
        try:
            out, errors = process.communicate(typed, timeout=50)
        finally:
            process.kill()
    return process.returncode, out, errors


def exported(conversations: int, messages: int) -> list[dict[str, Any]]:
    """Return an export of another system."""
    return [
        {
            "user": f"user{number % 100}@example.com",
            "id": f"chat{number:04}",
            "messages": [
                {
                    "role": "assistant" if place % 2 else "user",
                    "text": f"Message {place} of {number}.",
                    "time": (START + timedelta(minutes=number, seconds=place)).isoformat(),
                }
                for place in range(messages)
            ],
        }
        for number in range(conversations)
    ]


def texts(service: BlockingLocalMemoryService) -> dict[str, list[str]]:
    """Return the texts that are stored, by session."""
    with service.manager(MEMORY_ID) as manager:
        return {
            item.session_id: [getattr(each, "text", "") for each in item.messages]
            for item in manager.export()
            if isinstance(item, Conversation)
        }


class TestImport:
    """``import_conversations.py``."""

    def test_1000_conversations(self, service: BlockingLocalMemoryService, tmp_path: Path) -> None:
        """All of a file is stored, and running it again stores nothing twice."""
        file = tmp_path / "export.json"
        given = exported(1000, 3)
        file.write_text(json.dumps(given))
        said = (0, "1,000 conversations with 3,000 messages are stored.\n", "")
        assert said == run(service, "import_conversations", file, MEMORY_ID)
        expected = {each["id"]: [m["text"] for m in each["messages"]] for each in given}
        assert expected == texts(service)
        assert said == run(service, "import_conversations", file, MEMORY_ID)
        assert expected == texts(service)

    @posix
    def test_a_bar_is_drawn_on_a_terminal(
        self, service: BlockingLocalMemoryService, tmp_path: Path
    ) -> None:
        """The bar grows from nothing to all of it."""
        pty = pytest.importorskip("pty")
        file = tmp_path / "export.json"
        file.write_text(json.dumps(exported(20, 3)))
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, SCRIPTS / "import_conversations.py", file, MEMORY_ID],
            env={**os.environ, **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        drawn = b""
        try:
            while chunk := os.read(ours, 4096):
                drawn += chunk
        except OSError:  # the other end was closed
            pass
        finally:
            os.close(ours)
            assert 0 == process.wait(30)
        counts = [int(each) for each in re.findall(rb"\] (\d+) of 60 messages", drawn)]
        assert counts == sorted(counts)
        assert 60 == counts[-1]
        assert b"[" + b"#" * 30 + b"] 60 of 60" in drawn

    @posix
    def test_ctrl_c_and_again(self, service: BlockingLocalMemoryService, tmp_path: Path) -> None:
        """Ctrl-C ends it at once and quietly; the next run stores the rest."""
        file = tmp_path / "export.json"
        given = exported(40, 12)
        file.write_text(json.dumps(given))
        process = start(service, "import_conversations", file, MEMORY_ID)
        while not service.calls("CreateEvent"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
        said = "Interrupted. Run it again to go on; nothing is stored twice.\n"
        assert (130, "", said) == (process.returncode, out, errors)
        before = sum(map(len, texts(service).values()))
        assert 0 < before < 480
        assert 0 == run(service, "import_conversations", file, MEMORY_ID)[0]
        expected = {each["id"]: [m["text"] for m in each["messages"]] for each in given}
        assert expected == texts(service)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{", "as a whole: Expecting property name"),
            ("[{}]", "conversation 1: the member 'messages' is missing"),
            ("[1]", "conversation 1: 'int' object is not subscriptable"),
            ('[{"messages": [], "user": 5}]', "conversation 1: "),
            (
                '[{"messages": [{"text": "a", "role": "wizard", "time": "2026-01-01"}]}]',
                "conversation 1: .*role",
            ),
            (
                '[{"messages": [{"text": "a", "role": "user", "time": "noon"}]}]',
                "conversation 1: Invalid isoformat",
            ),
        ],
    )
    def test_a_file_that_is_wrong(
        self, service: BlockingLocalMemoryService, tmp_path: Path, content: str, said: str
    ) -> None:
        """What is wrong is named by its place, and nothing is sent."""
        file = tmp_path / "export.json"
        file.write_text(content)
        status, out, errors = run(service, "import_conversations", file, MEMORY_ID)
        assert (1, "") == (status, out)
        assert re.search(said, errors)
        assert "Traceback" not in errors
        assert not service.calls()

    def test_a_file_that_is_missing(
        self, service: BlockingLocalMemoryService, tmp_path: Path
    ) -> None:
        """It is an error of one line."""
        status, out, errors = run(service, "import_conversations", tmp_path / "no", MEMORY_ID)
        assert (1, "", 1) == (status, out, errors.count("\n"))
        assert errors.startswith("FileNotFoundError")


def converse(service: BlockingLocalMemoryService) -> None:
    """Store what is extracted, of two actors."""
    with service.manager(MEMORY_ID) as manager:
        for actor in ("anna", "ben"):
            for number in range(2):
                session = manager.create_memory_session(actor, f"chat{number}", verify=False)
                session.add_turns([TURIN])
        service.drain()


def test_what_is_stored(service: BlockingLocalMemoryService) -> None:
    """Actors, events and records are counted; no content is shown."""
    converse(service)
    status, out, errors = run(service, "what_is_stored", MEMORY_ID)
    assert (0, "") == (status, errors)
    rows = [line.split() for line in out.splitlines()]
    with service.manager(MEMORY_ID) as manager:
        facts = len(manager.list_long_term_memory_records("/facts/"))
    assert [f"{MEMORY_ID} is ACTIVE; events stay 365 days"] == out.splitlines()[:1]
    assert {("anna", "2", "2"), ("ben", "2", "2")} == {tuple(row) for row in rows[3:5]}
    assert ["facts", "SEMANTIC", str(facts), "/facts/{actorId}/"] in rows
    assert ["0", "failed", "extraction", "jobs"] in rows
    assert "Turin" not in out


def test_failed_jobs_are_counted(service: BlockingLocalMemoryService) -> None:
    """Reasons of failed jobs are listed."""
    service.fail_extraction()
    converse(service)
    assert re.search(
        r"\n(\d+) failed extraction jobs\n\w+ +\1\n", run(service, "what_is_stored", MEMORY_ID)[1]
    )


class TestDelete:
    """``delete_person.py``."""

    def test_all_of_one_actor(self, service: BlockingLocalMemoryService) -> None:
        """Events and records of the actor are gone, and another's are left."""
        converse(service)
        status, out, errors = run(
            service, "delete_person", MEMORY_ID, "anna", "--settle", 0.1, typed="anna\n"
        )
        assert (0, "Type the actor id to delete all of it: ") == (status, errors)
        assert "anna has 2 sessions" in out
        assert re.search(r"^2 events and \d+ records were deleted\.$", out, re.MULTILINE)
        with service.manager(MEMORY_ID) as manager:
            assert {"ben"} == {
                each.actor_id for each in manager.export() if isinstance(each, Conversation)
            }
            assert [] == manager.list_long_term_memory_records("/facts/anna/")
            assert manager.list_long_term_memory_records("/facts/ben/")

    @pytest.mark.parametrize("typed", ["", "yes\n", "ben\n"])
    def test_only_if_confirmed(self, service: BlockingLocalMemoryService, typed: str) -> None:
        """Any other answer, or none, deletes nothing."""
        converse(service)
        before = texts(service)
        status, out, _ = run(service, "delete_person", MEMORY_ID, "anna", typed=typed)
        assert (2, "Nothing was deleted.") == (status, out.splitlines()[-1])
        assert before == texts(service)


class TestExport:
    """``export_everything.py``."""

    def test_everything(self, service: BlockingLocalMemoryService, tmp_path: Path) -> None:
        """The file has each conversation and record, and only its owner reads it."""
        converse(service)
        file = tmp_path / "export.jsonl"
        status, out, errors = run(service, "export_everything", MEMORY_ID, file)
        assert (0, "") == (status, errors)
        with service.manager(MEMORY_ID) as manager:
            expected = list(manager.export())
        lines = file.read_text().splitlines()
        assert expected == [history_from_json(line) for line in lines]
        assert out.startswith("4 conversations with 4 messages and ")
        assert [file] == list(tmp_path.iterdir())
        if sys.platform != "win32":
            assert 0o600 == file.stat().st_mode & 0o777

    def test_one_actor(self, service: BlockingLocalMemoryService, tmp_path: Path) -> None:
        """An actor is exported with the records of the given namespaces."""
        converse(service)
        file = tmp_path / "export.jsonl"
        given = ("--actor", "anna", "--namespace", "/facts/{actorId}/")
        assert 0 == run(service, "export_everything", MEMORY_ID, file, *given)[0]
        assert "ben" not in file.read_text()
        assert "/facts/anna/" in file.read_text()

    def test_a_failure_leaves_the_file_of_before(
        self, service: BlockingLocalMemoryService, tmp_path: Path
    ) -> None:
        """An export that fails does not replace an earlier one."""
        converse(service)
        file = tmp_path / "export.jsonl"
        file.write_text("before")
        service.fail("AccessDeniedException", operation="ListSessions", times=None)
        status, out, errors = run(service, "export_everything", MEMORY_ID, file)
        assert (1, "", 1) == (status, out, errors.count("\n"))
        assert errors.startswith("AccessDeniedError: ")
        assert "before" == file.read_text()


class TestWhy:
    """``why_nothing_was_extracted.py``: each cause is named."""

    def why(self, service: BlockingLocalMemoryService, memory_id: str, *more: str) -> str:
        """Return what the script says; it found a cause."""
        status, out, errors = run(
            service, "why_nothing_was_extracted", memory_id, "anna", "chat0", *more
        )
        assert (3, "") == (status, errors)
        return out

    def test_there_are_records(self, service: BlockingLocalMemoryService) -> None:
        """Records that are there are counted by strategy."""
        converse(service)
        status, out, errors = run(service, "why_nothing_was_extracted", MEMORY_ID, "anna", "chat0")
        assert (0, "") == (status, errors)
        assert re.search(r"^[1-9] records of facts under /facts/\{actorId\}/ ", out, re.MULTILINE)

    def test_another_session(self, service: BlockingLocalMemoryService) -> None:
        """The sessions that there are are listed."""
        with service.manager(MEMORY_ID) as manager:
            manager.create_memory_session("anna", "chat1").add_turns([TURIN])
        assert "The session has no events. Sessions of anna: ['chat1']\n" == self.why(
            service, MEMORY_ID
        )

    def test_failed_jobs(self, service: BlockingLocalMemoryService) -> None:
        """A failed job is named with its reason, and started again."""
        service.fail_extraction(strategy="facts", times=1)
        with service.manager(MEMORY_ID) as manager:
            session = manager.create_memory_session("anna", "chat0")
            session.add_turns([TURIN])
            service.drain()
            [job] = session.list_memory_extraction_jobs()
            assert f"- Job {job.job_id} failed: {job.reason}; " in self.why(service, MEMORY_ID)
            assert f"Job {job.job_id} was started again." in self.why(
                service, MEMORY_ID, "--restart"
            )
            service.drain()
            assert [] == session.list_memory_extraction_jobs()
            assert session.list_long_term_memory_records("/facts/{actorId}/")

    def test_what_is_extracted_never_or_later(self, service: BlockingLocalMemoryService) -> None:
        """No strategy, no messages, a strategy of later, a value that is missing, and no time."""
        with service.control() as control:
            bare = control.create_memory("bare")
            keyed = control.create_memory(
                "keyed",
                namespace_keys=[NamespaceKey("tenant")],
                strategies=[SemanticStrategy("facts", "/{tenant}/{actorId}/")],
            )
            with service.manager(bare.memory_id) as manager:
                session = manager.create_memory_session("anna", "chat0")
                session.create_event("state", {"a": 1})
                said = self.why(service, bare.memory_id)
                assert "no active strategy" in said
                assert "There are no messages" in said
                assert "The newest event is of " in said
                old = datetime.now(UTC) - timedelta(hours=1)
                session.delete_event(session.list_events()[0].event_id)
                session.add_turns([TURIN], timestamp=old)
                control.add_strategy(bare.memory_id, SemanticStrategy("facts", "/f/{actorId}/"))
                said = self.why(service, bare.memory_id)
                assert "The events are older than facts" in said
                assert "The newest event is of " not in said
            with service.manager(keyed.memory_id) as manager:
                manager.create_memory_session("anna", "chat0").add_turns([TURIN])
            assert "- Namespaces need tenant: " in self.why(service, keyed.memory_id)

    def test_small_talk(self, service: BlockingLocalMemoryService) -> None:
        """Where no cause is found, it says so."""
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        hello = ConversationalMessage("Hello!", MessageRole.USER)
        with LocalMemoryService(clock=ManualClock(hour_ago)) as earlier:
            with earlier.manager(MEMORY_ID) as manager:
                session = manager.create_memory_session("anna", "chat0")
                session.add_turns([hello], timestamp=hour_ago + timedelta(minutes=1))
            assert "- No cause was found: small talk" in self.why(earlier, MEMORY_ID)


@pytest.mark.parametrize("name", sorted(each.stem for each in SCRIPTS.glob("*_*.py")))
def test_expected_errors_have_no_traceback(
    service: BlockingLocalMemoryService, tmp_path: Path, name: str
) -> None:
    """A service that refuses is one line on stderr and a status of 1."""
    for operation in ("GetMemory", "ListActors", "CreateEvent"):
        service.fail("AccessDeniedException", operation=operation, times=None)
    file = tmp_path / "export.json"
    file.write_text(json.dumps(exported(1, 1)))
    given: dict[str, list[object]] = {
        "import_conversations": [file, MEMORY_ID],
        "export_everything": [MEMORY_ID, tmp_path / "out"],
        "what_is_stored": [MEMORY_ID],
        "delete_person": [MEMORY_ID, "anna", "--yes"],
        "why_nothing_was_extracted": [MEMORY_ID, "anna", "chat0"],
    }
    status, out, errors = run(service, name, *given[name])
    assert (1, "", 1) == (status, out, errors.count("\n"))
    assert errors.startswith("AccessDeniedError: ")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "a b"}, "session_id 'a b' has ' '"),
        ({"messages": [{"role": "user", "text": "", "time": "2026-01-01T09:00:00Z"}]}, "is empty"),
        (
            {"messages": [{"role": "user", "text": "a", "time": "2026-01-01T09:00:00"}]},
            "is a naive",
        ),
    ],
)
def test_data_that_is_refused_has_no_traceback(
    service: BlockingLocalMemoryService, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    """What the import itself finds wrong is one line, too, and no message is in it."""
    file = tmp_path / "export.json"
    file.write_text(json.dumps([{**exported(1, 1)[0], **changed}]))
    status, out, errors = run(service, "import_conversations", file, MEMORY_ID)
    assert (1, "", 1) == (status, out, errors.count("\n"))
    assert errors.startswith("InvalidInputError: ")
    assert said in errors


def test_a_file_that_is_too_deep_is_named(
    service: BlockingLocalMemoryService, tmp_path: Path
) -> None:
    """Python's own parser gives up on it."""
    file = tmp_path / "export.json"
    file.write_text("[" * 200_000)
    status, out, errors = run(service, "import_conversations", file, MEMORY_ID)
    assert (1, "", 1) == (status, out, errors.count("\n"))
    assert errors.startswith(f"{file}, as a whole: ")


@posix
def test_a_reader_that_leaves_ends_it_quietly(service: BlockingLocalMemoryService) -> None:
    """``| head`` gives no traceback."""
    converse(service)
    with start(service, "what_is_stored", MEMORY_ID) as process:
        process.stdout.close()
        assert ("", 141) == (process.stderr.read(), process.wait(30))
