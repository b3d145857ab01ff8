"""Waiting for a place: who gets it, when, and never twice."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remote_training.bookings import service, verdicts, waiting_list, waiting_queries
from remote_training.bookings.errors import (
    BookingClosed,
    NoOffer,
    NotInLine,
    OtherProgramme,
    TooLateToWait,
    WeekFull,
)
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.core.db import db, unit_of_work
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def full(app):
    """A class in three days with one place, which somebody holds."""
    session = make.session(places=1, starts_at=NOON + timedelta(days=3))
    make.booking(session=session)
    return session


def holder(session):
    live = sa.select(Booking).where(
        Booking.session_id == session.id, Booking.cancelled_at.is_(None)
    )
    return db.session.scalars(live).one_or_none()


def wait(session, *, who=None, at_once=True, now=NOON):
    entry = waiting_list.join(
        who or make.participant(), session, is_at_once=at_once, now=now, by=None
    )
    db.session.commit()
    return entry


def give_back(session, *, now=NOON):
    service.cancel(holder(session), now=now, by=None)
    db.session.commit()


def kinds(to):
    return list(
        db.session.scalars(
            sa.select(Message.kind)
            .where(Message.contact_id == to.contact_id)
            .order_by(Message.queued_at, Message.kind.desc())
        )
    )


def test_who_waits_longest_gets_the_place_with_its_mail_in_the_same_step(full):
    second = wait(full, now=NOON + MINUTE)
    first = wait(full, now=NOON)

    give_back(full, now=NOON + HOUR)

    assert holder(full).participant_id == first.participant_id
    assert (first.ending, second.stands, full.taken) == (Ending.TAKEN, True, 1)
    assert kinds(first.participant) == ["booking_confirmed"]
    assert kinds(second.participant) == []


def test_who_wants_to_be_asked_is_asked_and_the_place_is_kept(full):
    entry = wait(full, at_once=False)
    give_back(full)

    assert holder(full) is None
    assert full.places_left == 0
    assert entry.offer_until == NOON + timedelta(hours=12)
    assert kinds(entry.participant) == ["place_offered"]
    with pytest.raises(service.places.SessionFull):
        service.book(make.participant(), full, now=NOON, by=None)
    db.session.rollback()

    booking = waiting_list.accept(entry, now=NOON + HOUR, by=None)
    assert waiting_list.accept(entry, now=NOON + HOUR, by=None) is booking
    assert (full.taken, entry.ending) == (1, Ending.TAKEN)
    assert kinds(entry.participant) == ["place_offered", "booking_confirmed"]


def test_an_offer_nobody_answers_goes_to_the_next_and_not_back(full):
    first, second = wait(full, at_once=False), wait(full, at_once=False, now=NOON + MINUTE)
    give_back(full)
    over = first.offer_until

    waiting_list.tick(over - MINUTE)
    assert (first.is_offered, second.is_offered) == (True, False)
    waiting_list.tick(over)
    assert (first.ending, second.is_offered, full.taken) == (Ending.EXPIRED, True, 1)
    with pytest.raises(NotInLine, match="has ended"):
        waiting_list.accept(first, now=over, by=None)
    waiting_list.tick(over)
    assert kinds(second.participant) == ["place_offered"]


def test_an_offer_that_is_over_is_not_taken_even_before_the_worker_saw_it(full):
    entry = wait(full, at_once=False)
    give_back(full)
    with pytest.raises(NoOffer, match="No place is kept"):
        waiting_list.accept(entry, now=entry.offer_until, by=None)


def test_who_leaves_lets_the_next_have_it(full):
    first, second = wait(full, at_once=False), wait(full, now=NOON + MINUTE)
    give_back(full)
    waiting_list.leave(first, now=NOON, by=None)
    waiting_list.leave(first, now=NOON, by=None)
    assert first.ending is Ending.LEFT
    assert holder(full).participant_id == second.participant_id
    assert full.taken == 1


def test_who_may_not_take_it_keeps_her_number_and_the_next_gets_it(full):
    first, second = wait(full), wait(full, now=NOON + MINUTE)
    for days in (1, 2):
        other = make.session(starts_at=NOON + timedelta(days=days))
        service.book(first.participant, other, now=NOON, by=None)
    give_back(full)
    assert first.stands
    assert holder(full).participant_id == second.participant_id

    # her week has room again, and a place is free again: now it is hers
    service.cancel(
        db.session.scalars(
            sa.select(Booking).where(Booking.participant_id == first.participant_id)
        ).first(),
        now=NOON,
        by=None,
    )
    give_back(full, now=NOON + HOUR)
    assert holder(full).participant_id == first.participant_id


def test_a_free_place_finds_who_became_entitled_in_the_next_round(full):
    entry = wait(full)
    hers = [
        service.book(
            entry.participant,
            make.session(starts_at=NOON + timedelta(days=days)),
            now=NOON,
            by=None,
        )
        for days in (1, 2)
    ]
    give_back(full)
    assert full.places_left == 1
    service.cancel(hers[0], now=NOON, by=None)
    db.session.commit()
    waiting_list.tick(NOON)
    assert holder(full).participant_id == entry.participant_id


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_many_classes_that_nobody_may_take_keep_no_other_from_its_turn(app):
    """A round once looked at a hundred, the same ones each time."""
    cannot, can, trainer = make.participant(cleared_on=None), make.participant(), make.trainer()
    hours = [
        make.session(id=UUID(int=n + 1), trainer=trainer, starts_at=NOON + timedelta(days=3))
        for n in range(102)
    ]
    db.session.add_all(
        Waiting(
            participant_id=(can if hour is hours[-1] else cannot).id, session_id=hour.id,
            asked_at=NOON, rank_at=NOON, is_at_once=True,
        )
        for hour in hours
    )  # fmt: skip
    db.session.commit()

    waiting_list.tick(NOON)

    assert holder(hours[-1]).participant_id == can.id


@pytest.mark.parametrize("way", ["books", "moves"])
def test_who_comes_by_takes_no_place_for_which_somebody_entitled_waits(full, way):
    """Entitled since a moment ago: the worker has not looked again yet."""
    elsewhere = make.session(starts_at=full.starts_at)
    her = wait(full).participant
    held = make.booking(participant=her, session=elsewhere)
    give_back(full)
    assert holder(full) is None
    service.cancel(held, now=NOON, by=None)
    db.session.commit()
    late = make.participant()

    with pytest.raises(service.places.SessionFull), unit_of_work():
        if way == "books":
            service.book(late, full, now=NOON, by=None)
        else:
            service.move(make.booking(participant=late), full, now=NOON, by=None)

    assert holder(full).participant_id == her.id  # at once, with the refusal
    assert "booking_confirmed" in kinds(her)


def test_who_waits_first_may_take_by_herself_what_others_wait_for(full):
    first, second = wait(full, at_once=False), wait(full, now=NOON + MINUTE)
    full.places = 3  # as if no round had come since
    db.session.commit()

    mine = service.book(first.participant, full, now=NOON + HOUR, by=None)

    assert (mine.is_live, first.ending, second.stands) == (True, Ending.TAKEN, True)
    with pytest.raises(service.places.SessionFull):
        service.book(make.participant(), full, now=NOON + HOUR, by=None)


def test_nobody_moves_up_after_the_cut_off(full):
    entry = wait(full)
    give_back(full, now=full.starts_at - 2 * HOUR)
    assert holder(full) is None
    waiting_list.tick(full.starts_at - 2 * HOUR)
    assert (entry.ending, full.taken) == (Ending.CLOSED, 0)
    assert kinds(entry.participant) == []
    with pytest.raises(TooLateToWait):
        waiting_list.join(
            make.participant(), full, is_at_once=True, now=full.starts_at - HOUR, by=None
        )


def test_an_offer_ends_at_the_cut_off_at_the_latest(full):
    entry = wait(full, at_once=False)
    give_back(full, now=full.starts_at - 3 * HOUR)
    assert entry.offer_until == full.starts_at - 2 * HOUR


def test_only_what_is_hers_to_book_is_waited_for(full):
    ada = make.participant(complaint="neuropathy")
    with pytest.raises(OtherProgramme):
        waiting_list.join(ada, make.session(module="fatigue"), is_at_once=True, now=NOON, by=None)
    for days in (1, 2):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=days)))
    with pytest.raises(WeekFull):
        waiting_list.join(ada, full, is_at_once=True, now=NOON, by=None)


def test_waiting_twice_is_waiting_once_and_changes_how(full):
    ada = make.participant()
    entry = wait(full, who=ada, at_once=False)
    assert wait(full, who=ada, at_once=True, now=NOON + MINUTE) is entry
    assert (entry.is_at_once, entry.rank_at) == (True, NOON)


def test_where_a_place_is_free_by_now_it_is_hers():
    session = make.session(places=1, starts_at=NOON + timedelta(days=3))
    entry = wait(session)
    assert entry.ending is Ending.TAKEN
    assert holder(session).participant_id == entry.participant_id


def test_who_gave_her_place_back_and_regrets_it_is_first_in_line(full):
    regrets = holder(full).participant
    others = wait(full, now=NOON + MINUTE)
    give_back(full, now=NOON + HOUR)
    assert holder(full).participant_id == others.participant_id
    third = wait(full, now=NOON + HOUR)
    entry = wait(full, who=regrets, now=NOON + HOUR + timedelta(minutes=29))
    assert [found.number for found in waiting_queries.standing(regrets, now=NOON)] == [1]
    assert [found.number for found in waiting_queries.standing(third.participant, now=NOON)] == [2]

    waiting_list.leave(entry, now=NOON, by=None)
    late = wait(full, who=regrets, now=NOON + HOUR + timedelta(minutes=31))
    assert late.rank_at > third.rank_at


def test_who_books_another_way_waits_no_longer(full):
    entry = wait(full)
    full.places = 2
    db.session.commit()
    service.book(entry.participant, full, now=NOON, by=None)
    db.session.commit()
    assert (entry.ending, full.taken) == (Ending.TAKEN, 2)


def test_a_class_called_off_ends_the_line_and_frees_what_was_kept(full):
    asked, at_once = wait(full, at_once=False), wait(full, now=NOON + MINUTE)
    give_back(full)
    service.call_off(full, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()
    assert (asked.ending, at_once.ending, full.taken) == (Ending.CLOSED, Ending.CLOSED, 0)


def test_the_database_itself_refuses_to_let_somebody_wait_twice(full):
    entry = wait(full)
    twin = Waiting(
        participant_id=entry.participant_id, session_id=full.id, asked_at=NOON, rank_at=NOON,
        is_at_once=True,
    )  # fmt: skip
    db.session.add(twin)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()
    db.session.rollback()
    waiting_list.leave(entry, now=NOON, by=None)
    assert wait(full, who=entry.participant).stands


def kept_for(full):
    """Somebody for whom the place of the class is kept."""
    her = make.participant()
    wait(full, who=her, at_once=False)
    give_back(full)
    return her


def test_a_place_that_is_kept_for_her_is_hers_by_whatever_way_she_asks(full):
    her = kept_for(full)
    verdict, others = (
        verdicts.of(who, [full], now=NOON)[0].refusal for who in (her, make.participant())
    )
    assert verdict is None
    assert isinstance(others, service.places.SessionFull)

    booking = service.book(her, full, now=NOON, by=None)

    assert (holder(full), full.taken) == (booking, 1)
    assert waiting_queries.standing(her, now=NOON) == []


def test_she_moves_to_the_place_that_is_kept_for_her_and_is_never_without_one(full):
    her = kept_for(full)
    other = make.session(places=1, starts_at=NOON + timedelta(days=5))
    booking = service.book(her, other, now=NOON, by=None)

    moved = service.move(booking, full, now=NOON, by=None)

    assert (holder(full), full.taken, other.taken) == (moved, 1, 0)
    assert waiting_queries.standing(her, now=NOON) == []


def test_a_kept_place_whose_time_is_over_is_nobodys_by_booking_either(full):
    her = kept_for(full)

    with pytest.raises(service.places.SessionFull):
        service.book(her, full, now=NOON + timedelta(hours=13), by=None)


def test_a_place_in_a_class_that_was_called_off_meanwhile_is_not_moved(app):
    booking = make.booking(session=make.session(starts_at=NOON + timedelta(days=3)))
    other = make.session(starts_at=NOON + timedelta(days=5))
    service.call_off(booking.session, now=NOON, by=None, reason="The hall is taken")
    db.session.commit()

    with pytest.raises(BookingClosed, match="does not take place"):
        service.move(booking, other, now=NOON, by=None)

    assert (booking.is_live, other.taken) == (True, 0)
