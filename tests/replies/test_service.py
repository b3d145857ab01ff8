"""Her calendar's answer is heard; whatever is not plainly hers changes nothing."""

from __future__ import annotations

import io
from datetime import timedelta
from email.message import EmailMessage

import pytest
import structlog

from remote_training.accounts.models import Link, Role
from remote_training.bookings import answers
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking, CalendarAnswer
from remote_training.calendars.reply import Says
from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from remote_training.messages.models import Message, State
from remote_training.operations import logs
from remote_training.replies import jobs
from remote_training.replies.service import Kind
from remote_training.studies.parts import BookingRules, Decline
from tests import make
from tests.replies.conftest import NOW
from tests.replies.mails import FILES, HER, OURS, answer, bounce, file


@pytest.fixture
def frees(app):
    """The study frees the place where a calendar says no."""
    study = app.extensions["study"]
    app.extensions["study"] = study.model_copy(
        update={"booking": BookingRules(decline=Decline.FREE)}
    )
    yield
    app.extensions["study"] = study


def hear(mail, *, now=NOW):
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    db.session.commit()
    return jobs.hear_one(raw, now=now)


def everything():
    """Every row of the tables that an answer might touch."""
    db.session.rollback()
    found = {}
    for model in (Booking, CalendarAnswer, Message, Link):
        table = model.__table__
        found[table.name] = sorted(map(repr, db.session.execute(table.select()).all()))
    db.session.rollback()
    return found


def heard(booking):
    return [
        (one.sequence, one.says)
        for one in db.session.query(CalendarAnswer).filter_by(booking_id=booking.id)
    ]


def asked():
    return db.session.query(Message).filter_by(kind="says_no").count()


# --------------------------------------------------------------- what is heard


def test_a_yes_is_kept_and_nothing_follows(invited):
    assert hear(answer(file("reply_accept.ics"))) is Kind.ACCEPTED

    assert heard(invited) == [(0, Says.ACCEPTED)]
    assert asked() == 0
    assert invited.is_live


@pytest.mark.parametrize("attached", [False, True])
def test_a_no_marks_the_booking_and_asks_her_once(invited, app, mailbox, attached):
    assert hear(answer(attached=attached)) is Kind.DECLINED
    assert hear(answer(attached=attached)) is Kind.OLD  # the same mail once more

    assert heard(invited) == [(0, Says.DECLINED)]
    assert answers.says_no([invited.id]) == {invited.id}
    assert invited.is_live
    outbox.deliver("w", app.extensions["outside"])
    (mail,) = mailbox.sent
    assert mail["To"].addresses[0].addr_spec == HER
    text = mail.get_body(("plain",)).get_content()
    assert text.count("http://localhost/l/") == 1
    assert "scan" not in mail.as_string()  # what she wrote in her comment


def test_an_answer_that_asks_for_no_automatic_answer_is_one_of_a_person(invited):
    """Exchange sets it on what people send; alone it says nothing of who wrote."""
    assert hear(answer(X_Auto_Response_Suppress="DR, OOF, AutoReply")) is Kind.DECLINED
    assert heard(invited) == [(0, Says.DECLINED)]


def test_the_link_in_the_mail_leads_to_where_the_place_is_given_back(
    invited, app, mailbox, browser
):
    hear(answer())
    outbox.deliver("w", app.extensions["outside"])
    text = mailbox.sent[0].get_body(("plain",)).get_content()
    link = "/l/" + text.split("http://localhost/l/", 1)[1].split()[0]

    page = browser.post(link, follow_redirects=True).text
    assert f"/classes/bookings/{invited.id}" in page
    browser.post(f"/classes/bookings/{invited.id}/cancel")

    db.session.expire_all()
    assert not db.session.get(Booking, invited.id).is_live


def test_no_and_then_yes_is_yes_and_the_mail_is_not_sent_any_more(invited, app, mailbox):
    hear(answer())
    later = file("reply_accept.ics", DTSTAMP="20261123T131000Z")
    assert hear(answer(later)) is Kind.ACCEPTED

    assert answers.says_no([invited.id]) == set()
    outbox.deliver("w", app.extensions["outside"])
    assert mailbox.sent == []
    assert db.session.query(Message).filter_by(kind="says_no").one().state is State.VOID


def test_the_study_may_free_the_place_at_once(invited, frees):
    taken = invited.session.taken

    assert hear(answer()) is Kind.FREED

    db.session.expire_all()
    assert not invited.is_live
    assert invited.session.taken == taken - 1
    assert asked() == 0
    told = [message.kind for message in db.session.query(Message)]
    assert told == ["booking_cancelled"]


def test_perhaps_is_kept_and_nothing_follows(invited, frees):
    mail = file().replace(b"PARTSTAT=DECLINED", b"PARTSTAT=TENTATIVE")

    assert hear(answer(mail)) is Kind.TENTATIVE
    assert invited.is_live
    assert heard(invited) == [(0, Says.TENTATIVE)]


def test_a_clock_that_runs_ahead_does_not_outdo_what_she_says_later(invited):
    hear(answer(file(DTSTAMP="20361123T130000Z")))

    later = NOW + timedelta(minutes=5)
    yes = file("reply_accept.ics", DTSTAMP="20361123T130500Z")
    assert hear(answer(yes), now=later) is Kind.ACCEPTED
    assert answers.newest(invited) is Says.ACCEPTED


def test_an_answer_to_the_time_before_says_nothing_about_the_new_one(invited):
    hear(answer())
    invited.sequence = 1  # the class has moved
    db.session.commit()

    assert answers.says_no([invited.id]) == set()
    assert hear(answer(file(DTSTAMP="20261123T131500Z"))) is Kind.OLD
    new = file(SEQUENCE="1", DTSTAMP="20261123T132000Z")
    assert hear(answer(new)) is Kind.DECLINED
    assert answers.says_no([invited.id]) == {invited.id}
    assert heard(invited) == [(0, Says.DECLINED), (1, Says.DECLINED)]
    assert asked() == 2


# ------------------------------------------------------------- what never acts


def within(mail):
    """A mail that forwards another one."""
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = HER, OURS, "Fwd: Declined"
    outer.set_content("See below.")
    outer.add_attachment(mail)
    return outer


DELEGATED = file().replace(b"PARTSTAT=DECLINED", b"PARTSTAT=DELEGATED")
FOR_HER = file().replace(b"CN=P19", b'SENT-BY="mailto:aide@patient.example";CN=P19')
STRANGER = file().replace(b"mailto:p19@", b"mailto:eve@")
TWO = file().replace(b"DTSTART:", b"ATTENDEE;PARTSTAT=DECLINED:mailto:eve@x.example\r\nDTSTART:")
NEVER = {
    "a counter-proposal": (answer(file(METHOD="COUNTER")), Kind.COUNTER),
    "a refused counter-proposal": (answer(file(METHOD="DECLINECOUNTER")), Kind.COUNTER),
    "a request": (answer(file(METHOD="REQUEST")), Kind.NO_ANSWER),
    "a delegate is named": (answer(DELEGATED), Kind.DELEGATED),
    "somebody answers for her": (answer(FOR_HER), Kind.DELEGATED),
    "a stranger answers": (answer(STRANGER), Kind.STRANGER),
    "a stranger answers in his own name": (
        answer(STRANGER, sender="eve@patient.example"),
        Kind.STRANGER,
    ),
    "a stranger sends her answer": (answer(sender="eve@patient.example"), Kind.FORWARDED),
    "it was sent on": (answer(Resent_From="eve@patient.example"), Kind.FORWARDED),
    "it lies in another mail": (within(answer()), Kind.NO_ANSWER),
    "an entry that is not ours": (answer(file(UID="nobody@x.example")), Kind.UNKNOWN),
    "an invitation that was never sent": (answer(file(SEQUENCE="7")), Kind.UNKNOWN),
    "an automatic answer": (answer(Auto_Submitted="auto-replied"), Kind.AUTOMATIC),
    "an automatic answer of Exchange": (
        answer(X_Auto_Response_Suppress="All", Auto_Submitted="auto-generated"),
        Kind.AUTOMATIC,
    ),
    "nobody sends it": (answer(Return_Path="<>"), Kind.AUTOMATIC),
    "a list sends it": (answer(Precedence="bulk"), Kind.AUTOMATIC),
    "our own mail comes back": (answer(sender=OURS), Kind.LOOP),
    "it does not say what": (
        answer(file().replace(b"PARTSTAT=DECLINED;", b"")),
        Kind.NO_ANSWER,
    ),
    "two attendees": (answer(TWO), Kind.UNREADABLE),
    "half a file": (answer(file()[:200]), Kind.UNREADABLE),
    "no moment": (answer(file(DTSTAMP="soon")), Kind.UNREADABLE),
    "a sequence in words": (answer(file(SEQUENCE="first")), Kind.UNREADABLE),
    "no file": (EmailMessage(), Kind.NO_ANSWER),
    "no mail": (b"\x00\xff" * 99, Kind.NO_ANSWER),
}


@pytest.mark.parametrize(("mail", "kind"), NEVER.values(), ids=NEVER)
def test_what_is_not_plainly_hers_changes_nothing(invited, frees, mail, kind):
    before = everything()

    assert hear(mail) is kind

    assert everything() == before
    assert hear(answer(Auto_Submitted="no")) is Kind.FREED  # and hers is heard after it


@pytest.mark.parametrize(
    "change",
    [
        {"cancelled_at": NOW},
        {"session": {"called_off_at": NOW}},
        {"session": {"starts_at": NOW}},
        {"participant": {"withdrawn_on": NOW.date()}},
    ],
    ids=["given back", "called off", "begun", "she has left"],
)
def test_where_there_is_no_place_to_give_back_nothing_follows(invited, frees, change):
    for name, value in change.items():
        if isinstance(value, dict):
            for key, inner in value.items():
                setattr(getattr(invited, name), key, inner)
        else:
            setattr(invited, name, value)
    db.session.commit()
    before = everything()

    assert hear(answer()) is Kind.SETTLED
    assert everything() == before


def test_an_older_answer_that_arrives_late_is_not_heard(invited):
    hear(answer(file("reply_accept.ics", DTSTAMP="20261123T131000Z")))

    assert hear(answer()) is Kind.OLD
    assert heard(invited) == [(0, Says.ACCEPTED)]


def test_a_no_in_the_same_second_as_a_yes_is_no_older_one_and_is_heard(invited):
    at = "20261123T131000Z"
    assert hear(answer(file("reply_accept.ics", DTSTAMP=at))) is Kind.ACCEPTED
    assert hear(answer(file("reply_accept.ics", DTSTAMP=at))) is Kind.OLD, "the same mail twice"

    assert hear(answer(file(DTSTAMP=at))) is Kind.DECLINED

    assert heard(invited) == [(0, Says.DECLINED)]
    assert answers.says_no([invited.id]) == {invited.id}
    assert hear(answer(file(DTSTAMP=at))) is Kind.OLD
    assert hear(answer(file("reply_accept.ics", DTSTAMP="20261123T130959Z"))) is Kind.OLD
    assert heard(invited) == [(0, Says.DECLINED)]


@pytest.mark.parametrize("path", sorted(FILES.glob("*.ics")), ids=lambda path: path.name)
def test_no_file_of_the_common_ground_but_the_no_frees_a_place(invited, frees, path):
    kind = hear(answer(path.read_bytes()))

    expected = {"reply_accept.ics": Kind.ACCEPTED, "reply_decline_comment.ics": Kind.FREED}
    assert kind is expected.get(path.name, kind)
    assert (kind is Kind.FREED) == (path.name == "reply_decline_comment.ics")
    db.session.expire_all()
    assert invited.is_live == (kind is not Kind.FREED)


# ------------------------------------------------------------------ bounces


def sent_to(booking, state=State.SENT):
    message = Message(
        kind="booking_confirmed", contact_id=booking.participant.contact_id, state=state,
        facts={"booking_id": str(booking.id)}, queued_at=NOW, due_at=NOW, finished_at=NOW,
        not_after=NOW + timedelta(days=9),
    )  # fmt: skip
    db.session.add(message)
    db.session.commit()
    return message


@pytest.mark.parametrize("headers_only", [False, True])
@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN])
def test_a_mail_that_came_back_stands_as_failed_in_the_coordinators_list(
    invited, browse_as, headers_only, state
):
    message = sent_to(invited, state)
    mail = bounce(f"<{message.id}@trial.example.org>", headers_only=headers_only)
    assert "failed: was not delivered" not in _page(browse_as, invited)

    assert hear(mail) is Kind.BOUNCED

    db.session.expire_all()
    assert (message.state, message.fault) == (State.FAILED, "came back 5.1.1")
    assert "failed: was not delivered" in _page(browse_as, invited)
    assert hear(mail) is Kind.SETTLED


def test_a_mail_that_is_only_late_or_not_ours_changes_nothing(invited):
    message = sent_to(invited)
    before = everything()
    ours = f"<{message.id}@trial.example.org>"

    for mail, kind in (
        (bounce(ours, action="delayed"), Kind.DELAYED),
        (bounce(ours.replace("trial", "other")), Kind.BOUNCE_OF_OTHERS),
        (bounce("<answer@x.example>"), Kind.BOUNCE_OF_OTHERS),
        (bounce(f"<{invited.id}@trial.example.org>"), Kind.SETTLED),
    ):
        assert hear(mail) is kind
        assert everything() == before


# ------------------------------------------------------- where it is shown


def _page(browse_as, booking):
    coordinator = make.staff(Role.COORDINATOR)
    return browse_as(coordinator).get(f"/staff/people/{booking.participant_id}/").text


def test_the_trainer_and_the_coordinator_see_who_says_no(invited, browse_as):
    trainer = browse_as(invited.session.trainer)
    console = f"/staff/classes/{invited.session_id}/"
    assert "says no" not in trainer.get(console).text + _page(browse_as, invited)

    hear(answer())

    assert "says no" in trainer.get(console).text
    assert "booked, says no" in _page(browse_as, invited)
    assert "Her calendar said no" in _page(browse_as, invited)


def test_nothing_of_a_mail_stands_in_the_log(invited, monkeypatch):
    written = io.StringIO()
    logs.configure(written)
    monkeypatch.setattr(jobs, "log", structlog.get_logger())  # one that was used keeps its output
    try:
        for mail, _kind in NEVER.values():
            hear(mail)
        hear(answer())
    finally:
        structlog.reset_defaults()

    told = written.getvalue()
    assert told.count('"event": "reply heard"') == len(NEVER) + 1
    for word in ("p19", "P19", "patient.example", "eve@", "scan", "session-7f3c2a"):
        assert word not in told


def test_giving_back_by_hand_and_a_no_at_the_same_time_free_one_place(invited, frees):
    taken = invited.session.taken
    bookings.cancel(invited, now=NOW, by=None)
    db.session.commit()

    assert hear(answer()) is Kind.OLD  # her entry was cancelled meanwhile: SEQUENCE 1
    db.session.expire_all()
    assert invited.session.taken == taken - 1
