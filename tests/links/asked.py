"""Asking for a link, and finding it in the mailbox."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient

from remote_training.accounts import asking, tokens
from remote_training.accounts.models import LinkKind
from remote_training.core.db import db, unit_of_work
from remote_training.messages import jobs as outbox
from remote_training.outside.world import outside
from tests.fakes import NOON, FakeMail


def minted(kind: LinkKind, her: Any, **more: Any) -> str:
    """The address of a link for somebody."""
    token = tokens.mint(kind, her.account_id, now=NOON, **more)
    db.session.commit()
    return f"/l/{token}"


def sent(browser: FlaskClient, mailbox: FakeMail, email: str) -> str:
    """Ask in this browser for the link of an address, and take it out of the mail."""
    browser.post("/send-link", data={"email": email})
    with unit_of_work():
        asking.answer(now=outside().now())
    outbox.deliver("test", outside())
    text = mailbox.to(email)[-1].get_body(("plain",)).get_content()
    found = re.search(r"/l/\S+", text)
    assert found is not None
    return found.group()
