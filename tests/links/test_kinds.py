"""What a link opens, what it does not, and how long."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import tokens
from remote_training.accounts.models import BrowserSession, Link, LinkKind, Permit
from remote_training.core.db import db, unit_of_work
from remote_training.participants import service as participants
from tests import make
from tests.fakes import NOON
from tests.links.conftest import KINDS

PARTICIPANTS_KINDS = KINDS[:4]


def follow(browser, token, **typed):
    return browser.post(f"/l/{token}", data=typed)


@pytest.mark.parametrize("kind", KINDS)
def test_looking_ten_times_changes_no_row_and_the_button_works_after_it(
    browser, hers, all_rows, kind
):
    token = hers.token(kind)
    before = all_rows()
    for _ in range(10):
        assert browser.get(f"/l/{token}").status_code == 200
        assert browser.head(f"/l/{token}").status_code == 200
    assert all_rows() == before
    typed, leads_to = hers.opens(kind)
    answer = follow(browser, token, **typed)
    assert (answer.status_code, answer.location) == (303, leads_to)
    assert all_rows() != before


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_only_looks_gets_no_visit(app, hers, kind):
    browser = app.test_client()
    browser.get(f"/l/{hers.token(kind)}")
    for path in ("/home/", "/classes/", hers.opens("join")[1], hers.opens("answer")[1]):
        assert browser.get(path).status_code == 401
    assert db.session.scalar(sa.select(sa.func.count(BrowserSession.id))) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_address_is_clean_after_the_button_and_told_to_nobody(browser, hers, kind):
    token = hers.token(kind)
    typed, _ = hers.opens(kind)
    page = browser.get(f"/l/{token}")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page.headers["Cache-Control"]
    answer = follow(browser, token, **typed)
    assert answer.status_code == 303
    assert token not in answer.location
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    after = browser.get(answer.location)
    assert after.status_code == 200
    assert token not in after.text


@pytest.mark.parametrize("kind", PARTICIPANTS_KINDS)
def test_a_page_behind_a_link_tells_no_more_than_her_first_name(browser, hers, kind):
    contact = hers.participant.contact
    page = browser.get(f"/l/{hers.token(kind)}").text
    for kept in (contact.name, contact.email, contact.phone, contact.birth_year + "-"):
        assert kept not in page
    assert hers.participant.study_number not in page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: token[:-1], id="a sign short"),
        pytest.param(lambda token: token + "A", id="a sign long"),
        pytest.param(lambda token: token[: len(token) // 2], id="half of it"),
        pytest.param(lambda token: token.swapcase(), id="the other case"),
        pytest.param(lambda token: token + "/", id="a slash behind it"),
        pytest.param(lambda token: "../" + token, id="dots before it"),
        pytest.param(lambda token: "A" * 3000, id="three thousand signs"),
        pytest.param(lambda token: "%00", id="a NUL"),
        pytest.param(lambda token: "%ff%fe", id="no text"),
        pytest.param(lambda token: "\u0661" * len(token), id="other digits"),
    ],
)
def test_a_token_that_never_was_is_not_found(browser, hers, all_rows, kind, spoil):
    spoilt = spoil(hers.token(kind))
    before = all_rows()
    for answer in (browser.get(f"/l/{spoilt}"), browser.post(f"/l/{spoilt}")):
        assert answer.status_code == 404
    after = all_rows()
    del after["attempt"], before["attempt"]  # by network: tests/accounts/test_unknown.py
    assert after == before


def test_a_token_with_any_bit_flipped_is_not_found(browser, hers):
    token = hers.token("bookings")
    for place in range(len(token)):
        for bit in range(7):
            sign = chr(ord(token[place]) ^ (1 << bit))
            flipped = token[:place] + sign + token[place + 1 :]
            assert tokens.find(flipped) is None, (place, bit)
    assert tokens.find(token) is not None
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert browser.get(f"/l/{flipped}").status_code == 404


def test_the_link_to_an_offered_place_leads_straight_to_it_and_others_to_all_classes(browser, hers):
    entry = make.waiting(participant=hers.participant, session=make.session(places=2))
    token = hers.token("bookings", subject_id=entry.id)
    assert "until when we keep the place for you" in browser.get(f"/l/{token}").text
    answer = follow(browser, token)
    assert answer.location == f"/classes/waiting/{entry.id}"
    page = browser.get(answer.location).text
    assert "We keep this place for you until" in page
    assert "Take this place" in page
    assert follow(browser, hers.token("bookings")).location == "/classes/"


def test_all_unknown_tokens_get_one_page(browser):
    def page(token):
        answer = browser.get(f"/l/{token}", headers={"X-Request-ID": "12345678"})
        return answer.status_code, answer.text.replace(token, "")

    assert page("A" * 43) == page("B" * 43) == page("short")


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_kept_as_a_hash_alone(hers, all_rows, kind):
    token = hers.token(kind)
    assert token not in repr(all_rows())


@pytest.mark.parametrize(
    ("kind", "lasts"),
    [
        ("join", timedelta(days=1, hours=1)),
        ("bookings", timedelta(days=14)),
        ("sign_in", timedelta(minutes=10)),
        ("invitation", timedelta(hours=72)),
    ],
)
def test_a_link_works_to_its_last_second_and_then_says_that_it_has_ended(
    browser, hers, clock, kind, lasts
):
    token = hers.token(kind)
    clock.moment = NOON + lasts - timedelta(seconds=1)
    assert browser.get(f"/l/{token}").status_code == 200
    clock.moment = NOON + lasts
    typed, _ = hers.opens(kind)
    for answer in (browser.get(f"/l/{token}"), follow(browser, token, **typed)):
        assert answer.status_code == 410
        assert "This link has ended" in answer.text


def test_an_answer_link_ends_with_its_window(browser, hers, clock):
    token = hers.token("answer")
    clock.moment = hers.assessment.ends_at - timedelta(seconds=1)
    assert browser.get(f"/l/{token}").status_code == 200
    clock.moment = hers.assessment.ends_at + timedelta(seconds=1)
    assert browser.get(f"/l/{token}").status_code == 410


@pytest.mark.parametrize("kind", PARTICIPANTS_KINDS)
def test_links_of_who_has_left_the_trial_are_ended(browser, hers, kind):
    token = hers.token(kind)
    typed, _ = hers.opens(kind)
    hers.participant.withdrawn_on = NOON.date()
    db.session.commit()
    assert browser.get(f"/l/{token}").status_code == 410
    assert follow(browser, token, **typed).status_code == 410


@pytest.mark.parametrize("kind", KINDS)
def test_links_of_an_account_that_is_switched_off_are_ended(browser, hers, kind):
    token = hers.token(kind)
    hers.participant.account.is_active = hers.colleague.is_active = False
    db.session.commit()
    assert browser.get(f"/l/{token}").status_code == 410


@pytest.mark.parametrize("kind", PARTICIPANTS_KINDS)
def test_a_changed_address_ends_every_link_and_visit_at_once(app, hers, kind):
    token, typed = hers.token(kind), hers.opens(kind)[0]
    inside, later = app.test_client(), app.test_client()
    where = follow(inside, token, **typed).location
    assert inside.get(where).status_code == 200
    unopened = hers.token(kind)
    with unit_of_work():
        participants.correct_contact(hers.participant, now=NOON, by=None, email="other@example.org")
    assert inside.get(where).status_code == 401
    for old in (token, unopened):
        assert later.get(f"/l/{old}").status_code == 410


def test_a_corrected_telephone_number_ends_nothing(browser, hers):
    token = hers.token("bookings")
    with unit_of_work():
        participants.correct_contact(hers.participant, now=NOON, by=None, phone="030 222 3333")
    assert browser.get(f"/l/{token}").status_code == 200


@pytest.mark.parametrize("kind", PARTICIPANTS_KINDS[:3])
def test_a_permit_is_worth_as_much_as_its_link(browser, hers, kind):
    typed, where = hers.opens(kind)
    follow(browser, hers.token(kind), **typed)
    assert browser.get(where).status_code == 200
    db.session.execute(sa.update(Link).values(revoked_at=NOON))
    db.session.commit()
    assert browser.get(where).status_code == 401


def test_a_join_link_opens_its_class_alone(browser, hers):
    other = make.booking(participant=hers.participant, session=make.session())
    token = hers.token("join")
    assert follow(browser, token).location == f"/class/{hers.booking.id}/"
    assert browser.get(f"/class/{hers.booking.id}/").status_code == 200
    for path in (
        f"/class/{other.id}/",
        "/classes/",
        f"/classes/bookings/{hers.booking.id}",
        "/home/",
        f"/questions/{hers.assessment.id}/",
    ):
        assert browser.get(path).status_code == 401, path


def test_a_join_link_works_again_and_again_on_any_device(app, hers):
    token = hers.token("join")
    for _ in range(3):
        assert follow(app.test_client(), token).status_code == 303


def test_a_join_link_stays_good_when_the_class_moves_and_ends_with_it(browser, hers, clock):
    token, session = hers.token("join"), hers.booking.session
    session.starts_at += timedelta(days=7)
    session.ends_at += timedelta(days=7)
    db.session.commit()
    clock.moment = NOON + timedelta(days=7)
    assert follow(browser, token).status_code == 303
    clock.moment = session.ends_at
    assert browser.get(f"/l/{token}").status_code == 410
    assert follow(browser, token).status_code == 410


def test_a_link_to_somebody_elses_class_opens_nothing(browser, hers):
    others = make.booking()
    token = hers.token("join", subject_id=others.id)
    assert browser.get(f"/l/{token}").status_code == 410
    assert follow(browser, token).status_code == 410


def test_a_bookings_link_opens_classes_and_no_questions(browser, hers):
    follow(browser, hers.token("bookings"))
    assert browser.get("/classes/").status_code == 200
    assert browser.get(f"/classes/bookings/{hers.booking.id}").status_code == 200
    for path in ("/home/", f"/questions/{hers.assessment.id}/", f"/class/{hers.booking.id}/"):
        assert browser.get(path).status_code == 401, path


def test_what_one_link_opened_another_one_adds_to(browser, hers):
    follow(browser, hers.token("join"))
    follow(browser, hers.token("bookings"))
    assert browser.get("/classes/").status_code == 200
    assert browser.get(f"/class/{hers.booking.id}/").status_code == 200


def test_every_link_gives_the_browser_a_cookie_of_its_own(app, hers):
    def cookie(browser):
        return browser.get_cookie("visit").value

    browser, thief = app.test_client(), app.test_client()
    follow(browser, hers.token("join"))
    before = cookie(browser)
    thief.set_cookie("visit", before)
    follow(browser, hers.token("bookings"))
    assert cookie(browser) != before
    assert thief.get("/classes/").status_code == 401
    assert thief.get(f"/class/{hers.booking.id}/").status_code == 401


@pytest.mark.parametrize("kind", PARTICIPANTS_KINDS)
def test_somebody_elses_visit_in_this_browser_is_told_of_and_ended(browser, hers, kind):
    other = make.participant()
    booking = make.booking(participant=other)
    with unit_of_work():
        first = tokens.mint(
            LinkKind.BOOKINGS, other.account_id, now=NOON, expires_at=NOON + timedelta(days=1)
        )
    follow(browser, first)
    token, (typed, where) = hers.token(kind), hers.opens(kind)
    page = browser.get(f"/l/{token}").text
    assert "Somebody else was using this browser" in page
    assert browser.get(f"/classes/bookings/{booking.id}").status_code == 200, "not by looking"
    assert follow(browser, token, **typed).location == where
    visits = db.session.scalars(
        sa.select(BrowserSession).where(BrowserSession.account_id == other.account_id)
    )
    assert [visit.ended_at for visit in visits] == [NOON]
    assert browser.get(f"/classes/bookings/{booking.id}").status_code in (401, 404)


def test_nobody_is_told_of_when_the_visit_is_her_own(browser, hers):
    follow(browser, hers.token("bookings"))
    page = browser.get(f"/l/{hers.token('join')}").text
    assert "Somebody else was using this browser" not in page


def test_a_button_pressed_twice_leaves_one_permit_for_one_thing(browser, hers):
    token = hers.token("bookings")
    follow(browser, token)
    follow(browser, token)
    live = db.session.scalars(
        sa.select(Permit)
        .join(BrowserSession, BrowserSession.id == Permit.browser_session_id)
        .where(BrowserSession.ended_at.is_(None))
    ).all()
    assert len(live) == 1


@pytest.mark.parametrize(
    ("language", "words"), [("en", "at least 12 signs"), ("nl", "minstens 12")]
)
def test_a_weak_password_is_refused_in_words_without_gaps(app, browser, language, words):
    new = make.staff(language=language)
    with unit_of_work():
        ends = NOON + timedelta(days=1)
        token = tokens.mint(LinkKind.INVITATION, new.id, now=NOON, expires_at=ends)

    answer = follow(browser, token, password="short")

    assert answer.status_code == 422
    assert words in answer.text
    assert "%(" not in answer.text
