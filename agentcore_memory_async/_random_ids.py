"""Random ids, which nobody else decides."""

from __future__ import annotations

import os
from uuid import UUID


def random_id() -> str:
    """
    Return a new random UUID.

    Not by ``uuid.uuid4``: tests of users, and of frameworks, replace it by one that counts. Two
    writes with one client token would be one write.
    """
    return str(UUID(bytes=os.urandom(16), version=4))
