"""Actor ids made of any string."""

from __future__ import annotations

import re
from hashlib import sha256

from agentcore_memory_async.errors import InvalidInputError

_MARK = "enc-"
"""Prefix of an encoded id."""
_PLAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*(?::[a-zA-Z0-9_-]+)*")
"""Actor ids that need no encoding: the service's pattern without ``/``."""
_LONGEST_ID = 255
"""Characters of an actor id (service model)."""


def encode_actor_id(text: str) -> str:
    """
    Return a valid actor id for any string, such as an email address.

    A valid id is returned as it is. Any other string gets the prefix ``enc-``, and each byte that
    is not a letter, digit or ``-`` becomes ``_`` and two hexadecimal digits. Two strings never get
    the same id: text that looks encoded is encoded again, and an id of over 255 characters becomes
    a readable head and the SHA-256 of the whole.

    Args:
        text: Any string.

    Returns:
        A valid actor id without ``/``, 1 to 255 characters.

    Raises:
        InvalidInputError: *text* is not a string.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"text is {type(text).__name__}; encode_actor_id() takes a str"
        raise InvalidInputError(message)
    if _PLAIN.fullmatch(text) and len(text) <= _LONGEST_ID and not text.startswith(_MARK):
        return text
    tokens = [
        chr(byte) if chr(byte).isalnum() and byte < 128 else "-" if byte == 45 else f"_{byte:02x}"
        for byte in text.encode("utf-8", "surrogatepass")
    ]
    encoded = _MARK + "".join(tokens)
    if len(encoded) <= _LONGEST_ID:
        return encoded
    # "_s" starts no byte's code, so no short encoding can look like this.
    tail = "_sha256-" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    head = _MARK
    for token in tokens:
        if len(head) + len(token) + len(tail) > _LONGEST_ID:
            break
        head += token
    return head + tail
