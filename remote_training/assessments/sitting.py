"""A sitting as it is asked: its questionnaires one after the other, its questions numbered.

The one place that says which questions are shown, and in which order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

import sqlalchemy as sa

from remote_training.assessments.models import Answer, AnswerState, Assessment, Form
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument, Item
from remote_training.instruments.model import Facts
from remote_training.participants.models import Participant

Versions = Mapping[str, str]  # by instrument
NEWEST: Versions = {}
FORMS = (  # asked with every answer: composed once
    sa.select(Form)
    .where(Form.assessment_id == sa.bindparam("assessment_id"))
    .order_by(Form.position)
)


@dataclass(frozen=True)
class Given:
    """An answer that stands."""

    state: AnswerState
    value: int | None
    language: str
    given_at: datetime
    answered_at: datetime


@dataclass(frozen=True)
class Question:
    """One question that is shown; `number` counts from 1 through the whole sitting."""

    number: int
    form: Form
    item: Item
    answer: Given | None

    @property
    def key(self) -> str:
        """What names it whatever its number: `phq-9/phq1`."""
        return f"{self.form.instrument}/{self.item.code}"


@dataclass(frozen=True)
class Part:
    """One questionnaire of a sitting, with the questions of it that are shown.

    `position` counts from 1, whatever the numbers in the rows.
    """

    position: int
    form: Form
    instrument: Instrument
    questions: tuple[Question, ...]

    @property
    def done(self) -> int:
        """How many of its questions have an answer; one that she declined has."""
        return sum(question.answer is not None for question in self.questions)

    @property
    def is_done(self) -> bool:
        """Whether no question is left."""
        return self.done == len(self.questions)


@dataclass(frozen=True)
class Sitting:
    """Everything that is asked at one time-point, in order, and how far she is."""

    assessment: Assessment
    parts: tuple[Part, ...]

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """All questions that are shown, by number."""
        return tuple(question for part in self.parts for question in part.questions)

    @property
    def total(self) -> int:
        """How many questions are shown."""
        return len(self.questions)

    @property
    def done(self) -> int:
        """How many have an answer."""
        return sum(part.done for part in self.parts)

    @property
    def minutes_left(self) -> int:
        """How long most people need for the questionnaires that are not done."""
        return sum(part.instrument.minutes for part in self.parts if not part.is_done)

    @property
    def next(self) -> Question | None:
        """The first question without an answer; None when all are done."""
        return next((one for one in self.questions if one.answer is None), None)

    def question(self, number: int) -> Question:
        """The question of a number, or `NotFound`."""
        if not 1 <= number <= self.total:
            raise NotFound(say("This question is not here."))
        return self.questions[number - 1]

    def named(self, key: str) -> Question:
        """The question that a key names, or `NotFound` where it is not shown."""
        for question in self.questions:
            if question.key == key:
                return question
        raise NotFound(say("This question is not here."))

    def after(self, question: Question) -> Question | None:
        """The question that follows; None after the last."""
        return self.questions[question.number] if question.number < self.total else None

    def part_of(self, question: Question) -> Part:
        """The questionnaire that a question belongs to."""
        return next(part for part in self.parts if part.form.id == question.form.id)

    def part(self, position: int) -> Part:
        """The questionnaire in a place, from 1, or `NotFound`."""
        if not 1 <= position <= len(self.parts):
            raise NotFound(say("This question is not here."))
        return self.parts[position - 1]


def sitting(assessment: Assessment, read: Versions = NEWEST) -> Sitting:
    """Read a sitting: two statements, whatever it holds. `read`: see `as_asked`."""
    return sittings([assessment], read)[0]


def layout(assessment: Assessment, read: Versions = NEWEST) -> Sitting:
    """What is asked in a sitting, in order, without its answers: one statement."""
    return _laid_out(assessment, forms_of(assessment), {}, read)


def sittings(assessments: Sequence[Assessment], read: Versions = NEWEST) -> Sequence[Sitting]:
    """Read some sittings, in the order given: two statements, however many they are."""
    ids = [assessment.id for assessment in assessments]
    found = sa.select(Form).where(Form.assessment_id.in_(ids)).order_by(Form.position)
    forms: dict[UUID, list[Form]] = {}
    for form in db.session.scalars(found):
        forms.setdefault(form.assessment_id, []).append(form)
    given = _given(ids)
    return [_laid_out(one, forms.get(one.id, []), given, read) for one in assessments]


def shown(instrument: Instrument, facts: Facts) -> Sequence[Item]:
    """The items that are asked of somebody of whom these facts are known (see `facts_of`)."""
    return instrument.asked(facts)


def facts_of(participant: Participant) -> Facts:
    """What is known of her that decides which questions are asked."""
    return {"sex": participant.sex}


def forms_of(assessment: Assessment) -> Sequence[Form]:
    """The questionnaires of a sitting, in their order."""
    return db.session.scalars(FORMS, {"assessment_id": assessment.id}).all()


def as_asked(assessment: Assessment, form: Form, read: Versions = NEWEST) -> Instrument:
    """The instrument as it is asked: the newest, or once begun the version it was begun in.

    `read` names the version that her page showed before it was begun, by instrument: a newer
    one may have come since.
    """
    if assessment.is_started:
        return instruments.instrument(form.instrument, form.instrument_version)
    version = read.get(form.instrument)
    is_known = version is not None and (form.instrument, version) in instruments.versions()
    return instruments.instrument(form.instrument, version if is_known else None)


def _laid_out(
    assessment: Assessment,
    forms: Sequence[Form],
    given: Mapping[UUID, Mapping[str, Given]],
    read: Versions,
) -> Sitting:
    parts: list[Part] = []
    number, facts = 1, facts_of(assessment.participant)
    for position, form in enumerate(forms, start=1):
        instrument, answers = as_asked(assessment, form, read), given.get(form.id, {})
        items = shown(instrument, facts)
        questions = tuple(
            Question(n, form, item, answers.get(item.code))
            for n, item in enumerate(items, start=number)
        )
        parts.append(Part(position, form, instrument, questions))
        number += len(items)
    return Sitting(assessment, tuple(parts))


def _given(assessment_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Given]]:
    """The answers that stand, by form and item."""
    found = (
        sa.select(
            Answer.form_id, Answer.item,
            Answer.state, Answer.value, Answer.language, Answer.given_at, Answer.answered_at,
        )
        .join(Form, Form.id == Answer.form_id)
        .where(Form.assessment_id.in_(assessment_ids), Answer.replaced_at.is_(None))
        .order_by(Answer.item)
    )  # fmt: skip
    answers: dict[UUID, dict[str, Given]] = {}
    for row in db.session.execute(found):
        given = Given(row.state, row.value, row.language, row.given_at, row.answered_at)
        answers.setdefault(row.form_id, {})[row.item] = given
    return answers
