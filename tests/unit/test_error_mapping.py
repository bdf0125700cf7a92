"""Every branch of the mapping of errors, by the error that takes it."""

from __future__ import annotations

import errno
import socket
import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from botocore import exceptions as boto
from yarl import URL

from agentcore_memory_async import errors
from agentcore_memory_async._transport.base import SendState
from agentcore_memory_async._transport.capture import ResponseCapture
from agentcore_memory_async._transport.credentials import credentials_error
from agentcore_memory_async._transport.errors import answered_error, failure

ENDPOINT = "https://user:pw@memory.example:8443/x"
WHERE = "memory.example:8443"
LOCAL = "http://127.0.0.1:4710"
PROXY = "proxy.example:3128"
LOST = errors.TransportError
TIMED_OUT = errors.TransportTimeoutError
START = "; the local service is started by 'python -m agentcore_memory_async.local --port 4710'"


class ConnectError(Exception):
    """Stand-in for httpx's, which a caller's http session may raise."""


class ConnectTimeout(Exception):  # noqa: N818 - httpx's name
    """As above."""


def key(host: str, port: int) -> Any:
    """Return what aiohttp calls the key of a connection."""
    return SimpleNamespace(host=host, port=port, ssl=True, is_ssl=True)


def unconnected(
    reason: OSError | None = None, host: str = "memory.example", port: int = 8443
) -> aiohttp.ClientConnectorError:
    """Return aiohttp's error of a connection that was not made."""
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    return aiohttp.ClientConnectorError(key(host, port), reason or refused)


def unresolved() -> aiohttp.ClientConnectorDNSError:
    """Return aiohttp's error of a name without an address."""
    error = socket.gaierror(socket.EAI_NONAME, "unknown")
    return aiohttp.ClientConnectorDNSError(key("memory.example", 8443), error)


def untrusted(
    code: int = 18, message: str = "self-signed certificate."
) -> aiohttp.ClientConnectorCertificateError:
    """Return aiohttp's error of a certificate."""
    error = ssl.SSLCertVerificationError(1, "no")
    error.verify_code, error.verify_message = code, message
    return aiohttp.ClientConnectorCertificateError(key("memory.example", 8443), error)


def not_tls() -> aiohttp.ClientConnectorSSLError:
    """Return aiohttp's error of a server that does not speak TLS."""
    error = ssl.SSLError(1, "wrong")
    error.reason = "WRONG_VERSION_NUMBER"
    return aiohttp.ClientConnectorSSLError(key("memory.example", 8443), error)


def proxy_refusal(status: int) -> boto.HTTPClientError:
    """Return the error of a tunnel that a proxy refused."""
    info = aiohttp.RequestInfo(URL(ENDPOINT), "CONNECT", None, URL(ENDPOINT))  # type: ignore[arg-type]
    return boto.HTTPClientError(error=aiohttp.ClientHttpProxyError(info, (), status=status))


def captured(*, sent: bool = True, **members: Any) -> ResponseCapture:
    """Return what was kept of a call without an answer."""
    state = SendState()
    state.sent = sent
    return ResponseCapture("CreateEvent", state, **members)


def mapped(exc: Exception, *, maybe_resent: bool = False, **members: Any) -> Any:
    """Return what is raised for *exc*."""
    return failure(exc, captured(**members), maybe_resent=maybe_resent)


def connecting(cause: Exception, url: str = ENDPOINT) -> boto.EndpointConnectionError:
    """Return botocore's error of a connection that was not made."""
    return boto.EndpointConnectionError(endpoint_url=url, error=cause)


NOT_SENT: list[tuple[Exception, type[errors.TransportError], str]] = [
    (boto.ConnectTimeoutError(endpoint_url=ENDPOINT), TIMED_OUT, f"while connecting to {WHERE}"),
    (
        boto.ReadTimeoutError(endpoint_url=ENDPOINT, error=aiohttp.ConnectionTimeoutError()),
        TIMED_OUT,
        f"while waiting for {WHERE}",
    ),
    (connecting(unconnected()), LOST, f"cannot connect to {WHERE}: Connection refused"),
    (
        connecting(unconnected(OSError(errno.EHOSTUNREACH, "No route to host"))),
        LOST,
        f"cannot connect to {WHERE}: No route to host",
    ),
    (connecting(unconnected(OSError())), LOST, f"cannot connect to {WHERE}: OSError"),
    (
        connecting(unresolved()),
        LOST,
        f"the name of {WHERE} cannot be resolved; check the region and the endpoint",
    ),
    (
        boto.HTTPClientError(error=socket.gaierror(socket.EAI_NONAME, "unknown")),
        LOST,
        "cannot connect to the service: gaierror",
    ),
    (boto.HTTPClientError(error=ConnectError()), LOST, "the service: ConnectError"),
    (boto.HTTPClientError(error=ConnectTimeout()), LOST, "the service: ConnectTimeout"),
    (ConnectionRefusedError(111, "refused"), LOST, "service: ConnectionRefusedError"),
    (aiohttp.ConnectionTimeoutError(), TIMED_OUT, "while waiting for the service"),
    (
        boto.SSLError(endpoint_url=ENDPOINT, error=untrusted()),
        errors.CertificateError,
        f"certificate of {WHERE} is not trusted: self-signed certificate. If a private",
    ),
    *(
        (
            boto.SSLError(endpoint_url=ENDPOINT, error=untrusted(code, "no.")),
            errors.CertificateError,
            "is not trusted: no. If it should be valid now, check this machine's clock",
        )
        for code in (9, 10)
    ),
    (
        boto.SSLError(endpoint_url=ENDPOINT, error=not_tls()),
        LOST,
        f"TLS with {WHERE} failed: WRONG_VERSION_NUMBER; is it an https endpoint?",
    ),
]
"""Errors before a connection is established, what is raised for them, and words of its reason."""


@pytest.mark.parametrize("maybe_resent", [False, True])
@pytest.mark.parametrize(("exc", "kind", "words"), NOT_SENT)
def test_what_was_not_connected_was_not_sent(
    exc: Exception, kind: type[errors.TransportError], words: str, maybe_resent: bool
) -> None:
    """Nothing was sent, unless it may have been sent before on a connection that was gone."""
    error = mapped(exc, maybe_resent=maybe_resent)

    assert kind is type(error)
    assert words in error.reason
    assert maybe_resent == error.sent
    assert not error.is_absent


SENT: list[tuple[Exception, type[errors.TransportError], str]] = [
    (boto.ReadTimeoutError(endpoint_url=ENDPOINT), TIMED_OUT, f"while waiting for {WHERE}"),
    (TimeoutError(), TIMED_OUT, "while waiting for the service"),
    (
        boto.ConnectionClosedError(endpoint_url=ENDPOINT),
        LOST,
        f"{WHERE} closed the connection before the answer was complete",
    ),
    (
        boto.HTTPClientError(error=aiohttp.ServerDisconnectedError()),
        LOST,
        "the connection to the service was lost (ServerDisconnectedError)",
    ),
    (
        boto.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        LOST,
        "the connection to the service was lost (IncompleteReadError)",
    ),
    (ConnectionResetError(104, "x"), LOST, "the service was lost (ConnectionResetError)"),
    (EOFError(), LOST, "the service was lost (EOFError)"),
    (aiohttp.ClientPayloadError(), LOST, "the service was lost (ClientPayloadError)"),
    (
        boto.SSLError(endpoint_url=ENDPOINT, error=ssl.SSLError(1, "bad record")),
        LOST,
        f"TLS with {WHERE} failed: SSLError",
    ),
]
"""Errors on a connection that was established."""


@pytest.mark.parametrize(("exc", "kind", "words"), SENT)
def test_what_is_lost_may_have_been_sent(
    exc: Exception, kind: type[errors.TransportError], words: str
) -> None:
    """A connection that was established may have carried the request."""
    error = mapped(exc)

    assert kind is type(error)
    assert words in error.reason
    assert error.sent


@pytest.mark.parametrize("exc", [TimeoutError(), EOFError(), aiohttp.ClientError()], ids=repr)
def test_an_error_of_the_system_before_sending_is_no_lost_connection(exc: Exception) -> None:
    """An error that may be a file's, or a hook's, is raised as it is if nothing was sent."""
    assert exc is mapped(exc, sent=False)


@pytest.mark.parametrize(
    ("url", "absent"),
    [
        (LOCAL, True),
        ("http://[::1]:4710", True),
        ("http://localhost:4710", True),
        ("http://memory.localhost:4710", True),
        ("http://localhost.:4710", True),
        ("http://127.1.2.3:4710", True),
        ("http://[::ffff:127.0.0.1]:4710", True),
        ("http://0.0.0.0:4710", True),
        ("http://[::]:4710", True),
        ("http://10.0.0.1:4710", False),
        ("http://localhost.example:4710", False),
    ],
)
def test_only_what_is_refused_on_this_machine_is_absent(url: str, absent: bool) -> None:
    """Absent is what refuses on loopback, never answered before, and was never sent to."""
    error = mapped(connecting(unconnected(), url))
    assert absent == error.is_absent
    assert absent == error.reason.endswith(START)

    assert not mapped(connecting(unconnected(), url), was_answered=True).is_absent
    assert not mapped(connecting(unconnected(), url), maybe_resent=True).is_absent
    assert not mapped(connecting(unconnected(OSError(1, "x")), url)).is_absent
    # Several addresses that failed differently, such as ::1 without IPv6: no errno.
    assert absent == mapped(connecting(unconnected(OSError("several")), url)).is_absent
    wrapped = ConnectError()  # as httpx does
    wrapped.__cause__ = ConnectError()
    wrapped.__cause__.__context__ = ConnectionRefusedError(111, "x")
    assert absent == mapped(connecting(wrapped, url)).is_absent
    assert not mapped(connecting(ConnectError(), url)).is_absent
    assert not mapped(connecting(aiohttp.ConnectionTimeoutError(), url)).is_absent
    through = mapped(connecting(unconnected(host="h", port=1), url), proxy="127.0.0.1:3128")
    assert not through.is_absent


def test_a_proxy_is_named_where_it_is_at_fault() -> None:
    """The proxy is named instead of the service if it is not reached, and else beside it."""
    dead = connecting(unconnected(host="proxy.example", port=3128))
    assert f"connect to the proxy {PROXY}: " in mapped(dead, proxy=PROXY).reason
    refused = boto.ProxyConnectionError(proxy_url="http://x", error=ConnectError())
    assert f"connect to the proxy {PROXY}: " in mapped(refused, proxy=PROXY).reason
    assert "connect to the service: " in mapped(refused).reason
    name = boto.ProxyConnectionError(proxy_url="http://x", error=unresolved())
    assert "cannot be resolved; check its setting" in mapped(name, proxy=PROXY).reason
    silent = boto.ReadTimeoutError(endpoint_url=ENDPOINT)
    assert f"{WHERE} through the proxy {PROXY}" in mapped(silent, proxy=PROXY).reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (399, LOST),
        (400, errors.ServiceError),
        (403, errors.AccessDeniedError),
        (407, errors.ServiceError),
        (408, LOST),
        (429, LOST),
        (499, errors.ServiceError),
        (500, LOST),
    ],
)
def test_a_refusal_of_a_proxy_is_final_if_it_is_the_clients_fault(
    status: int, kind: type[Exception]
) -> None:
    """4xx is final but for 408 and 429; after all others nothing was sent."""
    error = mapped(proxy_refusal(status), proxy=PROXY)

    assert kind is type(error)
    assert f"the proxy {PROXY} refused the connection: {status} " in str(error)
    assert not getattr(error, "sent", False)


@pytest.mark.parametrize(("status", "is_success"), [(199, 0), (200, 1), (299, 1), (300, 0)])
def test_only_an_unread_2xx_is_a_success_after_all(status: int, is_success: int) -> None:
    """A success that botocore could not read is decoded later; one that it read ends as raised."""
    exc = ValueError("odd body")
    unread = mapped(exc, status=status)
    if is_success:
        assert unread is None
        assert exc is mapped(exc, status=status, parsed=True)
    else:
        assert errors.ServiceError is type(unread)
        assert (str(status), status) == (unread.code, unread.status)


def test_what_the_caller_raised_stays_what_it_is() -> None:
    """Errors of the package, and those that nobody knows, are raised as they are."""
    for exc in (errors.DecodeError("CreateEvent", "x"), KeyError("x"), RuntimeError("x")):
        assert exc is mapped(exc)
    own = errors.TransportError("CreateEvent", "x")
    assert own is mapped(own, status=200)


def test_an_answer_comes_before_what_was_raised() -> None:
    """An error of the service is taken from what botocore read of it, else from its header."""
    read = boto.ClientError({"Error": {"Code": "ThrottledException", "Message": "m"}}, "X")
    assert errors.ThrottledError is type(mapped(read, status=429))
    assert errors.ThrottledError is type(mapped(read))
    headers = {"x-amzn-errortype": "ResourceNotFoundException"}
    unread = mapped(ValueError(), status=404, headers=headers)
    assert (errors.NotFoundError, "Not Found") == (type(unread), unread.message)
    lost = mapped(boto.ConnectionClosedError(endpoint_url=ENDPOINT), status=503)
    assert errors.ServiceUnavailableError is type(lost)


@pytest.mark.parametrize(
    ("exc", "kind", "words"),
    [
        (
            boto.ParamValidationError(report="CANARY"),
            errors.InvalidInputError,
            "botocore refused the parameters of CreateEvent",
        ),
        (
            boto.InvalidRegionError(region_name="a b"),
            errors.InvalidInputError,
            "the AWS configuration is unusable",
        ),
        (
            boto.HTTPClientError(error=boto.InvalidProxiesConfigError()),
            errors.InvalidInputError,
            "the AWS configuration is unusable",
        ),
        (boto.NoCredentialsError(), errors.AccessDeniedError, "no AWS credentials were found"),
    ],
)
def test_what_kept_it_from_being_sent(exc: Exception, kind: type[Exception], words: str) -> None:
    """Parameters, settings and credentials have errors of their own, which show no content."""
    error = mapped(exc, sent=False)

    assert kind is type(error)
    assert words in str(error)
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(
    ("exc", "words", "hint"),
    [
        (boto.NoCredentialsError(), "no AWS credentials were found", "aws configure"),
        (
            boto.PartialCredentialsError(provider="env", cred_var="SECRET"),
            "credentials by env are incomplete: SECRET is missing",
            "Set it, or remove the rest",
        ),
        (
            boto.CredentialRetrievalError(provider="p", error_msg="CANARY"),
            "credentials could not be loaded by p;",
            "Check the profile or role",
        ),
        (boto.NoAuthTokenError(), "credentials could not be loaded;", "Check the profile"),
        (
            boto.TokenRetrievalError(provider="sso", error_msg="CANARY"),
            "AWS single sign-on session has expired or is missing",
            "Run `aws sso login`",
        ),
        (
            boto.UnauthorizedSSOTokenError(),
            "AWS single sign-on session has expired or is missing",
            "Run `aws sso login`",
        ),
        (
            boto.MetadataRetrievalError(error_msg="CANARY"),
            "credentials could not be loaded;",
            "Check the profile",
        ),
        (
            boto.RefreshWithMFAUnsupportedError(),
            "credentials could not be loaded;",
            "Check the profile",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_error_of_credentials_says_what_to_do(exc: Exception, words: str, hint: str) -> None:
    """Each kind has its text and hint, and nothing was sent."""
    error = mapped(exc, sent=False)

    assert errors.AccessDeniedError is type(error)
    assert (type(exc).__name__, 0) == (error.code, error.status)
    assert words in str(error)
    assert hint in error.hint
    assert "nothing was sent" in error.message
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(
    ("exc", "words", "hint"),
    [
        (
            boto.ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole"),
            "could not be loaded: AssumeRole gave AccessDenied",
            "Check the profile",
        ),
        (
            boto.ClientError({"Error": {"Code": "RequestExpired"}}, "AssumeRole"),
            "could not be loaded: AssumeRole gave RequestExpired",
            "Check this machine's clock",
        ),
        (
            boto.EndpointConnectionError(endpoint_url="https://sts.example/?CANARY", error="x"),
            "could not be loaded: no answer of sts.example;",
            "Check the profile",
        ),
        (
            boto.ReadTimeoutError(endpoint_url="https://sts.example/?CANARY"),
            "could not be loaded: no answer of sts.example;",
            "Check the profile",
        ),
        (RuntimeError("CANARY"), "could not be loaded;", "Check the profile"),
    ],
)
@pytest.mark.parametrize("expired", ["", "2026-01-01 00:00:00 UTC"])
def test_what_a_provider_failed_with_is_named(
    exc: Exception, words: str, hint: str, expired: str
) -> None:
    """The provider's answer or host is named, and when the credentials expired."""
    error = credentials_error("CreateEvent", exc, expired=expired)
    if expired:
        words = words.replace(
            "could not be loaded", f"expired at {expired}, and could not be renewed"
        )
        hint = hint.replace("Check the profile", "Get new ones, and check this machine's clock")

    assert words in error.message
    assert hint in error.hint
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"Code": "a.b#SlowDown:http://x/", "Message": " as it was "}, "SlowDown", "as it was"),
        ({"Code": "SlowDown", "Message": "a <html> page"}, "SlowDown", "Bad Request"),
        ({"Code": "SlowDown", "Message": "<?xml"}, "SlowDown", "Bad Request"),
        ({"Code": "SlowDown", "Message": "a < b"}, "SlowDown", "a < b"),
        ({"Code": "SlowDown"}, "SlowDown", "Bad Request"),
        ({"Code": "SlowDown", "Message": "m" * 301}, "SlowDown", "m" * 301),
        ({"Code": "", "Message": "some\n words"}, "400", "some words"),
        ({"Code": "400", "Message": "w" * 301}, "400", "w" * 300),
        ({}, "400", "Bad Request, without an error of the service"),
    ],
)
def test_only_an_error_of_the_service_is_quoted_whole(
    error: dict[str, str], code: str, message: str
) -> None:
    """A text without a code is cut to 300 characters; a page, and no text, become the status."""
    made = answered_error("CreateEvent", {"Error": error}, 400, {})

    assert (code, message) == (made.code, made.message)


def test_status_and_request_id_may_come_from_what_botocore_read() -> None:
    """They are used where no hook saw the answer; an unknown status has no phrase."""
    metadata = {
        "HTTPStatusCode": 599,
        "RequestId": "rq-2",
        "HTTPHeaders": {"retry-after": "2"},
    }
    made = answered_error("X", {"ResponseMetadata": metadata}, None, {})

    assert (599, "rq-2", 2.0) == (made.status, made.request_id, made.retry_after_s)
    assert made.message.startswith("HTTP status 599")
    assert answered_error("X", {}, 400, {"x-amzn-requestid": "rq-3"}).request_id == "rq-3"
    assert answered_error("X", {}, 400, {}).request_id is None
    assert answered_error("X", {}, None, {}).status == 0
