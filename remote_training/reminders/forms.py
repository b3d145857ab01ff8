"""What is chosen about reminders, by her or for her."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from remote_training.core.fields import ChoiceField
from remote_training.participants import wishes
from remote_training.participants.models import ReminderWish
from remote_training.studies.current import study


def _hour(typed: str | int | None) -> int | None:
    return int(typed) if typed not in (None, "") else None


class WishForm(FlaskForm):  # type: ignore[misc]
    """Which reminders, and between which hours."""

    day_before = BooleanField(_l("A day before each class"))
    hour_before = BooleanField(_l("An hour before each class"))
    questions = BooleanField(_l("When questions are still waiting"))
    earliest_hour = ChoiceField(_l("Not before"), [Optional()], coerce=_hour)
    latest_hour = ChoiceField(_l("Not after"), [Optional()], coerce=_hour)

    def __init__(self, row: ReminderWish | None) -> None:
        holds = wishes.of_row(row)
        super().__init__(
            data={
                **{reminder.value: holds.wants(reminder) for reminder in wishes.Reminder},
                "earliest_hour": row.earliest_hour if row is not None else None,
                "latest_hour": row.latest_hour if row is not None else None,
            }
        )
        usual = study().reminders
        self.earliest_hour.choices = _hours(wishes.EARLIEST, f"{usual.quiet_until:%H:%M}")
        self.latest_hour.choices = _hours(wishes.LATEST, f"{usual.quiet_from:%H:%M}")

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen, as `participants.wishes.choose` takes it."""
        names = (*(reminder.value for reminder in wishes.Reminder), "earliest_hour", "latest_hour")
        return {name: self[name].data for name in names}


def _hours(hours: range, usual: str) -> list[SelectChoice]:
    as_usual = SelectChoice("", _("%(clock)s, as usual", clock=usual))
    return [as_usual, *(SelectChoice(str(hour), f"{hour:02}:00") for hour in hours)]
