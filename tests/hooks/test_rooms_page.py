"""What the coordinator sees of messages: a class that is not heard of, and those of no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts.models import Role
from remote_training.bookings.models import Booking
from remote_training.contacts import whereabouts
from remote_training.core.db import db
from remote_training.hooks import service
from remote_training.meetings import hosting
from remote_training.outside.jitsi import Jitsi
from tests import make
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.conftest import room, work
from tests.hooks.providers import using

Browse = Callable[..., FlaskClient]
SILENT, UNUSED = "Rooms that are not heard of", "Messages of providers that were not used"


@pytest.fixture
def at_jitsi(app: Flask, clock: FakeClock) -> Iterator[None]:
    """Classes meet at Jitsi."""
    ours = Jitsi("https://meet.example.org", "trial", sending.SECRET, now=clock)
    with using(app, ours):
        yield


@pytest.fixture
def coordinator(app: Flask, browse_as: Browse) -> FlaskClient:
    return browse_as(make.staff(Role.COORDINATOR))


def press(booking: Booking) -> None:
    whereabouts.tell(booking.participant.contact_id, booking.id, place="Kade 2", now=NOON)
    db.session.commit()


def page(client: FlaskClient) -> str:
    return client.get("/staff/rooms/").text


@pytest.mark.usefixtures("at_jitsi")
def test_a_class_is_listed_of_which_nothing_is_heard_though_people_pressed_join(
    app: Flask, booking: Booking, coordinator: FlaskClient, browser: FlaskClient, clock: FakeClock
) -> None:
    name = f"class-{booking.session_id}"
    room(booking, "jitsi", name)
    clock.forward(minutes=6)
    assert SILENT not in page(coordinator), "nobody pressed Join"
    press(booking)
    assert SILENT in page(coordinator)
    assert "1 class of the next day" in coordinator.get("/staff/people/").text
    assert booking.participant.contact.name not in page(coordinator)
    sending.send_jitsi(browser, sending.jitsi_person("joined", 350, room=name, person="x"))
    work(app)
    assert SILENT not in page(coordinator), "it was heard of"
    assert "next day" not in coordinator.get("/staff/people/").text


@pytest.mark.usefixtures("at_jitsi")
@pytest.mark.parametrize("minutes", [4, 61])
def test_not_before_five_minutes_and_not_after_the_class(
    booking: Booking, coordinator: FlaskClient, clock: FakeClock, minutes: int
) -> None:
    press(booking)
    clock.forward(minutes=minutes)
    assert SILENT not in page(coordinator)
    clock.moment = NOON + timedelta(minutes=30)
    assert SILENT in page(coordinator), "the control"


@pytest.mark.usefixtures("at_jitsi")
def test_a_class_of_another_site_or_in_another_room_is_not_listed(
    booking: Booking, browse_as: Browse, coordinator: FlaskClient, clock: FakeClock
) -> None:
    press(booking)
    clock.forward(minutes=6)
    elsewhere = browse_as(make.staff(Role.COORDINATOR, at=make.site("melbourne")))
    assert SILENT not in page(elsewhere)
    assert SILENT in page(coordinator)
    trainer = booking.session.trainer_id
    hosting.meet_instead(booking.session, "https://other.example.org/a", now=NOON, by=trainer)
    db.session.commit()
    assert SILENT not in page(coordinator)


def test_a_room_of_our_own_needs_nobody_to_tell(
    booking: Booking, coordinator: FlaskClient, clock: FakeClock
) -> None:
    press(booking)
    clock.forward(minutes=6)
    assert SILENT not in page(coordinator)


def test_messages_of_no_use_are_counted_and_never_shown(
    app: Flask, booking: Booking, browse_as: Browse, browser: FlaskClient, clock: FakeClock
) -> None:
    her = make.staff(Role.COORDINATOR)
    room(booking)
    assert UNUSED not in page(browse_as(her))
    sending.send_zoom(browser, b'{"event": "meeting.participant_joined", "who": "Ada Canary"}')
    sending.send_zoom(browser, b"not even this")
    work(app)
    clock.moment = NOON + timedelta(days=2)
    late = sending.zoom_person("participant_joined", 0, user_name="Ada Canary")
    sending.send_zoom(browser, late, stamp=clock.moment)
    work(app)
    service.keep("jitsi", "events", b"waits", now=clock.moment)
    db.session.commit()
    clock.forward(minutes=4)
    told = page(browse_as(her))
    assert UNUSED in told
    assert "Could not be read" in told
    assert "Came more than a day late" in told
    assert "Not looked at" not in told
    assert "Canary" not in told
    clock.forward(minutes=2)
    assert "Not looked at" in page(browse_as(her))
    work(app)
    clock.forward(days=15)
    assert UNUSED not in page(browse_as(her)), "it is long ago"


def test_a_late_message_about_a_class_of_another_site_is_not_counted(
    app: Flask, booking: Booking, browse_as: Browse, browser: FlaskClient, clock: FakeClock
) -> None:
    room(booking)
    clock.moment = NOON + timedelta(days=2)
    sending.send_zoom(browser, sending.zoom_person("participant_joined", 0), stamp=clock.moment)
    work(app)
    elsewhere = make.staff(Role.COORDINATOR, at=make.site("melbourne"))
    assert UNUSED not in page(browse_as(elsewhere))
    assert UNUSED in page(browse_as(make.staff(Role.COORDINATOR)))
