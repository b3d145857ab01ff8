"""What happens in a class at Jitsi, one's own or that of 8x8."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from remote_training.bookings.models import Booking
from remote_training.meetings import queries as meetings
from tests.fakes import NOON, FakeClock
from tests.hooks import sending
from tests.hooks.providers import seconds, settle, true_seconds, work_off
from tests.servers.jitsi import JitsiServer, Stay


class Script:
    """What happens in the class, at seconds after its beginning; `join` gives somebody's link."""

    def __init__(self, server: JitsiServer, clock: FakeClock, join: Callable[[str], str]) -> None:
        self.clock = clock
        self._server, self._join = server, join

    def joins(self, name: str, at: float) -> Stay:
        """Somebody comes in, by pressing Join."""
        self.clock.moment = sending.at(at)
        stay = self._server.join(self._join(name))
        assert stay is not None
        return stay

    def leaves(self, stay: Stay, at: float) -> None:
        """Somebody goes."""
        self.clock.moment = sending.at(at)
        self._server.leave(stay)

    def moves(self, stay: Stay, breakout: str | None, at: float) -> Stay:
        """Somebody goes into a breakout room, or back."""
        self.clock.moment = sending.at(at)
        return self._server.move(stay, breakout)

    def play(self) -> None:
        """Anna goes to a breakout room and back; Bea drops out; Cora has two devices."""
        anna, bea = self.joins("anna", -30), self.joins("bea", 75)
        phone, tablet = self.joins("cora", 300), self.joins("cora", 310)
        self.leaves(bea, 612)
        aside = self.moves(anna, "B", 900)
        self.leaves(phone, 1000)
        back = self.moves(aside, None, 1500)
        again = self.joins("bea", 1801)
        self.leaves(tablet, 2003)
        self.leaves(again, 2999)
        self.leaves(back, 3100)


def assert_counted_to_the_second(
    app: Flask, server: JitsiServer, people: dict[str, Booking], script: Script, **how: bool
) -> None:
    """Play the class, deliver what happened (twice, or backwards), and compare each second."""
    script.play()
    server.deliver(**how)
    assert set(server.statuses) == {204}
    work_off(script.clock.moment)
    settle(app)
    wanted = true_seconds(server.truth, people, ends_at=NOON + timedelta(hours=1))
    assert wanted == {"anna": 3100, "bea": 1735, "cora": 1703}
    assert seconds(people) == wanted
    assert meetings.unmatched(people["anna"].session_id) == []
