"""Time zones to choose from: those that are in use, by country and by part of the world.

Source: `zone.tab` of the IANA time zone database, which has each zone once under the name of
today; older names stand in no list, and are taken where somebody has one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from zoneinfo import available_timezones

from remote_training.core.words import say

AREAS = {
    "Africa": say("Africa"),
    "America": say("America"),
    "Antarctica": say("Antarctica"),
    "Arctic": say("Arctic"),
    "Asia": say("Asia"),
    "Atlantic": say("Atlantic Ocean"),
    "Australia": say("Australia"),
    "Europe": say("Europe"),
    "Indian": say("Indian Ocean"),
    "Pacific": say("Pacific Ocean"),
}


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every name of a zone that this machine knows, old ones too."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """The zones in use, by name; each with the two letters of its country."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return dict(sorted((zone, country) for country, _place, zone, *_note in lines))


def at_home(zones: Iterable[str]) -> list[str]:
    """These zones as they are given, then the others of their countries by name."""
    first = list(dict.fromkeys(zones))
    near = {countries()[zone] for zone in first if zone in countries()}
    others = (zone for zone, country in countries().items() if country in near)
    return list(dict.fromkeys([*first, *others]))


def city(zone: str) -> str:
    """What a zone is called within its part of the world: `Argentina, Ushuaia`."""
    return zone.partition("/")[2].replace("_", " ").replace("/", ", ") or zone
