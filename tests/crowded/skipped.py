"""Fail unless the tests that a report of pytest names as skipped are exactly those given."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def skipped(report: Path) -> set[str]:
    """Return the names of the skipped tests; a report without tests is an error."""
    cases = list(ET.parse(report).iter("testcase"))
    if not cases:
        sys.exit("no test ran")
    return {case.attrib["name"] for case in cases if case.find("skipped") is not None}


if __name__ == "__main__":
    found, expected = skipped(Path(sys.argv[1])), set(sys.argv[2:])
    for name in sorted(found):
        print(name)
    if found != expected:
        sys.exit(f"skipped without leave: {found - expected}; not skipped: {expected - found}")
