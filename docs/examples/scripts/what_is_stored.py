"""Say what a memory holds: its strategies, the events of each actor, records and failed jobs."""

from __future__ import annotations

import argparse
from collections import Counter

from command import run

from agentcore_memory_async.sync import MemoryControl, MemorySession, MemorySessionManager

EVERYTHING = "/"  # records of all actors are counted, and none is shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("memory_id")
    given = parser.parse_args()
    with MemoryControl() as control, MemorySessionManager(given.memory_id) as manager:
        memory = manager.describe(control)
        print(f"{memory.memory_id} is {memory.status}; events stay {memory.event_expiry_days} days")

        print(f"\n{'actor':<40}{'sessions':>10}{'events':>10}")
        for actor in manager.iter_actors():
            counts = [
                sum(1 for _ in events_of(manager, each.actor_id, each.session_id))
                for each in manager.iter_actor_sessions(actor.actor_id)
            ]
            print(f"{actor.actor_id:<40}{len(counts):>10,}{sum(counts):>10,}")

        records = Counter(
            record.memory_strategy_id
            for record in manager.iter_long_term_memory_records(namespace_prefix=EVERYTHING)
        )
        print(f"\n{'strategy':<20}{'type':<20}{'records':>20}  namespace")
        for strategy in memory.strategies:
            count = records.pop(strategy.memory_strategy_id, 0)
            where = ", ".join(strategy.namespaces)
            print(f"{strategy.name:<20}{strategy.type:<20}{count:>20,}  {where}")
        if records:
            print(f"{'(no strategy now)':<40}{records.total():>20,}")

        failed = Counter(job.reason for job in manager.iter_memory_extraction_jobs())
        print(f"\n{failed.total():,} failed extraction jobs")
        for reason, count in failed.most_common():
            print(f"{reason:<40}{count:>20,}")
    return 0


def events_of(manager: MemorySessionManager, actor_id: str, session_id: str):
    """Iterate over the events of a session, without their content."""
    return MemorySession(manager, actor_id, session_id).iter_events(include_payloads=False)


if __name__ == "__main__":
    run(main)
