"""The database is away: each page says so in words, whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from remote_training.core.db import db
from tests.conftest import new_app

COOKIES = {"nobody": {}, "staff": {"staff": "s" * 43}, "a participant": {"me": "m" * 43}}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/home/", "/staff/"])
@pytest.mark.parametrize("who", COOKIES)
def test_a_page_has_words_while_the_database_is_away(tmp_path: Path, who: str, path: str) -> None:
    app = new_app(f"sqlite:///{tmp_path}/away.db")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE browser_session RENAME TO away"))
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie.update(COOKIES[who])

    answer = browser.get(path)

    assert answer.status_code in (200, 303, 401, 404, 503)
    assert b"<h1>" in answer.data


def test_somebody_who_is_known_by_a_cookie_is_told_to_try_again(tmp_path: Path) -> None:
    app = new_app(f"sqlite:///{tmp_path}/away.db")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE browser_session RENAME TO away"))
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie.update(COOKIES["a participant"])

    answer = browser.get("/home/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert b"One moment, please" in answer.data
