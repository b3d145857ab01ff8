"""The outside world, as one object handed to `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app

from remote_training.outside.mail import MailProvider
from remote_training.outside.meetings import MeetingProvider


@dataclass(frozen=True)
class Outside:
    """Everything the platform reaches that is not its own database.

    Attributes
    ----------
    now
        Reads the clock; returns an aware UTC moment.
    mail
        Delivers e-mail.
    meetings
        The providers of online rooms, by name: a study may choose one per site.
    """

    now: Callable[[], datetime]
    mail: MailProvider
    meetings: Mapping[str, MeetingProvider]


def outside() -> Outside:
    """Return the outside world of the running app."""
    return cast(Outside, current_app.extensions["outside"])
