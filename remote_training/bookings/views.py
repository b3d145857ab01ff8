"""Her classes: what she has booked, what she can book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts import guard
from remote_training.accounts.guard import visitor, visitor_account
from remote_training.accounts.models import Scope
from remote_training.bookings import (
    cards,
    fit,
    nothing,
    overview,
    programme,
    queries,
    reminding,
    rules,
    service,
)
from remote_training.bookings.errors import Overlap
from remote_training.bookings.models import Booking
from remote_training.bookings.visitor import HERE_AND_HER
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.core.db import unit_of_work
from remote_training.outside.world import outside
from remote_training.participants import wishes
from remote_training.participants.models import Participant

blueprint = Blueprint("bookings", __name__, url_prefix="/classes")


@blueprint.get("/")
@visitor(Scope.BOOKINGS, asks=HERE_AND_HER)
def index() -> ResponseReturnValue:
    """Show what she has booked, then what she can book, day by day."""
    now = outside().now()
    visit = guard.here()
    assert visit is not None
    hers = overview.of_her(visit.about, now=now)
    writer = cards.Writer(now=now)
    clashes = fit.overlapping([hour for hour in hers.hours if hour.ends_at > now])
    booked = [
        writer.booked(one, clashes.get(one.session_id)) for one in hers.held if one.ends_at > now
    ]
    waits = [writer.waits(one) for one in hers.waits]
    days, others = cards.parted(writer.by_day(hers.slots))
    return render_template(
        "bookings/index.html",
        booked=booked,
        waits=waits,
        days=days,
        others=others,
        nothing=nothing.because(hers.refusal, hers.first_on, overview.booked_until(hers, now=now)),
        weeks=programme.weeks_open(hers, now=now),
        may_join=guard.sees_everything,
        help_phone=hers.help_phone,
        emergency_number=hers.emergency_number,
    )


@blueprint.post("/<uuid:session_id>/book")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def book(session_id: UUID) -> ResponseReturnValue:
    """Book one class; pressed twice, there is one place and the same page."""
    booking = service.book_hers(visitor_account().id, session_id, now=outside().now())
    return redirect(url_for(".show", booking_id=booking.id), 303)


@blueprint.get("/bookings/<uuid:booking_id>")
@visitor(Scope.BOOKINGS)
def show(booking_id: UUID) -> ResponseReturnValue:
    """Say how the booking stands, and what happens next."""
    booking, now = _mine(booking_id), outside().now()
    if not booking.is_live:
        return _ended_page(booking, now)
    session = booking.session
    return _booking_page(
        "show",
        booking,
        reminded_at=_reminded_at(booking, now),
        may_join=guard.sees_everything,
        cancel_by=rules.cancel_by(session.starts_at),
        clash=_clash(booking),
    )


@blueprint.get("/bookings/<uuid:booking_id>/cancel")
@visitor(Scope.BOOKINGS)
def ask_to_cancel(booking_id: UUID) -> ResponseReturnValue:
    """Ask once more before the place is given back; looking changes nothing."""
    booking = _mine(booking_id)
    if not booking.is_live or booking.session.is_called_off:
        return redirect(url_for(".show", booking_id=booking.id), 303)
    is_late = rules.is_late(outside().now(), booking.session.starts_at)
    cancel_by = rules.cancel_by(booking.session.starts_at)
    return _booking_page("cancel", booking, is_late=is_late, cancel_by=cancel_by)


@blueprint.post("/bookings/<uuid:booking_id>/cancel")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def cancel(booking_id: UUID) -> ResponseReturnValue:
    """Give the place back; pressed twice, it is given back once."""
    booking = _mine(booking_id)
    service.cancel(booking, now=outside().now(), by=booking.participant.account_id)
    return redirect(url_for(".show", booking_id=booking.id), 303)


@blueprint.get("/bookings/<uuid:booking_id>/move")
@visitor(Scope.BOOKINGS)
def ask_to_move(booking_id: UUID) -> ResponseReturnValue:
    """Show the classes to which her place can be moved; looking changes nothing."""
    booking, now = _mine(booking_id), outside().now()
    if not booking.is_live or booking.session.is_called_off or now >= booking.session.starts_at:
        return redirect(url_for(".show", booking_id=booking.id), 303)
    days = cards.Writer(now=now).by_day(overview.alternatives(booking, now=now))
    return _booking_page("move", booking, days=days)


@blueprint.post("/bookings/<uuid:booking_id>/move/<uuid:session_id>")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def move(booking_id: UUID, session_id: UUID) -> ResponseReturnValue:
    """Move her place to another class, or leave it where it is; pressed twice, it moves once."""
    booking, session = _mine(booking_id), classes.hour(session_id)
    by, now = booking.participant.account_id, outside().now()
    moved = service.move(booking, session, now=now, by=by)
    return redirect(url_for(".show", booking_id=moved.id), 303)


def _clash(booking: Booking) -> object:
    """When another class of hers begins that lies on this one now, in words; None for none."""
    found = None if booking.session.is_called_off else queries.misfit(booking)
    return found.gaps["moment"] if isinstance(found, Overlap) else None


def _reminded_at(booking: Booking, now: datetime) -> Sequence[datetime]:
    """When she is still reminded of a class, by itself or with another one of that day."""
    her = booking.participant
    day = booking.session.starts_at.astimezone(ZoneInfo(her.zone)).date()
    others = [
        reminding.Heard(one.session.starts_at, one.told_at)
        for one in queries.held(her, now=now)
        if one.id != booking.id
        and not one.session.is_called_off
        and one.session.starts_at.astimezone(ZoneInfo(her.zone)).date() == day
    ]
    hers = reminding.Heard(booking.session.starts_at, booking.told_at)
    return reminding.moments(hers, others, wishes.of(her), her.zone, now=now)


def _mine(booking_id: UUID) -> Booking:
    return queries.mine(booking_id, visitor_account().id)


def _ended_page(booking: Booking, now: datetime) -> str:
    return _booking_page(
        "show",
        booking,
        moved_to=queries.moved_to(booking),
        undo_until=rules.undo_until(booking),
        may_wait=now < rules.waiting_list_closes_at(booking.session),
    )


def _booking_page(name: str, booking: Booking, **more: object) -> str:
    return _page(name, booking.participant, booking=booking, session=booking.session, **more)


def _page(name: str, her: Participant, **more: object) -> str:
    return render_template(
        f"bookings/{name}.html",
        now=outside().now(),
        module_name=names.of_module,
        help_phone=her.site.phone,
        emergency_number=her.site.emergency_number,
        **more,
    )
