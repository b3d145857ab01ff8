"""What questions refuse, in words for the person who was asked."""

from __future__ import annotations

from http import HTTPStatus

from remote_training.core.errors import Invalid, Refused


class NotOpenYet(Refused):
    """The first day of the window has not come."""


class Over(Refused):
    """The last day of the window has passed, or she no longer takes part."""

    status = HTTPStatus.GONE


class AlreadySent(Refused):
    """She pressed the last button; what was sent stays as it is."""


class NoSuchAnswer(Invalid):
    """Not one of the answers that this question has."""
