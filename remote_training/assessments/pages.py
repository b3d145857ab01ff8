"""The pages of a sitting: what each of them shows, where each of them leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale
from flask import render_template, request, url_for

from remote_training.accounts import guard, visits
from remote_training.accounts.models import Scope
from remote_training.alerts import queries as alerts
from remote_training.assessments import tickets
from remote_training.assessments.forms import please_choose
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import Part, Question, Sitting
from remote_training.core import words
from remote_training.instruments import load as instruments
from remote_training.instruments.load import ItemWording, Wording
from remote_training.outside.world import outside
from remote_training.studies.current import study

LOOKING_OVER = "look"


@dataclass(frozen=True)
class Card:
    """One question as a page shows it.

    `care` are the answers after which help is shown at once; `please_choose` is said where
    she goes on without an answer; `ticked` is what she chose and has not sent.
    """

    question: Question
    part: Part
    wording: Wording
    item: ItemWording
    url: str
    next_url: str
    back_url: str
    back_to: int | None
    care: tuple[int, ...]
    please_choose: str
    looks_over: bool
    ticked: int | None


def card(
    asked: Sitting, shown: Question, *, looks_over: bool = False, ticked: int | None = None
) -> Card:
    """A question with everything round it; `ticked` was chosen and is not sent yet."""
    part = asked.part_of(shown)
    spoken = wording(part)
    back_url, back_to = _back(asked, part, shown)
    return Card(
        question=shown,
        part=part,
        wording=spoken,
        item=next(item for item in spoken.items if item.code == shown.item.code),
        url=_url("question", asked, number=shown.number, look=1 if looks_over else None),
        next_url=after(asked, shown, looks_over=looks_over),
        back_url=_url("check", asked) if looks_over else back_url,
        back_to=back_to,
        care=tuple(v for v in shown.item.answers.values() if shown.item.is_alarming(v)),
        please_choose=please_choose(shown.item),
        looks_over=looks_over,
        ticked=ticked,
    )


def after(asked: Sitting, answered: Question, *, looks_over: bool = False) -> str:
    """Where an answer leads: on, to the page between two questionnaires, or to all answers."""
    here = asked.named(answered.key)
    following = asked.after(here)
    if asked.assessment.is_complete:
        return _url("thanks", asked)
    if following is None or looks_over:
        return _url("check", asked)
    if following.form.id != here.form.id:
        return _url("between", asked, position=asked.part_of(following).position)
    return _url("question", asked, number=following.number)


def after_press(asked: Sitting, answered: Question, *, is_alarming: bool, looks_over: bool) -> str:
    """The same; by way of the page with help where the answer was an alarming one."""
    if is_alarming:
        look = 1 if looks_over else None
        number = asked.named(answered.key).number
        return _url("listen", asked, number=number, look=look)
    return after(asked, answered, looks_over=looks_over)


def wording(part: Part) -> Wording:
    """The words of a questionnaire in the reader's language, or in one that there is."""
    return instruments.wording(part.instrument, words.language())


def page(name: str, assessment: Assessment, asked: Sitting, **more: object) -> str:
    """A page of a sitting, with the ticket that brings its forms back to it."""
    spoken = {part.form.instrument: wording(part) for part in asked.parts}
    return bare(
        name,
        assessment,
        sitting=asked,
        wordings=list(spoken.values()),
        ticket=_ticket(asked, spoken),
        our_time=milliseconds(outside().now()),
        name_of=_name_of,
        **more,
    )


def bare(name: str, assessment: Assessment, **more: object) -> str:
    """A page about a sitting, with the help-lines of her site."""
    site = assessment.participant.site
    return render_template(
        f"assessments/{name}.html",
        assessment=assessment,
        help_phone=site.phone,
        emergency_number=site.emergency_number,
        helplines=study().site(site.code).helplines,
        **more,
    )


def is_for_script() -> bool:
    """Whether a script asks, which wants to be told where to go and not to be sent there."""
    return bool(request.accept_mimetypes.best == "application/json")


def milliseconds(moment: datetime) -> int:
    """A moment as a script counts: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def shows_help(assessment: Assessment) -> bool:
    """Whether something was said in this sitting after which help stays in sight."""
    return alerts.is_raised_in(assessment.id)


def _back(asked: Sitting, part: Part, shown: Question) -> tuple[str, int | None]:
    if part.position > 1 and shown == part.questions[0]:
        return _url("between", asked, position=part.position), None
    if shown.number > 1:
        return _url("question", asked, number=shown.number - 1), shown.number - 1
    return _url("intro", asked), None


def _ticket(asked: Sitting, spoken: Mapping[str, Wording]) -> str:
    visitor = guard.here()
    assert visitor is not None
    now, scope = outside().now(), Scope.ANSWER
    permit = visits.permit_for(visitor.visit_id, scope, asked.assessment.id, now=now)
    assert permit is not None
    return tickets.issue(asked, permit, spoken).sealed()


def _name_of(language: str) -> str:
    """A language by its name in the reader's own."""
    return str(Locale(words.language()).languages.get(language, language))


def _url(endpoint: str, asked: Sitting, **values: int | None) -> str:
    named: dict[str, Any] = {"assessment_id": asked.assessment.id, **values}
    return url_for(f"assessments.{endpoint}", **named)
