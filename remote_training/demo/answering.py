"""What invented people do about questions, and what their coordinator does about an alert."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import uuid4
from zoneinfo import ZoneInfo

from remote_training.accounts.models import Account
from remote_training.assessments import service as assessments
from remote_training.assessments.models import AnswerState, Assessment, Device
from remote_training.assessments.sitting import Question, sitting
from remote_training.core.db import db
from remote_training.demo import queries
from remote_training.demo.stage import Stage
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Item
from remote_training.safety import queries as alerts
from remote_training.safety import service as safety
from remote_training.safety.models import Step

DEVICES = (Device.PHONE,) * 10 + (Device.TABLET,) * 4 + (Device.COMPUTER,) * 5 + (Device.UNKNOWN,)
NEVER, HALFWAY, IN_TWO_GOES = 0.09, 0.15, 0.24  # shares; the rest sends it in one go
PUTS_OFF = 0.3  # of the mornings on which she could answer
KEEPS_BACK, FORGETS, ALARMS = 0.03, 0.02, 0.08
DOES_NOT_DRIVE = 0.15
EACH = timedelta(seconds=8)  # for one question
STEPS = (Step.NOT_REACHED, Step.REACHED, Step.PASSED_ON, Step.REACHED)
NOTES = {
    Step.REACHED: "Rang her; she has people around her and sees her doctor on Thursday.",
    Step.PASSED_ON: "Spoke with her and her doctor, who sees her today.",
    Step.NOT_REACHED: "No answer at two in the afternoon and at six.",
}


def morning(stage: Stage) -> None:
    """One morning: coordinators look at the alerts of the day before, people answer."""
    _look_at_alerts(stage)
    for assessment in queries.unsent(now=stage.now):
        today = stage.now.astimezone(ZoneInfo(assessment.participant.zone)).date()
        if assessment.due_on <= today and stage.draw.random() > PUTS_OFF:
            _answer(stage, assessment)


def _answer(stage: Stage, assessment: Assessment) -> None:
    """Answer a sitting in her own way: never, half of it for good, in two goes, or at once."""
    way = stage.ways.get(assessment.participant_id, _way(assessment))
    is_begun = assessment.is_started
    if way < NEVER or (way < HALFWAY and is_begun):
        return
    here = sitting(assessment)
    asked = here.questions
    stops_at = len(asked) // 2 if way < IN_TWO_GOES and not is_begun else len(asked)
    left = [question for question in asked[:stops_at] if question.answer is None]
    level, device = stage.draw.random() * 0.7, stage.draw.choice(DEVICES)
    moment = stage.now - EACH * len(left)
    for question in left:
        moment += EACH
        if stage.draw.random() < FORGETS:
            continue
        value, state = _given(stage.draw, question, level)
        read = instruments.told(here.part_of(question).instrument, assessment.participant.language)
        assessments.save(
            assessment,
            question.form,
            question.item.code,
            value,
            state=state,
            language=read.language,
            translation=read.name or None,
            now=moment,
            device=device,
        )
    if stops_at == len(asked):
        assessments.finish(assessment, now=stage.now)


def _way(assessment: Assessment) -> float:
    """From 0 to 1, the same each morning: how she goes about this sitting."""
    name = f"{assessment.participant.study_number}/{assessment.timepoint}"
    return Random(name).random()  # noqa: S311


def _given(draw: Random, question: Question, level: float) -> tuple[int | None, AnswerState]:
    """Something near her level; some keep an answer back, and some questions are not for her."""
    item = question.item
    if draw.random() < KEEPS_BACK:
        return None, AnswerState.DECLINED
    if item.may_not_apply and draw.random() < DOES_NOT_DRIVE:
        return None, AnswerState.NOT_APPLICABLE
    return _value(draw, item, level), AnswerState.GIVEN


def _value(draw: Random, item: Item, level: float) -> int:
    values = sorted(item.answers.values())
    if item.alarming_from is not None:
        is_calm = draw.random() >= ALARMS
        return draw.choice([v for v in values if item.is_alarming(v) is not is_calm])
    drawn = level + draw.uniform(-0.2, 0.2)
    return values[round(min(1.0, max(0.0, drawn)) * (len(values) - 1))]


def _look_at_alerts(stage: Stage) -> None:
    """Ring whoever said something alarming, and write down what came of it.

    Every fourth is not reached, from the first on: that alert stays open.
    """
    found = alerts.untouched()
    for alert in sorted(found, key=lambda one: (one.raised_at, one.participant.study_number)):
        step = STEPS[stage.rung % len(STEPS)]
        stage.rung += 1
        by = db.session.get_one(Account, stage.by(alert.participant.site))
        safety.acknowledge(alert, step, NOTES[step], by=by, key=uuid4(), now=stage.now)
