"""Words: translation, and dates and times as a person reads them.

Language and zone are those of the person who reads: of the browser session in a
request, of the recipient while a mail is written (`reading_as`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_timezone_location
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g
from flask_babel import Babel, force_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

LANGUAGES = {"en": "English", "nl": "Nederlands"}
DEFAULT_LANGUAGE = "en"
DEFAULT_ZONE = "Europe/Amsterdam"
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
DAY = "EEEE d MMMM"
_BABEL_LOCALES = {"en": "en_GB", "nl": "nl_NL"}


def say(sentence: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return sentence


def translated(sentence: str, **gaps: object) -> str:
    """Give a marked sentence in the reader's language, its gaps filled."""
    text = _translations(language()).gettext(sentence)
    return text % gaps if gaps else text


def language() -> str:
    """Two letters: the reader's language."""
    spoken = g.get("language")
    if spoken is None:
        spoken = g.language = current_app.extensions["words"]()
    return str(spoken)


def language_name(code: str) -> str:
    """What a language is called in the reader's own: `Dutch`, or `Nederlands`."""
    return str(Locale(code).get_language_name(language()))


def zone() -> ZoneInfo:
    """The reader's time zone."""
    return ZoneInfo(str(getattr(g, "zone", DEFAULT_ZONE)))


@contextmanager
def reading_as(language: str, zone: str) -> Iterator[None]:
    """Write for somebody else: their language and zone for as long as this lasts."""
    before = {name: g.pop(name, None) for name in ("zone", "language")}
    g.zone, g.language = zone, language
    try:
        with force_locale(language):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                g.pop(name, None)
            else:
                setattr(g, name, value)


def day(at: datetime | date) -> str:
    """`Tuesday 24 November`, in the reader's language and zone."""
    local = at.astimezone(zone()) if isinstance(at, datetime) else at
    return _written(_date(local), DAY, _babel_locale())


def day_names() -> Callable[[date], str]:
    """`day` for a page that names many: whose language it is, is asked once."""
    locale = _babel_locale()
    return lambda on: _written(on, DAY, locale)


def long_day(at: datetime | date) -> str:
    """`Tuesday 24 November 2026`, in the reader's language and zone."""
    local = at.astimezone(zone()) if isinstance(at, datetime) else at
    return _written(_date(local), "EEEE d MMMM y", _babel_locale())


def weekday(at: datetime | date) -> str:
    """`Tuesday`, in the reader's language and zone."""
    local = at.astimezone(zone()) if isinstance(at, datetime) else at
    return _written(_date(local), "EEEE", _babel_locale())


def clock(at: datetime) -> str:
    """`10:00`, in the reader's zone, 24 hours."""
    return f"{at.astimezone(zone()):%H:%M}"


def zone_name(_at: datetime | None = None) -> str:
    """`Amsterdam time`: the reader's zone by the name of its city, summer and winter."""
    return translated(say("%(city)s time"), city=_city())


def moment(at: datetime, now: datetime | None = None) -> str:
    """`Tuesday 24 November, 10:00`, in the reader's language and zone.

    With a `now` the year is named where it is another one.
    """
    is_far = now is not None and at.astimezone(zone()).year != now.astimezone(zone()).year
    return f"{long_day(at) if is_far else day(at)}, {clock(at)}"


def _date(at: datetime | date) -> date:
    return at.date() if isinstance(at, datetime) else at


@lru_cache(maxsize=4096)
def _written(on: date, pattern: str, locale: str) -> str:
    return str(format_date(on, pattern, locale=locale))


@lru_cache
def _translations(language: str) -> NullTranslations:
    """What the texts are in a language: read once in a process."""
    return Translations.load(TRANSLATIONS, [language])


@pass_eval_context
def _on_page(template: EvalContext, sentence: str, /, **gaps: object) -> str:
    """`_` of the templates: as `translated`; on a page what fills a gap is escaped."""
    text = _translations(language()).gettext(sentence)
    if template.autoescape:
        text = Markup(text)  # noqa: S704 - the texts are our own
    return text % gaps if gaps or "%" in text else text


def _city() -> str:
    return _city_of(str(zone()), _babel_locale())


@lru_cache(maxsize=1024)
def _city_of(zone: str, locale: str) -> str:
    return str(get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True))


def _babel_locale() -> str:
    return _BABEL_LOCALES.get(language(), "en_GB")


def install(app: Flask, chosen: Callable[[], str]) -> None:
    """Let all that is written be in the language that `chosen` gives, once a request."""
    app.extensions["words"] = chosen
    Babel(app, locale_selector=language, timezone_selector=lambda: str(zone()))
    for filter_ in (day, long_day, clock, zone_name, moment, language_name):
        app.jinja_env.filters[filter_.__name__] = filter_
    app.jinja_env.globals["_"] = _on_page
    app.jinja_env.globals["language"] = language
    app.jinja_env.globals["languages"] = LANGUAGES
    app.jinja_env.globals["language_name"] = language_name
