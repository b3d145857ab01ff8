"""The year of birth before health questions: five tries."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.accounts import tokens
from remote_training.accounts.models import Link
from remote_training.core.db import db, unit_of_work
from tests import make
from tests.fakes import NOON
from tests.links.conftest import YEAR
from tests.make import TODAY

THREADS = 16
DAY = timedelta(days=1)


def type_year(browser, token, year):
    """What she sees then: the way on, or the same page anew, by a redirect."""
    answer = browser.post(f"/l/{token}", data={"birth_year": year})
    assert answer.status_code == 303
    return browser.get(answer.location) if answer.location == f"/l/{token}" else answer


def test_the_year_of_birth_is_asked_before_the_first_question(browser, hers):
    token = hers.token("answer")
    page = browser.get(f"/l/{token}").text
    assert "In which year were you born?" in page
    assert YEAR not in page.replace("such as 1960", "")
    assert browser.get(f"/questions/{hers.assessment.id}/").status_code == 401


@pytest.mark.parametrize("typed", [YEAR, f" {YEAR} ", "19 60", "\u0661\u0669\u0666\u0660"])
def test_the_right_year_opens_this_questionnaire_alone(browser, hers, typed):
    other = make.assessment(participant=hers.participant, timepoint="w8", week=8)
    answer = type_year(browser, hers.token("answer"), typed)
    assert answer.location == f"/questions/{hers.assessment.id}/"
    assert browser.get(answer.location).status_code == 200
    for path in (f"/questions/{other.id}/", "/classes/", "/home/", f"/class/{hers.booking.id}/"):
        assert browser.get(path).status_code == 401, path


@pytest.mark.parametrize("typed", ["", "  ", "19", "abcd", "1960x", "1960-05-01", "\u2460\u2468"])
def test_what_is_no_year_is_no_try(browser, hers, typed):
    token = hers.token("answer")
    assert type_year(browser, token, "1931").status_code == 422
    for _ in range(tokens.TRIES):
        answer = type_year(browser, token, typed)
        assert answer.status_code == 422
        assert "in four digits" in answer.text
    db.session.expire_all()
    assert db.session.scalars(sa.select(Link.tries)).one() == 1
    assert type_year(browser, token, YEAR).status_code == 303


def test_a_link_that_is_shut_stays_shut_for_what_is_no_year(browser, hers):
    token = hers.token("answer")
    for _ in range(tokens.TRIES):
        type_year(browser, token, "1931")
    for typed in ("", YEAR):
        answer = type_year(browser, token, typed)
        assert answer.status_code == 410
        assert "this link is shut" in answer.text


def test_the_light_check_is_the_first_look_and_the_page_before_it_is_none(browser, hers, clock):
    token = hers.token("answer")
    browser.get(f"/l/{token}")
    type_year(browser, token, "1930")
    db.session.refresh(hers.assessment)
    assert hers.assessment.opened_at is None

    type_year(browser, token, YEAR)
    clock.forward(minutes=5)
    type_year(browser, token, YEAR)

    db.session.refresh(hers.assessment)
    assert (hers.assessment.opened_at, hers.assessment.started_at) == (NOON, None)


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"closes_on": TODAY - DAY, "started_at": NOON}, 410, "The days for these questions are"),
        ({"start_by_on": TODAY - DAY}, 410, "The days for these questions are over."),
        (
            {"closes_on": TODAY - DAY, "started_at": NOON, "completed_at": NOON},
            409,
            "You have already sent these answers.",
        ),
    ],
    ids=["closed", "too late to begin", "sent and closed"],
)
def test_a_link_to_questions_that_are_over_says_so(browser, hers, change, status, sentence):
    token = hers.token("answer")
    assert browser.get(f"/l/{token}").status_code == 200
    for name, value in change.items():
        setattr(hers.assessment, name, value)
    db.session.commit()

    answer = browser.get(f"/l/{token}")

    assert answer.status_code == status
    assert sentence in answer.text


def test_questions_that_are_over_open_after_the_year_for_what_waits_on_her_phone(browser, hers):
    token = hers.token("answer")
    hers.assessment.closes_on, hers.assessment.started_at = TODAY - DAY, NOON
    db.session.commit()
    page = browser.get(f"/l/{token}")
    assert f'id="kept" data-sitting="{hers.assessment.id}" hidden' in page.text

    wrong = type_year(browser, token, "1930")
    assert (wrong.status_code, "This year does not fit" in wrong.text) == (410, True)
    assert browser.get(f"/questions/{hers.assessment.id}/").status_code == 401
    there = browser.get(type_year(browser, token, YEAR).location)

    assert there.status_code == 410
    assert 'id="asked"' in there.text


def test_who_left_the_trial_is_asked_nothing_by_a_link_to_questions_that_are_over(browser, hers):
    token = hers.token("answer")
    hers.assessment.closes_on, hers.assessment.started_at = TODAY - DAY, NOON
    hers.participant.withdrawn_on = TODAY
    db.session.commit()
    answer = browser.post(f"/l/{token}", data={"birth_year": YEAR})
    assert answer.status_code == 410
    assert "birth_year" not in browser.get(f"/l/{token}").text


def test_who_is_in_the_middle_goes_on_with_the_same_link_after_the_last_day(browser, hers, clock):
    token = hers.token("answer")
    clock.moment = hers.assessment.ends_at - timedelta(minutes=1)
    type_year(browser, token, YEAR)
    place = f"/questions/{hers.assessment.id}"
    assert browser.post(f"{place}/1", data={"answer": "3"}).status_code == 303

    clock.forward(minutes=30)
    assert browser.post(f"{place}/2", data={"answer": "3"}).status_code == 303
    assert type_year(browser, token, YEAR).status_code == 303
    clock.forward(minutes=60)
    late = browser.post(f"{place}/3", data={"answer": "3"}, follow_redirects=True)
    assert late.status_code == 410
    assert browser.get(f"/l/{token}").status_code == 410


@pytest.mark.parametrize("typed", ["1961", "0000", "\u0661\u0669\u0666\u0661"])
def test_a_wrong_year_is_told_at_its_field_and_opens_nothing(browser, hers, typed):
    answer = type_year(browser, hers.token("answer"), typed)
    assert answer.status_code == 422
    assert "This year does not fit" in answer.text
    assert browser.get(f"/questions/{hers.assessment.id}/").status_code == 401


def test_the_fifth_wrong_year_shuts_the_link_even_for_the_right_one(browser, hers):
    token = hers.token("answer")
    statuses = [type_year(browser, token, str(1930 + n)).status_code for n in range(5)]
    assert statuses == [422, 422, 422, 422, 410]
    answer = type_year(browser, token, YEAR)
    assert answer.status_code == 410
    assert "Please ring us" in answer.text
    assert browser.get(f"/questions/{hers.assessment.id}/").status_code == 401
    page = browser.get(f"/l/{token}")
    assert "this link is shut" in page.text
    assert 'name="birth_year"' not in page.text


def test_four_wrong_years_and_then_the_right_one_open_it(browser, hers):
    token = hers.token("answer")
    for n in range(4):
        type_year(browser, token, str(1930 + n))
    assert type_year(browser, token, YEAR).status_code == 303


def test_tries_in_many_browsers_count_together(app, hers):
    token = hers.token("answer")
    for n in range(5):
        type_year(app.test_client(), token, str(1930 + n))
    assert type_year(app.test_client(), token, YEAR).status_code == 410


def test_somebody_whose_year_is_not_known_is_let_in_by_no_empty_field(app, browser, hers):
    unknown = make.participant(contact=make.contact(birth_year=""))
    form = make.assessment(participant=unknown)
    hers.participant, hers.assessment = unknown, form
    token = hers.token("answer")
    assert type_year(browser, token, "").status_code == 422


def test_of_sixteen_wrong_years_at_once_five_are_looked_at(app, hers):
    token = hers.token("answer")
    start, statuses = threading.Barrier(THREADS), []

    def run(number):
        with app.app_context():
            browser = app.test_client()
            start.wait()
            statuses.append(type_year(browser, token, str(1930 + number)).status_code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == THREADS
    assert set(statuses) <= {422, 410}
    db.session.rollback()
    assert db.session.scalars(sa.select(Link.tries)).one() == tokens.TRIES
    assert type_year(app.test_client(), token, YEAR).status_code == 410


def test_a_try_counts_even_where_the_page_after_it_breaks(app, hers):
    token = hers.token("answer")
    link = tokens.find(token)
    with pytest.raises(RuntimeError), unit_of_work():
        tokens.count_try(link)
        db.session.commit()
        raise RuntimeError
    db.session.expire_all()
    assert tokens.find(token).tries == 1
