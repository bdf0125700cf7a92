"""Start the local service, and run the checks of the official SDK with another Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OPTIONS = ("--strict", "--extraction-delay", "0.2", "--control")


def main() -> int:
    """Run the checks; returns their status."""
    if len(sys.argv) != 2:
        print("usage: run.py PYTHON-WITH-THE-SDK", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "agentcore_memory_async.local", "--port", "0", *OPTIONS]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=HERE,  # so that the installed package runs, not the checkout
    ) as service:
        try:
            assert service.stdout is not None
            told: dict[str, str] = {}
            for line in service.stdout:
                told.update(re.findall(r"export (\w+)=(\S+)", line))
                if "Ctrl-C" in line:
                    break
            own = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
            none = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
            return subprocess.run(
                [sys.argv[1], "-m", "pytest", "-c", str(HERE / "pytest.ini"), str(HERE)],
                env=own | none | told,
                cwd=HERE,
                check=False,
            ).returncode
        finally:
            service.terminate()
            service.communicate(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
