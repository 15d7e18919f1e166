"""Which of many instances an institution has, asked by SOP Instance UID.

Every function runs inside `Database.transaction(institution_id)` and sees that institution alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from isocenter.index.locators import Place
from isocenter.index.uid_hash import uid_hash
from isocenter.kit.database import Connection, current_institution


def places_of(connection: Connection, sop_instance_uids: Sequence[str]) -> dict[str, Place]:
    """Study, series and ordinal of each instance that is here, sealed or open."""
    institution_id = current_institution(connection)
    by_hash = {uid_hash(institution_id, uid): uid for uid in sop_instance_uids}
    rows = connection.execute(
        "SELECT uid_hash, study_id, series_id, ordinal FROM instance_lookup WHERE uid_hash = ANY(%s)", [list(by_hash)]
    )
    return {by_hash[row[0]]: Place(int(row[1]), int(row[2]), int(row[3])) for row in rows}  # type: ignore[index,call-overload]


def instances_here(connection: Connection, sop_instance_uids: Sequence[str]) -> set[str]:
    """Those of the UIDs that are here."""
    return set(places_of(connection, sop_instance_uids))
