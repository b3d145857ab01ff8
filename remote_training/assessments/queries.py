"""What is asked of whom, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import contains_eager
from sqlalchemy.sql.functions import GenericFunction

from remote_training.assessments.models import Answer, Assessment
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.participants.models import Participant
from remote_training.studies.load import Study, Timepoint


@dataclass(frozen=True)
class Progress:
    """How far she is. A question that she would rather not answer is done.

    Attributes
    ----------
    next
        The number of the first question without an answer, from 1; None when all are done.
    """

    done: int
    total: int
    next: int | None


def mine(assessment_id: UUID, account_id: UUID, *, to_change: bool = False) -> Assessment:
    """The assessment of this id with its participant and her site, if it is hers.

    `to_change` locks it until the end of the transaction: of two answers at the same
    moment one waits for the other. Raises `NotFound`.
    """
    found = (
        sa.select(Assessment)
        .join(Assessment.participant)
        .join(Participant.site)
        .where(Assessment.id == assessment_id, Participant.account_id == account_id)
        .options(contains_eager(Assessment.participant).contains_eager(Participant.site))
    )
    if to_change:
        found = found.with_for_update(of=Assessment).execution_options(populate_existing=True)
    assessment = db.session.scalars(found).one_or_none()
    if assessment is None:
        raise NotFound(say("These questions are not here."))
    return assessment


def of(participant: Participant) -> Sequence[Assessment]:
    """Everything that is asked of a participant, in the order in which it is due."""
    found = sa.select(Assessment).where(Assessment.participant_id == participant.id)
    return db.session.scalars(found.order_by(*_in_order())).all()


def open_for(participant: Participant, *, today: date) -> Sequence[Assessment]:
    """What she can answer on a day (in her zone) and has not sent, soonest to close first."""
    if not participant.is_taking_part:
        return []
    found = sa.select(Assessment).where(
        Assessment.participant_id == participant.id,
        Assessment.completed_at.is_(None),
        Assessment.opens_on <= today,
        Assessment.closes_on >= today,
    )
    return db.session.scalars(found.order_by(Assessment.closes_on, *_in_order())).all()


def answers(assessment: Assessment) -> Mapping[str, Answer]:
    """The answers that stand, by item."""
    found = sa.select(Answer).where(
        Answer.assessment_id == assessment.id, Answer.replaced_at.is_(None)
    )
    return {answer.item: answer for answer in db.session.scalars(found.order_by(Answer.item))}


def progress(assessment: Assessment, given: Mapping[str, Answer] | None = None) -> Progress:
    """How far she is; `given` are her answers, where they are at hand already."""
    known = answers(assessment) if given is None else given
    items = form(assessment).items
    left = [number for number, item in enumerate(items, start=1) if item.code not in known]
    return Progress(done=len(items) - len(left), total=len(items), next=left[0] if left else None)


def form(assessment: Assessment) -> Instrument:
    """The instrument as it is asked: the newest, or once begun the version it was begun in."""
    version = assessment.instrument_version if assessment.is_started else None
    return instruments.instrument(assessment.instrument, version)


def asked(study: Study) -> Sequence[tuple[Timepoint, str]]:
    """Every questionnaire of a study: its time-point and the instrument's code."""
    return [(point, code) for point in study.timepoints for code in point.instruments]


def out_of_step(study: Study) -> Sequence[Participant]:
    """Participants whose questionnaires are not what their baseline and the study say.

    One statement, whatever the number of participants. What she has begun is in step.
    """
    takes_part = sa.and_(Participant.consented_on.is_not(None), Participant.withdrawn_on.is_(None))
    in_step = sa.or_(*(_in_step(point, code) for point, code in asked(study)))
    found = (
        sa.select(Participant.id)
        .outerjoin(Assessment, Assessment.participant_id == Participant.id)
        .where(takes_part, Participant.baseline_on.is_not(None))
        .group_by(Participant.id)
        .having(sa.func.sum(sa.case((in_step, 1), else_=0)) < len(asked(study)))
    )
    unsaid = sa.select(Assessment.participant_id).where(
        Assessment.participant_id == Participant.id,
        Participant.baseline_on.is_(None),
        Assessment.started_at.is_(None),
    )
    stale = sa.or_(Participant.id.in_(found), unsaid.exists())
    return db.session.scalars(
        sa.select(Participant).where(stale).order_by(Participant.study_number)
    ).all()


def _in_step(point: Timepoint, code: str) -> sa.ColumnElement[bool]:
    due = days_between(Assessment.due_on, Participant.baseline_on)
    opens = days_between(Assessment.opens_on, Assessment.due_on)
    closes = days_between(Assessment.closes_on, Assessment.due_on)
    as_planned = sa.and_(
        due == point.week * 7,
        opens == -point.opens_days_before,
        closes == point.closes_days_after,
    )
    is_it = sa.and_(Assessment.timepoint == point.code, Assessment.instrument == code)
    return sa.and_(is_it, sa.or_(Assessment.started_at.is_not(None), as_planned))


def _in_order() -> tuple[Any, ...]:
    return Assessment.due_on, Assessment.timepoint, Assessment.instrument


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
