"""Models that fail: malformed answers, errors, limits of time and calls, secrets and content."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import BotocoreLogFilter, InvalidInputError
from agentcore_memory_async.local import BedrockExtractor, ExtractorError, OpenAIExtractor
from agentcore_memory_async.local._models.extractor import ModelExtractor
from tests._virtual_time import virtual_time
from tests.local.local_client import START
from tests.local.model_server import (
    GOOD,
    KEY,
    PREFIX,
    Body,
    Hang,
    ModelServer,
    asked,
    failures,
    model_server,
)
from tests.local.test_strategies import talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiobotocore.session import AioSession

    from agentcore_memory_async.local._models.prompts import Prompt

SECRET = "My password is xyzzy-plugh-42."


MALFORMED: dict[str, Any] = {
    "no JSON": "I can't say.",
    "empty": "",
    "cut off": '{"facts": [{"fact": "The us',
    "an array": "[1]",
    "wrong types": [{"fact": 7}],
    "a text in place of an object": ["The user"],
    "no member": [{"text": "The user"}],
    "an empty fact": [{"fact": " "}],
    "huge text": [{"fact": "x" * 16_001}],
    "too many": [{"fact": str(number)} for number in range(101)],
    "half a character": [{"fact": "\ud800"}],
    "deep": '{"facts": ' + "[" * 100_000,
    "many braces": "{" * 100_000,
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_answer_is_repaired_once(
    server: ModelServer, extractor_of: Any, answer: Any
) -> None:
    """A second answer is asked for, with the problem; if it is malformed too, the job fails."""
    server.answers = {"facts": [answer, GOOD]}
    extractor = extractor_of(server)
    assert ["Good."] == await extractor.extract(asked())
    first, second = server.asked
    assert second.document["document"] == first.document
    assert len(second.instructions) > len(first.instructions)
    server.answers = {"facts": [answer]}
    with pytest.raises(ExtractorError, match="MODEL_ERROR: the model's answer could not be used"):
        await extractor.extract(asked())
    assert 4 == extractor.calls


NO_ANSWER: dict[str, str] = {
    "no object": "[]",
    "no JSON": "<html>",
    "empty object": "{}",
    "no choices": '{"choices": [], "output": {}}',
    "null": '{"choices": [{"message": null}], "output": null}',
    "no text": '{"choices": [{"message": {"content": 5}}], "output": {"message": {"content": []}}}',
}


@pytest.mark.parametrize("body", NO_ANSWER.values(), ids=NO_ANSWER)
async def test_a_body_without_an_answer_is_a_model_error(
    server: ModelServer, extractor_of: Any, body: str
) -> None:
    """A server that answers with something else altogether fails the job."""
    server.answers = {"facts": [Body(body)]}
    with pytest.raises(ExtractorError) as raised:
        await extractor_of(server).extract(asked())
    assert raised.value.reason.removeprefix(PREFIX) in {"MODEL_ERROR", "INTERNAL_ERROR"}


@pytest.mark.parametrize(
    "body",
    [
        {
            "choices": [{"message": {"content": None, "refusal": "I will not."}}],
            "output": {"message": {"content": []}},
            "stopReason": "guardrail_intervened",
        },
        {
            "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}],
            "output": {"message": {"content": []}},
            "stopReason": "content_filtered",
        },
    ],
)
async def test_a_refusal_is_not_asked_for_again(
    server: ModelServer, extractor_of: Any, body: dict[str, Any]
) -> None:
    """A model that refuses, or a filter that stops it, fails the job at once."""
    server.answers = {"facts": [Body(json.dumps(body))]}
    extractor = extractor_of(server)
    with pytest.raises(ExtractorError, match=r"MODEL_ERROR: the model('s answer was|\srefused)"):
        await extractor.extract(asked())
    assert 1 == extractor.calls


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, "VALIDATION_EXCEPTION"),
        (400, "VALIDATION_EXCEPTION"),
        (401, "ACCESS_DENIED"),
        (403, "ACCESS_DENIED"),
        (404, "RESOURCE_NOT_FOUND"),
        (429, "THROTTLING"),
        (500, "INTERNAL_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
        (504, "MODEL_TIMEOUT"),
    ],
)
async def test_the_status_of_an_error_is_the_reason_of_the_job(
    server: ModelServer, serve: Callable[..., Any], status: int, reason: str
) -> None:
    """A job fails with the reason that fits, is not tried again by itself, and can be restarted."""
    extractor = OpenAIExtractor("tiny", base_url=f"{server.url}/v1/")
    server.answers = {"facts": [status], "preferences": [[]]}
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "I live in Turin."))
        assert {reason} == await failures(client)
        assert 1 == server.names().count("facts")
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
        server.answers = {"facts": [GOOD]}
        start = {"extractionJob": {"jobId": job["jobID"]}}
        await client.call("POST", "extractionJobs", "start", **start)
        await client.service.drain()
        assert ["Good."] == await client.contents("/facts/")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "VALIDATION_EXCEPTION"),
        (403, "ACCESS_DENIED"),
        (404, "RESOURCE_NOT_FOUND"),
        (408, "MODEL_TIMEOUT"),
        (424, "MODEL_ERROR"),
        (429, "THROTTLING"),
        (500, "INTERNAL_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_the_code_of_bedrocks_error_is_the_reason(
    server: ModelServer, aws_session: AioSession, status: int, reason: str
) -> None:
    """It is tried once, and its text, which may repeat what was sent, is not shown."""
    extractor = BedrockExtractor("tiny", endpoint_url=server.url, aws_session=aws_session)
    server.answers = {"facts": [status]}
    with pytest.raises(ExtractorError, match=f"_{reason}: ") as raised:
        await extractor.extract(asked("SEMANTIC", SECRET))
    assert SECRET not in str(raised.value)
    assert 1 == len(server.asked)


async def test_bedrock_without_credentials_or_region(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reasons tell a missing region from missing credentials."""
    extractor = BedrockExtractor("tiny", endpoint_url=server.url)
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ExtractorError, match=r"VALIDATION_EXCEPTION: .* NoRegionError"):
        await extractor.extract(asked())
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert [] == await extractor.extract(asked())
    assert "/eu-west-1/bedrock/" in server.asked[-1].headers["Authorization"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ExtractorError, match=r"ACCESS_DENIED: .* NoCredentialsError"):
        await BedrockExtractor("tiny", endpoint_url=server.url).extract(asked())


async def test_a_large_conversation_is_sent_whole(server: ModelServer) -> None:
    """A document of several megabytes reaches the model, without a warning of the client's."""
    text = "x" * 3 * 2**20
    extractor = OpenAIExtractor("tiny", base_url=f"{server.url}/v1")
    assert [] == await extractor.extract(asked("SEMANTIC", text))
    assert text == server.asked[0].document["new"][0]["text"]


async def test_a_server_that_is_not_there(extractor_of: Any, server: ModelServer) -> None:
    """The job's reason is that the service is not available."""
    server.url = "http://127.0.0.1:9"
    with pytest.raises(ExtractorError, match="SERVICE_UNAVAILABLE"):
        await extractor_of(server).extract(asked())


class Scripted(ModelExtractor):
    """An extractor whose model takes a while."""

    def __init__(self, seconds: float, **options: Any) -> None:
        super().__init__("tiny", **({"timeout": 60.0, "max_calls": None} | options))
        self.seconds = seconds

    async def _ask(self, prompt: Prompt) -> str:
        await asyncio.sleep(self.seconds)
        return GOOD


@virtual_time
async def test_a_call_ends_at_its_time_limit() -> None:
    """A model that takes longer fails the job; one that takes almost as long does not."""
    loop = asyncio.get_running_loop()
    assert ["Good."] == await Scripted(59).extract(asked())
    began = loop.time()
    with pytest.raises(ExtractorError, match="MODEL_TIMEOUT: no answer within timeout=60 seconds"):
        await Scripted(1e9).extract(asked())
    assert 60 == loop.time() - began


@virtual_time
async def test_a_server_that_hangs_is_left_at_the_time_limit() -> None:
    """The connection is closed, and nothing waits for it."""
    async with model_server() as server:
        server.answers = {"facts": [Hang()]}
        extractor = OpenAIExtractor("tiny", base_url=f"{server.url}/v1", timeout=5)
        with pytest.raises(ExtractorError, match="MODEL_TIMEOUT"):
            await extractor.extract(asked())


@virtual_time
async def test_four_calls_run_at_a_time() -> None:
    """Twelve requests of ten seconds take thirty; waiting does not count as a call's time."""
    loop, extractor = asyncio.get_running_loop(), Scripted(10, timeout=11)
    async with asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(extractor.extract(asked()))
    assert 30 == loop.time()


def test_an_extractor_serves_one_loop_after_another() -> None:
    """It holds nothing of a loop that has ended."""
    extractor = Scripted(0)
    for _ in range(2):
        assert ["Good."] == asyncio.run(extractor.extract(asked()))


async def test_beyond_its_calls_jobs_fail(
    server: ModelServer, serve: Callable[..., Any], extractor_of: Any
) -> None:
    """``max_calls`` counts every call, also one for a repair."""
    extractor = extractor_of(server, max_calls=4)
    server.answers = {"facts": ["no JSON", GOOD]}
    async with serve(extractor=extractor) as client:
        await talk(client, ("USER", "I live in Turin."))
        assert set() == await failures(client)
        assert 4 == extractor.calls
        await talk(client, ("USER", "I live in Rome."), at=START + 60)
        assert {"LTM_RATE_EXCEEDED"} == await failures(client)
    assert 4 == extractor.calls == len(server.asked)


async def test_nothing_of_content_or_secrets_is_logged(
    server: ModelServer,
    serve: Callable[..., Any],
    extractor_of: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not at DEBUG, whether the model answers, answers malformed, or refuses the request."""
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(BotocoreLogFilter())
    for answers in ([[{"fact": SECRET}]], [SECRET, f'{{"facts": "{SECRET}"}}'], [400], [500]):
        server.answers = {"facts": answers}
        async with serve(extractor=extractor_of(server)) as client:
            await talk(client, ("USER", SECRET))
    assert "of a SEMANTIC strategy failed: CUSTOM_MODEL_BEDROCK_" in caplog.text
    for secret in ("xyzzy", KEY, "not-a-real-secret"):
        assert secret not in caplog.text


async def test_a_failure_is_one_line_with_the_job_and_its_reason(
    server: ModelServer,
    serve: Callable[..., Any],
    extractor_of: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The job is the one that the service lists; the traceback is for DEBUG only."""
    caplog.set_level(logging.DEBUG)
    server.answers = {"facts": [400]}
    async with serve(extractor=extractor_of(server)) as client:
        await talk(client, ("USER", "I live in Turin."))
        (job,) = (await client.call("POST", "extractionJobs")).body["jobs"]
    told = [each for each in caplog.records if "extraction job" in each.message]
    assert all(job["jobID"] in each.message for each in told)
    error, trace = told
    assert (logging.ERROR, None) == (error.levelno, error.exc_info)
    assert error.message.endswith(f"failed: {job['failureReason']}")
    assert logging.DEBUG == trace.levelno
    assert trace.exc_info


async def test_the_key_goes_to_the_endpoint_only(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the argument or OPENAI_API_KEY, and no repr shows it."""
    given = OpenAIExtractor("tiny", base_url=f"{server.url}/v1", api_key=KEY)
    await given.extract(asked())
    assert f"Bearer {KEY}" == server.asked[-1].headers["Authorization"]
    assert "tiny" == server.asked[-1].raw["model"]
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}-2")
    from_environment = OpenAIExtractor("tiny", base_url=f"{server.url}/v1")
    await from_environment.extract(asked())
    assert f"Bearer {KEY}-2" == server.asked[-1].headers["Authorization"]
    assert f"<OpenAIExtractor tiny at {server.url}/v1>" == repr(given)
    assert KEY not in repr(vars(given)) + repr(vars(from_environment))
    monkeypatch.delenv("OPENAI_API_KEY")
    await OpenAIExtractor("tiny", base_url=f"{server.url}/v1").extract(asked())
    assert "Authorization" not in server.asked[-1].headers


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"model": " "}, "model is empty"),
        ({"timeout": 0}, "timeout is 0; give seconds above 0, up to 3,600"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"timeout": 4000}, "timeout is 4000"),
        ({"max_calls": -1}, "max_calls is -1"),
        ({"base_url": "ftp://x/v1"}, "base_url is no http"),
        ({"base_url": "http://user:hidden@x/v1"}, "base_url is no http"),
        ({"base_url": "not a url"}, "base_url is no http"),
        ({"base_url": "http://x:99999999/v1"}, "base_url is no http"),
        ({"base_url": None}, "OpenAI needs a key"),
        ({"api_key": "two\nlines"}, "api_key has characters"),
    ],
)
def test_invalid_arguments(
    options: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the argument and what to give, and shows no secret."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    options = {"model": "tiny", "base_url": "http://127.0.0.1:1/v1"} | options
    with pytest.raises(InvalidInputError, match=text) as raised:
        OpenAIExtractor(options.pop("model"), **options)
    assert "hidden" not in str(raised.value)
