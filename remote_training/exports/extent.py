"""Of whom and of what a data set is: one condition for every select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from remote_training.assessments import states
from remote_training.assessments.models import Assessment, Form
from remote_training.exports import blinding
from remote_training.instruments import load as instruments
from remote_training.instruments.load import Instrument, Item
from remote_training.participants.models import Participant
from remote_training.studies.load import Study

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Extent:
    """Of which sites, time-points and questionnaires, and what day it is where somebody lives."""

    site_ids: Sequence[UUID]
    today: Mapping[str, date]
    now: datetime
    sittings: Condition
    forms: Condition

    @property
    def people(self) -> Condition:
        """Those who gave consent, at these sites; for a select of `Participant`."""
        here = Participant.site_id.in_(self.site_ids)
        return sa.and_(here, Participant.consented_on.is_not(None))

    @property
    def state(self) -> sa.ColumnElement[str]:
        """Where a sitting stands at this moment."""
        return states.in_sql(self.today, now=self.now)


def extent(
    connection: sa.Connection,
    site_ids: Sequence[UUID],
    *,
    study: Study,
    shows_arm: bool,
    now: datetime,
) -> Extent:
    """The extent of what is looked at now."""
    zones = connection.scalars(sa.select(Participant.zone).distinct().order_by(Participant.zone))
    return Extent(
        site_ids,
        states.days(zones, now=now),
        now,
        blinding.sittings(study, shows_arm=shows_arm),
        blinding.forms(study, shows_arm=shows_arm),
    )


def is_asked(instrument: Instrument) -> Condition:
    """The forms in which it is asked in this version: begun in it, or not begun and the newest."""
    begun_in_it = sa.and_(
        Form.instrument == instrument.code,
        Form.instrument_version == instrument.version,
        Assessment.started_at.is_not(None),
    )
    if instruments.catalogue()[instrument.code].version != instrument.version:
        return begun_in_it
    not_begun = sa.and_(Form.instrument == instrument.code, Assessment.started_at.is_(None))
    return sa.or_(begun_in_it, not_begun)


# what is known of a participant that a question can depend on
FACTS: Mapping[str, Any] = {"sex": Participant.sex}


def is_hidden(item: Item, facts: Mapping[str, Any] = FACTS) -> Condition:
    """Whether an item is not shown to a participant: the twin of `Item.is_shown`, in SQL.

    `facts` are the columns that hold what is known of her.
    """
    told = [
        sa.and_(facts[fact].is_not(None), sa.type_coerce(facts[fact], sa.String()) != wanted)
        for fact, wanted in item.shown_if.items()
        if fact in facts
    ]
    return sa.or_(sa.false(), *told)
