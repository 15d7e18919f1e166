"""Preferences of one reader: one JSON document, whose content is the viewer's affair."""

from __future__ import annotations

from typing import Any, Final

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.reading.errors import Changed
from isocenter.domain.reading.readers import check_document, reader_of
from isocenter.index import reading as index
from isocenter.kit.database import Database

MAX_BYTES: Final = 64 << 10


def preferences_of(database: Database, caller: Caller) -> tuple[int, dict[str, Any]]:
    """Revision and document; 0 and {} when nothing was kept. Raises Refused."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        kept = index.preferences_of(connection, reader_of(caller))
    return (0, {}) if kept is None else (kept.revision, kept.document)


def keep_preferences(
    database: Database, caller: Caller, revision: int, document: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """The whole document, made on a revision. Raises Refused, Changed, TooLarge, NotKept."""
    caller.require(Right.READ)
    check_document(document, MAX_BYTES)
    with database.transaction(caller.institution_id) as connection:
        kept = index.keep_preferences(connection, reader_of(caller), revision, document)
        if kept is None:
            now = index.preferences_of(connection, reader_of(caller))
            message = "These preferences were changed elsewhere. Load them again."
            raise Changed(message, revision=0 if now is None else now.revision)
    return kept.revision, kept.document
