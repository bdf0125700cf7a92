"""The commands of ``docs/importing.md`` print what the page shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore_memory_async import Conversation, HistoryMessage, HistoryRecord
from agentcore_memory_async.cli import main
from agentcore_memory_async.local import LocalMemoryService
from tests.client.test_transfer import START

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "importing.md"
[BLOCK] = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
VARYING = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ": "TIME",
    r"\b[0-9a-f]{64}\b": "SHA-256",
}
"""What differs from run to run."""


def leveled(text: str) -> str:
    """Return *text* without what differs from run to run, and without spaces at ends of lines."""
    for pattern, stands in VARYING.items():
        text = re.sub(pattern, stands, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_the_commands_print_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command is run, in order, on a terminal; its notes are not shown."""
    said = HistoryMessage("I live in Turin.", "user", START)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        with service.manager("chat-a1B2c3D4e5") as manager:
            manager.import_conversations(
                [
                    Conversation("anna", "chat001", [said, said]),
                    Conversation("berta", "chat001", [said]),
                    HistoryRecord("/facts/anna/", "Anna lives in Turin.", START),
                    HistoryRecord("/facts/berta/", "Berta lives in Turin.", START),
                ],
                extract=False,
            ).wait()
        printed: list[str] = []
        for line in re.findall(r"(?m)^\$ (.*)$", BLOCK):
            program, *arguments = shlex.split(line)
            assert program == "agentcore-memory"
            assert main(arguments) == 0
            printed += [f"$ {line}\n", capsys.readouterr().out]
    assert leveled("".join(printed)) == leveled(BLOCK)
