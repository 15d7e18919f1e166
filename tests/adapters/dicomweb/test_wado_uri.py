"""WADO-URI: the same objects and pictures as WADO-RS gives, asked for by a query."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file
from tests.adapters.dicomweb.conftest import Hospital
from tests.adapters.dicomweb.test_wado_rs import a_report, a_video

INSTANCE = f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1"
RAMP = np.tile(np.arange(64, dtype=np.int16) * 4, (3, 32, 1)) + np.arange(3, dtype=np.int16)[:, None, None] * 100


@pytest.fixture
def images(hospital: Hospital) -> Hospital:
    """One object of three frames, each brighter than the last, dark at the left."""
    body, headers = a_body([a_file(a_ct(1, frames=3, pixels=RAMP))])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    return hospital


def url(query: str = "", uid: str = f"{SERIES}.1", series: str = SERIES) -> str:
    return f"/dicom-web/wado?requestType=WADO&studyUID={STUDY}&seriesUID={series}&objectUID={uid}{query}"


@pytest.mark.parametrize(
    ("query", "over_rs", "accept"),
    [
        ("", "/frames/1/rendered", "image/jpeg"),
        ("&frameNumber=3", "/frames/3/rendered", "image/jpeg"),
        ("&contentType=image/png", "/frames/1/rendered", "image/png"),
        ("&contentType=image/gif,image/webp", "/frames/1/rendered", "image/webp"),
        ("&windowCenter=100&windowWidth=50", "/frames/1/rendered?window=100,50,linear", "image/jpeg"),
        ("&rows=16&columns=16&imageQuality=50", "/frames/1/rendered?viewport=16,16&quality=50", "image/jpeg"),
        ("&rows=16", "/frames/1/rendered?viewport=8192,16", "image/jpeg"),
        ("&region=0.5,0,1,0.5", "/frames/1/rendered?viewport=32,16,32,0,32,16", "image/jpeg"),
        ("&contentType=application/dicom", "", "application/dicom"),
        ("&contentType=application/dicom&transferSyntax=*", "", "application/dicom; transfer-syntax=*"),
    ],
)
def test_it_gives_what_wado_rs_gives(images: Hospital, query: str, over_rs: str, accept: str) -> None:
    ours = images.client.get(url(query))
    assert ours.status_code == 200, ours.text
    theirs = images.client.get(INSTANCE + over_rs, headers={"accept": accept})
    assert ours.content == theirs.content
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_the_header_counts_where_the_query_says_nothing(images: Hospital) -> None:
    for asked, accept, given in (
        ("", "image/png", "image/png"),
        ("", "application/dicom", "application/dicom"),
        ("&contentType=image/jpeg", "application/dicom", "image/jpeg"),
    ):
        answer = images.client.get(url(asked), headers={"accept": accept})
        assert answer.headers["content-type"].startswith(given), (asked, accept)


def test_a_region_is_a_part_of_the_image(images: Hospital) -> None:
    left, right = (
        imagecodecs.png_decode(images.client.get(url(f"&contentType=image/png&region={region}")).content)
        for region in ("0,0,0.5,1", "0.5,0,1,1")
    )
    assert left.shape == right.shape == (32, 32)
    assert left.mean() < right.mean()


def test_what_has_no_picture_comes_as_an_object_and_a_video_as_its_stream(hospital: Hospital) -> None:
    report = a_report()
    report.StudyInstanceUID, report.SeriesInstanceUID, report.SOPInstanceUID = STUDY, SERIES, f"{SERIES}.7"
    video = a_video()
    body, headers = a_body([a_file(report), video])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    answer = hospital.client.get(url(uid=f"{SERIES}.7"))
    assert answer.headers["content-type"].startswith("application/dicom")
    assert dcmread(io.BytesIO(answer.content)).SOPInstanceUID == f"{SERIES}.7"
    assert hospital.client.get(url("&contentType=image/jpeg", uid=f"{SERIES}.7")).status_code == 406
    ds = dcmread(io.BytesIO(video))
    streamed = hospital.client.get(
        f"/dicom-web/wado?requestType=WADO&studyUID={ds.StudyInstanceUID}&seriesUID={ds.SeriesInstanceUID}"
        f"&objectUID={ds.SOPInstanceUID}"
    )
    assert streamed.headers["content-type"].startswith("video/")


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/dicom-web/wado", 400, "requestType"),
        (f"/dicom-web/wado?requestType=WADO&studyUID={STUDY}", 400, "seriesUID"),
        (url("&anonymize=yes"), 400, "de-identified"),
        (url("&presentationUID=1.2&presentationSeriesUID=1.3"), 400, "presentation state"),
        (url("&contentType=image/gif"), 406, "image/jpeg"),
        (url("&frameNumber=9"), 404, "frame"),
        (url("&frameNumber=1,2"), 400, "frameNumber"),
        (url("&region=0,0,2,1"), 400, "region"),
        (url("&region=x"), 400, "region"),
        (url("&windowCenter=40"), 400, "window"),
        (url("&rows=0"), 400, "viewport"),
        (url(uid="2.25.404"), 404, "instance"),
        (url(uid="not-a-uid"), 400, "UID"),
        (url(series="2.25.404"), 404, ""),
    ],
)
def test_what_cannot_be_given_is_said(images: Hospital, path: str, status: int, says: str) -> None:
    answer = images.client.get(path)
    assert answer.status_code == status, answer.text
    assert says in answer.text


def test_nobody_sees_more_by_it(images: Hospital) -> None:
    assert images.client.get(url(), headers=images.as_other()).status_code == 404
    assert images.client.get(url(), headers={"authorization": "Bearer modality"}).status_code == 403
    assert images.client.get(url(), headers={"authorization": "Bearer nobody"}).status_code == 401
    assert images.client.post(url()).status_code == 405
