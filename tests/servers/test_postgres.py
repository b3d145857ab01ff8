"""The PostgreSQL of the tests: a real one, with a fresh database for each call."""

from __future__ import annotations

import sqlalchemy as sa

from tests.servers.postgres import postgres_url


def _ask(url: str, *statements: str) -> object:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        answers = [connection.execute(sa.text(statement)) for statement in statements]
        answer = answers[-1].scalar() if answers[-1].returns_rows else None
    engine.dispose()
    return answer


def test_it_is_a_real_postgresql_of_our_days() -> None:
    assert str(_ask(postgres_url(), "SELECT version()")).startswith("PostgreSQL")
    assert int(str(_ask(postgres_url(), "SHOW server_version_num"))) >= 150000


def test_each_call_makes_a_database_of_its_own() -> None:
    one, other = postgres_url(), postgres_url()
    _ask(one, "CREATE TABLE chair (id int)", "INSERT INTO chair VALUES (1)")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'chair'"
    assert (_ask(one, tables), _ask(other, tables)) == (1, 0)


def test_another_connection_sees_what_was_committed_and_not_what_was_not() -> None:
    engine = sa.create_engine(postgres_url())
    count = sa.text("SELECT count(*) FROM chair")
    with engine.connect() as one, engine.connect() as other:
        one.execute(sa.text("CREATE TABLE chair (id int)"))
        one.commit()
        one.execute(sa.text("INSERT INTO chair VALUES (1)"))
        assert other.execute(count).scalar() == 0
        other.rollback()
        one.commit()
        assert other.execute(count).scalar() == 1
    engine.dispose()
