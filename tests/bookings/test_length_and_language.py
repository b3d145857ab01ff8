"""The length and the language of a class, or of all of its series from a day on, are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.bookings import changes, fit, outlook, queries, service
from remote_training.bookings.changes import Stale
from remote_training.bookings.outlook import Scope, Wish
from remote_training.classes import service as classes
from remote_training.classes import wall_time as wall
from remote_training.classes.errors import HostBusy, TrainerBusy, WrongSeries
from remote_training.classes.models import Series, Session
from remote_training.core.db import db
from remote_training.core.reasons import ReasonNeeded
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from remote_training.reminders import jobs as reminders
from remote_training.studies.current import study
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("app")

TUESDAY = date(2026, 12, 1)


@pytest.fixture
def ilse(app):
    return make.trainer(contact=make.contact(name="Ilse Baan", email="ilse@example.org"))


def offered(trainer, **changed):
    """Four Tuesdays at ten, unless told."""
    days = {"first_on": TUESDAY, "last_on": TUESDAY + timedelta(weeks=3)}
    series = classes.offer(make.plan(trainer=trainer, **days | changed), now=NOON, by=None)
    db.session.commit()
    found = sa.select(Session).where(Session.series_id == series.id)
    return list(db.session.scalars(found.order_by(Session.starts_at)))


def wish(session, **changed):
    shown = wall.shown(session.starts_at, session.zone)
    plain = {
        "on_date": session.on_date, "wall_time": shown.time(),
        "trainer": session.trainer, "places": session.places,
    }  # fmt: skip
    return Wish(**plain | changed)


def change(session, *, mark=None, reason="More time to cool down", **changed):
    wished = wish(session, **changed)
    done = changes.apply(session, wished, now=NOON, by=None, reason=reason, mark=mark)
    db.session.commit()
    return done


def book(session, who=None):
    booking = service.book(who or make.participant(), session, now=NOON, by=None)
    db.session.commit()
    return booking


def sent(app, to=None):
    """What left now, to somebody."""
    world = app.extensions["outside"]
    world.mail.sent.clear()
    outbox.deliver("w", world)
    return [mail for mail in world.mail.sent if to is None or to in str(mail["To"])]


def text(mail):
    return mail.get_body(("plain",)).get_content()


def has_file(mail):
    return any(part.get_content_type() == "text/calendar" for part in mail.walk())


def test_who_is_booked_hears_of_another_length_and_keeps_entry_and_link(app, ilse):
    first, second, *_rest = offered(ilse)
    booking = book(first)
    uid = booking.calendar_uid
    sent(app)

    change(first, minutes=90)

    assert (first.minutes, second.minutes) == (90, 60), "one class alone"
    db.session.refresh(booking)
    assert (booking.calendar_uid, booking.sequence, first.sequence) == (uid, 1, 1)
    (mail,) = sent(app, booking.participant.contact.email)
    assert mail["Subject"] == "Your class on Tuesday 1 December, 10:00: it takes 90 minutes now"
    assert "your class takes 90 minutes now; it was 60" in text(mail)
    assert "The link that you have goes on working" in text(mail)
    assert has_file(mail)


def test_another_language_is_told_without_a_file_for_nothing_changes_in_her_calendar(app, ilse):
    (hour, *_) = offered(ilse)
    booking = book(hour)
    sent(app)
    change(hour, language="nl")
    (mail,) = sent(app, booking.participant.contact.email)
    assert mail["Subject"] == "Your class on Tuesday 1 December, 10:00: in another language"
    assert "held in Dutch now" in text(mail)
    assert not has_file(mail)
    db.session.refresh(booking)
    assert (booking.sequence, hour.language) == (0, "nl")


def test_moved_longer_and_in_another_language_is_one_mail_that_says_all(app, ilse):
    (hour, *_) = offered(ilse)
    booking = book(hour)
    sent(app)
    change(hour, minutes=90)
    change(hour, wall_time=time(14), language="nl")
    (mail,) = sent(app, booking.participant.contact.email)
    assert mail["Subject"].startswith("Moved: ")
    for said in ("It was on Tuesday 1 December, 10:00", "It takes 90 minutes",
                 "Before, it took 60 minutes.", "It is held in Dutch now."):  # fmt: skip
        assert said in text(mail)
    db.session.refresh(booking)
    assert booking.sequence == 2


def test_all_from_a_day_on_get_it_those_before_do_not_and_the_plan_says_so(ilse):
    first, second, third, fourth = offered(ilse)
    change(third, minutes=45)
    change(second, minutes=90, language="nl", scope=Scope.LATER)
    series = db.session.get_one(Series, first.series_id)
    assert [one.minutes for one in (first, second, third, fourth)] == [60, 90, 90, 90]
    assert [one.language for one in (first, second, third, fourth)] == ["en", "nl", "nl", "nl"]
    assert (series.minutes, series.language) == (90, "nl")


def test_what_was_changed_alone_does_not_become_the_plan_of_the_series(ilse):
    first, *_rest = offered(ilse)
    change(first, minutes=45, language="nl", places=5)
    as_it_is = {"minutes": 45, "language": "nl", "places": 5}
    change(first, wall_time=time(11), scope=Scope.LATER, **as_it_is)
    series = db.session.get_one(Series, first.series_id)
    assert (series.minutes, series.language, series.places) == (60, "en", 12)
    assert series.wall_time == time(11)


def test_longer_onto_another_class_of_trainer_or_host_is_refused_with_the_clash_named(ilse):
    (hour, *_), (_next, *_) = offered(ilse), offered(ilse, wall_time=time(11, 15))
    with pytest.raises(TrainerBusy) as refused:
        change(hour, minutes=90)
    assert refused.value.gaps["begin"] == "11:15"
    change(hour, minutes=75)
    assert hour.minutes == 75, "to the minute in which the next one begins"


def test_longer_while_no_host_is_free_is_refused(ilse):
    (hour, *_) = offered(ilse)
    for _other in range(len(_hosts(hour))):
        offered(make.trainer(), wall_time=time(11, 30))
    with pytest.raises(HostBusy):
        change(hour, minutes=100)
    db.session.rollback()
    assert hour.minutes == 60


def _hosts(session):
    return study().site(session.site.code).hosts


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        pytest.param({"minutes": 4}, "minutes", id="too short"),
        pytest.param({"minutes": 241}, "minutes", id="too long"),
        pytest.param({"language": "xx"}, "language", id="no language of the platform"),
    ],
)
def test_what_no_class_can_be_is_said_at_its_field(changed, field, ilse):
    (hour, *_) = offered(ilse)
    with pytest.raises(WrongSeries) as refused:
        change(hour, **changed)
    assert refused.value.gaps["field"] == field


def test_two_of_her_own_that_overlap_then_are_both_kept_and_marked_as_for_a_move(
    app, browse_as, ilse
):
    (hour, *_) = offered(ilse)
    (other, *_) = offered(make.trainer(), wall_time=time(11, 30), module="neuropathy")
    change(other, wall_time=time(10, 30), on_date=TUESDAY + timedelta(days=2))
    her = make.participant()
    hers = [book(hour, her), book(other, her)]
    change(other, wall_time=time(11, 15), on_date=TUESDAY)
    sent(app)

    assert outlook.of(hour, wish(hour, minutes=90), now=NOON).misfits == 1
    change(hour, minutes=90)

    assert all(booking.is_live for booking in hers)
    held = fit.held(queries.all_of(her))
    assert set(fit.overlapping(held)) == {hour.id, other.id}
    assert browse_as(her).get("/classes/").text.count("another class at this time") == 2
    (mail,) = sent(app, her.contact.email)
    assert "You have another class at that time." in text(mail)
    assert "Your place is still yours." in text(mail)


def test_on_the_days_on_which_clocks_change_it_lasts_as_long_as_it_says(ilse):
    """By the clock it seems an hour longer in March, and an hour shorter in October."""
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    (march,) = offered(ilse, weekdays=[6], wall_time=time(1, 30), first_on=spring, last_on=spring)
    (october,) = offered(ilse, weekdays=[6], wall_time=time(1, 30), first_on=autumn, last_on=autumn)
    change(march, minutes=120)
    change(october, minutes=120)
    assert march.ends_at == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)
    assert f"{wall.shown(march.ends_at, march.zone):%H:%M}" == "04:30"
    assert october.ends_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert f"{wall.shown(october.ends_at, october.zone):%H:%M}" == "02:30"


def test_a_year_of_a_series_is_longer_by_as_much_in_summer_and_winter(ilse):
    made = offered(ilse, last_on=TUESDAY + timedelta(weeks=52))
    change(made[0], minutes=75, scope=Scope.LATER)
    assert {one.minutes for one in made} == {75}
    assert {f"{wall.shown(one.ends_at, one.zone):%H:%M}" for one in made} == {"11:15"}


def test_done_twice_it_is_done_once_and_an_old_preview_is_not_carried_out(ilse):
    (hour, *_) = offered(ilse)
    mark = outlook.of(hour, wish(hour, minutes=90), now=NOON).mark
    change(hour, minutes=90, mark=mark)
    assert change(hour, minutes=90, mark=mark).changes == ()
    with pytest.raises(Stale):
        change(hour, minutes=45, mark=mark)


def test_why_is_asked_where_somebody_is_told_of_it_and_the_record_says_from_what_to_what(ilse):
    (hour, *_) = offered(ilse)
    book(hour)
    with pytest.raises(ReasonNeeded):
        change(hour, minutes=90, reason="")
    db.session.rollback()
    change(hour, minutes=90, language="nl")
    noted = db.session.scalars(sa.select(Entry).where(Entry.action == "classes.change")).one()
    assert noted.detail["minutes_before"] == 60
    assert (noted.detail["minutes"], noted.detail["language"]) == (90, "nl")


def test_a_reminder_that_waited_says_nothing_of_the_old_length(app, clock, ilse):
    (hour, *_) = offered(ilse)
    book(hour)
    sent(app)
    clock.moment = hour.starts_at - timedelta(hours=23)
    reminders.plan(clock.moment)
    changes.apply(hour, wish(hour, minutes=90), now=clock.moment, by=None, reason="x", mark=None)
    db.session.commit()
    sent(app)
    found = sa.select(Message.state).where(Message.kind == "reminder_day")
    assert list(db.session.scalars(found)) == [State.VOID], "and she was told a moment ago"


def test_the_trainer_hears_of_the_length_from_somebody_else(app, ilse):
    first, second, *_rest = offered(ilse)
    change(first, minutes=90, scope=Scope.ONE)
    change(second, minutes=45, wall_time=time(12), language="nl")
    told = " ".join(text(mail) for mail in sent(app, "ilse@example.org"))
    assert "Tuesday 1 December, 10:00: takes 90 minutes now, in English" in told
    assert "Tuesday 8 December, 12:00: takes 45 minutes now, in Dutch; moved, it was" in told
