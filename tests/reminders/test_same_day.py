"""Two classes of one woman on one day: one reminder the day before names both."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from remote_training.bookings import service as bookings
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs as outbox
from remote_training.participants.models import Participant
from remote_training.reminders import jobs, optional
from tests import make
from tests.fakes import FakeClock
from tests.reminders.test_optional import LONG_AGO, STARTS, booked, choose, states, work

DAY = timedelta(days=1)
LATER = timedelta(hours=4)  # 17:00, where she is


@pytest.fixture
def her(app: Flask) -> Participant:
    return make.participant(baseline_on=None)


def reminded(app: Flask, now: datetime) -> list[EmailMessage]:
    """The reminders that leave at a moment."""
    return [mail for mail in work(app, now) if "your class is soon" in text(mail)]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links(mail: EmailMessage) -> list[str]:
    """The addresses that open a door, in order."""
    return re.findall(r"Open the door to your class:\s+http://localhost(/l/\S{43})", text(mail))


def test_two_classes_of_one_day_are_one_mail_with_a_link_to_each(
    app: Flask, her: Participant, clock: FakeClock
) -> None:
    first, second = booked(participant=her), booked(participant=her, at=STARTS + LATER)

    (mail,) = reminded(app, STARTS - DAY)

    assert mail["Subject"] == "Your classes on Friday 27 November"
    assert "On the same day:" in text(mail)
    assert "Friday 27 November, 17:00 (Amsterdam time)" in text(mail)
    html = mail.get_body(("html",))
    assert html is not None
    assert "17:00" in html.get_content()
    assert "qqmark" not in mail.as_string()
    assert reminded(app, STARTS + LATER - DAY) == [], "the second is named already"
    assert states() == [("sent", None), ("void", optional.TOGETHER)]
    clock.moment = STARTS
    doors = [app.test_client().post(link).location for link in links(mail)]
    assert doors == [f"/class/{first.id}/", f"/class/{second.id}/"]


def test_the_page_promises_the_one_mail_that_names_both(
    app: Flask, her: Participant, browse_as: Any
) -> None:
    first, second = booked(participant=her), booked(participant=her, at=STARTS + LATER)
    of = {id_: promised(browse_as(her), id_) for id_ in (first.id, second.id)}
    assert of[first.id] == ["Thursday 26 November, 13:00", "Friday 27 November, 12:00"]
    assert of[second.id] == ["Thursday 26 November, 13:00", "Friday 27 November, 16:00"]

    (mail,) = reminded(app, STARTS - DAY)

    assert "17:00" in text(mail)
    assert reminded(app, STARTS + LATER - DAY) == []


def test_the_page_promises_a_mail_of_its_own_where_the_other_has_left(
    app: Flask, her: Participant, clock: FakeClock, browse_as: Any
) -> None:
    booked(participant=her)
    reminded(app, STARTS - DAY)
    clock.moment = STARTS - DAY + timedelta(minutes=30)
    hour = make.session(starts_at=STARTS + LATER)
    late = make.booking(participant=her, session=hour, booked_at=clock.moment)
    moments = promised(browse_as(her), late.id)
    assert moments == ["Thursday 26 November, 17:00", "Friday 27 November, 16:00"]

    assert len(reminded(app, STARTS + LATER - DAY)) == 1


def promised(browser: Any, booking_id: Any) -> list[str]:
    """When the page of a booking says that she is reminded."""
    page = browser.get(f"/classes/bookings/{booking_id}").text
    return re.findall(r"We remind you on (\w+ \d+ \w+, \d\d:\d\d), with", page)


def test_both_that_come_in_the_same_evening_are_one_mail(app: Flask, her: Participant) -> None:
    """Classes so early that their hour of the day before is in her quiet hours."""
    early = STARTS - timedelta(hours=7)  # 6:00
    booked(participant=her, at=early + timedelta(minutes=60))
    booked(participant=her, at=early)
    evening = early - timedelta(hours=9, minutes=29)
    (mail,) = reminded(app, evening)
    assert "06:00" in text(mail)
    assert "07:00" in text(mail)
    assert sorted(states()) == [("sent", None), ("void", optional.TOGETHER)]


def test_one_that_is_given_back_in_between_is_left_out(app: Flask, her: Participant) -> None:
    booked(participant=her)
    second = booked(participant=her, at=STARTS + LATER)
    jobs.plan(STARTS - DAY)
    _give_back(second)
    (mail,) = reminded(app, STARTS - DAY + timedelta(minutes=1))
    assert "On the same day" not in text(mail)
    assert mail["Subject"].startswith("Your class on ")


def test_where_the_first_is_given_back_the_other_is_reminded_of_by_itself(
    app: Flask, her: Participant
) -> None:
    first = booked(participant=her)
    booked(participant=her, at=STARTS + LATER)
    jobs.plan(STARTS - DAY)
    _give_back(first)
    assert reminded(app, STARTS - DAY + timedelta(minutes=1)) == [], "none of it is left"
    (mail,) = reminded(app, STARTS + LATER - DAY)
    assert "17:00" in str(mail["Subject"])


def test_a_first_one_that_waits_and_is_void_holds_nothing_back(
    app: Flask, her: Participant
) -> None:
    early = STARTS - timedelta(hours=7)
    first = booked(participant=her, at=early)
    booked(participant=her, at=early + timedelta(minutes=60))
    jobs.plan(early - timedelta(hours=9, minutes=29))
    _give_back(first)
    (mail,) = reminded(app, early - timedelta(hours=9, minutes=28))
    assert "07:00" in str(mail["Subject"])


def test_one_that_is_booked_after_that_mail_is_reminded_of_and_names_both(
    app: Flask, her: Participant
) -> None:
    booked(participant=her)
    assert len(reminded(app, STARTS - DAY)) == 1
    hour = make.session(starts_at=STARTS + LATER)
    make.booking(participant=her, session=hour, booked_at=STARTS - DAY + timedelta(hours=1))
    (mail,) = reminded(app, STARTS + LATER - DAY)
    assert "17:00" in text(mail)
    assert "13:00" in text(mail)


def test_one_that_was_moved_after_that_mail_is_reminded_of_at_its_new_time(
    app: Flask, her: Participant
) -> None:
    booked(participant=her)
    second = booked(participant=her, at=STARTS + LATER)
    reminded(app, STARTS - DAY)
    hour, moved_at = second.session, STARTS - DAY + timedelta(hours=1)
    hour.starts_at, hour.ends_at = STARTS + 1.25 * LATER, STARTS + 1.5 * LATER
    hour.changed_at = hour.remind_at = moved_at
    second.sequence += 1
    db.session.commit()
    (mail,) = reminded(app, STARTS + 1.25 * LATER - DAY)
    assert "18:00" in text(mail)


@pytest.mark.parametrize(
    "of_other", [{"at": STARTS + DAY}, {"participant": None}], ids=["the day after", "another"]
)
def test_another_day_and_another_woman_have_a_mail_of_their_own(
    app: Flask, her: Participant, of_other: dict[str, Any]
) -> None:
    booked(participant=her)
    booked(**{"participant": her, "at": STARTS + LATER} | of_other)
    assert len(reminded(app, STARTS - DAY)) == 1
    at = of_other.get("at", STARTS + LATER)
    (mail,) = reminded(app, at - DAY)
    assert "On the same day" not in text(mail)


def test_two_workers_at_once_send_one(app: Flask, her: Participant) -> None:
    early = STARTS - timedelta(hours=7)
    booked(participant=her, at=early)
    booked(participant=her, at=early + timedelta(minutes=60))
    world = app.extensions["outside"]
    world.now.moment = early - timedelta(hours=9, minutes=29)
    jobs.plan(world.now.moment)
    for worker in ("one", "other"):
        outbox.deliver(worker, world)
    assert len(world.mail.sent) == 1


def test_the_cap_counts_it_once_and_her_wish_holds(app: Flask, her: Participant) -> None:
    booked(participant=her)
    booked(participant=her, at=STARTS + LATER)
    jobs.plan(STARTS - DAY)
    choose(her, day_before=False)
    assert reminded(app, STARTS - DAY + timedelta(minutes=1)) == []
    assert states() == [("void", optional.NOT_WISHED)]


def _give_back(booking: Any) -> None:
    with unit_of_work():
        bookings.cancel(booking, now=LONG_AGO + timedelta(days=6), by=None)
