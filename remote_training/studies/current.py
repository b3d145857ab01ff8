"""The study that this installation runs."""

from __future__ import annotations

from typing import cast

from flask import current_app

from remote_training.studies.load import Study


def study() -> Study:
    """The study of the running app."""
    return cast(Study, current_app.extensions["study"])
