"""Whether a message is from whom it says: over its bytes as they came, in constant time.

Each check gives None where it is not, and never raises, whatever was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from datetime import UTC, datetime

from werkzeug.datastructures import Headers

from remote_training.outside import bbb_signing, bearer
from remote_training.outside.bearer import BadToken

STAMP = re.compile(r"[0-9]{9,13}")
FIRST_IN_MS = 100_000_000_000  # a stamp from here on counts thousandths of a second
LONGEST_TOKEN = 64
MOST_SIGNATURES = 8  # 8x8 may sign with an old and a new secret


def zoom(body: bytes, headers: Headers, *, secret: str) -> datetime | None:
    """When Zoom signed these bytes. Source: Zoom, "Using webhooks", verifying with a header."""
    stamp = headers.get("x-zm-request-timestamp", "")
    if not STAMP.fullmatch(stamp):
        return None
    right = _hmac(secret, b"v0:" + stamp.encode() + b":" + body)
    if not _same("v0=" + right, headers.get("x-zm-signature", "")):
        return None
    return _moment(stamp)


def zoom_answer(plain_token: str, *, secret: str) -> str:
    """What Zoom wants to hear when it asks whether the address is ours."""
    return _hmac(secret, plain_token.encode())


def is_safe_challenge(plain_token: object) -> bool:
    """Whether answering it cannot be used as a signature under something else.

    What Zoom signs for an event begins with `v0:` and is long.
    """
    return (
        isinstance(plain_token, str)
        and 0 < len(plain_token) <= LONGEST_TOKEN
        and ":" not in plain_token
        and plain_token.isascii()
    )


def is_bigbluebutton(
    body: bytes, headers: Headers, *, callback: str, given: str, secret: str, hashed: str
) -> bool:
    """Whether BigBlueButton sent these bytes to this address of ours.

    `given` is the checksum in the query; a server that is set to do so sends the shared
    secret as bearer token instead.
    """
    right = bbb_signing.checksum(callback.encode() + body, secret=secret, algorithm=hashed)
    return _same(right, given) if given else is_bearer(headers, secret=secret)


def is_analytics(headers: Headers, *, secret: str, now: datetime) -> bool:
    """Whether a report at the end carries BigBlueButton's token."""
    token = _bearer(headers)
    try:
        bearer.claims_of(token, secret=secret, algorithm=bbb_signing.ANALYTICS, at=now.timestamp())
    except BadToken:
        return False
    return True


def is_end_token(meeting_id: str, given: str, *, secret: str) -> bool:
    """Whether the end of a room is told by whom we gave the address to."""
    return _same(bbb_signing.end_token(meeting_id, secret=secret), given)


def is_bearer(headers: Headers, *, secret: str) -> bool:
    """Whether a request carries a secret of ours as it stands."""
    return _same(secret, _bearer(headers))


def is_jaas(body: bytes, headers: Headers, *, secret: str) -> bool:
    """Whether 8x8 signed these bytes. Source: developer.8x8.com/jaas, webhook signatures."""
    said = headers.get("X-Jaas-Signature", "").split(",", MOST_SIGNATURES)
    parts = [part.strip().partition("=")[::2] for part in said]
    stamp = next((value for name, value in parts if name == "t"), "")
    if not STAMP.fullmatch(stamp):
        return False
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).digest()
    right = b64encode(mac).decode()
    return sum(_same(right, value) for name, value in parts if name == "v1") > 0


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


def _hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogatepass"))


def _moment(stamp: str) -> datetime:
    number = int(stamp)
    return datetime.fromtimestamp(number / 1000 if number >= FIRST_IN_MS else number, UTC)
