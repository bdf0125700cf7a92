"""Embedders that ask an endpoint or run a model by fastembed, and the command that chooses them."""

from __future__ import annotations

import logging
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from agentcore_memory_async import InvalidInputError
from agentcore_memory_async.local import (
    BedrockExtractor,
    EmbedderError,
    FastEmbedEmbedder,
    OpenAIEmbedder,
    OpenAIExtractor,
)
from agentcore_memory_async.local.__main__ import _arguments, main
from agentcore_memory_async.local.embedder import embed
from tests._virtual_time import virtual_time
from tests.local.model_server import ModelServer, model_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


async def test_vectors_of_an_endpoint(server: ModelServer, serve: Callable[..., Any]) -> None:
    """A search finds by them what shares no word; their index puts them in order."""
    embedder = OpenAIEmbedder("tiny", base_url=f"{server.url}/v1")
    assert ("tiny", f"<OpenAIEmbedder tiny at {server.url}/v1>") == (embedder.name, repr(embedder))
    async with serve(embedder=embedder) as client:
        await client.put("I walk my dog", "I wash my car", "I drink tea")
        assert "I wash my car" == (await client.search("carriage"))[0]["content"]["text"]
    assert [3, 1] == [len(texts) for texts in server.embedded]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"data": []},
        {"data": [{"index": 0, "embedding": None}]},
        {"data": [{"index": 0, "embedding": ["a"]}]},
        {"data": [{"index": [], "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": "1", "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
    ],
)
async def test_other_answers_are_no_vectors(
    server: ModelServer,
    serve: Callable[..., Any],
    answer: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The search fails with the service's error, and logs nothing of the texts."""
    caplog.set_level(logging.DEBUG)
    server.embeddings = answer
    embedder = OpenAIEmbedder("tiny", base_url=f"{server.url}/v1", api_key="sk-hidden")
    with pytest.raises(EmbedderError):
        await embed(embedder, ["plugh", "xyzzy"])
    async with serve(embedder=embedder) as client:
        await client.put("plugh", "xyzzy")
        criteria = {"searchQuery": "plugh"}
        reply = await client.call("POST", "retrieve", namespacePath="/", searchCriteria=criteria)
        assert (500, "ServiceException") == (reply.status, reply.code)
    assert not any(text in caplog.text for text in ("plugh", "xyzzy", "sk-hidden"))


@virtual_time
async def test_an_endpoint_that_hangs_is_left_at_the_time_limit() -> None:
    """The embedder fails with a timeout."""
    async with model_server() as server:
        server.hangs = True
        embedder = OpenAIEmbedder("tiny", base_url=f"{server.url}/v1", timeout=5)
        with pytest.raises(EmbedderError, match="TimeoutError"):
            await embed(embedder, ["text"])


class FakeTextEmbedding:
    """What fastembed's class of that name does, with one number for a vector."""

    made: list[tuple[str, dict[str, Any]]]
    threads: set[str]

    def __init__(self, model_name: str, **options: Any) -> None:
        self.made.append((model_name, options))

    def embed(self, documents: list[str]) -> Iterator[list[float]]:
        """Yield vectors one by one, as fastembed does."""
        for text in documents:
            self.threads.add(threading.current_thread().name)
            yield [float(len(text)), 1.0]


@pytest.fixture
def fastembed(monkeypatch: pytest.MonkeyPatch) -> type[FakeTextEmbedding]:
    """Stand in for fastembed, whose models can only be downloaded."""
    module: Any = ModuleType("fastembed")
    module.TextEmbedding = FakeTextEmbedding
    FakeTextEmbedding.made, FakeTextEmbedding.threads = [], set()
    monkeypatch.setitem(sys.modules, "fastembed", module)
    monkeypatch.setattr("agentcore_memory_async.local.fastembed.find_spec", lambda _: object())
    return FakeTextEmbedding


async def test_a_model_of_fastembed_is_loaded_once_and_runs_in_a_thread(
    fastembed: type[FakeTextEmbedding],
) -> None:
    """Nothing is loaded before the first text, and the loop does none of the work."""
    embedder = FastEmbedEmbedder("some/model", cache_dir="models")
    assert ("some/model", "<FastEmbedEmbedder some/model>") == (embedder.name, repr(embedder))
    assert [] == fastembed.made
    for texts in (["one", "three"], ["two"]):
        assert len(texts) == len(await embed(embedder, texts))
    assert [("some/model", {"cache_dir": "models"})] == fastembed.made
    assert threading.current_thread().name not in fastembed.threads


def test_fastembed_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setattr("agentcore_memory_async.local.fastembed.find_spec", lambda _: None)
    with pytest.raises(InvalidInputError, match=r"agentcore-memory-async\[embeddings\]"):
        FastEmbedEmbedder()


def test_the_command_makes_extractor_and_embedder(fastembed: type[FakeTextEmbedding]) -> None:
    """What stands behind the first colon is the model; the base URL is that of both."""
    url = "http://127.0.0.1:11434/v1"
    chosen = ["--extractor", "openai:llama3.2:3b", "--embedder", "openai:nomic", "--base-url", url]
    extractor, embedder = _arguments(chosen).models
    assert isinstance(extractor, OpenAIExtractor)
    assert f"<OpenAIExtractor llama3.2:3b at {url}>" == repr(extractor)
    assert f"<OpenAIEmbedder nomic at {url}>" == repr(embedder)
    chosen = ["--extractor", "bedrock:some.model-v1:0", "--embedder", "fastembed:some/model"]
    extractor, embedder = _arguments(chosen).models
    assert isinstance(extractor, BedrockExtractor)
    assert ["<BedrockExtractor some.model-v1:0>", "<FastEmbedEmbedder some/model>"] == [
        repr(extractor),
        repr(embedder),
    ]
    assert (None, None) == _arguments([]).models


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--extractor", "gpt"], "--extractor is 'gpt'; give openai:MODEL or bedrock:MODEL"),
        (["--extractor", "openai:"], "--extractor is 'openai:'; give"),
        (["--embedder", "bedrock:m"], "--embedder is 'bedrock:m'; give fastembed:MODEL or openai"),
        (["--extractor", "openai:gpt"], "OpenAI needs a key: set OPENAI_API_KEY"),
        (["--base-url", "http://127.0.0.1:1"], "--base-url needs --extractor or --embedder"),
        (["--extractor", "openai:m", "--base-url", "x"], "base_url is no http or https URL"),
    ],
)
def test_the_command_refuses_other_models(
    arguments: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It exits with a line that says what to give."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert 2 == exited.value.code
    assert text in capsys.readouterr().err
