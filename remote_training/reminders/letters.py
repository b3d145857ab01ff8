"""Which messages there are: is each still wanted, and what does it say.

Links are made here, while a letter is written: their tokens exist in the mail alone.
No subject and no calendar entry holds a health word, a module or an arm.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts import tokens
from remote_training.accounts.models import Account, LinkKind
from remote_training.assessments.models import Assessment
from remote_training.bookings.models import Booking
from remote_training.calendars import invitation
from remote_training.calendars.invitation import Entry
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.words import clock, long_day, reading_as, say, translated, zone_name
from remote_training.messages.kinds import Kind, Policy
from remote_training.messages.models import Message
from remote_training.outside.mail import CalendarPart, Letter
from remote_training.participants.models import Participant
from remote_training.reminders import paper


def kinds() -> dict[str, Kind]:
    """The table of message kinds that the outbox asks."""
    again, once = Policy.AGAIN, Policy.ONCE
    table = (
        Kind("welcome", again, _takes_part, _welcome),
        Kind("booking_confirmed", again, _is_coming, _confirmed),
        Kind("booking_cancelled", again, _is_given_back, _cancelled),
        Kind("class_called_off", again, _is_called_off, _cancelled),
        Kind("reminder_day", once, _is_coming, _reminder),
        Kind("reminder_hour", once, _is_not_over, _reminder),
        Kind("questions_due", once, _is_open, _questions),
        Kind("questions_reminder", once, _is_open, _questions),
        Kind("sign_in", again, _may_sign_in, _sign_in),
    )
    return {kind.name: kind for kind in table}


# ------------------------------------------------------------- still wanted?


def _takes_part(message: Message, _now: datetime) -> bool:
    woman = db.session.get(Participant, UUID(message.facts["participant_id"]))
    return woman is not None and woman.withdrawn_on is None


def _is_coming(message: Message, now: datetime) -> bool:
    booking = _booking(message)
    session = booking.session
    is_on = booking.is_live and not session.is_called_off and now < session.starts_at
    return is_on and booking.participant.withdrawn_on is None


def _is_not_over(message: Message, now: datetime) -> bool:
    booking = _booking(message)
    session = booking.session
    is_on = booking.is_live and not session.is_called_off and now < session.ends_at
    return is_on and booking.participant.withdrawn_on is None


def _is_given_back(message: Message, now: datetime) -> bool:
    booking = _booking(message)
    return not booking.is_live and now < booking.session.ends_at


def _is_called_off(message: Message, now: datetime) -> bool:
    session = _booking(message).session
    return session.is_called_off and now < session.ends_at


def _is_open(message: Message, now: datetime) -> bool:
    assessment = _assessment(message)
    woman = assessment.participant
    today = now.astimezone(ZoneInfo(woman.zone)).date()
    in_time = assessment.opens_on <= today <= assessment.closes_on
    return woman.is_taking_part and not assessment.is_complete and in_time


def _may_sign_in(message: Message, _now: datetime) -> bool:
    account = db.session.get(Account, UUID(message.facts["account_id"]))
    return account is not None and account.is_active


# -------------------------------------------------------------- what it says


def _welcome(message: Message, now: datetime) -> Letter:
    woman = db.session.get_one(Participant, UUID(message.facts["participant_id"]))
    return paper.letter(message, woman.account, site=woman.site, classes_url=_classes(woman, now))


def _confirmed(message: Message, now: datetime) -> Letter:
    booking = _read_booking(message)
    join_url = _join(booking, now)
    with reading_as(booking.participant.account.language, booking.participant.account.zone):
        content = invitation.request(_entry(booking, join_url), now=now)
    return _about(booking, message, now, join_url, CalendarPart("REQUEST", content))


def _cancelled(message: Message, now: datetime) -> Letter:
    booking = _read_booking(message)
    with reading_as(booking.participant.account.language, booking.participant.account.zone):
        content = invitation.cancellation(_entry(booking, None), now=now)
    return _about(booking, message, now, None, CalendarPart("CANCEL", content))


def _reminder(message: Message, now: datetime) -> Letter:
    booking = _read_booking(message)
    return _about(booking, message, now, _join(booking, now), None)


def _about(
    booking: Booking,
    message: Message,
    now: datetime,
    join_url: str | None,
    calendar: CalendarPart | None,
) -> Letter:
    woman = booking.participant
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        calendar=calendar,
        session=booking.session,
        trainer=booking.session.trainer.contact.first_name,
        join_url=join_url,
        classes_url=_classes(woman, now),
    )


def _questions(message: Message, now: datetime) -> Letter:
    assessment = _read_assessment(message)
    woman = assessment.participant
    token = tokens.mint(
        LinkKind.ANSWER,
        woman.account_id,
        now=now,
        subject_id=assessment.id,
        expires_at=_end_of(assessment),
    )
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        answer_url=paper.link(token),
        closes_on=assessment.closes_on,
        has_started=assessment.started_at is not None,
    )


def _sign_in(message: Message, now: datetime) -> Letter:
    account = db.session.get_one(Account, UUID(message.facts["account_id"]))
    woman = db.session.scalars(
        sa.select(Participant)
        .where(Participant.account_id == account.id)
        .options(joinedload(Participant.site))
    ).one_or_none()
    ends = now + tokens.SIGN_IN_LASTS
    token = tokens.mint(LinkKind.SIGN_IN, account.id, now=now, expires_at=ends)
    site = woman.site if woman is not None else None
    return paper.letter(message, account, site=site, sign_in_url=paper.link(token))


# ------------------------------------------------------------------- reading


def _entry(booking: Booking, join_url: str | None) -> Entry:
    """The class in her calendar: neutral words, the time once more in hers and with its zone."""
    session = booking.session
    when = translated(
        say("%(day)s, %(begin)s to %(end)s, %(zone)s."),
        day=long_day(session.starts_at),
        begin=clock(session.starts_at),
        end=clock(session.ends_at),
        zone=zone_name(session.starts_at),
    )
    help_ = translated(say("Trouble joining? Ring %(phone)s."), phone=session.site.phone)
    return Entry(
        uid=booking.calendar_uid,
        sequence=booking.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=translated(say("Training class")),
        description=f"{when}\n{help_}",
        join_url=join_url,
        organizer=paper.settings().sender,
        attendee=booking.participant.contact.email,
    )


def _join(booking: Booking, now: datetime) -> str:
    account_id = booking.participant.account_id
    return paper.link(tokens.mint(LinkKind.JOIN, account_id, now=now, subject_id=booking.id))


def _classes(woman: Participant, now: datetime) -> str:
    ends = now + tokens.BOOKINGS_LAST
    return paper.link(tokens.mint(LinkKind.BOOKINGS, woman.account_id, now=now, expires_at=ends))


def _end_of(assessment: Assessment) -> datetime:
    """The end of the last day of the window, in her zone."""
    last = assessment.closes_on + timedelta(days=1)
    return datetime.combine(last, time(), ZoneInfo(assessment.participant.zone)).astimezone(UTC)


def _read_booking(message: Message) -> Booking:
    """The booking that was read anew when it was asked whether the message is wanted."""
    return db.session.get_one(Booking, UUID(message.facts["booking_id"]))


def _read_assessment(message: Message) -> Assessment:
    """The assessment that was read anew in the same transaction."""
    return db.session.get_one(Assessment, UUID(message.facts["assessment_id"]))


def _booking(message: Message) -> Booking:
    woman = joinedload(Booking.participant)
    hour = joinedload(Booking.session)
    found = (
        sa.select(Booking)
        .where(Booking.id == UUID(message.facts["booking_id"]))
        .options(
            woman.joinedload(Participant.site),
            woman.joinedload(Participant.contact),
            woman.joinedload(Participant.account),
            hour.joinedload(Session.site),
            hour.joinedload(Session.trainer).joinedload(Account.contact),
        )
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(found).one()


def _assessment(message: Message) -> Assessment:
    woman = joinedload(Assessment.participant)
    found = (
        sa.select(Assessment)
        .where(Assessment.id == UUID(message.facts["assessment_id"]))
        .options(
            woman.joinedload(Participant.site),
            woman.joinedload(Participant.contact),
            woman.joinedload(Participant.account),
        )
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(found).one()
