"""What one participant is asked, by the address."""

from __future__ import annotations

from remote_training.accounts.models import Grant, Role
from remote_training.core.db import db
from tests import make


def points(program, her):
    answer = program.get(f"/participants/{her.study_number}/timeline")
    assert answer.status_code == 200
    return answer.get_json()["timepoints"]


def test_it_says_where_each_time_point_stands_and_no_answer(coordinator):
    sitting = make.assessment()
    make.answer(sitting, "numb_feet", 7)
    db.session.commit()
    (point,) = points(coordinator, sitting.participant)
    assert (point["timepoint"], point["week"], point["state"]) == ("w0", 0, "partial")
    assert point["due_on"] == sitting.due_on.isoformat()
    assert point["questionnaires"] == [
        {"instrument": "neuropathy-nrs", "version": "1.0", "questions": 7, "answered": 1}
    ]


def test_a_study_number_is_found_however_it_is_typed(coordinator):
    her = make.participant()
    typed = f"{her.study_number[:3].lower()}-{her.study_number[3:]}"
    answer = coordinator.get(f"/participants/{typed}/timeline")
    assert answer.get_json()["study_number"] == her.study_number


def test_a_coordinator_who_is_blinded_sees_no_time_point_of_one_arm(program_of):
    who = make.staff(Role.COORDINATOR)
    her = make.participant(arm="waitlist")
    for code, week in (("w0", 0), ("w18", 18)):
        make.assessment(participant=her, timepoint=code, week=week)
    program = program_of(who)
    assert [point["timepoint"] for point in points(program, her)] == ["w0", "w18"]
    blinded = Grant(account_id=who.id, role=Role.RESEARCHER, site_id=make.site().id)
    db.session.add(blinded)
    db.session.commit()
    assert [point["timepoint"] for point in points(program, her)] == ["w0"]


def test_the_arm_stands_in_no_answer(coordinator):
    for arm in ("exercise", "waitlist"):
        her = make.participant(arm=arm)
        make.assessment(participant=her)
        for what in ("timeline", "classes"):
            text = coordinator.get(f"/participants/{her.study_number}/{what}").text
            assert arm not in text
