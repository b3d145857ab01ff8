"""Somebody with questions before her, and what is kept of her answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.assessments.models import Answer, Form
from remote_training.core.db import db
from tests import make
from tests.journeys.conftest import Platform

YEAR = "1961"
FORMS = ("phq-9", "gad-7", "neuropathy-nrs")


@dataclass
class Sitting:
    """A sitting of somebody, and the link to it."""

    platform: Platform
    id: UUID
    account_id: UUID
    link: str

    @property
    def url(self) -> str:
        """Its first page."""
        return f"{self.platform.url}/questions/{self.id}"

    def kept(self, item: str) -> list[tuple[str, bool]]:
        """Every answer to an item, as given: value or state, and whether it stands."""
        with self.platform.app.app_context():
            found = (
                sa.select(Answer)
                .join(Form, Form.id == Answer.form_id)
                .where(Form.assessment_id == self.id, Answer.item == item)
                .order_by(Answer.given_at, Answer.answered_at)
            )
            rows = db.session.scalars(found).all()
            return [
                (str(row.value) if row.value is not None else row.state, row.replaced_at is None)
                for row in rows
            ]

    def answer(self, item: str) -> Answer:
        """The answer that stands."""
        with self.platform.app.app_context():
            found = (
                sa.select(Answer)
                .join(Form, Form.id == Answer.form_id)
                .where(Form.assessment_id == self.id, Answer.item == item)
                .where(Answer.replaced_at.is_(None))
            )
            return db.session.scalars(found).one()

    def count(self) -> tuple[int, int]:
        """How many answers stand, and how many there are in all."""
        with self.platform.app.app_context():
            found = sa.select(Answer).join(Form, Form.id == Answer.form_id)
            rows = db.session.scalars(found.where(Form.assessment_id == self.id)).all()
            return sum(row.replaced_at is None for row in rows), len(rows)

    def end_visits(self) -> None:
        """Let all visits run out, as they do after twelve hours."""
        with self.platform.app.app_context():
            now = self.platform.clock()
            run_out = sa.text("UPDATE browser_session SET expires_at = :at")
            db.session.execute(
                run_out.bindparams(sa.bindparam("at", now - timedelta(minutes=1), sa.DateTime()))
            )
            db.session.commit()


def ready(platform: Platform, forms: tuple[str, ...] = FORMS, **facts: Any) -> Sitting:
    """Somebody with a sitting of these questionnaires that is open today."""
    with platform.app.app_context():
        contact = make.contact(name="Ada Byron", birth_year=YEAR)
        woman = make.participant(contact=contact, **facts)
        row = make.assessment(participant=woman, forms=forms)
        token = tokens.mint(
            LinkKind.ANSWER, woman.account_id, now=platform.clock(), subject_id=row.id
        )
        db.session.commit()
        return Sitting(platform, row.id, woman.account_id, f"{platform.url}/l/{token}")


def come_in(sitting: Sitting, phone: BrowserContext) -> Page:
    """Open the link, prove the year, stand on the first page."""
    page = phone.new_page()
    page.goto(sitting.link)
    type_year(page)
    return page


def type_year(page: Page, year: str = YEAR) -> None:
    """Type the year of birth, and go on."""
    page.locator("#birth_year").fill(year)
    page.locator("#birth_year").press("Enter")
    page.wait_for_load_state()


def at_question(sitting: Sitting, phone: BrowserContext, number: int = 1) -> Page:
    """Stand on a question, with the others at hand for when the network goes."""
    page = come_in(sitting, phone)
    with page.expect_response(lambda answer: answer.url.endswith("/sheet")):
        page.goto(f"{sitting.url}/{number}")
    return page


def choose(page: Page, value: int) -> None:
    """Choose an answer and press Next."""
    page.locator(f'input[name=answer][value="{value}"]').check(force=True)
    page.locator("form.asking button:not(.second)").click()


def see(page: Page, words: str) -> None:
    """Wait until some words can be seen."""
    page.get_by_text(words).first.wait_for()


def waiting(page: Page) -> int:
    """How many answers this phone keeps."""
    found = "Object.keys(localStorage).filter(name => name.startsWith('waiting/')).length"
    return int(page.evaluate(found))


def emptied(page: Page) -> None:
    """Wait until this phone keeps no answer any more."""
    for _ in range(100):
        if waiting(page) == 0:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{waiting(page)} answers were not sent")
