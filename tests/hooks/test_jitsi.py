"""Classes at Jitsi, from the press on Join to the minutes; and who is let in by a token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask import Flask

from remote_training.bookings.models import Booking
from remote_training.outside.jitsi import Jitsi
from remote_training.outside.meetings import MeetingRefused, Room, WantedPerson, WantedRoom
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import providers, sending
from tests.hooks.jitsi_script import Script, assert_counted_to_the_second
from tests.hooks.providers import Browse, press_join, seconds, settle, work_off
from tests.servers.jitsi import JitsiServer, jitsi
from tests.servers.loopback import serving

HOUR_LATER = NOON + timedelta(hours=1)
ANNA = WantedPerson("key-of-anna", "Anna")


@pytest.fixture
def server(app: Flask) -> Iterator[JitsiServer]:
    with jitsi("trial", sending.SECRET, app.extensions["outside"].now) as running:
        yield running


@pytest.fixture
def people(app: Flask, server: JitsiServer) -> Iterator[dict[str, Booking]]:
    """Three people with a place in a class that begins now, at Jitsi."""
    hour, now = make.session(starts_at=NOON), app.extensions["outside"].now
    ours = Jitsi(server.url, "trial", sending.SECRET, now=now)
    with serving(app) as address, providers.using(app, ours, public_url=address):
        server.events_to = f"{address}/hooks/jitsi"
        yield {name: make.booking(session=hour) for name in ("anna", "bea", "cora")}


@pytest.fixture
def script(
    server: JitsiServer, clock: FakeClock, people: dict[str, Booking], browse_as: Browse
) -> Script:
    return Script(server, clock, lambda name: press_join(browse_as, people[name]))


@pytest.mark.parametrize("how", [{}, {"twice": True}, {"backwards": True}])
def test_a_class_is_counted_to_the_second(
    app: Flask, server: JitsiServer, people: dict[str, Booking], script: Script,
    how: dict[str, bool],
) -> None:  # fmt: skip
    assert_counted_to_the_second(app, server, people, script, **how)


def test_the_summary_at_the_end_is_enough(
    app: Flask, server: JitsiServer, people: dict[str, Booking], script: Script
) -> None:
    server.loses = {"muc-occupant-joined", "muc-occupant-left"}
    stay = script.joins("anna", 10)
    bea = script.joins("bea", 20)
    script.leaves(stay, 500)
    script.leaves(bea, 1000)
    server.deliver()
    work_off(script.clock.moment)
    settle(app)
    assert seconds(people) == {"anna": 490, "bea": 980, "cora": 0}


def test_a_lost_leaving_ends_with_the_room_and_the_summary_knows_better(
    app: Flask, server: JitsiServer, people: dict[str, Booking], script: Script
) -> None:
    server.loses = {"muc-occupant-left"}
    anna, bea = script.joins("anna", 0), script.joins("bea", 0)
    script.leaves(anna, 400)
    script.leaves(bea, 1000)
    server.deliver()
    work_off(script.clock.moment)
    settle(app)
    assert seconds(people) == {"anna": 400, "bea": 1000, "cora": 0}


def test_a_token_opens_one_room_for_a_while_and_says_who_is_host(
    app: Flask, server: JitsiServer, clock: FakeClock
) -> None:
    ours = Jitsi(server.url, "trial", sending.SECRET, now=clock)
    room = ours.open_room(WantedRoom("A1", "", "", "Training session", NOON, 60))
    link = ours.join_url(room, ANNA)
    assert server.join(link.replace("class-a1", "class-b2")) is None
    assert server.join(link[:-3]) is None
    stay = server.join(link)
    assert stay is not None
    assert (stay.person, stay.name, stay.is_owner) == ("key-of-anna", "Anna", False)
    host = server.join(ours.host_url(room, ANNA))
    assert host is not None
    assert host.is_owner
    clock.forward(hours=5)
    assert server.join(link) is None, "it is over"
    other = Jitsi(server.url, "trial", "another secret", now=clock)
    assert server.join(other.join_url(room, ANNA)) is None


def test_a_token_for_8x8_is_signed_by_the_key_of_the_account() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    escaped = pem.replace("\n", "\\n")
    ours = Jitsi("https://8x8.vc", "app-1", f"app-1/key-1:{escaped}", now=lambda: NOON)
    link = urlsplit(ours.join_url(Room("class-a1"), ANNA))
    assert link.path == "/app-1/class-a1"
    token = parse_qs(link.query)["jwt"][0]
    head, claims, mac = (urlsafe_b64decode(part + "==") for part in token.split("."))
    key.public_key().verify(
        mac, token.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert json.loads(head)["kid"] == "app-1/key-1"
    assert json.loads(claims)["context"]["user"]["moderator"] == "false"
    broken = Jitsi("https://8x8.vc", "app-1", "no key at all", now=lambda: NOON)
    with pytest.raises(MeetingRefused):
        broken.join_url(Room("class-a1"), ANNA)
