import html
import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import url_for

from remote_training.accounts.models import Grant, Role
from remote_training.bookings import trainer_news
from remote_training.classes.models import Series, Session
from remote_training.core.db import db
from remote_training.dashboard import views
from remote_training.messages.models import Message
from tests import make
from tests.fakes import NOON


def typed(trainer, **changes):
    grant = db.session.scalars(sa.select(Grant.id).where(Grant.account_id == trainer.id)).one()
    plain = {
        "module": "base",
        "trainer": str(grant),
        "weekdays": "1",
        "step": "save",
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

    assert "The classes are offered." in page
    assert "Ilse Trainer" in page
    assert [hour.starts_at.hour for hour in hours()] == [9, 8]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("weekdays", "Monday", "Please choose from this list alone."),
        ("wall_time", "ten", "Please write a time"),
        ("minutes", "an hour", "whole number"),
        ("minutes", "1000", "5 to 240"),
        ("places", "0", "1 to 100"),
        ("first_on", "", "Please write the first day."),
        ("last_on", "2027-03-01", "before the first"),
        ("last_on", "2027-03-22", "no such day"),
        ("weekdays", "9", "Please choose from this list alone."),
        ("trainer", "nobody", "Please choose one from this list."),
    ],
)
def test_what_cannot_be_offered_is_said_at_its_field(field, value, words, app, desk, ilse):
    answer = desk.post("/staff/plan/new", data=typed(ilse) | {field: value})

    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{field}' in answer.text
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
    assert to_participants() == ["class_called_off"]


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
        asked = [endpoint for endpoint, _label, _roles in views.PLACES]
        asked.remove("rooms.index")  # it stands there only where a provider keeps rooms ahead
        addresses = [url_for(endpoint) for endpoint in asked]

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


# ------------------------------------------------------------------ seen before it is done


def test_every_class_is_seen_before_anything_is_offered_and_nothing_typed_is_lost(app, desk, ilse):
    form = typed(
        ilse, step="look", weekdays=["6", "1"], wall_time="02:30",
        breaks="2027-03-23 the hall is painted",
    )  # fmt: skip

    seen = desk.post("/staff/plan/new", data=form)

    assert seen.status_code == 200
    assert hours() == []
    assert "Nothing is saved yet." in seen.text
    assert "Sunday 28 March 2027" in seen.text
    assert "02:30 does not exist on this day. The class begins at 03:30." in seen.text
    assert "03:30, Amsterdam time, UTC+02:00" in seen.text
    assert "the hall is painted" in seen.text
    assert "Offer these 3 classes" in seen.text
    back = desk.post("/staff/plan/new", data=form | {"step": "back"}).text
    assert "2027-03-23 the hall is painted" in back
    assert 'value="02:30' in back
    assert back.count(" checked") == 2


def test_what_is_sent_on_from_the_preview_is_what_was_typed(app, desk, ilse):
    form = typed(ilse, step="look", weekdays=["0", "1"], breaks="2027-03-23\n2027-03-29 Easter")
    page = desk.post("/staff/plan/new", data=form).text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    sent = {}
    for name, word in hidden:
        sent.setdefault(name, []).append(html.unescape(word))

    for _ in range(2):
        done = desk.post("/staff/plan/new", data=sent | {"step": "save"})
        assert done.status_code == 303

    assert [f"{hour.on_date:%d %b}" for hour in hours()] == ["22 Mar", "30 Mar"]


def test_a_plan_that_was_changed_after_it_was_offered_is_another_one(app, desk, ilse):
    once = {"once": "2f0b9a34-7a0f-4c3c-9a43-4a3d6a3f8a11"}
    for _ in range(2):
        assert desk.post("/staff/plan/new", data=typed(ilse, **once)).status_code == 303
    assert len(hours()) == 2

    for _ in range(2):
        again = desk.post("/staff/plan/new", data=typed(ilse, **once, wall_time="15:00"))
        assert again.status_code == 303

    assert [hour.starts_at.hour for hour in hours()] == [9, 14, 8, 13]


def test_a_clash_is_named_beside_its_class_and_cannot_be_offered(app, desk, ilse):
    desk.post("/staff/plan/new", data=typed(ilse))

    seen = desk.post("/staff/plan/new", data=typed(ilse, wall_time="10:30", step="look"))

    assert seen.status_code == 200
    assert "2 classes cannot be held" in seen.text
    assert "Tuesday 23 March: Strength and stamina, 10:00 to 11:00" in seen.text
    assert 'value="save"' not in seen.text


def test_a_line_that_is_no_day_is_said_at_its_field(app, desk, ilse):
    answer = desk.post("/staff/plan/new", data=typed(ilse, breaks="2027-03-23\nEaster"))
    assert answer.status_code == 422
    assert "Line 2: please begin with a day" in answer.text
    assert hours() == []


def test_a_trainer_plans_for_her_own_site_alone(app, browse_as, ilse):
    away = make.trainer(at=make.site("melbourne"))
    hers, theirs = browse_as(ilse), browse_as(away)

    assert hers.post("/staff/plan/new", data=typed(away)).status_code == 422
    assert hers.post("/staff/plan/new", data=typed(ilse)).status_code == 303
    address = f"/staff/plan/{hours()[0].id}/change"
    assert hers.get(address).status_code == 200
    assert theirs.get(address).status_code == 404
    assert "Ilse Trainer" not in theirs.get("/staff/plan/").text


def to_participants():
    """The kinds of mails to those who hold a place; trainers have theirs."""
    found = sa.select(Message.kind).where(Message.kind != trainer_news.KIND)
    return db.session.scalars(found).all()


def weekly(ilse, desk):
    desk.post("/staff/plan/new", data=typed(ilse))
    return hours()


def test_a_series_that_begins_next_year_is_changed_from_the_plan(app, desk, ilse):
    first, _second = weekly(ilse, desk)
    page = desk.get("/staff/plan/").text
    assert f"/staff/plan/{first.id}/change" in page
    assert "There is no class in the next four weeks." in page


def changed(hour, ilse, **changes):
    plain = {
        "scope": "later", "on_date": hour.on_date.isoformat(), "wall_time": "11:00",
        "trainer": str(ilse.id), "places": "12", "reason": "The hall is taken", "step": "look",
    }  # fmt: skip
    return plain | changes


def mark(page):
    return re.search(r'name="mark" value="(\w+)"', page)[1]


def test_all_from_a_day_on_are_changed_after_they_were_seen(app, desk, ilse):
    first, second = weekly(ilse, desk)
    make.booking(session=second)
    address, form = f"/staff/plan/{first.id}/change", changed(first, ilse)
    assert "this class and all later ones" in desk.get(address).text

    seen = desk.post(address, data=form).text

    assert "2 classes change." in seen
    assert "1 person who holds a place is told by mail." in seen
    db.session.expire_all()
    assert first.starts_at.hour == 9
    answer = desk.post(address, data=form | {"step": "save", "mark": mark(seen)})
    assert answer.status_code == 303
    again = desk.post(
        address, data=form | {"step": "save", "mark": mark(seen)}, follow_redirects=True
    )
    assert "It is so already" in again.text
    db.session.expire_all()
    assert [hour.starts_at.hour for hour in hours()] == [10, 9]
    assert to_participants() == ["class_changed"]


def test_a_change_that_was_seen_before_another_one_is_shown_once_more(app, desk, ilse):
    first, _second = weekly(ilse, desk)
    address, form = f"/staff/plan/{first.id}/change", changed(first, ilse)
    seen = desk.post(address, data=form).text
    other = desk.post(address, data=form | {"places": "9", "scope": "one"}).text
    both = form | {"places": "9", "scope": "one", "step": "save", "mark": mark(other)}
    assert desk.post(address, data=both).status_code == 303

    old = desk.post(address, data=form | {"wall_time": "13:00", "step": "save", "mark": mark(seen)})

    assert old.status_code == 409
    assert "has changed meanwhile" in old.text
    assert "9 now, 12 after" in old.text
    assert "9 now" not in seen
    db.session.expire_all()
    assert first.starts_at.hour == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "Please write why."),
        ({"on_date": "tomorrow"}, "Please write a day"),
        ({"on_date": "2026-01-01"}, "over already"),
        ({"wall_time": "25:00"}, "Please write a time"),
        ({"places": "0"}, "1 to 100"),
        ({"trainer": "nobody"}, "Please choose one from this list."),
        ({"scope": "all"}, "Please choose one from this list"),
    ],
)
def test_what_cannot_be_changed_so_is_said_and_kept(change, words, app, desk, ilse):
    first, _second = weekly(ilse, desk)
    make.booking(session=first)

    answer = desk.post(f"/staff/plan/{first.id}/change", data=changed(first, ilse) | change)

    assert answer.status_code == 422
    assert words in answer.text
    if "reason" not in change:
        assert "The hall is taken" in answer.text


@pytest.mark.parametrize(
    ("on", "words", "begins"),
    [
        pytest.param(
            "2027-03-28", "02:30 does not exist on this day. The class begins at 03:30.",
            "Sunday 28 March 2027, 03:30", id="the hour that is left out",
        ),
        pytest.param(
            "2027-10-31", "02:30 comes twice on this day. The class begins the first time.",
            "Sunday 31 October 2027, 02:30", id="the hour that comes twice",
        ),
        pytest.param("2027-04-04", None, "Sunday 4 April 2027, 02:30", id="a plain day"),
        pytest.param("2026-12-06", None, "Sunday 6 December, 02:30", id="a day of this year"),
    ],
)  # fmt: skip
def test_a_class_that_moves_into_an_odd_hour_says_so(on, words, begins, app, desk, ilse):
    first, _second = weekly(ilse, desk)
    form = changed(first, ilse, scope="one", on_date=on, wall_time="02:30")

    seen = desk.post(f"/staff/plan/{first.id}/change", data=form).text

    assert begins in seen
    assert "Tuesday 23 March 2027, 10:00" in seen
    assert ("odd hour" in seen) is bool(words)
    assert (words or "Becomes") in seen


def test_a_host_that_was_chosen_and_is_busy_is_named_with_a_way_out(app, desk, ilse):
    desk.post("/staff/plan/new", data=typed(ilse, host="utrecht-1"))
    other = make.trainer(contact=make.contact(name="Mats Trainer"))

    seen = desk.post("/staff/plan/new", data=typed(other, host="utrecht-1", step="look")).text

    assert "Utrecht 1 is busy then: in Strength and stamina on Tuesday 23 March" in seen
    assert "Choose another host, or whichever is free." in seen
    assert "No meeting host is free" not in seen


@pytest.mark.parametrize("role", list(Role))
def test_the_name_in_the_corner_leads_to_the_account(role, app, browse_as):
    page = browse_as(make.staff(role)).get("/staff/first", follow_redirects=True).text
    assert '<a class="go" href="/staff/me/">' in page


@pytest.mark.parametrize(
    ("taken", "words"), [(1, "1 place is held or kept"), (2, "2 places are held or kept")]
)
def test_one_place_that_is_held_is_one(taken, words, app, desk, ilse):
    first, second = weekly(ilse, desk)
    for _ in range(taken):
        make.booking(session=first)
    address = f"/staff/plan/{first.id}/change"

    assert words in desk.get(address).text
    assert "0 places are held" in desk.get(f"/staff/plan/{second.id}/change").text


def test_a_class_that_was_called_off_already_says_so(app, desk):
    hour = make.session()
    make.booking(session=hour)
    address, form = f"/staff/plan/{hour.id}/off", {"reason": "No hall", "step": "look"}

    first = desk.post(address, data=form, follow_redirects=True).text
    again = desk.post(address, data=form, follow_redirects=True).text

    assert "1 person is told by mail" in first
    assert "was called off already" not in first
    assert "This class was called off already. Nobody is told again." in again
    assert "0 people" not in again


def test_fewer_places_than_are_held_is_refused_beside_the_class(app, desk, ilse):
    first, _second = weekly(ilse, desk)
    for _ in range(2):
        make.booking(session=first)
    form = changed(first, ilse, places="1", wall_time="10:00")
    seen = desk.post(f"/staff/plan/{first.id}/change", data=form).text
    assert "2 places are held or kept for somebody: there cannot be fewer." in seen
    saved = form | {"step": "save", "mark": mark(seen)}
    assert desk.post(f"/staff/plan/{first.id}/change", data=saved).status_code == 422


def test_a_class_that_has_begun_has_no_page_to_change_it(app, desk):
    hour = make.session(starts_at=NOON - timedelta(minutes=5))
    assert desk.get(f"/staff/plan/{hour.id}/change").status_code == 409


def test_all_from_a_day_on_are_called_off_after_they_were_seen(app, desk, ilse):
    first, second = weekly(ilse, desk)
    make.booking(session=second)
    address, form = f"/staff/plan/{first.id}/off", {"scope": "later", "reason": "No hall"}

    seen = desk.post(address, data=form)

    assert seen.status_code == 200
    assert "2 classes are called off." in seen.text
    db.session.expire_all()
    assert not second.is_called_off
    desk.post(address, data=form | {"step": "save"})
    db.session.expire_all()
    assert first.is_called_off
    assert second.is_called_off
    assert to_participants() == ["class_called_off"]
