"""Values of the DICOM JSON model (PS3.18 F.2.3) from raw value bytes, VR by VR."""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from isocenter.standards.dicom.character_sets import CharacterSet, decode_text
from isocenter.standards.dicom.person_name import parse_person_name

MAX_INLINE_BYTES: Final = 1024
"""Longer binary values are named by a URI."""
BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_MAX_SAFE_INTEGER: Final = 2**53 - 1  # larger integers lose digits in JavaScript: they are strings
_WORD_BYTES: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_BINARY_NUMBERS: Final = {
    "US": ("H", 2),
    "SS": ("h", 2),
    "UL": ("I", 4),
    "SL": ("i", 4),
    "UV": ("Q", 8),
    "SV": ("q", 8),
    "FL": ("f", 4),
    "FD": ("d", 8),
}

JsonValues = list[Any]


def inline_binary(vr: str, value: memoryview, *, little_endian: bool) -> str:
    """Base64 of a binary value in little endian (PS3.18 F.2.7)."""
    raw = bytes(value)
    size = _WORD_BYTES.get(vr, 1)
    if not little_endian and size > 1:
        whole = len(raw) - len(raw) % size
        raw = b"".join(raw[at : at + size][::-1] for at in range(0, whole, size)) + raw[whole:]
    return b64encode(raw).decode("ascii")


def json_value(vr: str, raw: bytes, *, little_endian: bool, declared: CharacterSet) -> JsonValues:
    """The Value array of a value that is neither binary nor a sequence; empty when it holds nothing.

    Values that are not what their VR says become strings, so that nothing that was sent is hidden.
    """
    if vr in _BINARY_NUMBERS:
        return _binary_numbers(vr, raw, little_endian)
    if vr == "AT":
        return _tags(raw, little_endian)
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")
    else:
        text = decode_text(raw, declared, person_name=vr == "PN").text
    values = _TEXT_READERS.get(vr, _trimmed)(text)
    # PS3.18 F.2.5: empty values among others are null, a value with nothing in it has no Value at all.
    return values if any(value is not None for value in values) else []


def _binary_numbers(vr: str, raw: bytes, little_endian: bool) -> JsonValues:
    code, size = _BINARY_NUMBERS[vr]
    count = len(raw) // size
    numbers = struct.unpack_from(f"{'<' if little_endian else '>'}{count}{code}", raw)
    if code in "fd":
        return [number if math.isfinite(number) else _not_finite(number) for number in numbers]
    if size == 8:
        return [number if abs(number) <= _MAX_SAFE_INTEGER else str(number) for number in numbers]
    return list(numbers)


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _tags(raw: bytes, little_endian: bool) -> JsonValues:
    pairs = struct.unpack_from(f"{'<' if little_endian else '>'}{len(raw) // 4 * 2}H", raw)
    return [f"{group:04X}{element:04X}" for group, element in zip(pairs[::2], pairs[1::2], strict=True)]


def _trimmed(text: str) -> JsonValues:
    return [part.strip(" \0") or None for part in text.split("\\")]


def _right_trimmed(text: str) -> JsonValues:
    return [part.rstrip(" \0") or None for part in text.split("\\")]


def _one_text(text: str) -> JsonValues:
    return [text.rstrip(" \0") or None]


def _person_names(text: str) -> JsonValues:
    return [parse_person_name(part).to_json() or None for part in text.split("\\")]


def _integers(text: str) -> JsonValues:
    return [_number(part.strip(" \0"), int) for part in text.split("\\")]


def _decimals(text: str) -> JsonValues:
    return [_number(part.strip(" \0"), float) for part in text.split("\\")]


def _number(text: str, read: Callable[[str], float]) -> float | str | None:
    if not text:
        return None
    if len(text) > 32 or "_" in text or not text.isascii():
        return text
    try:
        number = read(text)
    except ValueError:
        return text
    return number if abs(number) <= _MAX_SAFE_INTEGER or (read is float and math.isfinite(number)) else text


_TEXT_READERS: Final[dict[str, Callable[[str], JsonValues]]] = {
    "PN": _person_names,
    "IS": _integers,
    "DS": _decimals,
    "UC": _right_trimmed,
    "ST": _one_text,
    "LT": _one_text,
    "UT": _one_text,
    "UR": _one_text,
}
