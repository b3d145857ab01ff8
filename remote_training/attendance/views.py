"""The door of a class, and the room behind it, for the participant."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.guard import visitor, visitor_account
from remote_training.accounts.models import Scope
from remote_training.attendance import doors, service
from remote_training.attendance.forms import JoinForm
from remote_training.bookings import queries as bookings
from remote_training.bookings.models import Booking
from remote_training.classes import names
from remote_training.contacts import whereabouts
from remote_training.core.db import db, unit_of_work
from remote_training.meetings import queries as meetings
from remote_training.meetings import service as rooms
from remote_training.meetings import ways
from remote_training.outside.world import outside

blueprint = Blueprint("attendance", __name__, url_prefix="/class/<uuid:booking_id>")
CONNECTION = re.compile(r"[0-9a-f]{32}")
GONE = 410


@blueprint.get("/")
@visitor(Scope.JOIN, subject="booking_id")
def door(booking_id: UUID) -> ResponseReturnValue:
    """Show how the class stands: early, open, over; nothing is recorded by looking."""
    booking = _mine(booking_id)
    return _door_page(booking, _join_form(booking))


@blueprint.post("/")
@visitor(Scope.JOIN, subject="booking_id")
def come_in(booking_id: UUID) -> ResponseReturnValue:
    """Join the class: keep where she is today, begin the visit, show the room.

    The provider of a room that opens at the click is asked between two transactions.
    """
    booking, now = _mine(booking_id), outside().now()
    doors.check(booking, now=now)
    form = _join_form(booking)
    if not form.validate():
        return _door_page(booking, form), 422
    visit = _connection(form.visit.data)
    provider = rooms.provider_of(booking.session.site)
    wanted = rooms.wanted(booking.session)
    with unit_of_work():
        _tell(booking, form)
    room = None if provider.is_our_page else rooms.ask(provider, wanted)
    with unit_of_work():
        service.come_in(booking, visit, beats=form.js.data == "1", room=room, now=now)
    return redirect(url_for(".room", booking_id=booking_id, visit=visit), 303)


@blueprint.get("/room")
@visitor(Scope.JOIN, subject="booking_id")
def room(booking_id: UUID) -> ResponseReturnValue:
    """Show the room to who has joined, everybody else the door."""
    booking, now = _mine(booking_id), outside().now()
    visit = request.args.get("visit", "")
    has_joined = bool(whereabouts.told([booking.id]))
    if not has_joined or not doors.is_open(booking, now=now):
        return redirect(url_for(".door", booking_id=booking.id), 303)
    way = ways.into(booking, now=now)
    if not way.is_our_page:
        return _page("outside", booking, way=way, visit=_connection(visit))
    if not _is_visiting(booking, visit):
        return redirect(url_for(".door", booking_id=booking.id), 303)
    return _page("room", booking, visit=visit)


@blueprint.get("/way")
@visitor(Scope.JOIN, subject="booking_id")
def way_in(booking_id: UUID) -> ResponseReturnValue:
    """Lead into the room as it is at this press: since the page was shown it may have been made
    anew, or taken away because nobody was in it. Without a way in, back to the page.
    """
    booking, now = _mine(booking_id), outside().now()
    back = url_for(".room", booking_id=booking.id)
    if not whereabouts.told([booking.id]) or not doors.is_open(booking, now=now):
        return redirect(back, 303)
    provider, wanted = rooms.provider_of(booking.session.site), rooms.wanted(booking.session)
    db.session.rollback()  # no transaction is open while a provider is asked
    is_there = provider.keeps_rooms_ahead or rooms.ask(provider, wanted) is not None
    way = ways.into(_mine(booking_id), now=now)
    return redirect((way.join_url if is_there else None) or back, 303)


@blueprint.post("/beat")
@visitor(Scope.JOIN, subject="booking_id")
@unit_of_work()
def beat(booking_id: UUID) -> ResponseReturnValue:
    """Take a sign of life from the page; 410 tells it that the visit is over."""
    visit = _connection(request.form.get("visit"))
    goes_on = service.beat(_mine(booking_id), visit, now=outside().now())
    return "", 204 if goes_on else GONE


@blueprint.post("/leave")
@visitor(Scope.JOIN, subject="booking_id")
@unit_of_work()
def leave(booking_id: UUID) -> ResponseReturnValue:
    """Leave by the button, or because the page goes away."""
    by_button = request.form.get("by") != "page"
    visit = _connection(request.form.get("visit"))
    service.leave(_mine(booking_id), visit, by_button=by_button, now=outside().now())
    return redirect(url_for(".door", booking_id=booking_id, left=1), 303)


def _tell(booking: Booking, form: JoinForm) -> None:
    if not form.keeps:
        contact_id = booking.participant.contact_id
        whereabouts.tell(contact_id, booking.id, **form.whereabouts, now=outside().now())


def _mine(booking_id: UUID) -> Booking:
    return bookings.mine(booking_id, visitor_account().id)


def _join_form(booking: Booking) -> JoinForm:
    has_told = bool(whereabouts.told([booking.id]))
    return JoinForm(booking.participant.contact, has_told=has_told)


def _connection(typed: str | None) -> str:
    """The id of a visit as our page sent it; a new one where it sent none."""
    return typed if typed and CONNECTION.fullmatch(typed) else uuid4().hex


def _is_visiting(booking: Booking, visit: str) -> bool:
    pulse = meetings.visit(visit)
    return pulse is not None and pulse.booking_id == booking.id and not pulse.has_left


def _door_page(booking: Booking, form: JoinForm) -> str:
    found = doors.door(booking, now=outside().now())
    form.visit.data = uuid4().hex if request.method == "GET" else form.visit.data
    return _page("door", booking, door=found, form=form, has_left="left" in request.args)


def _page(name: str, booking: Booking, **more: object) -> str:
    session = booking.session
    return render_template(
        f"attendance/{name}.html",
        booking=booking,
        session=session,
        module=names.of_module(session.module),
        trainer=session.trainer.contact.first_name,
        now=outside().now(),
        help_phone=booking.participant.site.phone,
        emergency_number=booking.participant.site.emergency_number,
        **more,
    )
