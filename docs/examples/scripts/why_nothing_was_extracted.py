"""
Find why the service extracted nothing from a session, and say what helps.

The exit status is 0 where records were found, and 3 where a cause was.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from command import run

from agentcore_memory_async.sync import MemoryControl, MemorySession, MemorySessionManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async import Event, ExtractionJob, Memory

USUAL_DELAY = timedelta(minutes=3)


def causes(
    memory: Memory, jobs: list[ExtractionJob], events: list[Event], now: datetime
) -> Iterator[str]:
    """Yield each cause of missing records; *events* are newest first, and one at least."""
    if memory.status != "ACTIVE":
        yield f"The memory is {memory.status}: {memory.failure_reason or 'wait until it is ACTIVE'}"
    active = [each for each in memory.strategies if each.status in ("ACTIVE", None)]
    if not active:
        yield "It has no active strategy: add one, and store the conversation again"
    if not any(event.messages for event in events):
        yield "There are no messages: nothing is extracted from data, only from what is said"
    newest = events[0].timestamp
    if late := [each.name for each in active if each.created_at and each.created_at > newest]:
        yield f"The events are older than {', '.join(late)}: only later ones give records there"
    for job in jobs:
        yield f"Job {job.job_id} failed: {job.reason}; --restart starts it again"
    if memory.namespace_keys:
        keys = ", ".join(each.key for each in memory.namespace_keys)
        yield f"Namespaces need {keys}: an event without these values gives no records"
    if now - newest < USUAL_DELAY:
        yield f"The newest event is of {newest:%H:%M:%S} UTC: extraction takes a minute or more"


def uses_keys(template: str) -> bool:
    """Return whether a template has variables beyond those that a session fills in."""
    return "{" in template.replace("{actorId}", "").replace("{sessionId}", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("memory_id")
    parser.add_argument("actor_id")
    parser.add_argument("session_id")
    parser.add_argument("--restart", action="store_true", help="start failed jobs again")
    given = parser.parse_args()
    with MemoryControl() as control, MemorySessionManager(given.memory_id) as manager:
        memory = manager.describe(control)
        session = MemorySession(manager, given.actor_id, given.session_id)
        events = session.list_events()
        if not events:
            known = [each.session_id for each in manager.iter_actor_sessions(given.actor_id)]
            print(f"The session has no events. Sessions of {given.actor_id}: {known or 'none'}")
            return 3
        jobs = session.list_memory_extraction_jobs()
        found = 0
        for name, template in sorted(memory.namespaces.items()):
            if uses_keys(template):
                continue  # their values are known to whoever wrote the events
            count = sum(
                record.created_at >= events[-1].timestamp
                for record in session.iter_long_term_memory_records(template)
            )
            print(f"{count} records of {name} under {template} since the session began")
            found += count
        if found and not jobs:
            print("If you miss them, compare the prefix that you ask for.")
            return 0
        for cause in list(causes(memory, jobs, events, datetime.now(UTC))) or [
            "No cause was found: small talk gives no records, and what is known gives none again"
        ]:
            print(f"- {cause}.")
        for job in jobs if given.restart else ():
            session.start_memory_extraction_job(job.job_id)
            print(f"Job {job.job_id} was started again.")
    return 3


if __name__ == "__main__":
    run(main)
