"""The rows of the tables about places in classes: who held one, who came, who waited."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from remote_training.attendance.models import Attendance
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Session
from remote_training.exports.extent import Extent
from remote_training.exports.spelling import bytewise, moment, text, yes_no
from remote_training.participants.models import Participant

Rows = sa.Select[*tuple[Any, ...]]


def attendance(extent: Extent) -> Rows:
    """Every booking, by study number and class; no reason and no name."""
    return (
        sa.select(
            Participant.study_number,
            Booking.session_id,
            moment(Booking.booked_at).label("booked_at"),
            moment(Booking.cancelled_at).label("cancelled_at"),
            text(Attendance.machine_status).label("machine_status"),
            Attendance.machine_minutes,
            yes_no(Attendance.is_imputed).label("minutes_imputed"),
            moment(Attendance.first_joined_at).label("first_joined_at"),
            moment(Attendance.last_left_at).label("last_left_at"),
            sa.func.coalesce(text(Attendance.status), text(Attendance.machine_status)).label(
                "status"
            ),
            sa.case((Attendance.status.is_not(None), 1), else_=0).label("overruled"),
            _place().label("place"),
        )
        .join(Participant, Participant.id == Booking.participant_id)
        .join(Session, Session.id == Booking.session_id)
        .outerjoin(Attendance, Attendance.booking_id == Booking.id)
        .where(extent.people)
        .order_by(
            bytewise(Participant.study_number), Session.starts_at, Booking.booked_at, Booking.id
        )
    )


def waiting(extent: Extent) -> Rows:
    """Every time that somebody put herself on a waiting list, by study number and class."""
    return (
        sa.select(
            Participant.study_number,
            Waiting.session_id,
            moment(Waiting.asked_at).label("asked_at"),
            yes_no(Waiting.is_at_once).label("at_once"),
            moment(Waiting.offered_at).label("offered_at"),
            moment(Waiting.offer_until).label("offer_until"),
            moment(Waiting.ended_at).label("ended_at"),
            text(Waiting.ending).label("ending"),
        )
        .join(Participant, Participant.id == Waiting.participant_id)
        .join(Session, Session.id == Waiting.session_id)
        .where(extent.people)
        .order_by(
            bytewise(Participant.study_number), Session.starts_at, Waiting.asked_at, Waiting.id
        )
    )


def _place() -> sa.ColumnElement[str]:
    """What became of a place; one that was given back is that, also where the class is off."""
    return sa.case(
        (sa.and_(Booking.cancelled_at.is_not(None), Booking.is_late.is_(True)), "given_back_late"),
        (Booking.cancelled_at.is_not(None), "given_back"),
        (Session.called_off_at.is_not(None), "called_off"),
        else_="held",
    )
