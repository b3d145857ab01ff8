"""What her browser carries from a form to the page that answers it: each form ends in a redirect.

So the browser's own "back" leads over pages that can be shown again. It lies in the cookie,
sealed: what was pressed when the visit had ended, and what is ticked and not yet sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flask import session

from remote_training.assessments import tickets
from remote_training.assessments.sitting import Question, Sitting
from remote_training.assessments.tickets import Ticket
from remote_training.core.crypto import seal_for_page
from remote_training.core.words import LANGUAGES

PRESSED, TICKED = "pressed", "ticked"
LONGEST = 20


@dataclass(frozen=True)
class Carried:
    """A press that waits for the year of birth.

    `ticket` and `press` are sealed; `way_on` is the page that she was on, or came for.
    """

    ticket: str
    press: str = ""
    way_on: str = ""
    is_wrong: bool = False

    def keep(self) -> None:
        """Carry it to the next page, and until it is `forget`-ed."""
        session[PRESSED] = asdict(self)


def pressed(assessment_id: UUID) -> tuple[Carried, Ticket] | None:
    """What waits for the year of birth in this sitting, with its ticket."""
    kept: dict[str, Any] = session.get(PRESSED) or {}
    ticket = tickets.opened(kept.get("ticket", ""), assessment_id)
    return (Carried(**kept), ticket) if ticket is not None else None


def forget() -> None:
    """It was kept in its place."""
    session.pop(PRESSED, None)


def spoken(asked: Sitting, number: int, typed: Mapping[str, str]) -> Question:
    """Read on in the language that a form chose; the question on which that form stood.

    What is ticked there is carried along, and nothing is saved. Raises `NotFound`.
    """
    named = typed.get("question", "")
    here = asked.named(named) if named else asked.question(number)
    chosen = typed.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
    content = json.dumps({"question": here.key, "answer": typed.get("answer", "")[:LONGEST]})
    session[TICKED] = seal_for_page(content, about=_about(asked.assessment.id))
    return here


def ticked(assessment_id: UUID, question: Question) -> int | None:
    """What was ticked at this question and not sent: once, and only what it accepts."""
    content = tickets.unsealed(session.pop(TICKED, ""), _about(assessment_id))
    if content is None or content["question"] != question.key:
        return None
    typed = str(content["answer"])
    value = int(typed) if typed.isascii() and typed.isdigit() else None
    return value if value is not None and question.item.accepts(value) else None


def _about(assessment_id: UUID) -> str:
    return f"page/{assessment_id}/ticked"
