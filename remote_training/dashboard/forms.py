"""What the coordinator types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import uuid4

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from remote_training.classes import names
from remote_training.contacts import checks
from remote_training.contacts import service as contacts
from remote_training.contacts.models import Contact
from remote_training.core import reasons
from remote_training.core.errors import Invalid
from remote_training.core.fields import taken_by
from remote_training.core.words import LANGUAGES
from remote_training.dashboard.fields import (
    ChoiceField,
    DayField,
    ZoneField,
    row_id,
)
from remote_training.dashboard.wording import ARM_WORDS, FACT_WORDS, SEX_WORDS
from remote_training.participants.models import Participant, Sex
from remote_training.studies.current import study
from remote_training.studies.models import Site

UNKNOWN = SelectChoice("", _l("not known"))
YES, NO = "yes", "no"
SPOKEN = [SelectChoice(code, name) for code, name in LANGUAGES.items()]
CHOSEN = InputRequired(_l("Please choose one of the answers."))


class ContactForm(FlaskForm):  # type: ignore[misc]
    """How somebody is called and reached."""

    name = StringField(
        _l("Name"), [InputRequired(_l("Please write a name.")), taken_by(checks.name)]
    )
    email = StringField(
        _l("Mail address"),
        [
            InputRequired(_l("Please write a mail address, such as name@example.org.")),
            taken_by(contacts.canonical),
        ],
    )
    phone = StringField(
        _l("Telephone"),
        [InputRequired(_l("Please write a telephone number.")), taken_by(checks.phone)],
    )
    birth_year = StringField(
        _l("Year of birth"), [InputRequired(_l("Please write the year of birth."))]
    )
    emergency_name = StringField(_l("Emergency contact: name"))
    emergency_phone = StringField(_l("Emergency contact: telephone"), [taken_by(checks.phone)])
    language = ChoiceField(_l("Language"), [CHOSEN], choices=SPOKEN)
    zone = ZoneField(_l("Time zone"), [CHOSEN])

    def __init__(self, *, zones: Sequence[str], now: datetime, **known: Any) -> None:
        super().__init__(**known)
        self._this_year = now.year
        self.zone.first = lambda: [*zones, *study().zones]

    def validate_birth_year(self, field: StringField) -> None:
        """Ask for a year in which somebody of age was born."""
        taken_by(partial(checks.birth_year, this_year=self._this_year))(self, field)

    @property
    def fields(self) -> dict[str, Any]:
        """What was typed, as `participants.service` takes it."""
        own = ("name", "email", "phone", "birth_year", "emergency_name", "emergency_phone")
        return {name: self[name].data or "" for name in (*own, "language", "zone")}

    def said_at(self, _refusal: Invalid) -> Field:
        """The field that a refusal of the whole form is written at."""
        return self.name


def of_contact(participant: Participant, *, now: datetime, is_typed: bool = True) -> ContactForm:
    """The form with what is known of a participant; where `is_typed`, with what was sent."""
    contact: Contact = participant.contact
    fields = (*contacts.FIELDS, "email")
    known: dict[str, Any] = {field: getattr(contact, field) for field in fields}
    if not is_typed:
        known["formdata"] = None
    return ContactForm(
        zones=[participant.zone, participant.site.zone],
        now=now,
        language=participant.language,
        zone=participant.zone,
        **known,
    )


class EnrolForm(ContactForm):
    """A participant to be added."""

    site = ChoiceField(_l("Site"), [CHOSEN])
    once = HiddenField()

    def __init__(self, sites: Sequence[Site], *, now: datetime) -> None:
        zones = [site.zone for site in sites]
        super().__init__(zones=zones, now=now, zone=sites[0].zone, language=sites[0].language)
        self._sites = {str(site.id): site for site in sites}
        self.site.choices = [SelectChoice(code, site.name) for code, site in self._sites.items()]
        self.row_id = row_id(self.once.data)
        self.renew()

    def renew(self) -> None:
        """Draw the id of the next row: the form sent with it adds one person, however often."""
        self.once.data = str(uuid4())

    @property
    def chosen_site(self) -> Site:
        """The site that was chosen; only after validation."""
        return self._sites[self.site.data]


class FactsForm(FlaskForm):  # type: ignore[misc]
    """The facts about a participant that are recorded by hand."""

    consented_on = DayField(FACT_WORDS["consented_on"])
    cleared_on = DayField(FACT_WORDS["cleared_on"])
    baseline_on = DayField(FACT_WORDS["baseline_on"])
    complaint = ChoiceField(FACT_WORDS["complaint"])
    sex = ChoiceField(FACT_WORDS["sex"])
    neurotoxic_chemotherapy = ChoiceField(FACT_WORDS["neurotoxic_chemotherapy"])
    arm = ChoiceField(FACT_WORDS["arm"])
    reason = StringField(_l("Why is something changed that was recorded before?"))

    def __init__(self, participant: Participant, arm: str | None, *, shows_arm: bool) -> None:
        super().__init__(
            data={
                "consented_on": participant.consented_on,
                "cleared_on": participant.cleared_on,
                "baseline_on": participant.baseline_on,
                "complaint": participant.complaint or "",
                "sex": participant.sex or "",
                "neurotoxic_chemotherapy": _yes_or_no(participant.neurotoxic_chemotherapy),
                "arm": arm or "",
            }
        )
        self.complaint.choices = [
            UNKNOWN,
            *(SelectChoice(code, names.of_module(code)) for code in study().complaint_codes()),
        ]
        self.sex.choices = [
            UNKNOWN,
            *(SelectChoice(sex.value, word) for sex, word in SEX_WORDS.items()),
        ]
        self.neurotoxic_chemotherapy.choices = [
            UNKNOWN,
            SelectChoice(YES, _l("yes")),
            SelectChoice(NO, _l("no")),
        ]
        self.arm.choices = [SelectChoice("", _l("not allocated yet"))] if arm is None else []
        self.arm.choices += [
            SelectChoice(code, ARM_WORDS.get(code, code)) for code in study().arm_codes()
        ]
        if not shows_arm:
            del self.arm

    @property
    def facts(self) -> dict[str, Any]:
        """What was chosen, as `participants.service.record` takes it."""
        facts: dict[str, Any] = {
            "consented_on": self.consented_on.data,
            "cleared_on": self.cleared_on.data,
            "baseline_on": self.baseline_on.data,
            "complaint": self.complaint.data or None,
            "sex": Sex(self.sex.data) if self.sex.data else None,
            "neurotoxic_chemotherapy": {YES: True, NO: False}.get(
                self.neurotoxic_chemotherapy.data
            ),
        }
        if "arm" in self and self.arm.data:
            facts["arm"] = self.arm.data
        return facts

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at: the one it names, or the reason."""
        fact = str(refusal.gaps.get("fact", "reason"))
        return cast(Field, self._fields.get(fact, self.reason))


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why something is done."""

    reason = StringField(
        _l("Why?"), [InputRequired(_l("Please write why.")), taken_by(reasons.needed)]
    )

    def said_at(self, _refusal: Invalid) -> Field:
        """The one field."""
        return self.reason


def _yes_or_no(fact: bool | None) -> str:
    return "" if fact is None else YES if fact else NO
