"""Hearing what waits in a mailbox: each mail by itself, marked after what it says is committed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError

from remote_training.core.db import unit_of_work
from remote_training.outside.mailbox import Mailbox
from remote_training.outside.world import Outside
from remote_training.replies import service
from remote_training.replies.service import Kind

log = structlog.get_logger()


def hear_one(raw: bytes, *, now: datetime) -> Kind:
    """Hear one mail and commit what it says; logged by its kind, without a word of it.

    Whatever it is made of, it ends here: only a database that is away is told to the caller.
    """
    try:
        with unit_of_work():
            kind = service.hear(raw, now=now)
    except DBAPIError:
        raise
    except Exception as error:  # one bad mail never stops the rest
        log.exception("reply cannot be read", kind=Kind.UNREADABLE, error=error)
        return Kind.UNREADABLE
    log.info("reply heard", kind=kind)
    return kind


def hear_all(mailbox: Mailbox, world: Outside) -> Counter[Kind]:
    """Hear what waits, oldest first; how many there were of each kind."""
    counts: Counter[Kind] = Counter()
    for number in mailbox.waiting():
        raw = mailbox.read(number)
        kind = hear_one(raw, now=world.now()) if raw is not None else Kind.UNREADABLE
        if kind is Kind.UNREADABLE:
            mailbox.flag(number)
        else:
            mailbox.mark_read(number)
        counts[kind] += 1
    return counts
