"""Filling an empty database with an invented study, by way of the services people use.

A clock that runs fast walks from the first day to this moment; mails are written and
kept in the demo mailbox as they would have been. What happens is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from remote_training.accounts import service as accounts
from remote_training.accounts.models import Account, Grant, Role
from remote_training.assessments import service as assessments
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import say
from remote_training.demo import behaviour
from remote_training.demo.people import COMPLAINTS, Invented, invent
from remote_training.demo.stage import Stage
from remote_training.messages import jobs as outbox
from remote_training.outside.world import Outside
from remote_training.participants import service as participants
from remote_training.participants import study_numbers
from remote_training.participants.models import Participant, Sex
from remote_training.reminders import jobs as reminders
from remote_training.studies import queries as studies
from remote_training.studies.models import Site

SOON = timedelta(minutes=10)
COMING_WEEKS = 3
LEAD = timedelta(days=3)  # people are added some days before the first class
WEEK = ((0, time(10, 0), "base"), (3, time(10, 0), "base"), (4, time(14, 30), "specific"))
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


class NotEmpty(Refused):
    """The database already holds people."""


def fill(*, count: int, weeks: int, seed: int, world: Outside) -> int:
    """Invent a study of `count` participants that began `weeks` weeks ago.

    The same seed invents the same people, bookings, attendance and answers for the same
    moment; ids, tokens and keys are always fresh. Returns how many mails were sent.
    Raises `NotEmpty`.
    """
    if db.session.scalar(sa.select(sa.func.count()).select_from(Participant)):
        raise NotEmpty(say("This database already holds people: the demo needs an empty one."))
    end = world.now().replace(second=0, microsecond=0)
    stage = Stage(Random(seed), end - timedelta(weeks=weeks) - LEAD, world)  # noqa: S311
    sites = studies.sites()
    for site in sites:
        with unit_of_work():
            _hire(stage, site)
            _offer(stage, site, end)
    db.session.rollback()
    _enrol_all(stage, sites, count, weeks)
    sent = _live(stage, end)
    for site in sites:
        offer_class_soon(stage, site, end)
    return sent + _deliver(stage)


def _hire(stage: Stage, site: Site) -> None:
    """Give a site its staff; each has the role that the first part of the address names."""
    for (box, role, sees_arm), name in zip(STAFF, NAMES[site.code], strict=True):
        email = f"{box}.{site.code}@staff.example.org"
        member = accounts.create_staff(
            name, email, language=site.language, zone=site.zone, now=stage.now, by=None
        )
        db.session.flush()
        accounts.grant(member, role, site, sees_arm=sees_arm, now=stage.now, by=None, reason="demo")
        stage.keep(site, box, member)


def _offer(stage: Stage, site: Site, end: datetime) -> None:
    """Offer the classes of a week: two for everybody, one for each complaint."""
    first = stage.now.date() + LEAD
    for weekday, start, kind in WEEK:
        for n, module in enumerate(("base",) if kind == "base" else COMPLAINTS):
            classes.offer(
                site=site,
                trainer=_trainer(stage, site, n),
                module=module,
                language=site.language,
                zone=site.zone,
                weekday=weekday,
                wall_time=time(start.hour + 2 * (n // 2), start.minute),
                minutes=60,
                places=12,
                first_on=first,
                last_on=end.date() + timedelta(weeks=COMING_WEEKS),
                now=stage.now,
                by=stage.by(site),
            )


def _trainer(stage: Stage, site: Site, n: int) -> Account:
    """One of the two trainers of a site."""
    post = ("trainer", "second-trainer")[n % 2]
    return db.session.get_one(Account, stage.cast[site.code, post])


def _enrol_all(stage: Stage, sites: Sequence[Site], count: int, weeks: int) -> None:
    shares = [count // len(sites) + (n < count % len(sites)) for n in range(len(sites))]
    for site, share in zip(sites, shares, strict=True):
        for n, who in enumerate(invent(stage.draw, site.language, share, prefix=site.code)):
            with unit_of_work():
                _enrol(stage, site, n, who, weeks)


def _enrol(stage: Stage, site: Site, n: int, who: Invented, weeks: int) -> None:
    """Add one participant, and what is known about her: every fourth is not ready yet."""
    participant = participants.enrol(
        site=site,
        name=who.name,
        email=who.mailbox,
        phone=who.phone,
        birth_year=who.birth_year,
        emergency_name=who.emergency_name,
        emergency_phone=who.emergency_phone,
        language=site.language,
        zone=site.zone,
        now=stage.now,
        by=stage.by(site),
        number=_numbers(stage.draw),
    )
    today = stage.now.astimezone(ZoneInfo(site.zone)).date()
    facts = _facts(who, today, n, weeks)
    if facts:
        participants.record(participant, now=stage.now, by=stage.by(site), **facts)
        assessments.plan(participant, now=stage.now)
    stage.people.append(participant.id)


def _facts(who: Invented, today: date, n: int, weeks: int) -> dict[str, Any]:
    """The facts of the n-th person of a site: some wait for consent, clearance, baseline."""
    if n == 5:
        return {}
    facts: dict[str, Any] = {
        "consented_on": today - timedelta(days=7),
        "complaint": who.complaint,
        "sex": Sex(who.sex),
        "neurotoxic_chemotherapy": who.neurotoxic,
    }
    if n != 6:
        facts["cleared_on"] = today - timedelta(days=3)
    if n not in (6, 7):
        back = max(0, 6 - weeks) if n == 0 else 0  # the first is in week 6 now
        facts |= {"baseline_on": today - timedelta(weeks=back), "arm": who.arm}
    return facts


def _numbers(draw: Random) -> Callable[[], str]:
    return lambda: study_numbers.new(draw.choice)


def _live(stage: Stage, end: datetime) -> int:
    """Let the weeks pass; returns how many mails were sent."""
    sent = 0
    for moment, act in _agenda(stage, end):
        stage.now = moment
        with unit_of_work():
            act()
        sent += _deliver(stage)
    stage.now = end
    return sent + _deliver(stage)


def _agenda(stage: Stage, end: datetime) -> list[tuple[datetime, Callable[[], None]]]:
    """What happens when, in order: mornings, an hour before each class, after each class."""
    agenda: list[tuple[datetime, Callable[[], None]]] = []
    morning = stage.now.replace(hour=9, minute=15)
    while morning < end:
        agenda.append((morning, lambda: behaviour.morning(stage)))
        morning += timedelta(days=1)
    hours = sa.select(Session.id, Session.starts_at, Session.ends_at).order_by(
        Session.starts_at, Session.module
    )
    for session_id, starts_at, ends_at in db.session.execute(hours.where(Session.ends_at < end)):
        agenda.append((starts_at - timedelta(minutes=45), lambda: None))
        agenda.append(
            (
                ends_at + timedelta(minutes=20),
                lambda session_id=session_id: behaviour.after_class(stage, session_id),  # type: ignore[misc]
            )
        )
    db.session.rollback()
    return sorted(agenda, key=lambda entry: entry[0])


def offer_class_soon(stage: Stage, site: Site, end: datetime) -> None:
    """Offer one class that starts in ten minutes, and book those into it who may."""
    zone = ZoneInfo(site.zone)
    local = (end + SOON).astimezone(zone)
    with unit_of_work():
        series = classes.offer(
            site=site,
            trainer=_free_trainer(stage, site, end),
            module="base",
            language=site.language,
            zone=site.zone,
            weekday=local.weekday(),
            wall_time=local.time().replace(second=0, microsecond=0),
            minutes=60,
            places=12,
            first_on=local.date(),
            last_on=local.date(),
            now=end,
            by=stage.by(site),
        )
        db.session.flush()
        session = db.session.scalars(sa.select(Session).where(Session.series_id == series.id)).one()
        here = sa.select(Participant.id).where(Participant.site_id == site.id)
        people = db.session.scalars(here.order_by(Participant.study_number)).all()
        session_id = session.id
    for participant_id in people:
        behaviour.try_to_book(stage, participant_id, session_id)


def offer_classes_soon(world: Outside) -> int:
    """Offer such a class at each site that has none within half an hour; returns how many."""
    now = world.now().replace(second=0, microsecond=0)
    stage = Stage(Random(), now, world)  # noqa: S311
    for grant in db.session.scalars(sa.select(Grant).options(joinedload(Grant.site))):
        post = grant.account.contact.email.split("@")[0].rsplit(".", 1)[0]
        stage.keep(grant.site, post, grant.account)
    soon = sa.select(Session.site_id).where(
        Session.starts_at.between(now, now + 3 * SOON), Session.called_off_at.is_(None)
    )
    served = set(db.session.scalars(soon))
    without = [site for site in studies.sites() if site.id not in served]
    db.session.rollback()
    for site in without:
        offer_class_soon(stage, site, now)
    return len(without)


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


def _deliver(stage: Stage) -> int:
    """Do what the worker does at this moment of the fast clock."""
    world = Outside(now=lambda: stage.now, mail=stage.world.mail, meetings=stage.world.meetings)
    reminders.plan(stage.now)
    sent = 0
    while batch := outbox.deliver("demo", world):
        sent += batch
    return sent
