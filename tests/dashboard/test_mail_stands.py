"""Mail that stands still is said on every page of those who then have people to ring."""

import re
from datetime import timedelta

import pytest

from remote_training.accounts.models import Role
from remote_training.core.db import unit_of_work
from remote_training.messages import service as outbox
from tests import make
from tests.fakes import NOON

STANDS = "No mail has left since"


def stop_the_queue():
    with unit_of_work():
        outbox.stop_queue("535 refused", now=NOON - timedelta(minutes=3))


def leave_one_waiting(minutes, **changes):
    plain = {"to": make.contact().id, "facts": {}, "not_after": NOON + timedelta(days=1)}
    with unit_of_work():
        outbox.queue("welcome", **plain | changes, now=NOON - timedelta(minutes=minutes))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_a_stopped_queue_is_said_to_those_who_have_people_to_ring(app, browse_as, role):
    browser = browse_as(make.staff(role))
    assert STANDS not in browser.get("/staff/first", follow_redirects=True).text

    stop_the_queue()

    page = browser.get("/staff/first", follow_redirects=True).text
    assert STANDS in page
    assert not re.search(r"\b535\b", page)


def test_others_are_left_alone(app, browse_as):
    stop_the_queue()

    page = browse_as(make.staff(Role.RESEARCHER)).get("/staff/first", follow_redirects=True)

    assert page.status_code == 200
    assert STANDS not in page.text


@pytest.mark.parametrize(("minutes", "is_said"), [(14, False), (16, True)])
def test_mail_that_nobody_sends_is_said_after_a_quarter_of_an_hour(
    app, browse_as, minutes, is_said
):
    leave_one_waiting(minutes)

    page = browse_as(make.staff(Role.COORDINATOR)).get("/staff/people/").text

    assert (STANDS in page) is is_said


def test_what_is_too_late_to_send_does_not_wait(app, browse_as):
    leave_one_waiting(60, not_after=NOON)

    assert STANDS not in browse_as(make.staff(Role.COORDINATOR)).get("/staff/people/").text
