"""
Credentials: missing, incomplete or failing ones; loaded once, refreshed once,
used while valid.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError

from agentcore_memory_async import (
    AsyncMemorySession,
    AsyncMemorySessionManager,
    ConversationalMessage,
    MessageRole,
    RetryPolicy,
    TransportTimeoutError,
)
from agentcore_memory_async._transport import credentials
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.credentials import GuardedCredentials
from agentcore_memory_async.errors import AccessDeniedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIST = ("ListActors", {"memoryId": "m"})


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the credentials of the environment."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


@pytest.mark.usefixtures("bare")
async def test_no_credentials(service: Any) -> None:
    """Opening without credentials raises an error with the next step, and nothing is sent."""
    with pytest.raises(AccessDeniedError, match="aws configure") as caught:
        await BotocoreTransport(endpoint_url=service.url).open()
    assert ("NoCredentialsError", 0) == (caught.value.code, caught.value.status)
    assert [] == service.requests


async def test_partial_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the credentials is an error that names the missing half."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessDeniedError, match="AWS_SECRET_ACCESS_KEY is missing") as caught:
        await BotocoreTransport().open()
    assert "PartialCredentialsError" == caught.value.code


@pytest.mark.usefixtures("bare")
async def test_failing_process(clean_machine: Path) -> None:
    """A credential process that fails is named, and its output is not shown."""
    command = f"{sys.executable} -c \"import sys; sys.exit('STDERRCANARY')\""
    (clean_machine / "config").write_text(f"[default]\ncredential_process = {command}\n")
    with pytest.raises(AccessDeniedError, match="could not be loaded by custom-process") as caught:
        await BotocoreTransport().open()
    assert "CredentialRetrievalError" == caught.value.code
    assert "CANARY" not in str(caught.value) + repr(caught.value)
    assert caught.value.__context__ is None


class Provider:
    """A source of credentials that counts loads and refreshes, and can fail."""

    def __init__(self, clock: Callable[[], dt.datetime] | None = None) -> None:
        self.loads = 0
        self.refreshes = 0
        self.error: Exception | None = None
        self.lifetime_s = 3600
        self.expires_in_s = 3600
        self.released = anyio.Event()
        self.released.set()
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def time(self) -> dt.datetime:
        """Return the time that the credentials use."""
        return self.now

    async def load_credentials(self) -> AioRefreshableCredentials:
        """Load credentials, as botocore's resolver does."""
        self.loads += 1
        await anyio.sleep(0)
        return AioRefreshableCredentials(
            "KEY0",
            "s",
            "t",
            self.now + dt.timedelta(seconds=self.expires_in_s),
            self.refresh,
            "test",
            time_fetcher=self.time,
        )

    async def refresh(self) -> dict[str, str]:
        """Refresh credentials, as a role does."""
        self.refreshes += 1
        await self.released.wait()
        await anyio.sleep(0)
        if self.error is not None:
            raise self.error
        expiry = self.now + dt.timedelta(seconds=self.lifetime_s)
        return {
            "access_key": f"KEY{self.refreshes}",
            "secret_key": "s",
            "token": "t",
            "expiry_time": expiry.isoformat(),
        }

    def session(self) -> AioSession:
        """Return a session with credentials of this provider."""
        session = AioSession()
        session.register_component("credential_provider", self)
        return session


async def call_many(transport: BotocoreTransport, count: int = 100) -> list[ServiceError]:
    """Make *count* concurrent calls, and return the errors that they raised."""
    failed: list[ServiceError] = []

    async def call() -> None:
        try:
            await transport(*LIST)
        except ServiceError as exc:
            failed.append(exc)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(call)
    return failed


async def test_one_load_for_many_clients(service: Any) -> None:
    """Clients that open on one session concurrently load its credentials once."""
    provider = Provider()
    session = provider.session()
    transports = [
        BotocoreTransport(aws_session=session, endpoint_url=service.url) for _ in range(20)
    ]
    async with anyio.create_task_group() as group:
        for transport in transports:
            group.start_soon(transport.open)
    for transport in transports:
        await transport(*LIST)
        await transport.aclose()
    assert (1, 0) == (provider.loads, provider.refreshes)
    assert {"KEY0"} == {request.key_id for request in service.requests}


@pytest.mark.parametrize("left_s", [5, 300, 800])
async def test_one_refresh_for_many_calls(service: Any, left_s: int) -> None:
    """Credentials that expire soon or have expired are refreshed once for all calls."""
    provider = Provider()
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        provider.now += dt.timedelta(seconds=3600 - left_s)
        assert [] == await call_many(transport)
    assert 1 == provider.refreshes
    assert "KEY1" == service.requests[-1].key_id


async def test_a_failing_refresh_fails_no_call(service: Any) -> None:
    """A failed refresh fails no call while the credentials are valid for over a minute."""
    provider = Provider()
    provider.error = RuntimeError("STS is down")
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        provider.now += dt.timedelta(seconds=3600 - 300)
        assert [] == await call_many(transport)
        assert 1 == provider.refreshes
    assert {"KEY0"} == {request.key_id for request in service.requests}


async def test_a_hanging_refresh_fails_no_call(
    service: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A refresh that hangs delays one call, and fails none."""
    monkeypatch.setattr(credentials, "REFRESH_S", 0.05)
    provider = Provider()
    provider.released = anyio.Event()
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        provider.now += dt.timedelta(seconds=3600 - 300)
        with anyio.fail_after(5):
            assert [] == await call_many(transport)
            assert [] == await call_many(transport)
        assert 1 == provider.refreshes
        provider.released.set()
        monkeypatch.setattr(credentials, "PAUSE_FAILED_S", 0.0)
    assert {"KEY0"} == {request.key_id for request in service.requests}
    assert "not refreshed (TimeoutError), still valid" in caplog.text


@pytest.mark.parametrize("left_s", [300, 800])
async def test_a_hanging_refresh_from_the_start(
    service: Any, monkeypatch: pytest.MonkeyPatch, left_s: int
) -> None:
    """Opening does not hang on the refresh of credentials that expire soon."""
    monkeypatch.setattr(credentials, "REFRESH_S", 0.05)
    provider = Provider()
    provider.expires_in_s = left_s
    provider.released = anyio.Event()
    with anyio.fail_after(5):
        async with BotocoreTransport(
            aws_session=provider.session(), endpoint_url=service.url
        ) as transport:
            assert [] == await call_many(transport)
    assert 1 == provider.refreshes


async def test_a_cancelled_refresh_pauses_too() -> None:
    """A call after a cancelled refresh uses the valid credentials without refreshing."""
    provider = Provider()
    guarded = GuardedCredentials(await provider.load_credentials(), None)
    await guarded.get_frozen_credentials()
    provider.now += dt.timedelta(seconds=3600 - 300)
    provider.released = anyio.Event()
    with anyio.move_on_after(0.01):
        await guarded.get_frozen_credentials()
    with anyio.fail_after(1):
        assert "KEY0" == (await guarded.get_frozen_credentials()).access_key
    assert 1 == provider.refreshes


async def test_a_hanging_refresh_of_expired_credentials_is_no_unknown_outcome(
    service: Any,
) -> None:
    """A write that times out waiting for credentials was not sent."""
    provider = Provider()
    provider.released = anyio.Event()
    async with AsyncMemorySessionManager(
        "chat-a1B2c3D4e5", aws_session=provider.session(), endpoint_url=service.url
    ) as manager:
        provider.now += dt.timedelta(seconds=3600)
        session = AsyncMemorySession(manager, "a", "s")
        message = ConversationalMessage("hi", MessageRole.USER)
        with pytest.raises(TransportTimeoutError) as caught:
            await session.with_options(retry=RetryPolicy(write_deadline=0.1)).add_turns([message])
    assert not caught.value.sent
    assert [] == service.requests


async def test_a_failing_refresh_from_the_start(service: Any) -> None:
    """Credentials that expire soon are used although their refresh fails."""
    provider = Provider()
    provider.expires_in_s = 300
    provider.error = RuntimeError("STS is down")
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        assert [] == await call_many(transport)
    assert 1 == provider.refreshes


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("TOKENCANARY"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "TOKENCANARY"}}, "AssumeRole"),
        CredentialRetrievalError(provider="p", error_msg="TOKENCANARY"),
    ],
)
async def test_expired_and_not_refreshed(service: Any, error: Exception) -> None:
    """All calls fail after one refresh if expired credentials can't be refreshed."""
    provider = Provider()
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        provider.error = error
        provider.now += dt.timedelta(seconds=3600)
        failed = await call_many(transport)
        assert 100 == len(failed)
        assert {AccessDeniedError} == set(map(type, failed))
        assert "CANARY" not in "".join(str(exc) for exc in failed)
        assert {None} == {exc.__context__ for exc in failed}
        assert {"ListActors"} == {exc.operation for exc in failed}
        assert {0} == {exc.status for exc in failed}
    assert 1 == provider.refreshes
    assert [] == service.requests


async def test_after_a_pause_it_refreshes_again(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call after the pause that follows a failure refreshes again."""
    monkeypatch.setattr(credentials, "PAUSE_FAILED_S", 0.0)
    provider = Provider()
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        provider.error = RuntimeError("STS is down")
        provider.now += dt.timedelta(seconds=3600)
        with pytest.raises(AccessDeniedError):
            await transport(*LIST)
        provider.error = None
        await transport(*LIST)
    assert "KEY2" == service.requests[-1].key_id


async def test_short_lived_credentials(service: Any) -> None:
    """Credentials with a lifetime of minutes are not refreshed at every call."""
    provider = Provider()
    provider.expires_in_s = provider.lifetime_s = 300
    async with BotocoreTransport(
        aws_session=provider.session(), endpoint_url=service.url
    ) as transport:
        for _ in range(5):
            assert [] == await call_many(transport, 20)
    assert 1 == provider.refreshes


async def test_calls_do_not_wait_for_a_refresh_they_do_not_need() -> None:
    """Calls use valid credentials while another call refreshes them."""
    provider = Provider()
    guarded = GuardedCredentials(await provider.load_credentials(), None)
    await guarded.get_frozen_credentials()
    provider.now += dt.timedelta(seconds=3600 - 300)
    provider.released = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(guarded.get_frozen_credentials)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            frozen = await guarded.get_frozen_credentials()
        assert "KEY0" == frozen.access_key
        provider.released.set()
    assert "KEY1" == (await guarded.get_frozen_credentials()).access_key
    assert 1 == provider.refreshes


async def test_a_cancelled_refresh_is_done_by_the_next() -> None:
    """The next call refreshes if the one that was refreshing is cancelled."""
    provider = Provider()
    guarded = GuardedCredentials(await provider.load_credentials(), None)
    provider.now += dt.timedelta(seconds=3600)
    provider.released = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(guarded.get_frozen_credentials)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    provider.released.set()
    assert "KEY2" == (await guarded.get_frozen_credentials()).access_key


async def test_plain_credentials_and_repr() -> None:
    """Fixed credentials pass through with all attributes, and the repr shows none."""
    guarded = GuardedCredentials(AioCredentials("KEYCANARY", "SECRETCANARY", "t", method="m"), None)
    assert "KEYCANARY" == (await guarded.get_frozen_credentials()).access_key
    assert ("m", "KEYCANARY") == (guarded.method, guarded.access_key)
    assert "<GuardedCredentials m>" == repr(guarded)
    with pytest.raises(AttributeError):
        guarded._no_such_thing  # noqa: B018


@pytest.mark.usefixtures("bare")
async def test_no_secret_in_the_error_of_a_call(service: Any) -> None:
    """An error of credentials during a call names the operation and the next step."""
    error = credentials.credentials_error("CreateEvent", NoCredentialsError())
    assert "CreateEvent" in str(error)
    assert "AWS_ACCESS_KEY_ID" in error.hint
