"""An answer that waited on her phone comes in from whatever page of hers is opened next.

The proof is the ticket of the page on which she gave it. What it leads to is not told: the
visit may be one for her classes alone.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from remote_training.accounts.errors import LinkNeeded
from remote_training.accounts.guard import visitor
from remote_training.assessments import own_page, pages, taking
from remote_training.assessments.device import kind_of
from remote_training.assessments.models import Assessment
from remote_training.core.db import unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import say, translated
from remote_training.outside.world import outside

blueprint = Blueprint("late", __name__, url_prefix="/questions")


@blueprint.post("/<uuid:assessment_id>/late")
@visitor(None)
@unit_of_work()
def take(assessment_id: UUID) -> ResponseReturnValue:
    """Keep one answer, and say what she is to read now: help at once after an alarming one."""
    ticket = own_page.require(assessment_id)
    if ticket is None:
        raise LinkNeeded(say("Please open the link in your newest mail."))
    assessment, now = own_page.held(assessment_id, ticket), outside().now()
    press = taking.pressed(request.form, 1, looks_over=False, now=now)
    device = kind_of(request.user_agent.string)
    taken = taking.take(assessment, press, ticket, device=device, now=now)
    if not taken.is_kept:
        return jsonify(said=_not_taken()), 422
    said = translated(say("The answers that were kept on this phone have been sent."))
    return jsonify(said=said, help=_help(assessment) if taken.is_alarming else "")


@blueprint.errorhandler(Refused)
def refused(refusal: Refused) -> ResponseReturnValue:
    """Why an answer was not taken, for the script that sent it."""
    reason = translated(refusal.sentence, **refusal.gaps)
    return jsonify(said=f"{_not_taken()} {reason}"), refusal.status


def _not_taken() -> str:
    return translated(say("An answer that was kept on this phone could not be taken."))


def _help(assessment: Assessment) -> str:
    return pages.bare("late", assessment)
