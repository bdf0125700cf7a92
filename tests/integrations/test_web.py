"""Which status, headers and text a web app answers errors with, and whose control plane it asks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agentcore_memory_async._wire.declared_namespaces import DeclaredNamespaces
from agentcore_memory_async._wire.resolved_namespaces import known_templates
from agentcore_memory_async.errors import (
    AgentCoreMemoryError,
    InvalidInputError,
    ThrottledError,
    service_error,
)
from agentcore_memory_async.integrations._web import ANSWERED, answer_to, control_options
from tests.unit.test_errors import CANARY, CLASSES, make

UNANSWERED = {
    "AccessDeniedError",
    "AgentCoreMemoryError",
    "BatchError",
    "ClientTokenInUseError",
    "ExtractionError",
    "ExtractionFailedError",
    "ForkedError",
    "MemoryFailedError",
    "NotFoundError",
    "QuotaExceededError",
    "ServiceError",
    "UnsentTurnsError",
    "ValidationError",
    "WrongLoopError",
}
"""Errors that are for whoever runs the app."""
ERRORS = {name: cls for name, cls in CLASSES.items() if not issubclass(cls, Warning)}


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_has_an_answer_or_is_for_whoever_runs_the_app(name: str) -> None:
    """429, 503 and 422; no text of any of them has content, and only a mistake's is the error's."""
    error = AgentCoreMemoryError() if name == "AgentCoreMemoryError" else make(ERRORS[name])
    assert (name in UNANSWERED) == (not isinstance(error, ANSWERED))
    if name in UNANSWERED:
        return
    answer = answer_to(error)
    statuses = {"InvalidInputError": 422, "ThrottledError": 429}
    assert statuses.get(name, 503) == answer.status
    assert CANARY not in answer.text
    assert (name == "InvalidInputError") == (str(error) in answer.text)


@pytest.mark.parametrize(
    ("seconds", "header"),
    [(None, "1"), (0.0, "1"), (0.2, "1"), (2.0, "2"), (2.1, "3"), (7e9, "3600"), (1e999, "3600")],
)
def test_throttling_says_when_to_try_again(seconds: float | None, header: str) -> None:
    """It is the time that the service asked for, in whole seconds, up to an hour."""
    error = service_error("ListEvents", "ThrottledException", "no", 429, retry_after_s=seconds)
    assert isinstance(error, ThrottledError)
    assert {"Retry-After": header} == answer_to(error).headers


def test_an_outage_says_when_to_try_again_if_the_service_did() -> None:
    """Nobody else knows how long an outage takes."""
    outage = service_error("ListEvents", "ServiceException", "no", 503)
    assert {} == answer_to(outage).headers
    outage.retry_after_s = 4.5
    assert {"Retry-After": "5"} == answer_to(outage).headers


def test_namespaces_that_nobody_declared_are_the_operators_mistake() -> None:
    """No client can mend that, and what to declare is for the log."""
    with pytest.raises(InvalidInputError) as caught:
        known_templates(DeclaredNamespaces())
    answer = answer_to(caught.value)
    assert 500 == answer.status
    assert "namespaces=" in str(caught.value)
    assert "namespaces" not in answer.text


def test_the_recipe_for_litestar_answers_what_the_modules_answer() -> None:
    """The page names each error that has an answer, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "aiohttp.md").read_text("utf-8")
    recipe = page.partition("## Litestar")[2]
    assert {kind.__name__ for kind in ANSWERED} == set(re.findall(r"errors\.(\w+)", recipe))


AWS_DATA = "https://bedrock-agentcore.us-west-2.amazonaws.com"
VPC_DATA = "https://vpce-1.bedrock-agentcore.us-west-2.vpce.amazonaws.com"
LOCAL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("given", "url"), [(None, None), (LOCAL, LOCAL), (AWS_DATA, None), (VPC_DATA, None)]
)
def test_the_control_plane_is_that_of_the_manager(given: str | None, url: str | None) -> None:
    """It has the manager's session, region and endpoint, unless that has only a data plane."""
    session = object()
    options: dict[str, Any] = {"aws_session": session, "endpoint_url": given, "max_concurrency": 5}
    expected = {"region_name": "r", "aws_session": session, "config": None, "endpoint_url": url}
    assert expected == control_options("r", options)


@pytest.mark.parametrize("options", [{"namespaces": {}}, {"transport": object()}])
def test_declared_namespaces_are_not_asked_for(options: dict[str, Any]) -> None:
    """Neither is the control plane where nothing goes over a network."""
    assert None is control_options(None, options)
