"""Whatever gives credentials is asked as plain aiobotocore asks it, wherever the region is from."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.session import AioSession
from botocore import UNSIGNED, credentials, tokens
from botocore.config import Config
from botocore.loaders import JSONFileLoader
from botocore.utils import ContainerMetadataFetcher

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.client import DEFAULT_REGION
from tests.transport.aws_network import Asked, AwsNetwork
from tests.transport.providers import (
    NO_METADATA,
    ORIGINS,
    PROVIDERS,
    REGION,
    Machine,
    Provider,
)
from tests.transport.stack import aioboto3

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path

_contexts: dict[str, ssl.SSLContext] = {}
"""TLS contexts of the hosts: making a certificate takes a while."""


@pytest.fixture
async def network(authority: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsNetwork]:
    """Yield the network that all hosts are in: they are trusted, and reached through a proxy."""

    def context(host: str) -> ssl.SSLContext:
        if host not in _contexts:
            _contexts[host] = authority.context(host)
        return _contexts[host]

    async with AwsNetwork(context) as network:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
        monkeypatch.setenv("HTTP_PROXY", f"http://{network.address}")
        monkeypatch.setenv("HTTPS_PROXY", f"http://{network.address}")
        # Containers are asked without the proxy.
        monkeypatch.setattr(ContainerMetadataFetcher, "IP_ADDRESS", network.address)
        yield network


_load_file = cache(JSONFileLoader().load_file)
"""Loads botocore's data once, which is half of the time of these tests."""


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all sessions share botocore's data."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda _, path: _load_file(path))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the credentials away, and keep the caches of tokens in the test's directory."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for cls in (credentials.SSOProvider, tokens.SSOTokenProvider):
        monkeypatch.setattr(cls, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / "sso"))


def prepared(provider: Provider, origin: str, root: Path, host: str) -> Machine:
    """Return the machine that *provider* and the *origin* of the region need."""
    machine = Machine(root, **provider.machine)
    environment = {**NO_METADATA, **machine.environment}
    if origin.startswith("AWS_"):
        environment[origin.partition(" ")[0]] = REGION
    if origin == "profile":
        machine.profile += f"\nregion = {REGION}"
    elif origin.endswith("before profile"):
        machine.profile += "\nregion = sa-east-1"
    machine.environment = {
        name: value.replace("{root}", str(root)).replace("{host}", host)
        for name, value in environment.items()
    }
    machine.write()
    return machine


def make_session(given: dict[str, str], region: str | None, kind: Any) -> Any:
    """Return a session of the *kind* with the arguments *given*."""
    if kind is not AioSession:
        return kind(**given, **({"region_name": region} if region else {}))
    session = AioSession(profile=given.get("profile_name"))
    if region:
        session.set_config_variable("region", region)
    if "aws_access_key_id" in given:
        session.set_credentials(given["aws_access_key_id"], given["aws_secret_access_key"])
    return session


async def plain(provider: Provider, origin: str) -> None:
    """Make a call with plain aiobotocore, which is told a region that it does not know."""
    told = origin.startswith(("argument", "AWS_REGION", "default"))
    region = DEFAULT_REGION if origin == "default" else REGION
    session = make_session(
        provider.session, REGION if origin == "aws_session" else None, AioSession
    )
    config = Config(
        region_name=REGION if origin == "config" else None,
        signature_version=UNSIGNED if provider.unsigned else None,
    )
    name = region if told else None
    async with session.create_client(
        "bedrock-agentcore", region_name=name, config=config
    ) as client:
        await client.list_actors(memoryId="mem-0123456789")


async def ours(provider: Provider, origin: str, kind: Any) -> None:
    """Make the same call through the transport."""
    region = REGION if origin == "aws_session" else None
    session = None
    if provider.session or region:
        session = make_session(provider.session, region, kind)
    config = Config(
        region_name=REGION if origin == "config" else None,
        signature_version=UNSIGNED if provider.unsigned else None,
    )
    async with BotocoreTransport(
        region_name=REGION if origin.startswith("argument") else None,
        aws_session=session,
        config=config,
    ) as transport:
        await transport("ListActors", {"memoryId": "mem-0123456789"})


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_the_same_is_asked_of_the_same_hosts(
    name: str,
    origin: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    network: AwsNetwork,
) -> None:
    """Each provider, with each origin of the region, asks what plain aiobotocore asks."""
    provider = PROVIDERS[name]
    kind = AioSession if aioboto3 is None else aioboto3.Session
    seen: list[list[Asked]] = []
    for call in (partial(plain, provider, origin), partial(ours, provider, origin, kind)):
        with monkeypatch.context() as patch:
            machine = prepared(provider, origin, tmp_path, network.address)
            for variable, value in machine.environment.items():
                patch.setenv(variable, value)
            await call()
        seen.append(network.seen)
        network.seen = []

    region = DEFAULT_REGION if origin == "default" else REGION
    hosts = [*provider.hosts, "bedrock-agentcore.{region}.amazonaws.com"]
    assert seen[0] == seen[1]
    assert [host.format(region=region, host=network.address) for host in hosts] == [
        asked.host for asked in seen[0]
    ]
    signed = dict(seen[1][-1].headers)["authorization"]
    assert f"{provider.key_id}/{region}/bedrock-agentcore" == signed or provider.unsigned
