"""Planning what is asked: by baseline, arm and study file."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remote_training.assessments import queries, service
from remote_training.assessments.models import Assessment, Form
from remote_training.assessments.sitting import forms_of
from remote_training.core.db import db, unit_of_work
from remote_training.participants.models import Allocation
from remote_training.studies import load
from remote_training.studies.current import study
from remote_training.studies.schedule import schedule
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

pytestmark = pytest.mark.usefixtures("app")


def weeks(participant):
    """The weeks in which she is asked something."""
    return [row.week for row in queries.of(participant)]


def asked(row):
    """The questionnaires of a sitting, in their order."""
    return [form.instrument for form in forms_of(row)]


@pytest.fixture
def change_study(app, tmp_path):
    """Run another study file from now on: the shipped one with something replaced in it."""
    before = app.extensions["study"]

    def change(*replacements):
        text = (load.SHIPPED / "lion.toml").read_text()
        for was, becomes in replacements:
            assert was in text
            text = text.replace(was, becomes)
        path = tmp_path / f"study{len(list(tmp_path.iterdir()))}.toml"
        path.write_text(text)
        app.extensions["study"] = load.load(path)

    yield change
    app.extensions["study"] = before


class TestPlan:
    def test_the_waiting_list_has_one_time_point_more(self):
        for arm in ("exercise", "waitlist"):
            service.plan(make.participant(arm=arm), now=NOON)

        found = sa.select(Allocation.arm, Assessment.week).join(
            Assessment, Assessment.participant_id == Allocation.participant_id
        )
        rows = db.session.execute(found.order_by(Assessment.week)).all()
        assert [week for arm, week in rows if arm == "exercise"] == [0, 6, 12, 24, 36]
        assert [week for arm, week in rows if arm == "waitlist"] == [0, 6, 12, 18, 24, 36]

    def test_a_time_point_is_one_sitting_of_all_that_can_be_asked(self):
        row = service.plan(make.participant(), now=NOON)[0]

        planned = schedule(study(), "exercise")[0]
        assert asked(row) == [instrument.code for instrument in planned.instruments]
        assert {"neuropathy-nrs", "phq-9", "gad-7"} <= set(asked(row))
        assert "qlq-c30" in planned.point.instruments
        assert "qlq-c30" not in asked(row)
        assert row.minutes == sum(instrument.minutes for instrument in planned.instruments)

    def test_its_days_are_those_of_the_study_file(self):
        row = service.plan(make.participant(), now=NOON)[1]

        due_on = TODAY + timedelta(weeks=6)
        assert (row.opens_on, row.due_on) == (due_on - timedelta(days=7), due_on)
        assert row.overdue_on == due_on + timedelta(days=7)
        assert row.start_by_on == row.closes_on == due_on + timedelta(days=14)

    def test_planning_twice_changes_nothing(self):
        ada = make.participant()

        first = {row.id for row in service.plan(ada, now=NOON)}
        forms = set(db.session.scalars(sa.select(Form.id)))

        assert {row.id for row in service.plan(ada, now=NOON)} == first
        assert set(db.session.scalars(sa.select(Form.id))) == forms

    @pytest.mark.parametrize("missing", ["baseline_on", "consented_on"])
    def test_without_baseline_or_consent_nothing_is_asked(self, missing):
        assert service.plan(make.participant(**{missing: None}), now=NOON) == []

    def test_after_withdrawal_nothing_new_is_asked(self):
        assert service.plan(make.participant(withdrawn_on=TODAY), now=NOON) == []

    def test_a_corrected_baseline_moves_what_was_not_begun(self):
        ada = make.participant()
        week_0, week_6, *_ = service.plan(ada, now=NOON)
        make.answer(week_0, "numb_hands", 3)
        ada.baseline_on = TODAY + timedelta(days=2)

        service.plan(ada, now=NOON)

        assert week_0.due_on == TODAY
        assert week_6.due_on == TODAY + timedelta(days=44)

    def test_a_baseline_taken_back_takes_back_what_was_not_begun(self):
        ada = make.participant()
        week_0, *_ = service.plan(ada, now=NOON)
        make.answer(week_0, "numb_hands", 3)
        ada.baseline_on = None

        assert service.plan(ada, now=NOON) == [week_0]
        assert db.session.scalars(sa.select(Form.assessment_id).distinct()).all() == [week_0.id]

    def test_an_arm_that_is_recorded_later_adds_what_it_alone_has(self):
        ada = make.participant(arm=None)
        service.plan(ada, now=NOON)
        assert weeks(ada) == [0, 6, 12, 24, 36]
        db.session.add(Allocation(participant_id=ada.id, arm="waitlist", allocated_on=TODAY))
        db.session.flush()

        service.plan(ada, now=NOON)

        assert weeks(ada) == [0, 6, 12, 18, 24, 36]

    @pytest.mark.parametrize("begun", [False, True])
    def test_a_corrected_arm_takes_away_what_was_not_begun_alone(self, begun):
        ada = make.participant(arm="waitlist")
        week_18 = service.plan(ada, now=NOON)[3]
        if begun:
            make.answer(week_18, "numb_hands", 3, now=NOON + timedelta(weeks=18))
        allocation = db.session.scalars(sa.select(Allocation)).one()
        allocation.arm = "exercise"
        db.session.flush()

        service.plan(ada, now=NOON)

        assert (18 in weeks(ada)) is begun
        assert service.plan_missing(now=NOON) == 0

    def test_two_who_plan_at_the_same_moment_plan_once(self, app):
        ids = [make.participant().id for _ in range(3)]
        start, faults = threading.Barrier(6), []

        def run():
            with app.app_context():
                try:
                    start.wait()
                    with unit_of_work():
                        service.plan_missing(now=NOON)
                except Exception as fault:
                    faults.append(fault)

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        db.session.rollback()
        rows = db.session.scalars(sa.select(Assessment.participant_id)).all()
        assert faults == []
        assert sorted(map(str, rows)) == sorted(str(id_) for id_ in ids for _ in range(5))
        forms = len(schedule(study(), "exercise")[0].instruments)
        assert db.session.scalar(sa.select(sa.func.count(Form.id))) == 15 * forms


class TestPlanMissing:
    def test_it_finds_those_who_are_not_asked_what_they_should_be(self):
        make.participant()
        make.participant(baseline_on=None)
        make.participant(withdrawn_on=TODAY)

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert db.session.scalar(sa.select(sa.func.count(Assessment.id))) == 5

    def test_it_finds_a_baseline_that_was_corrected(self):
        ada = make.participant()
        service.plan_missing(now=NOON)
        ada.baseline_on = TODAY + timedelta(days=1)

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert queries.of(ada)[0].due_on == TODAY + timedelta(days=1)

    def test_it_finds_a_baseline_that_was_taken_back(self):
        ada = make.participant()
        service.plan_missing(now=NOON)
        ada.baseline_on = None

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert queries.of(ada) == []

    @pytest.mark.parametrize(("before", "after"), [(None, "waitlist"), ("waitlist", "exercise")])
    def test_it_finds_an_arm_that_changed(self, before, after):
        ada = make.participant(arm=before)
        service.plan_missing(now=NOON)
        db.session.execute(sa.delete(Allocation))
        db.session.add(Allocation(participant_id=ada.id, arm=after, allocated_on=TODAY))

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert (18 in weeks(ada)) is (after == "waitlist")

    def test_what_was_begun_is_in_step_whatever_the_baseline(self):
        ada = make.participant()
        for row in service.plan(ada, now=NOON):
            row.started_at = NOON
        ada.baseline_on = TODAY + timedelta(days=1)

        assert service.plan_missing(now=NOON) == 0

    def test_a_changed_window_of_the_study_is_followed(self, change_study):
        ada = make.participant()
        service.plan(ada, now=NOON)
        change_study(("\ncloses_days_after = 14", "\ncloses_days_after = 16"))

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert {row.closes_on - row.due_on for row in queries.of(ada)} == {timedelta(days=16)}

    def test_a_changed_questionnaire_is_followed_and_what_was_begun_stays(self, change_study):
        ada = make.participant()
        week_0, week_6, *_ = service.plan(ada, now=NOON)
        make.answer(week_0, "numb_hands", 3)
        before = asked(week_0)
        change_study(('"phq-9", ', ""))

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert asked(week_0) == before
        assert asked(week_6) == [code for code in before if code != "phq-9"]

    def test_a_time_point_that_the_study_drops_goes_where_it_was_not_begun(self, change_study):
        ada = make.participant()
        service.plan(ada, now=NOON)
        text = (load.SHIPPED / "lion.toml").read_text()
        change_study((text[text.rindex("[[timepoints]]") :], ""))

        assert service.plan_missing(now=NOON) == 1
        assert weeks(ada) == [0, 6, 12, 24]

    def test_a_questionnaire_may_be_for_one_arm_alone(self, change_study):
        only = 'code = "w6"\nonly_arms = { "gad-7" = ["waitlist"] }'
        change_study(('code = "w6"', only))
        rows = {arm: service.plan(make.participant(arm=arm), now=NOON)[1] for arm in
                ("exercise", "waitlist")}  # fmt: skip

        assert "gad-7" in asked(rows["waitlist"])
        assert "gad-7" not in asked(rows["exercise"])
        assert service.plan_missing(now=NOON) == 0

    def test_looking_costs_one_statement_whatever_the_number(self, count_queries):
        for arm in ("exercise", "waitlist", None, "exercise"):
            service.plan(make.participant(arm=arm), now=NOON)
        db.session.commit()
        count_queries.clear()

        assert service.plan_missing(now=NOON) == 0

        assert len([s for s in count_queries if s.startswith("SELECT")]) == 1
