"""A profile sets what was measured, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import (
    Behavior,
    Lags,
    LocalMemoryService,
    ProfileError,
    read_profile,
)
from agentcore_memory_async.local.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


def written(directory: Path, *verdicts: tuple[str, Any, str], version: int = 1) -> Path:
    """Return a profile with verdicts of some names, values and certainties."""
    members = [{"name": name, "value": value, "sure": sure} for name, value, sure in verdicts]
    path = directory / "measured.json"
    path.write_text(json.dumps({"format": version, "verdicts": members}), "utf-8")
    return path


MEASURED = (
    ("behavior.token_mismatch", "error", "certain"),
    ("behavior.throttle", True, "likely"),
    ("behavior.legacy_prefix", None, "inconclusive"),
    ("lags.record_lists", 87.5, "certain"),
    ("extraction_delay.SEMANTIC", 93.0, "certain"),
    ("sessions.order", "newest first", "likely"),
)


def test_verdicts_set_what_they_name(tmp_path: Path) -> None:
    """Conclusive verdicts set their switches; others leave the defaults."""
    profile = read_profile(written(tmp_path, *MEASURED))
    assert Behavior(token_mismatch="error", throttle=True) == profile.behavior
    assert Lags(record_lists=87.5) == profile.lags
    assert {"*": 0.5, "SEMANTIC": 93.0} == profile.extraction_delay


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (("behavior.unheard_of", True, "certain"), r"name is 'behavior.unheard_of', which is no"),
        (("behavior.default_page", 500, "certain"), "behavior.default_page: default_page is 500"),
        (("lags.event_lists", "soon", "certain"), r"lags.event_lists: it is a string, not"),
        (("lags.stale_reads", 0.5, "certain"), r"lags.stale_reads: stale_reads is 0.5"),
        (("lags.record_ids", -1, "certain"), r"lags.record_ids: record_ids is -1"),
        (("lags.record_ids", True, "certain"), r"lags.record_ids: it is true or false, not"),
        (("extraction_delay.SEMANTIC", None, "certain"), "extraction_delay.SEMANTIC: it is null"),
        (("extraction_delay.SEMANTIC", -1, "likely"), "extraction_delay.SEMANTIC: extraction"),
        (("extraction_delay.OTHER", 1, "certain"), "'extraction_delay.OTHER', which is no"),
        (("lags.record_ids", 1, "perhaps"), "sure is 'perhaps', not one of certain, likely"),
    ],
)
def test_what_cannot_be_set_is_refused(
    tmp_path: Path, verdict: tuple[str, Any, str], said: str
) -> None:
    """A profile that this version can't follow is refused as a whole, by its name."""
    with pytest.raises(ProfileError, match=said) as caught:
        read_profile(written(tmp_path, MEASURED[0], verdict))
    assert "measured.json cannot be used: verdicts[1]." in str(caught.value)
    assert "give a file that" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"\xff\xfe", "utf-8"),
        (b"[]", "it is a list, not an object"),
        (b"{}", "its member format is missing"),
        (b'{"format": "1"}', "format is a string, not a whole number"),
        (b'{"format": 1}', "its member verdicts is missing"),
        (b'{"format": 1, "verdicts": {}}', "verdicts is an object, not a list"),
        (b'{"format": 1, "verdicts": [5]}', "verdicts[0] is a whole number, not an object"),
        (b'{"format": 1, "verdicts": [{}]}', "its member verdicts[0].name is missing"),
        (b'{"format": 1, "verdicts": [{"name": "a"}]}', "its member verdicts[0].sure is missing"),
        (
            b'{"format": 1, "verdicts": [{"name": "lags.record_ids", "sure": "certain"}]}',
            "its member verdicts[0].value is missing",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """A file that is no report is refused by its name, the member, and what to give instead."""
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"other\.json cannot be used: ") as caught:
        read_profile(path)
    assert said in str(caught.value)
    assert "give a file that" in str(caught.value)


def test_another_format_and_no_file_are_refused(tmp_path: Path) -> None:
    """A report of a later format is refused, and so is a path without a file."""
    with pytest.raises(ProfileError, match="its format is 2, not 1"):
        read_profile(written(tmp_path, version=2))
    with pytest.raises(ProfileError, match="cannot be read"):
        read_profile(tmp_path / "missing.json")


async def test_the_service_behaves_as_measured(tmp_path: Path) -> None:
    """A service with a profile has its settings; arguments take precedence."""
    path = written(tmp_path, ("behavior.default_page", 2, "certain"), MEASURED[4])
    async with LocalMemoryService(profile=path) as service, service.manager("m-a1B2c3D4e5") as m:
        session = await m.create_memory_session("alice")
        for number in range(3):
            await session.create_event("step", {"number": number})
        where = {"actorId": "alice", "sessionId": session.session_id}
        assert 2 == len((await m.call("ListEvents", where))["events"])
    other = LocalMemoryService(profile=path, behavior=Behavior(), extraction_delay=1)
    assert (20, 1000) == (other._context.behavior.default_page, other._context.delays.usual_ms)
    assert {} == other._context.delays.named_ms


def test_the_command_refuses_an_unusable_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what is wrong with a profile, and does not start."""
    assert 1 == main(["--profile", str(tmp_path / "missing.json"), "--port", "0"])
    assert "missing.json cannot be read" in capsys.readouterr().err
