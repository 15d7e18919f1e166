"""The skip-parser: finds what it should in every encoding, and refuses what does not hold together."""

from __future__ import annotations

import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import generate_fragments
from tests.standards.dicom.encoding import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    PATIENT_ID,
    PIXEL_DATA,
    SOME_SEQUENCE,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    UNDEFINED,
    Encoding,
    a_data_set,
    elements_of_a_data_set,
)

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.elements import (
    MAX_DEPTH,
    PIXEL_DATA_TAGS,
    MalformedDataSet,
    ScannedDataSet,
    scan,
)
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

SYNTAX_OF = {EXPLICIT: "1.2.840.10008.1.2.1", IMPLICIT: "1.2.840.10008.1.2", BIG_ENDIAN: "1.2.840.10008.1.2.2"}
ENCODINGS = pytest.mark.parametrize("encoding", list(SYNTAX_OF), ids=["explicit", "implicit", "big-endian"])
JPEG = "1.2.840.10008.1.2.4.70"
DEFLATED = "1.2.840.10008.1.2.1.99"


def scanned(data: bytes, syntax: str = "1.2.840.10008.1.2.1") -> ScannedDataSet:
    return scan(memoryview(data), transfer_syntax(syntax))


@ENCODINGS
def test_the_identity_and_the_pixel_data_are_found(encoding: Encoding) -> None:
    data = a_data_set(encoding, pixels=bytes(range(32)))
    found = scanned(data, SYNTAX_OF[encoding])
    assert found.values[STUDY_INSTANCE_UID] == b"1.2.3\0"
    assert found.values[SOP_INSTANCE_UID] == b"1.2.3.4\0"
    assert found.pixel_data is not None
    span = found.pixel_data
    assert span.length == 32
    assert data[span.value_offset : span.value_offset + 32] == bytes(range(32))
    assert data[span.element_offset : span.element_offset + 4] == encoding.header(PIXEL_DATA, b"OW", 0)[:4]
    assert found.length == len(data)
    assert found.big_endian is (encoding is BIG_ENDIAN)
    assert found.fragments is None


def test_fragments_are_listed_with_the_offset_table_first() -> None:
    data = EXPLICIT.text(PATIENT_ID, b"LO", "P1") + EXPLICIT.encapsulated(b"", b"one!", b"second")
    found = scanned(data, JPEG)
    assert found.pixel_data is not None
    assert found.pixel_data.length is None
    assert found.fragments is not None
    assert [data[at : at + length] for at, length in found.fragments] == [b"", b"one!", b"second"]


def test_elements_after_the_pixel_data_are_walked_too() -> None:
    data = a_data_set() + EXPLICIT.element(0xFFFCFFFC, b"OB", bytes(6))
    assert scanned(data).length == len(data)
    with pytest.raises(MalformedDataSet):
        scanned(data[:-1])


@ENCODINGS
def test_a_data_set_cut_anywhere_but_between_elements_is_refused(encoding: Encoding) -> None:
    elements = elements_of_a_data_set(encoding)
    data, syntax = b"".join(elements), SYNTAX_OF[encoding]
    boundaries = [sum(map(len, elements[:count])) for count in range(len(elements) + 1)]
    for end in range(len(data) + 1):
        if end in boundaries:
            scanned(data[:end], syntax)
        else:
            with pytest.raises(MalformedDataSet):
                scanned(data[:end], syntax)


def test_of_duplicate_tags_the_first_counts_and_order_does_not_matter() -> None:
    data = b"".join(EXPLICIT.text(PATIENT_ID, b"LO", each) for each in ("P1", "P2"))
    data += EXPLICIT.text(SOP_INSTANCE_UID, b"UI", "1.2")
    found = scanned(data)
    assert found.values == {PATIENT_ID: b"P1", SOP_INSTANCE_UID: b"1.2\0"}


def test_a_long_value_is_walked_over_and_not_handed_out() -> None:
    data = EXPLICIT.element(PATIENT_ID, b"UT", bytes(70000)) + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert scanned(data).values == {STUDY_INSTANCE_UID: b"1.2\0"}


def test_an_unknown_sequence_of_undefined_length_holds_implicit_elements() -> None:
    item = IMPLICIT.open_item(IMPLICIT.sequence(SOME_SEQUENCE, IMPLICIT.item(b"")))
    data = EXPLICIT.sequence(0x00091010, item, vr=b"UN") + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert STUDY_INSTANCE_UID in scanned(data).values


def test_an_unknown_sequence_that_plainly_shows_vrs_is_read_with_them() -> None:
    item = EXPLICIT.open_item(EXPLICIT.text(0x00091011, b"UT", "text"))
    data = EXPLICIT.sequence(0x00091010, item, vr=b"UN") + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert STUDY_INSTANCE_UID in scanned(data).values


def test_an_unknown_sequence_in_big_endian_holds_little_endian_items() -> None:
    item = IMPLICIT.open_item(IMPLICIT.text(0x00091011, b"UT", "text"))
    private = BIG_ENDIAN.header(0x00091010, b"UN", UNDEFINED) + item + IMPLICIT.sequence_end()
    data = private + BIG_ENDIAN.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert STUDY_INSTANCE_UID in scanned(data, SYNTAX_OF[BIG_ENDIAN]).values


def test_a_missing_item_delimiter_is_forgiven_when_the_sequence_delimiter_is_there() -> None:
    torn = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + EXPLICIT.text(0x00081150, b"UI", "1.2")
    data = EXPLICIT.sequence(SOME_SEQUENCE, torn) + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert STUDY_INSTANCE_UID in scanned(data).values


@pytest.mark.parametrize("vr", [b"  ", b"\0\0", b"??", b"ZZ"])
def test_a_blank_or_unknown_vr_with_a_short_length_is_read_by_what_follows(vr: bytes) -> None:
    odd = struct.pack("<HH2sH", 0x0019, 0x1010, vr, 6) + b"abcdef"
    data = odd + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert scanned(data).values == {STUDY_INSTANCE_UID: b"1.2\0"}


def test_a_vr_of_a_later_edition_has_the_long_form() -> None:
    odd = struct.pack("<HH2sHI", 0x0019, 0x1010, b"ZZ", 0, 6) + b"abcdef"
    assert STUDY_INSTANCE_UID in scanned(odd + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")).values


def test_an_implicit_element_among_explicit_ones_is_read_by_what_follows() -> None:
    odd = IMPLICIT.element(0x00191010, b"", b"abcdef")
    data = EXPLICIT.text(SOP_INSTANCE_UID, b"UI", "1.2") + odd + EXPLICIT.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert set(scanned(data).values) == {SOP_INSTANCE_UID, STUDY_INSTANCE_UID}


def test_a_vr_that_makes_no_sense_in_any_reading_is_refused() -> None:
    odd = struct.pack("<HH2sH", 0x0019, 0x1010, b"\xff\x01", 5000) + b"abc"
    with pytest.raises(MalformedDataSet) as caught:
        scanned(EXPLICIT.text(PATIENT_ID, b"LO", "P1") + odd)
    assert caught.value.fields == {"tag": "(0019,1010)", "offset": 10}


@pytest.mark.parametrize(("declared", "real"), [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)])
def test_a_data_set_in_another_vr_encoding_than_declared_is_read_as_what_it_is(
    declared: Encoding, real: Encoding
) -> None:
    found = scanned(a_data_set(real), SYNTAX_OF[declared])
    assert found.values == scanned(a_data_set(real), SYNTAX_OF[real]).values
    assert found.explicit_vr is real.explicit


def test_an_element_longer_than_the_data_set_is_named() -> None:
    data = EXPLICIT.text(PATIENT_ID, b"LO", "P1") + EXPLICIT.header(PIXEL_DATA, b"OW", 1000) + bytes(10)
    with pytest.raises(MalformedDataSet) as caught:
        scanned(data)
    assert caught.value.fields["tag"] == "(7fe0,0010)"


@pytest.mark.parametrize(
    "broken",
    [
        EXPLICIT.encapsulated(b"", b"abcd")[:-8],
        EXPLICIT.encapsulated(b"", b"abcd")[:-10],
        EXPLICIT.header(PIXEL_DATA, b"OB", UNDEFINED) + EXPLICIT.text(PATIENT_ID, b"LO", "P1"),
        EXPLICIT.sequence(SOME_SEQUENCE, EXPLICIT.item(b""))[:-8],
        EXPLICIT.sequence(SOME_SEQUENCE, EXPLICIT.open_item(b"")[:-8])[:-8],
        EXPLICIT.header(SOME_SEQUENCE, b"SQ", UNDEFINED) + EXPLICIT.text(PATIENT_ID, b"LO", "P1"),
        EXPLICIT.item(b"abcd"),
    ],
    ids=["no-delimiter", "torn", "not-a-fragment", "sequence-open", "item-open", "no-item", "stray-item"],
)
def test_torn_fragments_and_sequences_are_refused(broken: bytes) -> None:
    with pytest.raises(MalformedDataSet):
        scanned(broken, JPEG)


@ENCODINGS
def test_a_delimiter_too_many_does_no_harm(encoding: Encoding) -> None:
    stray = encoding.sequence_end()
    data = encoding.text(SOP_INSTANCE_UID, b"UI", "1.2") + stray + encoding.text(STUDY_INSTANCE_UID, b"UI", "1.2")
    assert set(scanned(data + stray, SYNTAX_OF[encoding]).values) == {SOP_INSTANCE_UID, STUDY_INSTANCE_UID}


def test_zero_bytes_after_the_last_element_are_padding_and_others_are_not() -> None:
    assert scanned(a_data_set() + bytes(5)).values
    with pytest.raises(MalformedDataSet):
        scanned(a_data_set() + b"\0\0\1")
    with pytest.raises(MalformedDataSet):
        scanned(a_data_set() + bytes(512))


@ENCODINGS
def test_sequences_nest_down_to_the_limit_and_no_deeper(encoding: Encoding) -> None:
    def nested(depth: int) -> bytes:
        content = b""
        for _ in range(depth):
            content = encoding.sequence(SOME_SEQUENCE, encoding.open_item(content))
        return content

    assert scanned(nested(MAX_DEPTH), SYNTAX_OF[encoding]).values == {}
    with pytest.raises(MalformedDataSet):
        scanned(nested(MAX_DEPTH + 1), SYNTAX_OF[encoding])


def test_twenty_thousand_nested_sequences_are_refused_without_recursion() -> None:
    opening = EXPLICIT.header(SOME_SEQUENCE, b"SQ", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
    with pytest.raises(MalformedDataSet):
        scanned(opening * 20000)
    in_unknown = EXPLICIT.header(0x00091010, b"UN", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
    with pytest.raises(MalformedDataSet):
        scanned(in_unknown * 20000)


@pytest.mark.parametrize("vr", [b"SQ", b"UN"])
def test_three_hundred_thousand_elements_are_walked_without_quadratic_work(vr: bytes) -> None:
    inner = EXPLICIT if vr == b"SQ" else IMPLICIT
    items = inner.open_item(inner.text(0x00081150, b"UI", "1.2")) * 150000
    data = EXPLICIT.sequence(SOME_SEQUENCE, items, vr=vr) + EXPLICIT.text(0x00091001, b"LO", "ab") * 150000
    assert scanned(data).length == len(data)


def test_a_deflated_data_set_is_inflated_within_its_cap() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflater.compress(a_data_set()) + deflater.flush()
    found = scanned(data, DEFLATED)
    assert found.values[STUDY_INSTANCE_UID] == b"1.2.3\0"
    assert found.pixel_data is None
    assert found.length == len(data)
    with pytest.raises(MalformedDataSet):
        scanned(data[:-3], DEFLATED)
    with pytest.raises(MalformedDataSet):
        scanned(b"\xff" + data, DEFLATED)


def test_a_deflate_bomb_is_stopped_at_the_cap() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(64)) + deflater.flush()
    tracemalloc.start()
    with pytest.raises(MalformedDataSet) as caught:
        scan(memoryview(bomb), transfer_syntax(DEFLATED), max_inflated_bytes=8 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.fields == {"limit_bytes": 8 << 20}
    assert peak < 40 << 20


SYNTAXES = st.sampled_from([*SYNTAX_OF.values(), JPEG, DEFLATED, "1.2.3"])


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400), syntax=SYNTAXES)
def test_random_bytes_are_read_or_refused(data: bytes, syntax: str) -> None:
    reads_or_refuses(data, syntax)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_data_set_with_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(list(SYNTAX_OF)))
    changed = bytearray(a_data_set(encoding) + EXPLICIT.encapsulated(b"", b"abcd"))
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.sampled_from([0, 1, 0x7F, 0xFE, 0xFF, 0x55])
        )
    reads_or_refuses(bytes(changed), data.draw(SYNTAXES))


def reads_or_refuses(data: bytes, syntax: str) -> None:
    try:
        scanned(data, syntax)
    except MalformedDataSet as error:
        assert error.message


@pytest.mark.shared_data
def test_every_malformed_file_and_every_cut_of_it_is_read_or_refused(shared_data: Path) -> None:
    files = sorted(each for each in (shared_data / "malformed").rglob("*") if each.is_file())
    assert len(files) > 50
    for path in files:
        content = path.read_bytes()
        try:
            meta = read_file_meta(memoryview(content))
            offset, syntax = meta.data_set_offset, meta.transfer_syntax_uid
        except Invalid:
            offset, syntax = 0, "1.2.840.10008.1.2"
        data = content[offset:]
        for end in {len(data), len(data) // 2, len(data) - 3, 777, 100}:
            reads_or_refuses(data[: max(end, 0)], syntax)


@pytest.mark.shared_data
def test_every_real_file_is_read_as_pydicom_reads_it(shared_data: Path) -> None:
    compared = 0
    for path in sorted(each for each in shared_data.rglob("*") if each.is_file()):
        content = memoryview(path.read_bytes())
        try:
            meta = read_file_meta(content)
            data = content[meta.data_set_offset :]
            found = scan(data, transfer_syntax(meta.transfer_syntax_uid))
        except Invalid:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compare_with_pydicom(path, data, found, deflated=meta.transfer_syntax_uid == DEFLATED)
        compared += 1
    assert compared > 500


def compare_with_pydicom(path: Path, data: memoryview, found: ScannedDataSet, *, deflated: bool) -> None:
    dataset = dcmread(path)
    for tag in (0x00080016, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, 0x0020000E):
        expected = str(dataset[tag].value or "") if tag in dataset else ""
        assert found.values.get(tag, b"").rstrip(b"\0 ").decode("latin-1") == expected, path
    for tag in PIXEL_DATA_TAGS:
        if tag not in dataset or deflated:
            continue
        span = found.pixel_data
        assert span is not None, path
        value = dataset[tag].value or b""
        if span.length is not None:
            assert data[span.value_offset : span.value_offset + span.length] == value, path
        else:
            assert found.fragments is not None
            fragments = [bytes(data[at : at + length]) for at, length in found.fragments]
            assert list(generate_fragments(value)) in (fragments, fragments[1:]), path
