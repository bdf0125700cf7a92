"""Turns with a model: it sees what is remembered, and its answer is stored with the question."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from agentcore_memory_async import (
    Context,
    Event,
    InvalidInputError,
    MessageRole,
    RetrievalConfig,
    RetryPolicy,
    TransportError,
    TurnResult,
)
from agentcore_memory_async.errors import service_error
from agentcore_memory_async.testing import FakeTransport
from tests._virtual_time import virtual_time
from tests.client.doubles import SlowService, manager_on
from tests.client.test_context import DECLARED, SEARCH, Remembering, scored, session_on

if TYPE_CHECKING:
    from collections.abc import Callable

WRITE = "CreateEvent"
TENANT: ContextVar[str] = ContextVar("TENANT")


async def answering(text: str, memories: Context) -> str:
    """Answer as a model does."""
    return f"{len(memories)} on {text}"


def blocking_answer(text: str, memories: Context) -> str:
    """Answer as a model does, without ``await``."""
    return f"{len(memories)} on {text}"


class Model:
    """A model whose objects are called."""

    async def __call__(self, text: str, memories: Context) -> str:
        """Answer."""
        return await answering(text, memories)

    def ask(self, text: str, memories: Context) -> str:
        """Answer without ``await``."""
        return blocking_answer(text, memories)


CALLBACKS: dict[str, Any] = {
    "async function": answering,
    "function": blocking_answer,
    "async object": Model(),
    "method": Model().ask,
    "partial of an async function": partial(answering),
    "function that returns an awaitable": lambda text, memories: answering(text, memories),
}


@pytest.mark.parametrize("name", CALLBACKS)
async def test_a_turn_is_remembered_answered_and_stored(name: str) -> None:
    """The callback gets the input and the records; both messages are one event."""
    transport = Remembering(facts=[scored(1, 0.9), scored(2, 0.8)])
    async with manager_on(transport, namespaces=DECLARED) as manager:
        result = await session_on(manager).process_turn_with_llm("seats?", CALLBACKS[name])

    memories, response, event = result
    assert ["fact 1", "fact 2"] == [record.text for record in memories]
    assert "2 on seats?" == response
    assert [("seats?", MessageRole.USER), (response, MessageRole.ASSISTANT)] == [
        (message.text, message.role) for message in event.messages
    ]
    assert (memories, response, event) == (result.memories, result.response, result.event)
    assert result.degraded is False
    assert 1 == len(transport.sent(WRITE))


async def test_what_the_event_is_given_is_stored() -> None:
    """Metadata, time, branch, variables and token are those of the call."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        await session_on(manager).process_turn_with_llm(
            "hi",
            answering,
            {},
            metadata={"topic": "seats"},
            timestamp=datetime(2026, 1, 5, tzinfo=UTC),
            branch="other",
            namespace_variables={"tenant": "t1"},
            client_token="token-1",
        )
    (sent,) = transport.sent(WRITE)
    assert {"topic": {"stringValue": "seats"}} == sent["metadata"]
    assert datetime(2026, 1, 5, tzinfo=UTC).timestamp() == sent["eventTimestamp"]
    assert "other" == sent["branch"]["name"]
    assert {"tenant": "t1"} == sent["extractionConfig"]["namespaceVariables"]
    assert "token-1" == sent["clientToken"]
    assert [] == transport.sent(SEARCH)


class ModelDownError(Exception):
    """The model fails."""


async def fail(text: str, memories: Context) -> str:
    """Fail as a model does."""
    raise ModelDownError


def fail_blocking(text: str, memories: Context) -> str:
    """Fail as a model does, without ``await``."""
    raise ModelDownError


@pytest.mark.parametrize("callback", [fail, fail_blocking])
async def test_a_failing_model_stores_nothing(callback: Callable[..., Any]) -> None:
    """Its error is raised as it is."""
    transport = FakeTransport()
    async with manager_on(transport, namespaces=DECLARED) as manager:
        with pytest.raises(ModelDownError):
            await session_on(manager).process_turn_with_llm("hi", callback)
    assert [] == transport.sent(WRITE)


@pytest.mark.parametrize("callback", [fail, fail_blocking])
async def test_by_choice_the_users_message_is_stored(callback: Callable[..., Any]) -> None:
    """The message is stored alone, and the error of the model is raised all the same."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(ModelDownError):
            await session_on(manager).process_turn_with_llm(
                "hi", callback, {}, store_on_failure=True
            )
    (sent,) = transport.sent(WRITE)
    assert [{"conversational": {"role": "USER", "content": {"text": "hi"}}}] == sent["payload"]


async def test_an_error_of_that_write_is_a_note() -> None:
    """The error of the model is raised, and says that the message was not stored."""
    transport = FakeTransport()
    transport.fail(WRITE, "AccessDeniedException", status=403)
    async with manager_on(transport) as manager:
        with pytest.raises(ModelDownError) as raised:
            await session_on(manager).process_turn_with_llm("hi", fail, {}, store_on_failure=True)
    assert "AccessDenied" in raised.value.__notes__[0]


@pytest.mark.parametrize("store_on_failure", [False, True])
@pytest.mark.parametrize("answer", [None, 5, b"CANARY", ["CANARY"], {"text": "CANARY"}])
async def test_an_answer_that_is_no_text_stores_nothing(
    answer: Any, store_on_failure: bool
) -> None:
    """It is refused without being shown."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        with pytest.raises(InvalidInputError, match="llm_callback returned"):
            await session_on(manager).process_turn_with_llm(
                "hi", lambda *_: answer, {}, store_on_failure=store_on_failure
            )
    assert [] == transport.sent(WRITE)


async def test_a_callback_that_raises_stop_iteration_fails() -> None:
    """It would never arrive through a future; it is the cause of a ``RuntimeError``."""
    texts = iter(())
    async with manager_on(FakeTransport()) as manager:
        with anyio.fail_after(5), pytest.raises(RuntimeError) as raised:
            await session_on(manager).process_turn_with_llm("hi", lambda *_: next(texts), {})
    assert isinstance(raised.value.__cause__, StopIteration)


DOWN: dict[str, Any] = {
    "refused": service_error(SEARCH, "AccessDeniedException", "no", 403),
    "lost": TransportError(SEARCH, "connection lost"),
    "broken": service_error(SEARCH, "ServiceException", "broken", 500),
}


@pytest.mark.parametrize("how", DOWN)
async def test_by_choice_a_failed_search_does_not_stop_a_turn(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The model answers without memories; the result and one log line say so."""
    transport = Remembering(facts=[scored(1, 0.9)], preferences=DOWN[how])
    async with manager_on(transport, namespaces=DECLARED) as manager:
        session = session_on(manager).with_options(retry=RetryPolicy(max_attempts=1))
        with pytest.raises(type(DOWN[how])):
            await session.process_turn_with_llm("CANARY", answering)
        assert [] == transport.sent(WRITE)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            result = await session.process_turn_with_llm(
                "CANARY", answering, on_search_error="degrade"
            )

    assert (Context(), "0 on CANARY", True) == (result.memories, result.response, result.degraded)
    assert 1 == len(transport.sent(WRITE))
    assert ["without memories" in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize("how", DOWN)
async def test_by_choice_a_failed_search_gives_an_empty_context(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The context says that nothing is known, and a log line says why, without the query."""
    transport = Remembering(facts=[scored(1, 0.9)], preferences=DOWN[how])
    async with manager_on(transport, namespaces=DECLARED) as manager:
        session = session_on(manager).with_options(retry=RetryPolicy(max_attempts=1))
        with caplog.at_level(logging.WARNING):
            context = await session.retrieve_context("CANARY", on_search_error="degrade")
        whole = await session.retrieve_context(
            "CANARY", {DECLARED["facts"]: RetrievalConfig()}, on_search_error="degrade"
        )
    assert ([], True) == (list(context), context.degraded)
    assert (1, False) == (len(whole), whole.degraded)
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert [SEARCH in text for text in warned] == [True]


async def test_a_mistake_is_no_failed_search() -> None:
    """Arguments that the search refuses are refused, whatever is chosen for its errors."""
    transport = FakeTransport()
    async with manager_on(transport) as manager:
        session = session_on(manager)
        for config in (None, {"/x/{nope}/": RetrievalConfig()}):
            with pytest.raises(InvalidInputError):
                await session.process_turn_with_llm(
                    "hi", answering, config, on_search_error="degrade"
                )
    assert [] == transport.requests


BAD: list[dict[str, Any]] = [
    {"metadata": {"k": 5}},
    {"timestamp": datetime(2026, 1, 1)},  # noqa: DTZ001 - the mistake
    {"branch": "a/b"},
    {"namespace_variables": {}},
    {"client_token": ""},
    {"on_search_error": "ignore"},
    {"store_on_failure": "no"},
]


@pytest.mark.parametrize("options", BAD, ids=lambda options: next(iter(options)))
async def test_no_model_is_asked_if_the_write_would_be_refused(options: dict[str, Any]) -> None:
    """What the write would refuse is refused before anything is searched or asked."""
    transport = FakeTransport()
    asked: list[str] = []

    async def ask(text: str, memories: Context) -> str:
        asked.append(text)
        return "ho"

    async with manager_on(transport, namespaces=DECLARED) as manager:
        with pytest.raises(InvalidInputError, match=next(iter(options))):
            await session_on(manager).process_turn_with_llm("hi", ask, **options)
    assert ([], []) == (asked, transport.requests)


async def test_long_and_odd_texts_are_stored() -> None:
    """Texts over the limit of a message become several; an empty answer is left out."""
    transport = FakeTransport()
    question, long_answer = "q" * 150_000, "a" * 100_001
    async with manager_on(transport) as manager:
        session = session_on(manager)
        result = await session.process_turn_with_llm(question, lambda *_: long_answer, {})
        empty = await session.process_turn_with_llm("hi", lambda *_: "", {})
        odd = await session.process_turn_with_llm("hi", lambda *_: "half \ud83d", {})

    said = dict.fromkeys(("USER", "ASSISTANT"), "")
    for message in result.event.messages:
        assert len(message.text) <= 100_000
        said[message.role] += message.text
    assert {"USER": question, "ASSISTANT": long_answer} == said
    assert long_answer == result.response
    assert ["hi"] == [message.text for message in empty.event.messages]
    assert ["hi", "half \ufffd"] == [message.text for message in odd.event.messages]


@virtual_time
async def test_a_cancelled_turn_stores_nothing_before_its_write() -> None:
    """Cancelled while it searches or asks, it stores nothing and leaves nothing in flight."""

    async def ask(text: str, memories: Context) -> str:
        await anyio.sleep(1)
        return "ho"

    for after in (0.25, 0.75, 1.5):
        service = SlowService(takes_s=0.5)
        async with manager_on(service, namespaces=DECLARED) as manager:
            with anyio.move_on_after(after):
                await session_on(manager).process_turn_with_llm("hi", ask)
            assert ([], 0) == (service.sent(WRITE), service.under_way)


@virtual_time
async def test_a_turn_cancelled_during_its_write_is_settled_by_its_token() -> None:
    """The event may be stored; resolving it by its token stores it once, whole."""
    service = SlowService(takes_s=0.5)
    async with manager_on(service) as manager:
        session = session_on(manager)
        with anyio.move_on_after(0.75):
            await session.process_turn_with_llm("hi", answering, {}, client_token="token-1")
        event = await session.resolve("token-1")
    assert ["hi", "0 on hi"] == service.texts
    assert event.event_id in {each["eventId"] for each in service.stored.values()}


@pytest.mark.parametrize("way", ["scope", "task"])
async def test_a_cancelled_callback_in_a_thread_stores_nothing(way: str) -> None:
    """It goes on in its thread to its end, and its answer is dropped."""
    began, may_end = threading.Event(), threading.Event()

    def ask(text: str, memories: Context) -> str:
        began.set()
        assert may_end.wait(5)
        return "ho"

    transport = FakeTransport()
    async with manager_on(transport, clock=None) as manager:
        turn = session_on(manager).process_turn_with_llm("hi", ask, {})
        async with anyio.create_task_group() as group:
            tasks: list[asyncio.Task[Any]] = []

            async def run() -> None:
                task = asyncio.current_task()
                assert task is not None
                tasks.append(task)
                await turn

            group.start_soon(run)
            assert await asyncio.to_thread(began.wait, 5)
            if way == "scope":
                group.cancel_scope.cancel()
            else:
                tasks[0].cancel()
            may_end.set()
    assert [] == transport.requests


async def test_a_blocking_callback_does_not_block_the_loop() -> None:
    """It runs in a thread, in the context of the caller, while the loop goes on."""
    TENANT.set("t1")
    seen: list[Any] = []
    here = threading.get_ident()
    may_end = threading.Event()

    def ask(text: str, memories: Context) -> str:
        seen.extend((TENANT.get(), threading.get_ident() != here, may_end.wait(5)))
        return "ho"

    async def release() -> None:
        await anyio.sleep(0)
        may_end.set()

    async with (
        manager_on(FakeTransport(), clock=None) as manager,
        anyio.create_task_group() as group,
    ):
        group.start_soon(session_on(manager).process_turn_with_llm, "hi", ask, {})
        group.start_soon(release)
    assert ["t1", True, True] == seen


async def test_a_result_shows_no_content() -> None:
    """Its ``repr`` has sizes and ids; copies keep what is not unpacked."""
    event = Event("1#a", None, None, (), datetime(2026, 1, 1, tzinfo=UTC), "a", "s")
    result = TurnResult(Context(), "CANARY", event, degraded=True)

    assert "CANARY" not in repr(result)
    assert "CANARY" not in str(result)
    assert "degraded=True" in repr(result)
    for made in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert (result, True) == (made, made.degraded)


async def test_namespace_variables_are_of_the_search_and_of_the_event() -> None:
    """A turn of a tenant searches what is the tenant's, and is filed there."""
    template = "/facts/{tenant}/{actorId}/"
    transport = Remembering(facts=[scored(1, 0.9, "/facts/red/a/")])
    async with manager_on(transport, namespaces=[template]) as manager:
        session = session_on(manager)
        view = session.with_options(namespace_variables={"tenant": "red"})
        for turn in (
            session.process_turn_with_llm("q", answering, namespace_variables={"tenant": "red"}),
            view.process_turn_with_llm("q", answering),
        ):
            assert "1 on q" == (await turn).response
        await view.add_turns([{"role": "user", "content": "x"}])
        chunks = view.record_turn("x", ["y"])
        assert ["y"] == [chunk async for chunk in chunks]
        await view.add_turns(
            [{"role": "user", "content": "x"}], namespace_variables={"tenant": "blue"}
        )
    stored = [each["extractionConfig"]["namespaceVariables"] for each in transport.sent(WRITE)]
    assert [{"tenant": "red"}] * 4 + [{"tenant": "blue"}] == stored


def test_a_changed_result_stays_degraded() -> None:
    """Copies of a result, with other items or not, say as it does whether the search failed."""
    event: Any = None
    for degraded in (True, False):
        result = TurnResult(Context(), "a", event, degraded)
        changed = result._replace(response="b")
        assert isinstance(changed, TurnResult)
        assert ("b", degraded) == (changed.response, changed.degraded)
        assert not result._replace(degraded=False).degraded
        with pytest.raises((TypeError, ValueError)):
            result._replace(other=1)
