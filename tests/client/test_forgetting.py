"""Forgetting: what is deleted, what is left and why, and when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import InvalidInputError, RetryPolicy, TransportError
from agentcore_memory_async._wire.forgetting import actor_targets, is_over, next_scan_at
from agentcore_memory_async._wire.namespaces import is_under
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import EPOCH_S, virtual_time
from tests.client.doubles import manager_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async._transport.base import Answer

NAMESPACES = {"facts": "/facts/{actorId}/"}


class Store(FakeTransport):
    """A memory of ids: sessions with events, and records with namespaces."""

    def __init__(self, events: Mapping[str, list[str]], records: Mapping[str, str]) -> None:
        super().__init__()
        self.kept_events = {session: dict.fromkeys(each) for session, each in events.items()}
        self.kept_records = dict(records)

    def _default(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | Exception:
        if operation == "ListSessions":
            shown = {"actorId": params["actorId"], "createdAt": EPOCH_S}
            return {"sessionSummaries": [{"sessionId": each, **shown} for each in self.kept_events]}
        if operation == "ListEvents":
            return {"events": [{"eventId": each} for each in self.kept_events[params["sessionId"]]]}
        if operation == "DeleteEvent":
            del self.kept_events[params["sessionId"]][params["eventId"]]
            return {"eventId": params["eventId"]}
        if operation == "ListMemoryRecords":
            return {"memoryRecordSummaries": self.list_records(params["namespacePath"])}
        if operation != "BatchDeleteMemoryRecords":
            return super()._default(operation, params)
        for each in params["records"]:
            assert self.kept_records.pop(each["memoryRecordId"]) == each["namespace"]
        ids = [each["memoryRecordId"] for each in params["records"]]
        outcomes = [{"memoryRecordId": each, "status": "SUCCEEDED"} for each in ids]
        return {"successfulRecords": outcomes, "failedRecords": []}

    def list_records(self, prefix: str) -> list[dict[str, Any]]:
        """Return the records below a prefix, as they are listed."""
        return [
            {"memoryRecordId": each, "namespaces": [namespace]}
            for each, namespace in self.kept_records.items()
            if namespace.startswith(prefix)
        ]


def record_id(number: int) -> str:
    """Return a record id."""
    return f"mem-00000000-0000-0000-0000-{number:012}"


@virtual_time
async def test_events_and_records_of_the_actor_go_and_those_of_others_stay() -> None:
    """All events go, records in the actor's namespaces too, and it looked for the whole settle."""
    records = {record_id(1): "/facts/anna/", record_id(2): "/facts/annabel/"}
    store = Store({"s1": ["0000001#a", "0000002#b"], "s2": ["0000003#c"]}, records)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        began = anyio.current_time()
        forgetting = manager.forget_actor("anna", settle=60.0)
        steps = [step async for step in forgetting]
        report = await forgetting

    assert 60.0 <= anyio.current_time() - began < 61.0
    assert store.kept_events == {"s1": {}, "s2": {}}
    assert store.kept_records == {record_id(2): "/facts/annabel/"}
    assert (report.deleted.events, report.deleted.records) == (3, 1)
    assert not report.remaining
    assert {each.what for each in report.not_covered} == {"ingested content", "streams", "logs"}
    assert report.checked_until.timestamp() == pytest.approx(EPOCH_S + 60.0, abs=1.0)
    assert [(step.phase, step.done, step.total) for step in steps[:2]] == [
        ("events", 3, 3),
        ("records", 1, 1),
    ]
    assert {step.phase for step in steps[2:]} == {"waiting"}


@virtual_time
async def test_what_comes_late_starts_the_wait_anew() -> None:
    """A record that a job wrote meanwhile is deleted, and the wait begins again."""
    store = Store({"s1": ["0000001#a"]}, {})
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        came_at = 0.0
        async for _ in (forgetting := manager.forget_actor("anna", settle=60.0)):
            if not came_at and anyio.current_time() > 50:
                store.kept_records[record_id(1)] = "/facts/anna/"
                came_at = anyio.current_time()
        report = await forgetting

    assert report.deleted.memory_record_ids == (record_id(1),)
    assert anyio.current_time() >= came_at + 60.0


@virtual_time
async def test_what_cannot_be_deleted_is_reported_and_ends() -> None:
    """A refused deletion neither hides the others nor keeps it from ending."""
    store = Store({"s1": ["0000001#a", "0000002#b"]}, {})
    store.fail("DeleteEvent", "AccessDeniedException", status=403, times=100)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=10.0)

    assert not report.deleted.events
    assert {each.item_id for each in report.remaining} == {"0000001#a", "0000002#b"}
    assert all(each.reason and each.place == "s1" for each in report.remaining)


@virtual_time
async def test_an_unreadable_item_is_reported_and_hides_no_other() -> None:
    """An event without an id, and a record without a namespace, are told; the others are gone."""
    store = Store({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    no_id: dict[str, Any] = {"eventId": None}
    no_place = {"memoryRecordId": record_id(2)}

    def events(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"events": [no_id, *({"eventId": each} for each in store.kept_events["s1"])]}

    def records(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"memoryRecordSummaries": [no_place, *store.list_records(params["namespacePath"])]}

    store.reply("ListEvents", *[events] * 20)
    store.reply("ListMemoryRecords", *[records] * 20)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=1.0)

    assert store.kept_events == {"s1": {}}
    assert store.kept_records == {}
    assert [each.kind for each in report.remaining] == ["event", "record"]
    assert record_id(2) in report.remaining[1].reason


@virtual_time
async def test_what_is_gone_already_is_neither_deleted_nor_left() -> None:
    """An event that a list still shows, and that another deletion has taken, is no failure."""
    store = Store({"s1": ["0000001#a"]}, {})
    store.fail("DeleteEvent", "ResourceNotFoundException", status=404)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        forgetting = manager.forget_actor("anna", settle=0)
        async for _ in forgetting:
            store.kept_events["s1"].clear()
        report = await forgetting
    assert (report.deleted.events, report.remaining) == (0, ())


@pytest.mark.parametrize("answer", ["404", "deleted"])
@virtual_time
async def test_what_is_listed_still_is_not_gone_whatever_its_deletion_says(answer: str) -> None:
    """A record and an event that stay listed remain: once they are not found, once they "go"."""
    store = Store({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    if answer == "404":
        store.fail("DeleteEvent", "ResourceNotFoundException", status=404, times=100)
        failed = {"memoryRecordId": record_id(1), "status": "FAILED", "errorCode": 404}
        no = {**failed, "errorMessage": "no"}
        outcome: dict[str, Any] = {"successfulRecords": [], "failedRecords": [no]}
    else:
        store.reply("DeleteEvent", *[{"eventId": "0000001#a"}] * 100)
        done = {"memoryRecordId": record_id(1), "status": "SUCCEEDED"}
        outcome = {"successfulRecords": [done], "failedRecords": []}
    store.reply("BatchDeleteMemoryRecords", *[outcome] * 100)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=60.0)
    assert [each.item_id for each in report.remaining] == ["0000001#a", record_id(1)]
    assert (report.deleted.events, report.deleted.records) == (0, 0)


@virtual_time
async def test_a_record_that_is_found_later_than_listed_is_waited_for() -> None:
    """The service lists a record that it does not find by its id yet; then it is deleted."""
    store = Store({}, {record_id(1): "/facts/anna/"})
    failed = {"memoryRecordId": record_id(1), "status": "FAILED", "errorCode": 404}
    outcome = {"successfulRecords": [], "failedRecords": [{**failed, "errorMessage": "no"}]}
    store.reply("BatchDeleteMemoryRecords", *[outcome] * 3)
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=60.0)
    assert report.deleted.memory_record_ids == (record_id(1),)
    assert (store.kept_records, report.remaining) == ({}, ())


@virtual_time
async def test_a_list_that_lags_behind_a_deletion_leaves_nothing() -> None:
    """What was deleted, is listed still and no longer found, is gone; it ends in time."""
    store = Store({}, {record_id(1): "/facts/anna/"})
    listed = store.list_records("/facts/anna/")
    store.reply("ListMemoryRecords", *[{"memoryRecordSummaries": listed}] * 100)
    failed = {"memoryRecordId": record_id(1), "status": "FAILED", "errorCode": 404}
    gone = {"successfulRecords": [], "failedRecords": [{**failed, "errorMessage": "no"}]}
    done = {"memoryRecordId": record_id(1), "status": "SUCCEEDED"}
    first = {"successfulRecords": [done], "failedRecords": []}
    store.reply("BatchDeleteMemoryRecords", first, *[gone] * 100)
    async with manager_on(store) as manager:
        report = await manager.delete_namespace("/facts/anna/")
    assert (report.deleted.records, report.remaining) == (1, ())


@pytest.mark.parametrize("is_there", [False, True], ids=["deleted", "too new"])
@virtual_time
async def test_not_found_after_a_lost_answer_is_looked_at_again(is_there: bool) -> None:
    """What was lost and then not found is deleted only once it is not listed any more."""
    store = Store({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    gone = {"memoryRecordId": record_id(1), "status": "FAILED", "errorCode": 404}

    def lose(operation: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        def reply(params: Mapping[str, Any]) -> dict[str, Any]:
            if not is_there:
                store._default(operation, params)
            raise TransportError(operation, "connection lost")

        return reply

    store.reply("DeleteEvent", lose("DeleteEvent"))
    store.fail("DeleteEvent", "ResourceNotFoundException", status=404)
    operation = "BatchDeleteMemoryRecords"
    store.reply(operation, lose(operation), {"successfulRecords": [], "failedRecords": [gone]})
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        report = await manager.forget_actor("anna", settle=10.0)
    assert (1, 1) == (report.deleted.events, report.deleted.records)
    assert () == report.remaining
    assert ({"s1": {}}, {}) == (store.kept_events, store.kept_records)
    assert (2 + is_there) == len(store.sent("DeleteEvent")) == len(store.sent(operation))


@virtual_time
async def test_what_is_never_known_to_be_deleted_remains() -> None:
    """What is still listed in the end, and whose deletions were all lost, is named with reasons."""
    store = Store({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    for operation in ("DeleteEvent", "BatchDeleteMemoryRecords"):
        store.reply(operation, *[TransportError(operation, "connection lost")] * 100)
    policy = RetryPolicy(max_attempts=1)
    async with manager_on(store, namespaces=NAMESPACES, retry=policy) as manager:
        report = await manager.forget_actor("anna", settle=10.0)
    assert (0, 0) == (report.deleted.events, report.deleted.records)
    assert ["0000001#a", record_id(1)] == [each.item_id for each in report.remaining]
    assert all("may or may not" in each.reason for each in report.remaining)


@virtual_time
async def test_left_and_awaited_again_it_goes_on() -> None:
    """After the loop was left the deletion goes on with what is left."""
    ids = [f"{number:07}#a" for number in range(500)]
    store = Store({"s1": ids}, {})
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        forgetting = manager.forget_actor("anna", settle=0.0)
        async for _ in forgetting:
            break
        left = len(store.kept_events["s1"])
        report = await forgetting

    assert left == 400
    assert store.kept_events["s1"] == {}
    assert sorted(report.deleted.event_ids) == ids


@pytest.mark.parametrize("slow", ["DeleteEvent", "BatchDeleteMemoryRecords"])
@virtual_time
async def test_what_was_deleted_as_it_was_cancelled_is_reported(slow: str) -> None:
    """A deletion that was cancelled after it was sent is told as done, once no scan lists it."""

    class Slow(Store):
        async def __call__(self, operation: str, params: Mapping[str, Any]) -> Answer:
            answer = await super().__call__(operation, params)
            if operation == slow:
                await anyio.sleep(5)
            return answer

    store = Slow({"s1": ["0000001#a"]}, {record_id(1): "/facts/anna/"})
    async with manager_on(store, namespaces=NAMESPACES) as manager:
        forgetting = manager.forget_actor("anna", settle=1.0)
        with anyio.move_on_after(1.0) as scope:
            await forgetting
        assert scope.cancelled_caught
        report = await forgetting

    deleted = report.deleted
    assert (deleted.event_ids, deleted.memory_record_ids) == (("0000001#a",), (record_id(1),))
    assert not report.remaining
    assert 1 == len(store.sent(slow))


@virtual_time
async def test_a_session_keeps_the_records() -> None:
    """Deleting a session deletes its events alone, and the report says so."""
    store = Store({"s1": ["0000001#a"], "s2": ["0000002#b"]}, {record_id(1): "/facts/anna/"})
    async with manager_on(store) as manager:
        report = await manager.delete_session("anna", "s1")

    assert store.kept_events == {"s1": {}, "s2": {"0000002#b": None}}
    assert report.deleted.event_ids == ("0000001#a",)
    assert store.kept_records
    assert "records" in {each.what for each in report.not_covered}


@virtual_time
async def test_a_namespace_is_deleted_whole_and_nothing_beside_it() -> None:
    """250 records at and below a prefix go, and a namespace that only begins alike stays."""
    records = {record_id(number): "/users/1/facts/" for number in range(250)}
    store = Store({}, {**records, record_id(999): "/users/10/facts/"})
    async with manager_on(store) as manager:
        report = await manager.delete_namespace("/users/1")
        with pytest.raises(InvalidInputError, match="everybody"):
            manager.delete_namespace("/")

    assert report.deleted.records == 250
    assert list(store.kept_records) == [record_id(999)]


async def test_without_namespaces_it_refuses() -> None:
    """With no namespaces it refuses before anything is sent."""
    manager = manager_on(FakeTransport())
    with pytest.raises(InvalidInputError, match="knows no namespaces"):
        manager.forget_actor("anna")
    with pytest.raises(InvalidInputError, match="knows no namespaces"):
        manager.forget_actor("anna", namespaces=[])


def held(template: str, *namespaces: str, hierarchical: bool = False) -> list[str]:
    """Return which *namespaces* are anna's by *template*."""
    [target], left = actor_targets([template], "anna", hierarchical=hierarchical)
    assert not left
    assert all(is_under(each, target.prefix) for each in namespaces if target.holds(each))
    return [each for each in namespaces if target.holds(each)]


def test_namespaces_tell_actors_apart() -> None:
    """A namespace is the actor's by its own segment, whatever stands before and after it."""
    assert held("/f/{actorId}/", "/f/anna/", "/f/annabel/", "/f/anna/x/", "/x/f/anna/") == [
        "/f/anna/",
        "/f/anna/x/",
    ]
    assert held("/s/{sessionId}/{actorId}/", "/s/1/anna/", "/s/anna/1/", "/s/anna/") == [
        "/s/1/anna/"
    ]
    assert held(
        "/strategies/{memoryStrategyId}/actors/{actorId}/sessions/{sessionId}/",
        "/strategies/m/actors/anna/sessions/1/",
        "/strategies/m/actors/bob/sessions/anna/",
    ) == ["/strategies/m/actors/anna/sessions/1/"]
    assert held("/u/{actorId}/facts/", "/u/anna/facts/", "/u/anna/facts/x/", "/u/anna/") == [
        "/u/anna/facts/",
        "/u/anna/facts/x/",
    ]
    assert held("/u/{actorId}/facts/{sessionId}/", "/u/anna/notes/", "/u/anna/facts/1/") == [
        "/u/anna/facts/1/"
    ]
    assert held("{sessionId}/{actorId}", "1/anna", "1/bob", "anna/1") == ["1/anna"]


ROOT = ["/{actorId}/", "/facts/{actorId}/"]
OF_F = ["/f/a/", "/f/a/s/1/"]
FACTS = ["/facts/", "/facts/facts/", "/facts/bob/", "/facts/bob/x/"]


@pytest.mark.parametrize(
    ("templates", "actor_id", "hierarchical", "holds", "shared"),
    [
        (ROOT, "facts", False, ["/facts/", "/facts/facts/"], []),
        (ROOT, "bob", False, ["/bob/", "/bob/x/", "/facts/bob/", "/facts/bob/x/"], []),
        (["/{actorId}/", "/{sessionId}/{actorId}/"], "a", False, ["/a/", "/b/a/", *OF_F], []),
        (["/f/{actorId}/", "/f/{actorId}-x/"], "a", False, OF_F, ["/f/a-x/"]),
        (["/{actorId}/", "/facts/"], "facts", False, [], FACTS),
        (["/f/{actorId}/", "/f/{actorId}/s/{sessionId}/"], "a", True, ["/f/a/"], ["/f/a/s/1/"]),
        (["/{actorId}/x/{actorId}/"], "a", False, ["/a/x/a/", "/a/x/a/b/"], []),
    ],
)
def test_no_id_reaches_what_another_template_gives_to_others(
    templates: list[str], actor_id: str, hierarchical: bool, holds: list[str], shared: list[str]
) -> None:
    """Of two templates the one that says more counts; what may be of two actors is left."""
    targets, _ = actor_targets(templates, actor_id, hierarchical=hierarchical)
    places = [*FACTS, "/bob/", "/bob/x/", "/a/", "/a/b/", "/b/a/", "/f/a-x/"]
    places += [*OF_F, "/a/x/a/", "/a/x/a/b/"]
    found = {each for each in places for target in targets if target.holds(each)}
    left = {each for each in places for target in targets if target.is_shared(each)}
    assert found == set(holds)
    assert left == set(shared)


def test_where_ids_are_paths_what_is_below_may_be_another_actors() -> None:
    """``anna/bob`` is another actor than ``anna``, whose records stay."""
    assert held("/f/{actorId}/", "/f/anna/", "/f/anna/bob/", hierarchical=True) == ["/f/anna/"]


@pytest.mark.parametrize("template", ["/facts/", "/facts/anna/", "/f/{actorId}-{sessionId}/"])
def test_what_does_not_tell_actors_apart_is_not_covered(template: str) -> None:
    """A template that does not tell is reported and never guessed."""
    targets, [left] = actor_targets([template], "anna", hierarchical=False)
    assert not targets
    assert left.what == template
    assert left.reason


def test_the_last_scan_begins_when_nothing_has_come_for_long_enough() -> None:
    """Scans come often enough, and the last is exactly when the time is over."""
    now = 0.0
    times: list[float] = []
    while not is_over(now, 0.0, 180.0, came=False):
        now = next_scan_at(now, 0.0, 180.0)
        times.append(now)
    assert times[-1] == 180.0
    assert max(b - a for a, b in zip([0.0, *times], times, strict=False)) <= 30
    assert not is_over(180.0, 0.0, 180.0, came=True)


@pytest.mark.parametrize(
    ("settle_s", "waits_s"),
    [(8.0, 1.0), (240.0, 30.0), (241.0, 30.0), (0.0, 0.0)],
)
def test_the_wait_is_parted_by_eight_or_by_half_minutes(settle_s: float, waits_s: float) -> None:
    """Records that come late are found soon, with few requests where that takes long."""
    assert waits_s == next_scan_at(100.0, 100.0, settle_s) - 100.0


def test_the_last_scan_is_never_later_than_the_end() -> None:
    """Where less time is left than between two scans, the next is at the end."""
    assert 100.5 == next_scan_at(100.0, 20.5, 80.0)
