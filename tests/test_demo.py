"""The scripts of ``docs/examples``, each run in its own process, without a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from agentcore_memory_async.local import LocalMemoryService

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
SAMPLE = EXAMPLES / "transcript.jsonl"

pytestmark = pytest.mark.timeout(60)


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an example, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_tour_extracts_and_finds() -> None:
    """The tour prints the output that the documentation shows."""
    done = run("tour.py")
    expected = (
        "extracted: ['I only fly window seats.']\nfound: I only fly window seats. (score 0.83)\n"
    )
    assert (expected, "") == (done.stdout, done.stderr)


def test_the_demo_shows_the_main_job() -> None:
    """The demo stores, reads back, extracts and searches; it prints no colors and asks nothing."""
    done = run("demo.py")
    assert (0, "") == (done.returncode, done.stderr)
    assert "\033" not in done.stdout
    parts = [line for line in done.stdout.splitlines() if line[:2] in {"1.", "2.", "3.", "4."}]
    assert 4 == len(parts)
    for namespace in ("/facts/user123/", "/preferences/user123/", "/summaries/user123/"):
        assert f"[{namespace}" in done.stdout
    assert "  1. 0." in done.stdout.partition("4. ")[2]
    assert "What to do next" in done.stdout


def test_the_demo_compares_a_transcript() -> None:
    """All 20 conversations of the sample are read back intact, and the search finds a record."""
    done = run("demo.py", "--transcript", str(SAMPLE), "--query", "window seat")
    assert (0, "") == (done.returncode, done.stderr)
    assert "stored       20 of 20" in done.stdout
    assert "none lost, none doubled, none out of order" in done.stdout
    assert "1. 0.93  I only fly window seats, please." in done.stdout


def test_the_demo_never_asks_without_a_terminal() -> None:
    """Without a query the demo ends by itself and shows how to pass one."""
    done = run("demo.py", "--transcript", str(SAMPLE))
    assert (0, "") == (done.returncode, done.stderr)
    assert "search> " not in done.stdout
    assert "QUERY=" in done.stdout.splitlines()[-1]


async def test_the_demo_asks_at_a_terminal() -> None:
    """At a terminal the demo answers queries, in color, until an empty line."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLES / "demo.py"), "--transcript", str(SAMPLE)),
        env={**os.environ, "TERM": "xterm", "NO_COLOR": ""},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"window seat\n\n")
    screen = await asyncio.to_thread(read_all, ours)
    assert 0 == await process.wait()
    assert "search> " in screen
    assert "I only fly window seats" in screen.rpartition("search> ")[0]


def read_all(terminal: int) -> str:
    """Read a terminal to its end."""
    pieces = []
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:  # Linux raises it once the other end is closed
        pass
    finally:
        os.close(terminal)
    return b"".join(pieces).decode()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 1"),
        ('{"id": "a"}', "line 1"),
        ('{"id": "a", "turns": []}', "is empty"),
        ('{"id": "a", "turns": [["USER", " "]]}', "is empty"),
        ('{"id": "a", "turns": [["SYSTEM", "x"]]}', "SYSTEM"),
        ('{"id": "a", "turns": [["USER", "x"]]}\n' * 2, "a second conversation 'a'"),
        (
            '{"id": "a", "turns": [["USER", "' + "x" * 100_001 + '"]]}',
            "message 1 has 100,001 bytes",
        ),
        ('{"id": "a", "turns": [["USER", "x"], ["USER", "\\ud800"]]}', "message 2 is no Unicode"),
        ("", "has no conversation"),
    ],
)
def test_a_bad_transcript_is_named(tmp_path: Path, line: str, text: str) -> None:
    """The error names the line and the problem, without a traceback."""
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    done = run("demo.py", "--transcript", str(path))
    assert (2, True, False) == (done.returncode, text in done.stderr, "Traceback" in done.stderr)


def test_a_line_ends_where_json_lines_end(tmp_path: Path) -> None:
    """Unicode line separators in a text, a byte order mark and CRLF are accepted."""
    path = tmp_path / "odd.jsonl"
    line = json.dumps({"id": "a", "turns": [["USER", "hi\u2028there\x85 x"]]}, ensure_ascii=False)
    path.write_bytes(f"\ufeff{line}\r\n\r\n".encode())
    done = run("demo.py", "--transcript", str(path), "--query", " ")
    assert (0, "") == (done.returncode, done.stderr)
    assert "1 conversations compared, message by message (1): none lost" in done.stdout


def test_a_missing_transcript_is_named(tmp_path: Path) -> None:
    """A wrong path is reported in one line."""
    done = run("demo.py", "--transcript", str(tmp_path / "none.jsonl"))
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ("abc", (0, 0, 0)),
        ("ac", (1, 0, 0)),
        ("abbc", (0, 1, 0)),
        ("bac", (0, 0, 2)),
        ("cc", (2, 1, 0)),
        ("", (3, 0, 0)),
    ],
)
def test_the_comparison_sees_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, got: str, expected: tuple[int, int, int]
) -> None:
    """Lost, doubled and misplaced messages are counted separately."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    comparison = runpy.run_path(str(EXAMPLES / "transcripts.py"))["Comparison"].of("abc", got)
    assert expected == (comparison.lost, comparison.doubled, comparison.moved)


def test_the_sample_has_twenty_conversations() -> None:
    """Each conversation has a unique id, and only roles that records are extracted from."""
    conversations = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    assert (20, 20) == (len(conversations), len({item["id"] for item in conversations}))
    roles = {role for item in conversations for role, _ in item["turns"]}
    assert {"USER", "ASSISTANT"} == roles


async def test_the_complete_example_runs() -> None:
    """The async version of the reference's example works, with the same ids."""
    async with LocalMemoryService() as service:
        done = await asyncio.to_thread(run, "complete_example.py", **service.environment)
    assert (0, "") == (done.returncode, done.stderr)
    assert "  USER: I'm having trouble with order #12345. It hasn't ar...\n" in done.stdout
    assert "  [/facts/user123/] I'm having trouble with order #12345." in done.stdout
    assert "  1. (score: 0." in done.stdout
