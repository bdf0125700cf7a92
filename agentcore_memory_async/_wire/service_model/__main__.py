"""
Make ``data/`` anew from a botocore: ``python -m agentcore_memory_async._wire.service_model [DIR]``.

DIR is the data directory of the botocore to take it from; without it that of the installed one.
``--check`` writes nothing and ends with 1 where the files differ from what would be written; of
another botocore only the services' own files are compared, since regions come with every version.
"""

# JSON of any form.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore_memory_async._wire.service_model import (
    API_VERSIONS,
    OPERATIONS_BY_SERVICE,
    SHARED_FILES,
    path_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection

_HERE = Path(__file__).parent / "data"
"""Directory of the shipped files."""
_PROSE = frozenset({"documentation", "documentationUrl"})
"""Keys of the model that hold documentation, which is not shipped."""


def _load(directory: Path, name: str) -> dict[str, Any]:
    """Read *name* below *directory*, whether it is packed or not."""
    path = directory / f"{name}.json"
    packed = directory / f"{name}.json.gz"
    text = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _without_prose(value: Any, *, names: bool = False) -> Any:
    """
    Drop the documentation at every level.

    With *names* the keys of *value* itself are names of the service (members, shapes), which may
    be called ``documentation`` too.
    """
    if isinstance(value, list):
        return [_without_prose(item) for item in value]
    if isinstance(value, dict):
        return {
            key: _without_prose(item, names=not names and key in {"members", "shapes"})
            for key, item in value.items()
            if names or key not in _PROSE
        }
    return value


def _shape_names(value: Any) -> set[str]:
    """Collect the names of the shapes that *value* refers to."""
    if isinstance(value, list):
        return set().union(*(_shape_names(item) for item in value)) if value else set()
    if isinstance(value, dict):
        found = {value["shape"]} if isinstance(value.get("shape"), str) else set()
        return found.union(*(_shape_names(item) for item in value.values()))
    return set()


def service_model(full: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Cut the operations *names*, and the shapes that they reach, out of botocore's model."""
    operations = {name: full["operations"][name] for name in names}
    wanted: set[str] = set()
    new = _shape_names(list(operations.values()))
    while new:
        wanted |= new
        new = _shape_names([full["shapes"][name] for name in new]) - wanted
    return {
        "version": full["version"],
        "metadata": full["metadata"],
        "operations": _without_prose(operations, names=True),
        "shapes": _without_prose(
            {name: full["shapes"][name] for name in sorted(wanted)}, names=True
        ),
    }


def endpoints(partitions: dict[str, Any]) -> dict[str, Any]:
    """
    Make the data of botocore's older way to an endpoint, without services, from *partitions*.

    It asks that way first, for no more than whether there is a region and a variant, and then the
    rules. So that both agree in every partition, they come from the same file.
    """
    return {"version": 3, "partitions": [_endpoints(one) for one in partitions["partitions"]]}


def _endpoints(partition: dict[str, Any]) -> dict[str, Any]:
    outputs = partition["outputs"]
    fips, dual = outputs["supportsFIPS"], outputs["supportsDualStack"]
    variants: list[dict[str, Any]] = [
        {"tags": tags, "hostname": f"{{service}}{name}.{{region}}.{{dnsSuffix}}", "dnsSuffix": dns}
        for tags, name, dns, exists in (
            (["fips"], "-fips", outputs["dnsSuffix"], fips),
            (["dualstack"], "", outputs["dualStackDnsSuffix"], dual),
            (["dualstack", "fips"], "-fips", outputs["dualStackDnsSuffix"], fips and dual),
        )
        if exists
    ]
    return {
        "partition": partition["id"],
        "dnsSuffix": outputs["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": {name: {} for name in sorted(partition["regions"])},
        "services": {},
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": variants,
        },
    }


def build(directory: Path) -> dict[str, dict[str, Any]]:
    """
    Make everything that ``data/`` holds, by path, from the botocore data in *directory*.

    What all services share comes last: it changes with every botocore, the models do not.
    """
    made: dict[str, dict[str, Any]] = {}
    for service, names in OPERATIONS_BY_SERVICE.items():
        for file, cut in (("service-2", service_model), ("paginators-1", _pages)):
            path = path_of(file, service)
            made[path] = cut(_load(directory, path), names)
        path = path_of("endpoint-rule-set-1", service)
        made[path] = _without_prose(_load(directory, path))
    partitions = _load(directory, path_of("partitions"))
    return made | {"endpoints": endpoints(partitions), "partitions": partitions}


def _pages(full: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Cut the paginators of the operations *names* out of botocore's."""
    pages = full["pagination"]
    return {"pagination": {name: pages[name] for name in sorted(pages) if name in names}}


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m agentcore_memory_async._wire.service_model")
    parser.add_argument("directory", nargs="?", type=Path, help="botocore's data directory")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    given = parser.parse_args(arguments)
    directory: Path | None = given.directory
    if directory is None:
        import botocore

        directory = Path(botocore.__file__).parent / "data"
    files = {"source": _source(directory)} | build(directory)
    if given.check and files["source"] != _load(_HERE, "source"):
        files = {
            name: data for name, data in files.items() if name not in {"source", *SHARED_FILES}
        }
    different = 0
    for name, data in files.items():
        path = _HERE / f"{name}.json"
        text = json.dumps(data, indent=1, ensure_ascii=True) + "\n"
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        different += 1
        if not given.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        sys.stdout.write(f"{'differs' if given.check else 'written'}: {name}.json\n")
    return 1 if given.check and different else 0


def _source(directory: Path) -> dict[str, Any]:
    """Return what ``data/source.json`` says of the botocore whose data *directory* has."""
    version = "unknown"
    init = directory.parent / "__init__.py"
    if init.is_file():
        lines = init.read_text("utf-8").splitlines()
        version = next((s.split("'")[1] for s in lines if s.startswith("__version__ = '")), version)
    return {"botocore": version, "services": API_VERSIONS}


if __name__ == "__main__":
    sys.exit(main())
