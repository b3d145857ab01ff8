"""Offering classes. Who holds a place in them is the matter of `bookings`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import available_timezones

import sqlalchemy as sa

from remote_training.accounts.models import Account, Grant, Role
from remote_training.audit import service as audit
from remote_training.classes import clashes, names
from remote_training.classes import wall_time as wall
from remote_training.classes.clashes import Hour, Seated
from remote_training.classes.errors import ClassOver, HostBusy, TrainerBusy, WrongSeries
from remote_training.classes.models import Series, Session
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import (
    LANGUAGES,
    clock,
    day,
    moment,
    reading_as,
    say,
    translated,
    zone_name,
)
from remote_training.core.words import (
    language as reader_language,
)
from remote_training.studies.current import study
from remote_training.studies.models import Site

LONGEST_RUN = FURTHEST = timedelta(days=2 * 366)
SHORTEST, LONGEST = 5, 240  # minutes
MOST_PLACES = 100
WEEKDAYS = 7
ONE_DAY = timedelta(days=1)  # behind UTC, where the day is still another one
ALL_OVER = say("All classes between these two days would be over already.")


def offer(
    *,
    site: Site,
    trainer: Account,
    module: str,
    language: str,
    zone: str,
    weekday: int,
    wall_time: time,
    minutes: int,
    places: int,
    first_on: date,
    last_on: date,
    host: str | None = None,
    now: datetime,
    by: UUID | None,
) -> Series:
    """Offer a weekly class: a series with all its class hours.

    Every hour begins when a clock of `zone` shows `wall_time`, in summer as in winter
    (`classes.wall_time.moment` says what happens in the hour that is left out or comes
    twice). `weekday` is 0 for Monday; `minutes` is the length of each hour. Without a
    `host` each hour takes the first meeting host of the site that is free.

    Raises
    ------
    WrongSeries
        For an unknown code, zone or language, a trainer without that role at the site,
        a length or number of places out of range, or days between which none falls, or
        none that is still to come.
    TrainerBusy
        Where the trainer already gives a class at one of those times.
    HostBusy
        Where the host has another class then, or none of the site is free.
    """
    series = Series(
        site_id=site.id,
        trainer_id=trainer.id,
        module=module,
        language=language,
        zone=zone,
        weekday=weekday,
        wall_time=wall_time,
        minutes=minutes,
        places=places,
        host=host,
        first_on=first_on,
        last_on=last_on,
    )
    _check(series, now)
    _check_trainer(trainer, site)
    _check_host(host, site)
    hours = _hours(series)
    if hours[-1].ends_at <= now:
        raise WrongSeries(ALL_OVER, field="last_on")
    clashes.one_at_a_time(site, [trainer.id])
    seated = clashes.seat(hours, site)
    _refuse_clashes(seated, zone)
    db.session.add(series)
    db.session.flush()
    db.session.add_all(_session(one.hour, series, now) for one in seated)
    audit.note(
        "classes.offer", "series", series.id, by=by, now=now, site=site.code, hours=len(hours)
    )
    return series


def call_off(session: Session, *, now: datetime, by: UUID | None, reason: str) -> bool:
    """Mark a class hour as called off; True for the one call that did it.

    Those who hold a place are told by `bookings.service.call_off`, which calls this.
    Raises `ReasonNeeded`, `ReasonTooLong`, or `ClassOver` after its end.
    """
    why = reasons.needed(reason, say("Please write why the class is called off."))
    if now >= session.ends_at:
        raise ClassOver(say("This class has ended: it can no longer be called off."))
    called_off = (
        sa.update(Session)
        .where(Session.id == session.id, Session.called_off_at.is_(None))
        .values(called_off_at=now, changed_at=now, sequence=Session.sequence + 1)
        .execution_options(synchronize_session=False)
    )
    did_it = bool(db.session.execute(called_off).rowcount == 1)  # type: ignore[attr-defined]
    db.session.expire(session, ["called_off_at", "changed_at", "sequence"])
    if did_it:
        audit.note("classes.call_off", "session", session.id, by=by, now=now, reason=why)
    return did_it


def _check(series: Series, now: datetime) -> None:
    for field, is_right, sentence in (
        (
            "module",
            series.module in study().module_codes(),
            say("Please choose a kind of class."),
        ),
        ("language", series.language in LANGUAGES, say("Please choose a language.")),
        ("zone", series.zone in available_timezones(), say("Please choose a time zone.")),
        ("weekday", 0 <= series.weekday < WEEKDAYS, say("Please choose a day of the week.")),
        (
            "minutes",
            SHORTEST <= series.minutes <= LONGEST,
            say("A class lasts 5 to 240 minutes."),
        ),
        ("places", 1 <= series.places <= MOST_PLACES, say("A class has 1 to 100 places.")),
        (
            "last_on",
            series.first_on <= series.last_on,
            say("The last day must not be before the first."),
        ),
        (
            "last_on",
            series.last_on - series.first_on <= LONGEST_RUN,
            say("Please offer at most two years at a time."),
        ),
        ("last_on", series.last_on >= now.date() - ONE_DAY, ALL_OVER),
        (
            "first_on",
            series.first_on <= now.date() + FURTHEST,
            say("Please begin within two years from now."),
        ),
    ):
        if not is_right:
            raise WrongSeries(sentence, field=field)


def _check_trainer(trainer: Account, site: Site) -> None:
    grant = sa.select(Grant.id).where(
        Grant.account_id == trainer.id, Grant.site_id == site.id, Grant.role == Role.TRAINER
    )
    if not trainer.is_active or db.session.scalar(grant) is None:
        raise WrongSeries(say("Please choose a trainer of this site."), field="trainer")


def _check_host(host: str | None, site: Site) -> None:
    if host is not None and host not in [one.code for one in study().site(site.code).hosts]:
        raise WrongSeries(say("Please choose a meeting host of this site."), field="host")


def _hours(series: Series) -> list[Hour]:
    length = timedelta(minutes=series.minutes)
    hours = []
    for on in wall.days(series.weekday, series.first_on, series.last_on):
        starts_at = wall.moment(on, series.wall_time, series.zone)
        ends_at = starts_at + length
        hours.append(Hour(on, starts_at, ends_at, series.trainer_id, series.module, series.host))
    if not hours:
        raise WrongSeries(
            say("There is no such day of the week between these two days."), field="last_on"
        )
    return hours


def _refuse_clashes(seated: Sequence[Seated], zone: str) -> None:
    """Raise for the first hour at which trainer or host are in another class, naming that."""
    for one in seated:
        with reading_as(reader_language(), zone):
            for other in one.of_trainer[:1]:
                raise TrainerBusy(
                    say(
                        "This trainer already gives a class at that time on %(day)s: "
                        "%(module)s, %(begin)s to %(end)s (%(zone)s)."
                    ),
                    field="trainer",
                    **_named(other),
                )
            if one.of_hosts:
                raise HostBusy(
                    say("No meeting host is free on %(moment)s (%(zone)s): %(clashes)s."),
                    field="host",
                    moment=moment(one.hour.starts_at),
                    zone=zone_name(),
                    clashes="; ".join(_kept(other) for other in one.of_hosts),
                )


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


def _session(hour: Hour, series: Series, now: datetime) -> Session:
    return Session(
        series_id=series.id,
        on_date=hour.on_date,
        site_id=series.site_id,
        trainer_id=hour.trainer_id,
        module=series.module,
        language=series.language,
        host=hour.host,
        starts_at=hour.starts_at,
        ends_at=hour.ends_at,
        places=series.places,
        changed_at=now,
    )
