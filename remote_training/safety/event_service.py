"""Recording what happened to somebody, correcting it, taking it back, looking after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from remote_training.accounts.models import Account
from remote_training.alerts import service as alerts
from remote_training.audit import service as audit
from remote_training.classes.models import Session
from remote_training.contacts import resealing
from remote_training.core.db import db, insert
from remote_training.core.text import clean_lines
from remote_training.core.words import say
from remote_training.messages import service as messages
from remote_training.messages.service import Planned
from remote_training.participants.models import Participant
from remote_training.safety import event_queries as queries
from remote_training.safety import event_rules as rules
from remote_training.safety.errors import ChangedMeanwhile, DetailsMissing, WhyNeeded, Withdrawn
from remote_training.safety.event_models import AdverseEvent, Care, EventCare, EventVersion
from remote_training.safety.event_rules import Told
from remote_training.studies.current import study

KIND = "event_recorded"
ROWS = cast(sa.Table, AdverseEvent.__table__)
TOLD_WITHIN = timedelta(days=2)  # a mail of which nothing is known for so long is worth none
LONGEST_TEXT, LONGEST_WHY = 2000, 500
SEALED = ((EventVersion, "text"), (EventVersion, "why"), (AdverseEvent, "withdrawn_why"),
          (EventCare, "note"))  # fmt: skip


def record(
    participant: Participant,
    term: str,
    grade: int,
    *,
    text: str = "",
    session: Session | None,
    key: UUID,
    by: Account,
    now: datetime,
    is_seen: bool = False,
) -> tuple[UUID, bool]:
    """Record what happened and how bad it was, and tell the coordinators of her site at once.

    All else may be told later (`amend`). Returns its id, and whether it is new: the same `key`
    again changes nothing. With `is_seen` a coordinator records it herself: nobody is told.
    """
    told = _tidy(replace(rules.first(term, grade, session=session, now=now), text=text))
    row = {
        "id": uuid4(),
        "participant_id": participant.id,
        "session_id": session.id if session is not None else None,
        "recorded_at": now,
        "recorded_by_id": by.id,
        "waits_since": now,
        "serious_since": now if told.is_serious else None,
        "key": key,
    }
    once: Any = insert(ROWS).values(row).on_conflict_do_nothing(index_elements=["key"])
    added: Any = db.session.execute(once.execution_options(preserve_rowcount=True))
    if added.rowcount != 1:
        known = queries.by_key(key)
        assert known is not None
        return known.id, False
    event = db.session.get_one(AdverseEvent, row["id"])
    _write(event, told, number=1, why="", key=key, by=by, now=now)
    audit.note("safety.record_event", "adverse_event", event.id, by=by.id, now=now)
    _tell_or_note(event, is_seen=is_seen, by=by, now=now)
    return event.id, True


def amend(
    event: AdverseEvent,
    told: Told,
    *,
    number: int,
    why: str,
    key: UUID,
    by: Account,
    now: datetime,
    is_seen: bool = False,
) -> bool:
    """Keep what is said of an event now, beside what was said before; True where it differs.

    `number` is the version that the form showed; the `key` of what stands now changes nothing,
    and is False. What is worse than before is told to the
    coordinators anew, unless one of them writes it (`is_seen`).
    Raises `Withdrawn`, `ChangedMeanwhile`, `WrongDetail`, `WhyNeeded`.
    """
    _hold(event)
    before = queries.newest(event.id)
    if before.key == key:
        return False
    _same(before, number, detail="why")
    was, told, why = Told.of(before), _tidy(told), clean_lines(why, limit=LONGEST_WHY)
    rules.check(told, session=event.session, now=now, zone=ZoneInfo(event.participant.zone))
    differs = rules.differs(was, told)
    if not differs:
        return False
    if rules.takes_back(was, told) and not why:
        raise WhyNeeded(say("Please write why it is said otherwise now."), detail="why")
    before.replaced_at = now
    db.session.flush()
    _write(event, told, number=number + 1, why=why, key=key, by=by, now=now)
    audit.note(
        "safety.amend_event", "adverse_event", event.id, by=by.id, now=now, fields=list(differs)
    )
    if told.is_serious and not was.is_serious:
        event.serious_since = now
    if rules.is_worse(was, told):
        event.waits_since = now
        _tell_or_note(event, is_seen=is_seen, by=by, now=now)
    return True


def withdraw(event: AdverseEvent, why: str, *, by: Account, now: datetime) -> bool:
    """Mark an event as entered by mistake; it is kept. False where this stands already.

    Raises `WhyNeeded`; `ChangedMeanwhile` where it was marked before, by another or otherwise.
    """
    _lock(event)
    said = clean_lines(why, limit=LONGEST_WHY)
    if event.is_withdrawn:
        if (event.withdrawn_by_id, event.withdrawn_why) == (by.id, said):
            return False
        sentence = say("This was marked as a mistake before: the first reason stays.")
        raise ChangedMeanwhile(sentence, detail="why")
    if not said:
        raise WhyNeeded(say("Please write why it was a mistake."), detail="why")
    event.withdrawn_at, event.withdrawn_by_id = now, by.id
    event.withdrawn_why = said
    audit.note("safety.withdraw_event", "adverse_event", event.id, by=by.id, now=now)
    return True


def look_after(
    event: AdverseEvent,
    care: Care,
    note: str,
    *,
    number: int,
    key: UUID,
    by: Account,
    now: datetime,
) -> bool:
    """Keep what a coordinator did about an event; False where the same `key` was kept before.

    `number` is the version that she had before her. Raises `Withdrawn`; `ChangedMeanwhile`
    where there is a newer one; `WhyNeeded` where it is something else and the note does not say
    what; `DetailsMissing` where it is to be closed too early.
    """
    _hold(event)
    if db.session.scalar(sa.select(EventCare.id).where(EventCare.key == key)) is not None:
        return False
    newest = queries.newest(event.id)
    _same(newest, number, detail="note")
    said = clean_lines(note, limit=LONGEST_TEXT)
    if care is Care.OTHER and not said:
        raise WhyNeeded(say("Please write what was done."), detail="note")
    if care is Care.CLOSED and rules.missing(Told.of(newest)):
        sentence = say("Details are still missing: please fill them in first.")
        raise DetailsMissing(sentence, detail="care")
    _care(event, care, said, key=key, by=by, now=now)
    audit.note(
        "safety.look_after_event", "adverse_event", event.id, by=by.id, now=now, care=care.value
    )
    return True


def tell(events: Sequence[AdverseEvent], *, round_: int, now: datetime) -> int:
    """Queue a mail about each event to each coordinator of her site, before all that waits.

    Once in a round; returns how many are new. It holds no name, no number, no word of it.
    """
    sites = {event.id: event.participant.site_id for event in events}
    told = alerts.coordinators(sites.values())
    planned = [
        Planned(
            KIND,
            to=account.contact_id,
            facts={"event_id": str(event.id), "account_id": str(account.id)},
            not_after=now + TOLD_WITHIN,
            key=f"{KIND}/{event.id.hex}/{account.id.hex}/{_stamp(event)}/{round_}",
            is_urgent=True,
        )
        for event in events
        for account in told.get(sites[event.id], ())
    ]
    return messages.queue_all(planned, now=now)


def tell_again(*, now: datetime) -> int:
    """Queue one more mail about each urgent event that nobody has looked at for so long.

    Another one after as many minutes more, until somebody has; returns how many are new.
    """
    every = timedelta(minutes=study().safety.tell_again_minutes)
    rounds: dict[int, list[AdverseEvent]] = {}
    for line in queries.unseen_urgent():
        round_ = (now - line.event.waits_since) // every
        if round_ > 0:
            rounds.setdefault(round_, []).append(line.event)
    return sum(tell(late, round_=round_, now=now) for round_, late in sorted(rounds.items()))


def reseal(limit: int) -> int:
    """Seal what was typed with the newest key, `limit` rows of each kind at most."""
    return sum(resealing.reseal(model, field, limit) for model, field in SEALED)


def _tell_or_note(event: AdverseEvent, *, is_seen: bool, by: Account, now: datetime) -> None:
    if is_seen:
        _care(event, Care.SEEN, "", key=uuid4(), by=by, now=now)
    else:
        tell([event], round_=0, now=now)


def _lock(event: AdverseEvent) -> None:
    """Wait for whoever changes it, and read it anew; its own row alone, without what is joined."""
    db.session.execute(
        sa.select(AdverseEvent.id).where(AdverseEvent.id == event.id).with_for_update()
    )
    db.session.refresh(event)


def _hold(event: AdverseEvent) -> None:
    """Let nobody else change it until this is done; refuse one that was taken back."""
    _lock(event)
    if event.is_withdrawn:
        raise Withdrawn(say("This event was taken back: nothing is added to it any more."))


def _same(newest: EventVersion, number: int, *, detail: str) -> None:
    if newest.number != number:
        sentence = say("This was changed meanwhile: look at what stands there now.")
        raise ChangedMeanwhile(sentence, detail=detail)


def _tidy(told: Told) -> Told:
    """Without a criterion where it is not serious; the text without what cannot be seen."""
    criterion = told.criterion if told.is_serious else None
    text = clean_lines(told.text, limit=LONGEST_TEXT)
    return replace(told, criterion=criterion, text=text)


def _write(
    event: AdverseEvent,
    told: Told,
    *,
    number: int,
    why: str,
    key: UUID,
    by: Account,
    now: datetime,
) -> None:
    said = {one.name: getattr(told, one.name) for one in fields(Told) if one.name != "text"}
    row = EventVersion(
        id=uuid4(), event_id=event.id, number=number, written_by_id=by.id, written_at=now,
        key=key, **said | {"actions": " ".join(told.actions)},
    )  # fmt: skip
    row.text, row.why = told.text, why
    db.session.add(row)
    db.session.flush()


def _care(
    event: AdverseEvent, care: Care, note: str, *, key: UUID, by: Account, now: datetime
) -> None:
    row = EventCare(id=uuid4(), event_id=event.id, care=care, by_id=by.id, done_at=now, key=key)
    row.note = note
    db.session.add(row)
    db.session.flush()


def _stamp(event: AdverseEvent) -> str:
    return f"{event.waits_since:%Y%m%dT%H%M%S}"
