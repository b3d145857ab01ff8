"""Revision 0002 with data: questionnaires become the forms of a sitting, and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from remote_training.accounts.models import AccountKind, LinkKind
from remote_training.app import create_app
from remote_training.assessments import service
from remote_training.assessments.models import Assessment, Form
from remote_training.assessments.sitting import sitting
from remote_training.core import migrations
from remote_training.core.db import UtcDateTime, db
from remote_training.messages.models import Message
from remote_training.participants.models import Allocation, Participant
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, make
from tests.conftest import settings
from tests.fakes import NOON
from tests.make import TODAY
from tests.servers.postgres import postgres_url

NRS, OTHER = "neuropathy-nrs", "other-form"
OLD = {
    "assessment": (
        "id", "participant_id", "timepoint", "week", "instrument", "instrument_version", "language",
        "opens_on", "due_on", "closes_on", "started_at", "completed_at",
    ),
    "answer": (
        "id", "assessment_id", "item", "state", "value", "language", "answered_at", "replaced_at",
    ),
    "participant": (
        "id", "study_number", "account_id", "contact_id", "site_id", "language", "zone",
        "consented_on", "baseline_on", "cleared_on", "complaint",
    ),
    "link": ("id", "kind", "token_hash", "account_id", "subject_id", "made_at", "tries"),
}  # fmt: skip
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def url(database, tmp_path):
    """An empty database, of each kind."""
    return f"sqlite:///{tmp_path}/trial.db" if database == "sqlite" else postgres_url()


@pytest.fixture
def app(url):
    """The app on a database of the first revision."""
    migrations.upgrade(url, "0001")
    app = create_app(settings(url), fakes.world())
    with app.app_context():
        studies.install(study())
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def old(name):
    """A table as the first revision had it."""

    def kind(column):
        if column == "id" or column.endswith("_id"):
            return sa.Uuid()
        if column.endswith("_at"):
            return UtcDateTime()
        return sa.Date() if column.endswith("_on") else None

    return sa.table(name, *(sa.column(column, kind(column)) for column in OLD[name]))


def insert(name, **values):
    db.session.execute(sa.insert(old(name)).values(**values))


@dataclass(frozen=True)
class Her:
    """A participant of the first revision: the models of today have more columns."""

    id: UUID
    account_id: UUID
    contact_id: UUID


def participant():
    """Somebody who takes part, in the exercise arm."""
    person = make.contact()
    login = make.account(AccountKind.PARTICIPANT, contact=person)
    her = Her(uuid4(), login.id, person.id)
    insert(
        "participant", id=her.id, account_id=login.id, contact_id=person.id,
        site_id=make.site().id, study_number="T00001", language="en", zone="Europe/Amsterdam",
        consented_on=TODAY - timedelta(days=10), baseline_on=TODAY,
        cleared_on=TODAY - timedelta(days=5), complaint="neuropathy",
    )  # fmt: skip
    db.session.add(Allocation(participant_id=her.id, arm="exercise", allocated_on=TODAY))
    db.session.commit()
    return her


def questionnaire(her, instrument=NRS, timepoint="w0", **changes):
    """One row as it was before, and its id."""
    plain = {
        "id": uuid4(),
        "participant_id": her.id,
        "timepoint": timepoint,
        "week": int(timepoint[1:]),
        "instrument": instrument,
        "instrument_version": "1.0",
        "opens_on": TODAY - timedelta(days=7),
        "due_on": TODAY,
        "closes_on": TODAY + timedelta(days=14),
    }
    insert("assessment", **plain | changes)
    return (plain | changes)["id"]


def answer(assessment_id, item, value, state="given", **changes):
    plain = {
        "id": uuid4(),
        "assessment_id": assessment_id,
        "item": item,
        "state": state,
        "value": value,
        "language": "nl",
        "answered_at": NOON,
    }
    insert("answer", **plain | changes)


def everything():
    """All rows of the first revision's columns, whatever revision it is."""
    rows = {}
    for name in OLD:
        found = db.session.execute(sa.select(old(name)))
        rows[name] = sorted(map(repr, found))
    db.session.rollback()
    return rows


def filled():
    """A begun sitting of two questionnaires, a sent one, and one that nobody began."""
    her = participant()
    second = questionnaire(her, OTHER)
    first = questionnaire(her, started_at=NOON, language="nl")
    answer(first, "numb_hands", 3, replaced_at=LATER)
    answer(first, "numb_hands", 4, answered_at=LATER)
    answer(first, "numb_feet", None, "declined")
    sent = questionnaire(her, timepoint="w6", started_at=NOON, completed_at=LATER, language="nl")
    answer(sent, "numb_hands", 10)
    never = questionnaire(her, timepoint="w12", due_on=TODAY + timedelta(weeks=12))
    insert(
        "link", id=uuid4(), kind=LinkKind.ANSWER.value, token_hash="x" * 64,
        account_id=her.account_id, subject_id=second, made_at=NOON, tries=0,
    )  # fmt: skip
    db.session.add(
        Message(
            kind="questions_due", contact_id=her.contact_id, facts={"assessment_id": str(second)},
            queued_at=NOON, due_at=NOON, not_after=LATER,
        )
    )  # fmt: skip
    db.session.commit()
    return first, second, sent, never


def test_questionnaires_become_forms_with_their_answers(app, url):
    first, second, sent, never = filled()
    db.session.remove()

    migrations.upgrade(url)

    rows = {row.timepoint: row for row in db.session.scalars(sa.select(Assessment))}
    assert {row.id for row in rows.values()} == {first, sent, never}
    week_0 = rows["w0"]
    assert (week_0.started_at, week_0.completed_at, week_0.last_answer_at) == (NOON, None, LATER)
    assert week_0.start_by_on == week_0.closes_on == TODAY + timedelta(days=14)
    assert week_0.overdue_on == TODAY + timedelta(days=7)
    found = sa.select(Form).where(Form.assessment_id == first).order_by(Form.position)
    forms = [(form.id, form.instrument) for form in db.session.scalars(found)]
    assert forms == [(first, NRS), (second, OTHER)]
    assert rows["w6"].completed_at == LATER
    with_it = sa.text("SELECT subject_id FROM link").columns(subject_id=sa.Uuid())
    assert db.session.scalars(with_it).one() == first
    assert db.session.scalars(sa.select(Message)).one().facts == {"assessment_id": str(first)}


def test_the_app_goes_on_with_what_was_answered_before(app, url):
    her = participant()
    begun = questionnaire(her, started_at=NOON, language="nl")
    answer(begun, "numb_hands", 4)
    questionnaire(her, timepoint="w6", due_on=date(2030, 1, 1))
    db.session.commit()
    db.session.remove()

    migrations.upgrade(url)

    week_0 = db.session.get(Assessment, begun)
    asked = sitting(week_0)
    assert (asked.done, asked.total, asked.next.number) == (1, 7, 2)
    make.answer(week_0, "numb_hands", 5, now=LATER)
    assert sitting(week_0).question(1).answer.value == 5
    db.session.commit()
    assert service.plan_missing(now=NOON) == 1
    assert service.plan_missing(now=NOON) == 0
    planned = db.session.scalars(sa.select(Assessment).order_by(Assessment.week)).all()
    baseline = db.session.get(Participant, week_0.participant_id).baseline_on
    assert [row.due_on - baseline for row in planned if not row.is_started] == [
        timedelta(weeks=weeks) for weeks in (6, 12, 24, 36)
    ]


def test_down_and_up_again_every_answer_is_where_it_was(app, url):
    filled()
    before = everything()
    db.session.remove()

    for _ in range(2):
        migrations.upgrade(url)
        migrations.downgrade(url, "0001")

    after = everything()
    assert after["answer"] == before["answer"]
    assert after["assessment"] == before["assessment"]
    assert len(before["answer"]) == 4
    assert len(after["link"]) == 1


def test_what_does_not_apply_is_kept_back_in_the_older_shape(app, url):
    first, *_ = filled()
    db.session.remove()
    migrations.upgrade(url)
    db.session.execute(
        sa.text("UPDATE answer SET state = 'not_applicable' WHERE state = 'declined'")
    )
    db.session.commit()
    db.session.remove()

    migrations.downgrade(url, "0001")

    states = sa.text("SELECT state FROM answer WHERE item = 'numb_feet'")
    assert db.session.scalars(states).all() == ["declined"]
    assert isinstance(first, UUID)
