"""Endpoints come from the shipped rules: in every partition and region, plain, dual-stack, FIPS."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path
from typing import Any

import botocore
import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import AioSession
from botocore.config import Config
from botocore.endpoint_provider import EndpointProvider

from agentcore_memory_async import InvalidInputError
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire import service_model
from agentcore_memory_async._wire.service_model import CONTROL, SERVICE, path_of

LIST = ("ListActors", {"memoryId": "m-0123456789"})
MEMORIES: tuple[str, dict[str, str]] = ("ListMemories", {})
PARTITIONS = service_model.read("partitions")["partitions"]
REGIONS = [
    region
    for partition in PARTITIONS
    for region in partition["regions"]
    if not region.endswith("-global")
]
VARIANTS = {"plain": (False, False), "fips": (True, False), "dualstack": (False, True)}
VARIANTS["both"] = (True, True)
UNLISTED = {
    "us-west-9": "bedrock-agentcore{}.us-west-9.",
    "cn-north-9": "bedrock-agentcore{}.cn-north-9.",
    "us-gov-east-9": "bedrock-agentcore{}.us-gov-east-9.",
}
"""Regions of no partition's list, which only its pattern knows."""


def by_the_rules(region: str, fips: bool, dual: bool, service: str = SERVICE) -> str:
    """Return the endpoint that botocore's evaluation of the shipped rules gives."""
    provider = EndpointProvider(
        service_model.read("endpoint-rule-set-1", service), service_model.read("partitions")
    )
    found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
    return str(found.url)


class Body:
    """The raw response that botocore reads."""

    def __init__(self) -> None:
        self.raw_headers = ()

    async def read(self) -> bytes:
        """Return the body."""
        return b'{"actorSummaries": [], "memories": []}'


def listening(sent: list[str]) -> AioSession:
    """Return a session whose requests are answered before they are sent, and noted in *sent*."""
    session = AioSession()

    def answer(request: Any, **_: object) -> Any:
        sent.append(request.url.partition("/memories")[0])
        return AioAWSResponse(request.url, 200, {}, Body())

    for service in (SERVICE, CONTROL):
        session.register(f"before-send.{service}", answer)
    return session


async def reached(region: str | None = None, *, service: str = SERVICE, **options: Any) -> str:
    """Return the endpoint that a call reaches, which is the one that the transport shows."""
    sent: list[str] = []
    session, config = listening(sent), Config(**options)
    async with BotocoreTransport(
        region_name=region, aws_session=session, config=config, service=service
    ) as transport:
        await transport(*(LIST if service == SERVICE else MEMORIES))
        assert [transport.endpoint_url] == sent
    return sent[0]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("region", [*REGIONS, *UNLISTED])
async def test_every_endpoint_is_that_of_the_rules(region: str, variant: str) -> None:
    """Requests go where the shipped rules say, whatever the partition and the variant."""
    fips, dual = VARIANTS[variant]
    given: dict[str, Any] = {"use_fips_endpoint": fips, "use_dualstack_endpoint": dual}

    assert by_the_rules(region, fips, dual) == await reached(region, **given)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("region", ["us-west-2", "eu-central-1", "cn-north-1", "us-gov-west-1"])
async def test_every_endpoint_of_the_control_plane_is_that_of_its_rules(
    region: str, variant: str
) -> None:
    """The control plane has endpoints of its own, in each partition and variant."""
    fips, dual = VARIANTS[variant]
    given: dict[str, Any] = {"use_fips_endpoint": fips, "use_dualstack_endpoint": dual}
    found = await reached(region, service=CONTROL, **given)

    assert by_the_rules(region, fips, dual, CONTROL) == found
    assert f"bedrock-agentcore-control{'-fips' if fips else ''}.{region}." in found


@pytest.mark.parametrize(
    ("region", "variant", "host"),
    [
        ("us-west-2", "plain", "bedrock-agentcore.us-west-2.amazonaws.com"),
        ("us-west-2", "fips", "bedrock-agentcore-fips.us-west-2.amazonaws.com"),
        ("us-west-2", "dualstack", "bedrock-agentcore.us-west-2.api.aws"),
        ("us-west-2", "both", "bedrock-agentcore-fips.us-west-2.api.aws"),
        ("cn-north-1", "dualstack", "bedrock-agentcore.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", "fips", "bedrock-agentcore-fips.us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", "plain", "bedrock-agentcore.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "dualstack", "bedrock-agentcore.us-iso-east-1.api.aws.ic.gov"),
        ("us-isob-east-1", "fips", "bedrock-agentcore-fips.us-isob-east-1.sc2s.sgov.gov"),
    ],
)
async def test_known_endpoints(region: str, variant: str, host: str) -> None:
    """The rules give the hosts that AWS documents."""
    fips, dual = VARIANTS[variant]
    found = await reached(region, use_fips_endpoint=fips, use_dualstack_endpoint=dual)

    assert f"https://{host}" == found


@pytest.mark.parametrize("dual", [False, True])
@pytest.mark.parametrize("region", ["fips-us-west-2", "us-gov-west-1-fips"])
async def test_a_region_may_ask_for_fips(region: str, dual: bool) -> None:
    """The older names that botocore takes as regions are the FIPS variant of a region."""
    found = await reached(region, use_dualstack_endpoint=dual)

    assert by_the_rules(region.replace("fips-", "").replace("-fips", ""), True, dual) == found


def test_the_rules_are_those_of_botocore() -> None:
    """The botocore that is installed computes the same, in all variants if it is the source."""
    data = Path(botocore.__file__).parent / "data"
    source = json.loads(resources.files(service_model).joinpath("data/source.json").read_text())
    partitions = json.loads((data / "partitions.json").read_text())
    is_source = botocore.__version__ == source["botocore"]
    for service in (SERVICE, CONTROL):
        path = data / f"{path_of('endpoint-rule-set-1', service)}.json.gz"
        provider = EndpointProvider(json.loads(gzip.decompress(path.read_bytes())), partitions)
        for region in REGIONS:
            for fips, dual in VARIANTS.values() if is_source else [VARIANTS["plain"]]:
                found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
                assert by_the_rules(region, fips, dual, service) == found.url


ORIGINS = ("config", "environment", "profile", "default config of the session")


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("variant", VARIANTS)
async def test_the_variant_comes_from_wherever_botocore_reads_it(
    clean_machine: Path, monkeypatch: pytest.MonkeyPatch, origin: str, variant: str
) -> None:
    """A config, the environment and a profile ask for FIPS and dual-stack endpoints."""
    flags = dict(
        zip(("use_fips_endpoint", "use_dualstack_endpoint"), VARIANTS[variant], strict=True)
    )
    sent: list[str] = []
    session = listening(sent)
    config = None
    if origin == "config":
        config = Config(**flags)
    elif origin == "environment":
        for name, value in flags.items():
            monkeypatch.setenv(f"AWS_{name.upper()}", str(value).lower())
    elif origin == "profile":
        lines = "".join(f"{name} = {str(value).lower()}\n" for name, value in flags.items())
        (clean_machine / "config").write_text(f"[default]\n{lines}")
    else:
        session.set_default_client_config(Config(**flags))
    async with BotocoreTransport(
        region_name="eu-west-1", aws_session=session, config=config
    ) as transport:
        await transport(*LIST)

    assert [by_the_rules("eu-west-1", *VARIANTS[variant])] == sent


async def test_a_config_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A config that says no is not overridden."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")

    assert "fips" in await reached("eu-west-1")
    assert "fips" not in await reached("eu-west-1", use_fips_endpoint=False)


async def test_an_endpoint_of_the_caller_is_used_as_it_is(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variant of the environment does not change an endpoint that was given."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        await transport(*LIST)

    assert 1 == len(service.requests)


async def test_a_variant_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition without dual-stack is said when the client is opened."""
    partitions = service_model.read("partitions")
    partitions["partitions"][0]["outputs"]["supportsDualStack"] = False
    read_text = service_model.read_text

    def changed(name: str, service: str = service_model.SERVICE) -> str:
        return json.dumps(partitions) if name == "partitions" else read_text(name, service)

    monkeypatch.setattr(service_model, "read_text", changed)
    with pytest.raises(InvalidInputError, match="DualStack"):
        await BotocoreTransport(
            region_name="eu-west-1", config=Config(use_dualstack_endpoint=True)
        ).open()
