"""Leaving the trial, and taking back that it was recorded: her own row, her links and visits.

What else ends with it (her places in classes) is in `withdrawals.service`.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from remote_training.accounts import tokens, visits
from remote_training.audit import service as audit
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.participants import facts as rules
from remote_training.participants.errors import WrongFact
from remote_training.participants.models import Participant

FACT = "withdrawn_on"


def leave(
    participant: Participant, *, on: date, reason: str | None, now: datetime, by: UUID | None
) -> bool:
    """Record since which day she takes part no more; all her links and visits end at once.

    She need not give a reason. False where this stands already, with the same day.

    Raises
    ------
    WrongFact
        For a day that is still to come in her zone, or before her consent, and where
        another day stands already.
    ReasonTooLong
        Over 500 characters.
    """
    _hold(participant)
    if participant.withdrawn_on == on:
        return False
    if participant.withdrawn_on is not None:
        raise WrongFact(say("It is recorded already, with another day."), fact=FACT)
    rules.check(FACT, on, today=now.astimezone(ZoneInfo(participant.zone)).date())
    if participant.consented_on is not None and on < participant.consented_on:
        raise WrongFact(say("This day is before the day of consent."), fact=FACT)
    why = reasons.given(reason)
    participant.withdrawn_on = on
    tokens.revoke_all(participant.account_id, now=now)
    visits.end_all(participant.account_id, now=now)
    _note("participants.leave", participant, None, why, now, by)
    db.session.flush()
    return True


def take_back(
    participant: Participant, *, reason: str | None, now: datetime, by: UUID | None
) -> bool:
    """Record that her leaving was a mistake; False where it does not stand.

    Her old links stay ended: she is sent a new one by hand. Raises `ReasonNeeded`,
    `ReasonTooLong`.
    """
    _hold(participant)
    left_on = participant.withdrawn_on
    if left_on is None:
        return False
    why = reasons.needed(reason, say("Please write why it was a mistake."))
    participant.withdrawn_on, participant.unplanned_since = None, now
    _note("participants.take_back_leaving", participant, left_on, why, now, by)
    db.session.flush()
    return True


def _hold(participant: Participant) -> None:
    """Lock her row, and read again what may have changed until it could be locked."""
    newest = ["consented_on", "withdrawn_on", "unplanned_since"]
    db.session.refresh(participant, newest, with_for_update={"key_share": True})


def _note(
    action: str,
    participant: Participant,
    before: date | None,
    reason: str | None,
    now: datetime,
    by: UUID | None,
) -> None:
    told = {FACT: [rules.code(before), rules.code(participant.withdrawn_on)]}
    audit.note(action, "participant", participant.id, by=by, now=now, reason=reason, changed=told)
