import pytest
from flask import request

from remote_training.operations import edge


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param(b"name=Ada%ED%A0%80", "Ada\ufffd\ufffd\ufffd", id="half a sign"),
        pytest.param(b"name=Ada%FF", "Ada\ufffd", id="no UTF-8"),
        pytest.param(b"name=Ada\xff", "Ada\ufffd", id="no UTF-8, as bytes"),
        pytest.param(b"name=Ad%C3%A1+%25ED", "Ad\u00e1 %ED", id="what was typed stays"),
    ],
)
def test_a_form_holds_signs_only(app, sent, read):
    kind = "application/x-www-form-urlencoded"
    with app.test_request_context("/", method="POST", data=sent, content_type=kind):
        assert request.form["name"] == read


def test_an_address_that_is_too_long_is_answered_by_us(browser):
    room = edge.LONGEST_ADDRESS - len("/?q=")
    fits, too_long = (browser.get("/?q=" + "x" * size) for size in (room, room + 1))

    assert fits.status_code == 200
    assert too_long.status_code == 414
    assert b"<h1>" in too_long.data
    for name in edge.HEADERS:
        assert too_long.headers[name] == edge.HEADERS[name]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_page_that_is_asked_in_a_wrong_way_says_which_are_right(browser):
    answer = browser.post("/metrics")

    assert answer.status_code == 405
    assert set(answer.allow) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_words_of_wtforms_are_read_once_a_process_not_once_a_request(app):
    found = []
    for _ in range(2):
        with app.test_request_context("/", headers={"Accept-Language": "nl"}):
            found.append(request.wtforms_translations)

    assert found[0] is found[1]
    assert found[0].gettext("This field is required.") == "Dit veld is vereist."
