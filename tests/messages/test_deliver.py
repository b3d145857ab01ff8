"""Delivering: each failure, poison, the stop of the whole queue; over a real mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client import generate_latest

from remote_training.contacts import service as contacts
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs, metrics, queries, service
from remote_training.messages.kinds import Kind, Policy
from remote_training.messages.models import Message, State
from remote_training.messages.service import Planned
from remote_training.outside.mail import (
    Letter,
    MailError,
    MailLoginRefused,
    MailRefused,
    MailTemporary,
    MailUncertain,
)
from remote_training.outside.smtp import SmtpMail
from remote_training.outside.world import Outside
from tests import make
from tests.fakes import NOON, FakeClock, FakeMail
from tests.servers.smtp import SmtpServer

LATER = NOON + timedelta(days=1)
Wanted = Callable[[Message, Message, datetime], bool]


@contextmanager
def itself(messages: Sequence[Message]) -> Iterator[dict[UUID, Message]]:
    """A message of the tests is about nothing but itself; one that is lost is about nothing."""
    yield {message.id: message for message in messages if "lost" not in message.facts}


def compose(_itself: Message, message: Message, _now: datetime) -> Letter:
    """A letter of one line; facts may make it fail."""
    if "poison" in message.facts:
        raise ValueError(message.facts["poison"])
    contact = contacts.get(message.contact_id)
    return Letter(
        f"<{message.id}@trial.example.org>", contact.email, "classes@trial.example.org", "x", "y"
    )


@pytest.fixture
def kinds(app: Flask) -> Any:
    """Two plain kinds in the app's table."""
    table, before = app.extensions["message_kinds"], dict(app.extensions["message_kinds"])
    wanted: Wanted = lambda _itself, message, _now: "void" not in message.facts  # noqa: E731
    for policy in Policy:
        table[policy.value] = Kind(policy.value, policy, itself, wanted, compose)
    yield table
    table.clear()
    table.update(before)


pytestmark = pytest.mark.usefixtures("kinds")


def queued(kind: str = "once", count: int = 1, **facts: str) -> list[Message]:
    """Messages that are due."""
    with unit_of_work():
        rows = [
            service.queue(kind, to=make.contact().id, facts=facts, not_after=LATER, now=NOON)
            for _ in range(count)
        ]
    return [row for row in rows if row is not None]


def world(app: Flask) -> Outside:
    """The app's outside world."""
    found: Outside = app.extensions["outside"]
    return found


def states() -> dict[str, int]:
    """How many messages are in which state."""
    rows = db.session.execute(sa.select(Message.state, sa.func.count()).group_by(Message.state))
    found = {row[0].value: row[1] for row in rows}
    db.session.rollback()
    return found


def test_everything_due_goes_in_one_go(app: Flask, mailbox: FakeMail) -> None:
    queued(count=2 * jobs.BATCH + 3)
    assert jobs.deliver("w", world(app)) == 2 * jobs.BATCH + 3
    assert states() == {"sent": 2 * jobs.BATCH + 3}
    assert len({mail["Message-ID"] for mail in mailbox.sent}) == 2 * jobs.BATCH + 3
    assert jobs.deliver("w", world(app)) == 0


def test_the_message_id_is_that_of_the_row(app: Flask, mailbox: FakeMail) -> None:
    [message] = queued()
    row_id = message.id
    jobs.deliver("w", world(app))
    assert mailbox.sent[0]["Message-ID"] == f"<{row_id}@trial.example.org>"


@pytest.mark.parametrize("is_urgent", [True, False], ids=["urgent", "the others"])
@pytest.mark.parametrize(
    "fault", [MailTemporary("RCPT", 451), MailTemporary("CONNECT")], ids=["put off", "away"]
)
def test_what_is_urgent_goes_first_also_after_a_try_that_failed(
    app: Flask, mailbox: FakeMail, clock: FakeClock, fault: MailError, is_urgent: bool
) -> None:
    planned = Planned("once", make.contact().id, {}, LATER, "key", is_urgent=is_urgent)
    with unit_of_work():
        service.queue_all([planned], now=NOON)
    mailbox.fault = fault
    jobs.deliver("w", world(app))
    mailbox.fault = None
    assert jobs.deliver("w", world(app)) == 0, "the pause is for it, too"
    clock.forward(seconds=15)
    others = {row.id for row in queued(count=3)}
    clock.forward(minutes=2)
    assert queries.status(now=clock()).oldest_due_seconds > 0
    jobs.deliver("w", world(app))
    ids = [UUID(mail["Message-ID"][1:].partition("@")[0]) for mail in mailbox.sent]
    assert len(ids) == 4
    assert (ids[0] not in others) is is_urgent
    if not is_urgent:
        assert ids[-1] not in others


def test_an_urgent_one_that_rests_is_no_sign_that_mail_stands_still(
    app: Flask, mailbox: FakeMail, clock: FakeClock
) -> None:
    planned = Planned("once", make.contact().id, {}, LATER, "key", is_urgent=True)
    with unit_of_work():
        service.queue_all([planned], now=NOON)
    mailbox.fault = MailTemporary("RCPT", 451)
    for _ in range(6):
        clock.forward(minutes=30)
        jobs.deliver("w", world(app))
    assert states() == {"pending": 1}
    assert queries.stands_since(now=clock()) is None
    clock.forward(hours=2)
    assert queries.stands_since(now=clock()) is not None, "nobody has tried it for long"


def test_an_urgent_one_that_a_person_sends_again_is_urgent(app: Flask) -> None:
    planned = Planned("once", make.contact().id, {}, LATER, "key", is_urgent=True)
    with unit_of_work():
        service.queue_all([planned], now=NOON)
        message = db.session.scalars(sa.select(Message)).one()
        again = service.send_again(message, not_after=LATER, now=NOON)
        other = service.send_again(queued()[0], not_after=LATER, now=NOON)
        assert (again.is_urgent, other.is_urgent) == (True, False)


def test_what_is_no_longer_wanted_does_not_go(app: Flask, mailbox: FakeMail) -> None:
    queued(void="1")
    queued()
    jobs.deliver("w", world(app))
    assert states() == {"void": 1, "sent": 1}
    assert len(mailbox.sent) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "becomes"),
    [
        (MailTemporary("RCPT", 451), "once", "pending"),
        (MailRefused("RCPT", 550), "once", "failed"),
        (MailRefused("DATA", 552), "again", "failed"),
        (MailUncertain("DATA"), "once", "uncertain"),
        (MailUncertain("DATA"), "again", "pending"),
        (MailTemporary("CONNECT"), "once", "pending"),
        (MailTemporary("MAIL", 421), "once", "pending"),
        (MailLoginRefused("AUTH", 535), "once", "pending"),
        (RuntimeError("broken"), "once", "uncertain"),
    ],
    ids=str,
)
def test_each_failure_leaves_its_state(
    app: Flask, mailbox: FakeMail, clock: FakeClock, fault: Exception, kind: str, becomes: str
) -> None:
    queued(kind)
    mailbox.fault = fault
    jobs.deliver("w", world(app))
    assert states() == {becomes: 1}
    row = db.session.scalars(sa.select(Message)).one()
    assert row.lease_until is None
    if isinstance(fault, MailError) and not isinstance(fault, MailLoginRefused):
        assert row.fault is not None
        assert "@" not in row.fault
    db.session.rollback()


def test_a_temporary_failure_is_tried_again_later(
    app: Flask, mailbox: FakeMail, clock: FakeClock
) -> None:
    queued()
    mailbox.fault = MailTemporary("RCPT", 451)
    jobs.deliver("w", world(app))
    mailbox.fault = None
    assert jobs.deliver("w", world(app)) == 0
    clock.forward(minutes=2)
    assert jobs.deliver("w", world(app)) == 1
    assert states() == {"sent": 1}


def test_a_server_that_is_away_costs_one_try_not_the_queue(
    app: Flask, mailbox: FakeMail, clock: FakeClock
) -> None:
    queued(count=30)
    mailbox.fault = MailTemporary("CONNECT")
    assert jobs.deliver("w", world(app)) == 0
    assert states() == {"pending": 30}
    tries = sorted(db.session.scalars(sa.select(Message.tries)))
    db.session.rollback()
    assert tries == [0] * 29 + [1]
    mailbox.fault = None
    clock.forward(minutes=2)
    jobs.deliver("w", world(app))
    assert states() == {"sent": 30}


def test_a_refused_login_stops_everything_and_loses_nothing(
    app: Flask, mailbox: FakeMail, clock: FakeClock
) -> None:
    queued(count=20)
    mailbox.fault = MailLoginRefused("AUTH", 535)
    assert jobs.deliver("w", world(app)) == 0
    assert states() == {"pending": 20}
    stop = queries.stop()
    assert stop is not None
    assert "535" in stop.fault
    mailbox.fault = None
    clock.forward(hours=1)
    assert jobs.deliver("other", world(app)) == 0
    assert b"messages_stopped 1.0" in generate_latest()
    with unit_of_work():
        service.resume_queue(now=clock())
    assert jobs.deliver("w", world(app)) == 20
    assert b"messages_stopped 0.0" in generate_latest()
    assert metrics.Outbox().describe() == []


def test_a_poisoned_row_fails_after_three_tries_and_the_rest_goes(
    app: Flask, mailbox: FakeMail, clock: FakeClock
) -> None:
    queued(poison="Ada <ada@example.org>")
    queued(count=9)
    for _ in range(3):
        jobs.deliver("w", world(app))
        clock.forward(minutes=90)
    assert states() == {"failed": 1, "sent": 9}
    fault = db.session.scalars(sa.select(Message.fault).where(Message.state == State.FAILED)).one()
    db.session.rollback()
    assert fault == "could not be written: ValueError"
    assert len(mailbox.sent) == 9


def test_a_kind_that_nobody_knows_fails_alone(
    app: Flask, clock: FakeClock, mailbox: FakeMail
) -> None:
    queued("unheard-of")
    queued()
    for _ in range(3):
        jobs.deliver("w", world(app))
        clock.forward(minutes=90)
    assert states() == {"failed": 1, "sent": 1}


def test_a_worker_that_is_told_to_end_gives_the_rest_back(app: Flask, mailbox: FakeMail) -> None:
    queued(count=60)
    jobs.deliver("w", world(app), is_ending=lambda: len(mailbox.sent) > 0)
    found = states()
    assert set(found) <= {"sent", "pending"}
    assert 0 < found["sent"] <= 2 * jobs.GROUP
    assert found["sent"] == len(mailbox.sent)


def test_a_worker_that_slept_past_its_lease_sends_nothing(
    app: Flask, mailbox: FakeMail, clock: FakeClock, kinds: Any
) -> None:
    """The moment of the letter is long past when its turn comes: it is given back unsent."""

    def slow(_itself: Message, message: Message, now: datetime) -> Letter:
        clock.forward(minutes=6)
        return compose(_itself, message, now)

    kinds["slow"] = Kind("slow", Policy.ONCE, itself, lambda *_: True, slow)
    queued("slow")
    jobs.deliver("w", world(app), limit=1)
    assert mailbox.sent == []
    assert states() == {"pending": 1}


def test_every_failure_of_a_real_server_in_one_evening(
    app: Flask, smtp_server: SmtpServer, clock: FakeClock
) -> None:
    queued(count=12)
    smtp_server.faults.rcpt = [451, 550, 451]
    smtp_server.faults.drop_after_answer = 1
    smtp_server.faults.mail_421 = 1
    real = Outside(clock, SmtpMail(smtp_server.url), {})
    for _ in range(8):
        jobs.deliver("w", real)
        clock.forward(minutes=45)
    assert states() == {"sent": 11, "failed": 1}
    ids = [mail["Message-ID"] for mail in smtp_server.mails]
    assert len(ids) == len(set(ids)) == 11
