"""Synthetic rows for tests of the index."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from blake3 import blake3

from isocenter.index.ingest_row import IngestRow
from isocenter.standards.dicom.attributes import IndexAttributes

RECEIVED_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


def an_instance(study: int = 1, series: int = 1, number: int = 1, **changes: object) -> IndexAttributes:
    """A CT slice of a patient who belongs to the study."""
    study_uid = f"1.2.826.0.1.{study}"
    attributes = IndexAttributes(
        study_instance_uid=study_uid,
        series_instance_uid=f"{study_uid}.{series}",
        sop_instance_uid=f"{study_uid}.{series}.{number}",
        sop_class_uid=CT_IMAGE_STORAGE,
        patient_id=f"P{study}",
        issuer_of_patient_id=None,
        patient_name=f"Doe{study}^Jane",
        patient_birth_date="19700101",
        patient_sex="F",
        study_date="20240102",
        study_time="101010",
        accession_number=f"A{study}",
        study_id="1",
        study_description="CT Chest",
        referring_physician_name="Ref^Doc",
        modality="CT",
        series_number=series,
        series_description="Lung",
        body_part_examined="CHEST",
        laterality=None,
        protocol_name="Thorax",
        station_name="CT1",
        instance_number=number,
        number_of_frames=1,
        rows=512,
        columns=512,
        bits_allocated=16,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        timezone_offset_from_utc=None,
        warnings=(),
    )
    return replace(attributes, **changes)  # type: ignore[arg-type]


def a_row(attributes: IndexAttributes, institution_id: int = 1, content: bytes = b"", **changes: object) -> IngestRow:
    """The instance as it lies in the journal; content makes its digest."""
    number = attributes.instance_number or 0
    row = IngestRow(
        institution_id=institution_id,
        attributes=attributes,
        segment_node="node-a",
        segment_epoch=1,
        segment_sequence=1,
        member_offset=number * 530_000,
        data_set_offset=number * 530_000 + 1536,
        data_set_length=526_000,
        digest=blake3(content or attributes.sop_instance_uid.encode("utf-8", "replace")).digest(),
        received_at=RECEIVED_AT,
        calling_ae_title="SCANNER",
        transfer_syntax_uid=EXPLICIT_LITTLE_ENDIAN,
        pixel_value_offset=number * 530_000 + 3300,
        pixel_length=524_288,
        header_length=1712,
        door="dimse",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def rows_of_a_study(
    study: int = 1, slices: int = 3, institution_id: int = 1, series: int = 1, **changes: object
) -> list[IngestRow]:
    """A study of one series; changes are to the attributes."""
    return [a_row(an_instance(study, series, number, **changes), institution_id) for number in range(1, slices + 1)]
