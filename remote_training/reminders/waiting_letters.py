"""Letters about a class for which she waits: is each still wanted, and what does it say."""

from __future__ import annotations

from datetime import datetime

from remote_training.bookings.models import Ending, Waiting
from remote_training.messages.models import Message
from remote_training.outside.mail import Letter
from remote_training.reminders import addresses, paper, subjects


def is_kept(entry: Waiting, _message: Message, now: datetime) -> bool:
    """The place is kept for her, and there is time left to take it."""
    is_hers = entry.is_offered and entry.participant.withdrawn_on is None
    return is_hers and entry.offer_until is not None and now < entry.offer_until


def waited_in_vain(entry: Waiting, _message: Message, now: datetime) -> bool:
    """She waited until the class was called off, and it would not be over yet."""
    is_hers = entry.ending is Ending.CLOSED and entry.participant.withdrawn_on is None
    return is_hers and entry.session.is_called_off and now < entry.session.ends_at


def waits_still(entry: Waiting, message: Message, now: datetime) -> bool:
    """She waits for the class, and this is the last that was changed of it."""
    session = entry.session
    is_last = message.facts.get("of_class") == str(session.sequence)
    is_hers = entry.stands and entry.participant.withdrawn_on is None
    is_on = not session.is_called_off and now < session.starts_at
    return is_last and is_hers and is_on


def offered(entry: Waiting, message: Message, now: datetime) -> Letter:
    """A place is kept for her: in which class, and until when."""
    woman, session = entry.participant, entry.session
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal={"classes_url": addresses.offer(entry, now)},
        starts_at=session.starts_at,
        minutes=session.minutes,
        trainer=session.trainer.contact.first_name,
        offer_until=entry.offer_until,
    )


def waited(entry: Waiting, message: Message, now: datetime) -> Letter:
    """What became of the class for which she waits."""
    woman, session = entry.participant, entry.session
    is_kept = entry.offer_until is not None and now < entry.offer_until
    return paper.letter(
        message,
        woman.account,
        site=woman.site,
        personal={"classes_url": addresses.classes(woman, now)},
        starts_at=session.starts_at,
        minutes=session.minutes,
        offer_until=entry.offer_until if is_kept else None,
        **subjects.how_it_was(session, message),
    )
