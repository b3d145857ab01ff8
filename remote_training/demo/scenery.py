"""Who works at a site of the invented study, and what they offer in a week."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts import service as accounts
from remote_training.accounts.models import Account, Grant, Role
from remote_training.classes import service as classes
from remote_training.classes.errors import WrongSeries
from remote_training.classes.models import Session
from remote_training.classes.plan import Plan
from remote_training.core.db import db, unit_of_work
from remote_training.demo import behaviour
from remote_training.demo.people import COMPLAINTS
from remote_training.demo.stage import Stage
from remote_training.outside.world import Outside
from remote_training.participants.models import Participant
from remote_training.studies import queries as studies
from remote_training.studies.models import Site

SOON = timedelta(minutes=10)
COMING_WEEKS = 3
GROUP = 24  # people for whom a site needs one class more
BASE_DAYS, SPECIFIC_DAYS = (0, 3), (4, 1)
HOURS = (10, 12, 14, 16, 18, 8, 20)  # an hour between: one of two trainers is always free
STAFF = (
    ("trainer", Role.TRAINER, False),
    ("second-trainer", Role.TRAINER, False),
    ("coordinator", Role.COORDINATOR, False),
    ("researcher", Role.RESEARCHER, False),
    ("statistician", Role.RESEARCHER, True),
    ("administrator", Role.ADMINISTRATOR, False),
)
NAMES = {
    "utrecht": (
        "Ilse Oefenaar",
        "Mats Baan",
        "Corrie Regelaar",
        "Rob Blind",
        "Stella Cijfers",
        "Ada Beheer",
    ),
    "melbourne": (
        "Jack Trainer",
        "Mia Stretch",
        "Olive Organiser",
        "Rose Blinded",
        "Max Numbers",
        "Ava Keeper",
    ),
}


def hire(stage: Stage, site: Site) -> None:
    """Give a site its staff; each has the role that the first part of the address names."""
    for (box, role, sees_arm), name in zip(STAFF, NAMES[site.code], strict=True):
        email = f"{box}.{site.code}@staff.example.org"
        member = accounts.create_staff(
            name, email, language=site.language, zone=site.zone, now=stage.now, by=None
        )
        db.session.flush()
        accounts.grant(member, role, site, sees_arm=sees_arm, now=stage.now, by=None, reason="demo")
        stage.keep(site, box, member)


def offer(stage: Stage, site: Site, share: int, first_on: date, end: datetime) -> None:
    """Offer the classes of a week: two for everybody, one for each complaint; more for many."""
    groups = min(max(1, share // GROUP), len(HOURS))
    week = [(day, ("base",) * groups) for day in BASE_DAYS]
    week += [(day, COMPLAINTS) for day in SPECIFIC_DAYS[: 1 if groups < len(COMPLAINTS) else 2]]
    for weekday, modules in week:
        for n, module in enumerate(modules):
            plan = Plan(
                site=site,
                trainer=_trainer(stage, site, n),
                module=module,
                language=site.language,
                zone=site.zone,
                weekdays=[weekday],
                wall_time=time(HOURS[n]),
                minutes=60,
                places=12,
                first_on=first_on,
                last_on=end.date() + timedelta(weeks=COMING_WEEKS),
                substitutes=(_trainer(stage, site, n + 1),),
            )
            classes.offer(plan, now=stage.now, by=stage.by(site))


def offer_class_soon(stage: Stage, site: Site, end: datetime) -> UUID:
    """Offer one class that starts in ten minutes, book those into it who may; returns its id."""
    zone = ZoneInfo(site.zone)
    local = (end + SOON).astimezone(zone)
    with unit_of_work():
        plan = Plan(
            site=site,
            trainer=_free_trainer(stage, site, end),
            module="base",
            language=site.language,
            zone=site.zone,
            weekdays=[local.weekday()],
            wall_time=local.time().replace(second=0, microsecond=0),
            minutes=60,
            places=12,
            first_on=local.date(),
            last_on=local.date(),
        )
        series = classes.offer(plan, now=end, by=stage.by(site))
        db.session.flush()
        session = db.session.scalars(sa.select(Session).where(Session.series_id == series.id)).one()
        here = sa.select(Participant.id).where(Participant.site_id == site.id)
        people = db.session.scalars(here.order_by(Participant.study_number)).all()
        session_id = session.id
    for participant_id in people:
        behaviour.try_to_book(stage, participant_id, session_id)
    return session_id


def offer_classes_soon(world: Outside) -> int:
    """Offer such a class at each site that has none within half an hour; returns how many."""
    now = world.now().replace(second=0, microsecond=0)
    stage = Stage(Random(), now, world, 0, now)  # noqa: S311
    for grant in db.session.scalars(sa.select(Grant).options(joinedload(Grant.site))):
        post = grant.account.contact.email.split("@")[0].rsplit(".", 1)[0]
        stage.keep(grant.site, post, grant.account)
    soon = sa.select(Session.site_id).where(
        Session.starts_at.between(now, now + 3 * SOON), Session.called_off_at.is_(None)
    )
    served = set(db.session.scalars(soon))
    without = [site for site in studies.sites() if site.id not in served]
    db.session.rollback()
    offered = 0
    for site in without:
        with suppress(WrongSeries):  # everybody is in a class just now
            offer_class_soon(stage, site, now)
            offered += 1
    return offered


def _free_trainer(stage: Stage, site: Site, end: datetime) -> Account:
    busy = set(
        db.session.scalars(
            sa.select(Session.trainer_id).where(
                Session.starts_at < end + SOON + timedelta(hours=1), Session.ends_at > end + SOON
            )
        )
    )
    trainers = [_trainer(stage, site, n) for n in range(2)]
    return next((who for who in trainers if who.id not in busy), trainers[0])


def _trainer(stage: Stage, site: Site, n: int) -> Account:
    """One of the two trainers of a site."""
    post = ("trainer", "second-trainer")[n % 2]
    return db.session.get_one(Account, stage.cast[site.code, post])
