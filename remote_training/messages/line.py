"""The line to the mail server, for one thread that knows no database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from remote_training.messages.models import Message, State
from remote_training.outside import mail
from remote_training.outside.mail import Mail, MailConnection

DEAD_STAGES = frozenset({"CONNECT", "EHLO", "STARTTLS", "AUTH"})
CLOSING = 421

log = structlog.get_logger()


class Answer(StrEnum):
    """What became of a letter. Some are a state of its message, by the same word.

    `later`: this one was put off. `away`: the server does not answer, nor would it for the
    next one. `untried`: not handed over at all.
    """

    SENT = State.SENT
    REFUSED = State.FAILED
    UNCERTAIN = State.UNCERTAIN
    VOID = State.VOID
    LATER = "later"
    AWAY = "away"
    LOGIN_REFUSED = "login_refused"
    UNTRIED = "untried"


@dataclass(frozen=True)
class Outcome:
    """What became of one message; `fault` holds codes, never an address."""

    message: Message
    answer: Answer
    fault: str = ""


@dataclass(frozen=True)
class Ready:
    """A letter that was written at a moment, and is marked as being sent."""

    message: Message
    letter: Mail
    ready_at: datetime


class Line:
    """Hands letters over, one after the other, until the server is away or refuses us."""

    def __init__(
        self, connection: MailConnection, now: Callable[[], datetime], fresh: timedelta
    ) -> None:
        self._connection = connection
        self._now = now
        self._fresh = fresh
        self.is_off = False
        self.is_away = False

    def send(self, group: Sequence[Ready]) -> list[Outcome]:
        """Hand a group over; an outcome for each, in order."""
        return [self._send(ready) for ready in group]

    def stop(self) -> None:
        """Hand over nothing any more."""
        self.is_off = True

    def _send(self, ready: Ready) -> Outcome:
        message = ready.message
        if self.is_off or self._now() - ready.ready_at > self._fresh:
            return Outcome(message, Answer.UNTRIED)  # too old: asked anew whether it is wanted
        try:
            self._connection.send(ready.letter)
        except mail.MailError as error:
            return self._judge(message, error)
        except ValueError as error:  # no letter that can be handed over
            return self._told(message, Answer.REFUSED, f"could not be sent: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - nobody knows how far it came
            self.is_off = True
            return self._told(message, Answer.UNCERTAIN, f"broke off: {type(error).__name__}")
        return Outcome(message, Answer.SENT)

    def _judge(self, message: Message, error: mail.MailError) -> Outcome:
        if isinstance(error, mail.MailLoginRefused):
            self.is_off = True
            return self._told(message, Answer.LOGIN_REFUSED, str(error))
        if isinstance(error, mail.MailUncertain):
            return self._told(message, Answer.UNCERTAIN, str(error))
        if isinstance(error, mail.MailRefused):
            return self._told(message, Answer.REFUSED, str(error))
        if error.stage in DEAD_STAGES or error.code == CLOSING:
            self.is_off = self.is_away = True
            return self._told(message, Answer.AWAY, str(error))
        return self._told(message, Answer.LATER, str(error))

    def _told(self, message: Message, answer: Answer, fault: str) -> Outcome:
        tell = log.error if self.is_off else log.warning
        tell(
            "mail queue stopped" if answer is Answer.LOGIN_REFUSED else "mail did not go",
            message_id=str(message.id), kind=message.kind, state=answer.value, fault=fault,
        )  # fmt: skip
        return Outcome(message, answer, fault)
