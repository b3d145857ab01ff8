"""What is typed about classes: a series to be offered, a change of what is offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time
from enum import StrEnum
from typing import cast
from uuid import UUID, uuid5

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from remote_training.accounts.models import Account, Grant
from remote_training.bookings.outlook import Scope, Wish
from remote_training.classes import names
from remote_training.classes import plan as plans
from remote_training.classes import wall_time as wall
from remote_training.classes.models import Series, Session
from remote_training.classes.plan import Plan
from remote_training.core import reasons
from remote_training.core.errors import Invalid
from remote_training.core.fields import RowsField, taken_by
from remote_training.dashboard.fields import (
    AsItWas,
    ChoiceField,
    ChoicesField,
    DayField,
    NumberField,
    WallTimeField,
    ZoneField,
    row_id,
)
from remote_training.dashboard.forms import CHOSEN, SPOKEN
from remote_training.dashboard.wording import WEEKDAYS
from remote_training.studies.current import study

ANY_HOST = SelectChoice("", _l("whichever is free"))


class Step(StrEnum):
    """Which button was pressed: see what would be done, do it, or change something first."""

    LOOK = "look"
    SAVE = "save"
    BACK = "back"


class SteppedForm(FlaskForm):  # type: ignore[misc]
    """A form whose outcome is shown before it is done; nothing typed is lost on the way."""

    step = HiddenField()

    @property
    def is_saved(self) -> bool:
        """Whether it is to be done now."""
        return bool(self.step.data == Step.SAVE)

    @property
    def is_changed_again(self) -> bool:
        """Whether she came back from what would be done, to change something."""
        return bool(self.step.data == Step.BACK)

    @property
    def sent(self) -> Iterator[tuple[str, str]]:
        """Everything that was sent, as names and words, to be sent once more."""
        for field in self:
            if field.name not in ("step", "csrf_token"):
                for word in field.raw_data or []:
                    yield field.name, word


class SeriesForm(SteppedForm):
    """A series of classes to be offered."""

    module = ChoiceField(_l("Kind of class"), [CHOSEN])
    trainer = ChoiceField(_l("Trainer"), [CHOSEN])
    weekdays = ChoicesField(
        _l("Days of the week"),
        [InputRequired(_l("Please choose a day of the week."))],
        coerce=int,
        choices=[SelectChoice(str(number), word) for number, word in enumerate(WEEKDAYS)],
    )
    wall_time = WallTimeField(
        _l("Time"), [InputRequired(_l("Please write a time, such as 10:00."))]
    )
    zone = ZoneField(_l("Time zone"), [CHOSEN])
    first_on = DayField(_l("First day"), [InputRequired(_l("Please write the first day."))])
    last_on = DayField(_l("Last day"), [InputRequired(_l("Please write the last day."))])
    breaks = TextAreaField(_l("Holidays and other days without a class"))
    minutes = NumberField(
        _l("Minutes"), [InputRequired(_l("Please write how many minutes."))], default=60
    )
    places = NumberField(
        _l("Places"), [InputRequired(_l("Please write how many places."))], default=12
    )
    language = ChoiceField(_l("Language"), [CHOSEN], choices=SPOKEN)
    host = ChoiceField(_l("Meeting host"), default="")
    substitutes = ChoicesField(_l("Who may stand in for the trainer"))
    once = HiddenField()

    def __init__(self, trainers: Sequence[Grant]) -> None:
        here = trainers[0].site if trainers else None
        super().__init__(
            data={"zone": here.zone, "language": here.language} if here is not None else {}
        )
        self._trainers = {str(grant.id): grant for grant in trainers}
        self.module.choices = [
            SelectChoice(code, names.of_module(code)) for code in study().module_codes()
        ]
        people = [
            SelectChoice(code, f"{grant.account.contact.name}, {grant.site.name}")
            for code, grant in self._trainers.items()
        ]
        self.trainer.choices = self.substitutes.choices = people
        self.zone.first = lambda: [*(grant.site.zone for grant in trainers), *study().zones]
        self.host.choices = [ANY_HOST, *_hosts(trainers)]
        self._drawn = row_id(self.once.data)
        self.once.data = str(self._drawn)
        self.once.raw_data = [self.once.data]

    def validate_breaks(self, field: TextAreaField) -> None:
        """Take lines that begin with a day."""
        taken_by(plans.days_off)(self, field)

    @property
    def series_id(self) -> UUID:
        """The id of the series: the same plan sent twice is one, a plan that was changed another.

        So the browser's way back to an older page, and on from there, leads to no other's deed.
        """
        beside = ("step", "csrf_token", self.once.name)
        chosen = sorted((name, value) for name, value in self.data.items() if name not in beside)
        return uuid5(self._drawn, repr(chosen))

    @property
    def plan(self) -> Plan:
        """What was chosen; only after validation."""
        grant = self._trainers[self.trainer.data]
        plain = ("module", "weekdays", "wall_time", "zone", "minutes", "places", "language")
        days = ("first_on", "last_on")
        stand_ins = (self._trainers[code].account for code in self.substitutes.data or [])
        return Plan(
            site=grant.site,
            trainer=grant.account,
            host=self.host.data or None,
            breaks=plans.days_off(self.breaks.data or ""),
            substitutes=tuple(one for one in stand_ins if one.id != grant.account_id),
            **{field: self[field].data for field in (*plain, *days)},
        )

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        field = str(refusal.gaps.get("field", "first_on"))
        return cast(Field, self._fields.get(field, self.first_on))


class ScopedForm(SteppedForm):
    """A change of one class, or of all of its series from its day on, and why."""

    scope = RowsField(
        _l("Which classes?"),
        choices=[
            SelectChoice(Scope.ONE.value, _l("this class only")),
            SelectChoice(Scope.LATER.value, _l("this class and all later ones of its series")),
        ],
        default=Scope.ONE.value,
    )
    reason = StringField(_l("Why?"))
    mark = HiddenField()

    def said_at(self, _refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        return self.reason

    @property
    def chosen_scope(self) -> Scope:
        """Which classes are meant; only after validation."""
        return Scope(self.scope.data)


class CallOffForm(ScopedForm):
    """Why one class, or all from a day on, do not take place."""

    reason = StringField(
        _l("Why?"), [InputRequired(_l("Please write why.")), taken_by(reasons.needed)]
    )


class ChangeForm(ScopedForm):
    """Another time, length, trainer, language or number of places."""

    on_date = DayField(_l("Day"), [InputRequired(_l("Please write the day."))])
    wall_time = WallTimeField(
        _l("Time"), [InputRequired(_l("Please write a time, such as 10:00."))]
    )
    minutes = NumberField(_l("Minutes"), [AsItWas()])
    trainer = ChoiceField(_l("Trainer"), [CHOSEN])
    language = ChoiceField(_l("Language"), [AsItWas()], choices=SPOKEN)
    places = NumberField(_l("Places"), [InputRequired(_l("Please write how many places."))])
    reason = StringField(_l("Why?"), [taken_by(reasons.given)])

    def __init__(self, session: Session, trainers: Sequence[Grant], substitutes: set[UUID]) -> None:
        shown = wall.shown(session.starts_at, session.zone)
        super().__init__(
            data={
                "scope": Scope.ONE.value,
                "on_date": session.on_date,
                "wall_time": shown.time(),
                "minutes": session.minutes,
                "trainer": str(session.trainer_id),
                "language": session.language,
                "places": session.places,
            }
        )
        here = [grant.account for grant in trainers if grant.site_id == session.site_id]
        first = sorted(here, key=lambda account: account.id not in substitutes)
        self._trainers = {str(one.id): one for one in [session.trainer, *first]}
        self.trainer.choices = [
            SelectChoice(code, _called(one, session, substitutes))
            for code, one in self._trainers.items()
        ]

    @property
    def wish(self) -> Wish:
        """What was typed; only after validation."""
        return Wish(
            on_date=cast(date, self.on_date.data),
            wall_time=cast(time, self.wall_time.data),
            trainer=self._trainers[self.trainer.data],
            places=cast(int, self.places.data),
            scope=self.chosen_scope,
            minutes=self.minutes.data,
            language=self.language.data,
        )

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at: the one it names, or the reason."""
        field = str(refusal.gaps.get("field", "reason"))
        return cast(Field, self._fields.get(field, self.reason))


class SubstitutesForm(FlaskForm):  # type: ignore[misc]
    """Who may stand in for the trainer of a series."""

    substitutes = ChoicesField(_l("Who may stand in for the trainer"))

    def __init__(self, series: Series, trainers: Sequence[Grant], chosen: set[UUID]) -> None:
        here = [grant.account for grant in trainers if grant.site_id == series.site_id]
        self._trainers = {str(one.id): one for one in here if one.id != series.trainer_id}
        super().__init__(data={"substitutes": sorted(map(str, chosen))})
        self.substitutes.choices = [
            SelectChoice(code, one.contact.name) for code, one in self._trainers.items()
        ]

    @property
    def chosen(self) -> list[Account]:
        """Who was ticked; only after validation."""
        return [self._trainers[code] for code in self.substitutes.data or []]

    def said_at(self, _refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        return cast(Field, self.substitutes)


def _called(account: Account, session: Session, substitutes: set[UUID]) -> str:
    name = account.contact.name
    if account.id == session.trainer_id or account.id not in substitutes:
        return name
    return str(_l("%(name)s, stands in", name=name))


def _hosts(trainers: Sequence[Grant]) -> list[SelectChoice]:
    sites = dict.fromkeys(grant.site for grant in trainers)
    return [
        SelectChoice(host.code, host.name)
        for site in sites
        for host in study().site(site.code).hosts
    ]
