"""How BigBlueButton signs: what we ask of it, and what it tells us.

Source: docs.bigbluebutton.org/development/api (checksums); bbb-webhooks 3 (callbacks).
"""

from __future__ import annotations

import hashlib
import hmac

ANALYTICS = "HS512"  # of the token that the analytics callback carries


def checksum(text: bytes, *, secret: str, algorithm: str) -> str:
    """The hash of a text with the shared secret after it, in hex.

    The text is `call` and the query as it is sent; or the address of a callback and its body.
    """
    return hashlib.new(algorithm, text + secret.encode()).hexdigest()


def end_token(meeting_id: str, *, secret: str) -> str:
    """What the callback at the end carries, as nothing else proves who calls.

    Nobody without the secret can guess it, and it is good for one room only.
    """
    return hmac.new(secret.encode(), b"ended/" + meeting_id.encode(), hashlib.sha256).hexdigest()
