"""A module imports only from its own row and those above it, and never in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import agentcore_memory_async

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "agentcore_memory_async"
ROOT = Path(agentcore_memory_async.__file__).parent
ROWS = (
    "_clock errors filters log_filter models namespaces",
    "_codec _flow _lifecycle _observation _pace _schedule _turns _validation policies",
    (
        "_botocore _credentials _failures _service_model _tls _transport"
        " _gate _pages _retry _service_clock"
    ),
    "_long_term _polling _wait _writer background buffer extraction manager session",
    "_facade _portal sync",
    "integrations local testing",
)
ROW = {module: row for row, modules in enumerate(ROWS) for module in modules.split()}
TYPING_ONLY = "TYPE_CHECKING"


def top(module: str) -> str:
    """Give the name below the package that *module* belongs to."""
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Give what *path* imports of this package, and whether that happens at run time."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith(TYPING_ONLY)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == PACKAGE:
                names = [f"{PACKAGE}.{alias.name}" for alias in node.names]
            else:
                names = [node.module or ""]
        for name in names:
            if name.startswith(f"{PACKAGE}.") and name != f"{PACKAGE}.__version__":
                yield name, id(node) not in typing_only


def modules() -> list[tuple[str, Path]]:
    """Give every module of the package but its ``__init__``."""
    return [
        (path.relative_to(ROOT).with_suffix("").parts[0], path)
        for path in sorted(ROOT.rglob("*.py"))
        if path != ROOT / "__init__.py"
    ]


def test_every_module_has_its_row() -> None:
    """A new module has to be put somewhere."""
    assert {name for name, _ in modules()} <= set(ROW)


def test_imports_go_up() -> None:
    """Nothing knows what is built on it, not even for its types."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {imported}"
        for name, path in modules()
        for imported, _ in imports(path)
        if ROW[top(imported)] > ROW[name]
    ]

    assert wrong == []


def test_no_imports_in_a_circle() -> None:
    """Within a row there is an order too."""
    graph: dict[str, set[str]] = {}
    for name, path in modules():
        of_others = {top(imported) for imported, at_run_time in imports(path) if at_run_time}
        graph.setdefault(name, set()).update(of_others - {name})

    assert list(TopologicalSorter(graph).static_order())


def test_local_service_speaks_for_itself() -> None:
    """It shares no encoder, decoder or check with the client: they would agree on a mistake."""
    shared = {"_codec", "_validation", "_transport"}
    used = {
        top(imported)
        for name, path in modules()
        if name == "local"
        for imported, _ in imports(path)
    }

    assert shared & used == set()


def test_only_the_transport_knows_botocore() -> None:
    """What is built on it knows botocore's exceptions at most; the local service is beside it."""
    knowing = {"_botocore", "_credentials", "_failures", "_service_model", "_tls", "_transport"}
    wrong: list[str] = []
    for name, path in modules():
        if name in knowing | {"integrations", "local"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            wrong += [
                f"{path.relative_to(ROOT)} imports {each}"
                for each in [*found, module or ""]
                if each.partition(".")[0] in {"aioboto3", "aiobotocore", "boto3", "botocore"}
                and each != "botocore.exceptions"
            ]

    assert wrong == []


def test_tasks_only_in_task_groups() -> None:
    """Nothing outlives its scope, and no file is longer than can be held in the head."""
    for _, path in modules():
        text = path.read_text()
        assert len(text.splitlines()) <= 600, path
        if path.name not in {"_portal.py", "_facade.py"}:
            for banned in ("asyncio.create_task", "asyncio.gather", "asyncio.wait_for"):
                assert banned not in text, path
