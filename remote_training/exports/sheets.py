"""The rows of the tables that the database can write alone: a select each, in a fixed order.

Moments are made text by the database, so that nothing is left to do for a million rows
but to write them. Text is ordered byte by byte, whatever the database's own collation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from remote_training.assessments.models import Answer, Assessment, Form
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.exports import events, places, trainings
from remote_training.exports.extent import FACTS, Extent, is_asked, is_hidden
from remote_training.exports.reasons import UNANSWERED, WITHOUT_VALUE, Reason
from remote_training.exports.spelling import bytewise, moment, text, yes_no
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.models import Site

Rows = sa.Select[*tuple[Any, ...]]
AT_A_TIME = 2000  # rows in hand at once: a million answers stay under 200 MB


def participants(extent: Extent) -> Rows:
    """Those who gave consent, by study number. The table of arms is read for this one alone.

    Where the column is left out, it is not read at all.
    """
    arm = sa.select(Allocation.arm).where(Allocation.participant_id == Participant.id)
    return (
        sa.select(
            Participant.study_number,
            Site.code.label("site"),
            Participant.language,
            Participant.zone,
            text(Participant.sex).label("sex"),
            Participant.complaint,
            yes_no(Participant.neurotoxic_chemotherapy).label("neurotoxic_chemotherapy"),
            Participant.consented_on,
            Participant.baseline_on,
            Participant.withdrawn_on,
            Participant.cleared_on,
            arm.scalar_subquery().label("arm"),
        )
        .join(Site, Site.id == Participant.site_id)
        .where(extent.people)
        .order_by(bytewise(Participant.study_number))
    )


def assessments(extent: Extent) -> Rows:
    """Every time-point of everybody, where it stands, and how many of its questions are done."""
    days = (
        Assessment.opens_on, Assessment.due_on, Assessment.overdue_on,
        Assessment.start_by_on, Assessment.closes_on,
    )  # fmt: skip
    moments = {
        "opened_at": Assessment.opened_at,
        "started_at": Assessment.started_at,
        "last_answer_at": Assessment.last_answer_at,
        "completed_at": Assessment.completed_at,
    }
    done, given = (_how_many(counted, extent) for counted in (Answer.id, Answer.value))
    return (
        sa.select(
            Participant.study_number,
            Assessment.timepoint,
            Assessment.week,
            *days,
            *(moment(column).label(name) for name, column in moments.items()),
            extent.state.label("state"),
            text(Assessment.device_kind).label("device_kind"),
            how_many_are_shown(extent).label("n_shown"),
            done.label("n_answered"),
            given.label("n_given"),
        )
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(extent.people, extent.sittings)
        .order_by(*in_order())
    )


def how_many_are_shown(extent: Extent) -> sa.ColumnElement[int]:
    """How many questions of a sitting are shown to her: for a select of both."""
    each = []
    for one in instruments.versions().values():
        number = sa.literal(sum(not item.shown_if for item in one.items))
        some = [item for item in one.items if item.shown_if]
        shown = sum((sa.case((is_hidden(item), 0), else_=1) for item in some), number)
        if one.items:
            each.append((is_asked(one), shown))
    total = sa.func.coalesce(sa.func.sum(sa.case(*each, else_=0)), 0)
    asked = sa.select(total).where(Form.assessment_id == Assessment.id, extent.forms)
    return asked.correlate(Assessment, Participant).scalar_subquery()


def _how_many(counted: Any, extent: Extent) -> sa.ColumnElement[int]:
    """How many answers of a sitting stand; of `Answer.value`, how many of them have one."""
    standing = (
        sa.select(sa.func.count(counted))
        .join(Form, Form.id == Answer.form_id)
        .where(Form.assessment_id == Assessment.id, Answer.replaced_at.is_(None), extent.forms)
    )
    return standing.correlate(Assessment).scalar_subquery()


def answers_long(extent: Extent) -> Rows:
    """Every answer that stands, and every question without one, with the reason."""
    rows = sa.union_all(_given(extent), *_missing_everywhere(extent)).subquery()
    order = [bytewise(rows.c[name]) for name in ("timepoint", "instrument", "item")]
    return sa.select(*rows.c).order_by(bytewise(rows.c.study_number), rows.c.week, *order)


def sessions(extent: Extent) -> Rows:
    """The class hours of the sites, and those that their participants booked elsewhere."""
    booked = (
        sa.select(Booking.session_id)
        .join(Participant, Participant.id == Booking.participant_id)
        .where(extent.people)
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


SHEETS: Mapping[str, Callable[[Extent], Rows]] = {
    "participants": participants,
    "assessments": assessments,
    "answers_long": answers_long,
    "sessions": sessions,
    "attendance": places.attendance,
    "waiting": places.waiting,
    "training": trainings.training,
    "training_exercises": trainings.exercises,
    "adverse_events": events.adverse_events,
}


def in_order() -> tuple[Any, ...]:
    """Sittings by study number and week."""
    return (
        bytewise(Participant.study_number), Assessment.week, bytewise(Assessment.timepoint)
    )  # fmt: skip


def _given(extent: Extent) -> Rows:
    without = {state.value: reason.value for state, reason in WITHOUT_VALUE.items()}
    return (
        sa.select(
            *_of_the_form(Form.instrument_version),
            Answer.language,
            Answer.translation,
            Answer.item,
            Answer.value,
            sa.case(without, value=text(Answer.state)).label("missing"),
            moment(Answer.given_at).label("given_at"),
            moment(Answer.answered_at).label("arrived_at"),
        )
        .join(Form, Form.id == Answer.form_id)
        .join(Assessment, Assessment.id == Form.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Answer.replaced_at.is_(None), extent.people, extent.forms)
    )


def _missing_everywhere(extent: Extent) -> list[Rows]:
    gaps = _with_gaps(extent).cte("gaps")
    return [_missing(gaps, one) for one in instruments.versions().values() if one.items]


def _with_gaps(extent: Extent) -> Rows:
    """The questionnaires in which an answer is missing, by one walk along the answers.

    Only they are looked at question by question. An answer is always one to a question of
    the version in which it was begun: to count them is enough.
    """
    answered = (
        sa.select(Answer.form_id, sa.func.count().label("number"))
        .where(Answer.replaced_at.is_(None))
        .group_by(Answer.form_id)
        .cte("answered")
    )
    versions = [one for one in instruments.versions().values() if one.items]
    version = sa.case(*((is_asked(one), sa.literal(one.version)) for one in versions))
    asked = sa.case(*((is_asked(one), len(one.items)) for one in versions))
    return (
        sa.select(
            Form.id.label("form_id"),
            *_of_the_form(version),
            Form.language,
            Form.translation,
            extent.state.label("state"),
            *(text(column).label(fact) for fact, column in FACTS.items()),
        )
        .join(Assessment, Assessment.id == Form.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .outerjoin(answered, answered.c.form_id == Form.id)
        .where(extent.people, extent.forms, asked != sa.func.coalesce(answered.c.number, 0))
    )


def _missing(gaps: sa.CTE, instrument: Instrument) -> Rows:
    """Questions of one version of an instrument that have no answer."""
    codes = [item.code for item in instrument.items]
    items = sa.union_all(*(sa.select(sa.literal(code).label("item")) for code in codes)).subquery()
    has_answer = sa.exists().where(
        Answer.form_id == gaps.c.form_id,
        Answer.item == items.c.item,
        Answer.replaced_at.is_(None),
    )
    facts = {fact: gaps.c[fact] for fact in FACTS}
    hidden = [
        (sa.and_(items.c.item == item.code, is_hidden(item, facts)), Reason.NOT_SHOWN.value)
        for item in instrument.items
        if item.shown_if
    ]
    unanswered = {state.value: reason.value for state, reason in UNANSWERED.items()}
    why = sa.case(unanswered, value=gaps.c.state)
    return (
        sa.select(
            *(gaps.c[name] for name in ("study_number", "timepoint", "week")),
            gaps.c.instrument,
            gaps.c.version,
            gaps.c.language,
            gaps.c.translation,
            items.c.item,
            sa.cast(sa.null(), sa.Integer).label("value"),
            (sa.case(*hidden, else_=why) if hidden else why).label("missing"),
            sa.cast(sa.null(), sa.String).label("given_at"),
            sa.cast(sa.null(), sa.String).label("arrived_at"),
        )
        .select_from(gaps)
        .join(items, sa.true())
        .where(
            gaps.c.instrument == instrument.code,
            gaps.c.version == instrument.version,
            ~has_answer,
        )
    )


def _of_the_form(version: Any) -> tuple[Any, ...]:
    return (
        Participant.study_number,
        Assessment.timepoint,
        Assessment.week,
        Form.instrument,
        version.label("version"),
    )
