"""Every migration goes up and down again, and together they make exactly the tables of the models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from apps.sandbox.stack import Stack
from services.platform import migrate
from services.platform.db import Base, Database

SCRIPTS = list(reversed(list(ScriptDirectory(str(migrate.ROOT / "migrations")).walk_revisions())))
# Everything in the schema, as text.
EVERYTHING = """
SELECT 'column', table_name, column_name, data_type || is_nullable || is_identity FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
 WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('alembic_version') AND contype <> 'n'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger
 WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'sequence', sequencename, '', '' FROM pg_sequences WHERE schemaname = 'public'
"""


@pytest.fixture
def url(stack: Stack) -> Iterator[str]:
    stack.create_database("migrations")
    yield stack.database_url("migrations")
    stack.drop_database("migrations")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def schema(engine: Engine) -> set[tuple[str, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(EVERYTHING))}


def test_each_step_down_undoes_its_step_up(url: str, engine: Engine) -> None:
    before = [schema(engine)]
    assert before == [set()]
    for script in SCRIPTS:
        migrate.upgrade(url, script.revision)
        before.append(schema(engine))
        assert before[-1] != before[-2], f"{script.revision} does nothing"
    after = before.pop()
    for script in reversed(SCRIPTS):
        migrate.downgrade(url, script.down_revision or "base")
        assert schema(engine) == before.pop(), f"{script.revision} leaves something behind"
    migrate.upgrade(url)
    assert schema(engine) == after


def test_the_models_are_what_the_migrations_make(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_are_one_line_with_telling_names() -> None:
    assert [script.revision for script in SCRIPTS] == [f"{number + 1:04}" for number in range(len(SCRIPTS))]
    for script in SCRIPTS:
        assert re.fullmatch(r"\d{4}_[a-z_]+\.py", Path(script.path).name)
        assert script.doc
