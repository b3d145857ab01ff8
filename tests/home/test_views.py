from datetime import timedelta

import pytest

from remote_training.bookings import service
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


@pytest.fixture
def ada(app):
    return make.participant(contact=make.contact(name="Ada Byron"))


def test_her_page_begins_with_the_next_class(ada, browse_as):
    make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=3)))
    make.booking(participant=ada)

    page = browse_as(ada).get("/home/").text

    assert "Hello Ada" in page
    assert "Byron" not in page
    assert page.index("Wednesday 25 November, 13:00") < page.index("Friday 27 November, 13:00")
    assert "You can join from 15 minutes before the class." in page
    assert "Join the class" not in page


def test_fifteen_minutes_before_there_is_a_button_to_join(ada, browse_as, clock):
    booking = make.booking(participant=ada)
    clock.moment = booking.session.starts_at - timedelta(minutes=15)
    browser = browse_as(ada)

    page = browser.get("/home/").text

    assert "Join the class" in page
    assert f"/class/{booking.id}/" in page
    clock.forward(minutes=-1)
    assert "Join the class" not in browser.get("/home/").text


def test_a_class_that_was_called_off_is_not_the_next_one(ada, browse_as):
    off = make.booking(participant=ada)
    make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=2)))
    service.call_off(off.session, now=NOON, by=None, reason="The trainer is ill")
    db.session.commit()

    page = browse_as(ada).get("/home/").text

    assert page.index("Thursday 26 November") < page.index("does not take place")


def test_questions_that_are_open_stand_on_her_page(ada, browse_as, clock):
    assessment = make.assessment(participant=ada)
    make.assessment(participant=make.participant(), timepoint="w6")
    browser = browse_as(ada)

    page = browser.get("/home/").text

    assert page.count("Questions for you") == 1
    assert f"/questions/{assessment.id}/" in page
    assert "Please finish by Tuesday 8 December." in page
    clock.forward(days=20)
    browser = browse_as(ada)
    assert "Questions for you" not in browser.get("/home/").text


def test_never_two_filled_buttons(ada, browse_as, clock):
    booking = make.booking(participant=ada)
    make.assessment(participant=ada)
    clock.moment = booking.session.starts_at

    page = browse_as(ada).get("/home/").text

    assert page.count('class="button"') == 1


def test_who_has_nothing_yet_can_book(ada, browse_as):
    page = browse_as(ada).get("/home/").text

    assert "You have no classes booked." in page
    assert "Book a class" in page


def test_nobody_sees_anothers_page(ada, browse_as, browser):
    make.booking(participant=ada, session=make.session(module="neuropathy"))
    other = make.participant(contact=make.contact(name="Eve Moore"))

    page = browse_as(other).get("/home/").text

    assert "Hello Eve" in page
    assert "Hands, feet" not in page
    assert browser.get("/home/").status_code == 401
    assert "Hands, feet" in browse_as(ada).get("/home/").text


def test_who_signs_out_is_gone_from_this_device_only(ada, browse_as):
    here, there = browse_as(ada), browse_as(ada)
    with here.session_transaction() as cookie:
        stolen = cookie["me"]

    answer = here.post("/home/leave")

    assert (answer.status_code, answer.location) == (303, "/")
    assert here.get("/home/").status_code == 401
    with here.session_transaction() as cookie:
        cookie["me"] = stolen
    assert here.get("/home/").status_code == 401
    assert there.get("/home/").status_code == 200


def test_signing_out_without_a_visit_does_no_harm(browser, app):
    assert browser.post("/home/leave").status_code == 303


def test_the_page_costs_the_same_however_much_is_on_it(ada, browse_as, count_queries):
    browser = browse_as(ada)

    def cost():
        db.session.rollback()
        count_queries.clear()
        assert browser.get("/home/").status_code == 200
        return len(count_queries)

    make.booking(participant=ada)
    make.assessment(participant=ada)
    few = cost()
    for n in range(2, 9):
        make.booking(participant=ada, session=make.session(starts_at=NOON + timedelta(days=n)))
        make.assessment(participant=ada, timepoint=f"w{n}")

    assert cost() == few
    assert few <= 8
