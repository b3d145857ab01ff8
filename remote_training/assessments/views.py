"""Questions, one a page; every answer is kept as it is given."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts import guard
from remote_training.accounts.guard import visitor
from remote_training.accounts.models import Scope
from remote_training.assessments import queries, service
from remote_training.assessments.forms import AnswerForm
from remote_training.assessments.models import Assessment
from remote_training.core import words
from remote_training.core.db import unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Item, Wording
from remote_training.outside.world import outside

blueprint = Blueprint("assessments", __name__, url_prefix="/questions")
LOOKING_OVER = "look"


@blueprint.get("/<uuid:assessment_id>/")
@visitor(Scope.ANSWER, "assessment_id")
def intro(assessment_id: UUID) -> ResponseReturnValue:
    """Say what is asked and how long it takes; go on where she stopped."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return redirect(url_for(".thanks", assessment_id=assessment_id))
    service.require_open(assessment, now=outside().now())
    return _page("intro", assessment, progress=queries.progress(assessment))


@blueprint.get("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
def question(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Ask one question; what was answered before is chosen already."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return redirect(url_for(".thanks", assessment_id=assessment_id))
    service.require_open(assessment, now=outside().now())
    return _question_page(assessment, number, AnswerForm(_item(assessment, number)))


@blueprint.post("/<uuid:assessment_id>/<int:number>")
@visitor(Scope.ANSWER, "assessment_id")
@unit_of_work()
def answer(assessment_id: UUID, number: int) -> ResponseReturnValue:
    """Keep one answer, and go on to the next question."""
    assessment = _mine(assessment_id, to_change=True)
    service.require_open(assessment, now=outside().now())
    item = _item(assessment, number)
    form = AnswerForm(item)
    if not form.validate_on_submit():
        return _question_page(assessment, number, form), 422
    language = _wording(assessment).language
    service.save(assessment, item.code, form.value, now=outside().now(), language=language)
    return redirect(_after(assessment, number), 303)


@blueprint.get("/<uuid:assessment_id>/check")
@visitor(Scope.ANSWER, "assessment_id")
def check(assessment_id: UUID) -> ResponseReturnValue:
    """Show all answers once more, each with a way to change it."""
    assessment = _mine(assessment_id)
    if assessment.is_complete:
        return redirect(url_for(".thanks", assessment_id=assessment_id))
    service.require_open(assessment, now=outside().now())
    given = queries.answers(assessment)
    progress = queries.progress(assessment, given)
    return _page("check", assessment, given=given, progress=progress, look=LOOKING_OVER)


@blueprint.post("/<uuid:assessment_id>/check")
@visitor(Scope.ANSWER, "assessment_id")
@unit_of_work()
def send(assessment_id: UUID) -> ResponseReturnValue:
    """Send the answers; pressing twice sends once."""
    service.finish(_mine(assessment_id, to_change=True), now=outside().now())
    return redirect(url_for(".thanks", assessment_id=assessment_id), 303)


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
        return redirect(url_for(".thanks", assessment_id=assessment_id))
    return _page("stop", assessment, progress=queries.progress(assessment))


def _mine(assessment_id: UUID, *, to_change: bool = False) -> Assessment:
    return queries.mine(assessment_id, guard.visitor_account().id, to_change=to_change)


def _wording(assessment: Assessment) -> Wording:
    return instruments.wording(queries.form(assessment), words.language())


def _item(assessment: Assessment, number: int) -> Item:
    items = queries.form(assessment).items
    if not 1 <= number <= len(items):
        raise NotFound(say("This question is not here."))
    return items[number - 1]


def _after(assessment: Assessment, number: int) -> str:
    is_last = number == len(queries.form(assessment).items)
    if is_last or LOOKING_OVER in request.args:
        return url_for(".check", assessment_id=assessment.id)
    return url_for(".question", assessment_id=assessment.id, number=number + 1)


def _question_page(assessment: Assessment, number: int, form: AnswerForm) -> str:
    wording = _wording(assessment)
    item = wording.items[number - 1]
    before = queries.answers(assessment).get(item.code)
    return _page(
        "question",
        assessment,
        form=form,
        number=number,
        item=item,
        before=before,
        looking_over=LOOKING_OVER in request.args,
    )


def _page(name: str, assessment: Assessment, **more: object) -> str:
    site = assessment.participant.site
    more["help_phone"], more["emergency_number"] = site.phone, site.emergency_number
    return render_template(
        f"assessments/{name}.html",
        assessment=assessment,
        instrument=queries.form(assessment),
        wording=_wording(assessment),
        **more,
    )
