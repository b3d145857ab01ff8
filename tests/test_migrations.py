"""The migrations build exactly the models, up and down, with data in the tables."""

import shutil
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from remote_training import tables
from remote_training.app import create_app
from remote_training.attendance import training_service
from remote_training.attendance.training import Entry
from remote_training.bookings.models import Booking
from remote_training.core import migrations
from remote_training.core.db import db
from remote_training.studies import service as studies
from remote_training.studies.current import study
from tests import fakes, make
from tests.conftest import settings
from tests.fakes import NOON
from tests.servers.postgres import postgres_url

LATER = """
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("participant", "session", "booking"):
        with op.batch_alter_table(name, recreate="auto") as table:
            table.add_column(sa.Column("more", sa.String(20), server_default="x", nullable=False))
            table.alter_column("more", type_=sa.String(40), nullable=True)


def downgrade():
    for name in ("participant", "session", "booking"):
        with op.batch_alter_table(name) as table:
            table.drop_column("more")
"""


@pytest.fixture
def url(database, tmp_path):
    """An empty database, of each kind."""
    return f"sqlite:///{tmp_path}/trial.db" if database == "sqlite" else postgres_url()


@pytest.fixture
def engine(url):
    """Reaches the database, past the app."""
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


def described(engine):
    """Every table as the database itself tells it: columns, keys, checks, indexes."""
    inspector = sa.inspect(engine)
    names = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"])
                for column in sorted(inspector.get_columns(name), key=lambda one: one["name"])
            ],
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "points at": sorted(
                (key["constrained_columns"], key["referred_table"])
                for key in inspector.get_foreign_keys(name)
            ),
            "unique": sorted(
                (one["name"], one["column_names"]) for one in inspector.get_unique_constraints(name)
            ),
            "checks": sorted(
                (one["name"], one["sqltext"]) for one in inspector.get_check_constraints(name)
            ),
            "indexes": sorted(
                (one["name"], one["column_names"], one["unique"], _where(one))
                for one in inspector.get_indexes(name)
            ),
        }
        for name in names
    }


def _where(index):
    options = index.get("dialect_options", {})
    return "".join(str(value) for name, value in options.items() if name.endswith("_where"))


def counted(engine):
    """How many rows each table has that is there."""
    there = set(sa.inspect(engine).get_table_names())
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in tables.metadata().sorted_tables
            if table.name in there
        }


def fill(url):
    """Let the app write rows of many rooms into a database that the migrations made."""
    app = create_app(settings(url), fakes.world())
    with app.app_context():
        studies.install(study())
        db.session.commit()
        make.series()
        for _ in range(3):
            booking = make.booking()
            make.assessment(participant=booking.participant)
        make.booking(participant=booking.participant, cancelled_at=NOON)
        hour = booking.session
        training_service.enter(
            hour, {booking.id: Entry(effort=4.0, note="calm")}, "base-1",
            seen=0, now=hour.ends_at, by=hour.trainer_id,
        )  # fmt: skip
        db.session.commit()
        make.event(booking=booking)
        db.session.remove()
        db.engine.dispose()


def changed(url, folder):
    """The configuration of alembic with one more revision, which rebuilds parent tables."""
    scripts = folder / "migrations"
    shutil.copytree(migrations.FOLDER, scripts)
    later = LATER.format(newest=migrations.newest())
    (scripts / "versions" / "later.py").write_text(later)
    config = migrations.config(url)
    config.set_main_option("script_location", str(scripts))
    return config


def test_migrations_build_exactly_the_models(url, engine):
    migrations.upgrade(url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata()) == []
        assert migrations.is_newest(connection)


def test_the_database_tells_the_same_of_both_ways_to_build_it(url, engine, database, tmp_path):
    migrations.upgrade(url)
    other_url = f"sqlite:///{tmp_path}/other.db" if database == "sqlite" else postgres_url()
    other = sa.create_engine(other_url)
    tables.metadata().create_all(other)

    assert described(engine) == described(other)
    other.dispose()


def test_checks_and_partial_indexes_are_there(url, engine):
    migrations.upgrade(url)

    found = described(engine)

    checks = {name for table in found.values() for name, _sql in table["checks"]}
    assert {"ck_session_places", "ck_session_order", "ck_answer_value", "ck_series_order"} <= checks
    for table, index, where in (
        ("booking", "uq_booking_live", "cancelled_at IS NULL"),
        ("answer", "uq_answer_live", "replaced_at IS NULL"),
    ):
        [(_name, _columns, is_unique, condition)] = [
            one for one in found[table]["indexes"] if one[0] == index
        ]
        assert is_unique
        assert where in condition


def test_the_migrated_database_refuses_what_the_models_refuse(url, engine):
    migrations.upgrade(url)
    fill(url)
    session = tables.metadata().tables["session"]
    booking = tables.metadata().tables["booking"]

    with engine.connect() as connection:
        row = connection.execute(sa.select(booking).where(booking.c.cancelled_at.is_(None))).first()
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.update(session).values(taken=session.c.places + 1))
        connection.rollback()
        again = row._asdict() | {"id": make.uuid4(), "calendar_uid": "another"}
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(booking).values(**again))


def test_a_second_upgrade_changes_nothing(url, engine):
    migrations.upgrade(url)
    fill(url)
    before, looks = counted(engine), described(engine)

    migrations.upgrade(url)

    assert counted(engine) == before
    assert described(engine) == looks
    assert before["booking"] == 4


def test_down_to_nothing_and_up_again_with_data_in_the_tables(url, engine):
    migrations.upgrade(url)
    looks = described(engine)
    fill(url)

    migrations.downgrade(url, "base")
    assert described(engine) == {}

    migrations.upgrade(url)
    assert described(engine) == looks
    assert set(counted(engine).values()) == {0}


def test_every_later_revision_goes_down_and_up_and_keeps_every_row(url, engine, tmp_path):
    config = changed(url, tmp_path)
    revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    migrations.upgrade(url)
    looks = described(engine)
    fill(url)
    before = counted(engine)

    command.upgrade(config, "head")
    for _ in revisions[1:]:
        assert counted(engine).items() <= before.items()
        command.downgrade(config, "-1")
    kept = counted(engine)
    assert kept.items() <= before.items()
    assert {"participant", "booking", "assessment", "answer"} <= set(kept)

    command.upgrade(config, revisions[1])
    assert described(engine) == looks


def test_a_rebuilt_parent_keeps_its_children(url, engine, tmp_path):
    config = changed(url, tmp_path)
    migrations.upgrade(url)
    fill(url)
    before, looks = counted(engine), described(engine)

    command.upgrade(config, "later")
    assert counted(engine) == before
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT more FROM participant")).scalars().all()
    assert set(kept) == {"x"}

    command.downgrade(config, migrations.newest())
    assert counted(engine) == before
    assert described(engine) == looks


def test_the_app_reads_what_it_wrote_after_an_upgrade(url, tmp_path):
    migrations.upgrade(url)
    fill(url)
    command.upgrade(changed(url, tmp_path), "later")

    app = create_app(settings(url), fakes.world())
    with app.app_context():
        booking = db.session.scalars(
            sa.select(Booking).where(Booking.cancelled_at.is_(None))
        ).first()
        assert booking.participant.contact.first_name == "Ada"
        assert booking.session.starts_at.tzinfo is not None
        db.session.remove()
        db.engine.dispose()


def test_several_processes_may_upgrade_at_once(url, engine):
    program = f"from remote_training.core import migrations; migrations.upgrade({url!r})"

    running = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [process.communicate(timeout=120)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0], told
    with engine.connect() as connection:
        assert migrations.is_newest(connection)


def test_a_migration_that_breaks_leaves_everything_as_it_was(url, engine, tmp_path):
    config = changed(url, tmp_path)
    script = tmp_path / "migrations" / "versions" / "later.py"
    breaks = "    raise RuntimeError('half way')\n\n\ndef downgrade():"
    script.write_text(script.read_text().replace("def downgrade():", breaks))
    migrations.upgrade(url)
    fill(url)
    before, looks = counted(engine), described(engine)

    with pytest.raises(RuntimeError, match="half way"):
        command.upgrade(config, "later")

    assert counted(engine) == before
    assert described(engine) == looks
    with engine.connect() as connection:
        assert migrations.is_newest(connection)
