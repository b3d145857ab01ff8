"""A meeting host is one: it has one class at a time, with some minutes in between."""

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from remote_training.classes import service
from remote_training.classes.errors import HostBusy, WrongSeries
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.studies.current import study
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")


def offer(**changes):
    days = {"first_on": date(2027, 3, 1), "last_on": date(2027, 3, 14)}
    series = service.offer(make.plan(**days | changes), now=NOON, by=None)
    db.session.commit()
    return series


def hosts_of(series):
    found = sa.select(Session.host).where(Session.series_id == series.id)
    return db.session.scalars(found.order_by(Session.starts_at)).all()


def test_each_hour_takes_the_first_host_that_is_free():
    assert hosts_of(offer()) == ["utrecht-1", "utrecht-1"]
    assert hosts_of(offer(last_on=date(2027, 3, 8))) == ["utrecht-2"]
    assert hosts_of(offer()) == ["utrecht-3", "utrecht-2"]


def test_a_host_has_a_quarter_of_an_hour_between_two_classes():
    offer()

    assert hosts_of(offer(wall_time=time(11, 14))) == ["utrecht-2"] * 2
    assert hosts_of(offer(wall_time=time(11, 15))) == ["utrecht-1"] * 2
    assert hosts_of(offer(wall_time=time(8, 45))) == ["utrecht-1"] * 2


def test_where_no_host_is_free_the_classes_that_keep_them_are_named():
    for n in range(3):
        offer(wall_time=time(10, 10 * n))

    with pytest.raises(HostBusy) as refusal:
        offer(wall_time=time(10, 5))

    assert "Tuesday 2 March, 10:05 (Amsterdam time)" in str(refusal.value)
    assert "Utrecht 2 is in Strength and stamina, 10:10 to 11:10" in str(refusal.value)
    db.session.rollback()
    assert hosts_of(offer(site=make.site("melbourne"), trainer=away())) == ["melbourne-1"] * 2


def away():
    return make.trainer(at=make.site("melbourne"))


def test_the_host_that_was_chosen_is_taken_or_its_clash_named():
    series = offer(host="utrecht-3")
    assert series.host == "utrecht-3"
    assert hosts_of(series) == ["utrecht-3"] * 2

    with pytest.raises(HostBusy, match=r"Utrecht 3 is busy then: in .* Choose another host"):
        offer(host="utrecht-3")
    db.session.rollback()
    with pytest.raises(WrongSeries, match="host of this site"):
        offer(host="melbourne-1")


def test_a_class_that_was_called_off_keeps_no_host():
    make.session(starts_at=NOON + timedelta(days=1), host="utrecht-1", called_off_at=NOON)
    make.session(starts_at=NOON + timedelta(days=8), host="utrecht-1")
    found = offer(
        weekdays=[2], wall_time=time(13), first_on=date(2026, 11, 25), last_on=date(2026, 12, 5)
    )

    assert hosts_of(found) == ["utrecht-1", "utrecht-2"]


def test_a_site_without_hosts_has_none(app, monkeypatch):
    whole = study()
    bare = tuple(site.model_copy(update={"hosts": ()}) for site in whole.sites)
    monkeypatch.setitem(app.extensions, "study", whole.model_copy(update={"sites": bare}))

    assert hosts_of(offer()) == [None, None]
    assert hosts_of(offer()) == [None, None]
