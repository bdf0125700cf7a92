"""Encoded ids are valid and distinct for all strings, and most can be read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agentcore_memory_async._wire.ids import (
    decode_actor_id,
    encode_actor_id,
    encode_session_id,
)
from agentcore_memory_async._wire.validation import check_actor_id, check_session_id
from agentcore_memory_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

SURROGATES = st.text(st.characters(codec=None), max_size=300)
LOOKS_ENCODED = st.text(alphabet="enc-_0123456789abcdefs@", max_size=40).map(lambda t: "enc-" + t)
NEAR_THE_LIMIT = st.builds(
    lambda head, n, tail: head + "a" * n + tail,
    st.sampled_from(["", "enc-", "é", "_", "a@"]),
    st.integers(20, 260),
    st.sampled_from(["", "@", "é", "_", ":", "_40", "_sha256-", "\ud800"]),
)
TEXTS = st.one_of(st.text(), SURROGATES, LOOKS_ENCODED, NEAR_THE_LIMIT)


@given(TEXTS)
def test_result_is_always_valid(text: str) -> None:
    """Any string is encoded as a valid id without a slash."""
    assert check_actor_id(encode_actor_id(text)) == encode_actor_id(text)


@example("\ud83d\ude00", "\U0001f600")
@example("a@b", "enc-a_40b")
@example("enc-a_40b", "enc-enc-a_5f40b")
@example("é" * 100, encode_actor_id("é" * 100))
@given(TEXTS, TEXTS)
def test_two_strings_have_two_ids(first: str, second: str) -> None:
    """Different strings have different ids."""
    assume(first != second)

    assert encode_actor_id(first) != encode_actor_id(second)


@given(TEXTS)
def test_encoding_an_encoded_id_changes_it(text: str) -> None:
    """An encoded id is encoded again, so no actor can impersonate another."""
    encoded = encode_actor_id(text)
    assume(encoded != text)

    assert encode_actor_id(encoded) != encoded


def test_examples_can_be_read() -> None:
    """
    Valid ids are unchanged, e-mail addresses remain readable, and long text keeps
    its beginning.
    """
    assert encode_actor_id("user123") == "user123"
    assert encode_actor_id("tenant:user_1") == "tenant:user_1"
    assert encode_actor_id("a@b.c") == "enc-a_40b_2ec"
    assert encode_actor_id("") == "enc-"
    assert encode_actor_id("org/al") == "enc-org_2fal"
    long = encode_actor_id("Anna " * 100)
    assert long.startswith("enc-Anna_20Anna_20")
    assert len(long) <= 255


@given(TEXTS)
def test_session_ids_are_always_valid(text: str) -> None:
    """Any string is encoded as a valid session id, and a valid one without the prefix is kept."""
    encoded = encode_session_id(text)

    assert check_session_id(encoded) == encoded
    try:
        is_plain = check_session_id(text) == text and not text.startswith("enc-")
    except InvalidInputError:
        is_plain = False
    assert (encoded == text) == is_plain


@example("a:b", "enc-a_3ab")
@example("é" * 100, encode_session_id("é" * 100))
@example("a" * 101, "a" * 102)
@given(TEXTS, TEXTS)
def test_two_strings_have_two_session_ids(first: str, second: str) -> None:
    """Different strings have different session ids, also where one looks encoded."""
    assume(first != second)

    assert encode_session_id(first) != encode_session_id(second)
    assert encode_session_id(encode_session_id(first)) != encode_session_id(first) or (
        encode_session_id(first) == first
    )


@example("")
@example("a@b.c")
@example("enc-a_40b")
@example("\ud83d\ude00 \U0001f600")
@given(TEXTS)
def test_an_actor_id_is_decoded_where_it_has_the_whole_string(text: str) -> None:
    """Decoding returns what was encoded; an id with a digest is refused and never misread."""
    encoded = encode_actor_id(text)
    if encoded != text and "_sha256-" in encoded and len(encoded) > 240:
        with pytest.raises(InvalidInputError, match="digest"):
            decode_actor_id(encoded)
    else:
        assert decode_actor_id(encoded) == text


@given(TEXTS)
def test_an_id_that_was_not_encoded_is_no_other_string(actor_id: str) -> None:
    """Decoding returns a string only for the one id that encoding makes of it."""
    try:
        text = decode_actor_id(actor_id)
    except InvalidInputError:
        return
    assert encode_actor_id(text) == actor_id


@pytest.mark.parametrize("encode", [encode_actor_id, encode_session_id])
@pytest.mark.parametrize("bad", [None, 5, b"a"])
def test_only_strings_are_encoded(encode: Callable[[Any], str], bad: object) -> None:
    """A value that is not a string is refused."""
    with pytest.raises(InvalidInputError, match="text is"):
        encode(bad)
