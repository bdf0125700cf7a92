"""The caller's session, profile and environment are used, and the session is not modified."""

from __future__ import annotations

import copy
import re
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.config import Config

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.client import collect, private_session
from agentcore_memory_async.errors import InvalidInputError, TransportError
from tests.transport.stack import aioboto3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIST = ("ListActors", {"memoryId": "m"})


def make_aiobotocore(**given: Any) -> Any:
    """Return an aiobotocore session for the arguments of aioboto3's."""
    session = AioSession(profile=given.get("profile_name"))
    if "region_name" in given:
        session.set_config_variable("region", given["region_name"])
    if "aws_access_key_id" in given:
        session.set_credentials(given["aws_access_key_id"], given["aws_secret_access_key"])
    return session


KINDS: dict[str, Callable[..., Any]] = {"aiobotocore": make_aiobotocore}
if aioboto3 is not None:
    KINDS["aioboto3"] = aioboto3.Session


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return the constructor of each installed kind of session."""
    return KINDS[request.param]


@pytest.fixture
def profiles(clean_machine: Path) -> Path:
    """Write a config file with profiles."""
    path = clean_machine / "config"
    path.write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile other]\nregion = eu-central-1\nservices = mine\n"
        "aws_access_key_id = PROFILEKEY\naws_secret_access_key = x\n"
        "[profile bare]\n"
        "[services mine]\nbedrock_agentcore =\n  endpoint_url = http://127.0.0.1:9/from-services\n"
    )
    return path


REGIONS: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    ({"region_name": "ap-south-1", "session_region": "sa-east-1"}, {}, "ap-south-1", "argument"),
    ({"config_region": "ap-south-1", "session_region": "sa-east-1"}, {}, "ap-south-1", "argument"),
    ({"session_region": "sa-east-1"}, {"AWS_REGION": "us-east-2"}, "sa-east-1", "session"),
    (
        {},
        {"AWS_REGION": "us-east-2", "AWS_DEFAULT_REGION": "us-west-1"},
        "us-east-2",
        "environment",
    ),
    ({}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-1"}, "us-west-1", "environment"),
    ({"profile": "other"}, {"AWS_DEFAULT_REGION": "us-west-1"}, "us-west-1", "environment"),
    ({}, {}, "eu-west-1", "profile"),
    ({"profile": "other"}, {}, "eu-central-1", "profile"),
    ({}, {"AWS_PROFILE": "other"}, "eu-central-1", "profile"),
    ({"profile": "bare"}, {}, "us-west-2", "default"),
]


@pytest.mark.parametrize(("given", "environment", "region", "source"), REGIONS)
async def test_region(
    make: Callable[..., Any],
    profiles: Path,
    service: Any,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, Any],
    environment: dict[str, str],
    region: str,
    source: str,
) -> None:
    """The region comes from the first source that has one, and requests are signed for it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    options = {}
    if "session_region" in given:
        options["region_name"] = given["session_region"]
    if "profile" in given:
        options["profile_name"] = given["profile"]
        options["aws_access_key_id"] = options["aws_secret_access_key"] = "x"
    transport = BotocoreTransport(
        region_name=given.get("region_name"),
        aws_session=make(**options),
        endpoint_url=service.url,
        config=Config(region_name=given["config_region"]) if "config_region" in given else None,
    )
    async with transport:
        await transport(*LIST)
        assert (region, source) == (transport.region, transport.region_source)
        assert f"{region} ({source})" in repr(transport)
    assert region == service.requests[0].region


async def test_region_of_the_default_config(service: Any) -> None:
    """The region of the session's default client config counts as the session's."""
    session = AioSession()
    session.set_default_client_config(AioConfig(region_name="sa-east-1"))
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        assert ("sa-east-1", "session") == (transport.region, transport.region_source)


@pytest.mark.parametrize("region", ["us west", "eu/west", "-"])
async def test_bad_region(region: str) -> None:
    """An invalid region is refused."""
    with pytest.raises(InvalidInputError, match="region"):
        await BotocoreTransport(region_name=region).open()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-west-2", "bedrock-agentcore.us-west-2.amazonaws.com"),
        ("eu-central-1", "bedrock-agentcore.eu-central-1.amazonaws.com"),
        ("cn-north-1", "bedrock-agentcore.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "bedrock-agentcore.us-gov-west-1.amazonaws.com"),
    ],
)
async def test_real_endpoints(region: str, host: str) -> None:
    """The service's own endpoint is the default, in every partition."""
    async with BotocoreTransport(region_name=region) as transport:
        assert f"https://{host}" == transport.endpoint_url


async def test_endpoint_variable(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """``AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`` sets the endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", service.url)
    async with BotocoreTransport() as transport:
        await transport(*LIST)
        assert service.url == transport.endpoint_url
    assert 1 == len(service.requests)


async def test_services_section(make: Callable[..., Any], profiles: Path) -> None:
    """The profile's ``[services]`` section sets the endpoint."""
    session = make(profile_name="other")
    async with BotocoreTransport(aws_session=session) as transport:
        assert "http://127.0.0.1:9/from-services" == transport.endpoint_url


async def test_endpoint_argument_comes_first(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument for the endpoint overrides the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "http://127.0.0.1:9")
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        await transport(*LIST)
    assert 1 == len(service.requests)


@pytest.mark.parametrize("url", ["localhost:8000", "http://", "nonsense"])
async def test_bad_endpoint(url: str) -> None:
    """An invalid endpoint is refused, and the transport can be opened again."""
    transport = BotocoreTransport(endpoint_url=url)
    for _ in range(2):
        with pytest.raises(InvalidInputError, match="endpoint"):
            await transport.open()


async def test_a_password_in_the_endpoint_is_not_shown(
    service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """User name and password of an endpoint are used and never shown."""
    caplog.set_level("DEBUG", logger="agentcore_memory_async")
    url = service.url.replace("//", "//user:PW@CANARY@")
    config = Config(signature_version=UNSIGNED)
    transport = BotocoreTransport(endpoint_url=url, config=config)
    shown = [repr(transport), transport.endpoint_url]
    async with transport:
        await transport(*LIST)
        shown += [repr(transport), transport.endpoint_url, caplog.text]
    assert "CANARY" not in "".join(shown)
    assert service.url == transport.endpoint_url
    assert service.requests[0].headers["Authorization"].startswith("Basic ")
    with pytest.raises(InvalidInputError) as caught:
        await BotocoreTransport(endpoint_url="http://user:CANARY@").open()
    assert "CANARY" not in str(caught.value)
    async with BotocoreTransport(endpoint_url="http://u:CANARY@127.0.0.1:9", config=config) as down:
        with pytest.raises(TransportError, match=r"to 127\.0\.0\.1:9") as lost:
            await down(*LIST)
    assert "CANARY" not in "".join(traceback.format_exception(lost.value))


@pytest.mark.parametrize("origin", ["argument", "environment"])
async def test_a_signed_request_carries_no_user_name(
    service: Any, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    """An endpoint with a user name is refused where requests are signed: none would be accepted."""
    url = service.url.replace("//", "//user:CANARY@")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", url)
    given = {"endpoint_url": url} if origin == "argument" else {}
    with pytest.raises(InvalidInputError, match="remove 'user:password@'") as caught:
        await BotocoreTransport(**given).open()
    assert "CANARY" not in str(caught.value)
    assert [] == service.requests


async def test_missing_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing profile is named."""
    monkeypatch.setenv("AWS_PROFILE", "gone")
    with pytest.raises(InvalidInputError, match="gone"):
        await BotocoreTransport().open()


async def test_credentials_of_the_session(make: Callable[..., Any], service: Any) -> None:
    """Requests are signed with the session's credentials, not the environment's."""
    session = make(aws_access_key_id="SESSIONKEY", aws_secret_access_key="x")
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport(*LIST)
    assert "SESSIONKEY" == service.requests[0].key_id


async def test_credentials_of_the_profile(
    make: Callable[..., Any], profiles: Path, service: Any
) -> None:
    """Requests of a session with a profile are signed with its credentials."""
    session = make(profile_name="other")
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport(*LIST)
    assert "PROFILEKEY" == service.requests[0].key_id


async def test_unsigned(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsigned client needs no credentials."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    config = Config(signature_version=UNSIGNED)
    async with BotocoreTransport(endpoint_url=service.url, config=config) as transport:
        await transport(*LIST)
    assert "Authorization" not in service.requests[0].headers


def core(session: Any) -> Any:
    """Return the aiobotocore session of either kind."""
    return getattr(session, "_session", session)


async def test_hooks_of_the_session(make: Callable[..., Any], service: Any) -> None:
    """Hooks on the session's events see every call and can modify it."""
    session = make()
    seen: list[str] = []

    def record(event_name: str, **_: Any) -> None:
        seen.append(event_name)

    def add(request: Any, **_: Any) -> None:
        request.headers["traceparent"] = "00-1-2-01"

    for name in ("before-parameter-build", "before-call", "before-send", "before-parse"):
        core(session).register(f"{name}.bedrock-agentcore.ListActors", record)
    core(session).register("response-received.bedrock-agentcore", record)
    core(session).register("after-call.bedrock-agentcore", record)
    core(session).register("before-sign.bedrock-agentcore", add)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport(*LIST)
    assert [
        "before-parameter-build.bedrock-agentcore.ListActors",
        "before-call.bedrock-agentcore.ListActors",
        "before-send.bedrock-agentcore.ListActors",
        "before-parse.bedrock-agentcore.ListActors",
        "response-received.bedrock-agentcore.ListActors",
        "after-call.bedrock-agentcore.ListActors",
    ] == seen
    assert "00-1-2-01" == service.requests[0].headers["traceparent"]


async def test_every_hook_is_there_once() -> None:
    """The private session has those of the caller's, botocore's own among them."""
    session = AioSession()
    session.register("choose-service-name", lambda **_: "x")
    private = private_session(session, "bedrock-agentcore")
    called = [
        await each.get_component("event_emitter").emit("choose-service-name", service_name="x")
        for each in (session, private)
    ]
    assert [2, 2] == list(map(len, called))


def state(session: Any) -> tuple[Any, ...]:
    """Return the parts of a session, for comparison."""
    session = core(session)
    emitter = session.get_component("event_emitter")
    handlers = repr(sorted(map(repr, copy.copy(emitter)._emitter._handlers._root["children"])))
    config = session.get_default_client_config()
    return (
        id(emitter),
        handlers,
        count(emitter._emitter._handlers._root),
        id(session.get_component("data_loader")),
        id(session.get_component("config_store")),
        id(session.get_component("credential_provider")),
        tuple(session.get_component("data_loader").search_paths),
        config and dict(vars(config)),
        session.instance_variables(),
        (session.user_agent_name, session.user_agent_version, session.user_agent_extra),
    )


def count(node: Any) -> int:
    """Return the number of handlers below *node* of an emitter."""
    values = node.get("values")
    own = sum(len(part) for part in values) if values else 0
    return own + sum(count(child) for child in node["children"].values())


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
async def test_the_session_stays_as_it_was(
    make: Callable[..., Any], service: Any, used: bool
) -> None:
    """The caller's session keeps its emitter, components and config."""
    session = make(region_name="eu-west-1")
    core(session).set_default_client_config(AioConfig(read_timeout=33, retries={"max_attempts": 2}))
    if used:
        maker = session.client if hasattr(session, "client") else session.create_client
        async with maker("sts", endpoint_url=service.url) as client:
            assert "sts" == client.meta.service_model.service_name
    before = state(session)
    for _ in range(3):
        async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
            await transport(*LIST)
    assert before == state(session)


@pytest.mark.parametrize("session", [object(), "session", 5])
async def test_no_session(session: Any) -> None:
    """An object that is no asynchronous session is refused with the accepted kinds."""
    with pytest.raises(InvalidInputError, match="AioSession"):
        await BotocoreTransport(aws_session=session).open()


async def test_synchronous_session() -> None:
    """A session of botocore, which is synchronous, is refused."""
    import botocore.session

    with pytest.raises(InvalidInputError, match=r"not botocore\.Session"):
        await BotocoreTransport(aws_session=botocore.session.Session()).open()


async def test_no_config() -> None:
    """A config that is not a botocore ``Config`` is refused."""
    with pytest.raises(InvalidInputError, match="not dict"):
        await BotocoreTransport(config={"read_timeout": 3}).open()


def test_collect() -> None:
    """The options of a config that differ from the defaults are collected."""
    assert {} == collect(None) == collect(Config()) == collect(AioConfig())
    config = AioConfig(read_timeout=3, connector_args={"ttl_dns_cache": 9}, proxies={"http": "x"})
    assert {
        "read_timeout": 3,
        "connector_args": {"ttl_dns_cache": 9, "keepalive_timeout": 12},
        "proxies": {"http": "x"},
    } == collect(config)
    assert {"inject_host_prefix": False} == collect(Config(inject_host_prefix=False))


async def test_the_config_that_is_used(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The client makes one attempt, has a pool of the right size, and prefers the
    caller's options.
    """
    made: list[AioConfig] = []
    session = AioSession()
    session.set_default_client_config(AioConfig(read_timeout=33, connect_timeout=4))

    def record(**kwargs: Any) -> None:
        made.append(kwargs["context"]["client_config"])

    session.register("before-call.bedrock-agentcore", record)
    config = Config(connect_timeout=5, retries={"mode": "adaptive", "max_attempts": 9})
    for given, pool, expected in ((config, 50, 50), (Config(max_pool_connections=80), 50, 80)):
        transport = BotocoreTransport(
            aws_session=session, config=given, endpoint_url=service.url, max_concurrency=pool
        )
        async with transport:
            await transport(*LIST)
        assert expected == made[-1].max_pool_connections
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        await transport(*LIST)
    assert 50 == made[-1].max_pool_connections
    assert (33, 5) == (made[0].read_timeout, made[0].connect_timeout)
    assert {"mode": "standard", "total_max_attempts": 1} == made[0].retries
    assert "agentcore-memory-async/" in service.requests[0].headers["User-Agent"]


@pytest.mark.parametrize("given", ["my app", "a/b", "é", "a\nb"])
async def test_an_application_id_is_sent_in_the_characters_that_are_allowed(
    service: Any, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """All others become a dash, as botocore has it; none fails a call."""
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", given)
    async with BotocoreTransport(endpoint_url=service.url) as transport:
        await transport(*LIST)
    allowed = re.sub(r"[^a-z]", "-", given)
    assert f"app/{allowed}" in service.requests[0].headers["User-Agent"].split()


async def test_a_user_agent_of_the_caller_has_the_addition_of_the_session(service: Any) -> None:
    """It takes the place of the session's name and version alone, as botocore has it."""
    session = AioSession()
    session.user_agent_extra = "lib/session"
    config = Config(user_agent="mine/1", user_agent_extra="lib/config")
    async with BotocoreTransport(
        aws_session=session, config=config, endpoint_url=service.url
    ) as transport:
        await transport(*LIST)
    user_agent = service.requests[0].headers["User-Agent"]
    assert user_agent.startswith("mine/1 lib/session lib/config agentcore-memory-async/")
