"""What forms of all rooms share: a refusal of a rule is said at the field it is about.

Fields say what to write when something else was typed, and keep what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from remote_training.core import zones
from remote_training.core.db import db
from remote_training.core.errors import Invalid
from remote_training.core.words import say, translated


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


class InOurWords(Field):
    """A field that says `wrong` where the library would say what is wrong in its own words."""

    wrong: str

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was sent."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(translated(self.wrong)) from error

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what the field does not offer."""
        try:
            super().pre_validate(form)
        except ValidationError as error:
            raise ValidationError(translated(self.wrong)) from error


class DayField(InOurWords, DateField):
    """A day, by the browser's own date field."""

    wrong = say("Please write a day, such as 2026-11-24.")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a day, or nothing where the field is left empty."""
        self.data = None
        if any(valuelist):
            super().process_formdata(valuelist)


class WallTimeField(InOurWords, TimeField):
    """A time of day, by the browser's own field."""

    wrong = say("Please write a time, such as 10:00.")


class NumberField(InOurWords, IntegerField):
    """A whole number."""

    wrong = say("Please write a whole number.")


class ChoiceField(InOurWords, SelectField):
    """A list to choose one from."""

    wrong = say("Please choose one from this list.")


class RowsField(ChoiceField, RadioField):
    """The same as rows to press."""


class ZoneField(ChoiceField):
    """A time zone: those at home, then the others by part of the world.

    `first` says which are at home; with them stands what is chosen already, where it has an
    older name. Any name of a zone is taken.
    """

    def __init__(
        self,
        label: str,
        validators: list[Any] | None = None,
        *,
        first: Callable[[], Iterable[str]] = tuple,
        **more: Any,
    ) -> None:
        super().__init__(label, validators, choices=self._offered, **more)
        self.first = first

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what is no time zone."""
        if self.data not in zones.known():
            raise ValidationError(_("Please choose a time zone."))

    def _offered(self) -> list[SelectChoice]:
        home = list(self.first())
        if self.data in zones.known() and self.data not in zones.countries():
            home.append(self.data)
        near = dict.fromkeys(zones.at_home(home), _("Where the study is"))
        areas = {area: translated(name) for area, name in zones.AREAS.items()}
        far = {zone: areas[zone.partition("/")[0]] for zone in zones.countries()}
        return [
            SelectChoice(zone, zones.city(zone), optgroup=group)
            for zone, group in (near | (far | near)).items()
        ]


class ChoicesField(InOurWords, SelectMultipleField):
    """Boxes to tick, as many as one likes."""

    wrong = say("Please choose from this list alone.")
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()
