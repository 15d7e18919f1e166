"""Synthetic studies for what the picture must get right: greys of every function, stacks that meet, lack or lean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from bench.data import uid
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, UltrasoundMultiFrameImageStorage
from tests.browser.studies import SIDE, a_ct_slice
from tests.pixels.grey_reference import CURVE, a_table

QUARTERS = {"top left": 300, "top right": 1100, "bottom left": 1900, "bottom right": 2900}
"""Stored values."""


def _quarters(kind: str, shift: int = 0) -> NDArray[np.generic]:
    half = SIDE // 2
    plane = np.empty((SIDE, SIDE), kind)
    plane[:half, :half], plane[:half, half:] = QUARTERS["top left"] + shift, QUARTERS["top right"] + shift
    plane[half:, :half], plane[half:, half:] = QUARTERS["bottom left"] + shift, QUARTERS["bottom right"] + shift
    return plane


def _a_grey(series: str, pixels: NDArray[np.generic], **attributes: object) -> Dataset:
    """One image of a series of its own, without a rescale of its own accord."""
    data_set = a_ct_slice("GREYS", 0, series)
    del data_set.RescaleIntercept, data_set.RescaleSlope, data_set.WindowCenter, data_set.WindowWidth
    data_set.PixelRepresentation, data_set.PixelData = int(pixels.dtype.kind == "i"), pixels.tobytes()
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def greys() -> list[Dataset]:
    """Series by what is special about their greys; numbered in this order."""
    made = list(_every_grey())
    for number, each in enumerate(made, start=1):
        each.SeriesNumber = number
    return made


def _every_grey() -> Iterator[Dataset]:
    unsigned, signed = _quarters("<u2"), _quarters("<i2", -1500)
    window = {"WindowCenter": 1600, "WindowWidth": 2400}
    yield _a_grey("sigmoid", signed, WindowCenter=0, WindowWidth=1800, VOILUTFunction="SIGMOID")
    narrow = {"RescaleSlope": "0.0005", "RescaleIntercept": 0, "WindowCenter": 0.75, "WindowWidth": 1.25}
    yield _a_grey("exact", unsigned, **narrow, VOILUTFunction="LINEAR_EXACT")
    yield _a_grey("table", signed, VOILUTSequence=[a_table(-1400, [CURVE[at // 12] for at in range(3000)], 12)])
    yield _a_grey(
        "table first", unsigned, VOILUTSequence=[a_table(100, [CURVE[at // 12] for at in range(3000)], 12)], **window
    )
    negative = {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": QUARTERS["top left"]}
    yield _a_grey("padded negative", unsigned, **window, **negative)
    yield _a_grey("inverse", unsigned, **window, PresentationLUTShape="INVERSE")
    fraction = {"RescaleSlope": "2.37512", "RescaleIntercept": "-3.5"}
    yield _a_grey("fraction", unsigned, **fraction, WindowCenter=4000.5, WindowWidth=5000.25)
    squares = a_table(0, [at * at // 138 for at in range(3000)], 16)
    yield _a_grey("squared", unsigned, ModalityLUTSequence=[squares], WindowCenter=30000, WindowWidth=60000)
    yield _a_grey("no window", signed)


def a_palette_image() -> Dataset:
    """Four colours of a palette; the red of each is its grey in `screen.greys`."""
    data_set = _a_grey("palette", np.repeat(np.repeat(np.array([[0, 1], [2, 3]], "u1"), SIDE // 2, 0), SIDE // 2, 1))
    data_set.SOPClassUID, data_set.Modality = SecondaryCaptureImageStorage, "OT"
    data_set.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data_set.BitsAllocated = data_set.BitsStored = 8
    data_set.HighBit, data_set.PixelRepresentation, data_set.PhotometricInterpretation = 7, 0, "PALETTE COLOR"
    data_set["PixelData"].VR = "OB"
    for channel, colours in {"Red": PALETTE_RED, "Green": [0, 90, 10, 20], "Blue": [10, 0, 200, 30]}.items():
        setattr(data_set, f"{channel}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(
            data_set, f"{channel}PaletteColorLookupTableData", (np.array(colours, "<u2") * 257).astype("<u2").tobytes()
        )
    data_set.SeriesNumber = 20
    return data_set


PALETTE_RED = [20, 240, 60, 130]


def with_a_drawing(image: Dataset) -> Dataset:
    """The image with an overlay plane: a bar of 16 by 8 pixels whose corner is at row 9, column 17."""
    group = 0x6000
    for element, representation, value in (
        (0x0010, "US", 8),
        (0x0011, "US", 16),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [9, 17]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", b"\xff" * 16),
    ):
        image.add_new((group << 16) | element, representation, value)
    return image


def _placed(series: str, number: int, position: list[float], orientation: list[float], frame: str) -> Dataset:
    data_set = a_ct_slice("PLACES", number - 1, series)
    data_set.InstanceNumber = number
    data_set.ImagePositionPatient, data_set.ImageOrientationPatient = position, orientation
    data_set.FrameOfReferenceUID = uid("browser", frame)
    return data_set


AXIAL: list[float] = [1, 0, 0, 0, 1, 0]
CORONAL: list[float] = [1, 0, 0, 0, 0, -1]


def places() -> list[Dataset]:
    """Axial slices 5 mm apart without the fifth and sixth; coronal ones across them; another frame; a leaning stack."""
    heights = [0, 5, 10, 15, 30, 35, 40, 45]
    numbers = [1, 2, 3, 4, 7, 8, 9, 10]
    made = [_placed("axial", n, [-32, -32, z], AXIAL, "one") for n, z in zip(numbers, heights, strict=True)]
    made += [_placed("thin", n, [-32, -32, n - 1], AXIAL, "one") for n in range(1, 12)]
    made += [_placed("coronal", n, [-32, 8 * n - 20, 60], CORONAL, "one") for n in range(1, 5)]
    made += [_placed("elsewhere", n, [-32, -32, 5 * n], AXIAL, "two") for n in range(1, 4)]
    made += [_placed("leaning", n, [-32, 5 * n * np.tan(np.radians(15)), 5 * n], AXIAL, "three") for n in range(1, 5)]
    for each in made:
        each.SeriesNumber = ["axial", "thin", "coronal", "elsewhere", "leaning"].index(each.SeriesDescription) + 1
    return made


def a_timed_film() -> Dataset:
    """Six frames of ultrasound, 40 ms each and one 400 ms, by a frame time vector; to be swept from 2 to 5."""
    data_set = a_ct_slice("TIMED", 0, "film")
    data_set.SOPClassUID, data_set.Modality = UltrasoundMultiFrameImageStorage, "US"
    data_set.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept"):
        delattr(data_set, keyword)
    frames = np.stack([np.full((SIDE, SIDE), 30 * frame + 20, "u1") for frame in range(6)])
    data_set.BitsAllocated = data_set.BitsStored = 8
    data_set.HighBit, data_set.PixelRepresentation, data_set.NumberOfFrames = 7, 0, 6
    data_set.WindowCenter, data_set.WindowWidth = 128, 256
    data_set.PixelData = frames.tobytes()
    data_set["PixelData"].VR = "OB"
    data_set.FrameTimeVector = [0, 40, 40, 400, 40, 40]
    data_set.PreferredPlaybackSequencing, data_set.StartTrim, data_set.StopTrim = 1, 2, 5
    return data_set
