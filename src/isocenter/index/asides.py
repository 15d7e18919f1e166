"""Versions kept aside, in a journal still or in a pack by now. Inside `Database.transaction(institution_id)`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from isocenter.index.first_sight import raise_task
from isocenter.index.ingest_row import IngestOutcome, IngestRow
from isocenter.index.text import clean
from isocenter.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Aside:
    """A version that is not current. study_id: of the study that holds the current one; the UIDs are its own.

    source: of the journal segment; None when it lies in a pack of the study.
    """

    aside_id: int
    study_id: int
    reason: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    source: str | None
    data_set_offset: int
    data_set_length: int
    digest: bytes
    received_at: datetime
    calling_ae_title: str


_ASIDE = """
    SELECT a.aside_id, a.study_id, a.reason, a.study_instance_uid, a.series_instance_uid, a.sop_instance_uid,
        a.sop_class_uid, a.transfer_syntax_uid, 'journal/' || g.node || '/' || g.epoch || '/' || g.sequence AS source,
        a.data_set_offset, a.data_set_length, a.digest, a.received_at, a.calling_ae_title
    FROM aside_instance a JOIN study s USING (institution_id, study_id) LEFT JOIN segment g USING (segment_id)
"""


def asides_of(connection: Connection, study_instance_uid: str) -> list[Aside]:
    """Versions kept aside with a study, oldest first."""
    with connection.cursor(row_factory=class_row(Aside)) as cursor:
        return cursor.execute(
            f"{_ASIDE} WHERE s.study_instance_uid = %s ORDER BY a.aside_id".encode(), [study_instance_uid]
        ).fetchall()


def aside_of(connection: Connection, aside_id: int) -> Aside | None:
    """One version kept aside."""
    with connection.cursor(row_factory=class_row(Aside)) as cursor:
        return cursor.execute(f"{_ASIDE} WHERE a.aside_id = %s".encode(), [aside_id]).fetchone()


def insert_aside(connection: Connection, row: IngestRow, study_id: int, segment_id: int, reason: str) -> bool:
    """Write down a version with the study of the current one, which is open again; False when it was there already."""
    attributes = row.attributes
    done = connection.execute(
        """
        INSERT INTO aside_instance (
            institution_id, study_id, reason, study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid,
            transfer_syntax_uid, segment_id, member_offset, data_set_offset, data_set_length, digest, received_at,
            calling_ae_title, door)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        [
            row.institution_id,
            study_id,
            reason,
            attributes.study_instance_uid,
            attributes.series_instance_uid,
            attributes.sop_instance_uid,
            attributes.sop_class_uid,
            row.transfer_syntax_uid,
            segment_id,
            row.member_offset,
            row.data_set_offset,
            row.data_set_length,
            row.digest,
            row.received_at,
            clean(row.calling_ae_title),
            clean(row.door),
        ],
    )
    if done.rowcount == 1:
        connection.execute(
            """
            UPDATE study SET version = version + 1, state = 'open', last_received_at = greatest(last_received_at, %s)
            WHERE institution_id = %s AND study_id = %s
            """,
            [row.received_at, row.institution_id, study_id],
        )
    return done.rowcount == 1


def raise_aside_task(connection: Connection, row: IngestRow, current: IngestOutcome, reason: str) -> None:
    """A quality task about a version that was kept aside."""
    attributes = row.attributes
    detail: dict[str, object] = {
        "study_instance_uid": attributes.study_instance_uid,
        "series_instance_uid": attributes.series_instance_uid,
        "sop_instance_uid": attributes.sop_instance_uid,
    }
    subject = f"{attributes.sop_instance_uid} {row.digest.hex()}"
    raise_task(connection, row.institution_id, current.study_id, reason, subject, detail)
