"""The gate for calendar files: several readers that know nothing of each other, and our rules.

ical.js (the reader of Thunderbird), vobject, recurring-ical-events, libical where it is
installed, and the rules that they do not hold. All must take the file, and agree on the moments.

Source: RFC 5545, RFC 5546 section 3.2, RFC 7986; Microsoft MS-STANOICAL 2.2.47 for VTIMEZONE.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

import icalendar
import recurring_ical_events
import vobject

from tests.servers.browser import ical_js

SYSTEM_PYTHON = "/usr/bin/python3"
LONGEST_LINE = 75
HORIZON = timedelta(days=800)
NOT_INSTALLED = "libical is not installed: its rules for iTIP were not asked"
STATUSES = {
    "REQUEST": {"", "TENTATIVE", "CONFIRMED"},
    "REPLY": {"", "TENTATIVE", "CONFIRMED"},
    "PUBLISH": {"", "TENTATIVE", "CONFIRMED", "CANCELLED"},
    "CANCEL": {"CANCELLED"},
}
NEEDED = {
    "REQUEST": ("UID", "DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "SEQUENCE", "SUMMARY"),
    "REPLY": ("UID", "DTSTAMP", "ORGANIZER"),
    "PUBLISH": ("UID", "DTSTAMP", "DTSTART", "SUMMARY"),
    "CANCEL": ("UID", "DTSTAMP", "ORGANIZER", "SEQUENCE"),
}
ONCE = (*NEEDED["REQUEST"], "STATUS", "CLASS", "LOCATION", "URL", "DESCRIPTION", "TRANSP")
YEARLY = re.compile(r"FREQ=YEARLY;BYMONTH=\d{1,2};BYDAY=-?[1-5](SU|MO|TU|WE|TH|FR|SA)")
LIBICAL = """
import json, re, sys
import gi
gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib as ical
file = ical.Parser.parse_string(sys.stdin.buffer.read().decode("utf-8"))
if file is None:
    print(json.dumps({"faults": ["no calendar in it"], "spans": []})); sys.exit()
kept = bool(ical.restriction_check(file))
faults = re.findall(r"X-LIC-ERROR[^:]*:([^\\r\\n]*)", file.as_ical_string().replace("\\r\\n ", ""))
if not kept and not faults:
    faults = ["breaks a rule of RFC 5546"]
spans, event = [], file.get_first_component(ical.ComponentKind.VEVENT_COMPONENT)
while event:
    both = (event.get_dtstart(), event.get_dtend())
    spans.append([moment.as_timet_with_zone(moment.get_timezone()) for moment in both])
    event = file.get_next_component(ical.ComponentKind.VEVENT_COMPONENT)
print(json.dumps({"faults": faults, "spans": spans}))
"""

Span = tuple[datetime, datetime]


class Refused(AssertionError):
    """A file did not pass the gate. `faults` has one line for each thing that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("the calendar file is refused:\n  " + "\n  ".join(faults))


def pass_gate(content: bytes, *, quick: bool = False) -> None:
    """Raise `Refused` unless every checker takes the file, and all agree on the moments.

    `quick` leaves out ical.js and libical, which start a process for each file.
    """
    faults = problems(content, quick=quick)
    if faults:
        raise Refused(faults)


def problems(content: bytes, *, quick: bool = False) -> list[str]:
    """What is wrong with a file: `checker: fault`, one each; empty for a good one."""
    faults = [f"rules: {fault}" for fault in dict.fromkeys(broken_rules(content))]
    readers: dict[str, Callable[[bytes], list[Span]]] = {
        "vobject": by_vobject,
        "recurring-ical-events": by_recurring_ical_events,
    }
    if not quick:
        readers["ical.js"] = by_ical_js
    if not quick and has_libical():
        readers["libical"] = by_libical
    seen: dict[str, list[Span]] = {}
    for name, reader in readers.items():
        try:
            seen[name] = sorted(reader(content))
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__}: {error}"[:300])
    return faults + _disagreements(seen)


def _disagreements(seen: dict[str, list[Span]]) -> list[str]:
    """libical tells the events as they are written, not their repetitions: its are a part."""
    whole = {name: spans for name, spans in seen.items() if name != "libical"}
    faults = []
    if len({tuple(spans) for spans in whole.values()}) > 1:
        faults.append(f"moments: {_shown(whole)}")
    known = {span for spans in whole.values() for span in spans}
    if whole and not set(seen.get("libical", [])) <= known:
        faults.append(f"moments: {_shown(seen)}")
    return faults


def _shown(seen: dict[str, list[Span]]) -> str:
    return "; ".join(
        f"{name} " + ", ".join(f"{a:%Y-%m-%d %H:%M}-{b:%H:%M}Z" for a, b in spans[:4])
        for name, spans in seen.items()
    )


# ------------------------------------------------------------------ readers


def by_ical_js(content: bytes) -> list[Span]:
    """Every occurrence, as ical.js reads it by the file's own VTIMEZONE."""
    events = ical_js(content)["events"]
    moved = {_moment(event["recurrence_id"]) for event in events if event["recurrence_id"]}
    spans = []
    for event in events:
        start, end = _moment(event["starts_at"]), _moment(event["ends_at"])
        for instant in event["instants"]:
            begins = _moment(instant)
            if begins not in moved or event["recurrence_id"]:
                spans.append((begins, begins + (end - start)))
    return spans


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def by_vobject(content: bytes) -> list[Span]:
    """Every occurrence, as vobject reads it; each component is validated too."""
    calendar = vobject.readOne(content.decode("utf-8"))
    spans: list[Span] = []
    changed: set[datetime] = set()
    for event in calendar.vevent_list:
        event.validate(raiseException=True)
        if hasattr(event, "recurrence_id"):
            changed.add(_utc(event.recurrence_id.value))
    for event in calendar.vevent_list:
        start, end = _utc(event.dtstart.value), _utc(event.dtend.value)
        begins = [start]
        if event.rruleset is not None and hasattr(event, "rrule"):
            begins = [moment for moment in map(_utc, event.rruleset) if moment not in changed]
        spans += [(moment, moment + (end - start)) for moment in begins]
    return spans


def by_recurring_ical_events(content: bytes) -> list[Span]:
    """Every occurrence within 800 days of the first, as recurring-ical-events reads it."""
    calendar = icalendar.Calendar.from_ical(content)
    if calendar.errors or any(event.errors for event in calendar.walk("VEVENT")):
        raise ValueError([event.errors for event in calendar.walk("VEVENT")])
    starts = [_utc(event["DTSTART"].dt) for event in calendar.walk("VEVENT")]
    found = recurring_ical_events.of(calendar).between(min(starts) - HORIZON, min(starts) + HORIZON)
    return [(_utc(event["DTSTART"].dt), _utc(event["DTEND"].dt)) for event in found]


def by_libical(content: bytes) -> list[Span]:
    """The events as written, as libical reads them; raises `ValueError` for broken iTIP rules."""
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", LIBICAL], input=content, capture_output=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace")[-300:])
    read: dict[str, Any] = json.loads(done.stdout)
    if read["faults"]:
        raise ValueError("; ".join(read["faults"]))
    return [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in read["spans"]
    ]


@lru_cache(maxsize=1)
def has_libical() -> bool:
    """True where Debian's `gir1.2-ical-3.0` and `python3-gi` are installed."""
    if not os.access(SYSTEM_PYTHON, os.X_OK):
        return False
    asked = "import gi; gi.require_version('ICalGLib', '3.0'); from gi.repository import ICalGLib"
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", asked], capture_output=True, timeout=60, check=False
    )
    if done.returncode != 0:
        print(NOT_INSTALLED)
    return done.returncode == 0


def _utc(moment: datetime | date) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {moment}")
    return moment.astimezone(UTC)


# ------------------------------------------------------------------ our own rules


@dataclass(frozen=True)
class Line:
    """One property as it stands in the file, unfolded: `path` is where, outermost first."""

    path: tuple[str, ...]
    name: str
    parameters: str
    value: str


def broken_rules(content: bytes) -> list[str]:
    """What the other checkers may let pass, and what libical would say where it is missing."""
    faults = list(_broken_form(content))
    text = content.decode("utf-8", errors="replace")
    try:
        lines = list(_lines(text))
    except ValueError as error:
        return [*faults, str(error)]
    calendar = [line for line in lines if line.path == ("VCALENDAR",)]
    method = _value(calendar, "METHOD")
    if method not in NEEDED:
        faults.append(f"METHOD is {method or 'missing'}")
    if _value(calendar, "VERSION") != "2.0" or not _value(calendar, "PRODID"):
        faults.append("VERSION or PRODID is missing")
    zones, zone_faults = _zones(text, lines)
    faults += zone_faults
    events = _blocks(text, "VEVENT")
    if not events:
        faults.append("there is no VEVENT")
    if len({_value(event, "UID") for event in events}) > 1 and method in ("REQUEST", "CANCEL"):
        faults.append("one file tells of more than one UID")
    for event in events:
        faults += _broken_event(event, method or "", zones)
    return faults


def _broken_form(content: bytes) -> Iterator[str]:
    if re.search(rb"[\r\n]", content.replace(b"\r\n", b"")):
        yield "a line ends without CRLF"
    if not content.endswith(b"END:VCALENDAR\r\n"):
        yield "the file does not end with END:VCALENDAR"
    longest = max((len(line) for line in content.split(b"\r\n")), default=0)
    if longest > LONGEST_LINE:
        yield f"a line has {longest} octets"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        yield "it is not UTF-8"
        return
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]", text):
        yield "it holds a control character"


def _lines(text: str) -> Iterator[Line]:
    """Raises `ValueError` for what is no content line, or a block that does not close."""
    path: tuple[str, ...] = ()
    for number, line in enumerate(_unfolded(text), start=1):
        found = re.fullmatch(r"([A-Za-z0-9-]+)((?:;[^=;:]+=(?:\"[^\"]*\"|[^\":;])*)*):(.*)", line)
        if found is None:
            raise ValueError(f"line {number} is no property")
        name, parameters, value = found[1].upper(), found[2], found[3]
        if name == "BEGIN":
            path = (*path, value)
        elif name == "END":
            if not path or path[-1] != value:
                raise ValueError(f"line {number} ends {value}, which is not open")
            path = path[:-1]
        else:
            yield Line(path, name, parameters, value)
    if path:
        raise ValueError(f"{path[-1]} does not end")


def _unfolded(text: str) -> list[str]:
    joined = re.sub(r"\r?\n[ \t]", "", text)
    return re.split(r"\r?\n", joined.removesuffix("\n").removesuffix("\r"))


def _blocks(text: str, kind: str) -> list[list[Line]]:
    """The properties of every component of a kind, its inner ones included, in order."""
    whole = re.compile(rf"^BEGIN:{kind}\r?\n.*?^END:{kind}\r?\n", re.DOTALL | re.MULTILINE)
    return [list(_lines(block)) for block in whole.findall(text)]


def _value(lines: Iterable[Line], name: str) -> str | None:
    return next((line.value for line in lines if line.name == name), None)


def _zones(text: str, lines: list[Line]) -> tuple[set[str], list[str]]:
    """The zones that the file defines, and what is wrong with them: only yearly rules are safe."""
    defined = {line.value for line in lines if line.name == "TZID"}
    faults = []
    for part in _blocks(text, "STANDARD") + _blocks(text, "DAYLIGHT"):
        rule = _value(part, "RRULE")
        if _value(part, "RDATE") is not None or (rule is not None and not YEARLY.fullmatch(rule)):
            faults.append("a VTIMEZONE is not in the yearly RRULE form")
    for zone in _blocks(text, "VTIMEZONE"):
        rules = [line for line in zone if line.name == "RRULE"]
        kinds = [line for line in zone if line.name == "TZOFFSETTO"]
        if len(kinds) > 2 or (len(kinds) == 2 and len(rules) != 2):
            faults.append("a VTIMEZONE has more than one STANDARD and one DAYLIGHT")
    return defined, faults


def _broken_event(event: list[Line], method: str, zones: set[str]) -> Iterator[str]:
    own = [line for line in event if line.path == ("VEVENT",)]
    yield from _broken_counts(own, method)
    status = _value(own, "STATUS") or ""
    if status not in STATUSES.get(method, {""}):
        yield f"STATUS is {status or 'missing'} in a {method}"
    if not re.fullmatch(r"\d{1,10}", _value(own, "SEQUENCE") or "0"):
        yield "SEQUENCE is no number"
    yield from _broken_times(own, zones)
    alarm = [line for line in event if line.path[-1] == "VALARM"]
    if alarm and _value(alarm, "TRIGGER") is None:
        yield "an alarm without TRIGGER"
    for line in own:
        if line.name in ("ORGANIZER", "ATTENDEE") and not line.value.startswith("mailto:"):
            yield f"{line.name} is no mail address"


def _broken_counts(own: list[Line], method: str) -> Iterator[str]:
    count = Counter(line.name for line in own)
    for name in NEEDED.get(method, ()):
        if not _value(own, name):
            yield f"{name} is missing"
    for name in ONCE:
        if count[name] > 1:
            yield f"{name} stands twice"
    if count["ATTENDEE"] != (0 if method == "PUBLISH" else 1):
        yield f"{count['ATTENDEE']} ATTENDEE"


def _broken_times(own: list[Line], zones: set[str]) -> Iterator[str]:
    if not re.fullmatch(r"\d{8}T\d{6}Z", _value(own, "DTSTAMP") or "20000101T000000Z"):
        yield "DTSTAMP is not in UTC"
    times: dict[str, str] = {}
    for line in own:
        if line.name not in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE"):
            continue
        times.setdefault(line.name, line.value)
        zone = re.search(r";TZID=([^;:]+)", line.parameters)
        if zone is None and not re.fullmatch(r"\d{8}T\d{6}Z", line.value):
            yield f"{line.name} floats: neither UTC nor a zone"
        if zone is not None and zone[1] not in zones:
            yield f"{line.name} is in a zone without VTIMEZONE"
        if zone is not None and zone[1] not in _known_zones():
            yield f"{line.name} is in a zone that nobody knows"
    if _value(own, "RRULE") is not None and times.get("DTSTART", "").endswith("Z"):
        yield "a series in UTC moves when the clock changes"
    if times.get("DTEND", "9") <= times.get("DTSTART", "0"):
        yield "DTEND is not after DTSTART"


@lru_cache(maxsize=1)
def _known_zones() -> set[str]:
    return available_timezones()
