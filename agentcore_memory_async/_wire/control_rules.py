"""
Checks of what is given to the control plane, before any request: pure, no await.

The limits are those of the shipped service model (a test compares them). Each error names the
argument and the limit; it shows names, never instructions or descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from math import isfinite
from typing import TypeVar, cast

from attrs import frozen

from agentcore_memory_async._wire.validation import check_utf8, kind, plain, refuse

T = TypeVar("T")


@frozen
class TextRule:
    """
    What a text may be.

    Attributes:
        least: Least number of characters.
        most: Largest number of characters.
        pattern: Pattern of the whole text; None for any.
        words: The pattern in words.
    """

    least: int
    most: int
    pattern: re.Pattern[str] | None = None
    words: str = ""

    def __call__(self, argument: str, value: object) -> str:
        """Check *value*."""
        if not isinstance(value, str):
            refuse(f"{argument} is {kind(value)}; give a str")
        if not self.least <= len(value) <= self.most:
            what = f"has {len(value):,} characters" if value else "is empty"
            refuse(f"{argument} {what}; give {self.least:,} to {self.most:,} characters")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            refuse(f"{argument} is not of the form of the service; give {self.words}")
        check_utf8(argument, value)
        return plain(value)


@frozen
class IntRule:
    """
    What a whole number may be.

    Attributes:
        least: Least number.
        most: Largest number; None for any.
    """

    least: int
    most: int | None = None

    def __call__(self, argument: str, value: object) -> int:
        """Check *value*."""
        most = "or more" if self.most is None else f"to {self.most:,}"
        limit = f"{self.least:,} {most}"
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(f"{argument} is {kind(value)}; give an int, {limit}")
        if value < self.least or (self.most is not None and value > self.most):
            refuse(f"{argument} is {value:,}; give {limit}")
        return value


@frozen
class OneOf:
    """
    One of the service's words.

    Attributes:
        words: The words.
    """

    words: tuple[str, ...]

    def __call__(self, argument: str, value: object) -> str:
        """Check *value*."""
        allowed = " or ".join(map(repr, self.words))
        if not isinstance(value, str) or value not in self.words:
            what = repr(value) if isinstance(value, str) and len(value) <= 40 else kind(value)
            refuse(f"{argument} is {what}; give {allowed}")
        return plain(value)


def check_number(argument: str, value: object) -> float:
    """Check a number that JSON can hold."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        refuse(f"{argument} is no finite number; give an int or float")
    return float(value)


def check_items(
    argument: str,
    value: object,
    wanted: type[T],
    most: int | None = None,
) -> tuple[T, ...]:
    """Check a sequence of values of the type *wanted*, at most *most* of them."""
    name = "str" if wanted is str else wanted.__name__
    if isinstance(value, str) or not isinstance(value, Collection):
        refuse(f"{argument} is {kind(value)}; give a list of {name}")
    items = tuple(cast("Collection[object]", value))
    for place, item in enumerate(items):
        if not isinstance(item, wanted):
            refuse(f"{argument}[{place}] is {kind(item)}; give a list of {name}")
    if most is not None and len(items) > most:
        refuse(f"{argument} has {len(items)} items; give 0 to {most}")
    return cast("tuple[T, ...]", items)


def check_distinct(argument: str, names: Sequence[str]) -> None:
    """Check that no name is used twice."""
    for name in names:
        if names.count(name) > 1:
            refuse(f"{argument} has {name!r} more than once; give each a name of its own")


def check_tags(argument: str, value: object) -> dict[str, str]:
    """Check tags: at most 50."""
    if not isinstance(value, Mapping):
        refuse(f"{argument} is {kind(value)}; give a mapping of str to str")
    tags = cast("Mapping[object, object]", value)
    if len(tags) > MAX_TAGS:
        refuse(f"{argument} has {len(tags)} entries; give at most {MAX_TAGS}")
    checked = {TAG_KEY(f"a key of {argument}", key): text for key, text in tags.items()}
    return {key: TAG_VALUE(f"{argument}[{key!r}]", text) for key, text in checked.items()}


_METADATA_CHARACTERS = re.compile(r"[a-zA-Z0-9\s._:/=+@-]*", re.A)
"""Characters of metadata and tags (service model)."""
_METADATA_WORDS = "letters, digits, whitespace and . _ : / = + @ -"
"""`_METADATA_CHARACTERS` in words."""
NAME = TextRule(
    1, 48, re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}"), "a letter, then letters, digits and '_'"
)
"""Name of a memory or a strategy (service model)."""
DESCRIPTION = TextRule(1, 4096)
"""Description of a memory or a strategy (service model)."""
ARN = TextRule(
    6,
    1284,
    re.compile(
        r"arn:[a-z0-9-\.]{1,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[^/].{0,1023}"
    ),
    "an ARN, such as 'arn:aws:iam::123456789012:role/memory'",
)
"""ARN of anything; its longest form follows from its pattern (service model)."""
TEMPLATE = TextRule(
    1,
    512,
    re.compile(r"[a-zA-Z0-9\-_\/]*(\{[a-zA-Z][a-zA-Z0-9]*\}[a-zA-Z0-9\-_\/]*)*"),
    "letters, digits, '-', '_', '/' and names in braces, such as '/facts/{actorId}/'",
)
"""Template of namespaces (service model)."""
METADATA_KEY = TextRule(1, 128, _METADATA_CHARACTERS, _METADATA_WORDS)
"""Key of metadata (service model)."""
ALLOWED_STRING = TextRule(1, 256, _METADATA_CHARACTERS, _METADATA_WORDS)
"""Allowed value of a STRING (service model)."""
ALLOWED_LIST_ITEM = TextRule(1, 64, _METADATA_CHARACTERS, _METADATA_WORDS)
"""Allowed value in a STRINGLIST (service model)."""
TAG_KEY = METADATA_KEY
"""Key of a tag (service model)."""
TAG_VALUE = TextRule(0, 256, _METADATA_CHARACTERS, _METADATA_WORDS)
"""Value of a tag (service model)."""
MAX_TAGS = 50
"""Tags of a memory (service model)."""
DEFINITION = TextRule(1, 1000)
"""Definition of a metadata key, and the instruction for it (service model)."""
PROMPT = TextRule(1, 30_000)
"""Text that is appended to a prompt (service model)."""
MODEL_ID = TextRule(1, 2048)
"""Id or ARN of a model; the service model has no limit, this one is our own."""
BUCKET = TextRule(
    3,
    63,
    re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "the name of an S3 bucket: lower-case letters, digits, '.' and '-'",
)
"""Name of an S3 bucket (service model)."""
NAMESPACE_KEY = TextRule(
    1,
    32,
    re.compile(r"(?!(?:memoryStrategyId|actorId|sessionId)$)[a-z][a-z0-9]*"),
    "a lower-case letter, then lower-case letters and digits",
)
"""Name of a variable of namespace templates (service model)."""
NAMESPACE_VALUE = TextRule(
    1, 64, re.compile(r"[a-z0-9][a-z0-9-_]*"), "lower-case letters, digits, '-' and '_'"
)
"""Allowed value of such a variable (service model)."""
REGEX = TextRule(1, 64)
"""Pattern of such a value (service model)."""
EVENT_EXPIRY_DAYS = IntRule(3, 3650)
"""Days for which events are kept (service model)."""
RECORD_EXPIRY_DAYS = IntRule(31)
"""Days after which records expire (service model)."""
MAX_ITEMS = IntRule(1, 5)
"""Values of a STRINGLIST (service model)."""
MESSAGE_COUNT = IntRule(1, 50)
"""Messages that trigger a delivery (service model)."""
TOKEN_COUNT = IntRule(100, 500_000)
"""Tokens that trigger a delivery (service model)."""
IDLE_TIMEOUT_S = IntRule(10, 3000)
"""Seconds without an event that trigger a delivery (service model)."""
CONTEXT_MESSAGES = IntRule(0, 50)
"""Earlier messages that are delivered as well (service model)."""
METADATA_TYPE = OneOf(("STRING", "STRINGLIST", "NUMBER"))
"""Type of metadata (service model)."""
EXTRACTION_TYPE = OneOf(("LLM_INFERRED", "STRICTLY_CONSISTENT"))
"""Where the value of metadata comes from (service model)."""
LEVEL = OneOf(("METADATA_ONLY", "FULL_CONTENT"))
"""What a stream is told of a record (service model)."""
VIEW = OneOf(("full", "without_decryption"))
"""What GetMemory returns (service model)."""
MAX_SCHEMA = 20
"""Metadata keys of a strategy (service model)."""
MAX_ALLOWED = 10
"""Allowed values of a key (service model)."""
MAX_INDEXED_KEYS = 10
"""Indexed keys of a memory, and of one change (service model)."""
MAX_NAMESPACE_KEYS = 5
"""Namespace keys of a memory (service model)."""
