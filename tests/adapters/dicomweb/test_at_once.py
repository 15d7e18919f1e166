"""What a connection answers itself is what the service answers, and everything else is left to the service."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb.at_once import AnswersAtOnce, AtOnce
from isocenter.delivery.cache import BoundedCache
from isocenter.wire.direct_sending import FileRange

FRAME = f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1/frames/1"
STORED = "application/octet-stream; transfer-syntax=*"
OURS = (b"authorization", b"Bearer ours")
LARGE = np.arange(256 * 256, dtype=np.int16).reshape(1, 256, 256)


@pytest.fixture
def at_once(hospital: Hospital) -> AnswersAtOnce:
    """Asked of the same service as the client is."""
    return AnswersAtOnce(hospital.service)


def store(hospital: Hospital, pixels: np.ndarray) -> None:
    body, headers = a_body([a_file(a_ct(1, frames=len(pixels), pixels=pixels))])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200


def body_of(answer: AtOnce) -> bytes:
    return b"".join(piece.view() if isinstance(piece, FileRange) else piece for piece in answer.pieces)


def headers_of(answer: AtOnce) -> dict[str, str]:
    lines = answer.head.decode("ascii").split("\r\n")
    assert lines.pop() == ""
    return dict(line.split(": ", 1) for line in lines)


def without_boundaries(text: bytes) -> bytes:
    return re.sub(rb"isocenter-[0-9a-f]{32}", b"boundary", text)


@pytest.mark.parametrize("pixels", [LARGE, LARGE[:, :8, :8]], ids=["from a file", "through memory"])
@pytest.mark.parametrize("accept", ["", STORED, f'multipart/related; type="{STORED.split(";")[0]}"', "*/*"])
def test_the_answer_is_that_of_the_service(
    hospital: Hospital, at_once: AnswersAtOnce, pixels: np.ndarray, accept: str
) -> None:
    store(hospital, pixels)
    asked = hospital.client.get(FRAME, headers={"accept": accept})
    answer = at_once(FRAME.encode(), [OURS, (b"accept", accept.encode())])
    assert answer is not None
    assert answer.caller_id == "token-1"
    assert without_boundaries(body_of(answer)) == without_boundaries(asked.content)
    told = {name: without_boundaries(value.encode()) for name, value in headers_of(answer).items()}
    assert told == {name: without_boundaries(value.encode()) for name, value in asked.headers.items()}
    assert len(body_of(answer)) == int(asked.headers["content-length"])


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (FRAME, []),
        (FRAME, [(b"authorization", b"Bearer other")]),
        (FRAME, [(b"authorization", b"Bearer modality")]),
        (FRAME, [OURS, (b"content-length", b"0")]),
        (FRAME, [OURS, (b"accept", b"image/png")]),
        (FRAME, [OURS, (b"accept", STORED.encode()), (b"accept", b"image/png")]),
        (f"{FRAME}?accept={STORED}", [OURS]),
        (f"{FRAME}/rendered", [OURS]),
        (f"{FRAME},1", [OURS]),
        (FRAME.replace("frames/1", "frames/0"), [OURS]),
        (FRAME.replace("frames/1", "frames/9"), [OURS]),
        (FRAME.replace("frames/1", "frames/99999999999999999999"), [OURS]),
        (FRAME.replace(f"/series/{SERIES}", "/series/1.2.3"), [OURS]),
        (FRAME.replace(f"instances/{SERIES}.1", "instances/1.2.3"), [OURS]),
        (FRAME.replace(f"studies/{STUDY}", "studies/1.2.3"), [OURS]),
        (FRAME.replace("/dicom-web/", "/dicom-web//"), [OURS]),
    ],
)
def test_whatever_is_not_simple_is_left_to_the_service(
    hospital: Hospital, at_once: AnswersAtOnce, url: str, headers: list[tuple[bytes, bytes]]
) -> None:
    store(hospital, LARGE)
    for known in ("Bearer ours", "Bearer other", "Bearer modality"):  # looked up just now, all of them
        hospital.client.get(FRAME, headers={"authorization": known})
    assert at_once(FRAME.encode(), [OURS]) is not None
    assert at_once(url.encode(), headers) is None


def test_a_study_that_nobody_of_this_sitting_opened_is_left_to_the_service(
    hospital: Hospital, at_once: AnswersAtOnce
) -> None:
    """The look is recorded before the first frame goes out."""
    store(hospital, LARGE)
    assert hospital.client.get("/dicom-web/studies").status_code == 200
    assert at_once(FRAME.encode(), [OURS]) is None
    assert hospital.client.get(FRAME, headers={"accept": STORED}).status_code == 200
    assert at_once(FRAME.encode(), [OURS]) is not None


PICTURE = FRAME.removesuffix("/frames/1") + "/rendered"
WINDOWED = f"{PICTURE}?window=40,400,linear"


@pytest.mark.parametrize(
    "url",
    [
        PICTURE,
        WINDOWED,
        f"{FRAME}/rendered?window=40%2C400.25%2Csigmoid&quality=70",
        f"{PICTURE}?viewport=100,90&window=40,400,linear-exact",
    ],
)
@pytest.mark.parametrize("accept", ["", "image/jpeg", "image/png", "*/*"])
def test_a_picture_is_that_of_the_service(hospital: Hospital, at_once: AnswersAtOnce, url: str, accept: str) -> None:
    """Drawn here first and kept, then asked of the service; and the other way round."""
    store(hospital, LARGE)
    asked = hospital.client.get(f"{PICTURE}?quality=1")  # the header is read by the service
    assert asked.status_code == 200
    hospital.service.library.pictures = BoundedCache(1 << 20)
    here = at_once(url.encode(), [OURS, (b"accept", accept.encode())])
    assert here is not None
    hospital.service.library.pictures = BoundedCache(1 << 20)
    asked = hospital.client.get(url, headers={"accept": accept})
    kept = at_once(url.encode(), [OURS, (b"accept", accept.encode())])
    assert kept is not None
    for answer in (here, kept):
        assert body_of(answer) == asked.content
        assert headers_of(answer) == dict(asked.headers)
        assert answer.path == url.split("?")[0]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"{PICTURE}?window=nothing", [OURS]),
        (f"{PICTURE}?annotation=patient", [OURS]),
        (f"{PICTURE}?accept=image/png", [OURS]),
        (f"{PICTURE}?viewport=4000,4000", [OURS]),
        (f"{PICTURE}?quality={'0' * 500}", [OURS]),
        (PICTURE, [OURS, (b"accept", b"image/webp")]),
        (PICTURE, [OURS, (b"accept", b'multipart/related; type="image/jpeg"')]),
        (PICTURE, [OURS, (b"accept", b"text/plain")]),
        (PICTURE, [OURS, (b"if-none-match", b"*")]),
        (FRAME.replace("frames/1", "frames/9/rendered"), [OURS]),
        (FRAME.replace("frames/1", "frames/1,1/rendered"), [OURS]),
        (FRAME.replace("frames/1", "thumbnail"), [OURS]),
        (f"{PICTURE}/rendered", [OURS]),
    ],
)
def test_a_picture_that_is_not_simple_is_left_to_the_service(
    hospital: Hospital, at_once: AnswersAtOnce, url: str, headers: list[tuple[bytes, bytes]]
) -> None:
    store(hospital, LARGE)
    assert at_once(PICTURE.encode(), [OURS]) is None  # nobody has read its header yet
    assert hospital.client.get(PICTURE).status_code == 200
    assert at_once(PICTURE.encode(), [OURS]) is not None
    assert at_once(url.encode(), headers) is None


@pytest.mark.parametrize(
    ("url", "accept"),
    [
        (FRAME, ""),
        (FRAME, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"),
        (WINDOWED, "image/png"),
        (f"{FRAME}/rendered", "image/jpeg"),
    ],
)
def test_what_we_recompressed_is_decoded_at_once_where_that_is_wanted(
    hospital: Hospital, url: str, accept: str
) -> None:
    store(hospital, LARGE)
    [report] = hospital.seal()
    assert report.recompressed_count == 1
    hospital.lose_journal()
    headers = [OURS, (b"accept", accept.encode())]
    decoding, not_decoding = (AnswersAtOnce(hospital.service, decoding=decoding) for decoding in (True, False))
    assert decoding(url.encode(), headers) is None  # nobody has read its header yet
    asked = hospital.client.get(url, headers={"accept": accept})
    assert asked.status_code == 200
    hospital.service.library.pictures = BoundedCache(1 << 20)
    assert not_decoding(url.encode(), headers) is None
    answer = decoding(url.encode(), headers)
    assert answer is not None
    assert without_boundaries(body_of(answer)) == without_boundaries(asked.content)
    told = {name: without_boundaries(value.encode()) for name, value in headers_of(answer).items()}
    assert told == {name: without_boundaries(value.encode()) for name, value in asked.headers.items()}
