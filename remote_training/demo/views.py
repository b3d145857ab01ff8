"""Pages."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("demo", __name__)
