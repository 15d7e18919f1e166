"""Rejection notes in the index: what they refer to, and which instances are out of sight because of it.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class ArrivedKeyObject:
    """A key object selection that nobody has looked into yet."""

    study_id: int
    study_instance_uid: str
    sop_instance_uid: str
    calling_ae_title: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejection note. instance_count: how many it refers to, here or not. state: active or restored."""

    rejection_id: int
    sop_instance_uid: str
    study_instance_uid: str
    code: str
    instance_count: int
    calling_ae_title: str
    state: str
    rejected_at: datetime
    restored_at: datetime | None
    restored_by: str | None


@dataclass(frozen=True, slots=True)
class Hiding:
    """What a look at a study changed: how many instances of it are out of sight now and were before."""

    hidden: int
    before: int


FramesOf = Callable[[int, Sequence[int]], Mapping[int, int]]
"""(study_id, ordinals of sealed instances) → number of frames by ordinal, from the manifests."""

_COLUMNS = ", ".join(f"r.{name}" for name in Rejection.__slots__)
_OUT_OF_SIGHT = """
    SELECT i.sop_instance_uid FROM rejected_instance i JOIN rejection r USING (institution_id, rejection_id)
    WHERE i.study_instance_uid = %(study)s AND r.state = 'active'
    UNION SELECT r.sop_instance_uid FROM rejection r
    WHERE r.study_instance_uid = %(study)s AND (r.state = 'restored' OR r.code = ANY (%(hidden_notes)s))
"""


def arrived_key_objects(connection: Connection, limit: int = 100) -> list[ArrivedKeyObject]:
    """Key object selections to look into, in studies that are not deleted."""
    query = """
        SELECT a.study_id, s.study_instance_uid, a.sop_instance_uid, a.calling_ae_title
        FROM arrived_key_object a JOIN study s USING (institution_id, study_id)
        ORDER BY a.study_id, a.sop_instance_uid LIMIT %s
    """
    with connection.cursor(row_factory=class_row(ArrivedKeyObject)) as cursor:
        return cursor.execute(query, [limit]).fetchall()


def forget_arrived(connection: Connection, arrived: ArrivedKeyObject) -> None:
    """It has been looked into."""
    connection.execute(
        "DELETE FROM arrived_key_object WHERE study_id = %s AND sop_instance_uid = %s",
        [arrived.study_id, arrived.sop_instance_uid],
    )


def insert_rejection(
    connection: Connection, note: ArrivedKeyObject, code: str, references: Sequence[tuple[str, str]]
) -> int | None:
    """Keep a note and what it refers to, (study, instance) each; its number, or None when it is known already."""
    row = connection.execute(
        """
        INSERT INTO rejection (institution_id, sop_instance_uid, study_instance_uid, code, instance_count,
            calling_ae_title)
        VALUES (isocenter_institution(), %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING rejection_id
        """,
        [note.sop_instance_uid, note.study_instance_uid, code, len(references), note.calling_ae_title],
    ).fetchone()
    if row is None:
        return None
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO rejected_instance VALUES (isocenter_institution(), %s, %s, %s) ON CONFLICT DO NOTHING",
            [(row[0], study, instance) for study, instance in references],
        )
    studies = {note.study_instance_uid, *(study for study, _ in references)}
    connection.execute(
        """
        INSERT INTO rejected_study SELECT isocenter_institution(), uid FROM unnest(%s::text[]) AS uid
        ON CONFLICT DO NOTHING
        """,
        [sorted(studies)],
    )
    return int(str(row[0]))


def restore(connection: Connection, rejection_id: int, by: str) -> Rejection | None:
    """Take a note back; None unless it is active."""
    query = f"""
        UPDATE rejection r SET state = 'restored', restored_at = now(), restored_by = %s
        WHERE r.rejection_id = %s AND r.state = 'active' RETURNING {_COLUMNS}
    """  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Rejection)) as cursor:
        return cursor.execute(query.encode(), [by, rejection_id]).fetchone()


def rejection_by_id(connection: Connection, rejection_id: int) -> Rejection | None:
    """One note."""
    query = f"SELECT {_COLUMNS} FROM rejection r WHERE r.rejection_id = %s"  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Rejection)) as cursor:
        return cursor.execute(query.encode(), [rejection_id]).fetchone()


def rejections_of(connection: Connection, study_instance_uid: str) -> list[Rejection]:
    """Notes that lie in a study or refer to something in it, oldest first."""
    query = f"""
        SELECT {_COLUMNS} FROM rejection r WHERE r.study_instance_uid = %(study)s OR r.rejection_id IN (
            SELECT i.rejection_id FROM rejected_instance i WHERE i.study_instance_uid = %(study)s)
        ORDER BY r.rejection_id
    """  # noqa: S608 - columns are ours
    with connection.cursor(row_factory=class_row(Rejection)) as cursor:
        return cursor.execute(query.encode(), {"study": study_instance_uid}).fetchall()


def studies_of(connection: Connection, rejection_id: int) -> list[str]:
    """Studies that a note lies in or refers to."""
    rows = connection.execute(
        """
        SELECT study_instance_uid FROM rejected_instance WHERE rejection_id = %(id)s
        UNION SELECT study_instance_uid FROM rejection WHERE rejection_id = %(id)s ORDER BY 1
        """,
        {"id": rejection_id},
    ).fetchall()
    return [str(row[0]) for row in rows]


def changed_studies(connection: Connection, limit: int = 100) -> list[str]:
    """Studies with rejections that changed since they were last looked at: late instances may be rejected already."""
    rows = connection.execute(
        """
        SELECT s.study_instance_uid FROM rejected_study r JOIN study s USING (institution_id, study_instance_uid)
        WHERE s.version <> r.refreshed_version ORDER BY 1 LIMIT %s
        """,
        [limit],
    ).fetchall()
    return [str(row[0]) for row in rows]


def hidden_uids(connection: Connection, study_instance_uid: str, hidden_notes: Sequence[str]) -> frozenset[str]:
    """SOP Instance UIDs out of sight in a study, also of instances that have not arrived: what every view leaves out.

    hidden_notes: codes after which the note itself is out of sight. A note that was taken back is, too: whoever reads
    it would hide what is shown again.
    """
    parameters = {"study": study_instance_uid, "hidden_notes": list(hidden_notes)}
    return frozenset(str(row[0]) for row in connection.execute(_OUT_OF_SIGHT.encode(), parameters).fetchall())


def refresh_study(
    connection: Connection, study_instance_uid: str, hidden_notes: Sequence[str], frames_of: FramesOf
) -> Hiding | None:
    """Work out anew which instances of a study are out of sight, and every count that tells of the others.

    None when the study is not here (yet) or deleted.
    """
    found = connection.execute(
        "SELECT study_id FROM study WHERE study_instance_uid = %s FOR UPDATE", [study_instance_uid]
    ).fetchone()
    if found is None:
        return None
    study_id = int(str(found[0]))
    wanted = hidden_uids(connection, study_instance_uid, hidden_notes)
    before = connection.execute(
        "DELETE FROM hidden_instance WHERE study_id = %s RETURNING ordinal", [study_id]
    ).fetchall()
    hidden = _hide(connection, study_id, sorted(wanted), frames_of)
    changed = {row[0] for row in before} != hidden
    _recount(connection, study_id, len(hidden) - len(before), changed=changed)
    connection.execute(
        """
        INSERT INTO rejected_study SELECT institution_id, study_instance_uid, version FROM study WHERE study_id = %s
        ON CONFLICT (institution_id, study_instance_uid) DO UPDATE SET refreshed_version = excluded.refreshed_version
        """,
        [study_id],
    )
    return Hiding(len(hidden), len(before))


def _hide(connection: Connection, study_id: int, uids: Sequence[str], frames_of: FramesOf) -> set[object]:
    """Write rows of the rejected instances that are here; their ordinals."""
    institution_id = current_institution(connection)
    by_hash = {uid_hash(institution_id, uid): uid for uid in uids}
    hashes = list(by_hash)
    places: list[tuple[Any, ...]] = []
    for start in range(0, len(hashes), _BATCH):
        places += connection.execute(
            """
            SELECT l.uid_hash, l.ordinal, l.series_id, i.number_of_frames FROM instance_lookup l
            LEFT JOIN instance i USING (institution_id, study_id, ordinal)
            WHERE l.study_id = %s AND l.uid_hash = ANY (%s)
            """,
            [study_id, hashes[start : start + _BATCH]],
        ).fetchall()
    frames = frames_of(study_id, [ordinal for _, ordinal, _, known in places if known is None])
    rows = [
        (study_id, ordinal, series_id, frames.get(ordinal, 1) if known is None else known, by_hash[key])
        for key, ordinal, series_id, known in places
    ]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO hidden_instance VALUES (isocenter_institution(), %s, %s, %s, %s, %s)", rows)
    return {row[1] for row in places}


def _recount(connection: Connection, study_id: int, more_hidden: int, *, changed: bool) -> None:
    """The study tells of what can be seen: its counts, its modalities; a new version when anything changed."""
    if not changed:
        return
    connection.execute(
        """
        WITH seen AS (
            SELECT e.series_id, e.modality FROM series e WHERE e.study_id = %(id)s AND
                e.sealed_instance_count
                + (SELECT count(*) FROM instance i WHERE i.study_id = e.study_id AND i.series_id = e.series_id)
                > (SELECT count(*) FROM hidden_instance h WHERE h.study_id = e.study_id AND h.series_id = e.series_id)
        )
        UPDATE study SET version = version + 1, instance_count = instance_count - %(more)s,
            series_count = (SELECT count(*) FROM seen),
            modalities = coalesce((SELECT array_agg(DISTINCT modality ORDER BY modality) FROM seen
                WHERE modality IS NOT NULL), '{}')
        WHERE study_id = %(id)s
        """,
        {"id": study_id, "more": more_hidden},
    )
    connection.execute("DELETE FROM study_modality WHERE study_id = %s", [study_id])
    connection.execute(
        """
        INSERT INTO study_modality (institution_id, study_id, modality, study_date)
        SELECT institution_id, study_id, unnest(modalities), study_date FROM study WHERE study_id = %s
        ON CONFLICT DO NOTHING
        """,
        [study_id],
    )
