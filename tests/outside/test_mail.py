"""Letters: their headers, their parts, and what no text can do to them."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from remote_training.calendars.invitation import Entry, cancellation, new_uid, request
from remote_training.core.text import clean_line, clean_lines
from remote_training.outside.mail import (
    CalendarPart,
    Letter,
    MailRefused,
    MailUncertain,
    build,
    inlined,
)
from tests.nasty import CORPUS, nasty_text
from tests.servers.calendar_gate import pass_gate

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INVITATION = request(
    Entry(
        uid=new_uid("trial.example.org"),
        sequence=0,
        starts_at=NOW + timedelta(days=1),
        ends_at=NOW + timedelta(days=1, minutes=45),
        summary="Training session",
        description="Have your chair ready.",
        join_url="https://trial.example.org/l/k3Jd-9_xQ2",
        organizer="classes@trial.example.org",
        attendee="ada@example.org",
    ),
    now=NOW,
)
LETTER = Letter(
    message_id="<5f1c.1@trial.example.org>",
    to="ada@example.org",
    sender="classes@trial.example.org",
    subject="Your class on Wednesday 25 November, 13:00",
    text="Dear Ada,\n\nyour place is booked.",
    html="<!doctype html>\n<p>Dear Ada, your place is booked.</p>",
    calendar=CalendarPart("REQUEST", INVITATION),
)
PLAIN = replace(LETTER, html="", calendar=None)


def travelled(letter: Letter) -> EmailMessage:
    """The mail as whoever gets it reads it."""
    read = email.message_from_bytes(build(letter, now=NOW).content, policy=SMTP)
    assert isinstance(read, EmailMessage)
    return read


def tree(part: EmailMessage) -> object:
    """The types of a mail, parts in a list behind their container."""
    if part.is_multipart():
        return [part.get_content_type(), [tree(inner) for inner in part.iter_parts()]]
    return part.get_content_type()


def addresses_in(mail: EmailMessage) -> set[str]:
    """Every mail address in the headers and in all decoded parts; ids are none."""
    texts = [f"{name}: {value}" for name, value in mail.items() if name != "Message-ID"]
    for part in mail.walk():
        texts += [str(value) for value in part.values()]
        if not part.is_multipart():
            texts.append(part.get_payload(decode=True).decode().replace("\r\n ", ""))
    whole = "\n".join(texts).replace(str(mail["Message-ID"]), "")
    whole = re.sub(r"(?m)^UID:.*$", "", whole)
    return {found.lower() for found in re.findall(r"[\w.+%-]+@[\w-]+\.[\w.-]+\w", whole)}


def test_the_headers_of_a_mail():
    mail = travelled(replace(LETTER, language="nl", to_name="Ada Lovelace"))

    assert {name: str(value) for name, value in mail.items()} == {
        "Date": "Tue, 24 Nov 2026 12:00:00 +0000",
        "Message-ID": "<5f1c.1@trial.example.org>",
        "MIME-Version": "1.0",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Content-Language": "nl",
        "From": "classes@trial.example.org",
        "To": "Ada Lovelace <ada@example.org>",
        "Subject": "Your class on Wednesday 25 November, 13:00",
        "Content-Type": 'multipart/mixed; boundary="=_mixed"',
    }


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("O'Brien-Smith", "O'Brien-Smith", id="apostrophe and hyphen stay"),
        pytest.param("Lovelace, Dr. Ada", "Lovelace Dr Ada", id="comma and dot go"),
        pytest.param("eve@example.net", "eve example net", id="no second address"),
        pytest.param("A" * 30 + " team:" + " x" * 60, "A" * 30 + " team" + " x" * 42, id="long"),
        pytest.param("", "", id="no name"),
    ],
)
def test_the_name_before_an_address_needs_no_quotes(typed, shown):
    mail = travelled(replace(LETTER, to_name=typed))

    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]
    raw = dict(mail.raw_items())["To"].replace("\r\n", "")  # the parser of 3.11 doubles a space
    written = str(make_header(decode_header(raw))).partition("<")[0].rstrip()
    assert written == (shown or "ada@example.org")
    assert b'"' not in build(replace(LETTER, to_name=typed), now=NOW).content.split(b"Subj")[0]


def test_a_reply_and_a_thread_where_they_are_wanted():
    mail = travelled(replace(LETTER, reply_to="desk@example.org", references="<1@x.example>"))

    assert (mail["Reply-To"], mail["References"]) == ("desk@example.org", "<1@x.example>")


def test_the_date_is_told_in_utc():
    there = NOW.astimezone(timezone(timedelta(hours=10)))

    assert (
        b"\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
        in b"\r\n" + build(LETTER, now=there).content
    )


@pytest.mark.parametrize(
    ("letter", "parts"),
    [
        pytest.param(PLAIN, ["multipart/alternative", ["text/plain"]], id="text only"),
        pytest.param(
            replace(LETTER, calendar=None),
            ["multipart/alternative", ["text/plain", "text/html"]],
            id="text and page",
        ),
        pytest.param(
            LETTER,
            [
                "multipart/mixed",
                [
                    ["multipart/alternative", ["text/plain", "text/html", "text/calendar"]],
                    "application/ics",
                ],
            ],
            id="text, page and calendar",
        ),
        pytest.param(
            replace(LETTER, html=""),
            [
                "multipart/mixed",
                [["multipart/alternative", ["text/plain", "text/calendar"]], "application/ics"],
            ],
            id="text and calendar",
        ),
    ],
)
def test_the_parts_of_a_mail(letter, parts):
    assert tree(travelled(letter)) == parts


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_calendar_stands_twice_with_its_method(method):
    letter = replace(LETTER, calendar=CalendarPart(method, INVITATION))

    inline, attached = (part for part in travelled(letter).walk() if b"VCAL" in content(part))

    assert inline["Content-Type"].params == {
        "charset": "utf-8",
        "method": method,
        "component": "VEVENT",
    }
    assert inline.get_content_disposition() in (None, "inline")
    assert inline["Content-Transfer-Encoding"] == "base64"
    assert attached.get_content_disposition() == "attachment"
    assert attached.get_filename() == attached.get_param("name") == "invite.ics"
    assert attached.get_param("method") is None
    assert content(inline) == content(attached) == INVITATION


def content(part: EmailMessage) -> bytes:
    """The decoded bytes of a leaf; nothing for a container."""
    return b"" if part.is_multipart() else part.get_payload(decode=True)


def test_the_same_letter_at_the_same_moment_gives_the_same_bytes():
    assert build(LETTER, now=NOW).content == build(LETTER, now=NOW).content


def test_every_line_is_short_and_of_seven_bits():
    long = replace(LETTER, text="\u00e9" * 5000, html="x" * 5000, subject="\u00e9" * 300)
    raw = build(long, now=NOW).content

    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_mail_names_only_its_recipient_and_its_organiser(method):
    mail = travelled(replace(LETTER, to_name="Ada", calendar=CalendarPart(method, INVITATION)))

    assert addresses_in(mail) == {"ada@example.org", "classes@trial.example.org"}


def test_a_third_address_would_be_found_wherever_it_stands():
    entry = Entry(
        "abcdefgh@x.example",
        1,
        NOW,
        NOW + timedelta(hours=1),
        "Class",
        "",
        None,
        "classes@trial.example.org",
        "eve@example.net",
    )
    changed = [
        {"text": "Ask eve@example.net"},
        {"html": "<a href='mailto:eve@example.net'>"},
        {"subject": "eve@example.net"},
        {"calendar": CalendarPart("CANCEL", cancellation(entry, now=NOW))},
    ]

    for changes in changed:
        assert "eve@example.net" in addresses_in(travelled(replace(LETTER, **changes)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"to": "ada"}, "address", id="no address"),
        pytest.param({"to": "ada@example.org, eve@example.net"}, "address", id="two addresses"),
        pytest.param({"to": "ada@example.org\r\nBcc: eve@example.net"}, "address", id="a header"),
        pytest.param({"to": "Ada <ada@example.org>"}, "address", id="a name with the address"),
        pytest.param({"to": "ada@exa_mple..org"}, "address", id="a host that is none"),
        pytest.param({"to": "a" * 65 + "@example.org"}, "address", id="65 signs before the @"),
        pytest.param({"to": "ada@" + "a." * 140 + "org"}, "address", id="a host too long"),
        pytest.param({"to": "ada\udc00@example.org"}, "address", id="a lone surrogate"),
        pytest.param({"sender": ""}, "address", id="no sender"),
        pytest.param({"reply_to": "x"}, "address", id="a reply to nowhere"),
        pytest.param({"message_id": "5f1c"}, "message id", id="a message id without brackets"),
        pytest.param({"message_id": "<a@b>\r\nX: 1"}, "message id", id="a header in it"),
        pytest.param({"references": "<a b@c>"}, "message id", id="a space in a reference"),
        pytest.param({"language": "nl\r\nX: 1"}, "language", id="a header in the language"),
    ],
)
def test_what_no_header_can_hold_is_refused_without_repeating_it(changes, reason):
    with pytest.raises(ValueError, match=reason) as refusal:
        build(replace(LETTER, **changes), now=NOW)

    assert "@" not in str(refusal.value).replace("name@host", "").replace("the @", "")


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="zone"):
        build(LETTER, now=datetime(2026, 11, 24, 12))


def test_an_unknown_calendar_method_is_refused():
    with pytest.raises(ValueError, match="method"):
        CalendarPart("request", b"")


@pytest.mark.parametrize(
    ("address", "header"),
    [
        pytest.param("ada@ex\u00e4mple.org", "ada@xn--exmple-cua.org", id="a host with an accent"),
        pytest.param("j\u00fcrg@example.org", "j\u00fcrg@example.org", id="a name with an accent"),
    ],
)
def test_addresses_that_are_not_ascii(address, header):
    mail = build(replace(LETTER, to=address, to_name="J\u00fcrg"), now=NOW)
    read = email.message_from_string(mail.content.decode(), policy=SMTP)

    assert mail.to == read["To"].addresses[0].addr_spec == header
    assert read["To"].addresses[0].display_name == "J\u00fcrg"
    assert header.encode() in mail.content


def keeps_its_structure(letter: Letter) -> None:
    """The mail has the headers and parts of a plain one, and the texts read back cleaned."""
    mail = travelled(letter)
    assert mail.keys() == travelled(LETTER).keys()
    assert tree(mail) == tree(travelled(LETTER))
    assert not mail.defects
    assert mail["Subject"] == clean_line(letter.subject, limit=200).replace("=?", "= ?")
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]
    body, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert body.get_content().strip("\r\n").replace("\r\n", "\n") == clean_lines(letter.text)
    assert page.get_content().strip("\r\n").replace("\r\n", "\n") == clean_lines(letter.html)
    raw = build(letter, now=NOW).content
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    pass_gate(content(mail.get_body(("calendar",)) or next(mail.iter_attachments())), quick=True)


def with_text(text: str) -> Letter:
    """The letter with one text everywhere."""
    return replace(LETTER, subject=text, text=text, html=f"<p>{text}", to_name=text)


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_nasty_text_changes_nothing_but_itself(text):
    keeps_its_structure(with_text(text))


@pytest.mark.random
@hypothesis_settings(deadline=None, max_examples=200)
@given(nasty_text(), nasty_text())
def test_no_text_changes_anything_but_itself(one, other):
    keeps_its_structure(replace(with_text(one), subject=other, to_name=other))


@pytest.mark.random
@hypothesis_settings(deadline=None, max_examples=200)
@given(nasty_text())
def test_any_address_is_written_whole_or_refused(text):
    for wild in (text, f"{text}@example.org", f"ada@{text}"):
        try:
            mail = build(replace(LETTER, to=wild), now=NOW)
        except ValueError:
            continue
        read = email.message_from_bytes(mail.content, policy=SMTP.clone(utf8=True))
        assert len(read["To"].addresses) == 1
        assert read.keys() == travelled(LETTER).keys()


def test_the_text_of_an_error_says_code_and_stage():
    assert str(MailRefused("RCPT", 550, "5.1.1")) == "The mail server answered 550 to RCPT (5.1.1)"
    assert str(MailUncertain("DATA")) == "The mail server gave no answer to DATA"


def test_a_sheet_is_written_into_the_elements():
    page = inlined("<p>Hello</p>", "p { color: #123456 } @media print { p { color: red } }")

    assert re.search(r"<p style=\"color: ?#123456;?\">Hello</p>", page)
    assert "@media print" in page
