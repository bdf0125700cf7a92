"""The journal of an import."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async.cli._archive.journal import Journal

STEPS = st.lists(st.lists(st.integers(0, 10**6), max_size=5), max_size=6)


@given(STEPS, STEPS, st.integers(0, 200))
@settings(max_examples=80)
def test_what_was_noted_before_the_end_is_read(
    first: list[list[int]], second: list[list[int]], cut: int
) -> None:
    """A file that ends anywhere says only what is true, and is gone on with."""
    with tempfile.TemporaryDirectory() as name:
        journal = Journal.of(Path(name, "a.jsonl"), {"memory": "chat-a1B2c3D4e5"})
        journal.open()
        for places in first:
            journal.note(places)
        journal.close()
        noted = {place for places in first for place in places}
        assert journal.read() == noted
        journal.path.write_bytes(journal.path.read_bytes()[:cut])
        left = journal.read()
        assert left <= noted
        journal.open()
        for places in second:
            journal.note(places)
        journal.close()
        assert journal.read() == left | {place for places in second for place in places}
        journal.remove()
        assert journal.read() == set()
        assert list(Path(name).iterdir()) == []


def test_each_import_has_its_own(tmp_path: Path) -> None:
    """Another memory, archive or mapping is another import."""
    archive = tmp_path / "a.jsonl"
    one, same, other = (
        Journal.of(archive, {"memory": name, "extract": False}).path for name in ("a", "a", "b")
    )
    assert one == same != other


def test_what_is_no_journal_says_nothing(tmp_path: Path) -> None:
    """Lines of something else are passed over."""
    journal = Journal.of(tmp_path / "a.jsonl", {})
    journal.path.write_bytes(b'\xff\n{"a": 1}\n["x", 7]\n[1, 2]')
    assert journal.read() == {7}
