"""The page that everybody may open: what this is, "send me my link", the language."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from remote_training.accounts import asking, guard, throttle
from remote_training.accounts.guard import public
from remote_training.contacts import service as contacts
from remote_training.contacts.errors import WrongAddress
from remote_training.core.db import unit_of_work
from remote_training.core.words import LANGUAGES, say, translated
from remote_training.outside.world import outside
from remote_training.studies.current import study

HOUR = timedelta(hours=1)
PER_ADDRESS, PER_NETWORK = 3, 20
LONGEST_TYPED = 320

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    """Say what this is, and offer to send a link."""
    return render_template("public/index.html")


@blueprint.post("/send-link")
@public
@unit_of_work()
def send_link() -> ResponseReturnValue:
    """Note that somebody wants a link. Answer, time and cookie are the same for everybody.

    The worker finds out whether anybody has this address; beyond the limits it is silent.
    """
    typed, now = request.form.get("email", "")[:LONGEST_TYPED], outside().now()
    try:
        address = contacts.canonical(typed)
    except WrongAddress as error:
        wrong = translated(error.sentence, **error.gaps)
        return render_template("public/index.html", wrong=wrong, typed=typed), 422
    mark = session.setdefault(asking.MARK, asking.new_mark())
    network = throttle.network(request.remote_addr)
    person = throttle.allow("link", address, limit=PER_ADDRESS, window=HOUR, now=now)
    others = throttle.allow("links", network, limit=PER_NETWORK, window=HOUR, now=now)
    if person and others:
        asking.ask(address, mark=mark, now=now)
    return redirect(url_for(".sent"), 303)


@blueprint.get("/sent")
@public
def sent() -> ResponseReturnValue:
    """Say what happens next, and take the code of a link that was opened elsewhere."""
    return render_template("public/sent.html")


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Read on in another language, on the same page."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
    return redirect(_own_path(request.form.get("back", "/")), 303)


def _own_path(path: str) -> str:
    """A path of ours, never another host's."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_ours and path.isascii() and path.isprintable() else "/"


def emergency_number() -> str:
    """The emergency number where the reader works; where there are several, each with its place.

    For who is not signed in those of all sites of the study. Pages of a person and of a
    class name that of their own site.
    """
    mine = {grant.site.code for grant in guard.grants()}
    places: dict[str, list[str]] = {}
    for site in (site for site in study().sites if not mine or site.code in mine):
        places.setdefault(site.emergency_number, []).append(site.name)
    if len(places) == 1:
        return next(iter(places))
    told = (
        translated(say("%(number)s (%(places)s)"), number=number, places=", ".join(names))
        for number, names in places.items()
    )
    return translated(say(" or ")).join(told)
