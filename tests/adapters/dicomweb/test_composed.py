"""STOW-RS of metadata and bulk data (PS3.18 10.5.1): what is composed is an object that others read."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.adapters.dicomweb.builders import CT, SERIES, STUDY, a_ct
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.standards.dicom.native_model import native_model
from isocenter.wire.multipart import closing, part_head

JSON, XML = "application/dicom+json", "application/dicom+xml"
PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.4"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
URL = "/dicom-web/studies"
RGB = (np.arange(40 * 60 * 3).reshape(40, 60, 3) % 256).astype(np.uint8)
Part = tuple[str, str, bytes]
"""Content-Type, Content-Location, bytes."""


def model_of(sop_class_uid: str, uid: str, **elements: Any) -> dict[str, Any]:
    """Metadata as a small program writes them. elements: tags as _gggggeee."""
    values = {
        "00080016": ("UI", [sop_class_uid]),
        "00080018": ("UI", [uid]),
        "0020000D": ("UI", [STUDY]),
        "0020000E": ("UI", [f"{SERIES}.9"]),
        "00080060": ("CS", ["XC"]),
        "00100010": ("PN", [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]),
        "00100020": ("LO", ["P-1"]),
    }
    model: dict[str, Any] = {tag: {"vr": vr, "Value": value} for tag, (vr, value) in values.items()}
    return model | {tag.removeprefix("_"): element for tag, element in elements.items()}


def bulk(uri: str, vr: str = "OB") -> dict[str, Any]:
    return {"vr": vr, "BulkDataURI": uri}


def post(
    hospital: Hospital, models: Sequence[dict[str, Any]], parts: Sequence[Part], kind: str = JSON, to: str = URL
) -> Any:
    documents = [json.dumps(list(models)).encode()] if kind == JSON else [native_model(model) for model in models]
    everything = [(kind, "", document) for document in documents] + list(parts)
    body = b""
    for number, (content_type, location, content) in enumerate(everything):
        headers = [("Content-Type", content_type)] + ([("Content-Location", location)] if location else [])
        body += part_head(b"b", headers, first=number == 0) + content
    body += closing(b"b")
    return hospital.client.post(
        to, content=body, headers={"content-type": f'multipart/related; type="{kind}"; boundary=b', "accept": JSON}
    )


def stored(hospital: Hospital, uid: str) -> Dataset:
    """The object as it lies in the archive, read by pydicom."""
    answer = hospital.client.get(
        f"{URL}/{STUDY}/series/{SERIES}.9/instances/{uid}", headers={"accept": "application/dicom; transfer-syntax=*"}
    )
    assert answer.status_code == 200, answer.text
    return pydicom.dcmread(io.BytesIO(answer.content))


@pytest.mark.parametrize("kind", [JSON, XML])
def test_a_photograph_is_stored_as_the_jpeg_it_is(hospital: Hospital, kind: str, tmp_path: Path) -> None:
    photograph = imagecodecs.jpeg8_encode(RGB, level=95, subsampling="420")
    model = model_of(PHOTOGRAPH, "2.25.1", _7FE00010=bulk("photograph.jpg"))
    answer = post(hospital, [model], [("image/jpeg", "photograph.jpg", photograph)], kind)
    assert answer.status_code == 200, answer.text
    assert answer.json()["00081199"]["Value"][0]["00081155"]["Value"] == ["2.25.1"]
    ds = stored(hospital, "2.25.1")
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert (ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation) == (40, 60, 3, "YBR_FULL_422")
    assert (ds.BitsAllocated, ds.LossyImageCompression) == (8, "01")
    assert str(ds.PatientName) == "Wang^XiaoDong=王^小东"
    assert photograph in ds.PixelData
    assert np.abs(ds.pixel_array.astype(int) - RGB).mean() < 12
    (tmp_path / "a.dcm").write_bytes(_file(hospital, "2.25.1"))
    subprocess.run(["dcmj2pnm", "--write-bmp", tmp_path / "a.dcm", tmp_path / "a.bmp"], check=True)
    picture = hospital.client.get(
        f"{URL}/{STUDY}/series/{SERIES}.9/instances/2.25.1/rendered", headers={"accept": "image/jpeg"}
    )
    assert imagecodecs.jpeg8_decode(picture.content).shape == (40, 60, 3)


def _file(hospital: Hospital, uid: str) -> bytes:
    url = f"{URL}/{STUDY}/series/{SERIES}.9/instances/{uid}"
    return bytes(hospital.client.get(url, headers={"accept": "application/dicom; transfer-syntax=*"}).content)


@pytest.mark.parametrize("kind", [JSON, XML])
def test_a_document_is_stored_byte_for_byte(hospital: Hospital, kind: str) -> None:
    document = b"%PDF-1.7 " + bytes(range(256)) * 9001 + b"\n%%EOF"  # longer than what waits in memory, odd
    model = model_of(
        ENCAPSULATED_PDF,
        "2.25.2",
        _00420011=bulk("cid:report"),
        _00420012={"vr": "LO", "Value": ["application/pdf"]},
        _00420015={"vr": "UL", "Value": [len(document)]},
    )
    answer = post(hospital, [model], [("application/pdf", "cid:report", document)], kind)
    assert answer.status_code == 200, answer.text
    ds = stored(hospital, "2.25.2")
    assert ds.EncapsulatedDocument == document + b"\0" * (len(document) % 2)
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_native_pixels_and_frames_of_their_own(hospital: Hospital) -> None:
    native = a_ct(1, frames=3)
    pixels = bytes(native.PixelData)
    described = json.loads(native.to_json(bulk_data_threshold=64, bulk_data_element_handler=lambda _: "pixels"))
    described["0020000E"]["Value"] = [f"{SERIES}.9"]
    frames = [imagecodecs.jpegls_encode(np.full((8, 10), 40 * number, np.uint8)) for number in range(4)]
    ordered = model_of(MULTI_FRAME, "2.25.3", _7FE00010=bulk("frames"))
    answer = post(
        hospital,
        [described, ordered],
        [("application/octet-stream", "pixels", pixels), *(("image/jls", "frames", frame) for frame in frames)],
    )
    assert answer.status_code == 200, answer.text
    assert stored(hospital, f"{SERIES}.1").PixelData == pixels
    ds = stored(hospital, "2.25.3")
    assert (ds.file_meta.TransferSyntaxUID, ds.NumberOfFrames) == ("1.2.840.10008.1.2.4.80", 4)
    assert [int(frame.mean()) for frame in ds.pixel_array] == [0, 40, 80, 120]


def test_what_its_maker_says_of_an_image_stands(hospital: Hospital) -> None:
    """A JP2 file is stored as its code stream; attributes that are there are not made again."""
    grey = (np.arange(40 * 60).reshape(40, 60) % 200).astype(np.uint16)
    picture = imagecodecs.jpeg2k_encode(grey, codecformat="jp2", reversible=True, level=0)
    model = model_of(PHOTOGRAPH, "2.25.4", _7FE00010=bulk("x"), _00280004={"vr": "CS", "Value": ["MONOCHROME1"]})
    assert post(hospital, [model], [("image/jp2", "x", picture)]).status_code == 200
    ds = stored(hospital, "2.25.4")
    assert (ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation) == ("1.2.840.10008.1.2.4.90", "MONOCHROME1")
    assert np.array_equal(ds.pixel_array, grey)


def test_what_does_not_say_what_it_is_is_taken_as_it_is_told(hospital: Hospital) -> None:
    """RLE and JPEG XL frames, described by their maker; a transfer syntax of "*" tells nothing."""
    described = {
        "_00280002": {"vr": "US", "Value": [1]},
        "_00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "_00280010": {"vr": "US", "Value": [8]},
        "_00280011": {"vr": "US", "Value": [10]},
        "_00280100": {"vr": "US", "Value": [8]},
        "_00280101": {"vr": "US", "Value": [8]},
        "_00280102": {"vr": "US", "Value": [7]},
        "_00280103": {"vr": "US", "Value": [0]},
    }
    grey = np.arange(80, dtype=np.uint8).reshape(8, 10)
    plain = Dataset()
    plain.file_meta = pydicom.dataset.FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    plain.Rows, plain.Columns, plain.SamplesPerPixel, plain.PhotometricInterpretation = 8, 10, 1, "MONOCHROME2"
    plain.BitsAllocated, plain.BitsStored, plain.HighBit, plain.PixelRepresentation = 8, 8, 7, 0
    plain.PixelData = grey.tobytes()
    plain.compress(pydicom.uid.RLELossless)
    rle = next(pydicom.encaps.generate_frames(plain.PixelData, number_of_frames=1))
    jpeg_xl = imagecodecs.jpegxl_encode(grey, lossless=True)
    jpeg = imagecodecs.jpeg8_encode(grey, level=98)
    models = [model_of(PHOTOGRAPH, f"2.25.2{n}", **described, _7FE00010=bulk(f"{n}")) for n in range(4)]
    parts = [
        ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5", "0", rle),
        ("image/dicom-rle", "1", rle),
        ("image/jxl; transfer-syntax=1.2.840.10008.1.2.4.110", "2", jpeg_xl),
        ("image/jpeg; transfer-syntax=*", "3", jpeg),
    ]
    answer = post(hospital, models, parts)
    assert answer.status_code == 200, answer.text
    syntaxes = [str(stored(hospital, f"2.25.2{n}").file_meta.TransferSyntaxUID)[18:] for n in range(4)]
    assert syntaxes == ["5", "5", "4.110", "4.50"]
    assert np.array_equal(stored(hospital, "2.25.20").pixel_array, grey)
    assert "LossyImageCompression" not in stored(hospital, "2.25.22")
    for n in range(4):
        frame = f"{URL}/{STUDY}/series/{SERIES}.9/instances/2.25.2{n}/rendered"
        assert hospital.client.get(frame, headers={"accept": "image/png"}).status_code == 200, n


def test_one_value_has_one_part(hospital: Hospital) -> None:
    model = model_of(ENCAPSULATED_PDF, "2.25.30", _00420011=bulk("x"))
    answer = post(hospital, [model], [("application/pdf", "x", b"%PDF"), ("application/pdf", "x", b"%PDF")])
    assert answer.status_code == 409
    assert "Several parts" in answer.json()["00081198"]["Value"][0]["00000902"]["Value"][0]


def test_an_object_without_bulk_data_comes_alone(hospital: Hospital) -> None:
    model = model_of(
        CT, "2.25.5", _00091001={"vr": "OB", "InlineBinary": "AAEC"}, _00090010={"vr": "LO", "Value": ["A"]}
    )
    for body, kind in (
        (json.dumps([model]).encode(), JSON),
        (json.dumps(model).encode(), JSON),
        (native_model(model), XML),
    ):
        answer = hospital.client.post(URL, content=body, headers={"content-type": kind, "accept": XML})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == XML
        assert b'<Value number="1">2.25.5</Value>' in answer.content
    assert stored(hospital, "2.25.5")[0x00091001].value == b"\0\1\2\0"


@pytest.mark.parametrize(
    ("change", "parts", "says"),
    [
        ({"_7FE00010": bulk("photograph.jpg")}, [], "No part has"),
        ({"_7FE00010": bulk("a")}, [("image/jpeg", "a", b"no image")], "no compressed image"),
        ({"_7FE00010": bulk("a")}, [("image/png", "a", b"\x89PNG")], "media type"),
        (
            {"_7FE00010": bulk("a")},
            [("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.90", "a", b"x")],
            "not one of the media type",
        ),
        ({"_00280010": {"vr": "US", "Value": ["many"]}}, [], "00280010: "),
        ({"_00080018": {"vr": "UI", "Value": ["not a uid"]}}, [], "not a valid UID"),
        ({"_0020000D": {"vr": "UI"}}, [], "not a valid UID"),
    ],
)
def test_what_cannot_be_composed_is_refused_and_the_others_are_stored(
    hospital: Hospital, change: dict[str, Any], parts: list[Part], says: str
) -> None:
    bad = model_of(PHOTOGRAPH, "2.25.7", **change)
    answer = post(hospital, [bad, model_of(CT, "2.25.6")], parts)
    assert answer.status_code == 202, answer.text
    report = answer.json()
    assert [one["00081155"]["Value"] for one in report["00081199"]["Value"]] == [["2.25.6"]]
    [failed] = report["00081198"]["Value"]
    assert failed["00081197"]["Value"][0] == 0xC000
    assert says in failed["00000902"]["Value"][0]
    assert hospital.client.get(f"{URL}/{STUDY}/series/{SERIES}.9/instances/2.25.7").status_code == 404


def test_an_object_of_another_study_than_the_address_is_refused(hospital: Hospital) -> None:
    answer = post(hospital, [model_of(CT, "2.25.8")], [], to=f"{URL}/2.25.999")
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA901]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"\xff", b"[" * 100000])
def test_metadata_that_cannot_be_read_are_said(hospital: Hospital, body: bytes) -> None:
    for kind in (JSON, XML):
        answer = hospital.client.post(URL, content=body, headers={"content-type": kind, "accept": JSON})
        assert answer.status_code in (400, 409)
        assert answer.headers["content-type"] in ("application/json", JSON)


def test_metadata_have_a_limit(hospital: Hospital) -> None:
    answer = hospital.client.post(URL, content=b" " * (17 << 20), headers={"content-type": JSON, "accept": JSON})
    assert answer.status_code == 413


def test_a_request_that_breaks_off_stores_what_was_whole(hospital: Hospital) -> None:
    first = model_of(PHOTOGRAPH, "2.25.10", _7FE00010=bulk("one"))
    second = model_of(PHOTOGRAPH, "2.25.11", _7FE00010=bulk("two"))
    photograph = imagecodecs.jpeg8_encode(RGB)
    body = part_head(b"b", [("Content-Type", JSON)], first=True) + json.dumps([first, second]).encode()
    for name in ("one", "two"):
        body += part_head(b"b", [("Content-Type", "image/jpeg"), ("Content-Location", name)], first=False) + photograph
    answer = hospital.client.post(
        URL, content=body, headers={"content-type": f'multipart/related; type="{JSON}"; boundary=b', "accept": JSON}
    )
    assert answer.status_code == 400
    assert stored(hospital, "2.25.10").Rows == 40
    assert hospital.client.get(f"{URL}/{STUDY}/series/{SERIES}.9/instances/2.25.11").status_code == 404


def test_what_is_stored_can_be_stored_again_from_its_own_metadata(hospital: Hospital) -> None:
    """Metadata of ours, with the values fetched from where they say: the same object, in JSON and in XML."""
    ds = a_ct(1)
    described = json.loads(ds.to_json(bulk_data_threshold=64, bulk_data_element_handler=lambda _: "p"))
    described["0020000E"]["Value"] = [f"{SERIES}.9"]
    assert post(hospital, [described], [("application/octet-stream", "p", ds.PixelData)]).status_code == 200
    [metadata] = hospital.client.get(f"{URL}/{STUDY}/metadata").json()
    uri = metadata["7FE00010"]["BulkDataURI"]
    value = hospital.client.get(uri, headers={"accept": "application/octet-stream"}).content
    for kind in (JSON, XML):
        answer = post(hospital, [metadata], [("application/octet-stream", uri, value)], kind)
        assert answer.status_code == 200, answer.text
        assert "00081196" not in answer.json()["00081199"]["Value"][0], "known, and the same"
