"""Why a room is not ready, as a coordinator reads it, and what she can do."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from remote_training.hooks.models import State
from remote_training.meetings.differences import Difference
from remote_training.outside.meetings import Cause

WAIT = _l("Nothing: it is tried again by itself. Name another room if the class is near.")
ASK_THE_OWNER = _l("Ask whoever looks after the account at the provider.")

CAUSE_WORDS = {
    Cause.UNREACHABLE: _l("The provider cannot be reached."),
    Cause.NO_ANSWER: _l("The provider does not answer in time."),
    Cause.BROKEN: _l("The provider has a fault of its own."),
    Cause.TOO_FAST: _l("Too many requests at once."),
    Cause.DAY_LIMIT: _l("The provider allows no more changes today."),
    Cause.LOGIN: _l("The provider does not accept our login."),
    Cause.SCOPE: _l("Our login at the provider lacks a permission."),
    Cause.LICENCE: _l("The account of the host has no licence for this."),
    Cause.HOST_UNKNOWN: _l("The provider does not know the account of the host."),
    Cause.NO_HOST: _l("No host is named for this class."),
    Cause.NOT_UNDERSTOOD: _l("The provider refuses what we ask for."),
    Cause.GONE: _l("The room is not there any more."),
    Cause.OURSELVES: _l("Something went wrong on our side."),
}
CAUSE_ADVICE = {
    Cause.UNREACHABLE: WAIT,
    Cause.NO_ANSWER: WAIT,
    Cause.BROKEN: WAIT,
    Cause.TOO_FAST: WAIT,
    Cause.DAY_LIMIT: _l("Wait until after midnight UTC, or name another room for this class."),
    Cause.LOGIN: _l("Ask an administrator to check the login for the provider."),
    Cause.SCOPE: _l("Ask an administrator to give our login the permissions it needs."),
    Cause.LICENCE: _l("Give the account a licence, or choose another host for this class."),
    Cause.HOST_UNKNOWN: _l("Correct the account of the host in the study file."),
    Cause.NO_HOST: _l("Choose a host for this class."),
    Cause.NOT_UNDERSTOOD: ASK_THE_OWNER,
    Cause.GONE: WAIT,
    Cause.OURSELVES: _l("Ask an administrator to look at the log of the worker."),
}
DIFFERENCE_WORDS = {
    Difference.GONE: _l("Somebody deleted the room at the provider."),
    Difference.ANEW: _l(
        "Somebody deleted the room at the provider shortly before the class. A new one is made at "
        "once: who joins is led there."
    ),
    Difference.MOVED: _l("Somebody changed the time or the length of the room at the provider."),
    Difference.RENAMED: _l("Somebody changed the title of the room at the provider."),
    Difference.HOSTS: _l("Others may start the room at the provider than was planned."),
    Difference.UNSAFE: _l(
        "Somebody changed the room at the provider: people may come in without being let in."
    ),
    Difference.STRANGERS: _l("Somebody is registered in the room who has no place in the class."),
    Difference.PERSON_GONE: _l(
        "Somebody who has a place was taken out of the room at the provider."
    ),
}
DIFFERENCE_ADVICE = {
    Difference.GONE: _l("Make it as planned, or call the class off."),
    Difference.ANEW: _l("Nothing. Please find out who deleted it, so that it stays."),
    Difference.MOVED: _l("Make it as planned, or move the class."),
    Difference.RENAMED: _l("Make it as planned: the title says nothing about health."),
    Difference.HOSTS: _l(
        "Make it as planned. Should it come back: each of them needs a licence in the account."
    ),
    Difference.UNSAFE: _l("Make it as planned."),
    Difference.STRANGERS: _l("Look at the list of registered people at the provider."),
    Difference.PERSON_GONE: _l("Make it as planned, or cancel the booking."),
}
BEING_MADE = _l("The room is being made.")

MESSAGE_WORDS = {
    State.NEW: _l("Not looked at for five minutes or longer"),
    State.STALE: _l("Came more than a day late, and were not used"),
    State.UNUSABLE: _l("Could not be read"),
    State.BROKEN: _l("Something went wrong with them three times"),
}
PROVIDER_WORDS = {"zoom": "Zoom", "bigbluebutton": "BigBlueButton", "jitsi": "Jitsi"}
