"""Somebody with questions before her, and what is kept of her answers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Error, Page

from remote_training.accounts import tokens
from remote_training.accounts.models import LinkKind
from remote_training.assessments.models import Answer, Form
from remote_training.core.db import db
from remote_training.exports.cli import export
from tests import make
from tests.journeys.conftest import Platform

DRIVEN = """
// A clock that runs as it does, and can be put forward: what is due on the way happens on the way.
(() => {
  let ahead = 0;
  const due = new Map(), later = setTimeout;
  const date = Date.now, tick = performance.now.bind(performance);
  Date.now = () => date() + ahead;
  performance.now = () => tick() + ahead;
  window.setTimeout = (act, after = 0, ...more) => {
    const id = later(() => { due.delete(id); act(...more); }, after);
    due.set(id, { at: performance.now() + after, act: () => act(...more) });
    return id;
  };
  window.forward = async (span) => {
    for (const end = ahead + span; ahead < end;) {
      ahead = Math.min(end, ahead + 1000);
      for (const [id, one] of due) {
        if (one.at > performance.now()) continue;
        due.delete(id);
        clearTimeout(id);
        one.act();
        await new Promise((done) => later(done, 20));
      }
    }
  };
})();
"""
STEP = timedelta(seconds=5)
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


def taken(sitting: Sitting) -> list[tuple[str, str]]:
    """Her answers as a researcher gets them: item and value, a row each."""
    with sitting.platform.app.app_context(), TemporaryDirectory() as folder:
        command = sitting.platform.app.test_cli_runner()
        done = command.invoke(export, ["--out", folder, "--format", "csv"])
        assert done.exit_code == 0, done.output
        text = Path(folder, "answers_long.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [(row["item"], row["value"]) for row in rows if row["value"]]


def ready(platform: Platform, forms: tuple[str, ...] = FORMS, **days: Any) -> Sitting:
    """Somebody with a sitting of these questionnaires that is open today."""
    with platform.app.app_context():
        contact = make.contact(name="Ada Byron", birth_year=YEAR)
        woman = make.participant(contact=contact)
        row = make.assessment(participant=woman, forms=forms, **days)
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


def forward(sitting: Sitting, page: Page, **span: float) -> None:
    """Let time pass, for the platform and for a page whose clock is `DRIVEN`."""
    for _ in range(timedelta(**span) // STEP):
        sitting.platform.clock.forward(seconds=STEP.seconds)
        page.evaluate("span => forward(span)", STEP.seconds * 1000)


def waiting(page: Page) -> int:
    """How many answers this phone keeps; a page that is just going is asked once it is back."""
    found = "Object.keys(localStorage).filter(name => name.startsWith('waiting/')).length"
    page.wait_for_load_state()
    try:
        return int(page.evaluate(found))
    except Error:
        page.wait_for_load_state()
        return int(page.evaluate(found))


def cut_off(page: Page) -> None:
    """Take the network away, and wait until each page knows: what one sends before arrives."""
    page.context.set_offline(True)
    for _ in range(100):
        if not any(one.evaluate("navigator.onLine") for one in page.context.pages):
            return
        page.wait_for_timeout(50)
    raise AssertionError("a page does not know that it is without network")


def put_away(page: Page) -> BrowserContext:
    """Close a page that is without network: as its tab goes it would have it again, and send."""
    page.goto("about:blank")
    page.close()
    return page.context


def emptied(page: Page) -> None:
    """Wait until this phone keeps no answer any more."""
    for _ in range(100):
        if waiting(page) == 0:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{waiting(page)} answers were not sent")
