"""
Judge what the built-in extractor learns: ``python -m benchmarks.learning``.

``worksheet DIALOGUES FOLDER`` writes a page for a reader and a file for the verdicts, outside of
the repository, since both hold the dialogues' text or what was made of it. ``judge NAME VERDICTS``
reads the file back, and keeps the counts and verdicts as ``results/NAME.json``. ``code`` counts
the extractor's code.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio

from benchmarks.common.environments import ROOT
from benchmarks.learning import code_size, facts, verdicts


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning")
    commands = parser.add_subparsers(required=True)
    writing = commands.add_parser("worksheet", help="write what a reader needs")
    writing.add_argument("dialogues", type=Path, help="file of the dialogues")
    writing.add_argument("folder", type=Path, help="folder outside of the repository")
    writing.set_defaults(run=write_worksheet)
    judging = commands.add_parser("judge", help="keep the verdicts of a reader")
    judging.add_argument("name", help="name of the result, such as before")
    judging.add_argument("verdicts", type=Path, help="file that the reader filled in")
    judging.set_defaults(run=judge)
    commands.add_parser("code", help="count the extractor's code").set_defaults(run=count_code)
    given = parser.parse_args()
    given.run(given)


def write_worksheet(given: argparse.Namespace) -> None:
    """Extract, and write the page and the file for the verdicts."""
    folder: Path = given.folder.resolve()
    if folder.is_relative_to(ROOT):
        sys.exit(f"{folder} is in the repository, which holds no text of the dialogues")
    dialogues, labels = facts.read_dialogues(given.dialogues), facts.read_labels()
    drawn = {name: dialogues[name] for name in facts.draw(dialogues)}
    if list(drawn) != list(labels):
        sys.exit("the labels are not of these dialogues: is it the file that README.md names?")
    learned = anyio.run(facts.learn, drawn)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "worksheet.md").write_text(verdicts.worksheet(learned, drawn, labels))
    (folder / "verdicts.json").write_text(verdicts.blank(learned))
    print(f"{len(learned)} facts: read {folder / 'worksheet.md'}, fill in verdicts.json beside it")


def judge(given: argparse.Namespace) -> None:
    """Keep the verdicts of a reader, and print the counts."""
    try:
        said = verdicts.read(given.verdicts.read_text())
    except ValueError as error:
        sys.exit(str(error))
    counts = verdicts.count(said)
    result = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "counts": counts, "code": code()}
    path = facts.FOLDER / "results" / f"{given.name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**result, "verdicts": said}, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def count_code(_: argparse.Namespace) -> None:
    """Print how much code the extractor is."""
    print(json.dumps(code(), indent=1))


def code() -> dict[str, int]:
    """Return how much code the extractor is."""
    folders = [ROOT / folder for folder in code_size.FOLDERS]
    files = (file for folder in folders for file in sorted(folder.rglob("*.py")))
    data = [file.read_text("utf-8") for folder in folders for file in folder.rglob("*.toml")]
    return code_size.measure(file.read_text("utf-8") for file in files) | {
        "lines of data": sum(len(text.splitlines()) for text in data),
        "regular expressions in data": sum(map(code_size.count_in_data, data)),
    }


if __name__ == "__main__":
    main()
