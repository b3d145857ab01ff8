"""What happened in or round a class: recorded in two taps, filled in afterwards, looked after."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import has_role, site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.bookings import queries as bookings
from remote_training.bookings.models import Booking
from remote_training.classes import names
from remote_training.classes import queries as classes
from remote_training.classes.models import Session
from remote_training.contacts.models import short_name, told_apart
from remote_training.core.db import unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.fields import attempt
from remote_training.core.words import say
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants.models import Participant
from remote_training.safety import event_queries as queries
from remote_training.safety import event_service as service
from remote_training.safety import event_wording as wording
from remote_training.safety.event_forms import (
    TAPPED,
    CareForm,
    DetailsForm,
    NewEventForm,
    WithdrawForm,
)
from remote_training.safety.event_models import Care
from remote_training.safety.event_queries import Line, Reach
from remote_training.safety.event_terms import terms
from remote_training.studies.current import study

blueprint = Blueprint("events", __name__, url_prefix="/staff/safety/events")
STAFF = (Role.TRAINER, Role.COORDINATOR)


@blueprint.get("/")
@staff_only(*STAFF)
def index() -> ResponseReturnValue:
    """List the events of the coordinator's women, or of the classes of the trainer's sites."""
    everything = "all" in request.args
    lines = queries.of(_reach(), now=outside().now(), everything=everything)
    return _page("events", lines=lines, everything=everything)


@blueprint.get("/class/<uuid:session_id>/<uuid:booking_id>")
@staff_only(*STAFF)
def ask(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Ask what happened to somebody in or round a class: a button for each grade."""
    session, booking = _place(session_id, booking_id)
    return _asking(booking.participant, NewEventForm(), session, booking)


@blueprint.post("/class/<uuid:session_id>/<uuid:booking_id>")
@staff_only(*STAFF)
@unit_of_work()
def record(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Record it, and tell the coordinators at once."""
    session, booking = _place(session_id, booking_id)
    return _recorded(booking.participant, session, booking, is_seen=False)


@blueprint.get("/person/<uuid:participant_id>")
@staff_only(Role.COORDINATOR)
def ask_outside(participant_id: UUID) -> ResponseReturnValue:
    """Ask what happened to somebody, as she told a coordinator."""
    return _asking(_her(participant_id), NewEventForm())


@blueprint.post("/person/<uuid:participant_id>")
@staff_only(Role.COORDINATOR)
@unit_of_work()
def record_outside(participant_id: UUID) -> ResponseReturnValue:
    """Record what a coordinator heard: she has seen it herself."""
    return _recorded(_her(participant_id), None, None, is_seen=True)


@blueprint.get("/<uuid:event_id>/")
@staff_only(*STAFF)
def show(event_id: UUID) -> ResponseReturnValue:
    """Show one event, what is missing of it, what was done, and what was said before."""
    return _one_page(_line(event_id))


@blueprint.post("/<uuid:event_id>/")
@staff_only(*STAFF)
@unit_of_work()
def amend(event_id: UUID) -> ResponseReturnValue:
    """Keep the details; what was said before is kept beside it."""
    line = _line(event_id)
    form = _details(line)

    def keep() -> None:
        service.amend(
            line.event, form.told, number=form.version, why=form.why.data or "",
            key=form.row_key, by=me(), now=outside().now(), is_seen=_is_mine(line),
        )  # fmt: skip

    if not form.validate() or not attempt(keep, form.said_at):
        return _one_page(_line(event_id), details=form), form.status
    flash(_("This is kept."))
    return redirect(url_for(".show", event_id=event_id), 303)


@blueprint.post("/<uuid:event_id>/care")
@staff_only(Role.COORDINATOR)
@unit_of_work()
def look_after(event_id: UUID) -> ResponseReturnValue:
    """Keep what the coordinator did about it."""
    line = _line(event_id)
    if not _is_mine(line):
        raise NotFound(say("This event is not here."))
    form = CareForm(line.version.number)

    def keep() -> None:
        service.look_after(
            line.event, Care(form.care.data), form.note.data or "", number=form.version,
            key=form.row_key, by=me(), now=outside().now(),
        )  # fmt: skip

    if not form.validate() or not attempt(keep, form.said_at):
        return _one_page(_line(event_id), care=form), form.status
    flash(_("This is written down."))
    return redirect(url_for(".show", event_id=event_id), 303)


@blueprint.get("/<uuid:event_id>/mistake")
@staff_only(*STAFF)
def ask_to_withdraw(event_id: UUID) -> ResponseReturnValue:
    """Ask why an event was entered by mistake."""
    return _mistake_page(_line(event_id), WithdrawForm())


@blueprint.post("/<uuid:event_id>/mistake")
@staff_only(*STAFF)
@unit_of_work()
def withdraw(event_id: UUID) -> ResponseReturnValue:
    """Mark it as entered by mistake; it is kept."""
    line, form = _line(event_id), WithdrawForm()

    def mark() -> None:
        service.withdraw(line.event, form.why.data or "", by=me(), now=outside().now())

    if not form.validate() or not attempt(mark, form.said_at):
        return _mistake_page(_line(event_id), form), form.status
    flash(_("This is marked as entered by mistake. It is kept, and counts nowhere."))
    return redirect(url_for(".show", event_id=event_id), 303)


def _recorded(
    her: Participant, session: Session | None, booking: Booking | None, *, is_seen: bool
) -> ResponseReturnValue:
    form = NewEventForm()
    kept: list[tuple[UUID, bool]] = []

    def keep() -> None:
        term, grade = form.chosen
        recorded = service.record(
            her, term, grade, text=form.text.data or "", session=session, key=form.row_key,
            by=me(), now=outside().now(), is_seen=is_seen,
        )  # fmt: skip
        kept.append(recorded)

    if not form.validate() or not attempt(keep, form.said_at):
        return _asking(her, form, session, booking), 422
    [(event_id, is_new)] = kept
    flash(_told(is_new=is_new, is_seen=is_seen))
    return redirect(url_for(".show", event_id=event_id), 303)


def _told(*, is_new: bool, is_seen: bool) -> str:
    if not is_new:
        return str(_("This was recorded already, by the press before."))
    if is_seen:
        return str(_("This is recorded. Please fill in what you know of it."))
    return str(
        _("This is recorded, and the coordinators are told now. The details below can wait.")
    )


def _reach() -> Reach:
    """A coordinator sees the events of her women; whoever sees a class, those of the class."""
    return Reach(women_of=site_ids(Role.COORDINATOR), classes_of=site_ids(*STAFF))


def _line(event_id: UUID) -> Line:
    return queries.one(event_id, _reach())


def _is_mine(line: Line) -> bool:
    """Whether it is for this member of staff to look after it."""
    return line.event.participant.site_id in site_ids(Role.COORDINATOR)


def _her(participant_id: UUID) -> Participant:
    return participants.by_id(participant_id, site_ids(Role.COORDINATOR))


def _name(her: Participant, session: Session | None) -> str:
    """What she is called: in a class as on its list, where two may share a short name."""
    booked = bookings.roster(session) if session is not None else ()
    called = told_apart({one.participant_id: one.participant.contact.name for one in booked})
    return called.get(her.id) or short_name(her.contact.name)


def _place(session_id: UUID, booking_id: UUID) -> tuple[Session, Booking]:
    session = classes.at_sites(session_id, site_ids(*STAFF))
    return session, queries.place(booking_id, session)


def _details(line: Line) -> DetailsForm:
    has_class = line.event.session_id is not None
    return DetailsForm(line.told, line.version.number, has_class=has_class)


def _asking(
    her: Participant,
    form: NewEventForm,
    session: Session | None = None,
    booking: Booking | None = None,
) -> str:
    return _page(
        "event_new",
        her=her,
        name=_name(her, session),
        form=form,
        session=session,
        booking=booking,
        common=[term for term in terms().terms if term.common],
        tapped=TAPPED,
        known=queries.of_participant(her.id, session.id if session else None)[:5],
        emergency_number=session.site.emergency_number if session else her.site.emergency_number,
    )


def _one_page(
    line: Line, *, details: DetailsForm | None = None, care: CareForm | None = None
) -> str:
    said = queries.versions(line.event.id)
    return _page(
        "event",
        line=line,
        name=_name(line.event.participant, line.event.session),
        details=details or _details(line),
        care=care or CareForm(line.version.number),
        form=details or care or _details(line),
        is_mine=_is_mine(line),
        history=[
            (version, wording.changes(version, said[n + 1] if n + 1 < len(said) else None))
            for n, version in enumerate(said)
        ],
    )


def _mistake_page(line: Line, form: WithdrawForm) -> str:
    name = _name(line.event.participant, line.event.session)
    return _page("event_mistake", line=line, name=name, form=form)


def _page(page: str, **more: object) -> str:
    return render_template(
        f"safety/{page}.html",
        now=outside().now(),
        words=wording,
        short_name=short_name,
        module_name=names.of_module,
        is_coordinator=has_role(Role.COORDINATOR),
        rules=study().safety,
        **more,
    )
