"""Choosing and stopping reminders: her page, the press in a mail, the coordinator's desk."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind, Role
from remote_training.audit.models import Entry
from remote_training.core.db import db
from remote_training.participants import wishes
from remote_training.participants.models import Participant, ReminderWish, Way
from remote_training.participants.wishes import Reminder
from remote_training.reminders import jobs
from tests import make
from tests.fakes import NOON
from tests.reminders.test_optional import STARTS, booked, choose, work

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
STOPS = {
    LinkKind.STOP_DAY: Reminder.DAY_BEFORE,
    LinkKind.STOP_HOUR: Reminder.HOUR_BEFORE,
    LinkKind.STOP_QUESTIONS: Reminder.QUESTIONS,
}


def link_of(woman: Participant, kind: LinkKind = LinkKind.STOP_DAY) -> str:
    """The address in a mail to her."""
    token = tokens.mint(kind, woman.account_id, now=NOON)
    db.session.commit()
    return f"/l/{token}"


def holds(woman: Participant) -> dict[str, bool]:
    """Which kinds she gets now."""
    db.session.rollback()
    now = wishes.of(db.session.get_one(Participant, woman.id))
    return {reminder.value: now.wants(reminder) for reminder in Reminder}


def noted() -> list[str]:
    """What the audit trail says about choices."""
    found = sa.select(Entry.action).where(Entry.action == "participants.choose_reminders")
    return list(db.session.scalars(found))


@pytest.mark.parametrize(("kind", "reminder"), STOPS.items())
@pytest.mark.parametrize("as_parts", [True, False], ids=["multipart", "urlencoded"])
def test_a_mail_program_stops_one_kind_with_one_post(
    guarded_forms: Flask, kind: LinkKind, reminder: Reminder, as_parts: bool
) -> None:
    woman = make.participant()
    address = link_of(woman, kind)
    form = "multipart/form-data" if as_parts else "application/x-www-form-urlencoded"
    browser = guarded_forms.test_client(use_cookies=False)
    answers = [browser.post(address, data=ONE_CLICK, content_type=form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.get_data() for answer in answers}) == 1, "the same answer each time"
    assert holds(woman) == {one.value: one is not reminder for one in Reminder}
    assert len(noted()) == 1


def test_without_its_body_and_a_form_of_ours_a_post_does_nothing(guarded_forms: Flask) -> None:
    woman = make.participant()
    browser, address = guarded_forms.test_client(use_cookies=False), link_of(woman)
    for body in ({}, {"List-Unsubscribe": "Two-Clicks"}, {"list-unsubscribe": "one-click"}):
        assert browser.post(address, data=body).status_code == 400
    assert all(holds(woman).values())


def test_no_other_link_is_moved_by_such_a_post(guarded_forms: Flask) -> None:
    booking = make.booking()
    her = booking.participant
    browser = guarded_forms.test_client()
    for kind in set(LinkKind) - set(STOPS):
        token = tokens.mint(kind, her.account_id, now=NOON, subject_id=booking.id)
        db.session.commit()
        answer = browser.post(f"/l/{token}", data=ONE_CLICK)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        link = tokens.find(token)
        assert link is not None
        assert link.used_at is None
    assert all(holds(her).values())
    assert browser.get("/home/").status_code == 401


def test_a_token_that_never_was_is_answered_as_any_other(guarded_forms: Flask) -> None:
    browser = guarded_forms.test_client()
    known = link_of(make.participant())
    unknown = "/l/" + "x" * 43
    pages = [browser.post(one, data=ONE_CLICK) for one in (known, unknown)]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("If this link belongs to a reminder mail of ours" in page.text for page in pages)
    assert not any("are stopped" in page.text for page in pages)
    texts = [page.text.replace(one, "") for page, one in zip(pages, (known, unknown), strict=True)]
    ids = [re.sub(r"[0-9a-f]{12,}", "", text) for text in texts]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_stops_nothing(app: Flask, method: str) -> None:
    woman = make.participant()
    address = link_of(woman)
    assert app.test_client().open(address, method=method).status_code == 200
    assert all(holds(woman).values())
    assert noted() == []


def test_the_page_has_a_real_button_and_says_how_to_go_back(guarded_forms: Flask) -> None:
    woman = make.participant()
    address, browser = link_of(woman), guarded_forms.test_client()
    page = browser.get(address).text
    assert "Stop these reminders" in page
    assert "you go on taking part" in page
    stopped = browser.post(address, data=ONE_CLICK).text
    assert "Your classes stay booked and you go on taking part." in stopped
    assert f'href="{address}"' in stopped
    again = browser.get(address).text
    assert "Stop these reminders" not in again
    assert "switch them on again" in again


def test_who_has_left_and_an_old_address_change_nothing_any_more(app: Flask) -> None:
    gone, moved = make.participant(withdrawn_on=NOON.date()), make.participant()
    addresses = [link_of(gone), link_of(moved)]
    tokens.revoke_all(moved.account_id, now=NOON)
    db.session.commit()
    for address in addresses:
        assert app.test_client().post(address, data=ONE_CLICK).status_code == 200
        assert app.test_client().get(address).status_code != 200
    assert db.session.scalars(sa.select(ReminderWish)).all() == []


def test_the_link_in_a_mail_opens_her_choice_and_nothing_else(app: Flask) -> None:
    woman = make.participant()
    browser = app.test_client()
    page = browser.post(link_of(woman), follow_redirects=True)
    assert page.request.path == "/home/reminders/"
    assert "Which reminders do you want?" in page.text
    for other in ("/home/", "/classes/"):
        assert browser.get(other).status_code == 401
    answer = browser.post("/home/reminders/", data={"hour_before": "y", "latest_hour": "19"})
    assert answer.status_code == 303
    assert holds(woman) == {"day_before": False, "hour_before": True, "questions": False}


def test_she_chooses_on_her_page_and_it_is_written_down(app: Flask, browse_as: Any) -> None:
    woman = make.participant()
    browser = browse_as(woman)
    assert 'href="/home/reminders/"' in browser.get("/home/").text
    assert browser.get("/home/reminders/").text.count(" checked") == 3, "all, unless she says so"
    form = {"day_before": "y", "questions": "y", "earliest_hour": "10", "latest_hour": ""}
    for _ in range(2):
        answer = browser.post("/home/reminders/", data=form, follow_redirects=True)
        assert "Your choice is kept." in answer.text
    row = db.session.scalars(sa.select(ReminderWish)).one()
    assert (row.hour_before, row.earliest_hour, row.latest_hour) == (False, 10, None)
    assert (row.way, row.chosen_by_id, row.chosen_at) == (Way.PAGE, woman.account_id, NOON)
    entry = db.session.scalars(
        sa.select(Entry).where(Entry.action == "participants.choose_reminders")
    ).one()
    assert entry.detail["changed"] == {"hour_before": [True, False], "earliest_hour": [None, 10]}


@pytest.mark.parametrize("hours", [{"earliest_hour": "13"}, {"latest_hour": "noon"}])
def test_hours_that_are_none_are_said_and_nothing_is_kept(
    app: Flask, browse_as: Any, hours: dict[str, str]
) -> None:
    woman = make.participant()
    answer = browse_as(woman).post("/home/reminders/", data={"day_before": "y", **hours})
    assert answer.status_code == 422
    assert "Please check" in answer.text
    assert all(holds(woman).values())


def test_the_coordinator_sees_and_sets_it_for_her(app: Flask, browse_as: Any) -> None:
    woman, desk = make.participant(), make.staff(Role.COORDINATOR)
    browser = browse_as(desk)
    address = f"/staff/people/{woman.id}"
    assert "She has not chosen" in browser.get(f"{address}/").text
    form = {"day_before": "y", "hour_before": "y"}
    page = browser.post(f"{address}/reminders", data=form, follow_redirects=True).text
    assert "Her choice is kept." in page
    assert "at the desk" in page
    assert "Reminders chosen" in page
    assert holds(woman) == {"day_before": True, "hour_before": True, "questions": False}
    row = db.session.scalars(sa.select(ReminderWish)).one()
    assert (row.way, row.chosen_by_id) == (Way.DESK, desk.id)


def test_the_coordinator_sees_why_a_reminder_did_not_go(app: Flask, browse_as: Any) -> None:
    woman = booked().participant
    jobs.plan(STARTS - timedelta(hours=20))
    choose(woman, day_before=False)
    work(app, STARTS - timedelta(hours=20))
    page = browse_as(make.staff(Role.COORDINATOR)).get(f"/staff/people/{woman.id}/").text
    assert "she does not want reminders of this kind" in page
