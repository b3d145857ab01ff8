"""Booking, cancelling, moving, waiting and offers in any order, against a model of the rules.

The model is a second way to say the same, in lists and plain numbers. Planted faults show
that it looks closely enough.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import mock
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from remote_training.audit.models import Entry
from remote_training.bookings import fit, places, rules, service, waiting_list
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from tests import make
from tests.conftest import empty
from tests.fakes import NOON

pytestmark = pytest.mark.random

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EXAMPLES, STEPS = (200, 60) if os.environ.get("SOAK") else (12, 25)
DAYS = (3, 3, 4, 5)  # two at the same time, and one more than her week holds
PEOPLE = range(5)
CLASSES = range(len(DAYS))


@dataclass
class Class:
    """What the model knows of one class: who is in, who waits since when, who is asked."""

    starts_at: datetime
    places: int
    booked: dict[int, datetime] = field(default_factory=dict)
    queue: dict[int, tuple[datetime, bool]] = field(default_factory=dict)
    offers: dict[int, datetime] = field(default_factory=dict)
    given_back: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    @property
    def free(self) -> int:
        return self.places - len(self.booked) - len(self.offers)


class Model:
    """The rules, said a second time."""

    def __init__(self, classes: list[Class]) -> None:
        self.classes, self.now = classes, NOON
        self.confirmed = self.asked = 0

    def may(self, who: int, what: int, leaves: int | None = None) -> bool:
        wanted = self.classes[what]
        held = [c for n, c in enumerate(self.classes) if who in c.booked and n != leaves]
        return (
            self.now < wanted.starts_at
            and wanted not in held
            and all(c.starts_at != wanted.starts_at for c in held)
            and len(held) < 2
        )

    def has_room_for(self, who: int, what: int) -> bool:
        """Whether a place is kept for her, or one is left by those who wait before her."""
        it = self.classes[what]
        if it.offers.get(who, NOON) > self.now:
            return True
        trial = deepcopy(self)
        trial.fill(what, before=who)
        return trial.classes[what].free > 0

    def come(self, who: int, what: int) -> None:
        """She takes a place by herself, after those who wait before her."""
        if self.classes[what].offers.get(who, NOON) <= self.now:
            self.fill(what, before=who)
        self.take(who, what)

    def take(self, who: int, what: int) -> None:
        self.classes[what].booked[who] = self.now
        self.classes[what].queue.pop(who, None)
        self.classes[what].offers.pop(who, None)
        self.confirmed += 1

    def free(self, who: int, what: int) -> None:
        since = self.classes[what].booked.pop(who)
        self.classes[what].given_back.setdefault(who, []).append((since, self.now))

    def fill(self, what: int, before: int | None = None) -> None:
        it = self.classes[what]
        if self.now >= it.starts_at - 2 * HOUR:
            return
        for who in sorted(it.queue, key=lambda who: it.queue[who][0]):
            if it.free <= 0 or who == before:
                return
            if not self.may(who, what):
                continue
            _since, at_once = it.queue.pop(who)
            if at_once:
                self.take(who, what)
            else:
                it.offers[who] = min(self.now + 12 * HOUR, it.starts_at - 2 * HOUR)
                self.asked += 1

    def tick(self, order: list[int]) -> None:
        for what in order:
            it = self.classes[what]
            it.offers = {who: until for who, until in it.offers.items() if until > self.now}
            if self.now >= it.starts_at - 2 * HOUR:
                it.queue.clear()
                it.offers.clear()
            self.fill(what)

    def rank(self, who: int, what: int) -> datetime:
        back = self.classes[what].given_back.get(who, [])
        fresh = [since for since, at in back if at > self.now - 30 * MINUTE]
        return min(fresh, default=self.now)


class Machine(RuleBasedStateMachine):
    """Does the same to the platform and to the model, and compares them after each step."""

    app: Flask
    people: ClassVar[list[UUID]] = []

    @initialize(places=st.lists(st.integers(1, 2), min_size=len(DAYS), max_size=len(DAYS)))
    def begin(self, places: list[int]) -> None:
        db.session.rollback()
        if not self.people:  # the same ones in every plan: to empty all tables takes long
            empty(self.app)
            type(self).people = [make.participant().id for _ in PEOPLE]
        for table in (Message, Entry, Waiting, Booking, Session):
            db.session.execute(sa.delete(table))
        db.session.commit()
        trainer = make.trainer()
        hours = [
            make.session(
                id=UUID(int=n + 1),  # time goes through classes by their ids: the same each time
                starts_at=NOON + timedelta(days=day),
                places=each,
                trainer=trainer,
            )
            for n, (day, each) in enumerate(zip(DAYS, places, strict=True))
        ]
        self.hours = [hour.id for hour in hours]
        self.model = Model(
            [Class(hour.starts_at, each) for hour, each in zip(hours, places, strict=True)]
        )
        self.order = sorted(CLASSES, key=lambda n: self.hours[n])

    def attempt(self, verb: Any, *arguments: Any, **more: Any) -> bool:
        """Whether the platform did it; every step is a minute after the one before."""
        try:
            with unit_of_work():
                verb(*arguments, now=self.model.now, by=None, **more)
        except Refused:
            return False
        return True

    def person(self, who: int) -> Participant:
        return db.session.get_one(Participant, self.people[who])

    def hour(self, what: int) -> Session:
        return db.session.get_one(Session, self.hours[what])

    def booking(self, who: int, what: int) -> Booking | None:
        found = sa.select(Booking).where(
            Booking.participant_id == self.people[who],
            Booking.session_id == self.hours[what],
            Booking.cancelled_at.is_(None),
        )
        return db.session.scalars(found).one_or_none()

    def entry(self, who: int, what: int) -> Waiting | None:
        found = sa.select(Waiting).where(
            Waiting.participant_id == self.people[who],
            Waiting.session_id == self.hours[what],
            Waiting.ended_at.is_(None),
        )
        return db.session.scalars(found).one_or_none()

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES))
    def book(self, who: int, what: int) -> None:
        may = self.model.may(who, what) and self.model.has_room_for(who, what)
        assert self.attempt(service.book, self.person(who), self.hour(what)) is may
        if may:
            self.model.come(who, what)
        elif self.model.may(who, what):  # refused: those before her have it now
            self.model.fill(what, before=who)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES))
    def cancel(self, who: int, what: int) -> None:
        booking, it = self.booking(who, what), self.model.classes[what]
        if booking is None:
            return
        did_it = self.attempt(service.cancel, booking)
        assert did_it is (self.model.now < it.starts_at)
        if did_it:
            self.model.free(who, what)
            self.model.fill(what)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES), to=st.sampled_from(CLASSES))
    def move(self, who: int, what: int, to: int) -> None:
        booking = self.booking(who, what)
        if booking is None or what == to:
            return
        is_before_it_begins = self.model.now < self.model.classes[what].starts_at
        may = (
            is_before_it_begins
            and self.model.may(who, to, leaves=what)
            and self.model.has_room_for(who, to)
        )
        assert self.attempt(service.move, booking, self.hour(to)) is may
        if may:
            self.model.come(who, to)
            self.model.free(who, what)
            self.model.fill(what)
        elif self.model.may(who, to, leaves=what) and is_before_it_begins:
            self.model.fill(to, before=who)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES), at_once=st.booleans())
    def wait(self, who: int, what: int, at_once: bool) -> None:
        it = self.model.classes[what]
        may = self.model.may(who, what) and self.model.now < it.starts_at - 2 * HOUR
        did_it = self.attempt(
            waiting_list.join, self.person(who), self.hour(what), is_at_once=at_once
        )
        assert did_it is may
        if may and who not in it.offers:
            since = it.queue[who][0] if who in it.queue else self.model.rank(who, what)
            it.queue[who] = (since, at_once)
        if may:
            self.model.fill(what)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES))
    def leave(self, who: int, what: int) -> None:
        entry, it = self.entry(who, what), self.model.classes[what]
        if entry is None:
            return
        assert self.attempt(waiting_list.leave, entry)
        it.queue.pop(who, None)
        it.offers.pop(who, None)
        self.model.fill(what)

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(CLASSES))
    def accept(self, who: int, what: int) -> None:
        entry, it = self.entry(who, what), self.model.classes[what]
        if entry is None:
            return
        may = it.offers.get(who, NOON) > self.model.now and self.model.may(who, what)
        assert self.attempt(waiting_list.accept, entry) is may
        if may:
            self.model.take(who, what)

    @rule(hours=st.sampled_from([0, 1, 12, 13, 46, 70]))
    def wait_a_while(self, hours: int) -> None:
        self.model.now += hours * HOUR
        waiting_list.tick(self.model.now)
        self.model.tick(self.order)
        for what in CLASSES:  # never a free place while somebody entitled waits
            it = self.model.classes[what]
            waits = [who for who in it.queue if self.model.may(who, what)]
            assert it.free <= 0 or not waits or self.model.now >= it.starts_at - 2 * HOUR

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "model"):
            return
        self.model.now += MINUTE
        db.session.rollback()
        db.session.expire_all()
        number = {key: n for n, key in enumerate(self.people)}
        live = sa.select(Booking).where(Booking.cancelled_at.is_(None))
        held = {(number[b.participant_id], b.session_id) for b in db.session.scalars(live)}
        stands = db.session.scalars(
            sa.select(Waiting).where(Waiting.ended_at.is_(None)).order_by(Waiting.rank_at)
        ).all()
        for what in CLASSES:
            it, key = self.model.classes[what], self.hours[what]
            assert {who for who, where in held if where == key} == set(it.booked)
            mine = [entry for entry in stands if entry.session_id == key]
            waits = [number[e.participant_id] for e in mine if not e.is_offered]
            assert waits == sorted(it.queue, key=lambda who: it.queue[who][0])
            asked = {number[e.participant_id]: e.offer_until for e in mine if e.is_offered}
            assert asked == it.offers
            assert self.hour(what).taken == len(it.booked) + len(it.offers) <= it.places
        kinds = list(db.session.scalars(sa.select(Message.kind)))
        assert kinds.count("booking_confirmed") == self.model.confirmed
        assert kinds.count("place_offered") == self.model.asked


def run(app: Flask, examples: int = EXAMPLES, *, is_control: bool = False) -> None:
    """Try plans; as a control always the same ones, and the first that fails is enough."""
    machine = type("M", (Machine,), {"app": app})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=is_control,
            phases=[Phase.generate] if is_control else [Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_any_order_the_platform_does_what_the_rules_say(app: Flask) -> None:
    run(app)


def _no_promotion(*_arguments: Any, **_more: Any) -> int:
    return 0


def _anything_fits(*_arguments: Any) -> None:
    return None


def _never_too_late(_session: Session) -> datetime:
    return datetime.max.replace(tzinfo=NOON.tzinfo)


FAULTS = {
    "nobody moves up": (waiting_list, "fill", _no_promotion),
    "what does not fit is booked": (fit, "hindrance", _anything_fits),
    "the cut-off is forgotten": (rules, "waiting_list_closes_at", _never_too_late),
    "a kept place is not freed": (places, "free", lambda _session: None),
    "an offer keeps no place": (places, "take", lambda _session, _now: None),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the faults are in our code
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, app: Flask) -> None:
    room, name, planted = FAULTS[fault]
    with (
        mock.patch.object(room, name, planted),
        pytest.raises((AssertionError, sa.exc.IntegrityError)),
    ):
        run(app, 150, is_control=True)
