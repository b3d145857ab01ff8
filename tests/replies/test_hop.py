"""There and back: the invitation as it was sent, answered by a program, over real SMTP."""

from __future__ import annotations

import smtplib

import pytest
from icalendar import Calendar, Event

from remote_training.bookings import answers
from remote_training.bookings import service as bookings
from remote_training.calendars.reply import Says
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.replies import jobs
from remote_training.replies.service import Kind
from tests import make
from tests.fakes import NOON
from tests.replies.mails import HER, answer


def reply_to(invitation: bytes, says: str) -> bytes:
    """What a calendar program makes of an invitation."""
    asked = Calendar.from_ical(invitation).walk("VEVENT")[0]
    event = Event()
    for name in ("UID", "SEQUENCE", "DTSTART", "DTEND", "ORGANIZER", "SUMMARY"):
        event[name] = asked[name]
    event.add("dtstamp", NOON)
    attendee = asked["ATTENDEE"]
    attendee.params["PARTSTAT"] = says
    event["ATTENDEE"] = attendee
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Somebody//Calendar//EN")
    calendar.add("method", "REPLY")
    calendar.add_component(event)
    return calendar.to_ical()


@pytest.mark.parametrize("attached", [False, True])
def test_an_invitation_is_answered_over_a_real_hop(app, mailbox, smtp_server, attached):
    her = make.participant(contact=make.contact(email=HER.replace("p19", "P19")))
    booking = bookings.book(her, make.session(), now=NOON, by=None)
    db.session.commit()
    outbox.deliver("w", app.extensions["outside"])
    (invited,) = mailbox.sent
    (part,) = [one for one in invited.walk() if one.get_content_type() == "text/calendar"]
    content = reply_to(part.get_payload(decode=True), "DECLINED")
    host, port = smtp_server.url.removeprefix("smtp://").split(":")

    with smtplib.SMTP(host, int(port), timeout=10) as relay:
        relay.send_message(answer(content, attached=attached))

    (arrived,) = smtp_server.received
    assert jobs.hear_one(arrived.raw, now=NOON) is Kind.DECLINED
    assert answers.newest(booking) is Says.DECLINED
