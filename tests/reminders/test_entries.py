"""What takes an entry out of her calendar goes only where one may be in it."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.bookings import changes
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages import jobs
from remote_training.messages.models import Message, State
from tests import make
from tests.fakes import NOON

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

GOES_AWAY = "The entry in your calendar goes away by itself"


@pytest.fixture
def booked(app: Flask) -> Booking:
    booking = bookings.book(make.participant(), make.session(), now=NOON, by=None)
    db.session.commit()
    return booking


def cancelled(booking: Booking) -> None:
    bookings.cancel(booking, now=NOON, by=None)
    db.session.commit()


def called_off(booking: Booking) -> None:
    scope = changes.Scope.ONE
    changes.call_off(booking.session, scope, now=NOON, by=None, reason="No hall")
    db.session.commit()


def moved(booking: Booking) -> None:
    other = make.session(starts_at=booking.session.starts_at + timedelta(days=1))
    bookings.move(booking, other, now=NOON, by=None)
    db.session.commit()


def sent(app: Flask) -> list[EmailMessage]:
    """What leaves now."""
    world = app.extensions["outside"]
    world.mail.sent.clear()
    jobs.deliver("a", world)
    return list(world.mail.sent)


def methods(mails: list[EmailMessage]) -> list[Any]:
    parts = (one for mail in mails for one in mail.walk())
    return [one.get_param("method") for one in parts if one.get_content_type() == "text/calendar"]


@pytest.mark.parametrize("gone", [cancelled, called_off])
def test_no_cancel_for_an_entry_that_never_left(app: Flask, booked: Booking, gone: Any) -> None:
    gone(booked)

    mails = sent(app)

    hers = [one for one in mails if booked.participant.contact.email in str(one["To"])]
    assert len(hers) == 1
    assert methods(mails) == []
    assert GOES_AWAY not in str(hers[0].get_body(("plain",)))
    assert [one.state for one in confirmations()] == [State.VOID]
    assert sent(app) == []


def test_a_place_that_moves_before_anything_left_has_one_entry(app: Flask, booked: Booking) -> None:
    moved(booked)

    mails = sent(app)

    assert methods(mails) == ["REQUEST"]
    assert len(mails) == 2


@pytest.mark.parametrize("gone", [cancelled, called_off, moved])
def test_an_entry_that_left_is_taken_out(app: Flask, booked: Booking, gone: Any) -> None:
    assert methods(sent(app)) == ["REQUEST"]
    gone(booked)

    assert "CANCEL" in methods(sent(app))


@pytest.mark.parametrize(
    ("became", "goes"),
    [
        pytest.param({"state": State.VOID, "tries": 1}, False, id="void at the first look"),
        pytest.param({"state": State.EXPIRED, "tries": 0}, False, id="too late, never tried"),
        pytest.param({"state": State.FAILED, "tries": 1}, False, id="refused"),
        pytest.param({"state": State.SENT, "tries": 1}, True, id="sent"),
        pytest.param({"state": State.UNCERTAIN, "tries": 1}, True, id="nobody knows"),
        pytest.param({"state": State.CLAIMED, "tries": 1}, True, id="in another worker's hand"),
        pytest.param({"state": State.SENDING, "tries": 1}, True, id="on the wire"),
        pytest.param({"state": State.PENDING, "tries": 1}, True, id="a worker died, or put off"),
        pytest.param({"state": State.VOID, "tries": 2}, True, id="void when tried once more"),
        pytest.param({"state": State.EXPIRED, "tries": 1}, True, id="too late after a try"),
        pytest.param(
            {"state": State.FAILED, "tries": 1, "fault": "came back 5.1.1"}, True, id="bounced"
        ),
    ],
)
def test_where_it_may_have_left_the_cancel_goes(
    app: Flask, booked: Booking, became: dict[str, Any], goes: bool
) -> None:
    lease = {"owner": "b", "lease_until": NOON + timedelta(minutes=5)}
    db.session.execute(sa.update(Message).values(**lease | became))
    db.session.commit()
    cancelled(booked)

    assert methods(sent(app)) == (["CANCEL"] if goes else [])


def test_a_place_of_which_no_invitation_is_kept_is_taken_out(app: Flask) -> None:
    booking = make.booking()
    cancelled(booking)

    assert methods(sent(app)) == ["CANCEL"]


def confirmations() -> list[Message]:
    db.session.expire_all()
    found = sa.select(Message).where(Message.kind == "booking_confirmed")
    return list(db.session.scalars(found.order_by(Message.queued_at, Message.id)))
