"""Who may book which class: one place that answers for page, command and desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from remote_training.bookings import fit
from remote_training.bookings.errors import (
    BookingClosed,
    Misfit,
    NotBegun,
    NotCleared,
    NotTakingPart,
    OtherProgramme,
    ProgrammeOver,
)
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.core.errors import NotAllowed, NotFound
from remote_training.core.words import long_day, say
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.studies.current import study


def check(participant: Participant, session: Session, *, arm: str | None) -> date:
    """Refuse a class that is not hers to book, by her arm; gives the first day of her programme.

    Raises
    ------
    NotFound, NotTakingPart, NotCleared, NotBegun, ProgrammeOver, OtherProgramme
        Asked in this order. No sentence tells the arm.
    """
    if session.site_id != participant.site_id:
        raise NotFound(say("This class is not here."))
    first_on = check_person(
        has_agreed=participant.consented_on is not None,
        has_left=participant.withdrawn_on is not None,
        is_cleared=participant.cleared_on is not None,
        first_on=first_day(participant.baseline_on, arm),
        on_date=session.on_date,
    )
    if session.module not in modules(participant.complaint):
        raise OtherProgramme(
            say("This class is not part of your programme. Please choose one from your list."),
            to_staff=say(
                "This class is not part of her programme. Please choose one from her list."
            ),
        )
    return first_on


def judge(
    participant: Participant,
    session: Session,
    *,
    arm: str | None,
    held: Sequence[fit.Hour],
    now: datetime,
) -> None:
    """Refuse a class that she may not book, beside the hours that she holds; all but its places.

    Whoever says whether she may book a class says it with this. Raises as `check`, then
    `BookingClosed`, then what `fit.hindrance` finds.
    """
    first_on = check(participant, session, arm=arm)
    check_is_open(session, session.takes_bookings(now))
    if misfit := fit.hindrance(fit.hour_of(session), held, first_on):
        raise misfit


def check_person(
    *, has_agreed: bool, has_left: bool, is_cleared: bool, first_on: date | None, on_date: date
) -> date:
    """Refuse any class on a day, whichever it is; gives the first day of her programme.

    Raises `NotTakingPart`, `NotCleared`, `NotBegun` or `ProgrammeOver`, asked in this order.
    """
    if has_left:
        raise NotTakingPart(
            say("You have left the study: no class can be booked. Please ring us if you have not."),
            to_staff=say("She has left the study: no class can be booked for her any more."),
        )
    if not has_agreed:
        raise NotTakingPart(
            say("You can book classes when you have agreed to take part. Please ring us."),
            to_staff=say("She has not given consent yet: no class can be booked for her."),
        )
    if not is_cleared:
        raise NotCleared(
            say(
                "Before your first class somebody of the team must have written down that "
                "exercise is safe for you. Please ring us: we gladly see to it."
            ),
            to_staff=say(
                "She is not cleared for exercise yet. Please fill that in on her page first."
            ),
        )
    return _check_is_in_programme(on_date, first_on)


def refusal_today(
    *,
    has_agreed: bool,
    has_left: bool,
    is_cleared: bool,
    first_on: date | None,
    zone: str,
    now: datetime,
) -> NotAllowed | None:
    """Why she could book no class of today, whichever it is; None where she could."""
    try:
        check_person(
            has_agreed=has_agreed,
            has_left=has_left,
            is_cleared=is_cleared,
            first_on=first_on,
            on_date=now.astimezone(ZoneInfo(zone)).date(),
        )
    except NotAllowed as refusal:
        return refusal
    return None


def check_is_open(session: Session, is_open: bool) -> None:
    """Refuse a class that takes no more bookings with `BookingClosed`, saying why."""
    if session.is_called_off:
        raise BookingClosed(say("This class does not take place. Please choose another one."))
    if not is_open:
        raise BookingClosed(
            say("This class has begun, or begins so soon that no place can be booked any more.")
        )


def modules(complaint: str | None) -> list[str]:
    """Codes of the modules that are hers: the general ones, and that of her complaint."""
    general = [module.code for module in study().modules if not module.is_specific]
    return [*general, complaint] if complaint else general


def trains_from(participant: Participant) -> date | None:
    """The first day of her classes, in her zone; None while it is not known."""
    allocation = participants.allocation(participant.id)
    return first_day(participant.baseline_on, allocation.arm if allocation else None)


def first_day(baseline_on: date | None, arm: str | None) -> date | None:
    """The first day of the classes of somebody in an arm; None while one of both is not known."""
    if arm is None or baseline_on is None:
        return None
    weeks = next(one.trains_from_week for one in study().arms if one.code == arm)
    return baseline_on + timedelta(weeks=weeks)


def trains_until(first_on: date) -> date | None:
    """The last day of a programme that begins on a day; None where it has no end."""
    weeks = study().booking.programme_weeks
    return None if weeks is None else first_on + timedelta(weeks=weeks, days=-1)


def misfit(
    participant: Participant, hour: fit.Hour, others: Sequence[fit.Hour]
) -> NotBegun | ProgrammeOver | Misfit | None:
    """Why she could not book an hour that she has, now that it is at that time; None if she could.

    `others` are the other hours that she holds.
    """
    try:
        first_on = _check_is_in_programme(hour.on_date, trains_from(participant))
    except (NotBegun, ProgrammeOver) as refusal:
        return refusal
    return fit.hindrance(hour, others, first_on)


def is_late(given_back_at: datetime, starts_at: datetime) -> bool:
    """Whether a place that is given back at that moment is given back late."""
    return given_back_at > cancel_by(starts_at)


def cancel_by(starts_at: datetime) -> datetime:
    """Until when a place in a class that begins then can be given back without being late."""
    return starts_at - timedelta(hours=study().booking.cancel_by_hours)


def waiting_list_closes_at(session: Session) -> datetime:
    """From when on nobody moves up any more."""
    return session.starts_at - timedelta(hours=study().booking.waiting_list_closes_hours)


def undo_until(booking: Booking) -> datetime | None:
    """How long who gave a place back can have it back, or comes first in line; None while held."""
    if booking.cancelled_at is None:
        return None
    return booking.cancelled_at + timedelta(minutes=study().booking.undo_minutes)


def _check_is_in_programme(on_date: date, first: date | None) -> date:
    if first is None:
        raise NotBegun(
            say("It is not yet known when your classes begin. We write to you as soon as it is."),
            to_staff=say(
                "It is not yet known when her classes begin: her baseline or allocation is missing."
            ),
        )
    if on_date < first:
        raise NotBegun(
            say("Your classes begin on %(day)s. You can book any class from that day on."),
            to_staff=say("Her classes begin on %(day)s. She can have any class from that day on."),
            day=long_day(first),
        )
    last = trains_until(first)
    if last is not None and on_date > last:
        raise ProgrammeOver(
            say("Your programme ends on %(day)s. Please ring us if you would like to go on."),
            to_staff=say("Her programme ends on %(day)s: this class is after it."),
            day=long_day(last),
        )
    return first
