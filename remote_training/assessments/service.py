"""Planning what is asked, keeping what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from remote_training.assessments import queries
from remote_training.assessments.errors import AlreadySent, NoSuchAnswer, NotOpenYet, Over
from remote_training.assessments.models import LIVE, Answer, AnswerState, Assessment
from remote_training.audit import service as audit
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Item
from remote_training.participants.models import Participant
from remote_training.studies.current import study
from remote_training.studies.load import Timepoint

ANSWERS = cast(sa.Table, Answer.__table__)
ASSESSMENTS = cast(sa.Table, Assessment.__table__)


def plan(participant: Participant, *, now: datetime) -> Sequence[Assessment]:
    """Bring her questionnaires in line with her baseline and the study file.

    What is missing is added; the windows of what she has not begun follow a corrected
    baseline, and go with one that is taken back. Returns everything that is asked of her.
    """
    if participant.baseline_on is None:
        _take_back(participant)
    elif participant.is_taking_part:
        _bring_in_line(participant)
    return queries.of(participant)


def plan_missing(*, now: datetime) -> int:
    """Plan for everybody whose questionnaires are not as they should be; returns how many."""
    stale = queries.out_of_step(study())
    for participant in stale:
        plan(participant, now=now)
    return len(stale)


def save(
    assessment: Assessment,
    item: str,
    value: int | None,
    *,
    now: datetime,
    language: str | None = None,
) -> None:
    """Keep one answer, or with None that she would rather not answer.

    The same answer again changes nothing; another one replaces it, and the first one's
    row stays. Costs two statements, whatever is stored already. `language` is that of the
    wording she read; hers, unless told. Raises `AlreadySent`, `NotOpenYet`, `Over`,
    `NoSuchAnswer`, or `NotFound` for an item that is not asked.
    """
    require_open(assessment, now=now)
    _require_answer(_item(assessment, item), value)
    spoken = language or assessment.participant.language
    if not assessment.is_started:
        _begin(assessment, spoken, now=now)
    write = partial(_write, assessment, item=item, value=value, language=spoken, now=now)
    if not write():
        write()  # the same again, or somebody at it this very moment


def finish(assessment: Assessment, *, now: datetime) -> None:
    """Send the answers; done once, it stays done. What was not answered gets no row.

    Raises `NotOpenYet` or `Over`.
    """
    if assessment.is_complete:
        return
    require_open(assessment, now=now)
    if not assessment.is_started:
        _begin(assessment, assessment.participant.language, now=now)
    assessment.completed_at = now
    account_id = assessment.participant.account_id
    audit.note("assessments.finish", "assessment", assessment.id, by=account_id, now=now)


def require_open(assessment: Assessment, *, now: datetime) -> None:
    """Pass where she may answer now: from the first to the last day in her zone, until sent.

    Raises `AlreadySent`, `NotOpenYet` or `Over`.
    """
    if assessment.is_complete:
        raise AlreadySent(say("You have already sent these answers. Thank you."))
    today = assessment.today(now)
    if today > assessment.closes_on or not assessment.participant.is_taking_part:
        raise Over(
            say("The days for these questions are over. There is nothing that you need to do.")
        )
    if today < assessment.opens_on:
        raise NotOpenYet(
            say("It is too early for these questions. We send you a mail when it is time.")
        )


def _bring_in_line(participant: Participant) -> None:
    assert participant.baseline_on is not None
    known = {(row.timepoint, row.instrument): row for row in queries.of(participant)}
    missing = []
    for point, code in queries.asked(study()):
        row = known.get((point.code, code))
        fields = _planned(participant, point, code)
        if row is None:
            missing.append({"id": uuid4(), **fields})
        elif not row.is_started:
            for field, value in fields.items():
                setattr(row, field, value)
    if missing:
        db.session.execute(_insert(ASSESSMENTS).values(missing).on_conflict_do_nothing())
    db.session.flush()


def _planned(participant: Participant, point: Timepoint, code: str) -> dict[str, Any]:
    assert participant.baseline_on is not None
    window = point.window(participant.baseline_on)
    return {
        "participant_id": participant.id,
        "timepoint": point.code,
        "week": point.week,
        "instrument": code,
        "instrument_version": instruments.instrument(code).version,
        "opens_on": window.opens_on,
        "due_on": window.due_on,
        "closes_on": window.closes_on,
    }


def _take_back(participant: Participant) -> None:
    not_begun = sa.delete(Assessment).where(
        Assessment.participant_id == participant.id, Assessment.started_at.is_(None)
    )
    db.session.execute(not_begun)


def _begin(assessment: Assessment, language: str, *, now: datetime) -> None:
    assessment.instrument_version = queries.form(assessment).version
    assessment.language = language
    assessment.started_at = now


def _item(assessment: Assessment, code: str) -> Item:
    try:
        return queries.form(assessment).item(code)
    except KeyError:
        raise NotFound(say("This question is not here.")) from None


def _require_answer(item: Item, value: int | None) -> None:
    if value is not None and not item.accepts(value):
        raise NoSuchAnswer(
            say("Please choose a number from %(low)s to %(high)s."), low=item.low, high=item.high
        )


def _write(
    assessment: Assessment, *, item: str, value: int | None, language: str, now: datetime
) -> bool:
    """Replace an answer that differs, and add this one; False where one stands already."""
    state = AnswerState.DECLINED if value is None else AnswerState.GIVEN
    differs = sa.or_(ANSWERS.c.state != state, ANSWERS.c.value.is_distinct_from(value))
    replaced = (
        sa.update(ANSWERS)
        .where(
            ANSWERS.c.assessment_id == assessment.id,
            ANSWERS.c.item == item,
            ANSWERS.c.replaced_at.is_(None),
            differs,
        )
        .values(replaced_at=now)
    )
    added = (
        _insert(ANSWERS)
        .values(
            id=uuid4(),
            assessment_id=assessment.id,
            item=item,
            state=state,
            value=value,
            language=language,
            answered_at=now,
        )
        .on_conflict_do_nothing(index_elements=["assessment_id", "item"], index_where=LIVE)
        .execution_options(preserve_rowcount=True)
    )
    db.session.execute(replaced)
    return bool(db.session.execute(added).rowcount == 1)  # type: ignore[attr-defined]


def _insert(table: Any) -> Any:
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)
