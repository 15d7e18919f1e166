"""Reading over the life of a study: open, sealed and still in the journal, only in packs, with late instances."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb.bulk import MAX_SENDERS
from isocenter.adapters.dicomweb.router import DicomwebService
from isocenter.delivery import own_packs, plain_grey

SERIES_URL = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
NATIVE, HTJ2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.201"


def smooth(number: int) -> np.ndarray:
    """A picture that compresses well."""
    across = np.linspace(0, 900, 128)
    return (across[None, :, None] + across[None, None, :] + number).astype(np.int16)


def store(hospital: Hospital, *numbers: int) -> None:
    body, headers = a_body([a_file(a_ct(number, pixels=smooth(number))) for number in numbers])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200


def frame(hospital: Hospital, number: int, accept: str = STORED) -> tuple[str, bytes]:
    answer = hospital.client.get(f"{SERIES_URL}/instances/{SERIES}.{number}/frames/1", headers={"accept": accept})
    assert answer.status_code == 200, answer.text
    [(headers, content)] = parts_of(answer.headers["content-type"], answer.content)
    return headers["content-type"].partition("transfer-syntax=")[2], content


def test_a_sealed_study_is_served_as_received_while_it_is_in_the_journal_and_from_the_pack_afterwards(
    hospital: Hospital,
) -> None:
    store(hospital, 1, 2)
    before = hospital.client.get(f"{SERIES_URL}/metadata").json()
    [report] = hospital.seal()
    assert report.recompressed_count == 2
    assert frame(hospital, 1) == (NATIVE, smooth(1).tobytes())
    hospital.lose_journal()
    syntax, compressed = frame(hospital, 1)
    assert syntax == HTJ2K
    assert len(compressed) < smooth(1).nbytes // 2
    assert frame(hospital, 1, "*/*") == (NATIVE, smooth(1).tobytes())
    after = hospital.client.get(f"{SERIES_URL}/metadata").json()
    for one in (*before, *after):
        one.pop("7FE00010")
    assert before == after


def test_late_instances_are_served_beside_the_sealed_ones_and_from_their_own_pack(hospital: Hospital) -> None:
    store(hospital, *range(1, 9))
    hospital.seal()
    store(hospital, 9)
    assert len(hospital.client.get(f"{SERIES_URL}/instances").json()) == 9
    assert frame(hospital, 9) == (NATIVE, smooth(9).tobytes())
    hospital.seal()
    hospital.lose_journal()
    found = hospital.client.get(f"{SERIES_URL}/instances").json()
    assert [one["00200013"]["Value"] for one in found] == [[number] for number in range(1, 10)]
    for number in (1, 9):
        assert frame(hospital, number, "*/*") == (NATIVE, smooth(number).tobytes())


def test_whole_objects_of_a_sealed_study_come_back_as_received_or_as_stored(hospital: Hospital) -> None:
    store(hospital, 1, 2)
    hospital.seal()
    hospital.lose_journal()
    answer = hospital.client.get(SERIES_URL)
    files = [content for _, content in parts_of(answer.headers["content-type"], answer.content)]
    assert [smooth(number).tobytes() in file for number, file in zip((1, 2), files, strict=True)] == [True, True]
    stored = hospital.client.get(
        SERIES_URL, headers={"accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    )
    assert int(stored.headers["content-length"]) == len(stored.content) < len(answer.content) // 2
    assert all(
        headers["content-type"].endswith(HTJ2K)
        for headers, _ in parts_of(stored.headers["content-type"], stored.content)
    )


def test_a_picture_is_the_same_after_sealing_and_a_small_one_of_a_large_frame_is_drawn_from_a_coarser_image(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_grey, "COARSER_FROM_PIXELS", 128 * 128)
    store(hospital, 1)
    url = f"{SERIES_URL}/instances/{SERIES}.1/rendered"
    small = f"{url}?window=900,1800,linear&viewport=40,40"
    before, small_before = (hospital.client.get(each, headers={"accept": "image/png"}) for each in (url, small))
    hospital.seal()
    hospital.lose_journal()
    hospital.library.pictures.__init__(1 << 20)  # type: ignore[misc]
    after = hospital.client.get(url, headers={"accept": "image/png"})
    assert before.headers["etag"] == after.headers["etag"]
    assert before.content == after.content
    monkeypatch.setattr(own_packs, "samples_of", lambda *_, **__: pytest.fail("decoded whole"))
    small_after = hospital.client.get(small, headers={"accept": "image/png"})
    pictures = [imagecodecs.png_decode(answer.content).astype(int) for answer in (small_before, small_after)]
    assert pictures[0].shape == pictures[1].shape == (40, 40)
    assert np.abs(pictures[0] - pictures[1]).max() <= 4
    assert small_before.headers["etag"] != small_after.headers["etag"]


def test_more_large_answers_than_are_sent_at_once_are_asked_to_wait(hospital: Hospital) -> None:
    store(hospital, 1)
    service = service_of(hospital)
    service._retrieve._retrieval.sending.senders = MAX_SENDERS
    answer = hospital.client.get(SERIES_URL)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert frame(hospital, 1)[0] == NATIVE  # small ones go on


def service_of(hospital: Hospital) -> DicomwebService:
    pending = list(hospital.client.app.routes)  # type: ignore[attr-defined]
    while pending:
        route = pending.pop()
        app = getattr(route, "app", None)
        if isinstance(app, DicomwebService):
            return app
        pending += getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", [])
    pytest.fail("the service is not among the routes")
