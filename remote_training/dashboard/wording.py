"""Words for codes, as staff read them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from remote_training.assessments.states import State as SittingState
from remote_training.classes import names
from remote_training.core.words import language
from remote_training.instruments import load as instruments
from remote_training.messages.models import State
from remote_training.participants.models import Sex
from remote_training.reminders import optional

SEX_WORDS = {Sex.FEMALE: _l("female"), Sex.MALE: _l("male"), Sex.OTHER: _l("other")}

ARM_WORDS = {
    "exercise": _l("exercise at once"),
    "waitlist": _l("exercise from week 12"),
}

FACT_WORDS = {
    "consented_on": _l("Consent given on"),
    "baseline_on": _l("Baseline on"),
    "cleared_on": _l("Cleared for exercise on"),
    "withdrawn_on": _l("Left the trial on"),
    "complaint": _l("Main complaint"),
    "sex": _l("Sex"),
    "neurotoxic_chemotherapy": _l("Neurotoxic chemotherapy"),
    "arm": _l("Arm"),
    "name": _l("Name"),
    "email": _l("Mail address"),
    "phone": _l("Telephone"),
    "birth_year": _l("Year of birth"),
    "emergency_name": _l("Emergency contact: name"),
    "emergency_phone": _l("Emergency contact: telephone"),
    "language": _l("Language"),
    "zone": _l("Time zone"),
    "day_before": _l("Reminder a day before a class"),
    "hour_before": _l("Reminder an hour before a class"),
    "questions": _l("Reminder of questions"),
    "earliest_hour": _l("Reminders not before"),
    "latest_hour": _l("Reminders not after"),
}


def of_fact(name: str, code: object) -> object:
    """What a fact's code says in words; what needs none as it is."""
    if name == "complaint" and isinstance(code, str):
        return names.of_module(code)
    if name == "withdrawn_on" and code is None:
        return STATE_WORDS["takes_part"][1]
    return {"arm": ARM_WORDS, "sex": SEX_WORDS}.get(name, {}).get(code, code)  # type: ignore[attr-defined]


def of_instrument(code: str) -> str:
    """What a questionnaire is called, as she reads it where it is there in the reader's language.

    One that is no longer in the catalogue by its code.
    """
    known = instruments.catalogue().get(code)
    return known.called(language()) if known is not None else code


STATE_WORDS = {
    "left": ("plain", _l("has left the trial")),
    "no_consent": ("wait", _l("consent awaited")),
    "no_arm": ("wait", _l("not allocated yet")),
    "no_baseline": ("wait", _l("baseline awaited")),
    "no_clearance": ("wait", _l("clearance awaited")),
    "takes_part": ("good", _l("takes part")),
}

SITTING_WORDS = {
    SittingState.NOT_DUE: ("plain", _l("not due yet")),
    SittingState.DUE: ("wait", _l("due")),
    SittingState.OVERDUE: ("alert", _l("overdue")),
    SittingState.PARTIAL: ("wait", _l("begun")),
    SittingState.COMPLETE: ("good", _l("complete")),
    SittingState.CLOSED: ("plain", _l("closed")),
    SittingState.WITHDRAWN: ("plain", _l("has left the trial")),
}

KIND_WORDS = {
    "welcome": _l("Welcome, with a link"),
    "booking_confirmed": _l("Class booked"),
    "booking_in_calendar": _l("Class booked, for her calendar"),
    "programme_booked": _l("Many classes booked: the list of them"),
    "booking_cancelled": _l("Place given back"),
    "booking_moved": _l("Place moved to another class"),
    "place_offered": _l("Place offered from the waiting list"),
    "class_called_off": _l("Class called off"),
    "class_changed": _l("Class changed: another time, length, trainer or language"),
    "trainer_classes": _l("To trainers: their classes have changed"),
    "waiting_changed": _l("Class waited for has changed"),
    "waiting_called_off": _l("Class waited for was called off"),
    "says_no": _l("Her calendar said no: she is asked"),
    "reminder_day": _l("Reminder, a day before"),
    "reminder_hour": _l("Reminder, an hour before, with the link"),
    "questions_due": _l("Questions"),
    "questions_reminder": _l("Questions, reminder"),
    "sign_in": _l("Link to sign in"),
    "join_link": _l("Link to a class, sent by hand"),
    "alert_raised": _l("Alert"),
    "event_recorded": _l("Event"),
}

MESSAGE_WORDS = {
    State.PENDING: ("wait", _l("waits to be sent")),
    State.CLAIMED: ("wait", _l("waits to be sent")),
    State.SENDING: ("wait", _l("is being sent")),
    State.SENT: ("good", _l("sent")),
    State.UNCERTAIN: ("alert", _l("uncertain: may not have arrived")),
    State.FAILED: ("alert", _l("failed: was not delivered")),
    State.EXPIRED: ("alert", _l("too late: was not sent")),
    State.VOID: ("plain", _l("no longer needed, not sent")),
}

HELD_WORDS = {
    optional.NOT_WISHED: _l("she does not want reminders of this kind"),
    optional.QUIET: _l("it was night where she is"),
    optional.ENOUGH: _l("she had enough reminders for that day"),
    optional.TOGETHER: _l("named in the reminder of another class of that day"),
}

ACTION_WORDS = {
    "participants.enrol": _l("Added to the trial"),
    "participants.record": _l("Facts recorded"),
    "participants.allocate": _l("Arm recorded"),
    "participants.choose_reminders": _l("Reminders chosen"),
    "participants.correct_contact": _l("Name or contact corrected"),
    "participants.send_link_again": _l("Link sent again"),
    "assessments.send_link": _l("Link to questions sent again"),
    "participants.see_card": _l("Name and contact shown"),
    "messages.send_again": _l("Mail sent again"),
    "bookings.book": _l("Class booked"),
    "bookings.cancel": _l("Place given back"),
    "bookings.move": _l("Place moved to another class"),
    "bookings.move_up": _l("Place from the waiting list"),
    "participants.leave": _l("Left the trial"),
    "participants.take_back_leaving": _l("Leaving the trial was recorded by mistake"),
    "bookings.wait": _l("Put on a waiting list"),
    "bookings.leave_waiting_list": _l("Taken off a waiting list"),
    "replies.says_no": _l("Her calendar said no"),
    "attendance.send_link": _l("Link to a class sent again"),
    "attendance.read_emergency_card": _l("Emergency card shown"),
    "attendance.read_telephone": _l("Telephone shown to a trainer"),
    "attendance.note": _l("Note about a class written"),
    "attendance.remove_note": _l("Note about a class removed"),
    "alerts.sound": _l("Alert raised"),
    "safety.acknowledge": _l("Alert: what was done was written down"),
    "attendance.set_status": _l("Attendance set by a trainer"),
    "attendance.correct_training": _l("What was trained was corrected"),
}

WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
