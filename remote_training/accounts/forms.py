"""Forms of the staff's way in, and of who may do what."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from remote_training.accounts import programs
from remote_training.accounts.models import Role
from remote_training.core import reasons
from remote_training.core.fields import ChoiceField, ZoneField, taken_by
from remote_training.core.words import LANGUAGES
from remote_training.studies.current import study

LONGEST = 300
REQUIRED = InputRequired(_l("Please fill this in."))
SHORT = Length(max=LONGEST, message=_l("This is too long."))


class SignInForm(FlaskForm):  # type: ignore[misc]
    """First step: who it is, and the password."""

    email = StringField(_l("Mail address"), [REQUIRED, SHORT])
    password = PasswordField(_l("Password"), [REQUIRED, SHORT])


class CodeForm(FlaskForm):  # type: ignore[misc]
    """Second step: six digits, or a recovery code."""

    code = StringField(_l("Code"), [REQUIRED, SHORT])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The password of who is signed in, asked once more."""

    old = PasswordField(_l("Your password until now"), [REQUIRED, SHORT])


class ChangePasswordForm(PasswordForm):
    """A password that takes the place of another one."""

    password = PasswordField(_l("New password"), [REQUIRED, SHORT])


class ProgramForm(PasswordForm):
    """A token for a program; which roles it can be for is filled in by the view."""

    name = StringField(_l("What is it for?"), [REQUIRED, taken_by(programs.name_of)])
    role = ChoiceField(_l("What may it ask?"), [REQUIRED])
    old = PasswordField(_l("Your password"), [REQUIRED, SHORT])
    days = ChoiceField(
        _l("How long is it good?"),
        [REQUIRED],
        choices=[SelectChoice(str(days), _l("%(days)s days", days=days)) for days in programs.DAYS],
        default="90",
    )


class ReadingForm(FlaskForm):  # type: ignore[misc]
    """The language in which pages and mails are read, and the zone of their times."""

    language = ChoiceField(
        _l("Language"), [REQUIRED], choices=[SelectChoice(*pair) for pair in LANGUAGES.items()]
    )
    zone = ZoneField(_l("Time zone"), [REQUIRED], first=lambda: study().zones)


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why something about somebody's rights is changed."""

    reason = StringField(_l("Why"), [REQUIRED, taken_by(reasons.needed)])


ROLE_NAMES = {
    Role.TRAINER: _l("Trainer"),
    Role.COORDINATOR: _l("Coordinator"),
    Role.RESEARCHER: _l("Researcher"),
    Role.ADMINISTRATOR: _l("Administrator"),
}


class GrantForm(ReasonForm):
    """A role at a site."""

    role = ChoiceField(
        _l("Role"),
        [REQUIRED],
        choices=[SelectChoice(role.value, name) for role, name in ROLE_NAMES.items()],
    )
    site = ChoiceField(_l("Site"), [REQUIRED])
    sees_arm = BooleanField(_l("This researcher may see the arm"))


class ColleagueForm(GrantForm):
    """A new member of staff with a first role."""

    name = StringField(_l("Name"), [REQUIRED, SHORT])
    email = StringField(_l("Mail address"), [REQUIRED, SHORT])
