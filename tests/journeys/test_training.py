"""A trainer enters what twelve people trained: on a tablet, without a script, in few presses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from remote_training.accounts.models import Account, Role
from remote_training.attendance import service
from remote_training.attendance.models import Status
from remote_training.attendance.training_models import ExerciseDone, Trained
from remote_training.classes.models import Session
from remote_training.core.db import db
from tests import make
from tests.journeys.accessibility import assert_accessible
from tests.journeys.conftest import PATIENCE, Platform
from tests.journeys.everybody import cookie_of

TABLET = {"width": 1024, "height": 768}
HIGHEST = {375: 3300, 768: 2400, 1024: 1900, 1280: 1700}  # by width: the page of twelve
PEOPLE = 12
COUNT = "window.presses = 0; addEventListener('click', () => { presses += 1 }, true)"


@pytest.fixture
def session(platform: Platform) -> Iterator[Session]:
    """A class that is over, in which twelve people were."""
    with platform.app.app_context():
        trainer = make.trainer()
        now = platform.clock()
        hour = make.session(trainer=trainer, starts_at=now - timedelta(hours=2))
        for number in range(PEOPLE):
            who = make.participant(contact=make.contact(name=f"Ada {chr(65 + number)}yron"))
            booking = make.booking(session=hour, participant=who)
            service.set_status(booking, Status.ATTENDED, reason="seen", now=now, by=trainer.id)
        db.session.commit()
        yield hour


def tablet(chrome: Browser, platform: Platform, who: Account, *, script: bool = True) -> Page:
    """A tablet on which somebody is signed in."""
    context = chrome.new_context(viewport=TABLET, locale="en-GB", java_script_enabled=script)
    context.set_default_timeout(PATIENCE)
    cookie = {"name": "visit", "value": cookie_of(platform, who, Role.TRAINER), "url": platform.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context.new_page()


def test_twelve_people_are_entered_with_a_press_each_and_one_to_save(
    chrome: Browser, platform: Platform, session: Session
) -> None:
    page = tablet(chrome, platform, session.trainer)
    db.session.commit()
    page.goto(f"{platform.url}/staff/classes/")
    page.get_by_role("link", name="Enter what was trained").click()
    assert_accessible(page)
    for width, highest in HIGHEST.items():
        page.set_viewport_size({"width": width, "height": 768})
        root = page.evaluate("(({scrollWidth: w, scrollHeight: h}) => [w, h])(document.body)")
        assert (root[0], root[1] <= highest) == (width, True), f"{root[1]} px high"
        key = page.locator(".point").first.bounding_box()
        assert key is not None
        assert min(key["width"], key["height"]) >= 60
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    page.evaluate(COUNT)
    keys = page.locator(".point").filter(has_text="4")
    assert keys.count() == PEOPLE
    rows = {
        round(box["y"]) for n in range(12) if (box := page.locator(".point").nth(n).bounding_box())
    }
    assert len(rows) == 1, "all keys of one person stand in one row"
    for number in range(PEOPLE):
        keys.nth(number).click()
    page.locator("[name=asked]").check()
    presses = page.evaluate("presses")

    save = page.get_by_role("button", name="Save for everybody")
    page.context.set_offline(True)
    save.click()
    page.get_by_text("There is no network just now. Nothing is lost").wait_for()
    page.context.set_offline(False)
    save.click()
    page.get_by_text("Saved for 12 people.").wait_for()

    db.session.rollback()
    saved = db.session.scalars(sa.select(Trained)).all()
    assert [one.effort for one in saved] == [4.0] * PEOPLE
    assert presses + 1 == PEOPLE + 2, "one for each, one for no complaints, one to save"
    assert {one.pain_after for one in saved} == {0}
    assert not any(one.is_modified for one in saved)


def test_what_is_opened_and_what_is_refused_is_accessible_too(
    chrome: Browser, platform: Platform, session: Session
) -> None:
    page = tablet(chrome, platform, session.trainer)
    db.session.commit()
    page.goto(f"{platform.url}/staff/classes/{session.id}/training")
    page.locator("summary").filter(has_text="Ada A.").click()
    page.locator('[id="p1-march.minutes"]').fill("a while")
    page.locator("#p1-note").fill("kept")
    page.get_by_role("button", name="Save for everybody").click()
    page.get_by_role("link", name="Ada A., Walking on the spot, minutes:").click()
    assert page.locator(":focus").get_attribute("id") == "p1-march.minutes"
    assert page.locator("#p1-note").input_value() == "kept"
    assert_accessible(page)


def test_without_a_script_what_was_different_is_opened_told_and_saved(
    chrome: Browser, platform: Platform, session: Session
) -> None:
    page = tablet(chrome, platform, session.trainer, script=False)
    db.session.commit()
    page.goto(f"{platform.url}/staff/classes/{session.id}/training")
    page.locator("summary").filter(has_text="Ada A.").click()
    page.locator('[id="p1-march.minutes"]').fill("5")
    page.locator('[id="p1-step-up.out"]').check()
    page.locator("summary").filter(has_text="Ada B.").click()
    page.locator("#p2-note").fill("was dizzy")
    page.locator("#p2-dizzy_after").select_option(label="quite a bit")
    page.get_by_role("button", name="Save for everybody").click()
    page.get_by_text("Saved for 12 people.").wait_for()
    told = page.locator("summary").filter(has=page.locator("b"))
    assert told.count() == 2, "what was told is folded, and can be seen"

    db.session.rollback()
    found = sa.select(ExerciseDone.exercise, ExerciseDone.how).where(ExerciseDone.how != "planned")
    assert sorted(db.session.execute(found).all()) == [
        ("march", "modified"),
        ("step-up", "left_out"),
    ]
    assert {one.dizzy_after for one in db.session.scalars(sa.select(Trained))} == {None, 2}
