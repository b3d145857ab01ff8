"""Who takes part: enrolling, recording facts, correcting how she is reached.

The audit trail gets names of fields and coded values; what names a person stays in the
vault. The arm has an action of its own there, so that it can be kept from the blinded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from remote_training.accounts import service as accounts
from remote_training.accounts import tokens, visits
from remote_training.audit import service as audit
from remote_training.contacts import checks
from remote_training.contacts import service as contacts
from remote_training.core import reasons
from remote_training.core.db import db
from remote_training.core.words import say
from remote_training.messages import service as outbox
from remote_training.participants import facts as rules
from remote_training.participants import queries, study_numbers
from remote_training.participants.errors import HasLeft, NoStudyNumber, WrongFact
from remote_training.participants.models import Allocation, Participant
from remote_training.studies.models import Site

WELCOME_LASTS = timedelta(days=14)
TRIES = 8
COLUMNS = frozenset(
    {"consented_on", "baseline_on", "cleared_on", "complaint", "sex", "neurotoxic_chemotherapy"}
)


def enrol(
    *,
    site: Site,
    name: str,
    email: str,
    phone: str,
    birth_year: str | int,
    emergency_name: str = "",
    emergency_phone: str = "",
    language: str,
    zone: str,
    now: datetime,
    by: UUID | None,
    row_id: UUID | None = None,
    number: Callable[[], str] = study_numbers.new,
) -> Participant:
    """Add a participant under a random study number, and queue her welcome.

    `row_id` is the id of her row, drawn here unless told; `number` gives study numbers to
    try, until one is free.

    Raises
    ------
    WrongName, WrongAddress, WrongPhone, WrongBirthYear, WrongFact
        With a sentence that says what to write instead.
    NoStudyNumber
        Where eight in a row were taken.
    """
    rules.check("language", language, today=now.date())
    rules.check("zone", zone, today=now.date())
    year = checks.birth_year(str(birth_year), this_year=now.year)
    contact = contacts.keep(
        name=name,
        email=email,
        phone=phone,
        birth_year=year,
        emergency_name=emergency_name,
        emergency_phone=emergency_phone,
    )
    account = accounts.create_participant_account(contact, language=language, zone=zone, now=now)
    db.session.flush()
    participant = _with_free_number(
        number,
        id=row_id or uuid4(),
        account_id=account.id,
        contact_id=contact.id,
        site_id=site.id,
        language=language,
        zone=zone,
    )
    audit.note("participants.enrol", "participant", participant.id, by=by, now=now, site=site.code)
    _send_welcome(participant, now=now)
    return participant


def record(
    participant: Participant,
    *,
    now: datetime,
    by: UUID | None,
    reason: str | None = None,
    **facts: Any,
) -> list[str]:
    """Write facts about a participant; returns the names of those that changed, in order.

    `facts` may be `consented_on`, `baseline_on`, `cleared_on` (days), `complaint` and `arm`
    (codes of the study file), `sex`, `neurotoxic_chemotherapy`. None means: not known.

    Raises
    ------
    WrongFact
        For what cannot be so: a day that is still to come, an unknown code, an arm
        before consent.
    ReasonNeeded, ReasonTooLong
        Where a known fact becomes another one and no reason is given.
    """
    if unknown := set(facts) - COLUMNS - {"arm"}:
        raise TypeError(f"not a fact: {', '.join(sorted(unknown))}")
    facts = dict(sorted(facts.items(), key=lambda fact: fact[0] == "arm"))  # consent first
    today = now.astimezone(ZoneInfo(participant.zone)).date()
    for fact, value in facts.items():
        rules.check(fact, value, today=today)
    before = {fact: _known(participant, fact) for fact in facts}
    changed = [fact for fact, value in facts.items() if before[fact] != value]
    reason = reasons.given(reason)
    if any(before[fact] is not None for fact in changed):
        reason = reasons.needed(
            reason, say("Please write why this is changed: it was recorded before.")
        )
    for fact in changed:
        _write(participant, fact, facts[fact], now)
    if "consented_on" in changed:
        participant.unplanned_since = now
    for action, fields in _by_action(changed).items():
        told = {field: [rules.code(before[field]), rules.code(facts[field])] for field in fields}
        audit.note(
            action, "participant", participant.id, by=by, now=now, reason=reason, changed=told
        )
    return changed


def correct_contact(
    participant: Participant,
    *,
    now: datetime,
    by: UUID | None,
    language: str | None = None,
    zone: str | None = None,
    **fields: str,
) -> list[str]:
    """Correct how she is called and reached; returns the names of what changed.

    `fields` may be `name`, `email`, `phone`, `birth_year`, `emergency_name`,
    `emergency_phone`. Another mail address ends all her links and visits at once (they
    may lie in a stranger's mailbox) and sends the welcome to the new one.
    """
    email = fields.pop("email", None)
    if "birth_year" in fields:
        fields["birth_year"] = checks.birth_year(fields["birth_year"], this_year=now.year)
    changed = _speak(participant, language, zone, now)
    changed += contacts.correct(participant.contact, **fields)
    if email is not None and contacts.change_email(participant.contact, email):
        changed.append("email")
        tokens.revoke_all(participant.account_id, now=now)
        visits.end_all(participant.account_id, now=now)
        if participant.withdrawn_on is None:
            _send_welcome(participant, now=now)
    if changed:
        audit.note(
            "participants.correct_contact",
            "participant",
            participant.id,
            by=by,
            now=now,
            fields=changed,
        )
    return changed


def send_link_again(participant: Participant, *, now: datetime, by: UUID | None) -> None:
    """Send the welcome with a fresh link once more; pressed twice in a minute, once.

    Raises `HasLeft` for somebody who has withdrawn.
    """
    if participant.withdrawn_on is not None:
        raise HasLeft(say("She has left the trial: no more mails are sent to her."))
    _send_welcome(participant, now=now, dedupe_key=f"welcome/{participant.id}/{now:%Y%m%d%H%M}")
    audit.note("participants.send_link_again", "participant", participant.id, by=by, now=now)


def _with_free_number(number: Callable[[], str], **columns: Any) -> Participant:
    for _ in range(TRIES):
        participant = Participant(study_number=number(), **columns)
        try:
            with db.session.begin_nested():
                db.session.add(participant)
        except IntegrityError:
            continue
        return participant
    raise NoStudyNumber(say("No free study number was found. Please try once more."))


def _send_welcome(
    participant: Participant, *, now: datetime, dedupe_key: str | None = None
) -> None:
    outbox.queue(
        "welcome",
        to=participant.contact_id,
        facts={"participant_id": str(participant.id)},
        not_after=now + WELCOME_LASTS,
        now=now,
        dedupe_key=dedupe_key,
    )


def _known(participant: Participant, fact: str) -> Any:
    if fact != "arm":
        return getattr(participant, fact)
    allocation = queries.allocation(participant.id)
    return allocation.arm if allocation is not None else None


def _write(participant: Participant, fact: str, value: Any, now: datetime) -> None:
    if fact in COLUMNS:
        setattr(participant, fact, value)
        return
    if participant.consented_on is None:
        raise WrongFact(
            say("Consent comes first: please record it before the arm."), fact="consented_on"
        )
    allocation = queries.allocation(participant.id)
    if allocation is None:
        db.session.add(
            Allocation(participant_id=participant.id, arm=value, allocated_on=now.date())
        )
    else:
        allocation.arm = value


def _by_action(changed: list[str]) -> dict[str, list[str]]:
    actions: dict[str, list[str]] = {}
    for fact in changed:
        action = "participants.allocate" if fact == "arm" else "participants.record"
        actions.setdefault(action, []).append(fact)
    return actions


def _speak(
    participant: Participant, language: str | None, zone: str | None, now: datetime
) -> list[str]:
    changed = []
    for field, value in (("language", language), ("zone", zone)):
        if value is not None and value != getattr(participant, field):
            rules.check(field, value, today=now.date())
            setattr(participant, field, value)
            setattr(participant.account, field, value)
            changed.append(field)
    if "zone" in changed:
        participant.unplanned_since = now
    return changed
