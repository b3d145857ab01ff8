"""Sending what is due: no transaction is open while a mail server thinks.

Messages go in small groups. One transaction settles the group before, takes the next one
(is each still wanted? what does it say?) and marks it as being on the wire; a second thread
hands the group over meanwhile, on one connection that is kept. A crash leaves two groups open.
"""

from __future__ import annotations

import secrets
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from remote_training.core.db import db, unit_of_work
from remote_training.core.settings import current
from remote_training.messages import kinds, service
from remote_training.messages.line import Answer, Line, Outcome, Ready
from remote_training.messages.models import Message, State
from remote_training.outside import clock, mail
from remote_training.outside.world import Outside

BATCH = 64  # leased at once
GROUP = 16  # may be open after a crash, twice
AT_ONCE = 1000  # in one go, before somebody else has a turn
AWAY = timedelta(seconds=30)  # while the mail server does not answer
DATABASE_TRIES, DATABASE_PAUSE = 4, 1.0
TURN_SECONDS = 0.0002

log = structlog.get_logger()


class _Poisoned(Exception):
    """A message could not be written; the rest of its group can."""

    def __init__(self, message: Message, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.message = message
        self.error = error


def deliver(
    worker: str,
    world: Outside,
    *,
    limit: int = AT_ONCE,
    is_ending: Callable[[], bool] = lambda: False,
) -> int:
    """Send what is due, at most `limit`; returns how many messages were dealt with.

    0 means that nothing is due, the queue stands still, or the mail server is away: come back
    later. Commits its own work; to be called with no transaction open.
    """
    db.session.rollback()
    owner = f"{worker[:60]}/{secrets.token_hex(8)}"
    with _quick_turns(), world.mail.open() as connection, ThreadPoolExecutor(1) as thread:
        going = _Round(owner, world, Line(connection, world.now, _fresh()), thread)
        while not is_ending() and (left := limit - going.dealt_with) > 0:
            batch = _claim(owner, min(left, BATCH), world)
            if not batch or not going.send(batch, is_ending):
                break
        going.end()
    return 0 if going.is_off else going.dealt_with


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let the thread that talks to the mail server go on soon after each answer.

    Python lets the other one, which writes letters, work on for 5 ms at a time: as long as
    handing over a whole mail takes.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def sweep(now: datetime) -> dict[str, int]:
    """Settle leases that ended and deadlines that passed."""
    with unit_of_work():
        settled = service.sweep(again=kinds.sent_again(), now=now)
    for state, count in settled.items():
        log.warning("messages settled", state=state, count=count)
    return settled


class _Round:
    """Some batches over one connection."""

    def __init__(self, owner: str, world: Outside, line: Line, thread: ThreadPoolExecutor) -> None:
        self._owner = owner
        self._now = world.now
        self._line = line
        self._thread = thread
        self._outcomes: list[Outcome] = []  # known, not yet written
        self._on_wire: Future[list[Outcome]] | None = None
        self.dealt_with = 0
        self.is_off = False

    def send(self, batch: Sequence[Message], is_ending: Callable[[], bool]) -> bool:
        """Send a batch, group by group; False where no more can be sent now.

        What is left of it then is given back.
        """
        left = list(batch)
        with self._gives_back(left):
            while left and not self.is_off and not is_ending():
                group, left[:GROUP] = left[:GROUP], []
                with self._gives_back(group):
                    ready = self._take(group)
                    self._wait()
                    if ready and not self.is_off:
                        self._on_wire = self._thread.submit(self._line.send, ready)
                        group.clear()
                    else:
                        group[:] = [one.message for one in ready]
        return not self.is_off

    def end(self) -> None:
        """Wait for what is on the wire, and write what became of it."""
        self._wait()
        for attempt in range(DATABASE_TRIES):
            try:
                with unit_of_work():
                    self._settle()
            except OperationalError:
                if attempt == DATABASE_TRIES - 1:
                    raise
                clock.pause(DATABASE_PAUSE)
                continue
            self._outcomes.clear()
            return

    @contextmanager
    def _gives_back(self, messages: list[Message]) -> Iterator[None]:
        """What is still in the list at the end, also after an error, goes back untried."""
        try:
            yield
        except BaseException:
            db.session.rollback()
            self._line.stop()
            self._untried(messages)
            self.end()
            raise
        self._untried(messages)

    def _untried(self, messages: list[Message]) -> None:
        self._outcomes += [Outcome(message, Answer.UNTRIED) for message in messages]
        messages.clear()

    def _wait(self) -> None:
        if self._on_wire is not None:
            self._outcomes += self._on_wire.result()
            self._on_wire = None
        self.is_off = self.is_off or self._line.is_off

    def _take(self, group: Sequence[Message]) -> list[Ready]:
        """Settle what is known, and make a group ready: written, and marked as being sent."""
        while True:
            try:
                with unit_of_work():
                    self._settle()
                    ready, others = self._prepare(group)
            except _Poisoned as poisoned:
                self._outcomes.append(_poison(poisoned))
                group = [message for message in group if message is not poisoned.message]
                continue
            self._outcomes = others
            self.dealt_with += len(group)
            return ready

    def _settle(self) -> None:
        """Write what became of messages; what is written is forgotten after the commit."""
        now = self._now()
        sent = [one.message for one in self._outcomes if one.answer is Answer.SENT]
        if sent:
            service.finish(sent, State.SENT, owner=self._owner, now=now)
        for outcome in self._outcomes:
            self._write(outcome, now)

    def _write(self, outcome: Outcome, now: datetime) -> None:
        message, owner, fault = outcome.message, self._owner, outcome.fault
        if outcome.answer is Answer.LOGIN_REFUSED:
            service.stop_queue(fault, now=now)
        if outcome.answer in (Answer.LOGIN_REFUSED, Answer.UNTRIED):
            self._give_back(message, now)
        elif _is_tried_again(outcome):
            service.put_back(message, owner=owner, now=now, fault=fault)
        elif outcome.answer is not Answer.SENT:
            state = State(outcome.answer.value)
            service.finish([message], state, owner=owner, now=now, fault=fault or None)

    def _give_back(self, message: Message, now: datetime) -> None:
        if self._line.is_away:
            service.give_back_until(message, owner=self._owner, due_at=now + AWAY)
        else:
            service.give_back([message], owner=self._owner)

    def _prepare(self, group: Sequence[Message]) -> tuple[list[Ready], list[Outcome]]:
        """The letters that go, and what became of the others."""
        now = self._now()
        begun = service.begin_sending(group, owner=self._owner, now=now, lease=_lease())
        others = [Outcome(message, Answer.UNTRIED) for message in group if message not in begun]
        ready = []
        with _subjects(begun) as subjects:
            for message in begun:
                letter = _letter(message, subjects, now)
                if isinstance(letter, Outcome):
                    others.append(letter)
                else:
                    ready.append(Ready(message, letter, now))
        return ready, others


def _claim(owner: str, limit: int, world: Outside) -> Sequence[Message]:
    with unit_of_work():
        claimed = service.claim(owner, limit=limit, now=world.now(), lease=_lease())
        for message in claimed:
            db.session.expunge(message)
    return claimed


@contextmanager
def _subjects(messages: Sequence[Message]) -> Iterator[Mapping[UUID, Any]]:
    """What some messages are about, read at once."""
    by_reader: dict[Any, list[Message]] = {}
    for message in messages:
        kind = kinds.kinds().get(message.kind)
        if kind is not None:
            by_reader.setdefault(kind.about, []).append(message)
    with ExitStack() as opened:
        read = [opened.enter_context(about(some)) for about, some in by_reader.items()]
        yield ChainMap(*read)


def _letter(message: Message, subjects: Mapping[UUID, Any], now: datetime) -> mail.Mail | Outcome:
    """What goes on the wire; void where it is no longer wanted, or held back."""
    try:
        kind = kinds.kinds()[message.kind]
        subject = subjects[message.id]
        if not kind.is_wanted(subject, message, now):
            return Outcome(message, Answer.VOID)
        if (why := kind.held_back(subject, message, now)) is not None:
            return Outcome(message, Answer.VOID, why)
        return mail.build(kind.compose(subject, message, now), now=now)
    except DBAPIError:
        raise
    except Exception as error:  # one bad row never stops the rest
        raise _Poisoned(message, error) from error


def _is_tried_again(outcome: Outcome) -> bool:
    may_be_twice = outcome.message.kind in kinds.sent_again()
    is_open = outcome.answer is Answer.UNCERTAIN and may_be_twice
    return is_open or outcome.answer in (Answer.AWAY, Answer.LATER)


def _poison(poisoned: _Poisoned) -> Outcome:
    """A row that cannot be written: tried three times, then failed. Nothing of it is told."""
    message = poisoned.message
    log.error(
        "message cannot be written", message_id=str(message.id), kind=message.kind,
        error=poisoned.error,
    )  # fmt: skip
    is_last = message.tries >= service.MOST_COMPOSING_TRIES
    fault = f"could not be written: {type(poisoned.error).__name__}"
    return Outcome(message, Answer.REFUSED if is_last else Answer.LATER, fault)


def _lease() -> timedelta:
    return timedelta(seconds=current().mail_lease_seconds)


def _fresh() -> timedelta:
    """How old a letter may be when it is handed over: well within its lease, skew included."""
    return min(timedelta(seconds=20), _lease() / 2)
