"""Which backups were finished, and since when nothing is in one. Belongs to the region as a whole."""

from __future__ import annotations

from datetime import datetime

from isocenter.kit.database import Connection


def backup_made(connection: Connection, backup_id: str, node: str, *, with_packs: bool, object_count: int) -> None:
    """Remember a backup whose manifest stands."""
    connection.execute(
        "INSERT INTO backup_made (backup_id, node, with_packs, object_count) VALUES (%s, %s, %s, %s)",
        [backup_id, node, with_packs, object_count],
    )


def not_backed_up_since(connection: Connection) -> datetime | None:
    """When the last backup was finished; without any, when the first institution was set up, and None before that."""
    row = connection.execute(
        "SELECT coalesce((SELECT max(finished_at) FROM backup_made), (SELECT min(created_at) FROM institution))"
    ).fetchone()
    assert row is not None
    return row[0] if isinstance(row[0], datetime) else None
