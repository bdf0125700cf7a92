"""What the pages of agent frameworks say of calls is what was counted last."""

from __future__ import annotations

from statistics import median

import pytest

from benchmarks.agent_calls.question import CONTESTANTS, QUESTION
from benchmarks.common import results
from benchmarks.common.publish import DOCS
from benchmarks.common.question import Figure

PAGES = {
    "Strands": "strands.md",
    "LangGraph, six nodes": "langgraph.md",
    "LangGraph, store": "langgraph-store.md",
}
"""Page of what is counted."""


@pytest.mark.parametrize("name", PAGES)
def test_pages_show_the_calls_of_a_turn(name: str) -> None:
    """Both figures stand in one sentence, this package's first."""
    run = results.load(QUESTION)
    assert run is not None
    ours, aws = (
        f"{median(run.measured[Figure(each, 'turns', 'calls')]):.1f}"
        for each in CONTESTANTS
        if each.name.startswith(name)
    )
    sentence = f"{ours} calls a turn, where AWS's takes {aws}"
    assert sentence in (DOCS / PAGES[name]).read_text("utf-8")
