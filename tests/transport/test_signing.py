"""Signatures: those of botocore's own signer, for any request that the transport makes."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from agentcore_memory_async._transport.capture import DIGEST
from agentcore_memory_async._transport.signing import Signer, signing_key

TEXT = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
HOSTS = st.sampled_from(
    [
        "https://bedrock-agentcore.us-west-2.amazonaws.com",
        "https://Bedrock.Example:443",
        "https://bedrock.example:80",
        "http://127.0.0.1:4710",
        "http://localhost:80/behind/a/gateway",
        "http://[::1]:4710",
        "https://user:secret@bedrock.example:8443",
    ]
)
HEADERS = st.lists(
    st.tuples(
        NAMES.filter(lambda name: name.lower() not in {"date", "host", DIGEST.lower()}), TEXT
    ),
    max_size=5,
)


def signed(signer: type[Any], key: tuple[str, ...], now: dt.datetime, *request: Any) -> Any:
    """Return the headers of a request that *signer* signed."""
    url, method, headers, body = request
    made = AWSRequest(method, url, dict(headers), body)
    with patch("botocore.auth.get_current_datetime", lambda **_: now):
        signer(ReadOnlyCredentials(*key[:3]), key[3], key[4]).add_auth(made)
    return {name.lower(): made.headers.get_all(name) for name, _ in made.headers.items()}


@given(
    host=HOSTS,
    path=st.lists(TEXT, max_size=4),
    query=st.dictionaries(NAMES, TEXT, max_size=3),
    method=st.sampled_from(["POST", "GET", "DELETE"]),
    headers=HEADERS,
    body=st.binary(max_size=200),
    digest=st.sampled_from([None, "e3b0"]),
    token=st.sampled_from(["", "token+/="]),
    seconds=st.integers(1_700_000_000, 2_100_000_000),
)
@example(
    host="https://bedrock.example",
    path=["memories", "..", ".", "", "a b"],
    query={"b": "2", "a": "ä/?"},
    method="POST",
    headers=[("user-agent", "x"), ("X-Amzn-Trace-Id", "Root=1"), ("Authorization", "old")],
    body=b"",
    digest=None,
    token="token",
    seconds=1_795_910_399,
)
def test_a_signature_is_botocores(
    host: str,
    path: list[str],
    query: dict[str, str],
    method: str,
    headers: list[tuple[str, str]],
    body: bytes,
    digest: str | None,
    token: str,
    seconds: int,
) -> None:
    """All headers are those that botocore's signer of version 4 leaves."""
    url = "/".join([host, *(quote(part, safe="") for part in path)])
    if query:
        url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    if digest:
        headers = [*headers, (DIGEST, digest)]
    key = ("AKID", "secret/key", token, "bedrock-agentcore", "us-west-2")
    request = (url, method, headers, body)
    now = dt.datetime.fromtimestamp(seconds, dt.UTC)

    theirs, ours = (signed(signer, key, now, *request) for signer in (SigV4Auth, Signer))

    assert theirs == ours


def test_a_request_is_signed_anew() -> None:
    """A second signature takes the place of the first, with the time and key of its own day."""
    request = AWSRequest("POST", "https://bedrock.example/memories/m/events", {}, b"{}")
    expected = AWSRequest("POST", "https://bedrock.example/memories/m/events", {}, b"{}")
    found = []
    for day in (27, 28):
        now = dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC)
        with patch("botocore.auth.get_current_datetime", lambda now=now, **_: now):
            for signer, each in ((Signer, request), (SigV4Auth, expected)):
                credentials = ReadOnlyCredentials("AKID", f"secret {day}", f"token {day}")
                signer(credentials, "bedrock-agentcore", "us-west-2").add_auth(each)
        assert sorted(request.headers.items()) == sorted(expected.headers.items())
        found.append(request.headers["Authorization"])

    assert 2 == len(set(found))


def test_a_body_that_a_hook_made_a_stream_is_signed() -> None:
    """Whatever else a body is, botocore says its digest."""
    key = ("AKID", "secret", "", "bedrock-agentcore", "us-west-2")
    now = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    theirs, ours = (
        signed(signer, key, now, "https://bedrock.example/", "POST", [], io.BytesIO(b"body"))
        for signer in (SigV4Auth, Signer)
    )

    assert theirs == ours


def test_the_key_of_a_day_is_kept() -> None:
    """The same day, region and service need no second derivation; another secret has its own."""
    signing_key.cache_clear()
    keys = [
        signing_key(secret, "20261128", "us-west-2", "bedrock-agentcore")
        for secret in ("one", "two", "one")
    ]

    assert keys[0] == keys[2] != keys[1]
    assert (2, 1) == (signing_key.cache_info().misses, signing_key.cache_info().hits)
