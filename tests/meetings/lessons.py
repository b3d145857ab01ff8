"""One class as a script of seconds: who comes, goes, drops out, has two devices; and the truth."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from remote_training.bookings.models import Booking
from remote_training.classes.models import Session
from tests.fakes import FakeClock

HOUR = 3600
ENTER_TRIES = 4
Press = Callable[[Booking], "str | None"]


@dataclass(frozen=True)
class Item:
    """One message that waits at a provider, and what it tells: kind, visit or room and run, when.

    Kinds: `in`, `out`, `whole` of a visit; `start`, `end` of a room.
    """

    tells: tuple[tuple[str, str, datetime], ...] = ()
    content: Any = field(compare=False, default=None)


@dataclass
class Stay:
    """One visit as it really was, in seconds after the beginning of the class."""

    booking_id: UUID
    handle: Any
    visit: str
    room_run: str  # which opening of which room
    came: int
    left: int | None = None


class Place(Protocol):
    """A provider and its simulator, for a script."""

    has_parts: bool
    has_waiting: bool
    can_drop: bool
    ends_by_itself: bool

    def before(self, session: Session) -> None:
        """Shortly before the class."""

    def begin(self, session: Session) -> None:
        """The trainer opens the room."""

    def enter(self, session: Session, link: str, *, waits: bool) -> Any | None:
        """Somebody follows her link; None where the server is broken just now."""

    def admit(self, session: Session, handle: Any) -> None:
        """The trainer lets her in."""

    def named(self, session: Session, handle: Any) -> tuple[str, str]:
        """The id of a visit, and of the opening of the room."""

    def leave(self, session: Session, handle: Any) -> None:
        """She leaves."""

    def drop(self, session: Session, handle: Any) -> None:
        """Her line breaks, and nobody tells at once."""

    def move(self, session: Session, handle: Any, part: str | None) -> Any:
        """She goes to another part of the room."""

    def end(self, session: Session) -> None:
        """The trainer closes the room."""


class Lesson:
    """A class that is played from its script; `stays` is the truth afterwards."""

    def __init__(
        self, draw: random.Random, place: Place, clock: FakeClock, session: Session, press: Press
    ) -> None:
        self.draw, self.place, self.clock, self.press = draw, place, clock, press
        self.session, self.starts_at = session, session.starts_at
        self.stays: list[Stay] = []
        self.pressed: set[UUID] = set()
        self.is_open = False
        self._script: list[tuple[int, int, Callable[[], None]]] = []
        self._devices: list[Device] = []

    @property
    def second(self) -> int:
        """Seconds since the beginning of the class."""
        return round((self.clock.moment - self.starts_at).total_seconds())

    def play(self, bookings: list[Booking], between: Callable[[], None]) -> None:
        """Let it happen; `between` is called now and then."""
        self._at(-300, self.begin)
        for booking in bookings:
            if self.draw.random() < 0.92:
                self._plan(booking)
        if not self.place.ends_by_itself and self.draw.random() < 0.2:
            self._begin_anew(self.draw.randint(1500, 2100))
        for second in range(60, HOUR, 600):
            self._at(second, between)
        self._at(HOUR + self.draw.choice((-300, -7, 0, 45)), self.end)
        for second, _order, happens in sorted(self._script, key=lambda one: one[:2]):
            self.clock.moment = self.starts_at + timedelta(seconds=second)
            happens()

    def begin(self) -> None:
        """Open the room."""
        self.place.begin(self.session)
        self.is_open = True

    def end(self) -> None:
        """Close it: whoever is inside is out."""
        self.is_open = False
        self.place.end(self.session)
        for device in self._devices:
            device.close()

    def _plan(self, booking: Booking) -> None:
        draw, phone = self.draw, self._device(booking)
        come = draw.choice((-240, -30, 0, 7, 90, 400, 801))
        self._at(come, lambda: phone.enter(waits=draw.random() < 0.25))
        if draw.random() < 0.25:
            tablet = self._device(booking)
            self._at(come + draw.randint(5, 200), tablet.enter)
            self._at(draw.randint(1300, 3500), tablet.leave)
        away = draw.randint(1100, 2600)
        if draw.random() < 0.4:
            self._at(away, phone.drop if draw.random() < 0.3 else phone.leave)
            self._at(away + draw.randint(20, 700), phone.enter)
        elif draw.random() < 0.4:
            self._at(away, lambda: phone.move("B"))
            self._at(away + draw.randint(60, 500), lambda: phone.move(None))
        if draw.random() < 0.5:
            self._at(draw.randint(3310, 3700), phone.leave)

    def _begin_anew(self, second: int) -> None:
        inside: list[Device] = []

        def close() -> None:
            inside.extend(device for device in self._devices if device.stay is not None)
            self.end()

        def come_back() -> None:
            for device in inside:
                device.enter()

        self._at(second, close)
        self._at(second + 11, self.begin)
        self._at(second + 30, come_back)

    def _device(self, booking: Booking) -> Device:
        device = Device(self, booking)
        self._devices.append(device)
        return device

    def _at(self, second: int, happens: Callable[[], None]) -> None:
        self._script.append((second, len(self._script), happens))


class Device:
    """One device of one person. What makes no sense at a moment is passed over: leaving outside."""

    def __init__(self, lesson: Lesson, booking: Booking) -> None:
        self._lesson, self._booking, self._place = lesson, booking, lesson.place
        self._id = booking.id
        self.stay: Stay | None = None

    def enter(self, *, waits: bool = False) -> None:
        """Press Join on our page, follow the link, and try again where that fails."""
        lesson = self._lesson
        if not lesson.is_open or self.stay is not None or lesson.second >= HOUR:
            return
        lesson.pressed.add(self._id)
        waits = waits and self._place.has_waiting
        for _ in range(ENTER_TRIES):
            link = lesson.press(self._booking)
            handle = link and self._place.enter(lesson.session, link, waits=waits)
            if handle:
                break
        else:
            raise AssertionError("she never came in")
        if waits:
            lesson.clock.forward(seconds=3)
            self._place.admit(lesson.session, handle)
        self._begin(handle)

    def leave(self) -> None:
        """Leave, and the server knows."""
        if self.stay is not None:
            self._place.leave(self._lesson.session, self.stay.handle)
            self.close()

    def drop(self) -> None:
        """Lose the network; where the server notices it is a leaving."""
        if self.stay is not None and self._place.can_drop:
            self._place.drop(self._lesson.session, self.stay.handle)
            self.close()
        else:
            self.leave()

    def move(self, part: str | None) -> None:
        """Go to another part of the room, or back."""
        if self.stay is not None and self._place.has_parts:
            handle = self._place.move(self._lesson.session, self.stay.handle, part)
            self.close()
            self._begin(handle)

    def close(self) -> None:
        """She is out now."""
        if self.stay is not None:
            self.stay.left = self._lesson.second
        self.stay = None

    def _begin(self, handle: Any) -> None:
        lesson = self._lesson
        visit, room_run = self._place.named(lesson.session, handle)
        self.stay = Stay(self._id, handle, visit, room_run, lesson.second)
        lesson.stays.append(self.stay)


@dataclass
class Told:
    """What came to be told in the end, by whichever source: the second way to count it."""

    visits: set[tuple[str, str]] = field(default_factory=set)
    rooms: list[tuple[str, str, datetime]] = field(default_factory=list)

    def take(self, item: Item) -> None:
        """One message was kept."""
        for kind, about, at in item.tells:
            if kind in ("start", "end"):
                self.rooms.append((kind, about, at))
            else:
                self.visits.add((kind, about))

    def is_whole(self, stay: Stay) -> bool:
        """Whether some source told of both ends of a visit."""
        known = {kind for kind, visit in self.visits if visit == stay.visit}
        return "whole" in known or {"in", "out"} <= known

    def is_known(self, stay: Stay) -> bool:
        """Whether anything at all was told of a visit."""
        return any(visit == stay.visit for _kind, visit in self.visits)

    def seconds(self, lesson: Lesson, stay: Stay) -> set[int]:
        """The seconds of the class that a visit is to count for, by what was told."""
        if self.is_whole(stay):
            assert stay.left is not None
            return within(stay.came, stay.left)
        if ("in", stay.visit) not in self.visits:
            return set()
        closes = [
            round((at - lesson.starts_at).total_seconds())
            for kind, about, at in self.rooms
            if about.partition("/")[0] == stay.room_run.partition("/")[0]
            and (kind == "end") == (about == stay.room_run)
        ]
        return within(stay.came, min([at for at in closes if at >= stay.came], default=HOUR))


def within(first: int, last: int) -> set[int]:
    """Seconds from `first` up to `last` that lie in the class."""
    return set(range(max(first, 0), min(last, HOUR)))


def truth(stays: list[Stay]) -> set[int]:
    """The seconds in which somebody was really there."""
    return set().union(*(within(one.came, one.left or HOUR) for one in stays)) if stays else set()
