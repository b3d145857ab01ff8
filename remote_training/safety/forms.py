"""What a coordinator writes down about an alert."""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, ValidationError

from remote_training.core.errors import Invalid
from remote_training.core.fields import RowsField
from remote_training.safety.models import Step
from remote_training.safety.service import LONGEST_NOTE

STEP_WORDS = {
    Step.REACHED: _l("I spoke with this person by telephone"),
    Step.NOT_REACHED: _l("I reached nobody; somebody tries again"),
    Step.PASSED_ON: _l("I passed it on to the treating doctor"),
    Step.EMERGENCY: _l("I called the emergency services"),
    Step.OTHER: _l("Something else"),
}


class HandlingForm(FlaskForm):  # type: ignore[misc]
    """What was done, and in a few words what came of it."""

    key = HiddenField()
    step = RowsField(
        _l("What was done?"),
        [InputRequired(_l("Please choose what was done."))],
        choices=[SelectChoice(step.value, words) for step, words in STEP_WORDS.items()],
    )
    note = TextAreaField(
        _l("What came of it, in a few words"),
        [Length(max=LONGEST_NOTE, message=_l("This is too long."))],
    )

    def __init__(self) -> None:
        super().__init__()
        if not self.key.data:
            self.key.data = str(uuid4())

    def validate_key(self, field: HiddenField) -> None:
        """A key that our page gave."""
        try:
            UUID(field.data)
        except ValueError:
            raise ValidationError(_l("Please load this page again.")) from None

    @property
    def chosen(self) -> Step:
        """What was done; only after validation."""
        return Step(self.step.data)

    @property
    def row_key(self) -> UUID:
        """The same for the same content on the same page; only after validation."""
        return uuid5(UUID(self.key.data), repr((self.step.data, self.note.data or "")))

    def said_at(self, _refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        return self.note
