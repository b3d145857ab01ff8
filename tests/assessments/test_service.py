"""Keeping what is answered."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from remote_training.assessments import answers, queries, service
from remote_training.assessments.errors import AlreadySent, NoSuchAnswer, NotOpenYet, Over
from remote_training.assessments.models import Answer, AnswerState, Device
from remote_training.assessments.sitting import sitting
from remote_training.audit.models import Entry
from remote_training.core.db import db, unit_of_work
from remote_training.core.errors import NotFound
from remote_training.instruments import load as instruments
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

ITEM = "numb_hands"
MINUTE = timedelta(minutes=1)
GIVEN, DECLINED = AnswerState.GIVEN, AnswerState.DECLINED
pytestmark = pytest.mark.usefixtures("app")


def kept(assessment, item=ITEM):
    """Every row of an answer, in the order in which it was given: value, whether it stands."""
    db.session.flush()
    found = sa.select(Answer).where(Answer.form_id == make.form(assessment).id, Answer.item == item)
    rows = db.session.scalars(found.order_by(Answer.given_at, Answer.answered_at)).all()
    return [(row.value, row.replaced_at is None) for row in rows]


class TestSave:
    def test_an_answer_is_kept_and_begins_the_sitting_and_its_form(self):
        week_0 = make.assessment(forms=("neuropathy-nrs", "gad-7"))

        make.answer(week_0, ITEM, 7, language="nl", translation="nl-1", device=Device.PHONE)

        assert kept(week_0) == [(7, True)]
        assert (week_0.started_at, week_0.opened_at, week_0.last_answer_at) == (NOON,) * 3
        assert week_0.device_kind is Device.PHONE
        form, other = make.form(week_0), make.form(week_0, "gad-7")
        assert (form.started_at, form.language, form.translation) == (NOON, "nl", "nl-1")
        assert other.started_at is None
        (row,) = db.session.scalars(sa.select(Answer))
        assert (row.language, row.translation) == ("nl", "nl-1")

    def test_what_does_not_apply_is_kept_apart_from_what_she_keeps_back(self):
        week_0 = make.assessment()

        make.answer(week_0, ITEM, None)
        make.answer(week_0, "numb_feet", None, state=AnswerState.NOT_APPLICABLE)

        states = {q.item.code: q.answer and q.answer.state for q in sitting(week_0).questions}
        assert states[ITEM] is DECLINED
        assert states["numb_feet"] is AnswerState.NOT_APPLICABLE
        assert states["pain_feet"] is None

    def test_the_same_answer_again_changes_nothing(self):
        week_0 = make.assessment()
        assert make.answer(week_0, ITEM, 7) is True

        assert make.answer(week_0, ITEM, 7, now=NOON + MINUTE) is False

        assert kept(week_0) == [(7, True)]

    def test_another_answer_replaces_it_and_the_first_one_stays_on_record(self):
        week_0 = make.assessment()

        for minute, value in enumerate([7, None, 0, 7]):
            make.answer(week_0, ITEM, value, now=NOON + minute * MINUTE)

        assert kept(week_0) == [(7, False), (None, False), (0, False), (7, True)]

    def test_an_older_one_that_arrives_late_is_on_record_and_does_not_stand(self):
        week_0 = make.assessment()
        make.answer(week_0, ITEM, 7, now=NOON)

        added = make.answer(week_0, ITEM, 2, now=NOON + MINUTE, given_at=NOON - 5 * MINUTE)

        assert added is True
        assert kept(week_0) == [(2, False), (7, True)]

    def test_the_newest_by_when_it_was_given_stands_in_whatever_order_they_arrive(self):
        given = [(1, 4), (3, 6), (2, 9), (5, 0), (4, 3)]
        week_0 = make.assessment()

        for arrival, (minute, value) in enumerate(given):
            make.answer(
                week_0, ITEM, value,
                now=NOON + timedelta(hours=1, seconds=arrival), given_at=NOON + minute * MINUTE,
            )  # fmt: skip

        assert kept(week_0) == [(4, False), (9, False), (6, False), (3, False), (0, True)]

    def test_of_two_given_at_the_same_moment_the_later_to_arrive_stands(self):
        week_0 = make.assessment()

        make.answer(week_0, ITEM, 7, now=NOON + MINUTE, given_at=NOON)
        make.answer(week_0, ITEM, 2, now=NOON + 2 * MINUTE, given_at=NOON)

        assert kept(week_0) == [(7, False), (2, True)]

    def test_who_says_the_same_again_later_means_it_against_what_comes_from_before(self):
        week_0 = make.assessment()
        make.answer(week_0, ITEM, 7, now=NOON)
        make.answer(week_0, ITEM, 7, now=NOON + 10 * MINUTE)

        make.answer(week_0, ITEM, 2, now=NOON + 11 * MINUTE, given_at=NOON + 5 * MINUTE)

        assert sorted(kept(week_0)) == [(2, False), (7, True)]

    def test_the_same_press_again_is_acknowledged_and_changes_nothing(self):
        week_0, key = make.assessment(), uuid4()
        make.answer(week_0, ITEM, 7, client_key=key, given_at=NOON)
        make.answer(week_0, ITEM, 2, now=NOON + MINUTE, client_key=uuid4(), given_at=NOON)

        again = make.answer(week_0, ITEM, 7, now=NOON + 9 * MINUTE, client_key=key)

        assert again is False
        assert kept(week_0) == [(7, False), (2, True)]

    def test_a_clock_that_runs_ahead_gives_no_answer_from_the_future(self):
        week_0 = make.assessment()
        make.answer(week_0, ITEM, 7, given_at=NOON + timedelta(days=3))

        make.answer(week_0, ITEM, 2, now=NOON + MINUTE)

        assert kept(week_0) == [(7, False), (2, True)]

    @pytest.mark.parametrize("value", [-1, 11, 2.5, True])
    def test_what_the_scale_does_not_have_is_refused(self, value):
        week_0 = make.assessment()

        with pytest.raises(NoSuchAnswer, match="from 0 to 10"):
            make.answer(week_0, ITEM, value)

        assert kept(week_0) == []

    def test_an_item_that_is_not_asked_is_not_there(self):
        with pytest.raises(NotFound):
            make.answer(make.assessment(), "phq9", 1)

    def test_versions_of_all_its_forms_stay_those_of_the_first_answer(self):
        week_0 = make.assessment(forms=("neuropathy-nrs", "gad-7"), instrument_version="0.9")

        make.answer(week_0, ITEM, 7)

        for code in ("neuropathy-nrs", "gad-7"):
            version = make.form(week_0, code).instrument_version
            assert version == instruments.instrument(code).version

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
        assert week_0.ends_at == last_moment + MINUTE

        with pytest.raises(Over):
            make.answer(week_0, ITEM, 8, now=last_moment + MINUTE)
        make.answer(week_0, ITEM, 7, now=last_moment)

        assert kept(week_0) == [(7, True)]

    def test_who_is_in_the_middle_when_it_closes_may_go_on_as_long_as_she_goes_on(self):
        week_0 = make.assessment()
        late = datetime(2026, 12, 8, 22, 50, tzinfo=UTC)
        for answer in range(4):
            make.answer(week_0, ITEM, answer, now=late + answer * timedelta(minutes=59))

        with pytest.raises(Over):
            make.answer(week_0, ITEM, 9, now=late + timedelta(minutes=3 * 59 + 60))

        assert week_0.ends_at == late + timedelta(minutes=3 * 59 + 60)
        assert len(kept(week_0)) == 4

    def test_the_last_day_to_begin_may_come_before_the_last_day_to_go_on(self):
        after = NOON + timedelta(days=3)
        begun, never = (make.assessment(start_by_on=TODAY + timedelta(days=2)) for _ in range(2))
        make.answer(begun, ITEM, 1)

        make.answer(begun, ITEM, 2, now=after)
        with pytest.raises(Over):
            make.answer(never, ITEM, 2, now=after)

    def test_what_she_gave_in_time_is_taken_when_the_network_comes_back(self):
        week_0 = make.assessment()
        after = NOON + timedelta(days=15)

        make.answer(week_0, ITEM, 7, now=after, given_at=NOON, client_key=uuid4())
        with pytest.raises(Over):
            make.answer(week_0, "numb_feet", 7, now=after, given_at=after)

        assert kept(week_0) == [(7, True)]

    def test_before_the_window_it_is_too_early(self):
        week_0 = make.assessment(opens_on=TODAY + timedelta(days=1))

        with pytest.raises(NotOpenYet, match="too early"):
            make.answer(week_0, ITEM, 7)

    @pytest.mark.parametrize("change", [{"withdrawn_on": TODAY}, {"consented_on": None}])
    def test_after_withdrawal_or_without_consent_nothing_is_kept(self, change):
        week_0 = make.assessment(participant=make.participant(**change))

        for told in ({}, {"given_at": NOON - timedelta(days=1)}):
            with pytest.raises(Over):
                make.answer(week_0, ITEM, 7, **told)

        assert kept(week_0) == []

    def test_what_was_sent_stays_but_what_she_gave_before_still_arrives(self):
        week_0 = make.assessment()
        make.answer(week_0, ITEM, 7)
        service.finish(week_0, now=NOON + MINUTE)

        with pytest.raises(AlreadySent):
            make.answer(week_0, ITEM, 8, now=NOON + 2 * MINUTE)
        make.answer(week_0, "numb_feet", 3, now=NOON + 3 * MINUTE, given_at=NOON)

        assert kept(week_0) == [(7, True)]
        assert kept(week_0, "numb_feet") == [(3, True)]

    def test_it_costs_the_same_few_statements_however_much_is_stored(self, count_queries):
        week_0 = make.assessment()
        form, counts = make.form(week_0), []
        for n, item in enumerate(instruments.instrument("neuropathy-nrs").items):
            count_queries.clear()
            moment = NOON + n * MINUTE
            service.save(week_0, form, item.code, 7, now=moment, client_key=uuid4())
            db.session.flush()
            counts.append([s.split()[0] for s in count_queries])

        assert counts[1:] == [["UPDATE", "INSERT"]] * 6
        count_queries.clear()
        service.save(week_0, form, item.code, 8, now=moment + MINUTE, client_key=uuid4())
        db.session.flush()
        changed = [s.split()[0] for s in count_queries]
        assert changed == ["UPDATE", "INSERT", "UPDATE", "INSERT"]


class TestFinish:
    def test_the_end_comes_once(self):
        week_0 = make.assessment()
        make.answer(week_0, ITEM, 7)

        service.finish(week_0, now=NOON)
        service.finish(week_0, now=NOON + timedelta(hours=1))
        db.session.flush()

        assert week_0.completed_at == NOON
        actions = db.session.scalars(sa.select(Entry.action)).all()
        assert actions == ["assessments.finish"]

    def test_what_was_not_answered_has_no_row_and_its_form_is_not_complete(self):
        week_0 = make.assessment(forms=("neuropathy-nrs", "gad-7"))
        make.answer(week_0, ITEM, 7)
        gad = make.form(week_0, "gad-7")
        for n, item in enumerate(instruments.instrument("gad-7").items):
            service.save(week_0, gad, item.code, 1, now=NOON + n * MINUTE)

        service.finish(week_0, now=NOON + timedelta(hours=1))

        assert db.session.scalar(sa.select(sa.func.count(Answer.id))) == sitting(week_0).done
        assert make.form(week_0).completed_at is None
        last = len(instruments.instrument("gad-7").items) - 1
        assert gad.completed_at == NOON + last * MINUTE

    def test_after_the_window_it_is_over_but_pressing_again_is_not(self):
        late = NOON + timedelta(days=30)
        week_0, sent = make.assessment(), make.assessment(completed_at=NOON, started_at=NOON)

        with pytest.raises(Over):
            service.finish(week_0, now=late)

        service.finish(sent, now=late)
        assert sent.completed_at == NOON


class TestQueries:
    def test_open_are_those_that_she_may_answer_and_has_not_sent(self):
        ada = make.participant()
        week_0, week_6, *_ = service.plan(ada, now=NOON)

        def at(day):
            return queries.open_for(ada, now=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))

        assert at(TODAY) == [week_0]
        assert at(week_6.opens_on) == [week_6]
        assert at(week_0.closes_on) == [week_0]
        assert at(week_0.closes_on + timedelta(days=1)) == []
        service.finish(week_0, now=NOON)
        assert at(TODAY) == []

    def test_a_sitting_knows_the_first_question_without_an_answer_and_counts_them_all(self):
        week_0 = make.assessment(forms=("neuropathy-nrs", "gad-7"))
        make.answer(week_0, ITEM, 7)
        make.answer(week_0, "tingling_hands", None)

        asked = sitting(week_0)

        items = instruments.instrument("gad-7").items
        assert (asked.done, asked.total, asked.next.number) == (2, 7 + len(items), 2)
        assert [part.done for part in asked.parts] == [2, 0]
        assert asked.question(8).key == f"gad-7/{items[0].code}"
        assert asked.named(f"gad-7/{items[0].code}").number == 8
        assert asked.after(asked.question(7)) == asked.question(8)
        assert asked.after(asked.question(asked.total)) is None

    def test_reading_a_sitting_costs_two_statements(self, count_queries):
        week_0 = make.assessment(forms=("neuropathy-nrs", "gad-7", "phq-9"))
        make.answer(week_0, ITEM, 7)
        db.session.flush()
        count_queries.clear()

        sitting(week_0)

        assert len(count_queries) == 2

    def test_somebody_elses_are_not_there(self):
        week_0 = make.assessment()
        account_id = week_0.participant.account_id

        assert queries.mine(week_0.id, account_id) is week_0
        with pytest.raises(NotFound):
            queries.mine(week_0.id, make.participant().account_id)


def at_once(app, jobs):
    """Run each in a thread of its own, all at the same moment; the faults."""
    start, faults = threading.Barrier(len(jobs)), []

    def run(job):
        with app.app_context():
            try:
                start.wait()
                with unit_of_work():
                    job()
            except Exception as fault:
                faults.append(fault)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return faults


def test_answers_at_the_same_moment_leave_the_newest_and_keep_them_all(app):
    week_0 = make.assessment()
    ids = week_0.id, week_0.participant.account_id

    def answer(value):
        def save():
            mine = queries.mine(*ids, to_change=True)
            make.answer(mine, ITEM, value, now=NOON + MINUTE, given_at=NOON + timedelta(0, value))

        return save

    faults = at_once(app, [answer(value) for value in range(8)])

    assert faults == []
    assert kept(week_0) == [(value, value == 7) for value in range(8)]


@pytest.mark.parametrize("times", [1, 8])
def test_the_same_press_delivered_eight_times_at_once_is_kept_once(app, times):
    week_0, key = make.assessment(), uuid4()
    form_id = make.form(week_0).id

    def deliver(n):
        def write():
            told = {"state": GIVEN, "value": 5, "language": "en", "translation": None}
            moment = NOON + timedelta(0, n)
            answers.write(
                form_id, ITEM, given_at=moment, client_key=key, now=moment, **told
            ) or answers.write(form_id, ITEM, given_at=moment, client_key=key, now=moment, **told)

        return write

    faults = at_once(app, [deliver(n) for n in range(times)])

    assert faults == []
    assert kept(week_0) == [(5, True)]


def test_without_the_guards_of_the_database_two_would_stand(app):
    """The control: two plain inserts of the same press, which the indexes refuse."""
    week_0, key = make.assessment(), uuid4()
    fields = {
        "form_id": make.form(week_0).id,
        "item": ITEM,
        "state": GIVEN,
        "language": "en",
        "given_at": NOON,
        "answered_at": NOON,
    }
    db.session.add(Answer(**fields, value=7, client_key=key))
    db.session.flush()

    for refused in ({"value": 8}, {"value": 8, "client_key": key, "replaced_at": NOON}):
        with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
            db.session.add(Answer(**fields | refused))

    with db.session.begin_nested():
        db.session.add(Answer(**fields, value=8, replaced_at=NOON))  # one that is replaced may
