"""
Time from the start of a process to the answer to its first write, from folders as Lambda has them.

    python -m tests.deployment.cold_start --rounds 15

It builds the function by ``docs/examples/lambda/build.sh``, installs boto3 and the official SDK
beside it, with bytecode, too, runs the handler out of its zip file, and prints sizes and times.
The processes see nothing but their folder, cannot write to it, and talk to a local service.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from textwrap import dedent

from agentcore_memory_async.local import LocalMemoryService
from tests.deployment.frozen import EXAMPLES, MEMORY

HEAD = "import sys; sys.path.insert(0, sys.argv[1])\n"
HANDLER = """
import json, time
from types import SimpleNamespace
import handler

claims = {"jwt": {"claims": {"sub": "anna"}}}
body = json.dumps({"session_id": "chat001", "message": "I live in Turin."})
event = {"requestContext": {"authorizer": claims}, "body": body}
context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
assert handler.handler(event, context)["statusCode"] == 200
"""
OURS = f"""
from agentcore_memory_async.sync import MemorySessionManager

session = MemorySessionManager("{MEMORY}").create_memory_session("a", "s", verify=False)
session.add_turns([{{"role": "user", "content": "I live in Turin."}}])
"""
BOTO3 = f"""
from datetime import UTC, datetime
import boto3

said = {{"role": "USER", "content": {{"text": "I live in Turin."}}}}
boto3.client("bedrock-agentcore").create_event(
    memoryId="{MEMORY}", actorId="a", sessionId="s",
    eventTimestamp=datetime.now(UTC), payload=[{{"conversational": said}}],
)
"""
OFFICIAL = f"""
from bedrock_agentcore.memory.constants import ConversationalMessage, MessageRole
from bedrock_agentcore.memory.session import MemorySessionManager

session = MemorySessionManager("{MEMORY}", region_name="us-west-2").create_memory_session("a", "s")
session.add_turns([ConversationalMessage("I live in Turin.", MessageRole.USER)])
"""


def python_of(*arguments: str) -> list[str]:
    """Return a command of the interpreter that this one's environment was made from."""
    return [str(Path(sys.base_prefix) / "bin" / "python3"), "-I", "-S", "-B", *arguments]


def megabytes(path: Path) -> float:
    """Return the size of a file, or of the files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def build(work: Path) -> dict[str, Path]:
    """Build the function, install the others, and return their folders by name."""
    zipped = work / "function.zip"
    subprocess.run([EXAMPLES / "build.sh", EXAMPLES / "handler.py", zipped], check=True)
    folders = {"function": work / "function", "without bytecode": work / "without"}
    for folder in folders.values():
        subprocess.run([sys.executable, "-m", "zipfile", "-e", zipped, folder], check=True)
    for file in folders["without bytecode"].rglob("*.pyc"):
        file.unlink()
    print(
        f"function.zip: {megabytes(zipped):.1f} MB, {megabytes(folders['function']):.1f} unpacked"
    )
    for name in ("boto3", "bedrock-agentcore"):
        folders[name] = work / name
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-warn-conflicts"]
        subprocess.run([*pip, "--target", folders[name], name], check=True)
        print(f"{name}: {megabytes(folders[name]):.1f} MB unpacked")
    return folders


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Return how long a process takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment)
    return time.perf_counter() - began


def measure(folders: dict[str, Path], rounds: int) -> None:
    """Print the time of each contestant, and as a share of boto3's of the same round."""
    contestants = {
        "handler": (HANDLER, "function"),
        "this package": (OURS, "function"),
        "this package, without bytecode": (OURS, "without bytecode"),
        "boto3": (BOTO3, "boto3"),
        "official SDK": (OFFICIAL, "bedrock-agentcore"),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    with LocalMemoryService() as service:
        environment = {**service.environment, "MEMORY_ID": MEMORY}
        for _ in range(rounds):
            for name, (program, folder) in contestants.items():
                command = python_of("-c", HEAD + dedent(program), str(folders[folder]))
                times[name].append(seconds(command, environment))
    for name, taken in times.items():
        ratios = sorted(own / other for own, other in zip(taken, times["boto3"], strict=True))
        print(
            f"{name:31} {1000 * statistics.median(taken):5.0f} ms, / boto3 "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.deployment.cold_start")
    parser.add_argument("--rounds", type=int, default=15, help="processes of each kind (15)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        measure(build(Path(work)), arguments.rounds)


if __name__ == "__main__":
    main()
