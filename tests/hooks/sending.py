"""What providers send, signed as they sign."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient

from remote_training.outside import bbb_signing, bearer
from tests.fakes import NOON

SECRET = "a-shared-secret-of-the-tests"
ROOM, RUN = "81234567890", "aB/cdEFghIJklMNopQR=="


def at(seconds: float) -> datetime:
    """A moment, in seconds after noon, when the class begins."""
    return NOON + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """As Zoom writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ms(moment: datetime) -> int:
    """Thousandths of a second since 1970."""
    return round(moment.timestamp() * 1000)


def zoom_person(event: str, seconds: float, **changes: Any) -> bytes:
    """An event of Zoom about somebody, `seconds` after the beginning of the class.

    Names of fields of the participant change them (None leaves one out), `room`, `run`,
    `host_id` and `event_ts` those around.
    """
    moment = at(seconds)
    spelled = changes.pop("spelled", "leave_time" if event.endswith("left") else "join_time")
    person = {
        "user_id": "16778240", "user_name": "Ada", "id": "", "participant_uuid": "UUID-1",
        "email": "", "registrant_id": "REG", "participant_user_id": "", spelled: iso(moment),
    }  # fmt: skip
    about = {
        "id": changes.pop("room", ROOM), "uuid": changes.pop("run", RUN),
        "host_id": changes.pop("host_id", "HOST"), "topic": "Training session", "type": 2,
        "start_time": "2026-11-24T12:00:00Z", "timezone": "Europe/Amsterdam", "duration": 60,
    }  # fmt: skip
    if "breakout" in changes:
        about["breakout_room_uuid"] = changes.pop("breakout")
    event_ts = changes.pop("event_ts", ms(moment))
    about["participant"] = {
        name: value for name, value in (person | changes).items() if value is not None
    }
    return _json(
        {
            "event": f"meeting.{event}",
            "event_ts": event_ts,
            "payload": {"account_id": "ACC", "object": about},
        }
    )


def zoom_room(event: str, seconds: float, **changes: Any) -> bytes:
    """`started` or `ended` of Zoom."""
    about = {"id": ROOM, "uuid": RUN, "host_id": "HOST", "topic": "Training session"} | changes
    if event == "ended":
        about["end_time"] = iso(at(seconds))
    return _json(
        {
            "event": f"meeting.{event}",
            "event_ts": ms(at(seconds)),
            "payload": {"account_id": "ACC", "object": about},
        }
    )


def zoom_headers(body: bytes, *, stamp: datetime = NOON, secret: str = SECRET) -> dict[str, str]:
    """The headers by which Zoom signs."""
    told = str(int(stamp.timestamp()))
    text = b"v0:" + told.encode() + b":" + body
    mac = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {
        "x-zm-signature": f"v0={mac}",
        "x-zm-request-timestamp": told,
        "Content-Type": "application/json",
    }


def send_zoom(client: FlaskClient, body: bytes, **signing: Any) -> Any:
    """Send something as Zoom."""
    return client.post("/hooks/zoom", data=body, headers=zoom_headers(body, **signing))


def bbb_body(*events: dict[str, Any], moment: datetime = NOON) -> bytes:
    """The form that bbb-webhooks sends: its events are a JSON array."""
    form = {
        "domain": "rooms.example.org",
        "event": json.dumps([{"data": event} for event in events]),
        "timestamp": str(ms(moment)),
    }
    return urlencode(form).encode()


def bbb_event(kind: str, seconds: float, **changes: Any) -> dict[str, Any]:
    """One event of bbb-webhooks. `meeting`, `run`, `visit`, `person`, `role`."""
    attributes: dict[str, Any] = {
        "meeting": {
            "internal-meeting-id": changes.get("run", "run-1"),
            "external-meeting-id": changes["meeting"],
        }
    }
    if kind.startswith("user"):
        attributes["user"] = {
            "internal-user-id": changes.get("visit", "w_1"),
            "external-user-id": changes.get("person", ""),
        }
        if kind == "user-joined":
            attributes["user"] |= {
                "name": changes.get("name", "Ada"),
                "role": changes.get("role", "VIEWER"),
            }
    return {
        "type": "event",
        "id": kind,
        "attributes": attributes,
        "event": {"ts": ms(at(seconds))},
    }


def bbb_checksum(body: bytes, *, secret: str = SECRET, hashed: str = "sha256") -> str:
    """How bbb-webhooks signs to the address that the tests have."""
    callback = b"http://localhost/hooks/bigbluebutton"
    return bbb_signing.checksum(callback + body, secret=secret, algorithm=hashed)


def send_bbb(client: FlaskClient, body: bytes, *, checksum: str | None = None) -> Any:
    """Send something as bbb-webhooks."""
    given = bbb_checksum(body) if checksum is None else checksum
    return client.post(
        f"/hooks/bigbluebutton?checksum={given}",
        data=body,
        content_type="application/x-www-form-urlencoded",
    )


def analytics_headers(*, secret: str = SECRET, good_for: float = 60) -> dict[str, str]:
    """What BigBlueButton's report at the end carries."""
    claims = {"exp": NOON.timestamp() + good_for}
    token = bearer.signed(claims, secret=secret, algorithm="HS512")
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def jitsi_person(kind: str, seconds: float, **changes: Any) -> bytes:
    """An event of Prosody's `event_sync` about somebody."""
    occupant = {
        "occupant_jid": changes.get("visit", "room@conference.meet.example.org/a1"),
        "name": changes.get("name", "Ada"),
        "id": changes.get("person", ""),
        "joined_at": at(changes.get("joined", seconds)).timestamp(),
    }
    if kind == "left":
        occupant["left_at"] = at(seconds).timestamp()
    return _json(
        {
            "event_name": f"muc-occupant-{kind}",
            "room_name": changes["room"],
            "is_breakout": changes.get("is_breakout", False),
            "breakout_room_id": changes.get("breakout"),
            "occupant": occupant,
        }
    )


def send_jitsi(client: FlaskClient, body: bytes, *, secret: str = SECRET) -> Any:
    """Send something as Prosody."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    return client.post("/hooks/jitsi/events/occupant/joined", data=body, headers=headers)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
