"""The page that everybody may open: what this is, "send me my link", the language."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from remote_training.accounts import queries, throttle
from remote_training.accounts.guard import public
from remote_training.accounts.tokens import SIGN_IN_LASTS
from remote_training.contacts import service as contacts
from remote_training.contacts.errors import WrongAddress
from remote_training.core.db import unit_of_work
from remote_training.core.words import LANGUAGES, translated
from remote_training.messages import service as outbox
from remote_training.outside.world import outside

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
    """Send a link to whoever has this address; the answer never says whether anybody has."""
    typed, now = request.form.get("email", "")[:LONGEST_TYPED], outside().now()
    try:
        address = contacts.canonical(typed)
    except WrongAddress as error:
        wrong = translated(error.sentence)
        return render_template("public/index.html", wrong=wrong, typed=typed), 422
    network = request.remote_addr or "-"
    allowed = throttle.allow("link", address, limit=PER_ADDRESS, window=HOUR, now=now)
    allowed &= throttle.allow("links", network, limit=PER_NETWORK, window=HOUR, now=now)
    found = queries.participants_with_email(address)
    if found and allowed:
        outbox.queue(
            "sign_in",
            to=found[0].contact_id,
            facts={"account_id": str(found[0].id)},
            not_after=now + SIGN_IN_LASTS,
            now=now,
        )
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


def help_phone() -> str:
    """The number to ring, for the footer; pages of a person name that of her site."""
    return ""


def emergency_number() -> str:
    """The emergency number of the reader's country."""
    return "112"
