"""`/l/<token>`: what each link in a mail opens.

GET and HEAD show a page and change nothing. Its button posts; then the visit holds what
the link opens, and the address bar is clean again. A link that stops a kind of optional mail
is also pressed by mail programs, without a cookie (RFC 8058).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from prometheus_client import Counter

from remote_training.accounts import asking, entry, factors, guard, throttle, tokens, tries, unknown
from remote_training.accounts.errors import LinkEnded, WeakPassword
from remote_training.accounts.guard import public
from remote_training.accounts.models import Account, Link, LinkKind, Scope
from remote_training.assessments import service as assessments
from remote_training.assessments.errors import AlreadySent, Over
from remote_training.classes import names
from remote_training.core.crypto import token_hash
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound, Refused
from remote_training.core.words import reading_as, say, translated
from remote_training.links import subjects
from remote_training.links.forms import NewPasswordForm
from remote_training.links.subjects import Subject
from remote_training.outside.world import outside
from remote_training.participants import queries as participants
from remote_training.participants import wishes
from remote_training.reminders import optional

LONGEST_TOKEN = 100
DIGITS_OF_A_YEAR = 4
WRONG = "wrong"
NO_YEAR = say("Please write the year in which you were born, in four digits: 1961.")
WRONG_YEAR = say("This year does not fit. Please write the year in which you were born.")
ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058 section 3.2
STOPPED_BY = {kind: reminder for reminder, kind in optional.STOPS.items()}
USED = say("This link was used before. Please ask for a new one.")

UNKNOWN = Counter("unknown_links_total", "Links that were asked for and never were")

blueprint = Blueprint("links", __name__)


@blueprint.get("/l/<path:token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Show what the link opens, with one button; opening it changes nothing.

    One whose five tries are used up is shut for good: gone, not to be tried later.
    """
    link, wrong = _open(token), session.pop(WRONG, None)
    if wrong is None:
        return _page(link, token)
    return _page(link, token, wrong=wrong), 410 if link.tries >= tokens.TRIES else 422


@blueprint.post("/l/<path:token>")
@public
@unit_of_work()
def follow(token: str) -> ResponseReturnValue:
    """Open it: begin a visit that may see what the link is for, and go there.

    Questions that are over are opened too: what she gave in time may wait on her phone.
    """
    if is_one_click():
        return _stop(token)
    link = _open(token, is_checked=True)
    if link.kind is LinkKind.ANSWER:
        return _answer(link, token)
    if link.kind is LinkKind.SIGN_IN:
        return _sign_in(link, token)
    if link.kind is LinkKind.INVITATION:
        return _begin(link, token)
    if link.kind is LinkKind.JOIN:
        _permit(link.account, Scope.JOIN, link)
        return redirect(url_for("attendance.door", booking_id=link.subject_id), 303)
    if link.kind in STOPPED_BY:
        _permit(link.account, Scope.REMINDERS, link)
        return redirect(url_for("reminders.show"), 303)
    _permit(link.account, Scope.BOOKINGS, link)
    if link.subject_id is not None:
        return redirect(url_for("waiting.show", waiting_id=link.subject_id), 303)
    return redirect(url_for("bookings.index"), 303)


def is_one_click() -> bool:
    """Whether this request is that of a mail program's "unsubscribe", or of our button for it."""
    name, value = ONE_CLICK
    return request.endpoint == "links.follow" and request.form.get(name) == value


@blueprint.post("/code")
@public
@unit_of_work()
def come_in_by_code() -> ResponseReturnValue:
    """Take the code of a sign-in link that was opened in another browser than this one."""
    now, mark = outside().now(), session.get(asking.MARK, "")
    network = throttle.network(request.remote_addr)
    link = asking.link_of_mark(mark, now=now) if tries.may_try_from(network, now=now) else None
    typed = request.form.get("code", "")[:LONGEST_TOKEN]
    if link is None or not tokens.count_try(link) or not asking.code_fits(link, typed):
        wrong = _("This code does not fit, or it has ended. Please look at it once more.")
        return render_template("public/sent.html", wrong=wrong), 422
    return _come_in(link, link.account)


@blueprint.errorhandler(AlreadySent)
@blueprint.errorhandler(Over)
def over(refusal: AlreadySent | Over) -> ResponseReturnValue:
    """Say that questions are over; where answers still wait on her phone, ask who she is."""
    token: str = (request.view_args or {})["token"]
    link = tokens.find(token)
    assert link is not None
    return _page(link, token, refusal=refusal, wrong=session.pop(WRONG, None)), refusal.status


def _open(token: str, *, is_checked: bool = False) -> Link:
    """The link, if it opens something. Raises `NotFound`, `LinkEnded`, or for questions
    that are over what `assessments` says of them, unless it `is_checked` who she is.
    """
    link = tokens.find(token) if len(token) <= LONGEST_TOKEN else None
    if link is None or link.kind is LinkKind.CALENDAR:
        _count_unknown()
        raise NotFound(say("This link is not known. Please use the one in your newest mail."))
    now, subject = outside().now(), subjects.of(link)
    if link.is_open(now) and subject.goes_on(link, now):
        return link
    if link.is_open(now) and subject.assessment is not None and subject.is_hers_to_answer:
        if is_checked:
            return link
        assessments.require_open(subject.assessment, now=now)  # says what has become of it
    raise LinkEnded(
        say("This link has ended. Your newest mail has one that works, or ask for a new one.")
    )


def _count_unknown() -> None:
    UNKNOWN.inc()
    unknown.count(now=outside().now())


def _stop(token: str) -> ResponseReturnValue:
    """Stop the kind of mail that the link is about, and nothing else.

    The answer is the same whatever there was to stop, and however often it is asked.
    """
    link = tokens.find(token) if len(token) <= LONGEST_TOKEN else None
    if link is None or link.kind not in STOPPED_BY:
        _count_unknown()
        return render_template("links/stopped.html", token=token)
    now, subject = outside().now(), subjects.of(link)
    if link.is_open(now) and subject.participant is not None and subject.goes_on(link, now):
        reminder = STOPPED_BY[link.kind]
        wishes.stop(subject.participant, reminder, now=now, by=link.account_id)
    with _reading_as(link.account):
        return render_template("links/stopped.html", token=token)


def _answer(link: Link, token: str) -> ResponseReturnValue:
    """A light check before health questions: the year of birth, five tries.

    A try is counted by the database before it is looked at, whatever comes after it; what
    is no year at all is not a try.
    """
    typed = "".join(request.form.get("birth_year", "")[:LONGEST_TOKEN].split())
    if not (typed.isdecimal() and len(typed) == DIGITS_OF_A_YEAR) and link.tries < tokens.TRIES:
        return _asked_again(token, NO_YEAR)
    is_counted = tokens.count_try(link)
    db.session.commit()
    db.session.refresh(link)
    is_year = typed.isdecimal() and str(int(typed)) == link.account.contact.birth_year
    if not is_counted or not is_year:
        return _asked_again(token, WRONG_YEAR)
    link.tries = 0
    _permit(link.account, Scope.ANSWER, link)
    assessment = subjects.of(link).assessment
    assert assessment is not None
    assessments.check_passed(assessment)
    assessments.open_once(assessment, now=outside().now())
    return redirect(url_for("assessments.intro", assessment_id=link.subject_id), 303)


def _asked_again(token: str, wrong: str) -> ResponseReturnValue:
    """By a redirect, so that "back" finds a page that can be shown again."""
    session[WRONG] = wrong
    return redirect(url_for(".show", token=token), 303)


def _sign_in(link: Link, token: str) -> ResponseReturnValue:
    """Everything of her own, once; where two share a mailbox, they say who it is.

    In another browser than the one that asked, a code for that one instead.
    """
    sharing = [her.account for her in participants.sharing_mailbox(link.account)]
    chosen = request.form.get("who", str(sharing[0].id) if len(sharing) == 1 else "")
    account = next((who for who in sharing if str(who.id) == chosen), None)
    if account is None:
        return _page(link, token, wrong=_("Please choose who you are.")), 422
    if _asked_here(link):
        return _come_in(link, account)
    code = asking.give_code(link, account, now=outside().now())
    if code is None:
        raise LinkEnded(USED)
    return render_template("links/code.html", code=code)


def _asked_here(link: Link) -> bool:
    """Whether this browser asked for the link."""
    return link.asked_by is None or token_hash(session.get(asking.MARK, "")) == link.asked_by


def _come_in(link: Link, account: Account) -> ResponseReturnValue:
    """Begin the one visit of a sign-in link. Raises `LinkEnded` for all others who try."""
    if not tokens.spend(link, now=outside().now()):
        raise LinkEnded(USED)
    session.pop(asking.MARK, None)
    _permit(account, Scope.EVERYTHING, link)
    return redirect(url_for("home.index"), 303)


def _begin(link: Link, token: str) -> ResponseReturnValue:
    """A new member of staff chooses a password; the second factor comes at the sign-in."""
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _page(link, token, form=form), 422
    try:
        factors.set_password(link.account, str(form.password.data))
    except WeakPassword as error:
        with _reading_as(link.account):
            form.password.errors = [translated(error.sentence, **error.gaps)]
        return _page(link, token, form=form), 422
    if not tokens.spend(link, now=outside().now()):
        raise LinkEnded(USED)
    flash(_("Your password is kept. Please sign in now."))
    return redirect(url_for("accounts.sign_in"), 303)


def _permit(account: Account, scope: Scope, link: Link) -> None:
    """Let this browser see what the link opens."""
    subject_id = link.subject_id if scope in (Scope.JOIN, Scope.ANSWER) else None
    entry.let_in(account, scope, subject_id=subject_id, link=link)


def _page(link: Link, token: str, wrong: str | None = None, **more: Any) -> str:
    """The page of a link's kind, in the language and zone of the person it was sent to."""
    with _reading_as(link.account):
        said = translated(wrong) if wrong else ""
        return _render(link, token, subjects.of(link), wrong=said, **more)


def _reading_as(account: Account) -> AbstractContextManager[None]:
    return reading_as(str(session.get("language") or account.language), account.zone)


def _render(
    link: Link, token: str, subject: Subject, refusal: Refused | None = None, **more: Any
) -> str:
    site = subject.participant.site if subject.participant is not None else None
    if site is not None:
        more |= {"help_phone": site.phone, "emergency_number": site.emergency_number}
    if link.kind is LinkKind.SIGN_IN:
        more["sharing"] = participants.sharing_mailbox(link.account)
        more["is_asked_here"] = _asked_here(link)
    if link.kind is LinkKind.INVITATION:
        more.setdefault("form", NewPasswordForm(formdata=None))
    if link.kind in STOPPED_BY and subject.participant is not None:
        more["reminder"] = STOPPED_BY[link.kind]
        more["is_wanted"] = wishes.of(subject.participant).wants(STOPPED_BY[link.kind])
    name = "stop" if link.kind in STOPPED_BY else link.kind
    before = guard.here()
    is_anothers = before is not None and before.reader.id != link.account_id
    return render_template(
        f"links/{name}.html" if refusal is None else "links/over.html",
        reason=translated(refusal.sentence, **refusal.gaps) if refusal is not None else "",
        link=link,
        token=token,
        booking=subject.booking,
        assessment=subject.assessment,
        module_name=names.of_module,
        first_name=link.account.contact.first_name,
        is_anothers=is_anothers,
        is_shut=link.tries >= tokens.TRIES,
        now=outside().now(),
        **more,
    )
