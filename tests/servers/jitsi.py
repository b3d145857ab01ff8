"""A Jitsi server with Prosody's `event_sync`: rooms that people enter with a token.

It lets in whoever carries a token for exactly this room, by the moments of a clock that is
handed in, and posts what happens over real HTTP. What really was is kept in `truth`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from remote_training.outside import bearer
from remote_training.outside.bearer import BadToken
from tests.servers.loopback import HANG_UP, Answer, answering


@dataclass
class Stay:
    """One visit of one person, as it really was; `breakout` where it was in a part of the room.

    `device` stays the same where she goes from one part to another.
    """

    room: str
    person: str
    name: str
    jid: str
    device: str
    is_owner: bool
    joined_at: datetime
    left_at: datetime | None = None
    breakout: str | None = None


@dataclass
class JitsiServer:
    """The state of the server, and what a script makes happen in it."""

    app_id: str
    secret: str
    hook_secret: str
    now: Callable[[], datetime]
    url: str = ""
    events_to: str = ""
    truth: list[Stay] = field(default_factory=list)
    opened: dict[tuple[str, str | None], datetime] = field(default_factory=dict)
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    loses: set[str] = field(default_factory=set)  # kinds of events that never leave the server
    every: int = 0  # each n-th link that is opened is answered 503, or not at all
    calls: int = 0
    happened: list[str] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.RLock)

    def join(self, url: str) -> Stay | None:
        """Open a link: over HTTP, as her browser would; None where the token is refused."""
        try:
            status = requests.get(url, timeout=5, allow_redirects=False).status_code
        except requests.ConnectionError:
            return None
        return self.truth[-1] if status == 200 else None

    def leave(self, stay: Stay) -> None:
        """Go out; with the last one the room ends, and a summary is sent."""
        self._go(stay, "left")
        if not self._inside(stay.room):
            self._destroy(stay.room, None)

    def move(self, stay: Stay, breakout: str | None) -> Stay:
        """Go into another part of the room: it looks like leaving and coming."""
        self._go(stay, "switch_room")
        return self._enter(stay.room, stay.person, stay.name, stay.is_owner, breakout, stay.device)

    def deliver(self, *, twice: bool = False, backwards: bool = False) -> None:
        """Post what waits. It is not repeated: `event_sync` gives up where nobody answers."""
        pending, self.waiting = self.waiting, []
        for path, event in reversed(pending) if backwards else pending:
            for _ in range(2 if twice else 1):
                self.post(path, event)

    def answer(self, _method: str, path: str, _headers: dict[str, str], _body: bytes) -> Answer:
        """Let somebody into a room, or not."""
        self.calls += 1
        if self.every and self.calls % self.every == 0:
            self.happened.append("hangup" if self.calls // self.every % 2 else "503")
            return (HANG_UP if self.happened[-1] == "hangup" else 503), {}, b""
        parts = urlsplit(path)
        room = parts.path.lstrip("/").casefold()
        try:
            claims = self.claims(room, parse_qs(parts.query).get("jwt", [""])[0])
        except BadToken:
            return 403, {}, b""
        user = claims["context"]["user"]
        assert all(isinstance(value, str) for value in user.values())
        with self._lock:
            room = room.rpartition("/")[2]
            self._enter(room, user["id"], user["name"], user["moderator"] == "true", None)
        return 200, {}, b"<html>"

    def claims(self, room: str, token: str) -> dict[str, Any]:
        """What a token says that opens a room; raises `BadToken`."""
        claims = bearer.claims_of(
            token, secret=self.secret, algorithm="HS256", at=self.now().timestamp()
        )
        named = (claims.get("room"), claims.get("iss"), claims.get("aud"))
        if named != (room, self.app_id, self.app_id):
            raise BadToken
        user = claims["context"]["user"]
        assert (user["affiliation"] == "owner") is (user["moderator"] == "true")
        return claims

    def _inside(self, room: str) -> list[Stay]:
        return [one for one in self.truth if one.room == room and one.left_at is None]

    def _go(self, stay: Stay, why: str) -> None:
        stay.left_at = self.now()
        self._tell("occupant/left", "muc-occupant-left", stay.room, stay, why=why)
        part = stay.breakout
        if part is not None and all(one.breakout != part for one in self._inside(stay.room)):
            self._destroy(stay.room, part)

    def _enter(
        self, room: str, person: str, name: str, is_owner: bool, breakout: str | None,
        device: str = "",
    ) -> Stay:  # fmt: skip
        if (room, breakout) not in self.opened:
            self.opened[room, breakout] = self.now()
            self._tell("room/created", "muc-room-created", room, breakout)
        kind = "conference" if breakout is None else "breakout"
        number = f"{len(self.truth):08x}"
        jid, device = f"{breakout or room}@{kind}.meet.example.org/{number}", device or number
        stay = Stay(room, person, name, jid, device, is_owner, self.now(), breakout=breakout)
        self.truth.append(stay)
        self._tell("occupant/joined", "muc-occupant-joined", room, stay)
        return stay

    def _destroy(self, room: str, breakout: str | None) -> None:
        opened_at = self.opened.pop((room, breakout))
        here = [one for one in self.truth if (one.room, one.breakout) == (room, breakout)]
        event = {
            "created_at": opened_at.timestamp(),
            "destroyed_at": self.now().timestamp(),
            "all_occupants": [self._occupant(one) for one in here if one.joined_at >= opened_at],
        }
        self._tell("room/destroyed", "muc-room-destroyed", room, breakout, **event)

    def _occupant(self, stay: Stay) -> dict[str, Any]:
        told: dict[str, Any] = {
            "occupant_jid": stay.jid,
            "name": stay.name,
            "id": stay.person,
            "joined_at": stay.joined_at.timestamp(),
        }
        return told | ({"left_at": stay.left_at.timestamp()} if stay.left_at else {})

    def _tell(
        self, path: str, name: str, room: str, about: Stay | str | None, *, why: str = "",
        **more: Any,
    ) -> None:  # fmt: skip
        """Tell of somebody, or of a room: `about` is a stay, else the breakout room."""
        if name in self.loses:
            return
        breakout = about.breakout if isinstance(about, Stay) else about
        event = {
            "event_name": name,
            "room_name": room,
            "room_jid": f"{room}@conference.meet.example.org",
            "is_breakout": breakout is not None,
            "breakout_room_id": breakout,
            **more,
        }
        if isinstance(about, Stay):
            event["occupant"] = self._occupant(about)
        self.waiting.append((path, event))

    def post(self, path: str, event: dict[str, Any]) -> int:
        """Post one event, once; the status that came back, 0 for none."""
        headers = {"Authorization": f"Bearer {self.hook_secret}"}
        headers["Content-Type"] = "application/json"
        url = f"{self.events_to}/events/{path}"
        try:
            status = requests.post(
                url, data=json.dumps(event), headers=headers, timeout=5
            ).status_code
        except requests.RequestException:
            status = 0
        self.statuses.append(status)
        return status


@contextmanager
def jitsi(
    app_id: str, secret: str, now: Callable[[], datetime], *, hook_secret: str = ""
) -> Iterator[JitsiServer]:
    """A server that runs, at `url`."""
    server = JitsiServer(app_id, secret, hook_secret or secret, now)
    with answering(server.answer) as address:
        server.url = address
        yield server
