"""A class is moved, called off, given to another trainer: one, or all from its day on.

Tests that are named after a pain of other systems say in their docstring which one it is.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from remote_training.audit.models import Entry
from remote_training.bookings import changes, outlook, service, waiting_list
from remote_training.bookings.changes import Stale
from remote_training.bookings.errors import HasBegun
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.bookings.outlook import Scope, Wish
from remote_training.classes import service as classes
from remote_training.classes.errors import HostBusy, TrainerBusy, WrongSeries
from remote_training.classes.models import Series, Session
from remote_training.classes.plan import DaysOff
from remote_training.core.db import db
from remote_training.core.reasons import ReasonNeeded
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from remote_training.reminders import jobs as reminders
from tests import make
from tests.fakes import NOON
from tests.servers.calendar_gate import pass_gate

pytestmark = pytest.mark.usefixtures("app")

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = date(2026, 12, 1)
TO_TRAINERS = "Your classes have changed"
FAR = NOON + timedelta(days=365)


@pytest.fixture
def ilse(app):
    return make.trainer(contact=make.contact(name="Ilse Baan"))


@pytest.fixture
def mats(app):
    return make.trainer(contact=make.contact(name="Mats Baan"))


def offered(trainer, **changes):
    """Four Tuesdays at ten, unless told."""
    days = {"first_on": TUESDAY, "last_on": TUESDAY + timedelta(weeks=3)}
    plan = make.plan(trainer=trainer, **days | changes)
    series = classes.offer(plan, now=NOON, by=None)
    db.session.commit()
    return hours(series)


def hours(series=None):
    found = sa.select(Session).order_by(Session.starts_at)
    if series is not None:
        found = found.where(Session.series_id == series.id)
    return list(db.session.scalars(found))


def wish(session, **changes):
    shown = session.starts_at.astimezone(ZoneInfo(session.zone))
    plain = {
        "on_date": session.on_date,
        "wall_time": shown.time(),
        "trainer": session.trainer,
        "places": session.places,
    }
    return Wish(**plain | changes)


def change(session, *, now=NOON, reason="The hall is taken", mark=None, **changed):
    done = changes.apply(
        session, wish(session, **changed), now=now, by=None, reason=reason, mark=mark
    )
    db.session.commit()
    return done


def local(session):
    return f"{session.starts_at.astimezone(ZoneInfo(session.zone)):%a %d %b %H:%M}"


def messages(kind):
    found = sa.select(Message).where(Message.kind == kind).order_by(Message.queued_at, Message.id)
    return list(db.session.scalars(found))


def book(session, who=None):
    booking = service.book(who or make.participant(), session, now=NOON, by=None)
    db.session.commit()
    return booking


def deliver(app, world_time=None):
    world = app.extensions["outside"]
    outbox.deliver("w", world)
    kept = [mail for mail in world.mail.sent if mail["Subject"] != TO_TRAINERS]
    world.mail.sent[:] = kept  # those: tests/bookings/test_trainer_news.py
    return world.mail.sent


# ------------------------------------------------------------------ the pains of others


def test_moving_one_class_of_a_series_touches_that_one_alone_and_makes_no_second_booking(ilse):
    """Pain 8: moving one date of a series creates extra bookings."""
    first, second, *rest = offered(ilse)
    booking = book(second)
    uid = booking.calendar_uid

    change(second, wall_time=time(14), on_date=second.on_date + timedelta(days=1))

    assert [local(one) for one in hours()] == [
        "Tue 01 Dec 10:00", "Wed 09 Dec 14:00", "Tue 15 Dec 10:00", "Tue 22 Dec 10:00",
    ]  # fmt: skip
    assert [one.sequence for one in (first, second, *rest)] == [0, 1, 0, 0]
    (only,) = db.session.scalars(sa.select(Booking)).all()
    assert (only.id, only.calendar_uid, only.sequence) == (booking.id, uid, 1)
    assert second.taken == 1


def test_calling_off_a_series_from_a_day_on_takes_every_entry_out_of_the_calendar(app, ilse):
    """Pain 9: cancelling a series removes only the first calendar entry."""
    first, *rest = offered(ilse, module="neuropathy")
    her = make.participant()
    bookings = [book(session, her) for session in (first, *rest)]
    deliver(app)

    told = changes.call_off(rest[0], Scope.LATER, now=NOON, by=None, reason="No hall")
    db.session.commit()

    assert told == 1
    assert [one.is_called_off for one in hours()] == [False, True, True, True]
    cancelled = {
        line
        for mail in deliver(app)
        for one in mail.walk()
        if one.get_content_type() == "text/calendar" and one.get_param("method") == "CANCEL"
        for line in one.get_content().replace("\r\n ", "").splitlines()
        if line.startswith("UID:")
    }
    assert cancelled == {f"UID:{booking.calendar_uid}" for booking in bookings[1:]}
    changes.call_off(rest[0], Scope.LATER, now=NOON, by=None, reason="No hall")
    assert len(messages("class_called_off")) == 3


def test_a_trainer_with_classes_of_several_kinds_is_one_person_also_when_they_move(ilse, mats):
    """Pain 10: several services of one provider overbook each other."""
    (hour, *_), (other, *_) = offered(ilse), offered(ilse, wall_time=time(12), module="fatigue")
    (third, *_) = offered(mats, wall_time=time(12, 30))

    with pytest.raises(TrainerBusy, match="Energy, 12:00 to 13:00"):
        change(hour, wall_time=time(11, 30))
    db.session.rollback()
    with pytest.raises(TrainerBusy, match="Energy"):
        change(third, trainer=ilse)
    db.session.rollback()
    assert local(hour) == "Tue 01 Dec 10:00"

    change(other, on_date=other.on_date + timedelta(days=1))
    change(hour, wall_time=time(11, 30))
    assert local(hour) == "Tue 01 Dec 11:30"


@pytest.mark.parametrize(
    ("zone", "site", "first", "utc"),
    [
        pytest.param(
            "Europe/Amsterdam", "utrecht", date(2027, 3, 22),
            ["22 09:00", "25 09:00", "29 08:00", "01 08:00"], id="Amsterdam, into summer",
        ),
        pytest.param(
            "Europe/Amsterdam", "utrecht", date(2027, 10, 25),
            ["25 08:00", "28 08:00", "01 09:00", "04 09:00"], id="Amsterdam, into winter",
        ),
        pytest.param(
            "Australia/Melbourne", "melbourne", date(2027, 3, 29),
            ["28 23:00", "31 23:00", "05 00:00", "08 00:00"], id="Melbourne, into winter",
        ),
        pytest.param(
            "Australia/Melbourne", "melbourne", date(2027, 9, 27),
            ["27 00:00", "30 00:00", "03 23:00", "06 23:00"], id="Melbourne, into summer",
        ),
    ],
)  # fmt: skip
def test_a_series_shifts_by_no_hour_when_clocks_change_also_where_it_is_moved(
    zone, site, first, utc
):
    """Pain 17: series shifts one hour after DST, or on the day of the change alone."""
    place = make.site(site)
    made = offered(
        make.trainer(at=place), site=place, zone=zone, weekdays=[0, 3], first_on=first,
        last_on=first + timedelta(days=13),
    )  # fmt: skip
    assert [f"{one.starts_at:%d %H:%M}" for one in made] == utc
    assert {local(one)[-5:] for one in made} == {"10:00"}

    change(made[0], wall_time=time(15, 30), scope=Scope.LATER)

    assert {local(one)[-5:] for one in made} == {"15:30"}
    assert {one.ends_at - one.starts_at for one in made} == {timedelta(hours=1)}


def test_a_class_on_the_day_of_the_change_is_open_to_join_at_its_wall_time(ilse):
    """Pain 18: attendance sessions shift on change days."""
    (hour, *_) = offered(
        ilse,
        weekdays=[6],
        first_on=date(2027, 3, 14),
        last_on=date(2027, 3, 14),
        wall_time=time(4),
    )
    change(hour, on_date=date(2027, 3, 28))

    assert hour.starts_at == datetime(2027, 3, 28, 2, tzinfo=UTC)
    assert not hour.doors_are_open(datetime(2027, 3, 28, 1, 44, tzinfo=UTC))
    assert hour.doors_are_open(datetime(2027, 3, 28, 1, 45, tzinfo=UTC))
    assert hour.doors_are_open(datetime(2027, 3, 28, 2, 59, tzinfo=UTC))


def test_a_class_stays_on_its_day_for_a_coordinator_in_another_zone(app, browse_as):
    """Pain 19: session lands on the day before for staff in another zone."""
    there = make.site("melbourne")
    made = offered(
        make.trainer(at=there), site=there, zone="Australia/Melbourne", wall_time=time(8)
    )
    desk = browse_as(make.staff(make.Role.COORDINATOR, at=there, zone="America/New_York"))
    page = desk.get(f"/staff/plan/{made[0].id}/change").text

    assert "Tuesday 1 December, 08:00" in page
    assert "Melbourne time" in page
    assert 'value="2026-12-01"' in page
    assert 'value="08:00' in page


def test_a_substitute_keeps_entry_and_link_and_no_old_entry_stays(app, ilse, mats):
    """Pain 21: reassigning the host leaves the old entry."""
    (hour, *_) = offered(ilse, substitutes=(mats,))
    booking = book(hour)
    deliver(app).clear()

    change(hour, trainer=mats)

    db.session.refresh(booking)
    assert booking.sequence == 0, "her calendar says nothing of who gives the class"
    assert hour.sequence == 1, "the calendars of both trainers hear of it"
    (mail,) = deliver(app)
    text = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
    assert "Mats gives this class now" in text.get_content()
    assert "Tuesday 1 December, 10:00" in text.get_content()
    assert [one for one in mail.walk() if one.get_content_type() == "text/calendar"] == []
    assert mail["References"] == f"<{booking.calendar_uid}>"


def test_who_gives_a_class_and_that_it_is_off_stand_in_the_plan(app, browse_as, ilse, mats):
    """Pain 22: class cancellations and substitutes missing from schedules."""
    first, second, *_ = offered(ilse)
    change(first, trainer=mats)
    changes.call_off(second, Scope.ONE, now=NOON, by=None, reason="No hall")
    db.session.commit()

    desk = browse_as(make.staff(make.Role.COORDINATOR))
    page = desk.get("/staff/plan/").text.split("Classes of the next four weeks")[-1]

    row = page.split("Tuesday 1 December")[1].split("Tuesday 8 December")[0]
    assert "Mats Baan" in row
    assert "Ilse Baan" not in row
    off = page.split("Tuesday 8 December")[1].split("Tuesday 15 December")[0]
    assert "called off" in off


# ------------------------------------------------------------------ one, and all from a day on


def test_all_from_a_day_on_move_by_as_many_days_and_the_ones_before_do_not(ilse):
    made = offered(ilse, weekdays=[0, 3], last_on=TUESDAY + timedelta(days=16))
    assert [local(one)[:10] for one in made] == [
        "Thu 03 Dec", "Mon 07 Dec", "Thu 10 Dec", "Mon 14 Dec", "Thu 17 Dec",
    ]  # fmt: skip

    change(made[2], on_date=made[2].on_date + timedelta(days=4), scope=Scope.LATER)

    assert [local(one)[:10] for one in hours()] == [
        "Thu 03 Dec", "Mon 07 Dec", "Mon 14 Dec", "Fri 18 Dec", "Mon 21 Dec",
    ]  # fmt: skip
    series = db.session.scalars(sa.select(Series)).one()
    assert series.days == (0, 4)
    assert series.last_on == date(2026, 12, 21)


def test_all_from_a_day_on_get_another_trainer_and_more_places_and_the_plan_says_so(ilse, mats):
    made = offered(ilse)
    for _ in range(2):
        book(made[2])

    done = change(made[1], trainer=mats, places=20, scope=Scope.LATER)

    assert [one.trainer_id == mats.id for one in made] == [False, True, True, True]
    assert [one.places for one in made] == [12, 20, 20, 20]
    assert (len(done.changes), done.people) == (3, 2)
    series = db.session.scalars(sa.select(Series)).one()
    assert (series.trainer_id, series.places) == (mats.id, 20)
    noted = db.session.scalars(sa.select(Entry).where(Entry.action == "classes.change")).all()
    assert len(noted) == 3
    assert {entry.reason for entry in noted} == {"The hall is taken"}


def test_one_that_was_changed_alone_keeps_what_is_not_wished(ilse, mats):
    made = offered(ilse)
    change(made[2], trainer=mats)

    change(made[0], wall_time=time(11), scope=Scope.LATER)

    assert [local(one)[-5:] for one in made] == ["11:00"] * 4
    assert [one.trainer_id for one in made] == [ilse.id, ilse.id, mats.id, ilse.id]


def test_done_twice_it_is_done_once(ilse):
    made = offered(ilse)
    book(made[1])
    wished = wish(made[1], on_date=made[1].on_date + timedelta(days=2), scope=Scope.LATER)
    seen = outlook.of(made[1], wished, now=NOON)

    for _ in range(2):
        changes.apply(made[1], wished, now=NOON, by=None, reason="x", mark=seen.mark)
        db.session.commit()

    assert [one.sequence for one in made] == [0, 1, 1, 1]
    assert len(messages("class_changed")) == 1


def test_a_preview_that_has_grown_old_is_not_carried_out(ilse, mats):
    made = offered(ilse)
    seen = outlook.of(made[0], wish(made[0], wall_time=time(12)), now=NOON)
    change(made[0], trainer=mats)

    with pytest.raises(Stale):
        change(made[0], wall_time=time(12), mark=seen.mark)


def test_the_preview_counts_who_is_told_and_writes_nothing(ilse):
    made = offered(ilse)
    her = make.participant()
    for session in made[:2]:
        book(session, her)
    book(made[1])
    make.waiting(session=made[1], offered_at=None, offer_until=None)

    seen = outlook.of(made[0], wish(made[0], wall_time=time(12), scope=Scope.LATER), now=NOON)

    assert [len(one.told) for one in seen.changes] == [1, 2, 0, 0]
    assert (seen.people, seen.waits, seen.misfits) == (2, 1, 0)
    assert {one.sequence for one in made} == {0}
    assert messages("class_changed") == []


def test_where_one_of_them_cannot_move_none_does(ilse, mats):
    made = offered(ilse)
    offered(ilse, wall_time=time(12), first_on=TUESDAY + timedelta(weeks=2))

    seen = outlook.of(made[0], wish(made[0], wall_time=time(12), scope=Scope.LATER), now=NOON)
    assert [len(one.refusals) for one in seen.changes] == [0, 0, 1, 1]
    with pytest.raises(TrainerBusy, match="15 December"):
        change(made[0], wall_time=time(12), scope=Scope.LATER)
    db.session.rollback()

    assert {local(one)[-5:] for one in made} == {"10:00"}


def test_a_class_that_moves_keeps_its_host_or_takes_another_that_is_free(ilse, mats):
    (hour, *_), (other, *_) = offered(ilse), offered(mats, wall_time=time(12))
    assert hour.host == other.host == "utrecht-1"

    change(hour, wall_time=time(12, 30))
    assert hour.host == "utrecht-2"
    for n in range(2):
        offered(make.trainer(), wall_time=time(15, 10 * n))
    offered(make.trainer(), wall_time=time(15, 20))
    with pytest.raises(HostBusy, match="Utrecht 1 is in"):
        change(hour, wall_time=time(15))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"on_date": NOON.date(), "wall_time": time(9)}, "begun already"),
        ({"on_date": NOON.date() - timedelta(days=2)}, "over already"),
        ({"on_date": date(9999, 12, 31)}, "within two years"),
        ({"places": 1}, "2 places are held"),
        ({"places": 101}, "1 to 100"),
    ],
)
def test_what_cannot_be_is_said(changed, words, ilse):
    (hour, *_) = offered(ilse)
    for _ in range(2):
        book(hour)

    with pytest.raises(WrongSeries, match=words):
        change(hour, **changed)
    db.session.rollback()

    assert (local(hour), hour.places) == ("Tue 01 Dec 10:00", 12)


def test_only_a_trainer_of_the_site_takes_a_class_over(ilse):
    (hour, *_) = offered(ilse)
    with pytest.raises(WrongSeries, match="trainer of this site"):
        change(hour, trainer=make.trainer(at=make.site("melbourne")))


def test_a_class_that_has_begun_is_not_changed_and_not_among_the_later_ones(ilse):
    made = offered(ilse)
    with pytest.raises(HasBegun):
        change(made[0], now=made[0].starts_at, wall_time=time(12))
    db.session.rollback()

    assert list(outlook.chosen(made[1], Scope.LATER, now=NOON)) == made[1:]


def test_why_is_asked_where_somebody_is_told_and_not_else(ilse):
    made = offered(ilse)
    book(made[0])
    with pytest.raises(ReasonNeeded):
        change(made[0], wall_time=time(12), reason=" ")
    db.session.rollback()

    change(made[1], wall_time=time(12), reason="")
    change(made[0], places=13, reason="")
    assert messages("class_changed") == []


def test_a_class_of_no_series_is_moved_by_the_clocks_of_its_site(ilse):
    hour = make.session(trainer=ilse, starts_at=datetime(2027, 3, 25, 9, tzinfo=UTC))
    change(hour, on_date=date(2027, 3, 29), scope=Scope.LATER)
    assert hour.starts_at == datetime(2027, 3, 29, 8, tzinfo=UTC)


# ------------------------------------------------------------------ those who are booked


def mail_text(mail):
    return next(one for one in mail.walk() if one.get_content_type() == "text/plain").get_content()


def test_the_mail_says_what_was_and_what_is_now_in_her_zone(app, ilse):
    (hour, *_) = offered(ilse)
    booking = book(hour, make.participant(zone="Australia/Melbourne"))
    deliver(app).clear()

    change(hour, wall_time=time(9), on_date=hour.on_date + timedelta(days=1))

    (mail,) = deliver(app)
    assert mail["Subject"] == "Moved: your class is on Wednesday 2 December, 19:00 now"
    assert "It was on Tuesday 1 December, 20:00" in mail_text(mail)
    assert "Melbourne time" in mail_text(mail)
    assert "Move or cancel" in mail_text(mail)
    assert "The link that you have goes on working" in mail_text(mail)
    assert booking.calendar_uid in mail["References"]


def test_a_link_that_was_mailed_before_the_move_opens_the_door_after_it(app, browser, clock, ilse):
    (hour, *_) = offered(ilse)
    booking = book(hour)
    (first,) = deliver(app)
    link = re.search(r"http://localhost(/l/\S{43})", mail_text(first))[1]
    change(hour, on_date=hour.on_date + timedelta(days=60))
    clock.moment = hour.starts_at

    answer = browser.get(link, follow_redirects=True)

    assert answer.status_code == 200
    assert "ended" not in answer.text
    assert booking.is_live


def test_where_the_new_time_does_not_fit_her_mail_says_so_and_names_others(app, ilse, mats):
    (hour, *_), (other, *_) = offered(ilse), offered(mats, wall_time=time(14), module="neuropathy")
    (free, *_) = offered(make.trainer(), weekdays=[4], wall_time=time(16))
    her = make.participant()
    book(hour, her), book(other, her), book(hour)
    deliver(app).clear()

    wished = wish(hour, wall_time=time(14, 30))
    assert outlook.of(hour, wished, now=NOON).misfits == 1
    change(hour, wall_time=time(14, 30))

    texts = {mail["To"]: mail_text(mail) for mail in deliver(app)}
    hers = texts.pop(next(to for to in texts if her.contact.email in to))
    (others,) = texts.values()
    assert "You have another class at that time." in hers
    assert "Friday 4 December, 16:00" in hers
    assert "Your place is still yours." in hers
    assert "another class at that time" not in others
    assert free.taken == 0


def test_a_class_after_the_end_of_her_programme_does_not_fit(app, ilse):
    made = offered(ilse, last_on=TUESDAY + timedelta(weeks=10))
    book(made[10])
    deliver(app).clear()
    change(made[10], on_date=made[10].on_date + timedelta(weeks=2))

    (mail,) = deliver(app)
    assert "Your programme has ended by then." in mail_text(mail)


def test_moved_twice_before_a_mail_leaves_she_hears_once_from_first_to_last(app, ilse):
    (hour, *_) = offered(ilse)
    book(hour)
    deliver(app).clear()
    change(hour, wall_time=time(12))
    change(hour, wall_time=time(15))

    (mail,) = deliver(app)
    assert "It was on Tuesday 1 December, 10:00" in mail_text(mail)
    assert "15:00" in mail["Subject"]
    assert {one.state for one in messages("class_changed")} == {State.VOID, State.SENT}


def test_no_reminder_of_the_old_hour_leaves_and_one_of_the_new_does(app, clock, ilse):
    (hour, *_) = offered(ilse)
    book(hour)
    clock.moment = hour.starts_at - timedelta(hours=20)
    reminders.plan(clock.moment)
    assert [one.state for one in messages("reminder_day")] == [State.PENDING]
    change(hour, now=clock.moment, on_date=hour.on_date + timedelta(days=3))

    assert not any("1 December" in mail["Subject"] for mail in deliver(app))
    assert [one.state for one in messages("reminder_day")] == [State.VOID]

    clock.moment = hour.starts_at - timedelta(hours=20)
    reminders.plan(clock.moment)
    reminders.plan(clock.moment)
    assert len(messages("reminder_day")) == 2
    deliver(app)
    db.session.expire_all()
    assert sorted(one.state for one in messages("reminder_day")) == [State.SENT, State.VOID]


def test_who_was_told_of_the_move_an_hour_ago_is_not_reminded_of_the_day_at_once(clock, ilse):
    (hour, *_) = offered(ilse)
    book(hour)
    clock.moment = hour.starts_at - timedelta(days=2)
    change(hour, now=clock.moment, on_date=hour.on_date - timedelta(days=1))

    reminders.plan(clock.moment + timedelta(hours=1))
    assert messages("reminder_day") == []
    reminders.plan(hour.starts_at - timedelta(minutes=50))
    assert len(messages("reminder_hour")) == 1


def test_the_mail_of_a_class_called_off_names_the_nearest_three_that_she_could_book(app, ilse):
    made = offered(ilse, last_on=TUESDAY + timedelta(weeks=3), weekdays=[1, 3], module="neuropathy")
    her = make.participant()
    book(made[0], her)
    deliver(app).clear()
    changes.call_off(made[0], Scope.ONE, now=NOON, by=None, reason="No hall")
    db.session.commit()

    (mail,) = deliver(app)
    assert "Thursday 3 December, 10:00 (Amsterdam time), with Ilse" in mail_text(mail)
    assert mail_text(mail).count("with Ilse") == 3


# ------------------------------------------------------------------ those who wait


def test_who_waits_is_told_that_the_class_moved_and_waits_on(app, ilse):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    entry = waiting_list.join(make.participant(), hour, is_at_once=True, now=NOON, by=None)
    db.session.commit()
    deliver(app).clear()

    change(hour, wall_time=time(15))

    subjects = sorted(mail["Subject"] for mail in deliver(app))
    assert subjects == [
        "Moved: the class that you wait for is on Tuesday 1 December, 15:00 now",
        "Moved: your class is on Tuesday 1 December, 15:00 now",
    ]
    assert entry.stands


def waiter(hour, **facts):
    entry = waiting_list.join(make.participant(), hour, is_at_once=True, now=NOON, by=None)
    db.session.commit()
    return entry


@pytest.mark.parametrize(
    ("wish", "subject", "words"),
    [
        pytest.param(
            {"minutes": 90},
            "The class on Tuesday 1 December, 10:00 that you wait for takes 90 minutes now",
            ["takes 90 minutes now; it was 60. It begins when it did. You still wait"],
            id="longer",
        ),
        pytest.param(
            {"language": "nl"},
            "The class on Tuesday 1 December, 10:00 that you wait for: in another language",
            ["is held in Dutch now. The time is as it was. You still wait for a place."],
            id="in another language",
        ),
        pytest.param(
            {"wall_time": time(15), "minutes": 45, "language": "nl"},
            "Moved: the class that you wait for is on Tuesday 1 December, 15:00 now",
            ["It takes 45 minutes now; it was 60.", "It is held in Dutch now."],
            id="all at once",
        ),
    ],
)
def test_who_waits_is_told_of_length_and_language_too(app, ilse, wish, subject, words):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    waiter(hour)
    deliver(app).clear()

    found = change(hour, **wish)

    assert found.waits == 1
    (mail,) = [one for one in deliver(app) if "wait for" in one["Subject"]]
    assert mail["Subject"] == subject
    said = " ".join(mail_text(mail).split())
    assert all(sentence in said for sentence in words)
    assert not [one for one in mail.walk() if one.get_content_type() == "text/calendar"]


def test_who_gives_it_is_no_mail_for_who_waits(app, ilse, mats):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    waiter(hour)

    assert change(hour, trainer=mats).waits == 0

    assert messages("waiting_changed") == []


def test_a_move_is_not_lost_on_who_waits_where_another_change_overtakes_its_mail(app, ilse, mats):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    waiter(hour)
    deliver(app).clear()
    change(hour, wall_time=time(15))
    change(hour, trainer=mats)

    (mail,) = [one for one in deliver(app) if "wait for" in one["Subject"]]

    assert "It was on Tuesday 1 December, 10:00" in mail_text(mail)


def test_a_move_whose_mail_is_in_a_workers_hand_is_told_by_the_next_one(app, ilse, mats):
    (hour, *_) = offered(ilse)
    book(hour)
    deliver(app).clear()
    change(hour, wall_time=time(15))
    (unsent,) = messages("class_changed")
    unsent.state, unsent.lease_until = State.CLAIMED, NOON - timedelta(minutes=1)
    db.session.commit()
    change(hour, trainer=mats)

    (mail,) = deliver(app)

    assert "It was on Tuesday 1 December, 10:00" in mail_text(mail)
    assert [one for one in mail.walk() if one.get_content_type() == "text/calendar"]


def test_moved_and_moved_back_before_a_mail_leaves_says_that_it_stays(app, ilse):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    waiter(hour)
    deliver(app).clear()
    change(hour, wall_time=time(15))
    change(hour, wall_time=time(10))

    mails = deliver(app)

    assert sorted(one["Subject"] for one in mails) == [
        "The class on Tuesday 1 December, 10:00 that you wait for stays as it was",
        "Your class on Tuesday 1 December, 10:00 stays as it was",
    ]
    assert all("If you heard of a change, it no longer holds." in mail_text(one) for one in mails)


def test_who_has_an_offer_in_a_class_that_changes_reads_that_it_stands(app, ilse):
    (hour, *_) = offered(ilse, places=1)
    make.waiting(session=hour, offer_until=NOON + timedelta(days=5))

    change(hour, minutes=90)

    (mail,) = deliver(app)
    assert "A place is still kept for you, until Sunday 29 November, 13:00." in mail_text(mail)


def test_who_waits_for_a_class_that_is_called_off_is_told(app, ilse):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    entry = waiting_list.join(make.participant(), hour, is_at_once=True, now=NOON, by=None)
    db.session.commit()
    deliver(app).clear()

    changes.call_off(hour, Scope.ONE, now=NOON, by=None, reason="No hall")
    db.session.commit()

    assert entry.ending is Ending.CLOSED
    subjects = sorted(mail["Subject"] for mail in deliver(app))
    assert subjects[0] == ("Called off: the class on Tuesday 1 December, 10:00 that you waited for")
    assert len(subjects) == 2


def test_more_places_go_to_who_waits_at_once(app, ilse):
    (hour, *_) = offered(ilse, places=1)
    book(hour)
    waiters = [make.participant() for _ in range(3)]
    for who in waiters:
        waiting_list.join(who, hour, is_at_once=True, now=NOON, by=None)
        db.session.commit()

    change(hour, places=3)

    assert (hour.taken, hour.places) == (3, 3)
    endings = db.session.scalars(sa.select(Waiting.ending).order_by(Waiting.rank_at)).all()
    assert sorted(map(str, endings)) == ["None", "taken", "taken"]


def test_an_offer_ends_with_the_line_of_the_class_that_moved(ilse):
    (hour, *_) = offered(ilse, places=1)
    entry = make.waiting(session=hour, offer_until=NOON + timedelta(days=5))

    change(hour, on_date=NOON.date() + timedelta(days=1))

    db.session.refresh(entry)
    assert entry.offer_until == hour.starts_at - timedelta(hours=2)


# ------------------------------------------------------------------ feeds


def test_feeds_of_hers_and_of_both_trainers_show_the_change(app, browser, ilse, mats):
    from icalendar import Calendar

    from tests.bookings.test_feed import path

    (hour, *_) = offered(ilse)
    booking = book(hour)
    feeds = {who: path(who) for who in (booking.participant, ilse, mats)}
    before = {who: browser.get(feed).headers["ETag"] for who, feed in feeds.items()}

    change(hour, trainer=mats, wall_time=time(15))

    def entries(who):
        answer = browser.get(feeds[who])
        assert answer.headers["ETag"] != before[who]
        return Calendar.from_ical(answer.data).walk("VEVENT")

    (hers,) = entries(booking.participant)
    assert (hers["UID"], hers["SEQUENCE"]) == (booking.calendar_uid, 1)
    assert hers["DTSTART"].dt == hour.starts_at
    assert [one["STATUS"] for one in entries(ilse)].count("CANCELLED") == 1
    (his,) = entries(mats)
    assert (his["SEQUENCE"], his["STATUS"]) == (1, "CONFIRMED")


def test_a_class_given_to_another_trainer_is_cancelled_in_the_first_ones_feed_for_two_weeks(
    app, browser, clock, ilse, mats
):
    from icalendar import Calendar

    from tests.bookings.test_feed import path

    (hour,) = offered(ilse, last_on=TUESDAY)
    change(hour, on_date=TUESDAY + timedelta(weeks=4))
    feed = path(ilse)
    first = browser.get(feed)

    change(hour, trainer=mats)

    def entry():
        return [
            (str(one["UID"]), one["STATUS"], one["SEQUENCE"], "LOCATION" in one)
            for one in Calendar.from_ical(browser.get(feed).data).walk("VEVENT")
        ]

    (before,) = Calendar.from_ical(first.data).walk("VEVENT")
    gone = [(str(before["UID"]), "CANCELLED", 2, False)]
    assert entry() == gone
    pass_gate(browser.get(feed).data)
    clock.forward(days=13, hours=23)
    assert entry() == gone
    change(hour, now=clock(), trainer=ilse)
    assert entry() == [(gone[0][0], "CONFIRMED", 3, True)]
    change(hour, now=clock(), trainer=mats)
    clock.forward(days=15, hours=2)
    assert entry() == []


def test_all_later_ones_are_not_moved_onto_a_day_off_without_a_word(ilse):
    off = DaysOff(TUESDAY + timedelta(days=8), TUESDAY + timedelta(days=8), "a holiday")
    first, second, *_ = offered(ilse, breaks=(off,))
    tomorrow = first.on_date + timedelta(days=1)

    with pytest.raises(WrongSeries, match="On Wednesday 9 December the series has a day off"):
        change(first, scope=Scope.LATER, on_date=tomorrow)
    db.session.rollback()

    assert change(first, on_date=tomorrow)
    assert change(second, on_date=second.on_date + timedelta(days=1)), "alone, whoever wishes it"
