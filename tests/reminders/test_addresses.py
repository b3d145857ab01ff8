"""In any part of any mail there is one address besides ours: that of whoever gets it.

Every kind that the outbox knows is driven here as it comes about, by two women who share a
class, its trainer and the coordinator. A new kind fails until it is driven too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import unescape
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from remote_training.accounts import service as accounts
from remote_training.accounts.models import Account, Role
from remote_training.alerts import service as alerts
from remote_training.attendance import reaching
from remote_training.bookings import answers, changes, service, trainer_news, waiting_list
from remote_training.bookings.changes import Wish
from remote_training.bookings.models import Booking
from remote_training.calendars.reply import Says
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message
from remote_training.outside.world import Outside
from remote_training.participants import service as participants
from remote_training.participants.models import Participant
from remote_training.reminders import jobs
from remote_training.replies import jobs as replies
from tests import make
from tests.fakes import NOON, FakeClock, FakeMail
from tests.replies.mails import answer, file

OURS = "classes@trial.example.org"
ADDRESS = re.compile(r"[\w.!#$&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
STARTS = NOON + timedelta(days=3)


@dataclass
class Stage:
    """Who there is, and the class that the two women share."""

    ada: Participant
    bea: Participant
    tess: Account
    carla: Account
    session: Session
    browser: FlaskClient
    clock: FakeClock
    app: Flask

    @property
    def women(self) -> tuple[Participant, Participant]:
        return self.ada, self.bea

    def book(self, session: Session | None = None) -> list[Booking]:
        hour, now = session or self.session, self.clock()
        return [service.book(her, hour, now=now, by=None) for her in self.women]

    def at(self, now: Any) -> None:
        db.session.commit()
        self.clock.moment = now
        jobs.plan(now)


@pytest.fixture
def stage(app: Flask, browser: FlaskClient, clock: FakeClock) -> Stage:
    def person(name: str) -> Any:
        first, last = name.lower().split()
        return make.contact(name=name, email=f"{first}@{last}.example")

    tess = make.trainer(contact=person("Tess Vermeer"))
    return Stage(
        ada=make.participant(contact=person("Ada Lezer")),
        bea=make.participant(contact=person("Bea Anders")),
        tess=tess,
        carla=make.staff(Role.COORDINATOR, contact=person("Carla Bureau")),
        session=make.session(trainer=tess, starts_at=STARTS, places=3),
        browser=browser,
        clock=clock,
        app=app,
    )  # fmt: skip


# -------------------------------------------------- how each kind comes about


def _welcome(stage: Stage) -> None:
    for her in stage.women:
        participants.send_link_again(her, now=NOON, by=None)


def _booked(stage: Stage) -> None:
    stage.book()


def _given_back(stage: Stage) -> None:
    for booking in stage.book():
        service.cancel(booking, now=NOON, by=None)


def _moved(stage: Stage) -> None:
    later = make.session(trainer=stage.tess, starts_at=STARTS + timedelta(days=1))
    for booking in stage.book():
        service.move(booking, later, now=NOON, by=None)


def _all_weeks(stage: Stage) -> None:
    hours = [stage.session]
    hours.append(make.session(trainer=stage.tess, starts_at=STARTS + timedelta(days=7)))
    ids = [hour.id for hour in hours]
    db.session.commit()
    for her in stage.women:
        service.book_all(her.id, ids, now=NOON, by=None)


def _link_again(stage: Stage) -> None:
    for booking in stage.book():
        reaching.send_link(booking, now=NOON, by=stage.tess.id)


def _changed(stage: Stage) -> None:
    stage.book()
    _an_hour_later(stage, stage.session)


def _waits(stage: Stage) -> Session:
    """A full class for which both wait."""
    at = STARTS + timedelta(days=2)
    hour = make.session(trainer=stage.tess, starts_at=at, places=1, taken=1)
    for her in stage.women:
        waiting_list.join(her, hour, is_at_once=False, now=NOON, by=None)
    return hour


def _waited_for_another_time(stage: Stage) -> None:
    _an_hour_later(stage, _waits(stage))


def _waited_in_vain(stage: Stage) -> None:
    service.call_off(_waits(stage), now=NOON, by=stage.carla.id, reason="Tess is ill")


def _an_hour_later(stage: Stage, hour: Session) -> None:
    at = hour.starts_at.astimezone(ZoneInfo(hour.site.zone)) + timedelta(hours=1)
    wish = Wish(at.date(), at.time(), stage.tess, hour.places)
    by = stage.carla.id
    changes.apply(hour, wish, now=NOON, by=by, reason="The hall is taken", mark=None)


def _called_off(stage: Stage) -> None:
    stage.book()
    service.call_off(stage.session, now=NOON, by=stage.carla.id, reason="Tess is ill")


def _offered(stage: Stage) -> None:
    """Each gives back a place for which the other one waits."""
    for days, (her, other) in enumerate((stage.women, stage.women[::-1]), start=1):
        at = STARTS + timedelta(days=days)
        hour = make.session(trainer=stage.tess, starts_at=at, places=1)
        held = service.book(her, hour, now=NOON, by=None)
        waiting_list.join(other, hour, is_at_once=False, now=NOON, by=None)
        service.cancel(held, now=NOON, by=None)


def _day_before(stage: Stage) -> None:
    stage.book()
    stage.at(STARTS - timedelta(hours=23))


def _hour_before(stage: Stage) -> None:
    stage.book()
    stage.at(STARTS - timedelta(minutes=50))


def _questions(stage: Stage) -> None:
    for her in stage.women:
        make.assessment(participant=her)
    stage.at(NOON)


def _questions_again(stage: Stage) -> None:
    for her in stage.women:
        make.assessment(participant=her)
    stage.at(NOON + timedelta(days=3))


def _sign_in(stage: Stage) -> None:
    for her in stage.women:
        stage.browser.post("/send-link", data={"email": her.contact.email})
    stage.at(NOON)


def _says_no(stage: Stage) -> None:
    for booking in stage.book():
        her = booking.participant.contact.email
        db.session.commit()
        said = file(UID=booking.calendar_uid, DTSTAMP="20261124T110000Z").decode()
        said = re.sub(r"(ATTENDEE[^\r]*mailto:)[^\r]*", rf"\g<1>{her}", said, flags=re.IGNORECASE)
        replies.hear_one(answer(said.encode(), sender=her).as_bytes(), now=NOON)
        assert answers.newest(db.session.get_one(Booking, booking.id)) is Says.DECLINED


def _invited(stage: Stage) -> None:
    for account in (stage.tess, stage.carla):
        accounts.invite(account, now=NOON, by=None)


def _offered_to_a_trainer(stage: Stage) -> None:
    trainer_news.offer(make.plan(trainer=stage.tess), now=NOON, by=stage.carla.id)


def _alert(stage: Stage) -> None:
    for her in stage.women:
        alerts.sound(her, "phq-9/phq9", occasion_id=her.id, said_at=NOON, now=NOON)


def _event(stage: Stage) -> None:
    for booking in stage.book():
        make.event(booking=booking, by=stage.tess)


HAPPENS: dict[str, Callable[[Stage], None]] = {
    "welcome": _welcome,
    "booking_confirmed": _booked,
    "booking_in_calendar": _all_weeks,
    "programme_booked": _all_weeks,
    "booking_cancelled": _given_back,
    "booking_moved": _moved,
    "join_link": _link_again,
    "class_changed": _changed,
    "waiting_changed": _waited_for_another_time,
    "waiting_called_off": _waited_in_vain,
    "place_offered": _offered,
    "class_called_off": _called_off,
    "reminder_day": _day_before,
    "reminder_hour": _hour_before,
    "questions_due": _questions,
    "questions_reminder": _questions_again,
    "sign_in": _sign_in,
    "says_no": _says_no,
    "staff_invitation": _invited,
    "trainer_classes": _offered_to_a_trainer,
    "alert_raised": _alert,
    "event_recorded": _event,
}
TO_STAFF: dict[str, Callable[[Stage], tuple[Any, ...]]] = {
    "staff_invitation": lambda stage: (stage.tess, stage.carla),
    "alert_raised": lambda stage: (stage.carla,),
    "event_recorded": lambda stage: (stage.carla,),
    "trainer_classes": lambda stage: (stage.tess,),
}


def test_every_kind_of_mail_is_driven_here(app: Flask) -> None:
    assert set(HAPPENS) == set(app.extensions["message_kinds"]), "a new kind: drive it here"


@pytest.mark.parametrize("kind", HAPPENS)
def test_the_only_address_besides_ours_is_that_of_whoever_gets_the_mail(
    stage: Stage, mailbox: FakeMail, kind: str
) -> None:
    HAPPENS[kind](stage)
    db.session.commit()
    world: Outside = stage.app.extensions["outside"]
    outbox.deliver("w", world)

    driven = {_id(row): row for row in db.session.scalars(sa.select(Message))}
    wanted = {one.contact.email for one in TO_STAFF.get(kind, lambda on: on.women)(stage)}
    reached = set()
    for mail in mailbox.sent:
        row = driven[str(mail["Message-ID"]).strip("<>")]
        contact = next(
            one.contact for one in (*stage.women, stage.tess, stage.carla)
            if one.contact_id == row.contact_id
        )  # fmt: skip
        assert addresses(mail) - _own_ids(contact.id) == {contact.email, OURS}, row.kind
        assert mail["To"].addresses[0].addr_spec == contact.email
        assert not mail["Cc"] and not mail["Bcc"]
        others = {"Ada", "Bea", "Vermeer", "Bureau"} - set(contact.name.split())
        assert not others & set(re.findall(r"\w+", " ".join(texts(mail)))), "nor a name of another"
        if row.kind == kind:
            reached.add(contact.email)
    assert reached == wanted, "the control: it was sent, and the reader finds the address in it"


@pytest.mark.parametrize(
    "where",
    ["header", "header word", "text", "html", "calendar", "attached", "quoted", "nested"],
)
def test_the_reader_finds_an_address_wherever_it_is(where: str) -> None:
    stray, mail = "stray@other.example", EmailMessage(policy=SMTP)
    mail["To"] = "ada@lezer.example"
    mail.set_content("Plain." if where != "text" else f"Write to {stray}.")
    line = f"ATTENDEE:mailto:{stray}"
    entry = f"BEGIN:VCALENDAR\r\n{line[:20]}\r\n {line[20:]}\r\nEND:VCALENDAR\r\n"
    if where == "header":
        mail["X-Other"] = stray
    if where == "header word":
        mail["X-Other"] = "=?utf-8?b?c3RyYXlAb3RoZXIuZXhhbXBsZQ==?="
    if where == "html":
        mail.add_alternative("<a href='mailto:stray&#64;other.example'>x</a>", subtype="html")
    if where == "calendar":
        mail.add_alternative(entry, subtype="calendar", cte="base64")
    if where == "attached":
        mail.add_attachment(entry.encode(), "application", "ics", filename="invite.ics")
    if where == "quoted":
        mail.add_alternative(f"<a href='mailto:{stray.replace('@', '%40')}'>x</a>", subtype="html")
    if where == "nested":
        inner = EmailMessage(policy=SMTP)
        inner["From"] = stray
        inner.set_content("Inner.")
        mail.add_attachment(inner)

    read = message_from_bytes(mail.as_bytes(), policy=SMTP)

    assert addresses(read) == {"ada@lezer.example", stray}


# ------------------------------------------------------------------ the reader


def addresses(mail: EmailMessage) -> set[str]:
    """Whatever looks like an address, in any header and any part, whichever way it is written."""
    return {found.lower() for text in texts(mail) for found in ADDRESS.findall(text)}


def texts(mail: EmailMessage) -> list[str]:
    """Headers and contents of all parts, decoded, as text, as HTML, and as parts of a link."""
    found = []
    for part in mail.walk():
        found += [str(value) for value in part.values()]
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            text = content.decode(part.get_content_charset() or "utf-8")
            is_calendar = part.get_content_subtype() in ("calendar", "ics")
            found.append(re.sub(r"\r?\n[ \t]", "", text) if is_calendar else text)
    return [way for text in found for way in (text, unescape(text), unquote(unescape(text)))]


def _id(message: Message) -> str:
    return f"{message.id}@trial.example.org"


def _own_ids(contact_id: Any) -> set[str]:
    """What is no address but looks like one: ids of her own mails and calendar entries."""
    messages = db.session.scalars(sa.select(Message).where(Message.contact_id == contact_id))
    entries = sa.select(Booking.calendar_uid).join(Booking.participant)
    hers = db.session.scalars(entries.where(Participant.contact_id == contact_id))
    return {_id(one) for one in messages} | set(hers)
