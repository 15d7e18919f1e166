"""Handing a view from one device of a reader to another: ten minutes, the same person, nothing told by the address."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.secret_tokens import secret_hash
from isocenter.domain.reading.errors import UnknownHandOver
from isocenter.domain.reading.readers import check_document, reader_of
from isocenter.index import reading as index
from isocenter.index.reading import HandedOver
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database

OPEN_FOR: Final = timedelta(minutes=10)
MAX_BYTES: Final = 16 << 10
MAX_AT_ONCE: Final = 20
_ID_BYTES: Final = 16


def hand_over(
    database: Database, caller: Caller, study_instance_uid: str, view: dict[str, Any]
) -> tuple[str, datetime]:
    """Keep the view; the id that fetches it, and when that ends. Whoever calls has looked whether she sees the study.

    Raises Refused, TooLarge, NotKept.
    """
    caller.require(Right.READ)
    check_document(view, MAX_BYTES)
    hand_over_id = secrets.token_urlsafe(_ID_BYTES)
    expires_at = utc_now() + OPEN_FOR
    kept = HandedOver(study_instance_uid, view, expires_at)
    with database.transaction(caller.institution_id) as connection:
        index.insert_handed_over(connection, secret_hash(hand_over_id), reader_of(caller), kept, most=MAX_AT_ONCE)
        audit.record(connection, caller, audit.Action.VIEW_HANDED_OVER, study_instance_uid)
    return hand_over_id, expires_at


def handed_over(database: Database, caller: Caller, hand_over_id: str) -> HandedOver:
    """The view that the same reader handed over. Raises Refused, UnknownHandOver."""
    caller.require(Right.READ)
    with database.transaction(caller.institution_id) as connection:
        found = index.handed_over(connection, secret_hash(hand_over_id), reader_of(caller))
    if found is None:
        raise UnknownHandOver("This view is not there any more. Show the code on the other device again.")
    return found
