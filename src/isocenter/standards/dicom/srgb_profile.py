"""sRGB as an ICC profile of an input device, for objects that must say what their colours are (PS3.3 C.11.15).

Made of the numbers of IEC 61966-2-1, its primaries brought to D50 after Bradford, as ICC.1:2001-04 (version 2.4) lays
out a profile of three colorants and three curves. What DICOM asks for is the class "scnr": stored values to colours.
"""

from __future__ import annotations

from functools import cache
from struct import pack
from typing import Final

_PRIMARIES: Final = {
    b"rXYZ": (0.4360747, 0.2225045, 0.0139322),
    b"gXYZ": (0.3850649, 0.7168786, 0.0971045),
    b"bXYZ": (0.1430804, 0.0606169, 0.7141733),
}
_D50: Final = (0.9642, 1.0, 0.8249)
_NAME: Final = b"sRGB"
_CURVE_ENTRIES: Final = 1024
_HEADER_BYTES: Final = 128


@cache
def srgb_profile() -> bytes:
    """The profile, a multiple of four bytes; the same each time."""
    description = b"desc" + bytes(4) + pack(">I", len(_NAME) + 1) + _NAME + bytes(1 + 4 + 4 + 2 + 1 + 67)
    tags = {
        b"desc": description,
        b"cprt": b"text" + bytes(4) + b"No copyright\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(primary) for name, primary in _PRIMARIES.items()},
        b"rTRC": _curve(),
    }
    table, content = bytearray(), bytearray()
    start = _HEADER_BYTES + 4 + 12 * (len(tags) + 2)
    for name, data in tags.items():
        # The three curves are one.
        for each in (b"rTRC", b"gTRC", b"bTRC") if name == b"rTRC" else (name,):
            table += each + pack(">II", start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    whole = _header(start + len(content)) + pack(">I", len(tags) + 2) + bytes(table) + bytes(content)
    assert len(whole) % 4 == 0, "all parts are padded"
    return whole


def says_srgb(profile: bytes) -> bool:
    """Whether a profile calls itself sRGB, in ASCII or in UTF-16 (ICC.1:2001-04 6.5.17, ICC.1:2010 10.13)."""
    return _NAME in profile or _NAME.decode("ascii").encode("utf-16-be") in profile


def _header(size: int) -> bytes:
    made = pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"scnr", b"RGB ", b"XYZ ")
    made += pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    made += b"".join(_fixed(value) for value in _D50)
    return made + bytes(_HEADER_BYTES - len(made))


def _fixed(value: float) -> bytes:
    """s15Fixed16Number."""
    return pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in values)


def _curve() -> bytes:
    """From what is stored to light, both from 0 to 1 in 16 bits."""
    light = (_light(entry / (_CURVE_ENTRIES - 1)) for entry in range(_CURVE_ENTRIES))
    entries = [round(value * 0xFFFF) for value in light]
    return b"curv" + bytes(4) + pack(f">I{_CURVE_ENTRIES}H", _CURVE_ENTRIES, *entries)


def _light(stored: float) -> float:
    return stored / 12.92 if stored <= 0.04045 else float(((stored + 0.055) / 1.055) ** 2.4)
