"""Keep what was measured beside its question: the newest run of each, with machine and versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.common.conductor import Run
from benchmarks.common.environments import ROOT
from benchmarks.common.question import Figure

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.common.question import Contestant, Question


def path_of(question: Question) -> Path:
    """Return the file of the newest run of *question*."""
    return ROOT / "benchmarks" / question.name / "results" / "newest.json"


def save(question: Question, run: Run) -> None:
    """Write *run* as the newest of *question*."""
    path = path_of(question)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(to_json(run), indent=1) + "\n")


def load(question: Question) -> Run | None:
    """Return the newest run of *question*, or None if there is none."""
    path = path_of(question)
    return from_json(question, json.loads(path.read_text())) if path.exists() else None


def to_json(run: Run) -> dict[str, Any]:
    """Return *run* as it is kept, with names of contestants in their stead."""
    return {
        "date": run.date,
        "machine": run.machine,
        "versions": {contestant.name: given for contestant, given in run.versions.items()},
        "absent": {contestant.name: why for contestant, why in run.absent.items()},
        "figures": [
            {
                "contestant": figure.contestant.name,
                "operation": figure.operation,
                "measure": figure.measure,
                "rounds": " ".join(f"{value:.6g}" for value in rounds),
            }
            for figure, rounds in run.measured.items()
        ],
    }


def from_json(question: Question, kept: dict[str, Any]) -> Run:
    """Return the run that was *kept*, without contestants that have left *question* since."""
    contestants = {f.contestant.name: f.contestant for row in question.rows for f in row.figures}

    def by_contestant(members: dict[str, Any]) -> dict[Contestant, Any]:
        return {contestants[name]: members[name] for name in members if name in contestants}

    return Run(
        measured={
            Figure(contestants[entry["contestant"]], entry["operation"], entry["measure"]): [
                float(value) for value in entry["rounds"].split()
            ]
            for entry in kept["figures"]
            if entry["contestant"] in contestants
        },
        absent=by_contestant(kept["absent"]),
        versions=by_contestant(kept["versions"]),
        date=kept["date"],
        machine=kept["machine"],
    )
