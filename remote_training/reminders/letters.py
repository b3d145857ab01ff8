"""Which messages there are: is each still wanted, and what does it say.

Links are made here, while a letter is written: their tokens exist in the mail alone.
No subject and no calendar entry holds a health word, a module or an arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from remote_training.accounts import queries as accounts
from remote_training.accounts import tokens
from remote_training.accounts.models import Account, AccountKind, LinkKind, Role
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import sitting
from remote_training.bookings import queries as bookings_queries
from remote_training.bookings.models import Booking, Ending, Waiting
from remote_training.calendars import invitation, wording
from remote_training.calendars.invitation import Entry
from remote_training.core import settings
from remote_training.messages.kinds import Kind, Policy
from remote_training.messages.models import Message
from remote_training.outside.mail import CalendarPart, Letter
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.reminders import optional, paper, subjects
from remote_training.reminders.optional import Reminded
from remote_training.safety import queries as safety


def kinds() -> dict[str, Kind[Any]]:
    """The table of message kinds that the outbox asks."""
    again, once = Policy.AGAIN, Policy.ONCE
    bookings, asked = subjects.bookings, subjects.assessments
    booked, sat = optional.reminded(bookings), optional.reminded(asked)
    people, readers = subjects.participants, subjects.accounts
    table: tuple[Kind[Any], ...] = (
        Kind("welcome", again, people, _has_not_left, _welcome),
        Kind("booking_confirmed", again, bookings, _is_coming, _confirmed),
        Kind("booking_in_calendar", again, bookings, _is_coming, _confirmed),
        Kind("programme_booked", again, people, _has_classes_of, _programme),
        Kind("booking_cancelled", again, bookings, _is_given_back, _cancelled),
        Kind("booking_moved", again, bookings, _is_given_back, _moved),
        Kind("place_offered", again, subjects.waiting, _is_kept, _offered),
        Kind("class_called_off", again, bookings, _is_called_off, _called_off),
        Kind("class_changed", again, bookings, _is_newest, _changed),
        Kind("waiting_called_off", again, subjects.waiting, _waited_in_vain, _waited),
        Kind("waiting_changed", again, subjects.waiting, _waits_still, _waited),
        Kind("join_link", once, bookings, _is_not_over, _linked),
        Kind("reminder_day", once, booked, _is_awaited, _reminder, optional.held_back),
        Kind("reminder_hour", once, booked, _is_awaited, _reminder, optional.held_back),
        Kind("questions_due", once, asked, _is_open, _questions),
        Kind("questions_reminder", once, sat, _is_unsent, _question_reminder, optional.held_back),
        Kind("sign_in", again, readers, _may_sign_in, _sign_in),
        Kind("staff_invitation", again, readers, _is_invited, _invitation),
        Kind("alert_raised", again, subjects.alerts, _nobody_has_looked, _alert),
    )
    return {kind.name: kind for kind in table}


# ------------------------------------------------------------- still wanted?


def _has_not_left(woman: Participant, _message: Message, _now: datetime) -> bool:
    return woman.withdrawn_on is None


def _is_coming(booking: Booking, message: Message, now: datetime) -> bool:
    return _is_on(booking, message) and now < booking.session.starts_at


def _is_awaited(one: Reminded[Booking], message: Message, now: datetime) -> bool:
    """Nobody who is in the room already is told to come."""
    return one.about is not None and _is_coming(one.about, message, now) and not one.is_there


def _is_not_over(booking: Booking, message: Message, now: datetime) -> bool:
    return _is_on(booking, message) and now < booking.session.ends_at


def _is_on(booking: Booking, message: Message) -> bool:
    """Her place is held, she takes part, and the class is when it was said to be."""
    planned_for = message.facts.get("sequence")
    has_moved = planned_for is not None and planned_for != str(booking.sequence)
    is_held = booking.is_live and not booking.session.is_called_off
    return is_held and not has_moved and booking.participant.withdrawn_on is None


def _is_given_back(booking: Booking, _message: Message, now: datetime) -> bool:
    return not booking.is_live and now < booking.session.ends_at


def _has_classes_of(woman: Participant, message: Message, now: datetime) -> bool:
    """She takes part, and of the classes that it lists one is still to come."""
    return woman.withdrawn_on is None and bool(subjects.coming(woman, message, now))


def _is_kept(entry: Waiting, _message: Message, now: datetime) -> bool:
    """The place is kept for her, and there is time left to take it."""
    is_hers = entry.is_offered and entry.participant.withdrawn_on is None
    return is_hers and entry.offer_until is not None and now < entry.offer_until


def _is_called_off(booking: Booking, _message: Message, now: datetime) -> bool:
    return booking.session.is_called_off and now < booking.session.ends_at


def _is_newest(booking: Booking, message: Message, now: datetime) -> bool:
    """She is coming, and this is the last that was changed: a later mail says all of it."""
    is_last = message.facts.get("of_class") == str(booking.session.sequence)
    return is_last and _is_coming(booking, message, now)


def _waited_in_vain(entry: Waiting, _message: Message, now: datetime) -> bool:
    is_hers = entry.ending is Ending.CLOSED and entry.participant.withdrawn_on is None
    return is_hers and entry.session.is_called_off and now < entry.session.ends_at


def _waits_still(entry: Waiting, message: Message, now: datetime) -> bool:
    is_last = message.facts.get("of_class") == str(entry.session.sequence)
    is_hers = entry.stands and entry.participant.withdrawn_on is None
    return is_last and is_hers and not entry.session.is_called_off and now < entry.session.starts_at


def _is_open(assessment: Assessment | None, _message: Message, now: datetime) -> bool:
    return assessment is not None and states.is_open(assessment, now=now)


def _is_unsent(one: Reminded[Assessment], message: Message, now: datetime) -> bool:
    return _is_open(one.about, message, now)


def _may_sign_in(account: Account, _message: Message, _now: datetime) -> bool:
    return bool(participants.sharing_mailbox(account))


def _is_invited(account: Account, _message: Message, _now: datetime) -> bool:
    is_new = account.password_hash is None
    return account.is_active and account.kind is AccountKind.STAFF and is_new


def _nobody_has_looked(told: subjects.Told, _message: Message, _now: datetime) -> bool:
    """The alert stands, and the reader still looks after her site."""
    site = told.alert.participant.site
    is_hers = accounts.has_grant(told.reader, Role.COORDINATOR, site)
    return told.reader.is_active and is_hers and safety.is_untouched(told.alert.id)


# -------------------------------------------------------------- what it says


def _welcome(woman: Participant, message: Message, now: datetime) -> Letter:
    personal = {"classes_url": _classes(woman, now)}
    return paper.letter(message, woman.account, site=woman.site, personal=personal)


def _confirmed(booking: Booking, message: Message, now: datetime) -> Letter:
    join_url = _join(booking, now)
    content = invitation.request(_entry(booking, join_url), now=now)
    return _about(booking, message, now, join_url, CalendarPart("REQUEST", content))


def _cancelled(booking: Booking, message: Message, now: datetime) -> Letter:
    content = invitation.cancellation(_entry(booking, None), now=now)
    return _about(booking, message, now, None, CalendarPart("CANCEL", content))


def _moved(booking: Booking, message: Message, now: datetime) -> Letter:
    """Takes the class that she left out of her calendar, and says where her place is now."""
    content = invitation.cancellation(_entry(booking, None), now=now)
    calendar, new = CalendarPart("CANCEL", content), subjects.moved_to(booking, message)
    if new is None:  # she has given that one back as well, or moved on
        return _about(booking, message, now, None, calendar, moved_to=None)
    return _about(booking, message, now, _join(new, now), calendar, moved_to=new.session.starts_at)


def _programme(woman: Participant, message: Message, now: datetime) -> Letter:
    """All the classes of one going over her weeks; each has its calendar entry in its own mail."""
    listed = tuple(
        (booking.session.starts_at, booking.session.trainer.contact.first_name)
        for booking in subjects.coming(woman, message, now)
    )
    personal = {"classes_url": _classes(woman, now)}
    return paper.letter(message, woman.account, site=woman.site, personal=personal, classes=listed)


def _called_off(booking: Booking, message: Message, now: datetime) -> Letter:
    content = invitation.cancellation(_entry(booking, None), now=now)
    calendar = CalendarPart("CANCEL", content)
    return _about(booking, message, now, None, calendar, others=_others(booking, now))


def _changed(booking: Booking, message: Message, now: datetime) -> Letter:
    """What was and what is now. Only another time is a change for her calendar."""
    join_url, was = _join(booking, now), _was(message)
    calendar, misfit = None, None
    if was is not None:
        content = invitation.request(_entry(booking, join_url), now=now)
        calendar, misfit = CalendarPart("REQUEST", content), bookings_queries.misfit(booking)
    return _about(
        booking,
        message,
        now,
        join_url,
        calendar,
        was=was if was != booking.session.starts_at else None,
        has_another_trainer="trainer" in message.facts,
        misfit=misfit.brief if misfit is not None else None,
        others=_others(booking, now) if misfit is not None else (),
    )


def _others(booking: Booking, now: datetime) -> tuple[tuple[datetime, str], ...]:
    """Up to three classes to which she could move: when, and with whom."""
    slots = bookings_queries.nearest(booking, now=now)
    return tuple((slot.starts_at, slot.trainer_name) for slot in slots)


def _was(message: Message) -> datetime | None:
    was = message.facts.get("was")
    return datetime.fromisoformat(was) if was is not None else None


def _waited(entry: Waiting, message: Message, now: datetime) -> Letter:
    woman, session = entry.participant, entry.session
    personal = {"classes_url": _classes(woman, now)}
    return paper.letter(
        message, woman.account, site=woman.site, personal=personal,
        starts_at=session.starts_at, was=_was(message),
    )  # fmt: skip


def _offered(entry: Waiting, message: Message, now: datetime) -> Letter:
    woman, session = entry.participant, entry.session
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal={"classes_url": _classes(woman, now)},
        starts_at=session.starts_at,
        minutes=session.minutes,
        trainer=session.trainer.contact.first_name,
        offer_until=entry.offer_until,
    )


def _linked(booking: Booking, message: Message, now: datetime) -> Letter:
    return _about(booking, message, now, _join(booking, now), None)


def _reminder(one: Reminded[Booking], message: Message, now: datetime) -> Letter:
    booking = one.about
    assert booking is not None
    stop = _stop(booking.participant, message, now)
    return _about(booking, message, now, _join(booking, now), None, stop)


def _about(
    booking: Booking,
    message: Message,
    now: datetime,
    join_url: str | None,
    calendar: CalendarPart | None,
    links: Mapping[str, str] | None = None,
    **more: Any,
) -> Letter:
    woman, session = booking.participant, booking.session
    personal = {"classes_url": _classes(woman, now), **(links or {})}
    if join_url is not None:
        personal["join_url"] = join_url
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal=personal,
        calendar=calendar,
        thread=f"<{booking.calendar_uid}>",
        starts_at=session.starts_at,
        doors_open_at=session.doors_open_at,
        minutes=session.minutes,
        trainer=session.trainer.contact.first_name,
        **more,
    )


def _question_reminder(one: Reminded[Assessment], message: Message, now: datetime) -> Letter:
    assessment = one.about
    assert assessment is not None
    return _questions(assessment, message, now, **_stop(assessment.participant, message, now))


def _questions(assessment: Assessment, message: Message, now: datetime, **links: str) -> Letter:
    woman = assessment.participant
    token = tokens.mint(LinkKind.ANSWER, woman.account_id, now=now, subject_id=assessment.id)
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal={"answer_url": paper.link(token), **links},
        closes_on=assessment.last_on,
        minutes=_minutes(assessment),
        has_started=assessment.is_started,
    )


def _minutes(assessment: Assessment) -> int:
    """How long she still needs: for all of it, or for what is left of what she began."""
    if not assessment.is_started:
        return assessment.minutes
    return max(1, sitting(assessment).minutes_left)


def _sign_in(account: Account, message: Message, now: datetime) -> Letter:
    sharing = participants.sharing_mailbox(account)
    token = tokens.mint_sign_in(account.id, asked_by=message.facts.get("asked_by"), now=now)
    return paper.letter(
        message,
        account,
        site=subjects.site_of(account),
        personal={
            "sign_in_url": paper.link(token),
            "first_name": ", ".join(woman.contact.first_name for woman in sharing),
        },
    )


def _invitation(account: Account, message: Message, now: datetime) -> Letter:
    ends = now + tokens.INVITATION_LASTS
    token = tokens.mint(LinkKind.INVITATION, account.id, now=now, expires_at=ends)
    return paper.letter(message, account, site=None, personal={"begin_url": paper.link(token)})


def _alert(told: subjects.Told, message: Message, _now: datetime) -> Letter:
    """No name, no number, no answer: only that there is something to be looked at."""
    personal = {"alerts_url": f"{settings.current().address}/staff/safety/"}
    place = told.alert.participant.site.name
    return paper.letter(message, told.reader, site=None, personal=personal, place=place)


def _entry(booking: Booking, join_url: str | None) -> Entry:
    """The class in her calendar: neutral words, the time once more in hers and with its zone."""
    session, account = booking.session, booking.participant.account
    phone = booking.participant.site.phone
    return Entry(
        uid=booking.calendar_uid,
        sequence=booking.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=wording.summary(account.language),
        description=wording.description(
            account.language, account.zone, session.starts_at, session.ends_at, phone
        ),
        join_url=join_url,
        organizer=settings.current().sender,
        attendee=account.contact.email,
    )


def _join(booking: Booking, now: datetime) -> str:
    account_id = booking.participant.account_id
    return paper.link(tokens.mint(LinkKind.JOIN, account_id, now=now, subject_id=booking.id))


def _stop(woman: Participant, message: Message, now: datetime) -> dict[str, str]:
    """The link that stops mail of this kind; it ends when her address changes, or she leaves."""
    kind = optional.STOPS[optional.REMINDERS[message.kind]]
    return {"stop_url": paper.link(tokens.mint(kind, woman.account_id, now=now))}


def _classes(woman: Participant, now: datetime) -> str:
    ends = now + tokens.BOOKINGS_LAST
    return paper.link(tokens.mint(LinkKind.BOOKINGS, woman.account_id, now=now, expires_at=ends))
