from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.classes import queries, service
from remote_training.classes.errors import TrainerBusy, WrongSeries
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")


def offer(**changes):
    days = {"first_on": date(2027, 3, 1), "last_on": date(2027, 4, 11)}
    series = service.offer(make.plan(**days | changes), now=NOON, by=None)
    db.session.commit()
    return series


def hours():
    return db.session.scalars(sa.select(Session).order_by(Session.starts_at)).all()


def test_a_series_keeps_its_wall_time_over_the_change_of_the_clock():
    series = offer()

    assert [hour.starts_at.strftime("%d %b %H:%M") for hour in hours()] == [
        "02 Mar 09:00",
        "09 Mar 09:00",
        "16 Mar 09:00",
        "23 Mar 09:00",
        "30 Mar 08:00",
        "06 Apr 08:00",
    ]
    assert {hour.series_id for hour in hours()} == {series.id}
    assert {hour.minutes for hour in hours()} == {60}
    assert db.session.scalars(sa.select(Entry.action)).all() == ["classes.offer"]


def test_an_hour_across_the_change_keeps_its_length():
    offer(weekdays=[6], wall_time=time(1, 30), minutes=90, first_on=date(2027, 3, 28))

    assert hours()[0].ends_at - hours()[0].starts_at == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"module": "yoga"}, "kind of class", id="a module that the study has not"),
        pytest.param({"language": "xx"}, "language", id="a language that we do not speak"),
        pytest.param({"zone": "Mars/Base"}, "time zone", id="no such zone"),
        pytest.param({"zone": "../etc/passwd"}, "time zone", id="a path is no zone"),
        pytest.param({"weekdays": [7]}, "day of the week", id="an eighth weekday"),
        pytest.param({"minutes": 4}, "5 to 240", id="too short"),
        pytest.param({"minutes": 241}, "5 to 240", id="too long"),
        pytest.param({"places": 0}, "1 to 100", id="no places"),
        pytest.param({"places": 101}, "1 to 100", id="too many places"),
        pytest.param(
            {"last_on": date(2027, 2, 28)}, "before the first", id="ends before it begins"
        ),
        pytest.param({"last_on": date(2030, 1, 1)}, "two years", id="too far ahead"),
        pytest.param({"last_on": date(2027, 3, 1)}, "no such day", id="no Tuesday in between"),
    ],
)
def test_what_cannot_be_offered_is_said(changes, words):
    with pytest.raises(WrongSeries, match=words):
        offer(**changes)
    db.session.rollback()

    assert hours() == []


def test_only_a_trainer_of_the_site_gives_its_classes():
    with pytest.raises(WrongSeries, match="trainer of this site"):
        offer(trainer=make.trainer(at=make.site("melbourne")))
    db.session.rollback()
    with pytest.raises(WrongSeries, match="trainer of this site"):
        offer(trainer=make.trainer(is_active=False))
    db.session.rollback()

    assert offer(trainer=make.trainer())


def test_a_trainer_is_in_one_class_at_a_time():
    trainer = make.trainer()
    offer(trainer=trainer)

    with pytest.raises(TrainerBusy, match="Tuesday 2 March"):
        offer(trainer=trainer, wall_time=time(10, 59), module="fatigue")
    db.session.rollback()

    assert offer(trainer=trainer, wall_time=time(11, 0), module="fatigue")


def test_upcoming_shows_the_site_between_now_and_then_soonest_first():
    here, later = make.session(starts_at=NOON + timedelta(days=2)), NOON + timedelta(days=7)
    running = make.session(starts_at=NOON - timedelta(minutes=30))
    make.session(starts_at=NOON - timedelta(days=1))
    make.session(starts_at=later)
    make.session(site=make.site("melbourne"))

    found = queries.upcoming([make.site().id], now=NOON, until=later)

    assert list(found) == [running, here]


def test_a_trainer_sees_her_own_classes():
    ilse, mats = make.trainer(), make.trainer()
    hers = make.session(trainer=ilse)
    make.session(trainer=mats)

    assert list(queries.of_trainer(ilse.id, now=NOON)) == [hers]


def test_a_class_of_another_site_is_not_there():
    session, utrecht, melbourne = make.session(), make.site().id, make.site("melbourne").id

    with pytest.raises(NotFound):
        queries.at_sites(session.id, [melbourne])

    assert queries.at_sites(session.id, [utrecht]) is session
