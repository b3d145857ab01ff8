"""The rows of each file, as one select each: text as it stands in the file, in a fixed order.

Moments are made text by the database, so that nothing is left to do for a million rows
but to write them. Text is ordered byte by byte, whatever the database's own collation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from remote_training.assessments import states
from remote_training.assessments.models import Answer, Assessment, Form
from remote_training.assessments.states import State
from remote_training.attendance.models import Attendance
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.exports import blinding
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.load import Study
from remote_training.studies.models import Site

Rows = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Extent:
    """Of which sites and questionnaires, and what day it is where somebody lives."""

    site_ids: Sequence[UUID]
    today: Mapping[str, date]
    now: datetime
    forms: sa.ColumnElement[bool]


def extent(
    connection: sa.Connection,
    site_ids: Sequence[UUID],
    *,
    study: Study,
    shows_arm: bool,
    now: datetime,
) -> Extent:
    """The extent of a data set that is made now."""
    zones = connection.scalars(sa.select(Participant.zone).distinct().order_by(Participant.zone))
    return Extent(
        site_ids, states.days(zones, now=now), now, blinding.forms(study, shows_arm=shows_arm)
    )


def participants(extent: Extent) -> Rows:
    """Those who gave consent, by study number. The table of arms is read for this file alone.

    Where the column is left out, it is not read at all.
    """
    arm = sa.select(Allocation.arm).where(Allocation.participant_id == Participant.id)
    return (
        sa.select(
            Participant.study_number,
            Site.code.label("site"),
            Participant.language,
            Participant.zone,
            _text(Participant.sex).label("sex"),
            Participant.complaint,
            _yes_no(Participant.neurotoxic_chemotherapy).label("neurotoxic_chemotherapy"),
            Participant.consented_on,
            Participant.baseline_on,
            Participant.withdrawn_on,
            Participant.cleared_on,
            arm.scalar_subquery().label("arm"),
        )
        .join(Site, Site.id == Participant.site_id)
        .where(_included(extent))
        .order_by(bytewise(Participant.study_number))
    )


def answers(extent: Extent) -> Rows:
    """Every answer that stands, and every question without one, with what became of it."""
    rows = sa.union_all(_given(extent), *_missing_everywhere(extent)).subquery()
    columns = [column for column in rows.c if column.name != "place"]
    order = [bytewise(rows.c[name]) for name in ("timepoint", "instrument")]
    return sa.select(*columns).order_by(
        bytewise(rows.c.study_number), rows.c.week, *order, bytewise(rows.c.item)
    )


def sessions(extent: Extent) -> Rows:
    """The class hours of the sites, and those that their participants booked elsewhere."""
    booked = (
        sa.select(Booking.session_id)
        .join(Participant, Participant.id == Booking.participant_id)
        .where(_included(extent))
    )
    return (
        sa.select(
            Session.id.label("session_id"),
            Site.code.label("site"),
            Session.language,
            moment(Session.starts_at).label("starts_at"),
            moment(Session.ends_at).label("ends_at"),
            Session.places,
            moment(Session.called_off_at).label("called_off_at"),
            Session.module,
            Session.taken.label("booked"),
        )
        .join(Site, Site.id == Session.site_id)
        .where(sa.or_(Session.site_id.in_(extent.site_ids), Session.id.in_(booked)))
        .order_by(Session.starts_at, Session.id)
    )


def attendance(extent: Extent) -> Rows:
    """Every booking, by study number and class; no reason and no name."""
    return (
        sa.select(
            Participant.study_number,
            Booking.session_id,
            moment(Booking.booked_at).label("booked_at"),
            moment(Booking.cancelled_at).label("cancelled_at"),
            _text(Attendance.machine_status).label("machine_status"),
            Attendance.machine_minutes,
            _yes_no(Attendance.is_imputed).label("minutes_imputed"),
            moment(Attendance.first_joined_at).label("first_joined_at"),
            moment(Attendance.last_left_at).label("last_left_at"),
            sa.func.coalesce(_text(Attendance.status), _text(Attendance.machine_status)).label(
                "status"
            ),
            sa.case((Attendance.status.is_not(None), 1), else_=0).label("overruled"),
        )
        .join(Participant, Participant.id == Booking.participant_id)
        .join(Session, Session.id == Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
        .where(_included(extent))
        .order_by(
            bytewise(Participant.study_number), Session.starts_at, Booking.booked_at, Booking.id
        )
    )


SHEETS: Mapping[str, Callable[[Extent], Rows]] = {
    "participants.csv": participants,
    "answers.csv": answers,
    "sessions.csv": sessions,
    "attendance.csv": attendance,
}


def _given(extent: Extent) -> Rows:
    return (
        sa.select(
            *_of_the_form(),
            Answer.language,
            Answer.item,
            _text(Answer.state).label("state"),
            Answer.value,
            moment(Answer.answered_at).label("answered_at"),
        )
        .join(Form, Form.id == Answer.form_id)
        .join(Assessment, Assessment.id == Form.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Answer.replaced_at.is_(None), _included(extent), extent.forms)
    )


def _missing_everywhere(extent: Extent) -> list[Rows]:
    newest = instruments.catalogue()
    return [
        _missing(extent, one, is_newest=newest[one.code].version == one.version)
        for one in instruments.versions().values()
        if one.items
    ]


def _missing(extent: Extent, instrument: Instrument, *, is_newest: bool) -> Rows:
    """Questions of one version of an instrument that have no answer.

    What is complete is left out first, by one walk along the index: only the rest is
    looked at question by question.
    """
    codes = [item.code for item in instrument.items]
    complete = (
        sa.select(Answer.form_id)
        .where(Answer.replaced_at.is_(None), Answer.item.in_(codes))
        .group_by(Answer.form_id)
        .having(sa.func.count() == len(codes))
    )
    items = sa.union_all(*(sa.select(sa.literal(code).label("item")) for code in codes)).subquery()
    has_answer = sa.exists().where(
        Answer.form_id == Form.id,
        Answer.item == items.c.item,
        Answer.replaced_at.is_(None),
    )
    is_version = Form.instrument_version == instrument.version
    if is_newest:
        is_version = sa.or_(is_version, Assessment.started_at.is_(None))
    return (
        sa.select(
            *_of_the_form(),
            Form.language,
            items.c.item,
            _state(extent).label("state"),
            sa.cast(sa.null(), sa.Integer).label("value"),
            sa.cast(sa.null(), sa.String).label("answered_at"),
        )
        .select_from(Form)
        .join(Assessment, Assessment.id == Form.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .join(items, sa.true())
        .where(
            Form.instrument == instrument.code,
            is_version,
            Form.id.not_in(complete),
            ~has_answer,
            _included(extent),
            extent.forms,
        )
    )


def _of_the_form() -> tuple[Any, ...]:
    return (
        Participant.study_number,
        Assessment.timepoint,
        Assessment.week,
        Form.instrument,
        Form.instrument_version.label("version"),
    )


def _state(extent: Extent) -> sa.ColumnElement[str]:
    """Why a question has no answer: from where its sitting stands."""
    state = states.in_sql(extent.today, now=extent.now)
    closed = sa.case((Assessment.started_at.is_not(None), "not_answered"), else_="expired")
    return sa.case(
        (state == State.COMPLETE.value, "not_answered"),
        (state == State.WITHDRAWN.value, "withdrawn"),
        (state == State.NOT_DUE.value, "not_due"),
        (state == State.CLOSED.value, closed),
        else_="open",
    )


def _included(extent: Extent) -> sa.ColumnElement[bool]:
    return sa.and_(Participant.site_id.in_(extent.site_ids), Participant.consented_on.is_not(None))


def _text(column: Any) -> sa.ColumnElement[str]:
    return sa.type_coerce(column, sa.String())


def _yes_no(column: Any) -> sa.ColumnElement[int]:
    return sa.case((column.is_(sa.true()), 1), (column.is_(sa.false()), 0))


class moment(GenericFunction[str]):  # noqa: N801
    """A moment as text: `2026-11-24T12:00:00Z`."""

    type = sa.String()
    inherit_cache = True


@compiles(moment, "postgresql")
def _moment_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    inner = compiler.process(element.clauses, **kw)
    return f"to_char({inner} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


@compiles(moment, "sqlite")
def _moment_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    inner = compiler.process(element.clauses, **kw)
    return f"(substr({inner}, 1, 10) || 'T' || substr({inner}, 12, 8) || 'Z')"


class bytewise(GenericFunction[str]):  # noqa: N801
    """Text in the order of its bytes, in which SQLite orders anyway."""

    type = sa.String()
    inherit_cache = True


@compiles(bytewise, "postgresql")
def _bytewise_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f'{compiler.process(element.clauses, **kw)} COLLATE "C"'


@compiles(bytewise, "sqlite")
def _bytewise_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))
