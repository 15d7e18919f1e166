"""Forgetting one instance of a study that stays: its rows, and its place in packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isocenter.index.sealing import NewPack, StudyMoved, put_pack, take_packs
from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution

_NAMED_BY_UID = ("aside_instance", "chosen_version", "hidden_instance", "arrived_key_object")


@dataclass(frozen=True, slots=True)
class SealedPart:
    """What packs held of the instance as part of the study: instances (0 or 1) and frames, by series."""

    series_instance_uid: str
    number_of_frames: int


def forget_instance(
    connection: Connection,
    study_id: int,
    sop_instance_uid: str,
    sealed: SealedPart | None,
    replaced: Mapping[int, NewPack | None],
) -> tuple[str, ...]:
    """Forget one instance and put new packs in the place of those it was in; returns the keys of packs to delete.

    sealed: what packs hold of it, None when it is open. replaced: pack_id → the pack without it; None: nothing is left.
    Run it in a Database.transaction. Raises StudyMoved when the study is not as it was read; nothing is changed then.
    """
    if connection.execute("SELECT 1 FROM study WHERE study_id = %s FOR UPDATE", [study_id]).fetchone() is None:
        raise StudyMoved("The study is gone.", study_id=study_id)
    was_open = connection.execute(
        "DELETE FROM instance WHERE study_id = %s AND sop_instance_uid = %s", [study_id, sop_instance_uid]
    ).rowcount
    if was_open == (sealed is not None):  # sealed, or sealed and open again, since it was looked for
        raise StudyMoved("The instance was sealed meanwhile.", study_id=study_id)
    removed = take_packs(connection, study_id, list(replaced))
    for pack in replaced.values():
        if pack is not None:
            put_pack(connection, study_id, pack)
    connection.execute(
        "DELETE FROM instance_lookup WHERE study_id = %s AND uid_hash = %s",
        [study_id, uid_hash(current_institution(connection), sop_instance_uid)],
    )
    for table in _NAMED_BY_UID:
        query = f"DELETE FROM {table} WHERE study_id = %s AND sop_instance_uid = %s"  # noqa: S608
        connection.execute(query.encode(), [study_id, sop_instance_uid])
    connection.execute(
        "DELETE FROM quality_task WHERE study_id = %s AND detail::text LIKE %s", [study_id, f'%"{sop_instance_uid}"%']
    )
    _count_anew(connection, study_id, sealed)
    return removed


def _count_anew(connection: Connection, study_id: int, sealed: SealedPart | None) -> None:
    """The counts of series and study, without the instance and without a series that it was the last of."""
    if sealed is not None:
        connection.execute(
            """
            UPDATE series SET sealed_instance_count = sealed_instance_count - 1,
                sealed_frame_count = sealed_frame_count - %s
            WHERE study_id = %s AND series_instance_uid = %s
            """,
            [sealed.number_of_frames, study_id, sealed.series_instance_uid],
        )
    connection.execute(
        """
        DELETE FROM series e WHERE e.study_id = %(study_id)s AND e.sealed_instance_count <= 0
            AND NOT EXISTS (SELECT FROM instance i WHERE i.study_id = e.study_id AND i.series_id = e.series_id)
        """,
        {"study_id": study_id},
    )
    connection.execute(
        """
        DELETE FROM study_modality m WHERE m.study_id = %(study_id)s AND NOT EXISTS (
            SELECT FROM series e WHERE e.study_id = m.study_id AND e.modality = m.modality)
        """,
        {"study_id": study_id},
    )
    connection.execute(
        """
        UPDATE study s SET instance_count = s.instance_count - 1, version = s.version + 1,
            series_count = (SELECT count(*) FROM series e WHERE e.study_id = s.study_id),
            modalities = ARRAY(SELECT m FROM unnest(s.modalities) m WHERE EXISTS (
                SELECT FROM series e WHERE e.study_id = s.study_id AND e.modality = m)),
            state = CASE WHEN EXISTS (SELECT FROM instance i WHERE i.study_id = s.study_id)
                OR EXISTS (SELECT FROM aside_instance a WHERE a.study_id = s.study_id AND a.segment_id IS NOT NULL)
                THEN 'open' ELSE 'sealed' END
        WHERE s.study_id = %s
        """,
        [study_id],
    )
