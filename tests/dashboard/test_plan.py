from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import url_for

from remote_training.accounts.models import Grant, Role
from remote_training.classes.models import Series, Session
from remote_training.core.db import db
from remote_training.dashboard import views
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON


@pytest.fixture
def desk(app, browse_as):
    return browse_as(make.staff(Role.COORDINATOR))


@pytest.fixture
def ilse(app):
    return make.trainer(contact=make.contact(name="Ilse Trainer"))


def typed(trainer, **changes):
    grant = db.session.scalars(sa.select(Grant.id).where(Grant.account_id == trainer.id)).one()
    plain = {
        "module": "base",
        "trainer": str(grant),
        "weekday": "1",
        "wall_time": "10:00",
        "zone": "Europe/Amsterdam",
        "minutes": "60",
        "places": "12",
        "language": "en",
        "first_on": "2027-03-22",
        "last_on": "2027-04-04",
    }
    return plain | changes


def hours():
    return db.session.scalars(sa.select(Session).order_by(Session.starts_at)).all()


def test_a_weekly_class_is_offered_with_all_its_hours(app, desk, ilse):
    page = desk.post("/staff/plan/new", data=typed(ilse), follow_redirects=True).text

    assert "The weekly class is offered." in page
    assert "Ilse Trainer" in page
    assert [hour.starts_at.hour for hour in hours()] == [9, 8]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("wall_time", "ten", "Please write a time"),
        ("minutes", "an hour", "whole number"),
        ("minutes", "1000", "5 to 240"),
        ("places", "0", "1 to 100"),
        ("first_on", "", "Please write the first day."),
        ("last_on", "2027-03-01", "before the first"),
        ("last_on", "2027-03-22", "no such day"),
        ("weekday", "9", "Not a valid choice"),
        ("trainer", "nobody", "Not a valid choice"),
    ],
)
def test_what_cannot_be_offered_is_said_at_its_field(field, value, words, app, desk, ilse):
    answer = desk.post("/staff/plan/new", data=typed(ilse) | {field: value})

    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{field}"' in answer.text
    assert hours() == []
    assert db.session.scalars(sa.select(Series)).all() == []


def test_a_busy_trainer_is_said(app, desk, ilse):
    desk.post("/staff/plan/new", data=typed(ilse))

    answer = desk.post("/staff/plan/new", data=typed(ilse, wall_time="10:30"))

    assert answer.status_code == 422
    assert "already gives a class at that time on Tuesday 23 March" in answer.text


def test_a_trainer_of_another_site_cannot_be_chosen(app, desk):
    away = make.trainer(at=make.site("melbourne"))

    assert desk.post("/staff/plan/new", data=typed(away)).status_code == 422
    assert hours() == []


def test_without_a_trainer_the_page_says_whom_to_ask(app, desk):
    assert "no trainer at your sites" in desk.get("/staff/plan/new").text
    assert desk.post("/staff/plan/new", data={}).status_code == 422


def test_a_class_is_called_off_with_a_reason_and_its_bookers_are_told(app, desk):
    session = make.session()
    make.booking(session=session)
    address = f"/staff/plan/{session.id}/off"

    assert "1 person holds a place" in desk.get(address).text
    refused = desk.post(address, data={"reason": " "})
    assert refused.status_code == 422
    assert not session.is_called_off

    page = desk.post(address, data={"reason": "The trainer is ill"}, follow_redirects=True).text

    assert "1 person is told by mail" in page
    assert "called off" in page
    assert session.is_called_off
    assert db.session.scalars(sa.select(Message.kind)).all() == ["class_called_off"]


def test_a_class_of_another_site_is_not_called_off(app, desk, browse_as):
    away = make.session(
        site=make.site("melbourne"), trainer=make.trainer(at=make.site("melbourne"))
    )
    there = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
    address = f"/staff/plan/{away.id}/off"

    assert desk.get(address).status_code == 404
    assert desk.post(address, data={"reason": "x"}).status_code == 404
    assert there.get(address).status_code == 200


def test_the_plan_costs_the_same_however_long_it_is(app, desk, ilse, count_queries):
    def cost():
        db.session.rollback()
        count_queries.clear()
        assert desk.get("/staff/plan/").status_code == 200
        return len(count_queries)

    make.session(trainer=ilse)
    make.series(trainer=ilse)
    few = cost()
    for n in range(2, 10):
        make.session(starts_at=NOON + timedelta(days=n))
        make.series(first_on=date(2026, 11, 24) + timedelta(weeks=n), last_on=date(2027, 6, 1))

    assert cost() == few
    assert few <= 8


@pytest.mark.parametrize(
    ("roles", "first"),
    [
        ((Role.COORDINATOR,), "/staff/people/"),
        ((Role.TRAINER,), "/staff/classes/"),
        ((Role.RESEARCHER,), "/staff/data"),
        ((Role.ADMINISTRATOR,), "/staff/team/"),
        ((Role.ADMINISTRATOR, Role.COORDINATOR), "/staff/people/"),
    ],
)
def test_the_first_page_is_that_of_the_role(roles, first, app, browse_as):
    answer = browse_as(make.staff(*roles)).get("/staff/first")

    assert answer.status_code == 303
    assert answer.location == first


def test_who_has_no_role_is_told_whom_to_ask(app, browse_as):
    assert "ask an administrator" in browse_as(make.staff()).get("/staff/first").text


def test_the_menu_shows_what_the_role_may_open(app, desk):
    page = desk.get("/staff/plan/").text

    assert "Participants" in page
    assert 'href="/staff/plan/" aria-current="page"' in page
    assert ">Staff<" not in page
    assert ">Data<" not in page


def test_every_place_of_the_menu_opens_for_who_sees_it(app, browse_as):
    everything = browse_as(make.staff(*Role))

    with app.test_request_context():
        addresses = [url_for(endpoint) for endpoint, _label, _roles in views.PLACES]

    for address in addresses:
        page = everything.get(address)
        assert page.status_code == 200
        assert f'href="{address}" aria-current="page"' in page.text


def test_the_page_of_a_class_names_the_emergency_number_of_its_site_alone(app, browse_as):
    who, there = make.staff(Role.COORDINATOR), make.site("melbourne")
    db.session.add(Grant(account_id=who.id, role=Role.COORDINATOR, site_id=there.id))
    db.session.commit()
    hour = make.session(site=there, trainer=make.trainer(at=there))

    foot = browse_as(who).get(f"/staff/plan/{hour.id}/off").text.rsplit("In an emergency", 1)[1]

    assert "000" in foot
    assert "112" not in foot


@pytest.mark.parametrize(
    ("reason", "words"),
    [("\u200b", "Please write why."), ("x" * 501, "Please shorten this to 500 letters.")],
)
def test_a_class_is_not_called_off_for_a_reason_that_cannot_be_kept(reason, words, app, desk):
    hour = make.session()
    answer = desk.post(f"/staff/plan/{hour.id}/off", data={"reason": reason})
    assert answer.status_code == 422
    assert words in answer.text
    db.session.expire_all()
    assert hour.called_off_at is None


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"first_on": "2026-09-01", "last_on": "2026-09-30"}, "would be over already"),
        ({"first_on": "0001-01-01", "last_on": "0001-01-31"}, "would be over already"),
        ({"first_on": "9999-12-01", "last_on": "9999-12-31"}, "begin within two years"),
    ],
)
def test_days_that_are_over_or_far_away_are_said(days, words, app, desk, ilse):
    answer = desk.post("/staff/plan/new", data=typed(ilse, **days))
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalars(sa.select(Series.id)).all() == []


def test_a_class_of_this_morning_and_of_next_week_is_offered(app, desk, ilse):
    days = {"first_on": "2026-11-24", "last_on": "2026-12-01", "wall_time": "08:00"}
    assert desk.post("/staff/plan/new", data=typed(ilse, **days)).status_code == 303


def test_the_plan_says_how_many_wait(app, desk):
    hour = make.session(places=1)
    make.booking(session=hour)
    assert "wait" not in desk.get("/staff/plan/").text.split("1 of 1")[1].split("</td>")[0]
    for _ in range(2):
        make.waiting(session=hour, offered_at=None, offer_until=None)
    assert "2 wait" in desk.get("/staff/plan/").text.split("1 of 1")[1].split("</td>")[0]
