"""Whatever is typed or pasted, wherever: a sentence and a proper status, never a 500."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_training.accounts.models import Role
from tests import make, summary

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
CODE = Path(__file__).resolve().parents[1] / "remote_training"
ROUNDS = 60 if os.environ.get("SOAK") else 6
NASTY = [
    "", " ", "\x00", "a\x00b", "\r\nBcc: x@example.org", "\u202egnirts", "\ud800", "\x85\u2028",
    "<script>alert(1)</script>", "{{7*7}}", "{0.__class__}", "' OR 1=1 --", "%s%n", "-1", "=1+1",
    "99999999999999999999", "1e309", "2026-02-30", "24:61", "../../etc/passwd", "\u0130\u0131",
    "e\u0301" * 400, "\U0001f469\u200d\U0001f9b0", "x" * 5000, "NaN", "null", "on", "0", "11",
    "12.5", "\u0661\u0662",
]  # fmt: skip


def names_of_fields() -> list[str]:
    """Every name that a form of ours sends, in templates or in code."""
    pages = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    forms = "".join(path.read_text(encoding="utf-8") for path in CODE.rglob("*.py"))
    found = set(re.findall(r'name="([a-z_0-9]+)"', pages))
    found |= set(re.findall(r"^    ([a-z_]+) = \w+Field\(", forms, flags=re.MULTILINE))
    found |= set(re.findall(r'form\.get(?:list)?\(\s*"([a-z_0-9]+)"', forms))
    return sorted(found - {"csrf_token"})


FIELDS = names_of_fields()


class Place:
    """Real rows, so that what is asked for is there; and everybody who may ask."""

    def __init__(self, app: Flask, browse_as: Callable[[Any], FlaskClient]) -> None:
        self.app = app
        woman = make.participant()
        hour = make.session()
        booking = make.booking(participant=woman, session=hour)
        assessment = make.assessment(participant=woman)
        member = make.staff(Role.TRAINER)
        roles = [make.staff(role) for role in Role]
        self.ids = {
            "participant_id": woman.id,
            "study_number": woman.study_number,
            "kind": "csv",
            "session_id": hour.id,
            "booking_id": booking.id,
            "waiting_id": make.waiting(participant=woman).id,
            "assessment_id": assessment.id,
            "account_id": member.id,
            "stranger_id": make.stranger(session=hour).id,
        }
        self.browsers = [app.test_client(), browse_as(woman), *(browse_as(who) for who in roles)]

    def addresses(self, method: str) -> Iterator[str]:
        """Every address for a method, its ids filled in."""
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda rule: rule.rule):
            if method in (rule.methods or ()) and rule.endpoint != "static":
                yield self._address(rule)

    def _address(self, rule: Any) -> str:
        values = {}
        for argument in rule.arguments:
            converter = rule._converters[argument]
            is_number = type(converter).__name__ == "IntegerConverter"
            values[argument] = self.ids.get(argument, 1 if is_number else uuid4())
        with self.app.test_request_context():
            return str(self.app.url_for(rule.endpoint, **values))


@pytest.fixture
def place(app: Flask, browse_as: Callable[[Any], FlaskClient]) -> Place:
    """Everybody and everything, on one database."""
    return Place(app, browse_as)


def test_the_field_names_of_our_forms_are_found():
    assert {"email", "language"} <= set(FIELDS)


@pytest.mark.random
@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_no_form_breaks_whatever_is_typed_into_it(place):
    broken: list[Any] = []
    told: set[str] = set()

    @settings(
        max_examples=ROUNDS, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(st.sampled_from(NASTY) | st.text(max_size=40), min_size=7, max_size=7))
    def press_every_button(values: list[str]) -> None:
        data = {
            name: values[n % len(values)].encode("utf-8", "surrogatepass")
            for n, name in enumerate(FIELDS)
        }
        for address in place.addresses("POST"):
            for browser in place.browsers:
                answer = browser.post(address, data=data)
                if answer.status_code >= 500:
                    broken.append((address, answer.status_code, values))
                if summary.BOX in answer.text:
                    told.add(address)
                    broken.extend((address, fault) for fault in summary.faults(answer.text))

    press_every_button()
    assert broken == []
    print(sorted(told), len(told))
    assert len(told) >= 10, "forms that name what is to be mended, each by its field"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "query",
    ["?page=-1&q=%00&on=2026-99-99", "?page=x&q=%F0%28&sort='", "?page=99999999999999999999"],
)
def test_no_page_breaks_whatever_is_asked_of_it(place, query):
    broken = [
        (address, status)
        for address in place.addresses("GET")
        for browser in place.browsers
        if (status := browser.get(address + query).status_code) >= 500 and "/health" not in address
    ]
    assert broken == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/l/%00", 404, id="a token of nothing"),
        pytest.param("/l/" + "x" * 3000, 404, id="a token that is far too long"),
        pytest.param("/l/" + "x" * 4000, 414, id="an address that is far too long"),
        pytest.param("/l/%ED%A0%80", 404, id="a token of half a sign"),
        pytest.param("/class/not-an-id/", 404, id="an id that is none"),
        pytest.param("/%2e%2e/%2e%2e/etc/passwd", 404, id="a path that climbs"),
        pytest.param("/staff/;x", 404, id="a path with a semicolon"),
    ],
)
def test_an_odd_address_is_a_page_with_a_way_on(browser, path, status):
    answer = browser.get(path)

    assert answer.status_code == status
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("address", ["/language", f"/questions/{UUID(int=1)}/1"])
def test_a_body_that_is_too_long_is_refused_in_words(browser, address):
    answer = browser.post(address, data={"back": "x" * 400_000})

    assert answer.status_code == 413
    assert "longer than we can take" in answer.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
            id="a part without a name",
        ),
        pytest.param("application/json", b'{"a":' * 3000, id="JSON, a deep one"),
    ],
)
def test_what_is_no_form_of_ours_breaks_none(place, kind, body):
    broken = [
        address
        for address in place.addresses("POST")
        for browser in place.browsers[1:]
        if browser.post(address, data=body, content_type=kind).status_code >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("address", ["/staff/nowhere", f"/staff/people/{UUID(int=1)}/"])
def test_staff_who_go_astray_are_sent_to_their_own_first_page(browse_as, address):
    answer = browse_as(make.staff(Role.COORDINATOR)).get(address)

    assert answer.status_code == 404
    assert 'class="button" href="/staff/"' in answer.text
    assert "newest mail" not in answer.text
