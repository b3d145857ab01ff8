import pytest
import sqlalchemy as sa

from remote_training.core.db import db
from tests import plans


@pytest.fixture
def driver(app):
    return db.session.connection().connection.driver_connection


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "whole"),
    [
        pytest.param("SELECT id FROM message WHERE fault = 'x'", ["SCAN message"], id="no index"),
        pytest.param("SELECT id FROM message WHERE id = 'x'", [], id="by its key"),
        pytest.param("SELECT id FROM site WHERE phone = 'x'", [], id="a table that does not grow"),
        pytest.param(
            "SELECT p.id FROM participant p LEFT JOIN (booking b JOIN session s ON s.id = "
            "b.session_id) ON b.participant_id = p.id WHERE p.id = 'x'",
            ["MATERIALIZE (join-1)"],
            id="a pair that is joined",
        ),
    ],
)
def test_a_statement_that_reads_a_whole_table_is_noticed(driver, statement, whole):
    assert plans._whole(driver, statement, ()) == whole


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_test_asks_by_itself_is_its_own_business(app):
    with plans.watched(db.engine) as found:
        db.session.execute(sa.text("SELECT count(*) FROM message WHERE fault = 'only here'"))

    assert found == []
