"""Mails that come back: answers in the shape of Google and Exchange, and reports of bounces."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data" / "ics"
UID = "session-7f3c2a-p19@rehab.example.org"
HER = "p19@patient.example"
OURS = "classes@trial.example.org"


def file(name: str = "reply_decline_comment.ics", **changes: str) -> bytes:
    """A file of the common ground, some words of it changed: `file(SEQUENCE="1")`."""
    lines = (FILES / name).read_text(encoding="utf-8").splitlines()
    for key, value in changes.items():
        lines = [f"{key}:{value}" if line.startswith(f"{key}:") else line for line in lines]
    return ("\r\n".join(lines) + "\r\n").encode()


def answer(
    content: bytes | None = None,
    *,
    sender: str = HER,
    method: str = "REPLY",
    attached: bool = False,
    **headers: str,
) -> EmailMessage:
    """A mail with an answer, as a calendar program sends it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"P19 <{sender}>", OURS, "Declined: class"
    mail["Message-ID"] = "<answer-1@patient.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("P19 has declined.")
    content = file() if content is None else content
    if attached:
        mail.add_attachment(content, "application", "ics", filename="invite.ics")
    else:
        mail.add_alternative(
            content.decode("utf-8", "surrogateescape"), "calendar", params={"method": method}
        )
    return mail


def bounce(message_id: str, *, action: str = "failed", headers_only: bool = False) -> bytes:
    """A report about a mail of ours, as a mail server writes it (RFC 3464)."""
    returned = f"Message-ID: {message_id}\nFrom: {OURS}\nTo: {HER}\nSubject: Your class\n"
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    body = "" if headers_only else "\nThe text.\n"
    return f"""Return-Path: <>
From: MAILER-DAEMON@relay.example
To: {OURS}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Message-ID: <report-1@relay.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I am sorry to have to inform you.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {HER}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{HER}>: no such user

--b1
Content-Type: {kind}

{returned}{body}
--b1--
""".encode()
