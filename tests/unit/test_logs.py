"""The filter for botocore's debug logs removes content and secrets and keeps facts."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from agentcore_memory_async import BotocoreLogFilter

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yield the output of a handler with the filter, attached to some loggers."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    handler.addFilter(BotocoreLogFilter())
    loggers = [logging.getLogger(name) for name in ("botocore", "urllib3", "aiohttp", "mine")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield written
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


class OperationModel:
    """Stand-in for botocore's class of that name."""

    name = "CreateEvent"

    def __repr__(self) -> str:
        return "CANARY"


class AWSPreparedRequest:
    """Stand-in for botocore's class of that name."""

    method = "POST"
    body = b"CANARY"

    def __repr__(self) -> str:
        return "CANARY"


def test_facts_stay(log: io.StringIO) -> None:
    """Operation, method, status, numbers and sizes are logged."""
    logger = logging.getLogger("botocore.endpoint")
    params = {"body": b"CANARY!", "method": "POST", "headers": {"X": "CANARY"}}
    logger.debug("Making request for %s with params: %s", OperationModel(), params)
    logger.debug("SendState http request: %s", AWSPreparedRequest())
    for event in ("bedrock-agentcore.CreateEvent", "bedrock-agentcore-control.GetMemory"):
        logger.debug("Event %s: calling handler %s", f"before-call.{event}", log)
    line = '%s://%s:%s "%s %s %s" %s %s'
    where = ("https", "CANARY.example", 443, "POST", "/memories/CANARY", "HTTP/1.1", 201, 812)
    logging.getLogger("urllib3.connectionpool").debug(line, *where)
    lines = [line.partition(": ")[2] for line in log.getvalue().splitlines()]

    assert [
        "Making request for CreateEvent with params: <POST bytes, 7>",
        "SendState http request: <POST bytes, 6>",
        "Event before-call.bedrock-agentcore.CreateEvent: calling handler <StringIO>",
        "Event before-call.bedrock-agentcore-control.GetMemory: calling handler <StringIO>",
        'https://<str, 14>:443 "POST <str, 16> HTTP/1.1" 201 812',
    ] == lines


def test_content_and_secrets_go(log: io.StringIO) -> None:
    """Arguments, text and exceptions with content are not logged."""
    logger = logging.getLogger("botocore.auth")
    logger.debug("Signature:\n%s", "CANARY")
    logger.debug("Response body:\n%r", b"CANARY")
    logger.debug("Event %s: calling", "before-call.CANARY")
    logger.debug("CANARY")
    logger.debug("%(secret)s", {"secret": "CANARY"})
    logger.debug("%d", "CANARY")
    try:
        raise ValueError("CANARY")
    except ValueError:
        logger.exception("no luck with %s", ["CANARY"], stack_info=True)

    assert "CANARY" not in log.getvalue()
    assert "no luck with <list, 1> [ValueError]" in log.getvalue()
    assert 7 == len(log.getvalue().splitlines())


def test_other_loggers_are_left_alone(log: io.StringIO) -> None:
    """Records of other loggers are unchanged."""
    logging.getLogger("mine").info("user %s", "CANARY")

    assert "mine user CANARY\n" == log.getvalue()


def test_a_second_filter_changes_nothing(log: io.StringIO) -> None:
    """A second filter leaves a filtered record unchanged."""
    again = logging.StreamHandler(io.StringIO())
    again.addFilter(BotocoreLogFilter())
    logger = logging.getLogger("botocore.endpoint")
    logger.addHandler(again)
    try:
        logger.debug("SendState http request: %s", AWSPreparedRequest())
    finally:
        logger.removeHandler(again)

    assert log.getvalue().endswith(": SendState http request: <POST bytes, 6>\n")
