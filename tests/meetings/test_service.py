"""Rooms and reports: kept once, in any order; visits in the room of our own."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import pulses, queries, service
from remote_training.meetings.errors import WrongRoom
from remote_training.meetings.models import EventKind, MeetingEvent, MeetingRoom
from remote_training.outside.meetings import (
    MeetingProvider,
    MeetingUnavailable,
    Room,
    WantedRoom,
)
from remote_training.outside.offline import OfflineMeetings
from tests import make
from tests.fakes import NOON

VISIT = "0" * 32


class ProviderAway(OfflineMeetings):
    """A provider that does not answer."""

    def open_room(self, wanted: WantedRoom) -> Room:
        raise MeetingUnavailable


@pytest.fixture
def booking(app: Flask) -> Booking:
    return make.booking(session=make.session(starts_at=NOON))


def report(booking: Booking, **changes: object) -> MeetingEvent | None:
    plain: dict[str, object] = {
        "provider": "zoom",
        "session_id": booking.session_id,
        "booking_id": booking.id,
        "kind": EventKind.JOINED,
        "connection": "uuid-1",
        "happened_at": NOON,
        "key": "zoom/1",
        "now": NOON,
    }
    return service.receive(**plain | changes)  # type: ignore[arg-type]


def events() -> list[tuple[str, int, bool]]:
    """Kind, minute, and whether it was presumed, by time."""
    rows = db.session.scalars(sa.select(MeetingEvent).order_by(MeetingEvent.happened_at))
    return [
        (row.kind, round((row.happened_at - NOON) / timedelta(minutes=1)), row.is_imputed)
        for row in rows
    ]


def minute(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_a_room_of_the_same_name_at_another_provider_is_another_room(booking: Booking) -> None:
    """BigBlueButton and Jitsi name the room of a class alike."""
    bigbluebutton, jitsi = (OfflineMeetings(""), OfflineMeetings(""))
    bigbluebutton.name, jitsi.name = "bigbluebutton", "jitsi"
    for provider in (bigbluebutton, jitsi):
        service.opened(booking.session, provider, Room("class-1"), now=NOON)
        db.session.commit()
        known = queries.room(booking.session_id)
        assert known is not None
        assert known.provider == provider.name


def open_room(session: Session, *, now: datetime) -> MeetingRoom | None:
    """Open a room as a click does."""
    service.open_our_page(session, now=now)
    return queries.room(session.id)


def test_a_room_is_opened_once_and_stays_the_same(booking: Booking) -> None:
    first = open_room(booking.session, now=NOON)
    again = open_room(booking.session, now=minute(5))
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert first.provider == "offline"
    assert db.session.scalar(sa.select(sa.func.count(MeetingRoom.id))) == 1


def test_a_provider_that_does_not_answer_opens_no_room(app: Flask, booking: Booking) -> None:
    meetings = app.extensions["outside"].meetings
    kept: MeetingProvider = meetings["offline"]
    meetings["offline"] = ProviderAway("http://localhost")
    try:
        assert open_room(booking.session, now=NOON) is None
    finally:
        meetings["offline"] = kept
    room = open_room(booking.session, now=NOON)
    assert room is not None
    assert room.provider == "offline"


def test_a_report_that_comes_five_times_is_kept_once(booking: Booking) -> None:
    assert [report(booking) is not None for _ in range(5)] == [True, False, False, False, False]
    assert events() == [("joined", 0, False)]


def test_a_report_keeps_the_time_of_the_provider_and_ours(booking: Booking) -> None:
    event = report(booking, happened_at=minute(-2), now=minute(300))
    assert event is not None
    assert (event.happened_at, event.received_at) == (minute(-2), minute(300))


def test_a_report_for_the_wrong_class_counts_for_nobody(booking: Booking) -> None:
    other = make.session(starts_at=NOON)
    with pytest.raises(WrongRoom):
        report(booking, session_id=other.id)
    with pytest.raises(WrongRoom):
        report(booking, booking_id=uuid4())
    assert report(booking) is not None


def test_coming_in_twice_with_one_press_is_one_visit(booking: Booking) -> None:
    assert pulses.come_in(booking, VISIT, beats=True, now=NOON)
    assert not pulses.come_in(booking, VISIT, beats=True, now=minute(0.01))
    assert events() == [("joined", 0, False)]


def test_a_connection_of_somebody_else_is_refused(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=NOON)
    other = make.booking(session=booking.session)
    for verb in (
        lambda who: pulses.come_in(who, VISIT, beats=True, now=NOON),
        lambda who: pulses.beat(who, VISIT, now=NOON),
        lambda who: pulses.leave(who, VISIT, by_button=True, now=NOON),
    ):
        with pytest.raises(WrongRoom):
            verb(other)
    assert pulses.beat(booking, VISIT, now=NOON)


def test_a_visit_without_a_sign_of_life_is_closed_at_the_last_one(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=minute(9))
    pulses.beat(booking, VISIT, now=minute(10))
    assert pulses.close_silent(now=minute(10.5)) == 0
    assert pulses.close_silent(now=minute(11)) == 1
    assert pulses.close_silent(now=minute(12)) == 0
    assert events() == [("joined", 9, False), ("left", 10, True)]


def test_without_a_script_she_is_taken_to_stay_to_the_end(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=False, now=NOON)
    assert pulses.close_silent(now=minute(59)) == 0
    assert pulses.close_silent(now=minute(61)) == 1
    assert events() == [("joined", 0, False), ("left", 60, True)]


def test_without_a_script_the_leave_button_still_counts(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=False, now=NOON)
    pulses.leave(booking, VISIT, by_button=True, now=minute(20))
    assert pulses.close_silent(now=minute(61)) == 0
    assert events() == [("joined", 0, False), ("left", 20, False)]


def test_after_the_leave_button_a_late_heartbeat_does_not_bring_her_back(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=NOON)
    pulses.leave(booking, VISIT, by_button=True, now=minute(1))
    pulses.leave(booking, VISIT, by_button=True, now=minute(2))
    assert not pulses.beat(booking, VISIT, now=minute(2))
    assert events() == [("joined", 0, False), ("left", 1, False)]


def test_a_page_that_was_reloaded_comes_back_with_its_next_heartbeat(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=NOON)
    pulses.leave(booking, VISIT, by_button=False, now=minute(0.1))
    assert pulses.beat(booking, VISIT, now=minute(0.2))
    reports = queries.reports([booking.session_id], now=minute(0.2))
    assert len(reports[booking.session_id][booking.id]) == 3
    assert pulses.beat(booking, VISIT, now=minute(0.5))


@pytest.mark.parametrize("is_swept", [True, False], ids=["the worker came by", "it did not"])
def test_after_a_long_silence_she_is_back_from_now_on(booking: Booking, is_swept: bool) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=NOON)
    if is_swept:
        pulses.close_silent(now=minute(5))
    pulses.beat(booking, VISIT, now=minute(30))
    assert events() == [("joined", 0, False), ("left", 0, True), ("joined", 30, False)]


@pytest.mark.parametrize("is_swept", [True, False], ids=["the worker came by", "it did not"])
def test_a_heartbeat_that_was_a_little_late_leaves_no_gap(booking: Booking, is_swept: bool) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=minute(9))
    pulses.beat(booking, VISIT, now=minute(10))
    if is_swept:
        pulses.close_silent(now=minute(11.2))
    pulses.beat(booking, VISIT, now=minute(11.5))
    found = queries.reports([booking.session_id], now=minute(11.5))[booking.session_id][booking.id]
    gaps = [report.at for report in found if report.at > minute(9)]
    assert set(gaps) <= {minute(10)}
    assert len(gaps) == (2 if is_swept else 0)


def test_a_heartbeat_after_the_end_closes_the_visit_at_the_end(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=minute(59))
    pulses.beat(booking, VISIT, now=minute(59.9))
    assert not pulses.beat(booking, VISIT, now=minute(60.1))
    assert events() == [("joined", 59, False), ("left", 60, False)]


def test_a_heartbeat_of_a_visit_that_never_began_is_refused(booking: Booking) -> None:
    assert not pulses.beat(booking, VISIT, now=NOON)
    pulses.leave(booking, VISIT, by_button=True, now=NOON)
    assert events() == []


def test_reports_say_who_went_silent_before_the_worker_does(booking: Booking) -> None:
    pulses.come_in(booking, VISIT, beats=True, now=NOON)
    pulses.beat(booking, VISIT, now=minute(1))
    before = queries.reports([booking.session_id], now=minute(5))[booking.session_id]
    pulses.close_silent(now=minute(5))
    after = queries.reports([booking.session_id], now=minute(5))[booking.session_id]
    assert before == after
    assert [report.is_imputed for report in before[booking.id]] == [False, True]
