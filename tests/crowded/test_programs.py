"""Programs that use the package beside others, each in a process of its own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from agentcore_memory_async.local import LocalMemoryService
from tests.crowded.chat_server import serving
from tests.crowded.programs.crowd import FACT, TEXT, installed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)


def talk(*actors: str) -> list[str]:
    """Return the lines that a conversation prints for each actor."""
    return [f"{actor} ['{TEXT}'] ['{FACT}']" for actor in actors]


PROGRAMS = {
    "under_anyio": ([], talk("main", "task", "thread")),
    "under_uvloop": (["uvloop"], talk("main", "thread")),
    "under_trio": (
        ["trio"],
        talk("thread", "main", "anyio-thread", "anyio-main", "afterwards"),
    ),
    "traced": (
        ["opentelemetry.instrumentation.botocore", "opentelemetry.instrumentation.fastapi"],
        [
            "POST /chat > upsert_memory > Bedrock AgentCore.CreateEvent",
            "POST /chat > search_memory > Bedrock AgentCore.RetrieveMemoryRecords",
            "POST /blocking-chat > search_memory > Bedrock AgentCore.RetrieveMemoryRecords",
            "traces: 2",
        ],
    ),
    "nested": (["nest_asyncio"], talk("main", "nested", "thread")),
    "web_app": ([], ["['first']", "['first', 'second']", "['first', 'second', 'third']"]),
    "notebook": (
        ["nbclient", "nbformat", "ipykernel"],
        [*talk("facade", "top-level"), "interrupted", "['later']", "['later']"],
    ),
    "chat_clients": (
        ["openai", "anthropic", "langchain_openai"],
        [
            *talk("after-openai", "after-anthropic"),
            "done done",
            "done",
            *talk("thread"),
            "done",
            *talk("main"),
        ],
    ),
    "litellm_calls": (["litellm"], ["done", *talk("async", "thread"), "done", *talk("main")]),
    "langgraph_nodes": (
        ["langgraph"],
        [*talk("async-0", "sync-1"), "{'steps': 2}", *talk("sync-2"), "{'steps': 3}"],
    ),
    "strands_tools": (["strands"], [*talk("sync"), "done", *talk("async"), "done"]),
    "openai_agents_tools": (["agents"], [*talk("async"), "done", *talk("sync"), "done"]),
}
"""Modules that a program needs, and the lines that it prints."""
ALONE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
}
"""Settings with which the other packages ask nobody beyond this machine."""


async def run(*arguments: str, home: Path) -> str:
    """Run Python with *arguments* beside a local service and models, and return its output."""
    async with LocalMemoryService(extraction_delay=0.1) as service, serving() as models:
        own = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        environment = own | ALONE | {"HOME": str(home)} | service.environment | models
        with anyio.fail_after(150):
            done = await anyio.run_process(
                [sys.executable, *arguments], env=environment, check=False
            )
    if done.returncode:
        pytest.fail(done.stdout.decode() + done.stderr.decode())
    return done.stdout.decode()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_program(program: str, tmp_path: Path) -> None:
    """A program stores, reads, and awaits extraction, with each API that it can use."""
    needed, printed = PROGRAMS[program]
    for module in needed:
        if not installed(module):
            pytest.skip(f"{module} is not installed")
    output = await run("-m", f"tests.crowded.programs.{program}", home=tmp_path)

    assert printed == output.splitlines()


@pytest.mark.parametrize(
    ("kind", "needed", "refused"),
    [
        ("opentelemetry", "opentelemetry.instrumentation.botocore", ("429", "400")),
        ("xray", "aws_xray_sdk", ("429", "400")),
        ("ddtrace", "ddtrace", ("None", "None")),  # it tells no status of an error
    ],
)
async def test_instrumentation(
    kind: str, needed: str, refused: tuple[str, str], tmp_path: Path
) -> None:
    """Each attempt of a call has a span with operation, status and error, and no content."""
    if not installed(needed):
        pytest.skip(f"{needed} is not installed")
    throttled, invalid = refused
    output = await run("-m", "tests.crowded.programs.instrumented", kind, home=tmp_path)

    assert [
        *talk("async", "sync"),
        f"['{TEXT}']",
        "ValidationError",
        "bedrock-agentcore CreateEvent 201 None",
        f"bedrock-agentcore ListEvents {throttled} ClientError",
        "bedrock-agentcore ListEvents 200 None",
        f"bedrock-agentcore RetrieveMemoryRecords {invalid} ValidationException",
        "spans: True with content: []",
    ] == output.splitlines()


async def test_automatic_instrumentation(tmp_path: Path) -> None:
    """Calls work where a tracer patches all that it knows, and none of its spans holds content."""
    if not installed("ddtrace"):
        pytest.skip("ddtrace is not installed")
    output = await run("-m", "tests.crowded.programs.instrumented", "ddtrace_auto", home=tmp_path)

    expected = [*talk("async", "sync"), f"['{TEXT}']", "ValidationError"]
    assert [*expected, "spans: True with content: []"] == output.splitlines()


@pytest.mark.parametrize("beside", ["no:asyncio", "asyncio"])
async def test_anyios_own_pytest_plugin(beside: str, tmp_path: Path) -> None:
    """Tests under ``@pytest.mark.anyio`` work, with pytest-asyncio beside and without."""
    path = "tests/crowded/programs/check_anyio.py"
    options = ("-p", beside, "-p", "no:cacheprovider")
    output = await run("-m", "pytest", "-q", "-c", os.devnull, *options, path, home=tmp_path)

    assert " passed" in output
    assert not {"skipped", "failed", "xfailed"} & set(output.split())
