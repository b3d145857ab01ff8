"""Waiting for a place, as she sees it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.bookings import service, waiting_list
from remote_training.bookings.models import Booking, Waiting
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Byron"))


@pytest.fixture
def full(app):
    session = make.session(places=1, starts_at=NOON + timedelta(days=3))
    make.booking(session=session)
    return session


def entry_of(who):
    return db.session.scalars(sa.select(Waiting).where(Waiting.participant_id == who.id)).one()


def give_back(session, *, now=NOON):
    held = sa.select(Booking).where(
        Booking.session_id == session.id, Booking.cancelled_at.is_(None)
    )
    service.cancel(db.session.scalars(held).one(), now=now, by=None)
    db.session.commit()


def test_a_full_class_leads_to_the_waiting_list_and_looking_changes_nothing(ada, full, browse_as):
    browser = browse_as(ada)
    assert f"/classes/{full.id}/wait" in browser.get("/classes/").text
    page = browser.get(f"/classes/{full.id}/wait").text
    assert "Give me the place at once" in page
    assert "Ask me first" in page
    assert db.session.scalars(sa.select(Waiting)).all() == []


def test_who_waits_sees_her_number_and_can_leave(ada, full, browse_as):
    browser = browse_as(ada)
    page = browser.post(f"/classes/{full.id}/wait", data={"at_once": "1"}, follow_redirects=True)
    assert "You are the first in line." in page.text
    assert "you get the place at once" in page.text
    listed = browser.get("/classes/").text
    assert "you wait for a place" in listed
    assert f"/classes/{full.id}/wait" not in listed
    assert listed.count("<article") == 1

    address = f"/classes/waiting/{entry_of(ada).id}"
    page = browser.post(f"{address}/leave", follow_redirects=True).text
    assert "You are no longer on the waiting list" in page
    assert "you wait for a place" not in browser.get("/classes/").text


def test_a_place_that_is_kept_is_taken_by_one_press(ada, full, browse_as):
    browser = browse_as(ada)
    browser.post(f"/classes/{full.id}/wait", data={"at_once": "0"})
    give_back(full)

    listed = browser.get("/classes/").text
    assert "a place is free for you" in listed
    assert "We keep this place for you until Wednesday 25 November, 01:00." in listed
    address = f"/classes/waiting/{entry_of(ada).id}"
    page = browser.get(address).text
    assert "We keep this place for you until Wednesday 25 November, 01:00." in page
    assert db.session.get_one(Waiting, entry_of(ada).id).is_offered  # looking changes nothing
    answer = browser.post(f"{address}/take", follow_redirects=True)
    assert "Your place is booked" in answer.text
    assert browser.post(f"{address}/take").status_code == 303


def test_an_offer_that_is_over_says_so(ada, full, browse_as, clock):
    browser = browse_as(ada)
    browser.post(f"/classes/{full.id}/wait", data={"at_once": "0"})
    give_back(full)
    address = f"/classes/waiting/{entry_of(ada).id}"
    clock.forward(hours=12)
    answer = browse_as(ada).post(f"{address}/take")
    assert answer.status_code == 409
    assert "No place is kept for you now." in answer.text
    waiting_list.tick(clock())
    answer = browse_as(ada).post(f"{address}/take")
    assert "This offer has ended." in answer.text


def test_close_to_the_class_nobody_is_put_on_the_list(ada, full, browse_as, clock):
    clock.moment = full.starts_at - HOUR
    browser = browse_as(ada)
    assert f"/classes/{full.id}/wait" not in browser.get("/classes/").text
    assert "too soon" in browser.get(f"/classes/{full.id}/wait").text
    assert browser.post(f"/classes/{full.id}/wait").status_code == 409


def test_a_class_of_another_site_cannot_be_waited_for(ada, browse_as):
    there = make.session(site=make.site("melbourne"), places=1)
    browser = browse_as(ada)
    assert browser.get(f"/classes/{there.id}/wait").status_code == 404
    assert browser.post(f"/classes/{there.id}/wait").status_code == 404


def test_after_a_refusal_for_those_who_wait_her_page_shows_the_class_as_full(ada, full, browse_as):
    first = make.participant()
    waiting_list.join(first, full, is_at_once=False, now=NOON, by=None)
    full.places = 2  # as if no round had come since
    db.session.commit()
    browser = browse_as(ada)
    assert f"/classes/{full.id}/book" in browser.get("/classes/").text

    assert browser.post(f"/classes/{full.id}/book").status_code == 409

    listed = browser.get("/classes/").text
    assert f"/classes/{full.id}/wait" in listed
    assert f"/classes/{full.id}/book" not in listed
    assert entry_of(first).is_offered


def test_somebody_elses_waiting_is_not_there(ada, full, browse_as):
    entry = make.waiting(session=make.session(places=2))
    address = f"/classes/waiting/{entry.id}"
    for path in ("", "/take", "/leave"):
        method = "post" if path else "get"
        assert getattr(browse_as(ada), method)(address + path).status_code == 404
    db.session.expire_all()
    assert entry.is_offered
    assert browse_as(entry.participant).get(address).status_code == 200


def test_in_dutch_too(full, browse_as):
    her = make.participant(language="nl")
    page = browse_as(her).post(
        f"/classes/{full.id}/wait", data={"at_once": "0"}, follow_redirects=True
    )
    assert "U bent de eerste in de rij." in page.text


def test_waiting_is_not_offered_where_it_would_be_refused(ada, browse_as):
    for days in (1, 2):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=days)))
    free = make.session(starts_at=NOON + timedelta(days=4))
    full = make.session(starts_at=NOON + timedelta(days=4, hours=3), places=1)
    make.booking(session=full)
    later = make.session(starts_at=NOON + timedelta(days=9), places=1)
    make.booking(session=later)
    page = browse_as(ada).get("/classes/").text
    assert f"/classes/{free.id}/wait" not in page
    assert f"/classes/{full.id}/wait" not in page
    assert f"/classes/{later.id}/wait" in page
    assert browse_as(ada).get(f"/classes/{free.id}/wait").location == "/classes/"


def test_who_got_the_place_is_led_to_it_from_her_waiting_page(ada, full, browse_as):
    browser = browse_as(ada)
    browser.post(f"/classes/{full.id}/wait", data={"at_once": "1"})
    give_back(full)
    answer = browser.get(f"/classes/waiting/{entry_of(ada).id}", follow_redirects=True)
    assert "Your place is booked" in answer.text


def test_a_refusal_leads_back_to_her_classes_and_says_whom_to_ring(ada, full, browse_as):
    answer = browse_as(ada).post(f"/classes/{full.id}/book")
    assert answer.status_code == 409
    assert "put yourself on its waiting list" in answer.text
    assert 'href="/classes/"' in answer.text
    assert full.site.phone in answer.text


def test_nobody_is_asked_to_wait_for_what_she_has_or_what_does_not_take_place(ada, browse_as):
    held = make.booking(participant=ada, session=make.session(places=1))
    off = make.session(places=1)
    make.booking(session=off)
    service.call_off(off, now=NOON, by=None, reason="The hall is taken")
    db.session.commit()
    browser = browse_as(ada)

    hers = browser.get(f"/classes/{held.session_id}/wait")
    gone = browser.get(f"/classes/{off.id}/wait")

    assert hers.location == f"/classes/bookings/{held.id}"
    assert gone.status_code == 409
    assert "This class does not take place" in gone.text
