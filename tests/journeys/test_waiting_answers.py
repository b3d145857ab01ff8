"""Answers that wait on a phone arrive from any page of hers.

"Back" and the other language lose nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.alerts.models import Alert
from remote_training.core.db import db
from tests import make
from tests.journeys import answering
from tests.journeys.accessibility import assert_accessible
from tests.journeys.answering import Sitting, at_question, choose, come_in, see, type_year, waiting
from tests.journeys.conftest import Platform

pytestmark = pytest.mark.timeout(200)
ALL = 24
MOST = 8  # presses on "back"
DAY = 86_400_000  # milliseconds
AWAY = "No network at the moment. Your answer is kept on this phone"
SENT = "The answers that were kept on this phone have been sent."
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])


@pytest.fixture
def sitting(platform: Platform) -> Sitting:
    """Three questionnaires, 24 questions."""
    return answering.ready(platform)


@pytest.fixture
def browser_of(chrome: Any) -> Any:
    """Give a browser with or without script."""
    opened: list[BrowserContext] = []

    def new(script: bool) -> BrowserContext:
        context = chrome.new_context(java_script_enabled=script, locale="en-GB")
        context.set_default_timeout(10_000)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


def link(sitting: Sitting, kind: LinkKind, account_id: Any = None) -> str:
    """Another link of hers, or of somebody else."""
    with sitting.platform.app.app_context():
        now = sitting.platform.clock()
        ends = now + timedelta(days=1)
        her = account_id or sitting.account_id
        token = tokens.mint(kind, her, now=now, expires_at=ends)
        db.session.commit()
        return f"{sitting.platform.url}/l/{token}"


def next_day(sitting: Sitting, context: BrowserContext, days: int = 1) -> None:
    """Let days pass for the platform and for the phone."""
    sitting.platform.clock.forward(days=days)
    context.add_init_script(f"Date.now = (real => () => real() + {days * DAY})(Date.now)")


def open_link(context: BrowserContext, address: str) -> Page:
    """Open a link, and press its button."""
    page = context.new_page()
    page.goto(address)
    page.locator("main button").first.click()
    page.wait_for_load_state()
    return page


def alerts(sitting: Sitting) -> int:
    with sitting.platform.app.app_context():
        return len(db.session.scalars(sa.select(Alert)).all())


@pytest.mark.parametrize(
    ("kind", "there"),
    [(LinkKind.SIGN_IN, "/home/"), (LinkKind.BOOKINGS, "/classes/")],
    ids=["her page", "her classes"],
)
def test_what_waits_is_sent_the_next_day_from_another_page_of_hers_and_help_is_shown(
    sitting: Sitting, phone: Any, kind: LinkKind, there: str
) -> None:
    context, given = phone(), sitting.platform.clock()
    page = at_question(sitting, context, 8)
    answering.cut_off(page)
    for value in (2, 1):
        choose(page, value)
    see(page, "You need not be alone with this")
    answering.put_away(page)
    assert (sitting.count(), alerts(sitting)) == ((0, 0), 0)
    next_day(sitting, context)
    context.clear_cookies()
    context.set_offline(False)

    page = open_link(context, link(sitting, kind))

    assert page.url.endswith(there)
    see(page, SENT)
    see(page, "You need not be alone with this")
    expect(page.get_by_role("link", name="Ring 0800 0113")).to_be_visible()
    answering.emptied(page)
    assert [sitting.kept(item) for item in ("phq8", "phq9")] == [[("2", True)], [("1", True)]]
    assert abs(sitting.answer("phq9").given_at - given) < timedelta(minutes=2)
    assert alerts(sitting) == 1
    assert_accessible(page)
    page.reload()
    expect(page.get_by_text(SENT)).to_have_count(0)
    assert (sitting.count(), alerts(sitting)) == ((2, 2), 1)


def test_what_waits_goes_when_the_network_comes_while_another_page_is_open(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    page = at_question(sitting, context)
    other = open_link(context, link(sitting, LinkKind.SIGN_IN))
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    answering.put_away(page)
    assert (waiting(other), sitting.count()) == (1, (0, 0))
    context.set_offline(False)
    see(other, SENT)
    assert (waiting(other), sitting.count()) == (0, (1, 1))


def test_somebody_else_on_the_same_phone_neither_sends_nor_loses_what_waits(
    sitting: Sitting, phone: Any
) -> None:
    context = phone()
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    answering.put_away(page)
    context.clear_cookies()
    context.set_offline(False)
    with sitting.platform.app.app_context():
        bea = make.participant().account_id
        db.session.commit()

    other = context.new_page()
    other.goto(link(sitting, LinkKind.SIGN_IN, bea))
    with other.expect_response(lambda answer: answer.url.endswith("/late")) as refused:
        other.locator("main button").first.click()
    assert refused.value.status == 401
    assert (waiting(other), sitting.count()) == (1, (0, 0))

    page = open_link(context, link(sitting, LinkKind.SIGN_IN))
    see(page, SENT)
    assert (waiting(page), sitting.count()) == (0, (1, 1))


def test_what_was_given_in_time_is_sent_after_the_last_day_by_another_link(
    platform: Platform, phone: Any
) -> None:
    sitting, context = answering.ready(platform, closes_on=make.TODAY), phone()
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    answering.put_away(page)
    next_day(sitting, context, 3)
    context.clear_cookies()
    context.set_offline(False)

    page = open_link(context, link(sitting, LinkKind.BOOKINGS))

    see(page, SENT)
    assert (waiting(page), sitting.kept("phq1")) == (0, [("2", True)])
    given_at = sitting.answer("phq1").given_at
    assert platform.clock() - given_at > timedelta(days=2)


def test_her_old_link_after_the_last_day_asks_for_the_year_only_where_answers_wait(
    platform: Platform, phone: Any
) -> None:
    sitting, context = answering.ready(platform, closes_on=make.TODAY), phone()
    page = at_question(sitting, context)
    answering.cut_off(page)
    choose(page, 2)
    see(page, AWAY)
    answering.put_away(page)
    next_day(sitting, context, 3)
    sitting.end_visits()
    context.set_offline(False)

    page = context.new_page()
    page.goto(sitting.link)
    see(page, "The days for these questions are over.")
    see(page, "Answers are still on this phone")
    assert_accessible(page)
    type_year(page, "1930")
    see(page, "This year does not fit.")
    type_year(page)
    see(page, "What you answered before is saved.")
    assert (waiting(page), sitting.kept("phq1")) == (0, [("2", True)])

    sitting.end_visits()
    page.goto(sitting.link)
    see(page, "The days for these questions are over.")
    expect(page.locator("#birth_year")).to_be_hidden()


@SCRIPT
def test_back_after_the_year_was_asked_again_shows_the_question(
    sitting: Sitting, browser_of: Any, script: bool
) -> None:
    page = come_in(sitting, browser_of(script))
    page.goto(f"{sitting.url}/2")
    sitting.end_visits()
    choose(page, 3)
    see(page, "In which year were you born?")
    type_year(page, "1930")
    see(page, "This year does not fit.")
    type_year(page)
    see(page, f"Question 3 of {ALL}")
    page.go_back()
    see(page, f"Question 2 of {ALL}")
    expect(page.locator('input[value="3"]')).to_be_checked()
    page.go_forward()
    see(page, f"Question 3 of {ALL}")
    assert sitting.kept("phq2") == [("3", True)]


@SCRIPT
def test_back_over_everything_that_was_said_to_be_wrong(
    sitting: Sitting, browser_of: Any, script: bool
) -> None:
    page = browser_of(script).new_page()
    page.goto(sitting.link)
    type_year(page, "1930")
    see(page, "This year does not fit.")
    type_year(page)
    page.get_by_role("link", name="Start").click()
    page.get_by_role("button", name="Next").click()
    see(page, "Please choose an answer")
    choose(page, 1)
    see(page, f"Question 2 of {ALL}")
    seen = []
    while len(seen) < MOST and not (seen and seen[-1].startswith("Hello")):
        page.go_back()
        seen.append(page.locator("h1").first.inner_text())
    assert seen[-1].startswith("Hello"), seen
    assert sitting.kept("phq1") == [("1", True)]


@SCRIPT
def test_what_is_ticked_stays_ticked_in_the_other_language_and_is_not_saved(
    sitting: Sitting, browser_of: Any, script: bool
) -> None:
    context = browser_of(script)
    page = at_question(sitting, context) if script else come_in(sitting, context)
    page.goto(f"{sitting.url}/8")
    choose(page, 0)
    see(page, f"Question 9 of {ALL}")
    page.locator('input[name=answer][value="2"]').check(force=True)
    page.get_by_role("button", name="Nederlands").click()
    see(page, f"Vraag 9 van {ALL}")
    expect(page.locator('input[value="2"]')).to_be_checked()
    assert (sitting.kept("phq9"), alerts(sitting)) == ([], 0)
    page.get_by_role("button", name="English").click()
    see(page, f"Question 9 of {ALL}")
    expect(page.locator('input[value="2"]')).to_be_checked()
    page.locator('input[name=answer][value="0"]').check(force=True)
    page.locator('input[name=answer][value="0"]').press("Enter")
    see(page, f"Question 10 of {ALL}")
    assert sitting.kept("phq9") == [("0", True)]
    page.go_back()
    see(page, f"Question 9 of {ALL}")
    expect(page.locator('input[value="0"]')).to_be_checked()


def test_the_other_language_is_there_where_the_script_shows_no_question(
    sitting: Sitting, phone: Any
) -> None:
    page = at_question(sitting, phone(), 10)
    choose(page, 1)
    see(page, "Now comes")
    page.get_by_role("button", name="Nederlands").click()
    see(page, "Nu komt")
    assert page.url.endswith("/part/2")
