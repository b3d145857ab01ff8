"""Questions, one a page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training import tables
from remote_training.accounts import visits
from remote_training.accounts.models import Scope
from remote_training.assessments.models import Answer, Assessment, Device
from remote_training.assessments.sitting import sitting
from remote_training.core.db import db
from remote_training.instruments import load as instruments
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

CODES = ["numb_hands", "numb_feet", "tingling_hands", "tingling_feet", "pain_hands", "pain_feet"]


@pytest.fixture
def ada(app):
    return make.participant()


@pytest.fixture
def week_0(ada):
    return make.assessment(participant=ada)


def values(assessment):
    """What stands, by item."""
    asked = sitting(assessment).questions
    return {one.item.code: one.answer.value for one in asked if one.answer is not None}


def chosen(page):
    """The number that is chosen on a page."""
    return re.findall(r'value="(\d+)" checked', page)


def test_the_first_page_says_how_many_how_long_and_that_nobody_watches(browse_as, ada, week_0):
    page = browse_as(ada).get(f"/questions/{week_0.id}/").text

    assert "7 questions" in page
    assert "about 2 minutes" in page
    assert "saved as you go" in page
    assert "Nobody reads your answers straight away" in page
    assert "030 000 0000" in page
    assert f"/questions/{week_0.id}/1" in page


def test_each_next_saves_and_goes_on_to_the_next_question(browse_as, ada, week_0):
    browser = browse_as(ada)

    for number in range(1, 8):
        answer = browser.post(f"/questions/{week_0.id}/{number}", data={"answer": str(number)})
        after = "check" if number == 7 else str(number + 1)
        assert (answer.status_code, answer.location) == (303, f"/questions/{week_0.id}/{after}")

    assert list(values(week_0).values()).count(None) == 0
    page = browser.post(f"/questions/{week_0.id}/check", follow_redirects=True).text
    assert "Thank you. Your answers have arrived." in page
    assert db.session.get(Assessment, week_0.id).is_complete


def test_next_without_a_choice_asks_to_choose_and_loses_nothing(browse_as, ada, week_0):
    browser = browse_as(ada)
    browser.post(f"/questions/{week_0.id}/1", data={"answer": "4"})

    answer = browser.post(f"/questions/{week_0.id}/1", data={}, follow_redirects=True)

    assert answer.status_code == 422
    assert "Please choose a number from 0 to 10, or press" in answer.text
    assert chosen(answer.text) == ["4"]
    assert values(week_0) == {"numb_hands": 4}


@pytest.mark.parametrize("odd", ["11", "-1", "abc", "1.5", "٣", "", "9" * 400, "\ud800", "1\x00"])
def test_an_answer_that_the_scale_does_not_have_is_asked_again(browse_as, ada, week_0, odd):
    answer = browse_as(ada).post(
        f"/questions/{week_0.id}/1",
        data=f"answer={odd}".encode("utf-8", "surrogatepass"),
        content_type="application/x-www-form-urlencoded",
        follow_redirects=True,
    )

    assert answer.status_code == 422
    assert values(week_0) == {}


def test_rather_not_answer_is_kept_as_such_and_can_be_taken_back(browse_as, ada, week_0):
    browser = browse_as(ada)

    browser.post(f"/questions/{week_0.id}/1", data={"answer": "4", "decline": "1"})
    page = browser.get(f"/questions/{week_0.id}/1").text

    assert values(week_0) == {"numb_hands": None}
    assert chosen(page) == []
    assert "You said that you would rather not answer" in page
    browser.post(f"/questions/{week_0.id}/1", data={"answer": "4"})
    assert values(week_0) == {"numb_hands": 4}


def test_another_browser_goes_on_where_the_first_one_stopped(browse_as, ada, week_0):
    first, second = browse_as(ada), browse_as(ada)
    for number in (1, 2, 3):
        first.post(f"/questions/{week_0.id}/{number}", data={"answer": "5"})

    page = second.get(f"/questions/{week_0.id}/").text

    assert "Go on with question 4" in page
    assert "You have done 3 of 7 questions" in page
    assert chosen(second.get(f"/questions/{week_0.id}/2").text) == ["5"]


def test_another_language_on_the_way_keeps_the_answers(browse_as, ada, week_0):
    browser = browse_as(ada)
    browser.post(f"/questions/{week_0.id}/1", data={"answer": "5"})
    browser.post("/language", data={"language": "nl", "back": f"/questions/{week_0.id}/2"})

    page = browser.get(f"/questions/{week_0.id}/1").text
    browser.post(f"/questions/{week_0.id}/2", data={"answer": "6"})

    assert "Hoe doof voelden uw handen" in page
    assert chosen(page) == ["5"]
    asked = sitting(week_0).questions
    languages = {one.item.code: one.answer.language for one in asked if one.answer is not None}
    assert languages == {"numb_hands": "en", "numb_feet": "nl"}


def test_looking_over_shows_everything_and_leads_to_a_change_and_back(browse_as, ada, week_0):
    browser = browse_as(ada)
    browser.post(f"/questions/{week_0.id}/1", data={"answer": "5"})
    browser.post(f"/questions/{week_0.id}/2", data={"decline": "1"})

    page = browser.get(f"/questions/{week_0.id}/check").text

    assert "5 questions have no answer yet" in page
    assert page.count("I'd rather not answer") == 1
    assert f"/questions/{week_0.id}/1?look=1" in page
    answer = browser.post(f"/questions/{week_0.id}/1?look=1", data={"answer": "6"})
    assert answer.location == f"/questions/{week_0.id}/check"


def test_sending_twice_sends_once_and_thanks_twice(browse_as, ada, week_0):
    browser = browse_as(ada)
    browser.post(f"/questions/{week_0.id}/1", data={"answer": "5"})

    for _ in range(2):
        page = browser.post(f"/questions/{week_0.id}/check", follow_redirects=True)
        assert page.status_code == 200
        assert "Your answers have arrived" in page.text

    for address in ("", "1", "check", "stop"):
        page = browser.get(f"/questions/{week_0.id}/{address}", follow_redirects=True)
        assert "Your answers have arrived" in page.text
    late = browser.post(f"/questions/{week_0.id}/1", data={"answer": "6"}, follow_redirects=True)
    assert "Your answers have arrived" in late.text
    script = {"Accept": "application/json"}
    refused = browser.post(f"/questions/{week_0.id}/1", data={"answer": "6"}, headers=script)
    assert (refused.status_code, refused.json["said"][:38]) == (
        409,
        "You have already sent these answers. T",
    )
    assert values(week_0) == {"numb_hands": 5}


def test_stopping_says_until_when_she_can_go_on(browse_as, ada, week_0):
    page = browse_as(ada).get(f"/questions/{week_0.id}/stop").text

    assert "saved" in page
    assert "until the end of" in page
    assert "Tuesday 8 December" in page


def test_thanks_are_not_said_before_the_end(browse_as, ada, week_0):
    answer = browse_as(ada).get(f"/questions/{week_0.id}/thanks")

    assert answer.location == f"/questions/{week_0.id}/"


@pytest.mark.parametrize("number", [0, 8, 10**30])
def test_a_question_that_is_not_asked_is_not_there(browse_as, ada, week_0, number):
    browser = browse_as(ada)

    assert browser.get(f"/questions/{week_0.id}/{number}").status_code == 404
    assert browser.post(f"/questions/{week_0.id}/{number}", data={"answer": "1"}).status_code == 404
    assert browser.get(f"/questions/{week_0.id}/7").status_code == 200


def test_the_questions_of_somebody_else_are_not_there(browse_as, ada, week_0):
    stranger = browse_as(make.participant())

    for address in ("", "1", "check", "thanks", "stop"):
        assert stranger.get(f"/questions/{week_0.id}/{address}").status_code == 404
    assert stranger.post(f"/questions/{week_0.id}/1", data={"answer": "1"}).status_code == 404
    assert stranger.post(f"/questions/{week_0.id}/check").status_code == 404
    assert browse_as(ada).get(f"/questions/{week_0.id}/").status_code == 200
    assert values(week_0) == {}


def test_a_visit_for_one_questionnaire_opens_that_one_only(app, browser, ada, week_0):
    week_6 = make.assessment(participant=ada, timepoint="w6", week=6)
    visit, token = visits.begin(ada.account, lasts=visits.PARTICIPANT_HOURS, now=NOON)
    visits.permit(visit, Scope.ANSWER, subject_id=week_0.id)
    db.session.commit()
    with browser.session_transaction() as cookie:
        cookie["me"] = token

    assert browser.get(f"/questions/{week_0.id}/").status_code == 200
    assert browser.get(f"/questions/{week_6.id}/").status_code == 401


def test_nobody_answers_without_a_link(browser, week_0):
    assert browser.get(f"/questions/{week_0.id}/1").status_code == 401
    assert browser.post(f"/questions/{week_0.id}/1", data={"answer": "1"}).status_code == 401
    assert values(week_0) == {}


@pytest.mark.parametrize(
    ("window", "status", "sentence"),
    [
        ({"opens_on": TODAY + timedelta(days=1)}, 409, "It is too early for these questions."),
        ({"closes_on": TODAY - timedelta(days=1)}, 410, "The days for these questions are over."),
        ({"start_by_on": TODAY - timedelta(days=1)}, 410, "The days for these questions are over."),
    ],
)
def test_outside_the_window_a_sentence_says_so(browse_as, ada, window, status, sentence):
    shut = make.assessment(participant=ada, **window)
    browser = browse_as(ada)

    for answer in (
        browser.get(f"/questions/{shut.id}/"),
        browser.get(f"/questions/{shut.id}/1"),
        browser.get(f"/questions/{shut.id}/check"),
        browser.post(f"/questions/{shut.id}/1", data={"answer": "1"}, follow_redirects=True),
        browser.post(f"/questions/{shut.id}/check", follow_redirects=True),
    ):
        assert answer.status_code == status
        assert sentence in answer.text


def test_an_answer_costs_a_constant_number_of_statements(
    browse_as, ada, week_0, clock, count_queries
):
    browser, address = browse_as(ada), f"/questions/{week_0.id}"
    browser.post(f"{address}/1", data={"answer": "1"})
    verbs = []
    for number in range(2, 8):
        count_queries.clear()
        clock.forward(minutes=1)
        browser.post(f"{address}/{number}", data={"answer": "1"})
        verbs.append([s.split()[0] for s in count_queries if not s.startswith("BEGIN")])

    the_visit, the_sitting = ["SELECT"], ["SELECT"] * 2
    assert verbs == [[*the_visit, *the_sitting, "UPDATE", "INSERT"]] * 6


def test_looking_at_pages_changes_nothing(browse_as, ada, week_0):
    browser = browse_as(ada)

    for address in ("", "1", "7", "check", "stop", "thanks"):
        browser.get(f"/questions/{week_0.id}/{address}")

    db.session.refresh(week_0)
    assert (week_0.started_at, week_0.completed_at) == (None, None)


def test_what_was_saved_by_the_service_is_on_the_page(browse_as, ada, week_0):
    for code in CODES:
        make.answer(week_0, code, 10)
    db.session.commit()

    assert "Go on with question 7" in browse_as(ada).get(f"/questions/{week_0.id}/").text


SEVERAL = ("neuropathy-nrs", "gad-7")
GAD_ITEMS = len(instruments.instrument("gad-7").items)
ALL = 7 + GAD_ITEMS


@pytest.fixture
def both(ada):
    """A sitting of two questionnaires."""
    return make.assessment(participant=ada, timepoint="w6", week=6, forms=SEVERAL, minutes=4)


def answer_to(browser, assessment, last, first=1):
    for number in range(first, last + 1):
        browser.post(f"/questions/{assessment.id}/{number}", data={"answer": "1"})


def test_numbers_and_progress_run_through_all_questionnaires(browse_as, ada, both):
    browser = browse_as(ada)

    assert f"Question 8 of {ALL}" in browser.get(f"/questions/{both.id}/8").text
    assert f'value="7" max="{ALL}"' in browser.get(f"/questions/{both.id}/8").text
    assert browser.get(f"/questions/{both.id}/{ALL}").status_code == 200
    assert browser.get(f"/questions/{both.id}/{ALL + 1}").status_code == 404


def test_the_first_page_names_all_of_them_and_how_long_they_take(browse_as, ada, both):
    browser = browse_as(ada)
    page = browser.get(f"/questions/{both.id}/").text

    titles = [instruments.instrument(code).title["en"] for code in SEVERAL]
    assert all(title in page for title in titles)
    assert f"<b>{ALL} questions</b>" in page
    minutes = sum(instruments.instrument(code).minutes for code in SEVERAL)
    assert f"about {minutes} minutes" in page

    answer_to(browser, both, 7)
    page = browser.get(f"/questions/{both.id}/").text
    assert "Your hands and feet</span>: done" in page
    assert "Go on with question 8" in page
    assert f"You have done 7 of {ALL} questions" in page


def test_between_two_questionnaires_she_is_told_what_is_done_and_may_pause(browse_as, ada, both):
    browser = browse_as(ada)
    answer_to(browser, both, 6)

    led = browser.post(f"/questions/{both.id}/7", data={"answer": "1"})
    page = browser.get(led.location).text

    assert led.location == f"/questions/{both.id}/part/2"
    assert "Part 2 of 2" in page
    assert "Your hands and feet</span>: done" in page
    assert f"You have done 7 of {ALL} questions" in page
    assert instruments.instrument("gad-7").title["en"] in page
    assert f"/questions/{both.id}/8" in page
    assert f"/questions/{both.id}/stop" in page
    assert f"/questions/{both.id}/part/2" in browser.get(f"/questions/{both.id}/8").text
    assert browser.get(f"/questions/{both.id}/part/3").status_code == 404


def test_between_two_questionnaires_the_bar_says_what_the_words_say(browse_as, ada, both):
    browser = browse_as(ada)
    for done in (0, 7, 9):  # looked at too early, in time, and once more on the way back
        answer_to(browser, both, done)
        page = browser.get(f"/questions/{both.id}/part/2").text

        assert f"You have done {done} of {ALL} questions" in page
        assert f'<progress value="{done}" max="{ALL}"' in page


def test_the_words_that_lead_to_a_question_and_the_owners_line_are_shown(browse_as, ada, both):
    page = browse_as(ada).get(f"/questions/{both.id}/8").text

    wording = instruments.wording(instruments.instrument("gad-7"), "en")
    assert wording.items[0].stem in page
    assert wording.items[0].text in page
    assert "Spitzer" in wording.credit
    assert "Spitzer" in page


def test_an_answer_goes_to_the_question_that_was_asked_whatever_its_number(browse_as, ada, both):
    key = sitting(both).question(9).key

    led = browse_as(ada).post(f"/questions/{both.id}/2", data={"answer": "3", "question": key})

    assert led.location == f"/questions/{both.id}/10"
    assert values(both) == {key.split("/")[1]: 3}
    odd = {"answer": "3", "question": "gad-7/nothing"}
    assert browse_as(ada).post(f"/questions/{both.id}/2", data=odd).status_code == 404


def test_all_answers_are_looked_over_under_their_titles_and_sent_once(browse_as, ada, both):
    browser = browse_as(ada)
    answer_to(browser, both, ALL)

    page = browser.get(f"/questions/{both.id}/check").text
    for _ in range(2):
        sent = browser.post(f"/questions/{both.id}/check", follow_redirects=True)
        assert "Your answers have arrived" in sent.text

    assert page.count("Change this answer") == ALL
    assert page.count("<h2") == 2
    db.session.refresh(both)
    assert both.completed_at == NOON
    for code in SEVERAL:
        assert make.form(both, code).completed_at == NOON


def test_with_the_last_answer_all_of_them_are_shown(browse_as, ada, both):
    browser = browse_as(ada)
    answer_to(browser, both, ALL - 1)

    led = browser.post(f"/questions/{both.id}/{ALL}", data={"answer": "1"})

    assert led.location == f"/questions/{both.id}/check"


def test_her_device_and_the_translation_are_kept_and_her_browsers_name_is_not(browse_as, ada, both):
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Zebulon/7"

    browse_as(ada).post(
        f"/questions/{both.id}/8", data={"answer": "3"}, headers={"User-Agent": agent}
    )

    db.session.refresh(both)
    assert both.device_kind is Device.PHONE
    wording = instruments.wording(instruments.instrument("gad-7"), "en")
    (row,) = db.session.scalars(sa.select(Answer))
    assert row.translation == make.form(both, "gad-7").translation == wording.translation
    everything = [repr(db.session.execute(sa.select(table)).all()) for table in
                  tables.metadata().sorted_tables]  # fmt: skip
    assert not any("Zebulon" in rows for rows in everything)
    assert any("phone" in rows for rows in everything)


def test_an_answer_costs_no_more_with_many_questionnaires(
    browse_as, ada, both, clock, count_queries
):
    browser = browse_as(ada)
    answer_to(browser, both, 1)
    clock.forward(minutes=1)
    address = f"/questions/{both.id}/2"
    count_queries.clear()

    browser.post(address, data={"answer": "1"})

    assert len([s for s in count_queries if not s.startswith("BEGIN")]) == 5


def test_she_is_told_by_when_to_begin_where_that_is_sooner_than_the_end(browse_as, ada):
    soon = make.assessment(participant=ada, start_by_on=TODAY + timedelta(days=2))

    page = browse_as(ada).get(f"/questions/{soon.id}/").text

    assert "Please begin by the end of" in page
    assert "Thursday 26 November" in page
    assert "Tuesday 8 December" in page
