"""Frames that are drawn in this process look as confined processes draw them, and only plain ones are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from isocenter.delivery import own_packs
from isocenter.delivery import plain_grey as plain_grey_room
from isocenter.delivery.pixels import described
from isocenter.delivery.plain_grey import drawn, is_plain, plain_grey, plain_header
from isocenter.delivery.rendered import draw
from isocenter.delivery.rendering import Rendering, Viewport, rendering_of
from isocenter.delivery.study_view import Form
from isocenter.kit.errors import Invalid
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.encode import encode_htj2k
from isocenter.pixels.native import Samples
from isocenter.pixels.render import render_frame
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax
from isocenter.storage.extents import Extent

HTJ2K = "1.2.840.10008.1.2.4.201"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", str(ExplicitVRLittleEndian)
AS_IT_SAYS = Rendering("image/png")
LUNG = rendering_of([("window", "-600,1500,linear")], "image/png")


def a_slice(**more: object) -> Dataset:
    """A small CT slice, with more or other attributes."""
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ds.StudyDescription = "Thorax"
    ds.Rows = ds.Columns = 32
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 1
    ds.RescaleSlope, ds.RescaleIntercept = "2", "-1024"
    ds.WindowCenter, ds.WindowWidth = ["40", "-600"], ["400", "1500"]
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    samples = np.arange(32 * 32).reshape(32, 32) * 5 % 4096 - (2048 if ds.PixelRepresentation else 0)
    ds.PixelData = samples.astype(np.int16 if ds.BitsAllocated == 16 else np.uint8).tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def an_item(**attributes: object) -> Dataset:
    """An item of a sequence."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def as_sent(ds: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The bytes of the data set."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = syntax != ExplicitVRBigEndian, syntax == IMPLICIT
    write_dataset(out, ds)
    return out.getvalue()


def parts_of(data: bytes, syntax: str) -> tuple[bytes, Form, bytes]:
    """(header, form, the whole pixel data) of a data set."""
    span = scan(memoryview(data), transfer_syntax(syntax), frozenset()).pixel_data
    assert span is not None
    assert span.length is not None
    form = Form(syntax, Extent("x", 0, len(data)), span.element_offset, span.value_offset, span.length)
    return data[: span.element_offset], form, data[span.value_offset : span.value_offset + span.length]


def plain_of(header: bytes, form: Form) -> bytes | None:
    """The header that is drawn from here; None when the frame is not drawn here."""
    plain = plain_header(header, form)
    return plain if plain is not None and is_plain(described(plain, form.transfer_syntax_uid)[1]) else None


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("how", [AS_IT_SAYS, LUNG], ids=["as it says", "as asked"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1900},
        {"WindowCenter": None, "WindowWidth": None},
        {"VOILUTFunction": "SIGMOID"},
        {"PresentationLUTShape": "INVERSE"},
        {"PixelRepresentation": 0, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "RescaleIntercept": "0"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.12.1", "PixelIntensityRelationship": "LOG"},
        {"PatientName": "Any^One", "SpecificCharacterSet": "GB18030", "ImageComments": "x" * 300},
    ],
)
def test_a_plain_frame_looks_the_same_by_either_way(more: dict[str, object], how: Rendering, syntax: str) -> None:
    header, form, frame = parts_of(as_sent(a_slice(**more), syntax), syntax)
    plain = plain_of(header, form)
    assert plain is not None
    assert len(plain) < len(header)
    assert draw(plain, syntax, frame, 0, False, how) == draw(header, syntax, frame, 0, False, how)


TABLE = an_item(LUTDescriptor=[4, 0, 8], LUTData=bytes([0, 0, 85, 0, 170, 0, 255, 0]))


@pytest.mark.parametrize(
    ("more", "syntax"),
    [
        ({"VOILUTSequence": [TABLE]}, EXPLICIT),
        ({"ModalityLUTSequence": [TABLE]}, IMPLICIT),
        ({"SharedFunctionalGroupsSequence": [an_item(FrameVOILUTSequence=[an_item(WindowCenter="1")])]}, EXPLICIT),
        ({"PerFrameFunctionalGroupsSequence": []}, IMPLICIT),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, EXPLICIT),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, EXPLICIT),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, EXPLICIT),
        ({"PixelSpacingCalibrationDescription": "x" * 64, "WindowCenterWidthExplanation": ["x" * 60] * 5}, EXPLICIT),
        ({}, str(ExplicitVRBigEndian)),
    ],
)
def test_what_takes_more_than_short_attributes_is_not_drawn_here(more: dict[str, object], syntax: str) -> None:
    header, form, _ = parts_of(as_sent(a_slice(**more), syntax), syntax)
    assert plain_of(header, form) is None


SMALL = Rendering("image/png", viewport=Viewport(8, 8))


@pytest.mark.parametrize("large", [True, False], ids=["large", "small"])
@pytest.mark.parametrize(
    ("more", "how", "coarser"),
    [
        ({}, SMALL, True),
        ({"WindowCenter": None, "WindowWidth": None}, replace(SMALL, window=LUNG.window), True),
        ({"WindowCenter": None, "WindowWidth": None}, SMALL, False),
        ({"PixelPaddingValue": -2000}, SMALL, False),
        ({}, Rendering("image/png", viewport=Viewport(8, 8, (0, 0, 32, 32))), False),
        ({}, Rendering("image/png", viewport=Viewport(12, 12)), False),
        ({}, AS_IT_SAYS, False),
    ],
)
def test_what_we_recompressed_is_decoded_coarser_only_where_that_shows_the_same(
    more: dict[str, object], how: Rendering, coarser: bool, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = a_slice(**more)
    header, form, _ = parts_of(as_sent(ds), EXPLICIT)
    sealed = replace(form, pixel_length=None)
    plain = plain_grey(header, form)
    assert plain is not None
    frame = encode_htj2k(np.frombuffer(ds.PixelData, "<i2").reshape(32, 32), plain.description)
    asked: list[tuple[int, int]] = []

    def looked_at(samples: Samples, *words: Any) -> Samples:
        asked.append(samples.shape)
        return render_frame(samples, *words)

    monkeypatch.setattr(plain_grey_room, "render_frame", looked_at)
    monkeypatch.setattr(plain_grey_room, "COARSER_FROM_PIXELS", 32 * 32 if large else 32 * 32 + 1)
    monkeypatch.setattr(own_packs, "is_ours", lambda form: form is sealed)
    monkeypatch.setattr(own_packs, "samples_of", lambda *_, **__: decode_frame(frame, HTJ2K, plain.description))
    picture = drawn(plain, sealed, frame, how)
    assert picture is not None
    assert asked == [(16, 16) if coarser and large else (32, 32)]
    assert picture.shape == ((32, 32) if how.viewport is None else (how.viewport.height, how.viewport.width))
    # A stream that is not what its header says is decoded whole, where it is said what is wrong.
    broken = encode_htj2k(np.zeros((30, 30), "i2"), replace(plain.description, rows=30, columns=30))
    assert drawn(plain, sealed, broken, how) is not None
    assert asked[-1] == (32, 32)


def test_a_deflated_or_broken_header_is_not_read_here() -> None:
    header, form, _ = parts_of(as_sent(a_slice()), EXPLICIT)
    deflated = Form(str(DeflatedExplicitVRLittleEndian), form.data_set, 0, None, None)
    assert plain_header(header, deflated) is None
    assert plain_header(header[:-3], form) is None
    assert plain_header(b"\0" * (1 << 20), form) is None


def test_real_frames_look_the_same_by_either_way(shared_data: Path) -> None:
    alike = 0
    for path in sorted(shared_data.glob("*/**/*"))[::3]:
        try:
            ds = dcmread(path, stop_before_pixels=True) if path.is_file() else None
            syntax = str(ds.file_meta.TransferSyntaxUID) if ds is not None else ""
        except (InvalidDicomError, AttributeError):
            continue
        if ds is None or syntax not in (IMPLICIT, EXPLICIT) or not ds.get("Rows") or path.stat().st_size > 2 << 20:
            continue
        alike += _looks_the_same(path, syntax)
    assert alike >= 20


def _looks_the_same(path: Path, syntax: str) -> bool:
    """Whether the first frame is drawn here too; then it must be the same picture."""
    data = path.read_bytes()
    start = data.index(b"DICM") + 4
    group_length = int.from_bytes(data[start + 8 : start + 12], "little")
    try:
        header, form, pixels = parts_of(data[start + 12 + group_length :], syntax)
        plain = plain_of(header, form)
    except (Invalid, AssertionError):
        return False
    if plain is None:
        return False
    _, description = described(plain, syntax)
    frame = pixels[: (description.native_frame_bits + 7) // 8]
    if 8 * len(frame) < description.native_frame_bits:
        return False
    assert draw(plain, syntax, frame, 0, False, AS_IT_SAYS) == draw(header, syntax, frame, 0, False, AS_IT_SAYS), path
    return True
