"""The list of who came into a class without being known, for its trainer."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.attendance import queries, strangers
from remote_training.bookings import queries as bookings
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.meetings import queries as meetings
from remote_training.outside.world import outside

blueprint = Blueprint("unknown", __name__, url_prefix="/staff/classes/<uuid:session_id>/unknown")
STAFF = (Role.TRAINER, Role.COORDINATOR)


@blueprint.get("/")
@staff_only(*STAFF)
def index(session_id: UUID) -> ResponseReturnValue:
    """Show who was not known, and what was decided."""
    session, now = _session(session_id), outside().now()
    rows = meetings.unmatched(session.id)
    booked = bookings.roster(session)
    return render_template(
        "attendance/unknown.html",
        session=session,
        module=names.of_module(session.module),
        rows=[(row, strangers.stays(session, row, now=now)) for row in rows],
        booked=[(str(one.id), queries.short_name(one.participant.contact.name)) for one in booked],
    )


@blueprint.post("/<uuid:stranger_id>")
@staff_only(*STAFF)
@unit_of_work()
def decide(session_id: UUID, stranger_id: UUID) -> ResponseReturnValue:
    """Keep what the trainer says about one of them."""
    session = _session(session_id)
    row = strangers.stranger(stranger_id, session)
    decision, booking = strangers.chosen(session, request.form.get("who", ""))
    strangers.decide(row, decision, booking, now=outside().now(), by=me().id)
    flash(_("This is noted. The minutes have been counted anew."))
    return redirect(url_for(".index", session_id=session_id), 303)


def _session(session_id: UUID) -> Session:
    return classes.at_sites(session_id, site_ids(*STAFF))
