"""
Opaque page tokens.

A token belongs to one listing: it carries a digest of the operation and its parameters, and is
refused in a request with others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from agentcore_memory_async.local._api.errors import AwsError, validation

if TYPE_CHECKING:
    from collections.abc import Mapping


DEFAULT_PAGE = 20
"""Items of a page where a request has no maxResults."""
_PAGE_MEMBERS = frozenset({"nextToken", "maxResults", "includePayloads"})
"""Members that may differ between the pages of one listing."""


def _digest(operation: str, params: Mapping[str, Any]) -> str:
    listing = {name: value for name, value in params.items() if name not in _PAGE_MEMBERS}
    text = json.dumps([operation, listing], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=9).hexdigest()


def encode_token(operation: str, params: Mapping[str, Any], position: list[Any]) -> str:
    """Return the token that continues this listing after *position*."""
    body = json.dumps([_digest(operation, params), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode()


def decode_token(
    operation: str, params: Mapping[str, Any], kinds: tuple[type, ...]
) -> tuple[Any, ...] | None:
    """
    Return the position in the request's nextToken; None without one.

    Raises:
        AwsError: ValidationException: the token belongs to another listing, or is malformed.
    """
    token = params.get("nextToken")
    if token is None:
        return None
    try:
        digest, *position = json.loads(base64.b64decode(token.encode(), b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise _refused() from None
    matches = len(position) == len(kinds) and all(
        type(item) is kind for item, kind in zip(position, kinds, strict=True)
    )
    if not matches or digest != _digest(operation, params):
        raise _refused()
    if any(isinstance(item, int) and abs(item) >= 1 << 62 for item in position):
        raise _refused()
    return tuple(position)


def _refused() -> AwsError:
    return validation("Invalid nextToken", field="nextToken")
