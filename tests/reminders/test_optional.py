"""Optional mail right before it leaves: still wanted, in her hours, not one too many."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.attendance.models import Attendance
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs as outbox
from remote_training.messages import service
from remote_training.messages.models import Message, State
from remote_training.participants import wishes
from remote_training.participants.models import Participant, Way
from remote_training.reminders import jobs, optional, planning
from tests import make
from tests.fakes import NOON, FakeClock, FakeMail

STARTS = NOON + timedelta(days=3)
LONG_AGO = NOON - timedelta(days=5)
STOPPABLE = {"reminder_day", "reminder_hour", "questions_reminder"}


def booked(**changes: Any) -> Booking:
    """A place in a class in three days at 13:00 where she is, booked long ago."""
    hour = changes.pop("session", None) or make.session(starts_at=changes.pop("at", STARTS))
    woman = changes.pop("participant", None) or make.participant(baseline_on=None)
    return make.booking(participant=woman, session=hour, booked_at=LONG_AGO, **changes)


def work(app: Flask, now: datetime) -> list[EmailMessage]:
    """Do what the worker does at a moment; the mails that this sent."""
    world = app.extensions["outside"]
    world.now.moment = now
    before = len(world.mail.sent)
    jobs.plan(now)
    while outbox.deliver("w", world):
        continue
    return list(world.mail.sent[before:])


def states(kind: str = "reminder_day") -> list[tuple[str, str | None]]:
    """The states of all messages of a kind, and why, oldest first."""
    found = sa.select(Message.state, Message.fault).where(Message.kind == kind)
    rows = db.session.execute(found.order_by(Message.queued_at, Message.not_after)).all()
    db.session.rollback()
    return [(row[0].value, row[1]) for row in rows]


def choose(woman: Participant, **choices: bool | int) -> None:
    """She chooses on her page."""
    with unit_of_work():
        wishes.choose(woman, way=Way.PAGE, now=NOON, by=woman.account_id, **choices)


def test_a_wish_holds_when_it_is_planned_and_once_more_when_it_leaves(app: Flask) -> None:
    not_hers, hers = booked(), booked()
    now = STARTS - timedelta(hours=20)
    choose(not_hers.participant, day_before=False)
    jobs.plan(now)
    choose(hers.participant, day_before=False)
    assert work(app, now + timedelta(minutes=1)) == []
    assert states() == [("void", optional.NOT_WISHED)]


def test_of_two_kinds_she_gets_the_one_that_she_wants(app: Flask) -> None:
    booking = booked()
    choose(booking.participant, day_before=False)
    assert len(work(app, STARTS - timedelta(hours=20))) == 0
    assert len(work(app, STARTS - timedelta(minutes=50))) == 1
    assert states("reminder_hour") == [("sent", None)]


def join(booking: Booking) -> None:
    """She comes in as soon as the doors open."""
    seen = STARTS - timedelta(minutes=14)
    db.session.add(Attendance(booking_id=booking.id, first_joined_at=seen))


def come_early(booking: Booking) -> None:
    """Nobody saw her yet, though there is a row."""
    db.session.add(Attendance(booking_id=booking.id))


@pytest.mark.parametrize(("change", "mails"), [(join, 0), (come_early, 1)])
def test_who_is_in_the_room_is_not_told_to_come(app: Flask, change: Any, mails: int) -> None:
    booking = booked()
    jobs.plan(STARTS - timedelta(minutes=20))
    with unit_of_work():
        change(booking)
    assert len(work(app, STARTS - timedelta(minutes=13))) == mails


def test_after_an_outage_nothing_late_arrives_and_it_can_be_seen(
    app: Flask, mailbox: FakeMail
) -> None:
    morning = make.session(starts_at=datetime(2026, 11, 27, 8, 0, tzinfo=UTC))
    booked(session=morning)
    jobs.plan(datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    assert work(app, datetime(2026, 11, 26, 21, 30, tzinfo=UTC)) == [], "night, where she is"
    assert states() == [("expired", None)]
    assert work(app, datetime(2026, 11, 27, 6, 59, tzinfo=UTC)) == []
    assert len(work(app, datetime(2026, 11, 27, 7, 1, tzinfo=UTC))) == 1, "an hour before it is"
    assert work(app, datetime(2026, 11, 27, 8, 30, tzinfo=UTC)) == []


def test_a_worker_that_was_away_over_the_whole_time_sends_nothing(app: Flask) -> None:
    booked()
    assert work(app, STARTS + timedelta(minutes=5)) == []
    assert states() == states("reminder_hour") == []


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/St_Johns"])
def test_over_a_week_of_the_worker_nothing_leaves_in_her_night(app: Flask, zone: str) -> None:
    woman, here = make.participant(zone=zone, baseline_on=None), ZoneInfo(zone)
    clocks = ((1, 7, 30), (2, 10, 0), (4, 22, 15), (5, 8, 45))
    hours = [datetime(2026, 11, 25 + d, h, m, tzinfo=here).astimezone(UTC) for d, h, m in clocks]
    for starts_at in hours:
        booked(at=starts_at, participant=woman)
    came = []
    now = datetime(2026, 11, 25, 0, 5, tzinfo=here).astimezone(UTC)
    for _ in range(6 * 24 * 2):
        if not 11 <= now.astimezone(here).hour < 19:  # nothing is due, whatever the zone
            came += [now.astimezone(here)] * len(work(app, now))
        now += timedelta(minutes=30)
    assert [f"{one:%d %H:%M}" for one in came] == [
        "25 20:35", "26 10:05", "27 09:05", "28 20:35", "29 09:05", "29 20:35", "30 08:05",
    ]  # fmt: skip
    assert {state for state, _why in states() + states("reminder_hour")} == {"sent"}


def a_crowded_day(app: Flask, most: int) -> list[EmailMessage]:
    """Six classes within half an hour, all of one woman, at a cap; what is sent at one moment."""
    woman = make.participant(baseline_on=None)
    for n in range(6):
        booked(participant=woman, at=STARTS + timedelta(minutes=5 * (5 - n)))
    shipped = app.extensions["study"]
    days = shipped.reminders.model_copy(update={"most_per_day": most})
    app.extensions["study"] = shipped.model_copy(update={"reminders": days})
    try:
        return work(app, STARTS - timedelta(minutes=20))
    finally:
        app.extensions["study"] = shipped


@pytest.mark.parametrize("most", [1, 4, 50])
def test_of_too_many_on_one_day_the_nearest_go(app: Flask, most: int) -> None:
    mails = a_crowded_day(app, most)
    said = sorted(str(mail["Subject"])[-5:] for mail in mails)
    assert said == ["13:00", "13:05", "13:10", "13:15", "13:20", "13:25"][:most]
    held = [why for state, why in states("reminder_hour") if state == "void"]
    assert held == [optional.ENOUGH] * (6 - len(mails))


def test_the_cap_is_hers_alone_and_of_one_day_of_hers(app: Flask) -> None:
    a_crowded_day(app, 4)
    booked()
    assert len(work(app, STARTS - timedelta(minutes=19))) == 1, "somebody else"
    woman = db.session.scalars(sa.select(Booking.participant_id)).first()
    hour = make.session(starts_at=STARTS + timedelta(days=2))
    make.booking(participant=db.session.get_one(Participant, woman), session=hour,
                 booked_at=LONG_AGO)  # fmt: skip
    assert len(work(app, STARTS + timedelta(days=1))) == 1, "the next day she gets some again"


def test_what_she_needs_is_not_counted_and_never_held_back(app: Flask) -> None:
    a_crowded_day(app, 4)
    booking = db.session.scalars(sa.select(Booking)).first()
    assert booking is not None
    choose(booking.participant, day_before=False, hour_before=False, questions=False)
    night = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    with unit_of_work():
        for kind in ("booking_confirmed", "join_link"):
            service.queue(
                kind, to=booking.participant.contact_id, facts={"booking_id": str(booking.id)},
                not_after=STARTS, now=night,
            )  # fmt: skip
    assert len(work(app, night)) == 2


def test_questions_are_asked_of_everybody_and_reminded_of_who_wants(app: Flask) -> None:
    women = [make.participant(baseline_on=None) for _ in range(2)]
    for woman in women:
        make.assessment(participant=woman, started_at=NOON)
    choose(women[0], questions=False)
    assert len(work(app, NOON)) == 2
    reminded = work(app, NOON + timedelta(days=3))
    assert [str(mail["To"]) for mail in reminded] == [
        f"{women[1].contact.name} <{women[1].contact.email}>"
    ]


def test_her_own_hours_hold_for_questions_too(app: Flask) -> None:
    woman = make.participant(baseline_on=None)
    make.assessment(participant=woman, started_at=NOON)
    choose(woman, earliest_hour=12, latest_hour=16)
    came = [hour for hour in range(8, 22) if work(app, NOON.replace(hour=hour))]
    assert came == [11], "noon where she is"


HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post")
LINK = re.compile(r"^<(http://localhost/l/[A-Za-z0-9_-]{43})>$")


def test_only_what_she_can_do_without_can_be_stopped_by_a_press(app: Flask) -> None:
    booking, sitting = booked(), make.assessment(started_at=NOON)
    kinds = set(app.extensions["message_kinds"])
    assert kinds >= STOPPABLE
    off = make.session(called_off_at=NOON)
    facts = {
        "booking_id": str(booking.id), "assessment_id": str(sitting.id),
        "participant_id": str(booking.participant_id),
        "account_id": str(booking.participant.account_id),
        "waiting_id": str(make.waiting(participant=booking.participant).id),
    }  # fmt: skip
    other = {
        "booking_cancelled": str(make.booking(cancelled_at=NOON).id),
        "class_called_off": str(make.booking(session=off).id),
    }
    seen = set()
    for kind in sorted(kinds):
        about = facts | ({"booking_id": other[kind]} if kind in other else {})
        with unit_of_work():
            service.queue(
                kind, to=booking.participant.contact_id, facts=about,
                not_after=STARTS, now=NOON,
            )  # fmt: skip
        before = len(app.extensions["outside"].mail.sent)
        outbox.deliver("w", app.extensions["outside"])
        for mail in app.extensions["outside"].mail.sent[before:]:
            seen.add(kind)
            link, post = (mail[name] for name in HEADERS)
            assert (link is not None) == (post is not None) == (kind in STOPPABLE)
            if link is not None:
                found = LINK.match(str(link))
                assert found, link
                assert post == "List-Unsubscribe=One-Click"
                assert str(mail.get_body(("plain",))).count(found[1]) == 1
    assert seen >= STOPPABLE | {"booking_confirmed", "booking_cancelled", "class_called_off",
                                "questions_due", "sign_in", "welcome", "join_link"}  # fmt: skip


def test_a_day_of_many_is_planned_in_batches_and_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = make.session(starts_at=STARTS, places=50)
    for _ in range(7):
        booked(session=hour)
    later = make.session(starts_at=STARTS + timedelta(hours=1))
    for _ in range(3):
        booked(session=later)
    monkeypatch.setattr(planning, "BATCH", 3)
    for _ in range(2):
        jobs.plan(STARTS - timedelta(hours=20))
        assert len(states()) == 10


def test_a_class_that_moved_a_moment_ago_is_not_reminded_of(app: Flask, clock: FakeClock) -> None:
    booking = booked()
    now = STARTS - timedelta(hours=20)
    with unit_of_work():
        db.session.get_one(Session, booking.session_id).changed_at = now - timedelta(minutes=1)
    assert work(app, now) == []
    assert len(work(app, STARTS - timedelta(minutes=50))) == 1


def test_a_message_that_waits_longest_is_not_the_one_that_is_lost(app: Flask) -> None:
    """What is on its way already counts; of what waits, one that can go does."""
    booking = booked()
    with unit_of_work():
        for n in range(2):
            db.session.add(
                Message(
                    kind="reminder_day", contact_id=booking.participant.contact_id,
                    facts={"booking_id": str(booking.id)}, queued_at=NOON + timedelta(seconds=n),
                    due_at=NOON, not_after=STARTS, state=State.PENDING,
                )
            )  # fmt: skip
    assert len(work(app, NOON + timedelta(minutes=1))) == 2
