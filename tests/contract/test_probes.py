"""Questions that no documentation answers; the local service's answers are its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import asdict

from agentcore_memory_async.local import Behavior
from agentcore_memory_async.verify._probes import PROBES
from agentcore_memory_async.verify._probes.lags import EVENT_LAGS, RECORD_LAGS
from agentcore_memory_async.verify._probes.quotas import QUOTAS

if TYPE_CHECKING:
    from agentcore_memory_async.verify._probes import Probe
    from tests.contract.conftest import Backend

QUICK = [probe for probe in PROBES if probe not in {EVENT_LAGS, RECORD_LAGS, QUOTAS}]
"""Probes that neither wait for long nor use up a quota that other tests need."""


@pytest.mark.parametrize("probe", QUICK, ids=lambda probe: str(probe.name).replace(" ", "_"))
async def test_a_question_has_an_answer(backend: Backend, probe: Probe) -> None:
    """Each service gives a probe an answer; the local one's is its default."""
    if probe.own_memory_only and backend.name == "aws":
        pytest.skip("the memory of the contract tests has actors of others")
    verdicts = await backend.ask(probe)
    assert [] == [each.text for each in verdicts.values() if not each.is_conclusive]
    if backend.name == "local":
        defaults = {f"behavior.{name}": value for name, value in asdict(Behavior()).items()}
        settings = {name: each.value for name, each in verdicts.items() if name in defaults}
        assert settings == {name: defaults[name] for name in settings}
