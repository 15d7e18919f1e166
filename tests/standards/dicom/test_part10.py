"""File meta information, written and read back, ours and other people's."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from tests.standards.dicom.encoding import EXPLICIT

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.part10 import (
    MalformedFileMeta,
    NotPart10,
    file_meta,
    read_file_meta,
)
from isocenter.standards.dicom.uids import IMPLEMENTATION_CLASS_UID, InvalidUid

CT, EXPLICIT_SYNTAX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("source_ae", ["", "CT1", "SCANNER_ROOM_12"])
def test_pydicom_reads_what_we_write(source_ae: str) -> None:
    meta = dcmread(BytesIO(file_meta(CT, "1.2.3", EXPLICIT_SYNTAX, source_ae))).file_meta
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.TransferSyntaxUID == EXPLICIT_SYNTAX
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.get("SourceApplicationEntityTitle", "") == source_ae


def test_we_read_what_we_write_and_know_where_the_data_set_begins() -> None:
    head = file_meta(CT, "1.2.3", EXPLICIT_SYNTAX, "CT1")
    found = read_file_meta(memoryview(head + b"data"))
    assert (found.sop_class_uid, found.sop_instance_uid) == (CT, "1.2.3")
    assert found.transfer_syntax_uid == EXPLICIT_SYNTAX
    assert found.data_set_offset == len(head)


def test_a_deflated_data_set_that_looks_like_group_two_is_not_taken_for_meta() -> None:
    head = file_meta(CT, "1.2.3", "1.2.840.10008.1.2.1.99")
    assert read_file_meta(memoryview(head + b"\2\0\1\0UI\xff\xff" + bytes(8))).data_set_offset == len(head)


def test_a_wrong_group_length_is_tolerated() -> None:
    head = bytearray(file_meta(CT, "1.2.3", EXPLICIT_SYNTAX))
    head[140:144] = (7).to_bytes(4, "little")
    data_set = EXPLICIT.text(0x00080018, b"UI", "1.2.3")
    assert read_file_meta(memoryview(bytes(head) + data_set)).data_set_offset == len(head)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", NotPart10),
        (bytes(200), NotPart10),
        (EXPLICIT.text(0x00080018, b"UI", "1.2.3") * 30, NotPart10),
        (file_meta(CT, "1.2.3", EXPLICIT_SYNTAX)[:-5], MalformedFileMeta),
        (bytes(128) + b"DICM", MalformedFileMeta),
        (bytes(128) + b"DICM" + EXPLICIT.text(0x00020002, b"UI", CT), MalformedFileMeta),
        (bytes(128) + b"DICM" + EXPLICIT.text(0x00020010, b"UI", "../x"), InvalidUid),
        (bytes(128) + b"DICM" + EXPLICIT.header(0x00020001, b"OB", 1 << 31) + bytes(99), MalformedFileMeta),
    ],
)
def test_what_is_no_file_or_a_cut_one_is_refused_with_its_reason(content: bytes, error: type[Invalid]) -> None:
    with pytest.raises(error):
        read_file_meta(memoryview(content))


@given(st.binary(max_size=300))
def test_random_meta_is_read_or_refused(tail: bytes) -> None:
    try:
        read_file_meta(memoryview(bytes(128) + b"DICM" + tail))
    except Invalid as error:
        assert error.message


@pytest.mark.shared_data
def test_real_files_are_read_as_pydicom_reads_them(shared_data: Path) -> None:
    for path in sorted((shared_data / "transfer-syntax-ct").glob("*.dcm")):
        content = path.read_bytes()
        meta = dcmread(path, stop_before_pixels=True).file_meta
        found = read_file_meta(memoryview(content))
        assert found.transfer_syntax_uid == meta.TransferSyntaxUID
        assert found.sop_instance_uid == meta.MediaStorageSOPInstanceUID
