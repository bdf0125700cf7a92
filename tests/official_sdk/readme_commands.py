"""Run the ``aws`` commands of the README, with the AWS CLI in a folder, on the local service."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import anyio
from run import Exchanges

from agentcore_memory_async.local import LocalMemoryService

README = Path(__file__).parent.parent.parent / "README.md"
EXAMPLE = "chat-a1B2c3D4e5"
"""Memory id that the README shows."""


def commands() -> list[str]:
    """Return the blocks of the README that call the AWS CLI."""
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    return [block for block in blocks if block.startswith("aws ")]


async def run(command: str, environment: dict[str, str]) -> str:
    """Run *command* in a shell, and return what it prints."""
    done = await anyio.run_process(["bash", "-ec", command], env=environment, stderr=None)
    return done.stdout.decode().strip()


async def main(folder: str) -> None:
    """Create a memory and ask for its status until it is active, as the README says."""
    exchanges = Exchanges()
    create, get = commands()
    async with LocalMemoryService(strict=True, on_exchange=exchanges.record) as service:
        none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        path = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        environment = {**os.environ, **none, **path, **service.environment}
        memory_id = await run(create, environment)
        assert re.fullmatch("chat-[a-zA-Z0-9]{10}", memory_id), memory_id
        status = "CREATING"
        with anyio.fail_after(60):
            while status == "CREATING":
                status = await run(get.replace(EXAMPLE, memory_id), environment)
    assert status == "ACTIVE", status
    exchanges.print()
    assert exchanges.seen
    assert not exchanges.found
    print(f"The README's commands created {memory_id}, which is {status}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: readme_commands.py FOLDER-OF-THE-AWS-CLI")
    anyio.run(main, sys.argv[1])
