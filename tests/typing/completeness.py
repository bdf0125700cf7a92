"""
Check that every public name has an unambiguous type, by ``pyright --verifytypes``.

The sync API is exempt: its derived methods have types, which ``blocking_api.py`` checks, but
pyright reports an unannotated assignment from a call as ambiguous.
"""

from __future__ import annotations

import json
import subprocess
import sys

PACKAGE = "agentcore_memory_async"
FACADE = (
    "Actor",
    "BlockingExtractionPoller",
    "BlockingMemoryWait",
    "MemoryControl",
    "MemorySession",
    "MemorySessionManager",
)
BLOCKING = ("local.BlockingLocalMemoryService", "local.service.BlockingLocalMemoryService")
DERIVED = (f"{PACKAGE}.sync.", *(f"{PACKAGE}.{name}" for name in (*FACADE, *BLOCKING)))
RETURN_DERIVED = {
    f"{PACKAGE}.local.{name}"
    for name in (
        "LocalMemoryService",
        "service.LocalMemoryService",
        "service.LocalMemoryService.__enter__",
    )
}
"""A method that returns a derived class, and its class; its other members stand for themselves."""


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
        if symbol["isExported"]
        and not symbol["isTypeKnown"]
        and not symbol["name"].startswith(DERIVED)
        and symbol["name"] not in RETURN_DERIVED
    ]
    for symbol in wrong:
        print(symbol["name"], *(each["message"] for each in symbol["diagnostics"]), sep="\n  ")
    print(f"{len(symbols)} symbols, {len(wrong)} without a certain type")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
