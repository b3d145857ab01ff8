"""What is answered where something is refused or broke: a page, or to a program a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed

from remote_training.accounts import desk, guard
from remote_training.accounts.errors import LinkNeeded, SignInFirst, TooOften
from remote_training.accounts.models import Scope
from remote_training.api import problems
from remote_training.core.db import db
from remote_training.core.errors import Refused
from remote_training.core.words import say, translated
from remote_training.operations import edge, faults
from remote_training.participants import queries as participants


def install(app: Flask) -> None:
    """Answer whatever is refused, or breaks, in any view of an app."""
    app.register_error_handler(Refused, _even_without_database(_refuse))
    app.register_error_handler(LinkNeeded, _even_without_database(_link_first))
    app.register_error_handler(SignInFirst, _even_without_database(_sign_in_first))
    app.register_error_handler(CSRFError, _even_without_database(_stale_form))
    app.register_error_handler(HTTPException, _even_without_database(_http_error))
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _broken)


def _even_without_database(answer: Callable[[Any], ResponseReturnValue]) -> Any:
    """Answer with the page for a database that is away, where the answer's own page needs it."""

    def answered(error: Exception) -> ResponseReturnValue:
        try:
            return answer(error)
        except OperationalError as away:
            return _database_away(away)

    return answered


def _refuse(error: Refused) -> ResponseReturnValue:
    if problems.is_asked():
        return problems.of_refusal(error)
    asked = _guard()
    sentence = error.to_staff if asked.startswith("staff:") else error.sentence
    reason = translated(sentence, **error.gaps)
    wait = {"Retry-After": str(error.seconds)} if isinstance(error, TooOften) else {}
    if asked.startswith("staff:") and request.accept_mimetypes.best == "application/json":
        return {"said": reason}, error.status, wait
    page = render_template("errors/refused.html", reason=reason, **_way_on(asked))
    return page, error.status, wait


def _guard() -> str:
    """Whom the page that was asked for lets in."""
    view = current_app.view_functions.get(request.endpoint or "")
    return str(getattr(view, "guard", ""))


def _way_on(asked: str) -> dict[str, str]:
    """Where to go on after a refusal, and whom to ring: on a page of hers, and on one about her."""
    if request.blueprint == "desk":
        her_id = (request.view_args or {})["participant_id"]
        return {"back": url_for("people.show", participant_id=her_id)}
    if asked.startswith("staff:"):
        return {"start": faults.STAFF_PAGES}
    if not asked.startswith("visitor:") or guard.here() is None:
        return {}
    site = participants.of_account(guard.visitor_account().id).site
    told = {"help_phone": site.phone, "emergency_number": site.emergency_number}
    is_about_classes = asked == f"visitor:{Scope.BOOKINGS}"
    return told | ({"back": url_for("bookings.index")} if is_about_classes else {})


def _link_first(error: LinkNeeded) -> ResponseReturnValue:
    """What she can do next; nothing of what the page would show."""
    reason, is_class = translated(error.sentence, **error.gaps), request.blueprint == "attendance"
    return render_template(
        "errors/link_needed.html", reason=reason, is_class=is_class
    ), error.status


def _sign_in_first(error: SignInFirst) -> ResponseReturnValue:
    if request.method == "GET":
        flash(translated(error.sentence, **error.gaps))
        desk.remember_page()
        return redirect(url_for("accounts.sign_in"))
    return _refuse(error)


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    reason = translated(
        say("This page was open for too long. Please go back, load it again and press once more.")
    )
    return render_template("errors/refused.html", reason=reason), 400


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if problems.is_asked():
        return problems.of_http(error)
    if (page := _of_a_press()) is not None and isinstance(error, MethodNotAllowed):
        return redirect(page, 303)
    status = error.code or 500
    return faults.page(status), status, problems.kept_headers(error)


def unreadable(_error: Exception) -> ResponseReturnValue:
    """Answer a body that broke off, or is not sent as it says: the sender's fault, not ours."""
    return _http_error(BadRequest())


def _of_a_press() -> str | None:
    """Her page of classes, where what she asks for is the address of a press on it.

    A phone that opens a page anew which answered a press asks for that address.
    """
    hers = url_for("bookings.index")
    is_asked = request.method in ("GET", "HEAD") and request.path.startswith(hers)
    return hers if is_asked else None


def _database_away(error: OperationalError) -> ResponseReturnValue:
    db.session.rollback()
    guard.forget_reader()
    edge.log.error("database away", request_id=edge.request_id(), error=error)
    headers = {"Retry-After": "5"}
    if problems.is_asked():
        return problems.of_status(503, headers)
    return faults.page(503), 503, headers


def _broken(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    guard.forget_reader()
    edge.log.error("broken", request_id=edge.request_id(), error=error)
    if problems.is_asked():
        return problems.of_status(500, reference=edge.request_id())
    return faults.page(500), 500
