"""Fields that say what to write when something else was typed, and keep what was typed."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField

from remote_training.core.fields import ChoiceField as ChoiceField
from remote_training.core.fields import ChoicesField as ChoicesField
from remote_training.core.fields import DayField as DayField
from remote_training.core.fields import WallTimeField as WallTimeField
from remote_training.core.fields import ZoneField as ZoneField


def row_id(typed: str | None) -> UUID:
    """The id that a form drew for the one row it adds, however often it is sent; or a new id."""
    try:
        return UUID(typed or "")
    except ValueError:
        return uuid4()


class AsItWas:
    """Marks a field that is never empty: what is not sent at all stays as it was."""

    field_flags = {"required": True}

    def __call__(self, _form: FlaskForm, _field: Field) -> None:
        """Refuse nothing: an empty word is none that the field takes."""


class NumberField(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a whole number."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please write a whole number.")) from error
