"""What whoever runs the platform watches."""

import pytest

from remote_training.app import create_app
from tests import fakes
from tests.conftest import settings


def told(browser):
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def test_the_queue_is_told_while_the_database_answers(browser):
    assert "database_up 1.0" in told(browser)
    assert "messages_stopped 0.0" in told(browser)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////nowhere/at/all/trial.db", id="sqlite"),
        pytest.param("postgresql+psycopg://127.0.0.1:1/trial?connect_timeout=2", id="postgresql"),
    ],
)
def test_a_database_that_is_gone_is_told_and_hides_no_other_count(url):
    browser = create_app(settings(url), fakes.world()).test_client()

    assert browser.get("/health/ready").status_code == 503
    assert browser.get("/health/live").status_code == 200

    counts = told(browser)
    assert "database_up 0.0" in counts
    assert "messages_stopped" not in counts
    assert 'requests_total{method="GET",route="/health/ready",status="503"}' in counts
