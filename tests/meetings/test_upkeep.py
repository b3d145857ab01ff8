"""Rooms that are kept ahead agree with the classes and bookings that we hold, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.meetings import leases, markers, plans, queries, upkeep
from remote_training.meetings.models import (
    Difference,
    MeetingPerson,
    MeetingRoom,
    RoomUpkeep,
    StrayRoom,
)
from remote_training.meetings.provider_models import CallBudget, ProviderHealth
from remote_training.outside.meetings import Cause
from tests import make
from tests.fakes import NOON, FakeClock
from tests.meetings.conftest import Worker
from tests.servers.zoom import Meeting, ZoomServer

DAY = timedelta(days=1)


def all_meetings(zoom: ZoomServer) -> Sequence[Meeting]:
    return list(zoom.rooms.meetings.values())


def only(zoom: ZoomServer) -> Meeting:
    (meeting,) = all_meetings(zoom)
    return meeting


def approved(meeting: Meeting) -> list[str]:
    return sorted(one.email for one in meeting.registrants if one.status == "approved")


def state(session: Session) -> RoomUpkeep:
    db.session.rollback()
    row = queries.upkeep(session.id)
    assert row is not None
    return row


def calls(zoom: ZoomServer, method: str, route: str) -> int:
    return sum(one.method == method and one.route == route for one in zoom.log)


def alias(booking: Booking) -> str:
    found = (
        sa.select(MeetingPerson.alias)
        .join(MeetingPerson.room)
        .where(MeetingPerson.booking_id == booking.id, MeetingRoom.replaced_at.is_(None))
    )
    return str(db.session.scalars(found).one())


def test_a_class_gets_a_room_and_who_booked_it_a_way_in(worker: Worker, zoom: ZoomServer) -> None:
    booking = make.booking(participant=make.participant(contact=make.contact(name="Ada Lovelace")))
    session = booking.session
    worker.until_calm()
    meeting = only(zoom)
    assert (meeting.start_time, meeting.duration) == (session.starts_at, 60)
    assert meeting.topic == "Training session"
    assert markers.session_id(meeting.agenda) == session.id
    assert meeting.settings["waiting_room"]
    assert not meeting.settings["registrants_confirmation_email"]
    (her,) = meeting.registrants
    assert her.first_name == "Ada"
    assert her.email.startswith("p-")
    assert her.email.endswith("@trial.example.org")
    room = queries.room(session.id)
    assert room is not None
    known = queries.person(room.id, booking.id)
    assert known is not None
    assert known.join_url == zoom.links(meeting, her)
    assert known.external_id == her.id
    assert queries.person_named("zoom", str(meeting.id), her.id).booking_id == booking.id


def test_a_class_in_three_weeks_has_no_room_yet(worker: Worker, zoom: ZoomServer) -> None:
    make.session(starts_at=NOON + 21 * DAY)
    worker.until_calm()
    assert all_meetings(zoom) == []


def test_a_second_round_changes_nothing(worker: Worker, zoom: ZoomServer, clock: FakeClock) -> None:
    make.booking()
    worker.until_calm()
    before = len(zoom.log)
    worker.round()
    assert len(zoom.log) == before, "nothing was even asked"
    clock.forward(hours=7)
    worker.until_calm()
    changing = [one.method for one in zoom.log[before:] if one.method != "GET"]
    assert changing == [], "looked at, and left as it was"


def test_a_class_that_moves_takes_its_room_along(worker: Worker, zoom: ZoomServer) -> None:
    booking = make.booking()
    worker.until_calm()
    first, link = only(zoom).id, way_in(booking)
    booking.session.starts_at += timedelta(hours=2)
    booking.session.ends_at += timedelta(hours=2)
    db.session.commit()
    worker.until_calm()
    assert only(zoom).id == first
    assert only(zoom).start_time == booking.session.starts_at
    assert way_in(booking) == link, "her way in stays"


def way_in(booking: Booking) -> str:
    room = queries.room(booking.session_id)
    assert room is not None
    known = queries.person(room.id, booking.id)
    assert known is not None
    return known.join_url


def test_a_place_given_back_opens_no_door(worker: Worker, zoom: ZoomServer) -> None:
    booking = make.booking()
    other = make.booking(session=booking.session)
    worker.until_calm()
    assert len(approved(only(zoom))) == 2
    booking.cancelled_at = NOON
    booking.session.taken -= 1
    db.session.commit()
    worker.until_calm()
    assert approved(only(zoom)) == [alias(other)]
    assert way_in(booking) == ""
    assert way_in(other) != ""
    again = make.booking(session=booking.session, participant=booking.participant)
    worker.until_calm()
    assert alias(again) != alias(booking), "another booking is another person to Zoom"
    assert len(approved(only(zoom))) == 2


def test_a_class_that_is_called_off_loses_its_room(worker: Worker, zoom: ZoomServer) -> None:
    booking = make.booking()
    worker.until_calm()
    assert len(all_meetings(zoom)) == 1
    booking.session.called_off_at = NOON
    db.session.commit()
    worker.until_calm()
    assert all_meetings(zoom) == []
    assert queries.room(booking.session_id) is None


@pytest.mark.parametrize("kind", ["500_after", "hang_after", "drop_after", "garbage"])
def test_a_room_whose_creation_was_not_heard_of_is_made_once(
    worker: Worker, zoom: ZoomServer, kind: str
) -> None:
    zoom.faults.seconds = 0.0
    make.booking()
    zoom.faults.next(kind, on="POST /users")
    worker.until_calm()
    assert zoom.faults.happened == [kind]
    assert len(zoom.rooms.created) == 1
    assert len(approved(only(zoom))) == 1


def test_without_looking_first_there_would_be_two(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    """The control of the test above: it is the row that says so which saves us."""
    make.booking()
    zoom.faults.next("500_after", on="POST /users")
    worker.round()
    db.session.execute(sa.update(RoomUpkeep).values(begun_at=None))
    db.session.commit()
    clock.forward(seconds=20)
    worker.round()
    assert len(zoom.rooms.created) == 2


@pytest.mark.parametrize("kind", ["500_after", "drop_after", "drop", "500", "503", "401", "4001"])
@pytest.mark.parametrize(
    "on",
    [
        "POST /meetings/{meeting}/registrants",
        "GET /meetings/{meeting}/registrants",
        "GET /meetings/{meeting}",
        "GET /users/{user}/meetings",
        "POST /users/{user}/meetings",
    ],
)
def test_whatever_goes_wrong_once_in_the_end_it_agrees(
    worker: Worker, zoom: ZoomServer, kind: str, on: str
) -> None:
    booking = make.booking()
    zoom.faults.next(kind, on=on)
    worker.until_calm()
    assert zoom.faults.happened == [kind]
    assert len(zoom.rooms.created) == 1
    assert approved(only(zoom)) == [alias(booking)]
    assert state(booking.session).last_error is None


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("429_iso", 30), ("429_seconds", 30), ("429_date", 30), ("429_daily", 12 * 3600)],
)
def test_after_too_many_calls_nobody_asks_before_the_moment_that_was_named(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, kind: str, seconds: float
) -> None:
    session = make.session()
    zoom.faults.next(kind, on="POST /users")
    worker.round()
    row = state(session)
    assert row.last_error in (Cause.TOO_FAST, Cause.DAY_LIMIT)
    assert row.next_try_at is not None
    assert abs((row.next_try_at - clock()).total_seconds() - seconds) < 3
    assert all_meetings(zoom) == []
    clock.moment = row.next_try_at - timedelta(seconds=1)
    worker.round()
    assert all_meetings(zoom) == []
    clock.forward(seconds=2)
    worker.until_calm()
    assert len(all_meetings(zoom)) == 1


def test_the_hundred_of_a_day_are_counted_before_they_are_asked_for(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    for n in range(103):
        make.session(starts_at=NOON + DAY + timedelta(minutes=2 * n), minutes=30)
    for _ in range(6):
        worker.round()
        clock.forward(minutes=1)
    assert len(zoom.rooms.created) == 100
    assert all(one.status != 429 for one in zoom.log), "it was never asked too often"
    soonest = sorted(meeting.start_time for meeting in all_meetings(zoom))
    assert soonest[-1] == NOON + DAY + timedelta(minutes=198), "the soonest classes come first"
    clock.moment = datetime(2026, 11, 25, 0, 0, 5, tzinfo=NOON.tzinfo)
    for _ in range(4):
        worker.round()
        clock.forward(minutes=1)
    assert len(zoom.rooms.created) == 103


def test_who_comes_and_goes_four_times_a_day_waits_for_tomorrow_alone(
    worker: Worker, zoom: ZoomServer
) -> None:
    booking, other = make.booking(), None
    worker.until_calm()
    db.session.execute(
        sa.update(CallBudget).where(CallBudget.subject.contains("/person/")).values(used=3)
    )
    booking.cancelled_at = NOON
    other = make.booking(session=booking.session)
    db.session.commit()
    worker.round()
    assert alias(other) in approved(only(zoom)), "nobody else waits for her"
    assert alias(booking) in approved(only(zoom))
    assert state(booking.session).last_error is Cause.DAY_LIMIT


def test_one_room_that_is_poisoned_stops_no_other(worker: Worker, zoom: ZoomServer) -> None:
    first = make.session(starts_at=NOON + DAY)
    make.session(starts_at=NOON + 2 * DAY)
    zoom.faults.next("200", on="POST /users")
    worker.round()
    assert state(first).last_error is Cause.LICENCE
    assert len(all_meetings(zoom)) == 1


def test_a_room_that_was_deleted_by_hand_is_shown_and_not_made_again(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    zoom.rooms.meetings.clear()
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {Difference.GONE}
    clock.forward(hours=1)
    worker.round()
    assert all_meetings(zoom) == []
    db.session.refresh(booking)
    assert booking.is_live
    plans.put_right(booking.session, now=clock())
    db.session.commit()
    worker.until_calm()
    assert approved(only(zoom)) == [alias(booking)]
    assert not state(booking.session).differs


@pytest.mark.parametrize("minutes_before", [59, 15, -20], ids=["due soon", "near", "on"])
def test_a_room_that_is_deleted_when_its_class_is_due_is_made_anew_at_once(
    worker: Worker, zoom: ZoomServer, clock: FakeClock, minutes_before: int
) -> None:
    booking = make.booking(session=make.session(starts_at=NOON + timedelta(hours=2)))
    worker.until_calm()
    first, was = only(zoom).id, way_in(booking)
    clock.moment = booking.session.starts_at - timedelta(minutes=minutes_before)
    worker.until_calm(seconds=1)
    zoom.delete_by_hand(first)
    plans.look_now([booking.session_id])  # as when Zoom tells of it
    db.session.commit()
    worker.round()
    assert only(zoom).id != first
    assert approved(only(zoom)) == [alias(booking)]
    assert was != way_in(booking) != ""
    assert state(booking.session).differs == {Difference.ANEW}, "it is shown"
    known = sa.select(MeetingPerson).join(MeetingPerson.room).where(MeetingRoom.was_lost)
    (before,) = db.session.scalars(known)
    assert (before.join_url_sealed, before.may_come_in) == (None, False)
    asked = len(zoom.log)
    worker.round()
    assert len(zoom.log) == asked, "and then there is peace"


def test_a_room_that_is_deleted_again_and_again_is_left_to_people(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking(session=make.session(starts_at=NOON + timedelta(minutes=10)))
    for _ in range(plans.MOST_ANEW + 2):
        worker.until_calm(seconds=1)
        for meeting in all_meetings(zoom):
            zoom.delete_by_hand(meeting.id)
        clock.forward(minutes=1)
    worker.round()
    assert len(zoom.rooms.created) == 1 + plans.MOST_ANEW
    assert state(booking.session).differs == {Difference.GONE, Difference.ANEW}


def test_a_room_that_is_brought_back_while_no_other_can_be_made_is_the_room_again(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking(session=make.session(starts_at=NOON + timedelta(minutes=10)))
    worker.until_calm(seconds=1)
    meeting, was = only(zoom), way_in(booking)
    zoom.delete_by_hand(meeting.id)
    zoom.faults.next("500", on="POST /users")
    clock.forward(minutes=1)
    worker.round()
    assert state(booking.session).last_error is Cause.BROKEN
    zoom.rooms.meetings[meeting.id] = zoom.rooms.deleted.pop(meeting.id)  # out of Zoom's bin
    for _ in range(2):
        clock.forward(minutes=1)
        worker.round()
    assert (only(zoom).id, way_in(booking)) == (meeting.id, was)
    assert not state(booking.session).differs


def test_everything_that_was_changed_by_hand_is_shown_and_put_right_together(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    meeting, guest = only(zoom), {"email": "guest@example.com", "first_name": "Guest"}
    planned = (meeting.start_time, meeting.topic, dict(meeting.settings))
    meeting.topic, meeting.start_time = "Cancer group", meeting.start_time + timedelta(hours=1)
    meeting.settings |= {"waiting_room": False, "alternative_hosts": "who@example.com"}
    meeting.registrants.clear()
    zoom.rooms.register(meeting, guest, clock())
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {
        Difference.MOVED, Difference.RENAMED, Difference.UNSAFE, Difference.HOSTS,
        Difference.STRANGERS, Difference.PERSON_GONE,
    }  # fmt: skip
    assert meeting.topic == "Cancer group", "nothing is overwritten"
    plans.put_right(booking.session, now=clock())
    db.session.commit()
    worker.until_calm()
    assert (meeting.start_time, meeting.topic, meeting.settings) == planned
    assert alias(booking) in approved(meeting)
    assert state(booking.session).differs == {Difference.STRANGERS}


def test_who_books_into_a_room_that_was_renamed_by_hand_has_her_way_in_at_once(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    only(zoom).topic = "Another title"
    clock.forward(hours=7)
    worker.round()
    other = make.booking(session=booking.session)
    worker.round()
    assert way_in(other) != ""
    assert state(booking.session).differs == {Difference.RENAMED}


def test_substitutes_may_start_the_room_as_alternative_hosts(
    worker: Worker, zoom: ZoomServer, zoom_app: Flask, clock: FakeClock
) -> None:
    zoom.rooms.users |= {"acc-1": 2, "sub@example.org": 2, "poor@example.org": 1}
    with hosted(zoom_app, "Sub@example.org"):
        session = make.session(starts_at=NOON + DAY, host="utrecht-1")
        worker.until_calm()
        assert only(zoom).settings["alternative_hosts"] == "sub@example.org"
        assert only(zoom).settings["alternative_hosts_email_notification"] is False
        assert not state(session).differs
    with hosted(zoom_app, "sub@example.org", "poor@example.org"):
        worker.until_calm()
        assert state(session).differs == {Difference.HOSTS}, "one has no licence: it is shown"
        later = make.session(starts_at=NOON + 2 * DAY, host="utrecht-1")
        worker.until_calm()
        assert len(all_meetings(zoom)) == 2, "and a new class has its room all the same"
        assert state(later).differs == {Difference.HOSTS}
    with hosted(zoom_app):
        worker.until_calm()
        assert [one.settings["alternative_hosts"] for one in all_meetings(zoom)] == ["", ""]
        assert not state(session).differs, "the study file is newer: it wins"


@contextmanager
def hosted(app: Flask, *others: str) -> Iterator[None]:
    """The host of a site is known at Zoom, and so are those who may start its rooms too."""
    study = app.extensions["study"]
    site = study.site("utrecht")
    host = site.hosts[0].model_copy(update={"account": "acc-1", "others": others})
    changed = site.model_copy(update={"hosts": (host, *site.hosts[1:])})
    sites = tuple(changed if one.code == "utrecht" else one for one in study.sites)
    app.extensions["study"] = study.model_copy(update={"sites": sites})
    try:
        yield
    finally:
        app.extensions["study"] = study


def test_a_room_that_was_moved_by_hand_is_shown_and_not_moved_back(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    only(zoom).start_time += timedelta(hours=1)
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {Difference.MOVED}
    assert only(zoom).start_time == booking.session.starts_at + timedelta(hours=1)
    clock.forward(hours=1)
    worker.round()
    assert only(zoom).start_time == booking.session.starts_at + timedelta(hours=1)
    plans.put_right(booking.session, now=clock())
    db.session.commit()
    worker.until_calm()
    assert only(zoom).start_time == booking.session.starts_at
    assert not state(booking.session).differs


def test_a_room_that_anybody_may_enter_is_shown_until_it_is_safe_again(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    only(zoom).settings["waiting_room"] = False
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {Difference.UNSAFE}
    plans.put_right(booking.session, now=clock())
    db.session.commit()
    worker.until_calm()
    assert only(zoom).settings["waiting_room"]
    assert not state(booking.session).differs


def test_a_stranger_and_somebody_who_was_taken_out_by_hand_are_shown(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    worker.until_calm()
    guest = {"email": "guest@example.com", "first_name": "Guest"}
    zoom.rooms.register(only(zoom), guest, clock())
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {Difference.STRANGERS}
    only(zoom).registrants.clear()
    clock.forward(hours=7)
    worker.round()
    assert state(booking.session).differs == {Difference.PERSON_GONE}
    plans.put_right(booking.session, now=clock())
    db.session.commit()
    worker.until_calm()
    assert approved(only(zoom)) == [alias(booking)]


def test_a_lost_room_of_a_class_that_has_none_is_taken_up_again(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    """As after a restore of the database: the provider remembers what we forgot."""
    booking = make.booking()
    worker.until_calm()
    was = only(zoom).id
    for model in (MeetingPerson, MeetingRoom, RoomUpkeep):
        db.session.execute(sa.delete(model))
    db.session.commit()
    clock.forward(hours=2)
    worker.until_calm()
    assert only(zoom).id == was
    assert zoom.rooms.created == [was]
    assert alias(booking) in approved(only(zoom))
    assert state(booking.session).differs == {Difference.STRANGERS}, "her old registration"


def test_rooms_of_no_class_are_taken_away_and_other_peoples_are_not(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    session = make.session()
    worker.until_calm()
    mine = only(zoom).id

    def another(agenda: str, hours: float = 0) -> int:
        begins = session.starts_at + timedelta(hours=hours)
        said = {"start_time": f"{begins:%Y-%m-%dT%H:%M:%SZ}", "duration": 60, "agenda": agenda}
        return zoom.rooms.create("me", said, clock()).id

    twin = another(only(zoom).agenda)
    orphan = another(markers.of(UUID(int=7)))
    elsewhere = another(f"ref-{'0' * 12}-{UUID(int=7).hex}", hours=9)
    others = another("Team meeting about Zebulon", hours=0.5)
    far = another("Team meeting", hours=5)
    clock.forward(hours=2)
    worker.until_calm()
    assert set(zoom.rooms.meetings) == {mine, elsewhere, others, far}
    assert not {twin, orphan} & set(zoom.rooms.meetings)
    (stray,) = db.session.scalars(sa.select(StrayRoom))
    assert stray.external_id == str(others), "it lies across a class of ours in one account"


def test_a_room_of_no_class_in_which_somebody_is_stops_no_other(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    make.session()
    worker.until_calm()
    mine = only(zoom).id
    begins = clock() + timedelta(hours=9)
    said = {"start_time": f"{begins:%Y-%m-%dT%H:%M:%SZ}", "duration": 60}
    goes_on, _other = (
        zoom.rooms.create("me", said | {"agenda": markers.of(UUID(int=n))}, clock()).id
        for n in (7, 8)
    )
    zoom.begin(goes_on)
    clock.forward(hours=2)
    worker.until_calm()
    assert set(zoom.rooms.meetings) == {mine, goes_on}


def test_two_classes_at_once_in_one_account_are_shown(worker: Worker, clock: FakeClock) -> None:
    """Hosts without an account named for them share that of the login: it runs one at a time."""
    first = make.session(host="utrecht-1")
    make.session(host="utrecht-2", starts_at=first.starts_at + timedelta(minutes=30))
    make.session(host="utrecht-1", starts_at=first.ends_at + timedelta(minutes=30))
    worker.until_calm()
    clock.forward(hours=2)
    worker.until_calm()
    strays = db.session.scalars(sa.select(StrayRoom).order_by(StrayRoom.starts_at))
    assert [one.starts_at - first.starts_at for one in strays] == [
        timedelta(0), timedelta(minutes=30),
    ]  # fmt: skip


def test_another_host_means_another_room_and_no_second_one(
    zoom_app: Flask, worker: Worker, zoom: ZoomServer
) -> None:
    study = zoom_app.extensions["study"]
    hosts = [
        host.model_copy(update={"account": f"acc-{host.code}"})
        for host in study.site("utrecht").hosts
    ]
    site = study.site("utrecht").model_copy(update={"hosts": tuple(hosts)})
    sites = tuple(site if one.code == "utrecht" else one for one in study.sites)
    zoom.rooms.users |= {host.account: 2 for host in hosts}
    zoom_app.extensions["study"] = study.model_copy(update={"sites": sites})
    try:
        booking = make.booking(session=make.session(host=hosts[0].code))
        worker.until_calm()
        assert only(zoom).host_id == hosts[0].account
        booking.session.host = hosts[1].code
        db.session.commit()
        worker.until_calm()
        assert only(zoom).host_id == hosts[1].account
        assert approved(only(zoom)) == [alias(booking)]
    finally:
        zoom_app.extensions["study"] = study


def test_a_host_without_a_licence_is_named_and_not_asked_again_at_once(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    booking = make.booking()
    zoom.rooms.users["me"] = 1
    worker.round()
    assert state(booking.session).last_error is Cause.LICENCE
    before = len(zoom.log)
    clock.forward(seconds=20)
    worker.round()
    assert len(zoom.log) == before
    zoom.rooms.users["me"] = 2
    clock.forward(hours=1)
    worker.until_calm()
    assert approved(only(zoom)) == [alias(booking)]


def test_a_provider_that_is_away_is_asked_three_times_a_round_and_noted(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    for n in range(8):
        make.session(starts_at=NOON + DAY + timedelta(hours=n))
    zoom.faults.next("drop", times=100)
    assert worker.round().failed == 3
    clock.forward(seconds=40)
    db.session.rollback()
    assert queries.is_failing("zoom", now=clock())
    zoom.faults.waiting.clear()
    clock.forward(minutes=5)
    worker.until_calm()
    assert len(all_meetings(zoom)) == 8
    assert db.session.scalars(sa.select(ProviderHealth)).one().failing_since is None


def test_a_booking_made_minutes_before_the_class_is_let_in_by_the_next_round(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    session = make.session(starts_at=NOON + timedelta(minutes=10))
    worker.until_calm(seconds=1)
    booking = make.booking(session=session)
    worker.round()
    assert way_in(booking)
    assert approved(only(zoom)) == [alias(booking)]


def test_a_class_that_has_begun_still_gets_a_room_and_lets_people_in(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    """The provider takes no beginning in the past: it writes its own."""
    booking = make.booking(session=make.session(starts_at=NOON - timedelta(minutes=5)))
    worker.until_calm(seconds=1)
    assert approved(only(zoom)) == [alias(booking)]
    assert not state(booking.session).differs
    late = make.booking(session=booking.session)
    worker.until_calm(seconds=1)
    assert approved(only(zoom)) == sorted([alias(booking), alias(late)])
    assert calls(zoom, "PATCH", "/meetings/{meeting}") == 0


def test_a_beginning_with_a_fraction_of_a_second_is_not_changed_for_ever(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    make.session(starts_at=NOON + DAY + timedelta(seconds=7, microseconds=123456))
    worker.until_calm()
    clock.forward(hours=7)
    worker.until_calm()
    assert calls(zoom, "PATCH", "/meetings/{meeting}") == 0
    assert calls(zoom, "POST", "/users/{user}/meetings") == 1


def test_two_workers_at_once_make_one_room(worker: Worker, zoom: ZoomServer) -> None:
    session = make.session()
    row = plans.row_of(session)
    row.lease_until = NOON + timedelta(minutes=1)
    db.session.commit()
    worker.round()
    assert all_meetings(zoom) == [], "somebody else has it"
    db.session.execute(sa.update(RoomUpkeep).values(lease_until=None))
    db.session.commit()
    worker.round()
    assert len(all_meetings(zoom)) == 1


def test_a_worker_that_lost_its_lease_writes_nothing(
    worker: Worker, zoom: ZoomServer, clock: FakeClock
) -> None:
    session = make.session()
    work = upkeep._Upkeep(session.id, clock)
    db.session.rollback()
    assert work.begin()
    db.session.execute(sa.update(RoomUpkeep).values(lease_until=NOON + timedelta(hours=1)))
    db.session.commit()
    with pytest.raises(leases.LeaseLost):
        work.go()
    assert all_meetings(zoom) == []
