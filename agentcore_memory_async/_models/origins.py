"""From where a message comes, as a class of trust."""

from __future__ import annotations

from attrs import frozen

from agentcore_memory_async._models.base import Model

ORIGIN_KEY = "originSource"
"""Metadata key of an origin: the one that this package reserves."""


@frozen
class Origin(Model):
    """
    From where the content of an event comes: a class of trust, never a single event.

    It is kept as the metadata ``originSource``. A strategy whose record schema declares that key
    ``STRICTLY_CONSISTENT`` passes it on to its records, and keeps those of different origins apart.

    Attributes:
        source: Such as ``user``, ``tool``, ``web``, ``import`` or ``agent``: 1 to 256 letters,
            digits, whitespace and ``. _ : / = + @ -``.
    """

    source: str
