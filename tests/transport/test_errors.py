"""Every error of the service and of the network as one of the package's errors."""

from __future__ import annotations

import json
import socket
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from agentcore_memory_async import errors
from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.capture import read_date, read_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

HTML = b"<html><head><title>no</title></head><body>CANARY</body></html>"
CREATE = {"memoryId": "m", "actorId": "a", "payload": [{"blob": "CANARY"}]}

DATE = r"[A-Z][a-z]{2}, [0-9]{1,30} (Jan|Feb|Dec) [0-9]{1,30} [0-9:]{1,9} [+-]?[0-9A-Z]{1,30}"

ROWS = [
    (400, "ValidationException", errors.ValidationError),
    (400, "InvalidInputException", errors.ValidationError),
    (400, "UnheardOfException", errors.ServiceError),
    (402, "ServiceQuotaExceededException", errors.QuotaExceededError),
    (403, "AccessDeniedException", errors.AccessDeniedError),
    (403, "ExpiredTokenException", errors.AccessDeniedError),
    (404, "ResourceNotFoundException", errors.NotFoundError),
    (409, "RetryableConflictException", errors.ConflictError),
    (429, "ThrottledException", errors.ThrottledError),
    (429, "ThrottlingException", errors.ThrottledError),
    (500, "ServiceException", errors.ServiceUnavailableError),
    (503, "UnheardOfException", errors.ServiceUnavailableError),
    *((400, code, errors.ThrottledError) for code in ("Throttling", "RequestLimitExceeded")),
    (503, "SlowDown", errors.ThrottledError),
]


@pytest.mark.parametrize(("status", "code", "kind"), ROWS)
@pytest.mark.parametrize("where", ["header", "header-with-url", "type", "type-with-prefix"])
async def test_error_codes(
    transport: BotocoreTransport, service: Any, status: int, code: str, kind: type, where: str
) -> None:
    """The code in the header or body selects the class, and the text is unchanged."""
    service.status = status
    service.body = b'{"message": "as it was"}'
    if where == "header":
        service.headers = {"x-amzn-errortype": code}
    elif where == "header-with-url":
        service.headers = {"x-amzn-errortype": f"{code}:http://internal.amazon.com/coral/"}
    else:
        prefix = "com.amazon#" if where == "type-with-prefix" else ""
        service.body = b'{"__type": "%s", "message": "as it was"}' % (prefix + code).encode()
    with pytest.raises(errors.ServiceError) as caught:
        await transport("CreateEvent", CREATE)
    error = caught.value
    assert kind is type(error)
    assert (code, "as it was", status, "rq-1", 1) == (
        error.code,
        error.message,
        error.status,
        error.request_id,
        error.attempts,
    )
    assert isinstance(error, ClientError)
    assert code == error.response["Error"]["Code"]
    assert 1 == len(service.requests)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.ServiceError),
        (403, errors.AccessDeniedError),
        (404, errors.ServiceError),
        (429, errors.ThrottledError),
        (500, errors.ServiceUnavailableError),
        (502, errors.ServiceUnavailableError),
        (503, errors.ServiceUnavailableError),
        (504, errors.ServiceUnavailableError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", HTML, b"plain words", b"[1]", b'"x"', b"\xff\xfe"])
async def test_errors_without_a_code(
    transport: BotocoreTransport, service: Any, status: int, kind: type, body: bytes
) -> None:
    """An answer of a proxy is classified by its status, and its page is not shown."""
    service.status, service.body = status, body
    with pytest.raises(errors.ServiceError) as caught:
        await transport("CreateEvent", CREATE)
    assert kind is type(caught.value)
    assert (str(status), status) == (caught.value.code, caught.value.status)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"x-amz-retry-after": "250"}, 0.25),
        ({"x-amz-retry-after": "250", "Retry-After": "7"}, 0.25),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Date": "Wed, 21 Oct 2026 07:27:48 GMT",
            },
            12.0,
        ),
        (
            {
                "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Date": "Wed, 21 Oct 2026 07:28:09 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Thu, 21 Oct 1926 07:28:00 GMT"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "yesterday"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
async def test_retry_after(
    transport: BotocoreTransport, service: Any, headers: dict[str, str], wait: float | None
) -> None:
    """The error has the wait that the service asks for, in seconds."""
    service.status, service.headers = 429, headers
    with pytest.raises(errors.ThrottledError) as caught:
        await transport("CreateEvent", CREATE)
    assert wait == caught.value.retry_after_s


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "status 201 with an empty body"),
        (HTML, "HTML"),
        (b'{"event": {"eventId": "1#', "cut"),
        (b'["event"]', "not an object"),
        (b"null", "not an object"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
async def test_success_without_an_object(
    transport: BotocoreTransport, service: Any, body: bytes, words: str
) -> None:
    """A success without a JSON object raises ``DecodeError``."""
    service.status, service.body = 201, body
    with pytest.raises(errors.DecodeError, match=words) as caught:
        await transport("CreateEvent", CREATE)
    assert "CANARY" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    "body",
    [b'{"events": 5}', b'{"events": [{"payload": [{"x": 1, "y": 2}]}]}', b'{"events": [{"e": 1}]}'],
)
async def test_success_that_botocore_cannot_read(
    transport: BotocoreTransport, service: Any, body: bytes
) -> None:
    """A JSON object that does not fit the model is an answer, left for the codec to decode."""
    service.body = body
    answer = await transport("ListEvents", dict.fromkeys(["memoryId", "actorId", "sessionId"], "m"))
    assert "events" in answer.body


async def test_a_hook_of_the_caller_that_raises(service: Any) -> None:
    """An error of a caller's hook after a success is raised unchanged."""
    from aiobotocore.session import AioSession

    session = AioSession()

    def hook(**_: Any) -> None:
        raise LookupError("the hook's own")

    session.register("after-call.bedrock-agentcore", hook)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        with pytest.raises(LookupError, match="the hook's own"):
            await transport("CreateEvent", CREATE)


ECHO = (
    "1 validation error detected: Value 'said 'CANARY' at 'x' here' at "
    "'payload.1.member.conversational.content.text' failed to satisfy constraint: "
    "Member must have length less than or equal to 9"
)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "ValidationException"), (403, "AccessDeniedException"), (500, "ServiceException")],
)
async def test_what_the_service_quotes_is_not_shown(
    transport: BotocoreTransport, service: Any, status: int, code: str
) -> None:
    """
    A text that the service quotes is only in the answer, not in the error's text or
    traceback.
    """
    service.status, service.headers = status, {"x-amzn-errortype": code}
    service.body = json.dumps({"message": ECHO}).encode()
    with pytest.raises(errors.ServiceError) as caught:
        await transport("CreateEvent", CREATE)
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
    assert "CANARY" not in shown
    assert "Value (not shown) at 'payload.1.member.conversational.content.text' failed" in shown
    assert ECHO == error.message == error.response["Error"]["Message"]


def free_port() -> int:
    """Return a port without a listener."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:{port}", "cannot connect to 127.0.0.1:{port}"),
        ("https://127.0.0.1:{port}", "cannot connect to 127.0.0.1:{port}"),
        ("http://no-such-host.invalid:{port}", "cannot be resolved"),
    ],
)
async def test_nothing_was_sent(url: str, words: str) -> None:
    """A refused connection or unknown host raises an error that says that nothing was sent."""
    port = free_port()
    async with BotocoreTransport(endpoint_url=url.format(port=port)) as transport:
        with pytest.raises(errors.TransportError, match=words.format(port=port)) as caught:
            await transport("CreateEvent", CREATE)
    assert errors.TransportError is type(caught.value)
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("answer", "reset"),
    [(b"", False), (b"", True), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", False)],
    ids=["closed", "reset", "cut"],
)
async def test_lost_connections(raw: Callable[..., Any], answer: bytes, reset: bool) -> None:
    """A connection that ends before its answer raises an error that the request may be sent."""
    url = await raw(answer, reset=reset)
    async with BotocoreTransport(endpoint_url=url) as transport:
        with pytest.raises(errors.TransportError) as caught:
            await transport("CreateEvent", CREATE)
    assert errors.TransportError is type(caught.value)
    assert caught.value.sent
    assert "CANARY" not in str(caught.value)


async def test_no_answer_in_time(raw: Callable[..., Any]) -> None:
    """A read timeout raises a timeout error that the request may be sent."""
    url = await raw(None)
    config = Config(read_timeout=0.05)
    async with BotocoreTransport(endpoint_url=url, config=config) as transport:
        with pytest.raises(errors.TransportTimeoutError, match="timed out while waiting") as caught:
            await transport("CreateEvent", CREATE)
    assert caught.value.sent
    assert isinstance(caught.value, TimeoutError)


async def test_no_http_answer(raw: Callable[..., Any]) -> None:
    """An answer that is not HTTP is a lost connection."""
    url = await raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    async with BotocoreTransport(endpoint_url=url) as transport:
        with pytest.raises(errors.TransportError) as caught:
            await transport("CreateEvent", CREATE)
    assert caught.value.sent


async def test_unknown_operation(transport: BotocoreTransport) -> None:
    """An operation outside the 16 is refused."""
    with pytest.raises(errors.InvalidInputError, match="CreateMemory"):
        await transport("CreateMemory", {})


async def test_parameter_errors_show_nothing(service: Any) -> None:
    """An error about parameters does not show them, and has no context."""
    from aiobotocore.session import AioSession
    from botocore.exceptions import ParamValidationError

    session = AioSession()

    def refuse(params: Any, **_: Any) -> None:
        raise ParamValidationError(report=str(params))

    session.register("provide-client-params.bedrock-agentcore", refuse)
    async with BotocoreTransport(aws_session=session, endpoint_url=service.url) as transport:
        with pytest.raises(errors.InvalidInputError) as caught:
            await transport("CreateEvent", CREATE)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        "yesterday",
        ",",
        "1 2 3 4 5 6 7 8",
        "Sun, 99 Nov 2026 20:00:00 GMT",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Fri, 31 Dec 10000 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Fri, 31 Dec 2025 23:59:59 +99999999999999",
    ],
)
def test_bad_dates(value: str | None) -> None:
    """An invalid date header is read as None."""
    assert read_date(value) is None


@pytest.mark.parametrize(("year", "is_known"), [(1999, 0), (2000, 1), (2999, 1), (3000, 0)])
def test_dates_of_a_clock_are_of_this_millennium(year: int, is_known: int) -> None:
    """Any other date is none that a clock shows."""
    date = read_date(f"01 Jun {year} 00:00:00 GMT")
    assert is_known == (date is not None and date.year == year)


@given(st.text(max_size=60) | st.from_regex(DATE, fullmatch=True))
def test_any_date(value: str) -> None:
    """Any text of a date header is read as a date of this millennium or None."""
    date = read_date(value)
    assert date is None or 2000 <= date.year < 3000


def test_date_of_another_zone() -> None:
    """A date is converted to UTC, and one without a zone is UTC."""
    expected = "2026-11-22T20:00:00+00:00"
    for text in ("Sun, 22 Nov 2026 21:00:00 +0100", "Sun, 22 Nov 2026 20:00:00 -0000"):
        date = read_date(text)
        assert date is not None
        assert expected == date.isoformat()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.500", 0.5),
        ("90", 90.0),
        ("0", 0.0),
        *[
            (value, None)
            for value in (None, "", "-1", "nan", "inf", "1e3", "1e999", "٣", "0.5 s", "1" * 10)
        ],
    ],
)
def test_seconds_in_headers(value: str | None, expected: float | None) -> None:
    """Seconds in a header are plain decimals below a billion; anything else counts as none."""
    assert expected == read_seconds(value)
