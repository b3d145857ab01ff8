"""A Zoom on loopback: a real HTTP server with state, which fails as it is told to.

It answers as Zoom publishes (methods, paths, fields, types, status codes, limits), sends signed
webhooks, and lets people come and go by a script:

    with zoom_server(clock) as zoom:
        zoom.hooks.subscribe(url, secret)
        zoom.faults.next("500_after", times=2)
        her = zoom.join(meeting_id, registrant_id)
        zoom.drop(her)

As a program of its own, for a first look at the real adapter:
`python -m tests.servers.zoom --port 8200`; docs/providers.md says how `dev.py run` meets it.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.zoom_events import Webhooks
from tests.servers.zoom_rooms import (
    SCHEDULED,
    Meeting,
    Registrant,
    Rooms,
    Run,
    Visit,
    ZoomError,
    daily_limit,
    invalid,
)

LIFE = timedelta(hours=1)
PAGE_TOKEN_LIFE = timedelta(minutes=15)
PER_SECOND = {"light": 30, "medium": 20, "heavy": 10}
BATCH = 30
LONGEST_HANG = 20.0


@dataclass(frozen=True)
class Account:
    """Who may ask for a token."""

    account_id: str = "ACC"
    client_id: str = "client"
    client_secret: str = "canary-client-secret"


@dataclass(frozen=True)
class Asked:
    """One call as it came in, the path still encoded as it was sent; and what was answered."""

    method: str
    path: str
    route: str
    query: dict[str, str]
    body: Any
    status: int
    answer: Any = field(default=None, repr=False)


@dataclass
class Faults:
    """What goes wrong with the next calls of the API; `every` n-th call as well.

    Kinds: `500`, `503`, `500_after` (it was done), `hang`, `hang_after`, `drop`, `drop_after`,
    `401`, `429_iso`, `429_seconds`, `429_date`, `429_daily`, `429_plain`, `4001`, `3001`,
    `4711`, `200`, `garbage`, `redirect`.
    """

    waiting: list[tuple[str, str]] = field(default_factory=list)
    every: int = 0
    kinds: tuple[str, ...] = ()
    seconds: float = 5.0
    location: str = "http://169.254.169.254/latest"
    calls: int = 0
    happened: list[str] = field(default_factory=list)

    def next(self, kind: str, *, times: int = 1, on: str = "") -> None:
        """Let this happen to the next calls whose `METHOD route` begins with `on`."""
        self.waiting += [(kind, on)] * times

    def take(self, name: str) -> str:
        """What happens to this call; empty for nothing."""
        self.calls += 1
        for entry in self.waiting:
            if name.startswith(entry[1]):
                self.waiting.remove(entry)
                self.happened.append(entry[0])
                return entry[0]
        if self.every and self.kinds and self.calls % self.every == 0:
            kind = self.kinds[self.calls // self.every % len(self.kinds)]
            self.happened.append(kind)
            return kind
        return ""


Answer = tuple[int, Any]
Call = Callable[["ZoomServer", dict[str, str], dict[str, str], dict[str, Any]], Answer]
ROUTES: list[tuple[str, re.Pattern[str], str, str, Call]] = []


def route(method: str, path: str, label: str) -> Callable[[Call], Call]:
    """Serve a path of the API, named as Zoom names it; a part matches as it is encoded."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def add(call: Call) -> Call:
        ROUTES.append((method, pattern, f"{method} {path}", label, call))
        return call

    return add


class ZoomServer:
    """The server, in threads of its own. What it keeps is changed under `lock`."""

    def __init__(self, now: Callable[[], datetime] | None = None, *, port: int = 0) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.lock = threading.RLock()
        self.account = Account()
        self.rooms = Rooms()
        self.hooks = Webhooks(self.now)
        self.faults = Faults()
        self.log: list[Asked] = []
        self.tokens: dict[str, datetime] = {}
        self.tokens_asked = 0
        self.only_newest_token = False
        self.limits_rate = False
        self.page_size = 300
        self.page_tokens: dict[str, tuple[datetime, int]] = {}
        self.not_ready = 0
        self.without_length = 0
        self.without_report: set[int] = set()  # meetings of which no report ever is ready
        self.api_url: str | None = None
        self._rates: dict[tuple[str, int], int] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._http.daemon_threads = True
        self._http.zoom = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The start of every address here."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def settings(self) -> dict[str, str]:
        """The settings with which the platform meets this server."""
        return {
            "zoom_account_id": self.account.account_id,
            "zoom_client_id": self.account.client_id,
            "zoom_client_secret": self.account.client_secret,
            "zoom_webhook_secret": self.hooks.secret,
            "zoom_oauth_url": f"{self.url}/oauth/token",
            "zoom_api_url": f"{self.url}/v2",
        }

    def start(self) -> ZoomServer:
        """Listen."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    # What a script, or somebody on the demo page, lets happen.

    def meeting(self, meeting_id: str | int) -> Meeting:
        """A meeting as it stands."""
        return self.rooms.meeting(str(meeting_id))

    def begin(self, meeting_id: str | int) -> Run:
        """The host starts the meeting: again after its end, it is a new opening.

        Another meeting of the same host that goes on is ended by it.
        """
        for other in self.rooms.all():
            if other.running and other.host_id == self.meeting(meeting_id).host_id:
                self.end(other.id)
        with self.lock:
            meeting = self.meeting(meeting_id)
            run = self.rooms.start(meeting, self.now())
        self.hooks.emit("meeting.started", meeting, run)
        return run

    def end(self, meeting_id: str | int) -> None:
        """The host ends it: everybody leaves, then it is over."""
        meeting = self.rooms.past(str(meeting_id))
        with self.lock:
            run = meeting.running
            if run is None:
                return
            still = [visit for visit in run.visits if visit.left_at is None]
            self.rooms.end(meeting, self.now())
        for visit in still:
            self.hooks.emit(_left(visit), meeting, run, visit, reason="Host ended the meeting.")
        self.hooks.emit("meeting.ended", meeting, run)

    def delete_by_hand(self, meeting_id: str | int) -> None:
        """Somebody deletes it on Zoom's own pages. Who is in it stays until she leaves."""
        with self.lock:
            meeting = self.meeting(meeting_id)
            run = meeting.runs[-1] if meeting.runs else Run(f"u{meeting.id}==", self.now())
            self.rooms.delete(meeting)
        self.hooks.emit("meeting.deleted", meeting, run)

    def join(self, meeting_id: str | int, registrant_id: str = "", **told: Any) -> Visit:
        """Somebody comes in: by her link, or with none, logged out; twice with two devices.

        `name`, `email` as she shows herself; `waits=True` for the waiting room.
        """
        waits = told.pop("waits", False)
        with self.lock:
            meeting = self.meeting(meeting_id)
            visit = self.rooms.come(meeting, registrant_id, self.now(), **told)
            if waits:
                visit.status = "in_waiting_room"
            run = meeting.runs[-1]
        name = "joined_waiting_room" if waits else "joined"
        self.hooks.emit(f"meeting.participant_{name}", meeting, run, visit)
        return visit

    def admit(self, meeting_id: str | int, visit: Visit) -> None:
        """The host lets somebody in: from now on she is there."""
        meeting, run = self._of(meeting_id, visit)
        visit.left_at = self.now()
        self.hooks.emit("meeting.participant_admitted", meeting, run, visit)
        self.hooks.emit("meeting.participant_left_waiting_room", meeting, run, visit)
        visit.left_at, visit.status, visit.joined_at = None, "in_meeting", self.now()
        self.hooks.emit("meeting.participant_joined", meeting, run, visit)

    def leave(self, meeting_id: str | int, visit: Visit, reason: str = "left the meeting") -> None:
        """Somebody leaves, and it is said."""
        meeting, run = self._of(meeting_id, visit)
        visit.left_at = self.now()
        self.hooks.emit(_left(visit), meeting, run, visit, reason=reason)

    def drop(self, meeting_id: str | int, visit: Visit) -> None:
        """The line breaks: no event ever says so; the report knows."""
        self._of(meeting_id, visit)
        visit.left_at = self.now()

    def late_left(self, meeting_id: str | int, visit: Visit, left_at: datetime) -> None:
        """What a killed program ends with: the leaving is said a minute or more too late."""
        meeting, run = self._of(meeting_id, visit)
        visit.left_at = left_at
        self.hooks.emit(_left(visit), meeting, run, visit, reason="network connection error")

    def _of(self, meeting_id: str | int, visit: Visit) -> tuple[Meeting, Run]:
        meeting = self.rooms.past(str(meeting_id))
        return meeting, next(run for run in meeting.runs if visit in run.visits)

    # What the handler asks.

    def token(self, authorization: str, form: dict[str, str], query: str) -> Answer:
        """`POST /oauth/token`."""
        account = self.account
        known = f"{account.client_id}:{account.client_secret}".encode()
        if authorization != "Basic " + base64.b64encode(known).decode():
            return 401, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}
        is_right = form.get("grant_type") == "account_credentials"
        if query or not is_right or form.get("account_id") != account.account_id:
            return 400, {"reason": "Bad Request", "error": "invalid_request"}
        if self.only_newest_token:
            self.tokens.clear()
        self.tokens_asked += 1
        value = f"canary-token-{secrets.token_urlsafe(24)}"
        self.tokens[value] = self.now() + LIFE
        return 200, {
            "access_token": value,
            "token_type": "bearer",
            "expires_in": int(LIFE.total_seconds()),
            "scope": "meeting:write:meeting:admin meeting:write:registrant:admin",
            "api_url": self.api_url if self.api_url is not None else self.url,
        }

    def check_token(self, authorization: str) -> None:
        """401 with code 124 for a token that is unknown or over."""
        kind, _space, value = authorization.partition(" ")
        until = self.tokens.get(value) if kind == "Bearer" else None
        if until is None:
            raise ZoomError(401, 124, "Invalid access token.")
        if until <= self.now():
            raise ZoomError(401, 124, "Access token has expired.")

    def check_rate(self, label: str) -> None:
        """429 with code 4001 for too many calls in one second of the wall clock."""
        key = (label, int(time.monotonic()))
        self._rates[key] = self._rates.get(key, 0) + 1
        if self.limits_rate and self._rates[key] > PER_SECOND[label]:
            raise ZoomError(429, 4001, "You have exceeded the maximum per-second rate limit.")

    def page(self, rows: list[Any], name: str, query: dict[str, str]) -> dict[str, Any]:
        """One page of a list, and the token for the next, which lives for 15 minutes."""
        size = min(int(query.get("page_size", 30)), 300, self.page_size)
        token = query.get("next_page_token", "")
        until, first = self.page_tokens.get(token, (self.now(), 0)) if token else (None, 0)
        if until is not None and until <= self.now():
            raise ZoomError(400, 300, "The next page token is invalid or expired.")
        following = ""
        if first + size < len(rows):
            following = secrets.token_urlsafe(12)
            self.page_tokens[following] = (self.now() + PAGE_TOKEN_LIFE, first + size)
        return {
            "page_count": -(-len(rows) // size),
            "page_size": size,
            "total_records": len(rows),
            "next_page_token": following,
            name: rows[first : first + size],
        }

    def links(self, meeting: Meeting, one: Registrant) -> str:
        """The address that is hers alone."""
        return f"{self.url}/w/{meeting.id}?tk={one.token}&pwd={meeting.password}"


def fault_of(kind: str, server: ZoomServer) -> ZoomError | None:
    """The answer that a fault gives, where it gives one."""
    now = server.now()
    soon = now + timedelta(seconds=30)
    per_second = "You have exceeded the maximum per-second rate limit."
    headers = {
        "429_iso": {"Retry-After": f"{soon:%Y-%m-%dT%H:%M:%SZ}"},
        "429_seconds": {"Retry-After": "30"},
        "429_date": {"Retry-After": f"{soon:%a, %d %b %Y %H:%M:%S GMT}"},
        "429_plain": {},
    }
    if kind in headers:
        return ZoomError(429, 429, "Too many requests.", headers=headers[kind])
    return {
        "500": ZoomError(500, 500, "Internal error."),
        "503": ZoomError(503, 503, "Unavailable."),
        "500_after": ZoomError(500, 500, "Internal error."),
        "401": ZoomError(401, 124, "Invalid access token."),
        "429_daily": daily_limit(100, now, "bare"),
        "4001": ZoomError(429, 4001, per_second),
        "3001": ZoomError(404, 3001, "Meeting does not exist."),
        "4711": ZoomError(400, 4711, "Invalid access token, does not contain scopes."),
        "200": ZoomError(400, 200, "Only available for Paid account."),
    }.get(kind)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # an answer leaves in one piece
    disable_nagle_algorithm = True

    @property
    def zoom(self) -> ZoomServer:
        return self.server.zoom  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_args: Any) -> None:
        """Say nothing: a test reads `log`."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if parts.path == "/oauth/token" and self.command == "POST":
            form = {key: values[0] for key, values in parse_qs(raw.decode()).items()}
            with self.zoom.lock:
                answer = self.zoom.token(self.headers["Authorization"] or "", form, parts.query)
            self._answer(*answer)
        elif parts.path.startswith("/v2/"):
            self._api(parts.path.removeprefix("/v2"), parts.query, raw)
        else:
            self._demo(parts.path, parse_qs(parts.query), parse_qs(raw.decode()))

    def _api(self, path: str, raw_query: str, raw: bytes) -> None:
        query = {key: values[-1] for key, values in parse_qs(raw_query).items()}
        body = json.loads(raw) if raw else None
        for method, pattern, name, label, call in ROUTES:
            found = pattern.fullmatch(path)
            if method == self.command and found:
                self._call(path, name, label, call, found.groupdict(), query, body)
                return
        self._answer(404, {"code": 2300, "message": "This API endpoint is not recognized."})

    def _call(
        self,
        path: str,
        name: str,
        label: str,
        call: Call,
        named: dict[str, str],
        query: dict[str, str],
        body: Any,
    ) -> None:
        zoom, headers = self.zoom, {}
        with zoom.lock:
            kind = zoom.faults.take(name)
            fault = fault_of(kind, zoom)
            try:
                if kind in ("drop", "hang") or (fault is not None and kind != "500_after"):
                    raise fault or ZoomError(500, 500, "Internal error.")
                zoom.check_token(self.headers["Authorization"] or "")
                zoom.check_rate(label)
                parts = {key: unquote(value) for key, value in named.items()}
                status, said = call(zoom, parts, query, body or {})
                if fault is not None:
                    raise fault
            except ZoomError as error:
                status, said, headers = error.status, error.body, error.headers
            route_name = name.partition(" ")[2]
            zoom.log.append(Asked(self.command, path, route_name, query, body, status, said))
        self._misbehave(kind, status, said, headers)

    def _misbehave(self, kind: str, status: int, said: Any, headers: dict[str, str]) -> None:
        if kind.startswith("hang"):
            time.sleep(min(self.zoom.faults.seconds, LONGEST_HANG))
        if kind.startswith(("hang", "drop")):
            self.close_connection = True
        elif kind == "garbage":
            self._answer(200, "<html>maintenance</html>", kind="text/html")
        elif kind == "redirect":
            self._answer(302, None, {"Location": self.zoom.faults.location})
        else:
            self._answer(status, said, headers)

    def _answer(
        self,
        status: int,
        said: Any,
        headers: dict[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        content = (
            b"" if said is None else (said if isinstance(said, str) else json.dumps(said)).encode()
        )
        try:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            if status != 204:
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True

    # The pages of a first look: what Zoom's own program would be.

    def _demo(self, path: str, query: dict[str, list[str]], form: dict[str, list[str]]) -> None:
        if self.command == "POST":
            self._act(path, query, form.get("do", [""])[0])
            self._answer(303, None, {"Location": self.path})
            return
        self._answer(200, _page(self.zoom, path, query), kind="text/html")

    def _act(self, path: str, query: dict[str, list[str]], what: str) -> None:
        zoom, where = self.zoom, path.split("/")[-1]
        if where not in {str(number) for number in zoom.rooms.meetings}:
            return
        meeting, person = zoom.meeting(where), _who(zoom.meeting(where), query)
        here = _here(meeting, person)
        if what == "begin" and not meeting.running:
            zoom.begin(meeting.id)
        elif what in ("end", "delete"):
            (zoom.end if what == "end" else zoom.delete_by_hand)(meeting.id)
        elif what == "join" and person is not None:
            zoom.join(meeting.id, person.id, waits=bool(meeting.settings["waiting_room"]))
        elif what == "admit" and meeting.running:
            for visit in list(meeting.running.visits):
                if visit.status == "in_waiting_room" and visit.left_at is None:
                    zoom.admit(meeting.id, visit)
        elif what == "leave" and here:
            zoom.leave(meeting.id, here[-1])
        elif what == "drop" and here:
            zoom.drop(meeting.id, here[-1])


def _left(visit: Visit) -> str:
    waits = visit.status == "in_waiting_room"
    return "meeting.participant_left_waiting_room" if waits else "meeting.participant_left"


def _who(meeting: Meeting, query: dict[str, list[str]]) -> Registrant | None:
    token = query.get("tk", [""])[0]
    return next((one for one in meeting.registrants if one.token == token), None)


def _here(meeting: Meeting, person: Registrant | None) -> list[Visit]:
    visits = meeting.running.visits if meeting.running else []
    known = person.id if person else None
    return [one for one in visits if one.registrant_id == known and one.left_at is None]


def _page(zoom: ZoomServer, path: str, query: dict[str, list[str]]) -> str:
    where = path.split("/")[-1]
    if where not in {str(number) for number in zoom.rooms.meetings}:
        return _frame("Meetings", _all_meetings(zoom))
    meeting = zoom.meeting(where)
    if path.startswith("/s/"):
        inside = len([one for run in meeting.runs for one in run.visits if one.left_at is None])
        buttons = _buttons("begin", "admit", "end", "delete")
        return _frame("You are the host", f"<p>{inside} people.</p>{buttons}")
    person = _who(meeting, query)
    if person is None or person.status != "approved":
        return _frame("This link is not valid", "<p>Nobody is registered under it.</p>")
    here = _here(meeting, person)
    state = (here[-1].status if here else "outside").replace("_", " ")
    said = f"<p>{html.escape(person.first_name)}: {state}.</p>"
    return _frame("A simulated room", said + _buttons("join", "leave", "drop"))


def _all_meetings(zoom: ZoomServer) -> str:
    rows = []
    for meeting in zoom.rooms.meetings.values():
        people = "".join(
            f'<li><a href="/w/{meeting.id}?tk={one.token}">{html.escape(one.first_name)}</a> '
            f"{html.escape(one.email)} {one.status}</li>"
            for one in meeting.registrants
        )
        begins = f"{meeting.start_time:%F %H:%M} UTC" if meeting.start_time else ""
        host = f'<a href="/s/{meeting.id}">host</a>'
        rows.append(f"<li>{meeting.id}, {begins}, {host}<ul>{people}</ul></li>")
    return f"<ul>{''.join(rows) or '<li>none yet</li>'}</ul>"


def _frame(title: str, content: str) -> str:
    head = f'<!doctype html><html lang="en"><title>{title}</title>'
    return (
        f'{head}<meta name="viewport" content="width=device-width"><h1>{title}</h1>{content}</html>'
    )


def _buttons(*words: str) -> str:
    names = {"drop": "lose network"}
    inner = "".join(
        f'<button name="do" value="{word}">{names.get(word, word)}</button> ' for word in words
    )
    return f'<form method="post">{inner}</form>'


# The API, as published.


@route("GET", "/users/{user}", "light")
def _get_user(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    kind = zoom.rooms.user(named["user"])
    return 200, {"id": named["user"], "type": kind, "email": "host@example.org"}


@route("GET", "/users/{user}/meetings", "medium")
def _list_meetings(zoom: ZoomServer, named: dict[str, str], query: Any, _b: Any) -> Answer:
    zoom.rooms.user(named["user"])
    now = zoom.now()
    rows = [
        {
            "id": meeting.id,
            "uuid": meeting.runs[-1].uuid if meeting.runs else f"u{meeting.id}==",
            "host_id": meeting.host_id,
            "topic": meeting.topic,
            "agenda": meeting.agenda[:250],
            "type": meeting.type,
            "start_time": _iso(meeting.start_time),
            "duration": meeting.duration,
            "timezone": meeting.timezone,
            "join_url": f"{zoom.url}/j/{meeting.id}?pwd={meeting.password}",
            "created_at": _iso(now),
        }
        for meeting in zoom.rooms.meetings.values()
        if meeting.host_id == named["user"]
        and meeting.start_time is not None
        and meeting.start_time + timedelta(minutes=meeting.duration) > now
    ]
    return 200, zoom.page(rows, "meetings", query)


@route("POST", "/users/{user}/meetings", "light")
def _create(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    meeting = zoom.rooms.create(named["user"], body, zoom.now())
    return 201, _whole(zoom, meeting)


@route("GET", "/meetings/{meeting}", "light")
def _read(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    return 200, _whole(zoom, zoom.meeting(named["meeting"]))


@route("PATCH", "/meetings/{meeting}", "light")
def _update(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    zoom.rooms.change(zoom.meeting(named["meeting"]), body, zoom.now())
    return 204, None


@route("DELETE", "/meetings/{meeting}", "light")
def _delete(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    if meeting.running:
        raise ZoomError(400, 3000, "A meeting that goes on cannot be deleted.")
    zoom.rooms.delete(meeting)
    return 204, None


@route("PUT", "/meetings/{meeting}/status", "light")
def _end(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    if body.get("action") != "end":
        raise invalid("action")
    zoom.end(zoom.meeting(named["meeting"]).id)
    return 204, None


@route("POST", "/meetings/{meeting}/registrants", "light")
def _register(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    one = zoom.rooms.register(meeting, body, zoom.now())
    said = {
        "id": meeting.id,
        "registrant_id": one.id,
        "topic": meeting.topic,
        "start_time": _iso(meeting.start_time),
        "participant_pin_code": 123456,
    }
    is_in = meeting.settings["approval_type"] == 0
    return 201, said | ({"join_url": zoom.links(meeting, one)} if is_in else {})


@route("POST", "/meetings/{meeting}/batch_registrants", "heavy")
def _batch(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    people = body.get("registrants") or []
    if meeting.type != SCHEDULED:
        raise ZoomError(400, 303, "Batch registration is for scheduled meetings only.")
    if not 1 <= len(people) <= BATCH:
        raise invalid("registrants")
    made = [zoom.rooms.register(meeting, one, zoom.now()) for one in people]
    return 201, {
        "registrants": [
            {"email": one.email, "registrant_id": one.id, "join_url": zoom.links(meeting, one)}
            for one in made
        ]
    }


@route("GET", "/meetings/{meeting}/registrants", "medium")
def _registrants(zoom: ZoomServer, named: dict[str, str], query: Any, _b: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    wanted = query.get("status", "approved")
    rows = [
        {
            "id": one.id,
            "email": one.email,
            "first_name": one.first_name,
            "status": one.status,
            "create_time": _iso(zoom.now()),
            "join_url": zoom.links(meeting, one),
        }
        for one in meeting.registrants
        if one.status == wanted
    ]
    return 200, zoom.page(rows, "registrants", query)


@route("PUT", "/meetings/{meeting}/registrants/status", "medium")
def _set_status(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    zoom.rooms.set_status(zoom.meeting(named["meeting"]), body, zoom.now())
    return 204, None


@route("DELETE", "/meetings/{meeting}/registrants/{registrant}", "light")
def _delete_registrant(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    one = meeting.registrant(named["registrant"])
    if one is None:
        raise invalid("registrantId")
    meeting.registrants.remove(one)
    return 204, None


@route("POST", "/meetings/{meeting}/invite_links", "light")
def _invite(zoom: ZoomServer, named: dict[str, str], _q: Any, body: Any) -> Answer:
    meeting = zoom.meeting(named["meeting"])
    if not 0 <= body.get("ttl", 7200) <= 7_776_000:
        raise invalid("ttl")
    people = [
        {"name": one["name"], "join_url": f"{zoom.url}/j/{meeting.id}?tk={secrets.token_hex(8)}"}
        for one in body.get("attendees", [])
    ]
    return 201, {"attendees": people}


@route("GET", "/past_meetings/{uuid}", "light")
def _past(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    meeting, run = zoom.rooms.run(_uuid(named["uuid"]))
    return 200, {
        "id": meeting.id,
        "uuid": run.uuid,
        "topic": meeting.topic,
        "type": meeting.type,
        "start_time": _iso(run.started_at),
        "end_time": _iso(run.ended_at),
        "participants_count": len(run.visits),
    }


@route("GET", "/past_meetings/{meeting}/instances", "medium")
def _instances(zoom: ZoomServer, named: dict[str, str], _q: Any, _b: Any) -> Answer:
    over = [run for run in zoom.rooms.past(named["meeting"]).runs if run.ended_at is not None]
    return 200, {
        "meetings": [{"uuid": run.uuid, "start_time": _iso(run.started_at)} for run in over]
    }


@route("GET", "/past_meetings/{uuid}/participants", "medium")
def _past_participants(zoom: ZoomServer, named: dict[str, str], query: Any, _b: Any) -> Answer:
    return 200, _participants(zoom, named["uuid"], query, with_registrant=True)


@route("GET", "/report/meetings/{uuid}/participants", "heavy")
def _report(zoom: ZoomServer, named: dict[str, str], query: Any, _b: Any) -> Answer:
    wanted = query.get("include_fields") == "registrant_id"
    return 200, _participants(zoom, named["uuid"], query, with_registrant=wanted)


def _participants(
    zoom: ZoomServer, encoded: str, query: dict[str, str], *, with_registrant: bool
) -> dict[str, Any]:
    """Rows of a report: not there at first, then without lengths, empty for one person alone."""
    meeting, run = zoom.rooms.run(_uuid(encoded))
    if meeting.id in zoom.without_report:
        raise ZoomError(404, 3001, "Meeting does not exist.")
    if run.ended_at is None or zoom.not_ready > 0:
        zoom.not_ready -= 1
        raise ZoomError(404, 3001, "Meeting does not exist.")
    has_length = zoom.without_length <= 0
    zoom.without_length -= 1
    visits = run.visits if len(run.visits) > 1 else []
    rows = []
    for visit in visits:
        left_at = visit.left_at or run.ended_at
        seconds = int((left_at - visit.joined_at).total_seconds())
        row = {
            "id": "",
            "name": visit.name,
            "user_id": visit.user_id,
            "user_email": visit.email,
            "join_time": _iso(visit.joined_at),
            "leave_time": _iso(left_at),
            "duration": seconds if has_length else 0,
            "failover": False,
            "status": visit.status,
        }
        if with_registrant:
            row["registrant_id"] = visit.registrant_id
        if visit.bo_mtg_id:
            row["bo_mtg_id"] = visit.bo_mtg_id
        rows.append(row)
    return zoom.page(rows, "participants", query)


def _uuid(once: str) -> str:
    """The uuid of a path that was decoded once: some must have been encoded twice."""
    if "/" in once and (once.startswith("/") or "//" in once):
        raise ZoomError(404, 3001, "Meeting does not exist.")
    return unquote(once) if "%" in once else once


def _whole(zoom: ZoomServer, meeting: Meeting) -> dict[str, Any]:
    return {
        "id": meeting.id,
        "uuid": meeting.runs[-1].uuid if meeting.runs else f"u{meeting.id}==",
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "agenda": meeting.agenda,
        "type": meeting.type,
        "status": "started" if meeting.running else "waiting",
        "start_time": _iso(meeting.start_time),
        "duration": meeting.duration,
        "timezone": meeting.timezone,
        "created_at": _iso(zoom.now()),
        "start_url": f"{zoom.url}/s/{meeting.id}?zak=canary-host-key",
        "join_url": f"{zoom.url}/j/{meeting.id}?pwd={meeting.password}",
        "password": meeting.password,
        "settings": dict(meeting.settings),
    }


def _iso(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment is not None else ""


@contextmanager
def zoom_server(now: Callable[[], datetime] | None = None) -> Iterator[ZoomServer]:
    """A server that has started, and is stopped afterwards."""
    server = ZoomServer(now).start()
    try:
        yield server
    finally:
        server.stop()


def main() -> None:
    """Serve until Ctrl-C, and say with which settings the platform finds it."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.zoom")
    parser.add_argument("--port", type=int, default=8200)
    parser.add_argument("--hook", help="where events go: http://127.0.0.1:8000/hooks/zoom")
    told = parser.parse_args()
    server = ZoomServer(port=told.port).start()
    print(f"A simulated Zoom: {server.url}/", flush=True)
    print("MEETINGS=zoom", *(f"{key.upper()}={value}" for key, value in server.settings.items()))
    server.hooks.url = told.hook
    try:
        while True:
            time.sleep(1)
            if told.hook and not server.hooks.is_validated and server.hooks.validate():
                print("events are taken", flush=True)
            server.hooks.deliver_due()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
