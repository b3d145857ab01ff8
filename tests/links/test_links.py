"""What each link in a mail opens, for whom, how long; and what it never does."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training import tables
from remote_training.accounts import guard, tokens, visits
from remote_training.accounts.models import BrowserSession, Link, LinkKind
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON
from tests.links.asked import minted

ENDS = NOON + timedelta(days=14)


@pytest.fixture
def her(app):
    return make.participant(contact=make.contact(name="Ada Lovelace", birth_year="1960"))


def rows():
    """Every row of every table."""
    db.session.rollback()
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(str, connection.execute(sa.select(table))))
            for table in tables.metadata().sorted_tables
        }


def each_kind(her):
    booking, assessment = make.booking(participant=her), make.assessment(participant=her)
    return {
        "join": (minted(LinkKind.JOIN, her, subject_id=booking.id), f"/class/{booking.id}/"),
        "answer": (
            minted(LinkKind.ANSWER, her, subject_id=assessment.id),
            f"/questions/{assessment.id}/",
        ),
        "bookings": (minted(LinkKind.BOOKINGS, her, expires_at=ENDS), "/classes/"),
        "sign_in": (minted(LinkKind.SIGN_IN, her, expires_at=ENDS), "/home/"),
    }


PAGES = {"join": "/class/", "answer": "/questions/", "bookings": "/classes/", "sign_in": "/home/"}


@pytest.mark.parametrize("kind", list(PAGES))
def test_looking_changes_nothing_and_the_click_after_it_works(app, her, kind):
    link, leads_to = each_kind(her)[kind]
    before = rows()
    scanner = app.test_client()
    for _ in range(10):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
        assert app.test_client().get(link, headers={"User-Agent": "SafeLinks"}).status_code == 200
    assert rows() == before
    assert scanner.get(leads_to).status_code == 401

    person = app.test_client()
    answer = person.post(link, data={"birth_year": "1960"})
    assert answer.status_code == 303
    assert answer.location == leads_to
    assert person.get(leads_to).status_code == 200


@pytest.mark.parametrize("kind", list(PAGES))
def test_a_link_opens_what_it_is_for_and_nothing_else(app, her, kind):
    links = each_kind(her)
    other = make.booking(participant=her, session=make.session(starts_at=NOON + timedelta(days=3)))
    person = app.test_client()
    person.post(links[kind][0], data={"birth_year": "1960"})
    opened = {name for name, (_, page) in links.items() if person.get(page).status_code == 200}
    assert opened == (set(links) if kind == "sign_in" else {kind})
    expected = 200 if kind == "sign_in" else 401
    assert person.get(f"/class/{other.id}/").status_code == expected


@pytest.mark.parametrize("kind", list(PAGES))
def test_the_page_of_a_link_says_no_more_than_the_first_name(app, her, kind):
    page = app.test_client().get(each_kind(her)[kind][0])
    assert "Ada" in page.text
    for secret in ("Lovelace", her.contact.email, her.contact.phone, "1960", her.study_number):
        if secret != "1960" or kind != "answer":  # where it stands as an example
            assert secret not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script>" not in page.text


def test_an_unknown_token_gets_one_page_whatever_is_wrong_with_it(app, her):
    link = each_kind(her)["bookings"][0]
    token = link.removeprefix("/l/")
    wrong = [token[:-1], token + "A", token + "/", token.swapcase(), "x", "%00", "a/b", "A" * 5000]
    flipped = [token[:n] + ("B" if token[n] == "A" else "A") + token[n + 1 :] for n in range(43)]
    answers = {
        (answer.status_code, answer.text)
        for answer in (app.test_client().get(f"/l/{one}") for one in [*wrong, *flipped])
    }
    assert len(answers) == 1
    [(status, page)] = answers
    assert status == 404
    assert "This link is not known" in page
    assert app.test_client().get(link).status_code == 200


def test_only_the_hash_of_a_token_is_kept(app, her):
    token = each_kind(her)["bookings"][0].removeprefix("/l/")
    assert token not in str(rows())
    assert tokens.find(token).kind is LinkKind.BOOKINGS
    assert len(token) == 43


def test_a_join_link_ends_with_its_class_and_moves_with_it(app, her, clock):
    session = make.session()
    booking = make.booking(participant=her, session=session)
    link = minted(LinkKind.JOIN, her, subject_id=booking.id)
    clock.moment = session.ends_at - timedelta(seconds=1)
    assert app.test_client().get(link).status_code == 200
    clock.moment = session.ends_at
    ended = app.test_client().get(link)
    assert ended.status_code == 410
    assert "ask for a new one" in ended.text
    assert app.test_client().post(link).status_code == 410
    session.ends_at += timedelta(hours=1)
    db.session.commit()
    assert app.test_client().get(link).status_code == 200


def test_an_answer_link_ends_with_the_last_day_where_she_is(app, clock):
    her = make.participant(zone="Australia/Melbourne")
    assessment = make.assessment(participant=her)
    link = minted(LinkKind.ANSWER, her, subject_id=assessment.id)
    clock.moment = assessment.closes_at - timedelta(seconds=1)
    assert app.test_client().get(link).status_code == 200
    clock.moment = assessment.closes_at
    assert app.test_client().get(link).status_code == 410


def test_a_bookings_link_lives_fourteen_days(app, her, clock):
    link = minted(LinkKind.BOOKINGS, her, expires_at=ENDS)
    clock.moment = ENDS - timedelta(seconds=1)
    assert app.test_client().post(link).status_code == 303
    clock.moment = ENDS
    assert app.test_client().get(link).status_code == 410


@pytest.mark.parametrize("kind", list(PAGES))
@pytest.mark.parametrize("why", ["revoked", "withdrawn", "switched off"])
def test_all_links_end_at_once(app, her, kind, why):
    link, leads_to = each_kind(her)[kind]
    person = app.test_client()
    assert person.get(link).status_code == 200
    if why == "revoked":
        tokens.revoke_all(her.account_id, now=NOON)
    elif why == "withdrawn":
        her.withdrawn_on = NOON.date()
    else:
        her.account.is_active = False
    db.session.commit()
    assert person.get(link).status_code == 410
    assert person.post(link, data={"birth_year": "1960"}).status_code == 410
    assert person.get(leads_to).status_code == 401


def test_what_a_revoked_link_had_opened_is_shut_too(app, her):
    link, leads_to = each_kind(her)["join"]
    person = app.test_client()
    person.post(link)
    assert person.get(leads_to).status_code == 200
    tokens.revoke_all(her.account_id, now=NOON)
    db.session.commit()
    assert person.get(leads_to).status_code == 401


def test_a_wrong_year_five_times_shuts_the_link_for_the_right_one(app, her):
    link, leads_to = each_kind(her)["answer"]
    person = app.test_client()
    statuses = [person.post(link, data={"birth_year": "1961"}).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 422, 429]
    shut = person.post(link, data={"birth_year": "1960"})
    assert shut.status_code == 429
    assert her.site.phone in shut.text
    assert "shut" in app.test_client().get(link).text
    assert person.get(leads_to).status_code == 401


@pytest.mark.parametrize("typed", ["", "60", "1960x", "\u0661\u0669\u0666\u0660", "\x00", "\ud800"])
def test_what_is_no_year_is_a_try_that_does_not_fit(app, her, typed):
    link, _ = each_kind(her)["answer"]
    data = {"birth_year": typed.encode("utf-8", "surrogatepass")}
    assert app.test_client().post(link, data=data).status_code == 422
    assert db.session.scalars(sa.select(Link.tries).where(Link.kind == LinkKind.ANSWER)).one() == 1


def test_the_right_year_begins_the_count_anew(app, her):
    link, _ = each_kind(her)["answer"]
    for _ in range(3):
        for _ in range(4):
            app.test_client().post(link, data={"birth_year": "1961"})
        assert app.test_client().post(link, data={"birth_year": " 1960 "}).status_code == 303


def test_somebody_whose_year_is_not_known_is_asked_to_ring(app):
    nobody = make.participant(contact=make.contact(birth_year=""))
    assessment = make.assessment(participant=nobody)
    link = minted(LinkKind.ANSWER, nobody, subject_id=assessment.id)
    assert app.test_client().post(link, data={"birth_year": ""}).status_code == 422


def test_her_next_link_adds_to_her_visit_under_a_new_cookie(app, her):
    links, person = each_kind(her), app.test_client()
    person.post(links["join"][0])
    with person.session_transaction() as cookie:
        first = cookie[guard.VISITOR_COOKIE]
    person.post(links["bookings"][0])
    with person.session_transaction() as cookie:
        second = cookie[guard.VISITOR_COOKIE]
    assert first != second
    assert person.get(links["join"][1]).status_code == 200
    assert person.get(links["bookings"][1]).status_code == 200
    assert visits.find(first, now=NOON) is None


def test_anothers_visit_is_named_before_it_is_ended(app, her):
    bea = make.participant(contact=make.contact(name="Bea Smith"))
    browser = app.test_client()
    browser.post(each_kind(bea)["bookings"][0])
    link, leads_to = each_kind(her)["bookings"]
    assert "Somebody else was using this browser" in browser.get(link).text
    assert "Somebody else" not in app.test_client().get(link).text
    with browser.session_transaction() as cookie:
        beas = cookie[guard.VISITOR_COOKIE]
    assert visits.find(beas, now=NOON) is not None

    assert browser.post(link).location == leads_to
    assert visits.find(beas, now=NOON) is None
    live = sa.select(sa.func.count()).where(BrowserSession.ended_at.is_(None))
    assert db.session.scalar(live) == 1


def test_a_link_of_somebody_elses_thing_opens_nothing(app, her):
    bea = make.participant()
    booking, assessment = make.booking(participant=bea), make.assessment(participant=bea)
    for kind, subject in ((LinkKind.JOIN, booking), (LinkKind.ANSWER, assessment)):
        link = minted(kind, her, subject_id=subject.id)
        assert app.test_client().get(link).status_code == 410
        assert app.test_client().get(minted(kind, bea, subject_id=subject.id)).status_code == 200


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(-60, "The doors open at"), (-5, "The doors are open."), (20, "The class has begun.")],
)
def test_the_join_page_says_when_the_doors_open(app, her, clock, minutes, said):
    session = make.session()
    link = minted(LinkKind.JOIN, her, subject_id=make.booking(participant=her, session=session).id)
    clock.moment = session.starts_at + timedelta(minutes=minutes)
    page = app.test_client().get(link).text
    assert said in page
    assert "Amsterdam time" in page
    assert "What to prepare" in page
    assert "Go on to the class" in page


def test_the_join_page_of_a_class_called_off_says_so_and_what_next(app, her):
    session = make.session(called_off_at=NOON)
    booking = make.booking(participant=her, session=session)
    page = app.test_client().get(minted(LinkKind.JOIN, her, subject_id=booking.id)).text
    assert "This class does not take place." in page
    assert "choose another one" in page
    assert "Go on to the class" not in page


def test_the_join_page_is_in_her_language_and_zone(app):
    her = make.participant(zone="Australia/Melbourne", language="nl")
    booking = make.booking(participant=her)
    page = app.test_client().get(minted(LinkKind.JOIN, her, subject_id=booking.id)).text
    assert "23:00" in page
    assert "Melbourne" in page
