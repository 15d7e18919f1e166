"""What is given in Explicit VR Little Endian is the same before a study is sealed and when its pack is all there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from tests.adapters.dicomweb.builders import SERIES, STUDY, a_body, a_ct, a_file, parts_of
from tests.adapters.dicomweb.conftest import Hospital

from isocenter.adapters.dicomweb import made_ahead
from isocenter.adapters.dicomweb.answers import Direct
from isocenter.adapters.dicomweb.bulk import BulkSending
from isocenter.adapters.dicomweb.made_ahead import MadePlan
from isocenter.delivery import own_packs
from isocenter.delivery.instances import delivery_of
from isocenter.wire.direct_sending import FileRange, Piece

SERIES_URL = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
OBJECT = f"{SERIES_URL}/instances/{SERIES}.1"
ALONE = {"accept": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"}


def an_image(syntax: str, bits: int, frames: int, *, signed: bool, behind: bool) -> bytes:
    ramp = np.linspace(-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1, 64)
    picture = np.stack([(ramp[None, :] / 2 + ramp[:, None] / 2) * (1 - 0.1 * frame) for frame in range(frames)])
    ds = a_ct(1, frames=frames, pixels=picture.astype(np.int16))
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8 if bits <= 8 else 16), bits, bits - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = picture.astype("u1" if bits <= 8 else "<i2" if signed else "<u2").tobytes()
    ds["PixelData"].VR = "OB" if bits <= 8 and syntax == ExplicitVRLittleEndian else "OW"
    if behind:
        ds.DataSetTrailingPadding = b"\1" * 16
    return a_file(ds, syntax)


def asked(hospital: Hospital) -> tuple[bytes, list[bytes], list[bytes]]:
    """(the object alone, the parts of its series, its frames) in Explicit VR Little Endian."""
    alone = hospital.client.get(OBJECT, headers=ALONE)
    assert alone.status_code == 200, alone.text
    series = hospital.client.get(SERIES_URL, headers={"accept": 'multipart/related; type="application/dicom"'})
    assert int(series.headers.get("content-length", len(series.content))) == len(series.content)
    frames = hospital.client.get(f"{OBJECT}/frames/1")
    parts = [[content for _, content in parts_of(one.headers["content-type"], one.content)] for one in (series, frames)]
    return alone.content, parts[0], parts[1]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("bits", "frames", "signed", "behind"),
    [(16, 1, True, False), (16, 3, False, False), (12, 1, False, False), (12, 2, True, False), (8, 1, False, False),
     (16, 1, True, True)],
)  # fmt: skip
def test_the_decoded_form_is_the_same_before_and_after_sealing(
    hospital: Hospital, syntax: str, bits: int, frames: int, signed: bool, behind: bool
) -> None:
    body, headers = a_body([an_image(syntax, bits, frames, signed=signed, behind=behind)])
    assert hospital.client.post("/dicom-web/studies", content=body, headers=headers).status_code == 200
    before = asked(hospital)
    [report] = hospital.seal()
    assert report.recompressed_count == 1
    hospital.lose_journal()
    assert asked(hospital) == before


def test_grey_images_of_ours_are_decoded_in_this_process(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    body, headers = a_body([an_image(ImplicitVRLittleEndian, 16, 1, signed=True, behind=False)])
    hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    hospital.seal()
    hospital.lose_journal()
    made: list[int] = []
    real = own_packs._native

    def counted(*arguments: object) -> bytes | None:
        made.append(1)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(own_packs, "_native", counted)
    monkeypatch.setattr(hospital.library.confined, "call", lambda *_: pytest.fail("a confined process was asked"))
    asked(hospital)
    assert len(made) == 3


@dataclass
class Taken:
    """A connection that takes everything at once."""

    body: bytes = b""

    async def send_beside(self, pieces: Iterable[Piece], timeout_s: float, executor: Executor) -> bool:
        del timeout_s, executor
        for piece in pieces:
            if isinstance(piece, FileRange):
                piece = piece.view()
            self.body += bytes(piece)
        return True


def test_what_a_thread_sends_is_what_passes_through_memory_and_never_of_another_length(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, headers = a_body([an_image(ExplicitVRLittleEndian, 16, 1, signed=True, behind=False)])
    hospital.client.post("/dicom-web/studies", content=body, headers=headers)
    hospital.seal()
    hospital.lose_journal()
    view = hospital.library.view(hospital.callers["Bearer ours"], STUDY)
    [instance] = view.of_series(SERIES).instances
    found = [delivery_of(instance, [syntax]) for syntax in (ExplicitVRLittleEndian, "*", ExplicitVRLittleEndian)] * 2
    deliveries = [one for one in found if one is not None]
    assert [one.is_prepared for one in deliveries] == [False, True, False] * 2
    with ThreadPoolExecutor(2) as working:
        sending = BulkSending(hospital.library.files, working, working)
        heads = [b"(%d)" % number for number in range(len(deliveries))]
        plan = MadePlan(sending, hospital.library, working, deliveries, heads, b"end")
        taken = Taken()
        asyncio.run(plan.send_direct(cast("Direct", taken)))

        async def through_memory() -> bytes:
            return b"".join([bytes(piece) async for piece in plan.pieces()])

        assert taken.body == asyncio.run(through_memory())
        assert len(taken.body) == plan.length
        monkeypatch.setattr(made_ahead, "prepared", lambda *_: replace(deliveries[1], head=b"another"))
        with pytest.raises(ConnectionError):
            asyncio.run(plan.send_direct(cast("Direct", Taken())))
    assert sending.senders == 0
