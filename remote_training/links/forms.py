"""What is typed on the page behind a link."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

LONGEST = 300


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A password that a new member of staff chooses."""

    password = PasswordField(
        _l("New password"),
        [
            InputRequired(_l("Please fill this in.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
    )
