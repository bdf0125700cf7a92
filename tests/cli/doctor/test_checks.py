"""Single checks, pure: what they hold of the project's own files, and what no set-up shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async._wire import memory_codec
from agentcore_memory_async._wire.unreadable import check_on_unreadable
from agentcore_memory_async.cli._doctor import failures, namespaces, packages, settings
from agentcore_memory_async.cli._doctor.findings import Outcome
from agentcore_memory_async.cli._doctor.seen import Asked, Endpoint
from agentcore_memory_async.errors import TransportError, TransportTimeoutError, service_error
from tests.control.doubles import FACTS, answer

if TYPE_CHECKING:
    from agentcore_memory_async.models import Memory

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
AWS = Endpoint(
    "bedrock-agentcore",
    "eu-west-1",
    "environment",
    "https://bedrock-agentcore.eu-west-1.amazonaws.com",
)


def memory_with(*templates: str, **members: Any) -> Memory:
    """Return a memory whose strategies write under *templates*."""
    strategies = [
        {**FACTS, "name": f"s{number}", "namespaces": [each], "namespaceTemplates": [each]}
        for number, each in enumerate(templates)
    ]
    body = answer(strategies=strategies, **members)
    return memory_codec.read_memory("GetMemory", body, check_on_unreadable("raise"))


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ((3, 10), Outcome.PROBLEM),
        ((3, 11), Outcome.OK),
        ((3, 13), Outcome.OK),
        ((3, 14), Outcome.WARNING),
    ],
)
def test_python(version: tuple[int, int], outcome: Outcome) -> None:
    """A Python that is too old is a problem, one that was not tried a warning."""
    found = packages.check_python(version)
    assert outcome == found.outcome
    assert bool(found.cure) == (outcome is not Outcome.OK)


def test_the_tried_pythons_are_those_of_the_project() -> None:
    """They are the classifiers, and the first is the least that is required."""
    named = [
        each.rpartition(" ")[2]
        for each in PROJECT["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", each)
    ]
    tried = [".".join(map(str, each)) for each in packages.TRIED_PYTHONS]
    assert named == tried
    assert f">={tried[0]}" == PROJECT["project"]["requires-python"]


def test_what_is_held_back_is_what_the_page_on_installation_says() -> None:
    """The versions beside aioboto3 are those of its table."""
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    table = dict(re.findall(r"\| `([\w-]+)` \| [\d.]+ \| ([\d.]+) \|", page))
    assert packages.HELD_BACK == table


def test_the_newest_of_the_neighbors_is_not_held_back() -> None:
    """A newer one, or one beside no aioboto3, is left alone."""
    pinned = {"aioboto3": packages.Package("15.5.0")}
    newer = {"bedrock-agentcore": packages.Package("1.25.0")}
    old = {"bedrock-agentcore": packages.Package("1.3.2")}
    assert [] == packages.check_held_back(pinned | newer)
    assert [] == packages.check_held_back(old)
    assert len(packages.check_held_back(pinned | old)) == 1


def test_requirements_that_nobody_can_read_are_left_out() -> None:
    """Metadata of long ago does not end the doctor."""
    there = {"aioboto3": packages.Package("15.5.0", ("what (is) this", "aiofiles>=23"))}
    [problem, unchecked] = packages.check_packages(there)
    assert "aioboto3 15.5.0 needs aiofiles>=23: missing" == problem.found
    assert Outcome.UNCHECKED == unchecked.outcome


segments = st.sampled_from(
    ["facts", "users", "{actorId}", "{sessionId}", "{memoryStrategyId}", "user-{actorId}"]
)
templates = st.lists(segments, min_size=1, max_size=4).map(lambda parts: f"/{'/'.join(parts)}/")


@given(st.lists(templates, min_size=1, max_size=3, unique=True))
def test_what_strategies_write_is_never_blamed(written: list[str]) -> None:
    """Each template itself, and each path above it, is a namespace of the memory."""
    memory = memory_with(*written)
    above = {
        f"{'/'.join(each.split('/')[:length])}/"
        for each in memory.namespaces.values()
        for length in range(2, len(each.split("/")))
    }
    for each in (*memory.namespaces.values(), *above):
        [found] = namespaces.check_namespaces([each], memory)
        assert Outcome.OK == found.outcome, found


@given(templates, st.sampled_from(["{userId}", "{actorid}", "{actor_id}", "{ actorId }"]))
def test_an_unknown_variable_is_always_blamed(template: str, variable: str) -> None:
    """A variable that no memory has fits nothing, whatever strategies write."""
    memory = memory_with(template)
    [found] = namespaces.check_namespaces([f"{template}{variable}/", *()], memory)
    assert Outcome.PROBLEM == found.outcome


@pytest.mark.parametrize(
    ("given_one", "why"),
    [
        ("/Facts/{actorId}/", "Facts and facts differ in case"),
        ("/facts/", None),
        ("/facts/anna/", None),
        ("/facts/{actorId}/{sessionId}/", "it has {sessionId} more"),
        ("facts/{actorId}/", "the slash at the start is missing"),
        ("/elsewhere/", "no strategy writes under /elsewhere/"),
        ("/facts/{sessionId}/", "the variable is {actorId}, not {sessionId}"),
    ],
)
def test_typos_of_namespaces(given_one: str, why: str | None) -> None:
    """What is wrong with a namespace is named, and what reads something is not blamed."""
    [found] = namespaces.check_namespaces([given_one], memory_with("/facts/{actorId}/"))
    if why is None:
        assert Outcome.OK == found.outcome
    else:
        assert found.found.endswith(why)
        assert "/facts/{actorId}/" in found.cure


def test_a_key_of_the_memory_is_a_variable() -> None:
    """The memory's own namespace keys are known."""
    memory = memory_with("/facts/{tenant}/", namespaceKeys=[{"key": "tenant"}])
    [found] = namespaces.check_namespaces(["/facts/{tenant}/"], memory)
    assert Outcome.OK == found.outcome


@pytest.mark.parametrize(
    ("error", "check", "cure"),
    [
        (TransportError("ListActors", "reset"), "connection", "VPC endpoint for bedrock-agentcore"),
        (
            TransportTimeoutError("ListActors", "while connecting to the service"),
            "connection",
            "a subnet without a way out",
        ),
        (service_error("ListActors", "503", "x", 503), "connection", "Check any proxy"),
        (service_error("ListActors", "Odd", "x", 400), "connection", "Try again"),
    ],
)
def test_errors_of_aws_itself(error: Exception, check: str, cure: str) -> None:
    """Without settings of one's own the network is to be looked at."""
    found = failures.explain(error, AWS, Asked("chat-a1B2c3D4e5"))
    assert check == found.check
    assert cure in found.cure


@pytest.mark.parametrize("offset_s", [-299, -60, -59, 0, 59, 60, 299])
def test_clocks(offset_s: float) -> None:
    """A minute is worth a warning."""
    from agentcore_memory_async.cli._doctor.seen import Reply

    found = settings.check_clock([Reply("ListActors"), Reply("ListEvents", offset_s=offset_s)])
    assert (Outcome.WARNING if abs(offset_s) >= 60 else Outcome.OK) == found.outcome
