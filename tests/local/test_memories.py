"""The control plane: memories, strategies, keys and tags, and their effect on events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from agentcore_memory_async.local import Lags
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client, Reply

SEMANTIC = {"semanticMemoryStrategy": {"name": "Facts", "namespaceTemplates": ["/f/{actorId}/"]}}
SUMMARY = {"summaryMemoryStrategy": {"name": "Sums", "namespaces": ["/s/{actorId}/{sessionId}/"]}}
ROLE = "arn:aws:iam::123456789012:role/memory"
STEP = {"appendToPrompt": "Only names.", "modelId": "some.model"}


async def create(client: Client, name: str = "Chat", **members: Any) -> Reply:
    """Send a CreateMemory."""
    return await client.send(
        "POST", "/memories/create", {"name": name, "eventExpiryDuration": 30} | members
    )


async def created_memory(client: Client, name: str = "Chat", **members: Any) -> dict[str, Any]:
    """Create a memory, which the client then uses."""
    reply = await create(client, name, **members)
    assert reply.status == 202, reply.raw
    memory: dict[str, Any] = reply.body["memory"]
    client.memory = memory["id"]
    return memory


async def get_memory(client: Client, query: str = "") -> dict[str, Any]:
    """Get the client's memory."""
    reply = await client.send("GET", f"/memories/{client.memory}/details{query}")
    assert reply.status == 200, reply.raw
    memory: dict[str, Any] = reply.body["memory"]
    return memory


async def update(client: Client, **members: Any) -> Reply:
    """Send an UpdateMemory for the client's memory."""
    return await client.send("PUT", f"/memories/{client.memory}/update", members)


async def delete(client: Client) -> Reply:
    """Send a DeleteMemory for the client's memory."""
    return await client.send("DELETE", f"/memories/{client.memory}/delete?clientToken=t")


async def test_a_memory_is_made_and_then_active(serve: Callable[..., Any]) -> None:
    """A memory and its strategies are CREATING, and ACTIVE after the lag."""
    async with serve(strict=True, lags=Lags(provisioning=120)) as client:
        memory = await created_memory(client, memoryStrategies=[SEMANTIC, SUMMARY], description="x")
        assert re.fullmatch(r"Chat-[a-zA-Z0-9]{10}", memory["id"])
        assert memory["arn"].endswith(f":memory/{memory['id']}")
        assert (memory["status"], memory["description"]) == ("CREATING", "x")
        assert [item["status"] for item in memory["strategies"]] == ["CREATING"] * 2
        client.clock.advance(119)
        assert (await get_memory(client))["status"] == "CREATING"
        client.clock.advance(1)
        memory = await get_memory(client)
        assert memory["status"] == "ACTIVE"
        assert [(item["type"], item["namespaceTemplates"]) for item in memory["strategies"]] == [
            ("SEMANTIC", ["/f/{actorId}/"]),
            ("SUMMARIZATION", ["/s/{actorId}/{sessionId}/"]),
        ]


async def test_nothing_is_written_while_it_is_made(serve: Callable[..., Any]) -> None:
    """While a memory is CREATING, CreateEvent is refused in the service's words; reads are not."""
    async with serve(strict=True, lags=Lags(provisioning=60)) as client:
        await created_memory(client, memoryStrategies=[SEMANTIC])
        refused = await client.create()
        assert (refused.status, refused.code) == (400, "ValidationException")
        assert refused.body["message"] == (
            "Memory is in transitional state CREATING. Cannot create event."
        )
        assert (await client.events()).status == 200
        client.clock.advance(60)
        assert (await client.create("The user lives in Turin.")).status == 201
        await client.service.drain()
        assert await client.contents("/f/ann/") != []


async def test_a_memory_goes_with_all_that_is_in_it(serve: Callable[..., Any]) -> None:
    """A deleted memory is DELETING, then it is unknown and its name is free."""
    async with serve(strict=True, lags=Lags(provisioning=60)) as client:
        await created_memory(client)
        early = await delete(client)
        assert early.body["message"] == (
            "Memory is in transitional state CREATING. Cannot delete memory."
        )
        client.clock.advance(60)
        await client.create()
        await client.put("a record")
        gone = await delete(client)
        assert (gone.status, gone.body["status"]) == (202, "DELETING")
        assert (await get_memory(client))["status"] == "DELETING"
        assert (await client.events()).body["message"] == (
            "Memory is in transitional state DELETING. Cannot list events."
        )
        assert (await create(client)).body["message"] == "Memory with name Chat already exists"
        client.clock.advance(60)
        assert (await client.events()).code == "ResourceNotFoundException"
        assert (await delete(client)).code == "ResourceNotFoundException"
        assert (await create(client)).status == 202


async def test_names_are_unique_and_tokens_are_not_used_twice(client: Client) -> None:
    """The same token returns the same memory; the same name without it is refused."""
    memory = await created_memory(client, clientToken="t")
    again = await create(client, clientToken="t")
    assert again.body["memory"]["id"] == memory["id"]
    refused = await create(client)
    assert (refused.status, refused.code) == (400, "ValidationException")
    assert refused.body["message"] == "Memory with name Chat already exists"


async def test_memories_are_listed_newest_first_over_pages(client: Client) -> None:
    """Pages have ten memories by default; summaries have no name."""
    ids = [(await created_memory(client, f"M{number}"))["id"] for number in range(12)]
    first = (await client.send("POST", "/memories/", {})).body
    second = (await client.send("POST", "/memories/", {"nextToken": first["nextToken"]})).body
    seen = [item["id"] for item in first["memories"] + second["memories"]]
    assert seen == list(reversed(ids))
    assert len(first["memories"]) == 10
    assert "nextToken" not in second
    assert set(first["memories"][0]) == {"arn", "id", "status", "createdAt", "updatedAt"}


async def test_there_is_an_end_to_memories_and_strategies(client: Client) -> None:
    """More than six strategies, and more than 150 memories, exceed the quota (402)."""
    many = [{"semanticMemoryStrategy": {"name": f"S{number}"}} for number in range(7)]
    refused = await create(client, memoryStrategies=many)
    assert (refused.status, refused.code) == (402, "ServiceQuotaExceededException")
    for number in range(150):
        assert (await create(client, f"M{number}")).status == 202
    refused = await create(client, "One_more")
    assert (refused.status, refused.code) == (402, "ServiceQuotaExceededException")


@pytest.mark.parametrize(
    "members",
    [
        {"name": "1chat"},
        {"name": "a-b"},
        {"eventExpiryDuration": 2},
        {"eventExpiryDuration": "P30D"},
        {"memoryStrategies": [{}]},
        {"memoryStrategies": [SEMANTIC | SUMMARY]},
        {"memoryStrategies": [SEMANTIC, SEMANTIC]},
        {"memoryStrategies": [{"summaryMemoryStrategy": {"name": "S", "namespaces": ["/s/"]}}]},
        {
            "memoryStrategies": [
                {"semanticMemoryStrategy": {"name": "S", "namespaceTemplates": ["/{tenant}/"]}}
            ]
        },
        {
            "memoryStrategies": [
                {
                    "semanticMemoryStrategy": {
                        "name": "S",
                        "namespaces": ["/a/"],
                        "namespaceTemplates": ["/b/"],
                    }
                }
            ]
        },
        {
            "memoryStrategies": [
                {
                    "episodicMemoryStrategy": {
                        "name": "S",
                        "namespaceTemplates": ["/e/{actorId}/"],
                        "reflectionConfiguration": {"namespaceTemplates": ["/other/"]},
                    }
                }
            ]
        },
        {
            "memoryStrategies": [
                {
                    "semanticMemoryStrategy": {
                        "name": "S",
                        "memoryRecordSchema": {
                            "metadataSchema": [
                                {"key": "k", "extractionType": "STRICTLY_CONSISTENT"}
                            ]
                        },
                    }
                }
            ]
        },
        {
            "indexedKeys": [{"key": "k", "type": "NUMBER"}],
            "memoryStrategies": [
                {
                    "semanticMemoryStrategy": {
                        "name": "S",
                        "memoryRecordSchema": {"metadataSchema": [{"key": "k", "type": "STRING"}]},
                    }
                }
            ],
        },
        {"indexedKeys": [{"key": "k", "type": "STRING"}] * 2},
        {"indexedKeys": [{"key": f"k{number}", "type": "STRING"} for number in range(11)]},
        {"namespaceKeys": [{"key": "tenant"}] * 2},
        {"namespaceKeys": [{"key": "actorId"}]},
        {"namespaceKeys": [{"key": "k", "validation": {"regexPattern": "("}}]},
        {"namespaceKeys": [{"key": "k", "validation": {"regexPattern": r"(a)\1"}}]},
        {"tags": {"": "x"}},
    ],
)
async def test_memories_that_are_refused(client: Client, members: dict[str, Any]) -> None:
    """An invalid request is a ValidationException, and nothing is created."""
    refused = await create(client, **members)
    assert (refused.status, refused.code) == (400, "ValidationException"), refused.raw
    assert (await client.send("POST", "/memories/", {})).body["memories"] == []


EVERY_KIND: list[dict[str, Any]] = [
    {"userPreferenceMemoryStrategy": {"name": "A", "description": "tastes"}},
    {"episodicMemoryStrategy": {"name": "B"}},
    {
        "customMemoryStrategy": {
            "name": "C",
            "configuration": {"semanticOverride": {"extraction": STEP, "consolidation": STEP}},
            "recordExpirySpecification": {"recordExpiryDurationDays": 31},
        }
    },
    {
        "customMemoryStrategy": {
            "name": "D",
            "configuration": {
                "selfManagedConfiguration": {
                    "invocationConfiguration": {
                        "topicArn": "arn:aws:sns:us-west-2:123456789012:t",
                        "payloadDeliveryBucketName": "bucket",
                    }
                }
            },
        }
    },
    {
        "customMemoryStrategy": {
            "name": "E",
            "namespaceTemplates": ["/e/{actorId}/{sessionId}/"],
            "configuration": {
                "episodicOverride": {
                    "extraction": STEP,
                    "reflection": STEP | {"namespaceTemplates": ["/e/{actorId}/"]},
                }
            },
        }
    },
]
"""A strategy of each kind besides semantic and summary, as CreateMemory takes them."""


async def test_every_kind_of_strategy_is_shown(client: Client) -> None:
    """Types, default namespaces and configurations are those of GetMemory on AWS."""
    memory = await created_memory(client, memoryExecutionRoleArn=ROLE, memoryStrategies=EVERY_KIND)
    tastes, episodes, custom, managed, own = memory["strategies"]
    assert tastes["namespaceTemplates"] == ["/strategy/{memoryStrategyId}/actors/{actorId}/"]
    assert tastes["description"] == "tastes"
    assert episodes["type"] == "EPISODIC"
    assert episodes["configuration"]["reflection"]["episodicReflectionConfiguration"][
        "namespaceTemplates"
    ] == ["/strategy/{memoryStrategyId}/actor/{actorId}/"]
    assert custom["type"] == "CUSTOM"
    assert custom["recordExpiryDurationDays"] == 31
    assert custom["configuration"] == {
        "type": "SEMANTIC_OVERRIDE",
        "extraction": {"customExtractionConfiguration": {"semanticExtractionOverride": STEP}},
        "consolidation": {
            "customConsolidationConfiguration": {"semanticConsolidationOverride": STEP}
        },
    }
    assert managed["configuration"]["type"] == "SELF_MANAGED"
    assert own["configuration"]["reflection"]["customReflectionConfiguration"][
        "episodicReflectionOverride"
    ]["namespaceTemplates"] == ["/e/{actorId}/"]


async def test_strategies_are_added_changed_and_deleted(serve: Callable[..., Any]) -> None:
    """The memory is UPDATING meanwhile, takes events, and can't be changed or deleted."""
    async with serve(strict=True, lags=Lags(provisioning=60)) as client:
        memory = await created_memory(client, memoryStrategies=[SEMANTIC, SUMMARY])
        client.clock.advance(60)
        first, second = (item["strategyId"] for item in memory["strategies"])
        changed = await update(
            client,
            memoryStrategies={
                "addMemoryStrategies": [{"userPreferenceMemoryStrategy": {"name": "Tastes"}}],
                "modifyMemoryStrategies": [
                    {
                        "memoryStrategyId": first,
                        "description": "new",
                        "namespaceTemplates": ["/new/{actorId}/"],
                        "recordExpirySpecification": {"recordExpiryDurationDays": 40},
                    }
                ],
                "deleteMemoryStrategies": [{"memoryStrategyId": second}],
            },
        )
        assert (changed.status, changed.body["memory"]["status"]) == (202, "UPDATING")
        states = [item["status"] for item in changed.body["memory"]["strategies"]]
        assert states == ["ACTIVE", "DELETING", "CREATING"]
        assert (await client.create()).status == 201
        for refused in (await update(client, description="x"), await delete(client)):
            assert "transitional state UPDATING" in refused.body["message"]
        client.clock.advance(60)
        left = (await get_memory(client))["strategies"]
        assert [(item["name"], item["status"]) for item in left] == [
            ("Facts", "ACTIVE"),
            ("Tastes", "ACTIVE"),
        ]
        assert (left[0]["description"], left[0]["recordExpiryDurationDays"]) == ("new", 40)
        unknown = await update(
            client,
            memoryStrategies={"deleteMemoryStrategies": [{"memoryStrategyId": second}]},
        )
        assert unknown.code == "ResourceNotFoundException"


async def test_only_what_comes_after_a_strategy_is_extracted(serve: Callable[..., Any]) -> None:
    """A strategy does not extract from events that were written before it was ACTIVE."""
    async with serve(strict=True, lags=Lags(provisioning=60)) as client:
        await created_memory(client)
        client.clock.advance(60)
        await update(client, memoryStrategies={"addMemoryStrategies": [SEMANTIC]})
        await client.create("The user lives in Turin.")
        client.clock.advance(60)
        await client.create("The user works in Milan.", at=START + 1)
        await client.service.drain()
        (only,) = await client.contents("/f/ann/")
        assert "Milan" in only


async def test_a_custom_configuration_is_changed_step_by_step(client: Client) -> None:
    """A change of one step leaves the others."""
    memory = await created_memory(
        client,
        memoryStrategies=[
            {
                "customMemoryStrategy": {
                    "name": "C",
                    "configuration": {
                        "semanticOverride": {"extraction": STEP, "consolidation": STEP}
                    },
                }
            }
        ],
    )
    step = STEP | {"appendToPrompt": "Only places."}
    change = {"customExtractionConfiguration": {"semanticExtractionOverride": step}}
    strategy_id = memory["strategies"][0]["strategyId"]
    reply = await update(
        client,
        memoryStrategies={
            "modifyMemoryStrategies": [
                {"memoryStrategyId": strategy_id, "configuration": {"extraction": change}}
            ]
        },
    )
    configuration = reply.body["memory"]["strategies"][0]["configuration"]
    assert configuration["extraction"] == change
    assert "semanticConsolidationOverride" in str(configuration["consolidation"])


async def test_namespace_keys_are_checked_with_each_event(client: Client) -> None:
    """A value must be allowed and match; an undeclared key is refused; the value is filled in."""
    rules = {"allowedValues": ["acme", "a1"], "regexPattern": "[a-z]+"}
    await created_memory(
        client,
        namespaceKeys=[{"key": "tenant", "validation": rules}],
        memoryStrategies=[
            {
                "semanticMemoryStrategy": {
                    "name": "F",
                    "namespaceTemplates": ["/{tenant}/{actorId}/"],
                }
            }
        ],
    )

    async def create_with(**variables: str) -> Reply:
        config = {"namespaceVariables": variables}
        return await client.create("The user lives in Turin.", extractionConfig=config)

    for variables in ({"tenant": "other"}, {"tenant": "a1"}, {"team": "x"}):
        refused = await create_with(**variables)
        assert (refused.status, refused.code) == (400, "ValidationException")
    assert (await create_with(tenant="acme")).status == 201
    assert (
        await client.create("The user works in Milan.", at=START + 1, session="s2")
    ).status == 201
    await client.service.drain()
    assert [item["namespaces"] for item in await client.records()] == [["/acme/ann/"]]
    kept = await update(client, namespaceKeys=[])
    assert "namespaceKeys" in kept.body["message"]


async def test_tags_are_put_listed_and_removed(client: Client) -> None:
    """Tags belong to the memory's ARN, as in AWS's tagging operations."""
    memory = await created_memory(client, tags={"team": "a", "stage": "b"})
    path = f"/tags/{quote(memory['arn'], safe='')}"
    assert (await client.send("GET", path)).body["tags"] == {"team": "a", "stage": "b"}
    added = await client.send("POST", path, {"tags": {"team": "c"}})
    assert (added.status, added.raw) == (204, b"")
    removed = await client.send("DELETE", f"{path}?tagKeys=stage&tagKeys=nothing")
    assert removed.status == 204
    assert (await client.send("GET", path)).body["tags"] == {"team": "c"}
    unknown = quote("arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/x-0123456789", safe="")
    assert (await client.send("GET", f"/tags/{unknown}")).code == "ResourceNotFoundException"


async def test_a_view_without_decryption_has_no_descriptions(client: Client) -> None:
    """view=without_decryption leaves out encrypted members."""
    await created_memory(client, description="secret")
    assert (await get_memory(client, "?view=full"))["description"] == "secret"
    assert "description" not in await get_memory(client, "?view=without_decryption")
    refused = await client.send("GET", f"/memories/{client.memory}/details?view=other")
    assert refused.code == "ValidationException"


async def test_memories_are_created_on_first_use_without_strict(client: Client) -> None:
    """Without strict, GetMemory of any id returns three strategies, and UpdateMemory works, too."""
    memory = await get_memory(client)
    assert [item["name"] for item in memory["strategies"]] == [
        "facts",
        "preferences",
        "summaries",
    ]
    assert (await update(client, eventExpiryDuration=7)).status == 202
    assert (await get_memory(client))["eventExpiryDuration"] == 7
    assert (await delete(client)).status == 202
    assert (await client.events()).code == "ResourceNotFoundException"


async def test_the_expiry_is_that_of_the_writing(client: Client) -> None:
    """A shorter duration is for new events only; expired events are deleted from the file."""
    await created_memory(client)
    await client.create("old")
    await update(client, eventExpiryDuration=7)
    await client.create("new", at=START + 1, session="s2")
    client.clock.advance(8 * 86_400)
    assert await client.texts() == ["old"]
    assert await client.texts(session="s2") == []
    sessions = await client.call(
        "POST", "actor", "ann", "sessions", filter={"eventFilter": "HAS_EVENTS"}
    )
    assert [item["sessionId"] for item in sessions.body["sessionSummaries"]] == ["s1"]


async def test_the_expiry_of_a_strategy_is_that_of_its_records(client: Client) -> None:
    """Extracted records expire after the strategy's days; records written by batches do not."""
    days = {"recordExpirySpecification": {"recordExpiryDurationDays": 31}}
    strategy = {"semanticMemoryStrategy": SEMANTIC["semanticMemoryStrategy"] | days}
    memory = await created_memory(client, memoryStrategies=[strategy])
    await client.create("The user lives in Turin.")
    await client.service.drain()
    strategy_id = memory["strategies"][0]["strategyId"]
    await client.put("Ann lives in Bern.", namespace="/f/ann/", memoryStrategyId=strategy_id)
    assert len(await client.records("/f/ann/")) == 2
    client.clock.advance(32 * 86_400)
    assert await client.contents("/f/ann/") == ["Ann lives in Bern."]
