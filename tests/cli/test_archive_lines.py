"""The file of an export: read as it was written, or refused by the line that is wrong."""

from __future__ import annotations

import json
import random
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async import Conversation, HistoryRecord, MemoryRecord, NotCovered
from agentcore_memory_async.cli._archive.lines import (
    ArchiveError,
    Header,
    Manifest,
    begin,
    read_lines,
)
from agentcore_memory_async.cli._archive.writing import begin_writing, part_of
from agentcore_memory_async.cli._exit_codes import CommandError
from agentcore_memory_async.models import ExportReport, SessionSummary
from tests.client.test_transfer import START, history
from tests.unit.test_models import MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    Item = Conversation | HistoryRecord

HEADER = Header("chat-a1B2c3D4e5", "us-west-2", "http://127.0.0.1:1", None, None, START)
ITEMS: list[Item] = [
    *(history(random.Random(number), f"s{number}") for number in range(6)),
    *(HistoryRecord("/facts/a/", f"likes {number}", START, {"n": 1}) for number in (1, 2, 1)),
]
REPORT = ExportReport(6, 30, 3, (NotCovered("/shared/", "it has no {actorId}"),))


def written(items: Sequence[Item], left_out: Sequence[str] = ()) -> bytes:
    """Return an archive."""
    file = BytesIO()
    writer = begin_writing(file, HEADER)
    writer.leave_out(left_out)
    for item in items:
        writer.write(item)
    writer.finish(REPORT)
    return file.getvalue()


def read(data: bytes) -> tuple[Header, list[Item], list[str], Manifest]:
    """Return what is in an archive."""
    file = BytesIO(data)
    archive = begin(file.readline())
    items = [item for _, item in read_lines(archive, file)]
    assert archive.manifest is not None
    return archive.header, items, archive.left_out, archive.manifest


WHOLE = written(ITEMS, ["event 1 of session s1 cannot be read"])
LINES = WHOLE.splitlines(keepends=True)


@given(st.lists(MODELS[Conversation] | MODELS[HistoryRecord], max_size=5), st.lists(st.text()))
def test_an_archive_is_read_as_it_was_written(items: list[Any], left_out: list[str]) -> None:
    """Items, what was left out, and counts come back equal."""
    header, found, told, manifest = read(written(items, left_out))
    assert header == HEADER
    assert found == items
    assert told == list(dict.fromkeys(left_out))
    conversations = [item for item in items if isinstance(item, Conversation)]
    assert manifest.conversations == len(conversations)
    assert manifest.messages == sum(len(each.messages) for each in conversations)
    assert manifest.records == len(items) - len(conversations)
    assert manifest.left_out == len(told)
    assert manifest.not_covered == REPORT.not_covered


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=400)
def test_any_byte_that_was_changed_is_found(place: int, by: int) -> None:
    """The error names the line of the byte."""
    data = bytearray(WHOLE)
    data[place] ^= by
    with pytest.raises(ArchiveError) as caught:
        read(bytes(data))
    line = WHOLE[:place].count(b"\n") + 1
    assert caught.value.line == line
    assert f"line {line}: " in str(caught.value)
    assert caught.value.exit_code == 2


@given(st.integers(0, len(WHOLE) - 1))
@settings(max_examples=200)
def test_a_file_that_was_cut_off_is_refused(length: int) -> None:
    """Wherever it ends, the last line that is there is named."""
    with pytest.raises(ArchiveError) as caught:
        read(WHOLE[:length])
    assert caught.value.line in (
        WHOLE[:length].count(b"\n"),
        WHOLE[:length].count(b"\n") + 1,
    )


@given(st.data())
def test_lines_that_are_gone_doubled_or_exchanged_are_found(data: st.DataObject) -> None:
    """Not one line but the last may be anywhere else, also where all of them can be read."""
    lines = LINES[:]
    place = data.draw(st.integers(1, len(lines) - 2))
    kind = data.draw(st.sampled_from(("gone", "doubled", "exchanged", "after the end")))
    if kind == "gone":
        del lines[place]
    elif kind == "doubled":
        lines.insert(place, lines[place])
    elif kind == "exchanged":
        other = data.draw(
            st.integers(1, len(lines) - 2).filter(lambda at: LINES[at] != lines[place])
        )
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines.append(lines[place])
    with pytest.raises(ArchiveError):
        read(b"".join(lines))


def test_an_edited_text_is_found_by_its_line() -> None:
    """A line that can be read and says something else is named, not the whole file."""
    place = next(at for at, line in enumerate(LINES) if b"said 0" in line)
    lines = LINES[:]
    lines[place] = lines[place].replace(b"said 0", b"said 1")
    with pytest.raises(ArchiveError, match=f"line {place + 1}: it is not as it was written"):
        read(b"".join(lines))


@pytest.mark.parametrize(
    ("name", "value"),
    [("conversations", 5), ("left_out", 0), ("finished_at", "2020-01-01T00:00:00+00:00")],
)
def test_a_manifest_that_was_edited_is_refused(name: str, value: object) -> None:
    """The checksum is of the manifest, too."""
    data = json.loads(LINES[-1])
    data["manifest"][name] = value
    with pytest.raises(ArchiveError, match=f"line {len(LINES)}: the manifest is not as it was"):
        read(b"".join([*LINES[:-1], json.dumps(data).encode() + b"\n"]))


@pytest.mark.parametrize(
    ("first", "named"),
    [
        (b"", "line 1: the file is empty"),
        (b"\n", "line 1: it begins no archive"),
        (b"[]\n", "line 1: it begins no archive"),
        (b'{"memory": {"id": "chat-a1B2c3D4e5"}}\n', "line 1: it begins no archive"),
        (b'{"memory": {"id": "a"}, "archive": []}\n', "line 1: it begins no archive"),
        (LINES[1], "line 1: it begins no archive"),
        (
            LINES[0].replace(b'"format": 1', b'"format": 2'),
            "line 1: the archive is of format 2, and this version reads 1; import it with ",
        ),
        (b"[" * 100_000 + b"\n", "line 1: it begins no archive"),
    ],
)
def test_what_is_no_archive_is_refused_by_its_first_line(first: bytes, named: str) -> None:
    """So is an archive of another format."""
    with pytest.raises(ArchiveError, match=named):
        read(first)


def test_an_error_shows_no_content() -> None:
    """The text of a line is not in the error."""
    lines = [*LINES[:1], b'{"text": "the canary sings"}\n', *LINES[1:]]
    with pytest.raises(ArchiveError, match="line 2: the line has neither") as caught:
        read(b"".join(lines))
    assert "canary" not in str(caught.value)


# Resuming.


def found(item: Item, place: int) -> SessionSummary | MemoryRecord:
    """Return what a list shows of an item."""
    if isinstance(item, Conversation):
        return SessionSummary(item.session_id, item.actor_id, START)
    return MemoryRecord(
        item.namespace,
        item.content,
        None,
        START,
        memory_record_id=f"mem-{place}",
        metadata={"x-amz-agentcore-memory-recordType": "BASE", **item.metadata},
        timestamp=item.timestamp,
    )


def export(path: Path, items: Sequence[Item]) -> None:
    """Write an archive as an export does that finds *items*."""
    with part_of(path, evolve(HEADER, begun_at=datetime.now(UTC))) as writer:
        for place, item in enumerate(items):
            if not writer.has(found(item, place)):
                writer.write(item)
        writer.leave_out(["event 1 cannot be read"])
        writer.finish(REPORT)


@given(st.data())
@settings(max_examples=60)
def test_an_export_goes_on_wherever_it_was_cut(data: st.DataObject) -> None:
    """Whatever is left of the file, each item is in it once."""
    items = [
        evolve(each, expires_at=START) if isinstance(each, HistoryRecord) else each
        for each in ITEMS
    ]
    with tempfile.TemporaryDirectory() as name:
        path, part = Path(name, "a.jsonl"), Path(name, "a.jsonl.part")
        for _ in range(data.draw(st.integers(1, 3))):
            path.unlink(missing_ok=True)
            export(path, items)
            whole = path.read_bytes()
            cut = data.draw(st.integers(0, len(whole)))
            has_begun = cut > whole.index(b"\n")
            torn = data.draw(st.sampled_from((b"", b"{", b"\0\0\n"))) if has_begun else b""
            part.write_bytes(whole[:cut] + torn)
            path.unlink()
            items = data.draw(st.permutations(items))
        export(path, items)
        _, archived, told, _ = read(path.read_bytes())
        assert sorted(map(str, (each.to_dict() for each in archived))) == sorted(
            map(str, (each.to_dict() for each in items))
        )
        assert told == ["event 1 cannot be read"]
        assert list(Path(name).iterdir()) == [path]


@pytest.mark.parametrize(
    "other",
    [
        {"memory_id": "other-a1B2c3D4e5"},
        {"region": "eu-west-1"},
        {"actor_ids": ("anna",), "namespaces": ("/facts/{actorId}/",)},
    ],
)
def test_a_part_of_another_export_is_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    """It stays as it is."""
    part = tmp_path / "a.jsonl.part"
    part.write_bytes(b"".join(LINES[:4]))
    with (
        pytest.raises(CommandError, match="is of another export"),
        part_of(tmp_path / "a.jsonl", evolve(HEADER, **other)),
    ):
        pass
    assert part.read_bytes() == b"".join(LINES[:4])


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b'{"memory": {"id": "x"}}\n'])
def test_a_file_in_the_way_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """What no export wrote is not overwritten."""
    for name in ("a.jsonl.part", "b.jsonl"):
        (tmp_path / name).write_bytes(content)
    for name, named in (("a.jsonl", "is of another export|is in the way"), ("b.jsonl", "exists")):
        with pytest.raises(CommandError, match=named), part_of(tmp_path / name, HEADER):
            pass
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [content, content]


def test_two_exports_do_not_write_one_file(tmp_path: Path) -> None:
    """The second is refused while the first one writes."""
    pytest.importorskip("fcntl")
    path = tmp_path / "a.jsonl"
    with part_of(path, HEADER) as writer:
        with pytest.raises(CommandError, match="another export is writing"), part_of(path, HEADER):
            pass
        writer.finish(REPORT)
    assert path.exists()


def test_after_an_error_the_part_stays(tmp_path: Path) -> None:
    """The file is not seen under its name, and the next run goes on."""

    def interrupted() -> None:
        with part_of(tmp_path / "a.jsonl", HEADER) as writer:
            writer.write(ITEMS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl.part"]
    with part_of(tmp_path / "a.jsonl", HEADER) as writer:
        assert writer.has(found(ITEMS[0], 0))
        assert not writer.has(found(ITEMS[1], 1))
        writer.finish(REPORT)
