"""A visit has ended in the middle of a sitting: the year of birth once more, nothing lost.

What was pressed is carried along, sealed, and kept after the check. Only who has a page of
the sitting, or the cookie of a visit that ran out, learns that there is one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import entry, guard, visits
from remote_training.accounts.errors import LinkNeeded
from remote_training.accounts.guard import public
from remote_training.accounts.models import Permit, Scope
from remote_training.assessments import carried, pages, queries, service, taking, tickets
from remote_training.assessments.carried import Carried
from remote_training.assessments.device import kind_of
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import sitting
from remote_training.assessments.taking import Press
from remote_training.assessments.tickets import Ticket
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.words import reading_as, say, translated
from remote_training.outside.world import outside

blueprint = Blueprint("again", __name__, url_prefix="/questions")
LONGEST = 100
PLACE = re.compile(rf"check|(help/)?[0-9]{{1,4}}(\?{pages.LOOKING_OVER}=1)?|part/[0-9]{{1,3}}")
WAYS_ON = tuple(f"assessments.{page}" for page in ("check", "question", "between", "listen"))


def ask(refusal: LinkNeeded) -> ResponseReturnValue:
    """The page that asks for the year of birth once more; for anybody else the refusal.

    A form is answered by a redirect to the page on which it stood: that one asks.
    """
    assessment_id: UUID = (request.view_args or {})["assessment_id"]
    found = _sent(assessment_id) if request.method == "POST" else _held(assessment_id)
    kept, ticket = found if found is not None else (None, None)
    permit = ticket.permit(now=outside().now()) if ticket is not None else None
    assessment = _of(permit, assessment_id)
    if kept is None or permit is None or assessment is None or pages.is_for_script():
        reason = translated(refusal.sentence, **refusal.gaps)
        return render_template("errors/link_needed.html", reason=reason), refusal.status
    if request.method == "POST":
        if request.endpoint == "assessments.speak":
            kept = replace(kept, way_on=_spoken(assessment))
        kept.keep()
        return redirect(_own_way(kept.way_on, assessment_id), 303)
    is_shut = assessment.check_tries >= service.CHECK_TRIES
    status = 410 if is_shut else 422 if kept.is_wrong else refusal.status
    return _page(assessment, permit, kept), status


@blueprint.post("/<uuid:assessment_id>/again")
@public
@unit_of_work()
def come_back(assessment_id: UUID) -> ResponseReturnValue:
    """Look at the year of birth, begin a new visit, keep what was carried, and go on.

    A try is counted by the database before it is looked at, whatever comes after it.
    """
    now = outside().now()
    ticket = tickets.opened(request.form.get("ticket", ""), assessment_id)
    permit = ticket.permit(now=now) if ticket is not None else None
    known = _of(permit, assessment_id)
    if ticket is None or permit is None or known is None:
        raise LinkNeeded(say("Please open the link in your newest mail."))
    account = permit.visit.account
    is_counted = service.count_check(known)
    db.session.commit()
    assessment = queries.mine(assessment_id, account.id, to_change=True)
    typed = "".join(request.form.get("birth_year", "")[:LONGEST].split())
    press, way_on = request.form.get("carried", ""), request.form.get("way_on", "")[:LONGEST]
    if not is_counted or not typed or typed != account.contact.birth_year:
        Carried(ticket.sealed(), press, way_on, is_wrong=True).keep()
        return redirect(_own_way(way_on, assessment_id), 303)
    service.check_passed(assessment)
    carried.forget()
    link = permit.link if permit.scope is Scope.ANSWER else None
    entry.let_in(account, Scope.ANSWER, subject_id=assessment_id, link=link)
    pressed = taking.carried(press, assessment_id)
    if pressed is None:
        return redirect(_own_way(way_on, assessment_id), 303)
    return redirect(_kept(assessment, pressed, ticket), 303)


def _of(permit: Permit | None, assessment_id: UUID) -> Assessment | None:
    """The sitting of somebody's permit; None where it is not hers, or gone."""
    if permit is None:
        return None
    try:
        return queries.mine(assessment_id, permit.visit.account_id)
    except NotFound:
        return None


def _kept(assessment: Assessment, press: Press, ticket: Ticket) -> str:
    """Keep what was carried; where it leads."""
    device, now = kind_of(request.user_agent.string), outside().now()
    taken = taking.take(assessment, press, ticket, device=device, now=now)
    if not taken.is_kept:  # she had pressed without an answer
        return pages.card(taken.sitting, taken.question).url
    return pages.after_press(
        taken.sitting,
        taken.question,
        is_alarming=taken.is_alarming,
        looks_over=press.looks_over,
    )


def _sent(assessment_id: UUID) -> tuple[Carried, Ticket] | None:
    """What a form sends that was not let in: its ticket, what was pressed, where it stood."""
    ticket = tickets.opened(request.form.get("ticket", ""), assessment_id)
    if ticket is None:
        return None
    press = ""
    if request.endpoint == "assessments.answer":
        number: int = (request.view_args or {})["number"]
        looks_over = pages.LOOKING_OVER in request.args
        now = outside().now()
        pressed = taking.pressed(request.form, number, looks_over=looks_over, now=now)
        press = pressed.sealed(assessment_id)
    return Carried(ticket.sealed(), press, _here()), ticket


def _spoken(assessment: Assessment) -> str:
    """The question for which another language was chosen, with what is ticked there."""
    number: int = (request.view_args or {})["number"]
    try:
        question = carried.spoken(sitting(assessment), number, request.form)
    except NotFound:
        return ""
    return _here(
        url_for("assessments.question", assessment_id=assessment.id, number=question.number)
    )


def _here(path: str = "") -> str:
    """The page that was asked for; from the page with all her answers it goes back there."""
    way = path or request.path
    return f"{way}?{pages.LOOKING_OVER}=1" if pages.LOOKING_OVER in request.values else way


def _held(assessment_id: UUID) -> tuple[Carried, Ticket] | None:
    """What the browser carries for this sitting, or the visit that ran out in it."""
    kept = carried.pressed(assessment_id)
    if kept is not None:
        return kept
    now, token = outside().now(), session.get(guard.VISITOR_COOKIE)
    visit = visits.run_out(token, now=now) if token else None
    permit = visits.permit_for(visit.id, Scope.ANSWER, assessment_id, now=now) if visit else None
    if permit is None:
        return None
    ticket = Ticket(assessment_id, permit.id, {})
    way_on = _here() if request.endpoint in WAYS_ON else ""
    return Carried(ticket.sealed(), way_on=way_on), ticket


def _own_way(path: str, assessment_id: UUID) -> str:
    """A page of this sitting, or its first one: never anything else that a form may name."""
    start: str = url_for("assessments.intro", assessment_id=assessment_id)
    is_ours = path.startswith(start) and PLACE.fullmatch(path.removeprefix(start))
    return path if is_ours else start


def _page(assessment: Assessment, permit: Permit, found: Carried) -> str:
    account = permit.visit.account
    language = str(session.get("language") or account.language)
    with reading_as(language, account.zone):
        return pages.bare(
            "again",
            assessment,
            ticket=found.ticket,
            carried=found.press,
            way_on=found.way_on,
            wrong=_("This year does not fit. Please write the year in which you were born.")
            if found.is_wrong
            else "",
            is_shut=assessment.check_tries >= service.CHECK_TRIES,
        )
