"""A whole programme in the words of a page: hers, and the coordinator's for her."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from remote_training.bookings.cards import Card, Writer
from remote_training.bookings.offered import Weekly
from remote_training.bookings.programme import Programme
from remote_training.bookings.weeks import Line, Week
from remote_training.classes import names
from remote_training.core import words
from remote_training.studies.current import study


@dataclass(frozen=True)
class Choice:
    """A weekly class to choose: `when` is `Every Tuesday, 10:00`; `notes` are a line each."""

    code: str
    when: str
    card: Card
    notes: Sequence[str]


@dataclass(frozen=True)
class Kind:
    """The weekly classes of one kind; `most` of them may be chosen, None for any number."""

    module: str
    name: str
    most: int | None
    choices: Sequence[Choice]


@dataclass(frozen=True)
class LineCard:
    """One weekly class in one week: to be booked (`card`), hers already, or why not."""

    id: UUID | None
    when: str
    name: str
    card: Card | None
    is_hers: bool
    reason: str
    others: Sequence[Card]
    is_above: bool = False


@dataclass(frozen=True)
class WeekCard:
    """One week of her programme."""

    name: str
    days: str
    lines: Sequence[LineCard]


def kinds(found: Programme, *, now: datetime) -> list[Kind]:
    """What she can choose from, kind by kind in the order of the study file."""
    order = {module.code: n for n, module in enumerate(study().modules)}
    writer = Writer(now=now)
    by_kind = sorted(found.weeklies(), key=lambda one: order[one.usual.module])
    return [
        Kind(
            module, names.of_module(module), study().module(module).most_per_week,
            [_choice(one, len(found.weeks), writer) for one in group],
        )
        for module, group in groupby(by_kind, key=lambda one: one.usual.module)
    ]  # fmt: skip


def weeks(plan: Iterable[Week], *, now: datetime) -> list[WeekCard]:
    """The plan of her weeks."""
    writer = Writer(now=now)
    return [
        WeekCard(
            _("Week %(number)s", number=week.number),
            _(
                "%(first)s to %(last)s",
                first=words.day(week.begins_on),
                last=words.day(week.last_on),
            ),
            [_line(line, writer) for line in week.lines],
        )
        for week in plan
    ]  # fmt: skip


def lines(outcome: Iterable[Line], *, now: datetime) -> list[LineCard]:
    """What became of the classes that were asked for."""
    writer = Writer(now=now)
    return [_line(line, writer) for line in outcome]


def _choice(one: Weekly, weeks: int, writer: Writer) -> Choice:
    at = one.usual.starts_at
    when = _("Every %(weekday)s, %(clock)s", weekday=words.weekday(at), clock=words.clock(at))
    notes = []
    if not one.is_steady:
        notes.append(_("In some weeks at another time."))
    if one.weeks < weeks:
        notes.append(
            ngettext(
                "There is a place for you in 1 of your %(weeks)s weeks.",
                "There is a place for you in %(num)s of your %(weeks)s weeks.",
                one.weeks,
                weeks=weeks,
            )
        )
    return Choice(one.code, when, writer.slot(one.usual), notes)


def _line(line: Line, writer: Writer) -> LineCard:
    return LineCard(
        line.session_id,
        words.moment(line.at),
        names.of_module(line.module),
        writer.slot(line.slot) if line.slot else None,
        line.is_hers,
        words.translated(line.reason) if line.reason else "",
        [writer.slot(other) for other in line.others],
        line.is_above,
    )
