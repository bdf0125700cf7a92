"""
Export a memory to a file: a line of JSON for each conversation and each record.

The file is there only when it is whole. ``history_from_json`` reads a line, and
``import_conversations`` of a manager takes what it gives.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from command import run

from agentcore_memory_async.sync import MemorySessionManager
from agentcore_memory_async.transfer import history_to_json


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("memory_id")
    parser.add_argument("file", type=Path)
    parser.add_argument("--actor", action="append", help="only this one; may be repeated")
    parser.add_argument("--namespace", action="append", help="template of its records' namespace")
    given = parser.parse_args()
    if bool(given.actor) != bool(given.namespace):
        parser.error("give --actor and --namespace together, or none of them")
    part = given.file.with_name(f"{given.file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)  # for nobody else: these are people's words
    with MemorySessionManager(given.memory_id) as manager, part.open("w", encoding="utf-8") as file:
        work = manager.export(given.actor, namespaces=given.namespace)
        for number, item in enumerate(work, 1):
            print(history_to_json(item), file=file)
            if sys.stderr.isatty():
                print(f"\r{number:,} conversations and records", end="", file=sys.stderr)
        report = work.wait()
    part.replace(given.file)
    print(
        f"{report.conversations:,} conversations with {report.messages:,} messages and "
        f"{report.records:,} records are in {given.file}."
    )
    for left in report.not_covered:
        print(f"not covered: {left.what}: {left.reason}")
    return 3 if report.not_covered else 0


if __name__ == "__main__":
    run(main, "Run it again; it begins anew.")
