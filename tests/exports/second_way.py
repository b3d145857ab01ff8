"""What a data set must hold, worked out a second way: plain SQL, the TOML files, plain Python.

Nothing of the platform's own code is asked here but where its files lie.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[2] / "remote_training"
STUDY = tomllib.loads((ROOT / "studies/files/lion.toml").read_text(encoding="utf-8"))
CATALOGUE = {
    file.stem: tomllib.loads(file.read_text(encoding="utf-8"))
    for file in (ROOT / "instruments/catalogue").glob("*.toml")
}
PEOPLE = """
SELECT p.id, p.study_number, p.site_id, p.sex, p.zone, p.baseline_on, p.withdrawn_on, a.arm,
  p.complaint
FROM participant p LEFT JOIN allocation a ON a.participant_id = p.id
WHERE p.consented_on IS NOT NULL
"""
SITTINGS = """
SELECT p.study_number, s.timepoint, s.started_at, s.completed_at, s.goes_on_until
FROM assessment s JOIN participant p ON p.id = s.participant_id
"""
ANSWERS = """
SELECT p.study_number, s.timepoint, f.instrument, a.item, a.state, a.value
FROM answer a JOIN form f ON f.id = a.form_id JOIN assessment s ON s.id = f.assessment_id
JOIN participant p ON p.id = s.participant_id
WHERE a.replaced_at IS NULL
"""
PLACES = """
SELECT p.study_number, b.session_id, b.booked_at, b.cancelled_at, s.starts_at, s.called_off_at
FROM booking b JOIN session s ON s.id = b.session_id JOIN participant p ON p.id = b.participant_id
WHERE p.consented_on IS NOT NULL
"""
WAITS = """
SELECT p.study_number, w.session_id, w.asked_at, w.is_at_once, w.offered_at, w.offer_until,
       w.ended_at, w.ending
FROM waiting w JOIN participant p ON p.id = w.participant_id
WHERE p.consented_on IS NOT NULL
"""
DOSES = """
SELECT p.study_number, b.session_id, b.cancelled_at, b.is_late, s.on_date, s.starts_at, s.ends_at,
  s.called_off_at, COALESCE(a.status, a.machine_status) AS status, a.machine_minutes,
  a.machine_status
FROM booking b JOIN participant p ON p.id = b.participant_id
JOIN session s ON s.id = b.session_id LEFT JOIN attendance a ON a.booking_id = b.id
ORDER BY s.starts_at
"""
HELD = "SELECT site_id, module, on_date FROM session WHERE called_off_at IS NULL"
NO_VALUE = {"declined": "refused", "not_applicable": "not_applicable"}
WHY = {
    "not_due": "not_due",
    "due": "open",
    "overdue": "open",
    "partial": "open",
    "complete": "skipped",
    "closed": "window_closed",
    "withdrawn": "withdrawn",
}
CAME = ("attended", "late")
Place = tuple[str, str]  # study number, time-point
Cell = tuple[str, str]  # value, reason


@dataclass(frozen=True)
class Sitting:
    """One time-point of one participant: its days, where it stands, its questions."""

    days: Mapping[str, date]
    state: str
    cells: Mapping[tuple[str, str], Cell]  # by instrument and item

    @property
    def shown(self) -> int:
        return sum(why != "not_shown" for _, why in self.cells.values())

    @property
    def given(self) -> int:
        return sum(value != "" for value, _ in self.cells.values())

    @property
    def answered(self) -> int:
        kept_back = Counter(why for _, why in self.cells.values())
        return self.given + sum(kept_back[why] for why in NO_VALUE.values())


def sittings(connection: sa.Connection, now: datetime) -> Mapping[Place, Sitting]:
    """Everything that is asked of everybody."""
    rows = {(r.study_number, r.timepoint): r for r in connection.execute(sa.text(SITTINGS))}
    answers: dict[Place, dict[tuple[str, str], Cell]] = {}
    for r in connection.execute(sa.text(ANSWERS)):
        told = NO_VALUE.get(r.state, "")
        cell = ("" if r.value is None else str(r.value), told)
        answers.setdefault((r.study_number, r.timepoint), {})[r.instrument, r.item] = cell
    found = {}
    for her in connection.execute(sa.text(PEOPLE)).all():
        for point in _asked(her):
            place = (her.study_number, point["code"])
            days = _days(_day(her.baseline_on), point)
            state = _state(her, rows[place], days, now)
            found[place] = Sitting(days, state, _cells(her, point, state, answers.get(place, {})))
    assert set(found) == set(rows)
    return found


def places(connection: sa.Connection) -> list[tuple[str, ...]]:
    """Every place that was booked, and what became of it: in the order of the texts."""
    by = timedelta(hours=STUDY["booking"]["cancel_by_hours"])
    found = []
    for r in connection.execute(sa.text(PLACES)):
        if r.cancelled_at:
            is_late = _moment(r.cancelled_at) > _moment(r.starts_at) - by
            became = "given_back_late" if is_late else "given_back"
        else:
            became = "called_off" if r.called_off_at else "held"
        booked_at, cancelled_at = _spelled(r.booked_at), _spelled(r.cancelled_at)
        found.append((r.study_number, _id(r.session_id), booked_at, cancelled_at, became))
    return sorted(found)


def waits(connection: sa.Connection) -> list[tuple[str, ...]]:
    """Every time that somebody waited, as the table has it: in the order of the texts."""
    return sorted(
        (
            r.study_number, _id(r.session_id), _spelled(r.asked_at), str(int(r.is_at_once)),
            _spelled(r.offered_at), _spelled(r.offer_until), _spelled(r.ended_at), r.ending or "",
        )
        for r in connection.execute(sa.text(WAITS))
    )  # fmt: skip


def _spelled(told: Any) -> str:
    return f"{_moment(told).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if told else ""


def _id(told: Any) -> str:
    return str(UUID(str(told)))


def _asked(her: Any) -> list[dict[str, Any]]:
    if her.baseline_on is None:
        return []
    return [p for p in STUDY["timepoints"] if not p.get("arms") or her.arm in p["arms"]]


def _days(baseline_on: date, point: dict[str, Any]) -> dict[str, date]:
    windows = STUDY["windows"]
    due = baseline_on + timedelta(days=7 * point["week"])
    return {
        "opens_on": due - timedelta(days=windows["opens_days_before"]),
        "due_on": due,
        "overdue_on": due + timedelta(days=windows["overdue_days_after"]),
        "start_by_on": due + timedelta(days=windows["start_by_days_after"]),
        "closes_on": due + timedelta(days=windows["closes_days_after"]),
    }


def _state(her: Any, row: Any, days: dict[str, date], now: datetime) -> str:
    today = now.astimezone(ZoneInfo(her.zone)).date()
    last = days["closes_on" if row.started_at else "start_by_on"]
    if row.completed_at and _moment(row.completed_at) <= now:
        return "complete"
    if her.withdrawn_on and _day(her.withdrawn_on) <= last:
        return "withdrawn"
    if today < days["opens_on"]:
        return "not_due"
    in_the_middle = row.goes_on_until and _moment(row.goes_on_until) > now
    if today > last and not (in_the_middle and not her.withdrawn_on):
        return "closed"
    if row.started_at:
        return "partial"
    return "overdue" if today >= days["overdue_on"] else "due"


def _cells(
    her: Any, point: dict[str, Any], state: str, answers: Mapping[tuple[str, str], Cell]
) -> dict[tuple[str, str], Cell]:
    cells = {}
    for code in point["instruments"]:
        for item in CATALOGUE[code]["items"]:
            wanted = item.get("shown_if", {}).get("sex")
            is_shown = wanted is None or her.sex is None or her.sex == wanted
            why = WHY[state] if is_shown else "not_shown"
            cells[code, item["code"]] = answers.get((code, item["code"]), ("", why))
    assert set(answers) <= set(cells)
    return cells


@dataclass(frozen=True)
class Score:
    """A score, how many answers went into it, and how many could have."""

    value: Fraction | None
    used: frozenset[str]
    eligible: frozenset[str]


def scores(cells: Mapping[tuple[str, str], Cell]) -> Mapping[tuple[str, str, str], Score]:
    """The scores of one sitting by instrument, score and rule, in fractions."""
    found = {}
    for code, file in CATALOGUE.items():
        parts = [part["code"] for part in file.get("parts", [])] or [code]
        for rule in file.get("missing", []):
            known: dict[str, Score] = {}
            for part in parts:
                known |= _of(CATALOGUE[part], cells, rule)
            for scale in file.get("scales", []):
                if scale["method"] in ("sum_of_instruments", "mean_of_scales"):
                    known[scale["code"]] = _together(scale, known)
                if scale["method"] not in ("flag", "severity", "syndrome"):
                    found[code, scale["code"], rule] = known[scale["code"]]
    return found


def _of(file: dict[str, Any], cells: Mapping[tuple[str, str], Cell], rule: str) -> dict[str, Score]:
    options = {item["code"]: file["answers"][item["answers"]] for item in file["items"]}
    found = {}
    for scale in file["scales"]:
        if scale["method"] not in ("sum", "linear_0_100"):
            continue
        here = {item: cells[file["code"], item] for item in scale["items"]}
        eligible = {i for i, (_, why) in here.items() if why not in ("not_shown", "not_applicable")}
        points = {item: int(here[item][0]) for item in eligible if here[item][0] != ""}
        value = None
        left = len(eligible) - len(points)
        allowed = {"complete": 0, "prorate2": 2, "half": len(eligible) / 2}[rule]
        if points and left <= allowed:
            value = Fraction(sum(points.values()), len(points))
            if scale["method"] == "sum":
                value *= len(eligible)
            else:
                low, high = _ends(options[scale["items"][0]])
                value = 100 * (value - low) / (high - low)
                value = 100 - value if scale.get("reverse") else value
        used = frozenset(points) if value is not None else frozenset()
        found[scale["code"]] = Score(value, used, frozenset(eligible))
    return found


def _together(scale: dict[str, Any], known: Mapping[str, Score]) -> Score:
    parts = [known[code] for code in scale.get("scores") or scale["scales"]]
    values = [known[c].value for c in scale.get("scores") or scale["scales"]]
    eligible = frozenset().union(*(part.eligible for part in parts))
    if None in values:
        return Score(None, frozenset(), eligible)
    turned = scale.get("reversed", [])
    codes = scale.get("scores") or scale["scales"]
    total = sum(100 - v if c in turned else v for c, v in zip(codes, values, strict=True))
    value = total / len(values) if "scales" in scale else total
    return Score(value, frozenset().union(*(part.used for part in parts)), eligible)


def _ends(answers: dict[str, Any]) -> tuple[int, int]:
    if "choices" in answers:
        points = [choice["value"] for choice in answers["choices"]]
        return min(points), max(points)
    return answers["low"], answers["high"]


def _day(told: Any) -> date:
    return told if isinstance(told, date) else date.fromisoformat(told)


def _moment(told: Any) -> datetime:
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Dose:
    """What somebody's programme comes to: letters for its classes, and minutes."""

    weeks: int
    counts: Counter[str]
    row: str
    minutes: float

    @property
    def missed_rows(self) -> list[int]:
        return [len(part) for part in self.row.split("a") if part]


def doses(connection: sa.Connection, now: datetime) -> Mapping[str, Dose]:
    """The programme of everybody who has one, by study number."""
    places: dict[str, list[Any]] = {}
    for place in connection.execute(sa.text(DOSES)):
        places.setdefault(place.study_number, []).append(place)
    held = list(connection.execute(sa.text(HELD)))
    return {
        her.study_number: _dose(her, places.get(her.study_number, []), held, now)
        for her in connection.execute(sa.text(PEOPLE))
        if her.baseline_on is not None and her.arm is not None
    }


def _dose(her: Any, places: list[Any], held: list[Any], now: datetime) -> Dose:
    later = {arm["code"]: arm["trains_from_week"] for arm in STUDY["arms"]}[her.arm]
    first, today = _day(her.baseline_on), now.astimezone(ZoneInfo(her.zone)).date()
    first += timedelta(days=7 * later)
    holds = [p.session_id for p in places if p.cancelled_at is None]
    places = [p for p in places if p.cancelled_at is None or p.session_id not in holds]
    near = [one for one in held if one.site_id == her.site_id]
    counts: Counter[str] = Counter()
    row, minutes, over = "", 0.0, 0
    for week in range(STUDY["booking"]["programme_weeks"]):
        days = [first + timedelta(days=7 * week + day) for day in range(7)]
        own = [(p, what) for p in places if _day(p.on_date) in days and (what := _became(p, now))]
        here = [what for _, what in own]
        counts.update(here)
        came = [p for p, what in own if what == "attended"]
        minutes += sum(p.machine_minutes for p in came)
        counts["untimed"] += sum(str(p.machine_status).lower() not in CAME for p in came)
        letters = "".join(
            {"attended": "a", "unknown": "", "called_off": "", "ahead": ""}.get(what, "m")
            for what in here
        )
        if today > days[-1]:
            over += 1
            offers = Counter(one.module for one in near if _day(one.on_date) in days)
            offered = sum(min(n, offers[code]) for code, n in _planned(her).items())
            free = _all_planned(her) - len(here)  # neither held nor given back late
            unseen = offered + here.count("called_off") - len(here)  # of these, on offer
            counts["unbooked"] += min(max(0, free), max(0, unseen))
            counts["not_offered"] += max(0, free - max(0, unseen))
            letters += "m" * min(max(0, free), max(0, unseen))
        while letters.count("m") > max(0, _all_planned(her) - letters.count("a")):
            letters = letters.replace("m", "", 1)
        counts["missed"] += letters.count("m")
        row += letters
    return Dose(over, counts, row, minutes)


def _planned(her: Any) -> dict[str, int]:
    kinds = [m for m in STUDY["modules"] if not m["is_specific"] or m["code"] == her.complaint]
    return {kind["code"]: kind["most_per_week"] for kind in kinds}


def _all_planned(her: Any) -> int:
    return sum(_planned(her).values())


def _became(place: Any, now: datetime) -> str | None:
    if place.cancelled_at is not None:
        return "late_cancelled" if place.is_late else None
    if place.called_off_at is not None:
        return "called_off"
    if place.status is not None:
        return "attended" if str(place.status).lower() == "late" else str(place.status).lower()
    return "unknown" if _moment(place.ends_at) <= now else "ahead"
