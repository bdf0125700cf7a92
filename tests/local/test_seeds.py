"""Seeds: what a service is started with, and what it leaves behind."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import Conversation, HistoryMessage, HistoryRecord
from agentcore_memory_async.local import (
    Behavior,
    Lags,
    LocalMemoryService,
    LocalServiceError,
    ManualClock,
)
from agentcore_memory_async.transfer import history_to_json
from tests.client.test_transfer import FAST, START, exported, history
from tests.local.test_strategies import EPISODIC, memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FACTS = {"semanticMemoryStrategy": {"name": "Facts", "namespaceTemplates": ["/facts/{actorId}/"]}}
MEMORY = "chat-a1B2c3D4e5"
OTHER = "other-a1B2c3D4e5"
NAMED = json.dumps({"memory": {"id": MEMORY}})
SAID = Conversation("anna", "s1", [HistoryMessage("I live in Turin.", "user", START)])
FACT = HistoryRecord("/facts/anna/", "I live in Oslo.", START, {"topic": "home"})
NOTE = HistoryRecord("/notes/", "<x>", START, {"score": 0.5, "tags": ("a", "b")})


def written(path: Path, *items: Conversation | HistoryRecord | str) -> Path:
    """Write a seed, and return its path."""
    lines = [item if isinstance(item, str) else history_to_json(item) for item in items]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def test_a_dump_is_loaded_as_it_was(tmp_path: Path) -> None:
    """Histories of all kinds, of two memories, are the same lines after a load and a dump."""
    source = random.Random(5)
    first, second, third = (tmp_path / f"{name}.jsonl" for name in "abc")
    given = [history(source, f"s{number}") for number in range(40)]
    async with LocalMemoryService(dump=first) as service:
        async with service.manager(MEMORY, limits=FAST) as manager:
            await manager.import_conversations([*given, FACT, NOTE], extract=False)
            before = await exported(manager)
        async with service.manager(OTHER) as manager:
            await manager.import_conversations([SAID, FACT, FACT], extract=False)
    async with LocalMemoryService(seed=first, dump=second) as service:
        async with service.manager(MEMORY) as manager:
            assert await exported(manager) == before
        async with service.manager(OTHER) as manager:
            assert await exported(manager) == [SAID, FACT, FACT]
        assert service.calls("CreateEvent") == []
    async with LocalMemoryService(seed=second, dump=third):
        pass
    assert first.read_text() == second.read_text() == third.read_text()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl", "c.jsonl"]


async def test_a_memory_comes_with_its_strategies(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """A memory that was created has its id, strategies, keys and tags again, and is ACTIVE."""
    dump = tmp_path / "dump.jsonl"
    keys = [{"key": "topic", "type": "STRING"}]
    async with serve(strict=True, dump=dump, lags=Lags(provisioning=60)) as client:
        await memory(client, EPISODIC, indexedKeys=keys, tags={"team": "blue"})
        created = client.memory
        change = {"description": "changed", "memoryStrategies": {"addMemoryStrategies": [FACTS]}}
        changed = await client.send("PUT", f"/memories/{created}/update", change)
        known = changed.body["memory"]
        assert known["status"] == "UPDATING"
    async with serve(strict=True, seed=dump) as client:
        again = (await client.send("GET", f"/memories/{created}/details")).body["memory"]
        client.memory = created
        assert (await client.create("I live in Turin.")).status == 201
    statuses = {item["status"] for item in (again, *again["strategies"])}
    assert statuses == {"ACTIVE"}
    for item in (known, *known["strategies"]):
        item["status"] = "ACTIVE"
    assert again == known


async def test_records_say_that_all_is_extracted(tmp_path: Path) -> None:
    """Conversations alone are extracted; beside records of their memory they are not."""
    alone = written(tmp_path / "alone", NAMED, SAID)
    async with LocalMemoryService(seed=alone) as service, service.manager(MEMORY) as manager:
        await service.drain()
        [fact] = await manager.list_long_term_memory_records(namespace_prefix="/facts/anna/")
        assert fact.content == "The user lives in Turin."
    whole = written(
        tmp_path / "whole", NAMED, SAID, FACT, json.dumps({"memory": {"id": OTHER}}), SAID
    )
    async with LocalMemoryService(seed=whole) as service:
        await service.drain()
        async with service.manager(MEMORY) as manager:
            [fact] = await manager.list_long_term_memory_records(namespace_prefix="/facts/anna/")
            assert (fact.content, fact.timestamp) == (FACT.content, START)
        async with service.manager(OTHER) as manager:
            [fact] = await manager.list_long_term_memory_records(namespace_prefix="/facts/anna/")
            assert fact.content == "The user lives in Turin."


async def test_a_file_is_seeded_once(tmp_path: Path) -> None:
    """The same seed stores nothing twice in a database, and what came since stays."""
    seed = written(tmp_path / "seed", NAMED, SAID, FACT)
    for number in range(3):
        async with (
            LocalMemoryService(tmp_path / "memory.db", seed=seed) as service,
            service.manager(MEMORY) as manager,
        ):
            items = await exported(manager)
            assert len(items) == 2 + number
            later = START + timedelta(days=number)
            said = [HistoryMessage("Later.", "user", later)]
            more = Conversation("bob", f"s{number}", said)
            await manager.import_conversations([more], extract=False)


@pytest.mark.parametrize(
    ("line", "items", "reason"),
    [
        (1, (SAID,), "not said in which memory"),
        (1, ('{"memory": {"id": "chat-a1B2c3D4e5"}',), "not JSON"),
        (2, (NAMED, "{}"), "neither messages nor a namespace"),
        (3, (NAMED, SAID, "CANARY"), "not JSON"),
        (4, (NAMED, "", SAID, '{"memory": {}}'), "the memory has no id"),
        (1, ('{"memory": {"id": "a b"}}',), "memoryId"),
        (1, ('{"memory": {"id": "b", "name": "b"}}',), "status of the memory"),
        (2, (NAMED, Conversation("anna", "s 1", SAID.messages)), "session"),
        (
            4,
            (NAMED, SAID, FACT, HistoryRecord("/facts/anna/", "", START), FACT),
            "content",
        ),
        (2, (NAMED, history_to_json(SAID).replace("+00:00", "")), "timestamp"),
    ],
)
async def test_a_broken_line_is_named(
    tmp_path: Path, line: int, items: tuple[Any, ...], reason: str
) -> None:
    """The service does not start; the error has the line's number and the reason, no content."""
    seed = written(tmp_path / "seed.jsonl", *items)
    service = LocalMemoryService(seed=seed)
    with pytest.raises(LocalServiceError) as caught:
        await service.open()
    text = str(caught.value.strerror)
    assert text.startswith(f"cannot load {seed}: line {line}: ")
    assert reason in text
    assert "CANARY" not in text
    with pytest.raises(RuntimeError, match="not open"):
        service.endpoint_url  # noqa: B018 - it raises
    written(seed, NAMED, SAID)
    async with service:  # it can be opened once the file is right
        pass


async def test_a_seed_that_is_not_there(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(LocalServiceError, match=r"cannot read .*none\.jsonl: No such file"):
        await LocalMemoryService(seed=tmp_path / "none.jsonl").open()


async def test_nothing_disturbs_a_dump(tmp_path: Path) -> None:
    """Neither faults nor quotas nor lags, on a clock that stands still, nor odd ids."""
    dump = tmp_path / "dump.jsonl"
    service = LocalMemoryService(
        seed=written(tmp_path / "seed.jsonl", '{"memory": {"id": "odd:id"}}', SAID, NOTE),
        dump=dump,
        clock=ManualClock(),
        behavior=Behavior(throttle=True, shuffle_records=True),
        lags=Lags(provisioning=60, record_lists=60, event_lists=60),
    )
    async with service:
        service.fail("ServiceException")
    named, *rest = dump.read_text().splitlines()
    assert json.loads(named)["memory"]["id"] == "odd:id"
    assert rest == [history_to_json(SAID), history_to_json(NOTE)]


async def test_a_dump_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file, the service is closed, and what was there before is whole."""
    service = LocalMemoryService(dump=tmp_path / "none" / "dump.jsonl")
    await service.open()
    with pytest.raises(LocalServiceError, match=r"cannot write .*dump\.jsonl: No such file"):
        await service.aclose()
    await service.aclose()
    (folder := tmp_path / "dump.jsonl").mkdir()
    service = LocalMemoryService(dump=folder)
    await service.open()
    with pytest.raises(LocalServiceError, match="cannot write"):
        await service.aclose()
    assert [item.name for item in tmp_path.iterdir()] == ["dump.jsonl"]


def test_both_without_await(tmp_path: Path) -> None:
    """The service on a thread of its own loads and dumps, too."""
    seed, dump = written(tmp_path / "seed.jsonl", NAMED, SAID), tmp_path / "dump.jsonl"
    with LocalMemoryService(seed=seed, dump=dump) as service, service.manager(MEMORY) as manager:
        [item] = manager.export()
        assert item == SAID
    assert dump.read_text().splitlines()[1] == history_to_json(SAID)
