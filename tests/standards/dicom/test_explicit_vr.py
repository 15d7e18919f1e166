"""Data sets written anew in Explicit VR Little Endian."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.filereader import read_dataset

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.explicit_vr import NotConvertible, to_explicit_little_endian, to_implicit_little_endian
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax

UNDEFINED = 0xFFFFFFFF


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def convert(data: bytes, *, explicit_vr: bool = False, little_endian: bool = True) -> bytes:
    return to_explicit_little_endian(memoryview(data), explicit_vr=explicit_vr, little_endian=little_endian)


def test_implicit_elements_get_the_vr_of_the_dictionary() -> None:
    data = implicit(0x00100020, b"4711") + implicit(0x00091001, b"ab") + implicit(0x00091010, b"OURS")
    assert convert(data) == b"\x10\x00\x20\x00LO\x04\x004711" + b"\x09\x00\x01\x10UN\0\0\x02\0\0\0ab" + (
        b"\x09\x00\x10\x10UN\0\0\x04\0\0\0OURS"
    )


def test_group_lengths_are_left_out_and_long_short_values_become_unknown() -> None:
    data = implicit(0x00100000, b"\0\0\0\0") + implicit(0x00100020, bytes(70000))
    assert convert(data)[:12] == b"\x10\x00\x20\x00UN\0\0" + (70000).to_bytes(4, "little")


@pytest.mark.parametrize("delimited", [False, True])
def test_sequences_get_undefined_length(delimited: bool) -> None:
    inner = implicit(0x00080100, b"T1")
    item = implicit(0xFFFEE000, inner, UNDEFINED if delimited else None)
    item += implicit(0xFFFEE00D, b"") if delimited else b""
    sequence = implicit(0x00081032, item, UNDEFINED if delimited else None)
    sequence += implicit(0xFFFEE0DD, b"") if delimited else b""
    assert convert(sequence + implicit(0x00100020, b"4711")) == (
        b"\x08\x00\x32\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\x08\x00\x00\x01SH\x02\x00T1"
        b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0\x10\x00\x20\x00LO\x04\x004711"
    )


def test_big_endian_values_are_swapped_by_their_vr() -> None:
    data = struct.pack(">HH2sHH", 0x0028, 0x0010, b"US", 2, 513) + struct.pack(">HH2sHd", 0x0018, 0x9087, b"FD", 8, 1.5)
    expected = struct.pack("<HH2sHH", 0x0028, 0x0010, b"US", 2, 513) + struct.pack(
        "<HH2sHd", 0x0018, 0x9087, b"FD", 8, 1.5
    )
    assert convert(data, explicit_vr=True, little_endian=False) == expected


def test_values_can_be_replaced_at_the_top_level_only() -> None:
    icon = implicit(0xFFFEE000, implicit(0x00280004, b"RGB "))
    data = implicit(0x00880200, icon) + implicit(0x00280004, b"RGB ")
    changed = to_explicit_little_endian(
        memoryview(data), explicit_vr=False, little_endian=True, replace={0x00280004: b"YBR_RCT "}
    )
    assert changed.count(b"RGB ") == 1
    assert changed.endswith(b"\x28\x00\x04\x00CS\x08\x00YBR_RCT ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x10\x00\x20\x00XX\x04\x004711",  # no VR of the standard
        b"\x09\x00\x01\x10UN\0\0\xff\xff\xff\xff" + implicit(0xFFFEE0DD, b""),  # unknown content
        b"\x10\x00\x20\x00LO\x08\x004711",  # beyond the end
        implicit(0xFFFEE00D, b""),
    ],
)
def test_what_is_in_doubt_is_not_written_anew(data: bytes) -> None:
    with pytest.raises(NotConvertible):
        convert(data, explicit_vr=True)


@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_foreign_bytes_are_converted_or_refused_and_nothing_else(raw: bytes, explicit: bool, little: bool) -> None:
    try:
        convert(raw, explicit_vr=explicit, little_endian=little)
    except NotConvertible:
        pass


@pytest.mark.shared_data
def test_real_headers_mean_the_same_afterwards(shared_data: Path) -> None:
    """The DICOM JSON of a header does not change, but for elements that implicit VR gives no VR."""
    compared = 0
    for path in sorted(shared_data.rglob("*")):
        if not path.is_file() or path.suffix in (".md", ".tsv"):
            continue
        raw = memoryview(path.read_bytes())
        try:
            meta = read_file_meta(raw)
            syntax, data = transfer_syntax(meta.transfer_syntax_uid), raw[meta.data_set_offset :]
            scanned = scan(data, syntax)
            if syntax.deflated or scanned.pixel_data is None:
                continue
            header = data[: scanned.pixel_data.element_offset]
            before = data_set_to_json(header, syntax, bulk_data_uri=str)
            converted = to_explicit_little_endian(
                header, explicit_vr=scanned.explicit_vr, little_endian=syntax.little_endian
            )
        except Invalid:
            continue
        after = data_set_to_json(converted, transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN), bulk_data_uri=str)
        assert after == before, path.name
        compared += 1
    assert compared > 400


@pytest.mark.shared_data
def test_implicit_says_the_same_to_pydicom(shared_data: Path) -> None:
    files = [
        *(shared_data / "transfer-syntax-ct").glob("*LittleEndianExplicit*"),
        *(shared_data / "mr-small").rglob("*"),
    ]
    compared = 0
    for path in [each for each in files if each.is_file()][:4]:
        data_set = path.read_bytes()
        meta = read_file_meta(memoryview(data_set))
        if meta.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
            continue
        read = dcmread(path)
        written = to_implicit_little_endian(memoryview(data_set)[meta.data_set_offset :])
        again = read_dataset(BytesIO(written), is_implicit_VR=True, is_little_endian=True)
        for element in read:
            if not element.tag.is_private and element.tag.element != 0:
                assert again[element.tag].value == element.value, element.tag
        compared += 1
    assert compared


def test_sequences_survive_the_way_to_implicit_and_back() -> None:
    item = b"\x08\0\x00\x01SH\x04\0T-1 "
    sequence, begin, undefined = b"\x08\0\x32\x10SQ\0\0", b"\xfe\xff\0\xe0", b"\xff\xff\xff\xff"
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    for data in (
        sequence + struct.pack("<I", len(item) + 8) + begin + struct.pack("<I", len(item)) + item,
        sequence + undefined + begin + undefined + item + ends,
    ):
        written = to_implicit_little_endian(memoryview(data))
        assert convert(written) == convert(data, explicit_vr=True)


@given(st.binary(max_size=120))
def test_garbage_becomes_no_implicit(data: bytes) -> None:
    try:
        to_implicit_little_endian(memoryview(data))
    except Invalid:
        return
