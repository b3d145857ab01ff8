"""The link that signs in: asked for, good once, ten minutes, and whose it is."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import tokens
from remote_training.accounts.models import BrowserSession, Link
from remote_training.core.db import db, unit_of_work
from tests import make
from tests.fakes import NOON

THREADS = 16


def at_once(app, attempt):
    """Let sixteen threads do the same thing at the same moment; what each of them got."""
    start, got = threading.Barrier(THREADS), []

    def run():
        with app.app_context():
            start.wait()
            got.append(attempt())

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert len(got) == THREADS
    return got


def test_it_opens_everything_of_her_own_once(app, browser, hers):
    token = hers.token("sign_in")
    assert browser.post(f"/l/{token}").location == "/home/"
    for path in ("/home/", "/classes/", f"/questions/{hers.assessment.id}/"):
        assert browser.get(path).status_code == 200, path
    again = app.test_client()
    assert again.post(f"/l/{token}").status_code == 410
    assert again.get(f"/l/{token}").status_code == 410
    assert browser.get("/home/").status_code == 200, "her own visit goes on"


def test_sixteen_presses_at_once_begin_one_visit(app, hers):
    token = hers.token("sign_in")
    got = at_once(app, lambda: app.test_client().post(f"/l/{token}").status_code)
    assert sorted(got) == [303] + [410] * (THREADS - 1)
    assert db.session.scalar(sa.select(sa.func.count(BrowserSession.id))) == 1


def test_looked_at_first_and_marked_after_the_same_race_begins_more_than_one(app, hers):
    link_id = tokens.find(hers.token("sign_in")).id
    between = threading.Barrier(THREADS)

    def naive():
        is_free = db.session.get(Link, link_id).used_at is None
        db.session.rollback()
        between.wait()
        if is_free:
            with unit_of_work():
                db.session.execute(sa.update(Link).where(Link.id == link_id).values(used_at=NOON))
        return is_free

    assert sum(at_once(app, naive)) > 1


@pytest.mark.parametrize(("minutes", "status"), [(9, 303), (10, 410), (11, 410)])
def test_it_lasts_ten_minutes(browser, hers, clock, minutes, status):
    token = hers.token("sign_in")
    clock.forward(minutes=minutes)
    assert browser.post(f"/l/{token}").status_code == status


def test_a_newer_one_ends_the_one_before_it(browser, hers):
    with unit_of_work():
        older = tokens.mint_sign_in(hers.participant.account_id, asked_by=None, now=NOON)
    with unit_of_work():
        newer = tokens.mint_sign_in(hers.participant.account_id, asked_by=None, now=NOON)
    assert browser.post(f"/l/{older}").status_code == 410
    assert browser.post(f"/l/{newer}").status_code == 303


def test_a_newer_one_leaves_the_links_of_other_kinds_and_people(browser, hers):
    other = make.participant()
    join, bookings = hers.token("join"), hers.token("bookings")
    with unit_of_work():
        others = tokens.mint_sign_in(other.account_id, asked_by=None, now=NOON)
    with unit_of_work():
        tokens.mint_sign_in(hers.participant.account_id, asked_by=None, now=NOON)
    for token in (join, bookings, others):
        assert browser.get(f"/l/{token}").status_code == 200


def test_her_visit_ends_after_twelve_hours(browser, hers, clock):
    browser.post(f"/l/{hers.token('sign_in')}")
    clock.forward(hours=11, minutes=59)
    assert browser.get("/home/").status_code == 200
    clock.forward(minutes=1)
    assert browser.get("/home/").status_code == 401


@pytest.fixture
def two(hers):
    """Her sister reads the same mailbox."""
    return make.participant(contact=make.contact(name="Eva Lind", email="hers@example.org"))


def test_two_who_share_a_mailbox_are_asked_which_of_them(browser, hers, two):
    token = hers.token("sign_in")
    page = browser.get(f"/l/{token}").text
    assert "Who are you?" in page
    assert "Eva" in page
    assert "Lind" not in page
    answer = browser.post(f"/l/{token}")
    assert answer.status_code == 422
    assert "Please choose who you are" in answer.text
    assert browser.get("/home/").status_code == 401
    assert browser.post(f"/l/{token}", data={"who": str(two.account_id)}).status_code == 303
    assert browser.get("/home/").status_code == 200
    assert browser.get(f"/class/{hers.booking.id}/").status_code == 404, "not her sister's"


def test_nobody_outside_the_mailbox_can_be_chosen(browser, hers, two):
    stranger = make.participant()
    token = hers.token("sign_in")
    for who in (stranger.account_id, hers.colleague.id, "x", ""):
        answer = browser.post(f"/l/{token}", data={"who": str(who)})
        assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count(BrowserSession.id))) == 0


def test_a_stranger_typed_into_the_form_of_one_is_refused(browser, hers):
    stranger = make.participant()
    token = hers.token("sign_in")
    answer = browser.post(f"/l/{token}", data={"who": str(stranger.account_id)})
    assert answer.status_code == 422
    assert browser.get("/home/").status_code == 401


def test_who_has_left_the_trial_is_not_offered_in_a_shared_mailbox(browser, hers, two):
    two.withdrawn_on = NOON.date()
    db.session.commit()
    token = hers.token("sign_in")
    assert "Who are you?" not in browser.get(f"/l/{token}").text
    assert browser.post(f"/l/{token}").status_code == 303


def test_a_visit_ends_with_its_permit_after_a_second_link_of_somebody_else(app, hers, two):
    browser = app.test_client()
    token = hers.token("sign_in")
    browser.post(f"/l/{token}", data={"who": str(hers.participant.account_id)})
    second = hers.token("sign_in")
    browser.post(f"/l/{second}", data={"who": str(two.account_id)})
    live = db.session.scalars(
        sa.select(BrowserSession.account_id).where(BrowserSession.ended_at.is_(None))
    ).all()
    assert live == [two.account_id]


def test_a_scanner_that_presses_the_button_spends_it_but_a_new_one_works(app, hers, clock):
    assert app.test_client().post(f"/l/{hers.token('sign_in')}").status_code == 303
    clock.moment = NOON + timedelta(minutes=1)
    with unit_of_work():
        fresh = tokens.mint_sign_in(hers.participant.account_id, asked_by=None, now=clock.moment)
    assert app.test_client().post(f"/l/{fresh}").status_code == 303
