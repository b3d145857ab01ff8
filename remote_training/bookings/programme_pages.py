"""What the pages of a whole programme show, whoever looks at them, and what they send."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from remote_training.bookings import nothing, programme, programme_cards, verdicts
from remote_training.bookings.programme import Programme
from remote_training.core.words import translated
from remote_training.participants.models import Participant

MOST = 60  # classes asked for at once

Form = MultiDict[str, str]


@dataclass(frozen=True)
class Page:
    """The template of a page, what it is given, and the status of the answer.

    `leads_to` names classes where, instead of a page, the one of what came of them is due.
    """

    template: str
    given: dict[str, Any]
    status: HTTPStatus = HTTPStatus.OK
    leads_to: Sequence[str] = ()


def choose(her: Participant, form: Form, *, now: datetime) -> Page:
    """The weekly classes to choose from."""
    return _choose(her, programme.of(her, now=now), codes_of(form), now=now)


def weeks(her: Participant, form: Form, *, now: datetime, is_empty: bool = False) -> Page:
    """Her weeks with the chosen classes; where the choice cannot be, that page once more.

    `is_empty`: they were shown before, and nothing was ticked.
    """
    found, codes = programme.of(her, now=now), codes_of(form)
    if found and not is_empty and (booked := found.all_booked(codes)):
        return Page("done", {}, leads_to=[one.hex for one in booked][:MOST])
    wrong = found.wrong_choice(codes) if found else None
    if found is None or wrong:
        said = translated(wrong.sentence, **wrong.gaps) if wrong else ""
        return _choose(her, found, codes, now=now, wrong=said)
    shown = programme_cards.weeks(found.plan(codes), now=now)
    lines = [line for week in shown for line in week.lines]
    given = {
        "weeks": shown,
        "codes": codes,
        "misses": sum(bool(line.reason) for line in lines),
        "can_book": any(line.card or line.others for line in lines),
        "goes_on_from": found.goes_on_from,
        "is_empty": is_empty,
    }
    return Page("weeks", given, HTTPStatus.UNPROCESSABLE_ENTITY if is_empty else HTTPStatus.OK)


def done(her: Participant, form: Form, *, now: datetime) -> Page:
    """What became of the classes that were asked for."""
    found, asked = programme.of(her, now=now), ids_of(form, "hour")
    lines = programme_cards.lines(found.outcome(asked) if found else [], now=now)
    others = set(asked) - {line.id for line in lines}
    refused = verdicts.refusals(her, others, now=now) if others else []
    said = [translated(one.sentence, **one.gaps) for one in refused]
    return Page("done", {"lines": lines, "asked": [one.hex for one in asked], "refused": said})


def shown_after(form: Form) -> list[str]:
    """The classes of which the last page speaks: those asked for now, and those before."""
    shown = dict.fromkeys([*ids_of(form, "shown"), *ids_of(form, "hour")])
    return [one.hex for one in shown][:MOST]


def codes_of(form: Form) -> list[str]:
    """The weekly classes that were chosen: a page has a name for each kind."""
    kinds = sorted(name for name in form if name.startswith("weekly"))
    return [code for name in kinds for code in form.getlist(name) if code][:MOST]


def ids_of(form: Form, name: str) -> list[UUID]:
    """The classes of this name, each once, in their order; what is no id is left out."""
    found: dict[UUID, None] = {}
    for text in form.getlist(name)[:MOST]:
        with suppress(ValueError):
            found[UUID(text)] = None
    return list(found)


def _choose(
    her: Participant,
    found: Programme | None,
    codes: Sequence[str],
    *,
    now: datetime,
    wrong: str = "",
) -> Page:
    kinds = programme_cards.kinds(found, now=now) if found else []
    given = {
        "kinds": kinds,
        "weeks": len(found.weeks) if found else 0,
        "codes": codes,
        "wrong": wrong if kinds else "",
        "nothing": "" if kinds else _why_nothing(her, found, now=now),
    }
    is_wrong = bool(given["wrong"])
    return Page("choose", given, HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK)


def _why_nothing(her: Participant, found: Programme | None, *, now: datetime) -> str:
    refusal = programme.refusal(her, now=now)
    if found is None:
        return nothing.because(refusal, None)
    return nothing.because(refusal, found.first_on, found.booked_until)
