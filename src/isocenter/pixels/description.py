"""How the pixels of an instance are laid out (PS3.3 C.7.6.3), checked before anything is allocated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isocenter.pixels.errors import InvalidImageDescription

MAX_FRAME_BYTES: Final = 1 << 30
"""A frame that decodes to more than this is refused."""
_FLOAT_BITS: Final = {"7FE00008": 32, "7FE00009": 64}


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """The attributes that say what the bytes of pixel data mean; `check` holds on every instance.

    bits_allocated: 1, 8, 16, 32 or 64. floating: Float or Double Float Pixel Data. pixel_data_vr: OB or OW; in big
    endian 8-bit samples in OW are byte-swapped words (PS3.5 Annex D).
    """

    rows: int
    columns: int
    samples_per_pixel: int = 1
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    pixel_representation: int = 0
    photometric_interpretation: str = "MONOCHROME2"
    planar_configuration: int = 0
    number_of_frames: int = 1
    floating: bool = False
    pixel_data_vr: str = "OW"

    def __post_init__(self) -> None:
        check(self)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one sample, in native byte order; 1-bit samples are uint8 0 or 1."""
        if self.floating:
            return np.dtype(f"f{self.bits_allocated // 8}")
        kind = "i" if self.pixel_representation else "u"
        return np.dtype(f"{kind}{max(self.bits_allocated // 8, 1)}") if self.bits_allocated > 1 else np.dtype("u1")

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns), or (rows, columns, samples) for colour."""
        if self.samples_per_pixel == 1:
            return self.rows, self.columns
        return self.rows, self.columns, self.samples_per_pixel

    @property
    def samples_per_frame(self) -> int:
        """Numbers in one decoded frame."""
        return self.rows * self.columns * self.samples_per_pixel

    @property
    def native_frame_bits(self) -> int:
        """Bits of one frame of native pixel data; in YBR_FULL_422 chroma is halved (C.7.6.3.1.2)."""
        if self.samples_per_pixel == 3 and self.photometric_interpretation.endswith("_422"):
            return self.rows * self.columns * 2 * self.bits_allocated
        return self.samples_per_frame * self.bits_allocated


def check(description: ImageDescription) -> None:
    """Raise InvalidImageDescription when the values cannot describe an image, or one of more than MAX_FRAME_BYTES."""
    d = description
    possible = {
        "Rows": 1 <= d.rows <= 65535,
        "Columns": 1 <= d.columns <= 65535,
        "SamplesPerPixel": 1 <= d.samples_per_pixel <= 4,
        "BitsAllocated": d.bits_allocated in ((32, 64) if d.floating else (1, 8, 16, 32, 64)),
        "BitsStored": 1 <= d.bits_stored <= d.bits_allocated,
        "HighBit": d.bits_stored - 1 <= d.high_bit < d.bits_allocated,
        "PixelRepresentation": d.pixel_representation in (0, 1),
        "PlanarConfiguration": d.planar_configuration in (0, 1),
        "NumberOfFrames": 1 <= d.number_of_frames <= 2**31 - 1,
    }
    for keyword, is_possible in possible.items():
        if not is_possible:
            raise InvalidImageDescription(f"{keyword} is missing or impossible.", attribute=keyword)
    if d.rows * d.columns * d.samples_per_pixel * max(d.bits_allocated // 8, 1) > MAX_FRAME_BYTES:
        raise InvalidImageDescription("A frame of this image is larger than we decode.", limit_bytes=MAX_FRAME_BYTES)


def image_description(data_set: Mapping[str, Any]) -> ImageDescription:
    """The description of an object from its DICOM JSON model (tags as keys).

    Missing High Bit, Bits Stored and the like take the value that nearly all senders mean. Raises
    InvalidImageDescription.
    """
    floating_bits = next((bits for tag, bits in _FLOAT_BITS.items() if tag in data_set), None)
    bits_allocated = floating_bits or integer(data_set, "00280100", 0)
    bits_stored = bits_allocated if floating_bits else integer(data_set, "00280101", bits_allocated)
    samples = integer(data_set, "00280002", 1)
    pixel_data = data_set.get("7FE00010") or {}
    return ImageDescription(
        rows=integer(data_set, "00280010", 0),
        columns=integer(data_set, "00280011", 0),
        samples_per_pixel=samples,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=bits_stored - 1 if floating_bits else integer(data_set, "00280102", bits_stored - 1),
        pixel_representation=0 if floating_bits else integer(data_set, "00280103", 0),
        photometric_interpretation=text(data_set, "00280004", "RGB" if samples == 3 else "MONOCHROME2").upper(),
        planar_configuration=integer(data_set, "00280006", 0) if samples > 1 else 0,
        number_of_frames=integer(data_set, "00280008", 1),
        floating=bool(floating_bits),
        pixel_data_vr=str(pixel_data.get("vr", "OW")),
    )


def first_value(data_set: Mapping[str, Any], tag: str) -> Any:
    """The first value of an attribute of the JSON model, or None."""
    values = (data_set.get(tag) or {}).get("Value")
    return values[0] if values else None


def integer(data_set: Mapping[str, Any], tag: str, default: int) -> int:
    """The first value of an attribute as an integer; the default where absent or no whole number."""
    value = first_value(data_set, tag)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def text(data_set: Mapping[str, Any], tag: str, default: str) -> str:
    """The first value of an attribute as text."""
    value = first_value(data_set, tag)
    return default if value is None else str(value).strip()
