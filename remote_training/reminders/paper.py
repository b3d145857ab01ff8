"""The paper of every letter: texts from templates, in the recipient's language and zone."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import current_app

from remote_training.accounts.models import Account
from remote_training.core import settings
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
    contact = account.contact
    facts["first_name"] = contact.first_name
    if site is not None:
        facts |= {"help_phone": site.phone, "emergency_number": site.emergency_number}
    with reading_as(account.language, account.zone):
        subject = _rendered(f"{message.kind}.subject.txt", facts)
        text = _rendered(f"{message.kind}.txt", facts)
        html = _rendered(f"{message.kind}.html", facts)
    return Letter(
        message_id=f"<{message.id}@{_host()}>",
        to=contact.email,
        to_name=contact.name,
        sender=settings.current().sender,
        subject=subject.strip(),
        text=text.strip(),
        html=inlined(html, sheet()),
        calendar=calendar,
        language=account.language,
    )


def link(token: str) -> str:
    """The address of a link in a mail."""
    return f"{settings.current().address}/l/{token}"


@lru_cache(maxsize=1)
def sheet() -> str:
    """The sheet of all mails."""
    return SHEET.read_text(encoding="utf-8")


def _rendered(name: str, facts: dict[str, object]) -> str:
    """A template of mails: it needs nothing that pages need."""
    return current_app.jinja_env.get_template(f"messages/{name}").render(facts)


def _host() -> str:
    """The part after the @ of our message ids."""
    return settings.current().sender.rpartition("@")[2]
