"""A sitting: questions one a page through all its questionnaires, kept as they are answered."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts.errors import LinkNeeded
from remote_training.accounts.guard import visitor
from remote_training.accounts.models import Scope
from remote_training.assessments import again, carried, own_page, pages, service, taking
from remote_training.assessments.device import kind_of
from remote_training.assessments.errors import AlreadySent, Over
from remote_training.assessments.forms import please_choose, unanswered
from remote_training.assessments.sitting import Question, sitting
from remote_training.core.db import unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import translated
from remote_training.outside.world import outside

blueprint = Blueprint("assessments", __name__, url_prefix="/questions")
UNANSWERED = "unanswered"
blueprint.register_error_handler(LinkNeeded, again.ask)


@blueprint.before_request
def read_all() -> None:
    """Let what cannot be read be refused here, and not while a refusal is put into words."""
    _ = request.form


@blueprint.get("/<uuid:assessment_id>/")
@visitor(Scope.ANSWER, "assessment_id")
def intro(assessment_id: UUID) -> ResponseReturnValue:
    """Say what is asked and how long it takes; go on where she stopped."""
    return _shown("intro", assessment_id)


@blueprint.get("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
def question(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Ask one question; what was answered or ticked before is chosen already."""
    assessment = own_page.shown(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    service.require_open(assessment, now=outside().now())
    asked = sitting(assessment)
    here = asked.question(number)
    ticked = carried.ticked(assessment_id, here)
    card = pages.card(asked, here, looks_over=_looks_over(), ticked=ticked)
    form = unanswered(here) if UNANSWERED in request.args else None
    return pages.page("question", assessment, asked, card=card, form=form), 422 if form else 200


@blueprint.post("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
@unit_of_work()
def answer(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Keep one answer, and go on: by a redirect, or for a script by saying where to."""
    ticket = own_page.require(assessment_id)
    assessment, now = own_page.held(assessment_id, ticket), outside().now()
    looks_over = _looks_over()
    press = taking.pressed(request.form, number, looks_over=looks_over, now=now)
    device = kind_of(request.user_agent.string)
    taken = taking.take(assessment, press, ticket, device=device, now=now)
    if not taken.is_kept:
        return _to_question(taken.question, assessment_id, UNANSWERED)
    to = pages.after_press(
        taken.sitting, taken.question, is_alarming=taken.is_alarming, looks_over=looks_over
    )
    if pages.is_for_script():
        return jsonify(next=to, at=pages.milliseconds(now))
    return redirect(to, 303)


@blueprint.post("/<uuid:assessment_id>/<int:number>/language")
@visitor(Scope.ANSWER, "assessment_id")
def speak(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Ask the same question in another language; what is ticked stays so, and is not saved."""
    ticket = own_page.require(assessment_id)
    asked = sitting(own_page.shown(assessment_id, ticket))
    return _to_question(carried.spoken(asked, number, request.form), assessment_id)


@blueprint.get("/<uuid:assessment_id>/sheet")
@visitor(Scope.ANSWER, "assessment_id")
def sheet(assessment_id: UUID) -> ResponseReturnValue:
    """All questions at once, for a script that goes on while there is no network."""
    assessment = own_page.shown(assessment_id)
    service.require_open(assessment, now=outside().now())
    asked = sitting(assessment)
    cards = [pages.card(asked, one) for one in asked.questions]
    return pages.page("sheet", assessment, asked, cards=cards)


@blueprint.get("/<uuid:assessment_id>/help/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
def listen(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Show who listens at any hour; then go on after the question, or stop."""
    assessment = own_page.shown(assessment_id)
    asked = sitting(assessment)
    on_url = pages.after(asked, asked.question(number), looks_over=_looks_over())
    return pages.page("help", assessment, asked, on_url=on_url)


@blueprint.get("/<uuid:assessment_id>/part/<int:position>")
@visitor(Scope.ANSWER, "assessment_id")
def between(assessment_id: UUID, position: int) -> ResponseReturnValue:
    """Between two questionnaires: what is done, what comes, and that she may pause."""
    return _shown("between", assessment_id, position)


@blueprint.get("/<uuid:assessment_id>/check")
@visitor(Scope.ANSWER, "assessment_id")
def check(assessment_id: UUID) -> ResponseReturnValue:
    """Show all answers once more, each with a way to change it."""
    return _shown("check", assessment_id)


@blueprint.post("/<uuid:assessment_id>/check")
@visitor(Scope.ANSWER, "assessment_id")
@unit_of_work()
def send(assessment_id: UUID) -> ResponseReturnValue:
    """Send the answers; pressing twice sends once."""
    ticket = own_page.require(assessment_id)
    service.finish(own_page.held(assessment_id, ticket), now=outside().now())
    return _to_thanks(assessment_id, 303)


@blueprint.get("/<uuid:assessment_id>/thanks")
@visitor(Scope.ANSWER, "assessment_id")
def thanks(assessment_id: UUID) -> ResponseReturnValue:
    """Say that the answers have arrived."""
    assessment = own_page.shown(assessment_id)
    if not assessment.is_complete:
        return redirect(url_for(".intro", assessment_id=assessment_id))
    asked = sitting(assessment)
    return pages.page("thanks", assessment, asked, needs_help=pages.shows_help(assessment))


@blueprint.get("/<uuid:assessment_id>/stop")
@visitor(Scope.ANSWER, "assessment_id")
def stop(assessment_id: UUID) -> ResponseReturnValue:
    """Say that everything is kept, and until when she can go on."""
    assessment = own_page.shown(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    asked = sitting(assessment)
    return pages.page("stop", assessment, asked, needs_help=pages.shows_help(assessment))


@blueprint.errorhandler(Over)
def over(refusal: Over) -> ResponseReturnValue:
    """Say that it is over; the page still sends what waits on her phone, given in time."""
    assessment_id: UUID = (request.view_args or {})["assessment_id"]
    if request.method != "GET":
        return _refused_form(refusal, "intro")
    assessment, reason = own_page.shown(assessment_id), translated(refusal.sentence, **refusal.gaps)
    return pages.page("over", assessment, sitting(assessment), reason=reason), refusal.status


@blueprint.errorhandler(AlreadySent)
def sent_before(refusal: AlreadySent) -> ResponseReturnValue:
    """Show that the answers have arrived."""
    return _refused_form(refusal, "thanks")


def _refused_form(refusal: Refused, to: str) -> ResponseReturnValue:
    """A page that says why, by a redirect; for a script the sentence alone."""
    if not pages.is_for_script():
        assessment_id: UUID = (request.view_args or {})["assessment_id"]
        return redirect(url_for(f".{to}", assessment_id=assessment_id), 303)
    reason = translated(refusal.sentence, **refusal.gaps)
    return jsonify(said=reason), refusal.status


def _shown(name: str, assessment_id: UUID, position: int = 1) -> ResponseReturnValue:
    """A page about the whole sitting, while it is open; thanks once it is sent."""
    assessment = own_page.shown(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    service.require_open(assessment, now=outside().now())
    asked = sitting(assessment)
    return pages.page(name, assessment, asked, here=asked.part(position))


def _to_thanks(assessment_id: UUID, code: int = 302) -> ResponseReturnValue:
    return redirect(url_for(".thanks", assessment_id=assessment_id), code)


def _to_question(here: Question, assessment_id: UUID, *more: str) -> ResponseReturnValue:
    """To the page of a question after a form, whatever the number on the form was."""
    if pages.is_for_script():
        return jsonify(said=please_choose(here.item)), 422
    marks: dict[str, Any] = dict.fromkeys(more, 1)
    if _looks_over():
        marks[pages.LOOKING_OVER] = 1
    where = url_for(".question", assessment_id=assessment_id, number=here.number, **marks)
    return redirect(where, 303)


def _looks_over() -> bool:
    return pages.LOOKING_OVER in request.values
