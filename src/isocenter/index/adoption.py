"""Packs that the index does not know, taken in again: after an index was lost, or replaced by an older copy of it.

Every function runs inside `Database.transaction(institution_id)`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution

REBUILDING: Final = ("rebuilding", 1, 1)
"""The segment that rows name between being recorded and being put into their pack: there is no such journal."""
_BATCH: Final = 5000
UNFINISHED_REBUILD: Final = "rebuilding"
"""Stands in the place of the schema's revision while an index is rebuilt: every other program refuses to open it."""


def unnamed_packs(connection: Connection, keys: Collection[str]) -> set[str]:
    """Which of these packs no row of the institution names."""
    rows = connection.execute("SELECT object_key FROM pack WHERE object_key = ANY (%s)", [list(keys)]).fetchall()
    return set(keys) - {str(row[0]) for row in rows}


def is_known(connection: Connection, sop_instance_uid: str) -> bool:
    """Whether there is a current version of an instance."""
    wanted = uid_hash(current_institution(connection), sop_instance_uid)
    return connection.execute("SELECT FROM instance_lookup WHERE uid_hash = %s", [wanted]).fetchone() is not None


def known_instances(connection: Connection, sop_instance_uids: Sequence[str]) -> set[str]:
    """Which of these instances have a current version."""
    institution_id = current_institution(connection)
    known: set[str] = set()
    for start in range(0, len(sop_instance_uids), _BATCH):
        by_hash = {uid_hash(institution_id, uid): uid for uid in sop_instance_uids[start : start + _BATCH]}
        rows = connection.execute(
            "SELECT uid_hash FROM instance_lookup WHERE uid_hash = ANY (%s)", [list(by_hash)]
        ).fetchall()
        known |= {by_hash[row[0]] for row in rows}  # type: ignore[index]
    return known


def kept_aside(connection: Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these versions, by the digest as received, are kept aside."""
    rows = connection.execute("SELECT digest FROM aside_instance WHERE digest = ANY (%s)", [list(digests)]).fetchall()
    return {row[0] for row in rows if isinstance(row[0], bytes)}


def aside_ids(connection: Connection, study_id: int, versions: Collection[tuple[str, bytes]]) -> list[int]:
    """Rows of versions kept aside, (SOP Instance UID, digest) each, that point into a journal still."""
    rows = connection.execute(
        """
        SELECT aside_id, sop_instance_uid, digest FROM aside_instance
        WHERE study_id = %s AND segment_id IS NOT NULL
        """,
        [study_id],
    ).fetchall()
    return [
        int(str(number)) for number, uid, digest in rows if isinstance(digest, bytes) and (str(uid), digest) in versions
    ]


def give_ordinals(connection: Connection, study_id: int, ordinals: Mapping[str, int]) -> None:
    """Instances are known again by the ordinals (by SOP Instance UID) that the manifests of their packs have."""
    institution_id = current_institution(connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE instance_lookup SET ordinal = %s WHERE uid_hash = %s AND study_id = %s",
            [(ordinal, uid_hash(institution_id, uid), study_id) for uid, ordinal in ordinals.items()],
        )
    connection.execute(
        """
        UPDATE study SET next_ordinal = greatest(next_ordinal, %s), told_version = version WHERE study_id = %s
        """,
        [max(ordinals.values(), default=-1) + 1, study_id],
    )


def forget_rebuilding(connection: Connection) -> None:
    """Nothing is in the place between journal and pack any more."""
    connection.execute("DELETE FROM segment WHERE (node, epoch, sequence) = (%s, %s, %s)", [*REBUILDING])


def note_erasure(connection: Connection, study_instance_uid: str, moment: datetime) -> None:
    """A study was erased: what a journal or a pack holds of before is passed over."""
    connection.execute(
        """
        INSERT INTO erasure VALUES (isocenter_institution(), %s, %s)
        ON CONFLICT (institution_id, study_instance_uid)
            DO UPDATE SET erased_at = greatest(erasure.erased_at, excluded.erased_at)
        """,
        [study_instance_uid, moment],
    )


def erasures(connection: Connection) -> dict[str, datetime]:
    """When studies were erased, by UID."""
    rows = connection.execute("SELECT study_instance_uid, erased_at FROM erasure").fetchall()
    return {str(uid): moment for uid, moment in rows if isinstance(moment, datetime)}


def note_erased_instance(
    connection: Connection, sop_instance_uid: str, study_instance_uid: str, moment: datetime
) -> None:
    """An instance was erased though its study stays: as `note_erasure`."""
    connection.execute(
        """
        INSERT INTO erased_instance VALUES (isocenter_institution(), %s, %s, %s)
        ON CONFLICT (institution_id, sop_instance_uid)
            DO UPDATE SET erased_at = greatest(erased_instance.erased_at, excluded.erased_at)
        """,
        [sop_instance_uid, study_instance_uid, moment],
    )


def erased_instances(connection: Connection) -> dict[str, datetime]:
    """When instances were erased by themselves, by UID."""
    rows = connection.execute("SELECT sop_instance_uid, erased_at FROM erased_instance").fetchall()
    return {str(uid): moment for uid, moment in rows if isinstance(moment, datetime)}


def put_institution(connection: Connection, institution_id: int, code: str, name: str) -> None:
    """An institution under the number that its bytes have; one that is there stays. As the owner of the tables."""
    connection.execute(
        """
        INSERT INTO institution (institution_id, code, name) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [institution_id, code, name],
    )
    connection.execute(
        "SELECT setval(pg_get_serial_sequence('institution', 'institution_id'), max(institution_id)) FROM institution"
    )


def restate_act(
    connection: Connection, correction_id: int, object_key: str, caller: tuple[str, str], moment: datetime
) -> None:
    """An act that was replayed is told as it was done: when, by whom (kind, id), and where its values are."""
    connection.execute(
        "UPDATE correction SET object_key = %s, caller_kind = %s, caller_id = %s, created_at = %s"
        " WHERE correction_id = %s",
        [object_key, *caller, moment, correction_id],
    )
    connection.execute("UPDATE study_correction SET at = %s WHERE correction_id = %s", [moment, correction_id])


def act_with_values(connection: Connection, object_key: str) -> tuple[int, bool] | None:
    """(correction_id, whether it is undone) of the act whose values are in this object."""
    row = connection.execute(
        "SELECT correction_id, undone_at IS NOT NULL FROM correction WHERE object_key = %s", [object_key]
    ).fetchone()
    return None if row is None else (int(str(row[0])), bool(row[1]))
