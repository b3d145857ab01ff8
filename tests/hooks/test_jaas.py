"""Classes at 8x8, from the press on Join to the minutes: its tokens, its signed events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from pydantic import SecretStr

from remote_training.attendance import roster
from remote_training.attendance.roster import Now
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.hooks.models import HookEvent
from remote_training.outside.jitsi import Jitsi
from remote_training.outside.meetings import WantedPerson, WantedRoom
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import providers, sending
from tests.hooks.jitsi_script import Script, assert_counted_to_the_second
from tests.hooks.providers import Browse, press_join, seconds, work_off
from tests.servers.jaas import Jaas, jaas, new_key
from tests.servers.loopback import serving

HOUR_LATER = NOON + timedelta(hours=1)
ANNA = WantedPerson("key-of-anna", "Anna")
APP_ID, HOOK_SECRET = "vpaas-magic-cookie-1", "the-secret-of-the-webhook"


@pytest.fixture
def server(app: Flask) -> Iterator[Jaas]:
    with jaas(APP_ID, HOOK_SECRET, app.extensions["outside"].now) as running:
        yield running


@pytest.fixture
def people(app: Flask, server: Jaas) -> Iterator[dict[str, Booking]]:
    """Three people with a place in a class that begins now, at 8x8."""
    hour, now = make.session(starts_at=NOON), app.extensions["outside"].now
    ours, secret = Jitsi(server.url, APP_ID, server.pem, now=now), SecretStr(HOOK_SECRET)
    with (
        serving(app) as address,
        providers.using(app, ours, public_url=address, jitsi_hook_secret=secret),
    ):
        server.events_to = f"{address}/hooks/jitsi"
        yield {name: make.booking(session=hour) for name in ("anna", "bea", "cora")}


@pytest.fixture
def script(server: Jaas, clock: FakeClock, people: dict[str, Booking], browse_as: Browse) -> Script:
    return Script(server, clock, lambda name: press_join(browse_as, people[name]))


@pytest.mark.parametrize("how", [{}, {"twice": True}, {"backwards": True}])
def test_a_class_is_counted_to_the_second(
    app: Flask, server: Jaas, people: dict[str, Booking], script: Script, how: dict[str, bool]
) -> None:
    assert_counted_to_the_second(app, server, people, script, **how)


def test_who_is_in_a_breakout_room_is_here_and_so_are_those_who_stayed(
    server: Jaas, people: dict[str, Booking], script: Script
) -> None:
    def now(second: float) -> dict[str, Now]:
        server.deliver(backwards=True)
        script.clock.moment = sending.at(second)
        work_off(script.clock.moment)
        lines = roster.of(people["anna"].session, now=script.clock.moment)
        names = {booking.id: name for name, booking in people.items()}
        return {names[line.booking_id]: line.now for line in lines}

    anna, bea = script.joins("anna", 0), script.joins("bea", 0)
    aside = script.moves(anna, "B", 600)
    everybody = {"anna": Now.HERE, "bea": Now.HERE}
    assert now(1200).items() >= everybody.items()
    script.moves(aside, None, 1300)  # with her the breakout room is closed
    assert now(1600).items() >= everybody.items()
    script.leaves(bea, 1700)
    assert now(2400).items() >= {"anna": Now.HERE, "bea": Now.DROPPED}.items()


def test_an_event_with_another_secret_is_refused_each_time_that_it_is_sent_again(
    server: Jaas, people: dict[str, Booking], script: Script
) -> None:
    script.leaves(script.joins("anna", 0), 60)
    server.hook_secret = "another"
    server.deliver()
    assert set(server.statuses) == {401}
    assert db.session.scalar(sa.select(sa.func.count(HookEvent.id))) == 0
    server.hook_secret = HOOK_SECRET
    script.leaves(script.joins("anna", 100), 160)
    server.deliver()
    work_off(script.clock.moment)
    assert seconds(people)["anna"] == 60


def test_a_token_opens_one_room_for_a_while_and_says_who_is_host(
    server: Jaas, clock: FakeClock
) -> None:
    ours = Jitsi(server.url, APP_ID, server.pem, now=clock)
    room = ours.open_room(WantedRoom("A1", "", "", "Training session", NOON, 60))
    link = ours.join_url(room, ANNA)
    assert server.join(link.replace("class-a1", "class-b2")) is None
    assert server.join(link[:-3]) is None
    stay = server.join(link)
    assert stay is not None
    assert (stay.room, stay.person, stay.name) == ("class-a1", "key-of-anna", "Anna")
    host = server.join(ours.host_url(room, ANNA))
    assert host is not None
    assert (stay.is_owner, host.is_owner) == (False, True)
    clock.forward(hours=5)
    assert server.join(link) is None, "it is over"
    server.key = new_key()
    assert server.join(ours.join_url(room, ANNA)) is None, "signed with another key"
    ours = Jitsi(server.url, APP_ID, server.pem, now=clock)
    assert server.join(ours.join_url(room, ANNA)) is not None
