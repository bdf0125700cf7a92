"""
Sending over aiohttp with less ado than aiobotocore's session.

aiobotocore reads the settings of proxies and the environment for each request, and copies the
headers of request and answer one by one into its own kind. Here they are aiohttp's kind. The
connectors, timeouts and errors stay aiobotocore's.
"""

# botocore and aiobotocore carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import http_exceptions
from botocore import exceptions as boto
from botocore.httpsession import mask_proxy_url
from multidict import CIMultiDict
from yarl import URL

_CLOSED = (
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientPayloadError,
    http_exceptions.BadStatusLine,
)
"""What aiohttp raises where the other side closed the connection before the answer was complete."""
_BY_PROXY = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)
"""What aiohttp raises where a proxy cannot be reached, or refuses."""
_NOT_CONNECTED = (aiohttp.ClientConnectionError, socket.gaierror)
"""What aiohttp raises where there is no connection."""


class LeanResponse(AioAWSResponse):  # type: ignore[misc]  # aiobotocore carries no types
    """
    An answer with its body.

    Its headers have names in lower case, as hooks see them with aiobotocore's session; of one that
    is given twice the last counts.
    """

    def __init__(self, response: aiohttp.ClientResponse, content: bytes) -> None:
        self.url = str(response.url)
        self.status_code = response.status
        self.headers = CIMultiDict(
            {name.lower(): value for name, value in response.headers.items()}
        )
        self.raw = response
        self._content = content


class LeanSession(AIOHTTPSession):  # type: ignore[misc]  # aiobotocore carries no types
    """A session that sends requests whose answers are read at once."""

    def __init__(self, verify: Any = True, proxies: Any = None, *args: Any, **options: Any) -> None:
        self._has_proxy = bool(proxies)
        super().__init__(verify, proxies, *args, **options)

    async def send(self, request: Any) -> Any:
        """Send *request* and read its answer; errors are those of botocore."""
        url, proxy = request.url, self._proxy_config
        through = proxy.proxy_url_for(url) if self._has_proxy else None
        headers = CIMultiDict[Any](
            (name, value.decode() if isinstance(value, bytes) else value)
            for name, value in request.headers.items()
        )
        headers["Accept-Encoding"] = "identity"
        try:
            session = await self._get_session(through)
            response = await session.request(
                request.method,
                URL(url, encoded=True),
                data=request.body,
                chunked=self._chunked(headers),
                headers=headers,
                proxy=through,
                proxy_headers=proxy.proxy_headers_for(url) if through else None,
            )
            return LeanResponse(response, await response.read())
        except aiohttp.ClientHttpProxyError as error:
            # Not as its cause: that shows the proxy's password.
            raise _for_botocore(error, request, through) from None
        except Exception as error:
            raise _for_botocore(error, request, through) from error


def _for_botocore(error: Exception, request: Any, proxy_url: str | None) -> Exception:
    """Return the error of botocore that aiobotocore raises for one of aiohttp."""
    where: dict[str, Any] = {"endpoint_url": request.url, "error": error}
    if isinstance(error, aiohttp.ClientSSLError):
        made = boto.SSLError(**where)
    elif isinstance(error, _BY_PROXY):
        made = boto.ProxyConnectionError(proxy_url=mask_proxy_url(proxy_url), error=error)
    elif isinstance(error, _CLOSED):
        made = boto.ConnectionClosedError(request=request, **where)
    elif isinstance(error, aiohttp.ServerTimeoutError) and str(error).lower().startswith("connect"):
        made = boto.ConnectTimeoutError(**where)
    elif isinstance(error, asyncio.TimeoutError):
        made = boto.ReadTimeoutError(**where)
    elif isinstance(error, _NOT_CONNECTED):
        made = boto.EndpointConnectionError(**where)
    else:
        made = boto.HTTPClientError(error=error)
    exception: Exception = made
    return exception
