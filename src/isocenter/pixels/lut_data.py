"""Descriptor and data of a look-up table (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5, C.7.6.3.1.6)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isocenter.pixels.errors import InvalidImageDescription

Samples = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class LutDescriptor:
    """entries: 1 to 65536 (0 in the file means 65536); first_mapped: the input of entry 0; bits: of each entry."""

    entries: int
    first_mapped: int
    bits: int

    @staticmethod
    def of(values: Sequence[Any]) -> LutDescriptor:
        """From the three values of the attribute. Raises InvalidImageDescription."""
        try:
            entries, first_mapped, bits = (int(value) for value in values[:3])
        except (TypeError, ValueError):
            raise InvalidImageDescription("A look-up table has an impossible descriptor.") from None
        entries &= 0xFFFF  # read as signed, large tables have a negative length
        if not 1 <= bits <= 16:
            raise InvalidImageDescription("A look-up table has an impossible descriptor.", bits=bits)
        return LutDescriptor(entries or 65536, first_mapped, bits)


def lut_words(attribute: Mapping[str, Any] | None, descriptor: LutDescriptor) -> Samples | None:
    """The entries of a table as uint16, from a JSON attribute with numbers (US, SS) or binary in line (OW).

    8-bit entries may be packed two to a word: with as many bytes as entries they are. A table shorter than its
    descriptor says is given as it is. None where the attribute is absent or empty.
    """
    raw = _bytes(attribute)
    if raw is None:
        return None
    if len(raw) < 2 * descriptor.entries and descriptor.bits <= 8 and len(raw) >= descriptor.entries:
        return np.frombuffer(raw, dtype=np.uint8, count=descriptor.entries).astype(np.uint16)
    if len(raw) < 2:
        raise InvalidImageDescription("A look-up table has no data.")
    words = np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<u2")[: descriptor.entries].astype(np.uint16)
    return _eight_bit_entries(words) if descriptor.bits <= 8 else words


def _eight_bit_entries(words: Samples) -> Samples:
    """8-bit entries that a device wrote into both bytes of a word, or into the upper one, put right."""
    low, high = words & 0xFF, words >> 8
    return high if high.any() and (np.array_equal(low, high) or not low.any()) else words


def segment_words(attribute: Mapping[str, Any] | None, bits: int) -> Samples | None:
    """The words of a segmented table: bytes where entries have 8 bits, else 16-bit words; None where absent."""
    raw = _bytes(attribute)
    if raw is None:
        return None
    if bits <= 8:
        return np.frombuffer(raw, dtype=np.uint8).astype(np.uint16)
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<u2").astype(np.uint16)


def _bytes(attribute: Mapping[str, Any] | None) -> bytes | None:
    """The little endian bytes of a table that stands in line, or None."""
    if not attribute:
        return None
    if attribute.get("Value"):
        numbers = np.array([int(value) & 0xFFFF for value in attribute["Value"]], dtype=np.uint16)
        return numbers.astype("<u2").tobytes()
    if "InlineBinary" not in attribute:
        return None
    try:
        return b64decode(attribute["InlineBinary"])
    except (Base64Error, ValueError):
        raise InvalidImageDescription("A look-up table has impossible data.") from None
