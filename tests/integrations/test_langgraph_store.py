"""The store of LangGraph: what is put is there, by key, by meaning and below a prefix."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langgraph")

from langgraph.graph import START, StateGraph
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from typing_extensions import TypedDict

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.integrations.langgraph._store_service import StoreService
from agentcore_memory_async.local import LocalMemoryService
from tests.integrations.langgraph_stores import (
    HOSTILE,
    KEYS,
    MEMORY_ID,
    UNPACED,
    opened,
    operations,
    plain,
    store_of,
    value_of,
)

if TYPE_CHECKING:
    from langgraph.runtime import Runtime


async def test_values_of_any_json_come_back_equal() -> None:
    """So do large ones, which are stored whole, and searched by each part of their text."""
    values: list[dict[str, Any]] = [
        {},
        {"text": "ü\N{SNOWMAN}\ud800", "n": [1, -2.5, None, True, {"": []}]},
        {"large": "word " * 60_000},
        {"deep": [[[[{"a": {"b": {}}}]]]] * 3},
        {"value": None, "records": ["x"], "changes": {}},
    ]
    async with opened() as (_, manager):
        store = store_of(manager)
        for at, value in enumerate(values):
            await store.aput(("v",), str(at), value)
        other = store_of(manager)
        for at, value in enumerate(values):
            assert value_of(await other.aget(("v",), str(at))) == value
        assert len(await other.asearch(("v",))) == len(values)


async def test_what_is_returned_is_nobody_elses() -> None:
    """Changing a value, before or after, changes nothing that is stored."""
    async with opened() as (_, manager):
        store = store_of(manager)
        value = {"list": [1]}
        await store.aput(("v",), "k", value)
        value["list"].append(2)
        results = await store.abatch([GetOp(("v",), "k"), GetOp(("v",), "k")])
        results[0].value["list"].append(3)  # type: ignore[union-attr]
        assert results[1].value == {"list": [1]}  # type: ignore[union-attr]


async def test_an_item_keeps_the_time_of_its_creation() -> None:
    """It does so over any number of changes; one that was deleted begins anew."""
    async with opened() as (_, manager):
        store = store_of(manager)
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        for number in range(50):
            await store.aput(("v",), "k", {"n": number})
        item = await store_of(manager).aget(("v",), "k")
        assert item is not None
        assert before <= item.created_at < item.updated_at
        assert item.updated_at - item.created_at >= timedelta(milliseconds=49)
        await store.adelete(("v",), "k")
        await store.aput(("v",), "k", {"n": 0})
        again = await store.aget(("v",), "k")
        assert again is not None
        assert again.created_at == again.updated_at > item.updated_at


async def test_hostile_labels_and_keys_are_kept_apart() -> None:
    """Each namespace and key is its own, exact, and listed as it was given."""
    async with opened() as (_, manager):
        store = store_of(manager)
        places = [
            (namespace, key)
            for label, key in zip(HOSTILE, KEYS, strict=True)
            for namespace in ((label,), (label, "b"), ("a", label), (label,) * 12)
        ]
        await store.abatch(
            [PutOp(namespace, key, {"at": at}) for at, (namespace, key) in enumerate(places)]
        )
        other = store_of(manager)
        found = await other.abatch([GetOp(namespace, key) for namespace, key in places])
        assert [item.value["at"] for item in found] == [*range(len(places))]  # type: ignore[union-attr]
        expected = sorted({namespace for namespace, _ in places})
        assert await other.alist_namespaces(limit=1000) == expected
        for label in HOSTILE:
            below = await other.asearch((label,), limit=1000)
            assert plain(below) == sorted(
                (
                    (namespace, key, {"at": at})
                    for at, (namespace, key) in enumerate(places)
                    if namespace[0] == label
                ),
                key=repr,
            )


@pytest.mark.parametrize("namespace", [(), ("",), ("a.b",), ("a", 1), ("a\0",), ("langgraph",)])
async def test_labels_that_langgraph_refuses_are_refused(namespace: Any) -> None:
    """Nothing is sent."""
    async with opened() as (service, manager):
        with pytest.raises(InvalidNamespaceError):
            await store_of(manager).aput(namespace, "k", {})
        if namespace and namespace != ("langgraph",):
            with pytest.raises(InvalidNamespaceError):
                await store_of(manager).abatch([PutOp(("a",), "k", {}), GetOp(namespace, "k")])
        assert operations(service) == []


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": object()}, {"a": {1, 2}}])
async def test_values_that_are_not_json_are_refused(value: Any) -> None:
    """Nothing of their batch is sent."""
    async with opened() as (service, manager):
        with pytest.raises(InvalidInputError, match="value is not JSON"):
            await store_of(manager).abatch([PutOp(("a",), "j", {}), PutOp(("a",), "k", value)])
        with pytest.raises(NotImplementedError, match="ttl"):
            await store_of(manager).abatch([PutOp(("a",), "k", {}, ttl=5.0)])
        assert operations(service) == []


async def test_no_namespace_reaches_another_actor() -> None:
    """Neither by key, nor by meaning, nor below the empty prefix."""
    async with opened() as (_, manager):
        mine, names = store_of(manager, "anna"), ("bob", "anna/x", "anna:x", "ann", "*")
        for name in names:
            await store_of(manager, name).aput(("secrets",), "k", {"text": f"secret of {name}"})
        assert await mine.asearch((), query="secret") == []
        assert await mine.alist_namespaces() == []
        for label in (*names, "langgraph-store:bob", "/langgraph-store:bob", "bob/secrets"):
            assert await mine.asearch((label,), query="secret") == []
            assert await mine.aget((label, "secrets"), "k") is None
        for name in names:
            found = await store_of(manager, name).asearch((), query="secret")
            assert [item.value for item in found] == [{"text": f"secret of {name}"}]


async def test_a_search_by_meaning_finds_what_is_stored_now() -> None:
    """The best comes first, with a score; what was replaced or deleted is not found by it."""
    async with opened() as (_, manager):
        store = store_of(manager)
        await store.aput(("u", "1"), "food", {"text": "I like pizza with olives"})
        await store.aput(("u", "1"), "pet", {"text": "My dog is called Rex"})
        await store.aput(("u", "2"), "food", {"text": "I like sushi"})
        found = await store_of(manager).asearch(("u",), query="which pizza", limit=1)
        [best] = found
        assert (best.namespace, best.key) == (("u", "1"), "food")
        assert best.score is not None
        await store.aput(("u", "1"), "food", {"text": "I like soup"})
        [item] = await store.asearch(("u", "1"), query="which soup", limit=1)
        assert item.value == {"text": "I like soup"}
        await store.adelete(("u", "1"), "food")
        left = await store.asearch(("u",), query="which soup", limit=10)
        assert {item.value["text"] for item in left} == {"My dog is called Rex", "I like sushi"}


async def test_only_fields_that_are_named_are_searched() -> None:
    """What has no text comes last, without a score."""
    async with opened() as (service, manager):
        store = store_of(manager, index=["title", "notes[*].text"])
        await store.aput(("d",), "a", {"title": "bicycles", "body": "violins"})
        await store.aput(("d",), "b", {"notes": [{"text": "tea"}, {"text": "violins"}]})
        await store.aput(("d",), "c", {"title": "violins"}, index=False)
        await store.aput(("d",), "d", {"body": "violins"}, index=["body"])
        found = await store.asearch(("d",), query="violins")
        scores = {item.key: item.score for item in found}
        assert {item.key for item in found[:2]} == {"b", "d"}
        assert found[-1].key == "c"
        assert scores["c"] is None
        assert (scores["a"] or 0) < (scores["b"] or 0)
        await store_of(manager, "plain", index=False).aput(("d",), "a", {"title": "violins"})
        assert operations(service)[-1] == "CreateEvent"
        plain_store = store_of(manager, "plain", index=False)
        assert [each.score for each in await plain_store.asearch(("d",), query="violins")] == [None]


@pytest.mark.parametrize(
    ("conditions", "keys"),
    [
        ({"n": 2}, "b"),
        ({"n": {"$eq": 2}}, "b"),
        ({"n": {"$ne": 2}}, "acd"),
        ({"n": {"$gt": 1}}, "bc"),
        ({"n": {"$gte": 1, "$lt": 3}}, "ab"),
        ({"n": {"$lte": 1}}, "a"),
        ({"inner": {"x": 1}}, "d"),
        ({"inner": {"x": {"$gt": 1}}}, ""),
        ({"list": [1, 2]}, "d"),
        ({"n": None}, "d"),
        ({"n": 3, "color": "red"}, "c"),
    ],
)
async def test_filters(conditions: dict[str, Any], keys: str) -> None:
    """Fields are equal, or compared; what has no such number is left out of a comparison."""
    async with opened() as (_, manager):
        store = store_of(manager, index=False)
        await store.abatch(
            [
                PutOp(("f",), "a", {"n": 1, "color": "red"}),
                PutOp(("f",), "b", {"n": 2}),
                PutOp(("f",), "c", {"n": 3, "color": "red"}),
                PutOp(("f",), "d", {"inner": {"x": 1, "y": 2}, "list": [1, 2]}),
            ]
        )
        found = await store.asearch(("f",), filter=conditions)
        assert "".join(sorted(item.key for item in found)) == keys
        with pytest.raises(InvalidInputError, match=r"\$near"):
            await store.asearch(("f",), filter={"n": {"$near": 1}})


async def test_pages_of_a_search_are_the_newest_first_and_complete() -> None:
    """Each item is on one page."""
    async with opened() as (_, manager):
        store = store_of(manager, index=False)
        for number in range(7):
            await store.aput(("p", str(number % 2)), str(number), {})
        pages = [await store.asearch(("p",), limit=3, offset=at) for at in range(0, 9, 3)]
        keys = [item.key for page in pages for item in page]
        assert keys == ["6", "5", "4", "3", "2", "1", "0"]


async def test_namespaces_are_listed_by_conditions_while_they_have_items() -> None:
    """Wildcards, suffixes and a depth are as in LangGraph."""
    async with opened() as (_, manager):
        store = store_of(manager, index=False)
        spaces = [("a", "b", "c"), ("a", "b", "d", "e"), ("ab", "b"), ("x", "b", "e"), ("y",)]
        await store.abatch([PutOp(space, "k", {}) for space in spaces])
        assert await store.alist_namespaces() == sorted(spaces)
        assert await store.alist_namespaces(prefix=("a",)) == spaces[:2]
        assert await store.alist_namespaces(prefix=("*", "b"), suffix=("e",)) == [
            ("a", "b", "d", "e"),
            ("x", "b", "e"),
        ]
        assert await store.alist_namespaces(max_depth=1, limit=2, offset=1) == [("ab",), ("x",)]
        await store.adelete(("y",), "k")
        await store.adelete(("x", "b", "e"), "unknown")
        [found] = await store.abatch([ListNamespacesOp((MatchCondition("suffix", ("*",)),))])
        assert found == sorted(spaces[:-1])


async def test_what_is_known_of_namespaces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace for each user, some of long names: all are listed, and few are remembered."""
    monkeypatch.setattr(f"{StoreService.__module__}.MOST_REMEMBERED", 4)
    async with opened() as (_, manager):
        store = StoreService(manager, "anna", ())
        labels = [(*("x" * 90,) * (user % 2), f"user{user}") for user in range(14)]
        for each in labels:
            await store.write(each, {"k": ({"a": 1}, False)})
        for reader in (store, StoreService(manager, "anna", ())):
            for _ in range(2):
                assert set(labels) == set((await reader.sessions()).values())
            known = [each for each in vars(reader).values() if isinstance(each, dict | set)]
            assert all(len(each) <= 4 for each in known)


async def test_a_batch_reads_before_it_writes_and_writes_the_last_of_a_key() -> None:
    """One event has all that is written to a namespace."""
    async with opened() as (service, manager):
        store = store_of(manager)
        await store.aput(("b",), "k", {"n": 0})
        start = len(service.calls())
        results = await store.abatch(
            [
                PutOp(("b",), "k", {"n": 1}),
                GetOp(("b",), "k"),
                SearchOp(("b",)),
                PutOp(("b",), "k", {"n": 2}),
                *(PutOp(("b",), f"k{number}", {"n": number}) for number in range(150)),
            ]
        )
        assert value_of(results[1]) == {"n": 0}  # type: ignore[arg-type]
        assert plain(results[2]) == [(("b",), "k", {"n": 0})]  # type: ignore[arg-type]
        assert results[3:] == [None] * 151
        calls = operations(service, start)
        assert calls.count("CreateEvent") == 1
        assert calls.count("BatchCreateMemoryRecords") == 2
        assert value_of(await store.aget(("b",), "k")) == {"n": 2}
        assert len(await store.asearch(("b",), limit=1000)) == 151


async def test_calls_of_each_operation() -> None:
    """One read gets an item; a put has one call for its records and one for its event."""
    async with opened() as (service, manager):
        store = store_of(manager)
        counted: dict[str, list[str]] = {}
        names = itertools.count()

        async def count(what: str, call: Any) -> None:
            start = len(service.calls())
            await call
            counted[what] = operations(service, start)

        await count("put", store.aput(("c", "d"), str(next(names)), {"text": "tea"}))
        await count("put, not searched", store.aput(("c", "d"), "x", {"a": 1}, index=False))
        await count("get", store.aget(("c", "d"), "x"))
        await count("search", store.asearch(("c",)))
        await count("search by meaning", store.asearch(("c",), query="tea", limit=1))
        await count("namespaces", store.alist_namespaces())
        await count("delete", store.adelete(("c", "d"), "x"))
        assert counted == {
            "put": ["BatchCreateMemoryRecords", "CreateEvent"],
            "put, not searched": ["CreateEvent"],
            "get": ["ListEvents"],
            "search": ["ListSessions", "ListEvents", "ListEvents"],
            "search by meaning": ["RetrieveMemoryRecords", "ListEvents"],
            "namespaces": ["ListSessions", "ListEvents"],
            "delete": ["CreateEvent", "ListEvents", "DeleteEvent", "DeleteEvent"],
        }


def test_the_sync_face() -> None:
    """A facade opens by itself, and the store has LangGraph's sync methods."""
    with LocalMemoryService() as service:
        manager = service.manager(MEMORY_ID, limits=UNPACED)
        store = store_of(manager)
        try:
            store.put(("s",), "k", {"text": "tea"})
            assert value_of(store.get(("s",), "k")) == {"text": "tea"}
            assert [item.key for item in store.search(("s",), query="tea")] == ["k"]
            assert store.list_namespaces() == [("s",)]
            store.delete(("s",), "k")
            assert store.get(("s",), "k") is None
            assert store.list_namespaces() == []
        finally:
            manager.close()


async def test_a_blocking_call_in_the_managers_loop_is_refused() -> None:
    """It would wait for itself."""
    async with opened() as (_, manager):
        with pytest.raises(RuntimeError, match="would wait for itself"):
            store_of(manager).get(("s",), "k")


class State(TypedDict):
    """State of the graph."""

    said: str


async def test_in_a_graph() -> None:
    """A node puts and searches by its runtime."""

    async def remember(state: State, runtime: Runtime) -> State:
        assert runtime.store is not None
        found = await runtime.store.asearch(("anna",), query=state["said"])
        await runtime.store.aput(("anna",), state["said"], {"text": state["said"]})
        return {"said": ", ".join(item.value["text"] for item in found)}

    async with opened() as (_, manager):
        builder: Any = StateGraph(State)
        builder.add_node("remember", remember)
        builder.add_edge(START, "remember")
        graph = builder.compile(store=store_of(manager))
        assert await graph.ainvoke({"said": "I like tea"}) == {"said": ""}
        assert await graph.ainvoke({"said": "tea?"}) == {"said": "I like tea"}
