"""Rows as programs get them."""

from __future__ import annotations

from collections.abc import Sequence

from remote_training.api import reasons
from remote_training.api.shapes import (
    Booking,
    ClassHour,
    CodebookColumn,
    CodebookTable,
    Questionnaire,
    TimePoint,
)
from remote_training.assessments.sitting import Part
from remote_training.assessments.timeline import Line
from remote_training.bookings.models import Booking as Place
from remote_training.bookings.verdicts import Verdict
from remote_training.core.words import translated
from remote_training.exports.dictionary import Column, Table
from remote_training.studies.load import Study


def class_hour(verdict: Verdict) -> ClassHour:
    """A class with the verdict on it, its sentence as staff read it."""
    session, refusal = verdict.session, verdict.refusal
    return ClassHour(
        session_id=session.id,
        on_date=session.on_date,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        module=session.module,
        language=session.language,
        places=session.places,
        places_left=session.places_left,
        is_called_off=session.is_called_off,
        may_book=refusal is None,
        reason=None if refusal is None else reasons.word(refusal),
        sentence=None if refusal is None else translated(refusal.to_staff, **refusal.gaps),
        booking_id=verdict.booking_id,
    )


def booking(place: Place) -> Booking:
    """A place of hers."""
    state = "called-off" if place.session.is_called_off else "booked"
    return Booking(
        booking_id=place.id,
        session_id=place.session_id,
        state=state if place.is_live else "given-back",  # type: ignore[arg-type]
        booked_at=place.booked_at,
        given_back_at=place.cancelled_at,
        is_late=place.is_late,
    )


def time_point(line: Line, study: Study, *, shows_arm: bool) -> TimePoint:
    """A time-point of hers; without `shows_arm` no questionnaire that only some arms get."""
    row = line.assessment
    return TimePoint(
        timepoint=row.timepoint,
        week=row.week,
        state=line.state.value,
        opens_on=row.opens_on,
        due_on=row.due_on,
        overdue_on=row.overdue_on,
        closes_on=row.closes_on,
        started_at=row.started_at,
        sent_at=row.completed_at,
        mails_on=list(line.mails_on),
        questionnaires=[
            _questionnaire(part)
            for part in line.sitting.parts
            if shows_arm or part.form.instrument not in _of_some_arms(study, row.timepoint)
        ],
    )


def table(one: Table) -> CodebookTable:
    """A table of the data set."""
    return CodebookTable(name=one.name, label=one.label, columns=[_column(c) for c in one.columns])


def _questionnaire(part: Part) -> Questionnaire:
    return Questionnaire(
        instrument=part.form.instrument,
        version=part.instrument.version,
        questions=len(part.questions),
        answered=part.done,
    )


def _of_some_arms(study: Study, timepoint: str) -> Sequence[str]:
    return [code for p in study.timepoints if p.code == timepoint for code in p.only_arms]


def _column(one: Column) -> CodebookColumn:
    return CodebookColumn(
        **one.model_dump(include={"name", "label", "type", "unit", "range", "codes", "missing"}),
        **one.model_dump(include={"rule", "source", "loinc", "cdisc"}),
        reasons=[str(reason) for reason in one.reasons],
    )
