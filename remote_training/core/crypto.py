"""Keys: sealing fields, blind indexes, hashing tokens.

A sealed value is `version (1 byte) | key id (4) | nonce (12) | AES-256-GCM ciphertext`.
The associated data names the row and the field, so that a value moved to another row
does not open. Several keys are valid at once: the newest seals, each opens its own.

Source: NIST SP 800-38D (GCM); RFC 5869 (HKDF).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed value was made with a key we do not hold, or was tampered with."""


@dataclass(frozen=True)
class _Key:
    id: bytes
    seal: AESGCM
    index: bytes
    cookie: str


class KeyRing:
    """The keys of `SECRET_KEYS`, newest first."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ValueError("at least one secret key is needed")
        self._keys = [_derive(secret) for secret in secret_keys]
        self._by_id = {key.id: key for key in self._keys}

    @property
    def cookie_keys(self) -> list[str]:
        """Keys that sign cookies, newest first."""
        return [key.cookie for key in self._keys]

    def seal(self, plain: str, *, about: str) -> bytes:
        """Seal a text with the newest key; `about` (row and field) must be given to open it."""
        key, nonce = self._keys[0], secrets.token_bytes(NONCE_BYTES)
        return VERSION + key.id + nonce + key.seal.encrypt(nonce, plain.encode(), about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """Open what `seal` made, or raise `CannotOpen`."""
        body = sealed[len(VERSION) :]
        key_id, rest = body[:KEY_ID_BYTES], body[KEY_ID_BYTES:]
        key = self._by_id.get(key_id)
        if sealed[: len(VERSION)] != VERSION or key is None:
            raise CannotOpen("no key for this value")
        try:
            plain = key.seal.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("this value does not belong here, or was changed") from error
        return plain.decode()

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the value was sealed with the newest key."""
        return sealed[len(VERSION) : len(VERSION) + KEY_ID_BYTES] == self._keys[0].id

    @property
    def newest_start(self) -> bytes:
        """How everything begins that was sealed with the newest key."""
        return VERSION + self._keys[0].id

    def blind_index(self, plain: str) -> str:
        """A keyed fingerprint (hex, 32 bytes) by which an equal text is found again."""
        return _fingerprint(self._keys[0], plain)

    def blind_indexes(self, plain: str) -> list[str]:
        """The fingerprints under every valid key, newest first."""
        return [_fingerprint(key, plain) for key in self._keys]


def seal_for_page(plain: str, *, about: str) -> str:
    """Seal a text that a page carries and gives back; safe in a form's field."""
    return urlsafe_b64encode(keyring().seal(plain, about=about)).decode()


def open_from_page(carried: str, *, about: str) -> str:
    """Open what `seal_for_page` made, under any key of ours, or raise `CannotOpen`."""
    try:
        sealed = urlsafe_b64decode(carried.encode("ascii"))
    except ValueError as error:
        raise CannotOpen("this is nothing that we sealed") from error
    return keyring().open(sealed, about=about)


def keyring() -> KeyRing:
    """The key ring of the running app."""
    return cast(KeyRing, current_app.extensions["keyring"])


def new_token() -> str:
    """256 random bits, safe in a path (43 characters)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(key: _Key, plain: str) -> str:
    return hmac.new(key.index, plain.encode(), hashlib.sha256).hexdigest()


def _derive(secret: str) -> _Key:
    material = secret.encode()
    return _Key(
        id=_subkey(material, b"key id")[:KEY_ID_BYTES],
        seal=AESGCM(_subkey(material, b"seal")),
        index=_subkey(material, b"blind index"),
        cookie=_subkey(material, b"cookie").hex(),
    )


def _subkey(material: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"remote-training/" + purpose).derive(material)
