"""Calls of an OpenAI-compatible endpoint, over aiohttp."""

from __future__ import annotations

import io
import json
import os
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from attrs import field, frozen

from agentcore_memory_async.errors import InvalidInputError
from agentcore_memory_async.local._api.members import as_object
from agentcore_memory_async.local.extractor_errors import ExtractorError

OPENAI_URL = "https://api.openai.com/v1"
"""Base URL of OpenAI's own endpoint."""
_LARGEST = 16 * 2**20
"""Bytes of an answer at most; 64 vectors of 4,096 numbers take about 6 MB."""
_REASONS = {
    401: "ACCESS_DENIED",
    403: "ACCESS_DENIED",
    404: "RESOURCE_NOT_FOUND",
    408: "MODEL_TIMEOUT",
    429: "THROTTLING",
    503: "SERVICE_UNAVAILABLE",
    504: "MODEL_TIMEOUT",
}
"""Reasons of failed jobs by the status of an answer."""


@frozen
class Endpoint:
    """
    An OpenAI-compatible endpoint.

    A call has a connection of its own, so that there is nothing to close. Redirects are not
    followed, since the key goes to this server only.

    Attributes:
        base_url: URL up to and with the version, such as ``http://127.0.0.1:11434/v1``.
        key: API key; None sends none.
    """

    base_url: str
    key: str | None = field(repr=False)

    @classmethod
    def of(cls, base_url: str | None, api_key: str | None) -> Endpoint:
        """
        Return the endpoint that the arguments and OPENAI_API_KEY name.

        Raises:
            InvalidInputError: *base_url* is not an http URL, or OpenAI's own has no key.
        """
        url = (base_url or OPENAI_URL).rstrip("/")
        if not _is_http(url):
            message = (
                "base_url is no http or https URL without a user name; give one such as "
                f"{OPENAI_URL} or http://127.0.0.1:11434/v1"
            )
            raise InvalidInputError(message)
        key = api_key or os.environ.get("OPENAI_API_KEY") or None
        if key is None and url == OPENAI_URL:
            message = "OpenAI needs a key: set OPENAI_API_KEY, give api_key, or another base_url"
            raise InvalidInputError(message)
        if key is not None and not (key.isascii() and key.isprintable()):
            message = "api_key has characters that no HTTP header has; give the key alone"
            raise InvalidInputError(message)
        return cls(url, key)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """
        Send *body* as JSON, and return the JSON object that answers it; an empty one for none.

        Raises:
            ExtractorError: The server can't be reached or answers with an error. The text shows
                nothing of what it answered, which may repeat what was sent.
        """
        headers = {"Content-Type": "application/json"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        sent = io.BytesIO(json.dumps(body).encode())  # aiohttp warns of large bytes
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
                session.post(
                    f"{self.base_url}/{path}", data=sent, headers=headers, allow_redirects=False
                ) as response,
            ):
                if response.status != 200:
                    message = f"the model's server answered with status {response.status}"
                    raise ExtractorError(_reason(response.status), message)
                content = await _read(response)
        except aiohttp.ClientError as error:
            message = f"the model's server can't be reached: {type(error).__name__}"
            raise ExtractorError("SERVICE_UNAVAILABLE", message) from None
        try:
            return as_object(json.loads(content))
        except (ValueError, RecursionError):
            return {}


def _is_http(url: str) -> bool:
    """Return whether *url* is a URL of a server, without a user name, a query or a fragment."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and parts.hostname
    except ValueError:
        return False
    has_more = "@" in parts.netloc or parts.query or parts.fragment
    return parts.scheme in {"http", "https"} and bool(usable) and not has_more


def _reason(status: int) -> str:
    return _REASONS.get(status, "INTERNAL_ERROR" if status >= 500 else "VALIDATION_EXCEPTION")


async def _read(response: aiohttp.ClientResponse) -> bytearray:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > _LARGEST:
            message = f"the model's server answered with more than {_LARGEST:,} bytes"
            raise ExtractorError("MODEL_ERROR", message)
    return content
