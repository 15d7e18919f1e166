"""Restrictions of patients, with history: who set which when, why, and who lifted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from isocenter.access import audit
from isocenter.access.caller import Caller, CallerKind
from isocenter.access.restriction.errors import (
    AlreadyRestricted,
    InvalidReason,
    InvalidRestriction,
    UnknownPatient,
    UnknownRestriction,
)
from isocenter.access.restriction.facts import LIFTED, SET, RestrictionFacts
from isocenter.access.roles import Right
from isocenter.access.sight import patients_in_sight, transaction_of
from isocenter.kit.database import Connection, Database

SHORTEST_REASON = 3
LONGEST_REASON = 500
MAX_LISTED = 1000


class Kind(StrEnum):
    """What a restriction does."""

    VIP = "vip"  # seen by who cares for the patient, or breaks the glass
    STAFF = "staff"  # the same, for one of ours as a patient
    NO_SHARING = "no-sharing"  # the patient opted out: no ally sees anything of hers
    LEGAL_HOLD = "legal-hold"  # nothing of hers is deleted or erased


@dataclass(frozen=True, slots=True)
class Restriction:
    """One restriction. patient_name is for who restricts: it is shown, never logged."""

    restriction_id: int
    patient_key: int
    patient_id: str
    patient_name: str | None
    kind: str
    reason: str
    set_at: datetime
    set_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_reason: str | None


_RESTRICTION = """
    SELECT r.restriction_id, r.patient_key, p.patient_id, p.patient_name, r.kind, r.reason, r.set_at, r.set_by,
        r.lifted_at, r.lifted_by, r.lifted_reason
    FROM patient_restriction r JOIN patient p USING (institution_id, patient_key)
"""


def restrict_patient(
    database: Database,
    caller: Caller,
    patient_key: int,
    kind: str,
    reason: str,
    *,
    facts: RestrictionFacts | None = None,
) -> Restriction:
    """Put a restriction on a patient; it is felt within five seconds.

    facts: where it is written down besides; without them only the database and its backups know.
    Raises Refused, InvalidRestriction, InvalidReason, UnknownPatient, AlreadyRestricted.
    """
    caller.require(Right.RESTRICT)
    if kind not in set(Kind):
        raise InvalidRestriction(f"A restriction is one of: {', '.join(Kind)}.", attribute="kind")
    why = checked_reason(reason, SHORTEST_REASON)
    # Not in the caller's sight: who restricts need not be who may look.
    with database.transaction(caller.institution_id) as connection:
        check_patient(connection, patient_key)
        try:
            row: Any = connection.execute(
                "INSERT INTO patient_restriction (institution_id, patient_key, kind, reason, set_by)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING restriction_id",
                [caller.institution_id, patient_key, kind, why, caller.id],
            ).fetchone()
        except UniqueViolation:
            raise AlreadyRestricted("The patient has this restriction already.", patient_key=patient_key) from None
        audit.record(
            connection,
            caller,
            audit.Action.PATIENT_RESTRICTED,
            patient_key=patient_key,
            kind=kind,
            restriction_id=row[0],
        )
        [made] = _restrictions(connection, "r.restriction_id = %s", row[0])
        if facts is not None:
            facts.append(connection, caller, SET, patient_key, kind, why)
        return made


def lift_restriction(
    database: Database,
    caller: Caller,
    patient_key: int,
    restriction_id: int,
    reason: str,
    *,
    facts: RestrictionFacts | None = None,
) -> Restriction:
    """Take a restriction off a patient; facts as in `restrict_patient`.

    Raises Refused, InvalidReason, UnknownRestriction.
    """
    caller.require(Right.RESTRICT)
    why = checked_reason(reason, SHORTEST_REASON)
    with database.transaction(caller.institution_id) as connection:
        lifted = connection.execute(
            "UPDATE patient_restriction SET lifted_at = now(), lifted_by = %s, lifted_reason = %s"
            " WHERE patient_key = %s AND restriction_id = %s AND lifted_at IS NULL RETURNING 1",
            [caller.id, why, patient_key, restriction_id],
        ).fetchone()
        if lifted is None:
            raise UnknownRestriction("There is no such restriction.", restriction_id=restriction_id)
        [found] = _restrictions(connection, "r.restriction_id = %s", restriction_id)
        action = audit.Action.RESTRICTION_LIFTED
        audit.record(
            connection, caller, action, patient_key=patient_key, kind=found.kind, restriction_id=restriction_id
        )
    if facts is not None:
        with database.transaction(caller.institution_id) as connection:
            facts.append(connection, caller, LIFTED, patient_key, found.kind, why)
    return found


def restrictions_of_patient(database: Database, caller: Caller, patient_key: int) -> list[Restriction]:
    """Every restriction of a patient, lifted ones too, newest first. Raises Refused, UnknownPatient."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        check_patient(connection, patient_key)
        return _restrictions(connection, "r.patient_key = %s", patient_key)


def restrictions_now(database: Database, caller: Caller) -> list[Restriction]:
    """Every restriction that holds in the caller's institution, newest first. Raises Refused."""
    caller.require(Right.RESTRICT)
    with database.transaction(caller.institution_id) as connection:
        return _restrictions(connection, "r.lifted_at IS NULL AND r.institution_id = %s", caller.institution_id)


def restricted_studies(connection: Connection, study_instance_uids: Sequence[str]) -> frozenset[str]:
    """Which of these studies in the caller's sight are of VIP or staff, so that the list can say so."""
    if not study_instance_uids:
        return frozenset()
    rows = connection.execute(
        """
        SELECT s.study_instance_uid FROM restricted_patient r JOIN study s USING (institution_id, patient_key)
        WHERE r.kind IN ('vip', 'staff') AND s.study_instance_uid = ANY(%s)
        """,
        [list(study_instance_uids)],
    ).fetchall()
    return frozenset(str(row[0]) for row in rows)


def seen_by_role_alone(database: Database, caller: Caller, study_instance_uid: str) -> bool:
    """Whether a person sees this study because she works here: not as a guest of an ally, not because she cares for
    the patient or broke the glass. The study is one that she sees."""
    if caller.kind is not CallerKind.USER or caller.guest is not None:
        return False
    if patients_in_sight(database, caller) is not None:
        return False
    with transaction_of(database, caller) as connection:
        return not restricted_studies(connection, [study_instance_uid])


def checked_reason(reason: str, shortest: int) -> str:
    """What a person gave as her reason. Raises InvalidReason."""
    why = " ".join(reason.replace("\0", " ").split())
    if not shortest <= len(why) <= LONGEST_REASON:
        raise InvalidReason(f"Say why, in {shortest} to {LONGEST_REASON} characters.", attribute="reason")
    return why


def check_patient(connection: Connection, patient_key: int) -> None:
    """Raises UnknownPatient unless the institution has this patient."""
    if connection.execute("SELECT FROM patient WHERE patient_key = %s", [patient_key]).fetchone() is None:
        raise UnknownPatient("There is no such patient.", patient_key=patient_key)


def _restrictions(connection: Connection, condition: str, value: int) -> list[Restriction]:
    query = f"{_RESTRICTION} WHERE {condition} ORDER BY r.restriction_id DESC LIMIT %s"
    with connection.cursor(row_factory=class_row(Restriction)) as cursor:
        return cursor.execute(query.encode(), [value, MAX_LISTED]).fetchall()
