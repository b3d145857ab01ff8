"""The mail that asks her whether she gives the place back."""

from __future__ import annotations

import pytest

from remote_training.core.db import db
from remote_training.messages import jobs as outbox
from tests.reminders.test_letters import LINK, NEVER, everything
from tests.replies.mails import HER, OURS, answer
from tests.replies.test_service import hear


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Give the place back, or choose another class"), ("nl", "De plek teruggeven")],
)
def test_it_has_one_link_and_no_word_about_health(invited, app, mailbox, language, said):
    invited.participant.account.language = language
    db.session.commit()
    hear(answer())

    outbox.deliver("w", app.extensions["outside"])

    (mail,) = mailbox.sent
    text = everything(mail)
    assert said in text
    assert len(set(LINK.findall(text))) == 1
    assert not NEVER.search(text.replace(HER, ""))
    assert {word for word in text.replace("<", " ").replace(">", " ").split() if "@" in word} <= {
        HER, OURS, *(str(mail[name]).strip("<>") for name in ("Message-ID", "References")),
    }  # fmt: skip


def test_it_is_not_sent_once_the_class_has_begun(invited, app, mailbox, clock):
    hear(answer())
    clock.moment = invited.session.starts_at

    outbox.deliver("w", app.extensions["outside"])

    assert mailbox.sent == []
