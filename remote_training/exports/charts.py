"""What a picture draws: bars along an axis, as fractions of its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remote_training.exports.pictures import Completeness, Spread, Week

STEPS = (1, 2, 5, 10, 20, 25, 50, 100)
MOST_STEPS = 5


@dataclass(frozen=True)
class Bar:
    """One group: from where to where its bar reaches, and a mark on it (units of the axis).

    `n` is how many it is about; without a bar it is too small to show.
    """

    label: str
    n: int | None
    begins: float = 0
    ends: float | None = None
    mark: float | None = None


@dataclass(frozen=True)
class Chart:
    """Bars under each other, and the axis under them from `low` to `high`.

    `rows` are the numbers that it was drawn from, for the table under it.
    """

    rows: Sequence[Completeness | Spread | Week]
    bars: Sequence[Bar]
    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value is along the axis: 0 at its beginning, 1 at its end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    @property
    def ticks(self) -> list[float]:
        """Round values to write under the axis; its beginning and its end where there is room."""
        span = self.high - self.low
        step = next((one for one in STEPS if span / one <= MOST_STEPS), span)
        found = [self.low + step * n for n in range(int(span / step) + 1)]
        return found if self.high - found[-1] < step / 2 else [*found, self.high]


def of_completeness(rows: Sequence[Completeness]) -> Chart:
    """How many of those who were asked have sent (percent)."""
    bars = [Bar(row.timepoint, row.asked, ends=_percent(row.sent, row.asked)) for row in rows]
    return Chart(rows, bars, 0, 100)


def of_spreads(rows: Sequence[Spread], low: float, high: float) -> Chart:
    """The middle of the scores and how far they spread, along the range of the score."""
    bars = [
        Bar(row.timepoint, row.n, low if row.low is None else row.low, row.high, row.middle)
        for row in rows
    ]
    return Chart(rows, bars, low, high)


def of_attendance(rows: Sequence[Week]) -> Chart:
    """At how many of the places that were held somebody was there (percent)."""
    bars = [Bar(str(row.week), row.held, ends=_percent(row.there, row.held)) for row in rows]
    return Chart(rows, bars, 0, 100)


def _percent(part: int | None, whole: int | None) -> float | None:
    return None if part is None or whole is None else 100 * min(part / whole, 1)
