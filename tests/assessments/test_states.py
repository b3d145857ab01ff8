"""Where a sitting stands: the rule, and its twin in SQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.assessments.states import State
from remote_training.core.db import db
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON
from tests.make import TODAY

ZONES = ("Europe/Amsterdam", "Australia/Melbourne", "America/Los_Angeles", "Pacific/Kiritimati")
CASES = 12
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def sitting(zone="Europe/Amsterdam", consented_on=TODAY - DAY, withdrawn_on=None, **changes):
    """A sitting that is in no database: open for the week before today, and the one after."""
    her = Participant(zone=zone, consented_on=consented_on, withdrawn_on=withdrawn_on)
    plain = {
        "opens_on": TODAY - 7 * DAY,
        "due_on": TODAY,
        "overdue_on": TODAY + 3 * DAY,
        "start_by_on": TODAY + 5 * DAY,
        "closes_on": TODAY + 7 * DAY,
    }
    return Assessment(**plain | changes, participant=her)


BEGUN = {"started_at": NOON}


@pytest.mark.parametrize(
    ("days", "changes", "state"),
    [
        pytest.param(-8, {}, State.NOT_DUE, id="the day before it opens"),
        pytest.param(-7, {}, State.DUE, id="the day on which it opens"),
        pytest.param(2, {}, State.DUE, id="the last day before it is overdue"),
        pytest.param(3, {}, State.OVERDUE, id="the day from which it is overdue"),
        pytest.param(5, {}, State.OVERDUE, id="the last day to begin"),
        pytest.param(6, {}, State.CLOSED, id="not begun by the last day to begin"),
        pytest.param(6, BEGUN, State.PARTIAL, id="begun, after the last day to begin"),
        pytest.param(7, BEGUN, State.PARTIAL, id="begun, the last day"),
        pytest.param(8, BEGUN, State.CLOSED, id="begun, after the last day"),
        pytest.param(0, BEGUN, State.PARTIAL, id="begun, on the day"),
        pytest.param(0, {"completed_at": NOON}, State.COMPLETE, id="sent"),
        pytest.param(30, {"completed_at": NOON}, State.COMPLETE, id="sent, long ago"),
        pytest.param(0, {"completed_at": NOON + DAY}, State.DUE, id="sent tomorrow"),
        pytest.param(1, {"withdrawn_on": TODAY}, State.WITHDRAWN, id="she left before the end"),
        pytest.param(30, {"withdrawn_on": TODAY}, State.WITHDRAWN, id="and stays so"),
        pytest.param(30, {"withdrawn_on": TODAY + 6 * DAY}, State.CLOSED, id="left after the end"),
        pytest.param(30, {"withdrawn_on": TODAY + 6 * DAY, **BEGUN}, State.WITHDRAWN, id="begun"),
        pytest.param(
            1, {"withdrawn_on": TODAY, "completed_at": NOON}, State.COMPLETE, id="sent, then left"
        ),
        pytest.param(0, {"consented_on": None}, State.NOT_DUE, id="without consent"),
    ],
)
def test_where_a_sitting_stands(days, changes, state):
    assert states.state(sitting(**changes), now=NOON + days * DAY) is state


@pytest.mark.parametrize(
    ("minutes", "state"), [(59, State.PARTIAL), (60, State.CLOSED), (61, State.CLOSED)]
)
def test_who_is_in_the_middle_may_go_on_for_a_while(minutes, state):
    midnight = datetime(2026, 12, 1, 23, tzinfo=UTC)
    begun = sitting(goes_on_until=midnight + timedelta(minutes=60), **BEGUN)

    assert states.state(begun, now=midnight + minutes * MINUTE) is state
    assert states.is_open(begun, now=midnight + minutes * MINUTE) is (state is State.PARTIAL)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        pytest.param("Europe/Amsterdam", date(2027, 3, 28), id="spring forward in Europe"),
        pytest.param("Europe/Amsterdam", date(2026, 10, 25), id="back again in Europe"),
        pytest.param("Australia/Melbourne", date(2027, 4, 4), id="back in Melbourne"),
        pytest.param("Australia/Melbourne", date(2026, 10, 4), id="forward in Melbourne"),
        pytest.param("Pacific/Kiritimati", date(2027, 3, 28), id="the first to have a day"),
    ],
)
def test_the_last_day_is_whole_where_she_is_also_when_the_clocks_change(zone, day):
    last = sitting(zone, closes_on=day, start_by_on=day, opens_on=day, overdue_on=day)
    begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    after = day + DAY
    ends = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    assert last.ends_at == ends
    seen = [states.state(last, now=begins + n * timedelta(minutes=15)) for n in range(-1, 105)]
    assert seen[0] is State.NOT_DUE
    quarters = int((ends - begins) / timedelta(minutes=15))
    assert seen[1 : 1 + quarters] == [State.OVERDUE] * quarters
    assert set(seen[1 + quarters :]) <= {State.CLOSED}


around = st.integers(-4, 4).map(lambda days: TODAY + timedelta(days=days))
moments = st.integers(-3000, 3000).map(lambda minutes: NOON + timedelta(minutes=minutes))
maybe = st.none() | moments
cases = st.fixed_dictionaries(
    {
        "zone": st.sampled_from(ZONES),
        "consented_on": st.sampled_from([None, TODAY - timedelta(days=30), TODAY]),
        "withdrawn_on": st.none() | around,
        "opens_on": around,
        "overdue_on": around,
        "start_by_on": around,
        "closes_on": around,
        "started_at": maybe,
        "goes_on_until": maybe,
        "completed_at": maybe,
    }
)
OF_HER = ("zone", "consented_on", "withdrawn_on")


@pytest.fixture
def rows(app):
    """Some sittings, each of somebody else; they stay while their columns change."""
    return [make.assessment().id for _ in range(CASES)]


@pytest.mark.random
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(cases, min_size=CASES, max_size=CASES), now=moments)
def test_the_rule_in_sql_says_the_same_of_every_sitting(rows, drawn, now):
    for row_id, case in zip(rows, drawn, strict=True):
        assessment = db.session.get_one(Assessment, row_id)
        for name, value in case.items():
            setattr(assessment.participant if name in OF_HER else assessment, name, value)
    db.session.flush()

    today = states.days({case["zone"] for case in drawn}, now=now)
    found = sa.select(Assessment, states.in_sql(today, now=now).label("state")).join(
        Assessment.participant
    )
    told = {row.Assessment.id: row.state for row in db.session.execute(found)}

    assert told == {
        row_id: states.state(db.session.get_one(Assessment, row_id), now=now).value
        for row_id in rows
    }
    db.session.rollback()
