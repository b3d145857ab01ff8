"""Answers read from a real mailbox, where dovecot is installed."""

from __future__ import annotations

import tempfile
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from remote_training.bookings import answers
from remote_training.core.db import db
from remote_training.messages.models import Message
from remote_training.outside import mailbox as mailboxes
from remote_training.outside.mailbox import MailboxAway
from remote_training.replies import jobs, service
from remote_training.replies.service import Kind
from tests.replies.mails import answer, file
from tests.servers import imap

SEEN, FLAGGED = {"\\Seen"}, {"\\Flagged"}

real = pytest.mark.skipif(imap.program() is None, reason=imap.NOT_INSTALLED)


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory(prefix="imap-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with imap.dovecot(Path(folder)) as running:
            yield running


def hear_all(app, server):
    db.session.commit()
    with mailboxes.opened(server.url) as opened:
        return jobs.hear_all(opened, app.extensions["outside"])


@real
def test_each_mail_is_marked_by_what_became_of_it_and_read_once(app, invited, server):
    for mail in (
        answer(file()[:200]),
        answer(Auto_Submitted="auto-replied"),
        answer(),
        EmailMessage(),
    ):
        server.put(mail.as_bytes())

    told = hear_all(app, server)

    assert told == Counter(
        {Kind.UNREADABLE: 1, Kind.AUTOMATIC: 1, Kind.DECLINED: 1, Kind.NO_ANSWER: 1}
    )
    assert server.flags() == [FLAGGED, SEEN, SEEN, SEEN]
    assert answers.says_no([invited.id]) == {invited.id}
    assert hear_all(app, server) == Counter()
    server.put(answer(file("reply_accept.ics", DTSTAMP="20261123T131000Z")).as_bytes())
    assert hear_all(app, server) == Counter({Kind.ACCEPTED: 1})
    assert answers.says_no([invited.id]) == set()


@real
def test_a_database_that_is_away_leaves_the_mail_unread_and_it_is_heard_later(
    app, invited, server, monkeypatch
):
    server.put(answer().as_bytes())
    heard = service.hear

    def hear_and_lose(raw, *, now):
        heard(raw, now=now)
        db.session.flush()
        raise OperationalError("COMMIT", {}, Exception("gone"))

    monkeypatch.setattr(service, "hear", hear_and_lose)
    with pytest.raises(OperationalError):
        hear_all(app, server)
    assert server.flags() == [set()]
    assert db.session.query(Message).count() == 0

    monkeypatch.undo()
    assert hear_all(app, server) == Counter({Kind.DECLINED: 1})
    assert server.flags() == [SEEN]
    assert db.session.query(Message).count() == 1


@real
def test_a_mail_that_breaks_us_is_flagged_and_the_rest_is_heard(app, invited, server, monkeypatch):
    server.put(b"From: p19@patient.example\r\n\r\nbreaks\r\n")
    server.put(answer().as_bytes())
    heard = service.hear

    def hear_or_break(raw, *, now):
        if b"breaks" in raw:
            raise RuntimeError("nobody has thought of this")
        return heard(raw, now=now)

    monkeypatch.setattr(service, "hear", hear_or_break)

    assert hear_all(app, server) == Counter({Kind.UNREADABLE: 1, Kind.DECLINED: 1})
    assert server.flags() == [FLAGGED, SEEN]


@real
def test_far_too_large_a_mail_is_flagged_unread(app, invited, server):
    server.put(b"Subject: large\r\n\r\n" + b"x" * 70 * 40_000)
    server.put(answer().as_bytes())

    assert hear_all(app, server) == Counter({Kind.UNREADABLE: 1, Kind.DECLINED: 1})
    assert server.flags() == [FLAGGED, SEEN]


@real
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [(imap.PASSWORD, "wrong", "refuses"), ("/INBOX", "/Nowhere", "no such folder")],
    ids=["a wrong password", "a folder that is not there"],
)
def test_a_mailbox_that_refuses_is_told_without_the_password(app, server, old, new, reason):
    with (
        pytest.raises(MailboxAway, match=reason) as refusal,
        mailboxes.opened(server.url.replace(old, new)),
    ):
        raise AssertionError("it let us in")

    assert imap.PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    ["", "http://a:b@localhost/", "imaps://localhost/INBOX", "imap://a:b@/x", "imap://a:b@h:x/",
     "imaps://[a:b@h/"],
)  # fmt: skip
def test_an_address_that_is_no_mailbox_is_refused_in_one_sentence(app, url):
    with (
        pytest.raises(MailboxAway, match="imaps://user:password@host/INBOX"),
        mailboxes.opened(url),
    ):
        raise AssertionError("it was taken")


def test_nobody_there_is_told_in_one_sentence(app):
    with (
        pytest.raises(MailboxAway, match="does not answer"),
        mailboxes.opened("imap://a:b@127.0.0.1:9/INBOX"),
    ):
        raise AssertionError("somebody answered")
