"""The DICOM JSON model from encoded bytes."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.elements import MalformedDataSet
from isocenter.standards.dicom.json_model import MAX_ELEMENTS, data_set_to_json
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

EXPLICIT = transfer_syntax("1.2.840.10008.1.2.1")
IMPLICIT = transfer_syntax("1.2.840.10008.1.2")
BIG = transfer_syntax("1.2.840.10008.1.2.2")
UNDEFINED = 0xFFFFFFFF


def element(tag: int, vr: str, value: bytes, *, length: int | None = None) -> bytes:
    """One explicit little endian element."""
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in ("OB", "OW", "SQ", "UN", "UT", "UC", "OF", "OD", "OL", "OV", "SV", "UV", "UR"):
        return head + struct.pack("<HI", 0, size) + value
    return head + struct.pack("<H", size) + value


def item(*elements: bytes, delimited: bool = False) -> bytes:
    content = b"".join(elements)
    if delimited:
        return struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def to_json(*elements: bytes) -> dict[str, dict[str, Any]]:
    return data_set_to_json(b"".join(elements), EXPLICIT, bulk_data_uri=lambda path: f"bulk/{path}")


@pytest.mark.parametrize(
    ("vr", "raw", "expected"),
    [
        ("LO", b" a \\\\b ", ["a", None, "b"]),
        ("LT", b" a\\b  ", [" a\\b"]),
        ("IS", b"12\\-3 \\", [12, -3, None]),
        ("IS", b"1.5", ["1.5"]),
        ("IS", b"99999999999999999999", ["99999999999999999999"]),
        ("DS", b"1.5\\1e3 ", [1.5, 1000.0]),
        ("DS", b"nan\\inf\\1_0\\x ", ["nan", "inf", "1_0", "x"]),
        ("FD", struct.pack("<4d", 1.5, float("nan"), float("inf"), -float("inf")), [1.5, "NaN", "inf", "-inf"]),
        ("FL", struct.pack("<f", 0.1), [struct.unpack("<f", struct.pack("<f", 0.1))[0]]),
        ("US", b"\x01\x00\xff\xff", [1, 65535]),
        ("SS", b"\xff\xff", [-1]),
        ("SV", struct.pack("<2q", 5, -(2**60)), [5, str(-(2**60))]),
        ("AT", b"\x10\x00\x20\x00", ["00100020"]),
        ("PN", b"Doe^Jane=\\", [{"Alphabetic": "Doe^Jane"}, None]),
        ("UI", b"1.2.3\0", ["1.2.3"]),
        ("DA", b"20240101", ["20240101"]),
    ],
)
def test_each_vr_has_its_json_form(vr: str, raw: bytes, expected: list[Any]) -> None:
    found = to_json(element(0x00091001, vr, raw))["00091001"]
    assert found == {"vr": vr, "Value": expected}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(("vr", "raw"), [("LO", b""), ("LO", b"  "), ("PN", b"\\"), ("US", b""), ("SQ", b"")])
def test_an_empty_value_has_no_value(vr: str, raw: bytes) -> None:
    assert to_json(element(0x00091001, vr, raw)) == {"00091001": {"vr": vr}}


def test_a_short_binary_value_stands_in_line_and_a_long_one_has_a_uri() -> None:
    found = to_json(element(0x00091001, "OB", b"ab"), element(0x00091002, "OB", bytes(1025)))
    assert found["00091001"] == {"vr": "OB", "InlineBinary": "YWI="}
    assert found["00091002"] == {"vr": "OB", "BulkDataURI": "bulk/00091002"}


def test_binary_values_of_big_endian_are_in_line_as_little_endian() -> None:
    raw = struct.pack(">HH2sHI", 0x0009, 0x1001, b"OW", 0, 4) + b"\x00\x01\x00\x02"
    found = data_set_to_json(raw, BIG, bulk_data_uri=str)
    assert found["00091001"]["InlineBinary"] == "AQACAA=="


def test_text_becomes_unicode_and_says_so() -> None:
    found = to_json(
        element(0x00080005, "CS", b"GB18030 "),
        element(0x00100010, "PN", "Wang^XiaoDong=王^小东".encode("gb18030")),
    )
    assert found["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert found["00100010"]["Value"] == [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]


def test_an_item_may_declare_its_own_character_set() -> None:
    found = to_json(
        element(0x00080005, "CS", b"ISO_IR 100"),
        element(
            0x00091001,
            "SQ",
            item(element(0x00080005, "CS", b"ISO_IR 144"), element(0x00091002, "LO", "Щ".encode("iso8859_5")))
            + item(element(0x00091002, "LO", "é".encode("latin_1"))),
        ),
    )
    first, second = found["00091001"]["Value"]
    assert first["00091002"]["Value"] == ["Щ"]
    assert second["00091002"]["Value"] == ["é"]


@pytest.mark.parametrize("delimited", [False, True])
def test_sequences_nest_and_their_long_values_have_a_path(delimited: bool) -> None:
    inner = item(element(0x00091003, "OB", bytes(2000)), delimited=delimited)
    close = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if delimited else b""
    length = UNDEFINED if delimited else None
    sequence = element(0x00091002, "SQ", inner, length=length) + close
    outer = item(delimited=delimited) + item(sequence, delimited=delimited)
    found = to_json(element(0x00091001, "SQ", outer, length=length) + close, element(0x00100020, "LO", b"4711"))
    assert found["00091001"]["Value"][0] == {}
    assert found["00091001"]["Value"][1]["00091002"]["Value"] == [
        {"00091003": {"vr": "OB", "BulkDataURI": "bulk/00091001/1/00091002/0/00091003"}}
    ]
    assert found["00100020"]["Value"] == ["4711"]


def test_pixel_data_is_named_and_may_be_cut_off() -> None:
    whole = element(0x00280010, "US", b"\x02\x00") + element(0x7FE00010, "OW", bytes(8))
    cut = whole[:-8]
    assert to_json(whole) == to_json(cut)
    assert to_json(cut)["7FE00010"] == {"vr": "OW", "BulkDataURI": "bulk/7FE00010"}


def test_implicit_vr_takes_the_vr_of_the_dictionary() -> None:
    raw = (
        struct.pack("<HHIH", 0x0028, 0x0103, 2, 1)
        + struct.pack("<HHIh", 0x0028, 0x0106, 2, -5)
        + struct.pack("<HHI2s", 0x6002, 0x0040, 2, b"G ")
        + struct.pack("<HHI2s", 0x0009, 0x1001, 2, b"ab")
    )
    found = data_set_to_json(raw, IMPLICIT, bulk_data_uri=str)
    assert found["00280106"] == {"vr": "SS", "Value": [-5]}
    assert found["60020040"] == {"vr": "CS", "Value": ["G"]}
    assert found["00091001"] == {"vr": "UN", "InlineBinary": "YWI="}


def test_a_standard_element_sent_as_unknown_gets_its_vr_back() -> None:
    hidden = struct.pack("<HHI", 0xFFFE, 0xE000, 10) + struct.pack("<HHI2s", 0x0008, 0x0100, 2, b"T1")
    found = to_json(element(0x00081032, "UN", hidden), element(0x00100020, "UN", b"4711"))
    assert found["00081032"] == {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["T1"]}}]}
    assert found["00100020"] == {"vr": "LO", "Value": ["4711"]}


def test_of_duplicates_the_first_counts() -> None:
    assert to_json(element(0x00100020, "LO", b"1 "), element(0x00100020, "LO", b"2 ")) == {
        "00100020": {"vr": "LO", "Value": ["1"]}
    }


def test_nesting_without_end_is_malformed() -> None:
    deep = element(0x00091001, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED), length=UNDEFINED) * 20000
    with pytest.raises(MalformedDataSet):
        to_json(deep)


def test_more_elements_than_anyone_needs_are_malformed() -> None:
    with pytest.raises(MalformedDataSet):
        to_json(element(0x00091001, "SQ", item() * (MAX_ELEMENTS + 1)))


@pytest.mark.parametrize("cut", [1, 9, 13])
def test_an_element_beyond_the_end_is_malformed(cut: int) -> None:
    whole = element(0x00100010, "PN", b"Doe^Jane") + element(0x00100020, "LO", b"47110815")
    with pytest.raises(MalformedDataSet):
        to_json(whole[:-cut])


@given(st.binary(max_size=300), st.sampled_from([EXPLICIT, IMPLICIT, BIG]))
def test_foreign_bytes_give_json_or_malformed_and_nothing_else(raw: bytes, syntax: Any) -> None:
    try:
        found = data_set_to_json(raw, syntax, bulk_data_uri=str)
    except MalformedDataSet:
        return
    json.dumps(found, allow_nan=False)


# --- against pydicom ----------------------------------------------------------------------------------------------


def differences(ours: dict[str, Any], theirs: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths at which the two differ without one of the known reasons."""
    for key in sorted(ours.keys() | theirs.keys()):
        found, expected = ours.get(key), theirs.get(key)
        if found == expected or is_justified(key, found, expected):
            continue
        our_items, their_items = (side.get("Value", []) for side in (found or {}, expected or {}))
        if found and found["vr"] == "SQ" and len(our_items) == len(their_items):
            for index, (our_item, their_item) in enumerate(zip(our_items, their_items, strict=True)):
                yield from differences(our_item, their_item, f"{path}{key}/{index}/")
            continue
        yield f"{path}{key}: {str(found)[:120]} is not {str(expected)[:120]}"


def is_justified(key: str, found: dict[str, Any] | None, expected: dict[str, Any] | None) -> bool:
    """The reasons for which we differ on purpose."""
    if found is None:
        # Group lengths and delimiters are not in DICOM JSON (PS3.18 F.2.2).
        return key.endswith("0000") or key.startswith("FFFE")
    if key in ("00080005", "7FE00010"):
        return True  # our text is UTF-8 and says so; pixel data always has a URI
    if expected is None:
        return True  # pydicom left out what it could not convert
    if found["vr"] == "UN" and int(key[3], 16) % 2:
        return True  # pydicom has a dictionary of private elements; we give what was sent
    if expected["vr"] == "UN":
        return True  # pydicom keeps over-long explicit text as UN
    if "BulkDataURI" in expected:
        return "InlineBinary" in found  # pydicom's threshold counts base64 characters, ours bytes
    values = [value.strip() if found["vr"] == "CS" else value for value in expected.get("Value", [])]
    if found.get("Value") == [None if value == "" else value for value in values]:
        return True  # empty among others is null (PS3.18 F.2.5); blanks around a code string mean nothing
    # pydicom leaves the escapes of ISO 2022 IR 58.
    return found["vr"] == "PN" and any("\x1b" in group for group in values[0].values())


# What has no JSON form: nested deeper than 64, or beyond the end of the file.
WITHOUT_JSON = {
    "TC0265_depth_100.dcm",
    "TC0405_latin1_utf8_payload.dcm",
    "TC0445_duplicate_tags.dcm",
    "rtplan_truncated.dcm",
}


@pytest.mark.shared_data
def test_real_files_have_the_json_that_pydicom_gives_them(shared_data: Path) -> None:
    compared = 0
    found: list[str] = []
    for path in sorted(shared_data.rglob("*")):
        if not path.is_file() or path.suffix in (".md", ".tsv"):
            continue
        raw = memoryview(path.read_bytes())
        try:
            meta = read_file_meta(raw)
        except Invalid:
            continue
        syntax = transfer_syntax(meta.transfer_syntax_uid)
        try:
            ours = data_set_to_json(raw[meta.data_set_offset :], syntax, bulk_data_uri=lambda path: "x")
        except MalformedDataSet:
            assert path.name in WITHOUT_JSON, path.name
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = pydicom.dcmread(path, force=True).to_json_dict(1024, lambda element: "x", True)
        json.dumps(ours, allow_nan=False)
        found += [f"{path.name} {difference}" for difference in differences(ours, theirs)]
        compared += 1
    assert not found, "\n".join(found)
    assert compared > 500
