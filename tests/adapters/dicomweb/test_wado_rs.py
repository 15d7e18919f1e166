"""WADO-RS: transfer syntaxes by quality, ZIP, ranges, video, all bulk data, pictures of a series."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb.errors import RangeNotSatisfiable
from isocenter.adapters.dicomweb.ranges import requested_range
from isocenter.standards.dicom.native_model import native_model

STUDY_URL = f"/dicom-web/studies/{STUDY}"
SERIES_URL = f"{STUDY_URL}/series/{SERIES}"
MPEG4 = "1.2.840.10008.1.2.4.102"
VIDEO_URL = f"{SERIES_URL}/instances/{SERIES}.1"
STREAM = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40


def store(hospital: Hospital, *files: bytes) -> None:
    body, headers = a_body(files)
    answer = hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


def a_video() -> bytes:
    ds = a_ct(1, frames=50, pixels=np.zeros((50, 4, 4), np.int16))
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
    ds.PixelData = encapsulate([STREAM])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return a_file(ds, MPEG4)


def smooth(number: int) -> np.ndarray:
    across = np.linspace(0, 900, 64)
    return (across[None, :, None] + across[None, None, :] + number).astype(np.int16)


@pytest.mark.parametrize("media_type", ["video/mp4", "video/*", "*/*", "application/octet-stream"])
@pytest.mark.parametrize("resource", ["/bulkdata/7FE00010", "/rendered"])
def test_a_video_is_its_stream_alone(hospital: Hospital, resource: str, media_type: str) -> None:
    store(hospital, a_video())
    answer = hospital.client.get(VIDEO_URL + resource, headers={"accept": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.content[: len(STREAM)] == STREAM
    expected = "application/octet-stream" if media_type == "application/octet-stream" else "video/mp4"
    assert answer.headers["content-type"] == expected


def test_a_player_gets_the_part_of_a_video_that_it_asks_for(hospital: Hospital) -> None:
    store(hospital, a_video())
    url = f"{VIDEO_URL}/rendered"
    part = hospital.client.get(url, headers={"accept": "video/mp4", "range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, STREAM[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(STREAM)}"
    assert part.headers["accept-ranges"] == "bytes"
    beyond = hospital.client.get(url, headers={"accept": "video/mp4", "range": f"bytes={len(STREAM)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(STREAM)}")
    frame = hospital.client.get(f"{VIDEO_URL}/frames/1", headers={"accept": "video/mp4"})
    assert (frame.headers["content-type"].partition(";")[0], frame.content) == ("video/mp4", STREAM)
    assert hospital.client.get(url, headers={"accept": "image/jpeg"}).status_code == 406


def test_a_video_goes_out_as_stored_where_no_transfer_syntax_is_named(hospital: Hospital) -> None:
    store(hospital, a_video())
    answer = hospital.client.get(VIDEO_URL, headers={"accept": "application/dicom"})
    assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={MPEG4}"
    named = hospital.client.get(VIDEO_URL, headers={"accept": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"})
    assert named.status_code == 406


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=50-1000", (50, 100)),
        ("bytes=9-3", None),
        ("bytes=0-1,3-4", None),
        ("bytes=" + "0-1," * 5000, None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1" + "0" * 40 + "-", None),
        ("lines=0-9", None),
        ("", None),
    ],
)
def test_a_range_header_is_read_as_the_standard_says(asked: str, expected: tuple[int, int] | None) -> None:
    assert requested_range(asked, 100) == expected


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_range(asked, 100)


def test_bulk_data_of_a_header_and_of_native_pixels_comes_in_ranges(hospital: Hospital) -> None:
    value = bytes(range(256)) * 8
    ds = a_ct(1, EncapsulatedDocument=value)
    store(hospital, a_file(ds))
    alone = {"accept": "application/octet-stream", "range": "bytes=250-259"}
    found = hospital.client.get(f"{VIDEO_URL}/bulkdata/00420011", headers=alone)
    assert (found.status_code, found.content) == (206, value[250:260])
    pixels = hospital.client.get(f"{VIDEO_URL}/bulkdata/7FE00010", headers=alone)
    assert (pixels.status_code, pixels.content) == (206, ds.PixelData[250:260])


@pytest.mark.parametrize("level", [STUDY_URL, SERIES_URL, VIDEO_URL])
def test_all_bulk_data_of_a_level_comes_with_the_addresses_of_the_metadata(hospital: Hospital, level: str) -> None:
    value = bytes(range(256)) * 8
    ds = a_ct(1, EncapsulatedDocument=value)
    store(hospital, a_file(ds))
    answer = hospital.client.get(f"{level}/bulkdata")
    found = {
        headers["content-location"]: content
        for headers, content in parts_of(answer.headers["content-type"], answer.content)
    }
    metadata = hospital.client.get(f"{level}/metadata").json()[0]
    assert found[metadata["00420011"]["BulkDataURI"]] == value
    assert found[metadata["7FE00010"]["BulkDataURI"]] == ds.PixelData
    pixels = hospital.client.get(f"{level}/pixeldata")
    [(headers, content)] = parts_of(pixels.headers["content-type"], pixels.content)
    assert headers["content-location"] == metadata["7FE00010"]["BulkDataURI"]
    assert content == ds.PixelData


@pytest.mark.parametrize("level", [STUDY_URL, SERIES_URL, VIDEO_URL])
def test_every_level_comes_as_a_zip(hospital: Hospital, level: str) -> None:
    store(hospital, a_file(a_ct(1)), a_file(a_ct(2)))
    answer = hospital.client.get(level, headers={"accept": "application/zip; transfer-syntax=*"})
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        objects = [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert [ds.InstanceNumber for ds in objects] == ([1] if level == VIDEO_URL else [1, 2])


def test_sealed_objects_come_decoded_in_a_zip_and_as_parts_named_by_what_they_are(hospital: Hospital) -> None:
    store(hospital, *(a_file(a_ct(number, pixels=smooth(number))) for number in (1, 2, 3, 4, 5)))
    hospital.seal()
    hospital.lose_journal()
    zipped = hospital.client.get(SERIES_URL, headers={"accept": "application/zip"})
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        pixels = [dcmread(io.BytesIO(archive.read(name))).PixelData for name in archive.namelist()]
    assert pixels == [smooth(number).tobytes() for number in (1, 2, 3, 4, 5)]
    answer = hospital.client.get(SERIES_URL)
    parts = parts_of(answer.headers["content-type"], answer.content)
    assert [dcmread(io.BytesIO(content)).PixelData for _, content in parts] == pixels
    assert {headers["content-type"] for headers, _ in parts} == {
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    }


def test_the_transfer_syntax_that_is_wanted_most_and_can_be_given_is_given(hospital: Hospital) -> None:
    store(hospital, a_file(a_ct(1)))
    one = 'multipart/related; type="application/dicom"; transfer-syntax='
    accept = f"{one}1.2.840.10008.1.2.4.80; q=0.9, {one}1.2.840.10008.1.2.1; q=0.2"
    answer = hospital.client.get(SERIES_URL, headers={"accept": accept})
    [(headers, _)] = parts_of(answer.headers["content-type"], answer.content)
    assert headers["content-type"].endswith("1.2.840.10008.1.2.1")
    only = hospital.client.get(SERIES_URL, headers={"accept": f"{one}1.2.840.10008.1.2.4.80"})
    assert (only.status_code, only.json()["error"]["reason"]) == (406, "not-acceptable")


def test_pictures_of_a_series_come_as_parts_when_parts_are_asked_for(hospital: Hospital) -> None:
    store(hospital, a_file(a_ct(1, frames=2)), a_file(a_ct(2)))
    accept = {"accept": 'multipart/related; type="image/png"'}
    for level in (STUDY_URL, SERIES_URL):
        answer = hospital.client.get(f"{level}/rendered", headers=accept)
        parts = parts_of(answer.headers["content-type"], answer.content)
        assert [(headers["content-type"], content[:4]) for headers, content in parts] == [("image/png", b"\x89PNG")] * 3
    two = hospital.client.get(f"{VIDEO_URL}/frames/2,1/rendered?window=1000,500,linear", headers=accept)
    pictures = [content for _, content in parts_of(two.headers["content-type"], two.content)]
    first = hospital.client.get(
        f"{VIDEO_URL}/frames/1/rendered?window=1000,500,linear", headers={"accept": "image/png"}
    )
    assert pictures[1] == first.content != pictures[0]
    assert (
        hospital.client.get(
            f"{VIDEO_URL}/frames/2,1/rendered?window=1000,500,linear", headers={"accept": "image/png"}
        ).status_code
        == 400
    )


def test_annotation_and_profiles_are_left_out_and_the_answer_says_so(hospital: Hospital) -> None:
    store(hospital, a_file(a_ct(1)))
    answer = hospital.client.get(f"{VIDEO_URL}/rendered?annotation=patient,technique&iccprofile=srgb")
    assert answer.status_code == 200
    assert "annotation values are not supported: patient,technique" in answer.headers["warning"]
    assert "iccprofile value is not supported: srgb" in answer.headers["warning"]
    for wrong in ("annotation=name", "iccprofile=cmyk", "window=1,2", "viewport=0,0", "quality=101"):
        assert hospital.client.get(f"{VIDEO_URL}/rendered?{wrong}").status_code == 400


@pytest.mark.parametrize("media_type", ["image/gif", "image/jp2", "image/tiff", "text/html"])
def test_a_picture_format_that_we_do_not_write_is_not_acceptable(hospital: Hospital, media_type: str) -> None:
    store(hospital, a_file(a_ct(1)))
    assert hospital.client.get(f"{SERIES_URL}/rendered", headers={"accept": media_type}).status_code == 406


@pytest.mark.parametrize("path", ["bulkdata/%2e%2e", "bulkdata/7FE00010%00", "bulkdata/" + "00420011/0/" * 40])
def test_bulk_data_by_an_odd_path_is_not_there(hospital: Hospital, path: str) -> None:
    store(hospital, a_file(a_ct(1)))
    answer = hospital.client.get(f"{VIDEO_URL}/{path}")
    assert answer.status_code in (400, 404), answer.text
    assert "Traceback" not in answer.text


def a_report() -> Dataset:
    ds = a_ct(7)
    for keyword in ("PixelData", "Rows", "Columns", "NumberOfFrames", "BitsAllocated"):
        delattr(ds, keyword)
    return ds


def test_a_series_without_pictures_says_so(hospital: Hospital) -> None:
    store(hospital, a_file(a_report()))
    for accept in ("image/png", 'multipart/related; type="image/png"'):
        answer = hospital.client.get(f"{SERIES_URL}/rendered", headers={"accept": accept})
        assert (answer.status_code, answer.json()["error"]["reason"]) == (406, "no-pixels")


@pytest.mark.parametrize("level", ["", f"/series/{SERIES}", f"/series/{SERIES}/instances/{SERIES}.1"])
def test_metadata_come_in_xml_too(hospital: Hospital, level: str) -> None:
    store(hospital, a_file(a_ct(1)), a_file(a_ct(2)))
    url = f"/dicom-web/studies/{STUDY}{level}/metadata"
    in_json = hospital.client.get(url).json()
    answer = hospital.client.get(url, headers={"accept": 'multipart/related; type="application/dicom+xml"'})
    parts = parts_of(answer.headers["content-type"], answer.content)
    assert [native_model(model) for model in in_json] == [document for _, document in parts]
    assert {headers["content-type"] for headers, _ in parts} == {"application/dicom+xml"}
    assert f'<BulkData uri="http://testserver/dicom-web/studies/{STUDY}/'.encode() in parts[0][1]
    assert answer.headers["etag"] != hospital.client.get(url).headers["etag"]
    asked = {"accept": 'multipart/related; type="application/dicom+xml"', "if-none-match": answer.headers["etag"]}
    assert hospital.client.get(url, headers=asked).status_code == 304
