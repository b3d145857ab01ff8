"""Classes at BigBlueButton, from the press on Join to the minutes; and its server misbehaving."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.attendance import queries
from remote_training.attendance.models import Change, Status
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.meetings import listening
from remote_training.meetings import queries as meetings
from remote_training.meetings.models import MeetingEvent
from remote_training.outside.bigbluebutton import BigBlueButton
from remote_training.outside.meetings import (
    MeetingGone,
    MeetingRefused,
    MeetingUnavailable,
    Room,
    WantedPerson,
    WantedRoom,
)
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import providers, sending
from tests.hooks.providers import Browse, press_join, seconds, settle, true_seconds, work_off
from tests.servers.bigbluebutton import BigBlueButtonServer, Fault, Stay, bigbluebutton
from tests.servers.loopback import serving

WANTED = WantedRoom("a1", "ref", "", "Training session", NOON, 60)
HOUR_LATER = NOON + timedelta(hours=1)


@pytest.fixture
def server(app: Flask) -> Iterator[BigBlueButtonServer]:
    with bigbluebutton(sending.SECRET, app.extensions["outside"].now) as running:
        yield running


@pytest.fixture
def provider(server: BigBlueButtonServer) -> BigBlueButton:
    return BigBlueButton(
        server.url, sending.SECRET, hashed="sha256", public_url="http://127.0.0.1:9"
    )


@pytest.fixture
def people(app: Flask, server: BigBlueButtonServer) -> Iterator[dict[str, Booking]]:
    """Four people with a place in a class that begins now, at BigBlueButton."""
    hour = make.session(starts_at=NOON)
    with serving(app) as address:
        ours = BigBlueButton(server.url, sending.SECRET, hashed="sha256", public_url=address)
        with providers.using(app, ours, public_url=address):
            yield {name: make.booking(session=hour) for name in ("anna", "bea", "cora", "dora")}


class Script:
    """What happens in the class, at seconds after its beginning."""

    def __init__(
        self, server: BigBlueButtonServer, clock: FakeClock, join: Callable[[str], str]
    ) -> None:
        self._server, self._clock, self._join = server, clock, join

    def joins(self, name: str, at: float) -> Stay:
        self._clock.moment = sending.at(at)
        return self._server.join(self._join(name))

    def leaves(self, stay: Stay, at: float) -> None:
        self._clock.moment = sending.at(at)
        self._server.leave(stay)

    def ends(self, at: float) -> None:
        self._clock.moment = sending.at(at)
        self._server.end(next(iter(self._server.meetings)))


@pytest.fixture
def script(
    server: BigBlueButtonServer, clock: FakeClock, people: dict[str, Booking], browse_as: Browse
) -> Script:
    return Script(server, clock, lambda name: press_join(browse_as, people[name]))


def play(script: Script) -> None:
    """Anna stays; Bea goes and comes back; Cora has two devices; Dora only looks in before."""
    dora = script.joins("dora", -600)
    script.leaves(dora, -300)
    anna, bea = script.joins("anna", -60), script.joins("bea", 90)
    phone = script.joins("cora", 100)
    tablet = script.joins("cora", 400)
    script.leaves(bea, 1303)
    script.leaves(phone, 1500)
    again = script.joins("bea", 1719)
    script.leaves(tablet, 2000)
    script.leaves(again, 3011)
    script.ends(3300)
    assert anna.left_at == sending.at(3300)


@pytest.mark.parametrize("how", [{}, {"twice": True}, {"backwards": True}])
def test_a_class_is_counted_to_the_second_from_its_events(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script,
    how: dict[str, bool],
) -> None:  # fmt: skip
    play(script)
    server.deliver(**how)
    assert set(server.statuses) == {204}
    work_off(script._clock.moment)
    settle(app)
    wanted = true_seconds(server.truth, people, ends_at=HOUR_LATER)
    assert wanted == {"anna": 3300, "bea": 2505, "cora": 1900, "dora": 0}
    assert seconds(people) == wanted
    rows = {name: queries.of_booking(booking.id) for name, booking in people.items()}
    assert [name for name, row in rows.items() if row and row.is_imputed] == ["anna"]
    assert rows["dora"] and rows["dora"].machine_status is Status.NO_SHOW
    assert meetings.unmatched(people["anna"].session_id) == []


def test_the_report_at_the_end_tells_the_same_where_every_event_was_lost(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    play(script)
    settle(app)
    assert set(seconds(people).values()) == {0}
    [meeting] = server.ended
    assert server.send_report(meeting) == 204
    work_off(script._clock.moment)
    assert seconds(people) == true_seconds(server.truth, people, ends_at=HOUR_LATER)
    changes = db.session.scalars(sa.select(Change)).all()
    assert {change.cause for change in changes} == {"webhook"}
    assert len(changes) == len(people), "that Dora was not there is known now as well"


def test_events_and_report_together_count_once_and_fill_each_others_holes(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    server.loses = {"user-left"}
    play(script)
    server.deliver()
    work_off(script._clock.moment)
    settle(app)
    wanted = true_seconds(server.truth, people, ends_at=HOUR_LATER)
    before = seconds(people)
    assert (before["bea"], before["cora"]) == (3210, 3200), "until the room was closed, marked"
    for _ in range(2):
        assert server.send_report(server.ended[0]) == 204
    work_off(script._clock.moment)
    assert seconds(people) == wanted
    row = queries.of_booking(people["bea"].id)
    assert row is not None
    assert not row.is_imputed


def test_the_end_alone_closes_what_is_open(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    server.loses = {"user-left", "meeting-ended"}
    script.joins("anna", 0)
    script.ends(1800)
    server.deliver()
    assert server.say_ended(server.ended[0]) == 204
    work_off(script._clock.moment)
    settle(app)
    assert seconds(people)["anna"] == 1800
    row = queries.of_booking(people["anna"].id)
    assert row is not None
    assert row.is_imputed


def test_a_room_that_was_closed_is_there_again_at_the_next_click(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    script.joins("anna", 0)
    script.ends(600)
    again = script.joins("anna", 900)
    script.leaves(again, 1500)
    server.deliver()
    work_off(script._clock.moment)
    settle(app)
    assert seconds(people)["anna"] == 1200


def test_the_trainer_counts_for_nobody(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    script.joins("anna", 0)
    [known] = server.meetings
    ours: BigBlueButton = app.extensions["outside"].meetings["bigbluebutton"]
    host = server.join(ours.host_url(Room(known), WantedPerson(f"host-{known}", "Tess")))
    assert host.role == "MODERATOR"
    script.leaves(host, 30)
    server.deliver(backwards=True)
    work_off(script._clock.moment)
    assert meetings.unmatched(people["anna"].session_id) == []


def test_the_server_learns_a_first_name_and_our_key(
    server: BigBlueButtonServer, people: dict[str, Booking], script: Script
) -> None:
    script.joins("anna", 0)
    told = str(server.calls)
    contact = people["anna"].participant.contact
    assert contact.first_name in told
    for secret in (contact.name, contact.email, contact.phone, sending.SECRET):
        assert secret not in told
    first, at_the_press = (asked for call, asked in server.calls if call == "create")
    assert first == at_the_press
    assert first["record"] == "false"


def test_a_hook_that_was_dropped_is_asked_for_again(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], script: Script,
    clock: FakeClock,
) -> None:  # fmt: skip
    anna = script.joins("anna", 0)
    address = app.extensions["settings"].public_url
    server.hooks[0].callback = "http://127.0.0.1:9/hooks/bigbluebutton"  # we are away
    server.deliver()
    clock.forward(minutes=6)
    server.deliver()
    assert server.hooks == []
    assert listening.listen(clock.moment) == 1
    assert listening.listen(clock.moment) == 1
    assert [hook.callback for hook in server.hooks] == [f"{address}/hooks/bigbluebutton"]
    script.leaves(anna, 900)
    server.deliver()
    work_off(clock.moment)
    kinds = db.session.scalars(sa.select(MeetingEvent.kind)).all()
    assert kinds == ["left"], "what was in the queue is gone: the report will tell"


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("checksumError", MeetingRefused),
        ("notFound", MeetingGone),
        ("idNotUnique", MeetingRefused),
        ("500", MeetingUnavailable),
        ("302", MeetingUnavailable),
        ("hangup", MeetingUnavailable),
        ("garbage", MeetingUnavailable),
        ("doctype", MeetingUnavailable),
        ("large", MeetingUnavailable),
        ("timeout", MeetingUnavailable),
    ],
)
def test_a_server_that_misbehaves_is_a_fault_with_a_cause_within_three_seconds(
    server: BigBlueButtonServer, provider: BigBlueButton, fault: str, wanted: type[Exception]
) -> None:
    server.faults.append(Fault("create", fault))
    began = time.monotonic()
    with pytest.raises(wanted) as found:
        provider.open_room(WANTED)
    assert time.monotonic() - began < 3
    assert "checksum=" not in str(found.value)
    assert provider.open_room(WANTED).external_id == "class-a1", "and the next click works"


def test_a_click_does_not_wait_for_the_events_to_be_asked_for(
    server: BigBlueButtonServer, provider: BigBlueButton
) -> None:
    server.faults.append(Fault("hooks/create", "500"))
    assert provider.open_room(WANTED).external_id == "class-a1"
    assert server.hooks == []
    provider.listen("class-a1")
    assert len(server.hooks) == 1


@pytest.mark.parametrize("hashed", ["sha1", "sha256", "sha384", "sha512"])
def test_the_hash_is_the_one_that_the_server_is_set_to(
    server: BigBlueButtonServer, hashed: str
) -> None:
    server.allowed = {hashed}
    ours = BigBlueButton(server.url, sending.SECRET, hashed=hashed, public_url="http://localhost")
    assert ours.open_room(WANTED)
    server.allowed = {"sha256"} if hashed != "sha256" else {"sha512"}
    with pytest.raises(MeetingRefused):
        ours.open_room(WANTED)


def test_when_the_server_is_away_our_page_says_so(
    app: Flask, server: BigBlueButtonServer, people: dict[str, Booking], browse_as: Browse
) -> None:
    server.faults.append(Fault("create", "500"))
    client = browse_as(people["anna"].participant)
    pressed = client.post(f"/class/{people['anna'].id}/", data=providers.TOLD)
    assert pressed.status_code == 303
    assert client.get(pressed.location).status_code == 200
    assert press_join(browse_as, people["anna"]).startswith(server.url), "the next press works"
