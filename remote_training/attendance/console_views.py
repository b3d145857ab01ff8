"""What a trainer does on the page of a class, by one press each; and what is new there.

A press comes from a form, or from the page's script, which wants a sentence and not a page: it
sends again what the network lost, with the same key.
"""

from __future__ import annotations

import re
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from remote_training.accounts.desk import me
from remote_training.accounts.guard import staff_only
from remote_training.attendance import marks, notes, queries, reaching, stamp
from remote_training.attendance.forms import NoteForm, StatusForm
from remote_training.attendance.trainer_views import (
    STAFF,
    asked_again,
    ended_once,
    page,
    person_page,
    session_of,
    short_name,
    state,
)
from remote_training.core.db import unit_of_work
from remote_training.core.fields import attempt
from remote_training.outside.world import outside

blueprint = Blueprint("console", __name__, url_prefix="/staff/classes/<uuid:session_id>")
KEY = re.compile(r"[0-9a-f]{32}")


@blueprint.get("/lines")
@staff_only(*STAFF)
def lines(session_id: UUID) -> ResponseReturnValue:
    """Give the part of the page that changes, 304 while it is the one that is there. Its stamp
    stands in it, for the next time.
    """
    session, now = session_of(session_id), outside().now()
    etag = stamp.of(session, str(get_locale()), now=now)
    if request.if_none_match.contains(etag):
        return "", 304, {"ETag": f'"{etag}"'}
    return page("_lines", session, now, **state(session, now))


@blueprint.post("/people/<uuid:booking_id>/mark")
@staff_only(*STAFF)
@unit_of_work()
def mark(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Keep the trainer's word; where it overrules the room, the reason is asked for."""
    session, form = session_of(session_id), StatusForm()
    booking = queries.place(booking_id, session)

    def give() -> None:
        press = marks.Press(_key(), form.seen.data or "")
        reason, now = form.reason.data or "", outside().now()
        marks.give(booking, form.chosen, reason=reason, press=press, now=now, by=me().id)

    if _is_for_script():
        give()
    elif not form.validate() or not attempt(give, form.said_at):
        return asked_again(session, booking, form)
    return _done(session_id, _("This is noted for %(name)s.", name=short_name(booking)))


@blueprint.post("/people/<uuid:booking_id>/note")
@staff_only(*STAFF)
@unit_of_work()
def note(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Keep a note about one person in this class."""
    session, form = session_of(session_id), NoteForm()
    booking = queries.place(booking_id, session)

    def write() -> None:
        notes.write(booking, form.note.data or "", key=_key(), now=outside().now(), by=me().id)

    if _is_for_script():
        write()
    elif not attempt(write, form.said_at):
        return person_page(session, booking, note=form), 422
    return _done(session_id, _("The note about %(name)s is kept.", name=short_name(booking)))


@blueprint.post("/people/<uuid:booking_id>/notes/<uuid:note_id>/remove")
@staff_only(*STAFF)
@unit_of_work()
def remove_note(session_id: UUID, booking_id: UUID, note_id: UUID) -> ResponseReturnValue:
    """Remove a note; its text is gone."""
    booking = queries.place(booking_id, session_of(session_id))
    notes.remove(notes.one(note_id, booking), now=outside().now(), by=me().id)
    return _done(session_id, _("The note is removed."))


@blueprint.post("/people/<uuid:booking_id>/link")
@staff_only(*STAFF)
@unit_of_work()
def send_link(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Send somebody the link to this class once more."""
    booking = queries.place(booking_id, session_of(session_id))
    reaching.send_link(booking, now=outside().now(), by=me().id)
    return _done(session_id, _("The link is on its way to %(name)s.", name=short_name(booking)))


@blueprint.post("/people/<uuid:booking_id>/ring")
@staff_only(*STAFF)
@unit_of_work()
def ring(session_id: UUID, booking_id: UUID) -> ResponseReturnValue:
    """Show her number, to ring her; that it was shown is written down."""
    session, now = session_of(session_id), outside().now()
    booking = queries.place(booking_id, session)
    number = reaching.telephone(booking, now=now, by=me().id)
    return page("ring", session, now, booking=booking, name=short_name(booking), number=number)


def _key() -> str | None:
    """The key of a press, where the page's script gave one."""
    given = request.form.get("key", "")
    return given if KEY.fullmatch(given) else None


def _is_for_script() -> bool:
    return bool(request.accept_mimetypes.best == "application/json")


def _done(session_id: UUID, said: str) -> ResponseReturnValue:
    said = ended_once(said)
    if _is_for_script():
        return {"said": said}
    flash(said)
    return redirect(url_for("trainer.console", session_id=session_id), 303)
