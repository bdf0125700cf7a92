"""Probes on records: their order, namespaces, pages and searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async.verify._asking.answers import inconclusive
from agentcore_memory_async.verify._asking.reply import NoAnswerError
from agentcore_memory_async.verify._probes.probe import Observation, Probe
from agentcore_memory_async.verify._probes.sessions import order_of
from agentcore_memory_async.verify.verdicts import Verdict

if TYPE_CHECKING:
    from agentcore_memory_async.verify._asking.desk import Desk
    from agentcore_memory_async.verify._asking.reply import Reply

_RECORDS = 3
"""Records of each of the two batches."""
_LISTS = 4
"""Lists that are compared: a random order that looks sorted in all is one in 10^11."""
_MANY = 101
"""Records of a namespace: one more than the largest page has."""
_BATCH = 100
"""Records of a batch."""


def entries(desk: Desk, namespace: str, count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return the records of a batch."""
    return [
        {
            "requestIdentifier": f"record-{number}",
            "namespaces": [namespace],
            "content": {"text": f"The lighthouse {number} is painted white."},
            "timestamp": int(desk.wall()),
        }
        for number in range(first, first + count)
    ]


async def write_records(
    desk: Desk, namespace: str, count: int, first: int = 0
) -> tuple[Reply, list[str]]:
    """Write records; return the answer, and their ids."""
    records = entries(desk, namespace, count, first)
    reply = await desk.accepted("BatchCreateMemoryRecords", records=records)
    written = reply.body.get("successfulRecords") or ()
    if len(written) != count:
        message = f"{count - len(written)} of {count} records were not written"
        raise NoAnswerError(message)
    return reply, [each["memoryRecordId"] for each in written]


async def _ask_namespaces(desk: Desk) -> Observation:
    """List records of two batches, by their namespace and by beginnings of it, and search them."""
    namespace = f"{desk.root}ab/"
    _, older = await write_records(desk, namespace, _RECORDS)
    await desk.timer.wait(1.0)
    _, newer = await write_records(desk, namespace, _RECORDS, _RECORDS)
    await desk.settle("record_lists")
    whole = [*newer, *older]
    orders = [order_of(whole, await _listed(desk, namespace=namespace)) for _ in range(_LISTS)]

    async def found(**where: Any) -> int:
        return len(set(whole) & set(await _listed(desk, **where)))

    beginning = f"{desk.root}a"
    pages, scores = await _search(desk, namespace)
    return {
        "orders": orders,
        "by_beginning": await found(namespace=beginning),
        "without_slash": await found(namespace=namespace.rstrip("/")),
        "by_path": await found(namespacePath=namespace),
        "by_path_beginning": await found(namespacePath=beginning),
        "by_path_without_slash": await found(namespacePath=namespace.rstrip("/")),
        "pages": pages,
        "scores": scores,
    }


async def _listed(desk: Desk, **where: Any) -> list[str]:
    _, records = await desk.records(**where, maxResults=100)
    return [each["memoryRecordId"] for each in records]


async def _search(desk: Desk, namespace: str) -> tuple[list[int], list[Any]]:
    """Return the sizes of the pages of a search for the best three, two a page, and scores."""
    criteria = {"searchQuery": "Which lighthouse is painted white?", "topK": 3}
    where: dict[str, Any] = {"namespace": namespace, "searchCriteria": criteria, "maxResults": 2}
    sizes, scores = list[int](), list[Any]()
    while len(sizes) < NAMESPACES.calls["RetrieveMemoryRecords"]:
        reply, records = await desk.records("RetrieveMemoryRecords", **where)
        sizes.append(len(records))
        scores += [each.get("score") for each in records]
        where["nextToken"] = reply.body.get("nextToken")
        if not where["nextToken"]:
            break
    return sizes, scores


def _decide_namespaces(seen: Observation) -> list[Verdict]:
    whole, names = 2 * _RECORDS, NAMESPACES.answers
    orders = seen["orders"]
    if any(sorted(order) != list(range(whole)) for order in orders):
        return [inconclusive(name, "the records were not all listed") for name in names]
    pages = seen["pages"]
    by_path = (
        Verdict(
            "behavior.raw_prefix",
            seen["by_path_beginning"] > 0,
            "certain",
            "listed by half a segment",
        )
        if seen["by_path"] == whole
        else inconclusive("behavior.raw_prefix", "the records were not all listed by their path")
    )
    return [
        _order(orders),
        Verdict(
            "behavior.legacy_prefix", seen["by_beginning"] > 0, "certain", "listed by a beginning"
        ),
        by_path,
        Verdict("records.namespace_slash", seen["without_slash"] > 0, "certain", "without its /"),
        Verdict(
            "records.path_slash", seen["by_path_without_slash"] > 0, "certain", "without its /"
        ),
        Verdict("records.top_k", pages, "certain", "pages of topK 3 with maxResults 2"),
        _scores(seen["scores"]),
    ]


def _scores(scores: list[Any]) -> Verdict:
    known = [each for each in scores if isinstance(each, int | float)]
    if not known or len(known) < len(scores):
        return inconclusive("records.scores", "the records of the search have no scores")
    span = "0 to 1" if min(known) >= 0 and max(known) <= 1 else "beyond 0 to 1"
    return Verdict("records.scores", span, "likely", f"from {min(known)} to {max(known)}")


def _order(orders: list[list[int]]) -> Verdict:
    batches = [[place // _RECORDS for place in order] for order in orders]
    if any(order != orders[0] for order in orders):
        return Verdict(
            "behavior.shuffle_records", True, "certain", "the order differs from list to list"
        )
    if batches[0] != sorted(batches[0]):
        return inconclusive(
            "behavior.shuffle_records", "the order is the same each time, and not the newest first"
        )
    return Verdict(
        "behavior.shuffle_records", False, "likely", f"the newest first, in {_LISTS} lists"
    )


NAMESPACES = Probe(
    "namespaces",
    "Which records do a namespace and a path list, in which order, what do topK and maxResults "
    "mean together, and which scores has a search?",
    (
        "behavior.shuffle_records",
        "behavior.legacy_prefix",
        "behavior.raw_prefix",
        "records.namespace_slash",
        "records.path_slash",
        "records.top_k",
        "records.scores",
    ),
    {"BatchCreateMemoryRecords": 2, "ListMemoryRecords": _LISTS + 5, "RetrieveMemoryRecords": 3},
    _ask_namespaces,
    _decide_namespaces,
)
"""The probe on orders, namespaces and searches of records."""


async def _ask_pages(desk: Desk) -> Observation:
    """List a namespace that has one record more than the largest page."""
    namespace = f"{desk.root}many/"
    await write_records(desk, namespace, _BATCH)
    await write_records(desk, namespace, _MANY - _BATCH, _BATCH)
    await desk.settle("record_lists")
    largest, most = await desk.records(namespace=namespace, maxResults=100)
    reply, records = await desk.records(namespace=namespace)
    return {
        "largest": len(most),
        "all_listed": bool(largest.body.get("nextToken")),
        "default": len(records),
        "has_next_page": bool(reply.body.get("nextToken")),
    }


def _decide_pages(seen: Observation) -> list[Verdict]:
    if not seen["all_listed"]:
        return [inconclusive("behavior.default_page", "the records were not all listed")]
    if not seen["has_next_page"]:
        return [
            inconclusive(
                "behavior.default_page", f"a page of {seen['default']} records without a token"
            )
        ]
    return [
        Verdict(
            "behavior.default_page",
            seen["default"],
            "certain",
            "records of a page without maxResults",
        )
    ]


PAGES = Probe(
    "pages",
    "How many records has a page if the request names no number?",
    ("behavior.default_page",),
    {"BatchCreateMemoryRecords": 2, "ListMemoryRecords": 2},
    _ask_pages,
    _decide_pages,
)
"""The probe on the default page."""
