"""Classes in the words of a page.

A page shows dozens of them: what they share is translated once a page, and the template
only puts the pieces in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from remote_training.bookings.errors import Misfit
from remote_training.bookings.models import Booking, Waiting
from remote_training.bookings.queries import Slot
from remote_training.classes import names
from remote_training.core import words
from remote_training.studies.current import study

FEW = 3  # places left, from where on their number matters
LINE_BREAK = Markup("<br>")


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
    about
        Zone and length; what and with whom; the language, where it is not the reader's: a
        line each.
    places
        How many places are left, in words.
    is_scarce
        Whether so few are left that it matters.
    hindrance
        Why it does not fit beside what she holds, in a few words.
    may_wait
        Whether she can put herself on its waiting list.
    is_kept
        Whether a place is kept for her who waits.
    """

    id: UUID
    at: str
    clock: str
    moment: str
    about: Markup
    places: str = ""
    hindrance: str = ""
    may_wait: bool = False
    is_kept: bool = False
    is_scarce: bool = False
    is_full: bool = False
    is_called_off: bool = False
    doors_are_open: bool = False
    has_begun: bool = False


class Writer:
    """Writes the cards of one page."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._zone = words.zone()
        self._zone_name = words.zone_name()
        self._reads = words.language()
        self._abouts: dict[tuple[int, str, str, str], Markup] = {}
        self._lefts: dict[int, str] = {}
        self._briefs: dict[str, str] = {}
        self._waits: set[UUID] = set()
        self._waiting_list_closes = timedelta(hours=study().booking.waiting_list_closes_hours)

    def booked(self, booking: Booking) -> Card:
        """The card of a class that she has booked."""
        session = booking.session
        at, trainer = session.starts_at, session.trainer.contact.first_name
        return Card(
            id=booking.id,
            at=at.isoformat(),
            clock=words.clock(at),
            moment=words.moment(at),
            about=self._about(session.minutes, session.module, trainer, session.language),
            is_called_off=session.is_called_off,
            doors_are_open=session.doors_are_open(self._now),
            has_begun=self._now >= at,
        )

    def waits(self, entry: Waiting) -> Card:
        """The card of a class that she waits for."""
        session = entry.session
        at, trainer = session.starts_at, session.trainer.contact.first_name
        self._waits.add(session.id)
        return Card(
            id=entry.id,
            at=at.isoformat(),
            clock=words.clock(at),
            moment=words.moment(at),
            about=self._about(session.minutes, session.module, trainer, session.language),
            is_kept=entry.offer_until is not None and self._now < entry.offer_until,
        )

    def by_day(self, slots: Iterable[Slot]) -> list[tuple[date, str, list[Card]]]:
        """Cards of what she can book, under the days on which they are in her zone.

        What she waits for has a card of its own.
        """
        local = (
            (slot.starts_at.astimezone(self._zone), slot)
            for slot in slots
            if slot.session_id not in self._waits
        )
        days = []
        for day, on_it in groupby(local, key=lambda each: each[0].date()):
            name = words.day(day)
            days.append((day, name, [self._slot(slot, f"{at:%H:%M}", name) for at, slot in on_it]))
        return days

    def slot(self, slot: Slot) -> Card:
        """The card of one class that she can book."""
        return self._slot(slot, words.clock(slot.starts_at), words.day(slot.starts_at))

    def _slot(self, slot: Slot, clock: str, day: str) -> Card:
        return Card(
            id=slot.session_id,
            at=slot.starts_at.isoformat(),
            clock=clock,
            moment=f"{day}, {clock}",
            about=self._about(slot.minutes, slot.module, slot.trainer_name, slot.language),
            places=self._places(slot.places_left),
            is_scarce=slot.places_left <= FEW,
            is_full=slot.places_left <= 0,
            hindrance=self._hindrance(slot.hindrance),
            may_wait=slot.places_left <= 0
            and slot.hindrance is None
            and slot.starts_at - self._waiting_list_closes > self._now,
        )

    def _about(self, minutes: int, module: str, trainer: str, language: str) -> Markup:
        key = (minutes, module, trainer, language)
        if key not in self._abouts:
            length = _("%(minutes)s minutes", minutes=minutes)
            lines = [
                f"{self._zone_name} · {length}",
                _("%(module)s with %(trainer)s", module=names.of_module(module), trainer=trainer),
            ]
            if language != self._reads:
                lines.append(self._spoken(language))
            self._abouts[key] = LINE_BREAK.join(lines)
        return self._abouts[key]

    def _hindrance(self, misfit: Misfit | None) -> str:
        if misfit is None:
            return ""
        if misfit.brief not in self._briefs:
            self._briefs[misfit.brief] = words.translated(misfit.brief)
        return self._briefs[misfit.brief]

    def _spoken(self, language: str) -> str:
        return str(_("Given in %(language)s", language=words.language_name(language)))

    def _places(self, left: int) -> str:
        if left not in self._lefts:
            self._lefts[left] = (
                ngettext("1 place left", "%(num)s places left", left)
                if left > 0
                else _("This class is full.")
            )
        return self._lefts[left]
