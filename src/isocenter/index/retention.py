"""What keeps studies: the policy of their institution, their patients' visits and stays, legal hold.

Every function runs inside `Database.transaction(institution_id)`. Patients that were merged count as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from isocenter.index.deletions import see_deleted
from isocenter.index.retention_rule import BY_LAW, Because, Policy, Presence, Reckoned, day_of_study, reckon
from isocenter.kit.database import Connection

_SCAN = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeps one study. held: its patient is on legal hold. patient_id, modalities: as the index has them."""

    study_instance_uid: str
    reckoned: Reckoned
    held: bool
    last_visit: date
    last_discharge: date | None
    patient_id: str | None
    study_date: str
    modalities: tuple[str, ...]
    instance_count: int

    @property
    def until(self) -> date | None:
        """The last day by the rule; a hold has none."""
        return self.reckoned.until


def policy_in(connection: Connection) -> Policy:
    """The policy of the transaction's institution: the last one that was set, else the law's."""
    row: Any = connection.execute(
        "SELECT applies, outpatient_years, inpatient_years FROM retention_policy ORDER BY policy_id DESC LIMIT 1"
    ).fetchone()
    return BY_LAW if row is None else Policy(*row)


def kept_until(connection: Connection, study_instance_uid: str) -> Kept | None:
    """What keeps a study, deleted or not; None: there is none. Ask it before anything of the study goes for good.

    The transaction sees deleted studies from here on. It must not be narrowed to a caller's sight (`access.sight`):
    what she may not see keeps studies too.
    """
    return kept_studies(connection, [study_instance_uid]).get(study_instance_uid)


def kept_studies(connection: Connection, study_instance_uids: Sequence[str]) -> dict[str, Kept]:
    """The same for many studies, by their UIDs."""
    see_deleted(connection)
    policy = policy_in(connection)
    rows: list[Any] = connection.execute(_KEPT.encode(), [list(study_instance_uids)]).fetchall()
    return {str(row[0]): _kept(policy, row) for row in rows}


def hold_keeping(connection: Connection) -> None:
    """Until the transaction ends, nobody of the institution adds a hold, a visit or a policy: for who erases."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('isocenter.keeping'), isocenter_institution())")


def old_studies(
    connection: Connection, latest_study_date: str, after: tuple[str, int] = ("", 0), limit: int = _SCAN
) -> list[tuple[str, int, str]]:
    """(study date, study_id, UID) of studies dated up to a day (DA) or not at all, in this order, behind `after`.

    Those that are on their way to destruction are left out.
    """
    see_deleted(connection)
    rows: list[Any] = connection.execute(
        """
        SELECT s.study_date, s.study_id, s.study_instance_uid FROM study s
        WHERE s.study_date <= %s AND (s.study_date, s.study_id) > (%s, %s) AND NOT EXISTS (
            SELECT FROM destruction_study d
            WHERE d.study_instance_uid = s.study_instance_uid AND d.state <> 'destroyed')
        ORDER BY s.study_date, s.study_id LIMIT %s
        """,
        [latest_study_date, *after, limit],
    ).fetchall()
    return [(str(row[0]), int(row[1]), str(row[2])) for row in rows]


# What the study date was before corrections is in study_received; the later of the two counts.
_KEPT = """
    WITH RECURSIVE asked AS (
        SELECT institution_id, study_id, study_instance_uid, patient_key, patient_id, study_date, modalities,
            instance_count, first_received_at
        FROM study WHERE study_instance_uid = ANY (%s)
    ), family AS (
        SELECT study_id, patient_key FROM asked WHERE patient_key IS NOT NULL
        UNION
        SELECT f.study_id, n.patient_key FROM family f CROSS JOIN LATERAL (
            SELECT p.merged_into AS patient_key FROM patient p
                WHERE p.patient_key = f.patient_key AND p.merged_into IS NOT NULL
            UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = f.patient_key
        ) n
    ), known AS (
        SELECT f.study_id, max(v.began_on) FILTER (WHERE v.kind = 'visit') AS last_visit,
            max(v.ended_on) AS last_discharge, max(v.began_on) FILTER (WHERE v.kind = 'stay') AS last_admission,
            coalesce(bool_or(v.kind = 'stay' AND v.ended_on IS NULL), false) AS admitted
        FROM family f JOIN patient_identifier i USING (patient_key)
            JOIN visit v USING (institution_id, patient_id, issuer_of_patient_id)
        WHERE v.withdrawn_at IS NULL GROUP BY f.study_id
    ), dated AS (
        SELECT a.study_id, s.study_id AS of_study, s.study_date, s.first_received_at
        FROM asked a CROSS JOIN LATERAL (
            SELECT a.study_id, a.study_date, a.first_received_at
            UNION SELECT s.study_id, s.study_date, s.first_received_at
                FROM study s JOIN family f ON f.patient_key = s.patient_key WHERE f.study_id = a.study_id
        ) s
    )
    SELECT a.study_instance_uid, a.patient_id, a.study_date, a.modalities, a.instance_count,
        k.last_visit, k.last_discharge, k.last_admission, coalesce(k.admitted, false),
        (SELECT json_agg(json_build_array(d.study_date, r.received ->> 'study_date', d.first_received_at))
            FROM dated d LEFT JOIN study_received r ON r.study_id = d.of_study AND r.series_id = 0
            WHERE d.study_id = a.study_id),
        EXISTS (SELECT FROM restricted_patient h JOIN family f ON f.patient_key = h.patient_key
            WHERE f.study_id = a.study_id AND h.kind = 'legal-hold')
    FROM asked a LEFT JOIN known k USING (study_id)
"""


def _kept(policy: Policy, row: Any) -> Kept:
    uid, patient_id, study_date, modalities, instances, visit, discharge, admission, admitted, dated, held = row
    days = [day_of_study((now, before), datetime.fromisoformat(at)) for now, before, at in dated]
    last_visit = max(day for day in (*days, visit, discharge, admission) if day is not None)
    reckoned = reckon(policy, Presence(last_visit, discharge, bool(admitted)))
    return Kept(
        study_instance_uid=str(uid),
        reckoned=reckoned,
        held=bool(held),
        last_visit=last_visit,
        last_discharge=discharge,
        patient_id=patient_id,
        study_date=str(study_date),
        modalities=tuple(modalities),
        instance_count=int(instances),
    )


def is_kept_by_law(kept: Kept) -> bool:
    """Whether the institution has a rule at all: destroying then takes two people, however old the study is."""
    return kept.reckoned.because is not Because.NOTHING
