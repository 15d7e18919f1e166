"""Breaking the glass: a person opens what is out of her sight, with a reason; it raises an alarm and is reviewed.

Audited as emergency override (PS3.15 A.5.3.11, Security Alert, DCM 110127). Open for four hours. Whoever reviews sees
the reason and how many studies were opened with it; an access that is judged not justified ends at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.restriction.errors import (
    AlreadyReviewed,
    InvalidRestriction,
    NotRestricted,
    OwnAccess,
    PeopleOnly,
    UnknownAccess,
)
from isocenter.access.restriction.restrictions import checked_reason
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of, user_id_of
from isocenter.kit.database import Connection, Database
from isocenter.kit.logging import get_logger

log = get_logger(__name__)

OPEN_FOR = timedelta(hours=4)
SHORTEST_REASON = 10
_MOST_PATIENTS = 20
MAX_LISTED = 500


class By(StrEnum):
    """What a person knows of the patient she must see."""

    PATIENT_ID = "patient_id"
    ACCESSION_NUMBER = "accession_number"
    STUDY_INSTANCE_UID = "study_instance_uid"


class Judgement(StrEnum):
    """What a review comes to."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """One access. studies_opened: of this patient, by this user, since then. Names are shown, never logged."""

    glass_id: int
    user_id: int
    display_name: str
    patient_key: int
    patient_id: str
    reason: str
    opened_at: datetime
    until: datetime
    studies_opened: int
    reviewed_at: datetime | None
    reviewed_by: str | None
    judgement: str | None
    note: str | None


_PATIENTS = {
    By.PATIENT_ID: "SELECT DISTINCT i.patient_key FROM patient_identifier i WHERE i.patient_id = %s",
    By.ACCESSION_NUMBER: "SELECT DISTINCT s.patient_key FROM study s WHERE s.accession_number = %s"
    " AND s.patient_key IS NOT NULL",
    By.STUDY_INSTANCE_UID: "SELECT s.patient_key FROM study s WHERE s.study_instance_uid = %s"
    " AND s.patient_key IS NOT NULL",
}
_GLASS = """
    SELECT g.glass_id, g.user_id, u.display_name, g.patient_key, p.patient_id, g.reason, g.opened_at, g.until,
        (SELECT count(DISTINCT a.study_instance_uid) FROM audit_event a JOIN study s
            ON s.institution_id = a.institution_id AND s.study_instance_uid = a.study_instance_uid
            WHERE a.action = 'study-opened' AND a.caller_kind = 'user' AND a.caller_id = g.user_id::text
            AND a.at BETWEEN g.opened_at AND g.until AND s.patient_key = g.patient_key)::integer AS studies_opened,
        g.reviewed_at, g.reviewed_by, g.judgement, g.note
    FROM broken_glass g JOIN user_account u USING (user_id) JOIN patient p USING (patient_key)
"""


def break_glass(database: Database, caller: Caller, by: By, value: str, reason: str) -> datetime:
    """Open every patient of this number that is out of the caller's sight; returns until when.

    Raises Refused, PeopleOnly, InvalidReason, InvalidRestriction, UnknownAccess (nothing is known under the number, and
    the attempt is on record), NotRestricted (she sees it already).
    """
    caller.require(Right.BREAK_GLASS)
    user_id = user_id_of(caller)
    if user_id is None:
        raise PeopleOnly("Only a person breaks the glass.")
    why = checked_reason(reason, SHORTEST_REASON)
    value = value.strip()
    if not 0 < len(value) <= 256 or "\0" in value:
        raise InvalidRestriction("Name the patient by a number.", attribute=str(by))
    with database.transaction(caller.institution_id) as connection:
        query = f"{_PATIENTS[by]} LIMIT %s"
        rows: list[Any] = connection.execute(query.encode(), [value, _MOST_PATIENTS]).fetchall()
        patients = [int(row[0]) for row in rows]
        if not patients:
            audit.record(connection, caller, audit.Action.GLASS_NOT_BROKEN, outcome=audit.Outcome.MINOR_FAILURE, by=by)
    if not patients:
        raise UnknownAccess("Nothing is known under this number.")
    return _open(database, caller, user_id, _out_of_sight(database, caller, patients), why)


def check_may_break(caller: Caller) -> None:
    """Raises Refused."""
    caller.require(Right.BREAK_GLASS)


def accesses_to_review(database: Database, caller: Caller, *, waiting: bool) -> list[BrokenGlass]:
    """Accesses that wait for a review, or all of them, newest first. Raises Refused."""
    caller.require(Right.REVIEW_ACCESS)
    condition = "g.institution_id = %s" + (" AND g.reviewed_at IS NULL" if waiting else "")
    with database.transaction(caller.institution_id) as connection:
        return _glasses(connection, condition, caller.institution_id)


def review_access(database: Database, caller: Caller, glass_id: int, judgement: str, note: str) -> BrokenGlass:
    """Judge an access; one that was not justified ends now.

    Raises Refused, OwnAccess, InvalidRestriction, UnknownAccess, AlreadyReviewed.
    """
    caller.require(Right.REVIEW_ACCESS)
    if judgement not in set(Judgement):
        raise InvalidRestriction(f"A judgement is one of: {', '.join(Judgement)}.", attribute="judgement")
    with database.transaction(caller.institution_id) as connection:
        connection.execute("SELECT FROM broken_glass WHERE glass_id = %s FOR UPDATE", [glass_id])
        found = _glasses(connection, "g.glass_id = %s", glass_id)
        if not found:
            raise UnknownAccess("There is no such access.", glass_id=glass_id)
        if found[0].reviewed_at is not None:
            raise AlreadyReviewed("This access has been reviewed.", glass_id=glass_id)
        if found[0].user_id == user_id_of(caller):
            raise OwnAccess("Nobody reviews her own access.")
        connection.execute(
            "UPDATE broken_glass SET reviewed_at = now(), reviewed_by = %s, judgement = %s, note = %s,"
            " until = CASE WHEN %s THEN least(until, now()) ELSE until END WHERE glass_id = %s",
            [caller.id, judgement, note.replace("\0", "")[:1000], judgement == Judgement.NOT_JUSTIFIED, glass_id],
        )
        audit.record(connection, caller, audit.Action.ACCESS_REVIEWED, glass_id=glass_id, judgement=judgement)
        return _glasses(connection, "g.glass_id = %s", glass_id)[0]


def _out_of_sight(database: Database, caller: Caller, patients: list[int]) -> list[int]:
    """Which of these the caller does not see. Raises NotRestricted when she sees them all."""
    with transaction_of(database, caller) as connection:
        rows = connection.execute("SELECT patient_key FROM patient WHERE patient_key = ANY(%s)", [patients]).fetchall()
    hidden = sorted(set(patients) - {int(str(row[0])) for row in rows})
    if not hidden:
        raise NotRestricted("You see this already: there is no glass to break.")
    return hidden


def _open(database: Database, caller: Caller, user_id: int, patients: list[int], why: str) -> datetime:
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            "INSERT INTO broken_glass (institution_id, user_id, patient_key, reason, until)"
            " SELECT %s, %s, unnest(%s::integer[]), %s, now() + %s RETURNING glass_id, patient_key, until",
            [caller.institution_id, user_id, patients, why, OPEN_FOR],
        ).fetchall()
        for glass_id, patient_key, _ in rows:
            audit.record(connection, caller, audit.Action.GLASS_BROKEN, glass_id=glass_id, patient_key=patient_key)
    for glass_id, _, _ in rows:
        log.warning("access.glass-broken", glass_id=glass_id, user_id=user_id, institution_id=caller.institution_id)
    until: datetime = rows[0][2]
    return until


def _glasses(connection: Connection, condition: str, value: int) -> list[BrokenGlass]:
    query = f"{_GLASS} WHERE {condition} ORDER BY g.glass_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(BrokenGlass)) as cursor:
        return cursor.execute(query.encode(), [value, MAX_LISTED]).fetchall()
