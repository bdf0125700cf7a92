"""What each kind of strategy extracts, of which events, and how its records replace others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async.local import BuiltInExtractor, ExtractionRequest, ExtractorError
from tests.local.local_client import START

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.local.local_client import Client

EPISODIC = {
    "episodicMemoryStrategy": {
        "name": "Episodes",
        "namespaceTemplates": ["/episodes/{actorId}/{sessionId}/"],
        "reflectionConfiguration": {"namespaceTemplates": ["/episodes/{actorId}/"]},
    }
}
REPAIR = (
    ("USER", "My router at home keeps losing the connection to Fibernet."),
    ("ASSISTANT", "Let me run a line test."),
    ("TOOL", '{"line": "ok", "firmware": "1.2"}'),
    ("ASSISTANT", "Your router's firmware 1.2 has been updated to 2.0."),
)
ROLE = "arn:aws:iam::123456789012:role/memory"


async def memory(client: Client, *strategies: dict[str, Any], **members: Any) -> None:
    """Create a memory with strategies, which the client then uses."""
    body = {
        "name": "Chat",
        "eventExpiryDuration": 30,
        "memoryStrategies": list(strategies),
        "memoryExecutionRoleArn": ROLE,
    }
    reply = await client.send("POST", "/memories/create", body | members)
    assert reply.status == 202, reply.raw
    client.memory = reply.body["memory"]["id"]
    client.clock.advance(3600)


async def talk(client: Client, *turns: tuple[str, str], at: float = START, **members: Any) -> None:
    """Store messages, one event each, and extract."""
    for number, (role, text) in enumerate(turns):
        reply = await client.create(text, role=role, at=at + number, **members)
        assert reply.status == 201, reply.raw
    await client.service.drain()


def part(text: str, name: str) -> str:
    """Return an element of a record's XML."""
    match = re.search(f"<{name}>(.*?)</{name}>", text)
    assert match is not None, text
    return match.group(1)


async def test_an_episode_is_written_once_it_is_complete(client: Client) -> None:
    """There is no record until the user closes the matter; a reflection needs two of them."""
    await memory(client, EPISODIC)
    await talk(client, *REPAIR)
    assert [] == await client.records()
    await talk(client, ("USER", "It works now, thanks!"), at=START + 60)
    (episode,) = await client.contents("/episodes/ann/s1/")
    assert "Fibernet" in part(episode, "intent")
    assert "1 tool result" in part(episode, "situation")
    assert "Yes" == part(episode, "assessment")
    assert "worked" in part(episode, "justification")
    assert part(episode, "reflection")
    assert [episode] == await client.contents("/episodes/ann/")
    other = [(role, text.replace("Fibernet", "Cablenet")) for role, text in REPAIR]
    await talk(client, *other, ("USER", "It works now, thanks!"), at=START + 90, session="s2")
    (reflection,) = [
        record["content"]["text"]
        for record in await client.records("/episodes/ann/")
        if record["namespaces"] == ["/episodes/ann/"]
    ]
    assert "Cablenet" in part(reflection, "use_cases")
    assert "0.6" == part(reflection, "confidence")
    assert part(reflection, "title")
    assert part(reflection, "hints")


async def test_reflections_grow_with_the_episodes(client: Client) -> None:
    """A second episode of the same kind replaces the reflection with a more confident one."""
    await memory(client, EPISODIC)
    await talk(client, *REPAIR, ("USER", "It works now, thanks!"))
    await talk(client, *REPAIR, ("USER", "It still doesn't work, bye."), session="s2")
    episodes = await client.contents("/episodes/ann/s2/")
    assert ["No"] == [part(text, "assessment") for text in episodes]
    (reflection,) = [
        text for text in await client.contents("/episodes/") if text.startswith("<reflection>")
    ]
    assert "0.6" == part(reflection, "confidence")
    assert "Worked 1 of 2 times" in part(reflection, "hints")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("semanticOverride", "The user loves hiking in the Alps."),
        ("userPreferenceOverride", "Loves hiking in the Alps"),
        ("summaryOverride", "<topic name="),
    ],
)
async def test_a_custom_strategy_extracts_what_it_overrides(
    client: Client, override: str, expected: str
) -> None:
    """Its prompts are accepted; the built-in extractor extracts what it overrides."""
    step = {"appendToPrompt": "Only names.", "modelId": "some.model"}
    steps = {"consolidation": step}
    if override != "summaryOverride":
        steps["extraction"] = step
    custom = {
        "name": "Mine",
        "namespaceTemplates": ["/mine/{actorId}/{sessionId}/"],
        "configuration": {override: steps},
    }
    await memory(client, {"customMemoryStrategy": custom})
    await talk(client, ("USER", "I love hiking in the Alps."))
    (record,) = await client.contents("/mine/ann/s1/")
    assert expected in record


async def test_a_self_managed_strategy_makes_no_records(client: Client) -> None:
    """It is accepted; its records are written by its owner."""
    managed = {
        "invocationConfiguration": {
            "topicArn": "arn:aws:sns:us-west-2:123456789012:topic",
            "payloadDeliveryBucketName": "bucket",
        }
    }
    custom = {"name": "Own", "configuration": {"selfManagedConfiguration": managed}}
    await memory(client, {"customMemoryStrategy": custom})
    await talk(client, ("USER", "I love hiking in the Alps."))
    assert [] == await client.records()
    assert 0 == client.service.pending_sessions


async def test_strictly_consistent_keys_keep_records_apart(client: Client) -> None:
    """The same words with another value are not a duplicate, and records have their values."""
    entry = {"key": "tenant", "type": "STRING", "extractionType": "STRICTLY_CONSISTENT"}
    semantic = {
        "name": "Facts",
        "namespaceTemplates": ["/facts/{actorId}/"],
        "memoryRecordSchema": {"metadataSchema": [entry]},
    }
    keys = [{"key": "tenant", "type": "STRING"}]
    await memory(client, {"semanticMemoryStrategy": semantic}, indexedKeys=keys)
    for number, tenant in enumerate(("a", "b", "a")):
        await client.create(
            "The user works in Milan at Acme.",
            at=START + number,
            metadata={"tenant": {"stringValue": tenant}},
        )
    await client.service.drain()
    records = await client.records("/facts/ann/")
    assert ["a", "b"] == sorted(record["metadata"]["tenant"]["stringValue"] for record in records)
    assert {"The user works in Milan at Acme."} == {record["content"]["text"] for record in records}


async def test_each_strategy_may_have_its_own_delay(serve: Callable[..., Any]) -> None:
    """Facts and preferences are extracted after their own delays, and nothing twice."""
    delays = {"SEMANTIC": 10, "preferences": 60, "*": 3600}
    async with serve(extraction_delay=delays) as client:
        await client.create("I love hiking in the Alps.")
        for seconds, expected in ((9, 0), (1, 1), (49, 1), (1, 2), (3539, 2), (1, 3)):
            client.clock.advance(seconds)
            await client.service.drain(include_future=False)
            assert expected == len(await client.records())


async def test_a_namespace_without_its_variable_makes_no_record(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The event is stored and the log names the variable; with the variable it works."""
    semantic = {"name": "Facts", "namespaceTemplates": ["/facts/{team}/{actorId}/"]}
    await memory(client, {"semanticMemoryStrategy": semantic}, namespaceKeys=[{"key": "team"}])
    await talk(client, ("USER", "The user works in Milan at Acme."))
    assert ["The user works in Milan at Acme."] == await client.texts()
    assert [] == await client.records()
    assert "NamespaceResolutionFailure" in caplog.text
    await talk(
        client,
        ("USER", "The user works in Milan at Acme."),
        at=START + 9,
        extractionConfig={"namespaceVariables": {"team": "blue"}},
    )
    assert ["The user works in Milan at Acme."] == await client.contents("/facts/blue/ann/")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("The user lives in Oslo.", "I live in Bergen now.", ["The user lives in Bergen now."]),
        ("We moved to Oslo.", "The user lives in Bergen.", ["The user lives in Bergen."]),
        (
            "My phone number is 555-0100.",
            "My phone number is 555-0199.",
            ["The user's phone number is 555-0199."],
        ),
        (
            "I work for Acme.",
            "I work for Acme as a designer in Porto.",
            ["The user works for Acme as a designer in Porto."],
        ),
        ("I eat meat.", "I don't eat meat.", ["The user does not eat meat."]),
        (
            "I have a dog named Rex.",
            "I have a cat named Mia.",
            ["The user has a cat named Mia.", "The user has a dog named Rex."],
        ),
    ],
)
async def test_a_newer_fact_replaces_what_it_makes_obsolete(
    client: Client, first: str, second: str, expected: list[str]
) -> None:
    """A new value, the opposite or more detail replaces a fact; nothing else does."""
    await talk(client, ("USER", first))
    await talk(client, ("USER", second), session="s2", at=START + 100)
    assert expected == await client.contents("/facts/ann/")


async def test_what_json_says_is_extracted(client: Client) -> None:
    """Facts are extracted from json payloads, and not from results of tools."""
    payload = [{"json": {"content": {"note": "I live in Oslo", "tags": ["vip"]}}}]
    reply = await client.create(payload=payload)
    assert reply.status == 201, reply.raw
    await talk(client, ("TOOL", "The user lives in Rome."), at=START + 1)
    assert ["The user lives in Oslo."] == await client.contents("/facts/ann/")


class Failing(BuiltInExtractor):
    """An extractor whose facts fail while it has an error."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def extract(self, request: ExtractionRequest) -> Sequence[str]:
        """Raise the error while there is one."""
        if self.error is not None and request.kind == "SEMANTIC":
            raise self.error
        return super().extract(request)


class BedrockError(Exception):
    """An error in the form of botocore's."""

    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code, "Message": ""}}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ExtractorError("LTM_RATE_EXCEEDED"), "LTM_RATE_EXCEEDED"),
        (ExtractorError("THROTTLING", "slow"), "CUSTOM_MODEL_BEDROCK_THROTTLING"),
        (BedrockError("AccessDeniedException"), "CUSTOM_MODEL_BEDROCK_ACCESS_DENIED"),
        (BedrockError("ThrottlingException"), "CUSTOM_MODEL_BEDROCK_THROTTLING"),
        (BedrockError("ModelTimeoutException"), "CUSTOM_MODEL_BEDROCK_MODEL_TIMEOUT"),
        (BedrockError("SomethingNew"), "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"),
        (TimeoutError(), "CUSTOM_MODEL_BEDROCK_MODEL_TIMEOUT"),
        (ValueError(), "CUSTOM_MODEL_BEDROCK_INTERNAL_ERROR"),
    ],
)
async def test_what_an_extractor_raises_is_the_reason_of_the_job(
    serve: Callable[..., Any], error: Exception, reason: str
) -> None:
    """A failed job has the service's reason; started again it succeeds."""
    extractor = Failing(error)
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "The user lives in Oslo."))
        assert [] == await client.contents("/facts/")
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert reason == job["failureReason"]
        extractor.error = None
        start = {"extractionJob": {"jobId": job["jobID"]}}
        assert 200 == (await client.call("POST", "extractionJobs", "start", **start)).status
        await client.service.drain()
        assert ["The user lives in Oslo."] == await client.contents("/facts/")


def test_an_unknown_reason_is_refused() -> None:
    """Only the service's reasons are accepted."""
    with pytest.raises(ValueError, match="reason is 'TIRED'; use one of"):
        ExtractorError("TIRED")


async def test_what_is_not_a_list_of_texts_fails_the_job(serve: Callable[..., Any]) -> None:
    """The job fails if an extractor returns one text, or no texts."""

    class Wrong(BuiltInExtractor):
        def extract(self, request: ExtractionRequest) -> Any:
            return "text" if request.kind == "SEMANTIC" else [1]

    async with serve(extractor=Wrong()) as client:
        await talk(client, ("USER", "The user lives in Oslo."))
        jobs = (await client.call("POST", "extractionJobs")).body["jobs"]
        assert 3 == len(jobs)
        assert [] == await client.records()


async def test_inferred_metadata_takes_an_allowed_value_that_is_named(client: Client) -> None:
    """An allowed value of the schema that a record names becomes its metadata."""
    rules = {"stringValidation": {"allowedValues": ["train", "plane"]}}
    config = {"llmExtractionConfig": {"definition": "how one travels", "validation": rules}}
    schema = [{"key": "means", "type": "STRING", "extractionConfig": config}]
    semantic = {
        "name": "Facts",
        "namespaceTemplates": ["/facts/{actorId}/"],
        "memoryRecordSchema": {"metadataSchema": schema},
    }
    keys = [{"key": "means", "type": "STRING"}]
    await memory(client, {"semanticMemoryStrategy": semantic}, indexedKeys=keys)
    await talk(client, ("USER", "I always go to Berlin by train."))
    (record,) = await client.records("/facts/ann/")
    assert {"stringValue": "train"} == record["metadata"]["means"]
    assert json.dumps(record["metadata"])
