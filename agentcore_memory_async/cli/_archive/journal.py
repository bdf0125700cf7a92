"""
What an import has stored, so that one that was killed goes on from there.

Client tokens alone would keep everything from being stored twice for as long as the service
remembers them, which is documented nowhere. The journal also spares the requests. It is beside the
archive while the import is not done: a number of lines, each with the places of the items that were
stored. What was stored and not noted is sent again, under the tokens that it had.
"""

from __future__ import annotations

import hashlib
import json
from typing import IO, TYPE_CHECKING, Any, cast

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@define
class Journal:
    """
    The journal of one import.

    Attributes:
        path: Its file.
    """

    path: Path
    _file: IO[bytes] | None = None

    @classmethod
    def of(cls, archive: Path, what: Mapping[str, Any]) -> Journal:
        """Return the journal of the import of *archive* that is described by *what*."""
        digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]
        return cls(archive.with_name(f"{archive.name}.{digest}.importing"))

    def read(self) -> set[int]:
        """
        Return the places of the items that are stored; a line that was cut off counts for nothing.

        Raises:
            OSError: The file can't be read.
        """
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return set()
        return {place for line in lines for place in _places(line)}

    def open(self) -> None:
        """
        Open the file, so that it is known whether it can be written before anything is stored.

        Raises:
            OSError: It can't.
        """
        self._file = self.path.open("ab")
        self._file.write(b"\n")  # ends what an earlier run may not have

    def note(self, places: Sequence[int]) -> None:
        """
        Note the places of items that were stored, where it is open.

        Raises:
            OSError: The file can't be written.
        """
        if self._file is not None and places:
            self._file.write(json.dumps(places).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Remove the file, since everything is stored, or what it says is not true."""
        self.close()
        self.path.unlink(missing_ok=True)


def _places(line: bytes) -> list[int]:
    """Return the places of a line; none if it is not whole."""
    try:
        data: object = json.loads(line) if line.endswith(b"]\n") else []
    except ValueError:
        return []
    places = cast("list[object]", data) if isinstance(data, list) else []
    return [place for place in places if isinstance(place, int)]
