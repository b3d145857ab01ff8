"""Which messages there are: what a crash does to each, is it still wanted, and what does it say."""

from __future__ import annotations

from typing import Any

from remote_training.messages.kinds import Kind, Policy
from remote_training.reminders import account_letters as accounts
from remote_training.reminders import class_letters as classes
from remote_training.reminders import entries, subjects
from remote_training.reminders import question_letters as questions
from remote_training.reminders import trainer_letters as trainers
from remote_training.reminders import waiting_letters as waits
from remote_training.reminders.optional import held_back, reminded


def kinds() -> dict[str, Kind[Any]]:
    """The table of message kinds that the outbox asks."""
    again, once = Policy.AGAIN, Policy.ONCE
    bookings, waiting, asked = subjects.bookings, subjects.waiting, subjects.assessments
    booked, sat = reminded(bookings), reminded(asked)
    people, readers = subjects.participants, subjects.accounts
    places, of_booking = entries.places, entries.of_booking
    is_coming, confirmed = of_booking(classes.is_coming), of_booking(classes.confirmed)
    is_newest, changed = of_booking(classes.is_newest), of_booking(classes.changed)
    table: tuple[Kind[Any], ...] = (
        Kind("welcome", again, people, accounts.has_not_left, accounts.welcome),
        Kind("booking_confirmed", again, places, is_coming, confirmed),
        Kind("booking_in_calendar", again, places, is_coming, confirmed),
        Kind("programme_booked", again, people, classes.has_classes_of, classes.programme),
        Kind("booking_cancelled", again, places, classes.is_given_back, classes.cancelled),
        Kind("booking_moved", again, places, classes.is_given_back, classes.moved),
        Kind("place_offered", again, waiting, waits.is_kept, waits.offered),
        Kind("class_called_off", again, places, classes.is_called_off, classes.called_off),
        Kind("class_changed", again, places, is_newest, changed),
        Kind("trainer_classes", again, readers, trainers.has_news, trainers.changed),
        Kind("waiting_called_off", again, waiting, waits.waited_in_vain, waits.waited),
        Kind("waiting_changed", again, waiting, waits.waits_still, waits.waited),
        Kind("join_link", once, bookings, classes.is_not_over, classes.linked),
        Kind("reminder_day", once, booked, classes.is_awaited, classes.reminder, held_back),
        Kind("reminder_hour", once, booked, classes.is_awaited, classes.reminder, held_back),
        Kind("questions_due", once, asked, questions.is_open, questions.asked),
        Kind("questions_reminder", once, sat, questions.is_unsent, questions.reminder, held_back),
        Kind("sign_in", again, readers, accounts.may_sign_in, accounts.sign_in),
        Kind("staff_invitation", again, readers, accounts.is_invited, accounts.invitation),
        Kind("alert_raised", again, subjects.alerts, accounts.nobody_has_looked, accounts.alert),
        Kind("event_recorded", again, subjects.events, accounts.is_event_unseen, accounts.event),
    )
    return {kind.name: kind for kind in table}
