"""Letters about questions that are asked of her: is each still wanted, and what does it say."""

from __future__ import annotations

from datetime import datetime

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.assessments import states
from remote_training.assessments.models import Assessment
from remote_training.assessments.sitting import sitting
from remote_training.messages.models import Message
from remote_training.outside.mail import Letter
from remote_training.reminders import addresses, paper
from remote_training.reminders.optional import Reminded


def is_open(assessment: Assessment | None, _message: Message, now: datetime) -> bool:
    """She can still answer."""
    return assessment is not None and states.is_open(assessment, now=now)


def is_unsent(one: Reminded[Assessment], message: Message, now: datetime) -> bool:
    """The sitting that a reminder is about can still be answered."""
    return is_open(one.about, message, now)


def asked(assessment: Assessment, message: Message, now: datetime, **links: str) -> Letter:
    """Her link to the questions, until when, and how long they take."""
    woman = assessment.participant
    token = tokens.mint(LinkKind.ANSWER, woman.account_id, now=now, subject_id=assessment.id)
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal={"answer_url": addresses.link(token), **links},
        closes_on=assessment.last_on,
        minutes=_minutes(assessment),
        has_started=assessment.is_started,
    )


def reminder(one: Reminded[Assessment], message: Message, now: datetime) -> Letter:
    """The same as `asked`, and how reminders are stopped."""
    assessment = one.about
    assert assessment is not None
    return asked(assessment, message, now, **addresses.stop(assessment.participant, message, now))


def _minutes(assessment: Assessment) -> int:
    """How long she still needs: for all of it, or for what is left of what she began."""
    if not assessment.is_started:
        return assessment.minutes
    return max(1, sitting(assessment).minutes_left)
