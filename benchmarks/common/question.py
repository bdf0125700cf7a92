"""
Describe a question: who takes part, where each one lives, and which rows answer it.

To add a question: a folder with a README, a script for each contestant, and a module `question`
with a `QUESTION`, which goes into `benchmarks.questions`.
"""

from __future__ import annotations

from attrs import field, frozen


@frozen
class Environment:
    """A virtual environment of contestants, below ``.venv``."""

    name: str
    requirements: tuple[str, ...]
    """What pip installs into it."""
    package: bool = False
    """Whether this package is installed there, too, with what it needs in *without*'s stead."""
    without: str = ""
    """Name of the package's dependency that *requirements* take the place of."""
    python: tuple[int, int] = (3, 11)
    """Oldest Python that its packages allow."""


@frozen
class Contestant:
    """A script that measures in an environment of its own."""

    name: str
    """Name for readers: "raw aioboto3"."""
    module: str
    """Module that the environment's Python runs: "benchmarks.calls.raw_aioboto3"."""
    environment: Environment
    arguments: tuple[str, ...] = ()
    """Arguments of the script, after the stub's URL."""


@frozen
class Figure:
    """What a contestant measures: one of the figures that an operation gives."""

    contestant: Contestant
    operation: str
    measure: str = "cpu_s"


@frozen
class Row:
    """A claim: a figure, alone or divided by another, and what it is to reach."""

    label: str
    figure: Figure
    reference: Figure | None = None
    """What the figure is divided by, in each round."""
    bound: float | None = None
    """What has to hold; None only shows the figure."""
    aim: float | None = None
    more_is_better: bool = False
    unit: str = "s"
    """Unit of the figures: "s", "MiB", "/s", "threads"; a ratio has none."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures that the row needs."""
        return (self.figure, self.reference) if self.reference else (self.figure,)


@frozen
class Panel:
    """A part of a question's chart: a bar for each figure."""

    title: str
    figures: tuple[Figure, ...]
    unit: str = "s"
    more_is_better: bool = False


@frozen
class Question:
    """A question, its rows, and how often each figure is taken."""

    name: str
    """Name of its folder."""
    title: str
    """Question as a reader would put it; a heading of the docs."""
    rows: tuple[Row, ...]
    panels: tuple[Panel, ...] = ()
    """What the docs show as a chart; none: no chart is drawn."""
    rounds: int = 7
    amounts: dict[str, int] = field(factory=dict, eq=False)
    """Number of calls of an operation in a round."""
    amount: int = 400
    """Number of calls of all other operations."""
    latency_s: float = 0.0
    """Time the stub takes for each answer, in seconds."""
    server: str = "benchmarks.common.stub"
    """Module of the stub, or of another server that is started as it is."""
    fresh: bool = False
    """Whether each measurement is made by a new process, without a warm-up."""
    quick: tuple[Contestant, ...] = ()
    """Contestants of the quick run, whose rows guard against slips; none: it is left out."""

    def amount_of(self, operation: str) -> int:
        """Return the number of calls of *operation* in a round."""
        return self.amounts.get(operation, self.amount)

    @property
    def chart(self) -> str:
        """Name of the file of its chart, beside the page of the docs."""
        return f"benchmark_{self.name}.svg"
