"""The FastAPI example: what it answers, remembers and stores, also where the service fails."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcore_memory_async.local import BlockingLocalMemoryService

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "fastapi_app.py"
MEMORY_ID = "chat-a1B2c3D4e5"
USERS = {"anna-token": "anna@example.com", "ben-token": "ben"}
ANNA = {"Authorization": "Bearer anna-token"}
BEN = {"Authorization": "Bearer ben-token"}
SEAT = {"message": "I only fly window seats.", "session_id": "chat001"}
QUESTION = {"message": "Which seats do I fly?", "session_id": "chat002"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockingLocalMemoryService]:
    """Yield a local service that the environment names, as it does the memory and the users."""
    with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MEMORY_ID", MEMORY_ID)
        monkeypatch.setenv("CHAT_TOKENS", json.dumps(USERS))
        yield service


@pytest.fixture
def example(service: BlockingLocalMemoryService) -> dict[str, Any]:
    """Return the names of the example."""
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture
def client(example: dict[str, Any]) -> Iterator[TestClient]:
    """Yield a client of the example."""
    with TestClient(example["app"]) as client:
        yield client


def stored(service: BlockingLocalMemoryService, actor_id: str, session_id: str) -> list[str]:
    """Return the messages of a session."""
    with service.manager(MEMORY_ID) as manager:
        session = manager.create_memory_session(actor_id, session_id)
        return [turn.text for turn in session.get_last_k_turns(100)]


def test_it_remembers(client: TestClient, service: BlockingLocalMemoryService) -> None:
    """A later session gets what was said in an earlier one, whole or as a stream."""
    first = client.post("/chat", json=SEAT, headers=ANNA)
    assert {"response": f"I will remember that you said: {SEAT['message']}"} == first.json()
    service.drain()
    whole = client.post("/chat", json=QUESTION, headers=ANNA).json()["response"]
    streamed = client.post("/chat/stream", json=QUESTION, headers=ANNA).text
    assert "The user only flies window seats." in whole
    assert "The user only flies window seats." in streamed
    said = [QUESTION["message"], whole, QUESTION["message"], streamed]
    client.post("/chat", json=QUESTION, headers=ANNA)  # which is stored behind the stream
    assert said == stored(service, "enc-anna_40example_2ecom", "chat002")[:4]


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
def test_the_actor_is_the_user_who_asks(
    path: str, client: TestClient, service: BlockingLocalMemoryService
) -> None:
    """An actor id of the body is only compared; without a valid token there is no answer."""
    for named in ("anna@example.com", "enc-anna_40example_2ecom", None):
        own = client.post(path, json={**SEAT, "actor_id": named}, headers=ANNA)
        assert 200 == own.status_code
    for named in ("ben", "", "anna", "anna@example.com/", "enc-anna"):
        other = client.post(path, json={**SEAT, "actor_id": named}, headers=ANNA)
        assert (403, "actor_id is another user's; leave it out") == (
            other.status_code,
            other.json()["detail"],
        )
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Bearer "}):
        assert 401 == client.post(path, json=SEAT, headers=headers).status_code
    with service.manager(MEMORY_ID) as manager:
        actors = [actor.actor_id for actor in manager.list_actors()]
    assert ["enc-anna_40example_2ecom"] == actors


@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
@pytest.mark.parametrize("fault", ["ThrottledException", "ServiceException", "lost", "slow"])
def test_with_search_down_it_answers_without_context(
    path: str,
    fault: str,
    client: TestClient,
    service: BlockingLocalMemoryService,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says why, the turn is stored, and the next one has its context again."""
    client.post("/chat", json=SEAT, headers=ANNA)
    service.drain()
    search = "RetrieveMemoryRecords"
    if fault == "lost":
        service.drop_connection(operation=search)
    elif fault == "slow":
        service.add_latency(30, operation=search)
    else:
        service.fail(fault, operation=search)
    without = client.post(path, json=QUESTION, headers=ANNA)
    assert (200, True) == (without.status_code, "I will remember" in without.text)
    assert "without memories, since the search failed" in caplog.text
    service.clear_faults()
    assert "window seats" in client.post(path, json=QUESTION, headers=ANNA).text
    assert QUESTION["message"] == stored(service, "enc-anna_40example_2ecom", "chat002")[0]


@pytest.mark.parametrize("fault", ["ServiceException", "lost"])
def test_with_writes_down_it_says_so(
    fault: str, client: TestClient, service: BlockingLocalMemoryService
) -> None:
    """An answer that is not stored is none: a client may ask again later."""
    if fault == "lost":
        service.drop_connection(operation="CreateEvent")
    else:
        service.fail(fault, operation="CreateEvent")
    answer = client.post("/chat", json=SEAT, headers=ANNA)
    assert 503 == answer.status_code
    assert SEAT["message"] not in answer.text
    service.clear_faults()
    assert 200 == client.post("/chat", json=SEAT, headers=ANNA).status_code


def test_a_stream_is_stored_once_writes_are_up_again(
    client: TestClient, service: BlockingLocalMemoryService
) -> None:
    """Its status is sent before it is written, so the writes are tried on behind it."""
    fault = service.fail("ServiceException", operation="CreateEvent")
    assert 200 == client.post("/chat/stream", json=SEAT, headers=ANNA).status_code
    while not fault.met:  # the write begins behind the answer
        client.get("/healthz")
    service.clear_faults()
    client.post("/chat", json=SEAT, headers=ANNA)  # which is stored behind the stream
    assert SEAT["message"] == stored(service, "enc-anna_40example_2ecom", "chat001")[0]


def test_the_health_check_sees_an_outage(
    client: TestClient, service: BlockingLocalMemoryService
) -> None:
    """It needs no token."""
    assert 200 == client.get("/healthz").status_code
    service.fail("ServiceException")
    assert 503 == client.get("/healthz").status_code


names = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=20),
        st.sampled_from(
            ["a", "ab", "a/facts", "a@b", "enc-a", "a:b", "a_b", "A", "*", "{actorId}"]
        ),
    ),
    min_size=2,
    max_size=4,
    unique=True,
)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(users=names)
def test_no_user_gets_what_another_one_said(
    users: list[str], example: dict[str, Any], service: BlockingLocalMemoryService
) -> None:
    """Whatever they are called, and also where their sessions are called the same."""
    tokens: dict[str, str] = example["TOKENS"]
    tokens.clear()
    tokens.update({f"t{number}": user for number, user in enumerate(users)})
    said: dict[str, set[str]] = example.setdefault("said", {})

    def ask(client: TestClient, number: int, message: str) -> str:
        body = {"message": message, "session_id": "chat001", "actor_id": users[number]}
        answer = client.post("/chat", json=body, headers={"Authorization": f"Bearer t{number}"})
        assert 200 == answer.status_code
        return str(answer.json()["response"])

    with TestClient(example["app"]) as client:
        for number, user in enumerate(users):
            said.setdefault(user, set()).add(code := f"Q{sum(map(len, said.values()))}Q")
            ask(client, number, f"My locker code is {code}.")
        service.drain()
        for number, user in enumerate(users):
            answer = ask(client, number, "What is my locker code?")
            found = {code for codes in said.values() for code in codes if code in answer}
            assert found
            assert found <= said[user]
