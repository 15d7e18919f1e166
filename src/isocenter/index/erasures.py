"""Forgetting a study: every row about it and its patient, and the note that keeps journals from bringing it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from isocenter.index.correction_acts import forget_patients, forget_study, patients_of_study
from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution

_BATCH = 5000
_TABLES = (
    "instance",
    "aside_instance",
    "series",
    "study_token",
    "study_modality",
    "quality_task",
    "chosen_version",
    "deleted_study",
    "hidden_instance",
    "arrived_key_object",
    "measurement_draft",
    "study",
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What the erased study was made of. object_keys: packs, to be deleted from the store after the commit, and so are
    correction_keys: what was corrected."""

    study_id: int
    object_keys: tuple[str, ...]
    instance_count: int
    correction_keys: tuple[str, ...] = ()


def erase_study(
    connection: Connection, study_instance_uid: str, sealed_instance_uids: Iterable[str], erased_at: datetime
) -> Erased | None:
    """Forget a study; None when there is none.

    sealed_instance_uids: SOP Instance UIDs in its packs, from their manifests (the index does not hold them). Run it in
    a Database.transaction, which commits synchronously.
    """
    found = connection.execute(
        "SELECT study_id, instance_count FROM study WHERE study_instance_uid = %s FOR UPDATE",
        [study_instance_uid],
    ).fetchone()
    if found is None:
        return None
    study_id, instance_count = int(str(found[0])), int(str(found[1]))
    patients = patients_of_study(connection, study_id)
    open_uids = connection.execute("SELECT sop_instance_uid FROM instance WHERE study_id = %s", [study_id]).fetchall()
    _forget_lookups(connection, study_id, [*sealed_instance_uids, *(str(row[0]) for row in open_uids)])
    packs = connection.execute("DELETE FROM pack WHERE study_id = %s RETURNING object_key", [study_id]).fetchall()
    corrected = forget_study(connection, study_id, study_instance_uid)
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE study_id = %s".encode(), [study_id])  # noqa: S608
    corrected += forget_patients(connection, patients)
    connection.execute(
        """
        INSERT INTO erasure VALUES (isocenter_institution(), %s, %s)
        ON CONFLICT (institution_id, study_instance_uid) DO UPDATE SET erased_at = excluded.erased_at
        """,
        [study_instance_uid, erased_at],
    )
    return Erased(study_id, tuple(str(row[0]) for row in packs), instance_count, tuple(corrected))


def erased_at(connection: Connection, study_instance_uid: str) -> datetime | None:
    """When a study of this UID was last erased; None: never."""
    found = connection.execute(
        "SELECT erased_at FROM erasure WHERE study_instance_uid = %s", [study_instance_uid]
    ).fetchone()
    if found is None:
        return None
    assert isinstance(found[0], datetime)
    return found[0]


def _forget_lookups(connection: Connection, study_id: object, uids: list[str]) -> None:
    institution_id = current_institution(connection)
    for start in range(0, len(uids), _BATCH):
        hashes = [uid_hash(institution_id, uid) for uid in uids[start : start + _BATCH]]
        connection.execute(
            "DELETE FROM instance_lookup WHERE study_id = %s AND uid_hash = ANY (%s)", [study_id, hashes]
        )
