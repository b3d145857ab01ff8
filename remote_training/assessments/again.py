"""A visit has ended in the middle of a sitting: the year of birth once more, nothing lost.

What was pressed is carried in the page, sealed, and kept after the check. Only who has a
page of the sitting, or the cookie of a visit that ran out, learns that there is one.
"""

from __future__ import annotations

import re
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from remote_training.accounts import entry, guard, visits
from remote_training.accounts.errors import LinkNeeded
from remote_training.accounts.guard import public
from remote_training.accounts.models import Permit, Scope
from remote_training.assessments import pages, queries, service, taking, tickets
from remote_training.assessments.device import kind_of
from remote_training.assessments.models import Assessment
from remote_training.assessments.taking import Press
from remote_training.assessments.tickets import Ticket
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.words import reading_as, say, translated
from remote_training.outside.world import outside

blueprint = Blueprint("again", __name__, url_prefix="/questions")
LONGEST = 100
PLACE = re.compile(r"check|[0-9]{1,4}|part/[0-9]{1,3}")
WAYS_ON = ("assessments.check", "assessments.question", "assessments.between")


def ask(refusal: LinkNeeded) -> ResponseReturnValue:
    """The page that asks for the year of birth once more; for anybody else the refusal."""
    assessment_id: UUID = (request.view_args or {})["assessment_id"]
    ticket = _ticket(assessment_id)
    permit = ticket.permit(now=outside().now()) if ticket is not None else None
    assessment = _of(permit, assessment_id)
    if ticket is None or permit is None or assessment is None:
        reason = translated(refusal.sentence, **refusal.gaps)
        return render_template("errors/link_needed.html", reason=reason), refusal.status
    return _page(assessment, ticket, permit, _carried(assessment_id), _way_on()), refusal.status


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
    carried, way_on = request.form.get("carried", ""), request.form.get("way_on", "")[:LONGEST]
    if not is_counted or not typed or typed != account.contact.birth_year:
        status = 429 if assessment.check_tries >= service.CHECK_TRIES else 422
        return _page(assessment, ticket, permit, carried, way_on, is_wrong=True), status
    service.check_passed(assessment)
    link = permit.link if permit.scope is Scope.ANSWER else None
    entry.let_in(account, Scope.ANSWER, subject_id=assessment_id, link=link)
    press = taking.carried(carried, assessment_id)
    if press is None:
        return redirect(_own_way(way_on, assessment_id), 303)
    return redirect(_kept(assessment, press, ticket), 303)


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


def _ticket(assessment_id: UUID) -> Ticket | None:
    """The ticket of the form, or one for the visit that ran out in this browser."""
    if request.method == "POST":
        return tickets.opened(request.form.get("ticket", ""), assessment_id)
    now, token = outside().now(), session.get(guard.VISITOR_COOKIE)
    visit = visits.run_out(token, now=now) if token else None
    if visit is None:
        return None
    permit = visits.permit_for(visit, Scope.ANSWER, assessment_id, now=now)
    return Ticket(assessment_id, permit.id, {}) if permit is not None else None


def _carried(assessment_id: UUID) -> str:
    """What was pressed, sealed; nothing where no answer was sent."""
    if request.method != "POST" or request.endpoint != "assessments.answer":
        return ""
    number: int = (request.view_args or {})["number"]
    looks_over = pages.LOOKING_OVER in request.args
    press = taking.pressed(request.form, number, looks_over=looks_over, now=outside().now())
    return press.sealed(assessment_id)


def _way_on() -> str:
    """The page of the sitting that she was on, or came for."""
    is_page = request.method == "GET" and request.endpoint in WAYS_ON
    is_send = request.endpoint == "assessments.send"
    return request.path if is_page or is_send else ""


def _own_way(path: str, assessment_id: UUID) -> str:
    """A page of this sitting, or its first one: never anything else that a form may name."""
    start: str = url_for("assessments.intro", assessment_id=assessment_id)
    is_ours = path.startswith(start) and PLACE.fullmatch(path.removeprefix(start))
    return path if is_ours else start


def _page(
    assessment: Assessment,
    ticket: Ticket,
    permit: Permit,
    carried: str,
    way_on: str,
    *,
    is_wrong: bool = False,
) -> str:
    account = permit.visit.account
    language = str(session.get("language") or account.language)
    with reading_as(language, account.zone):
        return pages.bare(
            "again",
            assessment,
            ticket=ticket.sealed(),
            carried=carried,
            way_on=way_on,
            wrong=_("This year does not fit. Please write the year in which you were born.")
            if is_wrong
            else "",
            is_shut=assessment.check_tries >= service.CHECK_TRIES,
        )
