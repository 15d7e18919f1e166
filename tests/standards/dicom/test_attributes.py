"""What the index keeps of an object."""

from __future__ import annotations

import pytest

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.attributes import MAX_TEXT, _decoded_before, index_attributes


def values(**changes: bytes | None) -> dict[int, bytes]:
    """The raw values of a plain CT slice; `t00100010=b"..."` sets and `t00100010=None` removes one."""
    found = {
        0x0020000D: b"1.2.3\0",
        0x0020000E: b"1.2.3.4\0",
        0x00080018: b"1.2.3.4.5\0",
        0x00080016: b"1.2.840.10008.5.1.4.1.1.2\0",
        0x00100010: b"Doe^Jane",
        0x00100020: b"4711",
        0x00100030: b"19700101",
        0x00100040: b"F ",
        0x00080020: b"20240229",
        0x00080030: b"101530.5",
        0x00080060: b"CT",
        0x00200011: b"2 ",
        0x00200013: b" 17 ",
        0x00280010: b"\x00\x02",
        0x00280011: b"\x00\x02",
        0x00280100: b"\x10\x00",
        0x00280002: b"\x01\x00",
        0x00280004: b"MONOCHROME2 ",
    }
    for name, value in changes.items():
        tag = int(name[1:], 16)
        found.pop(tag, None)
        if value is not None:
            found[tag] = value
    return found


def test_a_plain_object_gives_its_attributes_and_no_warning() -> None:
    attributes = index_attributes(values(), big_endian=False)
    assert (attributes.study_instance_uid, attributes.series_instance_uid) == ("1.2.3", "1.2.3.4")
    assert (attributes.sop_instance_uid, attributes.sop_class_uid) == ("1.2.3.4.5", "1.2.840.10008.5.1.4.1.1.2")
    assert (attributes.patient_name, attributes.patient_id, attributes.patient_sex) == ("Doe^Jane", "4711", "F")
    assert (attributes.study_date, attributes.study_time) == ("20240229", "101530.5")
    assert (attributes.series_number, attributes.instance_number, attributes.number_of_frames) == (2, 17, 1)
    assert (attributes.rows, attributes.columns, attributes.bits_allocated) == (512, 512, 16)
    assert attributes.photometric_interpretation == "MONOCHROME2"
    assert attributes.warnings == ()


@pytest.mark.parametrize("tag", ["t0020000D", "t0020000E", "t00080018", "t00080016"])
@pytest.mark.parametrize("value", [None, b"", b"../../etc/passwd", b"1.2\x003.4", b"1" * 65])
def test_an_object_without_usable_uids_is_invalid(tag: str, value: bytes | None) -> None:
    with pytest.raises(Invalid):
        index_attributes(values(**{tag: value}), big_endian=False)


def test_big_endian_numbers_are_read_as_such() -> None:
    attributes = index_attributes(values(t00280010=b"\x02\x00"), big_endian=True)
    assert attributes.rows == 512


@pytest.mark.parametrize(
    ("change", "attribute", "warning"),
    [
        ({"t00100020": None}, "patient_id", "patient-id-missing"),
        ({"t00100020": b"   "}, "patient_id", "patient-id-missing"),
        ({"t00080020": b"20240230"}, "study_date", "study-date-invalid"),
        ({"t00080020": b"yesterday"}, "study_date", "study-date-invalid"),
        ({"t00080030": b"2500"}, "study_time", "study-time-invalid"),
        ({"t00100030": b"00000000"}, "patient_birth_date", "patient-birth-date-invalid"),
        ({"t00200011": b"two"}, "series_number", "series-number-invalid"),
        ({"t00200013": b"99999999999"}, "instance_number", "instance-number-invalid"),
        ({"t00200013": b"nan"}, "instance_number", "instance-number-invalid"),
        ({"t00280010": b"\x01"}, "rows", "rows-invalid"),
        ({"t00080201": b"+2500"}, "timezone_offset_from_utc", "timezone-offset-from-utc-invalid"),
    ],
)
def test_a_fault_becomes_null_and_a_warning(change: dict[str, bytes | None], attribute: str, warning: str) -> None:
    attributes = index_attributes(values(**change), big_endian=False)
    assert getattr(attributes, attribute) is None
    assert attributes.warnings == (warning,)


@pytest.mark.parametrize("frames", [b"0", b"-3", b"many"])
def test_an_impossible_number_of_frames_counts_as_one(frames: bytes) -> None:
    attributes = index_attributes(values(t00280008=frames), big_endian=False)
    assert attributes.number_of_frames == 1
    assert attributes.warnings == ("number-of-frames-invalid",)


def test_numbers_are_understood_as_devices_write_them() -> None:
    attributes = index_attributes(values(t00200011=b"+3", t00200013=b"12.0", t00280008=b"2\\3"), big_endian=False)
    assert (attributes.series_number, attributes.instance_number, attributes.number_of_frames) == (3, 12, 2)


def test_names_are_decoded_by_the_declared_character_set() -> None:
    attributes = index_attributes(
        values(t00080005=b"GB18030 ", t00100010="Wang^XiaoDong=王^小东".encode("gb18030")), big_endian=False
    )
    assert attributes.patient_name == "Wang^XiaoDong=王^小东"
    assert attributes.warnings == ()


def test_chinese_bytes_labelled_latin_1_are_found_and_reported() -> None:
    attributes = index_attributes(
        values(t00080005=b"ISO_IR 100", t00100010="王^小东".encode("gbk"), t00081030="头颅CT平扫".encode("gbk")),
        big_endian=False,
    )
    assert attributes.patient_name == "王^小东"
    assert attributes.study_description == "头颅CT平扫"
    assert attributes.warnings == ("character-set-mislabelled",)


def test_a_silent_sender_is_read_by_its_default_character_set() -> None:
    raw = "Иванов^Пётр".encode("iso8859_5")
    attributes = index_attributes(values(t00100010=raw), big_endian=False, default_character_set="ISO_IR 144")
    assert attributes.patient_name == "Иванов^Пётр"


def test_text_that_a_database_cannot_hold_is_cut_and_reported() -> None:
    attributes = index_attributes(values(t00100020=b"47\x0011", t00081030=b"x" * 70000), big_endian=False)
    assert attributes.patient_id == "4711"
    assert attributes.study_description == "x" * MAX_TEXT
    assert attributes.warnings == ("patient-id-invalid", "study-description-too-long")


def test_images_of_a_series_share_what_they_have_in_common_and_nothing_else() -> None:
    first = index_attributes(values(), big_endian=False)
    second = index_attributes(values(t00080018=b"1.2.3.4.6", t00200013=b"18", t00280008=b"2"), big_endian=False)
    assert (second.sop_instance_uid, second.instance_number, second.number_of_frames) == ("1.2.3.4.6", 18, 2)
    assert (second.patient_name, second.rows) == (first.patient_name, first.rows)
    other = index_attributes(values(t00100010=b"Roe^Richard", t00200013=b"x"), big_endian=False)
    assert (other.patient_name, other.warnings) == ("Roe^Richard", ("instance-number-invalid",))
    assert index_attributes(values(), big_endian=True).rows == 2
    sent = values(t00100010="Müller".encode("latin-1"))
    latin = index_attributes(sent, big_endian=False, default_character_set="ISO_IR 100")
    greek = index_attributes(sent, big_endian=False, default_character_set="ISO_IR 126")
    assert latin.patient_name == "Müller" != greek.patient_name
    assumed = index_attributes(values(), big_endian=False, default_issuer_of_patient_id="HERE")
    assert (assumed.issuer_of_patient_id, first.issuer_of_patient_id) == ("HERE", None)


def test_only_so_much_is_remembered() -> None:
    before = _decoded_before.cache_info().currsize
    long = index_attributes(values(t00081030=b"x" * 5000), big_endian=False)
    assert (len(long.study_description or ""), long.warnings) == (MAX_TEXT, ("study-description-too-long",))
    assert _decoded_before.cache_info().currsize == before
