"""The rows of the table about adverse events: the newest word about each, without free text."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from remote_training.exports.extent import Extent
from remote_training.exports.spelling import bytewise, moment, text, yes_no
from remote_training.participants.models import Participant
from remote_training.safety.event_models import Action, AdverseEvent, Care, EventCare, EventVersion

Rows = sa.Select[*tuple[Any, ...]]
ACTION_COLUMNS = {f"action_{action.value}": action for action in Action}


def adverse_events(extent: Extent) -> Rows:
    """Every event that stands, by study number and when it was recorded."""
    of_her = (bytewise(Participant.study_number), AdverseEvent.recorded_at, AdverseEvent.id)
    return (
        sa.select(
            Participant.study_number,
            sa.func.row_number()
            .over(partition_by=AdverseEvent.participant_id, order_by=of_her[1:])
            .label("event_number"),
            AdverseEvent.session_id,
            EventVersion.term,
            EventVersion.grade,
            text(EventVersion.phase).label("phase"),
            moment(EventVersion.onset_at).label("onset_at"),
            yes_no(EventVersion.is_serious).label("serious"),
            text(EventVersion.criterion).label("serious_criterion"),
            text(EventVersion.related).label("related"),
            *(_was_done(action).label(name) for name, action in ACTION_COLUMNS.items()),
            text(EventVersion.outcome).label("outcome"),
            EventVersion.outcome_on,
            moment(AdverseEvent.recorded_at).label("recorded_at"),
            moment(_first()).label("seen_at"),
            moment(_first(Care.SPONSOR)).label("sponsor_told_at"),
            (EventVersion.number - 1).label("corrections"),
        )
        .join(AdverseEvent, AdverseEvent.id == EventVersion.event_id)
        .join(Participant, Participant.id == AdverseEvent.participant_id)
        .where(
            extent.people, EventVersion.replaced_at.is_(None), AdverseEvent.withdrawn_at.is_(None)
        )
        .order_by(*of_her)
    )


def _was_done(action: Action) -> sa.ColumnElement[int]:
    """Whether an action is among those that were told; empty while none is."""
    padded = sa.literal(" ") + EventVersion.actions + sa.literal(" ")
    return sa.case(
        (EventVersion.actions == "", sa.null()),
        (padded.contains(f" {action.value} ", autoescape=True), 1),
        else_=0,
    )


def _first(care: Care | None = None) -> sa.ScalarSelect[Any]:
    found = sa.select(sa.func.min(EventCare.done_at)).where(EventCare.event_id == AdverseEvent.id)
    if care is not None:
        found = found.where(EventCare.care == care)
    return found.correlate(AdverseEvent).scalar_subquery()
