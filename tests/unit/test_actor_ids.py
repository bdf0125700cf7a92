"""``encode_actor_id`` returns valid and distinct ids for all strings."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agentcore_memory_async._wire.actor_ids import encode_actor_id
from agentcore_memory_async._wire.validation import check_actor_id
from agentcore_memory_async.errors import InvalidInputError

SURROGATES = st.text(st.characters(codec=None), max_size=300)
LOOKS_ENCODED = st.text(alphabet="enc-_0123456789abcdefs@", max_size=40).map(lambda t: "enc-" + t)
NEAR_THE_LIMIT = st.builds(
    lambda head, n, tail: head + "a" * n + tail,
    st.sampled_from(["", "enc-", "é", "_", "a@"]),
    st.integers(170, 260),
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


@pytest.mark.parametrize("bad", [None, 5, b"a"])
def test_only_strings_are_encoded(bad: object) -> None:
    """A value that is not a string is refused."""
    with pytest.raises(InvalidInputError, match="text is"):
        encode_actor_id(bad)  # type: ignore[arg-type]
