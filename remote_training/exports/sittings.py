"""Sittings one by one with their answers, as they come from the database.

One sitting at a time is held; nothing grows with how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from remote_training.assessments.models import Answer, AnswerState, Assessment, Form
from remote_training.assessments.states import State
from remote_training.exports.extent import FACTS, Extent
from remote_training.exports.reasons import UNANSWERED, WITHOUT_VALUE, Reason
from remote_training.exports.sheets import AT_A_TIME, in_order
from remote_training.exports.spelling import text
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument
from remote_training.participants.models import Participant

NO_VALUE = {state.value: reason for state, reason in WITHOUT_VALUE.items()}
GIVEN = AnswerState.GIVEN.value


@dataclass(slots=True)
class Filled:
    """One questionnaire of a sitting, as it is asked: what was answered, and what was not.

    `instrument` is None where its version is in no catalogue any more.
    """

    code: str
    version: str
    instrument: Instrument | None
    values: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)


@dataclass(slots=True)
class Sitting:
    """One time-point of one participant. `why` is the reason where there is no answer."""

    key: tuple[str, str, int]
    why: Reason
    facts: Mapping[str, str | None]
    forms: dict[str, Filled]


def sittings(connection: sa.Connection, extent: Extent) -> Iterator[Sitting]:
    """Every sitting by study number and week, its questionnaires in their order."""
    found = (
        sa.select(
            Participant.study_number,
            Assessment.timepoint,
            Assessment.week,
            extent.state.label("state"),
            Assessment.started_at.is_not(None).label("begun"),
            *(text(column).label(fact) for fact, column in FACTS.items()),
            Form.instrument,
            Form.instrument_version,
            Answer.item,
            text(Answer.state).label("answer_state"),
            Answer.value,
        )
        .join(Participant, Participant.id == Assessment.participant_id)
        .outerjoin(Form, sa.and_(Form.assessment_id == Assessment.id, extent.forms))
        .outerjoin(Answer, sa.and_(Answer.form_id == Form.id, Answer.replaced_at.is_(None)))
        .where(extent.people, extent.sittings)
        .order_by(*in_order(), Form.position)
    )
    with connection.execute(found, execution_options={"yield_per": AT_A_TIME}) as rows:
        for head, answers in groupby(rows, key=itemgetter(slice(0, 5 + len(FACTS)))):
            yield _sitting(head, answers)


def _sitting(head: tuple[Any, ...], answers: Iterator[Any]) -> Sitting:
    number, timepoint, week, state, begun, *facts = head
    forms: dict[str, Filled] = {}
    for row in answers:
        code, version, item, answer_state, value = row[5 + len(FACTS) :]
        if code is None:
            continue
        if code not in forms:
            forms[code] = _as_asked(code, version, begun=bool(begun))
        if answer_state == GIVEN:
            forms[code].values[item] = value
        elif item is not None:
            forms[code].reasons[item] = NO_VALUE[answer_state]
    why = UNANSWERED[State(state)]
    return Sitting((number, timepoint, week), why, dict(zip(FACTS, facts, strict=True)), forms)


def _as_asked(code: str, version: str, *, begun: bool) -> Filled:
    """In the version it was begun in, or else in the newest."""
    if begun or code not in instruments.catalogue():
        return Filled(code, version, instruments.versions().get((code, version)))
    newest = instruments.catalogue()[code]
    return Filled(code, newest.version, newest)
