"""The people of the demo, one click to be one of them, and every mail that was sent."""

from __future__ import annotations

from uuid import UUID

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from remote_training.accounts import guard, visits
from remote_training.accounts.guard import public
from remote_training.accounts.models import Account, AccountKind, Scope
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.demo import queries
from remote_training.demo.mailbox import DemoMailbox
from remote_training.outside.world import outside

PAGE = 100
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@blueprint.get("")
@public
def index() -> ResponseReturnValue:
    """Show who one can be."""
    return render_template(
        "demo/index.html",
        staff=queries.staff(),
        participants=queries.participants(now=outside().now()),
    )


@blueprint.post("/be/<uuid:account_id>")
@public
@unit_of_work()
def be(account_id: UUID) -> ResponseReturnValue:
    """Be one of them in this browser."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound(say("There is nobody of this kind here."))
    now = outside().now()
    visit, token = visits.begin(account, lasts=visits.STAFF_HOURS, now=now)
    if account.kind is AccountKind.STAFF:
        visit.second_factor_at = now
        session[guard.STAFF_COOKIE] = token
        return redirect(url_for("dashboard.index"), 303)
    visits.permit(visit, Scope.EVERYTHING)
    session[guard.VISITOR_COOKIE] = token
    return redirect(url_for("home.index"), 303)


@blueprint.get("/mailbox")
@public
def mailbox() -> ResponseReturnValue:
    """Show the mails, newest first, a hundred on a page."""
    page = max(1, request.args.get("page", 1, type=int))
    mails = _mailbox().newest(PAGE + 1, after=(page - 1) * PAGE)
    return render_template(
        "demo/mailbox.html", mails=mails[:PAGE], page=page, has_older=len(mails) > PAGE
    )


@blueprint.get("/mailbox/<name>")
@public
def mail(name: str) -> ResponseReturnValue:
    """Show one mail: its head, its text with links one can press, its parts."""
    found = _mailbox().mail(name)
    if found is None:
        raise NotFound(say("There is no such mail."))
    plain = found.get_body(("plain",))
    calendars = [part for part in found.walk() if part.get_content_type() == "text/calendar"]
    return render_template(
        "demo/mail.html",
        name=name,
        mail=found,
        text=plain.get_content() if plain is not None else "",
        calendar=calendars[0].get_content() if calendars else "",
        parts=[part.get_content_type() for part in found.walk()],
    )


@blueprint.get("/mailbox/<name>/html")
@public
def mail_html(name: str) -> ResponseReturnValue:
    """Show one mail's HTML part as a mail program would."""
    found = _mailbox().mail(name)
    body = found.get_body(("html",)) if found is not None else None
    if body is None:
        raise NotFound(say("There is no such mail."))
    answer = Response(body.get_content(), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


@blueprint.get("/mailbox/<name>/raw")
@public
def mail_raw(name: str) -> ResponseReturnValue:
    """Give one mail's source, as it would travel."""
    source = _mailbox().raw(name)
    if source is None:
        raise NotFound(say("There is no such mail."))
    answer = Response(source, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return answer


def _mailbox() -> DemoMailbox:
    return DemoMailbox(current_app.extensions["settings"].mailbox_dir)
