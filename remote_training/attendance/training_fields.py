"""What is typed of one person in a class: kept as it is until it can be taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from remote_training.attendance import training_wording as wording
from remote_training.attendance.training import (
    NUMBERS,
    RATINGS,
    WORST,
    Amount,
    Done,
    Entry,
    Item,
    Why,
)
from remote_training.attendance.training_queries import Line
from remote_training.core import reasons
from remote_training.core.errors import Invalid
from remote_training.core.text import clean_line
from remote_training.core.words import say, translated
from remote_training.studies.exercises import MOST, Band

WHOLE = ("sets", "repetitions")
NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{0,4})?|\.[0-9]{1,4}")


class NoSuchNumber(Invalid):
    """What was typed is no number that can stand there."""


@dataclass
class Person:
    """One person of the sheet.

    Attributes
    ----------
    raw
        What stands in her fields: by the field, an exercise's as `chair-stand.sets`.
    wrong
        What cannot be taken, by field.
    yours
        What was typed and is not what stands now, after somebody else has saved.
    """

    number: int
    line: Line
    items: Sequence[Item]
    raw: dict[str, str]
    entry: Entry = field(default_factory=Entry)
    wrong: dict[str, str] = field(default_factory=dict)
    yours: list[str] = field(default_factory=list)

    def name(self, field_: str) -> str:
        """The name of a field in the form, and its id."""
        return f"p{self.number}-{field_}"

    def has(self, field_: str) -> str:
        """What stands in a field."""
        return self.raw.get(field_, "")

    @property
    def is_different(self) -> bool:
        """Whether anything but effort, complaints and note was told, or is wrong."""
        told = self.raw.items() - written(Entry(), self.items).items()
        return any(name not in ("effort", "note", *RATINGS) for name, _ in told)

    @property
    def is_told(self) -> bool:
        """Whether a note or any complaint was told, or something of it is wrong."""
        names = ("note", *RATINGS)
        return any(self.has(one) not in ("", "0") or one in self.wrong for one in names)

    @property
    def is_kept(self) -> bool:
        """Whether she is saved: she was there, or something was told of her."""
        return self.line.is_there or self.line.is_entered or not self.entry.is_empty

    def read(self) -> None:
        """Take what was typed, field by field; what cannot be taken is in `wrong`."""
        self.entry = Entry(
            effort=self._effort(),
            ratings={
                name: rating for name in RATINGS if (rating := self._rating(name)) is not None
            },
            note=self._note(),
            stopped_early=bool(self.has("stopped")),
            why=self._why(),
            done={
                item.exercise: done
                for item in self.items
                if (done := self._done(item)) != Done(item.planned)
            },
        )

    def shown(self, field_: str) -> str:
        """What stands in a field, in words."""
        value, last = self.has(field_), field_.rpartition(".")[2]
        return str(wording.of_values(last).get(value, value or translated(say("nothing"))))

    def _refuse(self, field_: str, sentence: str, **gaps: object) -> None:
        said = translated(sentence, **gaps)
        self.wrong[field_] = f"{self.line.name}, {wording.of_field(field_)}: {said}"

    def _effort(self) -> float | None:
        typed = self.has("effort")
        if typed and typed not in wording.KEYS:
            self._refuse("effort", say("please press one of the keys from 0 to 10."))
            return None
        return float(typed) if typed else None

    def _rating(self, name: str) -> int | None:
        typed = self.has(name)
        if typed and typed not in [str(one) for one in range(WORST + 1)]:
            self._refuse(name, say("please choose from the list."))
            return None
        return int(typed) if typed else None

    def _why(self) -> Why | None:
        typed = self.has("why")
        if typed and typed not in list(Why):
            self._refuse("why", say("please choose from the list."))
            return None
        return Why(typed) if typed else None

    def _note(self) -> str:
        note = clean_line(self.has("note"))
        if len(note) > reasons.LONGEST:
            self._refuse(
                "note", say("please shorten this to %(count)s letters."), count=reasons.LONGEST
            )
        return note

    def _done(self, item: Item) -> Done:
        if self.has(f"{item.exercise}.out"):
            return Done(Amount(), is_left_out=True)
        numbers = {name: self._number(item, name) for name in NUMBERS}
        amount = Amount(**numbers, band=self._band(item))  # type: ignore[arg-type]
        return Done(amount, is_easier=bool(self.has(f"{item.exercise}.easier")))

    def _number(self, item: Item, name: str) -> float | int | None:
        """What was typed; what was planned where nothing was."""
        field_, planned = f"{item.exercise}.{name}", getattr(item.planned, name)
        typed = self.has(field_).strip().replace(",", ".")
        if not typed:
            return planned  # type: ignore[no-any-return]
        try:
            return _number(typed, whole=name in WHOLE, most=MOST[name])
        except NoSuchNumber as refusal:
            self._refuse(field_, refusal.sentence, **refusal.gaps)
            return planned  # type: ignore[no-any-return]

    def _band(self, item: Item) -> Band | None:
        typed = self.has(f"{item.exercise}.band")
        if typed and typed not in list(Band):
            self._refuse(f"{item.exercise}.band", say("please choose from the list."))
            return item.planned.band
        return Band(typed) if typed else item.planned.band


def written(entry: Entry, items: Sequence[Item]) -> dict[str, str]:
    """An entry as it stands in the fields of a form."""
    raw = {
        "effort": "" if entry.effort is None else f"{entry.effort:g}",
        "note": entry.note,
        "stopped": "1" if entry.stopped_early else "",
        "why": str(entry.why or ""),
        **{name: str(entry.ratings.get(name, "")) for name in RATINGS},
    }
    for item in items:
        done = entry.of(item)
        amount = item.planned if done.is_left_out else done.amount
        for name in fields_of(item):
            value = getattr(amount, name)
            is_number = value is not None and name in NUMBERS
            raw[f"{item.exercise}.{name}"] = f"{value:g}" if is_number else str(value or "")
        raw[f"{item.exercise}.out"] = "1" if done.is_left_out else ""
        raw[f"{item.exercise}.easier"] = "1" if done.is_easier else ""
    return raw


def fields_of(item: Item) -> list[str]:
    """What can be told of an exercise."""
    counted = [name for name in NUMBERS[:3] if getattr(item.planned, name) is not None]
    return counted + {"kg": ["load_kg"], "band": ["band"]}.get(item.load, [])


def _number(typed: str, *, whole: bool, most: int) -> float | int:
    value = float(typed) if NUMBER.fullmatch(typed) else -1.0
    if not 0 <= value <= most or (whole and value != int(value)):
        sentence = (
            say("please write a whole number from 0 to %(most)s.")
            if whole
            else say("please write a number from 0 to %(most)s.")
        )
        raise NoSuchNumber(sentence, most=most)
    return int(value) if whole else value
