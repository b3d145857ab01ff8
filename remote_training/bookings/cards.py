"""Classes in the words of a page.

A page shows dozens of them: what they share is translated once a page, and the template
only puts the pieces in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from remote_training.bookings.models import Booking
from remote_training.bookings.queries import Slot
from remote_training.classes import names
from remote_training.core import words


@dataclass(frozen=True)
class Card:
    """One class as the reader reads it.

    Attributes
    ----------
    id
        Of the booking, where it is booked; else of the class hour.
    at
        The moment as a machine reads it.
    clock, moment
        `10:00`; `Tuesday 24 November, 10:00`: in the reader's zone.
    lines
        Zone and length; what and with whom; the language, where it is not the reader's.
    places
        How many places are left, in words.
    """

    id: UUID
    at: str
    clock: str
    moment: str
    lines: tuple[str, ...]
    places: str = ""
    is_full: bool = False
    is_called_off: bool = False
    has_begun: bool = False


class Writer:
    """Writes the cards of one page."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._zone = words.zone()
        self._zone_name = words.zone_name()
        self._reads = words.language()
        self._written: dict[tuple[object, ...], str] = {}

    def booked(self, booking: Booking) -> Card:
        """The card of a class that she has booked."""
        session = booking.session
        at, trainer = session.starts_at, session.trainer.contact.first_name
        return Card(
            id=booking.id,
            at=at.isoformat(),
            clock=words.clock(at),
            moment=words.moment(at),
            lines=self._lines(session.minutes, session.module, trainer, session.language),
            is_called_off=session.is_called_off,
            has_begun=self._now >= at,
        )

    def by_day(self, slots: Iterable[Slot]) -> list[tuple[date, str, list[Card]]]:
        """Cards of what she can book, under the days on which they are in her zone."""
        local = ((slot.starts_at.astimezone(self._zone), slot) for slot in slots)
        days = groupby(local, key=lambda each: each[0].date())
        return [(day, words.day(day), self._on_one_day(day, on_it)) for day, on_it in days]

    def _on_one_day(self, day: date, slots: Iterable[tuple[datetime, Slot]]) -> list[Card]:
        name = words.day(day)
        return [self._slot(slot, f"{at:%H:%M}", name) for at, slot in slots]

    def _slot(self, slot: Slot, clock: str, day: str) -> Card:
        return Card(
            id=slot.session_id,
            at=slot.starts_at.isoformat(),
            clock=clock,
            moment=f"{day}, {clock}",
            lines=self._lines(slot.minutes, slot.module, slot.trainer_name, slot.language),
            places=self._places(slot.places_left),
            is_full=slot.places_left <= 0,
        )

    def _lines(self, minutes: int, module: str, trainer: str, language: str) -> tuple[str, ...]:
        lines = [self._length(minutes), self._what(module, trainer)]
        if language != self._reads:
            lines.append(self._spoken(language))
        return tuple(lines)

    def _length(self, minutes: int) -> str:
        key = ("length", minutes)
        if key not in self._written:
            length = _("%(minutes)s minutes", minutes=minutes)
            self._written[key] = f"{self._zone_name} · {length}"
        return self._written[key]

    def _what(self, module: str, trainer: str) -> str:
        key = ("what", module, trainer)
        if key not in self._written:
            self._written[key] = _(
                "%(module)s with %(trainer)s", module=names.of_module(module), trainer=trainer
            )
        return self._written[key]

    def _spoken(self, language: str) -> str:
        return str(_("Given in %(language)s", language=words.LANGUAGES[language]))

    def _places(self, left: int) -> str:
        key = ("places", left)
        if key not in self._written:
            self._written[key] = (
                ngettext("1 place left", "%(num)s places left", left)
                if left > 0
                else _("This class is full. Look again later: somebody may cancel.")
            )
        return self._written[key]
