"""The shipped models, and the check of all exchanges."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import pytest

import agentcore_memory_async
from agentcore_memory_async.local import RecordedExchange
from tests.local.exchanges import MODELS, PATHS, SOURCE, model, problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.local_client import Client

DATA = Path(agentcore_memory_async.__file__).parent / "_wire/service_model/data"
SHIPPED = tuple(DATA / name.removesuffix(".gz") for name in PATHS)


def without_prose(value: Any) -> Any:
    """Return a part of a model without its documentation."""
    if isinstance(value, dict):
        return {
            name: without_prose(item)
            for name, item in value.items()
            if name != "documentation" or isinstance(item, dict)
        }
    return [without_prose(item) for item in value] if isinstance(value, list) else value


def read(path: Path) -> Any:
    """Read a model of botocore."""
    return without_prose(json.loads(gzip.decompress(path.read_bytes())))


@pytest.mark.parametrize(("shipped", "name"), list(zip(SHIPPED, PATHS, strict=True)))
def test_the_shipped_model_is_botocores(shipped: Path, name: str) -> None:
    """Each operation and shape that the package ships is botocore's, without its prose."""
    ours, theirs = json.loads(shipped.read_text()), read(MODELS / name)
    for part in ("operations", "shapes"):
        for entry in ours[part]:
            assert theirs[part][entry] == ours[part][entry], entry


@pytest.mark.parametrize("name", PATHS)
def test_the_tests_model_is_that_of_the_installed_botocore(name: str) -> None:
    """The model of the tests is that of botocore in its version."""
    installed = Path(botocore.__file__).parent / "data" / name
    if botocore.__version__ == SOURCE:
        assert installed.read_bytes() == (MODELS / name).read_bytes()
    else:
        assert installed.exists()


def test_all_memory_operations_are_there() -> None:
    """The service has every operation that botocore has below /memories/."""
    ours = {name for path in SHIPPED for name in json.loads(path.read_text())["operations"]}
    theirs = {
        name
        for name, (entry, _) in model().items()
        if entry["http"]["requestUri"].startswith("/memories")
    }
    assert theirs <= ours
    assert len(theirs) == 21


GOOD = b'{"actorSummaries":[{"actorId":"ann"}]}'


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, []),
        ({"status": 201}, ["status 201"]),
        ({"params": {"memoryId": "x"}}, ["request.memoryId: length 1 is out of bounds"]),
        ({"body": b"{}"}, ["answer: has no actorSummaries"]),
        ({"body": b'{"actorSummaries":{}}'}, ["answer.actorSummaries: {} is no list"]),
        ({"error": "TeapotException"}, ["TeapotException is not an error of ListActors"]),
        (
            {"error": "ValidationException", "status": 404, "body": b'{"message":"x"}'},
            ["ValidationException with status 404", "error: has no reason"],
        ),
        ({"body": b'{"actorSummaries":[],"more":1}'}, ["answer: more is no member"]),
    ],
)
def test_a_wrong_exchange_is_found(change: dict[str, Any], problem: list[str]) -> None:
    """The check names the problem."""
    exchange: dict[str, Any] = {
        "operation": "ListActors",
        "params": {"memoryId": "chat-a1B2c3D4e5"},
        "status": 200,
        "error": None,
        "body": GOOD,
        "fault": None,
    }
    found = problems(RecordedExchange(**(exchange | change)))
    assert found[: len(problem)] == problem
    assert bool(problem) == bool(found)


async def test_exchanges_are_recorded(
    client: Client, recorded: Callable[[], list[RecordedExchange]]
) -> None:
    """The check gets the requests to a service and its answers."""
    await client.create("hello")
    await client.events(maxResults=0)
    first, second = recorded()
    assert (first.operation, first.status, first.params["actorId"]) == ("CreateEvent", 201, "ann")
    assert (second.operation, second.error) == ("ListEvents", "ValidationException")
