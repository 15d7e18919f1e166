"""What compressed images say of themselves, held to what the headers of real objects say of them."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames

from isocenter.kit.errors import Invalid
from isocenter.pixels.coded_image import coded_image, image_elements
from isocenter.pixels.errors import UndecodableFrame, UnsupportedSyntax

RAMP = (np.arange(48 * 64).reshape(48, 64) % 251).astype(np.uint8)
COLOUR = np.stack([RAMP, RAMP.T.reshape(48, 64), RAMP[::-1]], axis=2)
SILENT = ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98")
"""RLE, deflated and uncompressed frames."""
USAGE = ("00280101", "00280102", "00280103")
"""Which bits of a sample are in use, and how."""
WIDER = {
    "1.2.840.10008.1.2.4.53": "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.91": "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.203": "1.2.840.10008.1.2.4.201",
}
"""What a stream says of itself where its header says another: spectral selection is a way of progression, and what may
be lossy may be reversible as well."""


def test_real_images_say_what_their_headers_say(shared_data: Path) -> None:
    compared = set()
    for path in sorted(shared_data.rglob("*.dcm")):
        if "malformed" in path.parts or "embedded-sequence-delimiter" in path.name:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ds = pydicom.dcmread(path)
                syntax = str(ds.file_meta.TransferSyntaxUID)
                if "PixelData" not in ds or not ds.file_meta.TransferSyntaxUID.is_encapsulated or syntax in SILENT:
                    continue
                frame = next(generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames") or 1)))
            except Exception:
                continue
            if syntax.startswith("1.2.840.10008.1.2.4.1"):
                continue  # video
            image = coded_image(frame)
            assert image.transfer_syntax_uid in (syntax, WIDER.get(syntax)), path
            for tag, element in image_elements(image).items():
                said = ds.get(int(tag, 16))
                if tag in USAGE or said is None or said.value in ("MONOCHROME1", "RGB"):
                    continue  # what only its maker knows, and what makers get wrong
                if str(said.value).startswith("YBR_FULL"):  # subsampled or not, headers say either
                    assert element["Value"][0].startswith("YBR_FULL"), path
                else:
                    assert said.value == element["Value"][0], (path, tag)
            compared.add(syntax)
    assert len(compared) >= 6


@pytest.mark.parametrize(
    ("encoded", "syntax", "interpretation"),
    [
        (imagecodecs.jpeg8_encode(RAMP), "50", "MONOCHROME2"),
        (imagecodecs.jpeg8_encode(COLOUR, subsampling="422"), "50", "YBR_FULL_422"),
        (imagecodecs.jpeg8_encode(COLOUR, subsampling="444"), "50", "YBR_FULL"),
        (imagecodecs.ljpeg_encode(RAMP.astype(np.uint16)), None, "MONOCHROME2"),
        (imagecodecs.jpegls_encode(RAMP), "80", "MONOCHROME2"),
        (imagecodecs.jpegls_encode(RAMP, level=3), "81", "MONOCHROME2"),
        (imagecodecs.jpegls_encode(COLOUR), "80", "RGB"),
        (imagecodecs.jpeg2k_encode(RAMP, codecformat="j2k", reversible=True, level=0), "90", "MONOCHROME2"),
        (imagecodecs.jpeg2k_encode(RAMP, codecformat="jp2", reversible=True, level=0), "90", "MONOCHROME2"),
        (imagecodecs.jpeg2k_encode(COLOUR, codecformat="j2k", reversible=True, level=0, mct=True), "90", "YBR_RCT"),
        (imagecodecs.jpeg2k_encode(COLOUR, codecformat="j2k", reversible=False, level=40, mct=True), "91", "YBR_ICT"),
        (imagecodecs.htj2k_encode(RAMP, reversible=True), "201", "MONOCHROME2"),
    ],
)
def test_images_that_somebody_made(encoded: bytes, syntax: str | None, interpretation: str) -> None:
    image = coded_image(encoded)
    elements = image_elements(image)
    if syntax is not None:
        assert image.transfer_syntax_uid == f"1.2.840.10008.1.2.4.{syntax}"
    assert (elements["00280010"]["Value"], elements["00280011"]["Value"]) == ([48], [64])
    assert elements["00280004"]["Value"] == [interpretation]
    head = encoded[image.code_stream :][:4]
    assert head[:2] == (b"\xff\x4f" if syntax in ("90", "91", "201") else b"\xff\xd8")


def test_what_is_no_image_is_said() -> None:
    with pytest.raises(UnsupportedSyntax):
        coded_image(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UndecodableFrame):
        coded_image(imagecodecs.jpeg8_encode(RAMP)[:40])
    vast = bytearray(imagecodecs.jpeg2k_encode(RAMP, codecformat="j2k"))
    vast[8:12] = b"\xff" * 4
    with pytest.raises(UndecodableFrame):
        image_elements(coded_image(bytes(vast)))
    boxes = struct.pack(">I4s", 12, b"jP  ") + b"\r\n\x87\n" + struct.pack(">I4s", 5000000, b"junk")
    with pytest.raises((UndecodableFrame, UnsupportedSyntax)):
        coded_image(boxes + b"\xff\x4f\xff\x51" + b"\0" * 100)


@given(st.binary(max_size=64), st.integers(0, 400))
def test_no_bytes_do_harm(noise: bytes, at: int) -> None:
    encoded = bytearray(imagecodecs.jpeg8_encode(RAMP))
    encoded[at : at + len(noise)] = noise
    for data in (noise, bytes(encoded), b"\xff\xd8\xff" + noise, b"\xff\x4f\xff\x51" + noise):
        try:
            image_elements(coded_image(data))
        except Invalid:
            pass
