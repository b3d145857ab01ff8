"""What is offered in somebody's weeks: class hours, and the weekly class that each belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.bookings import fit, rules
from remote_training.bookings.models import Booking
from remote_training.bookings.overview import Slot
from remote_training.bookings.queries import IS_HELD_BY_HER
from remote_training.classes import wall_time as wall
from remote_training.classes.models import Series, Session
from remote_training.core.db import db
from remote_training.participants.models import Participant

WITHOUT_SERIES = (None, None, None, None)
# composed once, so that no request composes it again
HOURS = (
    sa.select(
        Session.id,
        Session.starts_at,
        Session.ends_at,
        Session.on_date,
        Session.module,
        Session.language,
        Session.trainer_id,
        Session.places - Session.taken,
        Session.called_off_at,
        Booking.id,
        Series.zone,
        Series.weekdays,
        Series.wall_time,
        Series.trainer_id,
    )
    .outerjoin(Series, Series.id == Session.series_id)
    .outerjoin(Booking, IS_HELD_BY_HER)
    .where(
        Session.site_id == sa.bindparam("site_id"),
        Session.module.in_(sa.bindparam("modules", expanding=True)),
        Session.on_date >= sa.bindparam("first_on"),
        Session.on_date <= sa.bindparam("last_on"),
        Session.starts_at > sa.bindparam("since"),
        Session.starts_at < sa.bindparam("until"),
    )
    .order_by(Session.starts_at, Session.id)
)


class Rhythm(NamedTuple):
    """What makes two class hours the same weekly class: so a series that follows on another
    one is the same, and so is a class that is offered by the hour, at the same wall time.
    """

    module: str
    language: str
    zone: str
    weekday: int
    wall_time: time
    trainer_id: UUID

    @property
    def code(self) -> str:
        """Twelve signs by which a page names it."""
        return sha256("/".join(map(str, self)).encode()).hexdigest()[:12]

    def moment_in(self, begins_on: date) -> datetime:
        """When it is in the week that begins on a day."""
        on = next(wall.days([self.weekday], begins_on, begins_on + fit.WEEK))
        return wall.moment(on, self.wall_time, self.zone)


@dataclass(frozen=True)
class Offered:
    """A class hour in her weeks; `is_hers` where she holds a place in it.

    A class that was called off is nobody's, as for the rule of what fits.
    """

    hour: fit.Hour
    rhythm: Rhythm
    language: str
    trainer_id: UUID
    places_left: int
    is_called_off: bool
    is_hers: bool


@dataclass(frozen=True)
class Weekly:
    """A weekly class that she can choose.

    Attributes
    ----------
    usual
        The first of its hours at the time that most of them have in her zone.
    is_steady
        False where it is at another time, in her zone, in some weeks.
    weeks
        In how many of her weeks she holds it, or it has a place that fits beside what she holds.
    """

    code: str
    usual: Slot
    is_steady: bool
    weeks: int


def read(her: Participant, first_on: date, weeks: Sequence[date]) -> list[Offered]:
    """Every class hour of her kinds in these weeks of hers, soonest first; called off ones too.

    `first_on` is the first day of her programme, `weeks` the first days of at least one week.
    One statement.
    """
    last_on = rules.trains_until(first_on) or weeks[-1] + fit.WEEK
    begins = datetime.combine(weeks[0], time(), tzinfo=UTC) - fit.WEEK
    wanted = {
        "participant_id": her.id,
        "site_id": her.site_id,
        "modules": rules.modules(her.complaint),
        "first_on": weeks[0],
        "last_on": last_on,
        "since": begins,
        "until": datetime.combine(last_on, time(), tzinfo=UTC) + fit.WEEK,
    }
    zone = her.site.zone
    return [_offered(row, zone) for row in db.session.execute(HOURS, wanted)]


def _offered(row: Sequence[Any], zone: str) -> Offered:
    key, starts_at, ends_at, on_date, module, language, trainer, left, off, booking = row[:10]
    rhythm = _rhythm(row[10:], on_date, module, language, zone, starts_at, trainer)
    return Offered(
        fit.Hour(key, starts_at, ends_at, on_date, module),
        rhythm, language, trainer, left, off is not None, booking is not None and off is None,
    )  # fmt: skip


def _rhythm(
    series: Sequence[Any],
    on_date: date,
    module: str,
    language: str,
    zone: str,
    starts_at: datetime,
    trainer: UUID,
) -> Rhythm:
    if tuple(series) != WITHOUT_SERIES:
        own_zone, weekdays, wall_time, own_trainer = series
        weekday = wall.nearest(map(int, weekdays), on_date.weekday())
        return Rhythm(module, language, own_zone, weekday, wall_time, own_trainer)
    local = starts_at.astimezone(ZoneInfo(zone))
    return Rhythm(module, language, zone, local.weekday(), local.time(), trainer)
