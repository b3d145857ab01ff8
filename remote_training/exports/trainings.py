"""The rows of the tables about what was trained: each person in a class, each exercise."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from remote_training.attendance.training import RATINGS
from remote_training.attendance.training_models import ExerciseDone, Trained
from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from remote_training.exports.extent import Extent
from remote_training.exports.spelling import bytewise, moment, text, yes_no
from remote_training.participants.models import Participant

Rows = sa.Select[*tuple[Any, ...]]


def training(extent: Extent) -> Rows:
    """What was entered of each person, by study number and class; no note and no name."""
    return (
        sa.select(
            Participant.study_number,
            Booking.session_id,
            Trained.plan,
            Trained.effort,
            *(getattr(Trained, name) for name in RATINGS),
            sa.case((Trained.note_sealed.is_not(None), 1), else_=0).label("has_note"),
            yes_no(Trained.stopped_early).label("stopped_early"),
            text(Trained.why).label("why"),
            yes_no(Trained.is_modified).label("modified"),
            yes_no(Trained.is_reduced).label("dose_modified"),
            Trained.minutes_planned.label("aerobic_minutes_planned"),
            Trained.minutes_done.label("aerobic_minutes_done"),
            Trained.repetitions_planned.label("strength_repetitions_planned"),
            Trained.repetitions_done.label("strength_repetitions_done"),
            Trained.load_planned_kg.label("load_kg_planned"),
            Trained.load_done_kg.label("load_kg_done"),
            moment(Trained.entered_at).label("entered_at"),
            moment(Trained.changed_at).label("corrected_at"),
        )
        .join(Booking, Booking.id == Trained.booking_id)
        .join(Participant, Participant.id == Booking.participant_id)
        .join(Session, Session.id == Booking.session_id)
        .where(extent.people)
        .order_by(bytewise(Participant.study_number), Session.starts_at, Trained.id)
    )


def exercises(extent: Extent) -> Rows:
    """Every exercise, by study number, class and place in the plan."""
    amounts = ("sets", "repetitions", "minutes", "load_kg")
    return (
        sa.select(
            Participant.study_number,
            Booking.session_id,
            ExerciseDone.position,
            ExerciseDone.exercise,
            text(ExerciseDone.kind).label("kind"),
            text(ExerciseDone.how).label("how"),
            yes_no(ExerciseDone.is_easier).label("easier"),
            *(getattr(ExerciseDone, f"planned_{name}") for name in amounts),
            text(ExerciseDone.planned_band).label("planned_band"),
            *(getattr(ExerciseDone, f"done_{name}") for name in amounts),
            text(ExerciseDone.done_band).label("done_band"),
        )
        .join(Trained, Trained.id == ExerciseDone.trained_id)
        .join(Booking, Booking.id == Trained.booking_id)
        .join(Participant, Participant.id == Booking.participant_id)
        .join(Session, Session.id == Booking.session_id)
        .where(extent.people)
        .order_by(
            bytewise(Participant.study_number),
            Session.starts_at,
            Trained.id,
            ExerciseDone.position,
        )
    )
