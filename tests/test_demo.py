"""The scripts of ``docs/examples``, each run in its own process, without a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

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
        "extracted: ['The user only flies window seats.']\n"
        "found: The user only flies window seats. (score 0.83)\n"
    )
    assert (expected, "") == (done.stdout, done.stderr)


def test_the_demo_shows_the_main_job() -> None:
    """The demo stores, extracts, draws and searches; it prints no colors and asks nothing."""
    done = run("demo.py", COLUMNS="80")
    assert (0, "") == (done.returncode, done.stderr)
    assert "\033" not in done.stdout
    assert 4 == len(re.findall(r"(?m)^\d\. ", done.stdout))
    assert "reads 4 messages back, word for word" in done.stdout
    drawn = done.stdout.partition("\n3. ")[2].partition("\n4. ")[0]
    for label, mark in (
        ("messages stored", "*"),
        ("extraction", "=="),
        ("polls", "*"),
        ("records received", "*"),
    ):
        assert re.search(rf"(?m)^  {label} .*{re.escape(mark)}", drawn)


def test_the_demo_prints_nothing_twice() -> None:
    """No line, and no message of the conversation, is printed twice."""
    lines = [line.strip() for line in run("demo.py").stdout.splitlines() if line.strip()]
    assert len(lines) == len(set(lines))
    for said in ("how can I help you", "Please send order #12345", "with you on Friday"):
        assert 1 == sum(said in line for line in lines)


def test_what_the_demo_extracts_is_not_what_was_said() -> None:
    """Each record is worded anew, and names the one message that it comes from."""
    said, _, rest = run("demo.py").stdout.partition("\n2. ")
    records = rest.partition("\n3. ")[0].splitlines()[1:]
    texts, sources = records[::2], records[1::2]
    assert 2 == len(texts)
    for text, source in zip(texts, sources, strict=False):
        assert text.strip() not in said
        match = re.search(r"in (/\w+/user123/), from message (\d) \(USER\)$", source)
        assert match is not None
        [original] = re.findall(rf"(?ms)^  {match[2]}\. USER +(.*?)^  \S", said)
        assert {"send", "phone"} & set(text.split()) & set(original.split())


@pytest.mark.parametrize("arguments", [(), ("--transcript", str(SAMPLE))])
def test_the_demo_lists_no_hit_under_a_tenth(arguments: tuple[str, ...]) -> None:
    """Hits that score less are left out, and where none is left the demo says so."""
    for query, found in (("Where does the order go?", True), ("zebra", False)):
        hits = run("demo.py", *arguments, "--query", query).stdout.partition(f'"{query}"')[2]
        scores = [float(score) for score in re.findall(r"(?m)^  \d\. (\d\.\d\d)  ", hits)]
        assert all(score >= 0.1 for score in scores)
        assert found == bool(scores)
        assert found == ("Nothing scores 0.1 or more" not in hits)


@pytest.mark.parametrize("arguments", [(), ("--transcript", str(SAMPLE), "--query", "order")])
@pytest.mark.parametrize("columns", [60, 80])
def test_the_demo_fits_the_terminal(arguments: tuple[str, ...], columns: int) -> None:
    """No line is longer than the terminal is wide, but for the lines of code."""
    lines = run("demo.py", *arguments, COLUMNS=str(columns)).stdout.splitlines()
    code = [f"  {line}" for line in next_lines()]
    assert [] == [line for line in lines if len(line) > columns and line not in code]
    assert all(len(line) <= 80 for line in code)


def next_lines() -> list[str]:
    """Return the lines that a user writes next."""
    return [line for line in (EXAMPLES / "next_steps.py").read_text().splitlines() if line]


async def test_the_lines_to_write_next_run() -> None:
    """The demo ends with ten lines, which store and extract."""
    shown = run("demo.py").stdout
    assert 10 == len(next_lines())
    assert "".join(f"  {line}\n" for line in next_lines()) in shown
    async with LocalMemoryService() as service:
        done = await asyncio.to_thread(run, "next_steps.py", **service.environment)
    assert (0, "['The user lives in Turin.']\n", "") == (done.returncode, done.stdout, done.stderr)


def drawn(monkeypatch: pytest.MonkeyPatch, *rows: tuple[Any, ...], width: int = 40) -> list[str]:
    """Return a timeline of rows."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    module = runpy.run_path(str(EXAMPLES / "timeline.py"))
    lines: list[str] = module["draw"]([module["Row"](*row) for row in rows], width)
    return lines


def test_a_timeline_has_its_marks_at_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark is above its time on the axis, and a bar goes from its first time to its last."""
    rows = ("write", (0.0, 0.0)), ("bar", (1.0, 3.0), True), ("read", (4.0, 6.0))
    lines = drawn(monkeypatch, *rows, width=90)
    write, bar, read, axis, labels = lines
    ticks = [at for at, mark in enumerate(axis) if mark == "+"]
    assert 7 == len(ticks)
    assert ticks[0] == write.index("*") == write.rindex("*")
    assert bar == " " * 2 + "bar" + " " * (ticks[1] - 5) + "=" * (ticks[3] - ticks[1] + 1)
    assert [ticks[4], ticks[6]] == [at for at, mark in enumerate(read) if mark == "*"]
    assert [f"{second} s" for second in range(7)] == re.findall(r"\d s", labels)
    assert [labels.index(f"{second} s") for second in range(7)] == ticks


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("latest", [0.0, 0.0004, 0.06, 0.3, 1.04, 9.99, 10.0, 93.0, 240.0, 3600.0])
def test_a_timeline_fits(monkeypatch: pytest.MonkeyPatch, width: int, latest: float) -> None:
    """Every time has its mark, whatever the scale, and no line is too long."""
    lines = drawn(monkeypatch, ("stored", (0.0, latest / 2)), ("got", (latest,)), width=width)
    assert all(len(line) <= width for line in lines)
    assert 1 == lines[1].count("*")
    assert lines[1].index("*") <= len(lines[2]) - 1
    seconds = [float(text) for text in re.findall(r"([\d.]+(?:e-\d+)?) s", lines[3])]
    assert 2 <= len(seconds) <= 7
    assert seconds[-1] >= latest


def test_the_demo_compares_a_transcript() -> None:
    """All 20 conversations of the sample are read back intact, and the search finds a record."""
    done = run("demo.py", "--transcript", str(SAMPLE), "--query", "window seat")
    assert (0, "") == (done.returncode, done.stderr)
    assert "stored       20 of 20" in done.stdout
    assert "none lost, none doubled, none out of order" in " ".join(done.stdout.split())
    assert "1. 0.93  The user only flies window seats." in done.stdout


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
    assert "The user only flies window seats" in screen.rpartition("search> ")[0]


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
    said = " ".join(done.stdout.split())
    assert "1 conversation compared, message by message (1): none lost" in said


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
    assert "  [/facts/user123/] The user is having trouble with order #12345." in done.stdout
    assert "  1. (score: 0." in done.stdout
