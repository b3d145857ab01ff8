"""Somebody leaves the trial: what ends, what goes to others, what is kept, what is taken back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import feeds, tokens
from remote_training.accounts.models import BrowserSession, LinkKind, Role
from remote_training.assessments.states import State, state
from remote_training.audit.models import Entry
from remote_training.bookings import service as bookings
from remote_training.bookings import waiting_list
from remote_training.bookings.models import Booking, Ending
from remote_training.core.db import db
from remote_training.core.reasons import ReasonNeeded
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message
from remote_training.messages.models import State as Sending
from remote_training.participants.errors import WrongFact
from remote_training.reminders import jobs as reminders
from remote_training.withdrawals import service
from tests import make
from tests.fakes import NOON

TODAY, HOUR, DAY = NOON.date(), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def carla(app):
    return make.staff(Role.COORDINATOR)


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Lezer", email="ada@example.org"))


@pytest.fixture
def leaves(ada, carla):
    """Record that Ada leaves, now or at another moment."""

    def leave(*, on=TODAY, reason=None, now=NOON):
        did_it = service.leave(ada, on=on, reason=reason, now=now, by=carla.id)
        db.session.commit()
        return did_it

    return leave


def books(who, **hour):
    booking = bookings.book(who, make.session(**hour), now=NOON, by=None)
    db.session.commit()
    return booking


def entry(action):
    return db.session.scalars(sa.select(Entry).where(Entry.action == action)).one()


def kinds_to(who):
    found = sa.select(Message.kind).where(Message.contact_id == who.contact_id)
    return db.session.scalars(found.order_by(Message.queued_at, Message.id)).all()


def test_all_that_is_hers_ends_in_one_press(app, ada, carla, leaves, browser, browse_as):
    soon = make.booking(participant=ada, session=make.session(starts_at=NOON + HOUR))
    later = books(ada, starts_at=NOON + DAY * 3)
    begun = make.booking(participant=ada, session=make.session(starts_at=NOON - HOUR / 2))
    asked = make.assessment(participant=ada)
    join = tokens.mint(LinkKind.JOIN, ada.account_id, now=NOON, subject_id=soon.id)
    feed = feeds.make(ada.account_id, now=NOON).removeprefix("http://localhost")
    hers = browse_as(ada)
    assert hers.get("/classes/").status_code == browser.get(feed).status_code == 200

    assert leaves(reason="Moves  away")

    assert ada.withdrawn_on == TODAY
    assert [one.is_live for one in (soon, later, begun)] == [False, False, True]
    assert [one.is_late for one in (soon, later)] == [False, False], "not counted against her"
    assert soon.session.taken == later.session.taken == 0
    assert state(asked, now=NOON) is State.WITHDRAWN
    assert not db.session.scalars(
        sa.select(BrowserSession.id).where(
            BrowserSession.account_id == ada.account_id, BrowserSession.ended_at.is_(None)
        )
    ).all()
    assert hers.get("/classes/").status_code == 401
    assert browser.get(f"/l/{join}").status_code == browser.get(feed).status_code == 410
    said = entry("participants.leave")
    assert (said.actor_id, said.subject_id, said.reason) == (carla.id, ada.id, "Moves away")
    assert said.detail == {"changed": {"withdrawn_on": [None, TODAY.isoformat()]}}


def test_one_mail_for_each_class_takes_it_out_of_her_calendar_and_none_follows(
    app, ada, leaves, mailbox, clock
):
    first, second = books(ada), books(ada, starts_at=NOON + DAY * 3)
    world = app.extensions["outside"]
    outbox.deliver("w", world)
    mailbox.sent.clear()

    leaves()
    outbox.deliver("w", world)

    assert len(mailbox.sent) == 2
    uids = set()
    for mail in mailbox.sent:
        calendar = next(p for p in mail.walk() if p.get_content_type() == "text/calendar")
        text = str(calendar.get_content()).replace("\r\n ", "")
        assert "METHOD:CANCEL" in text
        assert text.count("ATTENDEE") == text.count("ada@example.org") == 1
        uids |= {line for line in text.splitlines() if line.startswith("UID:")}
        for form in ("plain", "html"):
            words = mail.get_body((form,)).get_content()
            assert "have left the study" in words
            assert "/l/" not in words, "a link would open nothing"
    assert uids == {f"UID:{one.calendar_uid}" for one in (first, second)}
    mailbox.sent.clear()
    for moment in (NOON + HOUR, NOON + DAY, NOON + DAY * 2 + HOUR, NOON + DAY * 8):
        clock.moment = moment
        reminders.plan(moment)
        outbox.deliver("w", world)
    assert mailbox.sent == []
    to_her = sa.select(Message.state).where(Message.contact_id == ada.contact_id)
    assert set(db.session.scalars(to_her)) <= {Sending.SENT, Sending.VOID}


def test_what_she_held_and_waited_for_goes_to_who_waits(app, ada, leaves):
    held = books(ada, places=1, starts_at=NOON + DAY * 3)
    full = make.session(places=1, starts_at=NOON + DAY * 4)
    make.booking(session=full)
    bea, cleo = make.participant(), make.participant()
    hers = waiting_list.join(ada, full, is_at_once=True, now=NOON, by=None)
    waiting_list.join(bea, held.session, is_at_once=True, now=NOON, by=None)
    offered = make.session(places=1, starts_at=NOON + DAY * 5)
    kept = make.waiting(participant=ada, session=offered)
    waiting_list.join(cleo, offered, is_at_once=False, now=NOON, by=None)
    db.session.commit()

    leaves()

    assert [hers.ending, kept.ending] == [Ending.LEFT, Ending.LEFT]
    live = sa.select(Booking.participant_id).where(Booking.cancelled_at.is_(None))
    assert db.session.scalars(live.where(Booking.session_id == held.session_id)).all() == [bea.id]
    assert kinds_to(bea) == ["booking_confirmed"]
    assert kinds_to(cleo) == ["place_offered"]
    assert (held.session.taken, full.taken, offered.taken) == (1, 1, 1)


def test_pressed_twice_it_is_recorded_once(app, ada, leaves):
    books(ada)
    assert leaves()
    assert not leaves(now=NOON + HOUR)
    assert entry("participants.leave").at == NOON
    assert kinds_to(ada).count("booking_cancelled") == 1


@pytest.mark.parametrize(
    ("zone", "on", "says"),
    [
        pytest.param("Europe/Amsterdam", TODAY + DAY, "2020 and today", id="tomorrow"),
        pytest.param("Pacific/Kiritimati", TODAY + DAY, None, id="tomorrow, which is today there"),
        pytest.param("Europe/Amsterdam", TODAY - 11 * DAY, "day of consent", id="before consent"),
        pytest.param("Europe/Amsterdam", TODAY - 10 * DAY, None, id="on the day of consent"),
    ],
)
def test_the_day_is_one_on_which_she_took_part(app, ada, leaves, zone, on, says):
    ada.zone = zone
    booking = books(ada)
    if says is None:
        assert leaves(on=on)
        return
    with pytest.raises(WrongFact, match=says):
        leaves(on=on)
    assert booking.is_live
    assert ada.withdrawn_on is None


def test_another_day_is_refused_and_the_first_stays(app, ada, leaves):
    leaves()
    with pytest.raises(WrongFact, match="recorded already"):
        leaves(on=TODAY - DAY)
    assert ada.withdrawn_on == TODAY


def test_a_mistake_is_taken_back_with_a_reason_and_what_has_ended_stays_so(
    app, ada, carla, leaves, browser
):
    booking, asked = books(ada), make.assessment(participant=ada)
    feed = feeds.make(ada.account_id, now=NOON).removeprefix("http://localhost")
    leaves()
    with pytest.raises(ReasonNeeded):
        service.take_back(ada, reason=" ", now=NOON, by=carla.id)
    for did_it in (True, False):
        assert service.take_back(ada, reason="Not Ada", now=NOON, by=carla.id) is did_it
    db.session.commit()

    assert ada.withdrawn_on is None
    assert not booking.is_live
    assert browser.get(feed).status_code == 410
    assert state(asked, now=NOON) is State.DUE
    said = entry("participants.take_back_leaving")
    assert said.reason == "Not Ada"
    assert said.detail == {"changed": {"withdrawn_on": [TODAY.isoformat(), None]}}
    assert bookings.book(ada, booking.session, now=NOON, by=None).is_live
