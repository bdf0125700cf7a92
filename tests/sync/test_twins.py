"""What leaves the sync facade is sync: objects, the errors around them, and their texts."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

from agentcore_memory_async import (
    BlockingExtractionFailedError,
    ClosedError,
    ConversationalMessage,
    ExtractionFailedError,
    MemorySessionManager,
    MessageRole,
    models,
)
from agentcore_memory_async._sync.twins import TWINS, make_blocking
from agentcore_memory_async.testing import FakeTransport
from tests.sync.test_poller import SOON
from tests.unit.test_errors import CLASSES, make
from tests.unit.test_texts import STORED

PREFIX = "/facts/{actorId}/"


def async_methods(cls: type) -> list[str]:
    """Return the names of the methods of *cls* that need an event loop."""
    special = ("__aiter__", "__anext__", "__await__", "__aenter__")
    return [
        name
        for name, value in inspect.getmembers(cls)
        if inspect.iscoroutinefunction(value)
        or inspect.isasyncgenfunction(value)
        or name in special
    ]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_errors_with_async_methods_have_blocking_twins(name: str) -> None:
    """An error whose methods are awaited has a twin in the facade whose methods are not."""
    cls = CLASSES[name]
    assert bool(async_methods(cls)) == (cls in TWINS)
    if cls in TWINS:
        assert issubclass(TWINS[cls], cls)
        assert [] == async_methods(TWINS[cls])


def test_models_have_no_async_methods() -> None:
    """No value has a method that is to be awaited."""
    values = [getattr(models, name) for name in models.__all__]
    classes = [value for value in values if inspect.isclass(value)]
    assert [] == [(cls, async_methods(cls)) for cls in classes if async_methods(cls)]


def test_no_text_of_an_error_says_await() -> None:
    """No text about bad input and no text of an error advises ``await``."""
    assert "await" not in STORED.read_text()
    assert [] == [name for name, cls in CLASSES.items() if "await" in str(make(cls))]


@pytest.mark.parametrize("way", ["wait", "iterate", "short form"])
def test_a_failed_extraction_is_restarted_without_await(way: str) -> None:
    """The error of a failed extraction restarts the jobs when its method is called, once."""
    transport = FakeTransport()
    manager = MemorySessionManager("chat-a1B2c3D4e5", transport=transport, polling=SOON)
    session = manager.create_memory_session("user1", "chat1", verify=False)
    event = session.add_turns([ConversationalMessage("I fly window", MessageRole.USER)])
    job = {
        "jobID": "job-1",
        "messages": {"messagesList": [{"eventId": event.event_id, "messageIndex": 0}]},
        "failureReason": "LTM_RATE_EXCEEDED",
        "sessionId": "chat1",
        "actorId": "user1",
    }
    transport.reply("ListMemoryExtractionJobs", {"jobs": [job]})
    poller = session.extraction_poller(PREFIX, since=event, timeout=0.5)
    ways: dict[str, Any] = {
        "wait": poller.wait,
        "iterate": lambda: list(poller),
        "short form": lambda: session.wait_for_extraction(PREFIX, since=event, timeout=0.5),
    }
    with pytest.raises(ExtractionFailedError) as caught:
        ways[way]()
    error = caught.value
    assert isinstance(error, BlockingExtractionFailedError)
    error.restart()
    error.restart()
    sent = [each.params for each in transport.requests if each.operation.startswith("Start")]
    assert [{"jobId": "job-1"}] * 2 == [params["extractionJob"] for params in sent]
    assert 1 == len({params["clientToken"] for params in sent})

    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.jobs, str(copied)) == (type(error), error.jobs, str(error))
    with pytest.raises(ClosedError, match="copy without a manager"):
        copied.restart()


def test_errors_inside_errors_are_blocking_too() -> None:
    """Causes, contexts and the errors of groups become their twins, also in circles."""
    made = [make(ExtractionFailedError) for _ in range(4)]
    outer = ValueError("outer")
    outer.__cause__ = made[0]
    made[0].__context__ = ExceptionGroup("group", [made[1], ExceptionGroup("inner", [made[2]])])
    made[2].__cause__ = made[3]
    made[3].__context__ = outer
    make_blocking(outer, lambda _, call: call)

    assert [BlockingExtractionFailedError] * 4 == [type(each) for each in made]


def test_twins_keep_the_attributes() -> None:
    """A twin has the attributes, the text and the notes of the error that it was."""
    error = make(ExtractionFailedError)
    error.add_note("a note")
    before = str(error), error.namespaces, error.records, error.waited_s, error.__notes__
    make_blocking(error, lambda _, call: call)

    assert before == (str(error), error.namespaces, error.records, error.waited_s, ["a note"])
