"""Classes in the words of a page.

A page shows dozens of them: what they share is translated once a page, and the template
only puts the pieces in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from flask_babel import ngettext
from markupsafe import Markup, escape

from remote_training.bookings.errors import Misfit
from remote_training.bookings.fit import Hour
from remote_training.bookings.overview import Hers, Slot
from remote_training.classes import names
from remote_training.classes.models import doors_are_open
from remote_training.core import words
from remote_training.core.words import translated as _
from remote_training.studies.current import study

FEW = 3  # places left, from where on their number matters
LINE_BREAK = Markup("<br>")


class Card(NamedTuple):
    """A class that she can book or not, as she reads it; each text stands on a page as it is.

    Attributes
    ----------
    id
        Of the class hour.
    at
        The moment as a machine reads it.
    clock, moment
        `10:00`; `Tuesday 24 November, 10:00`: in the reader's zone.
    about
        Zone and length; what and with whom; the language, where it is not the reader's: a
        line each.
    places
        How many places are left, or why the class does not fit beside what she holds, in words.
    is_scarce
        Whether so few are left that it matters.
    may_book, may_wait
        Whether she can take a place, or put herself on its waiting list.
    """

    id: UUID
    at: str
    clock: str
    moment: str
    about: Markup
    places: Markup
    is_scarce: bool
    may_book: bool
    may_wait: bool


class Held(NamedTuple):
    """A class that she has booked, or for which she waits, as the reader reads it.

    Attributes
    ----------
    id
        Of the booking or of the waiting.
    at, moment, about
        As of `Card`.
    clash
        When the other class begins that she has at the same time, in words.
    is_kept, kept_until
        Whether a place is kept for her who waits, and until when, in words.
    """

    id: UUID
    at: str
    moment: str
    about: Markup
    clash: str = ""
    is_kept: bool = False
    kept_until: str = ""
    is_called_off: bool = False
    doors_are_open: bool = False
    has_begun: bool = False


Days = list[tuple[str, str, list[Card]]]  # a day as a machine reads it, then in words


def parted(days: Days) -> tuple[Days, Days]:
    """Days with what she can book or wait for, and days with the rest."""
    return _days_of(days, True), _days_of(days, False)


def filled(cards: Iterable[Card], to_book: str, to_wait: str, to_see: str) -> Markup:
    """Cards as HTML: each in the form for what she can do with its class.

    A form names the fields of a card where they go (`%(moment)s`). A page has dozens of cards:
    what they share is written once, in the form.
    """
    written = []
    for card in cards:
        form = to_book if card.may_book else to_wait if card.may_wait else to_see
        written.append(str(form) % card._asdict())
    return Markup("".join(written))  # noqa: S704 - forms are our own, cards are escaped


def _days_of(days: Days, is_hers: bool) -> Days:
    kept = [
        (day, name, [card for card in cards if (card.may_book or card.may_wait) == is_hers])
        for day, name, cards in days
    ]
    return [one for one in kept if one[2]]


class Writer:
    """Writes the cards of one page."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._zone = words.zone()
        self._zone_name = words.zone_name()
        self._reads = words.language()
        self._abouts: dict[tuple[int, str, str, str], Markup] = {}
        self._lefts: dict[int, Markup] = {}
        self._briefs: dict[str, Markup] = {}
        self._waits: set[UUID] = set()
        closes = timedelta(hours=study().booking.waiting_list_closes_hours)
        self._waited_for_after = now + closes

    def booked(self, hers: Hers, clash: Hour | None = None) -> Held:
        """The card of a class that she has booked; `clash` is one that she has at that time."""
        is_off = hers.mark
        return self._held(hers)._replace(
            clash=words.moment(clash.starts_at) if clash is not None else "",
            is_called_off=is_off,
            doors_are_open=not is_off and doors_are_open(hers.starts_at, hers.ends_at, self._now),
            has_begun=self._now >= hers.starts_at,
        )

    def waits(self, hers: Hers) -> Held:
        """The card of a class that she waits for."""
        self._waits.add(hers.session_id)
        until = hers.offer_until if hers.mark else None
        kept_until = words.moment(until) if until is not None else ""
        return self._held(hers)._replace(is_kept=hers.mark, kept_until=kept_until)

    def _held(self, hers: Hers) -> Held:
        about = self._about(hers.minutes, hers.module, hers.trainer_name, hers.language)
        at = hers.starts_at
        return Held(hers.id, at.isoformat(), words.moment(at), about)

    def by_day(self, slots: Iterable[Slot]) -> Days:
        """Cards of what she can book, under the days on which they are in her zone.

        What she waits for has a card of its own.
        """
        if self._waits:
            slots = [slot for slot in slots if slot.session_id not in self._waits]
        days: dict[str, list[Card]] = {}
        names: dict[str, str] = {}
        name_of = words.day_names()
        for slot in slots:
            local = slot.starts_at.astimezone(self._zone)
            at = local.isoformat()
            day = at[:10]
            if day not in days:
                days[day], names[day] = [], name_of(local.date())
            days[day].append(self._slot(slot, at, names[day]))
        return [(day, names[day], cards) for day, cards in days.items()]

    def slot(self, slot: Slot) -> Card:
        """The card of one class that she can book."""
        local = slot.starts_at.astimezone(self._zone)
        return self._slot(slot, local.isoformat(), words.day(local.date()))

    def _slot(self, slot: Slot, at: str, day: str) -> Card:
        """The card of what can be booked; `at` is its moment in her zone, as `isoformat` has it."""
        is_full, is_for_her = slot.places_left <= 0, slot.hindrance is None
        clock = at[11:16]
        return Card(
            slot.session_id,
            at,
            clock,
            f"{day}, {clock}",
            self._about(slot.minutes, slot.module, slot.trainer_name, slot.language),
            self._places(slot.places_left) if is_for_her else self._why_not(slot.hindrance),
            slot.places_left <= FEW,
            is_for_her and not is_full,
            is_for_her and is_full and slot.starts_at > self._waited_for_after,
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

    def _why_not(self, misfit: Misfit | None) -> Markup:
        brief = misfit.brief if misfit is not None else ""
        if brief not in self._briefs:
            way_out = misfit.way_out if misfit is not None else ""
            said = [words.translated(text) for text in (brief, way_out) if text]
            self._briefs[brief] = escape(" ".join(said))
        return self._briefs[brief]

    def _spoken(self, language: str) -> str:
        return str(_("Given in %(language)s", language=words.language_name(language)))

    def _places(self, left: int) -> Markup:
        if left not in self._lefts:
            self._lefts[left] = escape(
                ngettext("1 place left", "%(num)s places left", left)
                if left > 0
                else _("This class is full.")
            )
        return self._lefts[left]
