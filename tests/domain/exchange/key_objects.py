"""Key object selections and rejection notes, made with pydicom."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset

KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
CT = "1.2.840.10008.5.1.4.1.1.2"
QUALITY, PATIENT_SAFETY, WRONG_WORKLIST_ENTRY, RETENTION_EXPIRED = "113001", "113037", "113038", "113039"
OF_INTEREST = "113000"


def a_note(
    uid: str,
    references: Sequence[str],
    *,
    code: str = QUALITY,
    study: str = "1.2.3",
    series: str = "1.2.3.99",
    of_study: str | None = None,
    evidence: Sequence[str] | None = None,
) -> bytes:
    """A key object selection in explicit VR little endian. references: what its content tree refers to."""
    note = Dataset()
    note.SOPClassUID, note.SOPInstanceUID = KEY_OBJECTS, uid
    note.StudyInstanceUID, note.SeriesInstanceUID = study, series
    note.PatientID, note.PatientName, note.Modality = "P1", "Sample^One", "KO"
    note.SeriesNumber = note.InstanceNumber = 1
    note.ConceptNameCodeSequence = [a_code(code)]
    listed = Dataset()
    listed.StudyInstanceUID = of_study or study
    of_series = Dataset()
    of_series.SeriesInstanceUID = "1.2.3.1"
    of_series.ReferencedSOPSequence = [a_reference(each) for each in (references if evidence is None else evidence)]
    listed.ReferencedSeriesSequence = [of_series]
    note.CurrentRequestedProcedureEvidenceSequence = [listed]
    note.ContentSequence = [a_content_item(each) for each in references]
    file = BytesIO()
    encoded = DicomIO(file)
    encoded.is_little_endian, encoded.is_implicit_VR = True, False
    write_dataset(encoded, note)
    return file.getvalue()


def a_code(value: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", "Title"
    return code


def a_reference(uid: str) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT, uid
    return reference


def a_content_item(uid: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [a_reference(uid)]
    return item
