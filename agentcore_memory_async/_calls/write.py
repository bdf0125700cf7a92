"""One write: what the caller asked for, and what is sent for it until its outcome is known."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from attrs import Factory, field, frozen

from agentcore_memory_async._wire.pieces import encode_in_pieces
from agentcore_memory_async._wire.weight import is_large
from agentcore_memory_async.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcore_memory_async.policies import RetryPolicy

_LOG = logging.getLogger("agentcore_memory_async")

CREATE_EVENT = "CreateEvent"
"""Wire name of the operation of a `Write`; its requests carry a client token."""
_SORTED = json.JSONEncoder(sort_keys=True)
"""Encoder of a request whose members may come in any order."""


@frozen
class Identity:
    """
    What a caller asked for under a token: the same call again is the same write.

    Attributes:
        digest: Digest of the request before it is frozen, with the time that was given.
        size: Size of the request as JSON, in bytes.
    """

    digest: bytes
    size: int


def identity_of(request: Mapping[str, Any], given_ms: int | None) -> Identity:
    """Return the identity of a write that is not frozen yet."""
    digest, size = hashlib.blake2b(digest_size=16), 0
    for piece in encode_in_pieces({"given": given_ms, **request}, _SORTED):
        encoded = piece.encode()
        digest.update(encoded)
        size += len(encoded)
    return Identity(digest.digest(), size)


@frozen
class Write:
    """
    One write; once it is frozen, it is sent as it is until its outcome is known.

    Attributes:
        request: Members of CreateEvent; ``clientToken`` is among them, and, once it is frozen,
            ``eventTimestamp``.
        policy: How long and how often it is tried.
        deadline: When it ends at the latest, on the loop's clock.
        given_ms: The caller's time for it, in milliseconds; None for now.
        identity: What makes a repeated call the same write, under a token of the caller's; None
            for a token made here, which nobody can repeat.
        in_doubt: Whether it was sent before, so that only an answer about it settles it.
        is_large: Whether the request is large; weighed here if not given.
    """

    request: Mapping[str, Any] = field(repr=False)
    policy: RetryPolicy
    deadline: float
    given_ms: int | None = None
    identity: Identity | None = None
    in_doubt: bool = False
    is_large: bool = field(default=Factory(lambda self: is_large(self.request), takes_self=True))

    @property
    def is_frozen(self) -> bool:
        """Whether it has its time."""
        return "eventTimestamp" in self.request

    def unknown(self, attempts: int) -> OutcomeUnknownError:
        """Return the error of this write where nobody knows whether it was stored."""
        return OutcomeUnknownError(
            CREATE_EVENT, self.request["clientToken"], attempts, self.request
        )


def log_cancelled(operation: str, client_token: str) -> None:
    """Log the token of a change that may be made, and whose caller may not know the token."""
    _LOG.warning(
        "a change is not known to be made: %s, client token %s: cancelled before it was answered",
        operation,
        client_token,
    )


def log_unsent(request: Mapping[str, Any], reason: str) -> None:
    """Log the ids of a write that is not known to be stored, and whose caller may not know it."""
    _LOG.warning(
        "a write is not known to be stored: session %s of actor %s, client token %s: %s",
        request["sessionId"],
        request["actorId"],
        request["clientToken"],
        reason,
    )
