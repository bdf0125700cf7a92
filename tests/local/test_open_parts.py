"""Extraction part by part: a round costs the same in any session, and nothing is lost by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_memory_async.local import (
    BuiltInExtractor,
    Extraction,
    ExtractionRequest,
    LocalMemoryService,
    ManualClock,
)
from agentcore_memory_async.local._heuristics.episodes import extract_episodes
from agentcore_memory_async.local._heuristics.summaries import summarize, topics
from agentcore_memory_async.local._operations.dispatch import perform
from tests.local.local_client import START, serving
from tests.local.test_growth import Counted
from tests.local.test_store import old_file
from tests.local.test_strategies import EPISODIC, memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.local.local_client import Client

SUMMARY = {
    "summaryMemoryStrategy": {
        "name": "Sum",
        "namespaceTemplates": ["/sum/{actorId}/{sessionId}/"],
    }
}
KEYS = [{"key": "tenant", "type": "STRING"}]
CONSISTENT = {"key": "tenant", "type": "STRING", "extractionType": "STRICTLY_CONSISTENT"}
BY_TENANT = {
    "semanticMemoryStrategy": {
        "name": "Facts",
        "namespaceTemplates": ["/facts/{actorId}/"],
        "memoryRecordSchema": {"metadataSchema": [CONSISTENT]},
    }
}
SAID = (
    ("USER", "I need help with my flight to Lima on the plane of Monday."),
    ("ASSISTANT", "Your flight TP1023 to Lima leaves at 8 am."),
    ("USER", "My hotel room at the hotel Aurora is too small for my family."),
    ("ASSISTANT", "Would you like to book a suite at Hotel Aurora for $200?"),
    ("USER", "Yes, please."),
    ("ASSISTANT", "It has been booked."),
    ("TOOL", '{"seat": "12A"}'),
    ("USER", "My colleague Tomas asked about the Q3 figures."),
    ("USER", "It works now, thanks!"),
    ("OTHER", "The line was silent."),
)
TALK = st.lists(st.sampled_from(SAID), min_size=1, max_size=120)


class Counting(BuiltInExtractor):
    """An extractor that counts what it is given."""

    def __init__(self, *, plain: bool = False) -> None:
        self.plain = plain
        self.requests: list[ExtractionRequest] = []

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Extract, and keep the request; a plain extractor tells nothing of what stays open."""
        self.requests.append(request)
        made = super().extract(request)
        return list(made) if self.plain else made

    def taken(self) -> int:
        """Return the number of messages that were given since the last call."""
        requests, self.requests = self.requests, []
        return sum(len(r.messages) + len(r.history) + len(r.context) for r in requests)


async def say(client: Client, said: Sequence[tuple[str, str]], first: int, **members: Any) -> None:
    """Store messages, one event each, and extract them."""
    for number, message in enumerate(said, start=first):
        await store(client, message, START + number, **members)
    await client.service.drain()


async def store(client: Client, said: tuple[str, str], at: float, **members: Any) -> None:
    """Store a message of the session, past HTTP."""
    payload = [{"conversational": {"role": said[0], "content": {"text": said[1]}}}]
    params = {"actorId": "ann", "sessionId": "s1", "eventTimestamp": at, "payload": payload}
    await perform(client.service._context, "CreateEvent", client.memory, params | members)


def kinds_of_talk(number: int) -> dict[str, tuple[tuple[str, str], dict[str, Any]]]:
    """Return one message of each kind of session, and the members of its event."""
    late = {"at": START - number}
    tenant = {"metadata": {"tenant": {"stringValue": f"t{number % 3}"}}}
    return {
        "a talk": (SAID[number % 8], {}),
        "one role": (("ASSISTANT", f"Your order #{number} was shipped to Oslo."), {}),
        "no end": (("USER", f"My colleague number {number} likes the Q{number} figures."), {}),
        "tools": (("TOOL", f'{{"step": {number}}}'), {}),
        "ever earlier": (SAID[number % 8], late),
        "tenants": (SAID[number % 8], tenant),
        "skipped": (SAID[number % 8], {"extractionMode": "SKIP"} if number % 2 else {}),
    }


@pytest.mark.parametrize(
    ("kind", "plain"),
    [*((kind, False) for kind in kinds_of_talk(0)), ("a talk", True), ("no end", True)],
)
async def test_the_extractor_gets_no_more_in_a_long_session(kind: str, *, plain: bool) -> None:
    """From some length on it gets as many messages a round as before, whatever the session has."""
    extractor = Counting(plain=plain)
    async with serving(extractor=extractor) as client:
        await memory(client, EPISODIC, SUMMARY, BY_TENANT, indexedKeys=KEYS)
        rounds: list[int] = []
        for begin in range(0, 360, 20):
            for number in range(begin, begin + 20):
                said, members = kinds_of_talk(number)[kind]
                await store(client, said, **({"at": START + number} | members))
            await client.service.drain()
            rounds.append(extractor.taken())
    middle, end = rounds[8:13], rounds[13:]
    assert max(end) <= 1.1 * max(middle) + 2
    assert max(end) <= 3 * (20 + 100 + 20)


async def test_a_round_takes_as_many_steps_in_a_long_session() -> None:
    """Ten new events take SQLite about as many steps among 3,000 events as among 60."""
    steps: list[int] = []
    for rows in (60, 3_000):
        async with LocalMemoryService(clock=ManualClock(START)) as service:
            counted = Counted(service, rows)
            await counted.fill()
            await counted.add_talk(10, first=20_000_000)
            await service.drain()
            await counted.add_talk(10, first=30_000_000)
            await counted.watch()
            before = counted.steps
            await service.drain()
            steps.append(counted.steps - before)
    few, many = steps
    assert few > 1_000
    assert many <= 1.2 * few


@settings(max_examples=25, deadline=None)
@given(TALK, st.lists(st.integers(1, 60), min_size=1, max_size=20))
async def test_parts_add_up_to_the_whole(said: list[tuple[str, str]], sizes: list[int]) -> None:
    """However a talk is cut into rounds, its topics and episodes are those of all of it."""
    async with serving() as client:
        await memory(client, SUMMARY, EPISODIC)
        done = 0
        while done < len(said):
            size = sizes[done % len(sizes)]
            await say(client, said[done : done + size], done)
            done += size
        topics = await client.contents("/sum/ann/", maxResults=100)
        episodes = await client.contents("/episodes/ann/s1/", maxResults=100)
    assert sorted(topics) == sorted(summarize(said))
    assert set(episodes) == set(extract_episodes(said, 0)[0])


async def test_a_late_event_is_told_where_it_belongs_or_by_itself(client: Client) -> None:
    """One that is earlier than what is open, but not settled, is put in its place."""
    await memory(client, SUMMARY)
    await say(client, [("USER", "My desk is in Rome."), ("USER", "My car is a Volvo 240.")], 10)
    await say(client, [("USER", "My dog Rex is 3 years old.")], 0)
    (topic,) = await client.contents("/sum/ann/")
    assert topic.index("Rex") < topic.index("Rome") < topic.index("Volvo")


class Plain:
    """An extractor of a user: the summary is the number of messages that it read."""

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return one record."""
        return [f"{len(request.history) + len(request.messages)} messages"]

    def replaces(self, kind: str, new: str, old: str) -> bool:
        """Return False: nothing is replaced."""
        return False


async def test_a_plain_summary_is_final_after_a_hundred_messages(
    serve: Callable[..., Any],
) -> None:
    """Up to there each replaces the one before; then the next begins after it."""
    async with serve(extractor=Plain()) as client:
        await memory(client, SUMMARY)
        talk = [("USER", f"m{number}") for number in range(130)]
        await say(client, talk[:60], 0)
        assert await client.contents("/sum/ann/") == ["60 messages"]
        await say(client, talk[60:100], 60)
        assert await client.contents("/sum/ann/") == ["100 messages"]
        await say(client, talk[100:110], 100)
        assert await client.contents("/sum/ann/") == ["110 messages"]
        await say(client, talk[110:], 110)
        assert await client.contents("/sum/ann/") == ["20 messages", "110 messages"]


class Part(Plain):
    """An extractor that settles all messages but the last, or too many."""

    def __init__(self) -> None:
        self.more = 0

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Return a final record of the settled messages, and one of the open message."""
        texts = [item.text for item in (*request.history, *request.messages)]
        made = Extraction([" ".join(texts[:-1])], [texts[-1]], settled=len(texts) - 1 + self.more)
        assert (len(made), made[-1]) == (2, texts[-1])
        return made


async def test_an_extractor_says_what_stays_open(serve: Callable[..., Any]) -> None:
    """Records of open messages are replaced, others stay; what can't be fails the job."""
    extractor = Part()
    async with serve(extractor=extractor) as client:
        await memory(client, SUMMARY)
        await say(client, [("USER", "a"), ("USER", "b"), ("USER", "c")], 0)
        assert sorted(await client.contents("/sum/ann/")) == ["a b", "c"]
        await say(client, [("USER", "d"), ("USER", "e")], 10)
        assert sorted(await client.contents("/sum/ann/")) == ["a b", "c d", "e"]
        extractor.more = 9
        await say(client, [("USER", "f")], 20)
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert sorted(await client.contents("/sum/ann/")) == ["a b", "c d", "e"]
        extractor.more = 0
        start = {"extractionJob": {"jobId": job["jobID"]}}
        assert (await client.call("POST", "extractionJobs", "start", **start)).status == 200
        await client.service.drain()
        assert sorted(await client.contents("/sum/ann/")) == ["a b", "c d", "e", "f"]


async def test_an_open_part_survives_a_restart_and_goes_with_its_session(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """The summary goes on after a restart; the row is gone once the events have expired."""
    path = tmp_path / "memory.db"
    async with serve(path) as client:
        await say(client, [("USER", "My desk is in Rome.")], 0)
    async with serve(path, clock=ManualClock(START + 100)) as client:
        await say(client, [("USER", "My car is a Volvo 240.")], 10)
        (topic,) = await client.contents("/summaries/ann/s1/")
        assert topic.index("Rome") < topic.index("Volvo")
        assert await Counted(client.service, 0).count_rows("open_parts") == 1
        client.clock.advance(366 * 86_400)
        await client.service.drain()
    async with serve(path, clock=ManualClock(START + 368 * 86_400)) as client:
        assert await Counted(client.service, 0).count_rows("open_parts") == 0


async def test_a_session_of_the_fifth_version_goes_on(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Its summary stays as it is, and what is said since becomes another."""
    path, old = tmp_path / "memory.db", tmp_path / "old.db"
    async with serve(path) as client:
        await say(client, [("USER", "My desk is in Rome.")], 0)
        await client.create("My car is a Volvo 240.", at=START + 10)
    with old_file(old, version=5) as db:
        db.execute("ATTACH ? AS newest", (str(path),))
        for table in ("memories", "sequence", "sessions", "actors", "events", "records", "pending"):
            names = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM newest.{table}")
    async with serve(old) as client:
        await client.service.drain()
        newest, first = await client.contents("/summaries/ann/s1/")
        assert "Volvo" in newest
        assert "Rome" in first
        assert "Volvo" not in first
        assert len(await client.contents("/facts/ann/")) == 2


def test_a_request_shows_the_settled_messages_as_context() -> None:
    """An outcome is completed from a proposal that is settled already."""
    said = [*SAID[2:4], ("USER", "Yes, exactly."), ("ASSISTANT", "It has been booked.")]
    (whole,) = summarize(said)
    (rest,) = topics([said[2:]], said[:2])
    assert "book a suite at Hotel Aurora for $200, and it was done" in whole
    assert "book a suite at Hotel Aurora for $200, and it was done" in rest
    assert json.dumps(rest)


async def test_a_topic_that_ended_stays_where_its_variables_put_it(client: Client) -> None:
    """Values of namespace variables may come and go: what is settled is not replaced any more."""
    by_project = {
        "summaryMemoryStrategy": {
            "name": "Sum",
            "namespaceTemplates": ["/sum/{actorId}/{sessionId}/{project}/"],
        }
    }
    await memory(client, by_project, namespaceKeys=[{"key": "project"}])

    async def tell(first: int, project: str, *texts: str) -> None:
        members = {"extractionConfig": {"namespaceVariables": {"project": project}}}
        await say(client, [("USER", text) for text in texts], first, **members)

    flight = [f"My flight {number} is on a plane of an airline." for number in range(4)]
    hotel = [f"My hotel room {number} is at the hotel Aurora." for number in range(6)]
    await tell(0, "a", *flight[:2])
    await tell(2, "b", *flight[2:], *hotel[:4])
    await tell(8, "a", *hotel[4:])
    in_a = await client.contents("/sum/ann/s1/a/")
    assert [topic.split('"')[1] for topic in in_a] == [
        "Hotel room, Aurora",
        "Flight, plane of an airline",
    ]
    for number in range(40):
        await tell(10 + number, f"p{number}", f"My hotel room {number} is at the hotel Aurora.")
    ((records,),) = await client.service._context.store.read(
        lambda transaction: transaction.db.execute("SELECT records FROM open_parts").fetchall()
    )
    assert len(json.loads(records)) < 30
