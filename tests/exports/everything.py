"""A small study in which every reason for a missing value occurs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from remote_training.assessments import service
from remote_training.assessments.models import Answer, AnswerState, Assessment
from remote_training.attendance import training_service
from remote_training.attendance.models import Attendance, Status
from remote_training.attendance.training import Amount, Done, Entry, Why
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.participants.models import Participant, Sex
from remote_training.safety import event_queries, event_service
from remote_training.safety.event_models import Action, Care, Criterion, Outcome, Related
from remote_training.safety.event_rules import Told
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

FORMS = ("phq-9", "gad-7", "neuropathy-nrs")
OVER = {
    "closes_on": TODAY - timedelta(days=1),
    "start_by_on": TODAY - timedelta(days=1),
}


def study() -> dict[str, Participant]:
    """People by what became of their sitting: what happened to whom is told by the name."""
    people = {
        "sent": make.participant(study_number="007", sex=Sex.FEMALE, neurotoxic_chemotherapy=True),
        "gaps": make.participant(study_number="T2"),
        "open": make.participant(study_number="T3"),
        "not_due": make.participant(study_number="T4"),
        "closed": make.participant(study_number="T5"),
        "withdrawn": make.participant(study_number="T6", withdrawn_on=TODAY),
        "licensed": make.participant(study_number="T7", sex=Sex.FEMALE),
        "man": make.participant(study_number="T8", sex=Sex.MALE, arm="waitlist"),
        "nothing": make.participant(study_number="T9", baseline_on=None),
    }
    whole = make.assessment(participant=people["sent"], forms=FORMS)
    answer_all(whole)
    service.finish(whole, now=NOON)
    gaps = make.assessment(participant=people["gaps"], forms=FORMS)
    answer_all(gaps, leave_out={"phq1", "gad1"}, refuse={"phq2"})
    service.finish(gaps, now=NOON)
    make.assessment(participant=people["open"], forms=FORMS)
    make.assessment(participant=people["not_due"], forms=FORMS, opens_on=TODAY + timedelta(days=1))
    make.assessment(participant=people["closed"], forms=FORMS, **OVER)
    make.assessment(participant=people["withdrawn"], forms=FORMS)
    for who in ("licensed", "man"):
        cipn = make.assessment(participant=people[who], forms=("qlq-cipn20",))
        answer_all(cipn, leave_out={"cipn19", "cipn20"})
        db.session.add(
            Answer(
                form_id=make.form(cipn, "qlq-cipn20").id,
                item="cipn19",
                state=AnswerState.NOT_APPLICABLE,
                language="en",
                given_at=NOON,
                answered_at=NOON,
            )
        )
        service.finish(cipn, now=NOON)
    booking = make.booking(participant=people["sent"])
    db.session.add(
        Attendance(
            booking_id=booking.id,
            machine_status=Status.LATE,
            machine_minutes=33.25,
            first_joined_at=NOON + timedelta(days=1, minutes=12),
        )
    )
    db.session.flush()
    train(booking)
    db.session.commit()
    happen(booking)
    return people


def train(booking: Booking, **changes: Any) -> None:
    """What she did in her class: less of one exercise, another left out, a note."""
    told = {
        "effort": 0.5,
        "ratings": {"tired_before": 0, "tired_after": 3},
        "note": "Her daughter Xanthippe rang",
        "stopped_early": True,
        "why": Why.HEALTH,
        "done": {
            "march": Done(Amount(minutes=5.5)),
            "step-up": Done(Amount(), is_left_out=True),
            "arm-curl": Done(Amount(2, 8, load_kg=0.5)),
        },
    }
    session = booking.session
    training_service.enter(
        session, {booking.id: Entry(**told | changes)}, "base-1",
        seen=0, now=session.ends_at, by=session.trainer_id,
    )  # fmt: skip


def happen(booking: Booking) -> None:
    """Three events in one class: one told whole, one with two facts, one entered by mistake."""
    whole, _bare, wrong = (make.event(booking=booking, term=term, now=booking.session.starts_at)
                           for term in ("fall", "chest_pain", "nausea"))  # fmt: skip
    at = booking.session.starts_at
    told = replace(
        Told.of(event_queries.newest(whole.id)),
        is_serious=True,
        criterion=Criterion.HOSPITAL,
        related=Related.POSSIBLE,
        actions=(Action.CLASS_ENDED, Action.EMERGENCY),
        outcome=Outcome.RECOVERED,
        outcome_on=at.date(),
        text="Bob, her son, rang Dr Vermeer.",
    )
    plain = {"key": uuid4(), "by": whole.recorded_by, "now": at + timedelta(minutes=30)}
    event_service.amend(whole, told, number=1, why="", **plain)
    care = {"number": 2, "by": whole.recorded_by}
    for minutes, step in ((45, Care.SEEN), (60, Care.SPONSOR)):
        event_service.look_after(
            whole, step, "Bob knows", key=uuid4(), now=at + timedelta(minutes=minutes), **care
        )
    event_service.withdraw(wrong, "It was Bob", by=whole.recorded_by, now=at)
    db.session.commit()


def answer_all(sitting: Assessment, *, leave_out: set[str] = frozenset(), refuse=frozenset()):
    """Answer its items, each with another number; `refuse` says what she would rather not."""
    for form in make.forms(sitting):
        instrument = make.instruments.instrument(form.instrument)
        for n, item in enumerate(instrument.items):
            if item.code in leave_out:
                continue
            values = list(item.answers.values())
            value = None if item.code in refuse else values[n % len(values)]
            service.save(sitting, form, item.code, value, now=NOON)
