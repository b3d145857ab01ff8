"""Addresses as they travel."""

from __future__ import annotations

import pytest

from remote_training.core.addresses import is_web_address, mail_address


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


@pytest.mark.parametrize(
    ("typed", "is_good"),
    [
        pytest.param("https://rooms.example.org/a?b=c", True, id="a room"),
        pytest.param("https://rooms.example.org:8443/a", True, id="a port"),
        pytest.param("https://8.8.8.8/a", True, id="a number that all can reach"),
        pytest.param("https://127.0.0.1/", False, id="the machine itself"),
        pytest.param("https://127.1/", False, id="the machine itself, in short"),
        pytest.param("https://0x7f.0.0.1/", False, id="the machine itself, in another spelling"),
        pytest.param("https://0177.0.0.1/", False, id="and in another"),
        pytest.param("https://192.168.1.20/room", False, id="the net of the hospital"),
        pytest.param("https://10.0.0.5/", False, id="a private net"),
        pytest.param("https://169.254.169.254/", False, id="a link of its own"),
        pytest.param("https://[::1]/", False, id="the machine itself, in IPv6"),
        pytest.param("https://app.localhost/", False, id="a name for the machine itself"),
        pytest.param("https://LOCALHOST./", False, id="with a dot at the end"),
        pytest.param("https://printer.local/", False, id="a name in the house"),
        pytest.param("https://bbb.internal/", False, id="a name in the hospital"),
        pytest.param("https:///a", False, id="no host"),
    ],
)
def test_an_address_that_a_page_may_lead_to(typed, is_good):
    assert is_web_address(typed) is is_good
