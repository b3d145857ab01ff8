"""Classes at Zoom, from registration to minutes: events, and the report that is asked for later."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from remote_training.attendance import queries, reports, service
from remote_training.attendance.models import Change, ReportCheck, Status
from remote_training.bookings.models import Booking
from remote_training.cli import commands
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings import queries as meetings
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.providers import seconds, true_seconds, work_off
from tests.meetings.conftest import Worker, worker, zoom, zoom_app
from tests.servers.loopback import serving
from tests.servers.zoom import ZoomServer

__all__ = ["worker", "zoom", "zoom_app"]

STARTS = NOON + timedelta(hours=2)
ENDS = STARTS + timedelta(hours=1)


class Class:
    """A class at Zoom with three people who are registered; moments count from its beginning."""

    def __init__(self, server: ZoomServer, clock: FakeClock) -> None:
        self.server, self.clock = server, clock
        hour = make.session(starts_at=STARTS)
        self.session_id = hour.id
        self.people = {name: make.booking(session=hour) for name in ("anna", "bea", "cora")}
        self.visits: list[tuple[str, Any]] = []

    @property
    def meeting_id(self) -> str:
        room = meetings.room(self.session_id)
        assert room is not None
        return room.external_id

    def at(self, second: float) -> None:
        self.clock.moment = STARTS + timedelta(seconds=second)

    def joins(self, name: str, second: float, **told: Any) -> Any:
        self.at(second)
        room = meetings.room(self.session_id)
        assert room is not None
        person = meetings.person(room.id, self.people[name].id)
        assert person is not None
        visit = self.server.join(room.external_id, person.external_id or "", **told)
        self.visits.append((name, visit))
        return visit

    def leaves(self, visit: Any, second: float) -> None:
        self.at(second)
        self.server.leave(self.meeting_id, visit)

    def truth(self) -> dict[str, int]:
        """Second by second, from what the simulator knows; a room that ended ends every visit."""
        stays = [
            SimpleNamespace(
                person=str(self.people[name].id),
                joined_at=visit.joined_at - (STARTS - NOON),
                left_at=visit.left_at and visit.left_at - (STARTS - NOON),
            )
            for name, visit in self.visits
            if visit.status == "in_meeting"
        ]
        return true_seconds(stays, self.people, ends_at=NOON + timedelta(hours=1))


@pytest.fixture
def lesson(zoom_app: Flask, zoom: ZoomServer, worker: Worker, clock: FakeClock) -> Iterator[Class]:
    """The class, its room made, its people registered, and our address subscribed."""
    found = Class(zoom, clock)
    worker.until_calm()
    with serving(zoom_app) as address:
        assert zoom.hooks.subscribe(f"{address}/hooks/zoom", sending.SECRET), "validated"
        yield found


def play(lesson: Class) -> None:
    """Anna waits first; Bea's line breaks twice; Cora has two devices; the host begins anew."""
    server = lesson.server
    lesson.at(-300)
    server.begin(lesson.meeting_id)
    anna = lesson.joins("anna", -200, waits=True)
    lesson.at(30)
    server.admit(lesson.meeting_id, anna)
    bea = lesson.joins("bea", 60)
    phone, tablet = lesson.joins("cora", 61), lesson.joins("cora", 90)
    lesson.at(732)
    server.drop(lesson.meeting_id, bea)
    again = lesson.joins("bea", 1141)
    lesson.leaves(phone, 1500)
    lesson.leaves(tablet, 1800)
    lesson.leaves(again, 2000)
    lesson.at(2500)
    server.end(lesson.meeting_id)
    lesson.at(2600)
    server.begin(lesson.meeting_id)
    lesson.joins("anna", 2611)
    lesson.joins("cora", 2620)
    lesson.at(3700)
    server.end(lesson.meeting_id)


def test_a_room_that_is_deleted_in_the_middle_of_its_class_is_followed_by_another(
    zoom_app: Flask, lesson: Class, worker: Worker, clock: FakeClock
) -> None:
    """What is told of both is one class: minutes go on, and the report of both is asked for."""
    server, first = lesson.server, lesson.meeting_id
    lesson.at(-60)
    server.begin(first)
    lesson.joins("anna", 0)
    bea = lesson.joins("bea", 0)
    lesson.at(600)
    worker.round()
    server.delete_by_hand(first)
    work_off(clock.moment)
    worker.round()
    assert lesson.meeting_id != first, "as soon as Zoom told"
    lesson.at(700)
    server.drop(first, bea)
    lesson.at(800)
    server.begin(lesson.meeting_id)  # one meeting of a host at a time: the first is over
    for name, second in (("anna", 830), ("bea", 850), ("cora", 900)):
        lesson.joins(name, second)
    lesson.at(3700)
    server.end(lesson.meeting_id)
    work_off(clock.moment)
    service.settle(now=clock.moment)
    db.session.commit()
    truth = lesson.truth()
    assert truth == {"anna": 3570, "bea": 3450, "cora": 2700}
    assert seconds(lesson.people) == truth | {"bea": 3550}, "nobody told that her line broke"
    clock.moment = ENDS + timedelta(minutes=11)
    asked = reports.ask_due(clock.moment)
    assert (asked.asked, asked.failed) == (1, 0)
    assert seconds(lesson.people) == truth
    told = sa.select(HookEvent.state, sa.func.count(HookEvent.id)).group_by(HookEvent.state)
    assert [state for state, _count in db.session.execute(told)] == [State.APPLIED]


@pytest.mark.parametrize("numbers", [False, True])
def test_what_no_event_told_the_report_does(
    zoom_app: Flask, lesson: Class, clock: FakeClock, numbers: bool
) -> None:
    lesson.server.hooks.sends_numbers = lesson.server.hooks.spells_date_time = numbers
    lesson.server.hooks.hold()
    play(lesson)
    dice = random.Random(7)
    lesson.server.hooks.release(
        lambda held: dice.sample(held + held[::2], k=len(held[::2]) + len(held))
    )
    assert {delivery.answers[-1] for delivery in lesson.server.hooks.deliveries} == {204}
    work_off(clock.moment)
    service.settle(now=clock.moment)
    db.session.commit()
    truth, before = lesson.truth(), seconds(lesson.people)
    assert truth == {"anna": 3459, "bea": 1531, "cora": 2719}
    assert before == truth | {"bea": 2440}, "her line broke, and nobody told"
    row = queries.of_booking(lesson.people["bea"].id)
    assert row is not None
    clock.moment = ENDS + timedelta(minutes=9)
    assert reports.ask_due(clock.moment).asked == 0, "it is not due yet"
    clock.moment = ENDS + timedelta(minutes=11)
    found = reports.ask_due(clock.moment)
    assert (found.asked, found.failed, found.changed) == (1, 0, 1)
    db.session.expire_all()
    assert seconds(lesson.people) == truth
    assert not row.is_imputed
    assert meetings.unmatched(lesson.session_id) == []
    [change] = db.session.scalars(sa.select(Change))
    assert (change.cause, change.booking_id) == ("report", lesson.people["bea"].id)


def test_the_report_alone_is_enough_where_our_address_was_away(
    zoom_app: Flask, lesson: Class, clock: FakeClock
) -> None:
    lesson.server.hooks.is_validated = False
    play(lesson)
    service.settle(now=clock.moment)
    db.session.commit()
    rows = {name: queries.of_booking(booking.id) for name, booking in lesson.people.items()}
    assert {row.machine_status for row in rows.values() if row} == {None}, "not known, not absent"
    lesson.server.not_ready = 2
    asked = []
    for minutes in (11, 20, 31, 100, 121, 200, 24 * 60 + 1, 26 * 60):
        clock.moment = ENDS + timedelta(minutes=minutes)
        done = reports.ask_due(clock.moment)
        asked.append((minutes, done.asked, done.failed))
    told = [(minutes, failed) for minutes, count, failed in asked if count]
    assert told == [(11, 1), (31, 1), (121, 0), (24 * 60 + 1, 0)]
    db.session.expire_all()
    assert seconds(lesson.people) == lesson.truth()
    assert {row.machine_status for row in rows.values() if row} == {Status.ATTENDED}
    [check] = db.session.scalars(sa.select(ReportCheck))
    assert (check.next_at, check.cause, check.asked) == (None, None, 4)


def test_a_report_that_is_corrected_replaces_what_it_said(
    zoom_app: Flask, lesson: Class, clock: FakeClock
) -> None:
    lesson.server.hooks.is_validated = False
    lesson.at(0)
    lesson.server.begin(lesson.meeting_id)
    bea, anna = lesson.joins("bea", 0), lesson.joins("anna", 0)
    lesson.leaves(bea, 1800)
    lesson.leaves(anna, 1800)
    lesson.at(3600)
    lesson.server.end(lesson.meeting_id)
    clock.moment = ENDS + timedelta(minutes=11)
    reports.ask_due(clock.moment)
    db.session.expire_all()
    assert seconds(lesson.people)["bea"] == 1800
    bea.left_at = STARTS + timedelta(seconds=1200)
    clock.moment = ENDS + timedelta(minutes=31)
    reports.ask_due(clock.moment)
    db.session.expire_all()
    assert seconds(lesson.people)["bea"] == 1200
    assert seconds(lesson.people)["anna"] == 1800


def test_the_command_asks_at_once_and_tells_what_it_corrected(
    zoom_app: Flask, lesson: Class, clock: FakeClock
) -> None:
    lesson.server.hooks.is_validated = False
    play(lesson)
    clock.moment = ENDS + timedelta(minutes=2)
    service.settle(now=clock.moment)
    db.session.commit()

    def command() -> str:
        runner = zoom_app.test_cli_runner()
        answer = runner.invoke(commands.commands["attendance"], ["reconcile"])
        assert answer.exit_code == 0, answer.output
        return next(line for line in answer.output.splitlines() if "asked" in line)

    assert isinstance(zoom_app.test_cli_runner(), CliRunner)
    assert command() == "1 classes asked about, 3 attendances corrected, 0 without an answer"
    clock.forward(minutes=1)
    assert command() == "1 classes asked about, 0 attendances corrected, 0 without an answer"
    db.session.expire_all()
    assert seconds(lesson.people) == lesson.truth()


def test_a_worker_that_holds_a_class_keeps_others_from_asking_and_one_that_died_does_not(
    zoom_app: Flask, lesson: Class, clock: FakeClock
) -> None:
    lesson.server.hooks.is_validated = False
    play(lesson)
    clock.moment = ENDS + timedelta(minutes=11)
    reports._plan(clock.moment)
    db.session.query(ReportCheck).one().lease_until = clock.moment + reports.LEASE
    db.session.commit()
    assert reports.ask_due(clock.moment).asked == 0
    clock.forward(minutes=6)
    assert reports.ask_due(clock.moment).asked == 1


def test_who_is_not_registered_in_the_report_is_matched_by_her_visit(
    zoom_app: Flask, lesson: Class, clock: FakeClock
) -> None:
    """Her events named her; the report, without that field, does not."""
    bookings: dict[str, Booking] = lesson.people
    lesson.at(0)
    lesson.server.begin(lesson.meeting_id)
    bea, anna = lesson.joins("bea", 0), lesson.joins("anna", 0)
    lesson.leaves(anna, 600)
    lesson.at(900)
    lesson.server.drop(lesson.meeting_id, bea)
    work_off(clock.moment)
    bea.registrant_id = ""
    lesson.at(3600)
    lesson.server.end(lesson.meeting_id)
    clock.moment = ENDS + timedelta(minutes=11)
    work_off(clock.moment)
    reports.ask_due(clock.moment)
    db.session.expire_all()
    assert seconds(bookings) == {"anna": 600, "bea": 900, "cora": 0}
    assert meetings.unmatched(lesson.session_id) == []
