"""Patients by their identifiers (issuer, id): found or made, merged ones followed to who they became.

Every function runs inside `Database.transaction(institution_id)`, or names the institution itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from psycopg.rows import class_row

from isocenter.index.matching import Conditions, begins_with, match_name_words
from isocenter.index.text import clean
from isocenter.kit.database import Connection
from isocenter.standards.dicom.overlay import Replacement

# An index entry holds about 2700 bytes, and folding can make text much longer (one Arabic ligature becomes 18 letters).
MAX_KEY: Final = 256
MAX_MERGES: Final = 64
"""A patient merged into one that was merged, and so on: longer chains are refused when they are made."""

Identity = tuple[str | None, str | None, str | None, str | None, str | None]
"""Patient ID, issuer, name, birth date, sex."""


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One patient. merged_into: who it became, None while it stands for itself. identifiers: [[id, issuer], …]."""

    patient_key: int
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str | None
    patient_birth_date: str | None
    patient_sex: str | None
    merged_into: int | None
    identifiers: list[list[str]]
    study_count: int


_PATIENT = """
    SELECT p.patient_key, p.patient_id, p.issuer_of_patient_id, p.patient_name, p.patient_birth_date, p.patient_sex,
        p.merged_into,
        ARRAY(SELECT ARRAY[i.patient_id, i.issuer_of_patient_id] FROM patient_identifier i
            WHERE i.patient_key = p.patient_key ORDER BY i.created_at, i.patient_id) AS identifiers,
        (SELECT count(*) FROM study s WHERE s.patient_key = p.patient_key)::integer AS study_count
    FROM patient p
"""


def patient_of(connection: Connection, patient_key: int, *, locked: bool = False) -> PatientRow | None:
    """One patient; locked against other corrections if so asked."""
    if locked:
        connection.execute("SELECT FROM patient WHERE patient_key = %s FOR UPDATE", [patient_key])
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(f"{_PATIENT} WHERE p.patient_key = %s".encode(), [patient_key]).fetchone()


def search_patients(connection: Connection, text: str, limit: int) -> list[PatientRow]:
    """Patients whose identifier begins with the text, or one of whose studies is found by its words in names."""
    wanted = clean(text).strip()
    identifiers, words = Conditions(), Conditions()
    begins_with(identifiers, "i.patient_id", wanted)
    match_name_words(words, wanted)
    found = Conditions()
    found.extend(identifiers, "(SELECT i.patient_key FROM patient_identifier i WHERE {} LIMIT 500)")
    found.extend(words, "(SELECT s.patient_key FROM study s WHERE {} LIMIT 500)")
    # One list of keys, so that patients are looked up by it: two conditions joined by OR would read every patient.
    either = f"p.patient_key IN ({' UNION ALL '.join(found.clauses)})" if found.clauses else "true"
    query = f"{_PATIENT} WHERE {either} ORDER BY p.patient_id, p.patient_key LIMIT %s"
    with connection.cursor(row_factory=class_row(PatientRow)) as cursor:
        return cursor.execute(query.encode(), [*found.parameters, limit]).fetchall()


@dataclass(frozen=True, slots=True)
class Known:
    """Who has an identifier. is_merged: it became another patient since."""

    patient_key: int
    is_merged: bool = False


def ensure_patient_of(connection: Connection, institution_id: int, identity: Identity) -> Known | None:
    """The patient that has this identifier, made when nobody has it yet; None without a Patient ID.

    A merged patient is not followed here.
    """
    if not identity[0]:
        return None
    patient_id, issuer = clean(identity[0])[:MAX_KEY], (clean(identity[1]) or "")[:MAX_KEY]
    known = patient_by_identifier(connection, institution_id, patient_id, issuer)
    if known is not None:
        return known
    row = connection.execute(
        """
        WITH made AS (
            INSERT INTO patient (institution_id, patient_id, issuer_of_patient_id, patient_name, patient_birth_date,
                patient_sex)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (institution_id, patient_id, issuer_of_patient_id)
                DO UPDATE SET patient_id = excluded.patient_id
            RETURNING institution_id, patient_id, issuer_of_patient_id, patient_key
        )
        INSERT INTO patient_identifier (institution_id, patient_id, issuer_of_patient_id, patient_key)
        SELECT * FROM made ON CONFLICT DO NOTHING RETURNING patient_key
        """,
        [institution_id, patient_id, issuer, *(clean(text) for text in identity[2:])],
    ).fetchone()
    if row is not None:
        return Known(int(str(row[0])))
    return patient_by_identifier(connection, institution_id, patient_id, issuer)  # another was faster


def patient_by_identifier(connection: Connection, institution_id: int, patient_id: str, issuer: str) -> Known | None:
    """Who has this identifier; None: nobody. No merge of this patient passes us by until our transaction ends."""
    row = connection.execute(
        """
        SELECT i.patient_key, p.merged_into IS NOT NULL
        FROM patient_identifier i JOIN patient p USING (institution_id, patient_key)
        WHERE i.institution_id = %s AND i.patient_id = %s AND i.issuer_of_patient_id = %s FOR SHARE OF p
        """,
        [institution_id, patient_id, issuer],
    ).fetchone()
    return None if row is None else Known(int(str(row[0])), bool(row[1]))


def survivor_of(connection: Connection, patient_key: int) -> int:
    """Who a patient became by merges; itself when it was never merged."""
    for _ in range(MAX_MERGES):
        row = connection.execute("SELECT merged_into FROM patient WHERE patient_key = %s", [patient_key]).fetchone()
        if row is None or row[0] is None:
            break
        patient_key = int(str(row[0]))
    return patient_key


def identity_replacements(patient: PatientRow, *, whole: bool) -> tuple[Replacement, ...]:
    """A patient's identity as what replaces another: ID and issuer always, the rest where known.

    whole: what is not known becomes empty, because what stands there is another person's.
    """
    rest = (
        (0x00100010, "PN", patient.patient_name),
        (0x00100030, "DA", patient.patient_birth_date),
        (0x00100040, "CS", patient.patient_sex),
    )
    return (
        Replacement(0x00100020, "LO", patient.patient_id),
        Replacement(0x00100021, "LO", patient.issuer_of_patient_id),
        *(Replacement(tag, vr, text or "") for tag, vr, text in rest if text or whole),
    )
