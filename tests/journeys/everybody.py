"""Everybody who opens a page, what their pages are about, and the ways to each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, Page

from remote_training.accounts import factors, guard, tokens, visits
from remote_training.accounts.models import Account, LinkKind, Role, Scope
from remote_training.alerts.models import Alert
from remote_training.assessments import service as assessments
from remote_training.bookings import service as bookings
from remote_training.classes import service as classes
from remote_training.classes.models import Session
from remote_training.classes.plan import Plan
from remote_training.core.db import db
from remote_training.demo.mailbox import DemoMailbox
from remote_training.outside.mail import Mail
from tests import make
from tests.journeys.conftest import PHONE, Platform

FORMS = ("phq-9", "neuropathy-nrs")
PASSWORD = "a short sentence is good"
TOMORROW = timedelta(days=1)


@dataclass
class Cast:
    """Who there is.

    Attributes
    ----------
    cookies
        By name, what a browser holds in which somebody is signed in.
    values
        What stands in the addresses; some routes have others than the rest (`own`).
    links
        The token of a link of each kind; `elsewhere` was asked for in another browser.
    secret
        The second factor of somebody who is setting it up.
    """

    platform: Platform
    cookies: dict[Any, str]
    values: dict[str, Any]
    own: dict[str, dict[str, Any]]
    links: dict[str, str] = field(default_factory=dict)
    secret: str = ""

    def browser(self, chrome: Browser, who: Any) -> Page:
        """A new browser in which somebody is signed in; nobody for None."""
        context = chrome.new_context(viewport=PHONE, locale="en-GB")
        context.set_default_timeout(10_000)
        if who is not None:
            cookie = {"name": "visit", "value": self.cookies[who], "url": self.platform.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        return context.new_page()


def gather(platform: Platform) -> Cast:
    """A woman with a class that is open now, questions begun, sent and alarming; all of staff."""
    now = platform.clock()
    trainer = make.trainer()
    woman = make.participant(contact=make.contact(name="Ada Byron", birth_year="1961"))
    hours = [
        make.session(trainer=trainer, starts_at=now + ahead)
        for ahead in (timedelta(minutes=10), timedelta(days=2), timedelta(days=3))
    ]
    make.session(trainer=trainer, starts_at=now + timedelta(days=9))  # for her next week
    soon, later = (bookings.book(woman, hour, now=now, by=None) for hour in hours[:2])
    begun, sent, over = _sittings(woman, now)
    staff: dict[Any, Account] = {role: make.staff(role) for role in Role} | {Role.TRAINER: trainer}
    staff |= {"without a role": make.staff(), "halfway": make.staff(totp_confirmed_at=now)}
    staff["new"] = make.staff(totp_confirmed_at=None)
    factors.new_secret(staff["new"])
    factors.set_password(staff[Role.COORDINATOR], PASSWORD)
    db.session.flush()
    weekly = _weekly(trainer, now)
    found = Cast(
        platform,
        {who: cookie_of(platform, account, who) for who, account in staff.items()},
        {
            "booking_id": soon.id, "session_id": soon.session_id, "assessment_id": begun,
            "participant_id": woman.id, "account_id": trainer.id, "number": 1, "position": 2,
            "stranger_id": make.stranger(session=hours[0]).id,
            "alert_id": db.session.query(Alert).one().id, "name": _mail(platform),
            "event_id": make.event(booking=soon, grade=4, by=trainer).id,
            "over": over, "waiting_id": make.waiting(participant=woman, session=hours[2]).id,
        },
        {
            "assessments.listen": {"number": 9},
            "assessments.thanks": {"assessment_id": sent},
            "bookings.show": {"booking_id": later.id},
            "bookings.ask_to_cancel": {"booking_id": later.id},
            "bookings.ask_to_move": {"booking_id": later.id},
            "waiting.ask": {"session_id": _full(trainer, now)},
            "desk.ask_to_cancel": {"booking_id": later.id},
            "training.sheet": {"session_id": _over(trainer, now)},
            "plan.ask_to_change": {"session_id": weekly},
            "stand_ins.ask": {"series_id": db.session.get_one(Session, weekly).series_id},
            "plan.ask_to_call_off": {"session_id": weekly},
            "withdrawals.ask_to_take_back": {
                "participant_id": make.participant(withdrawn_on=now.date()).id
            },
        },
        _links(woman, soon.id, begun, over, staff["new"].id, now),
        staff["new"].totp_secret or "",
    )  # fmt: skip
    found.cookies |= {
        "survivor": cookie_of(platform, woman.account, Scope.EVERYTHING),
        "survivor who was away": cookie_of(platform, woman.account, Scope.ANSWER, begun),
    }
    db.session.commit()
    return found


def _weekly(trainer: Account, now: Any) -> UUID:
    """The first class of a series, in which somebody holds a place."""
    first_on = now.date() + timedelta(days=8)
    plan = Plan(
        site=make.site(), trainer=trainer, module="base", language="en",
        zone="Europe/Amsterdam", weekdays=[first_on.weekday()], wall_time=time(3), minutes=60,
        places=12, first_on=first_on, last_on=first_on + timedelta(weeks=2),
    )  # fmt: skip
    series = classes.offer(plan, now=now, by=None)
    hours = db.session.query(Session).filter_by(series_id=series.id).order_by(Session.starts_at)
    return make.booking(session=hours.first()).session_id


def _over(trainer: Account, now: Any) -> UUID:
    """A class that is over, of which nobody knows who was there."""
    return make.booking(session=make.session(trainer=trainer, starts_at=now - TOMORROW)).session_id


def _full(trainer: Account, now: Any) -> UUID:
    """A class whose one place somebody else holds."""
    hour = make.session(trainer=trainer, starts_at=now + timedelta(days=4), places=1)
    return make.booking(session=hour).session_id


def _sittings(woman: Any, now: Any) -> tuple[UUID, UUID, UUID]:
    begun = make.assessment(participant=woman, forms=FORMS)
    for item, value in (("phq1", 2), ("phq9", 1)):
        assessments.save(begun, make.form(begun, "phq-9"), item, value, now=now)
    sent = make.assessment(participant=woman, timepoint="w6", week=6, forms=FORMS)
    make.answer(sent, "numb_hands", 3)
    assessments.finish(sent, now=now)
    yesterday = make.TODAY - TOMORROW
    over = make.assessment(
        participant=woman, timepoint="w12", week=12, closes_on=yesterday, started_at=now
    )
    return begun.id, sent.id, over.id


def _links(
    woman: Any, booking: UUID, sitting: UUID, over: UUID, colleague: UUID, now: Any
) -> dict[str, str]:
    wanted = {
        "join": (LinkKind.JOIN, woman.account_id, booking, None),
        "answer": (LinkKind.ANSWER, woman.account_id, sitting, None),
        "over": (LinkKind.ANSWER, woman.account_id, over, None),
        "bookings": (LinkKind.BOOKINGS, woman.account_id, None, None),
        "sign in": (LinkKind.SIGN_IN, woman.account_id, None, None),
        "elsewhere": (LinkKind.SIGN_IN, woman.account_id, None, "another browser"),
        "invitation": (LinkKind.INVITATION, colleague, None, None),
        "stop": (LinkKind.STOP_DAY, woman.account_id, None, None),
        "stopped": (LinkKind.STOP_HOUR, woman.account_id, None, None),
    }
    return {
        name: tokens.mint(
            kind, account, now=now, subject_id=about, expires_at=now + TOMORROW, asked_by=asked_by
        )
        for name, (kind, account, about, asked_by) in wanted.items()
    }


def _mail(platform: Platform) -> str:
    """One mail in the demo mailbox: its name there."""
    mail = EmailMessage()
    mail["Message-ID"], mail["Subject"], mail["To"] = "<one@localhost>", "Your class", "Ada"
    mail.set_content("Your class is on Tuesday.")
    with DemoMailbox(platform.app.extensions["settings"].mailbox_dir).open() as box:
        box.send(Mail("one@localhost", "us@localhost", "ada@localhost", mail.as_bytes()))
        return box.newest(1)[0].name


def cookie_of(platform: Platform, account: Account, who: Any, about: UUID | None = None) -> str:
    """What the browser of somebody holds; a visit with a subject has run out."""
    now = platform.clock()
    lasts = timedelta(hours=9) if about is None else -timedelta(minutes=1)
    visit, token = visits.begin(account, lasts=lasts, now=now)
    if isinstance(who, Scope):
        visits.permit(visit, who, subject_id=about)
    elif who not in ("halfway", "new"):
        visit.second_factor_at = now
    name = guard.VISITOR_COOKIE if isinstance(who, Scope) else guard.STAFF_COOKIE
    signer: Any = platform.app.session_interface.get_signing_serializer(platform.app)  # type: ignore[attr-defined]
    return str(signer.dumps({name: token}))
