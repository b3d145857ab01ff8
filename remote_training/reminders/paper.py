"""The paper of every letter: texts from templates, in the recipient's language and zone.

What many letters have in common is printed once, with marks where the personal words go:
twelve people of one class get twelve copies of one print.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import current_app
from jinja2 import Environment
from markupsafe import escape

from remote_training.accounts.models import Account
from remote_training.core import settings
from remote_training.core.text import clean_lines
from remote_training.core.words import reading_as
from remote_training.messages.models import Message
from remote_training.outside.mail import CalendarPart, Letter, inlined
from remote_training.studies.models import Site

SHEET = Path(__file__).resolve().parents[2] / "static" / "mail.css"
MARK = re.compile("qqmark([a-z_]+)qq")


Pieces = tuple[str, ...]  # text and names of marks, in turn


@dataclass(frozen=True)
class _Print:
    """A letter with gaps in it."""

    subject: Pieces
    text: Pieces
    html: Pieces


def mark(name: str) -> str:
    """What stands in a print for a personal word; in facts, where words come in a row."""
    return f"qqmark{name}qq"


def letter(
    message: Message,
    account: Account,
    *,
    site: Site | None,
    personal: Mapping[str, str],
    calendar: CalendarPart | None = None,
    thread: str = "",
    **facts: Any,
) -> Letter:
    """Write `templates/messages/<kind>` three times: subject, plain text, HTML.

    `personal` are the words and links of this letter alone; her first name is added. Letters
    of one `thread` are shown together by her mail program. `stop_url` among the personal words
    is said by the mail's headers as well. The other `facts` must be hashable:
    letters with equal ones share a print.
    """
    contact, sender = account.contact, settings.current().sender
    words = {"first_name": contact.first_name, **personal}
    if site is not None:
        facts |= {"help_phone": site.phone, "emergency_number": site.emergency_number}
    shared = _printed(
        current_app.jinja_env,
        message.kind,
        account.language,
        account.zone,
        tuple(sorted(words)),
        tuple(sorted(facts.items())),
    )
    return Letter(
        message_id=f"<{message.id}@{settings.current().mail_host}>",
        to=contact.email,
        to_name=contact.name,
        sender=sender,
        subject=_filled(shared.subject, words),
        text=_filled(shared.text, words),
        html=_filled(shared.html, {name: str(escape(word)) for name, word in words.items()}),
        calendar=calendar,
        language=account.language,
        references=thread,
        stop_url=words.get("stop_url", ""),
    )


@lru_cache(maxsize=1)
def sheet() -> str:
    """The sheet of all mails."""
    return SHEET.read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _printed(
    templates: Environment,
    kind: str,
    language: str,
    zone: str,
    marked: tuple[str, ...],
    facts: tuple[tuple[str, Any], ...],
) -> _Print:
    given = dict(facts) | {name: mark(name) for name in marked}

    def rendered(ending: str) -> str:
        return templates.get_template(f"messages/{kind}.{ending}").render(given)

    with reading_as(language, zone):
        subject, text, html = rendered("subject.txt"), rendered("txt"), rendered("html")
    return _Print(_pieces(subject), _pieces(text), _pieces(inlined(html.strip(), sheet())))


def _pieces(text: str) -> Pieces:
    return tuple(MARK.split(clean_lines(text)))


def _filled(pieces: Pieces, words: Mapping[str, str]) -> str:
    filled = list(pieces)
    filled[1::2] = [words[name] for name in pieces[1::2]]
    return "".join(filled)
