"""Results by name, as they are kept beside this question and shown side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recall.scoring import DEPTHS, describe, recall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.recall.memories import Measured

FOLDER = Path(__file__).parent / "results"
"""Folder of the results that are kept."""
SPEAKERS = {True: "of what the user said", False: "of what the user was told"}
"""Names of a kind of messages, by whether the user said them."""

Result = dict[str, dict[str, Any]]
"""Recall by contestant and kind of question, and what facts are like by kind of message."""


def to_result(measured: Measured) -> Result:
    """Return the figures, which hold no text of the conversations."""
    return {
        "recall": {name: recall(answers) for name, answers in measured.answers.items()},
        "facts": {
            name: describe(measured.facts.get(own, []), measured.messages)
            for own, name in SPEAKERS.items()
        },
    }


def keep(name: str, date: str, result: Result) -> None:
    """Write a result as ``results/NAME.json``, with six digits of each figure."""
    FOLDER.mkdir(exist_ok=True)
    rounded = json.loads(json.dumps(result), parse_float=lambda text: round(float(text), 6))
    (FOLDER / f"{name}.json").write_text(json.dumps({"date": date, **rounded}, indent=1) + "\n")


def kept() -> dict[str, Result]:
    """Return the results that were kept, oldest first, by their name."""
    found = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    return dict(sorted(found.items(), key=lambda item: str(item[1]["date"])))


def tables(results: Mapping[str, Result]) -> Iterator[str]:
    """Iterate over the lines of Markdown tables with a column for each result."""
    *_, newest = results.values()
    yield f"| evidence found, % | questions | {' | '.join(results)} |"
    yield f"|---|---|{'---|' * len(results)}"
    for contestant, kinds in newest["recall"].items():
        for kind, figures in kinds.items():
            cells = (recall_cell(one, contestant, kind) for one in results.values())
            label = f"{contestant}: {kind}"
            yield f"| {label} | {figures['questions']} | {' | '.join(cells)} |"
    yield ""
    yield f"| facts | {' | '.join(results)} |"
    yield f"|---|{'---|' * len(results)}"
    for name, figures in newest["facts"].items():
        for figure in figures:
            values = (one["facts"].get(name, {}).get(figure, "") for one in results.values())
            cells = (f"{value:.3g}" if value != "" else "" for value in values)
            yield f"| {name}: {figure} | {' | '.join(cells)} |"


def recall_cell(result: Result, contestant: str, kind: str) -> str:
    """Return percentages at each depth, and in brackets of questions with any evidence."""
    figures = result["recall"].get(contestant, {}).get(kind)
    if figures is None:
        return ""
    depths = " / ".join(f"{100 * figures[str(depth)]:.1f}" for depth in DEPTHS)
    return f"{depths} ({100 * figures['any']:.1f})"
