"""What was trained, in the data set: people, exercises, the dose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import Role
from remote_training.attendance.models import Attendance, Status
from remote_training.core.db import db
from remote_training.studies.current import study
from tests import make
from tests.exports import everything
from tests.exports.reading import rows, take
from tests.fakes import NOON, FakeClock
from tests.make import TODAY


@pytest.fixture
def data(browse_as: Any, app: Any) -> Any:
    """Take the data set as a researcher who may see the arm."""
    return lambda: take(browse_as(make.staff(Role.RESEARCHER, sees_arm=True)))


def came(**changes: Any) -> Any:
    """Somebody in her second week, and a class that she attended on the first day of it."""
    her = make.participant(baseline_on=TODAY - timedelta(weeks=1), complaint="fatigue", **changes)
    booking = make.booking(session=make.session(starts_at=NOON), participant=her)
    db.session.add(
        Attendance(booking_id=booking.id, machine_status=Status.ATTENDED, machine_minutes=60.0)
    )
    db.session.flush()
    return booking


def test_what_she_did_stands_under_her_study_number_and_the_note_stays_at_home(data: Any) -> None:
    booking = came()
    everything.train(booking)
    db.session.commit()

    files = data()

    (row,) = rows(files["training.csv"])
    number = booking.participant.study_number
    assert row == {
        "study_number": number,
        "session_id": str(booking.session_id),
        "plan": "base-1",
        "effort": "0.5",
        "tired_before": "0", "tired_after": "3",
        "pain_before": "", "pain_after": "", "dizzy_before": "", "dizzy_after": "",
        "has_note": "1",
        "stopped_early": "1",
        "why": "health",
        "modified": "1",
        "dose_modified": "1",
        "aerobic_minutes_planned": "14.0", "aerobic_minutes_done": "5.5",
        "strength_repetitions_planned": "80", "strength_repetitions_done": "76",
        "load_kg_planned": "20.0", "load_kg_done": "8.0",
        "entered_at": "2026-11-24T13:00:00Z",
        "corrected_at": "",
    }  # fmt: skip
    exercises = {one["exercise"]: one for one in rows(files["training_exercises.csv"])}
    plan = study().library.plan("base-1")
    assert plan is not None
    assert list(exercises) == [planned.exercise for planned in plan.exercises]
    march, step = exercises["march"], exercises["step-up"]
    assert (march["how"], march["planned_minutes"], march["done_minutes"]) == (
        "modified", "8.0", "5.5",
    )  # fmt: skip
    assert (step["how"], step["planned_minutes"], step["done_minutes"]) == ("left_out", "6.0", "")
    row_ = exercises["band-row"]
    assert (row_["how"], row_["planned_band"], row_["done_band"]) == ("planned", "light", "light")
    assert not any(b"Xanthippe" in content for content in files.values())


def test_the_dose_counts_what_was_entered_of_what_is_planned_for_her_weeks(data: Any) -> None:
    booking = came()
    everything.train(booking)
    db.session.commit()

    files = data()

    (dose,) = rows(files["dose.csv"])
    week = rows(files["dose_weeks.csv"])[1]
    assert (dose["training_entered"], dose["dose_modified"], dose["stopped_early"]) == (
        "1", "1", "1",
    )  # fmt: skip
    assert dose["dose_modified_percent"] == "100.0"
    # two base classes of 14 minutes and one of fatigue of 14: 42 in each of the first four weeks
    assert (week["week"], week["aerobic_minutes_planned"]) == ("2", "42.0")
    assert (week["aerobic_minutes_done"], week["training_entered"]) == ("5.5", "1")
    planned = sum(float(one["aerobic_minutes_planned"]) for one in rows(files["dose_weeks.csv"]))
    assert float(dose["aerobic_minutes_planned"]) == planned == 4 * (42 + 54 + 66)
    assert float(dose["relative_aerobic_percent"]) == pytest.approx(100 * 5.5 / planned, abs=1e-4)
    assert float(dose["relative_strength_percent"]) == pytest.approx(
        100 * 76 / float(dose["strength_repetitions_planned"]), abs=1e-4
    )
    assert float(dose["relative_load_percent"]) > 0


def test_a_class_whose_training_was_not_entered_leaves_the_dose_unknown(data: Any) -> None:
    came()
    db.session.commit()

    (dose,) = rows(data()["dose.csv"])

    assert (dose["attended"], dose["training_entered"]) == ("1", "0")
    assert dose["relative_aerobic_percent"] == "", "not known is not none"
    assert dose["dose_modified_percent"] == ""
    assert float(dose["aerobic_minutes_planned"]) > 0


def test_a_corrected_row_says_when(data: Any, browse_as: Any, clock: FakeClock) -> None:
    booking = came()
    everything.train(booking)
    db.session.commit()
    clock.forward(hours=3)
    browser = browse_as(booking.session.trainer)
    sent = {"seen": "1", "who-1": str(booking.id), "p1-effort": "6", "plan": "base-1"}
    assert (
        browser.post(f"/staff/classes/{booking.session_id}/training", data=sent).status_code == 303
    )

    (row,) = rows(data()["training.csv"])

    assert (row["effort"], row["entered_at"], row["corrected_at"]) == (
        "6.0", "2026-11-24T13:00:00Z", "2026-11-24T15:00:00Z",
    )  # fmt: skip
    assert (row["has_note"], row["modified"]) == ("0", "0")


def test_codes_of_plans_and_exercises_have_labels_also_with_no_rows(data: Any) -> None:
    labels = {
        (one["table"], one["column"], one["code"]): one["label"]
        for one in rows(data()["value_labels.csv"])
    }
    assert labels["training", "plan", "base-1"] == "base, weeks 1 to 4, effort 3 to 4"
    assert labels["training_exercises", "exercise", "chair-stand"] == "Standing up from a chair"
    assert labels["training", "pain_after", "3"] == "a lot"
    assert labels["training_exercises", "how", "left_out"] == "left out"


def test_somebody_who_is_blinded_gets_none_of_it(browse_as: Any, app: Any) -> None:
    everything.train(came())
    db.session.commit()
    files = take(browse_as(make.staff(Role.RESEARCHER)))
    assert not any(name.startswith(("training", "dose")) for name in files)
    assert db.session.scalar(sa.text("SELECT count(*) FROM trained")) == 1
