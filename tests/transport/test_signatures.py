"""What was signed too early, too late or with an expired token is signed anew once."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import format_datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from aiobotocore.session import AioSession
from aiohttp import web
from botocore.exceptions import ClientError, EndpointConnectionError

from agentcore_memory_async import (
    AccessDeniedError,
    AsyncMemorySession,
    AsyncMemorySessionManager,
    RetryPolicy,
    ServiceError,
)
from agentcore_memory_async._transport.credentials import credentials_error
from tests.client.doubles import said
from tests.transport.aws_network import Asked, AwsNetwork, answer, role_answer
from tests.transport.test_credentials import Provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CLOCK = [
    ("RequestTimeTooSkewed", 403, "The difference between the request time and now is too large"),
    ("RequestExpired", 400, "Request has expired"),
    ("RequestInTheFuture", 403, "x"),
    ("InvalidSignatureException", 403, "Signature expired: 20261127T1000Z is now earlier than x"),
    ("SignatureDoesNotMatch", 403, "Signature not yet current: 20261127T1000Z is later than x"),
    ("SignatureDoesNotMatch", 400, "The clock skew is too large"),
    ("AccessDeniedException", 403, "Signature expired"),
]
TOKEN = [
    ("ExpiredTokenException", 403, "The security token included in the request is expired"),
    ("ExpiredToken", 400, "x"),
    ("UnrecognizedClientException", 403, "The security token in the request has expired"),
]
OTHER = [
    ("InvalidSignatureException", 403, "The request signature we calculated does not match"),
    ("AccessDeniedException", 403, "User: x is not authorized to perform: y"),
    ("UnrecognizedClientException", 403, "The security token included in the request is invalid"),
    ("ValidationException", 400, "The token has expired"),
]


@attrs.define
class StrictService:
    """
    A service that refuses requests by how they are signed.

    Attributes:
        url: Address.
        refusals: Code, status and message of the next answers; the last one stays where *always*.
        stays: Whether every request is refused.
        expired: Keys whose token has expired.
        offset_s: How far the service's clock is ahead.
        keys: Access key of each request.
        stored: Events by their client token.
    """

    url: str = ""
    refusals: list[tuple[str, int, str]] = attrs.field(factory=list)
    stays: bool = False
    expired: set[str] = attrs.field(factory=set)
    offset_s: float = 0.0
    keys: list[str] = attrs.field(factory=list)
    dates: list[str] = attrs.field(factory=list)
    stored: dict[str, Any] = attrs.field(factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        """Refuse or answer *request*."""
        body = await request.json()
        self.keys.append(request.headers["Authorization"].split("Credential=")[1].split("/")[0])
        self.dates.append(request.headers["X-Amz-Date"])
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.offset_s)
        headers = {"Date": format_datetime(now, usegmt=True)}
        refusal = TOKEN[0] if self.keys[-1] in self.expired else None
        if self.refusals:
            refusal = self.refusals[0] if self.stays else self.refusals.pop(0)
        if refusal:
            code, status, message = refusal
            headers["x-amzn-errortype"] = code
            return web.json_response({"message": message}, status=status, headers=headers)
        if "payload" not in body:
            return web.json_response({"events": []}, headers=headers)
        self.stored.setdefault(body["clientToken"], {**body, "eventId": "1#a"})
        return web.json_response({"event": self.stored[body["clientToken"]]}, headers=headers)


@pytest.fixture
async def strict() -> AsyncIterator[StrictService]:
    """Yield a started `StrictService`."""
    made = StrictService()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each signature be a second later than the one before."""
    seconds = count()
    start = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)

    def now(**_: object) -> dt.datetime:
        return start + dt.timedelta(seconds=next(seconds))

    monkeypatch.setattr("botocore.auth.get_current_datetime", now)


async def call(strict: StrictService, kind: str, aws_session: Any = None, **policy: Any) -> None:
    """Make a call of the *kind*: a read or a write."""
    async with AsyncMemorySessionManager(
        "m-0123456789",
        endpoint_url=strict.url,
        aws_session=aws_session,
        retry=RetryPolicy(**policy),
    ) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        await (session.list_events() if kind == "read" else session.add_turns([said("hi")]))


@pytest.mark.usefixtures("ticking")
@pytest.mark.parametrize("refusal", [*CLOCK, *TOKEN])
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_refused_signature_is_made_anew(
    strict: StrictService, kind: str, refusal: tuple[str, int, str]
) -> None:
    """What never ran is signed again at the time of the next attempt, and accepted."""
    strict.refusals = [refusal]
    await call(strict, kind)

    assert 2 == len(set(strict.dates)) == len(strict.dates)


@pytest.mark.parametrize("refusal", [*CLOCK, *TOKEN])
@pytest.mark.parametrize(
    ("offset_s", "words"),
    [
        (903.0, r"clock is 0:15:0[1234] \(hours:minutes:seconds\) behind .*; set it"),
        (-7200.0, r"clock is (1:59:5\d|2:00:0\d) .* ahead of .*; set it"),
        (5.0, r"clock is 0:00:0[3456] .* behind the service's$"),
    ],
)
async def test_if_it_stays_the_clocks_are_compared(
    strict: StrictService, refusal: tuple[str, int, str], offset_s: float, words: str
) -> None:
    """A second refusal is raised, with the difference of the clocks by the answer's date."""
    strict.refusals, strict.stays, strict.offset_s = [refusal], True, offset_s
    with pytest.raises(AccessDeniedError, match=words) as caught:
        await call(strict, "write")

    assert 2 == len(strict.keys) == caught.value.attempts
    assert refusal[0] == caught.value.code


@pytest.mark.parametrize("refusal", OTHER)
async def test_other_refusals_are_final(
    strict: StrictService, refusal: tuple[str, int, str]
) -> None:
    """What a new signature cannot change is sent once."""
    strict.refusals = [refusal]
    with pytest.raises(ServiceError):
        await call(strict, "write")

    assert 1 == len(strict.keys)


async def test_a_wrong_signature_far_from_the_services_time_is_made_anew(
    strict: StrictService,
) -> None:
    """A refusal without a reason is the clock's fault where the clocks are five minutes apart."""
    strict.refusals, strict.offset_s = [OTHER[0]], 310.0
    await call(strict, "write")

    assert 2 == len(strict.keys)


async def test_max_attempts_holds(strict: StrictService) -> None:
    """A policy of one attempt makes one."""
    strict.refusals = [CLOCK[0]]
    with pytest.raises(AccessDeniedError):
        await call(strict, "write", max_attempts=1)

    assert 1 == len(strict.keys)


async def test_an_expired_token_is_refreshed_once(strict: StrictService) -> None:
    """Calls that are refused together refresh the credentials once, though they seem valid."""
    provider = Provider()
    async with AsyncMemorySessionManager(
        "m-0123456789", endpoint_url=strict.url, aws_session=provider.session()
    ) as manager:
        session = AsyncMemorySession(manager, "a", "s")
        await session.list_events()
        strict.expired = {"KEY0"}
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(session.list_events)

    assert 1 == provider.refreshes
    assert {"KEY1"} == set(strict.keys[-5:])


async def test_a_refresh_that_fails_says_so(strict: StrictService) -> None:
    """If the credentials can't be refreshed, the error is theirs, with its own next step."""
    provider = Provider()
    provider.error = RuntimeError("STS is down")
    strict.expired = {"KEY0"}
    with pytest.raises(AccessDeniedError, match="could not be renewed") as caught:
        await call(strict, "read", provider.session())

    assert "Get new ones" in caught.value.hint
    assert 1 == len(strict.keys)


async def test_rotated_keys_are_loaded_again(
    strict: StrictService, clean_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys of a file that another program renews are read again."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    keys = "[default]\naws_access_key_id = {}\naws_secret_access_key = s\naws_session_token = t\n"
    (clean_machine / "credentials").write_text(keys.format("OLDKEY"))
    async with AsyncMemorySessionManager("m-0123456789", endpoint_url=strict.url) as manager:
        (clean_machine / "credentials").write_text(keys.format("NEWKEY"))
        strict.expired = {"OLDKEY"}
        await AsyncMemorySession(manager, "a", "s").list_events()

    assert ["OLDKEY", "NEWKEY"] == strict.keys


async def test_given_keys_are_never_exchanged(strict: StrictService) -> None:
    """Keys that the caller gave are not exchanged for those of the environment."""
    session = AioSession()
    session.set_credentials("GIVENKEY", "s", "t")
    strict.expired = {"GIVENKEY"}
    with pytest.raises(AccessDeniedError, match="Get new credentials"):
        await call(strict, "read", session)

    assert ["GIVENKEY"] * 2 == strict.keys


async def test_a_role_is_assumed_anew(
    strict: StrictService, clean_machine: Path, monkeypatch: pytest.MonkeyPatch, authority: Any
) -> None:
    """The cache of roles that botocore has does not give the expired token again."""
    (clean_machine / "config").write_text(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\n"
        "[profile p]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
        "credential_source = Environment\n"
    )
    roles = count()

    def give(request: Asked) -> bytes:
        if request.host.startswith("sts."):
            return role_answer("AssumeRole", f"ROLEKEY{next(roles)}")
        return answer(request)

    async with AwsNetwork(authority.context, give) as network:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
        monkeypatch.setenv("HTTPS_PROXY", f"http://{network.address}")
        strict.expired = {"ROLEKEY0"}
        await call(strict, "read", AioSession(profile="p"))

    assert ["ROLEKEY0", "ROLEKEY1"] == strict.keys
    assert 2 == len(network.seen)


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (("SignatureDoesNotMatch", "Signature expired: x"), "AssumeRole gave Sig", "0:15:0. .*set"),
        (("AccessDenied", "no"), "AssumeRole gave AccessDenied", "aws sts get-caller-identity"),
    ],
)
def test_the_clock_is_compared_where_credentials_are_refused(
    error: tuple[str, str], message: str, hint: str
) -> None:
    """A machine whose clock is off meets that first where it assumes a role."""
    date = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15, seconds=2))
    refused = ClientError(
        {
            "Error": {"Code": error[0], "Message": error[1]},
            "ResponseMetadata": {"HTTPHeaders": {"date": date}},
        },
        "AssumeRole",
    )
    found = credentials_error("opening", refused)

    assert message in found.message
    assert re.search(hint, found.hint)


def test_a_provider_that_does_not_answer_is_named() -> None:
    """Where STS cannot be reached, its host is named."""
    lost = EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com/")

    assert "no answer of sts.eu-west-1.amazonaws.com" in str(credentials_error("opening", lost))
