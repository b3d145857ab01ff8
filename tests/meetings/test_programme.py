"""Twelve weeks of classes, bookings and changes, with a fault on every tenth call to Zoom."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import due, markers
from remote_training.meetings.models import MeetingPerson, MeetingRoom, RoomUpkeep
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON, FakeClock
from tests.meetings.conftest import Worker
from tests.servers.zoom import ZoomServer

FAULTS = (
    "500", "500_after", "drop", "drop_after", "401", "429_iso", "hang_after", "4001",
    "garbage", "503", "429_plain",
)  # fmt: skip
WEEKS, CLASSES_A_WEEK, PEOPLE = 12, 3, 5
DAY = timedelta(days=1)
SEED = int(os.environ.get("SOAK_SEED", "7"))


class Programme:
    """A study that goes on: people book, give back, classes move and are called off."""

    def __init__(self, draw: random.Random, clock: FakeClock) -> None:
        self.draw = draw
        self.clock = clock
        self.people = [make.participant().id for _ in range(PEOPLE)]
        trainer = make.trainer()
        self.sessions = [
            make.session(
                starts_at=NOON + timedelta(days=7 * week + 1, hours=3 * n), trainer=trainer
            ).id
            for week in range(WEEKS)
            for n in range(CLASSES_A_WEEK)
        ]

    def coming(self) -> list[Session]:
        """Classes that have not begun, not called off."""
        found = sa.select(Session).where(
            Session.starts_at > self.clock(), Session.called_off_at.is_(None)
        )
        return list(db.session.scalars(found.order_by(Session.starts_at)))

    def day(self) -> None:
        """What happens in a day."""
        near = [one for one in self.coming() if one.starts_at < self.clock() + 10 * DAY]
        for session in near:
            if self.draw.random() < 0.35:
                self.book(session)
            if self.draw.random() < 0.15:
                self.give_back(session)
        if near and self.draw.random() < 0.15:
            moved = self.draw.choice(near)
            moved.starts_at += timedelta(minutes=15)
            moved.ends_at += timedelta(minutes=15)
        if near and self.draw.random() < 0.06:
            self.draw.choice(near).called_off_at = self.clock()
        db.session.commit()

    def book(self, session: Session) -> None:
        """Somebody who has no place yet takes one."""
        held = sa.select(Booking.participant_id).where(
            Booking.session_id == session.id, Booking.cancelled_at.is_(None)
        )
        free = sorted(set(self.people) - set(db.session.scalars(held)))
        if free and session.places_left:
            who = db.session.get_one(Participant, self.draw.choice(free))
            make.booking(session=session, participant=who)

    def give_back(self, session: Session) -> None:
        """Somebody gives her place back."""
        live = sa.select(Booking).where(
            Booking.session_id == session.id, Booking.cancelled_at.is_(None)
        )
        held = list(db.session.scalars(live.order_by(Booking.id)))
        if held:
            self.draw.choice(held).cancelled_at = self.clock()
            session.taken -= 1


def agree(zoom: ZoomServer, clock: FakeClock) -> int:
    """Assert that provider and platform have the same; how many rooms there are."""
    db.session.rollback()
    ahead = [
        session
        for session in db.session.scalars(sa.select(Session))
        if clock() < session.ends_at and session.starts_at < clock() + due.AHEAD
    ]
    by_class: dict[UUID | None, list[int]] = {}
    for meeting in zoom.rooms.meetings.values():
        by_class.setdefault(markers.session_id(meeting.agenda), []).append(meeting.id)
    for session in ahead:
        ids = by_class.get(session.id, [])
        assert len(ids) == (0 if session.is_called_off else 1)
        for meeting_id in ids:
            meeting = zoom.meeting(meeting_id)
            assert (meeting.start_time, meeting.duration) == (session.starts_at, session.minutes)
            assert approved(zoom, meeting_id) == wanted(session)
    return len(ahead)


def approved(zoom: ZoomServer, meeting_id: int) -> list[str]:
    people = zoom.meeting(meeting_id).registrants
    return sorted(one.email for one in people if one.status == "approved")


def wanted(session: Session) -> list[str]:
    found = (
        sa.select(MeetingPerson.alias)
        .join(MeetingPerson.booking)
        .where(Booking.session_id == session.id, Booking.cancelled_at.is_(None))
    )
    live = sa.select(sa.func.count(Booking.id)).where(
        Booking.session_id == session.id, Booking.cancelled_at.is_(None)
    )
    aliases = sorted(db.session.scalars(found))
    assert len(aliases) == db.session.scalar(live), "everybody is known by one alias"
    return aliases


@pytest.mark.random
def test_in_the_end_provider_and_platform_agree_and_nothing_is_there_twice(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    if db.engine.dialect.name == "sqlite" and not os.environ.get("SOAK"):
        pytest.skip("twelve weeks with faults run here always, these with SOAK=1")
    programme = Programme(random.Random(SEED), clock)
    zoom.faults.every, zoom.faults.kinds, zoom.faults.seconds = 10, FAULTS, 0.0
    zoom.limits_rate = True
    looked = 0
    for day in range(7 * WEEKS):
        clock.moment = NOON + day * DAY
        if day % 2 == 0:
            programme.day()
        worker.round()
        if day % 7 == 6:
            worker.until_calm(seconds=60)
            looked += agree(zoom, clock)
    assert looked > WEEKS * CLASSES_A_WEEK / 2, "there was something to look at"
    assert max(Counter(zoom.rooms.agendas).values()) == 1, "no class had two rooms"
    emails = Counter(
        one.email for meeting in zoom.rooms.meetings.values() for one in meeting.registrants
    )
    assert max(emails.values()) == 1, "nobody was registered twice"
    assert len(zoom.faults.happened) > 30
    assert {*FAULTS} == {*zoom.faults.happened}
    assert all(one.status != 429 or "daily" not in str(one.body) for one in zoom.log)
    db.session.rollback()
    shown = sa.select(RoomUpkeep.session_id).where(RoomUpkeep.differs.is_not(None))
    assert db.session.scalars(shown).all() == [], "nobody changed anything by hand"
    rooms = [row.external_id for row in db.session.scalars(sa.select(MeetingRoom))]
    assert set(rooms) <= {str(number) for number in zoom.rooms.created}
