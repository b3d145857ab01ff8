"""What the simulated Zoom knows: users, meetings, registrants, who was there.

Source: shared facts about Zoom's published API (shapes, codes, limits); values are our own.
"""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

BASIC, LICENSED = 1, 2
SCHEDULED, RECURRING = 2, 8
TYPES = (1, 2, 3, 8, 10)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?")
CHANGES_A_DAY, REGISTRATIONS_A_DAY = 100, 3
SETTINGS: dict[str, Any] = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "mute_upon_entry": False,
    "waiting_room": False,
    "approval_type": 2,
    "registration_type": 1,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "meeting_authentication": False,
    "auto_recording": "none",
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
}
FLAGS = {name for name, value in SETTINGS.items() if isinstance(value, bool)}
CHOICES = {"approval_type": (0, 1, 2), "registration_type": (1, 2, 3)}


class ZoomError(Exception):
    """An answer that is no good one: status, code, message, fields, headers."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        self.body: dict[str, Any] = {"code": code, "message": message}
        if errors:
            self.body["errors"] = errors


def invalid(field_name: str, message: str = "Invalid field.") -> ZoomError:
    """400, code 300, as Zoom says which field is wrong."""
    errors = [{"field": field_name, "message": message}]
    return ZoomError(400, 300, "Validation Failed.", errors=errors)


@dataclass
class Registrant:
    """Somebody who is registered in a meeting."""

    id: str
    email: str
    first_name: str
    token: str
    status: str = "approved"


@dataclass
class Visit:
    """One connection: in the waiting room, or in the meeting."""

    user_id: str
    name: str
    registrant_id: str
    email: str
    joined_at: datetime
    participant_uuid: str
    left_at: datetime | None = None
    status: str = "in_meeting"
    bo_mtg_id: str | None = None


@dataclass
class Run:
    """One opening of a meeting, under a uuid of its own."""

    uuid: str
    started_at: datetime
    ended_at: datetime | None = None
    visits: list[Visit] = field(default_factory=list)
    asked_for_report: int = 0


@dataclass
class Meeting:
    """One meeting, as it stands now."""

    id: int
    host_id: str
    topic: str
    agenda: str
    type: int
    start_time: datetime | None
    duration: int
    timezone: str
    settings: dict[str, Any]
    password: str
    registrants: list[Registrant] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def running(self) -> Run | None:
        """The opening that goes on."""
        return self.runs[-1] if self.runs and self.runs[-1].ended_at is None else None

    def registrant(self, registrant_id: str) -> Registrant | None:
        """Who has this id, cancelled or not."""
        return next((one for one in self.registrants if one.id == registrant_id), None)


class Rooms:
    """All of it. Whoever calls holds the server's lock."""

    def __init__(self) -> None:
        self.users: dict[str, int] = {"me": LICENSED}
        self.meetings: dict[int, Meeting] = {}
        self.deleted: dict[int, Meeting] = {}
        self.counted: dict[tuple[str, date], int] = {}
        self.daily_shape = "iso"
        self.created: list[int] = []
        self.agendas: list[str] = []
        self._ids = itertools.count(81_234_567_890)
        self._names = itertools.count(1)

    def user(self, user_id: str) -> int:
        """The type of a user, or the error for one that is unknown."""
        if user_id not in self.users:
            raise ZoomError(404, 1001, f"User does not exist: {user_id}.")
        return self.users[user_id]

    def meeting(self, meeting_id: str) -> Meeting:
        """The meeting of this id, or 404 with code 3001."""
        found = self.meetings.get(int(meeting_id)) if meeting_id.isdecimal() else None
        if found is None:
            raise ZoomError(404, 3001, f"Meeting does not exist: {meeting_id}.")
        return found

    def past(self, meeting_id: str) -> Meeting:
        """A meeting of this id, also one that was deleted: what took place in it is known."""
        found = self.deleted.get(int(meeting_id)) if meeting_id.isdecimal() else None
        return found if found is not None and found.runs else self.meeting(meeting_id)

    def all(self) -> list[Meeting]:
        """Every meeting, and those that were deleted: one may still go on."""
        return [*self.meetings.values(), *self.deleted.values()]

    def delete(self, meeting: Meeting) -> None:
        """Take a meeting away."""
        self.deleted[meeting.id] = self.meetings.pop(meeting.id)

    def create(self, host: str, said: dict[str, Any], now: datetime) -> Meeting:
        """Make a meeting; it counts towards the hundred of its host and day."""
        self.user(host)
        self.count(f"changes {host}", CHANGES_A_DAY, now)
        meeting = Meeting(
            id=next(self._ids),
            host_id=host,
            topic="Zoom Meeting",
            agenda="",
            type=SCHEDULED,
            start_time=None,
            duration=60,
            timezone="UTC",
            settings=dict(SETTINGS),
            password=f"pw{next(self._names)}",
        )
        self._write(meeting, said, now)
        self.meetings[meeting.id] = meeting
        self.created.append(meeting.id)
        self.agendas.append(meeting.agenda)
        return meeting

    def change(self, meeting: Meeting, said: dict[str, Any], now: datetime) -> None:
        """Change a meeting; a beginning in the past is ignored without a word."""
        self.count(f"changes {meeting.host_id}", CHANGES_A_DAY, now)
        self._write(meeting, said, now)

    def register(self, meeting: Meeting, said: dict[str, Any], now: datetime) -> Registrant:
        """Register somebody; the same address again is the same registrant."""
        for name in ("email", "first_name"):
            if not isinstance(said.get(name), str) or not said[name]:
                raise invalid(name, f"{name} is required.")
        if "@" not in said["email"]:
            raise invalid("email")
        if self.user(meeting.host_id) == BASIC:
            raise ZoomError(400, 200, "Only available for Paid account.")
        if meeting.settings["approval_type"] not in (0, 1):
            raise ZoomError(400, 300, "Registration has not been enabled for this meeting.")
        subject = f"registrations {meeting.id} {said['email'].lower()}"
        self.count(subject, REGISTRATIONS_A_DAY, now)
        for one in meeting.registrants:
            if one.email.lower() == said["email"].lower() and one.status == "approved":
                return one
        n = next(self._names)
        status = "approved" if meeting.settings["approval_type"] == 0 else "pending"
        one = Registrant(f"reg{n:05}", said["email"], said["first_name"], f"tk-{n:05}", status)
        meeting.registrants.append(one)
        return one

    def set_status(self, meeting: Meeting, said: dict[str, Any], now: datetime) -> None:
        """Approve, cancel or deny registrants."""
        states = {"approve": "approved", "cancel": "cancelled", "deny": "denied"}
        if said.get("action") not in states:
            raise invalid("action")
        named = said.get("registrants")
        if not isinstance(named, list) or not named:
            raise invalid("registrants")
        for one in named:
            known = meeting.registrant(str(one.get("id")))
            if known is None:
                raise invalid("registrants.id")
            self.count(
                f"registrations {meeting.id} {known.email.lower()}", REGISTRATIONS_A_DAY, now
            )
            known.status = states[said["action"]]

    def start(self, meeting: Meeting, now: datetime) -> Run:
        """Open a meeting: a new uuid. Another one of the same host that goes on is ended."""
        for other in self.all():
            if other.host_id == meeting.host_id and other is not meeting and other.running:
                self.end(other, now)
        run = Run(self._uuid(), now)
        meeting.runs.append(run)
        return run

    def end(self, meeting: Meeting, now: datetime) -> Run | None:
        """Close a meeting: whoever is still in it leaves."""
        run = meeting.running
        if run is not None:
            run.ended_at = now
            for visit in run.visits:
                visit.left_at = visit.left_at or now
        return run

    def come(self, meeting: Meeting, registrant_id: str, now: datetime, **told: Any) -> Visit:
        """A new connection: every time under another user id."""
        run = meeting.running or self.start(meeting, now)
        known = meeting.registrant(registrant_id)
        n = next(self._names)
        visit = Visit(
            user_id=str(16_778_240 + 1024 * n),
            name=told.pop("name", None) or (known.first_name if known else "Guest"),
            registrant_id=registrant_id,
            email=told.pop("email", ""),
            joined_at=now,
            participant_uuid=f"P{n:08X}",
            **told,
        )
        run.visits.append(visit)
        return visit

    def run(self, uuid: str) -> tuple[Meeting, Run]:
        """The opening under a uuid, or 404."""
        for meeting in self.all():
            for run in meeting.runs:
                if run.uuid == uuid:
                    return meeting, run
        raise ZoomError(404, 3001, "Meeting does not exist.")

    def count(self, subject: str, most: int, now: datetime) -> None:
        """Count a call of a day; over the limit it answers 429, in one of the two shapes."""
        key = (subject, now.astimezone(UTC).date())
        self.counted[key] = self.counted.get(key, 0) + 1
        if self.counted[key] > most:
            raise daily_limit(most, now, self.daily_shape)

    def _uuid(self) -> str:
        """A uuid of 16 bytes: every third begins with `/`, every other third holds `//`."""
        n = next(self._names)
        raw = n.to_bytes(16, "big")
        plain = base64.b64encode(raw).decode()
        if n % 3 == 1:
            return "/" + plain[1:]
        return plain[:8] + "//" + plain[10:] if n % 3 == 2 else "aB/" + plain[3:]

    def _write(self, meeting: Meeting, said: dict[str, Any], now: datetime) -> None:
        _check(said)
        for other in _others(said):
            if self.users.get(other, BASIC) == BASIC or other == meeting.host_id:
                raise invalid("settings.alternative_hosts", "They need a licence in this account.")
        begins = said.get("start_time")
        if begins is not None:
            moment = datetime.fromisoformat(begins)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            is_new = meeting.start_time is None
            begun = now.replace(microsecond=0) if is_new else meeting.start_time
            meeting.start_time = moment if moment > now else begun
        for name in ("topic", "agenda", "type", "duration", "timezone"):
            setattr(meeting, name, said.get(name, getattr(meeting, name)))
        meeting.settings |= said.get("settings", {})


def daily_limit(most: int, now: datetime, shape: str) -> ZoomError:
    """The two shapes of "not more today": with an ISO moment, or without any."""
    midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time())
    headers = {"x-ratelimit-category": "Light", "x-ratelimit-remaining": "5893"}
    if shape == "iso":
        headers["Retry-After"] = f"{midnight:%Y-%m-%dT%H:%M:%SZ}"
    message = f"You have exceeded the daily rate limit ({most}) of Meeting API requests."
    return ZoomError(429, 429, message, headers=headers)


def _others(said: dict[str, Any]) -> list[str]:
    named = said.get("settings", {}).get("alternative_hosts", "")
    return [one for one in named.split(";") if one]


def _check(said: dict[str, Any]) -> None:
    """Refuse what the published schema does not take."""
    for name, kind in (("topic", str), ("agenda", str), ("timezone", str), ("duration", int)):
        if name in said and (not isinstance(said[name], kind) or isinstance(said[name], bool)):
            raise invalid(name)
    if len(said.get("topic", "")) > 200 or len(said.get("agenda", "")) > 2000:
        raise invalid("topic")
    if said.get("type", SCHEDULED) not in TYPES:
        raise invalid("type")
    if "start_time" in said and not MOMENT.fullmatch(str(said["start_time"])):
        raise invalid("start_time")
    for name, value in said.get("settings", {}).items():
        is_right = isinstance(value, bool) if name in FLAGS else value in CHOICES.get(name, [value])
        if (name not in SETTINGS and name != "jbh_time") or not is_right:
            raise invalid(f"settings.{name}")
