"""The description is valid, and says of each address what it really does."""

from __future__ import annotations

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from remote_training.api import reasons, views
from remote_training.bookings import errors as bookings
from remote_training.core.errors import Refused
from tests.api.conftest import PREFIX, Program


@pytest.fixture
def database() -> str:
    """The description asks no database."""
    return "sqlite"


@pytest.fixture
def told(app: Flask):
    """The description, as everybody can get it."""
    answer = Program(app).get("/openapi.json")
    assert answer.mimetype == "application/json"
    return answer.get_json()


def faults(document) -> list[str]:
    return [fault.message for fault in OpenAPIV31SpecValidator(document).iter_errors()]


def test_the_description_is_valid_openapi(told):
    assert told["openapi"] == "3.1.0"
    assert faults(told) == []


def test_the_validator_finds_what_is_wrong(told):
    (path,) = [path for path in told["paths"] if path.endswith("/timeline")]
    told["paths"][path]["get"]["parameters"] = []
    del told["info"]["title"]
    assert len(faults(told)) >= 2


def test_every_route_is_in_it_and_nothing_else(app, told):
    driven = {
        (rule.rule.removeprefix(PREFIX), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    by_rule = {one.path: one.rule for one in views.OPERATIONS}
    described = {
        (by_rule[path], method.upper()) for path, of in told["paths"].items() for method in of
    }
    assert described == driven
    assert len(driven) == 7


def test_each_guard_asks_for_the_roles_that_are_described(app, told):
    for one in views.OPERATIONS:
        guard = app.view_functions[f"api.{one.name}"].guard
        said = told["paths"][one.path][one.method.lower()]
        assert guard == ("program:" + "|".join(one.roles) if one.roles else "public")
        assert said["security"] == ([{"token": []}] if one.roles else [])


def test_every_refusal_of_a_class_has_a_word_of_its_own():
    about_classes = {
        bookings.NotTakingPart, bookings.NotCleared, bookings.NotBegun, bookings.ProgrammeOver,
        bookings.OtherProgramme, bookings.BookingClosed, bookings.SessionFull,
        *bookings.Misfit.__subclasses__(),
    }  # fmt: skip
    assert about_classes <= set(reasons.OF_CLASSES)
    assert len(set(reasons.ALL.values())) == len(reasons.ALL)


def test_a_refusal_without_a_word_has_that_of_the_kind_above_it():
    class Odd(bookings.Overlap):
        pass

    class Unheard(Refused):
        pass

    assert reasons.word(Odd("x")) == "overlap"
    assert reasons.word(Unheard("x")) == "refused"
