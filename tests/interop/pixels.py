"""What pydicom says the stored pixel values are, to compare with what /frames gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels
from pydicom.uid import UID

LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91")


def raw_frames(header: Dataset, numbers: list[int]) -> list[NDArray[np.generic]] | None:
    """Frames as (rows, columns[, samples]), untouched by any colour transform; None where pydicom cannot."""
    try:
        return [frame.copy() for frame in iter_pixels(header, raw=True, indices=[number - 1 for number in numbers])]
    except (AttributeError, NotImplementedError, RuntimeError, ValueError, KeyError, IndexError, TypeError):
        return None


def native_frame(header: Dataset, number: int) -> bytes | None:
    """The bytes of one frame as they were stored, where they were stored native, little endian and in whole bytes."""
    syntax = UID(header.file_meta.TransferSyntaxUID)
    if syntax.is_encapsulated or not syntax.is_little_endian or "PixelData" not in header or header.BitsAllocated == 1:
        return None
    samples = 2 if header.PhotometricInterpretation == "YBR_FULL_422" else header.SamplesPerPixel
    length = header.Rows * header.Columns * samples * header.BitsAllocated // 8
    return bytes(header.PixelData[(number - 1) * length : number * length])


def as_array(frame: bytes, header: Dataset, planar_configuration: int) -> NDArray[np.generic]:
    """The bytes of one native little endian frame in the shape of `raw_frames` (PS3.5 8.1.1, 8.2)."""
    rows, columns, samples = header.Rows, header.Columns, header.SamplesPerPixel
    if header.BitsAllocated == 1:
        return np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[: rows * columns].reshape(rows, columns)
    values = np.frombuffer(frame, _dtype(header))[: rows * columns * samples]
    if samples == 1:
        return values.reshape(rows, columns)
    if planar_configuration:
        return values.reshape(samples, rows, columns).transpose(1, 2, 0)
    return values.reshape(rows, columns, samples)


def _dtype(header: Dataset) -> np.dtype[np.generic]:
    if "FloatPixelData" in header:
        return np.dtype("<f4")
    if "DoubleFloatPixelData" in header:
        return np.dtype("<f8")
    kind = "i" if header.get("PixelRepresentation", 0) else "u"
    return np.dtype(f"<{kind}{header.BitsAllocated // 8}")


def tolerance(header: Dataset) -> int:
    """±1 where lossy decoders may round differently, else 0."""
    return 1 if str(header.file_meta.TransferSyntaxUID) in LOSSY else 0
