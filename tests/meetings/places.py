"""The three providers as a script meets them: the real adapter, the simulator, what it tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask

from remote_training.attendance import reports
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import listening
from remote_training.meetings import queries as meetings
from tests.fakes import FakeClock
from tests.meetings.conftest import Worker
from tests.meetings.lessons import Item
from tests.servers.bigbluebutton import BigBlueButtonServer, Hook, Meeting
from tests.servers.jitsi import JitsiServer, Stay
from tests.servers.zoom import ZoomServer
from tests.servers.zoom_rooms import Visit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

EVERY = 10
AWAY = ("503", "500_after", "hang_up_after")
POSTS = 4


class Front:
    """The platform on its port; with every tenth message of a provider something goes wrong.

    `503`: it is away, and nothing was kept. The others come after it was kept: an error, or a
    line that breaks before the answer. `kept` says whether the last one was.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._messages = 0
        self.kept = True
        self.happened: Counter[str] = Counter()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        kind = self._kind(environ["PATH_INFO"])
        self.kept = kind != "503"
        if kind == "503":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if not kind:
            return self._app(environ, start)
        list(self._app(environ, lambda *_: lambda _: None))  # type: ignore[arg-type]
        if kind == "hang_up_after":
            environ["werkzeug.socket"].shutdown(2)
        start("500 Internal Server Error", [("Content-Length", "0")])
        return [b""]

    def _kind(self, path: str) -> str:
        if not path.startswith("/hooks/"):
            return ""
        self._messages += 1
        if self._messages % EVERY:
            return ""
        kind = AWAY[self._messages // EVERY % len(AWAY)]
        self.happened[kind] += 1
        return kind


class AtZoom:
    """Rooms that are kept ahead; events are sent again where we were away; a report afterwards."""

    name = "zoom"
    has_parts, has_waiting, can_drop, ends_by_itself = False, True, True, False

    def __init__(self, zoom: ZoomServer, worker: Worker, clock: FakeClock) -> None:
        self._zoom, self._worker, self._clock = zoom, worker, clock
        zoom.hooks.hold()

    def before(self, session: Session) -> None:
        """The worker makes ready what is not."""
        for _ in range(40):
            self._worker.round()
            if not self._worker.waits():
                break
            self._clock.forward(seconds=20)

    def begin(self, session: Session) -> None:
        self._zoom.begin(_room(session))

    def enter(self, session: Session, link: str, *, waits: bool) -> Visit:
        """Her link alone says who she is."""
        parts = urlsplit(link)
        meeting = self._zoom.meeting(parts.path.rpartition("/")[2])
        [her] = [one for one in meeting.registrants if one.token in parse_qs(parts.query)["tk"]]
        assert her.status == "approved"
        return self._zoom.join(meeting.id, her.id, waits=waits)

    def admit(self, session: Session, handle: Visit) -> None:
        self._zoom.admit(_room(session), handle)

    def named(self, session: Session, handle: Visit) -> tuple[str, str]:
        meeting = self._zoom.meeting(_room(session))
        return handle.user_id, f"{meeting.id}/{meeting.runs[-1].uuid}"

    def leave(self, session: Session, handle: Visit) -> None:
        self._zoom.leave(_room(session), handle)

    def drop(self, session: Session, handle: Visit) -> None:
        self._zoom.drop(_room(session), handle)

    def move(self, session: Session, handle: Visit, part: str | None) -> Visit:
        raise NotImplementedError

    def end(self, session: Session) -> None:
        self._zoom.end(_room(session))

    def minute(self) -> None:
        """What the worker and Zoom do now and then."""
        self._worker.round()
        self._zoom.hooks.deliver_due()

    def pending(self) -> list[Item]:
        held, _ = self._zoom.hooks.held or [], self._zoom.hooks.hold()
        return [_of_zoom(body) for body in held]

    def post(self, item: Item) -> bool:
        """Sent, and sent again by Zoom until it is taken."""
        self._zoom.hooks.send(item.content)
        return True

    def afterwards(self, session: Session, *, is_silent: bool) -> list[Item]:
        """What the report will tell, where there ever is one."""
        meeting = self._zoom.meeting(_room(session))
        if is_silent:
            self._zoom.without_report.add(meeting.id)
            return []
        seen = [visit for run in meeting.runs if len(run.visits) > 1 for visit in run.visits]
        return [_whole([visit.user_id for visit in seen], self._clock.moment)]

    def later(self) -> None:
        """Ask for the reports that are due, and send again what we had not taken."""
        self._zoom.hooks.deliver_due()
        reports.ask_due(self._clock.moment)


class AtBigBlueButton:
    """Rooms at the click; events through a hook that is asked for; a report at the end."""

    name = "bigbluebutton"
    has_parts, has_waiting, can_drop, ends_by_itself = False, False, False, False

    def __init__(self, server: BigBlueButtonServer, clock: FakeClock) -> None:
        self._server, self._clock = server, clock

    def before(self, session: Session) -> None: ...

    def begin(self, session: Session) -> None: ...

    def enter(self, session: Session, link: str, *, waits: bool) -> Any | None:
        return self._server.try_to_join(link)

    def admit(self, session: Session, handle: Any) -> None: ...

    def named(self, session: Session, handle: Any) -> tuple[str, str]:
        room = f"class-{session.id}"
        return handle.visit, f"{room}/{self._server.meetings[room].internal}"

    def leave(self, session: Session, handle: Any) -> None:
        self._server.leave(handle)

    def drop(self, session: Session, handle: Any) -> None:
        raise NotImplementedError

    def move(self, session: Session, handle: Any, part: str | None) -> Any:
        raise NotImplementedError

    def end(self, session: Session) -> None:
        if f"class-{session.id}" in self._server.meetings:
            self._server.end(f"class-{session.id}")

    def minute(self) -> None:
        """The worker asks for the events again."""
        db.session.rollback()
        listening.listen(self._clock.moment)

    def pending(self) -> list[Item]:
        found = []
        for hook in self._server.hooks:
            waiting = list(hook.waiting)
            hook.waiting.clear()
            if len(waiting) > 2:  # several events in one message
                waiting[:2] = [waiting[0] + waiting[1]]
            found += [_of_bbb(hook, events) for events in waiting]
        return found

    def post(self, item: Item) -> bool:
        hook, events = item.content
        return _until_taken(lambda: self._server.deliver_one(hook, events))

    def afterwards(self, session: Session, *, is_silent: bool) -> list[Item]:
        """The report about each opening of the room, some sent twice."""
        own = [one for one in self._server.ended if one.external == f"class-{session.id}"]
        if is_silent or not own:
            return []
        tells: list[str] = []
        for n, meeting in enumerate(own):
            for _ in range(1 + n % 2):
                assert _until_taken(lambda m=meeting: self._send_report(m))
            tells += [stay.visit for stay in self._server.stays_of(meeting)]
        return [_whole(tells, self._clock.moment)]

    def later(self) -> None: ...

    def _send_report(self, meeting: Meeting) -> bool:
        try:
            return self._server.send_report(meeting) == HTTPStatus.NO_CONTENT
        except requests.ConnectionError:
            return False


class AtJitsi:
    """Rooms at the click; events are posted once, whether we take them or not."""

    name = "jitsi"
    has_parts, has_waiting, can_drop, ends_by_itself = True, False, False, True

    def __init__(self, server: JitsiServer, clock: FakeClock, front: Front) -> None:
        self._server, self._clock, self._front = server, clock, front
        self._is_silent = False

    def before(self, session: Session) -> None: ...

    def begin(self, session: Session) -> None: ...

    def enter(self, session: Session, link: str, *, waits: bool) -> Stay | None:
        return self._server.join(link)

    def admit(self, session: Session, handle: Stay) -> None: ...

    def named(self, session: Session, handle: Stay) -> tuple[str, str]:
        return _jid(handle.jid, handle.breakout), f"{handle.room}/"

    def leave(self, session: Session, handle: Stay) -> None:
        self._server.leave(handle)

    def drop(self, session: Session, handle: Stay) -> None:
        raise NotImplementedError

    def move(self, session: Session, handle: Stay, part: str | None) -> Stay:
        return self._server.move(handle, part)

    def end(self, session: Session) -> None:
        for stay in self._server.truth:
            if stay.room == f"class-{session.id}" and stay.left_at is None:
                self._server.leave(stay)

    def minute(self) -> None: ...

    def pending(self) -> list[Item]:
        pending, self._server.waiting = self._server.waiting, []
        return [_of_jitsi(path, event) for path, event in pending]

    def post(self, item: Item) -> bool:
        self._server.post(*item.content)
        return self._front.kept

    def afterwards(self, session: Session, *, is_silent: bool) -> list[Item]:
        """The summary comes with the end of the room; in every fifth class it never leaves."""
        self._server.loses = {"muc-room-destroyed"} if is_silent else set()
        return []

    def later(self) -> None: ...


def _room(session: Session) -> str:
    found = meetings.room(session.id)
    assert found is not None
    return found.external_id


def _until_taken(post: Callable[[], bool]) -> bool:
    return any(post() for _ in range(POSTS))


def _whole(visits: Iterable[str], at: datetime) -> Item:
    return Item(tuple(("whole", visit, at) for visit in visits))


def _of_zoom(body: dict[str, Any]) -> Item:
    about = body["payload"]["object"]
    name = body["event"].removeprefix("meeting.")
    at = datetime.fromtimestamp(body["event_ts"] / 1000, UTC)
    run, who = f"{about['id']}/{about['uuid']}", str(about.get("participant", {}).get("user_id"))
    tells = {
        "started": ("start", run, at),
        "ended": ("end", run, at),
        "participant_joined": ("in", who, at),
        "participant_left": ("out", who, at),
    }
    return Item((tells[name],) if name in tells else (), body)


def _of_bbb(hook: Hook, events: list[dict[str, Any]]) -> Item:
    kinds = {"user-joined": "in", "user-left": "out", "meeting-ended": "end"}
    tells = []
    for one in events:
        said, facts = one["data"], one["data"]["attributes"]
        room = facts["meeting"]
        run = f"{room['external-meeting-id']}/{room['internal-meeting-id']}"
        about = facts["user"]["internal-user-id"] if "user" in facts else run
        at = datetime.fromtimestamp(said["event"]["ts"] / 1000, UTC)
        tells.append((kinds[said["id"]], about, at))
    return Item(tuple(tells), (hook, events))


def _of_jitsi(path: str, event: dict[str, Any]) -> Item:
    told = json.loads(json.dumps(event))
    if told["event_name"] == "muc-room-destroyed":
        at = datetime.fromtimestamp(told["destroyed_at"], UTC)
        part = told["breakout_room_id"]
        tells = [("whole", _jid(one["occupant_jid"], part), at) for one in told["all_occupants"]]
        if not part:  # the end of a breakout room ends nothing else
            tells.append(("end", f"{told['room_name']}/", at))
        return Item(tuple(tells), (path, event))
    if "occupant" not in told:
        return Item((), (path, event))
    kind = "out" if told["event_name"].endswith("left") else "in"
    visit = _jid(told["occupant"]["occupant_jid"], told["breakout_room_id"])
    at = datetime.fromtimestamp(told["occupant"]["joined_at"], UTC)
    return Item(((kind, visit, at),), (path, event))


def _jid(jid: str, breakout: str | None = None) -> str:
    return f"{jid}#{breakout or ''}"
