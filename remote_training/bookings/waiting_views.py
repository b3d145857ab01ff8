"""Her waiting for a class that is full."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.guard import visitor, visitor_account
from remote_training.accounts.models import Scope
from remote_training.bookings import queries, rules, waiting_list, waiting_queries
from remote_training.bookings.models import Waiting
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.core.db import unit_of_work
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant

blueprint = Blueprint("waiting", __name__, url_prefix="/classes")


@blueprint.get("/<uuid:session_id>/wait")
@visitor(Scope.BOOKINGS)
def ask(session_id: UUID) -> ResponseReturnValue:
    """Ask whether she wants the place at once or to be asked first; looking changes nothing."""
    her, session = _her(), classes.session(session_id)
    held = queries.live(her, session)
    if held is not None:
        return redirect(url_for("bookings.show", booking_id=held.id), 303)
    rules.check(her, session, arm=queries.Trainee.of(her).arm)
    rules.check_is_open(session, True)
    if session.places_left > 0:
        return redirect(url_for("bookings.index"), 303)
    return _page("wait", her, session, closes_at=rules.waiting_list_closes_at(session))


@blueprint.post("/<uuid:session_id>/wait")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def join(session_id: UUID) -> ResponseReturnValue:
    """Put her on the list; where a place is free by now, it is hers."""
    her, session, at_once = _her(), classes.session(session_id), request.form.get("at_once") == "1"
    entry = waiting_list.join(
        her, session, is_at_once=at_once, now=outside().now(), by=her.account_id
    )
    return _after(entry)


@blueprint.get("/waiting/<uuid:waiting_id>")
@visitor(Scope.BOOKINGS)
def show(waiting_id: UUID) -> ResponseReturnValue:
    """Say how her waiting stands: her number, or the place that is kept for her."""
    found = waiting_queries.mine(waiting_id, visitor_account().id)
    entry = found.entry
    held = queries.live(entry.participant, entry.session)
    if held is not None:
        return redirect(url_for("bookings.show", booking_id=held.id), 303)
    return _page("waiting", entry.participant, entry.session, entry=entry, number=found.number)


@blueprint.post("/waiting/<uuid:waiting_id>/take")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def take(waiting_id: UUID) -> ResponseReturnValue:
    """Take the place that is kept for her; pressed twice, it is taken once."""
    entry, now = waiting_queries.mine(waiting_id, visitor_account().id).entry, outside().now()
    booking = waiting_list.accept(entry, now=now, by=entry.participant.account_id)
    return redirect(url_for("bookings.show", booking_id=booking.id), 303)


@blueprint.post("/waiting/<uuid:waiting_id>/leave")
@visitor(Scope.BOOKINGS)
@unit_of_work()
def leave(waiting_id: UUID) -> ResponseReturnValue:
    """Take her off the list; pressed twice, once."""
    entry, now = waiting_queries.mine(waiting_id, visitor_account().id).entry, outside().now()
    waiting_list.leave(entry, now=now, by=entry.participant.account_id)
    return _after(entry)


def _after(entry: Waiting) -> ResponseReturnValue:
    held = queries.live(entry.participant, entry.session)
    if held is not None:
        return redirect(url_for("bookings.show", booking_id=held.id), 303)
    return redirect(url_for(".show", waiting_id=entry.id), 303)


def _her() -> Participant:
    return participants.of_account(visitor_account().id)


def _page(name: str, her: Participant, session: Session, **more: object) -> str:
    return render_template(
        f"bookings/{name}.html",
        session=session,
        now=outside().now(),
        module_name=names.of_module,
        help_phone=her.site.phone,
        emergency_number=her.site.emergency_number,
        **more,
    )
