"""Care relationships: which person cares for which patient, until when, and who said so.

Who has no right to every patient sees these alone; of restricted patients nobody else sees anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.errors import UnknownUser
from isocenter.access.restriction.errors import InvalidRestriction, OwnAccess, UnknownCare
from isocenter.access.restriction.restrictions import MAX_LISTED, check_patient
from isocenter.access.roles import Right, Role
from isocenter.access.sight import user_id_of
from isocenter.access.users import USER_COLUMNS, User, user_of_id, user_of_row
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database

MAX_CARERS = 5000


class Source(StrEnum):
    """Why somebody may see a patient."""

    ORDER = "order"  # an order names her
    ASSIGNED = "assigned"  # somebody with the right to restrict said so
    SELF = "self"  # the patient herself


@dataclass(frozen=True, slots=True)
class CareRelationship:
    """One relationship. Names are shown, never logged."""

    care_id: int
    user_id: int
    display_name: str
    patient_key: int
    patient_id: str
    source: str
    since: datetime
    until: datetime | None
    given_by: str
    ended_at: datetime | None
    ended_by: str | None


_CARE = """
    SELECT c.care_id, c.user_id, u.display_name, c.patient_key, p.patient_id, c.source, c.since, c.until, c.given_by,
        c.ended_at, c.ended_by
    FROM care_relationship c JOIN user_account u USING (user_id) JOIN patient p USING (patient_key)
"""


def begin_care(
    database: Database, caller: Caller, user_id: int, patient_key: int, source: str, until: datetime | None
) -> CareRelationship:
    """Somebody cares for a patient from now on. until: None until it is ended.

    Raises Refused, OwnAccess, InvalidRestriction, UnknownUser, UnknownPatient.
    """
    caller.require(Right.RESTRICT)
    if user_id_of(caller) == user_id:
        raise OwnAccess("Nobody gives herself a care relationship; break the glass instead.")
    if until is not None and until <= utc_now():
        raise InvalidRestriction("A care relationship ends in the future.", attribute="until")
    with database.transaction(caller.institution_id) as connection:
        _check_source(user_of_id(connection, user_id), source)
        check_patient(connection, patient_key)
        row: Any = connection.execute(
            "INSERT INTO care_relationship (institution_id, user_id, patient_key, source, until, given_by)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING care_id",
            [caller.institution_id, user_id, patient_key, source, until, caller.id],
        ).fetchone()
        action = audit.Action.CARE_BEGUN
        audit.record(
            connection, caller, action, user_id=user_id, patient_key=patient_key, source=source, care_id=row[0]
        )
        return _care(connection, "c.care_id = %s", row[0])[0]


def end_care(database: Database, caller: Caller, care_id: int) -> CareRelationship:
    """End a relationship now. Raises Refused, UnknownCare."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        ended = connection.execute(
            "UPDATE care_relationship SET ended_at = now(), ended_by = %s WHERE care_id = %s AND ended_at IS NULL"
            " RETURNING 1",
            [caller.id, care_id],
        ).fetchone()
        if ended is None:
            raise UnknownCare("There is no such care relationship.", care_id=care_id)
        [found] = _care(connection, "c.care_id = %s", care_id)
        action = audit.Action.CARE_ENDED
        audit.record(connection, caller, action, user_id=found.user_id, patient_key=found.patient_key, care_id=care_id)
        return found


def care_of_patient(database: Database, caller: Caller, patient_key: int) -> list[CareRelationship]:
    """Who cares, and cared, for a patient, newest first. Raises Refused, UnknownPatient."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        check_patient(connection, patient_key)
        return _care(connection, "c.patient_key = %s", patient_key)


def care_of_user(database: Database, caller: Caller, user_id: int) -> list[CareRelationship]:
    """Whom somebody cares, and cared, for, newest first. Raises Refused, UnknownUser."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        user_of_id(connection, user_id)
        return _care(connection, "c.user_id = %s", user_id)


def carers(database: Database, caller: Caller) -> list[User]:
    """Active people of the caller's institution, by name. Raises Refused."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        rows: list[Any] = connection.execute(
            f"SELECT {USER_COLUMNS} FROM user_account u WHERE u.institution_id = isocenter_institution()"  # noqa: S608
            " AND u.disabled_at IS NULL ORDER BY u.display_name, u.user_id LIMIT %s",
            [MAX_CARERS],
        ).fetchall()
    return [user_of_row(row) for row in rows]


def check_may_see(caller: Caller) -> None:
    """Raises Refused."""
    caller.require(Right.RESTRICT)


def _check_source(user: User, source: str) -> None:
    if source not in set(Source):
        raise InvalidRestriction(f"The source of care is one of: {', '.join(Source)}.", attribute="source")
    if user.disabled:
        raise UnknownUser("There is no such user.", user_id=user.user_id)
    if (source == Source.SELF) != (Role.PATIENT in user.roles):
        raise InvalidRestriction("A patient's own account, and no other, is herself: self.", attribute="source")


def _care(connection: Connection, condition: str, value: int) -> list[CareRelationship]:
    query = f"{_CARE} WHERE {condition} ORDER BY c.care_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(CareRelationship)) as cursor:
        return cursor.execute(query.encode(), [value, MAX_LISTED]).fetchall()
