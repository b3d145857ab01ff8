"""All that can happen to a place, by many at once, on both databases, and a judge over it.

Threads book, book several, give back, move, wait, take offers, decline them, let time pass,
move classes to other hours, give them more places or fewer, and call them off, in small classes,
from a seed. The judge knows no code of ours: it reads rows. Never a place too many, at no moment;
never a free place while somebody entitled waits; everybody has exactly one answer. Controls with
a guard off show that the judge sees it.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from remote_training.audit.models import Entry
from remote_training.bookings import changes, places, service, waiting_list
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.bookings.outlook import Wish
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.messages.models import Message
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.random

IS_LONG = bool(os.environ.get("SOAK"))
SEEDS, TIMEOUT = (200, 3600) if IS_LONG else (3, 120)
FIRST_SEED = int(os.environ.get("SOAK_SEED", 20_261_124))
THREADS, STEPS, PEOPLE = 6, 9, 7
HOURS = (48, 48, 72, 96)  # from noon on: two at the same time; one more than her week holds
MOST_A_WEEK = 2
CUT_OFF = timedelta(hours=2)
TOLD_OF_A_PLACE = ("booking_confirmed", "booking_in_calendar")
TOLD_OF_ITS_END = ("booking_cancelled", "booking_moved")

LIVE = Booking.cancelled_at.is_(None)
HELD = (
    sa.select(sa.func.count(Booking.id))
    .where(Booking.session_id == Session.id, LIVE)
    .correlate(Session)
    .scalar_subquery()
)
KEPT = (
    sa.select(sa.func.count(Waiting.id))
    .where(
        Waiting.session_id == Session.id,
        Waiting.ended_at.is_(None),
        Waiting.offered_at.is_not(None),
    )
    .correlate(Session)
    .scalar_subquery()
)
COUNTS = sa.select(Session.places, Session.taken, HELD, KEPT)  # one statement: one moment


class Race:
    """One seed: its classes, its clock, what the threads asked and what they were answered."""

    def __init__(self, app: Flask, people: list[UUID], seed: int) -> None:
        self.app, self.people, self.seed = app, people, seed
        draw = Random(seed)
        for table in (Message, Entry, Waiting, Booking, Session):
            db.session.execute(sa.delete(table))
        db.session.commit()
        trainer = make.trainer()
        self.hours = [
            make.session(
                starts_at=NOON + timedelta(hours=hours), places=draw.randint(1, 3), trainer=trainer
            ).id
            for hours in HOURS
        ]
        self._now, self._clock = NOON, threading.Lock()
        self.asked, self.answers, self.faults = 0, Counter[str](), list[str]()

    def now(self, *, later: timedelta = timedelta(minutes=1)) -> datetime:
        """A moment after all that were given before."""
        with self._clock:
            self._now += later
            return self._now

    def run(self) -> list[str]:
        """Let all go at once, let time settle what is open, and give what the judge finds."""
        start, over = threading.Barrier(THREADS), threading.Event()
        watch = threading.Thread(target=self._watch, args=(over,))
        threads = [threading.Thread(target=self._live, args=(n, start)) for n in range(THREADS)]
        watch.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        watch.join()
        db.session.rollback()
        self.settled_at = self.now()
        self._answer(_settle, Random(self.seed))
        return [*self.faults, *Judge(self).faults()]

    def _live(self, number: int, start: threading.Barrier) -> None:
        draw = Random(self.seed * THREADS + number)
        with self.app.app_context():
            start.wait()
            for _ in range(STEPS):
                name = draw.choices(list(VERBS), [weight for _verb, weight in VERBS.values()])[0]
                with self._clock:
                    self.asked += 1
                answer = self._answer(VERBS[name][0], draw)
                with self._clock:
                    self.answers[f"{name}: {answer}"] += 1

    def _answer(self, verb: Callable[[Race, Random], bool], draw: Random) -> str:
        try:
            return "done" if verb(self, draw) else "nothing to do"
        except Refused as error:
            return type(error).__name__
        except Exception:
            self.faults.append(f"no answer: {traceback.format_exc(limit=-4)}")
            return "fault"
        finally:
            db.session.rollback()

    def _watch(self, over: threading.Event) -> None:
        with self.app.app_context():
            while not over.is_set():
                with suppress(OperationalError):
                    self.faults += _miscounted()
                db.session.rollback()
                over.wait(0.01)


def _miscounted() -> list[str]:
    return [
        f"{held} hold a place and {kept} have one kept, {taken} are counted, {places} there are"
        for places, taken, held, kept in db.session.execute(COUNTS)
        if not held + kept == taken <= places
    ]


# ------------------------------------------------------------------ what is done


def _who(race: Race, draw: Random) -> Participant:
    return db.session.get_one(Participant, draw.choice(race.people))


def _hour(race: Race, draw: Random) -> Session:
    return db.session.get_one(Session, draw.choice(race.hours))


def _held(draw: Random) -> Booking | None:
    rows = db.session.scalars(sa.select(Booking).where(LIVE).order_by(Booking.id)).all()
    return draw.choice(rows) if rows else None


def _entry(draw: Random, *wanted: sa.ColumnElement[bool]) -> Waiting | None:
    found = sa.select(Waiting).where(Waiting.ended_at.is_(None), *wanted).order_by(Waiting.id)
    rows = db.session.scalars(found).all()
    return draw.choice(rows) if rows else None


@unit_of_work()
def _book(race: Race, draw: Random) -> bool:
    service.book(_who(race, draw), _hour(race, draw), now=race.now(), by=None)
    return True


def _book_several(race: Race, draw: Random) -> bool:
    asked = draw.sample(race.hours, 2)
    booked = service.book_all(draw.choice(race.people), asked, now=race.now(), by=None)
    return bool(booked)


@unit_of_work()
def _cancel(race: Race, draw: Random) -> bool:
    if (booking := _held(draw)) is None:
        return False
    service.cancel(booking, now=race.now(), by=None)
    return True


@unit_of_work()
def _move(race: Race, draw: Random) -> bool:
    if (booking := _held(draw)) is None:
        return False
    service.move(booking, _hour(race, draw), now=race.now(), by=None)
    return True


@unit_of_work()
def _wait(race: Race, draw: Random) -> bool:
    at_once = draw.random() < 0.5
    who, hour = _who(race, draw), _hour(race, draw)
    waiting_list.join(who, hour, is_at_once=at_once, now=race.now(), by=None)
    return True


@unit_of_work()
def _accept(race: Race, draw: Random) -> bool:
    if (entry := _entry(draw, Waiting.offered_at.is_not(None))) is None:
        return False
    waiting_list.accept(entry, now=race.now(), by=None)
    return True


@unit_of_work()
def _leave(race: Race, draw: Random) -> bool:
    if (entry := _entry(draw)) is None:
        return False
    waiting_list.leave(entry, now=race.now(), by=None)
    return True


def _let_time_pass(race: Race, draw: Random) -> bool:
    waiting_list.tick(race.now(later=timedelta(hours=draw.choice([0, 1, 6, 13]))))
    return True


def _settle(race: Race, _draw: Random) -> bool:
    waiting_list.tick(race.settled_at)
    return True


@unit_of_work()
def _call_off(race: Race, draw: Random) -> bool:
    hour = _hour(race, draw)
    return bool(service.call_off(hour, now=race.now(), by=None, reason="The trainer is ill"))


@unit_of_work()
def _change(race: Race, draw: Random) -> bool:
    """Another number of places, fewer or more; or another hour."""
    hour = _hour(race, draw)
    moves = draw.random() < 0.3
    if moves:  # the last one alone: it never comes to lie on another one
        hour = db.session.get_one(Session, race.hours[-1])
    at = hour.starts_at.astimezone(ZoneInfo(hour.zone))
    wish = Wish(
        on_date=hour.on_date,
        wall_time=time(draw.randint(9, 20), 30) if moves else at.time(),
        trainer=hour.trainer,
        places=hour.places if moves else draw.randint(1, 3),
    )
    done = changes.apply(hour, wish, now=race.now(), by=None, reason="The hall", mark=None)
    return bool(done.changes)


VERBS: dict[str, tuple[Callable[[Race, Random], bool], int]] = {
    "book": (_book, 24),
    "book several": (_book_several, 8),
    "cancel": (_cancel, 16),
    "move": (_move, 12),
    "wait": (_wait, 24),
    "accept": (_accept, 10),
    "leave": (_leave, 4),
    "let time pass": (_let_time_pass, 6),
    "call off": (_call_off, 1),
    "change": (_change, 8),
}


# ------------------------------------------------------------------ the judge


class Judge:
    """Reads all rows of a race that is over, and names what must not be."""

    def __init__(self, race: Race) -> None:
        db.session.rollback()
        self.race, self.now = race, race.settled_at
        self.hours = {row.id: row for row in db.session.scalars(sa.select(Session))}
        self.bookings = db.session.scalars(sa.select(Booking)).all()
        self.waits = db.session.scalars(sa.select(Waiting)).all()
        self.mails = db.session.scalars(sa.select(Message)).all()
        self.live = [row for row in self.bookings if row.cancelled_at is None]

    def faults(self) -> list[str]:
        """All that is wrong, in words."""
        return [*_miscounted(), *self._people(), *self._lines(), *self._answers(), *self._told()]

    def _people(self) -> list[str]:
        """Nobody holds two places in a class, two at one time, or more than her week holds."""
        found = []
        for who in self.race.people:
            hours = [self.hours[row.session_id] for row in self.live if row.participant_id == who]
            hours = [hour for hour in hours if hour.called_off_at is None]
            if len({hour.starts_at for hour in hours}) < len(hours):
                found.append("somebody holds two places at one time")
            if len(hours) > MOST_A_WEEK:
                found.append("somebody holds more places than her week has")
        return found

    def _lines(self) -> list[str]:
        """A free place has nobody entitled who waits; a line that is closed has nobody in it."""
        found = []
        for entry in self.waits:
            hour = self.hours[entry.session_id]
            if entry.ended_at is not None:
                continue
            is_closed = hour.called_off_at is not None or self.now >= hour.starts_at - CUT_OFF
            if is_closed:
                found.append("somebody waits for a class whose line is closed")
            elif entry.offered_at is None and hour.taken < hour.places and self._may(entry):
                found.append("a place is free, and somebody waits who may take it")
        return found

    def _may(self, entry: Waiting) -> bool:
        wanted = self.hours[entry.session_id]
        holds = [
            self.hours[row.session_id]
            for row in self.live
            if row.participant_id == entry.participant_id
        ]
        holds = [hour for hour in holds if hour.called_off_at is None]
        return len(holds) < MOST_A_WEEK and all(one.starts_at != wanted.starts_at for one in holds)

    def _answers(self) -> list[str]:
        """Every press was answered once; every waiting stands or ended once, as it says."""
        found = []
        if self.race.answers.total() != self.race.asked:
            found.append(f"{self.race.asked} asked, {self.race.answers.total()} were answered")
        pairs = Counter(
            (row.participant_id, row.session_id) for row in self.waits if row.ended_at is None
        )
        pairs += Counter((row.participant_id, row.session_id) for row in self.live)
        if any(count > 1 for count in pairs.values()):
            found.append("somebody waits twice, or holds and waits, for one class")
        taken = {(row.participant_id, row.session_id) for row in self.bookings}
        for entry in self.waits:
            is_hers = (entry.participant_id, entry.session_id) in taken
            if entry.ending is Ending.TAKEN and not is_hers:
                found.append("a waiting ended with a place that nobody has")
        return found

    def _told(self) -> list[str]:
        """One mail for each place got, lost, offered or called off, and none besides."""
        booked = Counter(str(row.id) for row in self.bookings)
        ended = Counter(str(row.id) for row in self.bookings if row.cancelled_at is not None)
        offered = Counter(str(row.id) for row in self.waits if row.offered_at is not None)
        off = {key for key, hour in self.hours.items() if hour.called_off_at is not None}
        held = Counter(str(row.id) for row in self.live if row.session_id in off)
        moved = Counter(str(row.id) for row in self.bookings if row.session_id in off) - held
        told = Counter(m.facts["booking_id"] for m in self.mails if m.kind == "class_called_off")
        called_off = held + (told & moved)  # who was told may have moved away since
        return [
            f"mails do not fit the facts: {', '.join(kinds)}"
            for kinds, fact, facts in (
                (TOLD_OF_A_PLACE, "booking_id", booked),
                (TOLD_OF_ITS_END, "booking_id", ended),
                (("place_offered",), "waiting_id", offered),
                (("class_called_off",), "booking_id", called_off),
            )
            if Counter(m.facts[fact] for m in self.mails if m.kind in kinds) != facts
        ]


def races(
    app: Flask, first_seed: int, count: int, *, of: int = PEOPLE
) -> tuple[list[str], Counter[str]]:
    """Run seeds with so many people until the judge finds something: that, and all answers."""
    people, answers = [make.participant().id for _ in range(of)], Counter[str]()
    for seed in range(first_seed, first_seed + count):
        race = Race(app, people, seed)
        faults = race.run()
        answers += race.answers
        if faults:
            return [f"seed {seed}: {fault}" for fault in faults], answers
    return [], answers


@pytest.mark.timeout(TIMEOUT)
def test_whatever_many_do_at_once_nobody_gets_a_place_too_many_or_waits_beside_a_free_one(
    app: Flask,
) -> None:
    faults, answers = races(app, FIRST_SEED, SEEDS)
    print(f"{SEEDS} seeds from {FIRST_SEED}: {dict(sorted(answers.items()))}")
    assert faults == []
    for verb in VERBS if IS_LONG else ("book", "cancel", "wait", "change"):
        assert answers[f"{verb}: done"], f"nobody could {verb}: the race says nothing about it"


def _no_op(*_arguments: Any, **_more: Any) -> int:
    return 0


GUARDS = {
    "a place is not counted": (places, "take"),
    "a place is not freed": (places, "free"),
    "nobody moves up": (waiting_list, "fill"),
    "she gets no mail": (places, "tell"),
}


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the guards are in our code
@pytest.mark.parametrize("guard", GUARDS)
def test_with_a_guard_off_the_judge_sees_it(
    guard: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*GUARDS[guard], _no_op)
    faults, _answers = races(app, FIRST_SEED, 25)
    assert faults


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer anyway
def test_with_her_row_not_locked_the_same_race_gives_her_too_much(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "one_at_a_time", _no_op)
    monkeypatch.setitem(VERBS, "book", (_book, 400))
    faults, _answers = races(app, FIRST_SEED, 60, of=1)
    assert faults
