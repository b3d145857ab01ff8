"""A whole programme in one go, for a participant who rings."""

import re

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from tests import make
from tests.bookings.test_programme import weekly

CODE = re.compile(r'name="weekly\d" value="([0-9a-f]{12})"')
TICKED = re.compile(r'name="hour" value="([0-9a-f-]+)" checked')


@pytest.fixture
def her(app):
    return make.participant(
        contact=make.contact(name="Ada Byron"), language="nl", zone="Europe/Lisbon"
    )


def test_the_coordinator_books_all_her_weeks_on_the_phone_and_it_is_written_down_whose_press(
    her, browse_as
):
    weekly(weekday=2)
    desk, here = make.staff(Role.COORDINATOR), f"/staff/people/{her.id}/programme/"
    browser = browse_as(desk)
    assert f'href="{here}"' in browser.get(f"/staff/people/{her.id}/").text

    page = browser.get(here).text
    assert f"For {her.study_number}" in page
    assert "Every Wednesday, 08:00" in page  # her time, in the coordinator's language
    assert "Lisbon time" in page
    codes = CODE.findall(page)

    page = browser.get(f"{here}weeks", query_string={"weekly1": codes}).text
    assert db.session.scalars(sa.select(Booking)).all() == []  # looking changes nothing
    answer = browser.post(here, data={"hour": TICKED.findall(page)})

    assert "12 classes are booked" in browser.get(answer.location).text
    assert len(db.session.scalars(sa.select(Booking)).all()) == 12
    booked = sa.select(Entry.actor_id).where(Entry.action == "bookings.book")
    assert set(db.session.scalars(booked)) == {desk.id}


def test_without_a_choice_or_a_tick_the_page_says_so(her, browse_as):
    weekly(weekday=2)
    browser, here = browse_as(make.staff(Role.COORDINATOR)), f"/staff/people/{her.id}/programme/"
    codes = CODE.findall(browser.get(here).text)
    answer = browser.get(f"{here}weeks")
    assert (answer.status_code, "at least one class" in answer.text) == (422, True)
    answer = browser.post(here, data={"weekly1": codes})
    assert (answer.status_code, len(TICKED.findall(answer.text))) == (422, 12)


def test_somebody_of_another_site_is_not_there(her, browse_as):
    desk = make.staff(Role.COORDINATOR, at=make.site("melbourne"))
    hour = make.session()
    here = f"/staff/people/{her.id}/programme/"
    assert browse_as(desk).get(here).status_code == 404
    assert browse_as(desk).post(here, data={"hour": str(hour.id)}).status_code == 404
    assert db.session.scalars(sa.select(Booking)).all() == []
    assert browse_as(make.staff(Role.COORDINATOR)).get(here).status_code == 200
