"""Classes as their trainer sees them: lists, the console of one class, one person's status."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.attendance import evidence, queries, service, training_queries
from remote_training.attendance.forms import (
    CAUSE_WORDS,
    KIND_WORDS,
    SOURCE_WORDS,
    STATUS_WORDS,
    InsteadForm,
    StatusForm,
)
from remote_training.bookings import answers
from remote_training.bookings.models import Booking
from remote_training.classes import names
from remote_training.classes import queries as classes_queries
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.fields import attempt
from remote_training.meetings import hosting, ways
from remote_training.meetings import queries as meetings
from remote_training.meetings import service as rooms
from remote_training.outside.world import outside
from remote_training.studies.current import study

blueprint = Blueprint("trainer", __name__, url_prefix="/staff/classes")
STAFF = (Role.TRAINER, Role.COORDINATOR)
AHEAD, BACK = timedelta(days=14), timedelta(days=14)


@blueprint.get("/")
@staff_only(*STAFF)
def classes() -> ResponseReturnValue:
    """List the trainer's own classes, those of the site, and those of the last two weeks."""
    now, sites = outside().now(), site_ids(*STAFF)
    coming = classes_queries.upcoming(sites, now=now, until=now + AHEAD)
    mine = me().id
    past = queries.recent(sites, since=now - BACK, now=now)
    return render_template(
        "attendance/classes.html",
        own=[session for session in coming if session.trainer_id == mine],
        others=[session for session in coming if session.trainer_id != mine],
        past=past,
        to_enter=training_queries.waiting(past, now=now),
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
        instead=ways.instead_of(session, now=now),
        unknown=meetings.undecided(session.id),
        says_no=answers.says_no([line.booking_id for line in lines]),
    )


@blueprint.get("/<uuid:session_id>/room")
@staff_only(*STAFF)
def room(session_id: UUID) -> ResponseReturnValue:
    """Show the room to the trainer, if it is open, and who is in it."""
    return _room_page(_session(session_id))


@blueprint.post("/<uuid:session_id>/room")
@staff_only(*STAFF)
def open_room(session_id: UUID) -> ResponseReturnValue:
    """Open the room of the class, and show the trainer her way in: it is asked for at this
    press, with no transaction open, and kept nowhere.
    """
    session = _session(session_id)
    if rooms.provider_of(session.site).is_our_page:
        with unit_of_work():
            rooms.open_our_page(session, now=outside().now())
        return redirect(url_for(".room", session_id=session_id), 303)
    asked = hosting.asked(session, first_name=me().contact.first_name)
    db.session.rollback()
    answer = hosting.ask(asked)
    with unit_of_work():
        hosting.note(_session(session_id), answer, now=outside().now())
    return _room_page(_session(session_id), answer)


@blueprint.post("/<uuid:session_id>/instead")
@staff_only(*STAFF)
@unit_of_work()
def set_instead(session_id: UUID) -> ResponseReturnValue:
    """Let a class meet in another room, or in its own one again."""
    session, form = _session(session_id), InsteadForm()
    now, by = outside().now(), me().id

    def note() -> None:
        hosting.meet_instead(session, form.address.data or "", now=now, by=by)

    if not form.validate() or not attempt(note, lambda _refusal: form.address):
        return _room_page(session, form=form), 422
    flash(
        _("This is noted. Everybody who joins from now on is shown this room.")
        if form.address.data
        else _("This is noted. The class meets in its usual room again.")
    )
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
        service.set_status(booking, form.chosen, reason=reason, now=outside().now(), by=me().id)

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
    service.send_link(booking, now=outside().now(), by=me().id)
    flash(_("The link is on its way to %(name)s.", name=_short_name(booking)))
    return redirect(url_for(".console", session_id=session_id), 303)


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/card")
@staff_only(*STAFF)
@unit_of_work()
def card(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Show where somebody is and whom to call; that it was shown is written down."""
    session, now = _session(session_id), outside().now()
    booking = queries.place(booking_id, session)
    told = service.emergency_card(booking, now=now, by=me().id)
    contact = booking.participant.contact
    return _page("card", session, now, contact=contact, told=told)


def _person_page(session: Session, booking: Booking, form: StatusForm) -> str:
    now = outside().now()
    return _page(
        "person",
        session,
        now,
        form=form,
        found=queries.verdict_of(booking, now=now),
        evidence=evidence.of(booking, now=now),
        rules=study().rules,
        words={"kind": KIND_WORDS, "source": SOURCE_WORDS, "cause": CAUSE_WORDS},
        name=_short_name(booking),
        booking=booking,
    )


def _room_page(
    session: Session, answer: hosting.Answer | None = None, form: InsteadForm | None = None
) -> str:
    now = outside().now()
    provider = rooms.provider_of(session.site)
    instead = ways.instead_of(session, now=now)
    return _page(
        "trainer_room",
        session,
        now,
        room=meetings.room(session.id),
        provider=provider,
        is_open=meetings.is_open(session.id, provider),
        is_failing=meetings.is_failing(provider.name, now=now),
        answer=answer,
        instead=instead,
        form=form or InsteadForm(address=meetings.instead(session.id) or ""),
        lines=queries.roster(session, now=now),
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
