"""Opening, closing, loops and forks: clear errors, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import anyio
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession

from agentcore_memory_async._transport import botocore
from agentcore_memory_async._transport.base import Answer
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async.errors import (
    ClosedError,
    InvalidInputError,
    TransportError,
    WrongLoopError,
)
from tests._virtual_time import virtual_time
from tests.transport.scripts import run

LIST = ("ListActors", {"memoryId": "m"})


async def test_before_open_and_after_close(service: Any) -> None:
    """``ClosedError`` says whether the transport is not open yet or closed."""
    transport = BotocoreTransport(endpoint_url=service.url)
    with pytest.raises(ClosedError, match="not open; use"):
        await transport(*LIST)
    await transport.open()
    await transport.aclose()
    with pytest.raises(ClosedError, match="closed; create a new one"):
        await transport(*LIST)
    with pytest.raises(ClosedError, match="closed; it can be opened only once: create a new one"):
        await transport.open()
    assert [] == service.requests


async def test_close_is_idempotent(service: Any) -> None:
    """Closing twice, or before opening, does nothing."""
    await BotocoreTransport().aclose()
    transport = BotocoreTransport(endpoint_url=service.url)
    await transport.open()
    await transport(*LIST)
    await transport.aclose()
    await transport.aclose()
    assert "closed" in repr(transport)


class SlowToClose:
    """A session class of the caller that closes in several steps."""

    steps = 0
    closed = 0

    def __init__(self, **_: Any) -> None:
        pass

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Close in several steps."""
        for _ in range(self.steps):
            await asyncio.sleep(0)
        SlowToClose.closed += 1

    async def send(self, request: Any) -> Any:
        """Send nothing."""


async def close_and_cancel(transport: BotocoreTransport, before: int) -> None:
    """Close in a new task, which is cancelled after *before* iterations of the loop."""
    task = asyncio.get_running_loop().create_task(transport.aclose())
    for _ in range(before):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("before", range(4))
async def test_close_that_is_cancelled_closes(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    """A cancelled close leaves no connection open."""
    monkeypatch.setattr(SlowToClose, "steps", 2)
    monkeypatch.setattr(SlowToClose, "closed", 0)
    transport = BotocoreTransport(config=AioConfig(http_session_cls=SlowToClose))
    await transport.open()
    await close_and_cancel(transport, before)
    if before:  # otherwise it had not begun
        assert 1 == SlowToClose.closed
    await transport.aclose()
    assert SlowToClose.closed
    assert "closed" in repr(transport)


@virtual_time
async def test_closing_takes_five_seconds_at_most() -> None:
    """A connection that does not close holds up nobody for longer."""

    class Hanging:
        async def aclose(self) -> None:
            await anyio.sleep_forever()

    transport: Any = BotocoreTransport()
    with transport._lifecycle.opening():
        transport._connection = Hanging()
    began = anyio.current_time()
    await transport.aclose()
    assert 5.0 == pytest.approx(anyio.current_time() - began)


async def test_close_that_is_cancelled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing again completes a close that was cancelled repeatedly."""
    monkeypatch.setattr(SlowToClose, "steps", 5)
    monkeypatch.setattr(SlowToClose, "closed", 0)
    transport = BotocoreTransport(config=AioConfig(http_session_cls=SlowToClose))
    await transport.open()
    task = asyncio.get_running_loop().create_task(transport.aclose())
    for _ in range(2):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 == SlowToClose.closed
    await transport.aclose()
    await transport.aclose()
    assert 1 == SlowToClose.closed


@pytest.mark.parametrize("before", range(6))
async def test_cancelled_close_leaves_no_connection(service: Any, before: int) -> None:
    """A cancelled close leaves no connection of aiohttp, wherever it is interrupted."""
    sessions: list[Any] = []

    class RecordingSession(AIOHTTPSession):  # type: ignore[misc]
        async def _get_session(self, proxy_url: Any) -> Any:
            sessions.append(await super()._get_session(proxy_url))
            return sessions[-1]

    config = AioConfig(http_session_cls=RecordingSession)
    transport = BotocoreTransport(endpoint_url=service.url, config=config)
    await transport.open()
    await transport(*LIST)
    await close_and_cancel(transport, before)
    await transport.aclose()
    assert [True] == [session.closed for session in sessions]


async def test_open_twice(service: Any) -> None:
    """Opening a transport that is open or being opened raises, and does no harm."""
    transport = BotocoreTransport(endpoint_url=service.url)
    raised: list[str] = []

    async def try_to_open() -> None:
        try:
            await transport.open()
        except RuntimeError as exc:
            raised.append(str(exc))

    async with anyio.create_task_group() as group:
        group.start_soon(try_to_open)
        group.start_soon(try_to_open)
    await try_to_open()
    assert ["being opened", "open"] == [text.split(" is ")[1].split(";")[0] for text in raised]
    await transport(*LIST)
    await transport.aclose()


async def test_close_while_opening(service: Any) -> None:
    """Closing during opening is refused with the advice to cancel."""
    transport = BotocoreTransport(endpoint_url=service.url)
    async with anyio.create_task_group() as group:
        group.start_soon(transport.open)
        await anyio.sleep(0)
        with pytest.raises(RuntimeError, match="cancel"):
            await transport.aclose()
    await transport.aclose()


async def test_cancelled_open_leaves_nothing(service: Any) -> None:
    """Opening can be cancelled at every step, and repeated."""
    transport = BotocoreTransport(endpoint_url=service.url)
    for steps in range(12):
        async with anyio.create_task_group() as group:
            group.start_soon(transport.open)
            for _ in range(steps):
                await anyio.sleep(0)
            group.cancel_scope.cancel()
        if "not open" not in repr(transport):
            assert steps > 2  # its threads may end before the last steps on a busy machine
            break
    else:
        await transport.open()
    await transport(*LIST)
    await transport.aclose()


async def test_failed_open_closes_the_session(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HTTP session is closed if the last step of opening fails."""
    from agentcore_memory_async._transport import client, http_session

    closed: list[bool] = []

    async def record(self: Any, *exc_info: Any) -> None:
        closed.append(True)

    def forget(given: Any, opened: list[Any], **options: Any) -> Any:
        return real(given, [], **options)

    real = http_session.session_class
    monkeypatch.setattr(http_session.VerifyingSession, "__aexit__", record)
    monkeypatch.setattr(client, "session_class", forget)
    with pytest.raises(RuntimeError, match="http session"):
        await BotocoreTransport(endpoint_url=service.url).open()
    assert [True] == closed


async def test_other_loop_that_is_alive(transport: BotocoreTransport, service: Any) -> None:
    """A call from a loop in another thread raises ``WrongLoopError``."""
    raised: list[BaseException] = []

    async def call() -> None:
        for what in (transport(*LIST), transport.aclose()):
            try:
                await what
            except WrongLoopError as exc:
                raised.append(exc)

    thread = threading.Thread(target=lambda: asyncio.run(call()))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert [WrongLoopError] * 2 == list(map(type, raised))
    await transport(*LIST)
    assert 1 == len(service.requests)


def test_other_loop_that_is_closed() -> None:
    """A call after the loop was closed raises ``WrongLoopError``, without warnings or output."""
    printed = run(
        """
        import asyncio, logging
        from agentcore_memory_async._transport.botocore import BotocoreTransport
        from agentcore_memory_async.errors import WrongLoopError
        # The loop's debug mode also logs what took it 0.1 s, which says how busy the machine is.
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        transport = BotocoreTransport(endpoint_url="http://127.0.0.1:9")
        asyncio.run(transport.open())
        async def call():
            try:
                await transport("ListActors", {"memoryId": "m"})
            except WrongLoopError as exc:
                print("WrongLoopError", exc)
        asyncio.run(call())
        """,
        "-X",
        "dev",
    )
    assert printed.startswith("WrongLoopError this client belongs to another event loop")


def test_fork() -> None:
    """Calls in a forked child raise at once, closing does nothing, and the parent continues."""
    printed = run(
        """
        import asyncio, os, sys, warnings
        from aiohttp import web
        from agentcore_memory_async._transport.botocore import BotocoreTransport
        from agentcore_memory_async.errors import ClosedError, ForkedError
        warnings.simplefilter("ignore", DeprecationWarning)

        def step(coroutine):
            try:
                coroutine.send(None)
            except StopIteration:
                print("returned", flush=True)
            except Exception as exc:
                print(type(exc).__name__, flush=True)

        async def main():
            async def answer(request):
                return web.json_response({"actorSummaries": []})
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with BotocoreTransport(endpoint_url=url) as transport:
                await transport("ListActors", {"memoryId": "m"})
                child = os.fork()
                if child == 0:
                    step(transport("ListActors", {"memoryId": "m"}))
                    step(transport.aclose())
                    step(transport("ListActors", {"memoryId": "m"}))
                    os._exit(0)
                os.waitpid(child, 0)
                answer = await transport("ListActors", {"memoryId": "m"})
                print("parent", answer.body)
            await runner.cleanup()
        asyncio.run(main())
        """
    )
    assert ["ForkedError", "returned", "ClosedError", "parent {'actorSummaries': []}"] == (
        printed.splitlines()
    )


async def test_closed_while_a_call_waits(service: Any) -> None:
    """A call in flight ends with an error of the package when the transport is closed."""
    session = AioSession()
    reached, go_on = anyio.Event(), anyio.Event()

    async def wait(**_: Any) -> None:
        reached.set()
        await go_on.wait()

    session.register("before-send.bedrock-agentcore", wait)
    transport = BotocoreTransport(aws_session=session, endpoint_url=service.url)
    await transport.open()
    raised: list[Exception] = []

    async def call() -> None:
        try:
            await transport(*LIST)
        except (ClosedError, TransportError) as exc:
            raised.append(exc)

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await reached.wait()
        await transport.aclose()
        go_on.set()
    assert [ClosedError] == list(map(type, raised))
    assert [] == service.requests


async def test_many_calls_at_once(transport: BotocoreTransport, service: Any) -> None:
    """Concurrent calls each get their own answer."""
    service.echo = True
    answers: dict[int, Answer] = {}

    async def call(number: int) -> None:
        answers[number] = await transport("ListActors", {"memoryId": "m", "maxResults": number})

    async with anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(call, number)
    assert list(range(200)) == sorted(answers)
    assert all({"maxResults": number} == answers[number].body for number in answers)


async def test_cancelled_calls_leave_the_pool_whole(service: Any) -> None:
    """Calls that are cancelled at any step return their connections to the pool."""
    transport = BotocoreTransport(endpoint_url=service.url, max_concurrency=1)
    async with transport:
        for steps in range(30):
            async with anyio.create_task_group() as group:
                group.start_soon(transport, *LIST)
                for _ in range(steps):
                    await anyio.sleep(0)
                group.cancel_scope.cancel()
        with anyio.fail_after(5):
            await transport(*LIST)


async def test_reprs() -> None:
    """The repr shows state, region and endpoint, and that of an answer hides its content."""
    transport = BotocoreTransport()
    assert "<BotocoreTransport not open>" == repr(transport)
    async with transport:
        url = "https://bedrock-agentcore.us-west-2.amazonaws.com"
        assert f"<BotocoreTransport open us-west-2 (default) {url}>" == repr(transport)
    assert "Answer(status=200, request_id=None)" == repr(Answer({"text": "CANARY"}))


async def test_httpx_on_old_aiobotocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An httpx session is refused on versions of aiobotocore that do not verify its
    certificates.
    """
    from agentcore_memory_async._transport import http_session

    class Httpx:
        __module__ = "aiobotocore.httpxsession"

    for version, refused in (
        ("2.25.1", True),
        ("3.9.1", True),
        ("3.9.2", False),
        ("3.10.0", False),
    ):
        monkeypatch.setattr("aiobotocore.__version__", version)
        if refused:
            with pytest.raises(InvalidInputError, match=r"3\.9\.2"):
                http_session.session_class(Httpx, [])
        else:
            assert issubclass(http_session.session_class(Httpx, []), Httpx)


def test_inherited() -> None:
    """The process that opened a transport keeps nothing of it after closing."""
    assert [] == botocore._inherited
