"""Zoom's webhooks, as the simulator sends them: signed, checked first, tried again on 5xx only.

Source: Zoom developer documentation, "Webhooks": validation, signature, retries after 5, 20 and
60 minutes. That Zoom signs the validation as well is what its own sample relies on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.servers.zoom_rooms import Meeting, Run, Visit

TIMEOUT = 3.0
RETRIES = (timedelta(minutes=5), timedelta(minutes=20), timedelta(minutes=60))
LOST = 0  # no answer in time


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:  # type: ignore[override]
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def signed(secret: str, raw: bytes, timestamp: str) -> dict[str, str]:
    """The headers of a delivery: the signature covers the timestamp and the raw bytes."""
    said = f"v0:{timestamp}:".encode() + raw
    digest = hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json; charset=utf-8",
        "x-zm-request-timestamp": timestamp,
        "x-zm-signature": f"v0={digest}",
    }


@dataclass
class Delivery:
    """One event on its way: how often it was sent, what came back, when it is sent again."""

    body: dict[str, Any]
    due_at: datetime
    tries: int = 0
    answers: list[int] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Taken, refused for good, or given up."""
        return bool(self.answers) and (0 < self.answers[-1] < 500 or self.tries > len(RETRIES))


class Webhooks:
    """The subscription of one address, and everything that was sent to it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.url: str | None = None
        self.secret = "webhook-secret"
        self.is_validated = False
        self.failed_validations = 0
        self.deliveries: list[Delivery] = []
        self.held: list[dict[str, Any]] | None = None
        self.spells_date_time = False
        self.sends_numbers = False

    def subscribe(self, url: str, secret: str) -> bool:
        """Name the address; whether it answered the challenge. Only then events are sent."""
        self.url, self.secret = url, secret
        return self.validate()

    def validate(self) -> bool:
        """Send `endpoint.url_validation`; after six failures the subscription is off."""
        plain = secrets.token_urlsafe(16)[:22]
        body = {
            "event": "endpoint.url_validation",
            "payload": {"plainToken": plain},
            "event_ts": _ms(self._now()),
        }
        status, answer = self._post(body)
        wanted = hmac.new(self.secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        is_right = status == 200 and answer == {"plainToken": plain, "encryptedToken": wanted}
        self.failed_validations = 0 if is_right else self.failed_validations + 1
        self.is_validated = is_right or (self.is_validated and self.failed_validations < 6)
        return is_right

    def emit(
        self, name: str, meeting: Meeting, run: Run, visit: Visit | None = None, **more: Any
    ) -> dict[str, Any]:
        """Send an event about a meeting, or hold it back; gives its body."""
        body = self.event(name, meeting, run, visit, **more)
        if self.held is not None:
            self.held.append(body)
        else:
            self.send(body)
        return body

    def hold(self) -> None:
        """Keep events back until `release`: for what comes late, or out of order."""
        self.held = []

    def release(self, order: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list) -> None:
        """Send what was held back, in any order (`reversed`, `sorted` by a key ...)."""
        held, self.held = self.held or [], None
        for body in order(held):
            self.send(body)

    def send(self, body: dict[str, Any]) -> Delivery | None:
        """Deliver once, now; what fails with 5xx or no answer is due again later."""
        if self.url is None or not self.is_validated:
            return None
        delivery = Delivery(body, self._now())
        self.deliveries.append(delivery)
        self._try(delivery)
        return delivery

    def deliver_due(self) -> int:
        """Send again what is due by the clock; how many were sent."""
        due = [one for one in self.deliveries if not one.is_done and one.due_at <= self._now()]
        for one in due:
            self._try(one)
        return len(due)

    def event(
        self, name: str, meeting: Meeting, run: Run, visit: Visit | None = None, **more: Any
    ) -> dict[str, Any]:
        """The body of an event, in the spellings that are set."""
        now = self._now()
        about: dict[str, Any] = {
            "id": meeting.id if self.sends_numbers else str(meeting.id),
            "uuid": run.uuid,
            "host_id": meeting.host_id,
            "topic": meeting.topic,
            "type": meeting.type,
            "start_time": _iso(run.started_at),
            "timezone": meeting.timezone,
            "duration": meeting.duration,
        }
        if name == "meeting.ended":
            about["end_time"] = _iso(run.ended_at or now)
        if visit is not None:
            about["participant"] = self._participant(name, visit, **more)
        account = {"account_id": "ACC", "object": about}
        return {"event": name, "event_ts": _ms(now), "payload": account}

    def _participant(self, name: str, visit: Visit, reason: str = "left the meeting") -> Any:
        number = int(visit.user_id)
        told: dict[str, Any] = {
            "user_id": number if self.sends_numbers else visit.user_id,
            "user_name": visit.name,
            "id": "",
            "participant_uuid": visit.participant_uuid,
            "email": visit.email,
            "registrant_id": visit.registrant_id,
            "participant_user_id": "",
        }
        is_leaving = name.endswith(("_left", "_left_waiting_room"))
        at = visit.left_at if is_leaving and visit.left_at else visit.joined_at
        spelled = "leave_time" if is_leaving else "join_time"
        told["date_time" if self.spells_date_time else spelled] = _iso(at)
        if name == "meeting.participant_left":
            told["leave_reason"] = reason
        return told

    def _try(self, delivery: Delivery) -> None:
        status, _answer = self._post(delivery.body)
        delivery.answers.append(status)
        if delivery.tries < len(RETRIES):
            delivery.due_at = self._now() + RETRIES[delivery.tries]
        delivery.tries += 1

    def _post(self, body: dict[str, Any]) -> tuple[int, Any]:
        raw = json.dumps(body).encode()
        stamp = str(int(self._now().timestamp()))
        request = urllib.request.Request(
            self.url or "", data=raw, headers=signed(self.secret, raw, stamp), method="POST"
        )
        try:
            with _opener.open(request, timeout=TIMEOUT) as answer:
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, None
        except (OSError, ValueError):
            return LOST, None


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
