"""The outbox over SMTP, beside `smtplib` that sends mails of the same size over one connection.

Ours is all that a message needs: claim, ask, seal open, make links, write, send, finish.
"""

from __future__ import annotations

import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from flask import Flask

from benchmarks import people
from benchmarks.measure import ROOT, Figure
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages import jobs
from remote_training.messages import service as messages
from remote_training.messages.models import Message, State
from remote_training.messages.service import Planned
from remote_training.outside import clock
from remote_training.outside.mail import Mail
from remote_training.outside.world import Outside
from remote_training.participants.models import Participant

AIM = 0.8
WOMEN = 60
ROUNDS, A_ROUND = 5, 200  # the floor and ours take turns; the median counts
KINDS = {"reminder": "reminder_day", "confirmation": "booking_confirmed"}
MOST_PER_DAY = 10_000  # fifty women get a thousand mails
WARM = 50  # before the first round: prints, pools, the connection of either


@dataclass(frozen=True)
class Pace:
    """Mails a second, and CPU milliseconds each of the process that sends."""

    rate: float
    cpu_ms: float


def outbox() -> Iterator[Figure]:
    """A reminder, and a confirmation with its calendar file, each beside its floor."""
    for name, kind in KINDS.items():
        with people.databases() as databases, mail_server() as port:
            for database, url in databases.items():
                app = people.platform(url, f"smtp://127.0.0.1:{port}")
                with app.app_context():
                    yield _compared(app, port, f"outbox, {name}", database, kind)
                    db.session.remove()
                    db.engine.dispose()


def _compared(app: Flask, port: int, name: str, database: str, kind: str) -> Figure:
    _queue(app, kind, 1 + WARM + ROUNDS * A_ROUND)
    content = _written(app)
    _deliver(app, WARM)
    _send_bare(port, content, WARM)
    pairs = [
        (_paced(_send_bare, port, content, A_ROUND), _paced(_deliver, app, A_ROUND))
        for _ in range(ROUNDS)
    ]
    sent = db.session.scalar(
        sa.select(sa.func.count()).where(Message.kind == kind, Message.state == State.SENT)
    )
    return Figure(
        name,
        database,
        median(ours.rate for _floor, ours in pairs),
        median(floor.rate for floor, _ours in pairs),
        median(ours.rate / floor.rate for floor, ours in pairs),
        AIM,
        median(ours.cpu_ms for _floor, ours in pairs),
        median(floor.cpu_ms for floor, _ours in pairs),
        note=f"{len(content)} bytes each, {sent} sent",
    )


def _paced(send: Callable[..., None], *what: object) -> Pace:
    cpu, began = time.process_time(), time.perf_counter()
    send(*what)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return Pace(A_ROUND / seconds, 1000 * cpu_seconds / A_ROUND)


def _deliver(app: Flask, count: int) -> None:
    dealt_with = jobs.deliver("benchmark", app.extensions["outside"], limit=count)
    if dealt_with != count:
        raise RuntimeError(f"{dealt_with} of {count} messages were dealt with")


def _send_bare(port: int, content: bytes, count: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as connection:
        for n in range(count):
            connection.sendmail("classes@trial.example.org", f"bench{n}@example.org", content)


def _queue(app: Flask, kind: str, count: int) -> None:
    """So many messages of a kind that are due, for many women and many hours."""
    women = people.enrol(app, WOMEN)
    _let_all_go(app, women)
    hours = people.offer(-(-count // WOMEN), places=WOMEN, apart=people.TWICE_A_WEEK)
    booked = []
    for hour in hours:
        booked += [bookings.book(woman, hour, now=clock.now(), by=None) for woman in women]
        db.session.commit()
    db.session.execute(sa.delete(Message))
    messages.queue_all([_planned(kind, one) for one in booked[:count]], now=clock.now())
    db.session.commit()


def _let_all_go(app: Flask, women: Sequence[Participant]) -> None:
    """No cap, and noon where they are: what is measured is what a mail costs."""
    study = app.extensions["study"]
    many = study.reminders.model_copy(update={"most_per_day": MOST_PER_DAY})
    app.extensions["study"] = study.model_copy(update={"reminders": many})
    ahead = 12 - clock.now().hour
    for woman in women:
        woman.zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
    db.session.commit()


def _planned(kind: str, booking: Booking) -> Planned:
    return Planned(
        kind,
        to=booking.participant.contact_id,
        facts={"booking_id": str(booking.id)},
        not_after=booking.session.starts_at,
        key=f"{kind}/{booking.id}",
    )


def _written(app: Flask) -> bytes:
    """One of these mails, as it would have gone over the wire."""
    kept = _Kept([])
    world: Outside = app.extensions["outside"]
    jobs.deliver("benchmark", Outside(world.now, kept, world.meetings), limit=1)
    [mail] = kept.mails
    return mail.content


@dataclass(frozen=True)
class _Kept:
    """A mail provider that only keeps what it is given."""

    mails: list[Mail]

    @contextmanager
    def open(self) -> Iterator[_Kept]:
        """Open it: nothing to do."""
        yield self

    def send(self, mail: Mail) -> None:
        """Keep one mail."""
        self.mails.append(mail)


@contextmanager
def mail_server() -> Iterator[int]:
    """A mail server in a process of its own; gives its port."""
    with tempfile.TemporaryDirectory(prefix="benchmark-mail-") as folder:
        process = subprocess.Popen(_server(Path(folder)), cwd=ROOT, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().split()[1])
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _server(folder: Path) -> Sequence[str]:
    return (sys.executable, "-m", "tests.servers.smtp", "--log", str(folder / "log"))
