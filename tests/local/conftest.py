"""Fixtures: a local service, a client of it, and a server of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession

from agentcore_memory_async.local import BedrockExtractor, OpenAIExtractor
from tests.local.local_client import Client, serving
from tests.local.model_server import KEY, ModelServer, model_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from agentcore_memory_async.local._models.extractor import ModelExtractor


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Return a client of a service with the default settings."""
    async with serving() as made:
        yield made


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Return the context manager that runs a service with other settings."""
    made: Callable[..., Any] = serving
    return made


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModelServer]:
    """Run a server of models; the environment has credentials for Bedrock."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    async with model_server() as made:
        yield made


@pytest.fixture(scope="module")
def aws_session() -> AioSession:
    """Return a session for all tests: each new one reads the service's model again."""
    return AioSession()


@pytest.fixture(params=["openai", "bedrock"])
def extractor_of(
    request: pytest.FixtureRequest, aws_session: AioSession
) -> Callable[..., ModelExtractor]:
    """Return a function that makes an extractor which asks a server."""

    def openai(server: ModelServer, **options: Any) -> ModelExtractor:
        return OpenAIExtractor("tiny", base_url=f"{server.url}/v1", api_key=KEY, **options)

    def bedrock(server: ModelServer, **options: Any) -> ModelExtractor:
        return BedrockExtractor("tiny", endpoint_url=server.url, aws_session=aws_session, **options)

    return openai if request.param == "openai" else bedrock
