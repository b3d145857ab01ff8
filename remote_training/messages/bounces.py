"""Mails of ours that came back: which message it was, and whether it is lost for good.

Source: RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3463 (codes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from email.parser import BytesHeaderParser
from uuid import UUID

import sqlalchemy as sa

from remote_training.core import settings
from remote_training.core.db import db
from remote_training.messages.models import Message, State

OUR_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]+)>")
CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
STANDING = (State.SENT, State.UNCERTAIN)
CAME_BACK = "came back"  # how the fault of such a message begins


@dataclass(frozen=True)
class Bounce:
    """What a report says: the message of ours (None: not one of ours), its end, the code."""

    message_id: UUID | None
    is_final: bool
    code: str


def is_report(mail: Mail) -> bool:
    """Whether this is a report about the delivery of a mail."""
    kind = str(mail.get_param("report-type", "")).lower()
    return mail.get_content_type() == "multipart/report" and kind == "delivery-status"


def read(mail: Mail) -> Bounce:
    """What a report says. Addresses and words in it are not read."""
    actions, codes, returned = [], [], ""
    for part in mail.walk():
        actions += [str(value).strip().lower() for value in part.get_all("Action", [])]
        codes += CODE.findall(" ".join(str(value) for value in part.get_all("Status", [])))
        if part is not mail and not returned:
            returned = _message_id(part)
    found = OUR_ID.search(returned)
    is_ours = found is not None and found[2].lower() == settings.current().mail_host.lower()
    return Bounce(
        message_id=UUID(found[1]) if found is not None and is_ours else None,
        is_final="failed" in actions,
        code=codes[0] if codes else "",
    )


def came_back(bounce: Bounce, *, now: datetime) -> bool:
    """Write at its message that it was not delivered; False where there is none that was sent.

    A report that says "later" changes nothing: the mail server goes on trying.
    """
    if bounce.message_id is None or not bounce.is_final:
        return False
    lost = (
        sa.update(Message)
        .where(Message.id == bounce.message_id, Message.state.in_(STANDING))
        .values(state=State.FAILED, finished_at=now, fault=f"{CAME_BACK} {bounce.code}".strip())
        .execution_options(synchronize_session=False)
    )
    done = db.session.execute(lost).rowcount == 1  # type: ignore[attr-defined]
    db.session.expire_all()
    return bool(done)


def _message_id(part: Mail) -> str:
    """The id in a returned mail, or in its headers alone."""
    if part.get_content_type() == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        headers = BytesHeaderParser().parsebytes(payload if isinstance(payload, bytes) else b"")
        return str(headers.get("Message-ID", ""))
    return str(part.get("Message-ID", ""))
