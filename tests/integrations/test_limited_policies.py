"""Records by their ids, where a policy allows the requests that name certain namespaces only."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import AsyncMemorySession, AsyncMemorySessionManager, ServiceLimits
from agentcore_memory_async.errors import AccessDeniedError, service_error
from agentcore_memory_async.integrations.tools import resolve_tool_calls
from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.testing import FakeTransport
from tests.integrations.homes import MEMORY
from tests.integrations.model_calls import APIS, chat_call, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agentcore_memory_async.local import RecordedExchange

NAMESPACES = {"facts": "/facts/{actorId}/", "preferences": "/preferences/{actorId}/"}
OPERATIONS = ("GetMemoryRecord", "DeleteMemoryRecord")
POLICIES = {
    "all of the actor's": ["/*/anna/*"],
    "that of the record": ["/preferences/anna/*"],
}


class Limited(FakeTransport):
    """A service that refuses what names no namespace of *allowed*, patterns of a policy."""

    def __init__(self, *allowed: str) -> None:
        super().__init__()
        self._allowed = allowed

    async def __call__(self, operation: str, params: Mapping[str, Any]) -> Any:
        """Answer one request."""
        named = params.get("namespace") or params.get("namespacePath") or ""
        if operation in OPERATIONS and not any(fnmatchcase(named, each) for each in self._allowed):
            raise service_error(operation, "AccessDeniedException", "not authorized", 403)
        return await super().__call__(operation, params)

    def put(self, namespace: str) -> str:
        """Add a record, and return its id."""
        [record] = self.records("Bees fly.", namespace=namespace)["memoryRecordSummaries"]
        return str(record["memoryRecordId"])

    def asked(self) -> list[tuple[str, str]]:
        """Return which requests for single records were allowed, with their namespaces."""
        return [
            (each.operation, each.params["namespace"])
            for each in self.requests
            if each.operation in OPERATIONS
        ]


def integration(name: str) -> Any:
    """Return a module; skip the test if its framework is not installed."""
    module = f"agentcore_memory_async.integrations.{name}"
    return pytest.importorskip(module, exc_type=ImportError)


def manager_on(transport: FakeTransport) -> AsyncMemorySessionManager:
    """Return a manager that knows facts and preferences."""
    return AsyncMemorySessionManager(MEMORY, transport=transport, namespaces=NAMESPACES)


async def forget(manager: AsyncMemorySessionManager, record_id: str) -> dict[str, Any]:
    """Let a model of anna's forget a record, and return what it is told."""
    session = AsyncMemorySession(manager, "anna", "chat")
    results = await resolve_tool_calls(
        session, [chat_call("1", "forget", {"record_id": record_id})]
    )
    [said] = read(APIS["chat"], results)
    return dict(said)


@pytest.mark.parametrize("allowed", POLICIES.values(), ids=POLICIES)
async def test_a_tool_forgets(allowed: list[str]) -> None:
    """It names the actor's namespaces until one is allowed, and then that of the record."""
    transport = Limited(*allowed)
    record_id = transport.put("/preferences/anna/")
    async with manager_on(transport) as manager:
        assert {"forgotten": record_id} == await forget(manager, record_id)
    assert [each for each, _ in transport.asked()] == list(OPERATIONS)
    assert transport.asked()[-1][1] == "/preferences/anna/"


async def test_a_tool_forgets_where_a_record_is_in_the_named_namespace_only() -> None:
    """A service may answer that a record is not in the namespace that was named."""
    transport = Limited("/*/anna/*")
    record_id = transport.put("/preferences/anna/")
    transport.reply(
        "GetMemoryRecord", service_error("Get", "ResourceNotFoundException", "not found", 404)
    )
    async with manager_on(transport) as manager:
        assert {"forgotten": record_id} == await forget(manager, record_id)


async def test_a_tool_that_may_not_read_anything_says_so() -> None:
    """It is not told as a record that does not exist, and nothing is deleted."""
    transport = Limited("/facts/bob/*")
    record_id = transport.put("/facts/anna/")
    async with manager_on(transport) as manager:
        answer = await forget(manager, record_id)
    assert "recall returned" not in answer["error"]
    assert [] == transport.asked()


async def test_a_store_of_strands_forgets() -> None:
    """It names its own namespace."""
    strands = integration("strands")
    transport = Limited("/facts/anna/*")
    record_id = transport.put("/facts/anna/deep/")
    async with manager_on(transport) as manager:
        store = strands.AgentCoreMemoryStore(
            manager, actor_id="anna", name="facts", namespace="/facts/{actorId}/"
        )
        result = await store.forget([record_id])
    assert {"forgotten": [record_id], "not_found": []} == result
    deleted = ("DeleteMemoryRecord", "/facts/anna/deep/")
    assert [("GetMemoryRecord", "/facts/anna/"), deleted] == transport.asked()


async def test_a_memory_service_of_adk_deletes() -> None:
    """It names the namespaces to which it adds, and in which it searches."""
    adk = integration("google_adk")
    names = integration("google_adk._names")
    actor_id = names.user_actor_id("app", "anna")
    transport = Limited(f"/preferences/{actor_id}/*")
    record_id = transport.put(f"/preferences/{actor_id}/")
    async with manager_on(transport) as manager:
        service = adk.AgentCoreMemoryService(manager)
        await service.delete_memory(app_name="app", user_id="anna", memory_id=record_id)
        with pytest.raises(AccessDeniedError):
            await service.delete_memory(app_name="app", user_id="bob", memory_id=record_id)
    assert list(OPERATIONS) == [each for each, _ in transport.asked()]


async def test_an_export_reads_the_expiry_of_records() -> None:
    """It asks for each record with its namespace."""
    transport = Limited("/facts/anna/*")
    transport.put("/facts/anna/")
    async with manager_on(transport) as manager:
        found = [each async for each in manager.export(["anna"])]
    assert 1 == len(found)
    assert [("GetMemoryRecord", "/facts/anna/")] == transport.asked()


async def test_a_store_of_langgraph_deletes(
    recorded: Callable[[], list[RecordedExchange]],
) -> None:
    """What it replaces is deleted by the namespace in which it was put."""
    langgraph = integration("langgraph")
    unpaced = ServiceLimits(None, None)
    async with (
        LocalMemoryService() as service,
        service.manager(MEMORY, limits=unpaced) as manager,
    ):
        store = langgraph.AgentCoreStore(manager, actor_id="anna")
        for number in range(60):
            await store.aput(("a", "b"), "key", {"text": f"Bees {number} fly."})
    written = {each["namespaces"][0] for each in entries(recorded(), "BatchCreateMemoryRecords")}
    deleted = {each["namespace"] for each in entries(recorded(), "BatchDeleteMemoryRecords")}
    assert 1 == len(written)
    assert deleted == written


def entries(exchanges: list[RecordedExchange], operation: str) -> list[dict[str, Any]]:
    """Return the records of batches."""
    return [
        each
        for exchange in exchanges
        if exchange.operation == operation
        for each in exchange.params["records"]
    ]
