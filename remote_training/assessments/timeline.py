"""Everything that is asked of one participant, and where each of it stands; no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from remote_training.assessments import queries, states
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import Sitting, sittings
from remote_training.assessments.states import State
from remote_training.participants.models import Participant
from remote_training.studies.current import study
from remote_training.studies.schedule import LeftOut, mails_on, schedule


@dataclass(frozen=True)
class Line:
    """One time-point of hers.

    Attributes
    ----------
    sitting
        Its questionnaires and questions, how many are done and of how many.
    mails_on
        The days on which she is asked and reminded, while it is not sent.
    left_out
        Questionnaires that the study asks here and this installation cannot.
    """

    assessment: Assessment
    state: State
    sitting: Sitting
    mails_on: Sequence[date]
    left_out: Sequence[LeftOut]


def timeline(
    participant: Participant, arm: str | None, *, now: datetime, shows_arm: bool
) -> Sequence[Line]:
    """Her time-points in the order in which they are due, in a constant number of statements.

    Without `shows_arm`, only those that all arms have.
    """
    planned = {one.point.code: one for one in schedule(study(), arm)}
    for_all = {point.code for point in study().timepoints if point.is_for_all}
    rows = [row for row in queries.of(participant) if shows_arm or row.timepoint in for_all]
    return [
        Line(
            assessment=asked.assessment,
            state=states.state(asked.assessment, now=now),
            sitting=asked,
            mails_on=mails_on(study().reminders, asked.assessment),
            left_out=planned[asked.assessment.timepoint].left_out
            if asked.assessment.timepoint in planned
            else (),
        )
        for asked in sittings(rows)
    ]
