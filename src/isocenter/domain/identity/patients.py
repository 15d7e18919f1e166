"""Patients: found by name or identifier, merged and unmerged, given further identifiers (PS3.3 C.7.1.1, IHE PIX)."""

from __future__ import annotations

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.access.sight import transaction_of
from isocenter.domain.identity.acts import Kind, Records, as_json
from isocenter.domain.identity.corrections import CORRECTABLE, lay_over, undo
from isocenter.domain.identity.errors import CorrectedSince, InvalidCorrection, PatientIsMerged, UnknownPatient
from isocenter.domain.identity.identifiers import attach, detach
from isocenter.index import correction_acts
from isocenter.index import patients as index
from isocenter.index.correction_acts import ActRow
from isocenter.index.patients import PatientRow, identity_replacements
from isocenter.kit.database import Connection
from isocenter.standards.dicom.overlay import Reason

MAX_FOUND = 200
MAX_CHAIN = index.MAX_MERGES - 1


def search_patients(caller: Caller, records: Records, text: str, limit: int = 50) -> list[PatientRow]:
    """Patients found by the beginning of an identifier or by words of a name, merged ones too. Raises Refused."""
    caller.require(Right.READ)
    with transaction_of(records.database, caller) as connection:
        return index.search_patients(connection, text, min(limit, MAX_FOUND))


def merge_patients(caller: Caller, records: Records, patient_key: int, into_patient_key: int, reason: str) -> int:
    """Two patients are one: all studies of the first become the second's; returns the merge_id (a correction_id).

    What arrives later for the first follows. Raises Refused, InvalidCorrection, UnknownPatient, PatientIsMerged,
    Exhausted.
    """
    if patient_key == into_patient_key:
        raise InvalidCorrection("A patient cannot be merged into herself.", attribute="into_patient_key")
    with records.act(caller, Kind.MERGE, reason, patient_key=patient_key, into_patient_key=into_patient_key) as act:
        locked = {key: _standing(act.connection, key) for key in sorted((patient_key, into_patient_key))}
        merged, survivor = locked[patient_key], locked[into_patient_key]
        _check_chain(act.connection, patient_key)
        replacements = identity_replacements(survivor, whole=False)
        for study in correction_acts.locked_studies_of_patient(act.connection, patient_key):
            lay_over(act, study, replacements, Reason.COERCE, study.columns, patient_key=into_patient_key)
        act.connection.execute(
            "UPDATE patient SET merged_into = %s WHERE patient_key = %s", [into_patient_key, patient_key]
        )
        act.before, act.after = _shown(merged), _shown(survivor)
        act.values = {
            "patient": [merged.patient_id, merged.issuer_of_patient_id],
            "into": [survivor.patient_id, survivor.issuer_of_patient_id],
            "replacements": as_json(replacements),
        }
        return act.correction_id


def unmerge_patients(caller: Caller, records: Records, merge_id: int) -> None:
    """Take a merge back. Raises Refused, UnknownCorrection, AlreadyUndone, CorrectedSince."""
    undo(caller, records, merge_id)


def merges(caller: Caller, records: Records) -> list[tuple[ActRow, PatientRow | None, PatientRow | None]]:
    """Merges, newest first, each with the patient that was merged and the one it became. Raises Refused."""
    caller.require(Right.READ)
    with transaction_of(records.database, caller) as connection:
        return [
            (
                act,
                index.patient_of(connection, act.patient_key or 0),
                index.patient_of(connection, act.into_patient_key or 0),
            )
            for act in correction_acts.merges(connection)
        ]


def add_identifier(
    caller: Caller, records: Records, patient_key: int, patient_id: str, issuer_of_patient_id: str, reason: str
) -> int:
    """A patient is known under a further identifier: what comes under it is hers, shown as it came.

    Raises Refused, InvalidCorrection, UnknownPatient, PatientIsMerged, IdentifierInUse (merge the two instead).
    """
    patient_id, issuer = _identifier(patient_id, issuer_of_patient_id)
    with records.act(caller, Kind.IDENTIFIER_ADDED, reason, patient_key=patient_key) as act:
        patient = _standing(act.connection, patient_key)
        attach(act.connection, patient_key, patient_id, issuer)
        act.after = {"PatientID": patient_id, "IssuerOfPatientID": issuer or None}
        act.values = {
            "patient": [patient.patient_id, patient.issuer_of_patient_id],
            "identifier": [patient_id, issuer],
        }
        return act.correction_id


def remove_identifier(
    caller: Caller, records: Records, patient_key: int, patient_id: str, issuer_of_patient_id: str, reason: str
) -> int:
    """A patient is no longer known under an identifier. Raises as `add_identifier`; IdentifierInUse while studies
    came under it, or when it is the patient's own."""
    patient_id, issuer = _identifier(patient_id, issuer_of_patient_id)
    with records.act(caller, Kind.IDENTIFIER_REMOVED, reason, patient_key=patient_key) as act:
        patient = _standing(act.connection, patient_key)
        detach(act.connection, patient_key, patient_id, issuer)
        act.before = {"PatientID": patient_id, "IssuerOfPatientID": issuer or None}
        act.values = {
            "patient": [patient.patient_id, patient.issuer_of_patient_id],
            "identifier": [patient_id, issuer],
        }
        return act.correction_id


def _standing(connection: Connection, patient_key: int) -> PatientRow:
    """A patient that stands for itself, locked."""
    found = index.patient_of(connection, patient_key, locked=True)
    if found is None:
        raise UnknownPatient("There is no such patient.", patient_key=patient_key)
    if found.merged_into is not None:
        raise PatientIsMerged("This patient was merged into another.", patient_key=patient_key)
    return found


def _check_chain(connection: Connection, patient_key: int) -> None:
    """Refuse to make a chain of merges longer than anybody follows."""
    row = connection.execute(
        """
        WITH RECURSIVE below AS (
            SELECT patient_key, 1 AS depth FROM patient WHERE merged_into = %s
            UNION ALL SELECT p.patient_key, b.depth + 1 FROM patient p JOIN below b ON p.merged_into = b.patient_key
            WHERE b.depth < %s
        )
        SELECT coalesce(max(depth), 0) FROM below
        """,
        [patient_key, index.MAX_MERGES],
    ).fetchone()
    if row is not None and int(str(row[0])) >= MAX_CHAIN:
        raise CorrectedSince("Too many merges follow one another.", patient_key=patient_key)


def _identifier(patient_id: str, issuer: str) -> tuple[str, str]:
    found = patient_id.strip(" "), issuer.strip(" ")
    for keyword, text in zip(("PatientID", "IssuerOfPatientID"), found, strict=True):
        if not CORRECTABLE[keyword].is_valid(text) or (keyword == "PatientID" and not text):
            raise InvalidCorrection("This is no identifier (PS3.5 6.2, LO).", attribute=keyword)
    return found


def _shown(patient: PatientRow) -> dict[str, str | None]:
    return {
        "PatientID": patient.patient_id,
        "IssuerOfPatientID": patient.issuer_of_patient_id or None,
        "PatientName": patient.patient_name,
        "PatientBirthDate": patient.patient_birth_date,
        "PatientSex": patient.patient_sex,
    }
