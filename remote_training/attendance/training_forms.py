"""The sheet on which a trainer says what a whole class did: what is shown, what is sent.

Everything stays as it was typed until it can be taken; a fault is one sentence that names the
person and the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from remote_training.attendance import training
from remote_training.attendance import training_queries as known
from remote_training.attendance import training_wording as wording
from remote_training.attendance.training import RATINGS, Entry
from remote_training.attendance.training_fields import Person, written
from remote_training.attendance.training_queries import Line, Sheet
from remote_training.core.errors import Invalid
from remote_training.core.words import say, translated
from remote_training.studies.current import study


@dataclass
class Place:
    """Where a refusal about the whole sheet is said."""

    errors: Sequence[str] = ()


class SheetForm:
    """The sheet of a class, as it stands or as it was sent."""

    def __init__(self, sheet: Sheet, module: str, sent: Mapping[str, str] | None = None) -> None:
        self.sheet, self.module, self.sent = sheet, module, sent
        self.plan_wrong = ""
        self.is_newer = False
        self.place = Place()
        self.plan = self._plan()
        is_same = self.plan == sheet.plan
        library = study().library
        self.items = sheet.items if is_same else training.items(library.plan(self.plan), library)
        self.refusal: Invalid | None = None
        self.numbers = numbers_of(sent or {})
        self.people = [
            self._person(line, self.numbers.get(line.booking_id), number)
            for number, line in enumerate(sheet.lines, start=1)
        ]

    @property
    def seen(self) -> int:
        """The revision that was looked at; one that is none is never the newest."""
        typed = (self.sent or {}).get("seen", "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is to be mended: the id of the field, and a sentence."""
        plan = [("plan", self.plan_wrong)] if self.plan_wrong else []
        return plan + [
            (person.name(name), sentence)
            for person in self.people
            for name, sentence in person.wrong.items()
        ]

    @property
    def entries(self) -> dict[UUID, Entry]:
        """What is to be saved, by booking; who did not stand on the form is not in it."""
        on_it = [person for person in self.people if person.line.booking_id in self.numbers]
        kept = [person for person in on_it if person.is_kept]
        asked = bool((self.sent or {}).get("asked"))
        return {
            person.line.booking_id: _with_none(person.entry) if asked else person.entry
            for person in kept
        }

    @property
    def without_effort(self) -> list[str]:
        """Who is saved without it: forgotten, or not asked."""
        entries = self.entries
        return [
            person.line.name
            for person in self.people
            if person.line.booking_id in entries and person.entry.effort is None
        ]

    @property
    def plans(self) -> list[tuple[str, str]]:
        """Plans to choose from: code and name, those of this kind of class first."""
        return [(plan.code, wording.plan_name(plan.code)) for plan in known.plans(self.module)]

    def said_at(self, refusal: Invalid) -> Place:
        """Where a refusal of a rule is said."""
        self.refusal = refusal
        return self.place

    def compare(self, typed: SheetForm) -> None:
        """Say beside what stands what somebody had typed before another one saved."""
        self.is_newer = self.sheet.saved_at is not None
        for person, hers in zip(self.people, typed.people, strict=True):
            plain = written(Entry(), typed.items)
            person.yours = [
                f"{wording.of_field(name)}: {hers.shown(name)}"
                for name, value in hers.raw.items()
                if value != plain.get(name, "") and value != person.raw.get(name, "")
            ]

    def _plan(self) -> str | None:
        chosen = None if self.sent is None else self.sent.get("plan")
        if chosen is None or chosen == (self.sheet.plan or ""):
            return self.sheet.plan
        if chosen and study().library.plan(chosen) is None:
            self.plan_wrong = translated(say("Please choose a plan from the list."))
            return self.sheet.plan
        return chosen or None

    def _person(self, line: Line, sent_as: int | None, number: int) -> Person:
        raw = written(line.entry, self.items)
        if sent_as is not None:
            start = f"p{sent_as}-"
            plain = written(Entry(), self.items)
            raw = {name: (self.sent or {}).get(start + name, plain[name]) for name in raw}
        person = Person(number, line, self.items, raw)
        person.read()
        return person


def numbers_of(sent: Mapping[str, str]) -> dict[UUID, int]:
    """Who stood on the sheet as which number, by booking; what is no id is nobody."""
    found: dict[UUID, int] = {}
    for name, value in sent.items():
        start, _, number = name.partition("who-")
        if not start and number.isascii() and number.isdigit() and len(number) < 4:
            booking_id = _id(value)
            if booking_id is not None:
                found[booking_id] = int(number)
    return found


def _with_none(entry: Entry) -> Entry:
    """Everybody was asked about complaints: what was not told is none."""
    return replace(entry, ratings=dict.fromkeys(RATINGS, 0) | dict(entry.ratings))


def _id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
