"""Check that every public name has an unambiguous type, by ``pyright --verifytypes``."""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "agentcore_memory_async"
ELSEWHERE = f"{PACKAGE}.integrations.google_adk"
"""Its framework is not installed here; its own environment checks its types."""


def main() -> int:
    """Run pyright on the installed package, and return an exit code."""
    command = ["pyright", "--verifytypes", PACKAGE, "--ignoreexternal", "--outputjson"]
    output = subprocess.run([*command, *sys.argv[1:]], capture_output=True, text=True, check=False)
    symbols = json.loads(output.stdout)["typeCompleteness"]["symbols"]
    if not symbols:
        print(output.stdout)
        return 1
    wrong = [
        symbol
        for symbol in symbols
        if not symbol["isTypeKnown"] and not symbol["name"].startswith(ELSEWHERE)
    ]
    for symbol in wrong:
        print(symbol["name"], *(each["message"] for each in symbol["diagnostics"]), sep="\n  ")
    print(f"{len(symbols)} symbols, {len(wrong)} without a certain type")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
