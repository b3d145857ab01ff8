"""Offering classes. Who holds a place in them is the matter of `bookings`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.audit import service as audit
from remote_training.classes import clashes, queries, rules
from remote_training.classes import plan as plans
from remote_training.classes.clashes import Hour
from remote_training.classes.errors import ClassOver, WrongSeries
from remote_training.classes.models import (
    LOOKED_AT_ANEW,
    Break,
    HandedOver,
    Series,
    Session,
    Substitute,
)
from remote_training.classes.plan import LeftOut, Outlook, Plan
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import say


def outlook(plan: Plan, *, now: datetime) -> Outlook:
    """Every class that a plan would make, and what stands in the way of each.

    Raises `WrongSeries` for what is wrong about the plan itself.
    """
    rules.check(plan, now)
    hours, left_out = _hours(plan, now)
    coming, before = [], None
    for seated in clashes.seat(hours, plan.site):
        coming.append(plans.told(plan, seated, before, now))
        before = seated
    return Outlook(tuple(coming), tuple(left_out))


def offer(plan: Plan, *, now: datetime, by: UUID | None, series_id: UUID | None = None) -> Series:
    """Offer a weekly class: a series with all its class hours.

    Every hour begins when a clock of its zone shows its wall time, in summer as in winter
    (`classes.wall_time.moment` says what happens in the hour that is left out or comes
    twice). With a `series_id` that is there already, that series is given: what is sent
    twice is offered once.

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
    rules.check(plan, now)
    hours, _left_out = _hours(plan, now)
    clashes.one_at_a_time(plan.site, [plan.trainer.id])
    if series_id is not None and (known := db.session.get(Series, series_id)) is not None:
        return known
    seated = clashes.seat(hours, plan.site)
    for one in seated:
        for refusal in clashes.refusals(one, plan.zone):
            raise refusal
    series = _series(plan, series_id or uuid4())
    db.session.add_all(_session(one.hour, series, now) for one in seated)
    audit.note(
        "classes.offer", "series", series.id, by=by, now=now, site=plan.site.code, hours=len(hours)
    )
    return series


def call_off(
    session: Session, *, now: datetime, by: UUID | None, reason: str, is_with_later: bool = False
) -> bool:
    """Mark a class hour as called off; True for the one call that did it.

    `is_with_later` is written down: it goes together with all later ones of its series.

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
        more = {"with_later": True} if is_with_later else {}
        audit.note("classes.call_off", "session", session.id, by=by, now=now, reason=why, **more)
    return did_it


def change(
    session: Session, hour: Hour, *, places: int, language: str, is_heard: bool, now: datetime
) -> None:
    """Give a class hour another time, length, trainer, host, language or number of places.

    `is_heard` says that calendars must hear of it. Who holds a place is told by
    `bookings.changes`, which calls this and has asked before whether it may be.
    """
    values: dict[str, Any] = {
        "on_date": hour.on_date,
        "starts_at": hour.starts_at,
        "ends_at": hour.ends_at,
        "trainer_id": hour.trainer_id,
        "host": hour.host,
        "places": places,
        "language": language,
        **LOOKED_AT_ANEW,
    }
    if hour.trainer_id != session.trainer_id:
        before = session.trainer_id
        db.session.add(HandedOver(session_id=session.id, trainer_id=before, handed_at=now))
    if is_heard:
        values |= {"changed_at": now, "sequence": Session.sequence + 1}
    changed = sa.update(Session).where(Session.id == session.id).values(**values)
    db.session.execute(changed.execution_options(synchronize_session=False))
    db.session.expire(session)


def shift(
    series: Series,
    *,
    days: int,
    wall_time: time | None,
    trainer_id: UUID | None,
    places: int | None,
    minutes: int | None,
    language: str | None,
    last_on: date,
) -> None:
    """Write down what was changed of all hours of a series from a day on.

    `days` is by how many they moved; None stands for what is as it was.
    """
    series.weekdays = _digits((day + days) % rules.WEEKDAYS for day in series.days)
    if wall_time is not None:
        series.wall_time = wall_time
    series.trainer_id = trainer_id or series.trainer_id
    series.places = places or series.places
    series.minutes = minutes or series.minutes
    series.language = language or series.language
    series.last_on = max(series.last_on, last_on)


def choose_substitutes(
    series: Series, accounts: Collection[Account], *, now: datetime, by: UUID | None
) -> bool:
    """Say who may stand in for the trainer of a series; whether that is another choice.

    Its own trainer is left out. Raises `WrongSeries` for who is no trainer of its site.
    """
    clashes.one_at_a_time(series.site, [])
    for account in accounts:
        rules.check_trainer(account, series.site, field="substitutes")
    chosen = {account.id for account in accounts} - {series.trainer_id}
    before = queries.substitutes(series.id)
    gone, new = before - chosen, chosen - before
    db.session.execute(
        sa.delete(Substitute).where(
            Substitute.series_id == series.id, Substitute.account_id.in_(gone)
        )
    )
    for account_id in sorted(new):
        db.session.add(Substitute(series_id=series.id, account_id=account_id))
    if gone or new:
        audit.note(
            "classes.substitutes", "series", series.id, by=by, now=now,
            added=sorted(map(str, new)), removed=sorted(map(str, gone)),
        )  # fmt: skip
    return bool(gone or new)


def _hours(plan: Plan, now: datetime) -> tuple[list[Hour], list[LeftOut]]:
    hours, left_out = plans.hours(plan)
    if not hours:
        sentence = say("There is no such day of the week between these two days.")
        if left_out:
            sentence = say("The days off leave no class.")
        raise WrongSeries(sentence, field="breaks" if left_out else "last_on")
    if hours[-1].ends_at <= now:
        raise WrongSeries(rules.ALL_OVER, field="last_on")
    return hours, left_out


def _digits(weekdays: Iterable[int]) -> str:
    return "".join(str(day) for day in sorted(set(weekdays)))


def _series(plan: Plan, series_id: UUID) -> Series:
    series = Series(
        id=series_id,
        site_id=plan.site.id,
        trainer_id=plan.trainer.id,
        module=plan.module,
        language=plan.language,
        host=plan.host,
        zone=plan.zone,
        weekdays=_digits(plan.weekdays),
        wall_time=plan.wall_time,
        minutes=plan.minutes,
        places=plan.places,
        first_on=plan.first_on,
        last_on=plan.last_on,
    )
    db.session.add(series)
    db.session.flush()
    for off in plan.breaks:
        db.session.add(Break(series_id=series.id, **asdict(off)))
    for account in plan.substitutes:
        db.session.add(Substitute(series_id=series.id, account_id=account.id))
    return series


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
        remind_at=now,
    )
