"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import IO


@contextmanager
def replacing(path: Path) -> Generator[IO[str]]:
    """
    Open a text file that takes the place of *path* once it is written.

    It is written under another name in the same folder, which is gone after an error.

    Raises:
        OSError: The file can't be written.
    """
    other = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with other.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        other.replace(path)
    except BaseException:
        other.unlink(missing_ok=True)
        raise
