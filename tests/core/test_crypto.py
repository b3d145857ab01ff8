import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_training.core.crypto import CannotOpen, KeyRing, new_token, token_hash

OLD, NEW = "an-old-key-that-is-long-enough-000001", "a-new-key-that-is-long-enough-0000001"
ring = KeyRing([NEW, OLD])
texts = st.text(st.characters(codec="utf-8"))


@given(texts)
def test_what_is_sealed_opens_again(plain):
    sealed = ring.seal(plain, about="contact/1/name")

    assert ring.open(sealed, about="contact/1/name") == plain


@given(st.integers(min_value=0), st.integers(0, 7))
def test_any_changed_bit_is_noticed(place, bit):
    sealed = bytearray(ring.seal("Ada Byron", about="contact/1/name"))
    sealed[place % len(sealed)] ^= 1 << bit

    with pytest.raises(CannotOpen):
        ring.open(bytes(sealed), about="contact/1/name")


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_without_a_fault(junk):
    with pytest.raises(CannotOpen):
        ring.open(junk, about="contact/1/name")


@pytest.mark.parametrize("about", ["contact/2/name", "contact/1/email", ""])
def test_a_value_that_was_moved_does_not_open(about):
    sealed = ring.seal("Ada Byron", about="contact/1/name")

    with pytest.raises(CannotOpen):
        ring.open(sealed, about=about)


def test_the_same_text_is_sealed_differently_each_time():
    assert len({ring.seal("Ada", about="x") for _ in range(20)}) == 20


def test_the_key_id_stands_in_the_sealed_value():
    by_old = KeyRing([OLD]).seal("Ada", about="x")
    by_new = ring.seal("Ada", about="x")

    assert ring.open(by_old, about="x") == ring.open(by_new, about="x") == "Ada"
    assert (ring.is_newest(by_old), ring.is_newest(by_new)) == (False, True)
    with pytest.raises(CannotOpen):
        KeyRing([OLD]).open(by_new, about="x")


def test_an_index_is_the_same_for_the_same_text_and_key_only():
    assert ring.blind_index("ada@example.org") == ring.blind_index("ada@example.org")
    assert ring.blind_index("ada@example.org") != ring.blind_index("eve@example.org")
    assert ring.blind_indexes("ada@example.org") == [
        KeyRing([key]).blind_index("ada@example.org") for key in (NEW, OLD)
    ]


def test_cookies_and_seals_have_keys_of_their_own():
    assert len(set(ring.cookie_keys)) == 2
    assert OLD not in ring.cookie_keys


def test_without_a_key_there_is_no_ring():
    with pytest.raises(ValueError, match="at least one"):
        KeyRing([])


def test_tokens_are_long_random_and_kept_as_a_hash():
    tokens = {new_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
    assert not any(token in token_hash(token) for token in tokens)


@given(st.text())
def test_any_token_that_is_tried_has_a_hash(tried):
    assert len(token_hash(tried)) == 64
