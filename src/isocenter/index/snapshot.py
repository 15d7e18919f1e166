"""One moment of the whole index, for a backup: what pg_dump is told, how many rows there are, which bytes they name.

Read as a role that row-level security does not hold back; nothing of it is shown to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from isocenter.index.migrate import DatabaseUnfit
from isocenter.kit.database import Connection

NOT_COUNTED = frozenset({"server_life", "session"})
"""Tables whose rows no backup holds: the life of a server, and who is signed in."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """snapshot_id: for pg_dump, while the connection lives. counts: rows by table.

    segments: (node, epoch, sequence) of those that open instances and versions kept aside lie in.
    """

    snapshot_id: str
    revision: str
    counts: dict[str, int]
    pack_keys: frozenset[str]
    segments: frozenset[tuple[str, int, int]]


def exported_snapshot(connection: Connection) -> Snapshot:
    """Begin a transaction at one moment and look around in it. Raises DatabaseUnfit when rows are hidden from us."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row != (True,):
        raise DatabaseUnfit(
            "A backup must see every row: give the address of a superuser, or of a role with BYPASSRLS (--database)."
        )
    snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert snapshot is not None and revision is not None
    keys = connection.execute("SELECT object_key FROM pack").fetchall()
    named = connection.execute(
        """
        SELECT g.node, g.epoch, g.sequence FROM segment g WHERE g.segment_id IN (
            SELECT i.segment_id FROM instance i
            UNION SELECT a.segment_id FROM aside_instance a WHERE a.segment_id IS NOT NULL)
        """
    ).fetchall()
    return Snapshot(
        str(snapshot[0]),
        str(revision[0]),
        row_counts(connection),
        frozenset(str(each[0]) for each in keys),
        frozenset((str(node), int(str(epoch)), int(str(sequence))) for node, epoch, sequence in named),
    )


def loaded_counts(connection: Connection) -> dict[str, int]:
    """`row_counts` of a database that was just loaded, as the owner of its tables, whom their policies hold back."""
    connection.execute("BEGIN")
    try:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in names:
            table = sql.Identifier(str(name))
            connection.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
        return row_counts(connection)
    finally:
        connection.execute("ROLLBACK")


def settle_loaded(connection: Connection) -> None:
    """What a dump carries from the server that it came from and means nothing in another.

    Numbers of transactions begin anew there: events of before would seem to be in the making for ever.
    """
    with connection.transaction():
        connection.execute("ALTER TABLE event NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE event SET transaction = '3'")  # older than every transaction of a server
        connection.execute("ALTER TABLE event FORCE ROW LEVEL SECURITY")
        connection.execute("TRUNCATE server_life")


def row_counts(connection: Connection) -> dict[str, int]:
    """Rows of every table of ours, read one by one."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    counts = {}
    for (name,) in names:
        if str(name) not in NOT_COUNTED:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(str(name)))).fetchone()
            assert row is not None
            counts[str(name)] = int(str(row[0]))
    return counts
