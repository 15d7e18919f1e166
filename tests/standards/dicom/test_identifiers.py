"""Identifiers read and written, against pydicom."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.identifiers import (
    MAX_IDENTIFIER_BYTES,
    Attribute,
    IdentifierKey,
    InvalidIdentifier,
    decode_identifier,
    encode_identifier,
)
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

SYNTAXES = [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]


def encoded(data_set: Dataset, syntax: str) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, syntax == IMPLICIT_VR_LITTLE_ENDIAN
    write_dataset(file, data_set)
    return file.getvalue()


def read_back(data: bytes, syntax: str) -> Dataset:
    return read_dataset(BytesIO(data), syntax == IMPLICIT_VR_LITTLE_ENDIAN, is_little_endian=True)


def by_tag(keys: tuple[IdentifierKey, ...]) -> dict[int, IdentifierKey]:
    return {key.tag: key for key in keys}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_keys_are_read_as_text_whatever_their_kind(syntax: str) -> None:
    asked = Dataset()
    asked.QueryRetrieveLevel = "STUDY"
    asked.PatientName = "Müller*^?"
    asked.SpecificCharacterSet = "ISO_IR 100"
    asked.StudyDate = "20200101-20201231"
    asked.StudyInstanceUID = ["1.2.3", "1.2.4"]
    asked.StudyDescription = ""
    asked.SeriesNumber = "7"
    asked.Rows = 512
    item = Dataset()
    item.CodeValue = "T-1*"
    asked.ProcedureCodeSequence = [item]
    keys = by_tag(decode_identifier(encoded(asked, syntax), syntax))
    assert keys[0x00080052].values == ("STUDY",)
    assert keys[0x00100010].values == ("Müller*^?",)
    assert keys[0x00080020].values == ("20200101-20201231",)
    assert keys[0x0020000D].values == ("1.2.3", "1.2.4")
    assert keys[0x00081030].values == ()
    assert keys[0x00200011].values == ("7",)
    assert keys[0x00280010].values == ("512",)
    assert keys[0x00081032].items == (IdentifierKey(0x00080100, "SH", ("T-1*",)),)
    assert 0x00080005 not in keys


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192"])
def test_chinese_keys_are_read_in_the_set_they_declare(charset: str) -> None:
    asked = Dataset()
    asked.SpecificCharacterSet = charset.split("\\")
    asked.PatientName = "Wang^XiaoDong=王^小东"
    keys = by_tag(decode_identifier(encoded(asked, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN))
    assert keys[0x00100010].values == ("Wang^XiaoDong=王^小东",)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_answers_are_read_by_pydicom_as_they_were_meant(syntax: str) -> None:
    answer: dict[int, Attribute] = {
        0x00100010: ("PN", ("Wang^XiaoDong=王^小东",)),
        0x00080061: ("CS", ("CT", "MR")),
        0x0020000D: ("UI", ("1.2.3",)),
        0x00201208: ("IS", (12,)),
        0x00280010: ("US", (512,)),
        0x00280030: ("DS", (0.123456789012345, 2.0)),
        0x00081030: ("LO", ()),
        0x00081032: ("SQ", ({0x00080100: ("SH", ("T-1",))}, {})),
        0x00280009: ("AT", ("00181063",)),
        0x00090010: ("UN", (b"abc",)),
    }
    read = read_back(encode_identifier(answer, syntax), syntax)
    assert read.SpecificCharacterSet == "ISO_IR 192"
    assert str(read.PatientName) == "Wang^XiaoDong=王^小东"
    assert list(read.ModalitiesInStudy) == ["CT", "MR"]
    assert read.StudyInstanceUID == "1.2.3"
    assert read.NumberOfStudyRelatedInstances == 12
    assert read.Rows == 512
    assert [float(value) for value in read.PixelSpacing] == [0.123456789, 2.0]
    assert read.StudyDescription == ""
    assert [item.get("CodeValue") for item in read.ProcedureCodeSequence] == ["T-1", None]
    assert read.FrameIncrementPointer == 0x00181063
    assert [element.tag for element in read] == sorted(element.tag for element in read)


def test_a_plain_answer_names_no_character_set() -> None:
    data = encode_identifier({0x00100010: ("PN", ("Doe^Jane",))}, EXPLICIT_VR_LITTLE_ENDIAN)
    assert "SpecificCharacterSet" not in read_back(data, EXPLICIT_VR_LITTLE_ENDIAN)


def test_values_that_do_not_fit_are_left_empty() -> None:
    answer: dict[int, Attribute] = {
        0x00081030: ("LO", ("x" * 70000,)),
        0x00280010: ("US", (70000,)),
        0x00280011: ("US", ("many",)),
    }
    read = read_back(encode_identifier(answer, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
    assert read.StudyDescription == ""
    assert read.Rows is None
    assert read.Columns is None


def test_an_endless_identifier_is_refused() -> None:
    with pytest.raises(InvalidIdentifier):
        decode_identifier(bytes(MAX_IDENTIFIER_BYTES + 1), IMPLICIT_VR_LITTLE_ENDIAN)


@given(data=st.binary(max_size=200), syntax=st.sampled_from(SYNTAXES))
def test_garbage_is_read_or_refused_and_nothing_else(data: bytes, syntax: str) -> None:
    try:
        keys = decode_identifier(data, syntax)
    except Invalid:
        return
    encode_identifier({key.tag: (key.vr, key.values) for key in keys if key.vr not in ("SQ", "AT")}, syntax)
