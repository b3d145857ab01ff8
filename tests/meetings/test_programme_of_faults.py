"""Twelve weeks at each provider, with a fault on every tenth call, message and event.

Real adapters, real HTTP on both sides: people press Join on our page and follow the link that
stands there. Afterwards provider and platform agree, nothing is there twice, and the record is
the truth to the second wherever any source told of it; where none did, it says so.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from remote_training.attendance import queries, service
from remote_training.attendance.models import ReportCheck, Status
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import MeetingEvent, MeetingRoom
from remote_training.outside.bigbluebutton import BigBlueButton
from remote_training.outside.jitsi import Jitsi
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.providers import TOLD, button, using, work_off
from tests.meetings import test_programme
from tests.meetings.conftest import Worker
from tests.meetings.lessons import Item, Lesson, Told, truth
from tests.meetings.places import EVERY, AtBigBlueButton, AtJitsi, AtZoom, Front
from tests.meetings.test_programme import DAY, WEEKS, agree
from tests.servers.bigbluebutton import BigBlueButtonServer, bigbluebutton
from tests.servers.jitsi import JitsiServer, jitsi
from tests.servers.loopback import serving
from tests.servers.zoom import ZoomServer

Browse = Callable[..., FlaskClient]
IS_LONG = bool(os.environ.get("SOAK"))
SEED = int(os.environ.get("SOAK_SEED", "13"))
ON_THE_WAY = ("lost", "doubled", "late", "swapped", "in pieces")
BBB_FAULTS = (
    "500", "hangup", "500_after", "garbage", "hangup_after", "302", "timeout", "timeout_after",
)  # fmt: skip
Place = AtZoom | AtBigBlueButton | AtJitsi


class Programme(test_programme.Programme):
    """As the other one, with more people in each class."""

    def day(self) -> None:
        for _ in range(3):
            for session in self.coming():
                is_near = session.starts_at < self.clock() + 10 * DAY
                if is_near and self.draw.random() < 0.5:
                    self.book(session)
        super().day()


class Weeks:
    """The twelve weeks at one provider; what is told of them, and what really was."""

    def __init__(self, app: Flask, place: Place, clock: FakeClock, browse_as: Browse) -> None:
        self.app, self.place, self.clock = app, place, clock
        self.draw = random.Random(SEED)
        self.programme = Programme(self.draw, clock)
        self.told, self.lessons = Told(), list[Lesson]()
        self.on_the_way: Counter[str] = Counter()
        self._events = 0
        self._late: list[Item] = []
        self._browse_as = browse_as
        self._browsers: dict[UUID, FlaskClient] = {}

    def run(self) -> None:
        """Day by day; the classes of a day one after the other."""
        for day in range(7 * WEEKS + 2):
            self.clock.moment = NOON + day * DAY
            if day % 2 == 0:
                self.programme.day()
            self.later()
            for session in self._today():
                self.hold(session)

    def hold(self, session: Session) -> None:
        """One class, and the hours after it."""
        self.clock.moment = session.starts_at - timedelta(minutes=50)
        self.place.before(session)
        self._browsers.clear()
        is_silent = len(self.lessons) % 5 == 3
        if self.place.ends_by_itself:
            self.place.afterwards(session, is_silent=is_silent)
        lesson = Lesson(self.draw, self.place, self.clock, session, self._press)
        lesson.play(self._people(session), self._between)
        self.lessons.append(lesson)
        ends_at = session.ends_at
        self._between()
        self.clock.moment = ends_at + timedelta(minutes=2)
        service.settle(now=self.clock.moment)
        db.session.commit()
        for item in self.place.afterwards(session, is_silent=is_silent):
            self.told.take(item)
        for minutes in (6, 11, 31, 70):
            self.clock.moment = ends_at + timedelta(minutes=minutes)
            self.later()
        for item in self._late:
            self._post(item)
        self._late.clear()
        work_off(self.clock.moment)

    def later(self) -> None:
        """What is done after classes, again and again."""
        db.session.rollback()
        self.place.later()
        work_off(self.clock.moment)

    def _today(self) -> list[Session]:
        db.session.expire_all()
        until = self.clock.moment + DAY
        return [one for one in self.programme.coming() if one.starts_at < until]

    def _people(self, session: Session) -> list[Booking]:
        live = sa.select(Booking).where(
            Booking.session_id == session.id, Booking.cancelled_at.is_(None)
        )
        return list(db.session.scalars(live.order_by(Booking.id)))

    def _press(self, booking: Booking) -> str | None:
        """Press Join on our page; where the button on the next one leads, if there is one."""
        who = booking.participant
        if who.id not in self._browsers:
            self._browsers[who.id] = self._browse_as(who)
        client = self._browsers[who.id]
        pressed = client.post(f"/class/{booking.id}/", data=TOLD)
        assert pressed.status_code == 303, pressed.text
        page = client.get(pressed.location).text
        assert who.contact.name not in page, "her first name only"
        return button(client, page)

    def _between(self) -> None:
        """The worker's turn, and the messages that wait, each tenth with a fault of its own."""
        self.place.minute()
        sent: list[Item] = []
        for item in self.place.pending():
            self._events += 1
            fault = self._fault()
            if fault == "lost":
                continue
            if fault == "late":
                self._late.append(item)
            elif fault == "swapped":
                sent.insert(max(0, len(sent) - 3), item)
            else:
                sent += [item] * (2 if fault == "doubled" else 1)
            if fault == "in pieces":
                self._send(sent)
        self._send(sent)

    def _fault(self) -> str:
        if self._events % EVERY:
            return ""
        fault = ON_THE_WAY[self._events // EVERY % len(ON_THE_WAY)]
        self.on_the_way[fault] += 1
        return fault

    def _send(self, items: list[Item]) -> None:
        for item in items:
            self._post(item)
        items.clear()
        work_off(self.clock.moment)

    def _post(self, item: Item) -> None:
        if self.place.post(item):
            self.told.take(item)


@pytest.fixture
def front(app: Flask) -> Front:
    return Front(app)


@pytest.fixture
def address(app: Flask, front: Front) -> Iterator[str]:
    """The platform on a port where it sometimes is away; it knows the secrets of all three."""
    kept = app.extensions["settings"]
    secrets = dict.fromkeys(
        ("zoom_webhook_secret", "bbb_secret", "jitsi_secret"), SecretStr(sending.SECRET)
    )
    app.extensions["settings"] = kept.model_copy(update=secrets)
    with serving(front) as found:
        yield found
    app.extensions["settings"] = kept


def at_zoom(weeks: Weeks, zoom: ZoomServer) -> None:
    """What must be so at Zoom: rooms and registrations as ours, each once."""
    assert agree(zoom, weeks.clock) >= 0
    assert max(Counter(zoom.rooms.agendas).values()) == 1, "no class had two rooms"
    emails = Counter(
        one.email for meeting in zoom.rooms.meetings.values() for one in meeting.registrants
    )
    assert max(emails.values()) == 1, "nobody was registered twice"
    assert {*test_programme.FAULTS} == {*zoom.faults.happened}
    assert {one.answers[-1] for one in zoom.hooks.deliveries} == {204}, "all was taken in the end"
    silent = {str(number) for number in zoom.without_report}
    unanswered = (
        sa.select(MeetingRoom.external_id)
        .join(ReportCheck, ReportCheck.session_id == MeetingRoom.session_id)
        .where(ReportCheck.answered_at.is_(None))
    )
    assert set(db.session.scalars(unanswered)) <= silent


def at_a_server(weeks: Weeks, rooms: set[str], people: set[str]) -> None:
    """What must be so where rooms are opened at the click: none but of classes, nobody else."""
    held = {f"class-{lesson.session.id}": lesson for lesson in weeks.lessons}
    assert rooms == {name for name, lesson in held.items() if lesson.stays}
    assert people == {str(stay.booking_id) for one in weeks.lessons for stay in one.stays}
    ours = db.session.scalars(sa.select(MeetingRoom.external_id)).all()
    assert sorted(ours) == sorted({*ours}), "no class has two rooms"
    assert rooms <= set(ours)


def count(weeks: Weeks) -> Counter[str]:
    """Compare every record with the truth, and with what was told; how many were of which kind."""
    db.session.expire_all()
    found: Counter[str] = Counter()
    for lesson in weeks.lessons:
        live = {booking.id for booking in weeks._people(lesson.session)}
        for booking_id in live:
            found[_of_one(weeks, lesson, booking_id)] += 1
        assert meetings.unmatched(lesson.session.id) == [], "everybody is known"
    return found


def _of_one(weeks: Weeks, lesson: Lesson, booking_id: UUID) -> str:
    row = queries.of_booking(booking_id)
    assert row is not None
    came = [stay for stay in lesson.stays if stay.booking_id == booking_id]
    own = [stay for stay in came if weeks.told.is_known(stay)]
    seconds, really = round(row.machine_minutes * 60), len(truth(own))
    counts = set[int]().union(*(weeks.told.seconds(lesson, stay) for stay in own))
    assert seconds == len(counts), _told_of(weeks, lesson, booking_id)
    if came and not own:
        assert row.machine_status is not Status.NO_SHOW, "unknown is not absent"
        return "unknown"
    if all(weeks.told.is_whole(stay) for stay in own):
        assert seconds == really, "to the second"
        assert not row.is_imputed
        return "exact" if own else "absent"
    if seconds != really:
        assert row.is_imputed, _told_of(weeks, lesson, booking_id)
        return "presumed"
    return "right all the same"


def _told_of(weeks: Weeks, lesson: Lesson, booking_id: UUID) -> str:
    """What was so and what was told, for whoever looks for a fault."""
    own = [one for one in lesson.stays if one.booking_id == booking_id]
    visits = [(one.came, one.left, one.visit, one.room_run) for one in own]
    named = {one.visit for one in own}
    tells = [pair for pair in weeks.told.visits if pair[1] in named]
    rooms = [one for one in weeks.told.rooms if one[1].partition("/")[0] in str(visits)]
    found = sa.select(MeetingEvent).where(
        MeetingEvent.session_id == lesson.session.id,
        sa.or_(MeetingEvent.booking_id == booking_id, MeetingEvent.connection == ""),
    )
    kept = [
        (round((one.happened_at - lesson.starts_at).total_seconds()), str(one.kind),
         str(one.source), one.connection[:4], one.run[-4:])
        for one in db.session.scalars(found.order_by(MeetingEvent.happened_at))
    ]  # fmt: skip
    return f"{lesson.starts_at} {visits} {tells} {rooms} {kept}"


def judge(weeks: Weeks, front: Front) -> None:
    """What must be so at every provider."""
    found = count(weeks)
    print(weeks.place.name, *found.items(), *weeks.on_the_way.items(), *front.happened.items())
    assert found["exact"] > 50
    assert found["presumed"] > 0, "there was something that nobody told"
    assert len(weeks.lessons) > 20
    assert {*weeks.on_the_way} == {*ON_THE_WAY}
    assert len(front.happened) == 3
    states = set(db.session.scalars(sa.select(HookEvent.state)))
    assert states <= {State.APPLIED, State.NOT_OURS}
    keys = db.session.scalars(sa.select(MeetingEvent.key)).all()
    assert len(keys) == len({*keys}) > 300


def once_where_time_is_short() -> None:
    """They run on one database in the suite, and on both with SOAK=1."""
    if db.engine.dialect.name == "postgresql" and not IS_LONG:
        pytest.skip("these twelve weeks run here with SOAK=1; those of test_programme do always")


@pytest.mark.random
def test_zoom(
    zoom_app: Flask, zoom: ZoomServer, worker: Worker, clock: FakeClock, address: str,
    front: Front, browse_as: Browse,
) -> None:  # fmt: skip
    once_where_time_is_short()
    assert zoom.hooks.subscribe(f"{address}/hooks/zoom", sending.SECRET)
    zoom.faults.every, zoom.faults.kinds = EVERY, test_programme.FAULTS
    zoom.faults.seconds = 1.0 if IS_LONG else 0.0
    weeks = Weeks(zoom_app, AtZoom(zoom, worker, clock), clock, browse_as)
    weeks.run()
    zoom.faults.every = 0
    worker.until_calm()
    at_zoom(weeks, zoom)
    judge(weeks, front)


@pytest.fixture
def bbb(app: Flask, clock: FakeClock, address: str) -> Iterator[BigBlueButtonServer]:
    with ExitStack() as held:
        server = held.enter_context(bigbluebutton(sending.SECRET, clock))
        ours = BigBlueButton(server.url, sending.SECRET, hashed="sha256", public_url=address)
        held.enter_context(using(app, ours, public_url=address))
        server.every, server.kinds = EVERY, BBB_FAULTS
        server.slowness = 2.5 if IS_LONG else 0.01
        yield server


@pytest.mark.random
def test_bigbluebutton(
    app: Flask, bbb: BigBlueButtonServer, clock: FakeClock, front: Front, browse_as: Browse
) -> None:
    once_where_time_is_short()
    weeks = Weeks(app, AtBigBlueButton(bbb, clock), clock, browse_as)
    weeks.run()
    at_a_server(weeks, {one.external for one in bbb.ended}, {stay.person for stay in bbb.truth})
    assert {*bbb.happened} == {*BBB_FAULTS}
    judge(weeks, front)


@pytest.fixture
def prosody(app: Flask, clock: FakeClock, address: str) -> Iterator[JitsiServer]:
    with ExitStack() as held:
        server = held.enter_context(jitsi("trial", sending.SECRET, clock))
        ours = Jitsi(server.url, "trial", sending.SECRET, now=clock)
        held.enter_context(using(app, ours, public_url=address))
        server.every, server.events_to = EVERY, f"{address}/hooks/jitsi"
        yield server


@pytest.mark.random
def test_jitsi(
    app: Flask, prosody: JitsiServer, clock: FakeClock, front: Front, browse_as: Browse
) -> None:
    once_where_time_is_short()
    weeks = Weeks(app, AtJitsi(prosody, clock, front), clock, browse_as)
    weeks.run()
    at_a_server(weeks, {stay.room for stay in prosody.truth}, {one.person for one in prosody.truth})
    assert {*prosody.happened} == {"503", "hangup"}
    judge(weeks, front)
