"""First pages of staff."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("dashboard", __name__, url_prefix="/staff")


def menu() -> list[tuple[str, str, bool]]:
    """What the member of staff may open: address, label, whether it is this page."""
    return []
