"""Planning what is asked, keeping what is answered."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from remote_training.assessments import queries, service
from remote_training.assessments.errors import AlreadySent, NoSuchAnswer, NotOpenYet, Over
from remote_training.assessments.models import Answer, AnswerState, Assessment
from remote_training.audit.models import Entry
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.instruments import load as instruments
from remote_training.studies.current import study
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

ITEM = "numb_hands"
pytestmark = pytest.mark.usefixtures("app")


def kept(assessment, item=ITEM):
    """Every row of an answer, oldest first: value, state, whether it stands."""
    db.session.flush()
    found = sa.select(Answer).where(Answer.assessment_id == assessment.id, Answer.item == item)
    rows = db.session.scalars(found.order_by(Answer.answered_at)).all()
    return [(row.value, row.state, row.replaced_at is None) for row in rows]


class TestPlan:
    def test_everybody_is_asked_in_weeks_0_6_and_12_after_baseline(self):
        rows = service.plan(make.participant(), now=NOON)

        assert [(row.timepoint, row.due_on) for row in rows] == [
            ("w0", TODAY),
            ("w6", TODAY + timedelta(weeks=6)),
            ("w12", TODAY + timedelta(weeks=12)),
        ]
        assert rows[0].opens_on == TODAY - timedelta(days=7)
        assert rows[0].closes_on == TODAY + timedelta(days=14)

    def test_planning_twice_changes_nothing(self):
        ada = make.participant()

        first = {row.id for row in service.plan(ada, now=NOON)}

        assert {row.id for row in service.plan(ada, now=NOON)} == first

    @pytest.mark.parametrize("missing", ["baseline_on", "consented_on"])
    def test_without_baseline_or_consent_nothing_is_asked(self, missing):
        assert service.plan(make.participant(**{missing: None}), now=NOON) == []

    def test_after_withdrawal_nothing_new_is_asked(self):
        assert service.plan(make.participant(withdrawn_on=TODAY), now=NOON) == []

    def test_a_corrected_baseline_moves_what_was_not_begun(self):
        ada = make.participant()
        week_0, week_6, _ = service.plan(ada, now=NOON)
        service.save(week_0, ITEM, 3, now=NOON)
        ada.baseline_on = TODAY + timedelta(days=2)

        service.plan(ada, now=NOON)

        assert week_0.due_on == TODAY
        assert week_6.due_on == TODAY + timedelta(days=44)

    def test_a_baseline_taken_back_takes_back_what_was_not_begun(self):
        ada = make.participant()
        week_0, *_ = service.plan(ada, now=NOON)
        service.save(week_0, ITEM, 3, now=NOON)
        ada.baseline_on = None

        assert service.plan(ada, now=NOON) == [week_0]


class TestPlanMissing:
    def test_it_finds_those_who_are_not_asked_what_they_should_be(self):
        make.participant()
        make.participant(baseline_on=None)
        make.participant(withdrawn_on=TODAY)

        assert service.plan_missing(now=NOON) == 1
        assert service.plan_missing(now=NOON) == 0
        assert db.session.scalar(sa.select(sa.func.count(Assessment.id))) == 3

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

    def test_what_was_begun_is_in_step_whatever_the_baseline(self):
        ada = make.participant()
        for row in service.plan(ada, now=NOON):
            row.started_at = NOON
        ada.baseline_on = TODAY + timedelta(days=1)

        assert service.plan_missing(now=NOON) == 0

    def test_a_changed_window_of_the_study_is_followed(self):
        ada = make.participant()
        service.plan(ada, now=NOON)
        queries.of(ada)[1].closes_on += timedelta(days=1)

        assert service.plan_missing(now=NOON) == 1

    def test_looking_costs_one_statement_whatever_the_number(self, count_queries):
        for _ in range(4):
            service.plan(make.participant(), now=NOON)
        db.session.commit()
        count_queries.clear()

        assert service.plan_missing(now=NOON) == 0

        assert len([s for s in count_queries if s.startswith("SELECT")]) == 1


class TestSave:
    def test_an_answer_is_kept_and_begins_the_form(self):
        week_0 = make.assessment()

        service.save(week_0, ITEM, 7, now=NOON, language="nl")

        assert kept(week_0) == [(7, AnswerState.GIVEN, True)]
        assert (week_0.started_at, week_0.language) == (NOON, "nl")

    def test_rather_not_answer_is_kept_apart_from_not_answered(self):
        week_0 = make.assessment()

        service.save(week_0, ITEM, None, now=NOON)

        assert kept(week_0) == [(None, AnswerState.DECLINED, True)]
        assert kept(week_0, "numb_feet") == []

    def test_the_same_answer_again_changes_nothing(self):
        week_0 = make.assessment()
        service.save(week_0, ITEM, 7, now=NOON)

        service.save(week_0, ITEM, 7, now=NOON + timedelta(minutes=1))

        assert kept(week_0) == [(7, AnswerState.GIVEN, True)]

    def test_another_answer_replaces_it_and_the_first_one_stays_on_record(self):
        week_0 = make.assessment()

        for minute, value in enumerate([7, None, 0, 7]):
            service.save(week_0, ITEM, value, now=NOON + timedelta(minutes=minute))

        assert kept(week_0) == [
            (7, AnswerState.GIVEN, False),
            (None, AnswerState.DECLINED, False),
            (0, AnswerState.GIVEN, False),
            (7, AnswerState.GIVEN, True),
        ]

    @pytest.mark.parametrize("value", [-1, 11, 2.5, True])
    def test_what_the_scale_does_not_have_is_refused(self, value):
        week_0 = make.assessment()

        with pytest.raises(NoSuchAnswer, match="from 0 to 10"):
            service.save(week_0, ITEM, value, now=NOON)

        assert kept(week_0) == []

    def test_an_item_that_is_not_asked_is_not_there(self):
        with pytest.raises(NotFound):
            service.save(make.assessment(), "phq9", 1, now=NOON)

    def test_the_version_stays_that_of_the_first_answer(self):
        week_0 = make.assessment(instrument_version="0.9")

        service.save(week_0, ITEM, 7, now=NOON)

        assert week_0.instrument_version == instruments.instrument(week_0.instrument).version
        assert queries.form(week_0).version == week_0.instrument_version

    @pytest.mark.parametrize(
        ("zone", "last_moment"),
        [
            ("Europe/Amsterdam", datetime(2026, 12, 8, 22, 59, tzinfo=UTC)),
            ("Australia/Melbourne", datetime(2026, 12, 8, 12, 59, tzinfo=UTC)),
        ],
    )
    def test_the_window_ends_with_the_day_where_she_is(self, zone, last_moment):
        week_0 = make.assessment(participant=make.participant(zone=zone))
        assert week_0.closes_on == date(2026, 12, 8)

        service.save(week_0, ITEM, 7, now=last_moment)
        with pytest.raises(Over):
            service.save(week_0, ITEM, 8, now=last_moment + timedelta(minutes=1))

        assert week_0.closes_at == last_moment + timedelta(minutes=1)

    def test_before_the_window_it_is_too_early(self):
        week_0 = make.assessment(opens_on=TODAY + timedelta(days=1))

        with pytest.raises(NotOpenYet, match="too early"):
            service.save(week_0, ITEM, 7, now=NOON)

    def test_after_withdrawal_nothing_is_kept(self):
        week_0 = make.assessment(participant=make.participant(withdrawn_on=TODAY))

        with pytest.raises(Over):
            service.save(week_0, ITEM, 7, now=NOON)

    def test_what_was_sent_stays_as_it_is(self):
        week_0 = make.assessment()
        service.save(week_0, ITEM, 7, now=NOON)
        service.finish(week_0, now=NOON)

        with pytest.raises(AlreadySent):
            service.save(week_0, ITEM, 8, now=NOON)

        assert kept(week_0) == [(7, AnswerState.GIVEN, True)]

    def test_it_costs_two_statements_however_much_is_stored(self, count_queries):
        week_0 = make.assessment()
        counts = []
        for item in queries.form(week_0).items:
            count_queries.clear()
            service.save(week_0, item.code, 7, now=NOON)
            counts.append(len(count_queries))

        assert counts[1:] == [2] * 6


class TestFinish:
    def test_the_end_comes_once(self):
        week_0 = make.assessment()
        service.save(week_0, ITEM, 7, now=NOON)

        service.finish(week_0, now=NOON)
        service.finish(week_0, now=NOON + timedelta(hours=1))
        db.session.flush()

        assert week_0.completed_at == NOON
        actions = db.session.scalars(sa.select(Entry.action)).all()
        assert actions == ["assessments.finish"]

    def test_what_was_not_answered_has_no_row(self):
        week_0 = make.assessment()
        service.save(week_0, ITEM, 7, now=NOON)

        service.finish(week_0, now=NOON)

        assert list(queries.answers(week_0)) == [ITEM]

    def test_after_the_window_it_is_over_but_pressing_again_is_not(self):
        late = NOON + timedelta(days=30)
        week_0, sent = make.assessment(), make.assessment(completed_at=NOON, started_at=NOON)

        with pytest.raises(Over):
            service.finish(week_0, now=late)

        service.finish(sent, now=late)
        assert sent.completed_at == NOON


class TestQueries:
    def test_open_are_those_whose_window_has_today_and_that_were_not_sent(self):
        ada = make.participant()
        week_0, week_6, _ = service.plan(ada, now=NOON)

        assert queries.open_for(ada, today=TODAY) == [week_0]
        assert queries.open_for(ada, today=week_6.opens_on) == [week_6]
        assert queries.open_for(ada, today=week_0.closes_on) == [week_0]
        assert queries.open_for(ada, today=week_0.closes_on + timedelta(days=1)) == []
        service.finish(week_0, now=NOON)
        assert queries.open_for(ada, today=TODAY) == []

    def test_progress_knows_the_first_question_without_an_answer(self):
        week_0 = make.assessment()
        service.save(week_0, "numb_hands", 7, now=NOON)
        service.save(week_0, "tingling_hands", None, now=NOON)

        assert queries.progress(week_0) == queries.Progress(done=2, total=7, next=2)

    def test_somebody_elses_are_not_there(self):
        week_0 = make.assessment()
        account_id = week_0.participant.account_id

        assert queries.mine(week_0.id, account_id) is week_0
        with pytest.raises(NotFound):
            queries.mine(week_0.id, make.participant().account_id)


def test_two_answers_at_the_same_moment_leave_one_that_stands(app):
    week_0 = make.assessment()
    ids = week_0.id, week_0.participant.account_id
    start, faults = threading.Barrier(8), []

    def answer(value):
        with app.app_context():
            try:
                start.wait()
                with unit_of_work():
                    mine = queries.mine(*ids, to_change=True)
                    service.save(mine, ITEM, value, now=NOON + timedelta(seconds=value))
            except Exception as fault:
                faults.append(fault)

    threads = [threading.Thread(target=answer, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.rollback()
    rows = kept(week_0)
    assert faults == []
    assert len(rows) == 8
    assert [stands for *_, stands in rows].count(True) == 1


def test_the_study_of_the_app_asks_the_form_of_the_catalogue():
    assert [code for _, code in queries.asked(study())] == ["neuropathy-nrs"] * 3


def test_the_database_itself_refuses_a_second_answer_that_stands():
    week_0 = make.assessment()
    service.save(week_0, ITEM, 7, now=NOON)
    fields = {
        "assessment_id": week_0.id,
        "item": ITEM,
        "state": AnswerState.GIVEN,
        "value": 8,
        "language": "en",
        "answered_at": NOON,
    }

    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.add(Answer(**fields))

    with db.session.begin_nested():
        db.session.add(Answer(**fields, replaced_at=NOON))  # one that no longer stands may
