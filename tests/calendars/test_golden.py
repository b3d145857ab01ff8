"""The calendar file of every mail that has one, word for word, and as every reader reads it.

`UPDATE_GOLDEN=1` writes the files anew; what is new in them is for the eye of who changes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from remote_training.bookings import changes, service, waiting_list
from remote_training.bookings.models import Booking
from remote_training.bookings.outlook import Scope, Wish
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.classes.plan import Plan
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.participants.models import Participant
from remote_training.withdrawals import service as withdrawals
from tests import make
from tests.fakes import NOON
from tests.servers.calendar_gate import by_ical_js, pass_gate

FILES = Path(__file__).parent / "golden"
VOLATILE = {
    "UID": "UID:<uid>",
    "DTSTAMP": "DTSTAMP:<sent>",
    "URL": "URL:<link>",
    "LOCATION": "LOCATION:<link>",
}
LINK = re.compile(r"http://localhost/l/[A-Za-z0-9_-]{43}")


class Stage:
    """A class on Tuesday at ten, Ada who comes, and the mails that she gets."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.ada: Participant = make.participant(
            contact=make.contact(name="Ada Lezer", email="ada@example.org")
        )
        self.ilse, self.mats = make.trainer(), make.trainer()
        plan = Plan(
            site=make.site(), trainer=self.ilse, module="base", language="en",
            zone="Europe/Amsterdam", weekdays=[1], wall_time=time(10), minutes=60, places=1,
            first_on=date(2026, 12, 1), last_on=date(2026, 12, 1), substitutes=(self.mats,),
        )  # fmt: skip
        series = classes.offer(plan, now=NOON, by=None)
        db.session.commit()
        self.hour: Session = db.session.query(Session).filter_by(series_id=series.id).one()

    def book(self, who: Participant | None = None) -> Booking:
        """Give somebody the place: Ada, unless told."""
        booking = service.book(who or self.ada, self.hour, now=NOON, by=None)
        db.session.commit()
        self.mails()
        return booking

    def change(self, **changed: object) -> None:
        """Change the class as its trainer does."""
        plain: dict[str, object] = {
            "on_date": self.hour.on_date, "wall_time": time(10),
            "trainer": self.hour.trainer, "places": self.hour.places,
        }  # fmt: skip
        wish = Wish(**plain | changed)  # type: ignore[arg-type]
        changes.apply(self.hour, wish, now=NOON, by=None, reason="The hall is taken", mark=None)
        db.session.commit()

    def mails(self) -> list[EmailMessage]:
        """What was sent since this was asked last."""
        world = self.app.extensions["outside"]
        world.mail.sent.clear()
        outbox.deliver("w", world)
        return [mail for mail in world.mail.sent if "ada@example.org" in str(mail["To"])]


def _booked(stage: Stage) -> None:
    service.book(stage.ada, stage.hour, now=NOON, by=None)


def _moved(stage: Stage) -> None:
    stage.book()
    stage.change(wall_time=time(14, 30), on_date=date(2026, 12, 2))


def _called_off(stage: Stage) -> None:
    stage.book()
    changes.call_off(stage.hour, Scope.ONE, now=NOON, by=None, reason="No hall")


def _cancelled(stage: Stage) -> None:
    service.cancel(stage.book(), now=NOON, by=stage.ada.account_id)


def _promoted(stage: Stage) -> None:
    other = stage.book(make.participant())
    waiting_list.join(stage.ada, stage.hour, is_at_once=True, now=NOON, by=None)
    service.cancel(other, now=NOON, by=None)


def _withdrawn(stage: Stage) -> None:
    stage.book()
    withdrawals.leave(stage.ada, on=NOON.date(), reason=None, now=NOON, by=make.staff().id)


def _longer(stage: Stage) -> None:
    stage.book()
    stage.change(minutes=90)


def _longer_where_clocks_change(stage: Stage) -> None:
    """From half past one in a night without the hour after two: to half past four."""
    stage.book()
    stage.change(on_date=date(2027, 3, 28), wall_time=time(1, 30), minutes=120)


def _in_another_language_and_shorter(stage: Stage) -> None:
    stage.book()
    stage.change(minutes=45, language="nl")


CASES: dict[str, tuple[Callable[[Stage], None], str, int, datetime | None]] = {
    "booked": (_booked, "REQUEST", 0, datetime(2026, 12, 1, 9)),
    "moved": (_moved, "REQUEST", 1, datetime(2026, 12, 2, 13, 30)),
    "called_off": (_called_off, "CANCEL", 1, datetime(2026, 12, 1, 9)),
    "cancelled": (_cancelled, "CANCEL", 1, datetime(2026, 12, 1, 9)),
    "promoted": (_promoted, "REQUEST", 0, datetime(2026, 12, 1, 9)),
    "withdrawn": (_withdrawn, "CANCEL", 1, datetime(2026, 12, 1, 9)),
    "longer": (_longer, "REQUEST", 1, datetime(2026, 12, 1, 9)),
    "shorter": (_in_another_language_and_shorter, "REQUEST", 1, datetime(2026, 12, 1, 9)),
    "longer_where_clocks_change": (
        _longer_where_clocks_change, "REQUEST", 1, datetime(2027, 3, 28, 0, 30)
    ),
}  # fmt: skip
MINUTES = {"longer": 90, "shorter": 45, "longer_where_clocks_change": 120}  # an hour else


@pytest.fixture
def stage(app: Flask) -> Stage:
    """Everybody, and the class."""
    return Stage(app)


def calendar_of(mail: EmailMessage) -> bytes | None:
    """The calendar file of a mail, if it has one."""
    found = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    content = found[0].get_payload(decode=True) if found else None
    return content if isinstance(content, bytes) else None


def settled(content: bytes) -> str:
    """The file, unfolded, with what is another one each time replaced by its name."""
    lines = content.decode().replace("\r\n ", "").split("\r\n")
    named = [VOLATILE.get(line.split(":")[0].split(";")[0], line) for line in lines]
    return LINK.sub("<link>", "\n".join(named))


def value(content: bytes, name: str) -> str:
    """One property of the file."""
    lines = content.decode().replace("\r\n ", "").split("\r\n")
    return next(line.partition(":")[2] for line in lines if line.startswith(f"{name}:"))


@pytest.mark.parametrize("name", CASES)
def test_the_file_of_each_occasion_is_the_golden_one_and_passes_every_reader(
    name: str, stage: Stage
) -> None:
    happens, method, sequence, starts_at = CASES[name]
    happens(stage)
    db.session.commit()
    (mail,) = stage.mails()
    content = calendar_of(mail)
    assert content is not None

    pass_gate(content)

    golden = FILES / f"{name}.ics"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(settled(content), encoding="utf-8")
    assert settled(content) == golden.read_text(encoding="utf-8")
    assert value(content, "METHOD") == method
    assert value(content, "SEQUENCE") == str(sequence)
    booking = db.session.query(Booking).filter_by(participant_id=stage.ada.id).one()
    assert value(content, "UID") == booking.calendar_uid
    ((begins, ends),) = by_ical_js(content)
    assert begins.replace(tzinfo=None) == starts_at
    assert ends - begins == timedelta(minutes=MINUTES.get(name, 60))


def test_there_is_a_golden_file_for_each_occasion_and_no_other() -> None:
    assert {path.stem for path in FILES.glob("*.ics")} == set(CASES)


def test_a_move_keeps_the_uid_and_raises_the_sequence(stage: Stage) -> None:
    booking = stage.book()
    stage.change(wall_time=time(12))
    (first,) = stage.mails()
    stage.hour = db.session.get_one(Session, stage.hour.id)
    stage.change(wall_time=time(13))
    (second,) = stage.mails()

    files = [calendar_of(mail) or b"" for mail in (first, second)]
    assert [value(file, "UID") for file in files] == [booking.calendar_uid] * 2
    assert [value(file, "SEQUENCE") for file in files] == ["1", "2"]


def test_another_trainer_is_told_by_mail_and_changes_nothing_in_her_calendar(stage: Stage) -> None:
    """No entry names who gives a class; asking her once more would lose what she answered."""
    booking = stage.book()
    stage.change(trainer=stage.mats)

    (mail,) = stage.mails()

    assert calendar_of(mail) is None
    db.session.refresh(booking)
    assert booking.sequence == 0
