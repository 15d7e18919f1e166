"""Drafts of measurements: each reader's own in each study, kept as she draws, seen by nobody else.

They live as long as the study does, in the index alone: a backup of the database holds them, an index that is made anew
from stored objects does not. Filing them as a report (`reports`) is what makes them objects.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.archive.errors import UnknownStudy
from isocenter.domain.reading.errors import Changed, InvalidMeasurement
from isocenter.domain.reading.readers import check_document, reader_of
from isocenter.index import reading as index
from isocenter.index.locators import study_version
from isocenter.kit.database import Connection, Database

MAX_DRAFT_BYTES: Final = 4 << 20
_LARGEST_COORDINATE: Final = 1e6


@dataclass(frozen=True, slots=True)
class Draft:
    """revision 0: nothing was kept yet. measurements: JSON of `measurements.Measurement`."""

    revision: int
    measurements: list[dict[str, Any]]
    saved_at: datetime | None


def draft_of(database: Database, caller: Caller, study_instance_uid: str) -> Draft:
    """The caller's draft. caller: as the study sees her (a guest at an ally's). Raises Refused, UnknownStudy."""
    caller.require(Right.READ)
    with transaction_of(database, caller) as connection:
        _check_study(connection, study_instance_uid)
        kept = index.draft_of(connection, study_instance_uid, reader_of(caller))
    return Draft(0, [], None) if kept is None else Draft(kept.revision, kept.document, kept.saved_at)


def keep_draft(
    database: Database, caller: Caller, study_instance_uid: str, revision: int, measurements: list[dict[str, Any]]
) -> Draft:
    """The whole draft as it is from now on, made on a revision.

    Points are rounded to 32 bits, which is what SCOORD holds (PS3.3 C.18.6.1.1: FL), so that nothing moves when it is
    filed. Raises Refused, UnknownStudy, Changed, TooLarge, NotKept, InvalidMeasurement.
    """
    caller.require(Right.READ)
    _check_ids(measurements)
    rounded = [each | {"points": [[_single(c), _single(r)] for c, r in each["points"]]} for each in measurements]
    check_document(rounded, MAX_DRAFT_BYTES)
    with transaction_of(database, caller) as connection:
        _check_study(connection, study_instance_uid)
        kept = index.keep_draft(connection, study_instance_uid, reader_of(caller), revision, rounded)
        if kept is None:
            now = index.draft_of(connection, study_instance_uid, reader_of(caller))
            message = "This draft was changed elsewhere. Load it again."
            raise Changed(message, revision=0 if now is None else now.revision)
    return Draft(kept.revision, kept.document, kept.saved_at)


def _check_ids(measurements: list[dict[str, Any]]) -> None:
    ids = [each["id"] for each in measurements]
    if len(set(ids)) != len(ids):
        raise InvalidMeasurement("Two measurements have the same id.", attribute="id")


def _single(value: float) -> float:
    if abs(value) > _LARGEST_COORDINATE:
        raise InvalidMeasurement("A point lies far outside every image.", attribute="points")
    single: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return single


def _check_study(connection: Connection, study_instance_uid: str) -> None:
    if study_version(connection, study_instance_uid) is None:
        raise UnknownStudy("There is no such study.", study_instance_uid=study_instance_uid)
