"""The list of who came into a class without being known, for its trainer."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.attendance import queries, strangers
from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.bookings import queries as bookings
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import translated
from remote_training.meetings import queries as meetings
from remote_training.outside.world import outside

blueprint = Blueprint("unknown", __name__, url_prefix="/staff/classes/<uuid:session_id>/unknown")
STAFF = (Role.TRAINER, Role.COORDINATOR)


@blueprint.get("/")
@staff_only(*STAFF)
def index(session_id: UUID) -> ResponseReturnValue:
    """Show who was not known, and what was decided."""
    return _page(_session(session_id))


@blueprint.post("/<uuid:stranger_id>")
@staff_only(*STAFF)
@unit_of_work()
def decide(session_id: UUID, stranger_id: UUID) -> ResponseReturnValue:
    """Keep what the trainer says about one of them; a newer word of another one is shown first."""
    session, who = _session(session_id), request.form.get("who", "")
    row = strangers.stranger(stranger_id, session)
    decision, booking = strangers.chosen(session, who)
    was_nothing = decision is None and row.decision is None
    seen, now, by = request.form.get("seen", ""), outside().now(), me().id
    try:
        strangers.decide(row, decision, booking, seen=seen, now=now, by=by)
    except ChangedMeanwhile as refusal:
        return _page(session, Typed(row.id, who, refusal)), refusal.status
    flash(
        _("Nothing was chosen, and nothing has changed. Please choose who it was.")
        if was_nothing
        else _("This is noted. The minutes have been counted anew.")
    )
    return redirect(url_for(".index", session_id=session_id), 303)


class Typed(NamedTuple):
    """A choice that was not taken, and why."""

    stranger_id: UUID
    who: str
    refusal: Refused

    @property
    def wrong(self) -> str:
        """Why, in the reader's language."""
        return translated(self.refusal.sentence, **self.refusal.gaps)


def _page(session: Session, typed: Typed | None = None) -> str:
    now = outside().now()
    rows = meetings.unmatched(session.id)
    booked = bookings.roster(session)
    return render_template(
        "attendance/unknown.html",
        session=session,
        module=names.of_module(session.module),
        rows=[(row, strangers.stays(session, row, now=now)) for row in rows],
        choice=strangers.choice,
        typed=typed,
        booked=[(str(key), name) for key, name in queries.names_of(booked).items()],
    )


def _session(session_id: UUID) -> Session:
    return classes.at_sites(session_id, site_ids(*STAFF))
