"""Typical uses of the official SDK, on the service that the environment variables name."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bedrock_agentcore.memory import MemoryClient, MemorySessionManager
from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRATEGIES = [
    {"semanticMemoryStrategy": {"name": "Facts", "namespaceTemplates": ["/facts/{actorId}/"]}},
    {
        "summaryMemoryStrategy": {
            "name": "Summaries",
            "namespaceTemplates": ["/summaries/{actorId}/{sessionId}/"],
        }
    },
    {"userPreferenceMemoryStrategy": {"name": "Tastes"}},
]


def name() -> str:
    """Return a new name for a memory."""
    return f"Check_{uuid.uuid4().hex[:12]}"


def until(found: Callable[[], Any]) -> Any:
    """Call *found* until it returns something, and return that."""
    for _ in range(100):
        answer = found()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(found)


@pytest.fixture(scope="module")
def client() -> MemoryClient:
    """Return the SDK's client."""
    return MemoryClient()


@pytest.fixture(scope="module")
def memory(client: Any) -> Iterator[dict[str, Any]]:
    """Create a memory, wait until it is active, and delete it at the end."""
    made = client.create_memory_and_wait(
        name=name(),
        strategies=STRATEGIES,
        description="for the checks",
        indexed_keys=[{"key": "topic", "type": "STRING"}],
        poll_interval=1,
    )
    yield made
    client.delete_memory_and_wait(made["id"], poll_interval=1)
    with pytest.raises(ClientError, match="Memory not found"):
        client.get_memory_status(made["id"])


def test_a_memory_has_its_strategies(client: Any, memory: dict[str, Any]) -> None:
    """A new memory is active and has its strategies, under the names that the SDK uses."""
    assert memory["status"] == "ACTIVE"
    assert client.get_memory_status(memory["id"]) == "ACTIVE"
    found = client.get_memory_strategies(memory["id"])
    assert [item["memoryStrategyType"] for item in found] == [
        "SEMANTIC",
        "SUMMARIZATION",
        "USER_PREFERENCE",
    ]
    assert memory["id"] in [item["id"] for item in client.list_memories()]
    again = client.create_or_get_memory(name=memory["name"], strategies=[])
    assert again["id"] == memory["id"]


def test_strategies_come_and_go(client: Any) -> None:
    """The SDK's methods add, change and delete each kind of strategy."""
    memory_id = client.create_memory_and_wait(name=name(), strategies=[], poll_interval=1)["id"]
    client.add_semantic_strategy_and_wait(memory_id, "One", poll_interval=1)
    client.add_summary_strategy_and_wait(memory_id, "Two", poll_interval=1)
    client.add_user_preference_strategy_and_wait(memory_id, "Three", poll_interval=1)
    client.add_episodic_strategy_and_wait(
        memory_id,
        "Four",
        reflection_namespaces=["/episodes/{actorId}/"],
        namespaces=["/episodes/{actorId}/{sessionId}/"],
        poll_interval=1,
    )
    client.add_custom_semantic_strategy_and_wait(
        memory_id,
        "Five",
        extraction_config={"prompt": "Only names.", "modelId": "some.model"},
        consolidation_config={"prompt": "As they are.", "modelId": "some.model"},
        poll_interval=1,
    )
    found = {item["name"]: item for item in client.get_memory_strategies(memory_id)}
    assert {item["type"] for item in found.values()} == {
        "SEMANTIC",
        "SUMMARIZATION",
        "USER_PREFERENCE",
        "EPISODIC",
        "CUSTOM",
    }
    client.modify_strategy(memory_id, found["One"]["strategyId"], description="changed")
    client.delete_strategy(memory_id, found["Two"]["strategyId"])
    left = {item["name"]: item for item in client.get_memory_strategies(memory_id)}
    assert left["One"]["description"] == "changed"
    assert "Two" not in left
    client.delete_memory_and_wait(memory_id, poll_interval=1)


def test_the_client_converses(client: Any, memory: dict[str, Any]) -> None:
    """MemoryClient stores and reads events, turns, branches, blobs and memories."""
    where = {"memory_id": memory["id"], "actor_id": "ann", "session_id": "talk"}
    first = client.create_event(
        **where, messages=[("I only fly window seats.", "USER"), ("Noted.", "ASSISTANT")]
    )
    client.create_blob_event(**where, blob_data={"step": 1})
    forked = client.fork_conversation(
        **where,
        root_event_id=first["eventId"],
        branch_name="other",
        new_messages=[("I live in Turin.", "USER")],
    )
    assert forked["branch"] == {"name": "other", "rootEventId": first["eventId"]}
    assert len(client.list_events(**where)) == 3
    assert {branch["name"] for branch in client.list_branches(**where)} == {"main", "other"}
    on_branch = client.list_branch_events(**where, branch_name="other")
    assert [event["eventId"] for event in on_branch] == [forked["eventId"]]
    assert client.get_last_k_turns(**where, k=1)
    facts = until(
        lambda: client.retrieve_memories(
            memory_id=memory["id"], namespace="/facts/ann/", query="Where does Ann live?"
        )
    )
    assert any("Turin" in fact["content"]["text"] for fact in facts)
    preferences = until(
        lambda: client.retrieve_memories(
            memory_id=memory["id"], namespace_path="/", query="window seats on flights"
        )
    )
    assert any("indow seat" in item["content"]["text"] for item in preferences)


def test_the_session_manager_converses(memory: dict[str, Any]) -> None:
    """MemorySessionManager stores, forks, reads, searches and deletes."""
    manager = MemorySessionManager(memory_id=memory["id"])
    session = manager.create_memory_session(actor_id="bob", session_id="s1")
    event = session.add_turns(
        [
            ConversationalMessage("I work at a school in Bern.", MessageRole.USER),
            ConversationalMessage("Good to know.", MessageRole.ASSISTANT),
        ]
    )
    session.fork_conversation(
        [ConversationalMessage("I have two cats.", MessageRole.USER)], event["eventId"], "cats"
    )
    assert len(session.list_events()) == 2
    assert len(session.list_events(branch_name="cats")) == 1
    assert {branch["name"] for branch in session.list_branches()} == {"main", "cats"}
    assert len(session.get_last_k_turns(k=5)) >= 1
    assert session.get_event(event["eventId"])["eventId"] == event["eventId"]
    assert "bob" in [actor["actorId"] for actor in manager.list_actors()]
    assert [item["sessionId"] for item in manager.list_actor_sessions("bob")] == ["s1"]
    records = until(lambda: session.list_long_term_memory_records(namespace_prefix="/facts/bob/"))
    found = session.search_long_term_memories("school", namespace_prefix="/facts/bob/", top_k=3)
    assert "school" in found[0]["content"]["text"]
    record_id = records[0]["memoryRecordId"]
    assert session.get_memory_record(record_id)["memoryRecordId"] == record_id
    session.delete_memory_record(record_id)
    manager.delete_all_long_term_memories_in_namespace("/facts/bob/")
    assert session.list_long_term_memory_records(namespace_prefix="/facts/bob/") == []
    session.delete_event(event["eventId"])
    with pytest.raises(ClientError, match="Unable to find event with id"):
        session.get_event(event["eventId"])


def test_batches(client: Any, memory: dict[str, Any]) -> None:
    """Records are created, updated and deleted in batches, and filtered by metadata."""
    data = client.gmdp_client
    now = datetime.now(UTC)
    made = data.batch_create_memory_records(
        memoryId=memory["id"],
        records=[
            {
                "requestIdentifier": f"r{number}",
                "namespaces": ["/own/"],
                "content": {"text": f"record {number}"},
                "timestamp": now,
                "metadata": {"topic": {"stringValue": topic}},
            }
            for number, topic in enumerate(("a", "b"))
        ],
    )
    ids = [item["memoryRecordId"] for item in made["successfulRecords"]]
    listed = data.list_memory_records(
        memoryId=memory["id"],
        namespacePath="/own/",
        metadataFilters=[
            {
                "left": {"metadataKey": "topic"},
                "operator": "EQUALS_TO",
                "right": {"metadataValue": {"stringValue": "b"}},
            }
        ],
    )
    assert [item["memoryRecordId"] for item in listed["memoryRecordSummaries"]] == ids[1:]
    changed = data.batch_update_memory_records(
        memoryId=memory["id"],
        records=[{"memoryRecordId": ids[0], "timestamp": now, "content": {"text": "changed"}}],
    )
    assert len(changed["successfulRecords"]) == 1
    gone = data.batch_delete_memory_records(
        memoryId=memory["id"], records=[{"memoryRecordId": item} for item in ids]
    )
    assert len(gone["successfulRecords"]) == 2


def test_jobs_and_ingested_data(client: Any, memory: dict[str, Any]) -> None:
    """No extraction job has failed, and ingested data is extracted without an event."""
    data = client.gmdp_client
    assert data.list_memory_extraction_jobs(memoryId=memory["id"])["jobs"] == []
    ingested = data.ingest_data(
        memoryId=memory["id"],
        actorId="cy",
        contentTimestamp=datetime.now(UTC),
        source={
            "inline": {
                "payload": [
                    {
                        "conversational": {
                            "role": "USER",
                            "content": {"text": "My name is Cy and I live in Oslo."},
                        }
                    }
                ]
            }
        },
    )
    assert ingested["sessionId"]
    until(
        lambda: data.list_memory_records(memoryId=memory["id"], namespacePath="/facts/cy/")[
            "memoryRecordSummaries"
        ]
    )


def test_errors_are_the_services(client: Any, memory: dict[str, Any]) -> None:
    """Error codes and messages are those of AWS."""
    with pytest.raises(ClientError) as caught:
        client.create_memory(name=memory["name"])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "already exists" in str(caught.value)
    with pytest.raises(client.gmdp_client.exceptions.ResourceNotFoundException):
        client.gmdp_client.list_actors(memoryId="Nothing-a1B2c3D4e5")
    with pytest.raises(client.gmdp_client.exceptions.ValidationException, match="maxResults"):
        client.gmdp_client.list_actors(memoryId=memory["id"], maxResults=101)
