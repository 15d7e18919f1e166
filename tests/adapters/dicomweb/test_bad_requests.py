"""Requests that no good client sends: each gets a clear answer, nothing is left over, the next is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file
from tests.adapters.dicomweb.conftest import Hospital

DICOM_MULTIPART = 'multipart/related; type="application/dicom"; boundary=b'
STUDY_URL = f"/dicom-web/studies/{STUDY}"


def post(hospital: Hospital, content: bytes, content_type: str, **headers: str) -> tuple[int, str]:
    answer = hospital.client.post(
        "/dicom-web/studies", content=content, headers={"content-type": content_type, **headers}
    )
    return answer.status_code, answer.json().get("error", {}).get("reason", "")


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b"", DICOM_MULTIPART, (400, "malformed-multipart")),
        (b"--b--", DICOM_MULTIPART, (400, "nothing-to-store")),
        (b"x" * 10_000, DICOM_MULTIPART, (400, "malformed-multipart")),
        (b"--b\r\n\r\n", "multipart/related", (400, "malformed-multipart")),
        (b"--b\r\n\r\n", 'multipart/related; boundary="' + "x" * 71 + '"', (400, "malformed-multipart")),
        (
            b"--b\r\n\r\n",
            'multipart/related; type="text/plain"; boundary=b',
            (415, "unsupported-media-type"),
        ),
        (b"{}", "application/json", (415, "unsupported-media-type")),
        (b"x", "nonsense", (400, "malformed-media-type")),
        (b"", "application/dicom", (400, "nothing-to-store")),
    ],
)
def test_a_body_that_is_no_store_request_is_refused(
    hospital: Hospital, content: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    assert post(hospital, content, content_type) == expected
    store_one(hospital)


def store_one(hospital: Hospital) -> None:
    body, headers = a_body([a_file(a_ct(1))])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200


def test_a_compressed_body_is_refused_unread(hospital: Hospital) -> None:
    assert post(hospital, b"\x1f\x8b" + b"x" * 100, DICOM_MULTIPART, **{"content-encoding": "gzip"})[0] == 415


def test_a_hundred_thousand_parts_are_stopped_at_the_limit(hospital: Hospital) -> None:
    body = b"--b\r\n\r\n\r\n" * 100_000 + b"--b--"
    assert post(hospital, body, DICOM_MULTIPART) == (413, "multipart-too-large")


def test_parts_that_are_no_objects_fail_alone(hospital: Hospital) -> None:
    good = a_file(a_ct(1))
    body, headers = a_body([b"", b"hello", good, good[:400], good[128:]])
    answer = hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    report = answer.json()
    assert answer.status_code == 202
    assert len(report["00081199"]["Value"]) == 1
    failures = [item["00081197"]["Value"][0] for item in report["0008119A"]["Value"]]
    failures += [item["00081197"]["Value"][0] for item in report.get("00081198", {"Value": []})["Value"]]
    assert failures == [0xC000] * 4


def test_parts_of_another_type_fail(hospital: Hospital) -> None:
    body = b"--b\r\nContent-Type: text/html\r\n\r\n<b>\r\n--b--"
    answer = hospital.client.post("/dicom-web/studies", content=body, headers={"content-type": DICOM_MULTIPART})
    assert answer.status_code == 409


def test_objects_before_a_broken_end_are_kept_and_the_client_is_told(hospital: Hospital) -> None:
    body, headers = a_body([a_file(a_ct(1)), a_file(a_ct(2))])
    answer = hospital.client.post("/dicom-web/studies", content=body[:-20], headers=headers)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "malformed-multipart")
    assert len(hospital.client.get(f"{STUDY_URL}/instances").json()) == 1


def test_a_body_in_small_chunks_is_as_good_as_a_whole_one(hospital: Hospital) -> None:
    body, headers = a_body([a_file(a_ct(n)) for n in range(1, 4)])

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    answer = hospital.client.post("/dicom-web/studies", content=chunks(), headers=headers)
    assert answer.status_code == 200
    assert len(hospital.client.get(f"{STUDY_URL}/instances").json()) == 3


def test_a_path_like_uid_is_refused(hospital: Hospital) -> None:
    body, headers = a_body([a_file(a_ct(1)).replace(STUDY.encode(), b"../../a1")])
    answer = hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]


@pytest.mark.parametrize(
    "path",
    [
        "/studies/..%2f..%2fetc",
        "/studies/%2e%2e/metadata",
        "/studies/1.2%00/metadata",
        "/studies/1.2%252f/metadata",
        "/studies/%c0%af/metadata",
        "/studies/" + "1" * 65 + "/metadata",
        "/studies/1.2/series/x/instances/1/frames/1",
        "/studies//metadata",
        "/" + "a/" * 500,
        "/nothing",
        "/studies/1.2/series/1.3/instances/1.4/frames/1/nothing",
    ],
)
def test_odd_paths_are_no_resources(hospital: Hospital, path: str) -> None:
    assert hospital.client.get(f"/dicom-web{path}").status_code in (400, 404)


def test_a_method_that_a_resource_has_not_is_named(hospital: Hospital) -> None:
    answer = hospital.client.delete(STUDY_URL)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert hospital.client.put("/dicom-web/studies").status_code == 405


def test_a_head_request_has_the_headers_and_no_body(hospital: Hospital) -> None:
    store_one(hospital)
    url = f"{STUDY_URL}/series/{SERIES}/instances/{SERIES}.1/frames/1"
    answer = hospital.client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(hospital.client.get(url).content)


@pytest.mark.parametrize("resource", ["", "/metadata", "/thumbnail", "/rendered", "/series"])
def test_an_accept_header_that_nothing_fits_is_answered_with_406(hospital: Hospital, resource: str) -> None:
    store_one(hospital)
    answer = hospital.client.get(f"{STUDY_URL}{resource}", headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (406, "not-acceptable")


def test_a_frame_list_of_ten_thousand_is_refused(hospital: Hospital) -> None:
    store_one(hospital)
    url = f"{STUDY_URL}/series/{SERIES}/instances/{SERIES}.1/frames/" + ",".join(["1"] * 10_000)
    assert hospital.client.get(url).status_code == 400


def test_errors_tell_no_paths_and_no_names(hospital: Hospital) -> None:
    store_one(hospital)
    SEGMENTS = list(hospital.journal_directory.rglob("*.tar"))
    for segment in SEGMENTS:
        segment.unlink()
    hospital.library.files.close()
    url = f"{STUDY_URL}/series/{SERIES}/instances/{SERIES}.1/frames/1"
    answer = hospital.client.get(url)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (503, "bytes-away")
    assert answer.headers["retry-after"]
    assert str(hospital.journal_directory) not in answer.text


@pytest.mark.shared_data
def test_malformed_objects_are_stored_or_refused_with_their_reason(hospital: Hospital, shared_data: Path) -> None:
    for path in sorted((shared_data / "malformed").rglob("*")):
        if not path.is_file():
            continue
        body, headers = a_body([path.read_bytes()])
        answer = hospital.client.post("/dicom-web/studies", content=body, headers=headers)
        assert answer.status_code in (200, 202, 409), (path.name, answer.text)
        report = answer.json()
        for reference in report.get("00081199", {"Value": []})["Value"]:
            if "00081190" not in reference:
                continue  # kept aside
            url = reference["00081190"]["Value"][0].removeprefix("http://testserver")
            for resource, expected in (
                ("", {200}),
                ("/metadata", {200}),
                ("/rendered", {200, 400, 406}),
                ("/frames/1", {200, 400, 404, 406}),
            ):
                found = hospital.client.get(url + resource)
                assert found.status_code in expected, (path.name, resource, found.status_code, found.text[:300])
    store_one(hospital)


def test_a_request_of_which_nothing_fits_the_study_of_its_address_is_a_conflict(hospital: Hospital) -> None:
    body, headers = a_body([a_file(a_ct(n, study="2.25.9", series="2.25.99")) for n in (1, 2)])
    answer = hospital.client.post(STUDY_URL, content=body, headers=headers)
    assert answer.status_code == 409
    report = answer.json()
    assert [item["00081197"]["Value"] for item in report["00081198"]["Value"]] == [[0xA901]] * 2
    assert {item["00081155"]["Value"][0] for item in report["00081198"]["Value"]} == {"2.25.99.1", "2.25.99.2"}
    assert "00081199" not in report
    assert hospital.client.get("/dicom-web/studies/2.25.9/metadata").status_code == 404


def test_metadata_with_bulk_data_apart_is_not_taken(hospital: Hospital) -> None:
    content_type = 'multipart/related; type="text/plain"; boundary=b'
    body = b"--b\r\nContent-Type: application/dicom+json\r\n\r\n[]\r\n--b--"
    assert post(hospital, body, content_type) == (415, "unsupported-media-type")
