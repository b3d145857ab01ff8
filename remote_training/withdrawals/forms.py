"""What is typed about somebody who leaves the trial."""

from __future__ import annotations

from datetime import date
from typing import cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import InputRequired

from remote_training.core import reasons
from remote_training.core.errors import Invalid
from remote_training.core.fields import DayField, taken_by


class LeaveForm(FlaskForm):  # type: ignore[misc]
    """Since when somebody takes part no more."""

    withdrawn_on = DayField(
        _l("Left the trial on"), [InputRequired(_l("Please write a day, such as 2026-11-24."))]
    )
    reason = StringField(_l("Why, if a reason was given"), [taken_by(reasons.given)])

    def __init__(self, today: date) -> None:
        super().__init__(data={"withdrawn_on": today})

    @property
    def day(self) -> date:
        """The day that was chosen; only after validation."""
        return cast(date, self.withdrawn_on.data)

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        return cast(Field, self[str(refusal.gaps.get("fact", "reason"))])


class MistakeForm(FlaskForm):  # type: ignore[misc]
    """Why it was a mistake."""

    reason = StringField(
        _l("Why was it a mistake?"),
        [InputRequired(_l("Please write why it was a mistake.")), taken_by(reasons.given)],
    )

    def said_at(self, _refusal: Invalid) -> Field:
        """The one field."""
        return self.reason
