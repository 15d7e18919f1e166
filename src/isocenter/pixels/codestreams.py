"""What a code stream is, read from its own first bytes: the declared transfer syntax is sometimes wrong.

JPEG ISO 10918-1, JPEG-LS 14495-1, JPEG 2000 and HTJ2K 15444-1/-15, JPEG XL 18181, MPEG. Headers only, no decoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from isocenter.pixels.errors import UndecodableFrame


class Coding(StrEnum):
    """Families of code stream."""

    JPEG = "jpeg"
    JPEG_LOSSLESS = "jpeg-lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    HTJ2K = "htj2k"
    JPEG_XL = "jpeg-xl"
    VIDEO = "video"
    RLE = "rle"
    DEFLATED = "deflated"
    NATIVE = "native"


START_OF_SCAN: Final = 0xDA
JPEG_LS_FRAME: Final = 0xF7
_END_OF_IMAGE: Final = 0xD9
_BY_SYNTAX: Final = {
    "1.2.840.10008.1.2.1.98": Coding.NATIVE,
    "1.2.840.10008.1.2.5": Coding.RLE,
    "1.2.840.10008.1.2.8.1": Coding.DEFLATED,
    **dict.fromkeys(
        (f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 52, 53, 54, 55, 56, 59, 60, 61, 62, 63, 64)), Coding.JPEG
    ),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (57, 58, 65, 66, 70)), Coding.JPEG_LOSSLESS),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)), Coding.JPEG_LS),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 92, 93)), Coding.JPEG_2000),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203)), Coding.HTJ2K),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112)), Coding.JPEG_XL),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109)), Coding.VIDEO),
}


@dataclass(frozen=True, slots=True)
class CodeStream:
    """What the header of a code stream says; None where this kind does not say it in its first bytes.

    signed: JPEG 2000 only. colour_transform: for JPEG True if the components are YCbCr by its own markers, False if
    by them they are not, None if they do not tell; for JPEG 2000 whether a multiple component transform is in use.
    reversible: JPEG 2000 only, whether its wavelet is.
    """

    coding: Coding
    rows: int | None = None
    columns: int | None = None
    components: int | None = None
    precision: int | None = None
    signed: bool | None = None
    colour_transform: bool | None = None
    progressive: bool = False
    reversible: bool | None = None


def declared_coding(syntax_uid: str) -> Coding | None:
    """What the pixel data of an encapsulated syntax should be; None for an unknown one."""
    if syntax_uid in _BY_SYNTAX:
        return _BY_SYNTAX[syntax_uid]
    base = syntax_uid.removesuffix(".1")
    return _BY_SYNTAX.get(base)


def identify(data: bytes | memoryview) -> CodeStream | None:
    """What these bytes are, or None when they are no code stream that says so (RLE, deflated and native do not).

    Raises UndecodableFrame when the header is torn.
    """
    head = bytes(data[:16])
    try:
        if head[:3] == b"\xff\xd8\xff":
            return _jpeg(data)
        if head[:4] == b"\xff\x4f\xff\x51":
            return _jpeg_2000(data, 0)
        if head[:12] == b"\0\0\0\x0cjP  \r\n\x87\n":
            start = bytes(data[:65536]).find(b"\xff\x4f\xff\x51")
            return _jpeg_2000(data, start) if start >= 0 else None
    except (struct.error, IndexError):
        raise UndecodableFrame("The header of the compressed image is torn.") from None
    if head[:2] == b"\xff\x0a" or head[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        return CodeStream(Coding.JPEG_XL)
    if head[:4] in (b"\0\0\x01\xb3", b"\0\0\0\x01", b"\0\0\x01\x67") or head[4:8] == b"ftyp":
        return CodeStream(Coding.VIDEO)
    return None


def jpeg_segments(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """(marker, content) of each segment in the order of the stream, to the first scan header (ISO 10918-1 B.1.1.4).

    Raises IndexError, struct.error where the data end before it.
    """
    position = 2
    while True:
        while data[position] != 0xFF:
            position += 1
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (size,) = struct.unpack_from(">H", data, position)
        yield marker, bytes(data[position + 2 : position + size])
        if marker in (START_OF_SCAN, _END_OF_IMAGE):
            return
        position += size


def is_frame_header(marker: int) -> bool:
    """Whether a marker begins a frame of JPEG or JPEG-LS."""
    return (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == JPEG_LS_FRAME


def _jpeg(data: bytes | memoryview) -> CodeStream:
    """Markers up to the frame header (ISO 10918-1 B.2.2)."""
    jfif = False
    adobe: int | None = None
    for marker, content in jpeg_segments(data):
        if marker == 0xE0 and content[:5] == b"JFIF\0":
            jfif = True
        elif marker == 0xEE and content[:5] == b"Adobe" and len(content) >= 12:
            adobe = content[11]
        elif is_frame_header(marker):
            return _jpeg_frame_header(marker, content, jfif, adobe)
    raise UndecodableFrame("The compressed image has no frame header.")


def _jpeg_frame_header(marker: int, content: bytes, jfif: bool, adobe: int | None) -> CodeStream:
    precision, rows, columns, components = struct.unpack_from(">BHHB", content)
    coding = Coding.JPEG
    if marker == JPEG_LS_FRAME:
        coding = Coding.JPEG_LS
    elif marker in (0xC3, 0xC7, 0xCB, 0xCF):
        coding = Coding.JPEG_LOSSLESS
    transform: bool | None = None
    if components == 3:
        identifiers = content[6:15:3]
        if adobe is not None:
            transform = adobe == 1
        elif jfif:
            transform = True
        elif identifiers == b"RGB":
            transform = False
    progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
    return CodeStream(coding, rows, columns, components, precision, None, transform, progressive)


def _jpeg_2000(data: bytes | memoryview, start: int) -> CodeStream:
    """SIZ, COD and CAP (ISO 15444-1 A.5, A.6). With CAP present and bit 14 set in Pcap it is HTJ2K (15444-15)."""
    x1, y1, x0, y0 = struct.unpack_from(">IIII", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + 40)
    depth = data[start + 42]
    coding, transform, reversible = Coding.JPEG_2000, False, False
    position = start + 2
    while True:
        marker, size = struct.unpack_from(">HH", data, position)
        if marker == 0xFF50 and struct.unpack_from(">I", data, position + 4)[0] & 0x00020000:
            coding = Coding.HTJ2K
        elif marker == 0xFF52:
            transform, reversible = data[position + 8] == 1, data[position + 13] == 1
        elif marker in (0xFF90, 0xFFD9):
            break
        position += 2 + size
    precision = (depth & 0x7F) + 1
    signed = bool(depth & 0x80)
    return CodeStream(coding, y1 - y0, x1 - x0, components, precision, signed, transform, reversible=reversible)
