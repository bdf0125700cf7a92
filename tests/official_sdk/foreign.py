"""
Run tests that other projects ship in their source distributions, on the local service.

The tests are those made for AWS. They run unchanged, file by file, with another Python, and are
pointed here by environment variables. ``foreign/SUITE.txt`` lists the ids of the tests that pass,
and, after ``xfail``, of those that fail; anything else is an error.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import aiohttp
import anyio
from bedrock_models import serving_models
from run import Exchanges

# Run as a script, this imports the installed package, not the checkout.
from agentcore_memory_async import ConversationalMessage, MessageRole
from agentcore_memory_async.local import LocalMemoryService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
SUITES = {
    "bedrock-agentcore": ("tests_integ/memory/**/test_*.py",),
    "langgraph-checkpoint-aws": (
        "tests/integration_tests/agentcore/test_*.py",
        "tests/integration_tests/test_deferred_saver.py",
    ),
}
"""Files of the tests in a source distribution."""
OWN_SERVICE = "not dynamodb and not bedrock_session"
"""Leaves out the variants of a test that are about other services of AWS."""
SUMMARIES = {
    "bedrock-agentcore": "/summaries/{actorId}/{sessionId}/",
    "langgraph-checkpoint-aws": "/summaries/actors/{actorId}/sessions/{sessionId}/",
}
"""Namespaces of summaries that the tests expect of their memory."""
TALK = (
    (MessageRole.USER, "I prefer dark mode, Python over Java, and vim over emacs"),
    (MessageRole.ASSISTANT, "Noted! Those are solid developer preferences."),
    (MessageRole.USER, "I work on distributed systems at a startup in Seattle"),
    (MessageRole.ASSISTANT, "Interesting! Distributed systems is a great field."),
)
"""The conversation that the SDK's tests say a memory has to have."""
NAMES = {
    "BEDROCK_TEST_REGION": "us-west-2",
    "MEMORY_KINESIS_ARN": "arn:aws:kinesis:us-west-2:123456789012:stream/records",
    "MEMORY_ROLE_ARN": "arn:aws:iam::123456789012:role/memory",
}
"""Environment variables that the tests read."""


async def create_memory(url: str, summaries: str) -> str:
    """Create a memory with three strategies, and return its id when it is active."""
    strategies = {
        "semantic": "/facts/{actorId}/",
        "userPreference": "/preferences/{actorId}/",
        "summary": summaries,
    }
    body = {
        "name": "filled",
        "eventExpiryDuration": 90,
        "memoryStrategies": [
            {f"{kind}MemoryStrategy": {"name": kind, "namespaceTemplates": [template]}}
            for kind, template in strategies.items()
        ],
    }
    async with aiohttp.ClientSession(url) as http:
        async with http.post("/memories/create", json=body) as answer:
            answer.raise_for_status()
            memory_id = str((await answer.json())["memory"]["id"])
        status = "CREATING"
        while status == "CREATING":
            await anyio.sleep(0.1)
            async with http.get(f"/memories/{memory_id}/details") as answer:
                status = (await answer.json())["memory"]["status"]
    return memory_id


@asynccontextmanager
async def surroundings(suite: str, exchanges: Exchanges) -> AsyncIterator[dict[str, str]]:
    """Run the local service with a memory that has records, and models; yield the environment."""
    async with (
        LocalMemoryService(
            strict=True, extraction_delay=0.1, on_exchange=exchanges.record
        ) as service,
        serving_models() as models,
    ):
        memory_id = await create_memory(service.endpoint_url, SUMMARIES[suite])
        async with service.manager(memory_id) as manager:
            session = await manager.create_memory_session("integ-test-actor", "integ-test-session")
            await session.add_turns([ConversationalMessage(text, role) for role, text in TALK])
            await service.drain()
        own = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        memory = {"AGENTCORE_MEMORY_ID": memory_id, "MEMORY_PREPOPULATED_ID": memory_id}
        python = {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
        yield own | none | NAMES | memory | models | service.environment | python


def outcomes(report: Path) -> dict[str, str]:
    """Return by the id of each test: passed, failed, error or skipped."""
    found = {}
    for case in ET.parse(report).iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        found[f"{case.attrib['classname']}::{case.attrib['name']}"] = (bad or ["passed"])[0]
    return found


async def run_suite(suite: str, python: str, folder: Path) -> dict[str, str]:
    """Run the files of *suite* one after the other, each on a service of its own."""
    found: dict[str, str] = {}
    exchanges = Exchanges()
    for path in sorted(path for pattern in SUITES[suite] for path in folder.glob(pattern)):
        async with surroundings(suite, exchanges) as environment:
            with tempfile.TemporaryDirectory() as reports:
                report = Path(reports) / "report.xml"
                options = ("-p", "quick_waits", "-p", "no:cacheprovider", f"--junitxml={report}")
                chosen = ("-k", OWN_SERVICE, str(path.relative_to(folder)))
                await anyio.run_process(
                    [python, "-m", "pytest", "-q", *options, *chosen],
                    env=environment,
                    cwd=folder,
                    check=False,
                    stdout=None,
                    stderr=None,
                )
                found |= outcomes(report)
    exchanges.print()
    if exchanges.found:
        found["every exchange is valid"] = "failed"
    return found


def contradictions(found: dict[str, str], expected: list[str]) -> list[str]:
    """Return a line for each test whose outcome is not the expected one."""
    passing = {line for line in expected if not line.startswith("xfail ")}
    failing = {line.removeprefix("xfail ") for line in expected} - passing
    lines = [
        f"{found.get(name, 'missing')}: {name}"
        for name in sorted(passing)
        if found.get(name) != "passed"
    ]
    lines += [
        f"{found.get(name, 'missing')}, but listed as xfail: {name}"
        for name in sorted(failing)
        if found.get(name) != "failure"
    ]
    return lines


def main(suite: str, python: str, folder: str) -> int:
    """Run *suite* and print what contradicts its list, and tests that the list does not have."""
    expected = (HERE / "foreign" / f"{suite}.txt").read_text().splitlines()
    found = anyio.run(run_suite, suite, python, Path(folder))
    listed = {line.removeprefix("xfail ") for line in expected}
    new = sorted(set(found) - listed)
    wrong = contradictions(found, expected)
    print(*(f"new, {found[name]}: {name}" for name in new), *wrong, sep="\n")
    print(f"{suite}: {len(listed)} tests listed, {len(wrong)} contradict the list, {len(new)} new")
    return int(bool(wrong or new))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in SUITES:
        sys.exit(f"usage: foreign.py {'|'.join(SUITES)} PYTHON SOURCE-DISTRIBUTION")
    sys.exit(main(*sys.argv[1:]))
