"""Tokens that a service carries in a header or an address: JSON, signed (JWT, RFC 7519).

One algorithm a call, named by us: what a token says about itself is never believed.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HASHES = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}
LONGEST = 8192


class BadToken(Exception):
    """Not signed with this secret, over, not yet good, or no token at all."""


def signed(claims: Mapping[str, Any], *, secret: str, algorithm: str = "HS256") -> str:
    """A token that says `claims`."""
    head = _packed({"alg": algorithm, "typ": "JWT"}) + b"." + _packed(claims)
    return (head + b"." + _plain(_mac(head, secret, algorithm))).decode()


def signed_by_key(claims: Mapping[str, Any], *, key: str, key_id: str) -> str:
    """A token signed with an RSA key (RS256), given as PEM; raises `ValueError` for no such key.

    A key that came through an environment variable may have `\\n` for its line ends.
    """
    pem = key.replace("\\n", "\n").encode()
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("no RSA key")
    head = _packed({"alg": "RS256", "typ": "JWT", "kid": key_id}) + b"." + _packed(claims)
    mac = private.sign(head, padding.PKCS1v15(), hashes.SHA256())
    return (head + b"." + _plain(mac)).decode()


def claims_of(token: str, *, secret: str, algorithm: str, at: float) -> dict[str, Any]:
    """What a token says, or `BadToken`; `at` is now, in seconds since 1970.

    A token without an end (`exp`) is not taken.
    """
    head, dot, mac = token.encode("utf-8", "replace")[: LONGEST + 1].rpartition(b".")
    if not dot or len(token) > LONGEST:
        raise BadToken
    right = hmac.compare_digest(_plain(_mac(head, secret, algorithm)), mac.rstrip(b"="))
    try:
        about, claims = (_unpacked(part) for part in head.split(b"."))
        is_good = about["alg"] == algorithm and float(claims["exp"]) > at
        is_good = is_good and float(claims.get("nbf", 0)) <= at
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise BadToken from error
    if not (right and is_good):
        raise BadToken
    return claims


def _mac(head: bytes, secret: str, algorithm: str) -> bytes:
    return hmac.new(secret.encode(), head, HASHES[algorithm]).digest()


def _packed(value: Mapping[str, Any]) -> bytes:
    return _plain(json.dumps(value, separators=(",", ":")).encode())


def _plain(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def _unpacked(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if not isinstance(found, dict):
        raise TypeError
    return found
