"""Alerts of some sites: which are open, since when, what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from remote_training.accounts.models import Account
from remote_training.alerts.models import Alert
from remote_training.core.db import db
from remote_training.core.errors import NotFound
from remote_training.core.words import say
from remote_training.participants.models import Participant
from remote_training.safety.models import Handling, Step

SHOWN = timedelta(days=90)  # how long one that is settled stays in the list


@dataclass(frozen=True)
class Line:
    """One alert with what was done about it, oldest step first."""

    alert: Alert
    steps: tuple[Handling, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return not any(one.step is not Step.NOT_REACHED for one in self.steps)

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has done anything yet."""
        return not self.steps


def at_sites(site_ids: Collection[UUID], *, now: datetime) -> Sequence[Line]:
    """The alerts of these sites: open ones first, longest open first; then settled ones."""
    found = (
        _alerts()
        .where(
            Participant.site_id.in_(site_ids),
            sa.or_(_is_open(), Alert.raised_at > now - SHOWN),
        )
        .order_by(Alert.raised_at, Alert.id)
    )
    lines = _lines(db.session.scalars(found).all())
    newest_first = sorted(lines, key=lambda line: line.alert.raised_at, reverse=True)
    settled = [line for line in newest_first if not line.is_open]
    return [line for line in lines if line.is_open] + settled


def at_site(alert_id: UUID, site_ids: Collection[UUID]) -> Line:
    """One alert of these sites, or `NotFound`."""
    found = _alerts().where(Alert.id == alert_id, Participant.site_id.in_(site_ids))
    alert = db.session.scalars(found).one_or_none()
    if alert is None:
        raise NotFound(say("This alert is not here."))
    return _lines([alert])[0]


def open_by_participant(site_ids: Collection[UUID]) -> Counter[UUID]:
    """How many alerts are open, for each participant of these sites who has one."""
    found = (
        sa.select(Alert.participant_id, sa.func.count())
        .join(Alert.participant)
        .where(Participant.site_id.in_(site_ids), _is_open())
        .group_by(Alert.participant_id)
    )
    return Counter({row[0]: row[1] for row in db.session.execute(found)})


def untouched() -> Sequence[Alert]:
    """Alerts about which nobody has done anything, longest first, with their participants."""
    nobody = ~sa.exists().where(Handling.alert_id == Alert.id)
    return db.session.scalars(_alerts().where(nobody).order_by(Alert.raised_at, Alert.id)).all()


def is_untouched(alert_id: UUID) -> bool:
    """Whether nobody has done anything about an alert."""
    found = sa.select(Handling.id).where(Handling.alert_id == alert_id)
    return db.session.scalars(found.limit(1)).one_or_none() is None


def _alerts() -> sa.Select[Alert]:
    woman = contains_eager(Alert.participant)
    return (
        sa.select(Alert)
        .join(Alert.participant)
        .join(Participant.site)
        .options(woman.contains_eager(Participant.site))
    )


def _is_open() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(Handling.alert_id == Alert.id, Handling.step != Step.NOT_REACHED)


def _lines(alerts: Sequence[Alert]) -> list[Line]:
    found = (
        sa.select(Handling)
        .where(Handling.alert_id.in_([alert.id for alert in alerts]))
        .options(joinedload(Handling.by).joinedload(Account.contact))
        .order_by(Handling.handled_at, Handling.id)
    )
    steps: dict[UUID, list[Handling]] = {}
    for one in db.session.scalars(found):
        steps.setdefault(one.alert_id, []).append(one)
    return [Line(alert, tuple(steps.get(alert.id, ()))) for alert in alerts]
