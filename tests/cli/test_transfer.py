"""The commands ``export`` and ``import``."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import (
    AsyncMemorySessionManager,
    Conversation,
    HistoryMessage,
    HistoryRecord,
    ServiceLimits,
)
from agentcore_memory_async.cli._archive.journal import Journal
from agentcore_memory_async.cli._connection import Connection
from agentcore_memory_async.cli._exit_codes import WRONG_USAGE
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from agentcore_memory_async.transfer import history_from_json
from tests.client.test_transfer import FAST, START, history

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agentcore_memory_async.local import BlockingLocalMemoryService, RecordedExchange
    from tests.cli.conftest import Ran

    Item = Conversation | HistoryRecord
    Run = Callable[..., Ran]

UNUSED = "other-a1B2c3D4e5"
SOON = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=90)
ITEMS: list[Item] = [
    *(history(random.Random(number), f"s{number}") for number in range(8)),
    Conversation("org/team", "s1", [HistoryMessage("hi", "user", START)]),
    HistoryRecord("/facts/actor1/", "lives in Turin", START, {"topic": "home"}, SOON),
    HistoryRecord("/facts/actor1/", "lives in Turin", START, {"topic": "home"}),
    HistoryRecord("/facts/org/team/", "<x>", START, {"score": 0.5, "tags": ("a", "b")}),
]


@pytest.fixture
def filled(service: BlockingLocalMemoryService, memory_id: str) -> list[Item]:
    """Fill the memory, and return what is in it."""
    return fill(service, memory_id, ITEMS)


def fill(service: BlockingLocalMemoryService, memory_id: str, items: list[Item]) -> list[Item]:
    """Import items, and return what is exported."""
    with service.manager(memory_id, limits=FAST, allow_hierarchical_actor_ids=True) as manager:
        manager.import_conversations(items, extract=False).wait()
    return kept(service, memory_id)


def kept(service: BlockingLocalMemoryService, memory_id: str) -> list[Item]:
    """Return what is in a memory, in an order of its own."""
    with service.manager(memory_id, allow_hierarchical_actor_ids=True) as manager:
        return in_order(list(manager.export()))


def in_order(items: list[Item]) -> list[Item]:
    """Return items in an order of their own."""
    return sorted(items, key=lambda item: str(item.to_dict()))


def items_of(path: Path) -> list[Item]:
    """Return the items of an archive, in an order of their own."""
    lines = path.read_text().splitlines()[1:-1]
    return in_order([history_from_json(line) for line in lines if "left_out" not in line[:12]])


@pytest.fixture
def other(service: BlockingLocalMemoryService) -> str:
    """Create another memory, and return its id."""
    return made(service, "other")


def made(service: BlockingLocalMemoryService, name: str) -> str:
    """Create a memory, and return its id."""
    with service.control() as control:
        return control.create_memory(name).memory_id


@pytest.fixture
def archive(tmp_path: Path, run: Run, filled: list[Item]) -> Path:
    """Export the memory."""
    path = tmp_path / "a.jsonl"
    assert filled
    assert run("export", str(path)).code == 0
    return path


def test_a_memory_is_exported(run: Run, tmp_path: Path, filled: list[Item], memory_id: str) -> None:
    """Everything is in the file, and the counts are told."""
    ran = run("export", str(tmp_path / "a.jsonl"))
    assert (ran.code, ran.err) == (0, "")
    told = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert told["Memory"] == f"{memory_id} (us-west-2)"
    assert (told["Conversations"], told["Records"], told["Left"]) == ("9", "3", "out       0")
    assert items_of(tmp_path / "a.jsonl") == filled
    [done] = run("export", str(tmp_path / "b.jsonl"), "--json").objects
    assert (done["memory_id"], done["region"], done["conversations"]) == (memory_id, "us-west-2", 9)
    said = [item for item in ITEMS if isinstance(item, Conversation)]
    assert done["messages"] == sum(len(each.messages) for each in said)
    assert (tmp_path / "b.jsonl").read_text().splitlines()[1:-1] == (
        (tmp_path / "a.jsonl").read_text().splitlines()[1:-1]
    )


def test_actors_are_exported(run: Run, tmp_path: Path, filled: list[Item]) -> None:
    """Their conversations and the records of their namespaces; what is not covered is told."""
    path = tmp_path / "a.jsonl"
    named = ("--actor", "actor1", "--namespace", "/facts/{actorId}/", "--namespace", "/shared/")
    ran = run("export", str(path), *named)
    assert ran.code == 0
    assert "not exported: /shared/: " in ran.err
    assert items_of(path) == [
        item
        for item in filled
        if getattr(item, "actor_id", "") == "actor1"
        or getattr(item, "namespace", "")[7:13] == "actor1"
    ]
    assert run("export", str(tmp_path / "b.jsonl"), "--actor", "anna").code == 2


def test_a_file_that_is_there_stays(run: Run, archive: Path) -> None:
    """It is not overwritten."""
    before = archive.read_bytes()
    ran = run("export", str(archive))
    assert ran.code == 2
    assert "exists; give another name, or remove it" in ran.err
    assert archive.read_bytes() == before
    assert list(archive.parent.iterdir()) == [archive]


def test_a_folder_that_is_not_there_is_told(run: Run, tmp_path: Path, memory_id: str) -> None:
    """It is named, as a wrong argument."""
    assert memory_id
    for name, path in [("export", tmp_path / "none" / "a.jsonl"), ("import", tmp_path / "a.jsonl")]:
        ran = run(name, str(path))
        assert (ran.code, str(path) in ran.err) == (WRONG_USAGE, True)


def test_an_export_goes_on(
    run: Run, archive: Path, filled: list[Item], service: BlockingLocalMemoryService
) -> None:
    """What a part of a file has is not read again."""
    lines = archive.read_bytes().splitlines(keepends=True)
    part = archive.with_name("a.jsonl.part")
    part.write_bytes(b"".join(lines[:11]) + lines[11][:5])
    archive.unlink()
    before = len(service.calls("ListEvents")), len(service.calls("GetMemoryRecord"))
    ran = run("export", str(archive))
    assert "going on after 10 lines of" in ran.err
    assert items_of(archive) == filled
    assert not part.exists()
    after = len(service.calls("ListEvents")), len(service.calls("GetMemoryRecord"))
    assert (after[0] - before[0], after[1] - before[1]) == (0, 2)


def test_an_archive_is_imported(
    run: Run, archive: Path, filled: list[Item], service: BlockingLocalMemoryService, other: str
) -> None:
    """Another memory is equal then, also after it is imported again; no file is left."""
    for _ in range(2):
        ran = run("import", str(archive), "-m", other)
        assert (ran.code, ran.err) == (0, "")
        assert kept(service, other) == filled
    [done] = run("import", str(archive), "-m", other, "--json").objects
    assert (done["conversations"], done["records"], done["extract"]) == (9, 3, False)
    assert list(archive.parent.iterdir()) == [archive]


def test_it_is_extracted_only_if_that_is_asked_for(
    run: Run,
    archive: Path,
    service: BlockingLocalMemoryService,
    other: str,
    recorded: Callable[[], list[RecordedExchange]],
) -> None:
    """The service would make records of the messages beside those of the archive."""
    third = made(service, "third")
    assert run("import", str(archive), "-m", other).code == 0
    assert run("import", str(archive), "-m", third, "--extract").code == 0
    created = [each.params for each in recorded() if each.operation == "CreateEvent"]
    for memory_id, mode in ((other, "SKIP"), (third, None)):
        modes = {each.get("extractionMode") for each in created if each["memoryId"] == memory_id}
        assert modes == {mode}


def test_names_are_mapped(
    run: Run, archive: Path, filled: list[Item], service: BlockingLocalMemoryService, other: str
) -> None:
    """Actors get new ids, and their records follow them."""
    names = ("--map-actor", "actor1=zoe", "--map-actor", "org/team=team")
    assert run("import", str(archive), "-m", other, *names).code == 0
    there = kept(service, other)
    assert [str(each.to_dict()) for each in there] == sorted(
        str(each.to_dict()).replace("actor1", "zoe").replace("org/team", "team") for each in filled
    )
    third = made(service, "third")
    names = ("--map-actor", "actor1=zoe", "--map-namespace", "/facts/=/knowledge/")
    assert run("import", str(archive), "-m", third, *names).code == 0
    spaces = {getattr(each, "namespace", None) for each in kept(service, third)}
    assert spaces == {None, "/knowledge/zoe/", "/knowledge/org/team/"}


def test_a_dry_run_sends_nothing(
    run: Run, archive: Path, service: BlockingLocalMemoryService
) -> None:
    """It says what would be written, and under which names."""
    before = len(service.calls())
    ran = run("import", str(archive), "--dry-run", "--map-actor", "actor1=zoe", "-m", UNUSED)
    assert ran.code == 0
    assert ["actor", "actor1", "zoe", "2"] in ran.rows
    assert ["namespace", "/facts/actor1/", "/facts/zoe/", "2"] in ran.rows
    assert "nothing was sent" in ran.err
    [told] = run("import", str(archive), "--dry-run", "--json").objects
    assert {"kind": "actor", "old": "org/team", "new": "org/team", "items": 1} in told["names"]
    assert told["least_seconds"] == max(len(getattr(each, "messages", ())) for each in ITEMS) // 5
    assert len(service.calls()) == before


@pytest.mark.parametrize(
    ("change", "arguments", "named"),
    [
        (lambda data: data[:-1], (), "line 14: the manifest is not as it was"),
        (
            lambda data: data.replace(b"lives in Turin", b"lives in Rome!", 1),
            (),
            "line 1[12]: it is",
        ),
        (lambda data: data[: data.rindex(b"\n", 0, -1) + 1], (), "without the manifest"),
        (lambda data: data, ("--map-actor", "acter1=zoe"), "the archive has no actor acter1"),
        (lambda data: data, ("--map-actor", "actor1=z oe"), "--map-actor actor1=z oe: actor_id"),
        (lambda data: data, ("--map-actor", "facts=a", "--map-namespace", "/f/=/g/"), "/f/=..."),
        (lambda data: data, ("--map-actor", "@/none"), "/none"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(
    run: Run,
    archive: Path,
    service: BlockingLocalMemoryService,
    change: Callable[[bytes], bytes],
    arguments: tuple[str, ...],
    named: str,
) -> None:
    """A file that was changed, and a name that does not fit it."""
    archive.write_bytes(change(archive.read_bytes()))
    before = len(service.calls())
    ran = run("import", str(archive), "-m", UNUSED, *arguments, "--json")
    assert ran.code in (1, 2)
    assert pytest.raises(AssertionError, match=named).matches(AssertionError(ran.error["message"]))
    assert len(service.calls()) == before


def test_two_conversations_of_one_session_are_refused(
    run: Run, service: BlockingLocalMemoryService, memory_id: str, tmp_path: Path
) -> None:
    """Actors that become one may have sessions of the same id."""
    said = [HistoryMessage("hi", "user", START)]
    fill(service, memory_id, [Conversation(name, "s1", said) for name in ("anna", "berta")])
    assert run("export", str(tmp_path / "a.jsonl")).code == 0
    ran = run("import", str(tmp_path / "a.jsonl"), "-m", UNUSED, "--map-actor", "anna=berta")
    assert ran.code == 2
    assert "line 3: session s1 of berta would have the conversation of line 2, too" in ran.err


def test_an_import_goes_on(
    run: Run, archive: Path, filled: list[Item], service: BlockingLocalMemoryService, other: str
) -> None:
    """After an error the same command sends what was not stored; another service gets it all."""
    service.fail("AccessDeniedException", operation="BatchCreateMemoryRecords", times=1)
    ran = run("import", str(archive), "-m", other)
    assert ran.code == 4
    assert "the same command goes on from here" in ran.err
    [journal] = [each for each in archive.parent.iterdir() if each != archive]
    before = len(service.calls("CreateEvent"))
    ran = run("import", str(archive), "-m", other)
    assert (ran.code, "going on: 9 of 12 items are stored" in ran.err) == (0, True)
    assert len(service.calls("CreateEvent")) == before
    assert kept(service, other) == filled
    assert not journal.exists()


def test_a_service_that_began_anew_gets_everything(
    run: Run, archive: Path, filled: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the journal says is believed only if the memory has it."""
    with LocalMemoryService() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", service.endpoint_url)
        service.fail("AccessDeniedException", operation="BatchCreateMemoryRecords", times=1)
        assert run("import", str(archive), "-m", UNUSED).code == 4
        service.reset()
        ran = run("import", str(archive), "-m", UNUSED)
        assert (ran.code, "is not in the memory; everything is sent again" in ran.err) == (0, True)
        assert kept(service, UNUSED) == filled


def test_the_memory_of_the_export_is_asked_for(
    run: Run, archive: Path, filled: list[Item], service: BlockingLocalMemoryService, memory_id: str
) -> None:
    """What is still there would be there twice, since it was stored under other tokens."""
    before = len(service.calls())
    ran = run("import", str(archive))
    assert (ran.code, "give --yes" in ran.err) == (2, True)
    assert len(service.calls()) == before
    assert run("import", str(archive), "--yes").code == 0
    assert len(kept(service, memory_id)) > len(filled)


def test_a_folder_without_room_for_notes_is_told_at_once(
    run: Run, archive: Path, service: BlockingLocalMemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored that could not be noted."""

    def refuse(_self: Journal) -> None:
        raise PermissionError(13, "Permission denied", "a.jsonl.importing")

    monkeypatch.setattr(Journal, "open", refuse)
    before = len(service.calls())
    ran = run("import", str(archive), "-m", UNUSED)
    assert (ran.code, "a.jsonl.importing: Permission denied" in ran.err) == (WRONG_USAGE, True)
    assert len(service.calls()) == before


def test_a_memory_is_piped_into_another(
    service: BlockingLocalMemoryService, filled: list[Item], memory_id: str, other: str
) -> None:
    """By stdout and stdin; an archive that was cut off there stores nothing."""
    command = (sys.executable, "-m", "agentcore_memory_async")
    exported = subprocess.run(
        [*command, "export", "-", "-m", memory_id], capture_output=True, check=True, timeout=60
    )
    assert exported.stderr == b""
    imported = [*command, "import", "-", "-m", other]
    cut = subprocess.run(
        imported, input=exported.stdout[:-9], capture_output=True, check=False, timeout=60
    )
    assert cut.returncode == 2
    assert not any(each.ids["memoryId"] == other for each in service.calls("CreateEvent"))
    subprocess.run(imported, input=exported.stdout, capture_output=True, check=True, timeout=60)
    assert kept(service, other) == filled


def test_the_local_service_starts_with_an_archive(archive: Path, filled: list[Item]) -> None:
    """The first line names the memory."""
    memory_id = json.loads(archive.read_text().splitlines()[0])["memory"]["id"]
    with LocalMemoryService(seed=archive) as service:
        assert kept(service, memory_id) == filled


def test_what_cannot_be_read_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the file, counted, and makes the status 1; an import tells it again."""
    transport = FakeTransport()
    transport.reply("ListActors", {"actorSummaries": [{"actorId": "anna"}]})
    transport.reply(
        "ListSessions",
        {"sessionSummaries": [{"sessionId": "s1", "actorId": "anna", "createdAt": 1.0}]},
    )
    said = {"conversational": {"content": {"text": "hi"}, "role": "USER"}}
    event = {
        "memoryId": UNUSED,
        "actorId": "anna",
        "sessionId": "s1",
        "eventId": "1#a",
        "eventTimestamp": 1.0,
        "payload": [said],
    }
    broken = {**event, "eventId": "2#b", "eventTimestamp": "soon"}
    transport.reply("ListEvents", {"events": [event, broken]})

    def manager(_self: Connection, **options: Any) -> AsyncMemorySessionManager:
        limits = ServiceLimits()
        return AsyncMemorySessionManager(UNUSED, transport=transport, limits=limits, **options)

    monkeypatch.setattr(Connection, "manager", manager)
    path = tmp_path / "a.jsonl"
    ran = run("export", str(path), "-m", UNUSED)
    assert ran.code == 1
    assert "Left out       1" in ran.out
    lines = path.read_text().splitlines()
    assert [
        json.loads(line).keys() & {"memory", "left_out", "messages", "manifest"} for line in lines
    ] == [
        {"memory"},
        {"left_out"},
        {"messages"},
        {"manifest"},
    ]
    assert "2#b" in lines[1]
    ran = run("import", str(path), "--dry-run")
    assert ran.code == 0
    assert "not in the archive: " in ran.err
    assert "2#b" in ran.err
