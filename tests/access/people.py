"""Everybody who may knock at a route, and the rows that the routes are about.

All rows are one participant's at Utrecht, or of Utrecht; the others are there to be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp
from flask import Flask
from werkzeug.routing import Rule

from remote_training.accounts import factors, guard, programs, tokens, visits
from remote_training.accounts.models import (
    AccessToken,
    Account,
    Grant,
    LinkKind,
    Permit,
    Role,
    Scope,
)
from remote_training.alerts import service as alerts
from remote_training.alerts.models import Alert
from remote_training.assessments.tickets import Ticket
from remote_training.bookings.models import Booking
from remote_training.core.db import db
from remote_training.messages import service as outbox
from remote_training.messages.models import State
from remote_training.participants.models import Participant
from tests import make
from tests.fakes import NOON

COOKIE = "visit"
OWN = "what the coordinator made"
PASSWORD = "a short sentence is good"
ROLES = (
    "anonymous",
    "participant own",
    "participant other",
    "permit join only",
    "permit answer only",
    "permit bookings only",
    "trainer",
    "trainer of another site",
    "coordinator",
    "coordinator of another site",
    "researcher blinded",
    "researcher unblinded",
    "administrator",
    "administrator of another site",
    "disabled staff account",
    "password alone",
    "password alone, no second factor yet",
    "program of a coordinator",
    "program of a coordinator of another site",
    "program of a blinded researcher",
)


@dataclass(frozen=True)
class Cast:
    """What stands in the addresses, and the cookie of each role, or the token of a program."""

    app: Flask
    values: dict[str, str]
    cookies: dict[str, str]
    secrets: dict[str, str]
    tokens: dict[str, str]

    def ask(self, role: str, method: str, route: str, **more: Any) -> Any:
        """Ask a route as somebody; the answer, read to its end."""
        client = self.app.test_client(use_cookies=False)
        headers = {"Cookie": f"{COOKIE}={self.cookies[role]}", **more.pop("headers", {})}
        if role in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        data = more.pop("data", self.form(role, route) if method == "POST" else None)
        path = self.path(route)
        answer = client.open(path, method=method, data=data, headers=headers, **more)
        answer.get_data()
        answer.close()
        return answer

    def path(self, route: str) -> str:
        """The address of a route, about the rows of the cast."""
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: self.values[found[1]], route)

    def form(self, role: str, route: str) -> dict[str, str]:
        """What is typed, where a bare form would be refused as a stranger is."""
        if route == "/staff/sign-in":
            return {"email": "tess@example.org", "password": PASSWORD}
        if route in ("/staff/second-factor", "/staff/set-up") and role in self.secrets:
            return {"code": pyotp.TOTP(self.secrets[role]).at(NOON)}
        if route.endswith("/again") and role in ("participant own", "permit answer only"):
            return {"ticket": self.values["ticket"]}  # of a page that she has open
        if route.endswith("/late"):
            return {"ticket": self.values["ticket"]}  # in anybody's hands: it lets nobody in
        return {"reason": "as agreed"}


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """Every method and route but flask's own for static files, in order."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    pairs = [(method, rule) for rule in rules for method in (rule.methods or ()) if method in USED]
    return sorted(pairs, key=lambda pair: (pair[1].rule, pair[0]))


USED = ("GET", "POST", "PUT", "PATCH", "DELETE")


def is_let_in(method: str, answer: Any) -> bool:
    """Whether somebody may do it; a rule of the trial may still say no after that."""
    is_sent_away = answer.status_code == 302 and answer.location.endswith("/staff/sign-in")
    return answer.status_code not in (401, 403, 404, 405) and not (method == "GET" and is_sent_away)


def gather(app: Flask) -> Cast:
    """Make all the rows, and a visit for each role."""
    her, other = make.participant(), make.participant()
    trainer = make.staff(Role.TRAINER, contact=make.contact(email="tess@example.org"))
    factors.set_password(trainer, PASSWORD)
    soon = NOON + timedelta(minutes=10)
    hour = make.session(trainer_id=trainer.id, starts_at=soon)
    booking = make.booking(participant=her, session=hour)
    make.booking(participant=other, session=hour)
    form = make.assessment(participant=her)
    colleague = make.staff(Role.TRAINER)
    values = _values(her, booking, form.id, colleague) | {
        "alert_id": str(_alert(her, form.id)),
        "event_id": str(make.event(booking=booking, by=trainer).id),
    }
    secrets: dict[str, str] = {}
    cookies = dict.fromkeys(ROLES, "")
    for role, begin in _beginnings(her, other, trainer, booking, form.id, secrets).items():
        cookies[role] = _cookie(app, *begin)
    bearers = _tokens()
    values["program_id"] = str(db.session.query(AccessToken.id).filter_by(name=OWN).scalar())
    db.session.commit()
    values["ticket"] = _ticket(form.id)
    return Cast(app, values, cookies, secrets, bearers)


def _tokens() -> dict[str, str]:
    """The token of each program; that of a coordinator is the one in the addresses."""
    owners = {
        "program of a coordinator": _with_role(Role.COORDINATOR, "utrecht"),
        "program of a coordinator of another site": _with_role(Role.COORDINATOR, "melbourne"),
        "program of a blinded researcher": _with_role(Role.RESEARCHER, "utrecht"),
    }
    return {
        name: programs.make(
            one.account_id,
            OWN if name == "program of a coordinator" else "weekly report",
            one.role,
            days=30,
            now=NOON,
        )
        for name, one in owners.items()
    }


def _with_role(role: Role, site: str) -> Grant:
    """The only grant of somebody of the cast who does not see the arm and is switched on."""
    found = db.session.query(Grant).filter_by(role=role, site_id=make.site(site).id, sees_arm=False)
    return next(one for one in found if one.account.is_active and _is_only(one))


def _is_only(grant: Grant) -> bool:
    return db.session.query(Grant).filter_by(account_id=grant.account_id).count() == 1


def _alert(her: Participant, form: UUID) -> UUID:
    alerts.sound(her, "heard here", occasion_id=form, said_at=NOON, now=NOON)
    return db.session.query(Alert).one().id


def _ticket(form: UUID) -> str:
    """The ticket of a page of hers with questions."""
    permit = db.session.query(Permit).filter_by(scope=Scope.ANSWER, subject_id=form).one()
    return Ticket(form, permit.id, {}).sealed()


def _values(her: Participant, booking: Booking, form: UUID, colleague: Account) -> dict[str, str]:
    ends = NOON + tokens.BOOKINGS_LAST
    message = outbox.queue(
        "welcome",
        to=her.contact_id,
        facts={"participant_id": str(her.id)},
        not_after=NOON + timedelta(days=1),
        now=NOON,
    )
    assert message is not None
    message.state = State.FAILED
    db.session.flush()
    given = db.session.query(Grant).filter_by(account_id=colleague.id).one()
    return {
        "participant_id": str(her.id),
        "study_number": her.study_number,
        "kind": "csv",
        "booking_id": str(booking.id),
        "waiting_id": str(make.waiting(participant=her).id),
        "session_id": str(booking.session_id),
        "series_id": str(make.series(site=her.site).id),
        "stranger_id": str(make.stranger(session=booking.session).id),
        "note_id": str(make.note(booking=booking).id),
        "assessment_id": str(form),
        "number": "1",
        "position": "1",
        "meeting": "class-x",
        "subject": "occupant",
        "happening": "joined",
        "account_id": str(colleague.id),
        "grant_id": str(given.id),
        "message_id": str(message.id),
        "feed_token": tokens.mint(LinkKind.CALENDAR, her.account_id, now=NOON),
        "token": tokens.mint(LinkKind.BOOKINGS, her.account_id, now=NOON, expires_at=ends),
    }


Beginning = tuple[Account, Callable[[Any], None], str]


def _beginnings(
    her: Participant,
    other: Participant,
    trainer: Account,
    booking: Booking,
    form: UUID,
    secrets: dict[str, str],
) -> dict[str, Beginning]:
    there = make.site("melbourne")
    switched_off = make.staff(*Role, is_active=False)
    began = {
        "participant own": _hers(her, Scope.EVERYTHING),
        "participant other": _hers(other, Scope.EVERYTHING),
        "permit join only": _hers(her, Scope.JOIN, booking.id),
        "permit answer only": _hers(her, Scope.ANSWER, form),
        "permit bookings only": _hers(her, Scope.BOOKINGS),
        "trainer": _staff(trainer),
        "trainer of another site": _staff(make.staff(Role.TRAINER, at=there)),
        "coordinator": _staff(make.staff(Role.COORDINATOR)),
        "coordinator of another site": _staff(make.staff(Role.COORDINATOR, at=there)),
        "researcher blinded": _staff(make.staff(Role.RESEARCHER)),
        "researcher unblinded": _staff(make.staff(Role.RESEARCHER, sees_arm=True)),
        "administrator": _staff(make.staff(Role.ADMINISTRATOR)),
        "administrator of another site": _staff(make.staff(Role.ADMINISTRATOR, at=there)),
        "disabled staff account": _staff(switched_off),
    }
    for role, confirmed_at in (
        ("password alone", NOON),
        ("password alone, no second factor yet", None),
    ):
        who = make.staff(*Role, totp_confirmed_at=confirmed_at)
        factors.new_secret(who)
        secrets[role] = who.totp_secret
        began[role] = (who, lambda _visit: None, guard.STAFF_COOKIE)
    return began


def _hers(her: Participant, scope: Scope, subject_id: UUID | None = None) -> Beginning:
    def permit(visit: Any) -> None:
        visits.permit(visit, scope, subject_id=subject_id)

    return her.account, permit, guard.VISITOR_COOKIE


def _staff(account: Account) -> Beginning:
    def give_second_factor(visit: Any) -> None:
        visit.second_factor_at = NOON

    return account, give_second_factor, guard.STAFF_COOKIE


def _cookie(app: Flask, account: Account, complete: Callable[[Any], None], name: str) -> str:
    visit, token = visits.begin(account, lasts=visits.STAFF_HOURS, now=NOON)
    complete(visit)
    db.session.flush()
    serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(serializer.dumps({name: token}))
