from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.bookings import queries, service
from remote_training.bookings.errors import (
    AlreadyBooked,
    BookingClosed,
    GivenBack,
    HasBegun,
    NotBegun,
    NotCleared,
    NotTakingPart,
    OtherKind,
    OtherProgramme,
    Overlap,
    ProgrammeOver,
    SessionFull,
    WeekFull,
)
from remote_training.bookings.models import Booking
from remote_training.classes.errors import ClassOver
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.reasons import ReasonNeeded
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")


def book(who, session, *, now=NOON):
    booking = service.book(who, session, now=now, by=who.account_id)
    db.session.commit()
    return booking


def cancel(booking, *, now=NOON):
    service.cancel(booking, now=now, by=None)
    db.session.commit()


def kinds():
    return [row.kind for row in db.session.scalars(sa.select(Message).order_by(Message.queued_at))]


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def refused(error, who, session, *, now=NOON):
    with pytest.raises(error) as caught:
        service.book(who, session, now=now, by=None)
    db.session.rollback()
    assert count(Booking) == count(Message) == count(Entry) == 0
    return str(caught.value)


def test_a_booking_holds_a_place_and_tells_it():
    ada, session = make.participant(), make.session()

    booking = book(ada, session)

    assert booking.is_live
    assert booking.booked_at == NOON
    assert session.taken == 1
    message = db.session.scalars(sa.select(Message)).one()
    assert (message.kind, message.facts) == ("booking_confirmed", {"booking_id": str(booking.id)})
    assert message.contact_id == ada.contact_id
    assert message.not_after == session.starts_at
    entry = db.session.scalars(sa.select(Entry)).one()
    assert (entry.action, entry.actor_id) == ("bookings.book", ada.account_id)


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        pytest.param({"consented_on": None}, NotTakingPart, "agreed", id="no consent"),
        pytest.param({"withdrawn_on": make.TODAY}, NotTakingPart, "have left", id="has left"),
        pytest.param({"cleared_on": None}, NotCleared, "safe for you", id="not cleared"),
        pytest.param({"baseline_on": None}, NotBegun, "not yet known", id="no baseline"),
        pytest.param({"arm": None}, NotBegun, "not yet known", id="not allocated"),
        pytest.param({"arm": "waitlist"}, NotBegun, "16 February 2027", id="classes come later"),
        pytest.param(
            {"baseline_on": make.TODAY + timedelta(days=2)}, NotBegun, "26 November", id="too early"
        ),
    ],
)
def test_no_place_for_whom_it_is_not_time(facts, error, words):
    sentence = refused(error, make.participant(**facts), make.session())

    assert words in sentence
    assert "wait" not in sentence.lower()
    assert "exercise arm" not in sentence


def test_who_waited_books_from_her_first_day_on():
    ada = make.participant(arm="waitlist")
    day_before = make.session(starts_at=NOON + timedelta(weeks=12, days=-1))
    first_day = make.session(starts_at=NOON + timedelta(weeks=12))

    refused(NotBegun, ada, day_before)

    assert book(ada, first_day).is_live


def test_only_the_classes_of_her_own_complaint():
    ada = make.participant(complaint="neuropathy")

    refused(OtherProgramme, ada, make.session(module="fatigue"))

    assert book(ada, make.session(module="neuropathy")).is_live


def test_a_class_of_another_site_is_not_there():
    refused(NotFound, make.participant(), make.session(site=make.site("melbourne")))


def test_no_place_once_the_class_has_begun():
    session = make.session(starts_at=NOON + timedelta(minutes=1))
    ada = make.participant()

    refused(BookingClosed, ada, session, now=session.starts_at)

    assert book(ada, session).is_live


def test_no_place_in_a_class_that_was_called_off():
    refused(BookingClosed, make.participant(), make.session(called_off_at=NOON))


def test_nobody_is_in_two_classes_at_once():
    ada = make.participant()
    book(ada, make.session())
    half_past = make.session(starts_at=NOON + timedelta(days=1, minutes=59), module="neuropathy")
    right_after = make.session(starts_at=NOON + timedelta(days=1, minutes=60))

    with pytest.raises(Overlap, match="Wednesday 25 November, 13:00"):
        service.book(ada, half_past, now=NOON, by=None)
    db.session.rollback()

    assert book(ada, right_after).is_live


def test_a_class_that_was_called_off_stands_in_nobodys_way():
    ada, off = make.participant(), make.session()
    book(ada, off)
    service.call_off(off, now=NOON, by=None, reason="The trainer is ill")

    assert book(ada, make.session()).is_live


def test_nobody_books_twice_but_anybody_may_come_back():
    ada, session = make.participant(), make.session()
    first = book(ada, session)
    with pytest.raises(AlreadyBooked):
        service.book(ada, session, now=NOON, by=None)
    db.session.rollback()

    cancel(first)
    again = book(ada, session)

    assert again.is_live
    assert again.calendar_uid != first.calendar_uid
    assert session.taken == 1


def test_a_second_press_gives_the_same_booking():
    ada, session = make.participant(), make.session()

    first = service.book_once(ada, session, now=NOON, by=None)
    second = service.book_once(ada, session, now=NOON, by=None)

    assert second is first
    assert kinds() == ["booking_confirmed"]
    assert session.taken == 1


def test_a_full_class_takes_nobody_more():
    session = make.session(places=1)
    book(make.participant(), session)

    with pytest.raises(SessionFull):
        service.book(make.participant(), session, now=NOON, by=None)
    db.session.rollback()

    assert count(Booking) == session.taken == 1


def test_the_same_person_hears_that_she_is_in_not_that_it_is_full():
    ada, session = make.participant(), make.session(places=1)
    book(ada, session)

    with pytest.raises(AlreadyBooked):
        service.book(ada, session, now=NOON, by=None)


def test_a_place_given_back_can_be_taken():
    session = make.session(places=1)
    first = book(make.participant(), session)

    cancel(first)

    assert session.taken == 0
    assert book(make.participant(), session).is_live


def test_cancelling_twice_changes_nothing():
    booking = book(make.participant(), make.session())
    book(make.participant(), booking.session)

    cancel(booking)
    cancel(booking, now=NOON + timedelta(hours=1))

    assert booking.cancelled_at == NOON
    assert booking.sequence == 1
    assert booking.session.taken == 1
    assert kinds().count("booking_cancelled") == 1


def test_a_class_that_has_begun_is_not_cancelled():
    booking = book(make.participant(), make.session())

    with pytest.raises(HasBegun):
        service.cancel(booking, now=booking.session.starts_at, by=None)
    db.session.rollback()

    assert booking.is_live
    assert booking.session.taken == 1


def test_calling_off_tells_everybody_once_and_keeps_their_bookings():
    session = make.session()
    stays, left = book(make.participant(), session), book(make.participant(), session)
    cancel(left)

    told = service.call_off(session, now=NOON, by=None, reason="The trainer is ill")
    again = service.call_off(session, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()

    assert list(told) == [stays]
    assert again == []
    assert session.is_called_off
    assert (stays.is_live, stays.sequence) == (True, 1)
    assert kinds().count("class_called_off") == 1
    entry = db.session.scalars(sa.select(Entry).where(Entry.action == "classes.call_off")).one()
    assert entry.reason == "The trainer is ill"


def test_calling_off_asks_why():
    with pytest.raises(ReasonNeeded):
        service.call_off(make.session(), now=NOON, by=None, reason=" ")


def test_a_class_that_has_ended_is_not_called_off():
    session = make.session(starts_at=NOON - timedelta(hours=1))

    with pytest.raises(ClassOver):
        service.call_off(session, now=NOON, by=None, reason="too late")


def test_cancelling_in_a_class_that_was_called_off_changes_nothing():
    booking = book(make.participant(), make.session())
    service.call_off(booking.session, now=NOON, by=None, reason="The trainer is ill")

    cancel(booking)

    assert booking.is_live
    assert kinds().count("booking_cancelled") == 0


def test_the_database_itself_refuses_the_place_too_many():
    session = make.session(places=1)
    book(make.participant(), session)

    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.update(Session).values(taken=2))


def test_the_database_itself_refuses_the_double_booking():
    booking = book(make.participant(), make.session())

    with pytest.raises(sa.exc.IntegrityError):
        make.booking(participant=booking.participant, session=booking.session)


def test_somebody_elses_booking_is_not_there():
    booking = book(make.participant(), make.session())
    other = make.participant()

    with pytest.raises(NotFound):
        queries.mine(booking.id, other.account_id)

    assert queries.mine(booking.id, booking.participant.account_id) is booking


def hour(days, **changes):
    return make.session(starts_at=NOON + timedelta(days=days), **changes)


def test_two_base_classes_and_one_of_her_own_in_a_week_and_no_more():
    ada = make.participant(complaint="neuropathy")
    booked = [book(ada, one) for one in (hour(1), hour(2), hour(3, module="neuropathy"))]
    for session in (hour(4), hour(5, module="neuropathy")):
        with pytest.raises(WeekFull, match="all the classes of this kind"):
            service.book(ada, session, now=NOON, by=None)
        db.session.rollback()
    assert count(Booking) == 3

    book(ada, hour(7))  # the first day of her second week
    cancel(booked[0])
    assert book(ada, hour(4)).is_live


def test_no_class_after_the_last_week_of_her_programme():
    ada = make.participant()
    refused(ProgrammeOver, ada, hour(84))
    assert book(ada, hour(83)).is_live


@pytest.mark.parametrize(("ahead", "is_late"), [(2, False), (1, True)])
def test_a_place_given_back_soon_before_is_marked_as_late(ahead, is_late):
    booking = make.booking()
    cancel(booking, now=booking.session.starts_at - timedelta(hours=ahead))
    assert booking.is_late is is_late


def move(booking, session, *, now=NOON):
    moved = service.move(booking, session, now=now, by=None)
    db.session.commit()
    return moved


def test_a_place_moves_in_one_step_and_both_calendars_entries_are_told():
    ada, left, taken = make.participant(), hour(1), hour(2)
    booking = book(ada, left)

    moved = move(booking, taken)

    assert (booking.is_live, moved.is_live) == (False, True)
    assert (booking.is_late, booking.sequence) == (False, 1)
    assert moved.session_id == taken.id
    assert moved.calendar_uid != booking.calendar_uid
    assert (left.taken, taken.taken) == (0, 1)
    assert sorted(kinds()) == ["booking_confirmed", "booking_confirmed", "booking_moved"]
    entry = db.session.scalars(sa.select(Entry).where(Entry.action == "bookings.move")).one()
    assert entry.detail == {"participant": str(ada.id), "left": str(booking.id)}


def test_moving_within_a_full_week_is_no_class_too_many():
    ada = make.participant()
    first, _second = book(ada, hour(1)), book(ada, hour(2))
    assert move(first, hour(3)).is_live


def test_moving_to_a_class_at_the_same_time_is_no_overlap():
    ada = make.participant()
    assert move(book(ada, hour(1)), hour(1)).is_live


def test_what_cannot_be_moved_stays_where_it_is():
    ada = make.participant(complaint="neuropathy")
    left, full = hour(1), hour(2, places=1)
    make.booking(session=full)
    booking = book(ada, left)
    told = count(Message)
    for error, session, now in (
        (SessionFull, full, NOON),
        (OtherKind, hour(3, module="neuropathy"), NOON),
        (BookingClosed, hour(3, called_off_at=NOON), NOON),
        (NotFound, hour(3, site=make.site("melbourne")), NOON),
        (HasBegun, hour(3), left.starts_at),
    ):
        with pytest.raises(error):
            service.move(booking, session, now=now, by=None)
        db.session.rollback()
        assert booking.is_live, error
        assert (left.taken, count(Message)) == (1, told), error
    assert move(booking, hour(3)).is_live


def test_moving_twice_moves_once():
    ada, taken = make.participant(), hour(2)
    booking = book(ada, hour(1))
    moved = move(booking, taken)
    told = count(Message)
    assert move(booking, taken) is moved
    assert move(moved, taken) is moved
    assert (taken.taken, count(Message)) == (1, told)


def test_a_place_that_was_given_back_is_not_moved():
    booking = book(make.participant(), hour(1))
    cancel(booking)
    with pytest.raises(GivenBack, match="gave this place back"):
        service.move(booking, hour(2), now=NOON, by=None)


def test_moving_late_counts_as_given_back_late():
    booking = book(make.participant(), hour(1))
    move(booking, hour(2), now=booking.session.starts_at - timedelta(minutes=30))
    assert booking.is_late
