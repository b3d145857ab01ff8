"""Addresses as they travel: of mail, in an envelope, a header, a calendar file; of rooms."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

LONGEST = 254
LONGEST_NAME = 64
ATOMS = re.compile(r"[^\s()<>\[\]:;@\\,.\"]+(\.[^\s()<>\[\]:;@\\,.\"]+)*")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
NEAR_BY = {"localhost", "local", "localdomain", "internal", "lan", "home", "test", "invalid"}
WEB = re.compile(r"https://[!-~]{1,490}")


def is_web_address(value: str) -> bool:
    """Whether this is an address that a page may lead to: https, a host with a dot, no password.

    A browser reads a backslash as a slash: there is none. Numbers that a browser takes for a
    host of the machine or the net it stands in (127.0.0.1, 10.1, 0x7f.1) are refused, and names
    that mean them: nobody at home finds a room there.
    """
    if not WEB.fullmatch(value) or any(sign in value for sign in '\\"<>'):
        return False
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_host = "." in host and bool(HOST.fullmatch(host))
    return "@" not in parts.netloc and is_host and not _is_near_by(host)


def _is_near_by(host: str) -> bool:
    """Whether a host is one of the reader's own machine or net, as a browser reads it.

    Source: WHATWG URL, "ends in a number"; RFC 6761, RFC 6762, RFC 9476, RFC 8375 (names).
    """
    *_rest, last = host.split(".")
    if last in NEAR_BY or host.endswith(".home.arpa"):
        return True
    if not NUMBER.fullmatch(last):
        return False
    try:
        return not ip_address(host).is_global
    except ValueError:
        return True


def mail_address(value: str) -> str:
    """The address with its host in ASCII and lower case; the part before the `@` stays as it is.

    Raises `ValueError` for what no mail server would take: control characters, white space,
    quotes, a second address, a host that is no name. The text of the error holds no address.

    Source: RFC 5321 section 4.1.2 (dot-string), RFC 6531 (UTF-8 before the `@`), UTS 46.
    """
    name, _at, host = unicodedata.normalize("NFC", value).rpartition("@")
    if not ATOMS.fullmatch(name) or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise ValueError("not a mail address: before the @")
    if not name.isprintable() and any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise ValueError("not a mail address: a control character")
    address = f"{name}@{_ascii_host(host)}"
    if len(address) > LONGEST:
        raise ValueError("not a mail address: too long")
    return address


def _ascii_host(host: str) -> str:
    plain = host.lower()
    if not plain.isascii():
        try:
            plain = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise ValueError("not a mail address: after the @") from None
    if not HOST.fullmatch(plain):
        raise ValueError("not a mail address: after the @")
    return plain
