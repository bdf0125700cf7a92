"""
The client of a service, on a private session that takes its settings from the caller's session.

The service keeps the name that botocore knows it by, such as ``bedrock-agentcore``: botocore
derives ``AWS_ENDPOINT_URL_BEDROCK_AGENTCORE`` and the profile's ``[services]`` section from it.

Three private members are used, since there is no public way: ``_session`` of an
``aioboto3.Session``; ``_resolve_region_name`` of the caller's session, by which botocore's clients
tell the providers of credentials their region (importing this module fails where it does not
exist); and the client's ``_ruleset_resolver``, which says where requests go, once for all of them.
"""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import copy
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.parsers import AioResponseParserFactory
from aiobotocore.session import AioSession
from attrs import define, frozen
from botocore import UNSIGNED
from botocore.config import Config
from botocore.handlers import (
    BUILTIN_HANDLERS,
    add_recursion_detection_header,
    generate_idempotent_uuid,
)
from botocore.useragent import sanitize_user_agent_string_component

from agentcore_memory_async._service_errors import is_token_expired
from agentcore_memory_async._threads import run_in_thread
from agentcore_memory_async._transport import credentials
from agentcore_memory_async._transport.capture import HOOKS, ResponseCapture, take_members
from agentcore_memory_async._transport.errors import failure
from agentcore_memory_async._transport.http_session import session_class
from agentcore_memory_async._transport.loader import ShippedLoader
from agentcore_memory_async._transport.settings import named_settings
from agentcore_memory_async._transport.signing import choose_signer
from agentcore_memory_async._version import __version__
from agentcore_memory_async.errors import InvalidInputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


DEFAULT_REGION = "us-west-2"
"""Region where neither the caller nor the environment nor a profile names one."""
_USER_IN_URL = (
    "the endpoint's URL has a user name or password, which takes the place of the signature, so no "
    "request would be accepted; remove 'user:password@' from it, or, if only a gateway checks "
    "them, give config=Config(signature_version=botocore.UNSIGNED)"
)
"""Text for an endpoint with a user name: aiohttp makes Basic authorization of it."""
_NEEDED = (add_recursion_detection_header, generate_idempotent_uuid)
"""Handlers of botocore's own that calls of any service need."""
_UNSET: Any = object()
"""Sentinel for an option that a config does not have."""

AioSession._resolve_region_name  # noqa: B018, SLF001 - the module's docstring says it


class MergeableConfig(AioConfig):  # type: ignore[misc]  # aiobotocore carries no types
    """
    A config that keeps its class of http sessions when botocore merges another into it.

    botocore does so for regions such as ``fips-us-west-2``; aiobotocore 2.25 loses it there.
    """

    def merge(self, other_config: Any) -> Any:
        """Return both as one, *other_config* first."""
        merged = super().merge(other_config)
        merged.http_session_cls = self.http_session_cls
        return merged


@frozen
class Settings:
    """The arguments of `BotocoreTransport`, as they were given."""

    service: str
    region_name: str | None
    aws_session: object | None
    endpoint_url: str | None
    config: object | None
    max_concurrency: int


@define
class Connection:
    """
    An open client.

    Attributes:
        methods: Its methods, by the wire names of their operations.
        outside_body: Members of requests that go into path, query or headers, by operation.
        region: Region in use.
        region_source: Where the region came from.
        endpoint_url: Where requests go.
        stack: Closes the client.
        http_session: Its http session, which is closed too where the stack could not.
        credentials: Credentials that it signs with; None where it does not sign.
        resendable: Operations that aiohttp itself may send again.
        answered: Whether any answer came, so that a kept connection may be gone.
        closing: Whether closing has begun.
    """

    methods: Mapping[str, Callable[..., Any]]
    outside_body: Mapping[str, frozenset[str]]
    region: str
    region_source: str
    endpoint_url: str
    stack: AsyncExitStack
    http_session: Any
    credentials: credentials.GuardedCredentials | None
    resendable: frozenset[str]
    answered: bool = False
    closing: bool = False

    def failure(self, error: Exception, capture: ResponseCapture) -> Exception | None:
        """Return what to raise for *error*, as `errors.failure` does."""
        resent = self.answered and capture.operation in self.resendable
        made = failure(error, capture, maybe_resent=resent)
        if self.credentials and isinstance(made, ServiceError) and is_token_expired(made):
            self.credentials.reject(capture.signed_with)
        return made

    async def aclose(self) -> None:
        """Close the client and its connections; again, what is left if that was cut short."""
        if self.closing:  # the stack has let go of all that it held
            await self.http_session.close()
            return
        self.closing = True
        try:
            await self.stack.aclose()
        except BaseException:  # a shield does not hold off Task.cancel()
            await self.http_session.close()
            raise


class KeptParsers(AioResponseParserFactory):  # type: ignore[misc]  # aiobotocore carries no types
    """Parsers that are kept: each is a reference cycle, which only the collector takes apart."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, Any] = {}

    def create_parser(self, protocol_name: str) -> Any:
        """Return the parser of a protocol; it has no state."""
        if protocol_name not in self._kept:
            self._kept[protocol_name] = super().create_parser(protocol_name)
        return self._kept[protocol_name]


class StaticCredentialProvider:
    """A credential provider whose credentials are loaded already."""

    def __init__(self, credentials: object | None) -> None:
        self._credentials = credentials

    async def load_credentials(self) -> object | None:
        """Return them, as botocore's resolver of the same method does."""
        return self._credentials


@define
class ClientPlan:
    """
    What a thread has prepared for opening the client.

    Attributes:
        caller: The caller's aiobotocore session.
        private: Private session that the client is made on.
        options: Options of the client's config.
        region: Region to use.
        region_source: Where the region came from.
        opened: Http sessions that the client has made of our class.
    """

    caller: Any
    private: Any
    options: dict[str, Any]
    region: str
    region_source: str
    opened: list[Any]


def core_session(session: Any) -> Any:
    """Return the aiobotocore session of an aioboto3 one, or *session*; a new one for None."""
    if session is None:
        return AioSession()
    core = getattr(session, "_session", session)
    if isinstance(core, AioSession):
        return core
    kind = f"{type(session).__module__.partition('.')[0]}.{type(session).__qualname__}"
    text = f"aws_session must be an aioboto3.Session or an aiobotocore AioSession, not {kind}"
    raise InvalidInputError(text)


def find_region(given: str | None, session: Any, options: Mapping[str, Any]) -> tuple[str, str]:
    """Return the region and where it came from, in the order that `BotocoreTransport` documents."""
    if given:
        return given, "argument"
    if options.get("region_name"):
        return options["region_name"], "argument"
    default = session.get_default_client_config()
    if default is not None and default.region_name:
        return default.region_name, "session"
    if session.instance_variables().get("region"):
        return session.instance_variables()["region"], "session"
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if os.environ.get(name):
            return os.environ[name], "environment"
    if session.get_scoped_config().get("region"):
        return session.get_scoped_config()["region"], "profile"
    if session.get_config_variable("region"):
        return session.get_config_variable("region"), "session"
    return DEFAULT_REGION, "default"


def collect(config: Any) -> dict[str, Any]:
    """Return the options of *config* that differ from the defaults, with aiobotocore's own."""
    if config is None:
        return {}
    if not isinstance(config, Config):
        raise InvalidInputError(f"config must be a botocore Config, not {type(config).__name__}")
    blank = AioConfig()
    names = (*Config.OPTION_DEFAULTS, "connector_args", "http_session_cls")
    values = {name: getattr(config, name, _UNSET) for name in names}
    return {
        name: value
        for name, value in values.items()
        if value is not _UNSET and value != getattr(blank, name)
    }


def prepare(settings: Settings) -> ClientPlan:
    """Do the part of creating a client that blocks; call this in a thread."""
    caller = core_session(settings.aws_session)
    with named_settings(caller):
        return _plan(settings, caller)


def _plan(settings: Settings, caller: Any) -> ClientPlan:
    given = collect(settings.config)
    options = {**collect(caller.get_default_client_config()), **given}
    region, source = find_region(settings.region_name, caller, given)
    if "ssl_context" in options.get("connector_args", {}):
        text = "config: ssl_context is not supported; set AWS_CA_BUNDLE to a CA bundle instead"
        raise InvalidInputError(text)
    opened: list[Any] = []
    http_session = session_class(
        options.get("http_session_cls", AIOHTTPSession),
        opened,
        has_tls=not (settings.endpoint_url or "").startswith("http://"),
    )
    pool = options.get("max_pool_connections", Config.OPTION_DEFAULTS["max_pool_connections"])
    private = private_session(caller, settings.service)
    extra = (options.get("user_agent_extra"), f"agentcore-memory-async/{__version__}")
    if "user_agent" not in options:
        # Without one, botocore makes it anew for each request, which is a tenth of a call.
        options["user_agent"] = _user_agent(caller, options)
        private.user_agent_extra = ""  # which it has
    options.update(
        max_pool_connections=max(pool, settings.max_concurrency),
        parameter_validation=False,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra=" ".join(part for part in extra if part),
        http_session_cls=http_session,
    )
    # Roles are asked for in this region where it is known before their provider is made.
    caller._resolve_region_name(region, None)  # noqa: SLF001 - the module's docstring says it
    if options.get("signature_version") is not UNSIGNED:
        caller.get_component("credential_provider")  # made lazily, which takes a while
    return ClientPlan(caller, private, options, region, source, opened)


def _user_agent(caller: Any, options: Mapping[str, Any]) -> str:
    """Return the user agent of the caller's session, with the application id of its settings."""
    app_id = options.get("user_agent_appid") or caller.get_config_variable("user_agent_appid")
    user_agent: str = caller.user_agent()
    if not app_id:
        return user_agent
    allowed = sanitize_user_agent_string_component(app_id, allow_hash=False)
    return f"{user_agent} app/{allowed}"


def private_session(caller: Any, service: str) -> Any:
    """Make a session with the caller's hooks and configuration, and this package's models."""
    # A copy of the emitter: what is registered here is not registered there.
    emitter = copy.copy(caller.get_component("event_emitter"))
    session = AioSession(event_hooks=emitter, include_builtin_handlers=False)
    # The session wraps it once more, which each event would pass through.
    session.register_component("event_emitter", emitter)
    session.register_component("response_parser_factory", KeptParsers())
    session.user_agent_extra = caller.user_agent_extra
    loader = ShippedLoader(service)
    loader.warm_up()
    session.register_component("data_loader", loader)
    session.register_component("config_store", caller.get_component("config_store"))
    session.get_scoped_config()  # reads the files
    return session


def _outside_body(operation: Any) -> frozenset[str]:
    """Return the members that go into the path, the query or the headers of a request."""
    members = operation.input_shape.members if operation.input_shape else {}
    return frozenset(name for name, shape in members.items() if "location" in shape.serialization)


async def connect(settings: Settings) -> Connection:
    """
    Open the client, off the event loop as far as it blocks.

    Raises:
        AccessDeniedError: No usable credentials.
        InvalidInputError: A setting is unusable.
    """
    plan = await run_in_thread(prepare, settings)
    with named_settings(plan.caller):
        loaded = None
        if plan.options.get("signature_version") is not UNSIGNED:
            loaded = await credentials.load(plan.caller)
        plan.private.register_component("credential_provider", StaticCredentialProvider(loaded))
        return await _open(plan, settings, loaded)
    raise AssertionError  # pragma: no cover - the block returns or raises


async def _open(
    plan: ClientPlan, settings: Settings, loaded: credentials.GuardedCredentials | None
) -> Connection:
    is_signed = plan.options.get("signature_version") is not UNSIGNED
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            plan.private.create_client(
                settings.service,
                region_name=plan.region,
                endpoint_url=settings.endpoint_url,
                config=MergeableConfig(**plan.options),
            )
        )
        if len(plan.opened) != 1:
            text = "aiobotocore did not take this package's http session: certificates unchecked"
            raise RuntimeError(text)
        model = client.meta.service_model
        endpoint_url = await _fix_endpoint(client)
        if is_signed and "@" in urlsplit(endpoint_url).netloc:
            raise InvalidInputError(_USER_IN_URL)
        _register_hooks(client.meta.events, settings.service)
        names: dict[str, str] = client.meta.method_to_api_mapping
        methods = {wire: getattr(client, name) for name, wire in names.items()}
        return Connection(
            methods=methods,
            outside_body={wire: _outside_body(model.operation_model(wire)) for wire in methods},
            region=client.meta.region_name,
            region_source=plan.region_source,
            endpoint_url=endpoint_url,
            # aiohttp itself sends these again when a kept connection turns out to be gone.
            resendable=frozenset(
                wire for wire in methods if model.operation_model(wire).http["method"] != "POST"
            ),
            http_session=plan.opened[0],
            credentials=loaded,
            stack=stack.pop_all(),
        )
    raise AssertionError  # pragma: no cover - the stack swallows no error


def _register_hooks(events: Any, service: str) -> None:
    """
    Let the hooks of `capture` be called, and none of botocore's that this service has no use for.

    Retries are this package's own. Those of the caller and of what instruments botocore stay.
    """
    for event, hook in HOOKS.items():
        events.register_first(f"{event}.{service}", hook)
    # Without the name of a service: what is named more exactly would be called earlier.
    events.register_last("before-parameter-build", take_members)
    events.register_last("choose-signer", choose_signer)
    events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
    for event, handler, *_ in BUILTIN_HANDLERS:
        if "." not in event and handler not in _NEEDED:
            events.unregister(event, handler)


async def _fix_endpoint(client: Any) -> str:
    """
    Return where requests go, by the shipped rules, which need not be asked again for each of them.

    No rule depends on the request. ``client.meta`` has only what the older way gives.

    Raises:
        EndpointResolutionError: There is none with the variant that was asked for.
    """
    model = client.meta.service_model
    operation = model.operation_model(model.operation_names[0])
    found = await client._ruleset_resolver.construct_endpoint(operation, {}, {})  # noqa: SLF001 - the module's docstring says it
    client._ruleset_resolver = _FixedEndpoint(found)  # noqa: SLF001 - the module's docstring says it
    return str(found.url)


class _FixedEndpoint:
    """What botocore asks for the endpoint of each request, with one answer."""

    def __init__(self, found: Any) -> None:
        self._found = found

    async def construct_endpoint(self, **_: object) -> Any:
        return self._found
