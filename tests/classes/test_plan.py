"""A series as it is planned: its classes, the days left out, the odd hours, before it is saved."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from remote_training.classes import plan as plans
from remote_training.classes import service, wall_time
from remote_training.classes.errors import WrongSeries
from remote_training.classes.models import Break, Series, Session, Substitute
from remote_training.classes.plan import DaysOff
from remote_training.classes.wall_time import Oddity
from remote_training.core.db import db
from tests import make
from tests.fakes import NOON


def planned(**changes):
    days = {"first_on": date(2027, 3, 22), "last_on": date(2027, 4, 4)}
    return make.plan(**days | {"weekdays": [0, 3]} | changes)


def outlook(plan):
    return service.outlook(plan, now=NOON)


def test_a_series_of_two_weekdays_with_a_holiday_shows_what_it_makes_and_what_it_leaves_out(app):
    plan = planned(breaks=plans.days_off("2027-03-29 Easter Monday"))

    seen = outlook(plan)
    series = service.offer(plan, now=NOON, by=None)
    db.session.commit()

    shown = [(one.shown.strftime("%a %d %b %H:%M"), one.offset) for one in seen.coming]
    assert shown == [
        ("Mon 22 Mar 10:00", "UTC+01:00"),
        ("Thu 25 Mar 10:00", "UTC+01:00"),
        ("Thu 01 Apr 10:00", "UTC+02:00"),
    ]
    assert [one.offset_before for one in seen.coming] == [None, None, "UTC+01:00"]
    assert [(one.on_date, one.why) for one in seen.left_out] == [
        (date(2027, 3, 29), "Easter Monday")
    ]
    made = db.session.scalars(sa.select(Session.starts_at).order_by(Session.starts_at)).all()
    assert made == [one.seated.hour.starts_at for one in seen.coming]
    assert (series.weekdays, series.days) == ("03", (0, 3))
    assert db.session.scalars(sa.select(Break.why)).all() == ["Easter Monday"]


def test_nothing_is_written_by_looking(app):
    outlook(planned())
    assert db.session.scalars(sa.select(Series)).all() == []


@pytest.mark.parametrize(
    ("zone", "on", "at", "oddity", "shown", "utc"),
    [
        pytest.param(
            "Europe/Amsterdam", date(2027, 3, 28), time(2, 30), Oddity.LEFT_OUT, "03:30",
            datetime(2027, 3, 28, 1, 30, tzinfo=UTC), id="Amsterdam: the hour that is left out",
        ),
        pytest.param(
            "Europe/Amsterdam", date(2027, 10, 31), time(2, 30), Oddity.TWICE, "02:30",
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC), id="Amsterdam: the hour that comes twice",
        ),
        pytest.param(
            "Australia/Melbourne", date(2027, 10, 3), time(2, 30), Oddity.LEFT_OUT, "03:30",
            datetime(2027, 10, 2, 16, 30, tzinfo=UTC), id="Melbourne: the hour that is left out",
        ),
        pytest.param(
            "Australia/Melbourne", date(2027, 4, 4), time(2, 30), Oddity.TWICE, "02:30",
            datetime(2027, 4, 3, 15, 30, tzinfo=UTC), id="Melbourne: the hour that comes twice",
        ),
        pytest.param(
            "Europe/Amsterdam", date(2027, 3, 28), time(3), None, "03:00",
            datetime(2027, 3, 28, 1, tzinfo=UTC), id="Amsterdam: the first hour of summer",
        ),
        pytest.param(
            "Europe/Amsterdam", date(2027, 3, 28), time(1, 59), None, "01:59",
            datetime(2027, 3, 28, 0, 59, tzinfo=UTC), id="Amsterdam: the last of winter",
        ),
    ],
)  # fmt: skip
def test_an_odd_hour_is_named(app, zone, on, at, oddity, shown, utc):
    here = make.site("utrecht" if zone.startswith("Europe") else "melbourne")
    plan = planned(
        site=here, trainer=make.trainer(at=here), zone=zone, weekdays=[on.weekday()],
        wall_time=at, first_on=on - timedelta(weeks=1), last_on=on + timedelta(weeks=1),
    )  # fmt: skip

    before, odd, after = outlook(plan).coming

    assert (before.oddity, odd.oddity, after.oddity) == (None, oddity, None)
    assert odd.shown.strftime("%H:%M") == shown
    assert odd.seated.hour.starts_at == utc
    assert before.shown.time() == after.shown.time() == at


@given(
    on=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=st.sampled_from(["Europe/Amsterdam", "Australia/Melbourne", "Australia/Lord_Howe"]),
)
def test_an_hour_is_left_out_exactly_where_the_wall_shows_another(on, at, zone):
    shown = wall_time.shown(wall_time.moment(on, at, zone), zone)
    is_left_out = wall_time.oddity(on, at, zone) is Oddity.LEFT_OUT
    assert (shown.replace(tzinfo=None) != datetime.combine(on, at)) is is_left_out


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("2026-12-24 to 2027-01-03 Christmas", (date(2026, 12, 24), date(2027, 1, 3), "Christmas")),
        ("24-12-2026 tot 3-1-2027: kerst", (date(2026, 12, 24), date(2027, 1, 3), "kerst")),
        ("26/1/2027 Australia Day", (date(2027, 1, 26), date(2027, 1, 26), "Australia Day")),
        ("2027-04-27", (date(2027, 4, 27), date(2027, 4, 27), "")),
        ("2027-04-27 - 2027-04-28", (date(2027, 4, 27), date(2027, 4, 28), "")),
        ("\n  2027-04-27   Koningsdag \n\n", (date(2027, 4, 27), date(2027, 4, 27), "Koningsdag")),
        (
            "2027-05-05 held in place of 2027-05-06",
            (date(2027, 5, 5), date(2027, 5, 5), "held in place of 2027-05-06"),
        ),
        ("2027-05-05 to be sure", (date(2027, 5, 5), date(2027, 5, 5), "to be sure")),
    ],
)
def test_days_off_are_read_as_people_write_them(typed, found):
    assert plans.days_off(typed) == (DaysOff(*found),)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Christmas", "Line 1: please begin with a day"),
        ("2027-02-30", "Line 1: please begin with a day"),
        ("2027-01-01\nlater", "Line 2: please begin with a day"),
        ("2027-01-03 to 2027-01-01", "Line 1: the last day must not be before the first"),
        ("2027-01-03 " + "x" * 121, "Line 1: please shorten"),
        ("2027-01-03\n" * 101, "at most 100 lines"),
        ("0000-00-00", "Line 1"),
        ("2027-03-21 2027-04-04", "Line 1: please write a day, or two with a word between"),
        ("2027-03-21, 2027-04-04 Easter", "Line 1: please write a day, or two"),
        ("2027-03-21 and 4-4-2027", "Line 1: please write a day, or two"),
        ("2027-03-21 to 2027-03-22 2027-04-04", "Line 1: please write a day, or two"),
        ("9999-99-99", "Line 1"),
    ],
)
def test_a_line_that_is_no_day_is_named(typed, words):
    with pytest.raises(WrongSeries, match=words):
        plans.days_off(typed)


@given(st.text())
def test_any_text_is_days_off_or_a_sentence(typed):
    try:
        plans.days_off(typed)
    except WrongSeries as refusal:
        assert refusal.gaps["field"] == "breaks"


def test_days_off_that_leave_nothing_are_refused(app):
    with pytest.raises(WrongSeries, match="leave no class"):
        outlook(planned(breaks=plans.days_off("2027-03-01 to 2027-05-01")))


def test_what_is_sent_twice_is_offered_once(app):
    plan, row = planned(), make.uuid4()
    for _ in range(2):
        assert service.offer(plan, now=NOON, by=None, series_id=row).id == row
        db.session.commit()
    assert len(db.session.scalars(sa.select(Session.id)).all()) == 4


def test_substitutes_are_kept_and_must_be_trainers_of_the_site(app):
    mats = make.trainer()
    service.offer(planned(substitutes=(mats,)), now=NOON, by=None)
    db.session.commit()
    assert db.session.scalars(sa.select(Substitute.account_id)).all() == [mats.id]

    with pytest.raises(WrongSeries, match="trainer of this site") as refusal:
        outlook(planned(substitutes=(make.trainer(at=make.site("melbourne")),)))
    assert refusal.value.gaps["field"] == "substitutes"


def test_a_series_does_not_stand_in_its_own_way_where_it_is_no_overlap(app):
    seen = outlook(planned(weekdays=range(7), minutes=240))
    assert [one for one in seen.coming if one.seated.of_trainer or one.seated.of_hosts] == []
