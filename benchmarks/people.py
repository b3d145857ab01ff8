"""Rows for the benchmarks: a study of a useful size, and browsers that have signed in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from flask import Flask, g
from flask_wtf.csrf import generate_csrf

from remote_training import tables
from remote_training.accounts import guard, visits
from remote_training.accounts import service as accounts
from remote_training.accounts.models import Role, Scope
from remote_training.app import create_app
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core import migrations
from remote_training.core.db import db
from remote_training.core.settings import Settings
from remote_training.meetings.models import MeetingPerson, MeetingRoom
from remote_training.outside import clock
from remote_training.outside.offline import OfflineMeetings
from remote_training.outside.smtp import SmtpMail
from remote_training.outside.world import Outside
from remote_training.participants import service as participants
from remote_training.participants.models import Participant
from remote_training.studies import queries as studies
from remote_training.studies import service as studying
from remote_training.studies.current import study

TWICE_A_WEEK = timedelta(hours=84)  # as often as the study lets one person come, for 12 weeks
WEEKLY = timedelta(weeks=1)
KEY = "a-key-for-the-benchmarks-that-is-long-enough"


@dataclass(frozen=True)
class Browser:
    """Somebody signed in: her row, the cookie she sends, the token her forms carry."""

    participant: Participant
    cookie: str
    csrf: str


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The addresses of an empty SQLite and an empty PostgreSQL database, by name."""
    from tests.servers.postgres import postgres_url

    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        yield {
            "sqlite": f"sqlite:///{folder}/{uuid4().hex}.db",
            "postgresql": postgres_url(waits_for_disk=True),
        }


def environment(url: str, smtp_url: str = "smtp://127.0.0.1:9") -> dict[str, str]:
    """The settings of a platform on a database, as variables."""
    return {
        "DATABASE_URL": url,
        "SECRET_KEYS": KEY,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "SMTP_URL": smtp_url,
        "MAIL_FROM": "classes@trial.example.org",
        "DEMO": "off",
    }


def platform(url: str, smtp_url: str = "smtp://127.0.0.1:9") -> Flask:
    """An app on a database with the newest schema and the sites of the study."""
    variables = environment(url, smtp_url)
    settings = Settings(**{name.lower(): value for name, value in variables.items()})
    world = Outside(clock.now, SmtpMail(smtp_url), {"offline": OfflineMeetings(settings.address)})
    app = create_app(settings, world)
    migrations.upgrade(url)
    with app.app_context():
        assert tables.metadata().tables
        studying.install(study())
        db.session.commit()
    return app


def enrol(app: Flask, count: int, *, prefix: str = "bench") -> list[Participant]:
    """Participants who may train, all at one site."""
    now, today = clock.now(), clock.now().date()
    site = studies.sites()[0]
    people = []
    for n in range(count):
        woman = participants.enrol(
            site=site,
            name=f"Bench Mark{n}",
            email=f"{prefix}{n}@example.org",
            phone="030 000 0000",
            birth_year="1960",
            language="en",
            zone=site.zone,
            now=now,
            by=None,
        )
        facts = {"consented_on": today, "cleared_on": today, "baseline_on": today}
        participants.record(woman, now=now, by=None, arm="exercise", complaint="fatigue", **facts)
        people.append(woman)
    db.session.execute(sa.text("DELETE FROM message"))
    db.session.commit()
    assert app
    return people


def offer(
    count: int,
    *,
    places: int,
    apart: timedelta = TWICE_A_WEEK,
    module: str = "base",
    hour: int = 0,
) -> list[Session]:
    """Class hours one after the other, the first tomorrow at this hour."""
    site = studies.sites()[0]
    trainer = accounts.create_staff(
        "Bench Trainer", f"{uuid4().hex}@example.org", language="en", zone=site.zone,
        now=clock.now(), by=None,
    )  # fmt: skip
    db.session.flush()
    accounts.grant(trainer, Role.TRAINER, site, now=clock.now(), by=None, reason="bench")
    begin = datetime.combine(clock.now().date() + timedelta(days=1), time(hour), tzinfo=UTC)
    hours = [_hour(site.id, trainer.id, begin + n * apart, places, module) for n in range(count)]
    db.session.add_all(hours)
    db.session.commit()
    return hours


def _hour(
    site_id: object, trainer_id: object, starts_at: datetime, places: int, module: str
) -> Session:
    on_date: date = starts_at.date()
    return Session(
        site_id=site_id, trainer_id=trainer_id, module=module, language="en", on_date=on_date,
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), places=places,
        changed_at=clock.now(),
    )  # fmt: skip


def sign_in(app: Flask, people: Sequence[Participant]) -> list[Browser]:
    """A browser for each, with everything of her own opened."""
    tokens = []
    for woman in people:
        lasts = timedelta(hours=5)
        visit, token = visits.begin(woman.account, lasts=lasts, now=clock.now())
        visits.permit(visit, Scope.EVERYTHING)
        tokens.append(token)
    db.session.commit()
    return [_browser(app, *pair) for pair in zip(people, tokens, strict=True)]


def _browser(app: Flask, woman: Participant, token: str) -> Browser:
    with app.test_request_context():
        from flask import session

        g.pop("csrf_token", None)  # kept for a request, and these share one
        session[guard.VISITOR_COOKIE] = token
        csrf = generate_csrf()
        signer = app.session_interface.get_signing_serializer(app)
        cookie = f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}"
    return Browser(woman, cookie, csrf)


def floor_database(url: str) -> str:
    """Where the floor keeps its rows: a file beside ours, or the same PostgreSQL."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///")).with_name(f"floor-{uuid4().hex}.db")
        return os.fspath(path)
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def open_room(
    hour: Session, external_id: str, women: Sequence[Participant], *, at: datetime
) -> None:
    """A room at Zoom for a class, and a place and a registration (`R0`, `R1`, ...) for each."""
    room = MeetingRoom(session_id=hour.id, provider="zoom", external_id=external_id, opened_at=at)
    db.session.add(room)
    db.session.flush()
    for n, woman in enumerate(women):
        booking = Booking(
            participant_id=woman.id, session_id=hour.id, booked_at=at,
            calendar_uid=f"{external_id}-{n}@trial.example.org",
        )  # fmt: skip
        db.session.add(booking)
        db.session.flush()
        person = MeetingPerson(
            room_id=room.id, booking_id=booking.id, alias=f"{external_id}-{n}@alias.example.org",
            external_id=f"R{n}", registered_at=at,
        )  # fmt: skip
        db.session.add(person)
