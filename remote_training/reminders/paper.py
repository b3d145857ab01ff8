"""The paper of every letter: texts from templates, in the recipient's language and zone."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import current_app, render_template

from remote_training.accounts.models import Account
from remote_training.core.settings import Settings
from remote_training.core.words import reading_as
from remote_training.messages.models import Message
from remote_training.outside.mail import CalendarPart, Letter, inlined
from remote_training.studies.models import Site

SHEET = Path(__file__).resolve().parents[2] / "static" / "mail.css"


def letter(
    message: Message,
    account: Account,
    *,
    site: Site | None,
    calendar: CalendarPart | None = None,
    **facts: object,
) -> Letter:
    """Write `templates/messages/<kind>` three times: subject, plain text, HTML."""
    facts["first_name"] = account.contact.first_name
    if site is not None:
        facts["help_phone"], facts["emergency_number"] = site.phone, site.emergency_number
    with reading_as(account.language, account.zone):
        subject = render_template(f"messages/{message.kind}.subject.txt", **facts)
        text = render_template(f"messages/{message.kind}.txt", **facts)
        html = render_template(f"messages/{message.kind}.html", css="", **facts)
    return Letter(
        message_id=f"<{message.id}@{host()}>",
        to=account.contact.email,
        sender=settings().sender,
        subject=subject.strip(),
        text=text.strip(),
        html=inlined(html, sheet()),
        calendar=calendar,
        language=account.language,
    )


def link(token: str) -> str:
    """The address of a link in a mail."""
    return f"{settings().address}/l/{token}"


def host() -> str:
    """The part after the @ of our message ids."""
    return settings().sender.rpartition("@")[2] or str(urlsplit(settings().address).hostname)


def settings() -> Settings:
    """The settings of the running app."""
    return cast(Settings, current_app.extensions["settings"])


@lru_cache(maxsize=1)
def sheet() -> str:
    """The sheet of all mails."""
    return SHEET.read_text(encoding="utf-8")
