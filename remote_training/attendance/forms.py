"""What is typed at the door, and by the trainer afterwards."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import StopValidation

from remote_training.attendance.errors import ChangedMeanwhile
from remote_training.attendance.models import Status
from remote_training.contacts import checks
from remote_training.contacts.models import Contact
from remote_training.core.errors import Invalid
from remote_training.core.fields import ChoiceField, RowsField
from remote_training.core.text import clean_line
from remote_training.core.words import say, translated
from remote_training.meetings.models import EventKind, Source

LONGEST_PLACE = 200
LONGEST_TYPED = 1000
IN_FILE, OTHER = "file", "other"

STATUS_WORDS = {
    Status.ATTENDED: _l("was there"),
    Status.LATE: _l("came late"),
    Status.EXCUSED: _l("excused"),
    Status.TECHNICAL: _l("technical trouble"),
    Status.NO_SHOW: _l("did not come"),
}

KIND_WORDS = {
    EventKind.JOINED: _l("came in"),
    EventKind.LEFT: _l("left"),
    EventKind.WAITING: _l("was in the waiting room"),
    EventKind.ADMITTED: _l("was let in"),
    EventKind.WAITED: _l("left the waiting room"),
    EventKind.STARTED: _l("the room was opened"),
    EventKind.ENDED: _l("the room was closed"),
}
SOURCE_WORDS = {
    Source.WEBHOOK: _l("the room itself"),
    Source.REPORT: _l("the provider's report"),
    Source.PAGE: _l("our own page"),
}
CAUSE_WORDS = {
    str(Source.WEBHOOK): _l("late news from the room"),
    str(Source.REPORT): _l("the provider's report"),
    "decision": _l("a decision about an unknown person"),
}


class JoinForm(FlaskForm):  # type: ignore[misc]
    """Where she is, and whom to call: asked for each class, shown to her trainer only.

    Once told, it need not be told again for the same class: then an empty place is right.
    """

    visit = HiddenField()
    js = HiddenField(default="0")
    place = StringField(_l("Where are you today?"))
    whom = RowsField(
        _l("Whom shall we call in an emergency?"),
        choices=[
            SelectChoice(IN_FILE, _l("The person whom I named to the study")),
            SelectChoice(OTHER, _l("Somebody else")),
        ],
        default=IN_FILE,
    )
    call_name = StringField(_l("Name of this person"))
    call_phone = StringField(_l("Telephone of this person"))

    def __init__(self, contact: Contact, *, has_told: bool) -> None:
        super().__init__()
        if not contact.emergency_phone:
            self.whom.choices = [SelectChoice(OTHER, _l("Somebody else"))]
            self.whom.data = OTHER
        self.has_told = has_told
        self.place.flags.required = not has_told
        self.call_name.flags.required = self.call_phone.flags.required = True

    @property
    def keeps(self) -> bool:
        """Whether what was told before still holds."""
        return self.has_told and not clean_line(self.place.data or "") and not self._names_another

    @property
    def _names_another(self) -> bool:
        """Whether somebody else is written down where that could be seen when it was sent."""
        typed = (self.call_name.data or "") + (self.call_phone.data or "")
        return bool(clean_line(typed)) and (self.whom.data == OTHER or self.js.data != "1")

    @property
    def whereabouts(self) -> dict[str, str]:
        """What is to be kept, as `contacts.whereabouts.tell` takes it."""
        is_other = self.whom.data == OTHER
        return {
            "place": clean_line(self.place.data or ""),
            "call_name": checks.name(self.call_name.data or "") if is_other else "",
            "call_phone": checks.phone(self.call_phone.data or "") if is_other else "",
        }

    def validate_place(self, field: StringField) -> None:
        """Ask for a place that fits on one line."""
        place = clean_line(field.data or "")
        if not place and not self.keeps:
            raise StopValidation(_l("Please write where you are, so that help can find you."))
        if len(place) > LONGEST_PLACE:
            raise StopValidation(_l("Please shorten this to 200 letters."))

    def validate_whom(self, _field: RowsField) -> None:
        """Ask where somebody else is written down and not chosen: nobody is dropped unsaid."""
        if self.whom.data == IN_FILE and self._names_another:
            raise StopValidation(
                _l("You wrote somebody down. Please choose “Somebody else”, or empty both lines.")
            )

    def validate_call_name(self, field: StringField) -> None:
        """Ask for a name where somebody else is to be called."""
        if self.whom.data == OTHER and not self.keeps:
            _checked(checks.name, field)

    def validate_call_phone(self, field: StringField) -> None:
        """Ask for a number where somebody else is to be called."""
        if self.whom.data == OTHER and not self.keeps:
            if not clean_line(field.data or ""):
                raise StopValidation(_l("Please write the telephone number of this person."))
            _checked(checks.phone, field)


class StatusForm(FlaskForm):  # type: ignore[misc]
    """A trainer's word about one person in one class; the first choice takes it back.

    `seen` is the mark that the page showed, `refusal` why the word was not taken.
    """

    seen = HiddenField()
    status = ChoiceField(
        _l("How did this class go?"),
        choices=[
            SelectChoice("", _l("as the room reported")),
            *(SelectChoice(str(status), words) for status, words in STATUS_WORDS.items()),
        ],
    )
    reason = StringField(_l("Why?"))

    def __init__(self, **shown: str) -> None:
        super().__init__(**shown)
        self.status.flags.required = True
        self.refusal: Invalid | None = None

    def said_at(self, refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        self.refusal = refusal
        return self.status if isinstance(refusal, ChangedMeanwhile) else self.reason

    @property
    def chosen(self) -> Status | None:
        """The status, or None to let the machine's count again. Raises `Invalid` for neither."""
        if self.status.data == "":
            return None
        try:
            return Status(self.status.data)
        except ValueError:
            raise Invalid(say("Please choose one from this list.")) from None


class NoteForm(FlaskForm):  # type: ignore[misc]
    """What a trainer wants to remember of somebody in this class."""

    note = StringField(_l("Note for this class"), render_kw={"maxlength": 300})

    def said_at(self, _refusal: Invalid) -> Field:
        """The field that a refusal is written at."""
        return self.note


def _checked(check: Callable[[str], str], field: StringField) -> None:
    try:
        check(field.data or "")
    except Invalid as refusal:
        raise StopValidation(translated(refusal.sentence, **refusal.gaps)) from refusal


class InsteadForm(FlaskForm):  # type: ignore[misc]
    """The address of another room for one class; empty for its own one."""

    address = StringField(_l("Address of the other room"), render_kw={"inputmode": "url"})
