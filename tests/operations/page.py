"""The pages ``docs/operations.md`` and ``docs/operations-control.md``, made from what was found."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore_memory_async._wire.service_model import CONTROL, OPERATIONS_BY_SERVICE, SERVICE
from agentcore_memory_async.errors import service_error
from tests.operations.carried import Carrier, carriers
from tests.operations.model import (
    SERVICES,
    Direction,
    Leaf,
    Member,
    below,
    leaves,
    members_on,
    root_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = {
    "operations.md": (SERVICE, "Operations of the data plane"),
    "operations-control.md": (CONTROL, "Operations of the control plane"),
}
"""Pages, with their services and titles."""
INTRO = """\
<!-- Made by `python -m tests.operations`; a test compares it. -->

Every operation of the service model that this package ships, and every member of its requests, \
answers (→) and errors, beside what carries it. It is found by calling each method with one \
argument changed, and by answering with one member changed.

- `manager`, `actor`, `session` and `control` are an `AsyncMemorySessionManager`, `AsyncActor`, \
`AsyncMemorySession` and `AsyncMemoryControl`; the [sync facade](sync.md) has the same names.
- `manager.call(operation, params)` sends any operation of the data plane as it is.
- What has no argument or attribute says why not."""
"""How a page begins."""
NOTHING_TO_REMOVE = "what is new has no expiry to remove"
OLDER = "the service has deprecated it for `namespaceTemplates`"
ONLY_ONE = "`MEMORY_RECORDS` is all that the service has"
NAMED_BY_ID = "only new records have one"
OF_ITS_LIST = "its list says so"
DELIBERATE = {
    "BatchCreateMemoryRecords.input.recordExpirySpecification.action": NOTHING_TO_REMOVE,
    "BatchCreateMemoryRecords.output.failedRecords.memoryRecordId": "it was not made",
    "Batch*MemoryRecords.output.failedRecords.status": OF_ITS_LIST,
    "Batch[DU]*MemoryRecords.output.*.requestIdentifier": NAMED_BY_ID,
    "ListMemoryRecords.output.memoryRecordSummaries.score": "a list has no query",
    "Batch*.input.records.metadata.dateTimeValue": "only the service writes times",
    "*Memory.input.*Strategy.recordExpirySpecification.action": NOTHING_TO_REMOVE,
    "*Memory.input.*.namespaces": OLDER,
    "*.contentConfigurations.type": ONLY_ONE,
    "DeleteMemory.output.status": "the call waits until it is gone; `get_memory()` has it before",
}
"""Why no argument or attribute carries a leaf, by its pattern."""
ONLY_TEXT = "of an error only its code and message are kept"
OF_ERRORS = {"reason": ONLY_TEXT, "fieldList": ONLY_TEXT}
"""Why nothing carries a member of an error."""


def name_of(leaf: Leaf) -> str:
    """Return a leaf as text, such as ``GetEvent.output.event.eventId``."""
    steps = [step for step in leaf.path if step not in {"[]", "{}"}]
    return ".".join((leaf.operation, leaf.direction, *steps))


def reason_of(leaf: Leaf) -> str | None:
    """Return why nothing carries a leaf; None where something should."""
    name = name_of(leaf)
    return next((why for each, why in DELIBERATE.items() if fnmatchcase(name, each)), None)


def texts_of(service: str) -> str:
    """Return the page of a service."""
    title = next(title for each, title in PAGES.values() if each == service)
    lines = [f"# {title}", "", INTRO, ""]
    for operation in OPERATIONS_BY_SERVICE[service]:
        lines += [f"## `{operation}`", "", "| member | carried by |", "|---|---|"]
        lines += [*_rows(operation, "input"), *_rows(operation, "output"), ""]
    lines += ["## Structures", "", "| member | given by | read as |", "|---|---|---|"]
    lines += [*_structures(service), "", "## Errors", "", "| member | read as |", "|---|---|"]
    return "\n".join([*lines, *_errors(service), ""])


def _rows(operation: str, direction: Direction) -> Iterator[str]:
    """Yield the rows of the members of a request or answer; those of an answer have an arrow."""
    arrow = "→ " if direction == "output" else ""
    root = root_of(operation, direction)
    for member, found in _by_member(leaves_of(operation, direction)).items():
        if member.structure == root:
            inner = below(member)
            made_of = f": `{inner}`" if inner else ""
            yield f"| {arrow}`{member.name}`{made_of} | {_cell(found, methods=True)} |"


def leaves_of(operation: str, direction: Direction) -> list[Leaf]:
    """Return the leaves of an operation's requests or answers."""
    return [each for each in leaves() if (each.operation, each.direction) == (operation, direction)]


def _by_member(found: Iterable[Leaf]) -> dict[Member, list[Leaf]]:
    """Return the leaves that lead through each member."""
    by_member: dict[Member, list[Leaf]] = {}
    for leaf in found:
        for member in members_on(leaf):
            by_member.setdefault(member, []).append(leaf)
    return by_member


def _structures(service: str) -> Iterator[str]:
    """Yield the rows of the structures of which members are made."""
    mine = [leaf for leaf in leaves() if leaf.operation in OPERATIONS_BY_SERVICE[service]]
    roots = {root_of(each.operation, each.direction) for each in mine}
    for member, found in sorted(_by_member(mine).items(), key=lambda each: each[0].structure):
        if member.structure in roots:
            continue
        inner = below(member)
        name = f"`{member.structure}.{member.name}`" + (f": `{inner}`" if inner else "")
        cells = [
            "" if inner else _cell([each for each in found if each.direction == way], methods=False)
            for way in ("input", "output")
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def _errors(service: str) -> Iterator[str]:
    """Yield the rows of the members of errors, each read from an error that has it."""
    for name, shape in sorted(SERVICES[service]["shapes"].items()):
        if shape.get("exception"):
            error = service_error("Operation", name, "text", shape["error"]["httpStatusCode"])
            for member in shape["members"]:
                is_kept = getattr(error, member, None) == error.message
                cell = f"`{type(error).__name__}.{member}`" if is_kept else None
                yield f"| `{name}.{member}` | {cell or f'nothing: {OF_ERRORS[member]}'} |"


def _cell(found: list[Leaf], *, methods: bool) -> str:
    """Return what carries any of the leaves, and why nothing carries some."""
    texts: dict[str, None] = {}
    for leaf in found:
        for carrier in carriers().get(leaf, ()):
            texts[_text(carrier, methods=methods)] = None
    if texts and methods:
        return ", ".join(texts)
    places: dict[str | None, dict[str, None]] = {}
    for leaf in found:
        if not carriers().get(leaf):
            places.setdefault(reason_of(leaf), {})[f"`{leaf.operation}.{leaf.path[0]}`"] = None
    for reason, names in places.items():
        where = f" in {', '.join(names)}" if texts else ""  # elsewhere it has something
        texts[f"nothing{where}: {reason}"] = None
    return ", ".join(texts)


def _text(carrier: Carrier, *, methods: bool) -> str:
    if methods or not carrier.attribute:
        return f"`{carrier.method}`" if "(" in carrier.method else carrier.method
    return f"`{carrier.attribute}`"
