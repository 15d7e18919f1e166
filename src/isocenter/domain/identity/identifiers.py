"""Which patient an identifier belongs to: given, and taken again."""

from __future__ import annotations

from isocenter.domain.identity.errors import IdentifierInUse, UnknownPatient
from isocenter.index import patients as index
from isocenter.kit.database import Connection, current_institution


def attach(connection: Connection, patient_key: int, patient_id: str, issuer: str) -> None:
    """Give a patient an identifier that nobody has. Raises IdentifierInUse."""
    done = connection.execute(
        """
        INSERT INTO patient_identifier (institution_id, patient_id, issuer_of_patient_id, patient_key)
        VALUES (isocenter_institution(), %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        [patient_id, issuer, patient_key],
    )
    if not done.rowcount:
        holder = index.patient_by_identifier(connection, current_institution(connection), patient_id, issuer)
        raise IdentifierInUse(
            "Another patient has this identifier: merge the two.",
            patient_key=None if holder is None else holder.patient_key,
        )


def detach(connection: Connection, patient_key: int, patient_id: str, issuer: str) -> None:
    """Take an identifier from a patient. Raises IdentifierInUse."""
    patient = index.patient_of(connection, patient_key, locked=True)
    if patient is None or [patient_id, issuer] not in patient.identifiers:
        raise UnknownPatient("The patient has no such identifier.", patient_key=patient_key)
    used = connection.execute(
        """
        SELECT FROM study WHERE patient_key = %s AND patient_id = %s AND coalesce(issuer_of_patient_id, '') = %s LIMIT 1
        """,
        [patient_key, patient_id, issuer],
    ).fetchone()
    if used is not None or (patient.patient_id, patient.issuer_of_patient_id) == (patient_id, issuer):
        raise IdentifierInUse("Studies of the patient are under this identifier.", patient_key=patient_key)
    connection.execute(
        "DELETE FROM patient_identifier WHERE patient_key = %s AND patient_id = %s AND issuer_of_patient_id = %s",
        [patient_key, patient_id, issuer],
    )
