"""The index side of sealing: which studies are due, and the one transaction that puts a pack in the place of rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from isocenter.index.opaque_packs import note_opaque_pack
from isocenter.kit.database import Connection
from isocenter.kit.errors import Conflict


class StudyMoved(Conflict):
    """The study is no longer as the sealer read it (sealed by another, or erased): throw the pack away."""

    reason = "study-moved"


@dataclass(frozen=True, slots=True)
class DueStudy:
    """A study with instances that are not sealed yet, quiet for long enough."""

    study_id: int
    study_instance_uid: str
    version: int
    instance_count: int
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class NewPack:
    """A pack that lies verified in the object store.

    digest: BLAKE3 of it. received_bytes: of its data sets as received. holds_opaque: tried again later (opaque_packs).
    """

    object_key: str
    size_bytes: int
    received_bytes: int
    instance_count: int
    digest: bytes
    holds_opaque: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing did.

    still_open: instances that arrived meanwhile and keep their rows. removed_keys: of the packs replaced.
    """

    pack_id: int
    version: int
    still_open: int
    removed_keys: tuple[str, ...]


def due_studies(connection: Connection, quiet_before: datetime, limit: int = 100) -> list[DueStudy]:
    """Open studies of the institution that have received nothing since quiet_before, oldest first."""
    rows = connection.execute(
        """
        SELECT study_id, study_instance_uid, version, instance_count, last_received_at FROM study
        WHERE state = 'open' AND last_received_at < %s ORDER BY study_id LIMIT %s
        """,
        [quiet_before, limit],
    ).fetchall()
    return [DueStudy(*row) for row in rows]  # type: ignore[arg-type]


def seal(
    connection: Connection,
    study_id: int,
    pack: NewPack,
    ordinals: Sequence[int],
    *,
    aside_ids: Sequence[int] = (),
    replaces: Collection[int] = (),
) -> Sealed:
    """Put a pack in the place of the rows of the instances it holds, and of older packs it took in.

    ordinals: the open instances in the pack; aside_ids: the versions kept aside in it; replaces: pack_ids. Instances
    that arrived since the sealer looked keep their rows, and the study stays open. Run it in a Database.transaction,
    which commits synchronously. Raises StudyMoved when a row or pack is not there any more; nothing is changed then.
    """
    locked = connection.execute("SELECT 1 FROM study WHERE study_id = %s FOR UPDATE", [study_id]).fetchone()
    if locked is None:
        raise StudyMoved("The study is gone.", study_id=study_id)
    _take_rows(connection, study_id, ordinals)
    _take_aside(connection, study_id, aside_ids)
    removed = take_packs(connection, study_id, replaces)
    pack_id = put_pack(connection, study_id, pack)
    row = connection.execute(
        """
        UPDATE study SET version = version + 1, state = CASE
                WHEN EXISTS (SELECT FROM instance i WHERE i.study_id = %(study_id)s)
                    OR EXISTS (
                        SELECT FROM aside_instance a WHERE a.study_id = %(study_id)s AND a.segment_id IS NOT NULL)
                THEN 'open' ELSE 'sealed' END
        WHERE study_id = %(study_id)s
        RETURNING version, (SELECT count(*) FROM instance i WHERE i.study_id = %(study_id)s)
        """,
        {"study_id": study_id},
    ).fetchone()
    assert row is not None
    return Sealed(pack_id, int(str(row[0])), int(str(row[1])), removed)


def _take_rows(connection: Connection, study_id: int, ordinals: Sequence[int]) -> None:
    """Delete the rows and add them to the sealed counts of their series."""
    done = connection.execute(
        """
        WITH taken AS (
            DELETE FROM instance WHERE study_id = %(study_id)s AND ordinal = ANY (%(ordinals)s)
            RETURNING series_id, number_of_frames
        ), counted AS (
            UPDATE series e SET sealed_instance_count = e.sealed_instance_count + t.instances,
                sealed_frame_count = e.sealed_frame_count + t.frames
            FROM (SELECT series_id, count(*) AS instances, sum(number_of_frames) AS frames FROM taken GROUP BY 1) t
            WHERE e.study_id = %(study_id)s AND e.series_id = t.series_id
        )
        SELECT count(*) FROM taken
        """,
        {"study_id": study_id, "ordinals": list(ordinals)},
    ).fetchone()
    if done != (len(set(ordinals)),):
        raise StudyMoved("Some instances of the pack have no open row any more.", study_id=study_id)


def _take_aside(connection: Connection, study_id: int, aside_ids: Sequence[int]) -> None:
    """Versions kept aside keep their rows, which now point to no segment: they lie in a pack of the study."""
    done = connection.execute(
        """
        UPDATE aside_instance SET segment_id = NULL
        WHERE study_id = %s AND aside_id = ANY (%s) AND segment_id IS NOT NULL
        """,
        [study_id, list(aside_ids)],
    )
    if done.rowcount != len(set(aside_ids)):
        raise StudyMoved("Some versions kept aside are gone.", study_id=study_id)


def take_packs(connection: Connection, study_id: int, pack_ids: Collection[int]) -> tuple[str, ...]:
    """Remove rows of packs; their keys, to be deleted after the commit. Raises StudyMoved when one is gone."""
    rows = connection.execute(
        "DELETE FROM pack WHERE study_id = %s AND pack_id = ANY (%s) RETURNING object_key", [study_id, list(pack_ids)]
    ).fetchall()
    if len(rows) != len(set(pack_ids)):
        raise StudyMoved("A pack that was to be replaced is gone.", study_id=study_id)
    return tuple(str(row[0]) for row in rows)


def put_pack(connection: Connection, study_id: int, pack: NewPack) -> int:
    """The row of a new pack; its number."""
    row = connection.execute(
        """
        INSERT INTO pack (
            institution_id, study_id, object_key, size_bytes, received_bytes, instance_count, digest)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s, %s) RETURNING pack_id
        """,
        [study_id, pack.object_key, pack.size_bytes, pack.received_bytes, pack.instance_count, pack.digest],
    ).fetchone()
    assert row is not None
    if pack.holds_opaque:
        note_opaque_pack(connection, pack.object_key)
    return int(str(row[0]))
