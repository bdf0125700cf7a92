"""
Whether every public name has a type that all checkers infer alike, by ``pyright --verifytypes``.

The sync facade is let through: its derived methods have a type, which ``blocking_api.py`` beside
this checks, but pyright calls what is assigned from a call without an annotation ambiguous.
"""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "agentcore_memory_async"
FACADE = ("BlockingExtractionPoller", "MemorySession", "MemorySessionManager")
DERIVED = (f"{PACKAGE}.sync.", *(f"{PACKAGE}.{name}" for name in FACADE))


def main() -> int:
    """Run pyright on the installed package and judge what it says."""
    command = ["pyright", "--verifytypes", PACKAGE, "--ignoreexternal", "--outputjson"]
    output = subprocess.run([*command, *sys.argv[1:]], capture_output=True, text=True, check=False)
    symbols = json.loads(output.stdout)["typeCompleteness"]["symbols"]
    if not symbols:
        print(output.stdout)
        return 1
    wrong = [
        symbol
        for symbol in symbols
        if symbol["isExported"]
        and not symbol["isTypeKnown"]
        and not symbol["name"].startswith(DERIVED)
    ]
    for symbol in wrong:
        print(symbol["name"], *(each["message"] for each in symbol["diagnostics"]), sep="\n  ")
    print(f"{len(symbols)} symbols, {len(wrong)} without a certain type")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
