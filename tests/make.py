"""Builders: rows that are valid as they stand; a test names only what matters to it."""

from __future__ import annotations

import itertools
from datetime import date, time, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from remote_training.accounts.models import Account, AccountKind, Grant, Role
from remote_training.assessments import service as assessments
from remote_training.assessments.models import Assessment, Form
from remote_training.assessments.sitting import forms_of
from remote_training.attendance.models import Note
from remote_training.bookings.models import Booking, Waiting
from remote_training.classes.models import Series, Session
from remote_training.classes.plan import Plan
from remote_training.contacts import service as contacts
from remote_training.contacts.models import Contact
from remote_training.core.db import db
from remote_training.instruments import load as instruments
from remote_training.meetings.models import UnmatchedPresence
from remote_training.participants.models import Allocation, Participant
from remote_training.safety import event_service as events
from remote_training.safety.event_models import AdverseEvent
from remote_training.studies import queries as studies
from remote_training.studies.current import study
from remote_training.studies.models import Site
from remote_training.studies.schedule import schedule
from tests.fakes import NOON

Row = TypeVar("Row")
_number = itertools.count(1)
TODAY = NOON.date()


def _save(row: Row) -> Row:
    db.session.add(row)
    db.session.commit()
    return row


def site(code: str = "utrecht") -> Site:
    """A site of the shipped study: `utrecht` or `melbourne`."""
    return studies.site(code)


def contact(**changes: str) -> Contact:
    """Somebody in the vault."""
    n = next(_number)
    plain = {"name": f"Ada Byron{n}", "email": f"ada{n}@example.org", "birth_year": "1960"}
    row = contacts.keep(**plain | {"phone": "030 000 1111"} | changes)
    return _save(row)


def account(kind: AccountKind = AccountKind.STAFF, **changes: Any) -> Account:
    """Somebody who signs in; `contact` may be given."""
    person = changes.pop("contact", None) or contact()
    plain = {
        "kind": kind,
        "contact_id": person.id,
        "language": "en",
        "zone": "Europe/Amsterdam",
        "created_at": NOON,
    }
    return _save(Account(**plain | changes))


def staff(*roles: Role, at: Site | None = None, sees_arm: bool = False, **changes: Any) -> Account:
    """A member of staff with roles at a site (Utrecht unless told)."""
    who = account(**changes)
    for role in roles:
        place = at or site()
        db.session.add(Grant(account_id=who.id, role=role, site_id=place.id, sees_arm=sees_arm))
    db.session.commit()
    return who


def participant(**changes: Any) -> Participant:
    """A participant with consent, baseline and clearance; `arm` and `contact` may be given."""
    arm = changes.pop("arm", "exercise")
    person = changes.pop("contact", None) or contact()
    language, zone = changes.get("language", "en"), changes.get("zone", "Europe/Amsterdam")
    login = account(AccountKind.PARTICIPANT, contact=person, language=language, zone=zone)
    place = changes.pop("site", None) or site()
    plain = {
        "study_number": f"T{next(_number):05}",
        "account_id": login.id,
        "contact_id": person.id,
        "site_id": place.id,
        "language": language,
        "zone": zone,
        "consented_on": TODAY - timedelta(days=10),
        "baseline_on": TODAY,
        "cleared_on": TODAY - timedelta(days=5),
        "complaint": "neuropathy",
    }
    row = _save(Participant(**plain | changes))
    if arm:
        _save(Allocation(participant_id=row.id, arm=arm, allocated_on=TODAY))
    return row


def trainer(**changes: Any) -> Account:
    """A trainer at Utrecht."""
    return staff(Role.TRAINER, **changes)


def series(**changes: Any) -> Series:
    """A weekly class on Tuesdays at 10:00 in Utrecht, without its class hours."""
    plain: dict[str, Any] = {
        "site_id": changes.pop("site", site()).id,
        "module": "base",
        "language": "en",
        "zone": "Europe/Amsterdam",
        "weekdays": "1",
        "wall_time": time(10, 0),
        "minutes": 60,
        "places": 12,
        "first_on": date(2026, 11, 24),
        "last_on": date(2026, 12, 15),
    }
    if "trainer_id" not in changes:
        plain["trainer_id"] = (changes.pop("trainer", None) or trainer()).id
    return _save(Series(**plain | changes))


def plan(**changes: Any) -> Plan:
    """A plan of a weekly class on Tuesdays at 10:00 in Utrecht, three hours of it."""
    plain: dict[str, Any] = {
        "module": "base",
        "language": "en",
        "zone": "Europe/Amsterdam",
        "weekdays": [1],
        "wall_time": time(10, 0),
        "minutes": 60,
        "places": 12,
        "first_on": date(2026, 12, 1),
        "last_on": date(2026, 12, 15),
    }
    place, who = changes.pop("site", None) or site(), changes.pop("trainer", None) or trainer()
    return Plan(site=place, trainer=who, **plain | changes)


def session(**changes: Any) -> Session:
    """A class tomorrow at noon UTC, an hour long, with twelve places."""
    starts_at = changes.pop("starts_at", NOON + timedelta(days=1))
    minutes = changes.pop("minutes", 60)
    place = changes.pop("site", None) or site()
    plain: dict[str, Any] = {
        "on_date": starts_at.date(),
        "site_id": place.id,
        "module": "base",
        "language": "en",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=minutes),
        "places": 12,
        "changed_at": NOON,
        "remind_at": changes.get("changed_at", NOON),
    }
    if "trainer_id" not in changes:
        plain["trainer_id"] = (changes.pop("trainer", None) or trainer()).id
    return _save(Session(**plain | changes))


def waiting(**changes: Any) -> Waiting:
    """A place offered to somebody who waits, kept for twelve hours; the counter is in step."""
    who = changes.pop("participant", None) or participant()
    hour = changes.pop("session", None) or session()
    plain = {
        "participant_id": who.id,
        "session_id": hour.id,
        "asked_at": NOON,
        "rank_at": NOON,
        "is_at_once": False,
        "offered_at": NOON,
        "offer_until": NOON + timedelta(hours=12),
    }
    row = Waiting(**plain | changes)
    if row.is_offered:
        hour.taken += 1
    return _save(row)


def stranger(**changes: Any) -> UnmatchedPresence:
    """Somebody who came into a class by telephone, and is not known."""
    hour = changes.pop("session", None) or session()
    plain = {
        "id": uuid4(),
        "session_id": hour.id,
        "provider": "zoom",
        "who": uuid4().hex,
        "first_seen_at": hour.starts_at,
        "last_seen_at": hour.starts_at,
        "name": "By telephone",
    }
    return _save(UnmatchedPresence(**plain | changes))


def note(**changes: Any) -> Note:
    """A note that the trainer of a class wrote about somebody in it."""
    place = changes.pop("booking", None) or booking()
    plain = {
        "id": uuid4(),
        "booking_id": place.id,
        "key": uuid4().hex,
        "text": "Sat out the squats",
        "by_id": place.session.trainer_id,
        "at": NOON,
    }
    return _save(Note(**plain | changes))


def booking(**changes: Any) -> Booking:
    """A live booking, with the counter of the class in step."""
    who = changes.pop("participant", None) or participant()
    hour = changes.pop("session", None) or session()
    plain = {
        "participant_id": who.id,
        "session_id": hour.id,
        "booked_at": NOON,
        "calendar_uid": f"{uuid4().hex}@trial.example.org",
    }
    row = Booking(**plain | changes)
    if row.cancelled_at is None:
        hour.taken += 1
        hour.remind_at = hour.changed_at
    return _save(row)


def event(**changes: Any) -> AdverseEvent:
    """Somebody was dizzy (grade 1) in a class that she had booked, recorded by its trainer at noon.

    `term`, `grade`, `now`, `by`, `participant`, `session` and `is_seen` may be given.
    """
    place = changes.pop("booking", None)
    if place is None and "participant" not in changes:
        place = booking()
    her = changes.pop("participant", None) or place.participant
    hour = changes.pop("session", place.session if place else None)
    plain = {"session": hour, "key": uuid4(), "by": changes.pop("by", None) or trainer()}
    term, grade = changes.pop("term", "dizziness"), changes.pop("grade", 1)
    event_id, _ = events.record(her, term, grade, **plain | {"now": NOON} | changes)
    db.session.commit()
    return db.session.get_one(AdverseEvent, event_id)


def assessment(**changes: Any) -> Assessment:
    """A sitting of week 0, open today, with the neuropathy form; `forms` may name others.

    `instrument_version` and `language` are those of its forms. What it begins with is in
    step with the study file, as long as nothing of it is changed.
    """
    who = changes.pop("participant", None) or participant()
    codes = changes.pop("forms", ("neuropathy-nrs",))
    of_forms = {
        name: changes.pop(name) for name in ("instrument_version", "language") if name in changes
    }
    planned = next(one for one in schedule(study(), None) if one.point.code == "w0")
    plain = {
        "participant_id": who.id,
        "timepoint": "w0",
        "week": 0,
        "planned_as": planned.fingerprint,
        "minutes": planned.minutes,
        "opens_on": TODAY - timedelta(days=7),
        "due_on": TODAY,
        "overdue_on": TODAY + timedelta(days=7),
        "start_by_on": changes.get("closes_on", TODAY + timedelta(days=14)),
        "closes_on": TODAY + timedelta(days=14),
    }
    row = _save(Assessment(**plain | changes))
    for position, code in enumerate(codes, start=1):
        frozen = {"instrument_version": instruments.instrument(code).version} | of_forms
        started_at = changes.get("started_at")
        db.session.add(
            Form(
                assessment_id=row.id,
                instrument=code,
                position=position,
                started_at=started_at,
                **frozen,
            )
        )
    db.session.commit()
    return row


def forms(sitting: Assessment) -> list[Form]:
    """The questionnaires of a sitting, in their order."""
    return list(forms_of(sitting))


def form(sitting: Assessment, code: str = "neuropathy-nrs") -> Form:
    """One of the questionnaires of a sitting."""
    return next(one for one in forms_of(sitting) if one.instrument == code)


def answer(sitting: Assessment, item: str, value: int | None, **told: Any) -> bool:
    """An answer to the neuropathy form of a sitting, given now unless told."""
    told.setdefault("now", NOON)
    return assessments.save(sitting, form(sitting), item, value, **told)
