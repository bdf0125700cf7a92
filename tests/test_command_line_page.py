"""The commands of ``docs/command-line.md`` print what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async.cli import _exit_codes, main
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

PAGE = Path(__file__).parent.parent / "docs" / "command-line.md"
BLOCKS: list[str] = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
SHOWN_ID = "chat-a1B2c3D4e5"
"""The id that the page has for the memory that it makes."""
VARYING = {
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)": "TIME",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "UUID",
    r"\b\d{19}#[0-9a-f]{8}\b": "EVENT",
    r"\b(facts)-[0-9A-Za-z]{10}\b": "STRATEGY",
    r"chat-[0-9A-Za-z]{10}\b(?<!0000000000)": SHOWN_ID,
    r"127\.0\.0\.1:\d+": "127.0.0.1:8788",
}
"""What differs from run to run."""


def leveled(text: str) -> str:
    """Return *text* without what differs from run to run, and without spaces at ends of lines."""
    for pattern, stands in VARYING.items():
        text = re.sub(pattern, stands, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Open a strict service that the commands find."""
    monkeypatch.delenv("AGENTCORE_MEMORY_ID", raising=False)
    with LocalMemoryService(strict=True) as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


def talk(service: BlockingLocalMemoryService, memory_id: str) -> None:
    """Store a conversation of which one message is extracted and one is not."""
    with service.manager(memory_id) as manager:
        session = manager.create_memory_session("anna", "chat001")
        session.add_turns(
            [
                {"role": "user", "content": "I live in Turin, and I only fly window seats."},
                {"role": "assistant", "content": "Good: a window seat from Turin."},
            ]
        )
        service.drain()
        service.fail_extraction("LTM_RATE_EXCEEDED", times=1)
        session.add_turns([{"role": "user", "content": "I work as a nurse."}])
        service.drain()


def test_the_commands_print_what_the_page_shows(
    service: BlockingLocalMemoryService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command is run, in order, on a terminal of 100 columns, and prints what is below it."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    memory_id = SHOWN_ID
    for number, block in enumerate(BLOCKS):
        printed: list[str] = []
        for line in re.findall(r"(?m)^\$ (.*)$", block):
            printed.append(f"$ {line}\n")
            program, *arguments = shlex.split(line.replace(SHOWN_ID, memory_id))
            if program == "export":
                monkeypatch.setenv(*arguments[0].split("=", 1))
            else:
                assert "agentcore-memory" == program
                main(arguments)
                out, err = capsys.readouterr()
                printed.append(out or err)  # the notes of a command that prints are not shown
        assert leveled(block) == leveled("".join(printed))
        if number == 0:
            with service.control() as control:
                [memory] = control.list_memories()
            memory_id = memory.memory_id
            monkeypatch.setenv("AGENTCORE_MEMORY_ID", memory_id)
            talk(service, memory_id)


def test_the_exit_codes_of_the_page_are_all_there_are() -> None:
    """The table has each exit status once."""
    codes = {
        value
        for name, value in vars(_exit_codes).items()
        if name.isupper() and not name.startswith("_")
    }
    listed = re.findall(r"(?m)^\| (\d+) \|", PAGE.read_text("utf-8"))
    assert sorted(codes) == [int(each) for each in listed]


def test_every_command_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The page names each command that the help lists."""
    assert 0 == main(["--help"])
    helped = capsys.readouterr().out.partition("Commands")[2]
    commands = re.findall(r"(?m)^│ ([a-z]+)  ", helped)
    assert "memories" in commands
    page = PAGE.read_text("utf-8")
    assert [] == [each for each in commands if not re.search(rf"(`|-memory ){each}\b", page)]
