"""What each provider tells of somebody, and where the trainer's page says she is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from remote_training.attendance import roster
from remote_training.attendance.roster import Line, Now
from remote_training.bookings.models import Booking
from remote_training.hooks import jitsi_events, zoom_events
from remote_training.meetings.models import EventKind
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.conftest import register, room, work
from tests.hooks.sending import bbb_body, bbb_event, jitsi_person, zoom_person

Hear = Callable[[float, bytes], Line]
BROKE = "Ada network left the meeting.<br>Reason: Network connection error."
WENT = "Ada network left the meeting.<br>Reason: left the meeting."
ENDED = "Ada left the meeting.<br>Reason: Host ended the meeting."
NO_VISIT = {"user_id": None, "participant_uuid": None}


def line(app: Flask, booking: Booking, clock: FakeClock, second: float) -> Line:
    """Her line after the worker has been there."""
    clock.moment = NOON + timedelta(seconds=second)
    work(app)
    return roster.of(booking.session, now=clock.moment)[0]


@pytest.fixture
def zoom(app: Flask, browser: FlaskClient, booking: Booking, clock: FakeClock) -> Hear:
    """Let Zoom tell something, some seconds after the beginning."""
    register(room(booking), booking)

    def hear(second: float, body: bytes) -> Line:
        clock.moment = NOON + timedelta(seconds=second)
        assert sending.send_zoom(browser, body, stamp=clock.moment).status_code == 204
        return line(app, booking, clock, second)

    return hear


def test_zoom_tells_of_the_waiting_room(zoom: Hear) -> None:
    assert zoom(-60, zoom_person("participant_joined_waiting_room", -60)).now is Now.WAITING
    zoom(20, zoom_person("participant_admitted", 20))
    assert zoom(21, zoom_person("participant_joined", 21)).now is Now.HERE
    assert zoom(90, zoom_person("participant_put_in_waiting_room", 90)).now is Now.WAITING
    assert zoom(95, zoom_person("participant_left_waiting_room", 95)).now is Now.LEFT


def test_zoom_tells_of_who_waits_for_the_host_before_there_is_a_visit(zoom: Hear) -> None:
    assert zoom(-60, zoom_person("participant_jbh_waiting", -60, **NO_VISIT)).now is Now.WAITING
    left = zoom_person("participant_jbh_waiting_left", -30, spelled="leave_time", **NO_VISIT)
    assert zoom(-30, left).now is Now.EXPECTED
    zoom(-20, zoom_person("participant_jbh_waiting", -20, **NO_VISIT))
    assert zoom(5, zoom_person("participant_joined", 5)).now is Now.HERE


@pytest.mark.parametrize(
    ("why", "where"),
    [(BROKE, Now.QUIET), (WENT, Now.LEFT), (ENDED, Now.LEFT), (None, Now.LEFT)],
    ids=["the line broke", "she left, and is called network", "the host ended it", "no reason"],
)
def test_zoom_tells_whether_a_line_broke(zoom: Hear, why: str | None, where: Now) -> None:
    zoom(0, zoom_person("participant_joined", 0))
    assert zoom(300, zoom_person("participant_left", 300, leave_reason=why)).now is where


def test_an_event_of_the_waiting_room_that_comes_again_or_late_changes_nothing(
    zoom: Hear,
) -> None:
    zoom(0, zoom_person("participant_joined", 0))
    late = zoom_person("participant_joined_waiting_room", -60)
    assert [zoom(second, late).now for second in (10, 11)] == [Now.HERE] * 2


def test_bigbluebutton_tells_of_coming_and_going_and_of_no_waiting(
    app: Flask, browser: FlaskClient, booking: Booking, clock: FakeClock
) -> None:
    place = room(booking, "bigbluebutton", "class-1").external_id
    her = {"meeting": place, "person": str(booking.id)}

    def hear(second: float, kind: str) -> Now:
        clock.moment = NOON + timedelta(seconds=second)
        body = bbb_body(bbb_event(kind, second, **her), moment=clock.moment)
        assert sending.send_bbb(browser, body).status_code < 300
        return line(app, booking, clock, second).now

    assert hear(-60, "user-guest-waiting") is Now.EXPECTED
    assert hear(5, "user-joined") is Now.HERE
    assert hear(300, "user-left") is Now.LEFT
    assert line(app, booking, clock, 300 + 179).now is Now.LEFT
    gone = line(app, booking, clock, 300 + 180)
    assert (gone.now, gone.needs_call) == (Now.DROPPED, True)


def test_jitsi_tells_of_coming_and_going(
    app: Flask, browser: FlaskClient, booking: Booking, clock: FakeClock
) -> None:
    place = room(booking, "jitsi", "class-1").external_id

    def hear(second: float, kind: str) -> Now:
        clock.moment = NOON + timedelta(seconds=second)
        body = jitsi_person(kind, second, room=place, person=str(booking.id), joined=5)
        assert sending.send_jitsi(browser, body).status_code < 300
        return line(app, booking, clock, second).now

    assert hear(5, "joined") is Now.HERE
    assert hear(300, "left") is Now.LEFT
    assert line(app, booking, clock, 480).now is Now.DROPPED


def test_who_is_in_a_breakout_room_of_jitsi_is_here(
    app: Flask, browser: FlaskClient, booking: Booking, clock: FakeClock
) -> None:
    place, part = room(booking, "jitsi", "class-1").external_id, {"visit": "b@breakout.x/a"}

    def hear(second: float, kind: str, **told: Any) -> None:
        clock.moment = NOON + timedelta(seconds=second)
        body = jitsi_person(kind, second, room=place, person=str(booking.id), **told)
        assert sending.send_jitsi(browser, body).status_code < 300

    hear(5, "joined")
    hear(300, "left")
    hear(302, "joined", is_breakout=True, breakout="b", **part)
    assert line(app, booking, clock, 900).now is Now.HERE
    hear(910, "left", is_breakout=True, breakout="b", **part)
    assert line(app, booking, clock, 910 + 180).now is Now.DROPPED


@pytest.mark.parametrize(
    ("goes_to", "is_unsteady"),
    [(("b", "", "c", ""), False), (("b", "b", "b", "b"), True), (("", "", "", ""), True)],
    ids=["from room to room", "a bad line in a breakout room", "a bad line"],
)
def test_a_change_of_breakout_room_is_no_lost_line(
    app: Flask,
    browser: FlaskClient,
    booking: Booking,
    clock: FakeClock,
    goes_to: Sequence[str],
    is_unsteady: bool,
) -> None:
    place, second = room(booking, "jitsi", "class-1").external_id, 5

    def hear(kind: str, part: str) -> None:
        clock.moment = NOON + timedelta(seconds=second)
        told = {"is_breakout": True, "breakout": part} if part else {}
        body = jitsi_person(kind, second, room=place, person=str(booking.id), **told)
        assert sending.send_jitsi(browser, body).status_code < 300

    parts = (goes_to[-1], *goes_to)
    hear("joined", parts[0])
    for before, after in pairwise(parts):
        second += 60
        hear("left", before)
        second += 3
        hear("joined", after)
    found = line(app, booking, clock, second + 1)
    assert (found.now, found.is_unsteady) == (Now.HERE, is_unsteady)


@pytest.mark.parametrize(
    "event", ["ROOM_CREATED", "ROOM_DESTROYED", "PARTICIPANT_JOINED", "PARTICIPANT_LEFT"]
)
def test_of_a_breakout_room_of_8x8_only_people_are_told_each_by_a_visit_of_its_own(
    event: str,
) -> None:
    main = _told_by_8x8(event)
    part = _told_by_8x8(event, isBreakout=True, breakoutRoomId="b")
    assert [one.external_id for one in main] == ["class-1"]
    if event.startswith("ROOM"):
        assert part == []
    else:
        assert [one.external_id for one in part] == ["class-1"]
        assert main[0].connection != part[0].connection


@pytest.mark.parametrize(
    ("name", "kind"),
    [("PARTICIPANT_JOINED_LOBBY", EventKind.WAITING), ("PARTICIPANT_LEFT_LOBBY", EventKind.WAITED)],
    ids=["into the lobby", "out of it"],
)
def test_8x8_tells_of_its_lobby(name: str, kind: EventKind) -> None:
    told = _told_by_8x8(name)
    assert [(one.kind, one.external_id, one.person) for one in told] == [(kind, "class-1", "her")]


def _told_by_8x8(name: str, **more: Any) -> Sequence[zoom_events.Told]:
    data = {"participantId": "p1", "id": "her", "name": "Ada"} | more
    event = {
        "eventType": name, "sessionId": "s", "fqn": "vpaas/class-1",
        "timestamp": sending.ms(NOON), "data": data,
    }  # fmt: skip
    return jitsi_events.read(json.dumps(event))
