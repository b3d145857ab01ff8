"""What is asked of whom, and who is not asked what she should be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import contains_eager
from sqlalchemy.sql.functions import GenericFunction

from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.load import Study
from remote_training.studies.schedule import schedule

Plan = tuple[tuple[str, int, str], ...]
NEAR = timedelta(days=2)  # what day it is where she is, and who is in the middle

# asked with every answer and every page of a sitting: composed once
_HERS = (
    sa.select(Assessment)
    .join(Assessment.participant)
    .where(
        Assessment.id == sa.bindparam("assessment_id"),
        Participant.account_id == sa.bindparam("account_id"),
    )
    .options(contains_eager(Assessment.participant))
)
HELD = _HERS.with_for_update(of=Assessment).execution_options(populate_existing=True)
SHOWN = _HERS.join(Participant.site).options(
    contains_eager(Assessment.participant).contains_eager(Participant.site)
)


def mine(assessment_id: UUID, account_id: UUID, *, to_change: bool = False) -> Assessment:
    """The assessment of this id with its participant, if it is hers; to show it with her site.

    `to_change` locks it until the end of the transaction: of two answers at the same
    moment one waits for the other. Raises `NotFound`.
    """
    asked = {"assessment_id": assessment_id, "account_id": account_id}
    assessment = db.session.scalars(HELD if to_change else SHOWN, asked).one_or_none()
    if assessment is None:
        raise NotFound(say("These questions are not here."))
    return assessment


def of_participant(assessment_id: UUID, participant: Participant) -> Assessment:
    """The sitting of this id, if it is the participant's, or `NotFound`."""
    found = sa.select(Assessment).where(
        Assessment.id == assessment_id, Assessment.participant_id == participant.id
    )
    assessment = db.session.scalars(found).one_or_none()
    if assessment is None:
        raise NotFound(say("These questions are not here."))
    return assessment


def of(participant: Participant, *, to_change: bool = False) -> Sequence[Assessment]:
    """Everything that is asked of a participant, in the order in which it is due."""
    found = sa.select(Assessment).where(Assessment.participant_id == participant.id)
    if to_change:
        found = found.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(found.order_by(*_in_order())).all()


def hold(participant: Participant) -> None:
    """Let nobody else plan for her until the end of the transaction."""
    held = sa.select(Participant.id).where(Participant.id == participant.id)
    db.session.execute(held.with_for_update(key_share=True))


def open_for(participant: Participant, *, now: datetime) -> Sequence[Assessment]:
    """What she can answer now, soonest to close first."""
    day = now.date()
    found = (
        sa.select(Assessment)
        .where(
            Assessment.participant_id == participant.id,
            Assessment.completed_at.is_(None),
            Assessment.opens_on <= day + NEAR,
            Assessment.closes_on >= day - NEAR,
        )
        .order_by(Assessment.closes_on, *_in_order())
    )
    return [row for row in db.session.scalars(found) if states.is_open(row, now=now)]


def out_of_step(study: Study) -> Sequence[Participant]:
    """Participants whose sittings are not what their baseline, their arm and the study say.

    One statement, whatever the number of participants. What she has begun is in step.
    """
    arms = (*study.arm_codes(), None)
    return db.session.scalars(_out_of_step(tuple((arm, _plan(study, arm)) for arm in arms))).all()


def _plan(study: Study, arm: str | None) -> Plan:
    """What is asked of an arm, or of those who have none yet: time-point, week, fingerprint."""
    asked = [one for one in schedule(study, arm) if one.instruments]
    return tuple((one.point.code, one.point.week, one.fingerprint) for one in asked)


@lru_cache(maxsize=4)
def _out_of_step(plans: tuple[tuple[str | None, Plan], ...]) -> sa.Select[Participant]:
    """Composed once for a study: the worker asks it at every turn."""
    arms = [arm for arm, _ in plans if arm is not None]
    takes_part = sa.and_(Participant.consented_on.is_not(None), Participant.withdrawn_on.is_(None))
    in_step = sa.or_(
        *(sa.and_(_is_of(arm, arms), _in_step(*one)) for arm, asked in plans for one in asked),
        sa.false(),
    )
    wanted = sa.case(*((_is_of(arm, arms), len(asked)) for arm, asked in plans), else_=0)
    is_stale = sa.and_(
        Assessment.id.is_not(None), Assessment.started_at.is_(None), sa.not_(in_step)
    )
    found = (
        sa.select(Participant.id)
        .outerjoin(Allocation, Allocation.participant_id == Participant.id)
        .outerjoin(Assessment, Assessment.participant_id == Participant.id)
        .where(takes_part, Participant.baseline_on.is_not(None))
        .group_by(Participant.id, Allocation.arm)
        .having(sa.or_(_how_many(in_step) < wanted, _how_many(is_stale) > 0))
    )
    unsaid = sa.select(Assessment.participant_id).where(
        Assessment.participant_id == Participant.id,
        Participant.baseline_on.is_(None),
        Assessment.started_at.is_(None),
    )
    stale = sa.or_(Participant.id.in_(found), unsaid.exists())
    return sa.select(Participant).where(stale).order_by(Participant.study_number)


def _is_of(arm: str | None, arms: Sequence[str]) -> sa.ColumnElement[bool]:
    if arm is not None:
        return Allocation.arm == arm
    return sa.or_(Allocation.arm.is_(None), Allocation.arm.not_in(arms))


def _in_step(timepoint: str, week: int, fingerprint: str) -> sa.ColumnElement[bool]:
    due = days_between(Assessment.due_on, Participant.baseline_on)
    as_planned = sa.and_(due == week * 7, Assessment.planned_as == fingerprint)
    return sa.and_(
        Assessment.timepoint == timepoint,
        sa.or_(Assessment.started_at.is_not(None), as_planned),
    )


def _how_many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _in_order() -> tuple[Any, ...]:
    return Assessment.due_on, Assessment.timepoint


class days_between(GenericFunction[int]):  # noqa: N801
    """Days from the second date to the first, as either database counts them."""

    type = sa.Integer()
    inherit_cache = True


@compiles(days_between, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    later, earlier = (compiler.process(part, **kw) for part in element.clauses)
    return f"({later} - {earlier})"


@compiles(days_between, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    later, earlier = (compiler.process(part, **kw) for part in element.clauses)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"
