"""The Dockerfile of the local service: what it starts and checks is run here, without Docker."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import yaml

from agentcore_memory_async.local import LocalMemoryService
from agentcore_memory_async.local._http.listener import check_reach
from agentcore_memory_async.local._http.server import is_loopback
from agentcore_memory_async.sync import MemorySessionManager
from tests.deployment.container import FOLDER, IMAGE, ROOT, START, WITHIN_S, Container
from tests.deployment.dockerfile import instructions
from tests.deployment.frozen import MEMORY, stored

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)  # its start alone can take a busy machine a minute

COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())


def test_it_is_healthy_stops_and_keeps_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers the app of the compose file, ends by SIGTERM, and starts with the same data."""
    container = Container(tmp_path)
    for name, value in COMPOSE["services"]["app"]["environment"].items():
        monkeypatch.setenv(name, value.replace("memory:8788", f"127.0.0.1:{container.port}"))
    assert not container.is_healthy()
    texts: list[str] = []
    for number in range(2):
        with container.running() as process:
            assert (200, 200, 403) == tuple(
                map(container.ask, ("memory:8788", "localhost:8788", "evil.example"))
            )
            with MemorySessionManager(os.environ["MEMORY_ID"]) as manager:
                session = manager.create_memory_session("anna", "chat001")
                session.add_turns([{"role": "user", "content": f"message {number}"}])
                texts = [turn.text for turn in session.get_last_k_turns(k=5)]
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=WITHIN_S)
            assert (0, "stopped") == (process.returncode, output.splitlines()[-1])
    assert ["message 0", "message 1"] == texts


def test_others_reach_it_and_nobody_runs_it_as_root() -> None:
    """It listens on all addresses, as its hosts are named; its user is not root."""
    host = START[START.index("--host") + 1]
    check_reach(host, [START[START.index("--allow-host") + 1]])

    assert not is_loopback(host)
    assert int(IMAGE["USER"]) > 0
    assert IMAGE["EXPOSE"] == START[START.index("--port") + 1]


def test_what_the_build_copies_is_all_that_it_needs() -> None:
    """Each file is there, and what pyproject.toml refers to is among them."""
    copied = [
        source
        for name, rest in instructions(FOLDER / "Dockerfile")
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])

    assert needed == set(copied)
    assert all((ROOT / source).exists() for source in copied)


def test_the_app_of_the_compose_file_finds_it() -> None:
    """The app waits until it is healthy, and has its variables and a name that it answers to."""
    app, memory = COMPOSE["services"]["app"], COMPOSE["services"]["memory"]
    url = f"http://{START[START.index('--allow-host') + 1]}:{IMAGE['EXPOSE']}"
    with_url = {name for name, value in app["environment"].items() if value == url}

    assert {"condition": "service_healthy"} == app["depends_on"]["memory"]
    assert {
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
        "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
    } == with_url
    assert "ports" not in memory
    assert [f"memory:{IMAGE['VOLUME']}"] == memory["volumes"]
    context = (FOLDER / memory["build"]["context"]).resolve()
    assert FOLDER / "Dockerfile" == context / memory["build"]["dockerfile"]


async def test_a_worker_stores_what_is_under_way_when_it_is_stopped() -> None:
    """SIGTERM comes while a write waits for its answer: the write is made, and the worker ends."""
    async with LocalMemoryService() as service:
        slow = service.add_latency(1.0, operation="CreateEvent")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", str(FOLDER / "worker.py")),
            env=os.environ | service.environment | {"MEMORY_ID": MEMORY},
        )
        while not slow.met:
            await anyio.sleep(0.01)
        process.send_signal(signal.SIGTERM)

        assert 0 == await process.wait()
        assert ["I live in Turin."] == await stored(service)
