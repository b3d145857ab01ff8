"""Why there is no class that she can book, in words for her: one answer for all her pages."""

from __future__ import annotations

from datetime import date

from remote_training.bookings import fit, rules
from remote_training.bookings.errors import NotBegun
from remote_training.core.errors import NotAllowed
from remote_training.core.words import translated as _


def because(
    refusal: NotAllowed | None, first_on: date | None, booked_until: date | None = None
) -> str:
    """The sentence with which a class of today would be refused; else what she can expect.

    `first_on` is the first day of her programme; `booked_until` the day of the last class that
    she holds, where she has booked what is offered, as far as it fits.
    """
    if booked_until is not None and isinstance(refusal, NotBegun):
        refusal = None  # she has booked her first weeks ahead
    if refusal is not None:
        return _(refusal.sentence, **refusal.gaps)
    if booked_until is None or first_on is None:
        return _(
            "There is no class to book at the moment. Please look again in a few days, or ring us."
        )
    last = rules.trains_until(first_on)
    if last is None or fit.week(booked_until, first_on) < fit.week(last, first_on):
        return _("You have booked all that is offered so far. Later weeks will come.")
    return _("You have booked all that is offered.")
