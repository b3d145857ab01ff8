"""A BigBlueButton server: its API, its hooks, its callbacks, and faults that can be scripted.

It checks what is asked as the real one does, knows who is in which room by the moments of a
clock that is handed in, and delivers over real HTTP. What somebody did in a room is kept in
`truth`, for a test to compare with.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from remote_training.outside import bearer
from tests.servers.loopback import HANG_UP, Answer, answering

DROPPED_AFTER = timedelta(minutes=5)
DELIVERED = (*range(200, 300), 401)  # bbb-webhooks takes a 401 as delivered
REPORT_ZONE = timezone(timedelta(hours=-3))
AFTER = "_after"
HASHES = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass
class Fault:
    """What happens to the next call of a name instead: a message key, or a way to break."""

    call: str
    kind: str  # a messageKey | timeout | hangup | 500 | garbage ...; with `_after` it was done
    times: int = 1


@dataclass
class Stay:
    """One visit of one person, as it really was."""

    meeting: str
    person: str
    visit: str
    name: str
    role: str
    joined_at: datetime
    left_at: datetime | None = None


@dataclass
class Meeting:
    """A room that is there."""

    external: str
    internal: str
    created_at: datetime
    asked: dict[str, str]
    ended_at: datetime | None = None


@dataclass
class Hook:
    """Somebody who asked for events, and what waits for her."""

    callback: str
    meeting: str
    events: set[str]
    waiting: deque[list[dict[str, Any]]] = field(default_factory=deque)
    failing_since: datetime | None = None


class BigBlueButtonServer:
    """The state of the server, and what a script makes happen in it."""

    def __init__(self, secret: str, now: Callable[[], datetime]) -> None:
        self.secret, self.now = secret, now
        self.url = ""
        self.allowed = set(HASHES.values())
        self.faults: list[Fault] = []
        self.every, self.kinds = 0, tuple[str, ...]()  # each n-th call breaks in one of these ways
        self.happened: list[str] = []
        self.slowness = 2.0  # seconds of a call that hangs
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.meetings: dict[str, Meeting] = {}
        self.ended: list[Meeting] = []
        self.truth: list[Stay] = []
        self.hooks: list[Hook] = []
        self.statuses: list[int] = []
        self.loses: set[str] = set()  # kinds of events that never leave the server
        self._lock = threading.RLock()

    # What people do

    def join(self, url: str) -> Stay:
        """Press a link to join: over HTTP, as her browser would."""
        stay = self.try_to_join(url)
        assert stay is not None
        return stay

    def try_to_join(self, url: str) -> Stay | None:
        """Press a link to join; None where the server did not let her in."""
        before = len(self.truth)
        try:
            requests.get(url, timeout=5, allow_redirects=False)
        except requests.RequestException:
            return None
        return self.truth[-1] if len(self.truth) > before else None

    def leave(self, stay: Stay) -> None:
        """Go out of the room."""
        stay.left_at = self.now()
        meeting = self.meetings[stay.meeting]
        self._tell("user-left", meeting, _user(stay, is_leaving=True))

    def end(self, meeting_id: str) -> None:
        """Close a room: everybody is out, and those who wanted to know are told."""
        meeting = self.meetings.pop(meeting_id)
        meeting.ended_at = self.now()
        self.ended.append(meeting)
        for stay in self.truth:
            if stay.meeting == meeting_id and stay.left_at is None:
                stay.left_at = meeting.ended_at
        self._tell("meeting-ended", meeting, None)

    # What the server tells

    def deliver(self, *, twice: bool = False, backwards: bool = False) -> None:
        """Send what waits; a hook that fails for five minutes is dropped with all of it."""
        for hook in list(self.hooks):
            if backwards:
                hook.waiting.reverse()
            while hook.waiting and self.deliver_one(hook, hook.waiting[0]):
                if twice:
                    self.deliver_one(hook, hook.waiting[0])
                hook.waiting.popleft()
            if hook.failing_since and self.now() - hook.failing_since >= DROPPED_AFTER:
                self.hooks.remove(hook)

    def send_report(self, meeting: Meeting, **changes: Any) -> int:
        """Post the report about a room that was closed; the status that came back."""
        claims = {"exp": self.now().timestamp() + 24 * 3600}
        token = bearer.signed(claims, secret=self.secret, algorithm="HS512")
        headers = {"Authorization": f"Bearer {token}"}
        url = meeting.asked["meta_analytics-callback-url"]
        report = self.report(meeting) | changes
        return requests.post(url, json=report, headers=headers, timeout=5).status_code

    def say_ended(self, meeting: Meeting) -> int:
        """Ask the address that was given for the end."""
        url = f"{meeting.asked['meta_endCallbackUrl']}?recordingmarks=false"
        return requests.get(url, timeout=5).status_code

    def stays_of(self, meeting: Meeting) -> list[Stay]:
        """All visits in one opening of a room."""
        over_at = meeting.ended_at or self.now()
        return [
            stay
            for stay in self.truth
            if stay.meeting == meeting.external and meeting.created_at <= stay.joined_at <= over_at
        ]

    def report(self, meeting: Meeting) -> dict[str, Any]:
        """The report: lists of comings and goings that say not which belong together."""
        people: dict[str, list[Stay]] = {}
        for stay in self.stays_of(meeting):
            people.setdefault(stay.person, []).append(stay)
        return {
            "version": "1.1",
            "meeting_id": meeting.external,
            "internal_meeting_id": meeting.internal,
            "data": {
                "metadata": {"is_breakout": False},
                "start": _written(meeting.created_at),
                "finish": _written(meeting.ended_at or self.now()),
                "attendees": [
                    {
                        "ext_user_id": person,
                        "name": stays[0].name,
                        "moderator": stays[0].role == "MODERATOR",
                        "joins": [_written(stay.joined_at) for stay in stays],
                        "leaves": [_written(stay.left_at) for stay in stays if stay.left_at],
                        "duration": 0,
                    }
                    for person, stays in people.items()
                ],
            },
        }

    # The API

    def answer(self, _method: str, path: str, _headers: dict[str, str], _body: bytes) -> Answer:
        """Answer one call."""
        parts = urlsplit(path)
        call = parts.path.removeprefix("/bigbluebutton/api/")
        query, _, given = parts.query.rpartition("&checksum=")
        asked = dict(parse_qsl(query))
        with self._lock:
            self.calls.append((call, asked))
            fault = self._fault_of(call)
            is_done = fault is None or (fault.kind.endswith(AFTER) and call != "join")
            if is_done and not self._is_signed(call, query, given):
                return _failed("checksumError")
            answer = self._do(call, asked) if is_done else _failed("")
            return answer if fault is None else self._broken(fault.kind.removesuffix(AFTER))

    def _do(self, call: str, asked: dict[str, str]) -> Answer:
        known = {
            "create": self._create,
            "join": self._join,
            "end": self._end,
            "hooks/create": self._listen,
        }
        return known[call](asked) if call in known else _failed("unsupportedRequest")

    def _create(self, asked: dict[str, str]) -> Answer:
        external = asked["meetingID"]
        known = self.meetings.get(external)
        key = "duplicateWarning" if known else ""
        if known is None:
            stamp = round(self.now().timestamp() * 1000)
            internal = f"{hashlib.sha1(external.encode()).hexdigest()}-{stamp}"
            self.meetings[external] = Meeting(external, internal, self.now(), asked)
        return _succeeded(meetingID=external, messageKey=key)

    def _join(self, asked: dict[str, str]) -> Answer:
        meeting = self.meetings.get(asked["meetingID"])
        if meeting is None:
            return _failed("notFound")
        stay = Stay(
            meeting.external, asked["userID"], f"w_{len(self.truth)}", asked["fullName"],
            asked["role"], self.now(),
        )  # fmt: skip
        self.truth.append(stay)
        self._tell("user-joined", meeting, _user(stay))
        return 302, {"Location": "/html5client/?sessionToken=x"}, b""

    def _end(self, asked: dict[str, str]) -> Answer:
        if asked["meetingID"] not in self.meetings:
            return _failed("notFound")
        self.end(asked["meetingID"])
        return _succeeded(messageKey="sentEndMeetingRequest")

    def _listen(self, asked: dict[str, str]) -> Answer:
        for hook in self.hooks:
            if (hook.callback, hook.meeting) == (asked["callbackURL"], asked["meetingID"]):
                return _succeeded(messageKey="duplicateWarning", hookID="1")
        events = set(asked["eventID"].split(","))
        self.hooks.append(Hook(asked["callbackURL"], asked["meetingID"], events))
        return _succeeded(hookID=str(len(self.hooks)), permanentHook="false")

    def _is_signed(self, call: str, query: str, given: str) -> bool:
        hashed = HASHES.get(len(given))
        text = f"{call}{query}{self.secret}".encode()
        return hashed in self.allowed and hashlib.new(str(hashed), text).hexdigest() == given

    def _fault_of(self, call: str) -> Fault | None:
        for fault in self.faults:
            if fault.call == call and fault.times > 0:
                fault.times -= 1
                return fault
        if self.every and len(self.calls) % self.every == 0:
            kind = self.kinds[len(self.calls) // self.every % len(self.kinds)]
            self.happened.append(kind)
            return Fault(call, kind)
        return None

    def _broken(self, kind: str) -> Answer:
        broken: dict[str, Answer] = {
            "hangup": (HANG_UP, {}, b""),
            "500": (500, {}, b"<html>"),
            "302": (302, {"Location": "http://127.0.0.1:9/"}, b""),
            "garbage": (200, {}, b"\x00<response><returncode>SUCCESS"),
            "doctype": (
                200, {}, b'<!DOCTYPE r [<!ENTITY a "SUCCESS">]>'
                b"<response><returncode>&a;</returncode></response>",
            ),
            "large": (200, {}, b"<response>" + b" " * 500_000 + b"</response>"),
        }  # fmt: skip
        if kind == "timeout":
            time.sleep(self.slowness)
            return broken["hangup"]
        return broken.get(kind) or _failed(kind)

    def _tell(self, kind: str, meeting: Meeting, user: dict[str, Any] | None) -> None:
        if kind in self.loses:
            return
        attributes: dict[str, Any] = {
            "meeting": {
                "internal-meeting-id": meeting.internal, "external-meeting-id": meeting.external
            }
        }  # fmt: skip
        if user is not None:
            attributes["user"] = user
        event = {
            "data": {
                "type": "event",
                "id": kind,
                "attributes": attributes,
                "event": {"ts": round(self.now().timestamp() * 1000)},
            }
        }
        for hook in self.hooks:
            if hook.meeting == meeting.external and kind in hook.events:
                hook.waiting.append([event])

    def deliver_one(self, hook: Hook, events: list[dict[str, Any]]) -> bool:
        """Send one body, with all these events in it; whether it was taken."""
        form = {
            "domain": "rooms.example.org",
            "event": json.dumps(events),
            "timestamp": str(round(self.now().timestamp() * 1000)),
        }
        body = urlencode(form)
        signed = hashlib.sha256(f"{hook.callback}{body}{self.secret}".encode()).hexdigest()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            status = requests.post(
                f"{hook.callback}?checksum={signed}", data=body, headers=headers, timeout=5
            ).status_code
        except requests.RequestException:
            status = 0
        self.statuses.append(status)
        is_delivered = status in DELIVERED
        hook.failing_since = None if is_delivered else hook.failing_since or self.now()
        return is_delivered


def _user(stay: Stay, *, is_leaving: bool = False) -> dict[str, Any]:
    """As an event names her: a leaving has neither a name nor a reason."""
    user = {"internal-user-id": stay.visit, "external-user-id": stay.person}
    return user if is_leaving else user | {"name": stay.name, "role": stay.role}


def _written(moment: datetime) -> str:
    return moment.astimezone(REPORT_ZONE).strftime("%Y-%m-%d %H:%M:%S %z")


def _succeeded(**fields: str) -> Answer:
    return _xml("SUCCESS", fields)


def _failed(key: str) -> Answer:
    return _xml("FAILED", {"messageKey": key, "message": "no"})


def _xml(code: str, fields: dict[str, str]) -> Answer:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    text = f"<response><returncode>{code}</returncode>{inside}</response>"
    return 200, {"Content-Type": "text/xml;charset=utf-8"}, text.encode()


@contextmanager
def bigbluebutton(secret: str, now: Callable[[], datetime]) -> Iterator[BigBlueButtonServer]:
    """A server that runs, at `url`."""
    server = BigBlueButtonServer(secret, now)
    with answering(server.answer) as address:
        server.url = f"{address}/bigbluebutton"
        yield server
