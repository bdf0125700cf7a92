"""
A filter that makes the debug logs of botocore and related libraries safe to keep.

At ``DEBUG`` they write the text of conversations, the actor, the session token and the signature.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sized
from typing import Any, cast

__all__ = ("BotocoreLogFilter",)

_LOGGERS = ("aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore", "urllib3")
"""Root loggers of the libraries whose records are rewritten."""
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""HTTP methods, which may be shown."""
_WORDS = _METHODS | {"http", "https", "HTTP/1.0", "HTTP/1.1", "legacy", "standard"}
"""Arguments of a log record that may be shown as they are."""
_EVENT = re.compile(
    r"(?:after-call|before-call|before-parameter-build|before-parse|before-send|before-sign"
    r"|choose-signer|creating-client-class|getattr|needs-retry|provide-client-params"
    r"|request-created|response-received)"
    r"(?:\.bedrock-agentcore(?:-control)?(?:\.[A-Z][A-Za-z]{2,30})?)?"
)
"""Names of botocore's events, which may be shown too."""


class BotocoreLogFilter(logging.Filter):
    """
    Removes content and secrets from the logs of botocore, aiobotocore, urllib3 and aiohttp.

    Put it on a handler: a filter on a logger does not see what its children log.

    ```python
    handler = logging.StreamHandler()
    handler.addFilter(BotocoreLogFilter())
    logging.getLogger("botocore").addHandler(handler)
    ```

    Of these libraries' log records it keeps only what is known to be harmless: where it was logged,
    the operation, the HTTP method and status, numbers, the type of an exception, and the size of
    everything else. No message text, no query, no id, no credential and no signature stays. Log
    records of other loggers pass unchanged. A log record is rewritten in place, so handlers that
    come later see the rewritten one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record* if it is of one of these libraries; every record passes."""
        # A record that another handler's filter has rewritten stays as it is.
        is_theirs = record.name.partition(".")[0] in _LOGGERS
        if is_theirs and not isinstance(record.msg, _Text):
            text = _safe_text(record)
            if record.exc_info and record.exc_info[0] is not None:
                text += f" [{record.exc_info[0].__name__}]"
            record.msg = _Text(text)
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
        return True


def _safe_text(record: logging.LogRecord) -> str:
    """Return the text of *record* without what may be content."""
    where = f"{record.funcName}:{record.lineno}"
    if not record.args:
        # It may be a constant, or be made of content: nobody can tell.
        return f"{where}: <{_size(record.msg)}>"
    args: Any = record.args
    try:
        shown: Any
        if isinstance(record.args, Mapping):
            shown = {key: _shown(args[key]) for key in args}
        else:
            shown = tuple(map(_shown, args))
        return f"{where}: {' '.join(str(record.msg % shown).split())}"
    except (TypeError, ValueError, KeyError, AttributeError):
        return f"{where}: <{_size(record.msg)}>"


def _shown(value: object) -> object:
    """Return what may be shown of an argument: itself, its name, or its size."""
    size = _Text(f"<{_size(value)}>")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if value in _WORDS or _EVENT.fullmatch(value) else size
    kind = type(value).__name__
    if kind == "OperationModel":
        return _Text(getattr(value, "name", kind))
    if kind in {"AWSPreparedRequest", "AWSRequest"}:
        return _request(getattr(value, "method", None), getattr(value, "body", None))
    if isinstance(value, dict) and "body" in value and "method" in value:
        request = cast("dict[str, object]", value)
        return _request(request["method"], request["body"])
    return size


def _request(method: object, body: object) -> _Text:
    verb = method if method in _METHODS else "request"
    return _Text(f"<{verb} {_size(body)}>")


def _size(value: object) -> str:
    kind = type(value).__name__
    return f"{kind}, {len(value)}" if isinstance(value, Sized) else kind


class _Text(str):
    """A text that ``%r`` shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
