"""A trainer and a meeting host are each in one class at a time: who is where, and what clashes.

Whoever writes hours holds `one_at_a_time` first, so that two who plan at the same moment
see each other's hours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.classes import names
from remote_training.classes.errors import HostBusy, TrainerBusy, WrongSeries
from remote_training.classes.models import Session
from remote_training.core.db import db
from remote_training.core.words import (
    clock,
    day,
    language,
    moment,
    reading_as,
    say,
    translated,
    zone_name,
)
from remote_training.studies.current import study
from remote_training.studies.models import Site

LONGEST = timedelta(minutes=240)
NONE_APART = timedelta(0)


@dataclass(frozen=True)
class Hour:
    """A class hour as it is, or as somebody would like it to be."""

    on_date: date
    starts_at: datetime
    ends_at: datetime
    trainer_id: UUID
    module: str
    host: str | None = None

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    def is_near(self, other: Hour, apart: timedelta = NONE_APART) -> bool:
        """Whether less than so much time lies between the two, or they overlap."""
        return self.starts_at < other.ends_at + apart and other.starts_at < self.ends_at + apart


@dataclass
class Agenda:
    """Hours in order of time, as many as are known; asked which of them are near another."""

    hours: list[Hour] = field(default_factory=list)

    def add(self, hour: Hour) -> None:
        """Put one more in."""
        self.hours.insert(bisect_left(self.hours, hour.starts_at, key=_begins), hour)

    def near(self, hour: Hour, apart: timedelta = NONE_APART) -> list[Hour]:
        """Those that overlap with an hour, or are nearer than that, soonest first."""
        first = bisect_left(self.hours, hour.starts_at - LONGEST - apart, key=_begins)
        last = bisect_left(self.hours, hour.ends_at + apart, key=_begins)
        return [other for other in self.hours[first:last] if hour.is_near(other, apart)]


@dataclass(frozen=True)
class Seated:
    """A wanted hour with its host, where one is free; and what stands in its way, if anything.

    `of_trainer` are hours that the trainer gives at that time; `of_hosts`, where no host is
    left, the hour that keeps each of those who were asked: of one alone, where it `is_named`.
    """

    hour: Hour
    of_trainer: tuple[Hour, ...] = ()
    of_hosts: tuple[Hour, ...] = ()
    is_named: bool = False


def one_at_a_time(site: Site, trainer_ids: Iterable[UUID]) -> None:
    """Hold a site and trainers: nobody else gives them hours until this is written."""
    for model, ids in ((Site, [site.id]), (Account, sorted(set(trainer_ids)))):
        held = sa.select(model.id).where(model.id.in_(ids)).order_by(model.id)
        db.session.execute(held.with_for_update(key_share=True))


def buffer() -> timedelta:
    """So much time lies between two classes of one host."""
    return timedelta(minutes=study().rules.host_buffer_minutes)


def seat(
    wanted: Sequence[Hour], site: Site, *, but: Collection[UUID] = (), is_strict: bool = True
) -> list[Seated]:
    """Give each hour a host, and say where trainer or host are in another class already.

    An hour that names a host has that one (where it need not be `is_strict`: or another);
    the others the first of the site, in the order of the study file, that is free. Beside
    what is held, the wanted hours stand in each other's way. `but` are class hours that do
    not count: those that are about to be changed. In order of time, as `wanted` where it is.
    """
    hosts = [host.code for host in study().site(site.code).hosts]
    held = _held(wanted, hosts, but)
    by_trainer, by_host = _by(held, "trainer_id"), _by(held, "host")
    seated = []
    for hour in sorted(wanted, key=_begins):
        mine = by_trainer.setdefault(hour.trainer_id, Agenda())
        of_trainer = tuple(mine.near(hour))
        asked = _asked(hour, hosts, is_strict)
        host, of_hosts = _first_free(hour, asked, by_host)
        is_named = is_strict and hour.host is not None
        hour = replace(hour, host=host)
        mine.add(hour)
        if host is not None:
            by_host.setdefault(host, Agenda()).add(hour)
        seated.append(Seated(hour, of_trainer, of_hosts, is_named))
    return seated


def refusals(one: Seated, zone: str) -> list[WrongSeries]:
    """What stands in the way of an hour, naming the class of trainer or host; by that zone's
    clocks.
    """
    found: list[WrongSeries] = []
    with reading_as(language(), zone):
        for other in one.of_trainer[:1]:
            found.append(
                TrainerBusy(
                    say(
                        "This trainer already gives a class at that time on %(day)s: "
                        "%(module)s, %(begin)s to %(end)s (%(zone)s)."
                    ),
                    field="trainer",
                    **_named(other),
                )
            )
        if one.of_hosts and one.is_named:
            found.append(_named_host_busy(one.of_hosts[0]))
        elif one.of_hosts:
            found.append(
                HostBusy(
                    say("No meeting host is free on %(moment)s (%(zone)s): %(clashes)s."),
                    field="host",
                    moment=moment(one.hour.starts_at),
                    zone=zone_name(),
                    clashes="; ".join(_kept(other) for other in one.of_hosts),
                )
            )
    return found


def _named_host_busy(other: Hour) -> HostBusy:
    return HostBusy(
        say(
            "%(host)s is busy then: in %(module)s on %(day)s, %(begin)s to %(end)s (%(zone)s). "
            "Choose another host, or whichever is free."
        ),
        field="host",
        host=study().host(other.host or "").name,
        **_named(other),
    )


def _asked(hour: Hour, hosts: Sequence[str], is_strict: bool) -> Sequence[str]:
    if hour.host is None or (not is_strict and hour.host not in hosts):
        return hosts
    return [hour.host] if is_strict else [hour.host, *(one for one in hosts if one != hour.host)]


def _first_free(
    hour: Hour, asked: Sequence[str], by_host: dict[object, Agenda]
) -> tuple[str | None, tuple[Hour, ...]]:
    in_the_way = []
    for host in asked:
        near = by_host.setdefault(host, Agenda()).near(hour, buffer())
        if not near:
            return host, ()
        in_the_way.append(near[0])
    return None, tuple(in_the_way)


def _held(wanted: Sequence[Hour], hosts: Sequence[str], but: Collection[UUID]) -> list[Hour]:
    if not wanted:
        return []
    named = {*hosts, *(hour.host for hour in wanted if hour.host is not None)}
    rows = sa.select(
        Session.on_date, Session.starts_at, Session.ends_at, Session.trainer_id,
        Session.module, Session.host, Session.id,
    ).where(
        sa.or_(
            Session.trainer_id.in_({hour.trainer_id for hour in wanted}), Session.host.in_(named)
        ),
        Session.called_off_at.is_(None),
        Session.ends_at > min(hour.starts_at for hour in wanted) - buffer(),
        Session.starts_at < max(hour.ends_at for hour in wanted) + buffer(),
    )  # fmt: skip
    found = db.session.execute(rows.order_by(Session.starts_at, Session.id))
    return [Hour(*row[:-1]) for row in found if row.id not in but]


def _by(hours: Sequence[Hour], name: str) -> dict[object, Agenda]:
    agendas: dict[object, Agenda] = {}
    for hour in hours:
        agendas.setdefault(getattr(hour, name), Agenda()).hours.append(hour)
    return agendas


def _begins(hour: Hour) -> datetime:
    return hour.starts_at


def _kept(other: Hour) -> str:
    return translated(
        say("%(host)s is in %(module)s, %(begin)s to %(end)s"),
        host=study().host(other.host or "").name,
        **_named(other),
    )


def _named(other: Hour) -> dict[str, str]:
    return {
        "day": day(other.starts_at),
        "begin": clock(other.starts_at),
        "end": clock(other.ends_at),
        "zone": zone_name(),
        "module": names.of_module(other.module),
    }
