"""Filling an empty database with an invented study, by way of the services people use.

A clock that runs fast walks from the first day to this moment; mails are written and
kept in the demo mailbox as they would have been. What happens is drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.assessments import service as assessments
from remote_training.bookings import rules
from remote_training.classes.models import Session
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import Refused
from remote_training.core.words import say
from remote_training.demo import answering, behaviour, incidents, scenery
from remote_training.demo.people import Invented, invent
from remote_training.demo.stage import Life, Stage
from remote_training.messages import jobs as outbox
from remote_training.outside.world import Outside
from remote_training.participants import service as participants
from remote_training.participants import study_numbers
from remote_training.participants.models import Participant, Sex
from remote_training.reminders import jobs as reminders
from remote_training.studies import queries as studies
from remote_training.studies.models import Site

Entry = tuple[datetime, Callable[[], bool | None]]  # True: the worker has its turn after it
BEFORE_CLASS, AFTER_CLASS = timedelta(minutes=45), timedelta(minutes=20)
LEAD = timedelta(days=3)  # the first are added some days before the first class
LAST_JOINS_BEFORE = 12  # weeks before the end: a longer study fills up over the time before
PROGRAMME_WEEKS = 12
WAYS = {8: 0.0, 9: answering.NEVER}  # one answers nothing at all, one the half of everything
NEARLY_SIX_WEEKS, TEN_DAYS = timedelta(days=41), timedelta(days=10)
EVERY_TWELFTH, STAYS_DAYS = 12, (10, 210)  # one in twelve leaves, after so many days


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
    begin = end - timedelta(weeks=weeks) - LEAD
    stage = Stage(Random(seed), begin, world, seed, end)  # noqa: S311
    sites = studies.sites()
    shares = [count // len(sites) + (n < count % len(sites)) for n in range(len(sites))]
    for site, share in zip(sites, shares, strict=True):
        with unit_of_work():
            scenery.hire(stage, site)
            scenery.offer(stage, site, share, (stage.now + LEAD).date(), end)
    db.session.rollback()
    joining = _joining(stage, sites, shares, end)
    sent = _live(stage, sorted([*joining, *_agenda(stage, end)], key=itemgetter(0)), end)
    for site in sites:
        session_id = scenery.offer_class_soon(stage, site, end)
        with unit_of_work():
            incidents.just_now(stage, session_id)
    return sent + _deliver(stage)


def _joining(
    stage: Stage, sites: Sequence[Site], shares: Sequence[int], end: datetime
) -> Iterator[Entry]:
    """Who joins when: all on the first day, or week after week until three months are left."""
    last = max(0, (end - stage.now).days // 7 - LAST_JOINS_BEFORE)
    for site, share in zip(sites, shares, strict=True):
        invented = invent(stage.draw, site.language, share, prefix=site.code)
        for n, who in enumerate(invented):
            after = timedelta(weeks=n * last // share)
            yield stage.now + after, partial(_join, stage, site.id, n, who, end)


def _join(stage: Stage, site_id: UUID, n: int, who: Invented, end: datetime) -> None:
    """Add one participant, and what is known about her: some are not ready yet."""
    site = db.session.get_one(Site, site_id)
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
    facts = _facts(who, n, today=today, last=end.date())
    if facts:
        participants.record(participant, now=stage.now, by=stage.by(site), **facts)
        assessments.plan(participant, now=stage.now)
    first_on = rules.trains_from(participant)
    shortest, longest = STAYS_DAYS
    stays = stage.draw.randint(shortest, min(longest, max(shortest, (end.date() - today).days)))
    if n in WAYS:
        stage.ways[participant.id] = WAYS[n]
    stage.people.append(
        Life(
            participant.id,
            participant.study_number,
            (first_on, first_on + timedelta(weeks=PROGRAMME_WEEKS)) if first_on else None,
            today + timedelta(days=stays) if n % EVERY_TWELFTH == EVERY_TWELFTH - 1 else None,
        )
    )


def _facts(who: Invented, n: int, *, today: date, last: date) -> dict[str, Any]:
    """The facts of the n-th person of a site: some wait for consent, clearance, baseline.

    On the last day questions wait for the first; those with a way of their own are late.
    """
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
        chosen = {0: last - NEARLY_SIX_WEEKS} | dict.fromkeys(WAYS, max(today, last - TEN_DAYS))
        facts |= {"baseline_on": chosen.get(n, today), "arm": who.arm}
    return facts


def _numbers(draw: Random) -> Callable[[], str]:
    return lambda: study_numbers.new(draw.choice)


def _live(stage: Stage, agenda: Iterable[Entry], end: datetime) -> int:
    """Let the weeks pass; returns how many mails were sent."""
    sent = 0
    for moment, acts in groupby(agenda, key=itemgetter(0)):
        stage.now = moment
        is_waited_for = False
        for _, act in acts:
            with unit_of_work():
                is_waited_for |= bool(act())
        if is_waited_for:
            sent += _deliver(stage)
    stage.now = end
    return sent + _deliver(stage)


def _agenda(stage: Stage, end: datetime) -> list[Entry]:
    """What happens when: mornings, an hour before each class, and what was seen of it after."""
    agenda: list[Entry] = []
    morning = stage.now.replace(hour=9, minute=15)
    while morning < end:
        agenda.append((morning, partial(_morning, stage)))
        morning += timedelta(days=1)
    hours = (
        sa.select(Session.id, Session.starts_at, Session.ends_at)
        .join(Site, Site.id == Session.site_id)
        .order_by(Session.starts_at, Session.module, Site.code)
    )
    for session_id, starts_at, ends_at in db.session.execute(hours.where(Session.ends_at < end)):
        agenda.append((starts_at - BEFORE_CLASS, partial(_is_booked, session_id)))
        agenda.append((ends_at + AFTER_CLASS, partial(behaviour.after_class, stage, session_id)))
    db.session.rollback()
    return agenda


def _morning(stage: Stage) -> bool:
    behaviour.morning(stage)
    answering.morning(stage)
    return True


def _is_booked(session_id: UUID) -> bool:
    """Whether somebody has to be reminded."""
    return db.session.get_one(Session, session_id).taken > 0


def _deliver(stage: Stage) -> int:
    """Do what the worker does at this moment of the fast clock."""
    world = Outside(now=lambda: stage.now, mail=stage.world.mail, meetings=stage.world.meetings)
    reminders.plan(stage.now)
    sent = 0
    while batch := outbox.deliver("demo", world):
        sent += batch
    return sent
