"""Addresses as they travel."""

from __future__ import annotations

import pytest

from remote_training.core.addresses import mail_address


@pytest.mark.parametrize(
    ("typed", "travels"),
    [
        pytest.param("Ada@Example.ORG", "Ada@example.org", id="only the host loses its capitals"),
        pytest.param("ada@b\u00fccher.example", "ada@xn--bcher-kva.example", id="a host in UTF-8"),
        pytest.param("a.b+c@example.org", "a.b+c@example.org", id="dots and plus stay"),
        pytest.param("zoe\u0308@example.org", "zo\u00eb@example.org", id="accents are composed"),
        pytest.param("ada@localhost", "ada@localhost", id="a host of one word"),
    ],
)
def test_an_address_as_it_travels(typed, travels):
    assert mail_address(typed) == travels
    assert mail_address(travels) == travels


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("ada", id="no host"),
        pytest.param("@example.org", id="no name"),
        pytest.param("ada@", id="an empty host"),
        pytest.param("a b@example.org", id="a space"),
        pytest.param("a..b@example.org", id="two dots"),
        pytest.param("ada@-example.org", id="a host that begins with a hyphen"),
        pytest.param("ada@example.org\n", id="a line feed at the end"),
        pytest.param("\u202eada@example.org", id="a right-to-left override"),
        pytest.param("a\x85da@example.org", id="a next line"),
        pytest.param('"a b"@example.org', id="quotes"),
        pytest.param("ada@[127.0.0.1]", id="a number for a host"),
        pytest.param("ada@ex\u2028ample.org", id="a line separator in the host"),
        pytest.param("x" * 65 + "@example.org", id="65 signs before the @"),
    ],
)
def test_what_is_no_address(typed):
    with pytest.raises(ValueError, match="not a mail address") as refusal:
        mail_address(typed)

    assert "example" not in str(refusal.value)
