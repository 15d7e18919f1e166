"""Objects made to hurt, through the doors of DICOMweb: refused with their reason or kept whole and shown harmlessly."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
from httpx import Response
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless
from structlog.testing import capture_logs
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital
from tests.domain.conftest import element

INSTANCE = f"{SERIES}.1"
WHOLE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
HOSTILE_UIDS = {
    "climbing": b"../../../etc/passwd",
    "absolute": b"/etc/passwd",
    "nul": b"1.2.3\0.4",
    "shell": b"1.2;reboot $(reboot)",
    "300 digits": b"1." + b"2" * 298,
    "empty": b"",
    "missing": None,
}


def stored(hospital: Hospital, *files: bytes) -> Response:
    body, headers = a_body(files)
    return hospital.client.post("/dicom-web/studies", content=body, headers=headers)


def got(hospital: Hospital, place: str, accept: str = "*/*") -> Response:
    return hospital.client.get(f"/dicom-web/studies/{STUDY}{place}", headers={"accept": accept})


def with_element(file: bytes, was: bytes, becomes: bytes) -> bytes:
    """The file with one element of its data set replaced; the file meta information stays."""
    at = file.rindex(was)
    return file[:at] + becomes + file[at + len(was) :]


def held_files(hospital: Hospital) -> list[bytes]:
    accepted = got(hospital, "", WHOLE)
    assert accepted.status_code == 200
    return [file for _, file in parts_of(accepted.headers["content-type"], accepted.content)]


@pytest.mark.parametrize("tag", [(0x20, 0x0D), (0x20, 0x0E), (0x08, 0x18)], ids=["study", "series", "instance"])
@pytest.mark.parametrize("value", HOSTILE_UIDS.values(), ids=HOSTILE_UIDS.keys())
def test_a_hostile_uid_is_refused_and_nothing_is_on_disk(
    hospital: Hospital, tag: tuple[int, int], value: bytes | None
) -> None:
    was = {0x0D: STUDY, 0x0E: SERIES, 0x18: INSTANCE}[tag[1]]
    becomes = b"" if value is None else element(*tag, "UI", value)
    before = set(hospital.journal_directory.parent.rglob("*"))
    answer = stored(hospital, with_element(a_file(a_ct()), element(*tag, "UI", was.encode()), becomes))
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"]
    assert set(hospital.journal_directory.parent.rglob("*")) == before
    assert hospital.client.get("/dicom-web/studies").status_code in (200, 204)


def test_of_a_meta_and_a_data_set_that_disagree_the_data_set_counts(hospital: Hospital) -> None:
    file = a_file(a_ct()).replace(
        element(0x02, 0x03, "UI", INSTANCE.encode()), element(0x02, 0x03, "UI", b"9" * len(INSTANCE))
    )
    assert stored(hospital, file).status_code == 200
    [found] = hospital.client.get(f"/dicom-web/studies/{STUDY}/instances").json()
    assert found["00080018"]["Value"] == [INSTANCE]


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "=cmd|' /C calc'!A1", "@SUM(1)", "a\r\nSet-Cookie: b", "' OR 1=1 --", "*", "^^|~\\&"],
)
def test_text_that_is_code_elsewhere_is_text_here(hospital: Hospital, text: str) -> None:
    id_bytes = text.replace("\\", "").encode()
    file = with_element(a_file(a_ct()), element(0x10, 0x20, "LO", b"P-1"), element(0x10, 0x20, "LO", id_bytes))
    with capture_logs() as logs:
        assert stored(hospital, file, a_file(a_ct(2, study="2.25.2001", series="2.25.2002"))).status_code == 200
        answer = hospital.client.get("/dicom-web/studies", params={"PatientID": text.replace("\\", "")})
    found = [study["00100020"]["Value"][0] for study in answer.json()]
    assert id_bytes.decode() in found
    assert found == [id_bytes.decode()] or text == "*"
    assert answer.headers["content-type"].startswith("application/dicom+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert id_bytes.decode() not in str(logs)
    with hospital.database.transaction(hospital.institution_id) as connection:
        assert connection.execute("SELECT count(*) FROM patient").fetchone() == (2,)


@pytest.mark.parametrize(
    "preamble",
    [b"MZ\x90\0" + b"\x3c" * 124, b"<html><script>alert(1)</script>".ljust(128), b"II*\0\x08\0\0\0".ljust(128, b"\1")],
    ids=["program", "html", "tiff"],
)
def test_a_preamble_does_not_go_out_again(hospital: Hospital, preamble: bytes) -> None:
    """A file that is a program, a page or a picture too (CVE-2019-11687) is none any more."""
    file = a_file(a_ct())
    assert stored(hospital, preamble + file[128:]).status_code == 200
    answer = got(hospital, f"/series/{SERIES}/instances/{INSTANCE}", "application/dicom; transfer-syntax=*")
    assert answer.content[:132] == bytes(128) + b"DICM"
    assert answer.headers["content-type"].startswith("application/dicom")
    assert answer.headers["x-content-type-options"] == "nosniff"


def shaped(**values: int) -> bytes:
    """A CT file whose 16-bit attributes lie."""
    file = a_file(a_ct())
    was = {"Rows": (0x10, 16), "Columns": (0x11, 12), "BitsAllocated": (0x100, 16), "BitsStored": (0x101, 16)}
    was |= {"HighBit": (0x102, 15), "SamplesPerPixel": (0x02, 1)}
    for keyword, value in values.items():
        if keyword == "NumberOfFrames":
            file = with_element(file, element(0x28, 0x08, "IS", b"1"), element(0x28, 0x08, "IS", str(value).encode()))
            continue
        number, before = was[keyword]
        old = element(0x28, number, "US", struct.pack("<H", before))
        file = with_element(file, old, element(0x28, number, "US", struct.pack("<H", value)))
    return file


LYING_SHAPES = {
    "65535 rows and columns": {"Rows": 65535, "Columns": 65535},
    "no rows": {"Rows": 0},
    "two thousand million frames": {"NumberOfFrames": 2**31 - 1},
    "negative frames": {"NumberOfFrames": -1},
    "no bits": {"BitsAllocated": 0, "BitsStored": 0},
    "65535 bits": {"BitsAllocated": 65535, "BitsStored": 65535, "HighBit": 65534},
    "more stored than allocated": {"BitsStored": 17},
    "65535 samples": {"SamplesPerPixel": 65535},
}


@pytest.mark.parametrize("shape", LYING_SHAPES.values(), ids=LYING_SHAPES.keys())
def test_an_image_that_lies_about_its_shape_is_kept_and_asking_for_it_is_a_clear_error(
    hospital: Hospital, shape: dict[str, int]
) -> None:
    file = shaped(**shape)
    assert stored(hospital, file).status_code in (200, 202)
    place = f"/series/{SERIES}/instances/{INSTANCE}"
    tracemalloc.start()
    answers = [
        got(hospital, f"{place}/frames/1", 'multipart/related; type="application/octet-stream"'),
        got(hospital, f"{place}/frames/2147483647", 'multipart/related; type="application/octet-stream"'),
        got(hospital, f"{place}/rendered", "image/jpeg"),
        got(hospital, f"{place}/metadata", "application/dicom+json"),
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert answers[1].status_code in (400, 404, 406, 409, 415, 422)
    assert answers[3].status_code == 200
    assert peak < 64 << 20
    assert len(hospital.seal()) == 1
    assert got(hospital, f"{place}/rendered", "image/jpeg").status_code < 500
    assert got(hospital, f"{place}/bulkdata/7FE00010").status_code < 500
    [held] = held_files(hospital)
    assert held.endswith(file[-400:])


def encapsulated(syntax: str, frame: bytes) -> bytes:
    ds = a_ct()
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].is_undefined_length = True
    return a_file(ds, syntax)


def a_jpeg_2000_head(width: int, height: int) -> bytes:
    """SOC, SIZ of this size, then nothing."""
    siz = struct.pack(">HHIIIIIIIIH", 0, 0, width, height, 0, 0, width, height, 0, 0, 1) + b"\x0f\1\1"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(siz) + 2) + siz


LYING_STREAMS = {
    "rle that names segments beyond its end": (RLELossless, struct.pack("<16I", 15, *[2**31] * 15) + bytes(64)),
    "rle that repeats for ever": (RLELossless, struct.pack("<16I", 2, 64, 66, *[0] * 13) + b"\x81\0" * 200_000),
    "jpeg of 65535 x 65535": (JPEGBaseline8Bit, b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xd9"),
    "jpeg 2000 of 2^31": (JPEG2000Lossless, a_jpeg_2000_head(2**31 - 1, 2**31 - 1)),
    "jpeg 2000 cut after its head": (JPEG2000Lossless, a_jpeg_2000_head(12, 16)),
    "jpeg-ls of 65535": (JPEGLSLossless, b"\xff\xd8\xff\xf7\0\x0b\x10\xff\xff\xff\xff\1\1\x11\0\xff\xd9"),
    "next to nothing": (JPEG2000Lossless, bytes(2)),
    "noise": (JPEGLSLossless, np.random.default_rng(1).bytes(5000)),
}


@pytest.mark.parametrize("case", LYING_STREAMS.values(), ids=LYING_STREAMS.keys())
def test_a_code_stream_that_lies_costs_its_frame_and_nothing_else(hospital: Hospital, case: tuple[str, bytes]) -> None:
    syntax, frame = case
    assert stored(hospital, encapsulated(syntax, frame), a_file(a_ct(2))).status_code in (200, 202)
    place = f"/series/{SERIES}/instances/{INSTANCE}"
    for suffix, accept in (("/frames/1", "application/octet-stream; transfer-syntax=*"), ("/rendered", "image/png")):
        assert got(hospital, place + suffix, accept).status_code < 500
    assert got(hospital, f"/series/{SERIES}/instances/{SERIES}.2/rendered", "image/png").status_code == 200
    assert len(held_files(hospital)) == 2


@pytest.mark.parametrize("table", [b"\xff" * 4, b"\0\0\0\0\xff\xff\xff\x7f", b"\1"], ids=["beyond", "two", "odd"])
def test_a_bad_offset_table_costs_its_frames_and_nothing_else(hospital: Hospital, table: bytes) -> None:
    whole = encapsulated(RLELossless, bytes(66))
    at = (
        whole.rindex(b"\xfe\xff\x00\xe0\0\0\0\0")
        if b"\xfe\xff\x00\xe0\0\0\0\0" in whole
        else whole.rindex(b"OB\0\0") + 8
    )
    end = at + 8 + struct.unpack_from("<I", whole, at + 4)[0]
    file = whole[:at] + b"\xfe\xff\x00\xe0" + struct.pack("<I", len(table)) + table + whole[end:]
    answer = stored(hospital, file, a_file(a_ct(2)))
    assert answer.status_code in (200, 202)
    assert got(hospital, f"/series/{SERIES}/instances/{SERIES}.2/rendered", "image/png").status_code == 200
    for number in (1, 2):
        assert got(hospital, f"/series/{SERIES}/instances/{INSTANCE}/frames/{number}").status_code < 500


def test_fragments_without_their_delimiter_are_refused_or_kept_whole(hospital: Hospital) -> None:
    file = encapsulated(RLELossless, bytes(66))
    assert file.endswith(b"\xfe\xff\xdd\xe0\0\0\0\0")
    answer = stored(hospital, file[:-8])
    assert answer.status_code == 409
    assert hospital.client.get("/dicom-web/studies").content in (b"", b"[]")


def test_four_thousand_private_elements_come_back_bit_for_bit(hospital: Hospital) -> None:
    ds = a_ct()
    ds.add_new((0x0011, 0x0010), "LO", "A MAKER")
    for number in range(4095):
        ds.add_new((0x1001 + 2 * (number // 240), 0x1000 + number % 240), "UN", struct.pack("<I", number))
    file = a_file(ds)
    assert stored(hospital, file).status_code == 200
    [held] = held_files(hospital)
    begin = file.index(b"\x08\0\x05\0CS")
    assert held[held.index(b"\x08\0\x05\0CS") :] == file[begin:]


def test_of_a_tag_that_comes_twice_the_first_counts_everywhere(hospital: Hospital) -> None:
    first, second = element(0x10, 0x20, "LO", b"P-1"), element(0x10, 0x20, "LO", b"OTHER")
    file = with_element(a_file(a_ct()), first, first + second)
    assert stored(hospital, file).status_code in (200, 202)
    [found] = hospital.client.get("/dicom-web/studies").json()
    [described] = got(hospital, "/metadata", "application/dicom+json").json()
    assert [each["00100020"]["Value"] for each in (found, described)] == [["P-1"], ["P-1"]]
    assert hospital.client.get("/dicom-web/studies", params={"PatientID": "OTHER"}).content in (b"", b"[]")
    [held] = held_files(hospital)
    assert first + second in held


def test_tags_out_of_order_are_read_alike_everywhere(hospital: Hospital) -> None:
    patient = element(0x10, 0x20, "LO", b"P-1")
    file = a_file(a_ct())
    at = file.rindex(element(0x28, 0x02, "US", b"\1\0"))
    moved = with_element(file[:at], patient, b"") + patient + file[at:]
    assert stored(hospital, moved).status_code == 200
    [found] = hospital.client.get("/dicom-web/studies", params={"PatientID": "P-1"}).json()
    [described] = got(hospital, "/metadata", "application/dicom+json").json()
    assert found["00100020"] == described["00100020"]


DOCUMENTS = {
    "pdf with a script": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF",
    "html that says it is pdf": b"<html><script>alert(document.cookie)</script></html>",
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_never_comes_as_a_page_of_ours(hospital: Hospital, content: bytes) -> None:
    ds = Dataset()
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "PatientName"):
        setattr(ds, keyword, getattr(a_ct(), keyword))
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.104.1", "DOC"
    ds.MIMETypeOfEncapsulatedDocument = "text/html"
    ds.EncapsulatedDocument = content.ljust(2048)
    assert stored(hospital, a_file(ds)).status_code == 200
    place = f"/series/{SERIES}/instances/{INSTANCE}"
    for suffix in ("", "/rendered", "/thumbnail", "/bulkdata/00420011", "/bulkdata"):
        for accept in ("*/*", "text/html", "application/pdf"):
            answer = got(hospital, place + suffix, accept)
            kind = answer.headers.get("content-type", "")
            assert answer.status_code < 500
            assert "html" not in kind and (answer.status_code >= 400 or "pdf" not in kind), (suffix, accept, kind)
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("cut", ["in the meta", "in the data set", "in the pixels", "bare data set"])
def test_a_cut_or_bare_file_is_refused_with_its_reason_and_the_next_is_stored(hospital: Hospital, cut: str) -> None:
    file = a_file(a_ct())
    torn = {
        "in the meta": file[:180],
        "in the data set": file[:-600],
        "in the pixels": file[:-10],
        "bare data set": file[file.index(b"\x08\0\x05\0CS") :],
    }[cut]
    answer = stored(hospital, torn, a_file(a_ct(2)))
    assert answer.status_code == 202
    report = answer.json()
    failures = report.get("00081198") or report["0008119A"]  # without UIDs it is among Other Failures
    assert len(failures["Value"]) == 1
    assert len(held_files(hospital)) == 1


def test_an_unknown_transfer_syntax_and_a_private_class_are_kept_opaque_or_refused(hospital: Hospital) -> None:
    known, made_up = b"1.2.840.10008.1.2.1\0", b"1.2.3.4.5.6.7.8.9.10"
    unknown = a_file(a_ct()).replace(element(0x02, 0x10, "UI", known), element(0x02, 0x10, "UI", made_up))
    private = a_ct(2)
    private.SOPClassUID = "1.2.3.4.5.99"
    answer = stored(hospital, unknown, a_file(private))
    assert answer.status_code in (200, 202, 409)
    if answer.status_code == 409:
        return
    for number in (1, 2):
        place = f"/series/{SERIES}/instances/{SERIES}.{number}"
        for suffix, accept in (("", WHOLE), ("/rendered", "image/png"), ("/metadata", "application/dicom+json")):
            assert got(hospital, place + suffix, accept).status_code < 500


def test_values_that_do_not_parse_are_kept_with_a_warning_and_not_sought(hospital: Hospital) -> None:
    file = with_element(a_file(a_ct()), element(0x08, 0x20, "DA", b"20240131"), element(0x08, 0x20, "DA", b"31.01.24"))
    file = with_element(file, element(0x20, 0x13, "IS", b"1"), element(0x20, 0x13, "IS", b"one"))
    assert stored(hospital, file).status_code in (200, 202)
    [found] = hospital.client.get("/dicom-web/studies").json()
    assert found["00080020"].get("Value", [""])[0] in ("", "31.01.24")
    with hospital.database.transaction(hospital.institution_id) as connection:
        [(warnings,)] = connection.execute("SELECT warnings FROM instance").fetchall()
    assert {"study-date-invalid", "instance-number-invalid"} <= set(str(warnings).split())
    [held] = held_files(hospital)
    assert b"31.01.24" in held
