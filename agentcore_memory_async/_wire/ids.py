"""Actor and session ids made of any string, and strings read back from actor ids."""

from __future__ import annotations

import re
from hashlib import sha256
from string import ascii_letters, digits

from agentcore_memory_async._wire.validation import check_type, refuse

_MARK = "enc-"
"""Prefix of an encoded id."""
_DIGEST_MARK = "_sha256-"
"""Start of the digest of a long text; "_s" starts no byte's code, so no short encoding has it."""
_PLAIN_ACTOR_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*(?::[a-zA-Z0-9_-]+)*")
"""Actor ids that need no encoding: the service's pattern without ``/``."""
_LONGEST_ACTOR_ID = 255
"""Characters of an actor id (service model)."""
_PLAIN_SESSION_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*")
"""Session ids that need no encoding: the service's pattern."""
_LONGEST_SESSION_ID = 100
"""Characters of a session id (service model)."""
_KEPT = frozenset(f"{ascii_letters}{digits}-")
"""Characters that stand for themselves in an encoded id."""
_CODE = re.compile(r"_([0-9a-f]{2})")
"""Code of a byte in an encoded id."""


def encode_actor_id(text: str) -> str:
    """
    Return a valid actor id for any string, such as an email address.

    A valid id is returned as it is. Any other string gets the prefix ``enc-``, and each byte that
    is not a letter, digit or ``-`` becomes ``_`` and two hexadecimal digits. Two strings never get
    the same id: text that looks encoded is encoded again, and an id of over 255 characters becomes
    a readable head and the SHA-256 of the whole. ``decode_actor_id`` reverses it.

    Args:
        text: Any string.

    Returns:
        A valid actor id without ``/``, 1 to 255 characters.

    Raises:
        InvalidInputError: *text* is not a string.
    """
    return _encode(text, _PLAIN_ACTOR_ID, _LONGEST_ACTOR_ID)


def encode_session_id(text: str) -> str:
    """
    Return a valid session id for any string, such as the id of a conversation elsewhere.

    It is made as ``encode_actor_id`` makes an actor id, within the limit of session ids. Two
    strings never get the same id.

    Args:
        text: Any string.

    Returns:
        A valid session id, 1 to 100 characters.

    Raises:
        InvalidInputError: *text* is not a string.
    """
    return _encode(text, _PLAIN_SESSION_ID, _LONGEST_SESSION_ID)


def decode_actor_id(actor_id: str) -> str:
    """
    Return the string of which ``encode_actor_id`` made *actor_id*.

    Args:
        actor_id: Actor id that ``encode_actor_id`` returned.

    Raises:
        InvalidInputError: *actor_id* has only the SHA-256 of a long string, or ``encode_actor_id``
            returns it for no string.
    """
    check_type("actor_id", actor_id, str, "give a str that encode_actor_id() returned")
    text = _decoded(actor_id)
    if text is None or encode_actor_id(text) != actor_id:
        what = (
            "has only the digest of a long string; keep the string beside the id"
            if actor_id.startswith(_MARK) and _DIGEST_MARK in actor_id
            else "is not one that encode_actor_id() returns; use it as it is"
        )
        refuse(f"actor_id {what}")
    return text


def _encode(text: str, plain: re.Pattern[str], longest: int) -> str:
    check_type("text", text, str, "give a str")
    if plain.fullmatch(text) and len(text) <= longest and not text.startswith(_MARK):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    tokens = [chr(byte) if chr(byte) in _KEPT else f"_{byte:02x}" for byte in raw]
    encoded = _MARK + "".join(tokens)
    if len(encoded) <= longest:
        return encoded
    tail = _DIGEST_MARK + sha256(raw).hexdigest()
    head = _MARK
    for token in tokens:
        if len(head) + len(token) + len(tail) > longest:
            break
        head += token
    return head + tail


def _decoded(encoded: str) -> str | None:
    """Return what an id stands for, if it was encoded; None where its bytes are no text."""
    if not encoded.startswith(_MARK):
        return encoded
    raw = _CODE.sub(lambda code: chr(int(code[1], 16)), encoded.removeprefix(_MARK))
    try:
        return raw.encode("latin-1").decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None
