"""Who is who when ids collide, and what comes back when the index is gone."""

from __future__ import annotations

from tests.domain.archive.test_recovery import die, lose_rows
from tests.domain.conftest import Hospital, Open, a_ct_slice, element


def from_issuer(issuer: bytes, number: int) -> bytes:
    """A slice of patient P1 of this issuer, in a study of its own."""
    plain = a_ct_slice(1, study=f"1.2.{number}", series=f"1.2.{number}.1")
    patient_id = element(0x10, 0x20, "LO", b"P1")
    return plain.replace(patient_id, patient_id + element(0x10, 0x21, "LO", issuer)) if issuer else plain


def test_one_id_of_two_issuers_is_two_patients(hospital: Hospital) -> None:
    for number, issuer in enumerate((b"HOSPITAL-A", b"HOSPITAL-B", b"HOSPITAL-A", b"")):
        hospital.store(from_issuer(issuer, number), uid=f"1.2.{number}.1.1")
    patients = hospital.rows("SELECT patient_id, issuer_of_patient_id FROM patient ORDER BY issuer_of_patient_id")
    assert patients == [("P1", ""), ("P1", "HOSPITAL-A"), ("P1", "HOSPITAL-B")]
    assert hospital.rows("SELECT count(*) FROM quality_task") == [(0,)]


COUNTS = """
    SELECT (SELECT count(*) FROM patient), (SELECT count(*) FROM study), (SELECT count(*) FROM series),
           (SELECT count(*) FROM instance), (SELECT sum(instance_count) FROM study), (SELECT count(*) FROM study_token)
"""


def test_counts_are_the_same_after_the_index_was_lost(
    hospital: Hospital, database_url: str, open_archive: Open
) -> None:
    for number in range(6):
        hospital.store(from_issuer(b"A" if number % 2 else b"B", number), uid=f"1.2.{number}.1.1")
    before = hospital.rows(COUNTS)
    assert before[0][:4] == (2, 6, 6, 6)
    die(hospital.archive)
    lose_rows(database_url)
    open_archive()
    assert hospital.rows(COUNTS) == before
