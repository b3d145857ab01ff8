"""From what a provider sends to minutes: in any order, late, twice, without names."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta
from io import StringIO

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.attendance import evidence, queries, service, strangers
from remote_training.attendance.models import Change, Status
from remote_training.audit import queries as audit
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.hooks import jobs
from remote_training.hooks import service as hooks
from remote_training.hooks.models import HookEvent, State
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import (
    Decision,
    MeetingEvent,
    RoomUpkeep,
    UnmatchedPresence,
)
from remote_training.outside.meetings import Cause
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.conftest import register, room, work

HOUR = 3600


@pytest.fixture
def her(booking: Booking) -> Booking:
    """Somebody who is registered in a room of Zoom."""
    register(room(booking), booking)
    return booking


def tell(app: Flask, client: FlaskClient, *bodies: bytes) -> None:
    """Send, and work on it."""
    for body in bodies:
        assert sending.send_zoom(client, body).status_code == 204
    work(app)


def seconds(booking: Booking) -> float:
    """How long she was in the class, by the record."""
    row = queries.of_booking(booking.id)
    return round(row.machine_minutes * 60, 1) if row else 0


def over(app: Flask, clock: FakeClock) -> None:
    """The class is over, and settled."""
    clock.moment = NOON + timedelta(minutes=70)
    service.settle(now=clock.moment)
    db.session.commit()


joined, left = "participant_joined", "participant_left"
say = sending.zoom_person


@pytest.mark.parametrize(
    ("bodies", "wanted"),
    [
        pytest.param([say(joined, 0), say(left, 600)], 600, id="came and went"),
        pytest.param([say(left, 600), say(joined, 0)], 600, id="told the wrong way round"),
        pytest.param([say(joined, 0), say(left, 600)] * 3, 600, id="told three times"),
        pytest.param(
            [say(joined, 0, spelled="date_time"), say(left, 600, spelled="date_time")],
            600,
            id="the other spelling",
        ),
        pytest.param(
            [say(joined, 0, join_time=None), say(left, 600, leave_time=None)],
            600,
            id="no time but that of the event",
        ),
        pytest.param(
            [say(joined, 0, user_id=16778240, room=81234567890), say(left, 600)],
            600,
            id="numbers and texts",
        ),
        pytest.param(
            [say(joined, 0), say(left, 600, registrant_id=None, participant_uuid=None)],
            600,
            id="the leaving names nobody",
        ),
        pytest.param(
            [say(left, 600, registrant_id="", email=None, user_name=None), say(joined, 0)],
            600,
            id="nor does the first that comes",
        ),
        pytest.param(
            [
                say(joined, 0),
                say(left, 300),
                say(joined, 400, user_id="2"),
                say(left, 900, user_id="2"),
            ],
            800,
            id="away for a while",
        ),
        pytest.param(
            [
                say(joined, 0),
                say(joined, 200, user_id="2"),
                say(left, 900),
                say(left, 500, user_id="2"),
            ],
            900,
            id="two devices",
        ),
        pytest.param(
            [
                say("participant_joined_waiting_room", 0),
                say("participant_left_waiting_room", 300),
                say(joined, 300),
                say(left, 900),
            ],
            600,
            id="waiting does not count",
        ),
        pytest.param([say("participant_joined_waiting_room", 0)], 0, id="never let in"),
        pytest.param(
            [
                say(joined, 0),
                say("participant_put_in_waiting_room", 300),
                say("participant_admitted", 500),
                say(left, 900),
            ],
            700,
            id="put into the waiting room and let in again",
        ),
        pytest.param(
            [say(joined, 0), say("participant_put_in_waiting_room", 300), say(left, 900)],
            300,
            id="put there and not let in again",
        ),
        pytest.param(
            [
                say(joined, 0),
                say(left, 300, leave_reason="P left to join breakout room."),
                say("participant_joined_breakout_room", 305, breakout="B"),
                say("participant_left_breakout_room", 600, breakout="B"),
                say(joined, 605),
                say(left, 900),
            ],
            900,
            id="a breakout room is a part of the class",
        ),
        pytest.param(
            [
                say(joined, 0),
                say(left, 300),
                say("participant_joined_breakout_room", 310, breakout="B"),
                say("participant_left_breakout_room", 600, breakout="B"),
            ],
            590,
            id="moving there without a word is a break",
        ),
        pytest.param([say(joined, -400), say(left, 5000)], HOUR, id="only within the class"),
        pytest.param(
            [
                say(joined, 0),
                sending.zoom_room("ended", 1200),
                sending.zoom_room("started", 1300, uuid="RUN-2"),
                say(joined, 1300, run="RUN-2", user_id="9"),
                say(left, 2000, run="RUN-2", user_id="9"),
            ],
            1900,
            id="the host began anew",
        ),
        pytest.param(
            [
                say(joined, 0),
                sending.zoom_room("started", 1300, uuid="RUN-2"),
                say(joined, 1300, run="RUN-2", user_id="9"),
                say(left, 2000, run="RUN-2", user_id="9"),
            ],
            2000,
            id="and nobody told that the first one ended",
        ),
    ],
)
def test_events_of_zoom_become_seconds_in_whichever_order(
    app: Flask,
    browser: FlaskClient,
    her: Booking,
    clock: FakeClock,
    bodies: list[bytes],
    wanted: int,
) -> None:
    clock.moment = NOON + timedelta(minutes=70)
    tell(app, browser, *bodies)
    assert seconds(her) == wanted
    assert meetings.unmatched(her.session_id) == [], "everybody is known in the end"


def test_each_event_in_a_round_of_its_own_in_any_order(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    clock.moment = NOON + timedelta(minutes=70)
    stream = [
        say(joined, 0, registrant_id=None),
        say(left, 300),
        say(joined, 400, user_id="2", registrant_id=None),
        sending.zoom_room("ended", 900),
        say("participant_admitted", 410, user_id="2"),
    ]
    for order in itertools.islice(itertools.permutations(stream), 0, 120, 11):
        for table in (MeetingEvent, UnmatchedPresence, HookEvent):
            db.session.execute(sa.delete(table))
        db.session.commit()
        for body in order:
            tell(app, browser, body)
        assert seconds(her) == 300 + 500
        assert meetings.unmatched(her.session_id) == []


def test_a_leaving_that_never_came_ends_with_the_room_and_is_marked(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    clock.moment = NOON + timedelta(minutes=70)
    tell(app, browser, say(joined, 0), sending.zoom_room("ended", 1800))
    row = queries.of_booking(her.id)
    assert row is not None
    assert (row.machine_minutes, row.is_imputed) == (30, True)
    tell(app, browser, say(left, 1500))
    db.session.expire_all()
    assert (row.machine_minutes, row.is_imputed) == (25, False), "what is told late counts more"


def test_nobody_is_known_by_a_name_or_an_address(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    """Another one who calls herself as she does is not she."""
    name, email = her.participant.contact.name, her.participant.contact.email
    tell(app, browser, say(joined, 0, registrant_id="", user_name=name, email=email))
    assert seconds(her) == 0
    [unknown] = meetings.unmatched(her.session_id)
    assert unknown.name == name
    assert name.encode() not in (unknown.name_sealed or b"")
    tell(app, browser, say(joined, 60, user_id="2"))
    clock.moment = NOON + timedelta(minutes=10)
    service.recompute(her, now=clock.moment)
    assert seconds(her) == 540, "by her registration she is known"


def test_a_registration_counts_in_its_own_room_only(
    app: Flask, browser: FlaskClient, her: Booking
) -> None:
    other = make.booking(session=make.session(starts_at=NOON))
    register(room(other, external_id="85555555555"), other, "OTHER")
    tell(app, browser, say(joined, 0, registrant_id="OTHER"), say(left, 600, registrant_id="OTHER"))
    assert seconds(other) == seconds(her) == 0
    assert len(meetings.unmatched(her.session_id)) == 1
    tell(app, browser, say(joined, 0, registrant_id="OTHER", room="85555555555", run="X"))
    assert len(meetings.unmatched(other.session_id)) == 0


def test_the_host_is_nobody_but_shows_that_the_room_worked(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    over(app, clock)
    row = queries.of_booking(her.id)
    assert row is not None
    assert row.machine_status is None, "nothing was heard from the room: not known"
    tell(app, browser, say(joined, -60, id="HOST", registrant_id="", user_id="1"))
    db.session.expire_all()
    assert meetings.unmatched(her.session_id) == []
    assert row.machine_status is Status.NO_SHOW


def test_a_room_of_others_is_passed_over_and_its_text_not_kept(
    app: Flask, browser: FlaskClient, her: Booking
) -> None:
    tell(app, browser, say(joined, 0, room="99999999999"), say(joined, 0))
    found = {event.state: event for event in db.session.scalars(sa.select(HookEvent))}
    assert set(found) == {State.NOT_OURS, State.APPLIED}
    assert found[State.NOT_OURS].body_sealed is None
    assert found[State.APPLIED].session_id == her.session_id


def test_six_hours_late_is_applied_and_what_it_changes_is_kept(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    tell(app, browser, say(joined, 0))
    over(app, clock)
    clock.moment = NOON + timedelta(hours=6)
    tell(app, browser, say(left, 600))
    assert seconds(her) == 600
    [change] = db.session.scalars(sa.select(Change))
    assert (change.cause, change.minutes_before, change.minutes_after) == ("webhook", 60, 10)


def test_two_days_late_is_kept_flagged_and_not_applied(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    over(app, clock)
    clock.moment = NOON + timedelta(days=2)
    tell(app, browser, say(joined, 0))
    assert seconds(her) == 0
    [event] = db.session.scalars(sa.select(HookEvent))
    assert (event.state, event.session_id) == (State.STALE, her.session_id)
    fresh = sending.zoom_person("participant_left", 600)
    assert sending.send_zoom(browser, fresh, stamp=clock.moment).status_code == 204
    work(app)
    assert seconds(her) == 0, "nor is one with a new stamp about something so old"


def test_who_dialled_in_is_decided_by_the_trainer_and_may_be_taken_back(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    other = make.booking(session=her.session)
    tell(
        app, browser,
        say(joined, 0, registrant_id="", user_id="77", participant_uuid="", user_name="31201234"),
        say(left, 1800, registrant_id="", user_id="77", participant_uuid=""),
        say(joined, 0), say(left, 600),
    )  # fmt: skip
    over(app, clock)
    [unknown] = meetings.unmatched(her.session_id)
    trainer, absent = her.session.trainer_id, queries.of_booking(other.id)
    assert absent is not None
    assert absent.machine_status is None, "she may be the one who dialled in"

    def decide(decision: Decision | None, booking: Booking | None) -> None:
        strangers.decide(unknown, decision, booking, now=clock.moment, by=trainer)
        db.session.commit()

    decide(Decision.BOOKED, other)
    assert (seconds(other), absent.counts_as) == (1800, Status.ATTENDED)
    assert seconds(her) == 600
    decide(Decision.NOBODY, None)
    assert (seconds(other), absent.counts_as) == (0, Status.NO_SHOW)
    decide(Decision.BOOKED, her)
    assert seconds(her) == 1800
    decide(None, None)
    decide(None, None)
    assert (seconds(her), seconds(other), absent.counts_as) == (600, 0, None)
    entries = audit.about([her.session_id], subjects=("session",))
    assert [entry.action for entry in entries] == ["attendance.decide_unknown"] * 4
    assert "31201234" not in str([entry.detail for entry in entries])


def test_what_the_trainer_decided_holds_for_what_comes_later(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    tell(app, browser, say(joined, 0, registrant_id="", user_id="77"))
    [unknown] = meetings.unmatched(her.session_id)
    strangers.decide(unknown, Decision.BOOKED, her, now=NOON, by=her.session.trainer_id)
    db.session.commit()
    clock.moment = NOON + timedelta(minutes=70)
    tell(app, browser, say(left, 900, registrant_id="", user_id="77", user_name=None))
    assert seconds(her) == 900


def test_a_message_that_breaks_is_put_aside_and_the_rest_go_on(
    app: Flask, browser: FlaskClient, her: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_body: str) -> Iterable[object]:
        raise ZeroDivisionError

    monkeypatch.setitem(jobs.READERS, ("bigbluebutton", "events"), breaks)
    body = sending.bbb_body(sending.bbb_event("user-joined", 0, meeting="class-x"))
    assert sending.send_bbb(browser, body).status_code == 204
    for _ in range(jobs.TRIES):
        tell(app, browser, say(joined, 0))
    states = db.session.execute(sa.select(HookEvent.provider, HookEvent.state)).all()
    assert set(states) == {("bigbluebutton", State.BROKEN), ("zoom", State.APPLIED)}


def test_texts_are_emptied_after_ninety_days_and_a_replay_still_is_one(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    tell(app, browser, say(joined, 0))
    assert hooks.forget(now=NOON + timedelta(days=89)) == 0
    assert hooks.forget(now=NOON + timedelta(days=91)) == 1
    db.session.commit()
    tell(app, browser, say(joined, 0))
    [event] = db.session.scalars(sa.select(HookEvent))
    assert event.body_sealed is None


def test_the_trainer_sees_each_step(
    app: Flask, browser: FlaskClient, her: Booking, clock: FakeClock
) -> None:
    tell(app, browser, say(joined, 0), say(left, 720), say(joined, 1140, user_id="2"))
    over(app, clock)
    tell(app, browser, say(left, 2280, user_id="2"), sending.zoom_room("ended", HOUR))
    found = evidence.of(her, now=clock.moment)
    assert [(one.left_at, one.back_at) for one in found.breaks] == [
        (sending.at(720), sending.at(1140))
    ]
    assert [str(source) for source in found.sources] == ["webhook"]
    assert [step.device for step in found.steps] == [1, 1, 2, 2, None]
    assert [change.minutes_after for change in found.changes] == [31]


@pytest.mark.parametrize("event", ["updated", "deleted"])
@pytest.mark.parametrize("error", [None, Cause.UNREACHABLE])
def test_a_room_that_somebody_changed_at_zoom_is_looked_at_in_the_next_round(
    app: Flask, browser: FlaskClient, her: Booking, event: str, error: Cause | None
) -> None:
    later = NOON + timedelta(minutes=10)
    upkeep = RoomUpkeep(
        session_id=her.session_id, checked_at=NOON, next_try_at=later, last_error=error
    )
    db.session.add(upkeep)
    db.session.commit()
    tell(app, browser, sending.zoom_room(event, 10))
    db.session.expire_all()
    assert upkeep.checked_at is None
    assert upkeep.next_try_at == (later if error else None), "a provider that fails has its time"
    (kept,) = db.session.scalars(sa.select(HookEvent))
    assert (kept.state, kept.session_id) == (State.APPLIED, her.session_id)


def test_a_message_that_cannot_be_read_is_logged_without_what_stands_in_it(
    app: Flask, browser: FlaskClient, her: Booking, log: StringIO
) -> None:
    body = say(joined, 0, user_id=None, participant_uuid=None, registrant_id=None)
    odd = b'{"event": {"a": 1}, "user_name": "Ada Lovelace", "id": "Ada"}'
    tell(app, browser, body, odd)
    said = log.getvalue()
    lines = [line for line in said.splitlines() if "a message cannot be read" in line]
    assert len(lines) == 2
    assert "zoom/events/meeting.participant_joined" in "".join(lines)
    assert "Ada" not in said
    assert all(str(event.id) in said for event in db.session.scalars(sa.select(HookEvent)))
