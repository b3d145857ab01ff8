"""What a class, and a plan of classes, may be: trainer, host, days, length, places."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

import sqlalchemy as sa

from remote_training.accounts.models import Account, Grant, Role
from remote_training.classes.errors import WrongSeries
from remote_training.classes.plan import Plan
from remote_training.core.db import db
from remote_training.core.words import LANGUAGES, say
from remote_training.studies.current import study
from remote_training.studies.models import Site

LONGEST_RUN = FURTHEST = timedelta(days=2 * 366)
SHORTEST, LONGEST = 5, 240  # minutes
MOST_PLACES = 100
WEEKDAYS = 7
ONE_DAY = timedelta(days=1)  # behind UTC, where the day is still another one
ALL_OVER = say("All classes between these two days would be over already.")


def check(plan: Plan, now: datetime) -> None:
    """Refuse what is wrong about a plan itself with `WrongSeries`, which names the field."""
    for field, is_right, sentence in (
        (
            "module",
            plan.module in study().module_codes(),
            say("Please choose a kind of class."),
        ),
        ("zone", plan.zone in available_timezones(), say("Please choose a time zone.")),
        (
            "weekdays",
            bool(plan.weekdays) and set(plan.weekdays) <= set(range(WEEKDAYS)),
            say("Please choose a day of the week."),
        ),
        (
            "last_on",
            plan.first_on <= plan.last_on,
            say("The last day must not be before the first."),
        ),
        (
            "last_on",
            plan.last_on - plan.first_on <= LONGEST_RUN,
            say("Please offer at most two years at a time."),
        ),
        ("last_on", plan.last_on >= now.date() - ONE_DAY, ALL_OVER),
        (
            "first_on",
            plan.first_on <= now.date() + FURTHEST,
            say("Please begin within two years from now."),
        ),
    ):
        if not is_right:
            raise WrongSeries(sentence, field=field)
    check_language(plan.language)
    check_minutes(plan.minutes)
    check_places(plan.places)
    check_trainer(plan.trainer, plan.site)
    _check_host(plan.host, plan.site)
    for account in plan.substitutes:
        check_trainer(account, plan.site, field="substitutes")


def check_trainer(trainer: Account, site: Site, *, field: str = "trainer") -> None:
    """Refuse somebody who is no trainer of this site with `WrongSeries`."""
    grant = sa.select(Grant.id).where(
        Grant.account_id == trainer.id, Grant.site_id == site.id, Grant.role == Role.TRAINER
    )
    if not trainer.is_active or db.session.scalar(grant) is None:
        raise WrongSeries(say("Please choose a trainer of this site."), field=field)


def check_places(places: int) -> None:
    """Refuse a number of places that no class has with `WrongSeries`."""
    if not 1 <= places <= MOST_PLACES:
        raise WrongSeries(say("A class has 1 to 100 places."), field="places")


def check_minutes(minutes: int | None) -> None:
    """Refuse a length that no class has with `WrongSeries`; None stands for the one that it has."""
    if minutes is not None and not SHORTEST <= minutes <= LONGEST:
        raise WrongSeries(say("A class lasts 5 to 240 minutes."), field="minutes")


def check_language(code: str | None) -> None:
    """Refuse what is no language of the platform; None stands for the one that it has."""
    if code is not None and code not in LANGUAGES:
        raise WrongSeries(say("Please choose a language."), field="language")


def check_day(on_date: date, now: datetime) -> None:
    """Refuse a day that is over, or more than two years away, with `WrongSeries`."""
    if on_date < now.date() - ONE_DAY:
        raise WrongSeries(say("This day is over already."), field="on_date")
    if on_date > now.date() + FURTHEST:
        raise WrongSeries(say("Please choose a day within two years from now."), field="on_date")


def _check_host(host: str | None, site: Site) -> None:
    if host is not None and host not in [one.code for one in study().site(site.code).hosts]:
        raise WrongSeries(say("Please choose a meeting host of this site."), field="host")
