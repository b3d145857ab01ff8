"""A sitting: questions one a page through all its questionnaires, kept as they are answered."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts import guard
from remote_training.accounts.guard import visitor
from remote_training.accounts.models import Scope
from remote_training.assessments import queries, service
from remote_training.assessments.device import kind_of
from remote_training.assessments.forms import AnswerForm
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import Given, Part, Question, Sitting, sitting
from remote_training.core import words
from remote_training.core.db import unit_of_work
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Wording
from remote_training.outside.world import outside

blueprint = Blueprint("assessments", __name__, url_prefix="/questions")
LOOKING_OVER = "look"
LONGEST_KEY = 100


@blueprint.get("/<uuid:assessment_id>/")
@visitor(Scope.ANSWER, "assessment_id")
def intro(assessment_id: UUID) -> ResponseReturnValue:
    """Say what is asked and how long it takes; go on where she stopped."""
    return _shown("intro", assessment_id)


@blueprint.get("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
def question(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Ask one question; what was answered before is chosen already."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    service.require_open(assessment, now=outside().now())
    asked = sitting(assessment)
    return _question_page(asked, asked.question(number), AnswerForm(asked.question(number)))


@blueprint.post("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
@unit_of_work()
def answer(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Keep one answer, and go on to the next question."""
    assessment, now = _mine(assessment_id, to_change=True), outside().now()
    service.require_open(assessment, now=now)
    asked = sitting(assessment)
    named = request.form.get("question", "")[:LONGEST_KEY]
    answered = asked.named(named) if named else asked.question(number)
    form = AnswerForm(answered)
    if not form.validate_on_submit():
        return _question_page(asked, answered, form), 422
    wording = _wording(asked.part_of(answered))
    service.save(
        assessment,
        answered.form,
        answered.item.code,
        form.value,
        now=now,
        language=wording.language,
        translation=wording.translation,
        device=kind_of(request.user_agent.string),
    )
    asked = asked.with_answer(answered, Given(form.state, form.value, wording.language, now, now))
    return redirect(_after(asked, answered), 303)


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
    service.finish(_mine(assessment_id, to_change=True), now=outside().now())
    return _to_thanks(assessment_id, 303)


@blueprint.get("/<uuid:assessment_id>/thanks")
@visitor(Scope.ANSWER, "assessment_id")
def thanks(assessment_id: UUID) -> ResponseReturnValue:
    """Say that the answers have arrived."""
    assessment = _mine(assessment_id)
    if not assessment.is_complete:
        return redirect(url_for(".intro", assessment_id=assessment_id))
    return _page("thanks", assessment)


@blueprint.get("/<uuid:assessment_id>/stop")
@visitor(Scope.ANSWER, "assessment_id")
def stop(assessment_id: UUID) -> ResponseReturnValue:
    """Say that everything is kept, and until when she can go on."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    return _page("stop", assessment, sitting=sitting(assessment))


def _mine(assessment_id: UUID, *, to_change: bool = False) -> Assessment:
    return queries.mine(assessment_id, guard.visitor_account().id, to_change=to_change)


def _shown(name: str, assessment_id: UUID, position: int = 1) -> ResponseReturnValue:
    """A page about the whole sitting, while it is open; thanks once it is sent."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return _to_thanks(assessment_id)
    service.require_open(assessment, now=outside().now())
    asked = sitting(assessment)
    return _page(
        name,
        assessment,
        sitting=asked,
        here=asked.part(position),
        wordings=[_wording(part) for part in asked.parts],
    )


def _wording(part: Part) -> Wording:
    return instruments.wording(part.instrument, words.language())


def _to_thanks(assessment_id: UUID, code: int = 302) -> ResponseReturnValue:
    return redirect(url_for(".thanks", assessment_id=assessment_id), code)


def _after(asked: Sitting, answered: Question) -> str:
    """Where an answer leads: on, to the page between two questionnaires, or to all answers."""
    here = asked.named(answered.key)
    following, which = asked.after(here), asked.assessment.id
    if following is None or LOOKING_OVER in request.args:
        return url_for(".check", assessment_id=which)
    if following.form.id != here.form.id:
        return url_for(".between", position=asked.part_of(following).position, assessment_id=which)
    return url_for(".question", number=following.number, assessment_id=which)


def _question_page(asked: Sitting, shown: Question, form: AnswerForm) -> str:
    part = asked.part_of(shown)
    wording = _wording(part)
    item = next(item for item in wording.items if item.code == shown.item.code)
    return _page(
        "question",
        asked.assessment,
        sitting=asked,
        question=shown,
        form=form,
        wording=wording,
        item=item,
        part=part,
        looking_over=LOOKING_OVER in request.args,
    )


def _page(name: str, assessment: Assessment, **more: object) -> str:
    site = assessment.participant.site
    return render_template(
        f"assessments/{name}.html",
        assessment=assessment,
        help_phone=site.phone,
        emergency_number=site.emergency_number,
        **more,
    )
