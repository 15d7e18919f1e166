"""Rows that facts are laid over again: looked up by UID, and dated as the facts are.

Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution


def study_number(connection: Connection, study_instance_uid: str) -> int | None:
    """Number of a study, deleted or not (`see_deleted`)."""
    row = connection.execute(
        "SELECT study_id FROM study WHERE study_instance_uid = %s", [study_instance_uid]
    ).fetchone()
    return None if row is None else int(str(row[0]))


def received_before(connection: Connection, study_instance_uid: str, moment: datetime) -> bool:
    """Whether there is a study of this UID and everything of it came before."""
    row = connection.execute(
        "SELECT last_received_at <= %s FROM study WHERE study_instance_uid = %s", [moment, study_instance_uid]
    ).fetchone()
    return row is not None and bool(row[0])


def sealed_uid_hashes(connection: Connection, study_instance_uid: str) -> list[object]:
    """Every lookup of a study whose packs are gone, so that their manifests cannot be asked. Reads the whole table."""
    rows = connection.execute(
        "SELECT l.uid_hash FROM instance_lookup l JOIN study s USING (institution_id, study_id)"
        " WHERE s.study_instance_uid = %s",
        [study_instance_uid],
    ).fetchall()
    return [row[0] for row in rows]


def forget_lookups(connection: Connection, uid_hashes: Sequence[object]) -> None:
    """Nothing is known of these instances."""
    connection.execute("DELETE FROM instance_lookup WHERE uid_hash = ANY (%s)", [list(uid_hashes)])


@dataclass(frozen=True, slots=True)
class InstancePlace:
    """Where an instance is known. open_since: when it was received, while it is not sealed."""

    series_instance_uid: str
    open_since: datetime | None


def place_of(connection: Connection, study_id: int, sop_instance_uid: str) -> InstancePlace | None:
    """Where an instance of a study is; None: it is not known there."""
    row = connection.execute(
        """
        SELECT e.series_instance_uid, i.received_at FROM instance_lookup l
        JOIN series e USING (institution_id, study_id, series_id)
        LEFT JOIN instance i ON i.study_id = l.study_id AND i.ordinal = l.ordinal AND i.sop_instance_uid = %s
        WHERE l.uid_hash = %s AND l.study_id = %s
        """,
        [sop_instance_uid, uid_hash(current_institution(connection), sop_instance_uid), study_id],
    ).fetchone()
    if row is None:
        return None
    return InstancePlace(str(row[0]), row[1] if isinstance(row[1], datetime) else None)


def recount(connection: Connection, study_id: int, counts: Mapping[str, tuple[int, int]]) -> None:
    """What packs hold of each series: instances and frames, by Series Instance UID."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE series SET sealed_instance_count = %s, sealed_frame_count = %s"
            " WHERE study_id = %s AND series_instance_uid = %s",
            [(instances, frames, study_id, series) for series, (instances, frames) in counts.items()],
        )


def keep_longest(connection: Connection) -> None:
    """Nothing is destroyed too early where visits and stays are not known any more: thirty years for all."""
    connection.execute(
        """
        INSERT INTO retention_policy (institution_id, applies, outpatient_years, inpatient_years, reason, set_by)
        VALUES (isocenter_institution(), true, 30, 30, 'The index was made anew: visits and stays are not known. Enter '
            'them again before this is changed.', 'system rebuild-index')
        """
    )


def date_rejection(connection: Connection, rejection_id: int, moment: datetime) -> None:
    """A note was read then."""
    connection.execute("UPDATE rejection SET rejected_at = %s WHERE rejection_id = %s", [moment, rejection_id])


def active_rejection(connection: Connection, sop_instance_uid: str) -> int | None:
    """Number of the rejection that this note made, while it stands."""
    row = connection.execute(
        "SELECT rejection_id FROM rejection WHERE sop_instance_uid = %s AND state = 'active'", [sop_instance_uid]
    ).fetchone()
    return None if row is None else int(str(row[0]))


def look_again(connection: Connection, study_instance_uids: Sequence[str]) -> None:
    """What is hidden in these studies is worked out anew (`rejections.changed_studies`)."""
    connection.execute(
        "UPDATE rejected_study SET refreshed_version = -1 WHERE study_instance_uid = ANY (%s)",
        [list(study_instance_uids)],
    )


def date_undoing(connection: Connection, correction_id: int, by: str, moment: datetime) -> None:
    """An act was taken back then."""
    connection.execute(
        "UPDATE correction SET undone_at = %s, undone_by = %s WHERE correction_id = %s", [moment, by, correction_id]
    )


def restrict(connection: Connection, patient_key: int, kind: str, reason: str, by: str, moment: datetime) -> None:
    """A restriction of a patient; one of its kind that stands, stays."""
    connection.execute(
        """
        INSERT INTO patient_restriction (institution_id, patient_key, kind, reason, set_by, set_at)
        SELECT isocenter_institution(), %(key)s, %(kind)s, %(reason)s, %(by)s, %(at)s WHERE NOT EXISTS (
            SELECT FROM patient_restriction r WHERE r.patient_key = %(key)s AND r.kind = %(kind)s
                AND (r.lifted_at IS NULL OR r.set_at >= %(at)s))
        """,
        {"key": patient_key, "kind": kind, "reason": reason, "by": by, "at": moment},
    )


def lift(connection: Connection, patient_key: int, kind: str, reason: str, by: str, moment: datetime) -> None:
    """The restriction of this kind was lifted then, when it stands from before."""
    connection.execute(
        """
        UPDATE patient_restriction SET lifted_at = %(at)s, lifted_by = %(by)s, lifted_reason = %(reason)s
        WHERE patient_key = %(key)s AND kind = %(kind)s AND lifted_at IS NULL AND set_at <= %(at)s
        """,
        {"key": patient_key, "kind": kind, "reason": reason, "by": by, "at": moment},
    )
