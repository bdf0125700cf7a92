"""The file that tells programs that the service is ready, and where it is."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agentcore_memory_async.local._files import replacing
from agentcore_memory_async.local._http.listener import LocalServiceError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


@contextmanager
def ready_file(path: Path | None, url: str, environment: Mapping[str, str]) -> Generator[None]:
    """
    Write the file, and remove it at the end.

    Args:
        path: File; None for none.
        url: URL of the service.
        environment: Variables that point SDKs to it.

    Raises:
        LocalServiceError: The file can't be written.
    """
    if path is None:
        yield
        return
    ready = {"endpoint_url": url, "pid": os.getpid(), "environment": dict(environment)}
    try:
        with replacing(path) as file:
            print(json.dumps(ready, indent=2), file=file)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise LocalServiceError(error.errno, message) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
