"""What is chosen and typed about an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, ValidationError

from remote_training.core.errors import Invalid
from remote_training.core.fields import (
    ChoiceField,
    ChoicesField,
    DayField,
    RowsField,
    WallTimeField,
)
from remote_training.core.words import zone
from remote_training.safety import event_wording as wording
from remote_training.safety.errors import WrongDetail
from remote_training.safety.event_models import Action, Criterion, Outcome, Phase, Related
from remote_training.safety.event_rules import Told
from remote_training.safety.event_service import LONGEST_TEXT, LONGEST_WHY
from remote_training.safety.event_terms import terms

GRADES = range(1, 6)
TAPPED = range(1, 5)  # nobody records a death by one tap
EARLIEST = 2000  # the year
Kind = TypeVar("Kind", bound=StrEnum)
_too_long = _l("This is too long.")


class OneField(RowsField):
    """Rows of which one may be pressed, or none."""

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what is not among the rows."""
        if self.data and not any(option[2] for option in self.iter_choices()):
            raise ValidationError(_("Please choose one from this list."))


class TimeOrNothing(WallTimeField):
    """A time of day, or none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take a time, or nothing where the field is left empty."""
        self.data = None
        if any(valuelist):
            super().process_formdata(valuelist)


class KeyedForm(FlaskForm):  # type: ignore[misc]
    """A form that counts once however often it is sent, unless something else stands in it."""

    key = HiddenField()
    number = HiddenField()

    def __init__(self, **shown: Any) -> None:
        super().__init__(**shown)
        if not self.key.data:
            self.key.data = str(uuid4())

    def validate_key(self, field: HiddenField) -> None:
        """A key that our page gave."""
        try:
            UUID(field.data)
        except ValueError:
            raise ValidationError(_("Please load this page again.")) from None

    @property
    def version(self) -> int:
        """The version that the page showed; 0, which is none, for what is no number."""
        typed = str(self.number.data or "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        self.status = refusal.status
        name = refusal.detail if isinstance(refusal, WrongDetail) else ""
        found: Field = self._fields.get(name) or self._fields[self.last_resort]
        return found

    @property
    def row_key(self) -> UUID:
        """The same for the same content on the same page; only after validation."""
        return uuid5(UUID(self.key.data), repr(self._content))

    @property
    def _content(self) -> object:
        return None

    last_resort = "key"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NewEventForm(KeyedForm):
    """What happened and how bad it is: by one tap (`pick`), or chosen below with words."""

    pick = StringField()
    term = ChoiceField(_l("What happened?"), validate_choice=False)
    grade = OneField(_l("How bad is it?"))
    text = TextAreaField(_l("In your own words"), [Length(max=LONGEST_TEXT, message=_too_long)])
    last_resort = "term"

    def __init__(self) -> None:
        super().__init__()
        self.term.choices = [SelectChoice("", _l("Please choose")), *_terms()]
        self.grade.choices = _grades()
        self.term.flags.required = self.grade.flags.required = True

    def validate_pick(self, field: StringField) -> None:
        """One of our buttons, where one was pressed."""
        if field.data and field.data not in _picks():
            raise ValidationError(_("Please load this page again."))

    def validate_term(self, field: ChoiceField) -> None:
        """Chosen, where no button was pressed."""
        is_known = any(one.code == field.data for one in terms().terms)
        if not self.pick.data and not is_known:
            raise ValidationError(_("Please choose what happened."))

    def validate_grade(self, field: OneField) -> None:
        """Chosen, where no button was pressed."""
        if not self.pick.data and not field.data:
            raise ValidationError(_("Please choose how bad it is."))

    @property
    def chosen(self) -> tuple[str, int]:
        """The code of the term, and the grade; only after validation."""
        if self.pick.data:
            return _picks()[self.pick.data]
        return str(self.term.data), int(self.grade.data)

    @property
    def _content(self) -> object:
        return (*self.chosen, self.text.data or "")


class DetailsForm(KeyedForm):
    """All that is told of an event. What stays empty is not told yet."""

    term = ChoiceField(wording.DETAIL_WORDS["term"])
    grade = OneField(wording.DETAIL_WORDS["grade"])
    phase = OneField(wording.DETAIL_WORDS["phase"])
    onset_on = DayField(_l("Day on which it began"))
    onset_time = TimeOrNothing(_l("Time at which it began"))
    is_serious = OneField(
        _l("Is it serious?"),
        choices=[SelectChoice("no", wording.NO), SelectChoice("yes", wording.YES)],
    )
    criterion = ChoiceField(wording.DETAIL_WORDS["criterion"])
    related = OneField(_l("Does it come from the training, as far as you can judge?"))
    actions = ChoicesField(wording.DETAIL_WORDS["actions"])
    outcome = OneField(wording.DETAIL_WORDS["outcome"])
    outcome_on = DayField(wording.DETAIL_WORDS["outcome_on"])
    text = TextAreaField(
        wording.DETAIL_WORDS["text"], [Length(max=LONGEST_TEXT, message=_too_long)]
    )
    why = StringField(
        _l("Why is it said otherwise now?"), [Length(max=LONGEST_WHY, message=_too_long)]
    )
    last_resort = "why"

    def __init__(self, told: Told, number: int, *, has_class: bool) -> None:
        super().__init__(**_shown(told), number=str(number))
        known = {term.code for term in terms().terms}
        retired = [] if told.term in known else [SelectChoice(told.term, told.term)]
        self.term.choices = [*_terms(), *retired]
        self.grade.choices = _grades()
        phases = wording.PHASE_WORDS.items()
        self.phase.choices = _choices(phases if has_class else [*phases][-1:])
        unknown = SelectChoice("", _l("not serious, or not known yet"))
        self.criterion.choices = [unknown, *_choices(wording.CRITERION_WORDS.items())]
        self.related.choices = _choices(wording.RELATED_WORDS.items())
        self.actions.choices = _choices(wording.ACTION_WORDS.items())
        self.outcome.choices = _choices(wording.OUTCOME_WORDS.items())

    def validate_onset_on(self, field: DayField) -> None:
        """A day of our time, where a time is given."""
        if field.data is None and self.onset_time.data is not None:
            raise ValidationError(_("Please give the day as well."))
        if field.data is not None and not EARLIEST <= field.data.year <= 9000:
            raise ValidationError(_("Please write a day, such as 2026-11-24."))

    def validate_onset_time(self, field: TimeOrNothing) -> None:
        """A time, where a day is given."""
        if field.data is None and self.onset_on.data is not None and not field.errors:
            raise ValidationError(_("Please give the time as well, as near as you know."))

    @property
    def told(self) -> Told:
        """What it says; only after validation. Day and time are those of the reader."""
        serious = {"yes": True, "no": False}.get(self.is_serious.data)
        return Told(
            term=str(self.term.data),
            grade=int(self.grade.data),
            phase=_one(Phase, self.phase.data),
            onset_at=self._onset_at,
            is_serious=serious,
            criterion=_one(Criterion, self.criterion.data),
            related=_one(Related, self.related.data),
            actions=tuple(one for one in Action if one.value in (self.actions.data or [])),
            outcome=_one(Outcome, self.outcome.data),
            outcome_on=self.outcome_on.data,
            text=self.text.data or "",
        )

    @property
    def _content(self) -> object:
        return self.version, self.told, self.why.data or ""

    @property
    def _onset_at(self) -> datetime | None:
        on, at = self.onset_on.data, self.onset_time.data
        return None if on is None or at is None else datetime.combine(on, at, tzinfo=zone())


class CareForm(KeyedForm):
    """What a coordinator did about it."""

    care = RowsField(_l("What was done?"))
    note = TextAreaField(
        _l("What came of it, in a few words"), [Length(max=LONGEST_TEXT, message=_too_long)]
    )
    last_resort = "note"

    def __init__(self, number: int) -> None:
        super().__init__(number=str(number))
        self.care.choices = _choices(wording.CARE_WORDS.items())

    def validate_care(self, field: RowsField) -> None:
        """One of the rows."""
        if not field.data:
            raise ValidationError(_("Please choose what was done."))

    @property
    def _content(self) -> object:
        return self.care.data, self.note.data or ""


class WithdrawForm(KeyedForm):
    """Why an event was entered by mistake."""

    why = StringField(_l("Why was it a mistake?"), [Length(max=LONGEST_WHY, message=_too_long)])
    last_resort = "why"

    def __init__(self) -> None:
        super().__init__()
        self.why.flags.required = True


def _shown(told: Told) -> dict[str, Any]:
    onset = told.onset_at.astimezone(zone()) if told.onset_at is not None else None
    return {
        "term": told.term,
        "grade": str(told.grade),
        "phase": told.phase,
        "onset_on": onset.date() if onset else None,
        "onset_time": onset.time().replace(second=0, microsecond=0) if onset else None,
        "is_serious": None if told.is_serious is None else ("no", "yes")[told.is_serious],
        "criterion": told.criterion or "",
        "related": told.related,
        "actions": [action.value for action in told.actions],
        "outcome": told.outcome,
        "outcome_on": told.outcome_on,
        "text": told.text,
    }


def _picks() -> Mapping[str, tuple[str, int]]:
    common = [term.code for term in terms().terms if term.common]
    return {f"{code}:{grade}": (code, grade) for code in common for grade in TAPPED}


def _terms() -> list[SelectChoice]:
    return [SelectChoice(term.code, wording.term(term.code)) for term in terms().terms]


def _grades() -> list[SelectChoice]:
    said = {grade: wording.grade(grade) for grade in GRADES}
    return [SelectChoice(str(n), f"{n} {word}: {line}") for n, (word, line) in said.items()]


def _choices(words: Iterable[tuple[StrEnum, Any]]) -> list[SelectChoice]:
    return [SelectChoice(code.value, said) for code, said in words]


def _one(kind: type[Kind], typed: str | None) -> Kind | None:
    return kind(typed) if typed else None
