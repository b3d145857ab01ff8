"""Classes as their trainer sees them: lists, the console of one class, one person's status."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.guard import site_ids, staff_account, staff_only
from remote_training.accounts.models import Account, Role
from remote_training.attendance import queries, service
from remote_training.attendance.forms import STATUS_WORDS, StatusForm
from remote_training.bookings import answers
from remote_training.bookings.models import Booking
from remote_training.classes import names
from remote_training.classes import queries as classes_queries
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.meetings import queries as meetings
from remote_training.meetings import service as rooms
from remote_training.outside.world import outside

blueprint = Blueprint("trainer", __name__, url_prefix="/staff/classes")
STAFF = (Role.TRAINER, Role.COORDINATOR)
AHEAD, BACK = timedelta(days=14), timedelta(days=14)


@blueprint.get("/")
@staff_only(*STAFF)
def classes() -> ResponseReturnValue:
    """List the trainer's own classes, those of the site, and those of the last two weeks."""
    now, sites = outside().now(), site_ids(*STAFF)
    coming = classes_queries.upcoming(sites, now=now, until=now + AHEAD)
    me = _me().id
    return render_template(
        "attendance/classes.html",
        own=[session for session in coming if session.trainer_id == me],
        others=[session for session in coming if session.trainer_id != me],
        past=queries.recent(sites, since=now - BACK, now=now),
        now=now,
        module_name=names.of_module,
    )


@blueprint.get("/<uuid:session_id>/")
@staff_only(*STAFF)
def console(session_id: UUID) -> ResponseReturnValue:
    """Show who is expected, here, gone and missing; looked at anew every ten seconds."""
    session, now = _session(session_id), outside().now()
    lines = queries.roster(session, now=now)
    return _page(
        "console",
        session,
        now,
        lines=lines,
        count=queries.count(lines),
        says_no=answers.says_no([line.booking_id for line in lines]),
    )


@blueprint.get("/<uuid:session_id>/room")
@staff_only(*STAFF)
def room(session_id: UUID) -> ResponseReturnValue:
    """Show the room to the trainer, if it is open, and who is in it."""
    session, now = _session(session_id), outside().now()
    opened = meetings.room(session.id)
    is_ours = opened is not None and rooms.provider_named(opened.provider).is_our_page
    lines = queries.roster(session, now=now)
    return _page("trainer_room", session, now, room=opened, is_ours=is_ours, lines=lines)


@blueprint.post("/<uuid:session_id>/room")
@staff_only(*STAFF)
@unit_of_work()
def open_room(session_id: UUID) -> ResponseReturnValue:
    """Open the room of the class."""
    rooms.room_of(_session(session_id), now=outside().now())
    return redirect(url_for(".room", session_id=session_id), 303)


@blueprint.get("/<uuid:session_id>/people/<uuid:booking_id>/")
@staff_only(*STAFF)
def person(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Ask for the trainer's word about one person in this class."""
    session = _session(session_id)
    booking = queries.place(booking_id, session)
    known = queries.of_booking(booking.id)
    said = (known.status or "", known.reason or "") if known else ("", "")
    form = StatusForm(status=said[0], reason=said[1])
    return _person_page(session, booking, form)


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/")
@staff_only(*STAFF)
@unit_of_work()
def set_status(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Keep the trainer's word; a missing reason is asked for where it stands."""
    session = _session(session_id)
    booking = queries.place(booking_id, session)
    form = StatusForm()

    def note() -> None:
        reason = form.reason.data or ""
        service.set_status(booking, form.chosen, reason=reason, now=outside().now(), by=_me().id)

    if not form.validate() or not attempt(note, form.said_at):
        return _person_page(session, booking, form), 422
    flash(_("This is noted for %(name)s.", name=_short_name(booking)))
    return redirect(url_for(".console", session_id=session_id), 303)


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/link")
@staff_only(*STAFF)
@unit_of_work()
def send_link(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Send somebody the link to this class once more."""
    booking = queries.place(booking_id, _session(session_id))
    service.send_link(booking, now=outside().now(), by=_me().id)
    flash(_("The link is on its way to %(name)s.", name=_short_name(booking)))
    return redirect(url_for(".console", session_id=session_id), 303)


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/card")
@staff_only(*STAFF)
@unit_of_work()
def card(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Show where somebody is and whom to call; that it was shown is written down."""
    session, now = _session(session_id), outside().now()
    booking = queries.place(booking_id, session)
    told = service.emergency_card(booking, now=now, by=_me().id)
    contact = booking.participant.contact
    return _page("card", session, now, contact=contact, told=told)


def _person_page(session: Session, booking: Booking, form: StatusForm) -> str:
    now = outside().now()
    found = queries.verdict_of(booking, now=now)
    return _page(
        "person", session, now, form=form, found=found, name=_short_name(booking), booking=booking
    )


def _page(page: str, session: Session, now: datetime, **more: object) -> str:
    return render_template(
        f"attendance/{page}.html",
        session=session,
        module=names.of_module(session.module),
        status_words=STATUS_WORDS,
        emergency_number=session.site.emergency_number,
        now=now,
        **more,
    )


def _session(session_id: UUID) -> Session:
    return classes_queries.at_sites(session_id, site_ids(*STAFF))


def _short_name(booking: Booking) -> str:
    return queries.short_name(booking.participant.contact.name)


def _me() -> Account:
    account = staff_account()
    assert account is not None
    return account
