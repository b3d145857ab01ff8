"""What of the time-points somebody who is blinded may see.

A time-point, or a questionnaire of it, that only some arms have tells the arm of everybody
who has it.
"""

from __future__ import annotations

import sqlalchemy as sa

from remote_training.assessments.models import Assessment, Form
from remote_training.studies.load import Study


def visible(study: Study, *, shows_arm: bool) -> Study:
    """The study with those time-points and questionnaires alone that may be shown."""
    if shows_arm:
        return study
    kept = [
        point.model_copy(
            update={
                "instruments": tuple(c for c in point.instruments if c not in point.only_arms),
                "only_arms": {},
            }
        )
        for point in study.timepoints
        if point.is_for_all
    ]
    return study.model_copy(update={"timepoints": tuple(kept)})


def sittings(study: Study, *, shows_arm: bool) -> sa.ColumnElement[bool]:
    """The sittings that may be shown, for a select of `Assessment`.

    A time-point that the study file no longer knows is not shown to the blinded: nothing
    says any more who had it.
    """
    if shows_arm:
        return sa.true()
    return Assessment.timepoint.in_([point.code for point in study.timepoints if point.is_for_all])


def forms(study: Study, *, shows_arm: bool) -> sa.ColumnElement[bool]:
    """The questionnaires that may be shown, for a select of `Assessment` and `Form`."""
    if shows_arm:
        return sa.true()
    some = [
        sa.and_(Assessment.timepoint == point.code, Form.instrument == code)
        for point in study.timepoints
        for code in point.only_arms
    ]
    return sa.and_(sittings(study, shows_arm=False), sa.not_(sa.or_(sa.false(), *some)))
