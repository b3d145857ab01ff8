"""Which week, whose classes, which of them: what stands in the address of the week's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import StopValidation

from remote_training.classes import names
from remote_training.core.words import translated
from remote_training.dashboard.fields import DayField
from remote_training.studies.current import study
from remote_training.studies.models import Site

MINE, ALL = "mine", "all"
EARLIEST, LATEST = date(2000, 1, 3), date(2099, 12, 28)


def _one_of(sentence: object) -> object:
    """A validator: what is not among the choices of the field is said in a sentence."""

    def validate(_form: object, field: SelectField) -> None:
        if field.data not in [choice[0] for choice in field.iter_choices()]:
            raise StopValidation(str(sentence))

    return validate


class WeekForm(FlaskForm):  # type: ignore[misc]
    """The filters, read from the address. What is not there has its default."""

    class Meta:
        """It changes nothing: no token."""

        csrf = False

    week = DayField(_l("A day of the week"))
    trainer = SelectField(
        _l("Trainer"), [_one_of(_l("Please choose a trainer of your sites."))],
        validate_choice=False,
    )  # fmt: skip
    module = SelectField(
        _l("Class"), [_one_of(_l("Please choose a kind of class."))], validate_choice=False
    )
    site = SelectField(
        _l("Site"), [_one_of(_l("Please choose one of your sites."))], validate_choice=False
    )
    zone = SelectField(
        _l("Time zone"), [_one_of(_l("Please choose a time zone."))], validate_choice=False
    )
    free = BooleanField(_l("With free places only"))

    def __init__(
        self,
        asked: Mapping[str, str],
        *,
        sites: Sequence[Site],
        trainers: Mapping[UUID, str],
        zone: str,
        gives_classes: bool,
        today: date,
    ) -> None:
        super().__init__(
            formdata=asked,
            week=today,
            trainer=MINE if gives_classes else ALL,
            module=ALL,
            site=ALL,
            zone=zone,
        )
        if not any(self.week.raw_data or ()):
            self.week.data = today
        mine = [SelectChoice(MINE, _l("My own classes"))] if gives_classes else []
        everybody = SelectChoice(ALL, _l("Everybody"))
        self.trainer.choices = [
            *mine, everybody, *(SelectChoice(str(key), name) for key, name in trainers.items())
        ]  # fmt: skip
        self.module.choices = [
            SelectChoice(ALL, _l("All kinds")),
            *(SelectChoice(code, names.of_module(code)) for code in study().module_codes()),
        ]
        self.site.choices = [
            SelectChoice(ALL, _l("All my sites")),
            *(SelectChoice(site.code, site.name) for site in sites),
        ]
        chosen = [self.zone.data] if self.zone.data in available_timezones() else []
        zones = dict.fromkeys([zone, *(site.zone for site in sites), *chosen])
        self.zone.choices = [
            SelectChoice(one, one.replace("_", " ").replace("/", " / ")) for one in zones
        ]

    def validate_week(self, field: DayField) -> None:
        """Refuse a week that no class can be in."""
        if field.data is not None and not EARLIEST <= field.data <= LATEST:
            raise StopValidation(translated("Please write a day, such as 2026-11-24."))

    def or_default(self, name: str) -> object:
        """What a filter says; its default where it says nothing that can be."""
        field = self[name]
        return field.object_data if field.errors or field.data is None else field.data

    @property
    def told(self) -> list[tuple[str, str]]:
        """Whose classes, and which, as label and choice: for a page without the form, on paper."""
        return [
            (str(field.label.text), str(choice[1]))
            for field in (self.trainer, self.module, self.site)
            for choice in field.iter_choices()
            if choice[0] == self.or_default(field.name)
            and (field is self.trainer or field.name in self.as_asked)
        ]

    @property
    def as_asked(self) -> dict[str, str]:
        """The filters other than the week, as an address holds them: those alone that differ."""
        chosen = {
            name: str(self.or_default(name))
            for name in ("trainer", "module", "site", "zone")
            if self.or_default(name) != self[name].object_data
        }
        return chosen | ({"free": "1"} if self.free.data else {})
