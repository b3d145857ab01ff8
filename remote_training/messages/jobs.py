"""Sending what is due: no transaction is open while a mail server thinks.

One transaction a message: it settles the message before, asks whether this one is still
wanted, writes it, and marks it as being on the wire. A crash leaves one message open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

import structlog

from remote_training.core.db import db, unit_of_work
from remote_training.messages import kinds, service
from remote_training.messages.kinds import Policy
from remote_training.messages.models import Message, State
from remote_training.outside import mail
from remote_training.outside.mail import MailConnection
from remote_training.outside.world import Outside

BATCH = 25

log = structlog.get_logger()


@dataclass(frozen=True)
class _Outcome:
    """What became of a message: a final state, or None where it is tried again later."""

    message: Message
    state: State | None
    fault: str | None = None
    waits: bool = True


class _QueueMustStop(Exception):
    """The mail server does not let us in, or does not answer: no use in trying the rest."""

    def __init__(self, fault: str, *, for_good: bool) -> None:
        super().__init__(fault)
        self.fault = fault
        self.for_good = for_good


def deliver(worker: str, world: Outside, *, limit: int = BATCH) -> int:
    """Send what is due, one batch at most; returns how many messages were dealt with."""
    with unit_of_work():
        claimed = service.claim(worker, limit=limit, now=world.now())
        for message in claimed:
            db.session.expunge(message)
    if not claimed:
        return 0
    with world.mail.open() as connection:
        _Round(worker, world, connection).go(claimed)
    return len(claimed)


def sweep(now: datetime) -> dict[str, int]:
    """Settle leases that ended and deadlines that passed."""
    again = frozenset(name for name, kind in kinds.kinds().items() if kind.policy is Policy.AGAIN)
    with unit_of_work():
        settled = service.sweep(again=again, now=now)
    for state, count in settled.items():
        log.warning("messages settled", state=state, count=count)
    return settled


class _Round:
    """One batch over one connection."""

    def __init__(self, worker: str, world: Outside, connection: MailConnection) -> None:
        self._worker = worker
        self._world = world
        self._connection = connection
        self._before: _Outcome | None = None

    def go(self, claimed: Sequence[Message]) -> None:
        """Send each in turn; where the server gives up on us, put the rest back."""
        for n, message in enumerate(claimed):
            with unit_of_work():
                self._settle()
                letter = self._prepare(message)
            if letter is None:
                continue
            try:
                self._before = self._send(message, letter)
            except _QueueMustStop as stop:
                self._give_up(claimed[n:], stop)
                return
        with unit_of_work():
            self._settle()

    def _settle(self) -> None:
        """Write what became of the message before."""
        outcome, self._before = self._before, None
        if outcome is not None:
            self._write(outcome)

    def _prepare(self, message: Message) -> EmailMessage | None:
        """Ask once more, write the letter, mark it as going out; None where it does not go."""
        now = self._world.now()
        kind = kinds.kinds().get(message.kind)
        if kind is None:
            self._write(_Outcome(message, State.FAILED, "there is no such kind of message"))
            return None
        try:
            with db.session.begin_nested():
                if not kind.is_wanted(message, now):
                    self._write(_Outcome(message, State.VOID, "no longer wanted"))
                    return None
                letter = mail.build(kind.compose(message, now), now=now)
        except Exception as error:  # noqa: BLE001 - one bad row never stops the rest
            self._write(_poisoned(message, error))
            return None
        goes = service.begin_sending(message, owner=self._worker, now=now)
        return letter if goes else None

    def _send(self, message: Message, letter: EmailMessage) -> _Outcome:
        try:
            self._connection.send(letter)
        except mail.MailLoginRefused as error:
            raise _QueueMustStop(str(error), for_good=True) from error
        except mail.MailTemporary as error:
            if error.stage in ("CONNECT", "EHLO", "STARTTLS"):
                raise _QueueMustStop(str(error), for_good=False) from error
            return _Outcome(message, None, str(error))
        except mail.MailRefused as error:
            return _Outcome(message, State.FAILED, str(error))
        except mail.MailUncertain as error:
            once = kinds.kinds()[message.kind].policy is Policy.ONCE
            return _Outcome(message, State.UNCERTAIN if once else None, str(error))
        return _Outcome(message, State.SENT)

    def _give_up(self, left: Sequence[Message], stop: _QueueMustStop) -> None:
        with unit_of_work():
            if stop.for_good:
                service.stop_queue(stop.fault, now=self._world.now())
            for message in left:
                self._write(_Outcome(message, None, stop.fault, waits=not stop.for_good))
        log.error("mail queue stopped" if stop.for_good else "mail server away", fault=stop.fault)

    def _write(self, outcome: _Outcome) -> None:
        message, now = outcome.message, self._world.now()
        if outcome.state is None:
            service.put_back(
                message, owner=self._worker, now=now, fault=outcome.fault, wait=outcome.waits
            )
        else:
            service.finish(message, outcome.state, owner=self._worker, now=now, fault=outcome.fault)
        if outcome.fault is not None:
            state = outcome.state or State.PENDING
            log.warning(
                "message", message_id=str(message.id), kind=message.kind, state=state,
                fault=outcome.fault,
            )  # fmt: skip


def _poisoned(message: Message, error: Exception) -> _Outcome:
    """A row that cannot be written: tried three times, then failed. No text of it is told."""
    fault = f"could not be written: {type(error).__name__}"
    is_last = message.tries >= service.MOST_COMPOSING_TRIES
    return _Outcome(message, State.FAILED if is_last else None, fault)
