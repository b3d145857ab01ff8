"""What forms of all rooms share: a refusal of a rule is said at the field it is about.

Fields say what to write when something else was typed, and keep what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, Field, SelectMultipleField, TimeField
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from remote_training.core.db import db
from remote_training.core.errors import Invalid
from remote_training.core.words import translated


class SaidAt(Protocol):
    """A field, or another place of a form that has sentences."""

    @property
    def errors(self) -> Sequence[str]:
        """What is said there."""

    @errors.setter
    def errors(self, sentences: Sequence[str]) -> None: ...


def taken_by(check: Callable[[str], object]) -> Callable[[object, Field], None]:
    """A validator: what the check of a room refuses is said at the field."""

    def validate(_form: object, field: Field) -> None:
        try:
            check(field.data or "")
        except Invalid as refusal:
            raise StopValidation(translated(refusal.sentence, **refusal.gaps)) from refusal

    return validate


def attempt(verb: Callable[[], object], said_at: Callable[[Invalid], SaidAt]) -> bool:
    """Do what a form asks for, or nothing of it: a refusal is written at a field of the form."""
    try:
        with db.session.begin_nested():
            verb()
    except Invalid as refusal:
        field = said_at(refusal)
        field.errors = [*field.errors, translated(refusal.sentence, **refusal.gaps)]
        return False
    return True


class DayField(DateField):
    """A day, by the browser's own date field."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a day, or nothing where the field is left empty."""
        self.data = None
        if not any(valuelist):
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please write a day, such as 2026-11-24.")) from error


class WallTimeField(TimeField):
    """A time of day, by the browser's own field."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a time of day."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please write a time, such as 10:00.")) from error


class ChoicesField(SelectMultipleField):
    """Boxes to tick, as many as one likes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was ticked."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please choose from this list alone.")) from error

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what is not on the list."""
        try:
            super().pre_validate(form)
        except ValidationError as error:
            raise ValidationError(_("Please choose from this list alone.")) from error
