"""Taking one press on a question, whichever way it came: at once, late, or carried over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from remote_training.assessments import moments, service, states, tickets
from remote_training.assessments.forms import AnswerForm
from remote_training.assessments.models import Assessment, Device
from remote_training.assessments.moments import Moment
from remote_training.assessments.sitting import NEWEST, Question, Sitting, layout
from remote_training.assessments.tickets import Ticket, unsealed
from remote_training.core import words
from remote_training.core.crypto import seal_for_page
from remote_training.instruments import load as instruments

LONGEST = 100
FIELDS = ("question", "answer", "decline", "not_applicable")


@dataclass(frozen=True)
class Press:
    """One press as it was sent: fields as typed, when it was given, the device's own key.

    `number` counts where no question is named. `looks_over` says that she came from the
    page with all her answers, and goes back there. `read_on` is the sealed ticket of the page
    on which she read the question, where that is not the page that sends it.
    """

    number: int
    fields: Mapping[str, str]
    given: Moment
    client_key: UUID | None
    looks_over: bool
    read_on: str = ""

    def sealed(self, assessment_id: UUID) -> str:
        """The press as a page carries it, until it is known again who pressed."""
        content = {
            "number": self.number,
            "fields": dict(self.fields),
            "given_at": self.given.at.isoformat(),
            "surely_at": self.given.surely_at.isoformat(),
            "key": self.client_key.hex if self.client_key is not None else None,
            "look": self.looks_over,
            "read_on": self.read_on,
        }
        return seal_for_page(json.dumps(content), about=_about(assessment_id))


@dataclass(frozen=True)
class Taken:
    """What became of a press; `form` says what is wrong where it was not kept.

    `sitting` says what is asked in which order, and holds no answers.
    """

    sitting: Sitting
    question: Question
    form: AnswerForm
    is_kept: bool
    is_alarming: bool


def pressed(typed: Mapping[str, str], number: int, *, looks_over: bool, now: datetime) -> Press:
    """Read a form. What the device says of the time of the press: see `moments`."""
    fields = {name: typed[name][:LONGEST] for name in FIELDS if name in typed}
    key, read_on = _uuid(typed.get("client_key", "")), typed.get("read", "")[: tickets.LONGEST]
    return Press(number, fields, moments.told(typed, now=now), key, looks_over, read_on)


def carried(sealed: str, assessment_id: UUID) -> Press | None:
    """The press that a page of ours carried, also one from before a deploy; None for none."""
    content: dict[str, Any] | None = unsealed(sealed, _about(assessment_id))
    if content is None:
        return None
    known = content["given_at"], content.get("surely_at", content["given_at"])
    return Press(
        content["number"],
        content["fields"],
        Moment(*(datetime.fromisoformat(one) for one in known)),
        UUID(content["key"]) if content["key"] else None,
        content["look"],
        content.get("read_on", ""),
    )


def take(
    assessment: Assessment, press: Press, ticket: Ticket | None, *, device: Device, now: datetime
) -> Taken:
    """Keep a press on a question of a sitting that the caller holds.

    Whatever a device says of the time, it was not given before the sitting opened, and what
    was surely given while it was open is taken. What she read stands in the ticket of the page
    on which she read it. Raises what `service.save` raises.
    """
    within = press.given.within(assessment.opens_at, now)
    given_at = within.at if states.is_open(assessment, now=within.at) else within.surely_at
    service.require_open(assessment, now=given_at)
    ticket = tickets.opened(press.read_on, assessment.id) or ticket
    read = ticket.versions if ticket is not None else NEWEST
    asked = layout(assessment, read)
    named = press.fields.get("question", "")
    question = asked.named(named) if named else asked.question(press.number)
    form = AnswerForm(question, MultiDict(press.fields))
    if not form.validate():
        return Taken(asked, question, form, is_kept=False, is_alarming=False)
    language, translation = _words_read(asked, question, ticket)
    service.save(
        assessment,
        question.form,
        question.item.code,
        form.value,
        now=now,
        state=form.state,
        language=language,
        translation=translation,
        given_at=given_at,
        client_key=press.client_key,
        device=device,
        read=read,
    )
    is_alarming = question.item.is_alarming(form.value)
    return Taken(asked, question, form, is_kept=True, is_alarming=is_alarming)


def _words_read(
    asked: Sitting, question: Question, ticket: Ticket | None
) -> tuple[str, str | None]:
    """Language and translation of what she read: as her page said, or else of now."""
    if ticket is not None and question.form.instrument in ticket.read:
        version, language, translation = ticket.read[question.form.instrument]
        if version == asked.part_of(question).instrument.version:
            return language, translation or None
    shown = instruments.told(asked.part_of(question).instrument, words.language())
    return shown.language, shown.name or None


def _uuid(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _about(assessment_id: UUID) -> str:
    return f"page/{assessment_id}/press"
