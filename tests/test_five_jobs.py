"""The five jobs of ``docs/five-jobs.md``: how long each is, and that it does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from agentcore_memory_async.local import AutoClock, LocalMemoryService
from tests.test_docs import compiled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE = Path(__file__).parent.parent / "docs" / "five-jobs.md"
MOST_LINES = 12
JOBS = [
    "A streaming chat",
    "An agent's loop",
    "Delete a user",
    "Import history",
    "A test",
]


def blocks(text: str) -> list[str]:
    """Return the Python blocks of a part of the page."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def jobs() -> dict[str, tuple[list[str], str]]:
    """Return the last block of each section, by heading, with all blocks that stand above it."""
    intro, *sections = PAGE.read_text("utf-8").split("\n## ")
    given = blocks(intro)
    found: dict[str, tuple[list[str], str]] = {}
    for section in sections:
        *above, job = blocks(section)
        given += above
        found[section.partition("\n")[0]] = (list(given), job)
    return found


def test_there_are_five() -> None:
    """The page has the five jobs, in order."""
    assert JOBS == list(jobs())


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_short(job: str) -> None:
    """A job has at most twelve lines, each of them no longer than a line of code."""
    lines = [line for line in jobs()[job][1].splitlines() if line.strip()]
    assert 2 <= len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 100


@pytest.fixture
async def service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[LocalMemoryService]:
    """Yield a service that the variables of AWS point to."""
    monkeypatch.chdir(tmp_path)
    async with LocalMemoryService() as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


async def run(job: str, names: dict[str, Any]) -> None:
    """Run what stands above a job, and the job."""
    given, source = jobs()[job]
    for each in [*given, source]:
        code = compiled(each, PAGE.name)
        done = eval(code, names)
        if done is not None:
            await done


async def test_the_chat_streams_and_remembers(service: LocalMemoryService) -> None:
    """Each user gets an answer from what that user said, and the turns are stored."""
    names: dict[str, Any] = {"__name__": "__main__"}
    await run("A streaming chat", names)
    app = names["app"]

    async def ask(user: str, text: str) -> str:
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),  # what streamed is stored when it ends
            httpx2.AsyncClient(transport=transport, base_url="http://app") as client,
        ):
            headers = {"Authorization": f"Bearer {user}"}
            answer = await client.post("/chat/chat001", json={"message": text}, headers=headers)
        assert 200 == answer.status_code, answer.text
        return answer.text

    answers = [await ask("ada@example.org", "I only fly window seats.")]
    await service.drain()
    answers.append(await ask("ada@example.org", "Which seat?"))
    others = await ask("bob@example.org", "Which seat?")
    async with service.manager(names["MEMORY_ID"]) as manager:
        session = await manager.create_memory_session("enc-ada_40example_2eorg", "chat001")
        turns = await session.get_last_k_turns(k=9)
    assert [answers[0], answers[1]] == [turn.text for turn in turns[1::2]]
    assert len(answers[1]) > len(others)


async def test_the_agent_answers_from_memory(service: LocalMemoryService) -> None:
    """The model gets what was remembered and what was said; the loop ends with an empty line."""
    said = ["I only fly window seats.", " ", "Which seat?", ""]
    asked: list[list[dict[str, str]]] = []
    names: dict[str, Any] = {"input": lambda _: said.pop(0)}
    given, source = jobs()["An agent's loop"]
    for each in given:
        exec(compiled(each, PAGE.name), names)

    async def ask(messages: list[dict[str, str]]) -> str:
        asked.append(messages)
        await service.drain()
        return "yes"

    names["ask"] = ask
    await eval(compiled(source, PAGE.name), names)
    assert [] == said
    assert "window" not in asked[0][0]["content"]
    assert "window" in asked[2][0]["content"]
    assert ["system", "user", "assistant", "user", "assistant", "user"] == [
        message["role"] for message in asked[2]
    ]


async def test_the_user_is_deleted() -> None:
    """Nothing of the user is left, and everything of another one is."""
    async with LocalMemoryService(clock=AutoClock()) as service:
        names: dict[str, Any] = {}
        given, source = jobs()["Delete a user"]
        for each in given:
            exec(compiled(each, PAGE.name), names)
        async with service.manager(names["MEMORY_ID"]) as manager:
            both = ["enc-ada_40example_2eorg", "bob"]
            for actor_id in both:
                session = await manager.create_memory_session(actor_id, "chat001")
                await session.add_turns([{"role": "user", "content": "I live in Turin."}])
            await service.drain()
            names["AsyncMemorySessionManager"] = service.manager
            await eval(compiled(source, PAGE.name), names)
            left = [
                await manager.list_long_term_memory_records(f"/facts/{actor_id}/")
                for actor_id in both
            ]
    assert [0, 1] == [len(each) for each in left]
    assert 1 == names["report"].deleted.events


async def test_the_history_is_imported_once(service: LocalMemoryService) -> None:
    """Run twice, each message is stored once, with its time."""
    for _ in range(2):
        await run("Import history", {})
    async with service.manager("chat-a1B2c3D4e5") as manager:
        [actor] = await manager.list_actors()
        [summary] = await manager.list_actor_sessions(actor.actor_id)
        session = await manager.create_memory_session(actor.actor_id, summary.session_id)
        [turn] = await session.get_last_k_turns()
    assert ("I live in Turin.", 2026) == (turn.text, turn.timestamp.year)


@pytest.mark.timeout(240)  # a pytest of its own
def test_the_test_passes(tmp_path: Path) -> None:
    """The test passes under pytest-asyncio, with warnings as errors, and can fail."""
    given, source = jobs()["A test"]
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    wrong = source.replace('assert "window', 'assert "aisle')
    (tmp_path / "test_good.py").write_text(f"{given[-1]}\n\n{source}")
    (tmp_path / "test_bad.py").write_text(f"{given[-1]}\n\n{wrong}")
    options = ["-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout
