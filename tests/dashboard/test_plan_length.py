"""The page where a class is changed: length and language; and who may stand in for a trainer."""

from __future__ import annotations

import re
from datetime import time

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.audit.models import Entry
from remote_training.classes import queries
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


def weekly(trainer, **changed):
    series = classes.offer(make.plan(trainer=trainer, **changed), now=NOON, by=None)
    db.session.commit()
    return series


def hours():
    return db.session.scalars(sa.select(Session).order_by(Session.starts_at, Session.id)).all()


def changed(hour, **changes):
    plain = {
        "scope": "later", "on_date": hour.on_date.isoformat(), "wall_time": "10:00",
        "trainer": str(hour.trainer_id), "places": "12", "reason": "Time to cool down",
        "step": "look", "minutes": "60", "language": "en",
    }  # fmt: skip
    return plain | changes


def saved(form, page):
    return form | {"step": "save", "mark": re.search(r'name="mark" value="(\w+)"', page)[1]}


def test_a_longer_class_in_another_language_is_seen_before_and_done_after(desk, ilse):
    weekly(ilse)
    first, *_rest = hours()
    make.booking(session=first)
    address, form = f"/staff/plan/{first.id}/change", changed(first, minutes="90", language="nl")
    asked = desk.get(address).text
    assert 'value="60"' in asked
    assert "Nederlands" in asked

    seen = desk.post(address, data=form).text

    assert "3 classes change." in seen
    assert "1 person who holds a place is told by mail." in seen
    assert "60 now, 90 after" in seen
    assert "English now, Nederlands after" in seen
    db.session.expire_all()
    assert {(one.minutes, one.language) for one in hours()} == {(60, "en")}
    assert desk.post(address, data=saved(form, seen)).status_code == 303
    db.session.expire_all()
    assert {(one.minutes, one.language) for one in hours()} == {(90, "nl")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"minutes": "an hour"}, "Please write a whole number.", id="no number"),
        pytest.param({"minutes": ""}, "Please write a whole number.", id="left empty"),
        pytest.param({"minutes": "0"}, "A class lasts 5 to 240 minutes.", id="none at all"),
        pytest.param({"minutes": "9" * 30}, "A class lasts 5 to 240 minutes.", id="for ever"),
        pytest.param({"language": "xx"}, "Please choose one from this list.", id="no language"),
    ],
)
def test_what_no_class_can_be_is_said_at_its_field_and_kept(change, words, desk, ilse):
    weekly(ilse)
    first, *_rest = hours()
    answer = desk.post(f"/staff/plan/{first.id}/change", data=changed(first) | change)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#{next(iter(change))}' in answer.text
    assert "Time to cool down" in answer.text


def test_a_page_that_was_open_before_these_fields_were_there_leaves_both_alone(desk, ilse):
    weekly(ilse, minutes=45, language="nl")
    first, *_rest = hours()
    form = changed(first, wall_time="11:00")
    del form["minutes"], form["language"]
    address = f"/staff/plan/{first.id}/change"
    seen = desk.post(address, data=form).text
    assert desk.post(address, data=saved(form, seen)).status_code == 303
    db.session.expire_all()
    assert {(one.minutes, one.language) for one in hours()} == {(45, "nl")}


def test_a_clash_of_the_longer_class_is_named_beside_it_and_it_cannot_be_saved(desk, ilse):
    weekly(ilse)
    weekly(ilse, wall_time=time(11, 15))
    first, *_rest = hours()
    form = changed(first, minutes="90", scope="one")
    seen = desk.post(f"/staff/plan/{first.id}/change", data=form).text
    assert "This trainer already gives a class at that time" in seen
    assert "11:15 to 12:15" in seen
    assert desk.post(f"/staff/plan/{first.id}/change", data=saved(form, seen)).status_code == 422
    db.session.expire_all()
    assert first.minutes == 60


def test_who_may_stand_in_is_chosen_after_a_series_was_planned_and_offered_first(desk, ilse):
    mats = make.trainer(contact=make.contact(name="Mats Trainer"))
    zoe = make.trainer(contact=make.contact(name="Zoe Trainer"))
    series = weekly(ilse, substitutes=(mats,))
    address = f"/staff/plan/series/{series.id}/substitutes"
    assert address in desk.get("/staff/plan/").text
    page = desk.get(address).text
    assert re.search(rf'value="{mats.id}"[^>]* checked|checked[^>]* value="{mats.id}"', page)
    assert str(ilse.id) not in page, "nobody stands in for herself"

    answer = desk.post(address, data={"substitutes": [str(zoe.id)]}, follow_redirects=True)

    assert "It is written down who may stand in." in answer.text
    assert queries.substitutes(series.id) == {zoe.id}
    assert "Zoe Trainer, stands in" in desk.get(f"/staff/plan/{hours()[0].id}/change").text
    noted = db.session.scalars(sa.select(Entry).where(Entry.action == "classes.substitutes")).one()
    assert noted.detail == {"added": [str(zoe.id)], "removed": [str(mats.id)]}
    again = desk.post(address, data={"substitutes": [str(zoe.id)]}, follow_redirects=True)
    assert "It was so already." in again.text
    desk.post(address, data={"csrf_token": "as every form of a browser has one"})
    assert queries.substitutes(series.id) == set(), "nobody is an answer"


def test_only_a_trainer_of_the_site_may_stand_in(desk, ilse):
    series = weekly(ilse)
    elsewhere = make.staff(Role.TRAINER, at=make.site("melbourne"))
    address = f"/staff/plan/series/{series.id}/substitutes"
    for nobody in (str(elsewhere.id), str(ilse.id), "nobody"):
        answer = desk.post(address, data={"substitutes": [nobody]})
        assert answer.status_code == 422
        assert "Please choose from this list alone." in answer.text
    assert queries.substitutes(series.id) == set()


def test_a_series_of_another_site_is_not_there(app, browse_as, ilse):
    series = weekly(ilse)
    stranger = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
    address = f"/staff/plan/series/{series.id}/substitutes"
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, data={}).status_code == 404
