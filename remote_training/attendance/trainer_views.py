"""Classes as their trainer sees them: lists, the console of one class, one person's status."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import site_ids, staff_only
from remote_training.accounts.models import Role
from remote_training.attendance import (
    evidence,
    marks,
    notes,
    queries,
    reaching,
    roster,
    stamp,
    training_queries,
)
from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.attendance.forms import (
    CAUSE_WORDS,
    KIND_WORDS,
    SOURCE_WORDS,
    STATUS_WORDS,
    InsteadForm,
    NoteForm,
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
    """Show who is expected, waiting, here, gone and missing, and what can be done for each."""
    session, now = session_of(session_id), outside().now()
    return page("console", session, now, **state(session, now))


@blueprint.get("/<uuid:session_id>/room")
@staff_only(*STAFF)
def room(session_id: UUID) -> ResponseReturnValue:
    """Show the room to the trainer, if it is open, and who is in it."""
    return _room_page(session_of(session_id))


@blueprint.post("/<uuid:session_id>/room")
@staff_only(*STAFF)
def open_room(session_id: UUID) -> ResponseReturnValue:
    """Open the room of the class, and show the trainer her way in: it is asked for at this
    press, with no transaction open, and kept nowhere.
    """
    session = session_of(session_id)
    if rooms.provider_of(session.site).is_our_page:
        with unit_of_work():
            rooms.open_our_page(session, now=outside().now())
        return redirect(url_for(".room", session_id=session_id), 303)
    asked = hosting.asked(session, first_name=me().contact.first_name)
    db.session.rollback()
    answer = hosting.ask(asked)
    with unit_of_work():
        hosting.note(session_of(session_id), answer, now=outside().now())
    return _room_page(session_of(session_id), answer)


@blueprint.post("/<uuid:session_id>/instead")
@staff_only(*STAFF)
@unit_of_work()
def set_instead(session_id: UUID) -> ResponseReturnValue:
    """Let a class meet in another room, or in its own one again."""
    session, form = session_of(session_id), InsteadForm()
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
    session = session_of(session_id)
    return person_page(session, queries.place(booking_id, session))


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/")
@staff_only(*STAFF)
@unit_of_work()
def set_status(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Keep the trainer's word; a missing reason is asked for where it stands, and a newer word
    of another trainer is shown first.
    """
    session = session_of(session_id)
    booking = queries.place(booking_id, session)
    form = StatusForm()

    def note() -> None:
        press, reason = marks.Press(seen=form.seen.data or ""), form.reason.data or ""
        now, by = outside().now(), me().id
        marks.give(booking, form.chosen, reason=reason, press=press, now=now, by=by)

    if not form.validate() or not attempt(note, form.said_at):
        return asked_again(session, booking, form)
    flash(ended_once(_("This is noted for %(name)s.", name=short_name(booking))))
    return redirect(url_for(".console", session_id=session_id), 303)


@blueprint.post("/<uuid:session_id>/people/<uuid:booking_id>/card")
@staff_only(*STAFF)
@unit_of_work()
def card(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Show where somebody is and whom to call; that it was shown is written down."""
    session, now = session_of(session_id), outside().now()
    booking = queries.place(booking_id, session)
    told = reaching.emergency_card(booking, now=now, by=me().id)
    contact = booking.participant.contact
    return page("card", session, now, contact=contact, told=told)


def state(session: Session, now: datetime) -> dict[str, object]:
    """All that may change on the page of a class while somebody looks at it.

    The stamp comes first: what happens while the rest is read makes the next one another.
    """
    stamped = stamp.of(session, str(get_locale()), now=now)
    lines = roster.of(session, now=now)
    return {
        "stamp": stamped,
        "lines": lines,
        "count": roster.count(lines),
        "is_silent": roster.is_silent(lines),
        "way": ways.state_of(session, now=now),
        "unknown": meetings.undecided(session.id),
        "says_no": answers.says_no([line.booking_id for line in lines]),
        "pace": stamp.pace(session, now=now),
        "me": me().id,
    }


def person_page(
    session: Session,
    booking: Booking,
    *,
    form: StatusForm | None = None,
    note: NoteForm | None = None,
) -> str:
    """Ask for the trainer's word about one person, with all that was told and noted of her."""
    now = outside().now()
    return page(
        "person",
        session,
        now,
        form=form or _status_form(booking),
        note=note or NoteForm(),
        notes=notes.of([booking.id]).get(booking.id, []),
        standing=marks.standing(booking.id),
        found=queries.verdict_of(booking, now=now),
        evidence=evidence.of(booking, now=now),
        rules=study().rules,
        words={"kind": KIND_WORDS, "source": SOURCE_WORDS, "cause": CAUSE_WORDS},
        name=short_name(booking),
        booking=booking,
    )


def asked_again(session: Session, booking: Booking, form: StatusForm) -> ResponseReturnValue:
    """Why a word was not taken, with all that was typed; and beside a newer one, if that is why.

    What the page shows now is what the next press has seen.
    """
    if not isinstance(form.refusal, ChangedMeanwhile):
        return person_page(session, booking, form=form), 422
    form.seen.data = marks.seen(booking.id)
    return person_page(session, booking, form=form), 409


def _status_form(booking: Booking) -> StatusForm:
    seen = marks.seen(booking.id)
    known = queries.of_booking(booking.id)
    said = (known.status or "", known.reason or "") if known else ("", "")
    return StatusForm(status=said[0], reason=said[1], seen=seen)


def _room_page(
    session: Session, answer: hosting.Answer | None = None, form: InsteadForm | None = None
) -> str:
    now = outside().now()
    provider = rooms.provider_of(session.site)
    return page(
        "trainer_room",
        session,
        now,
        room=meetings.room(session.id),
        provider=provider,
        is_open=meetings.is_open(session.id, provider),
        is_failing=meetings.is_failing(provider.name, now=now),
        answer=answer,
        way=ways.state_of(session, now=now),
        form=form or InsteadForm(address=meetings.instead(session.id) or ""),
        lines=roster.of(session, now=now),
    )


def page(name: str, session: Session, now: datetime, /, **more: object) -> str:
    """A page about one class."""
    return render_template(
        f"attendance/{name}.html",
        session=session,
        module=names.of_module(session.module),
        status_words=STATUS_WORDS,
        emergency_number=session.site.emergency_number,
        now=now,
        **more,
    )


def session_of(session_id: UUID) -> Session:
    """The class of this id at a site of the trainer's, or `NotFound`."""
    return classes_queries.at_sites(session_id, site_ids(*STAFF))


def ended_once(sentence: str) -> str:
    """A sentence that ends in a name such as `Anna V.`, with one full stop."""
    return sentence[:-1] if sentence.endswith("..") else sentence


def short_name(booking: Booking) -> str:
    """What a trainer's page calls her."""
    return queries.name_of(booking)
