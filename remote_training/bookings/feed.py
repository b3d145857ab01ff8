"""What stands in somebody's calendar feed: a participant's places, or a trainer's classes.

The windows are cut at midnight UTC, so that a feed changes by the mere passing of time at
one moment of the day only. What changes it otherwise moves one of the figures of its stamp;
so a program that has it already costs two rows, however much is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from remote_training.accounts.errors import LinkEnded
from remote_training.accounts.models import Account, AccountKind, Grant, Link, LinkKind, Role
from remote_training.bookings.models import Booking
from remote_training.calendars import wording
from remote_training.calendars.feed import Item, published
from remote_training.classes.models import HandedOver, Session
from remote_training.core import settings
from remote_training.core.crypto import token_hash
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import reading_as, say, translated
from remote_training.participants.models import Participant
from remote_training.studies.models import Site

Row = Any  # of a statement below: its columns are named there

PAST_KEPT = timedelta(weeks=4)
CANCELLED_KEPT = timedelta(weeks=2)

# a program asks every hour: composed once, so that no request composes them again
IS_TRAINER = sa.exists().where(Grant.account_id == Account.id, Grant.role == Role.TRAINER)
READER = (
    sa.select(
        Link.made_at,
        Link.revoked_at,
        Account.id,
        Account.kind,
        Account.language,
        Account.zone,
        Account.is_active,
        IS_TRAINER.label("is_trainer"),
        Participant.id.label("participant_id"),
        Participant.withdrawn_on,
        Site.phone,
    )
    .join(Link.account)
    .outerjoin(Participant, Participant.account_id == Account.id)
    .outerjoin(Site, Site.id == Participant.site_id)
    .where(Link.token_hash == sa.bindparam("token_hash"), Link.kind == LinkKind.CALENDAR)
)
IS_NOT_LONG_OFF = sa.or_(
    Session.called_off_at.is_(None), Session.called_off_at >= sa.bindparam("cancelled_since")
)
HER_PLACES = (
    Booking.participant_id == sa.bindparam("whose"),
    Session.ends_at >= sa.bindparam("past_since"),
    sa.or_(Booking.cancelled_at.is_(None), Booking.cancelled_at >= sa.bindparam("cancelled_since")),
    IS_NOT_LONG_OFF,
)
GIVEN_OR_HANDED_OVER = sa.union(
    sa.select(Session.id).where(
        Session.trainer_id == sa.bindparam("whose"), Session.ends_at >= sa.bindparam("past_since")
    ),
    sa.select(HandedOver.session_id).where(
        HandedOver.trainer_id == sa.bindparam("whose"),
        HandedOver.handed_at >= sa.bindparam("cancelled_since"),
    ),
)
THEIR_HOURS = (
    Session.id.in_(GIVEN_OR_HANDED_OVER),
    Session.ends_at >= sa.bindparam("past_since"),
    IS_NOT_LONG_OFF,
)
TIMES = (Session.starts_at, Session.ends_at, Session.changed_at, Session.called_off_at)
PLACES = (
    sa.select(
        Booking.id, Booking.calendar_uid, Booking.sequence, Booking.booked_at,
        Booking.cancelled_at, *TIMES,
    )
    .join(Booking.session)
    .where(*HER_PLACES)
    .order_by(Session.starts_at, Booking.booked_at, Booking.id)
)  # fmt: skip
HOURS = (
    sa.select(Session.id, Session.sequence, Session.trainer_id, *TIMES)
    .where(*THEIR_HOURS)
    .order_by(Session.starts_at, Session.id)
)
STAMP_OF_PLACES = (
    sa.select(
        sa.func.count(),
        sa.func.sum(Booking.sequence),
        sa.func.max(Booking.booked_at),
        sa.func.max(Booking.cancelled_at),
        sa.func.max(Session.changed_at),
    )
    .select_from(Booking)
    .join(Booking.session)
    .where(*HER_PLACES)
)
STAMP_OF_HOURS = sa.select(
    sa.func.count(), sa.func.sum(Session.sequence), sa.func.max(Session.changed_at)
).where(*THEIR_HOURS)


@dataclass(frozen=True)
class Feed:
    """A feed that is open: its mark and when it changed last; `content` writes it.

    The mark (`ETag`) is another one wherever the content is, and every day.
    """

    mark: str
    changed_at: datetime
    _reader: Row
    _window: dict[str, datetime]
    _alarms_from: datetime | None

    def content(self) -> bytes:
        """The file, in the reader's language and zone."""
        reader = self._reader
        is_hers = reader.kind is AccountKind.PARTICIPANT
        found, write = (PLACES, _place) if is_hers else (HOURS, _hour)
        rows = db.session.execute(found, self._window | {"whose": _whose(reader)}).all()
        with reading_as(reader.language, reader.zone):
            name = translated(say("Training classes"))
        summary = wording.summary(reader.language)
        items = [write(row, reader, summary) for row in rows]
        sender = settings.current().sender
        return published(items, name=name, organizer=sender, alarms_from=self._alarms_from)


def of_token(token: str, *, has_alarms: bool, now: datetime) -> Feed:
    """The feed of an address; with `has_alarms` its entries ring an hour before.

    Raises
    ------
    NotFound
        Such an address never was.
    LinkEnded
        It was taken away, or its reader has left the trial or the team.
    """
    reader = db.session.execute(READER, {"token_hash": token_hash(token)}).one_or_none()
    if reader is None:
        raise NotFound(say("This calendar address is not known."))
    if not _is_open(reader):
        raise LinkEnded(say("This calendar address has ended. Your own page gives a new one."))
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    window = {"past_since": midnight - PAST_KEPT, "cancelled_since": midnight - CANCELLED_KEPT}
    is_hers = reader.kind is AccountKind.PARTICIPANT
    stamping = STAMP_OF_PLACES if is_hers else STAMP_OF_HOURS
    stamp = db.session.execute(stamping, window | {"whose": _whose(reader)}).one()
    mark = sha256(repr((reader, midnight, stamp, has_alarms)).encode()).hexdigest()
    moments = [reader.made_at, midnight, *(one for one in stamp[2:] if one is not None)]
    return Feed(mark, max(moments), reader, window, midnight if has_alarms else None)


def _is_open(reader: Row) -> bool:
    """Whether the address stands, and its reader still belongs here."""
    is_hers = reader.kind is AccountKind.PARTICIPANT
    takes_part = is_hers and reader.participant_id is not None and reader.withdrawn_on is None
    belongs = takes_part or (not is_hers and reader.is_trainer)
    return reader.revoked_at is None and reader.is_active and belongs


def _whose(reader: Row) -> UUID:
    """The participant, or the trainer's account."""
    return cast(UUID, reader.participant_id or reader.id)


def _place(row: Row, reader: Row, summary: str) -> Item:
    known = (row.booked_at, row.cancelled_at, row.changed_at)
    changed_at = max(moment for moment in known if moment is not None)
    is_off = row.cancelled_at is not None or row.called_off_at is not None
    path = f"class/{row.id}/"
    return _item(row, reader, summary, row.calendar_uid, changed_at, path, is_off)


def _hour(row: Row, reader: Row, summary: str) -> Item:
    uid = f"{row.id.hex}@{settings.current().mail_host}"
    is_off = row.called_off_at is not None or row.trainer_id != reader.id
    path = f"staff/classes/{row.id}/"
    return _item(row, reader, summary, uid, row.changed_at, path, is_off)


def _item(
    row: Row,
    reader: Row,
    summary: str,
    uid: str,
    changed_at: datetime,
    path: str,
    is_cancelled: bool,
) -> Item:
    """An entry in the words of the invitations; its place is a page that asks who comes."""
    said = wording.description(
        reader.language, reader.zone, row.starts_at, row.ends_at, reader.phone or ""
    )
    return Item(
        uid=uid,
        sequence=row.sequence,
        changed_at=changed_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=summary,
        description=said,
        location=None if is_cancelled else f"{settings.current().address}/{path}",
        is_cancelled=is_cancelled,
    )
