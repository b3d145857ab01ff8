"""Letters about a class that she has booked: is each still wanted, and what does it say.

No subject and no calendar entry holds a health word, a module or an arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from string import ascii_lowercase
from typing import Any

from remote_training.bookings import overview
from remote_training.bookings import queries as bookings_queries
from remote_training.bookings.models import Booking
from remote_training.calendars import invitation, wording
from remote_training.calendars.invitation import Entry
from remote_training.core import settings
from remote_training.messages.models import Message
from remote_training.outside.mail import CalendarPart, Letter
from remote_training.participants.models import Participant
from remote_training.reminders import addresses, paper, subjects
from remote_training.reminders.entries import FOR_CALENDARS, Place
from remote_training.reminders.optional import Reminded


def is_coming(booking: Booking, message: Message, now: datetime) -> bool:
    """Her place is held, the class is when it was said to be, and has not begun."""
    return _is_on(booking, message) and now < booking.session.starts_at


def is_awaited(one: Reminded[Booking], message: Message, now: datetime) -> bool:
    """Nobody who is in the room already is told to come."""
    return one.about is not None and is_coming(one.about, message, now) and not one.is_there


def is_not_over(booking: Booking, message: Message, now: datetime) -> bool:
    """Her place is held, and the class has not ended."""
    return _is_on(booking, message) and now < booking.session.ends_at


def is_given_back(place: Place, _message: Message, now: datetime) -> bool:
    """She holds the place no more, and the class is not over."""
    return not place.booking.is_live and now < place.booking.session.ends_at


def has_classes_of(woman: Participant, message: Message, now: datetime) -> bool:
    """She takes part, and of the classes that it lists one is still to come."""
    return woman.withdrawn_on is None and bool(subjects.coming(woman, message, now))


def is_called_off(place: Place, _message: Message, now: datetime) -> bool:
    """The class was called off, and would not be over yet."""
    session = place.booking.session
    return session.is_called_off and now < session.ends_at


def is_newest(booking: Booking, message: Message, now: datetime) -> bool:
    """She is coming, and this is the last that was changed: a later mail says all of it."""
    is_last = message.facts.get("of_class") == str(booking.session.sequence)
    return is_last and is_coming(booking, message, now)


def confirmed(booking: Booking, message: Message, now: datetime) -> Letter:
    """When her class is, with her link to it and the entry for her calendar."""
    join_url = addresses.join(booking, now)
    content = invitation.request(_entry(booking, join_url), now=now)
    return _about(booking, message, now, join_url, CalendarPart("REQUEST", content))


def cancelled(place: Place, message: Message, now: datetime) -> Letter:
    """Her place is given back: takes the class out of her calendar."""
    calendar = _out_of_calendar(place, now)
    return _about(place.booking, message, now, None, calendar, is_taken_out=calendar is not None)


def moved(place: Place, message: Message, now: datetime) -> Letter:
    """Takes the class that she left out of her calendar, and says where her place is now."""
    calendar, new = _out_of_calendar(place, now), subjects.moved_to(place.booking, message)
    join_url, moved_to = None, None
    if new is not None:  # else she has given that one back as well, or moved on
        join_url, moved_to = addresses.join(new, now), new.session.starts_at
    return _about(
        place.booking, message, now, join_url, calendar,
        moved_to=moved_to, is_taken_out=calendar is not None,
    )  # fmt: skip


def programme(woman: Participant, message: Message, now: datetime) -> Letter:
    """All the classes of one going over her weeks; each has its calendar entry in its own mail."""
    listed = tuple(
        (booking.session.starts_at, booking.session.trainer.contact.first_name)
        for booking in subjects.coming(woman, message, now)
    )
    personal = {"classes_url": addresses.classes(woman, now)}
    return paper.letter(message, woman.account, site=woman.site, personal=personal, classes=listed)


def called_off(place: Place, message: Message, now: datetime) -> Letter:
    """The class does not take place, and to which others she could move."""
    calendar, others = _out_of_calendar(place, now), _others(place.booking, now)
    is_taken_out = calendar is not None
    return _about(
        place.booking, message, now, None, calendar, others=others, is_taken_out=is_taken_out
    )


def changed(booking: Booking, message: Message, now: datetime) -> Letter:
    """What was and what is now. Only another time or length is a change for her calendar."""
    join_url = addresses.join(booking, now)
    calendar, misfit = None, None
    if message.facts.keys() & FOR_CALENDARS:
        content = invitation.request(_entry(booking, join_url), now=now)
        calendar, misfit = CalendarPart("REQUEST", content), bookings_queries.misfit(booking)
    differs = subjects.how_it_was(booking.session, message)
    return _about(
        booking,
        message,
        now,
        join_url,
        calendar,
        **differs,
        is_as_it_was=not any(differs.values()) and "trainer" not in message.facts,
        misfit=misfit.brief if misfit is not None else None,
        others=_others(booking, now) if misfit is not None else (),
    )


def linked(booking: Booking, message: Message, now: datetime) -> Letter:
    """Her link to the class once more."""
    return _about(booking, message, now, addresses.join(booking, now), None)


def reminder(one: Reminded[Booking], message: Message, now: datetime) -> Letter:
    """When her class is, with her link to it, and how reminders are stopped.

    A day before: the other classes of that day as well, each with its own link.
    """
    booking = one.about
    assert booking is not None
    links, also = addresses.stop(booking.participant, message, now), []
    coming = (other for other in one.same_day if other.session.starts_at > now)
    for letter, other in zip(ascii_lowercase, coming, strict=False):
        name, session = f"join_{letter}", other.session
        links[name] = addresses.join(other, now)
        trainer = session.trainer.contact.first_name
        also.append((session.starts_at, session.minutes, trainer, paper.mark(name)))
    join_url = addresses.join(booking, now)
    return _about(booking, message, now, join_url, None, links, also=tuple(also))


def _out_of_calendar(place: Place, now: datetime) -> CalendarPart | None:
    """What takes the class out of her calendar; nothing where it never came there."""
    if not place.may_be_in_calendar:
        return None
    return CalendarPart("CANCEL", invitation.cancellation(_entry(place.booking, None), now=now))


def _is_on(booking: Booking, message: Message) -> bool:
    """Her place is held, she takes part, and the class is when it was said to be."""
    planned_for = message.facts.get("sequence")
    has_moved = planned_for is not None and planned_for != str(booking.sequence)
    is_held = booking.is_live and not booking.session.is_called_off
    return is_held and not has_moved and booking.participant.withdrawn_on is None


def _others(booking: Booking, now: datetime) -> tuple[tuple[datetime, str], ...]:
    """Up to three classes to which she could move: when, and with whom."""
    slots = overview.nearest(booking, now=now)
    return tuple((slot.starts_at, slot.trainer_name) for slot in slots)


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
    has_left = woman.withdrawn_on is not None  # no link of hers opens anything any more
    personal = {} if has_left else {"classes_url": addresses.classes(woman, now), **(links or {})}
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
        has_left=has_left,
        **more,
    )


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
