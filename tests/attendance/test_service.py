"""Coming in, going, settling, and a trainer's word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.attendance import evidence, queries, reaching, service
from remote_training.attendance.errors import DoorClosed, NoLinkNow, NotBegun
from remote_training.attendance.models import Attendance, Settlement, Status
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.contacts import whereabouts
from remote_training.core.db import db
from remote_training.core.reasons import ReasonNeeded
from remote_training.meetings import pulses
from remote_training.meetings.models import EventKind, MeetingEvent
from remote_training.messages.models import Message
from tests import make
from tests.attendance import hour
from tests.fakes import NOON

PHONE, LAPTOP = "a" * 32, "b" * 32
OVER = NOON + timedelta(minutes=62)


def minute(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def session(app: Flask) -> Session:
    return make.session(starts_at=NOON)


@pytest.fixture
def booking(session: Session) -> Booking:
    return make.booking(session=session)


def come(booking: Booking, at: float, visit: str = PHONE) -> None:
    service.come_in(booking, visit, beats=False, now=minute(at))


def leave(booking: Booking, at: float, visit: str = PHONE) -> None:
    service.leave(booking, visit, by_button=True, now=minute(at))


def known(booking: Booking) -> Attendance:
    row = queries.of_booking(booking.id)
    assert row is not None
    return row


def hear(booking: Booking, kind: EventKind, at: float, *, now: datetime, key: str) -> object:
    return service.hear(
        booking,
        now=now,
        provider="zoom",
        kind=kind,
        connection="uuid-1",
        happened_at=minute(at),
        key=key,
    )


def actions() -> list[str]:
    return list(db.session.scalars(sa.select(Entry.action).order_by(Entry.at, Entry.action)))


@pytest.mark.parametrize(
    ("at", "changes", "sentence"),
    [
        (-15.1, {}, "not open yet"),
        (60, {}, "over"),
        (0, {"called_off_at": NOON}, "does not take place"),
    ],
    ids=["too early", "over", "called off"],
)
def test_the_door_is_closed_and_says_why(
    session: Session, booking: Booking, at: float, changes: dict[str, datetime], sentence: str
) -> None:
    for name, value in changes.items():
        setattr(session, name, value)
    with pytest.raises(DoorClosed, match=sentence):
        come(booking, at)


def test_the_door_is_closed_for_who_gave_the_place_back(session: Session) -> None:
    with pytest.raises(DoorClosed, match="gave this place back"):
        come(make.booking(session=session, cancelled_at=NOON), 0)


@pytest.mark.parametrize("at", [-15, 0, 59.9], ids=["doors just open", "begins", "last minute"])
def test_the_door_is_open_to_the_end(booking: Booking, at: float) -> None:
    come(booking, at)
    assert known(booking).first_joined_at == minute(at)


def test_two_devices_and_a_reconnect_count_once(booking: Booking) -> None:
    come(booking, -5)
    come(booking, 20, LAPTOP)
    leave(booking, 30)
    leave(booking, 40, LAPTOP)
    come(booking, 50, "c" * 32)
    leave(booking, 61, "c" * 32)
    row = known(booking)
    assert row.machine_minutes == 50
    assert (row.first_joined_at, row.last_left_at) == (minute(-5), minute(61))
    assert (row.machine_status, row.is_imputed) == (Status.ATTENDED, False)


def test_settling_gives_every_place_a_status_once(session: Session, booking: Booking) -> None:
    late, absent = make.booking(session=session), make.booking(session=session)
    gone = make.booking(session=session, cancelled_at=NOON)
    come(booking, 0)
    come(late, 11, LAPTOP)
    assert service.settle(now=minute(60)) == 0
    assert service.settle(now=OVER) == 1
    assert service.settle(now=OVER) == 0
    assert known(booking).machine_status is Status.ATTENDED
    assert (known(late).machine_status, known(late).machine_minutes) == (Status.LATE, 49)
    assert known(late).is_imputed
    assert known(absent).machine_status is Status.NO_SHOW
    assert queries.of_booking(gone.id) is None


def test_where_nobody_was_seen_it_is_not_known_who_was_there(booking: Booking) -> None:
    service.settle(now=OVER)
    assert known(booking).machine_status is None


def test_a_class_that_was_called_off_is_not_settled(session: Session, booking: Booking) -> None:
    session.called_off_at = NOON
    db.session.commit()
    assert service.settle(now=OVER) == 0
    assert queries.of_booking(booking.id) is None


def test_settling_takes_as_many_statements_for_twelve_as_for_two(
    app: Flask, count_queries: list[str]
) -> None:
    counts = []
    for people in (2, 12):
        session = make.session(starts_at=NOON)
        for _ in range(people):
            make.booking(session=session)
        count_queries.clear()
        service.settle(now=OVER)
        db.session.commit()
        counts.append(len([one for one in count_queries if one.lstrip().startswith("SELECT")]))
        assert db.session.scalar(sa.select(sa.func.count(Settlement.id))) == len(counts)
    assert counts[0] == counts[1]


def test_a_report_that_comes_a_day_late_corrects_everybody(
    session: Session, booking: Booking
) -> None:
    other = make.booking(session=session)
    service.settle(now=OVER)
    tomorrow = minute(24 * 60)
    hear(booking, EventKind.LEFT, 40, now=tomorrow, key="2")
    assert known(booking).machine_status is None, "nobody knows when she came"
    hear(booking, EventKind.JOINED, 0, now=tomorrow, key="1")
    assert (known(booking).machine_status, known(booking).machine_minutes) == (Status.ATTENDED, 40)
    assert known(other).machine_status is Status.NO_SHOW


def test_a_repeated_report_changes_nothing(booking: Booking) -> None:
    hear(booking, EventKind.JOINED, 0, now=NOON, key="1")
    computed_at = known(booking).computed_at
    assert hear(booking, EventKind.JOINED, 0, now=minute(9), key="1") is None
    assert known(booking).computed_at == computed_at


def test_settling_does_not_depend_on_whether_silent_visits_were_closed(session: Session) -> None:
    found = []
    for is_swept in (True, False):
        booking = make.booking(session=session)
        visit = str(int(is_swept)) * 32
        service.come_in(booking, visit, beats=True, now=minute(0))
        for beat in range(1, 21):
            service.beat(booking, visit, now=minute(beat))
        if is_swept:
            pulses.close_silent(now=minute(30))
        found.append(booking)
    service.settle(now=OVER)
    assert [known(booking).machine_minutes for booking in found] == [20, 20]
    assert [known(booking).is_imputed for booking in found] == [True, True]


def test_a_heartbeat_after_a_cancellation_ends_the_visit(booking: Booking) -> None:
    service.come_in(booking, PHONE, beats=True, now=minute(-5))
    booking.cancelled_at = minute(-4)
    assert not service.beat(booking, PHONE, now=minute(-4))
    kinds = db.session.scalars(sa.select(MeetingEvent.kind).order_by(MeetingEvent.happened_at))
    assert list(kinds) == [EventKind.JOINED, EventKind.LEFT]


class TestATrainersWord:
    """It counts; what the machine said stays beside it."""

    @pytest.fixture(autouse=True)
    def nobody_came_but_one(self, session: Session, booking: Booking) -> Iterator[None]:
        come(make.booking(session=session), 0, LAPTOP)
        service.settle(now=OVER)
        yield

    def test_it_overrules_the_machine_with_a_reason(self, booking: Booking) -> None:
        trainer = make.trainer()
        service.set_status(booking, Status.TECHNICAL, reason=" no\nsound ", now=OVER, by=trainer.id)
        row = known(booking)
        assert (row.machine_status, row.status) == (Status.NO_SHOW, Status.TECHNICAL)
        assert row.counts_as is Status.TECHNICAL
        assert (row.reason, row.set_by_id, row.set_at) == ("no sound", trainer.id, OVER)
        entry = db.session.scalars(sa.select(Entry)).one()
        assert (entry.action, entry.actor_id) == ("attendance.set_status", trainer.id)
        assert entry.detail == {"status": "technical", "before": None, "machine": "no_show"}

    def test_it_is_refused_without_a_reason_and_nothing_is_written(self, booking: Booking) -> None:
        with pytest.raises(ReasonNeeded, match="write why"):
            service.set_status(
                booking, Status.ATTENDED, reason="  ", now=OVER, by=make.trainer().id
            )
        assert known(booking).status is None
        assert actions() == []

    def test_it_needs_no_reason_where_it_agrees(self, booking: Booking) -> None:
        service.set_status(booking, Status.NO_SHOW, reason="", now=OVER, by=make.trainer().id)
        assert known(booking).reason is None

    def test_it_can_be_taken_back(self, booking: Booking) -> None:
        trainer = make.trainer().id
        service.set_status(booking, Status.EXCUSED, reason="ill", now=OVER, by=trainer)
        service.set_status(booking, None, reason="", now=OVER, by=trainer)
        row = known(booking)
        assert (row.status, row.reason, row.set_by_id) == (None, None, None)
        assert row.counts_as is Status.NO_SHOW
        assert actions() == ["attendance.set_status"] * 2

    def test_it_survives_a_late_report(self, booking: Booking) -> None:
        service.set_status(booking, Status.EXCUSED, reason="ill", now=OVER, by=make.trainer().id)
        hear(booking, EventKind.JOINED, 0, now=OVER, key="1")
        assert known(booking).machine_status is Status.ATTENDED
        assert known(booking).counts_as is Status.EXCUSED


@pytest.mark.parametrize("reason", ["", "\u200b\u2060", "\x00\u202e"])
def test_during_the_class_a_word_against_what_was_seen_needs_a_reason(
    booking: Booking, reason: str
) -> None:
    hear(booking, EventKind.JOINED, 0, now=minute(1), key="1")
    trainer = make.trainer().id
    with pytest.raises(ReasonNeeded):
        service.set_status(booking, Status.NO_SHOW, reason=reason, now=minute(2), by=trainer)
    assert known(booking).status is None
    service.set_status(booking, Status.ATTENDED, reason=reason, now=minute(2), by=trainer)
    service.set_status(booking, Status.NO_SHOW, reason="her sister", now=minute(3), by=trainer)
    assert known(booking).status is Status.NO_SHOW


def test_before_the_class_somebody_can_only_be_excused(booking: Booking) -> None:
    trainer = make.trainer().id
    with pytest.raises(NotBegun, match="not begun"):
        service.set_status(booking, Status.NO_SHOW, reason="x", now=minute(-1), by=trainer)
    service.set_status(booking, Status.EXCUSED, reason="", now=minute(-1), by=trainer)
    assert known(booking).counts_as is Status.EXCUSED


def test_the_link_is_sent_again_once_a_minute(booking: Booking) -> None:
    trainer = make.trainer().id
    for at in (0, 0.1, 2):
        reaching.send_link(booking, now=minute(at), by=trainer)
    db.session.flush()
    sent = db.session.scalars(sa.select(Message).order_by(Message.queued_at)).all()
    assert [message.kind for message in sent] == ["join_link"] * 2
    assert sent[0].facts == {"booking_id": str(booking.id)}
    assert sent[0].contact_id == booking.participant.contact_id
    assert actions() == ["attendance.send_link"] * 2


def test_no_link_is_sent_to_a_class_that_is_over_or_called_off(
    session: Session, booking: Booking
) -> None:
    with pytest.raises(NoLinkNow):
        reaching.send_link(booking, now=OVER, by=make.trainer().id)
    session.called_off_at = NOON
    with pytest.raises(NoLinkNow):
        reaching.send_link(booking, now=NOON, by=make.trainer().id)
    assert db.session.scalar(sa.select(sa.func.count(Message.id))) == 0


def test_where_she_was_is_forgotten_two_days_later(booking: Booking) -> None:
    contact_id = booking.participant.contact_id
    whereabouts.tell(contact_id, booking.id, place="Dorpsstraat 1", now=NOON)
    service.settle(now=NOON + timedelta(days=2))
    assert whereabouts.of(booking.id) is not None
    service.settle(now=NOON + timedelta(days=2, seconds=1))
    db.session.expire_all()
    assert whereabouts.of(booking.id) is None


def test_what_she_told_is_sealed_and_replaced(booking: Booking) -> None:
    contact_id = booking.participant.contact_id
    for place in ("Dorpsstraat 1", "Kade 2"):
        row = whereabouts.tell(contact_id, booking.id, place=place, now=NOON)
    assert row.place == "Kade 2"
    raw = db.session.execute(sa.text("SELECT place_sealed FROM whereabouts")).scalars().all()
    assert len(raw) == 1
    assert b"Kade" not in bytes(raw[0])


@pytest.mark.parametrize("turn", [1, -1], ids=["told in order", "told backwards"])
def test_what_is_told_of_one_moment_stands_in_the_order_in_which_it_must_have_been(
    app: Flask, turn: int
) -> None:
    session = make.session(starts_at=NOON)
    anna = hour.booked(session, "Anna Vos")
    wanted = [
        (EventKind.WAITING, 0, "a"), (EventKind.ADMITTED, 0, "a"), (EventKind.JOINED, 0, "a"),
        (EventKind.LEFT, 10, "a"), (EventKind.JOINED, 10, "b"), (EventKind.LEFT, 10, "b"),
    ]  # fmt: skip
    for kind, minute, visit in wanted[::turn]:
        hour.tell(anna, kind, minute, visit=visit)

    steps = evidence.of(anna, now=NOON + timedelta(hours=1)).steps

    assert [step.kind for step in steps] == [kind for kind, _, _ in wanted]
    assert [step.device for step in steps] == [1, 1, 1, 1, 2, 2]
