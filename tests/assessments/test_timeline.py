"""Everything that is asked of one participant, with the study file as its only source."""

from __future__ import annotations

from datetime import timedelta

import pytest

from remote_training.assessments import service
from remote_training.assessments.states import State
from remote_training.assessments.timeline import timeline
from remote_training.core.db import db
from remote_training.studies.current import study
from remote_training.studies.timeline import timeline as of_study
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

pytestmark = pytest.mark.usefixtures("app")


def lines(her, arm="waitlist", *, now=NOON, shows_arm=True):
    return timeline(her, arm, now=now, shows_arm=shows_arm)


def test_it_tells_days_mails_state_and_how_many_are_done():
    her = make.participant(arm="waitlist")
    week_0, *_ = service.plan(her, now=NOON)
    make.answer(week_0, "numb_hands", 3)

    first, *later = lines(her)

    assert (first.state, first.sitting.done) == (State.PARTIAL, 1)
    assert first.sitting.total > 7
    assert first.mails_on == [TODAY, TODAY + timedelta(days=3), TODAY + timedelta(days=7)]
    assert {line.state for line in later} == {State.NOT_DUE}
    assert [line.assessment.week for line in later] == [6, 12, 18, 24, 36]
    assert "qlq-c30" in [one.code for one in first.left_out]


@pytest.mark.parametrize("arm", ["exercise", "waitlist"])
def test_the_rows_of_a_participant_are_what_the_command_prints(arm):
    her = make.participant(arm=arm)
    service.plan(her, now=NOON)
    steps = of_study(study(), study().arm(arm), baseline_on=her.baseline_on)

    printed = [(step.first_on, step.last_on, step.week) for step in steps if "due on" in step.what]

    rows = [line.assessment for line in lines(her, arm)]
    assert [(row.opens_on, row.closes_on, row.week) for row in rows] == printed
    for line, step in zip(lines(her, arm), [s for s in steps if "due on" in s.what], strict=True):
        codes = [part.form.instrument for part in line.sitting.parts]
        assert step.what.startswith(f"w{line.assessment.week}: {', '.join(codes)};")
        assert f"mails on {', '.join(map(str, line.mails_on))}" in step.more


def test_what_one_arm_alone_has_is_not_told_to_somebody_blinded():
    her = make.participant(arm="waitlist")
    service.plan(her, now=NOON)

    assert [line.assessment.week for line in lines(her, shows_arm=False)] == [0, 6, 12, 24, 36]
    assert 18 in [line.assessment.week for line in lines(her)]


def test_it_costs_the_same_for_one_answer_and_for_many(count_queries):
    her = make.participant(arm="waitlist")
    week_0, *_ = service.plan(her, now=NOON)

    def cost():
        db.session.commit()
        her.id  # noqa: B018 - read anew
        count_queries.clear()
        lines(her)
        return len(count_queries)

    few = cost()
    for item in ("numb_hands", "numb_feet", "pain_feet"):
        make.answer(week_0, item, 3)

    assert cost() == few
