"""What was trained in one class: pure rules from what was planned and done to amounts.

Source of "dose modified": protocol 1.3 (Nilsen 2018, doi 10.1249/MSS.0000000000001545): a class
with reduced sets, repetitions, load, intensity or time. More than planned is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from remote_training.studies.exercises import Band, ClassPlan, Kind, Library, Load, Planned

NUMBERS = ("sets", "repetitions", "minutes", "load_kg")
WORST = 3  # ratings of complaints: 0 none, 1 a little, 2 quite a bit, 3 a lot
COMPLAINTS = ("tired", "pain", "dizzy")
RATINGS = tuple(f"{one}_{when}" for one in COMPLAINTS for when in ("before", "after"))


class How(StrEnum):
    """How one exercise of a plan was done."""

    PLANNED = "planned"
    MODIFIED = "modified"
    LEFT_OUT = "left_out"


class Why(StrEnum):
    """Why something was different, as trials report it."""

    HEALTH = "health"
    OTHER = "other"


@dataclass(frozen=True)
class Amount:
    """How much of one exercise: what it is counted in; None for what it is not."""

    sets: int | None = None
    repetitions: int | None = None
    minutes: float | None = None
    load_kg: float | None = None
    band: Band | None = None

    @classmethod
    def of(cls, planned: Planned) -> Amount:
        """As a plan has it."""
        return cls(
            planned.sets, planned.repetitions, planned.minutes, planned.load_kg, planned.band
        )


@dataclass(frozen=True)
class Item:
    """One exercise of a class as it was planned for everybody in it."""

    exercise: str
    kind: Kind
    planned: Amount
    load: Load = Load.NONE


def items(plan: ClassPlan | None, library: Library) -> list[Item]:
    """The exercises of a plan, in its order; none without a plan."""
    told = plan.exercises if plan is not None else ()
    found = [(planned, library.exercise(planned.exercise)) for planned in told]
    return [Item(one.code, one.kind, Amount.of(planned), one.load) for planned, one in found if one]


@dataclass(frozen=True)
class Done:
    """What was really done of one exercise; of one that was left out the amount is nothing."""

    amount: Amount
    is_easier: bool = False
    is_left_out: bool = False

    def how(self, planned: Amount) -> How:
        """As planned or not. A load where none was planned is her own, and no difference."""
        if self.is_left_out:
            return How.LEFT_OUT
        differs = any(
            wanted is not None and getattr(self.amount, name) != wanted
            for name, wanted in _told(planned)
        )
        return How.MODIFIED if differs or self.is_easier else How.PLANNED

    def is_less_than(self, planned: Amount) -> bool:
        """Whether anything of it was reduced; what is not told was not."""
        if self.is_left_out or self.is_easier:
            return True
        numbers = ((getattr(self.amount, name), getattr(planned, name)) for name in NUMBERS)
        if any(None not in pair and pair[0] < pair[1] for pair in numbers):
            return True
        bands = list(Band)
        done, wanted = self.amount.band, planned.band
        return bool(done and wanted and bands.index(done) < bands.index(wanted))

    def volume(self, item: Item) -> Volume:
        """What she did comes to; kg count only where the plan names some, to be compared with."""
        if self.is_left_out:
            return Volume()
        return volume(item.kind, self.amount, with_load=item.planned.load_kg is not None)


@dataclass(frozen=True)
class Volume:
    """What a class comes to: minutes of aerobic exercise, repetitions of strength (all sets
    together), and the kilograms that were lifted (sets, repetitions and kg multiplied).
    """

    minutes: float = 0.0
    repetitions: int = 0
    load_kg: float = 0.0

    def __add__(self, other: Volume) -> Volume:
        """Both together."""
        return Volume(
            self.minutes + other.minutes,
            self.repetitions + other.repetitions,
            self.load_kg + other.load_kg,
        )

    def times(self, number: int) -> Volume:
        """So many such classes."""
        return Volume(self.minutes * number, self.repetitions * number, self.load_kg * number)


def volume(kind: Kind, amount: Amount, *, with_load: bool = True) -> Volume:
    """What one exercise counts for; balance and mobility count for none of the three."""
    repetitions = (amount.sets or 0) * (amount.repetitions or 0)
    if kind is Kind.AEROBIC:
        return Volume(minutes=amount.minutes or 0.0)
    if kind is Kind.STRENGTH:
        load = repetitions * (amount.load_kg or 0.0) if with_load else 0.0
        return Volume(repetitions=repetitions, load_kg=load)
    return Volume()


@dataclass(frozen=True)
class Entry:
    """What is said of one person in one class.

    Attributes
    ----------
    effort
        Perceived exertion, 0 to 10, one of `EFFORTS`; None where it was not asked.
    ratings
        Complaints before and after, by the names of `RATINGS`, 0 to 3; those not asked are
        not in it.
    done
        By exercise, where something was told; the others were done as planned.
    """

    effort: float | None = None
    ratings: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    stopped_early: bool = False
    why: Why | None = None
    done: Mapping[str, Done] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is told."""
        return self == Entry()

    def of(self, item: Item) -> Done:
        """What she did of one exercise."""
        return self.done.get(item.exercise, Done(item.planned))

    def is_modified(self, items: Sequence[Item]) -> bool:
        """Whether she did anything else than was planned, more or less."""
        return any(self.of(item).how(item.planned) is not How.PLANNED for item in items)

    def is_reduced(self, items: Sequence[Item]) -> bool:
        """Whether her dose was modified as the protocol means it: anything less, or left out."""
        return any(self.of(item).is_less_than(item.planned) for item in items)

    def volume(self, items: Sequence[Item]) -> Volume:
        """What she did comes to."""
        return sum((self.of(item).volume(item) for item in items), Volume())


def planned_volume(items: Sequence[Item]) -> Volume:
    """What the plan comes to."""
    return sum((volume(item.kind, item.planned) for item in items), Volume())


def _told(amount: Amount) -> list[tuple[str, object]]:
    return [(name, getattr(amount, name)) for name in (*NUMBERS, "band")]
