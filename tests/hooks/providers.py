"""A whole class at a provider: the app on a real port, people who press Join, a script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from remote_training.attendance import queries, service
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.hooks import jobs
from remote_training.outside.meetings import MeetingProvider
from tests.fakes import NOON

TOLD = {"place": "Kade 2", "whom": "other", "call_name": "Bea", "call_phone": "030 765 4321"}
LINK = re.compile(r'href="(/class/[^"]+/way)"')
Browse = Callable[..., FlaskClient]


@contextmanager
def using(app: Flask, provider: MeetingProvider, **changes: Any) -> Iterator[None]:
    """Let the classes of the app meet at a provider."""
    settings, meetings = app.extensions["settings"], app.extensions["outside"].meetings
    changed = {"meetings": provider.name} | changes
    app.extensions["settings"] = settings.model_copy(update=changed)
    meetings[provider.name] = provider
    yield
    app.extensions["settings"] = settings
    del meetings[provider.name]


def press_join(browse_as: Browse, booking: Booking) -> str:
    """Press Join on our page, and give where the button on the next one leads."""
    client = browse_as(booking.participant)
    pressed = client.post(f"/class/{booking.id}/", data=TOLD)
    assert pressed.status_code == 303, pressed.text
    page = client.get(pressed.location).text
    assert booking.participant.contact.name not in page, "her first name only"
    found = button(client, page)
    assert found is not None
    return found


def button(client: FlaskClient, page: str) -> str | None:
    """Where the button of a page leads, outside; None where there is none."""
    found = LINK.search(page)
    return str(client.get(found[1]).location) if found else None


def work_off(now: datetime) -> None:
    """Let the worker work until nothing waits."""
    db.session.commit()
    while jobs.work(now):
        continue
    db.session.expire_all()


def settle(app: Flask) -> None:
    """The class is over."""
    clock = app.extensions["outside"].now
    clock.moment = max(clock.moment, NOON + timedelta(minutes=70))
    service.settle(now=clock.moment)
    db.session.commit()


def seconds(bookings: Mapping[str, Booking]) -> dict[str, int]:
    """How long each was in the class, by the record."""
    rows = {name: queries.of_booking(booking.id) for name, booking in bookings.items()}
    return {name: round(row.machine_minutes * 60) if row else 0 for name, row in rows.items()}


def true_seconds(
    stays: list[Any], bookings: Mapping[str, Booking], *, ends_at: datetime
) -> dict[str, int]:
    """How long each was really there: counted second by second, from what the simulator knows."""
    found = {}
    for name, booking in bookings.items():
        there: set[int] = set()
        for stay in stays:
            if stay.person == str(booking.id):
                left_at = min(stay.left_at or ends_at, ends_at)
                first, last = (
                    round((at - NOON).total_seconds()) for at in (stay.joined_at, left_at)
                )
                there |= set(range(max(first, 0), last))
        found[name] = len(there)
    return found
