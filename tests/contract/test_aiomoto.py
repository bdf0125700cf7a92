"""
The contract of events on aiomoto, in a separate process, since aiomoto patches its process.

A table in ``conftest.py`` names the tests that fail on moto. Each of these must fail, and every
other test must pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.contract.conftest import IN_AIOMOTO, MOTO_IS_WRONG

HERE = Path(__file__).parent
OURS = ("AGENTCORE_", "AWS_", "PYTEST_", "COV_")


@pytest.mark.timeout(120)
def test_the_contract_of_events_on_aiomoto(tmp_path: Path) -> None:
    """Exactly the tests of the table fail on moto."""
    assert not IN_AIOMOTO
    report = tmp_path / "report.xml"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", str(HERE / "test_events.py"), f"--confcutdir={HERE}"),
            *("-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
            f"--junitxml={report}",
        ],
        env={**environment, "AGENTCORE_CONTRACT_BACKEND": "aiomoto"},
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    cases = ET.parse(report).getroot().iter("testcase")
    wrong = {
        case.get("name", "").partition("[")[0]: skipped.get("message")
        for case in cases
        if (skipped := case.find("skipped")) is not None
    }
    assert MOTO_IS_WRONG == wrong
