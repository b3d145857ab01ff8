"""What the coordinator's desk does over several rooms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from remote_training.assessments import service as assessments
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.audit import service as audit
from remote_training.contacts.models import Contact
from remote_training.dashboard import queries
from remote_training.messages import service as outbox
from remote_training.messages.models import Message
from remote_training.participants import service as participants
from remote_training.participants.models import Participant

AGAIN_WITHIN = timedelta(days=1)
FRESH = timedelta(minutes=15)


def record(
    participant: Participant,
    *,
    now: datetime,
    by: UUID | None,
    reason: str | None,
    **facts: Any,
) -> list[str]:
    """Write facts about a participant, and bring her questionnaires in line with them.

    Returns the names of what changed; raises as `participants.service.record`.
    """
    changed = participants.record(participant, now=now, by=by, reason=reason, **facts)
    if changed:
        assessments.plan(participant, now=now)
    return changed


def see_card(participant: Participant, *, now: datetime, by: UUID | None) -> Contact:
    """Her name and how to reach her; that somebody looked is written down.

    Source: NEN 7513 (logging of every read of a person's file).
    """
    audit.note("participants.see_card", "participant", participant.id, by=by, now=now)
    return participant.contact


def send_questions(assessment: Assessment, *, now: datetime, by: UUID | None) -> bool:
    """Send a fresh link to questions that are open; True where it is queued now.

    Pressed again within a quarter of an hour, it is queued once.
    """
    if not states.is_open(assessment, now=now):
        return False
    quarter = int(now.timestamp() // FRESH.total_seconds())
    queued = outbox.queue(
        "questions_due",
        to=assessment.participant.contact_id,
        facts={"assessment_id": str(assessment.id)},
        not_after=assessment.ends_at,
        now=now,
        dedupe_key=f"questions again/{assessment.id}/{quarter}",
    )
    if queued is not None:
        her = assessment.participant_id
        audit.note("assessments.send_link", "participant", her, by=by, now=now)
    return queued is not None


def send_again(
    message: Message, participant: Participant, *, now: datetime, by: UUID | None
) -> bool:
    """Send a mail once more that may not have arrived; True where it is queued now.

    Pressed twice, it is queued once. Whether it is still wanted is asked, as always, at
    the moment of sending.
    """
    queued = outbox.queue(
        message.kind,
        to=message.contact_id,
        facts=message.facts,
        not_after=max(message.not_after, now + AGAIN_WITHIN),
        now=now,
        dedupe_key=queries.again_key(message),
    )
    if queued is None:
        return False
    audit.note(
        "messages.send_again", "participant", participant.id, by=by, now=now, kind=message.kind
    )
    return True
