"""Where a sitting stands: one rule, once in Python and once in SQL.

Whatever shows, counts, asks or exports a sitting asks here. The two are shown to be equal
by a test over random sittings on both databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.assessments.models import Assessment
from remote_training.participants.models import Participant


class State(StrEnum):
    """Where a sitting stands.

    NOT_DUE
        Its first day has not come.
    DUE, OVERDUE
        She may begin; overdue from the day that the study names.
    PARTIAL
        Begun, and she may go on.
    COMPLETE
        She sent it.
    CLOSED
        Its last day is over, begun or not; the answers that are there count as they are.
    WITHDRAWN
        She left the trial before its last day was over.
    """

    NOT_DUE = "not_due"
    DUE = "due"
    OVERDUE = "overdue"
    PARTIAL = "partial"
    COMPLETE = "complete"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


OPEN = frozenset({State.DUE, State.OVERDUE, State.PARTIAL})


def state(sitting: Assessment, *, now: datetime) -> State:
    """Where it stands at a moment, by the days where she is.

    The last day is `closes_on` for what was begun and `start_by_on` for what was not. Who
    is in the middle when it ends may go on until `goes_on_until`. What she sends later than
    this moment is not sent at it.
    """
    her, today = sitting.participant, sitting.today(now)
    if sitting.completed_at is not None and sitting.completed_at <= now:
        return State.COMPLETE
    if her.withdrawn_on is not None and her.withdrawn_on <= sitting.last_on:
        return State.WITHDRAWN
    if her.consented_on is None or today < sitting.opens_on:
        return State.NOT_DUE
    goes_on = sitting.goes_on_until is not None and now < sitting.goes_on_until
    if today > sitting.last_on and not (goes_on and her.withdrawn_on is None):
        return State.CLOSED
    if sitting.is_started:
        return State.PARTIAL
    return State.OVERDUE if today >= sitting.overdue_on else State.DUE


def is_open(sitting: Assessment, *, now: datetime) -> bool:
    """Whether she may answer at this moment."""
    return sitting.participant.is_taking_part and state(sitting, now=now) in OPEN


def in_sql(today: Mapping[str, date], *, now: datetime) -> sa.ColumnElement[str]:
    """The same rule as a column, for a select that joins `Assessment` and `Participant`.

    `today` says what day it is in each zone in which somebody lives: see `days`.
    """
    her, sitting = Participant, Assessment
    days = [(her.zone == zone, sa.literal(day)) for zone, day in sorted(today.items())]
    utc = sa.literal(now.astimezone(UTC).date())
    here = sa.case(*days, else_=utc) if days else utc
    begun = sitting.started_at.is_not(None)
    last_on = sa.case((begun, sitting.closes_on), else_=sitting.start_by_on)
    goes_on = sa.and_(
        sitting.goes_on_until.is_not(None), sitting.goes_on_until > now, her.withdrawn_on.is_(None)
    )
    return sa.case(
        (sitting.completed_at <= now, State.COMPLETE.value),
        (her.withdrawn_on <= last_on, State.WITHDRAWN.value),
        (sa.or_(her.consented_on.is_(None), sitting.opens_on > here), State.NOT_DUE.value),
        (sa.and_(last_on < here, sa.not_(goes_on)), State.CLOSED.value),
        (begun, State.PARTIAL.value),
        (sitting.overdue_on <= here, State.OVERDUE.value),
        else_=State.DUE.value,
    )


def days(zones: Iterable[str], *, now: datetime) -> dict[str, date]:
    """What day it is in each zone."""
    return {zone: now.astimezone(ZoneInfo(zone)).date() for zone in zones}
