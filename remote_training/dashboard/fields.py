"""Fields that say what to write when something else was typed, and keep what was typed."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import available_timezones

from flask_babel import gettext as _
from wtforms import DateField, Field, IntegerField, TimeField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import StopValidation

from remote_training.core.db import db
from remote_training.core.errors import Invalid
from remote_training.core.words import translated

AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Pacific/")


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


def taken_by(check: Callable[[str], object]) -> Callable[[object, Field], None]:
    """A validator: what the check of a room refuses is said at the field."""

    def validate(_form: object, field: Field) -> None:
        try:
            check(field.data or "")
        except Invalid as refusal:
            raise StopValidation(translated(refusal.sentence, **refusal.gaps)) from refusal

    return validate


def attempt(verb: Callable[[], object], said_at: Callable[[Invalid], Field]) -> bool:
    """Do what a form asks for, or nothing of it: a refusal is written at a field of the form."""
    try:
        with db.session.begin_nested():
            verb()
    except Invalid as refusal:
        field = said_at(refusal)
        field.errors = [*field.errors, translated(refusal.sentence, **refusal.gaps)]
        return False
    return True


def zone_choices(*first: str) -> list[SelectChoice]:
    """Time zones to choose from: those given first, then the others by name."""
    others = sorted(zone for zone in available_timezones() if zone.startswith(AREAS))
    names = dict.fromkeys([*first, *others])
    return [SelectChoice(name, name.replace("_", " ")) for name in names]
