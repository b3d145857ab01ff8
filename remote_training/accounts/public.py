"""The page that everybody may open: what this is, "send me my link", the language."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from remote_training.accounts.guard import public
from remote_training.core.words import LANGUAGES

blueprint = Blueprint("public", __name__)


@blueprint.get("/")
@public
def index() -> ResponseReturnValue:
    """Say what this is, and offer to send a link."""
    return render_template("public/index.html")


@blueprint.post("/language")
@public
def language() -> ResponseReturnValue:
    """Read on in another language, on the same page."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
    return redirect(_own_path(request.form.get("back", "/")))


def _own_path(path: str) -> str:
    """A path of ours, never another host's."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_ours and path.isprintable() else "/"


def help_phone() -> str:
    """The number to ring, for the footer; empty where the site is not known."""
    return ""


def emergency_number() -> str:
    """The emergency number of the reader's country."""
    return "112"
