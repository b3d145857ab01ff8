"""A visit that ended in the middle: the year of birth once more, and the answer is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts import guard, tokens, visits
from remote_training.accounts.models import BrowserSession, LinkKind, Scope
from remote_training.assessments import service
from remote_training.assessments.models import Answer, Assessment
from remote_training.assessments.sitting import sitting
from remote_training.core.crypto import KeyRing
from remote_training.core.db import db
from tests import make
from tests.conftest import SECRET
from tests.fakes import NOON, FakeClock

YEAR = "1961"
HOURS = {"hours": 13}


pytestmark = pytest.mark.usefixtures("guarded_forms")


@pytest.fixture
def ada(app: Flask) -> Any:
    return make.participant(contact=make.contact(name="Ada Byron", birth_year=YEAR))


@pytest.fixture
def week_0(ada: Any) -> Assessment:
    return make.assessment(participant=ada, forms=("phq-9", "neuropathy-nrs"))


@pytest.fixture
def by_link(ada: Any, week_0: Assessment, browser: FlaskClient) -> FlaskClient:
    """Her browser, once she came by the link in her mail."""
    token = tokens.mint(LinkKind.ANSWER, ada.account_id, now=NOON, subject_id=week_0.id)
    db.session.commit()
    fields = hidden(browser.get(f"/l/{token}").text)
    browser.post(f"/l/{token}", data={**fields, "birth_year": YEAR})
    return browser


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form with a ticket, or else of that with the most."""
    forms = [
        dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        for form in page.split("<form")[1:]
    ]
    return max(forms, key=lambda fields: ("ticket" in fields, len(fields)))


def sign_in(browser: FlaskClient, somebody: Any) -> None:
    """Somebody else is in this browser from now on."""
    visit, token = visits.begin(somebody.account, lasts=visits.PARTICIPANT_HOURS, now=NOON)
    visits.permit(visit, Scope.EVERYTHING)
    db.session.commit()
    with browser.session_transaction() as cookie:
        cookie[guard.VISITOR_COOKIE] = token


def values(assessment: Assessment) -> dict[str, int | None]:
    db.session.expire_all()
    asked = sitting(assessment).questions
    return {one.item.code: one.answer.value for one in asked if one.answer is not None}


def test_an_answer_sent_after_the_visit_ended_is_saved_after_the_year_of_birth(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    address = f"/questions/{week_0.id}/2"
    fields = hidden(by_link.get(address).text)
    clock.forward(**HOURS)

    asked = by_link.post(address, data={**fields, "answer": "3"}, follow_redirects=True)
    assert (asked.status_code, values(week_0)) == (401, {})
    assert "Your last answer is not lost" in asked.text
    again = {**hidden(asked.text), "birth_year": YEAR}
    answer = by_link.post(f"/questions/{week_0.id}/again", data=again)

    assert (answer.status_code, answer.location) == (303, f"/questions/{week_0.id}/3")
    assert values(week_0) == {"phq2": 3}
    assert by_link.get(answer.location).status_code == 200
    (row,) = db.session.scalars(sa.select(Answer))
    assert (row.given_at, row.language) == (clock(), "en")


def test_a_browser_that_lost_its_cookie_keeps_the_answer_too(
    by_link: FlaskClient, week_0: Assessment
) -> None:
    address = f"/questions/{week_0.id}/2"
    fields = hidden(by_link.get(address).text)
    by_link.delete_cookie("visit")

    asked = by_link.post(address, data={**fields, "answer": "3"}, follow_redirects=True)
    by_link.post(f"/questions/{week_0.id}/again", data={**hidden(asked.text), "birth_year": YEAR})

    assert values(week_0) == {"phq2": 3}


def test_the_page_that_asks_again_knows_nobody_by_name_and_holds_no_answer_in_clear(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    address = f"/questions/{week_0.id}/2"
    fields = hidden(by_link.get(address).text)
    clock.forward(**HOURS)

    page = by_link.post(address, data={**fields, "answer": "3"}, follow_redirects=True).text

    for word in ("Ada", "Byron", YEAR, "phq2", "Nearly every day", "interest or pleasure"):
        assert word not in page, word
    assert hidden(page)["carried"]


def test_without_a_ticket_of_ours_nobody_learns_that_there_are_questions(
    app: Flask, by_link: FlaskClient, week_0: Assessment
) -> None:
    ticket = hidden(by_link.get(f"/questions/{week_0.id}/2").text)["ticket"]
    other = make.assessment()
    unknown = "00000000-0000-4000-8000-000000000000"
    changed = ticket[:-6] + ("AAAA" if ticket[-6:-2] != "AAAA" else "BBBB") + ticket[-2:]
    pages = set()
    for address, carried in (
        (week_0.id, ""), (week_0.id, "nonsense"), (week_0.id, "é"), (week_0.id, "A" * 50_000),
        (week_0.id, changed), (other.id, ticket), (unknown, ticket), (unknown, ""),
    ):  # fmt: skip
        stranger = app.test_client()
        for number in (1, 2):
            answer = stranger.post(
                f"/questions/{address}/{number}", data={"ticket": carried, "answer": "1"}
            )
            assert answer.status_code == 401
            pages.add(answer.text)
    assert len({re.sub(r'value="[^"]*"|questions/[\w/-]*', "", page) for page in pages}) == 1
    good = app.test_client().post(
        f"/questions/{week_0.id}/2",
        data={"ticket": ticket, "answer": "1"},
        follow_redirects=True,
    )
    assert "In which year were you born?" in good.text
    assert values(week_0) == {}


def test_five_years_that_do_not_fit_shut_it_and_the_right_one_comes_too_late(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    address, again = f"/questions/{week_0.id}/2", f"/questions/{week_0.id}/again"
    fields = hidden(by_link.get(address).text)
    clock.forward(**HOURS)
    page = by_link.post(address, data={**fields, "answer": "3"}, follow_redirects=True)
    for status in (422, 422, 422, 422, 410):
        carried = hidden(page.text)
        typed = {**carried, "birth_year": "1930"}
        page = by_link.post(again, data=typed, follow_redirects=True)
        assert page.status_code == status
    assert "Please ring us" in page.text
    assert "030 000 0000" in page.text

    late = by_link.post(again, data={**carried, "birth_year": YEAR}, follow_redirects=True)

    assert (late.status_code, values(week_0)) == (410, {})
    service.check_passed(db.session.get_one(Assessment, week_0.id))  # staff sent a new link
    db.session.commit()
    assert by_link.post(again, data={**carried, "birth_year": YEAR}).status_code == 303
    assert values(week_0) == {"phq2": 3}


@pytest.mark.parametrize("page", ["4", "4?look=1", "help/9", "help/9?look=1", "part/2", "check"])
def test_a_page_that_is_only_looked_at_comes_back_after_the_year_of_birth(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock, page: str
) -> None:
    clock.forward(**HOURS)

    asked = by_link.get(f"/questions/{week_0.id}/{page}")
    fields = {**hidden(asked.text), "birth_year": YEAR}
    answer = by_link.post(f"/questions/{week_0.id}/again", data=fields)

    assert asked.status_code == 401
    assert answer.location == f"/questions/{week_0.id}/{page}"
    assert by_link.get(answer.location).status_code == 200


@pytest.mark.parametrize("way", ["//evil.example", "https://evil.example/", "/home/", "../../x"])
def test_the_way_on_leads_nowhere_else(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock, way: str
) -> None:
    clock.forward(**HOURS)
    fields = hidden(by_link.get(f"/questions/{week_0.id}/4").text)
    for path in (way, f"/questions/{week_0.id}/{way}"):
        typed = {**fields, "birth_year": YEAR, "way_on": path}
        answer = by_link.post(f"/questions/{week_0.id}/again", data=typed)
        assert answer.location == f"/questions/{week_0.id}/"
        clock.forward(**HOURS)
        fields = hidden(by_link.get(f"/questions/{week_0.id}/4").text)


def test_sending_after_the_visit_ended_leads_back_to_all_her_answers(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    fields = hidden(by_link.get(f"/questions/{week_0.id}/check").text)
    clock.forward(**HOURS)

    asked = by_link.post(f"/questions/{week_0.id}/check", data=fields, follow_redirects=True)
    again = {**hidden(asked.text), "birth_year": YEAR}
    answer = by_link.post(f"/questions/{week_0.id}/again", data=again)

    assert answer.location == f"/questions/{week_0.id}/check"


def test_who_ended_her_visit_by_hand_or_left_the_trial_is_not_asked_again(
    by_link: FlaskClient, week_0: Assessment, ada: Any, clock: FakeClock
) -> None:
    address = f"/questions/{week_0.id}/4"
    fields = hidden(by_link.get(address).text)
    clock.forward(**HOURS)
    assert "In which year were you born?" in by_link.get(address).text
    tokens.revoke_all(ada.account_id, now=clock())
    visits.end_all(ada.account_id, now=clock())
    db.session.commit()

    assert "In which year were you born?" not in by_link.get(address).text
    refused = by_link.post(address, data={**fields, "answer": "1"})
    assert (refused.status_code, values(week_0)) == (401, {})
    assert "In which year were you born?" not in refused.text


def test_coming_back_opens_these_questions_and_nothing_else(
    browse_as: Callable[..., FlaskClient], ada: Any, week_0: Assessment, clock: FakeClock
) -> None:
    everything, address = browse_as(ada), f"/questions/{week_0.id}/4"
    assert everything.get("/home/").status_code == 200
    db.session.execute(sa.update(BrowserSession).values(expires_at=NOON))
    db.session.commit()
    clock.forward(minutes=1)

    fields = {**hidden(everything.get(address).text), "birth_year": YEAR}
    everything.post(f"/questions/{week_0.id}/again", data=fields)

    assert everything.get(address).status_code == 200
    assert everything.get("/home/").status_code == 401


def ticked(page: str) -> list[str]:
    """The answers that are chosen on a page."""
    boxes: list[str] = re.findall(r"<input[^>]*name=.answer.[^>]*>", page)
    return [re.findall(r'value="(\d+)"', box)[0] for box in boxes if " checked" in box]


@pytest.mark.parametrize("shown_at", [2, 5], ids=["where it stood", "where the script had gone on"])
def test_another_language_after_the_visit_ended_keeps_the_tick_and_the_language(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock, shown_at: int
) -> None:
    fields = hidden(by_link.get(f"/questions/{week_0.id}/5?look=1").text)
    clock.forward(**HOURS)

    speak, spoken = f"/questions/{week_0.id}/{shown_at}/language", {"language": "nl", "answer": "2"}
    asked = by_link.post(speak, data={**fields, **spoken}, follow_redirects=True)
    assert (asked.status_code, values(week_0)) == (401, {})
    assert '<html lang="nl"' in asked.text
    wrong = {**hidden(asked.text), "birth_year": "1930"}
    asked = by_link.post(f"/questions/{week_0.id}/again", data=wrong, follow_redirects=True)
    again = {**hidden(asked.text), "birth_year": YEAR}
    back = by_link.post(f"/questions/{week_0.id}/again", data=again)

    assert back.location == f"/questions/{week_0.id}/5?look=1"
    page = by_link.get(back.location).text
    assert '<html lang="nl"' in page
    assert ticked(page) == ["2"]
    assert values(week_0) == {}
    assert ticked(by_link.get(back.location).text) == []


def test_another_language_for_a_question_that_is_not_there_leads_to_the_first_page(
    by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    fields = hidden(by_link.get(f"/questions/{week_0.id}/5").text)
    clock.forward(**HOURS)
    typed = {**fields, "question": "phq-9/nothing", "language": "nl", "answer": "2"}

    answer = by_link.post(f"/questions/{week_0.id}/5/language", data=typed)

    assert (answer.status_code, answer.location) == (303, f"/questions/{week_0.id}/")


def test_another_language_with_somebody_else_on_the_same_phone_keeps_the_tick_for_her(
    by_link: FlaskClient, week_0: Assessment
) -> None:
    fields = hidden(by_link.get(f"/questions/{week_0.id}/2").text)
    sign_in(by_link, make.participant())

    speak, spoken = f"/questions/{week_0.id}/2/language", {"language": "nl", "answer": "2"}
    asked = by_link.post(speak, data={**fields, **spoken}, follow_redirects=True)
    assert asked.status_code == 401
    again = {**hidden(asked.text), "birth_year": YEAR}
    back = by_link.post(f"/questions/{week_0.id}/again", data=again, follow_redirects=True)

    assert ticked(back.text) == ["2"]


def test_somebody_else_on_the_same_phone_does_not_take_her_answer(
    app: Flask, by_link: FlaskClient, week_0: Assessment, clock: FakeClock
) -> None:
    address = f"/questions/{week_0.id}/2"
    fields = hidden(by_link.get(address).text)
    sign_in(by_link, make.participant())

    asked = by_link.post(address, data={**fields, "answer": "3"}, follow_redirects=True)
    assert values(week_0) == {}
    by_link.post(f"/questions/{week_0.id}/again", data={**hidden(asked.text), "birth_year": YEAR})

    assert values(week_0) == {"phq2": 3}
    assert by_link.get("/home/").status_code == 401


def test_a_page_from_before_the_keys_were_changed_sends_its_answer(
    app: Flask, by_link: FlaskClient, week_0: Assessment
) -> None:
    address, newest = f"/questions/{week_0.id}/2", "another-key-that-is-long-enough-to-be-one-2"
    fields = hidden(by_link.get(address).text)
    before = app.config["SECRET_KEY"], app.extensions["keyring"]
    ring = KeyRing([newest, SECRET])
    app.extensions["keyring"] = ring
    app.config["SECRET_KEY"], app.config["SECRET_KEY_FALLBACKS"] = (
        ring.cookie_keys[0],
        ring.cookie_keys[1:],
    )
    try:
        answer = by_link.post(address, data={**fields, "answer": "3"})
        other_form = by_link.post(
            "/language", data={"csrf_token": fields["csrf_token"], "language": "nl"}
        )
    finally:
        app.config["SECRET_KEY"], app.extensions["keyring"] = before
        app.config["SECRET_KEY_FALLBACKS"] = []

    assert (answer.status_code, other_form.status_code) == (303, 303)
    assert values(week_0) == {"phq2": 3}


def test_a_form_without_ticket_and_token_is_nobodys(
    by_link: FlaskClient, week_0: Assessment
) -> None:
    address = f"/questions/{week_0.id}/2"
    fields = hidden(by_link.get(address).text)

    assert by_link.post(address, data={"answer": "3"}).status_code == 400
    assert values(week_0) == {}
    for name in ("ticket", "csrf_token"):
        assert by_link.post(address, data={name: fields[name], "answer": "3"}).status_code == 303
