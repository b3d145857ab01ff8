"""Where somebody is, as far as the room tells: expected, waiting, here, gone, missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from remote_training.attendance import marks, roster, service
from remote_training.attendance.models import Status
from remote_training.attendance.roster import Line, Now
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import pulses
from remote_training.meetings.models import EventKind
from tests import make
from tests.attendance import hour
from tests.fakes import NOON

JOINED, LEFT, WAITING, WAITED, ADMITTED, ENDED = (
    EventKind.JOINED, EventKind.LEFT, EventKind.WAITING, EventKind.WAITED, EventKind.ADMITTED,
    EventKind.ENDED,
)  # fmt: skip
VISIT = "a" * 32
Look = Callable[[float], Line]


@pytest.fixture
def session(app: Flask) -> Session:
    return make.session(starts_at=NOON)


@pytest.fixture
def anna(session: Session) -> Booking:
    return hour.booked(session, "Anna Vos")


@pytest.fixture
def look(session: Session) -> Look:
    """Her line, some minutes after the beginning."""
    return lambda minute: roster.of(session, now=NOON + timedelta(minutes=minute))[0]


def be_on_our_page(booking: Booking, *, until: int) -> None:
    """She comes in as the class begins, and her page gives a sign of life each minute."""
    service.come_in(booking, VISIT, beats=True, now=NOON)
    for minute in range(1, until + 1):
        service.beat(booking, VISIT, now=NOON + timedelta(minutes=minute))
    db.session.commit()


@pytest.mark.parametrize(
    ("told", "minute", "where", "needs_call"),
    [
        pytest.param((), -5, Now.EXPECTED, False, id="before the class"),
        pytest.param((), 0, Now.MISSING, False, id="nothing told, begun"),
        pytest.param((), 5, Now.MISSING, True, id="nothing told after five minutes"),
        pytest.param(((WAITING, -2),), -1, Now.WAITING, False, id="in the waiting room"),
        pytest.param(((WAITING, -2),), 9, Now.WAITING, False, id="still in it: let her in"),
        pytest.param(((WAITING, -2), (WAITED, 1)), 6, Now.MISSING, True, id="gave up waiting"),
        pytest.param(((WAITING, -2), (ADMITTED, 0), (JOINED, 0)), 6, Now.HERE, False, id="let in"),
        pytest.param(((WAITED, 1), (WAITING, -2)), 6, Now.MISSING, True, id="in the wrong order"),
        pytest.param(((JOINED, 0), (WAITING, 4)), 6, Now.WAITING, False, id="put outside again"),
        pytest.param(((JOINED, 0), (LEFT, 10)), 12.9, Now.LEFT, False, id="gone, may come back"),
        pytest.param(((JOINED, 0), (LEFT, 10)), 13, Now.DROPPED, True, id="gone three minutes"),
        pytest.param(((JOINED, 0), (LEFT, 10)), 60, Now.LEFT, False, id="the class is over"),
        pytest.param(((JOINED, 0), (LEFT, 56)), 59.5, Now.LEFT, False, id="left at the end"),
        pytest.param(((JOINED, -8), (LEFT, -6)), 2.9, Now.LEFT, False, id="tried it before"),
        pytest.param(((JOINED, -8), (LEFT, -6)), 3, Now.DROPPED, True, id="tried, did not come"),
        pytest.param(((JOINED, 0), (LEFT, 10), (JOINED, 11)), 20, Now.HERE, False, id="back"),
    ],
)
def test_where_she_is(
    anna: Booking,
    look: Look,
    told: tuple[tuple[EventKind, float], ...],
    minute: float,
    where: Now,
    needs_call: bool,
) -> None:
    for kind, at in told:
        hour.tell(anna, kind, at)
    line = look(minute)
    assert (line.now, line.needs_call) == (where, needs_call)


def test_who_pressed_join_and_is_not_in_the_room_is_told_apart(anna: Booking, look: Look) -> None:
    hour.press(anna, -3)
    before, later = look(-1), look(6)
    assert (before.now, before.since) == (Now.PRESSED, NOON - timedelta(minutes=3))
    assert (later.now, later.needs_call) == (Now.PRESSED, True)
    hour.tell(anna, JOINED, 6)
    assert look(6.1).now is Now.HERE


def test_a_waiting_room_that_knows_her_by_another_visit_ends_with_her_coming_in(
    anna: Booking, look: Look
) -> None:
    hour.tell(anna, WAITING, -4, visit="before the host came")
    assert look(-3).now is Now.WAITING
    hour.tell(anna, JOINED, -2, visit="in the room")
    assert look(-1).now is Now.HERE
    hour.tell(anna, LEFT, 10, visit="in the room")
    assert look(20).now is Now.DROPPED


def test_a_line_that_broke_is_quiet_at_once_and_to_be_rung_later(anna: Booking, look: Look) -> None:
    hour.tell(anna, JOINED, 0)
    hour.tell(anna, LEFT, 10, is_lost=True)
    assert [(look(at).now, look(at).needs_call) for at in (10.5, 13)] == [
        (Now.QUIET, False),
        (Now.QUIET, True),
    ]


def test_a_page_of_ours_that_gives_no_sign_of_life_is_quiet_after_a_minute(
    anna: Booking, look: Look
) -> None:
    be_on_our_page(anna, until=10)
    db.session.commit()
    assert look(10.9).now is Now.HERE
    assert (look(11).now, look(11).needs_call) == (Now.QUIET, False)
    pulses.close_silent(now=NOON + timedelta(minutes=12))
    db.session.commit()
    assert (look(13).now, look(13).needs_call) == (Now.QUIET, True)


def test_who_left_our_page_by_its_button_is_not_quiet(anna: Booking, look: Look) -> None:
    be_on_our_page(anna, until=10)
    service.leave(anna, VISIT, by_button=True, now=NOON + timedelta(minutes=10))
    db.session.commit()
    assert [look(at).now for at in (12, 13)] == [Now.LEFT, Now.DROPPED]


def test_who_came_back_three_times_in_ten_minutes_loses_the_line(anna: Booking, look: Look) -> None:
    hour.tell(anna, JOINED, 0, visit="0")
    for number, at in enumerate((5, 7, 9)):
        hour.tell(anna, LEFT, at, visit=str(number))
        assert not look(at + 0.9).is_unsteady
        hour.tell(anna, JOINED, at + 1, visit=str(number + 1))
    assert look(11).is_unsteady
    assert look(11).now is Now.HERE
    assert not look(17).is_unsteady


def test_a_word_said_before_she_dropped_out_does_not_hide_it_and_one_after_it_does(
    anna: Booking, look: Look, session: Session
) -> None:
    def mark(status: Status, minute: float) -> None:
        now = NOON + timedelta(minutes=minute)
        marks.give(anna, status, reason="", now=now, by=session.trainer_id)
        db.session.commit()

    hour.tell(anna, JOINED, 0)
    mark(Status.ATTENDED, 5)
    hour.tell(anna, LEFT, 10)
    assert look(13).needs_call
    mark(Status.ATTENDED, 14)
    assert (look(15).now, look(15).needs_call) == (Now.DROPPED, False)


def test_how_long_is_waited_stands_in_the_study_file(app: Flask, anna: Booking, look: Look) -> None:
    kept = app.extensions["study"]
    rules = kept.rules.model_copy(update={"dropped_after_minutes": 8, "call_after_minutes": 2})
    hour.tell(anna, JOINED, 0)
    hour.tell(anna, LEFT, 10)
    app.extensions["study"] = kept.model_copy(update={"rules": rules})
    try:
        assert [look(at).now for at in (17, 18)] == [Now.LEFT, Now.DROPPED]
    finally:
        app.extensions["study"] = kept


def test_a_room_that_tells_of_nobody_is_said_to_be_silent(anna: Booking, session: Session) -> None:
    def is_silent() -> bool:
        return roster.is_silent(roster.of(session, now=NOON + timedelta(minutes=6)))

    assert not is_silent(), "nobody pressed Join: they are missing"
    hour.press(anna, -3)
    assert is_silent()
    hour.tell(hour.booked(session, "Bogna Kos"), JOINED, 5)
    assert not is_silent()


def test_twelve_are_counted(session: Session) -> None:
    hour.twelve(session)
    lines = roster.of(session, now=NOON + timedelta(minutes=20))
    assert roster.count(lines) == roster.Count(expected=12, waiting=1, here=5, left=2, missing=3)
    assert [line.name for line in lines[:7]] == [
        "Carla W.", "Dora S.", "Jo H.", "Kiki D.", "Lies B.", "Bogna K.", "Els B.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "where", "minutes"),
    [
        pytest.param(((JOINED, 0), (LEFT, 50)), Now.HERE, 20, id="a leaving that is to come"),
        pytest.param(((JOINED, 0), (LEFT, 20.5)), Now.LEFT, 20, id="their clock is a little ahead"),
        pytest.param(((JOINED, 25), (LEFT, 55)), Now.MISSING, 0, id="a visit that is to come"),
        pytest.param(((JOINED, 20.5),), Now.HERE, 0, id="came in, their clock a little ahead"),
        pytest.param(((WAITING, 25),), Now.MISSING, 0, id="waits in five minutes"),
        pytest.param(((JOINED, 0), (ENDED, 50)), Now.HERE, 20, id="an end that is to come"),
    ],
)
def test_time_that_has_not_come_does_not_count(
    anna: Booking,
    look: Look,
    told: tuple[tuple[EventKind, float], ...],
    where: Now,
    minutes: float,
) -> None:
    for kind, minute in told:
        hour.tell(anna, kind, minute)

    assert (look(20).now, look(20).minutes) == (where, minutes)
    assert service.recompute(anna, now=NOON + timedelta(minutes=20)).machine_minutes == minutes


def test_what_was_told_ahead_counts_when_its_time_has_come(anna: Booking, look: Look) -> None:
    hour.tell(anna, JOINED, 0)
    hour.tell(anna, LEFT, 50)

    assert [look(minute).minutes for minute in (20, 50, 60)] == [20, 50, 50]


def test_two_of_the_same_short_name_stand_with_their_whole_one(session: Session) -> None:
    for name in ("Anna Vos", "Anna Visser", "Bogna Kos"):
        hour.booked(session, name)

    assert [line.name for line in roster.of(session, now=NOON)] == [
        "Anna Visser", "Anna Vos", "Bogna K.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told", "is_contradicted"),
    [
        pytest.param(Status.EXCUSED, ((JOINED, 0),), True, id="excused, and came"),
        pytest.param(Status.NO_SHOW, ((JOINED, 0), (LEFT, 55)), True, id="was there to the end"),
        pytest.param(Status.EXCUSED, ((JOINED, -3), (LEFT, -1)), False, id="looked in before it"),
        pytest.param(Status.TECHNICAL, ((JOINED, 0),), False, id="trouble, and here"),
        pytest.param(Status.ATTENDED, ((JOINED, 0),), False, id="there"),
    ],
)
def test_a_mark_that_the_room_contradicts_stands_out(
    anna: Booking,
    look: Look,
    session: Session,
    said: Status,
    told: tuple[tuple[EventKind, float], ...],
    is_contradicted: bool,
) -> None:
    marks.give(anna, said, reason="she rang", now=NOON, by=session.trainer_id)
    for kind, minute in told:
        hour.tell(anna, kind, minute)

    assert look(59).is_contradicted is is_contradicted
