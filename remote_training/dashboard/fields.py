"""What forms of the desk need beside the fields of all rooms."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask_wtf import FlaskForm
from wtforms import Field

from remote_training.core.fields import ChoiceField as ChoiceField
from remote_training.core.fields import ChoicesField as ChoicesField
from remote_training.core.fields import DayField as DayField
from remote_training.core.fields import NumberField as NumberField
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
