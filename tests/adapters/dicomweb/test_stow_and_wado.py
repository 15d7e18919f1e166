"""What is stored over STOW-RS comes back over WADO-RS: objects, frames, metadata, pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.adapters.dicomweb.builders import CT, SERIES, STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital

STUDY_URL = f"/dicom-web/studies/{STUDY}"
SERIES_URL = f"{STUDY_URL}/series/{SERIES}"
ANY_SYNTAX = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def store(hospital: Hospital, *datasets: Dataset, status: int = 200, to: str = "/dicom-web/studies") -> dict:
    body, headers = a_body([a_file(ds) for ds in datasets])
    answer = hospital.client.post(to, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_objects_are_stored_and_the_report_says_so(hospital: Hospital) -> None:
    report = store(hospital, a_ct(1), a_ct(2))
    references = report["00081199"]["Value"]
    assert [item["00081155"]["Value"] for item in references] == [[f"{SERIES}.1"], [f"{SERIES}.2"]]
    assert report["00081190"]["Value"] == [f"http://testserver{STUDY_URL}"]
    assert "00081198" not in report


def test_one_object_alone_is_taken_without_multipart(hospital: Hospital) -> None:
    answer = hospital.client.post(
        "/dicom-web/studies", content=a_file(a_ct(1)), headers={"content-type": "application/dicom"}
    )
    assert answer.status_code == 200


def test_an_object_of_another_study_than_the_address_is_refused_and_the_others_are_stored(hospital: Hospital) -> None:
    report = store(hospital, a_ct(1), a_ct(2, study="2.25.9", series="2.25.99"), status=202, to=STUDY_URL)
    assert len(report["00081199"]["Value"]) == 1
    failed = report["00081198"]["Value"]
    assert failed[0]["00081197"]["Value"] == [0xA901]
    assert hospital.client.get("/dicom-web/studies/2.25.9").status_code == 404


def test_the_same_object_again_is_a_success_and_other_content_is_kept_aside_with_a_warning(hospital: Hospital) -> None:
    store(hospital, a_ct(1))
    assert "00081196" not in store(hospital, a_ct(1))["00081199"]["Value"][0]
    report = store(hospital, a_ct(1, AccessionNumber="A-2"), status=202)
    assert report["00081199"]["Value"][0]["00081196"]["Value"] == [0xB000]


def test_a_native_frame_comes_back_as_its_bytes_with_its_length(hospital: Hospital) -> None:
    ds = a_ct(1, frames=3)
    store(hospital, ds)
    answer = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.1/frames/2", headers={"accept": ANY_SYNTAX})
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["x-content-type-options"] == "nosniff"
    [(headers, content)] = parts_of(answer.headers["content-type"], answer.content)
    assert headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert content == ds.PixelData[384:768]


def test_several_frames_come_in_the_order_asked_for(hospital: Hospital) -> None:
    ds = a_ct(1, frames=3)
    store(hospital, ds)
    answer = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.1/frames/3,1")
    assert int(answer.headers["content-length"]) == len(answer.content)
    contents = [content for _, content in parts_of(answer.headers["content-type"], answer.content)]
    assert contents == [ds.PixelData[768:], ds.PixelData[:384]]


@pytest.mark.parametrize(
    ("frames", "status", "reason"),
    [
        ("4", 404, "unknown-frame"),
        ("0", 400, "bad-parameter"),
        ("x", 400, "bad-parameter"),
        ("1,,2", 400, "bad-parameter"),
    ],
)
def test_frames_that_are_not_there_say_so(hospital: Hospital, frames: str, status: int, reason: str) -> None:
    store(hospital, a_ct(1, frames=3))
    answer = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.1/frames/{frames}")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)


def test_whole_objects_come_back_bit_for_bit(hospital: Hospital) -> None:
    files = [a_file(a_ct(1)), a_file(a_ct(2))]
    body, headers = a_body(files)
    hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    for url in (STUDY_URL, SERIES_URL):
        answer = hospital.client.get(
            url, headers={"accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
        )
        assert int(answer.headers["content-length"]) == len(answer.content)
        parts = parts_of(answer.headers["content-type"], answer.content)
        assert [data_set_bytes(content) for _, content in parts] == [data_set_bytes(file) for file in files]
    alone = hospital.client.get(
        f"{SERIES_URL}/instances/{SERIES}.2", headers={"accept": "application/dicom; transfer-syntax=*"}
    )
    assert alone.headers["content-type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert data_set_bytes(alone.content) == data_set_bytes(files[1])


def data_set_bytes(file: bytes) -> bytes:
    stream = io.BytesIO(file)
    dcmread(stream, stop_before_pixels=True, specific_tags=[])
    length = int.from_bytes(file[140:144], "little")
    return file[144 + length :]


def test_metadata_names_pixel_data_by_an_address_that_works(hospital: Hospital) -> None:
    store(hospital, a_ct(1), a_ct(2))
    answer = hospital.client.get(f"{SERIES_URL}/metadata", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    found = answer.json()
    assert [one["00080018"]["Value"] for one in found] == [[f"{SERIES}.1"], [f"{SERIES}.2"]]
    assert found[0]["00100010"]["Value"] == [{"Alphabetic": "Müller^Änne"}]
    assert found[0]["00080005"]["Value"] == ["ISO_IR 192"]
    bulk = hospital.client.get(found[0]["7FE00010"]["BulkDataURI"])
    assert parts_of(bulk.headers["content-type"], bulk.content)[0][1] == a_ct(1).PixelData


def test_metadata_is_not_sent_again_when_the_client_has_it(hospital: Hospital) -> None:
    store(hospital, a_ct(1))
    first = hospital.client.get(f"{STUDY_URL}/metadata")
    again = hospital.client.get(f"{STUDY_URL}/metadata", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_long_binary_values_are_bulk_data(hospital: Hospital) -> None:
    value = bytes(range(256)) * 8
    store(hospital, a_ct(1, EncapsulatedDocument=value))
    found = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.1/metadata").json()[0]
    uri = found["00420011"]["BulkDataURI"]
    answer = hospital.client.get(uri, headers={"accept": "application/octet-stream"})
    assert answer.content == value
    assert hospital.client.get(uri.replace("00420011", "00420012")).status_code == 404
    assert hospital.client.get(uri.replace("00420011", "..%2f..")).status_code == 404


def test_a_rendered_frame_is_a_picture_with_the_window_asked_for(hospital: Hospital) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    pixels = np.full((1, 16, 12), 100, np.int16)
    pixels[0, :, 6:] = 300
    store(hospital, a_ct(1, pixels=pixels))
    url = f"{SERIES_URL}/instances/{SERIES}.1/frames/1/rendered"
    answer = hospital.client.get(f"{url}?window=200,200,linear-exact", headers={"accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    picture = imagecodecs.png_decode(answer.content)
    assert (picture[:, :6] == 0).all()
    assert (picture[:, 6:] == 255).all()
    again = hospital.client.get(
        f"{url}?window=200,200,linear-exact",
        headers={"accept": "image/png", "if-none-match": answer.headers["etag"]},
    )
    assert again.status_code == 304


@pytest.mark.parametrize("level", [STUDY_URL, SERIES_URL, f"{SERIES_URL}/instances/{SERIES}.1"])
@pytest.mark.parametrize("what", ["rendered", "thumbnail"])
def test_every_level_has_a_picture(hospital: Hospital, level: str, what: str) -> None:
    store(hospital, a_ct(1))
    answer = hospital.client.get(f"{level}/{what}")
    assert answer.status_code == 200, answer.text
    assert answer.content[:3] == b"\xff\xd8\xff"


def test_an_object_without_pixels_says_so(hospital: Hospital) -> None:
    ds = a_ct(1)
    for keyword in ("PixelData", "Rows", "Columns", "NumberOfFrames", "BitsAllocated"):
        delattr(ds, keyword)
    store(hospital, ds)
    for what in ("frames/1", "rendered", "thumbnail"):
        answer = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.1/{what}")
        assert (answer.status_code, answer.json()["error"]["reason"]) == (406, "no-pixels")


def test_the_study_of_another_institution_looks_like_none(hospital: Hospital) -> None:
    store(hospital, a_ct(1))
    hospital.client.get(f"{STUDY_URL}/metadata")
    for url in (
        STUDY_URL,
        f"{STUDY_URL}/metadata",
        f"{SERIES_URL}/instances/{SERIES}.1/frames/1",
        f"{STUDY_URL}/thumbnail",
    ):
        other = hospital.client.get(url, headers=hospital.as_other())
        nothing = hospital.client.get(url.replace(STUDY, "2.25.4"), headers=hospital.as_other())
        assert other.status_code == nothing.status_code == 404
        assert other.json()["error"]["reason"] == nothing.json()["error"]["reason"] == "unknown-study"


def test_who_may_store_may_not_therefore_read(hospital: Hospital) -> None:
    store(hospital, a_ct(1))
    answer = hospital.client.get(f"{STUDY_URL}/metadata", headers={"authorization": "Bearer modality"})
    assert answer.status_code == 403
    stranger = hospital.client.get(f"{STUDY_URL}/metadata", headers={"authorization": "Bearer nobody"})
    assert (stranger.status_code, stranger.headers["www-authenticate"][:6]) == (401, "Bearer")


def test_series_and_instances_of_a_study_are_found(hospital: Hospital) -> None:
    store(hospital, a_ct(1), a_ct(2), a_ct(1, series="2.25.1003", Modality="SR", SeriesNumber=9))
    series = hospital.client.get(f"{STUDY_URL}/series").json()
    assert [one["0020000E"]["Value"][0] for one in series] == [SERIES, "2.25.1003"]
    assert series[0]["00201209"]["Value"] == [2]
    assert len(hospital.client.get(f"{STUDY_URL}/series?Modality=SR").json()) == 1
    assert len(hospital.client.get(f"{STUDY_URL}/series?00200011=3").json()) == 1
    instances = hospital.client.get(f"{SERIES_URL}/instances").json()
    assert [one["00200013"]["Value"][0] for one in instances] == [1, 2]
    assert instances[0]["00080016"]["Value"] == [CT]
    assert len(hospital.client.get(f"{STUDY_URL}/instances?limit=1&offset=2").json()) == 1


def test_what_was_just_stored_is_seen_at_once(hospital: Hospital) -> None:
    store(hospital, a_ct(1))
    assert len(hospital.client.get(f"{STUDY_URL}/instances").json()) == 1
    store(hospital, a_ct(2))
    assert hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.2/frames/1").status_code == 200
    assert len(hospital.client.get(f"{STUDY_URL}/instances").json()) == 2
