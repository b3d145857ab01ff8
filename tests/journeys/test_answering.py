"""Answering in a real browser: with the network, without it, in two tabs, on two devices."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from remote_training.alerts.models import Alert
from remote_training.core.db import db
from tests import make
from tests.assessments.test_taking import cipn20
from tests.assessments.test_taking import licensed as licensed
from tests.journeys import answering
from tests.journeys.accessibility import assert_accessible
from tests.journeys.answering import (
    Sitting,
    at_question,
    choose,
    come_in,
    forward,
    see,
    type_year,
    waiting,
)
from tests.journeys.conftest import Platform

pytestmark = pytest.mark.timeout(200)
SMALLEST = 56
AWAY = "No network at the moment. Your answer is kept on this phone"
BACK = "The network is back. Your answers are saved."
ALL = 24


@pytest.fixture
def sitting(platform: Platform) -> Sitting:
    """Three questionnaires, 24 questions."""
    return answering.ready(platform)


def test_a_whole_time_point_by_keyboard_alone(sitting: Sitting, phone: Any) -> None:
    page = come_in(sitting, phone())
    _tab_to(page, "Start")
    page.keyboard.press("Enter")
    for number in range(1, ALL + 1):
        see(page, f"Question {number} of {ALL}")
        _tab_until(page, "document.activeElement.name === 'answer'")
        page.keyboard.press("Space")
        for _ in range(number % 3 if number != 9 else 0):
            page.keyboard.press("ArrowDown")
        _tab_to(page, "Next")
        page.keyboard.press("Enter")
        if number in (10, 17):
            see(page, "Now comes")
            _tab_to(page, "Go on")
            page.keyboard.press("Enter")
    see(page, "Look over your answers")
    _tab_to(page, "Send my answers")
    page.keyboard.press("Enter")
    see(page, "Thank you. Your answers have arrived.")
    assert sitting.count() == (ALL, ALL)
    assert sitting.kept("phq2") == [("2", True)]


def _tab_to(page: Page, words: str) -> None:
    _tab_until(page, f"document.activeElement.textContent.trim() === '{words}'")


def _tab_until(page: Page, is_there: str) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(is_there):
            return
    raise AssertionError(f"by keyboard never: {is_there}")


def test_the_keys_are_large_and_wrap_on_a_phone(sitting: Sitting, phone: Any) -> None:
    page = at_question(sitting, phone(), 18)
    boxes = [key.bounding_box() for key in page.locator(".point").all()]
    assert len(boxes) == 11
    for box in boxes:
        assert box is not None
        assert min(box["width"], box["height"]) >= SMALLEST
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375
    assert len({box["y"] for box in boxes if box}) > 1
    for button in page.locator(".answer, main .button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST


def test_each_place_that_the_script_shows_is_accessible(sitting: Sitting, phone: Any) -> None:
    page = at_question(sitting, phone(), 9)
    answering.cut_off(page)
    choose(page, 1)
    see(page, "You need not be alone with this")
    assert_accessible(page)
    page.get_by_role("link", name="Go on with the questions").first.click()
    see(page, f"Question 10 of {ALL}")
    assert_accessible(page)
    choose(page, 0)
    see(page, "Now comes")
    assert_accessible(page)
    page.get_by_role("link", name="Pause now").click()
    see(page, "and only there")
    assert_accessible(page)


def test_ten_minutes_without_network_lose_nothing_and_count_from_when_they_were_given(
    sitting: Sitting, phone: Any
) -> None:
    """The network is there by name and leads nowhere: only trying finds out that it is back."""
    context = phone()
    context.add_init_script(answering.DRIVEN)
    page, begin = at_question(sitting, context), sitting.platform.clock()
    tried: list[str] = []
    page.on("request", lambda request: tried.append(request.method))
    context.route("**/*", lambda route: route.abort())
    for number, value in enumerate((0, 1, 2, 3), start=1):
        forward(sitting, page, minutes=2.5)
        see(page, f"Question {number} of {ALL}")
        choose(page, value)
    see(page, f"Question 5 of {ALL}")
    see(page, AWAY)
    assert (waiting(page), sitting.count()) == (4, (0, 0))
    assert tried.count("POST") > len("0123")  # it tried again by itself
    kept = page.evaluate("Object.values(localStorage).map(one => Object.keys(JSON.parse(one)))")
    assert {name for entry in kept for name in entry} == {
        "n", "question", "value", "key", "at", "tick", "page", "given", "read",
    }  # fmt: skip
    context.unroute_all()

    forward(sitting, page, minutes=1)

    see(page, BACK)
    assert (waiting(page), sitting.count()) == (0, (4, 4))
    for n, value in enumerate((0, 1, 2, 3), start=1):
        assert sitting.kept(f"phq{n}") == [(str(value), True)]
        ago = sitting.answer(f"phq{n}").given_at - begin
        assert abs(ago - timedelta(minutes=2.5 * n)) < timedelta(seconds=30), n
    expect(page.get_by_text(f"Question 5 of {ALL}")).to_be_visible()


def test_without_network_she_sees_help_at_once_and_the_alert_comes_when_it_is_back(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone(), 9)
    answering.cut_off(page)
    choose(page, 2)
    see(page, "You need not be alone with this")
    expect(page.get_by_role("link", name="Ring 0800 0113")).to_be_visible()
    see(page, AWAY)
    page.context.set_offline(False)
    see(page, BACK)
    with sitting.platform.app.app_context():
        assert len(db.session.scalars(sa.select(Alert)).all()) == 1
    expect(page.get_by_role("link", name="Ring 0800 0113")).to_be_visible()


def test_help_is_there_without_network_even_before_the_other_questions_are(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    page = come_in(sitting, context)
    context.route("**/sheet", lambda route: route.abort())
    page.goto(f"{sitting.url}/9")
    answering.cut_off(page)
    choose(page, 1)
    expect(page.get_by_role("link", name="Ring 0800 0113")).to_be_visible()


def test_the_last_question_without_network_ends_where_all_answers_are_shown(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone(), ALL)
    answering.cut_off(page)
    choose(page, 7)
    see(page, "All questions are done")
    page.context.set_offline(False)
    see(page, "Look over your answers")
    assert sitting.kept("daily_life") == [("7", True)]


def test_a_phone_that_was_switched_off_sends_when_she_opens_her_link_again(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 3)
    see(page, f"Question 2 of {ALL}")
    answering.put_away(page)
    context.clear_cookies()
    context.set_offline(False)

    page = come_in(sitting, context)

    see(page, f"You have done 1 of {ALL} questions")
    answering.emptied(page)
    assert (sitting.count(), sitting.kept("phq1")) == ((1, 1), [("3", True)])


def test_no_note_moves_what_she_is_about_to_press(sitting: Sitting, phone: Any) -> None:
    page = at_question(sitting, phone())
    answering.cut_off(page)
    choose(page, 3)
    see(page, AWAY)
    brief = page.locator(".brief")
    expect(brief).to_have_text("No network: kept")
    expect(brief).to_be_in_viewport()
    before = _boxes(page)
    page.context.set_offline(False)
    see(page, BACK)
    expect(brief).to_have_text("Saved")
    assert _boxes(page) == before
    page.evaluate("document.querySelectorAll('#said, .brief').forEach((one) => one.remove())")
    assert _boxes(page) == before, "nor where there is none"
    assert len(before) > 4


def _boxes(page: Page) -> list[dict[str, float]]:
    """Where on the page each answer and each button of the question stands."""
    found = page.locator("form.asking .answer, form.asking button, #asked a.go").all()
    scrolled = page.evaluate("scrollY")
    boxes = [one.bounding_box() for one in found]
    return [box | {"y": box["y"] + scrolled} for box in boxes if box is not None]


def test_a_server_that_is_away_or_busy_is_like_no_network(sitting: Sitting, phone: Any) -> None:
    context = phone()
    page = at_question(sitting, context)
    for number, status in enumerate((503, 500, 429, 302, 200), start=1):
        context.unroute_all()
        context.route(f"**/{sitting.id}/1", _with(status))
        choose(page, 1)
        see(page, f"Question {number + 1} of {ALL}")
        see(page, AWAY)
    assert (waiting(page), sitting.count()) == (5, (0, 0))
    context.unroute_all()
    page.evaluate("dispatchEvent(new Event('online'))")
    see(page, BACK)
    assert (waiting(page), sitting.count()) == (0, (5, 5))


def _with(status: int) -> Any:
    return lambda route: route.fulfill(status=status)


def test_an_acknowledgement_that_is_lost_on_the_way_doubles_nothing(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    page = at_question(sitting, context)

    def swallow(route: Any) -> None:
        route.fetch()
        route.abort()

    context.route(f"**/{sitting.id}/1", swallow)
    choose(page, 1)
    see(page, AWAY)
    assert (waiting(page), sitting.count()) == (1, (1, 1))
    context.unroute_all()
    page.evaluate("dispatchEvent(new Event('online'))")
    see(page, BACK)
    assert (waiting(page), sitting.count()) == (0, (1, 1))


def test_two_tabs_and_two_devices_keep_both_and_the_newest_stands(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    first, other = at_question(sitting, context), at_question(sitting, phone())
    second = context.new_page()
    second.goto(f"{sitting.url}/1")
    answering.cut_off(first)
    answering.cut_off(second)
    choose(first, 0)
    see(first, AWAY)
    first.wait_for_timeout(50)
    choose(second, 1)
    see(second, AWAY)
    sitting.platform.clock.forward(seconds=5)
    choose(other, 3)
    see(other, f"Question 2 of {ALL}")
    context.set_offline(False)
    see(first, f"Question 2 of {ALL}")
    for page in (first, second):
        answering.emptied(page)

    values = sitting.kept("phq1")

    assert {value for value, _stands in values} == {"0", "1", "3"}
    assert [value for value, stands in values if stands] == [values[-1][0]]
    assert sitting.count() == (1, 3)


def test_back_changes_an_answer_and_two_quick_presses_are_one(sitting: Sitting, phone: Any) -> None:
    page = at_question(sitting, phone())
    page.locator('input[value="2"]').check(force=True)
    page.locator("form.asking button:not(.second)").dblclick()
    see(page, f"Question 2 of {ALL}")
    page.go_back()
    see(page, f"Question 1 of {ALL}")
    expect(page.locator('input[value="2"]')).to_be_checked()
    choose(page, 1)
    see(page, f"Question 2 of {ALL}")
    page.get_by_role("button", name="I'd rather not answer").click()
    see(page, f"Question 3 of {ALL}")
    page.reload()
    see(page, f"Question 3 of {ALL}")
    assert sitting.kept("phq1") == [("2", False), ("1", True)]
    assert sitting.kept("phq2") == [("declined", True)]


def test_an_answer_that_is_changed_from_the_list_of_all_leads_back_to_it(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone(), 3)
    choose(page, 1)
    see(page, f"Question 4 of {ALL}")
    page.goto(page.url.rsplit("/", 1)[0] + "/check")
    page.locator('a[href$="/3?look=1"]').click()
    see(page, f"Question 3 of {ALL}")
    choose(page, 2)
    see(page, "Look over your answers")
    assert sitting.kept("phq3") == [("1", False), ("2", True)]


def test_help_stays_when_its_page_is_loaded_anew(sitting: Sitting, phone: Any) -> None:
    page = at_question(sitting, phone(), 9)
    choose(page, 1)
    see(page, "You need not be alone with this")
    page.wait_for_url("**/help/9")
    page.reload()
    see(page, "You need not be alone with this")
    page.get_by_role("link", name="Go on with the questions").first.click()
    see(page, f"Question 10 of {ALL}")


def test_next_without_an_answer_asks_for_one_also_without_network(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone())
    answering.cut_off(page)
    page.get_by_role("button", name="Next").click()
    see(page, "Please choose an answer")
    assert waiting(page) == 0
    assert_accessible(page)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_visit_that_ended_asks_for_the_year_and_keeps_the_answer(
    sitting: Sitting, chrome: Any, script: bool
) -> None:
    context: BrowserContext = chrome.new_context(java_script_enabled=script, locale="en-GB")
    page = come_in(sitting, context)
    page.goto(f"{sitting.url}/2")
    sitting.end_visits()
    choose(page, 3)
    see(page, "In which year were you born?")
    assert sitting.count() == (0, 0)
    type_year(page, "1930")
    see(page, "This year does not fit.")
    type_year(page)
    see(page, f"Question 3 of {ALL}")
    if script:
        answering.emptied(page)
    assert sitting.kept("phq2") == [("3", True)]
    context.close()


def test_a_visit_that_ended_while_there_was_no_network_sends_all_after_the_year(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone())
    answering.cut_off(page)
    for value in (1, 2):
        choose(page, value)
    see(page, f"Question 3 of {ALL}")
    sitting.end_visits()
    page.context.set_offline(False)
    see(page, "Please press Next: we ask your year of birth once more")
    choose(page, 3)
    see(page, "In which year were you born?")
    type_year(page)
    see(page, f"Question 4 of {ALL}")
    answering.emptied(page)
    assert sitting.count() == (3, 3)


def test_where_the_phone_can_keep_nothing_it_says_so(sitting: Sitting, phone: Any) -> None:
    context = phone()
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw 1; } })")
    page = at_question(sitting, context)
    choose(page, 2)
    see(page, f"Question 2 of {ALL}")
    assert sitting.kept("phq1") == [("2", True)]
    answering.cut_off(page)
    choose(page, 3)
    see(page, "this phone cannot keep your answer: it is not saved yet")
    expect(page.get_by_text(f"Question 2 of {ALL}")).to_be_visible()
    context.set_offline(False)
    page.get_by_role("button", name="Next").click()
    see(page, f"Question 3 of {ALL}")
    assert sitting.kept("phq2") == [("3", True)]


def test_a_wrong_clock_of_the_phone_does_no_harm(sitting: Sitting, phone: Any) -> None:
    context = phone()
    context.add_init_script("Date.now = (real => () => real() - 4e10)(Date.now)")
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    page.evaluate("Date.now = (real => () => real() + 9e10)(Date.now)")  # set by the network
    context.set_offline(False)
    see(page, BACK)
    given_at = sitting.answer("phq1").given_at
    assert abs(given_at - sitting.platform.clock()) < timedelta(minutes=1)


@pytest.mark.parametrize("years", [-6, 6], ids=["set back by years", "set on by years"])
def test_a_phone_that_wakes_up_in_another_year_sends_its_newest_answer_as_the_newest(
    sitting: Sitting, phone: Any, years: int
) -> None:
    context, clock = phone(), sitting.platform.clock
    page = at_question(sitting, context)
    choose(page, 0)
    see(page, f"Question 2 of {ALL}")
    page.go_back()
    answering.cut_off(page)
    choose(page, 3)
    see(page, AWAY)
    answering.put_away(page)
    clock.forward(minutes=10)
    off = years * 365 * 86_400_000
    context.add_init_script(f"Date.now = (real => () => real() + {off})(Date.now)")
    context.set_offline(False)

    page = come_in(sitting, context)
    see(page, "You have done 1 of")
    answering.emptied(page)

    assert sitting.kept("phq1") == [("0", False), ("3", True)]
    assert clock() - sitting.answer("phq1").given_at > timedelta(minutes=9)


def test_what_was_given_on_the_last_day_arrives_after_it_also_on_a_page_that_is_new(
    platform: Platform, phone: Any
) -> None:
    sitting, context = answering.ready(platform, closes_on=make.TODAY), phone()
    platform.clock.forward(hours=10, minutes=50)  # ten minutes to midnight where she is
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    platform.clock.forward(hours=5)
    context.add_init_script("Date.now = (real => () => real() + 18e6)(Date.now)")
    answering.put_away(page)
    context.set_offline(False)

    page = context.new_page()
    page.goto(f"{sitting.url}/2")

    see(page, "The days for these questions are over.")
    see(page, "What you answered before is saved.")
    answering.emptied(page)
    assert (sitting.count(), sitting.kept("phq1")) == ((1, 1), [("2", True)])
    assert_accessible(page)


def test_back_without_network_changes_an_answer_and_the_newest_stands(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone())
    answering.cut_off(page)
    choose(page, 2)
    see(page, f"Question 2 of {ALL}")
    page.go_back()
    see(page, f"Question 1 of {ALL}")
    expect(page.locator('input[value="2"]')).to_be_checked()
    page.locator('input[value="1"]').check(force=True)
    page.locator("form.asking button:not(.second)").dblclick()
    see(page, f"Question 2 of {ALL}")
    page.context.set_offline(False)
    see(page, BACK)
    answering.emptied(page)
    assert sitting.kept("phq1") == [("2", False), ("1", True)]
    assert sitting.count() == (1, 2)


def test_newer_words_that_come_by_a_deploy_do_not_change_what_she_read(
    platform: Platform, phone: Any, licensed: None, tmp_path: Path
) -> None:
    sitting, context = answering.ready(platform, ("qlq-cipn20",)), phone()
    page = at_question(sitting, context)
    answering.cut_off(page)
    see(page, "t1 item 1")
    choose(page, 2)
    see(page, "t1 item 2")
    page.close()
    platform.stop()
    (tmp_path / "wording" / "qlq-cipn20__1.0__2.toml").write_text(cipn20("2", "t2"))
    platform.start()
    context.set_offline(False)

    page = come_in(sitting, context)
    see(page, "You have done 1 of")
    answering.emptied(page)
    page.goto(f"{sitting.url}/2")
    see(page, "t2 item 2")
    choose(page, 3)
    see(page, "t2 item 3")

    told = [sitting.answer(item).translation for item in ("cipn1", "cipn2")]
    assert told == ["t1-en", "t2-en"]


def test_after_all_that_can_go_wrong_each_acknowledged_answer_is_in_the_data_set_once(
    sitting: Sitting, phone: Any
) -> None:
    platform, context = sitting.platform, phone()
    page = at_question(sitting, context)
    acknowledged: dict[str, str] = {}

    def note(answer: Any) -> None:
        if answer.request.method == "POST" and answer.status == 200:
            sent = parse_qs(answer.request.post_data)
            acknowledged[sent["question"][0].split("/")[1]] = sent["answer"][0]

    page.on("response", note)
    choose(page, 1)
    see(page, f"Question 2 of {ALL}")
    platform.clock.forward(seconds=2)
    page.go_back()  # back, and pressed twice
    page.locator('input[value="3"]').check(force=True)
    page.locator("form.asking button:not(.second)").dblclick()
    see(page, f"Question 2 of {ALL}")
    answering.cut_off(page)  # away
    choose(page, 2)
    see(page, f"Question 3 of {ALL}")
    second = phone()
    other = at_question(sitting, second, 2)  # on another device meanwhile
    other.on("response", note)
    platform.clock.forward(minutes=1)
    choose(other, 0)
    see(other, f"Question 3 of {ALL}")
    platform.stop()  # a deploy
    platform.start()
    context.set_offline(False)
    answering.emptied(page)
    acknowledged["phq2"] = "0"  # the newer one, although the other was acknowledged after it
    sitting.end_visits()  # a visit that ended
    choose(page, 1)
    see(page, "In which year were you born?")
    type_year(page)
    see(page, f"Question 4 of {ALL}")
    acknowledged["phq3"] = "1"
    choose(page, 2)
    see(page, f"Question 5 of {ALL}")

    assert acknowledged == {"phq1": "3", "phq2": "0", "phq3": "1", "phq4": "2"}
    assert sorted(answering.taken(sitting)) == sorted(acknowledged.items())


def test_a_web_server_that_begins_anew_in_between_loses_nothing(
    sitting: Sitting, phone: Any
) -> None:
    platform, page = sitting.platform, at_question(sitting, phone())
    platform.stop()
    choose(page, 2)
    see(page, AWAY)
    choose(page, 3)
    see(page, f"Question 3 of {ALL}")
    platform.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    see(page, BACK)
    assert sitting.count() == (2, 2)
