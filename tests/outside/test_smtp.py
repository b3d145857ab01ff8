"""Mail over a real SMTP server: what arrives, and what every failure is called."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remote_training.outside.dialogue import Patience
from remote_training.outside.mail import (
    MailError,
    MailLoginRefused,
    MailRefused,
    MailTemporary,
    MailUncertain,
    build,
)
from remote_training.outside.smtp import SmtpMail
from tests.outside.certificates import contexts
from tests.outside.test_mail import INVITATION, LETTER, addresses_in, content, tree
from tests.servers.calendar_gate import pass_gate
from tests.servers.smtp import Faults, SmtpServer

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ADA, EVE = "ada@example.org", "eve@example.net"
MAIL = build(LETTER, now=NOW)
TO_EVE = build(replace(LETTER, to=EVE, message_id="<2@trial.example.org>"), now=NOW)
IMPATIENT = Patience(connect=2.0, answer=0.4, content=0.4, goodbye=0.2)
ELSEWHERE = "0.0.0.0"  # reaches this machine, and is not known to be it
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(**options: object) -> Iterator[SmtpServer]:
    """A mail server with options."""
    server = SmtpServer(**options).start()
    try:
        yield server
    finally:
        server.stop()


def failure(provider: SmtpMail) -> MailError:
    """What sending one mail raises."""
    with provider.open() as connection, pytest.raises(MailError) as raised:
        connection.send(MAIL)
    return raised.value


def test_what_arrives_is_what_was_built(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(MAIL)

    received = smtp_server.received[0]
    assert (received.sender, received.recipients) == ("classes@trial.example.org", (ADA,))
    assert received.raw == MAIL.content


def test_the_calendar_survives_the_hop_byte_by_byte(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(MAIL)

    mail = smtp_server.mails[0]
    assert tree(mail) == [
        "multipart/mixed",
        [
            ["multipart/alternative", ["text/plain", "text/html", "text/calendar"]],
            "application/ics",
        ],
    ]
    inline, attached = (part for part in mail.walk() if b"BEGIN:VCALENDAR" in content(part))
    assert content(inline) == content(attached) == INVITATION
    pass_gate(content(inline))
    assert addresses_in(mail) == {ADA, "classes@trial.example.org"}


def test_dots_at_the_start_of_a_line_arrive(smtp_server):
    text = ".\n..\n.dot\nlast ."

    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(build(replace(LETTER, text=text, html="", calendar=None), now=NOW))

    assert smtp_server.mails[0].get_body().get_content().replace("\r\n", "\n") == text + "\n"


def test_the_envelope_may_have_another_sender(smtp_server):
    with SmtpMail(smtp_server.url, sender="bounces@trial.example.org").open() as connection:
        connection.send(MAIL)

    assert smtp_server.received[0].sender == "bounces@trial.example.org"
    assert smtp_server.mails[0]["From"] == "classes@trial.example.org"


def test_many_mails_share_one_connection(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        for _ in range(20):
            connection.send(MAIL)

    assert (len(smtp_server.received), smtp_server.connections) == (20, 1)


def test_opening_alone_says_nothing_to_the_server(smtp_server):
    with SmtpMail(smtp_server.url).open():
        pass

    assert smtp_server.connections == 0


def test_threads_that_share_a_provider_do_not_meet(smtp_server):
    provider = SmtpMail(smtp_server.url)

    def work() -> None:
        with provider.open() as connection:
            for _ in range(10):
                connection.send(MAIL)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (len(smtp_server.received), smtp_server.connections) == (40, 4)


FAILURES = {
    "a greeting of 421 is for now": (
        {"greeting_421": 1},
        MailTemporary,
        "The mail server answered 421 to CONNECT (4.3.2)",
        0,
    ),
    "a greylisting at the recipient is for now": (
        {"rcpt": [451]},
        MailTemporary,
        "The mail server answered 451 to RCPT (4.1.1)",
        0,
    ),
    "421 at the recipient is for now": (
        {"rcpt": [421]},
        MailTemporary,
        "The mail server answered 421 to RCPT (4.1.1)",
        0,
    ),
    "an unknown recipient is for good": (
        {"refused": {ADA: 550}},
        MailRefused,
        "The mail server answered 550 to RCPT (5.1.1)",
        0,
    ),
    "a content of 552 is for good": (
        {"content": [552]},
        MailRefused,
        "The mail server answered 552 to DATA (5.6.0)",
        0,
    ),
    "a content of 451 is for now": (
        {"content": [451]},
        MailTemporary,
        "The mail server answered 451 to DATA (4.6.0)",
        0,
    ),
    "a sender that is not wanted stops the queue": (
        {"sender": 550},
        MailLoginRefused,
        "The mail server answered 550 to MAIL (5.7.1)",
        0,
    ),
    "a mail that is too large for the server is for good": (
        {"sender": 552},
        MailRefused,
        "The mail server answered 552 to MAIL (5.7.1)",
        0,
    ),
    "a demand to log in stops the queue": (
        {"sender": 530},
        MailLoginRefused,
        "The mail server answered 530 to MAIL (5.7.1)",
        0,
    ),
    "a first connection that is closed at the sender is for now": (
        {"mail_421": 1},
        MailTemporary,
        "The mail server answered 421 to MAIL (4.7.0)",
        0,
    ),
    "silence at the recipient is for now": (
        {"hang": {"RCPT": 1.5}},
        MailTemporary,
        "The mail server gave no answer to RCPT",
        0,
    ),
    "a connection lost before the content is for now": (
        {"drop_at_data": 1},
        MailTemporary,
        "The mail server gave no answer to DATA",
        0,
    ),
    "a connection lost after the content is known to nobody": (
        {"drop_before_answer": 1},
        MailUncertain,
        "The mail server gave no answer to DATA",
        1,
    ),
    "silence after the content is known to nobody": (
        {"hang": {"DATA": 1.5}},
        MailUncertain,
        "The mail server gave no answer to DATA",
        1,
    ),
}


@pytest.mark.parametrize(("faults", "kind", "text", "kept"), FAILURES.values(), ids=FAILURES)
def test_every_failure_has_its_name(smtp_server, faults, kind, text, kept):
    set_faults(smtp_server.faults, faults)

    error = failure(SmtpMail(smtp_server.url, patience=IMPATIENT))

    assert (type(error), str(error)) == (kind, text)
    assert len(smtp_server.received) == kept


def set_faults(faults: Faults, wanted: dict[str, object]) -> None:
    """Tell a server what goes wrong."""
    for name, value in wanted.items():
        setattr(faults, name, value.copy() if hasattr(value, "copy") else value)


@pytest.mark.parametrize("faults", [row[0] for row in FAILURES.values()], ids=FAILURES)
def test_no_failure_repeats_an_address_and_the_next_mail_goes(smtp_server, faults):
    set_faults(smtp_server.faults, faults)

    with SmtpMail(smtp_server.url, patience=IMPATIENT).open() as connection:
        with pytest.raises(MailError) as raised:
            connection.send(MAIL)
        set_faults(smtp_server.faults, vars(Faults()))
        connection.send(TO_EVE)

    error = raised.value
    assert "@" not in f"{error} {error!r} {error.args}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert len(smtp_server.to(EVE)) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        pytest.param(535, MailLoginRefused, id="535 stops the queue"),
        pytest.param(534, MailLoginRefused, id="534 stops the queue"),
        pytest.param(454, MailTemporary, id="454 is for now"),
    ],
)
def test_a_refused_login(code, kind):
    with serving(logins=True) as server:
        server.faults.login = code
        error = failure(SmtpMail(f"smtp://ada%40x:pass%2Fword@127.0.0.1:{server.port}"))

    assert (type(error), error.code, error.stage) == (kind, code, "AUTH")
    assert "pass" not in str(error)
    assert server.received == []


def test_a_login_that_is_taken():
    with serving(logins=True) as server:
        provider = SmtpMail(f"smtp://ada%40x:pass%2Fword@127.0.0.1:{server.port}")
        with provider.open() as connection:
            connection.send(MAIL)

    assert ("AUTH" in server.commands, len(server.received)) == (True, 1)


def test_a_server_without_logins_when_we_have_one_stops_the_queue(smtp_server):
    error = failure(SmtpMail(smtp_server.url.replace("//", "//user:word@")))

    assert (type(error), error.stage) == (MailLoginRefused, "AUTH")


def test_nobody_there_is_for_now():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        error = failure(SmtpMail(f"smtp://127.0.0.1:{port}"))

    assert (type(error), error.stage, error.code) == (MailTemporary, "CONNECT", None)


def test_a_black_hole_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        error = failure(
            SmtpMail(f"smtp://127.0.0.1:{silent.getsockname()[1]}", patience=Patience(connect=0.3))
        )

    assert (type(error), error.stage) == (MailTemporary, "CONNECT")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"hello\r\n", id="no code at all"),
        pytest.param(b"999 what\r\n", id="a code that nobody knows"),
        pytest.param(b"554 no mail here\r\n", id="no service at all is nobody's mail's fault"),
        pytest.param(b"x" * 9000, id="a line without end"),
        pytest.param(b"\xff\xfe\x00\r\n", id="noise"),
    ],
)
def test_a_greeting_that_is_none_is_for_now(said):
    with socket.create_server(("127.0.0.1", 0)) as odd:
        answered = threading.Thread(target=answer_once, args=(odd, said))
        answered.start()
        error = failure(SmtpMail(f"smtp://127.0.0.1:{odd.getsockname()[1]}", patience=IMPATIENT))
        answered.join(10)

    assert type(error) is MailTemporary


def answer_once(server: socket.socket, said: bytes) -> None:
    """Say something to whoever comes first, and hang up."""
    caller, _address = server.accept()
    with caller:
        caller.sendall(said)


def test_a_connection_cut_after_the_answer_has_taken_the_mail(smtp_server):
    smtp_server.faults.drop_after_answer = 1

    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(MAIL)
        connection.send(TO_EVE)

    assert [len(smtp_server.to(ADA)), len(smtp_server.to(EVE))] == [1, 1]
    assert smtp_server.connections == 2


def test_a_server_that_hangs_at_goodbye_has_taken_the_mail(smtp_server):
    smtp_server.faults.hang = {"QUIT": 5.0}
    began = time.monotonic()

    with SmtpMail(smtp_server.url, patience=IMPATIENT).open() as connection:
        connection.send(MAIL)

    assert time.monotonic() - began < 2
    assert len(smtp_server.received) == 1


def test_a_kept_connection_that_the_server_closes_is_opened_again(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(MAIL)
        smtp_server.faults.mail_421 = 1
        connection.send(TO_EVE)

    assert [len(smtp_server.to(ADA)), len(smtp_server.to(EVE))] == [1, 1]
    assert smtp_server.connections == 2


def test_it_is_opened_again_only_once(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(MAIL)
        smtp_server.faults.mail_421 = 2
        with pytest.raises(MailTemporary):
            connection.send(TO_EVE)

    assert smtp_server.to(EVE) == []


def test_a_server_that_was_started_again_gets_the_next_mail():
    with serving() as first:
        connection_kept = SmtpMail(first.url).open()
        connection = connection_kept.__enter__()
        connection.send(MAIL)
    with serving(port=first.port) as second:
        connection.send(TO_EVE)
        connection_kept.__exit__(None, None, None)

        assert len(second.to(EVE)) == 1


def test_after_a_refused_recipient_the_same_connection_goes_on(smtp_server):
    smtp_server.faults.refused = {ADA: 550}

    with SmtpMail(smtp_server.url).open() as connection:
        with pytest.raises(MailRefused):
            connection.send(MAIL)
        connection.send(TO_EVE)

    assert (smtp_server.connections, smtp_server.commands.count("RSET")) == (1, 1)
    assert smtp_server.received[0].recipients == (EVE,)


@pytest.mark.parametrize("to", [f"{ADA}, {EVE}", f"{ADA} {EVE}", "", "ada"])
def test_a_mail_goes_to_exactly_one_person(to: str):
    assert replace(MAIL, to=EVE).to == EVE

    with pytest.raises(ValueError, match="address"):
        replace(MAIL, to=to)


# ------------------------------------------------------------------ encryption


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    """A server's context, and that of who trusts it."""
    return contexts(tmp_path_factory.mktemp("tls"), "127.0.0.1", ELSEWHERE)


def test_a_password_does_not_travel_unencrypted():
    with serving(logins=True) as server:
        error = failure(SmtpMail(f"smtp://user:word@{ELSEWHERE}:{server.port}"))

    assert (type(error), error.stage) == (MailLoginRefused, "STARTTLS")
    assert "AUTH" not in server.commands


def test_a_password_travels_encrypted(trusted):
    with serving(logins=True, context=trusted[0]) as server:
        provider = SmtpMail(f"smtp://user:word@{ELSEWHERE}:{server.port}", context=trusted[1])
        with provider.open() as connection:
            connection.send(MAIL)

    assert ("AUTH" in server.commands, len(server.received)) == (True, 1)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(trusted):
    with serving(logins=True, context=trusted[0]) as server:
        error = failure(SmtpMail(f"smtp://user:word@{ELSEWHERE}:{server.port}"))

    assert (type(error), error.stage) == (MailTemporary, "STARTTLS")
    assert "AUTH" not in server.commands


def test_on_this_machine_a_certificate_is_not_asked_for(trusted):
    with serving(context=trusted[0]) as server:
        with SmtpMail(server.url).open() as connection:
            connection.send(MAIL)

        assert len(server.received) == 1


def test_encrypted_from_the_start(trusted):
    with serving(context=trusted[0], tls_from_start=True) as server:
        provider = SmtpMail(f"smtps://{ELSEWHERE}:{server.port}", context=trusted[1])
        with provider.open() as connection:
            connection.send(MAIL)

        assert len(server.received) == 1


# ------------------------------------------------------------------ addresses and settings


def test_a_name_with_an_accent_goes_where_it_is_understood(smtp_server):
    with SmtpMail(smtp_server.url).open() as connection:
        connection.send(build(replace(LETTER, to="j\u00fcrg@ex\u00e4mple.org"), now=NOW))

    assert smtp_server.received[0].recipients == ("j\u00fcrg@xn--exmple-cua.org",)
    assert "SMTPUTF8" in smtp_server.commands[0]


def test_and_is_refused_where_it_is_not():
    with serving(utf8=False) as server, SmtpMail(server.url).open() as connection:
        with pytest.raises(MailRefused):
            connection.send(build(replace(LETTER, to="j\u00fcrg@example.org"), now=NOW))
        connection.send(MAIL)

        assert len(server.received) == 1


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="nothing"),
        pytest.param("http://mail.example.org", id="a web address"),
        pytest.param("smtp://", id="no host"),
        pytest.param("smtp://user:secret@host:port", id="a port in words"),
        pytest.param("smtp://user:secret@host:99999", id="a port too high"),
        pytest.param("smtp://user:secr\u00e9t@host:25", id="a password that is not ASCII"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match="SMTP_URL") as refusal:
        SmtpMail(url)

    assert "secr" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "port"),
    [
        pytest.param("smtp://host", 25, id="25 without a login"),
        pytest.param("smtp://user:word@host", 587, id="587 with one"),
        pytest.param("smtps://user:word@host", 465, id="465 when encrypted from the start"),
        pytest.param("smtp://host:2525", 2525, id="the one that is given"),
    ],
)
def test_the_port_of_a_server(url, port):
    provider = SmtpMail(url)

    assert provider._server.port == port
    assert "word" not in f"{provider!r} {provider._server!r}"


def test_the_server_as_a_program_of_its_own_logs_each_mail_once(tmp_path):
    log = tmp_path / "mails.jsonl"
    command = [sys.executable, "-m", "tests.servers.smtp", "--port", "0", "--log", str(log)]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with program:
        ready, port = program.stdout.readline().split()
        with SmtpMail(f"smtp://127.0.0.1:{port}").open() as connection:
            connection.send(MAIL)
            connection.send(TO_EVE)
        os.kill(program.pid, signal.SIGTERM)

    assert (ready, program.returncode) == ("ready", 0)
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"message_id": "<5f1c.1@trial.example.org>", "to": [ADA]},
        {"message_id": "<2@trial.example.org>", "to": [EVE]},
    ]
