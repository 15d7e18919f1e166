"""Bring a database to the present schema, with the role isocenter_app that everything else acts as."""

from __future__ import annotations

from pathlib import Path

import psycopg

from isocenter.index.adoption import UNFINISHED_REBUILD
from isocenter.kit.database import APPLICATION_ROLE, Connection, translated_errors
from isocenter.kit.errors import Conflict

OLDEST_SERVER = 150000
_ADVISORY_LOCK = 0x150CE17E
_MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseUnfit(Conflict):
    """The server or the role cannot serve Isocenter; the message says what to run."""

    reason = "database-unfit"


def migrate(url: str) -> None:
    """Run every migration that is still missing. url: of the role that owns, or will own, the tables.

    Waits for another process that migrates. Raises DatabaseUnfit for a server older than 15, a role that may not create
    isocenter_app, or a database made by a newer Isocenter; DatabaseAway when nobody answers.
    """
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        _check_server(connection)
        _ensure_application_role(connection)
        connection.execute("SET client_min_messages = warning")
        _upgrade(url)


def prepare_roles(url: str) -> None:
    """Make the role that a dump of the index grants to, as `migrate` does. Raises DatabaseUnfit, DatabaseAway."""
    with translated_errors(), psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        _check_server(connection)
        _ensure_application_role(connection)


def knows_revision(revision: str) -> bool:
    """Whether this program knows the migration of this name, so that it opens a database that is at it."""
    return revision in _revisions()


def newest_revision() -> str:
    """Name of the newest migration that this program knows."""
    return _revisions()[-1]


def _revisions() -> list[str]:
    """All that this program knows, the newest last: a migration is named by the number that its file begins with."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _upgrade(url: str) -> None:
    with psycopg.connect(url) as connection:
        present = _present_revision(connection)
    if present == UNFINISHED_REBUILD:
        raise DatabaseUnfit("The index is being made anew, or that was interrupted: run `isocenter rebuild-index`.")
    if present not in {None, *_revisions()}:
        raise DatabaseUnfit("This database was made by a newer Isocenter: use that version.")
    if present != newest_revision():  # else not a single table is locked
        _run_migrations(url)


def _run_migrations(url: str) -> None:
    # Imported here: they take a quarter of a second and thirty megabytes, and hardly any start has to migrate.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def _present_revision(connection: Connection) -> str | None:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _check_server(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_SERVER:
        raise DatabaseUnfit("Isocenter needs PostgreSQL 15 or newer.", server_version=connection.info.server_version)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnfit("Isocenter needs a database with the encoding UTF8.", server_encoding=encoding)


def _ensure_application_role(connection: Connection) -> None:
    """The role exists, is bound by row-level security, and we may act as it."""
    role = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE]
    ).fetchone()
    if role == (True,):
        raise DatabaseUnfit(f"The role {APPLICATION_ROLE} may not be a superuser or bypass row-level security.")
    user = connection.info.user
    statements = [] if role else [f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN NOBYPASSRLS"]
    member = role and connection.execute(
        "SELECT pg_has_role(current_user, %s, 'MEMBER')", [APPLICATION_ROLE]
    ).fetchone() == (True,)
    if not member:
        statements.append(f'GRANT {APPLICATION_ROLE} TO "{user}"')
    try:
        for statement in statements:
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseUnfit(
            f'The role "{user}" may not create roles. Run once as a superuser: {"; ".join(statements)};'
        ) from None
