"""Storage commitment's data sets: what is asked is read as pydicom writes it, what is reported as pydicom reads it."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.standards.dicom.storage_commitment import (
    CommitmentRequest,
    InvalidCommitmentRequest,
    commitment_report,
    read_commitment_request,
)
from isocenter.standards.dicom.uids import InvalidUid

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def a_request(*instances: str, transaction_uid: str = "1.2.3") -> Dataset:
    request = Dataset()
    request.TransactionUID = transaction_uid
    request.ReferencedSOPSequence = []
    for instance in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, instance
        request.ReferencedSOPSequence.append(item)
    return request


def encoded(data_set: Dataset, syntax: str) -> bytes:
    file = DicomIO(BytesIO())
    file.is_little_endian, file.is_implicit_VR = True, syntax == IMPLICIT
    write_dataset(file, data_set)
    return bytes(file.parent.getvalue())


def decoded(data: bytes, syntax: str) -> Dataset:
    return read_dataset(BytesIO(data), is_implicit_VR=syntax == IMPLICIT, is_little_endian=True)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_request_of_pydicom_is_read_each_instance_once(syntax: str) -> None:
    data = encoded(a_request("1.2.1", "1.2.2", "1.2.1"), syntax)
    assert read_commitment_request(data, syntax) == CommitmentRequest("1.2.3", ((CT, "1.2.1"), (CT, "1.2.2")))


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_report_is_read_by_pydicom(syntax: str) -> None:
    data = commitment_report("1.2.3", [(CT, "1.2.1")], [(CT, "1.2.2", 0x0112)], syntax)
    report = decoded(data, syntax)
    assert report.TransactionUID == "1.2.3"
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == ["1.2.1"]
    (failed,) = report.FailedSOPSequence
    assert (failed.ReferencedSOPClassUID, failed.ReferencedSOPInstanceUID, failed.FailureReason) == (CT, "1.2.2", 0x112)


def test_a_report_without_failures_has_no_failed_sequence() -> None:
    report = decoded(commitment_report("1.2.3", [(CT, "1.2.1")], [], EXPLICIT), EXPLICIT)
    assert "FailedSOPSequence" not in report


@pytest.mark.parametrize(
    ("request_of", "error"),
    [
        (a_request(), InvalidCommitmentRequest),
        (a_request("1.2.1", transaction_uid=""), InvalidUid),
        (a_request("1..2"), InvalidUid),
        (Dataset(), InvalidUid),
    ],
)
def test_what_asks_for_nothing_is_refused(request_of: Dataset, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_commitment_request(encoded(request_of, EXPLICIT), EXPLICIT)


def test_bytes_that_are_no_data_set_are_refused() -> None:
    with pytest.raises(MalformedDataSet):
        read_commitment_request(encoded(a_request("1.2.1"), EXPLICIT)[:-3], EXPLICIT)
