"""`remote-training mail replies`."""

from __future__ import annotations

import pytest

from remote_training.bookings import answers
from remote_training.core.db import db
from tests.replies.mails import answer, file


@pytest.fixture
def run(app):
    def run(*args, **more):
        db.session.commit()
        return app.test_cli_runner().invoke(args=["mail", "replies", *args], **more)

    return run


@pytest.fixture(autouse=True)
def commands(app):
    from remote_training.replies.cli import mail

    app.cli.add_command(mail)


def test_one_mail_on_standard_input_is_heard(run, invited):
    told = run("--stdin", input=answer().as_bytes())

    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "declined 1")
    assert answers.says_no([invited.id]) == {invited.id}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(b"", "no_answer 1", id="nothing at all"),
        pytest.param(answer(file()[:99]).as_bytes(), "unreadable 1", id="half a file"),
        pytest.param(b"x" * (3 * 1024 * 1024), "unreadable 1", id="far too much"),
        pytest.param(answer(Precedence="bulk").as_bytes(), "automatic 1", id="a list"),
    ],
)
def test_what_is_no_answer_ends_well_too_so_that_the_mail_server_sends_nothing_back(
    run, invited, raw, said
):
    told = run("--stdin", input=raw)

    assert (told.exit_code, told.output.splitlines()[-1]) == (0, said)
    assert answers.newest(invited) is None


def test_without_a_source_it_says_how_it_is_used(run, monkeypatch):
    monkeypatch.delenv("REPLIES_MAILBOX", raising=False)

    told = run()

    assert told.exit_code == 2
    assert "--mailbox imaps://user:password@host/INBOX" in told.output
