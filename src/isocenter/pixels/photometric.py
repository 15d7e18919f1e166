"""Photometric Interpretation (PS3.3 C.7.6.3.1.2): YBR to RGB and palette colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isocenter.pixels.description import first_value
from isocenter.pixels.errors import InvalidImageDescription
from isocenter.pixels.lut_data import LutDescriptor, lut_words, segment_words

Samples = np.ndarray[Any, np.dtype[Any]]
MAX_ENTRIES: Final = 65536

# Rows give R, G, B from Y, Cb, Cr after the offsets are taken away (ITU-R BT.601, inverse of C.7.6.3.1.2).
_FULL: Final = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136286, -0.714136286], [1.0, 1.772, 0.0]], dtype=np.float32)
_PARTIAL: Final = np.array(
    [[1.16438356, 0.0, 1.59602679], [1.16438356, -0.39176229, -0.81296765], [1.16438356, 2.01723214, 0.0]],
    dtype=np.float32,
)


def ybr_to_rgb(samples: Samples, photometric_interpretation: str, bits: int = 8) -> Samples:
    """YBR_FULL, YBR_FULL_422 or YBR_PARTIAL samples (rows, columns, 3) to RGB of the same type, rounded and clipped."""
    partial = photometric_interpretation.startswith("YBR_PARTIAL")
    half = float(1 << (bits - 1))
    offsets = np.array([half / 8 if partial else 0.0, half, half], dtype=np.float32)
    matrix = _PARTIAL if partial else _FULL
    # As three planes: a matrix product over the last axis of a small kind is many times slower.
    y, cb, cr = (samples[:, :, index].astype(np.float32) - offsets[index] for index in range(3))
    rgb = np.empty(samples.shape, dtype=samples.dtype)
    top = float((1 << bits) - 1)
    for index, (of_y, of_cb, of_cr) in enumerate(matrix):
        plane = y * of_y
        if of_cb:
            plane += cb * of_cb
        if of_cr:
            plane += cr * of_cr
        rgb[:, :, index] = np.clip(np.rint(plane, out=plane), 0, top)
    return rgb


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of PALETTE COLOR: first_mapped is the stored value of entry 0; colours (entries, 3) uint8."""

    first_mapped: int
    colours: Samples


def palette(data_set: Mapping[str, Any]) -> Palette | None:
    """The palette of an object from its DICOM JSON model, plain or segmented; None where there is none.

    The tables must stand in line in the model ("InlineBinary"). Raises InvalidImageDescription.
    """
    if "00281101" not in data_set:
        return None
    planes = []
    first_mapped = 0
    for index in range(3):
        descriptor = _descriptor(data_set, f"0028110{index + 1}")
        first_mapped = descriptor.first_mapped if index == 0 else first_mapped
        words = _words(data_set, index, descriptor)
        planes.append(_eight_bits(words, descriptor.bits))
    entries = min(len(plane) for plane in planes)
    return Palette(first_mapped, np.stack([plane[:entries] for plane in planes], axis=1))


def _descriptor(data_set: Mapping[str, Any], tag: str) -> LutDescriptor:
    values = (data_set.get(tag) or {}).get("Value") or []
    if len(values) < 3:
        raise InvalidImageDescription("A palette has no descriptor.", tag=tag)
    return LutDescriptor.of(values)


def _words(data_set: Mapping[str, Any], index: int, descriptor: LutDescriptor) -> Samples:
    plain = lut_words(data_set.get(f"0028120{index + 1}"), descriptor)
    if plain is not None:
        return plain
    segments = segment_words(data_set.get(f"0028122{index + 1}"), descriptor.bits)
    if segments is None:
        raise InvalidImageDescription("A palette has no data.", tag=f"0028120{index + 1}")
    return expand_segments(segments, descriptor.entries, descriptor.bits)


def _eight_bits(words: Samples, bits: int) -> Samples:
    # Descriptors that say 16 while the table was written with 8 are known from several vendors.
    if bits > 8 and words.size and words.max() > 255:
        return (words >> (bits - 8)).astype(np.uint8)
    return words.astype(np.uint8)


def expand_segments(segments: Samples, entries: int, bits: int) -> Samples:
    """A segmented palette table to its plain form (PS3.3 C.7.9.2): discrete, linear and indirect segments.

    segments: words of 8 or 16 bits. Raises InvalidImageDescription when segments run out or give more than entries.
    """
    out: list[int] = []
    data = [int(word) for word in segments]
    width = 1 if bits <= 8 else 2
    position = 0
    try:
        while position < len(data) and len(out) < entries:
            opcode, length = data[position], data[position + 1]
            if opcode == 2:
                # The offset is 32 bits and counts bytes.
                parts = data[position + 2 : position + 2 + 4 // width]
                start = sum(part << (8 * width * index) for index, part in enumerate(parts)) // width
                _expand_some(data, start, length, out, entries)
                position += 2 + 4 // width
            else:
                position = _expand_one(data, position, out, entries)
    except IndexError:
        raise InvalidImageDescription("A segmented palette is torn.") from None
    return np.array(out, dtype=np.uint16)


def _expand_some(data: list[int], position: int, count: int, out: list[int], entries: int) -> None:
    for _ in range(count):
        if len(out) > entries:
            return
        if data[position] == 2:
            raise InvalidImageDescription("An indirect palette segment refers to another.")
        position = _expand_one(data, position, out, entries)


def _expand_one(data: list[int], position: int, out: list[int], entries: int) -> int:
    opcode, length = data[position], data[position + 1]
    if len(out) + length > entries:
        raise InvalidImageDescription("A segmented palette is longer than its descriptor says.")
    if opcode == 0:
        values = data[position + 2 : position + 2 + length]
        if len(values) < length:
            raise IndexError
        out.extend(values)
        return position + 2 + length
    if opcode != 1 or not out:
        raise InvalidImageDescription("A segmented palette has an unknown segment.", opcode=opcode)
    start, end = out[-1], data[position + 2]
    out.extend(round(start + (end - start) * step / length) for step in range(1, length + 1))
    return position + 3


def apply_palette(values: Samples, colours: Palette) -> Samples:
    """Stored values (rows, columns) to RGB (rows, columns, 3) uint8; values outside the table take its ends."""
    index = values.astype(np.int64) - colours.first_mapped
    picked: Samples = colours.colours[np.clip(index, 0, len(colours.colours) - 1)]
    return picked


def is_inverted(data_set: Mapping[str, Any], photometric_interpretation: str) -> bool:
    """Whether low values are shown bright: MONOCHROME1, unless Presentation LUT Shape says otherwise (C.11.6)."""
    shape = str(first_value(data_set, "20500020") or "").upper()
    if shape in ("INVERSE", "IDENTITY"):
        return shape == "INVERSE"
    return photometric_interpretation == "MONOCHROME1"
