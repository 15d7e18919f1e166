"""Where Alembic starts: runs the migrations on the connection that `isocenter.index.migrate` hands over.

Row-level security is forced and binds the owner too: a migration of an ordinary owner would see no row and silently
leave all of them behind. So it is not forced between the first migration and the last, in their one transaction.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
_FORCED = "SELECT oid::regclass::text FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace"
_forced: set[str] = set()


def _lift(*_step: Any, **_more: Any) -> None:
    for table in connection.execute(text(_FORCED)).scalars().all():
        connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
        _forced.add(table)


def _force_again() -> None:
    for table in sorted(_forced):
        connection.execute(text(f"ALTER TABLE IF EXISTS {table} FORCE ROW LEVEL SECURITY"))


context.configure(connection=connection, transactional_ddl=True, on_version_apply=_lift)
with context.begin_transaction():
    _lift()
    context.run_migrations()
    _force_again()
