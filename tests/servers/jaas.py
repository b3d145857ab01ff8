"""8x8 (JaaS): a Jitsi whose tokens are signed with a key, and whose events it signs itself.

Of one connection it tells the same id in the main room and in a breakout room, whose opening has
a session of its own. What is not taken is sent again. Source: developer.8x8.com/jaas, "JWT",
"Webhooks": payload, events, signatures.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from remote_training.outside.bearer import BadToken
from tests.servers.jitsi import JitsiServer, Stay
from tests.servers.loopback import answering

TRIES = 4
EVENTS = {
    "muc-room-created": "ROOM_CREATED",
    "muc-room-destroyed": "ROOM_DESTROYED",
    "muc-occupant-joined": "PARTICIPANT_JOINED",
    "muc-occupant-left": "PARTICIPANT_LEFT",
}


def new_key() -> rsa.RSAPrivateKey:
    """A key of an account."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Jaas(JitsiServer):
    """The state of the service; it knows the public half of the key of an account."""

    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    told: int = 0

    @property
    def pem(self) -> str:
        """What the account's holder has: the id of the key, a colon, the private key."""
        kept = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return f"{self.app_id}/key-1:{kept.decode()}"

    def claims(self, room: str, token: str) -> dict[str, Any]:
        """What a token says that opens a room (`<AppID>/<name>`); raises `BadToken`."""
        signed, _, mac = token.rpartition(".")
        try:
            self.key.public_key().verify(
                _plain(mac), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            head, claims = (json.loads(_plain(part)) for part in signed.split("."))
        except (InvalidSignature, ValueError) as error:
            raise BadToken from error
        named = f"{claims['sub']}/{claims['room']}", claims["aud"], claims["iss"], head["kid"]
        is_now = claims["nbf"] <= self.now().timestamp() < claims["exp"]
        if named != (room, "jitsi", "chat", f"{self.app_id}/key-1") or not is_now:
            raise BadToken
        return dict(claims)

    def post(self, _path: str, event: dict[str, Any]) -> int:
        """Post one event, again where it is not taken; the status that came back last."""
        body = json.dumps(event)
        for _ in range(TRIES):
            if self._post(body.encode()) in range(200, 300):
                break
        return self.statuses[-1]

    def _post(self, body: bytes) -> int:
        headers = {
            "X-Jaas-Signature": signature(body, self.now(), secret=self.hook_secret),
            "Content-Type": "application/json",
        }
        try:
            status = requests.post(
                self.events_to, data=body, headers=headers, timeout=5
            ).status_code
        except requests.RequestException:
            status = 0
        self.statuses.append(status)
        return status

    def _tell(
        self, path: str, name: str, room: str, about: Stay | str | None, *, why: str = "",
        **_more: Any,
    ) -> None:  # fmt: skip
        if name in self.loses:
            return
        self.told += 1
        breakout = about.breakout if isinstance(about, Stay) else about
        data: dict[str, Any] = {"conference": f"{room}@conference.{self.app_id}.8x8.vc"}
        if breakout is not None:
            data |= {"isBreakout": True, "breakoutRoomId": breakout}
        if isinstance(about, Stay):
            data |= self._of_person(about) | ({"disconnectReason": why} if why else {})
        event = {
            "idempotencyKey": f"{self.told:032x}",
            "customerId": "customer",
            "appId": self.app_id,
            "eventType": EVENTS[name],
            "sessionId": f"session-of-{breakout or room}",
            "timestamp": round(self.now().timestamp() * 1000),
            "fqn": f"{self.app_id}/{room}",
            "data": data,
        }
        self.waiting.append((path, event))

    def _of_person(self, stay: Stay) -> dict[str, Any]:
        return {
            "moderator": "true" if stay.is_owner else "false",
            "name": stay.name,
            "email": "",
            "id": stay.person,
            "participantJid": f"{stay.device}@8x8.vc",
            "participantId": stay.jid.rpartition("/")[2],
        }


def signature(body: bytes, moment: datetime, *, secret: str) -> str:
    """How 8x8 signs an event."""
    stamp = str(int(moment.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).digest()
    return f"t={stamp},v1={b64encode(mac).decode()}"


@contextmanager
def jaas(app_id: str, hook_secret: str, now: Callable[[], datetime]) -> Iterator[Jaas]:
    """A service that runs, at `url`."""
    server = Jaas(app_id, "", hook_secret, now)
    with answering(server.answer) as address:
        server.url = address
        yield server


def _plain(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
