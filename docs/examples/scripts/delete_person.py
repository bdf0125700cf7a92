"""
Delete the data of a person: all events of an actor, and all records in the actor's namespaces.

Stop writing for the actor first. It is safe to interrupt and to run again.
The exit status is 0 only where nothing is left.
"""

from __future__ import annotations

import argparse
import sys

from command import Bar, run

from agentcore_memory_async.sync import MemoryControl, MemorySessionManager


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("memory_id")
    parser.add_argument("actor_id")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--settle", type=float, default=180, help="seconds without anything new")
    given = parser.parse_args()
    with MemoryControl() as control, MemorySessionManager(given.memory_id) as manager:
        manager.describe(control)  # the templates of its namespaces
        sessions = len(manager.list_actor_sessions(given.actor_id))
        print(f"{given.actor_id} has {sessions} sessions in {given.memory_id}.")
        if not given.yes and not is_confirmed(given.actor_id):
            print("Nothing was deleted.")
            return 2
        deletion = manager.forget_actor(given.actor_id, settle=given.settle)
        with Bar("") as bar:
            for step in deletion:
                bar.show(step.done, step.total)
        report = deletion.wait()
    print(f"{report.deleted.events} events and {report.deleted.records} records were deleted.")
    print(f"Nothing new was seen until {report.checked_until:%Y-%m-%d %H:%M:%S} UTC.")
    for item in report.remaining:
        print(f"REMAINS: {item.kind} {item.item_id} in {item.place}: {item.reason}")
    for left in report.not_covered:
        print(f"not covered: {left.what}: {left.reason}")
    return 3 if report.remaining else 0


def is_confirmed(actor_id: str) -> bool:
    """Ask for the actor id, which nobody types by mistake; where nobody can answer, it is no."""
    print("Type the actor id to delete all of it: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == actor_id


if __name__ == "__main__":
    run(main, "Run it again to delete the rest.")
