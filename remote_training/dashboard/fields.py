"""Fields that say what to write when something else was typed, and keep what was typed."""

from __future__ import annotations

from uuid import UUID, uuid4
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectField, SelectMultipleField, TimeField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Pacific/")


def row_id(typed: str | None) -> UUID:
    """The id that a form drew for the one row it adds, however often it is sent; or a new id."""
    try:
        return UUID(typed or "")
    except ValueError:
        return uuid4()


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


class NumberField(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a whole number."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Please write a whole number.")) from error


class ChoiceField(SelectField):
    """A list to choose one from."""

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what is not on the list."""
        try:
            super().pre_validate(form)
        except ValidationError as error:
            raise ValidationError(_("Please choose one from this list.")) from error


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


def zone_choices(*first: str) -> list[SelectChoice]:
    """Time zones to choose from: those given first, then the others by name."""
    others = sorted(zone for zone in available_timezones() if zone.startswith(AREAS))
    names = dict.fromkeys([*first, *others])
    return [SelectChoice(name, name.replace("_", " ")) for name in names]
