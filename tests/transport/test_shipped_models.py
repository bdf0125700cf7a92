"""The shipped models of both services, the command that makes them, and the clients on them."""

from __future__ import annotations

import json
import os
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest
from botocore.model import ServiceModel

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._wire import service_model
from agentcore_memory_async._wire.service_model import CONTROL, OPERATIONS_BY_SERVICE, SERVICE
from agentcore_memory_async._wire.service_model.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(botocore.__file__).parent / "data"
SHIPPED = Path(service_model.__file__).parent / "data"
SOURCE = json.loads((SHIPPED / "source.json").read_text("utf-8"))
FIRST = {SERVICE: ("ListActors", {"memoryId": "m-0123456789"}), CONTROL: ("ListMemories", {})}
"""An operation of each service, with members."""


def version(text: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(map(int, text.split(".")))


@pytest.mark.parametrize(("service", "operations", "pages"), [(SERVICE, 16, 6), (CONTROL, 8, 1)])
def test_a_model_has_the_memory_operations_and_no_prose(
    service: str, operations: int, pages: int
) -> None:
    """A shipped model has the memory operations and their shapes, without documentation."""
    model = ServiceModel(service_model.read("service-2", service))
    assert list(OPERATIONS_BY_SERVICE[service]) == model.operation_names
    assert operations == len(model.operation_names)
    assert pages == len(service_model.read("paginators-1", service)["pagination"])
    assert "documentation" not in service_model.read_text("service-2", service)


def test_events_may_be_kept_for_ten_years() -> None:
    """The event expiry is that of botocore 1.44.8: 3 to 3,650 days."""
    shapes = service_model.read("service-2", CONTROL)["shapes"]
    for operation in ("CreateMemory", "UpdateMemory"):
        limits = shapes[f"{operation}InputEventExpiryDurationInteger"]
        assert (3, 3650) == (limits["min"], limits["max"])


def installed_data() -> Iterator[tuple[str, Path]]:
    """
    Iterate over version and data of each botocore that is installed.

    Beside the one that is imported, that aiobotocore pins, another may be in a directory that
    ``AGENTCORE_TEST_BOTOCORE`` names, as ``pip install --target`` fills it.
    """
    yield botocore.__version__, DATA
    if directory := os.environ.get("AGENTCORE_TEST_BOTOCORE"):
        [found] = distributions(name="botocore", path=[directory])
        yield found.version, Path(str(found.locate_file("botocore"))) / "data"


def test_the_models_are_those_of_an_installed_botocore_that_is_as_new(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The botocore that they come from, and every newer one that is installed, makes the same."""
    found = dict(installed_data())
    least = SOURCE["botocore"]
    compared = {of: data for of, data in found.items() if version(of) >= version(least)}
    if not compared:
        reason = f"the models are those of botocore {least}, and only {', '.join(found)} is here"
        pytest.skip(f"{reason}; name the directory of a newer one by AGENTCORE_TEST_BOTOCORE")
    for of, data in compared.items():
        assert 0 == main(["--check", str(data)]), of
    assert "" == capsys.readouterr().out


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that the command has filled from the installed botocore."""
    monkeypatch.setattr("agentcore_memory_async._wire.service_model.__main__._HERE", tmp_path)
    monkeypatch.setattr(
        "agentcore_memory_async._wire.service_model.__main__.OPERATIONS_BY_SERVICE",
        {SERVICE: ("CreateEvent", "ListEvents"), CONTROL: ("GetMemory", "ListMemories")},
    )
    assert 0 == main([str(DATA)])
    return tmp_path


def test_one_command_writes_both_services(made: Path) -> None:
    """The command writes all files below its directory, and then finds no difference."""
    assert 0 == main(["--check", str(DATA)])
    assert {path.relative_to(made) for path in made.rglob("*.json")} == {
        path.relative_to(SHIPPED) for path in SHIPPED.rglob("*.json")
    }


@pytest.mark.parametrize("service", OPERATIONS_BY_SERVICE)
@pytest.mark.parametrize("other", [False, True])
def test_the_check_finds_what_another_botocore_has_changed(
    made: Path, capsys: pytest.CaptureFixture[str], service: str, other: bool
) -> None:
    """A changed model is found in any version; other regions only in the same one."""
    if other:
        source = json.loads((made / "source.json").read_text())
        (made / "source.json").write_text(json.dumps(source | {"botocore": "1.0.0"}))
    path = made / f"{service_model.path_of('service-2', service)}.json"
    path.write_text(path.read_text().replace('"shapes"', '"forms"'))
    (made / "partitions.json").write_text("{}")
    capsys.readouterr()
    assert 1 == main(["--check", str(DATA)])
    printed = capsys.readouterr().out
    assert f"differs: {service_model.path_of('service-2', service)}.json" in printed
    assert ("partitions" not in printed) is other


@pytest.mark.parametrize("service", FIRST)
@pytest.mark.parametrize("by", ["argument", "variable", "section"])
async def test_an_endpoint_is_the_services_own(
    serve: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    clean_machine: Path,
    service: str,
    by: str,
) -> None:
    """Argument, environment and ``[services]`` section name an endpoint for each service."""
    servers = {name: await serve() for name in FIRST}
    for server in servers.values():
        server.body = b'{"actorSummaries": [], "memories": []}'
    given = {"endpoint_url": servers[service].url} if by == "argument" else {}
    if by == "variable":
        for name, server in servers.items():
            variable = name.upper().replace("-", "_")
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{variable}", server.url)
    if by == "section":
        sections = "".join(
            f"{name.replace('-', '_')} =\n  endpoint_url = {server.url}\n"
            for name, server in servers.items()
        )
        text = f"[default]\nservices = local\n[services local]\n{sections}"
        (clean_machine / "config").write_text(text)
    async with BotocoreTransport(service=service, region_name="eu-west-1", **given) as transport:
        await transport(*FIRST[service])
        assert servers[service].url == transport.endpoint_url
    assert {name: len(server.requests) for name, server in servers.items()} == {
        name: int(name == service) for name in FIRST
    }


@pytest.mark.parametrize("service", FIRST)
async def test_requests_are_signed_for_the_name_that_the_model_gives(
    serve: Callable[..., Any], service: str
) -> None:
    """Both services sign for ``bedrock-agentcore``: the control plane's model says so."""
    server = await serve()
    async with BotocoreTransport(service=service, endpoint_url=server.url) as transport:
        await transport(*FIRST[service])
    scope = server.requests[0].headers["Authorization"].split("Credential=")[1].split(",")[0]
    assert "bedrock-agentcore" == scope.split("/")[3]


async def test_an_answer_without_content_is_a_success(serve: Callable[..., Any]) -> None:
    """TagResource answers 204 with no body."""
    server = await serve()
    server.status, server.body = 204, b""
    arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/chat-a1B2c3D4e5"
    async with BotocoreTransport(service=CONTROL, endpoint_url=server.url) as transport:
        answer = await transport("TagResource", {"resourceArn": arn, "tags": {"a": "b"}})
    assert ({}, 204) == (answer.body, answer.status)
    assert "/tags/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Amemory%2F" in (
        server.requests[0].path
    )
