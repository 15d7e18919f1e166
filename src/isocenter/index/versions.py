"""Which version of an instance is current where a person chose another than the first that came.

Nothing is moved: the chosen one stays where it was kept aside, in a journal or a pack. Every function runs inside
`Database.transaction(institution_id)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """One choice. digest: of the chosen version. source: of the journal segment it lies in; None: in a pack by now.

    attributes: what the index keeps of an instance, `instance_number` … `photometric_interpretation`.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    digest: bytes
    source: str | None
    data_set_offset: int
    data_set_length: int
    attributes: dict[str, Any]


def chosen_versions(connection: Connection, study_id: int) -> list[ChosenVersion]:
    """The choices of a study; nearly always none."""
    query = """
        SELECT v.sop_instance_uid, a.sop_class_uid, a.series_instance_uid, a.transfer_syntax_uid, v.digest,
            'journal/' || g.node || '/' || g.epoch || '/' || g.sequence AS source, a.data_set_offset,
            a.data_set_length, v.attributes
        FROM chosen_version v JOIN aside_instance a USING (institution_id, study_id, sop_instance_uid, digest)
            LEFT JOIN segment g USING (segment_id)
        WHERE v.study_id = %s
    """
    with connection.cursor(row_factory=class_row(ChosenVersion)) as cursor:
        return cursor.execute(query, [study_id], prepare=True).fetchall()


def choose(
    connection: Connection,
    study_id: int,
    sop_instance_uid: str,
    digest: bytes,
    correction_id: int,
    attributes: dict[str, Any],
) -> bool:
    """Make a version kept aside the current one; False when another choice stands."""
    done = connection.execute(
        """
        INSERT INTO chosen_version (institution_id, study_id, sop_instance_uid, digest, correction_id, attributes)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        [study_id, sop_instance_uid, digest, correction_id, Jsonb(attributes)],
    )
    _changed(connection, study_id)
    return done.rowcount == 1


def take_back(connection: Connection, correction_id: int) -> None:
    """The version that came first is current again."""
    row = connection.execute(
        "DELETE FROM chosen_version WHERE correction_id = %s RETURNING study_id", [correction_id]
    ).fetchone()
    if row is not None:
        _changed(connection, int(str(row[0])))


def _changed(connection: Connection, study_id: int) -> None:
    connection.execute("UPDATE study SET version = version + 1 WHERE study_id = %s", [study_id])
