"""Whether a form comes from a page of ours, although the browser's session may be gone."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, request
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms.validators import ValidationError

from remote_training.accounts import guard
from remote_training.accounts.errors import LinkNeeded
from remote_training.assessments import carried, queries, tickets
from remote_training.assessments.models import Assessment
from remote_training.assessments.tickets import Ticket
from remote_training.core.errors import NotFound
from remote_training.core.words import say


def held(assessment_id: UUID, ticket: Ticket | None) -> Assessment:
    """The sitting, held until the end of the transaction; `NotFound` where it is not hers.

    Raises `LinkNeeded` where the page was hers and by now somebody else is in this browser:
    it is asked again who she is.
    """
    try:
        return queries.mine(assessment_id, guard.visitor_account().id, to_change=True)
    except NotFound:
        if ticket is None:
            raise
        raise LinkNeeded(say("Please open the link in your newest mail.")) from None


def shown(assessment_id: UUID, ticket: Ticket | None = None) -> Assessment:
    """The sitting, to show a page of it; as `held`, also where its form was sent before."""
    try:
        return queries.mine(assessment_id, guard.visitor_account().id)
    except NotFound:
        if ticket is None and carried.pressed(assessment_id) is None:
            raise
        raise LinkNeeded(say("Please open the link in your newest mail.")) from None


def require(assessment_id: UUID) -> Ticket | None:
    """Pass a form with the ticket of this sitting, or with the token of the session.

    Returns the ticket where there is one. Raises `CSRFError`. The views that ask here are
    exempt from the check that all others have.
    """
    ticket = tickets.opened(request.form.get("ticket", ""), assessment_id)
    if ticket is None and current_app.config.get("WTF_CSRF_ENABLED", True):
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError as error:
            raise CSRFError(str(error)) from error
    return ticket
