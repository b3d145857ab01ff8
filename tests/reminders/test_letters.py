"""Each kind's mail as it is read: its words, its links, its calendar file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from remote_training.accounts import tokens
from remote_training.accounts.models import AccountKind, LinkKind
from remote_training.assessments.models import Assessment, Form
from remote_training.assessments.sitting import sitting
from remote_training.bookings import service as bookings
from remote_training.bookings.models import Booking, Ending
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.instruments.load import instrument
from remote_training.links import subjects as links
from remote_training.messages import jobs, service
from remote_training.messages.models import Message, State
from remote_training.outside.world import Outside
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON, FakeClock, FakeMail
from tests.servers.calendar_gate import pass_gate

OURS = "classes@trial.example.org"
ADA = "ada.reader@example.org"
LINK = re.compile(r"http://localhost/l/([A-Za-z0-9_-]{43})")
KINDS = (
    "welcome", "booking_confirmed", "booking_cancelled", "class_called_off", "reminder_day",
    "reminder_hour", "questions_due", "questions_reminder", "sign_in", "staff_invitation",
    "place_offered", "join_link", "booking_in_calendar", "booking_moved", "programme_booked",
    "class_changed", "waiting_changed", "waiting_called_off",
)  # fmt: skip
OPENS = {
    "welcome": {LinkKind.BOOKINGS},
    "booking_confirmed": {LinkKind.JOIN, LinkKind.BOOKINGS},
    "booking_in_calendar": {LinkKind.JOIN, LinkKind.BOOKINGS},
    "programme_booked": {LinkKind.BOOKINGS},
    "booking_cancelled": {LinkKind.BOOKINGS},
    "booking_moved": {LinkKind.JOIN, LinkKind.BOOKINGS},
    "class_called_off": {LinkKind.BOOKINGS},
    "place_offered": {LinkKind.BOOKINGS},
    "class_changed": {LinkKind.JOIN, LinkKind.BOOKINGS},
    "waiting_changed": {LinkKind.BOOKINGS},
    "waiting_called_off": {LinkKind.BOOKINGS},
    "join_link": {LinkKind.JOIN, LinkKind.BOOKINGS},
    "reminder_day": {LinkKind.JOIN, LinkKind.BOOKINGS, LinkKind.STOP_DAY},
    "reminder_hour": {LinkKind.JOIN, LinkKind.BOOKINGS, LinkKind.STOP_HOUR},
    "questions_due": {LinkKind.ANSWER},
    "questions_reminder": {LinkKind.ANSWER, LinkKind.STOP_QUESTIONS},
    "sign_in": {LinkKind.SIGN_IN},
    "staff_invitation": {LinkKind.INVITATION},
}
NEVER = re.compile(
    r"cancer|kanker|oncolog|chemo|neuropath|fatigue|vermoeid|symptom|side effect|bijwerking|pain"
    r"|pijn|patient|patiënt|disease|ziekte|health|gezond|exercise|waitlist|wachtlijst|module"
    r"|strength|stamina|balance|study|studie|trial\b(?!\.example)|hospital|ziekenhuis|LION|arm\b",
    re.IGNORECASE,
)


def subject_of(kind: str, **changes: Any) -> tuple[dict[str, Any], UUID]:
    """What a message of this kind is about, and the contact that it goes to."""
    person = make.contact(name="Ada Lezer", email=ADA)
    if kind == "staff_invitation":
        account = make.account(AccountKind.STAFF, contact=person, **changes)
        return {"account_id": str(account.id)}, person.id
    woman = make.participant(contact=person, **changes)
    if kind == "sign_in":
        return {"account_id": str(woman.account_id)}, person.id
    if kind == "welcome":
        return {"participant_id": str(woman.id)}, person.id
    if kind.startswith("questions"):
        return {"assessment_id": str(make.assessment(participant=woman).id)}, person.id
    trainer = make.trainer(contact=make.contact(name="Ilse Baan", email="ilse@example.org"))
    hour = make.session(trainer=trainer)
    if kind == "place_offered":
        return {"waiting_id": str(make.waiting(participant=woman, session=hour).id)}, person.id
    if kind.startswith("waiting"):
        return _waited(kind, woman, hour), person.id
    state = {
        "class_changed": {"sequence": 1},
        "booking_cancelled": {"cancelled_at": NOON, "sequence": 1},
        "booking_moved": {"cancelled_at": NOON, "sequence": 1},
        "class_called_off": {"sequence": 1},
    }
    booking = make.booking(participant=woman, session=hour, **state.get(kind, {}))
    if kind == "class_called_off":
        hour.called_off_at = NOON
        db.session.commit()
    return _told_of(kind, booking), person.id


def _told_of(kind: str, booking: Booking) -> dict[str, Any]:
    """What a mail is about that is about a booking."""
    facts: dict[str, Any] = {"booking_id": str(booking.id)}
    if kind == "booking_moved":
        later = NOON + timedelta(days=2)
        new = make.session(trainer=booking.session.trainer, starts_at=later)
        facts["moved_to"] = str(make.booking(participant=booking.participant, session=new).id)
    if kind == "programme_booked":
        woman = booking.participant_id
        facts = {"participant_id": str(woman), "booking_ids": [str(booking.id)]}
    if kind == "class_changed":
        facts |= {"was": (NOON + timedelta(days=2)).isoformat(), "of_class": "0"}
    return facts


def _waited(kind: str, woman: Participant, hour: Session) -> dict[str, str]:
    """What a mail is about that goes to somebody who waits, or waited, for a class."""
    ended: dict[str, Any] = {}
    if kind == "waiting_called_off":
        hour.called_off_at = NOON
        ended = {"ended_at": NOON, "ending": Ending.CLOSED}
    entry = make.waiting(
        participant=woman, session=hour, offered_at=None, offer_until=None, **ended
    )
    was = (NOON + timedelta(days=2)).isoformat()
    return {"waiting_id": str(entry.id), "was": was, "of_class": "0"}


def mail_of(app: Flask, kind: str, **changes: Any) -> EmailMessage:
    """The mail of this kind, as it was sent."""
    facts, contact_id = subject_of(kind, **changes)
    return sent(app, kind, facts, contact_id)[-1]


def sent(app: Flask, kind: str, facts: dict[str, Any], contact_id: UUID) -> list[EmailMessage]:
    """Queue one message, deliver, and give all mails that were sent by then."""
    world: Outside = app.extensions["outside"]
    with unit_of_work():
        service.queue(
            kind, to=contact_id, facts=facts, not_after=NOON + timedelta(days=9), now=world.now()
        )
    jobs.deliver("w", world)
    mail: Any = world.mail
    return list(mail.sent)


def part(mail: EmailMessage, kind: str) -> str:
    """One part's text."""
    found = next(one for one in mail.walk() if one.get_content_type() == f"text/{kind}")
    return str(found.get_content())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_both_parts_are_whole_and_say_whose_they_are(app: Flask, kind: str, language: str) -> None:
    mail = mail_of(app, kind, language=language)
    assert mail["Content-Language"] == language
    assert str(mail["Subject"]).strip()
    for form in ("plain", "html"):
        text = part(mail, form)
        assert "Ada" in text
        assert "qqmark" not in text
        assert "Undefined" not in text
        assert len(set(LINK.findall(text))) == len(OPENS[kind])
    assert set(LINK.findall(part(mail, "plain"))) == set(LINK.findall(part(mail, "html")))
    assert f'lang="{language}"' in part(mail, "html")


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_opens_what_it_should(app: Flask, kind: str) -> None:
    mail = mail_of(app, kind)
    links = [tokens.find(token) for token in set(LINK.findall(part(mail, "plain")))]
    assert {link.kind for link in links if link is not None} == OPENS[kind]
    for link in links:
        assert link is not None
        assert link.is_open(NOON)
        is_of_one = link.kind in (LinkKind.JOIN, LinkKind.ANSWER) or kind == "place_offered"
        assert (link.subject_id is not None) == is_of_one
        if link.kind is LinkKind.SIGN_IN:
            assert not link.is_open(NOON + timedelta(minutes=10))
        if link.kind is LinkKind.BOOKINGS:
            assert not link.is_open(NOON + timedelta(days=14))


def everything(mail: EmailMessage) -> str:
    """All that a reader, a program or a bystander may see of a mail."""
    headers = "\n".join(f"{name}: {value}" for name, value in mail.items())
    parts = [str(one.get_content()) for one in mail.walk() if one.get_content_maintype() == "text"]
    return "\n".join([headers, *parts])


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_names_no_address_but_hers_and_ours(app: Flask, kind: str) -> None:
    mail = mail_of(app, kind)
    ids = r"(Message-ID|References): .*|UID:.*"
    text = re.sub(ids, "", re.sub(r"\r?\n ", "", everything(mail)))
    found = {address.lower() for address in re.findall(r"[\w.+-]+@[\w-]+\.[\w.-]+", text)}
    assert found == {ADA, OURS}
    assert [address for _name, address in getaddresses([str(mail["To"])])] == [ADA]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_no_ordinary_mail_holds_a_word_about_health_or_arm(
    app: Flask, kind: str, language: str
) -> None:
    mail = mail_of(app, kind, language=language)
    html = re.sub(r"<[^>]*>|&\w+;", " ", part(mail, "html"))
    words = "\n".join([str(mail["Subject"]), part(mail, "plain"), html])
    assert NEVER.findall(LINK.sub("", words)) == []
    assert NEVER.findall("exercise for cancer patients"), "the list finds what it is meant to"


@pytest.mark.parametrize(
    ("kind", "method", "sequence"),
    [
        ("booking_confirmed", "REQUEST", 0),
        ("booking_in_calendar", "REQUEST", 0),
        ("booking_cancelled", "CANCEL", 1),
        ("class_called_off", "CANCEL", 1),
        ("class_changed", "REQUEST", 1),
    ],
)
def test_the_calendar_part_passes_every_reader(
    app: Flask, kind: str, method: str, sequence: int
) -> None:
    mail = mail_of(app, kind)
    calendar = next(one for one in mail.walk() if one.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == method
    content = calendar.get_payload(decode=True)
    assert isinstance(content, bytes)
    pass_gate(content)
    file = content.replace(b"\r\n ", b"").decode()
    booking = db.session.scalars(sa.select(Booking)).one()
    assert f"METHOD:{method}" in file
    assert f"SEQUENCE:{sequence}" in file
    assert f"UID:{booking.calendar_uid}" in file
    assert "DTSTAMP:20261124T120000Z" in file
    assert NEVER.findall(LINK.sub("", file)) == []
    if method == "REQUEST":
        join = LINK.search(part(mail, "plain"))
        assert join is not None
        assert f"LOCATION:{join[0]}" in file
        assert f"URL:{join[0]}" in file
        assert f"DESCRIPTION:{join[0]}" in file


def mails_about(app: Flask, booking: Booking, kinds: tuple[str, ...]) -> list[EmailMessage]:
    """One mail of each kind about a booking, as it stands."""
    facts, contact_id = {"booking_id": str(booking.id)}, booking.participant.contact_id
    return [sent(app, kind, facts, contact_id)[-1] for kind in kinds]


def test_all_mails_about_one_booking_are_one_thread_for_her_program(app: Flask) -> None:
    woman, hour = make.participant(), make.session()
    first, other = make.booking(participant=woman, session=hour), make.booking(participant=woman)
    hers = mails_about(app, first, ("booking_confirmed", "reminder_day", "reminder_hour"))
    others = mails_about(app, other, ("booking_confirmed",))
    with unit_of_work():
        bookings.cancel(first, now=NOON, by=None)
    again = make.booking(participant=woman, session=hour)
    hers += mails_about(app, first, ("booking_cancelled",))
    others += mails_about(app, again, ("booking_confirmed",))

    assert {str(mail["References"]) for mail in hers} == {f"<{first.calendar_uid}>"}
    assert len({mail["Message-ID"] for mail in hers}) == len(hers) == 4
    assert len({mail["References"] for mail in [hers[0], *others]}) == 3, "a thread for each"


@pytest.mark.parametrize("kind", ["welcome", "questions_due", "sign_in", "staff_invitation"])
def test_a_mail_about_no_booking_is_in_no_thread(app: Flask, kind: str) -> None:
    assert mail_of(app, kind)["References"] is None


def test_a_time_is_told_in_her_zone_with_its_name(app: Flask) -> None:
    mail = mail_of(app, "booking_confirmed", zone="Australia/Melbourne")
    assert mail["Subject"] == "Your class on Wednesday 25 November, 23:00"
    begins = part(mail, "plain").splitlines()[0]
    assert begins == "Wednesday 25 November, 23:00 (Melbourne time)"


def test_a_name_in_markup_stays_a_name(app: Flask) -> None:
    person = make.contact(name="<b>qqmarkjoin_urlqq</b> Lezer", email=ADA)
    woman = make.participant(contact=person)
    facts = {"participant_id": str(woman.id)}
    html = part(sent(app, "welcome", facts, person.id)[-1], "html")
    assert "&lt;b&gt;qqmarkjoin_urlqq&lt;/b&gt;, welcome" in html
    assert "<b>" not in html


def test_an_answer_link_ends_with_the_window_in_her_zone(app: Flask) -> None:
    mail = mail_of(app, "questions_due", zone="Australia/Melbourne")
    link = tokens.find(LINK.findall(part(mail, "plain"))[0])
    assert link is not None
    ends_at = datetime(2026, 12, 8, 13, tzinfo=UTC)
    assert links.of(link).goes_on(link, ends_at - timedelta(seconds=1))
    assert not links.of(link).goes_on(link, ends_at)


def minutes_said(app: Flask, kind: str, assessment: Assessment) -> int:
    """How long a mail says that the questions take, in both of its parts."""
    facts = {"assessment_id": str(assessment.id)}
    mail = sent(app, kind, facts, assessment.participant.contact_id)[-1]
    texts = [part(mail, "plain"), re.sub(r"<[^>]*>", "", part(mail, "html"))]
    (said,) = {found for one in texts for found in re.findall(r"They take about (\d+) minute", one)}
    return int(said)


@pytest.mark.parametrize("kind", ["questions_due", "questions_reminder"])
def test_questions_are_said_to_take_as_long_as_they_do(app: Flask, kind: str) -> None:
    assert minutes_said(app, kind, make.assessment(minutes=17)) == 17
    assert minutes_said(app, kind, make.assessment(minutes=1)) == 1


@pytest.mark.parametrize("kind", ["questions_due", "questions_reminder"])
def test_of_what_was_begun_a_letter_says_how_long_the_rest_takes(app: Flask, kind: str) -> None:
    half = make.assessment(forms=("neuropathy-nrs", "gad-7"), minutes=17)
    whole = make.assessment(minutes=17)
    for assessment in (half, whole):
        for item in sitting(assessment).parts[0].instrument.items:
            make.answer(assessment, item.code, 0)
    db.session.commit()
    left = instrument("gad-7").minutes
    assert 1 < left < 17
    assert minutes_said(app, kind, half) == sitting(half).minutes_left == left
    assert sitting(whole).next is None, "all that is left is to send it"
    assert minutes_said(app, kind, whole) == 1


def test_a_letter_about_what_is_no_longer_asked_is_not_sent(app: Flask) -> None:
    assessment = make.assessment()
    facts = {"assessment_id": str(assessment.id)}
    contact_id = assessment.participant.contact_id
    db.session.execute(sa.delete(Form))
    db.session.delete(assessment)
    db.session.commit()
    assert sent(app, "questions_due", facts, contact_id) == []


def stay(_booking: Booking, _session: Session) -> None:
    """Change nothing."""


def give_back(booking: Booking, _session: Session) -> None:
    """Give the place back."""
    bookings.cancel(booking, now=NOON, by=None)


def call_off(_booking: Booking, session: Session) -> None:
    """Call the class off."""
    bookings.call_off(session, now=NOON, by=None, reason="x")


def leave(booking: Booking, _session: Session) -> None:
    """Leave the trial."""
    booking.participant.withdrawn_on = NOON.date()


def move(booking: Booking, _session: Session) -> None:
    """Move the class: her calendar must hear of it."""
    booking.sequence += 1


@pytest.mark.parametrize(
    "kind", ["booking_confirmed", "reminder_day", "reminder_hour", "join_link"]
)
@pytest.mark.parametrize("change", [give_back, call_off, leave, move])
def test_what_changed_before_sending_makes_it_void(app: Flask, kind: str, change: Any) -> None:
    booking = make.booking()
    facts = {"booking_id": str(booking.id), "sequence": "0"}
    contact_id = booking.participant.contact_id
    assert len(sent(app, kind, facts, contact_id)) == 1, "unchanged, it goes"
    with unit_of_work():
        change(booking, booking.session)
        db.session.execute(sa.delete(Message).where(Message.state == State.PENDING))
    before = len(app.extensions["outside"].mail.sent)
    assert len(sent(app, kind, facts, contact_id)) == before
    states = db.session.scalars(sa.select(Message.state).order_by(Message.queued_at)).all()
    assert State.VOID in states


def test_a_class_that_began_needs_no_reminder_but_the_link_once_more(
    app: Flask, clock: FakeClock, mailbox: FakeMail
) -> None:
    booking = make.booking()
    facts = {"booking_id": str(booking.id)}
    contact_id = booking.participant.contact_id
    clock.forward(days=1, minutes=5)
    assert sent(app, "reminder_day", facts, contact_id) == []
    assert sent(app, "reminder_hour", facts, contact_id) == []
    assert len(sent(app, "join_link", facts, contact_id)) == 1
    clock.forward(hours=1)
    assert len(sent(app, "join_link", facts, contact_id)) == 1


def test_sent_answers_and_closed_windows_are_not_asked_for(
    app: Flask, clock: FakeClock, mailbox: FakeMail
) -> None:
    assessment = make.assessment()
    facts = {"assessment_id": str(assessment.id)}
    contact_id = assessment.participant.contact_id
    assert len(sent(app, "questions_reminder", facts, contact_id)) == 1
    assessment.completed_at = NOON
    db.session.commit()
    assert len(sent(app, "questions_reminder", facts, contact_id)) == 1


def test_many_kinds_at_once_cost_few_questions(app: Flask, count_queries: list[str]) -> None:
    """One question for all bookings of a group, and one for others on that day, however many."""
    hour = make.session(places=jobs.GROUP)
    rows = [make.booking(session=hour) for _ in range(jobs.GROUP)]
    with unit_of_work():
        for row in rows:
            service.queue(
                "reminder_day",
                to=row.participant.contact_id,
                facts={"booking_id": str(row.id)},
                not_after=hour.starts_at,
                now=NOON,
            )
    count_queries.clear()
    assert jobs.deliver("w", app.extensions["outside"]) == jobs.GROUP
    assert len([one for one in count_queries if "FROM booking" in one]) == 2
    assert len(count_queries) <= 14


def test_a_mail_about_a_place_that_was_moved_says_where_to_and_takes_the_old_entry_out(
    app: Flask,
) -> None:
    mail = mail_of(app, "booking_moved")
    text = part(mail, "plain")
    assert mail["Subject"] == "Moved: your class on Wednesday 25 November, 13:00"
    assert text.startswith("Thursday 26 November, 13:00 (Amsterdam time)")
    assert (
        "your class on Wednesday 25 November, 13:00 was moved to Thursday 26 November, 13:00."
        in text
    )
    assert "given back" not in text
    calendar = next(one for one in mail.walk() if one.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "CANCEL"
    content = calendar.get_payload(decode=True)
    assert isinstance(content, bytes)
    pass_gate(content)
    old = db.session.scalars(sa.select(Booking).where(Booking.cancelled_at.is_not(None))).one()
    new = db.session.scalars(sa.select(Booking).where(Booking.cancelled_at.is_(None))).one()
    file = content.replace(b"\r\n ", b"").decode()
    assert f"UID:{old.calendar_uid}" in file
    assert new.calendar_uid not in file
    opened = tokens.find(str(LINK.findall(text)[0]))
    assert opened is not None
    assert opened.subject_id == new.id


def test_who_has_given_the_new_place_back_as_well_is_not_sent_there(app: Flask) -> None:
    facts, contact_id = subject_of("booking_moved")
    with unit_of_work():
        new = db.session.get_one(Booking, UUID(facts["moved_to"]))
        new.cancelled_at = NOON
    mail = sent(app, "booking_moved", facts, contact_id)[-1]
    assert "you have given back your place" in part(mail, "plain")
    assert mail["Subject"] == "Cancelled: your class on Wednesday 25 November, 13:00"


def test_the_list_of_her_classes_names_each_that_she_still_holds(app: Flask) -> None:
    woman = make.participant(zone="Australia/Melbourne")
    hours = [make.session(starts_at=NOON + timedelta(days=day)) for day in (1, 2, 8)]
    facts = {
        "participant_id": str(woman.id),
        "booking_ids": [str(make.booking(participant=woman, session=hour).id) for hour in hours],
    }
    with unit_of_work():
        gone = db.session.get_one(Booking, UUID(facts["booking_ids"][1]))
        gone.cancelled_at = NOON
    mail = sent(app, "programme_booked", facts, woman.contact_id)[-1]
    text = part(mail, "plain")
    assert mail["Subject"] == "Your 2 classes are booked"
    assert text.startswith("The next one: Wednesday 25 November, 23:00 (Melbourne time)")
    assert "* Wednesday 25 November, 23:00, with" in text
    assert "* Wednesday 2 December, 23:00, with" in text
    assert "Thursday 26" not in text
    assert all(one.get_content_type() != "text/calendar" for one in mail.walk())


def test_a_list_is_not_sent_when_nothing_of_it_is_left(app: Flask) -> None:
    facts, contact_id = subject_of("programme_booked")
    with unit_of_work():
        db.session.scalars(sa.select(Booking)).one().cancelled_at = NOON
    assert sent(app, "programme_booked", facts, contact_id) == []


def test_a_mail_for_her_calendar_is_short(app: Flask) -> None:
    short, whole = (
        mail_of(app, "booking_in_calendar"),
        part(mail_of(app, "booking_confirmed"), "plain"),
    )
    assert short["Subject"] == "For your calendar: your class on Wednesday 25 November, 13:00"
    assert "What to prepare" not in part(short, "plain")
    assert "What to prepare" in whole
