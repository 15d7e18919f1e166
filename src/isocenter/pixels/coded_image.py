"""What a compressed image says of itself: its transfer syntax and its description (PS3.18 10.5.2, PS3.3 C.7.6.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

from isocenter.pixels.codestreams import (
    JPEG_LS_FRAME,
    START_OF_SCAN,
    CodeStream,
    Coding,
    identify,
    is_frame_header,
    jpeg_segments,
)
from isocenter.pixels.errors import UndecodableFrame, UnsupportedSyntax

HEAD_BYTES: Final = 1 << 20
"""Of an image is looked at to know what it is; profiles and thumbnails may stand before its frame."""
_PREFIX: Final = "1.2.840.10008.1.2.4."
_BY_FRAME: Final = {0xC0: "50", 0xC1: "51", 0xC2: "55"}
_LOSSLESS_FRAME: Final = 0xC3
_FIRST_ORDER: Final = 1
_LARGEST: Final = 0xFFFF
_JP2: Final = b"\0\0\0\x0cjP  \r\n\x87\n"

Elements = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CodedImage:
    """A compressed image. code_stream: where the stream proper begins in its file, which JP2 wraps in boxes."""

    transfer_syntax_uid: str
    code_stream: int
    stream: CodeStream
    subsampled: bool


def coded_image(head: bytes) -> CodedImage:
    """What an image is, from its first bytes. Raises UndecodableFrame, UnsupportedSyntax.

    JPEG, JPEG-LS, JPEG 2000, HTJ2K and JPEG XL; others do not say what they are.
    """
    stream = identify(head)
    if stream is None or stream.coding is Coding.VIDEO:
        raise UnsupportedSyntax("This is no compressed image that says what it is.")
    start = _code_stream_start(head)
    try:
        last, subsampled = _kind(head, stream)
    except (struct.error, IndexError):
        raise UndecodableFrame("The header of the compressed image is torn.") from None
    return CodedImage(_PREFIX + last, start, stream, subsampled)


def image_elements(image: CodedImage) -> Elements:
    """Its Image Pixel Description Macro (PS3.3 C.7.6.3) as DICOM JSON. Raises UndecodableFrame."""
    stream = image.stream
    rows, columns, components, precision = stream.rows, stream.columns, stream.components, stream.precision
    if not rows or not columns or not precision or components not in (1, 3) or max(rows, columns) > _LARGEST:
        raise UndecodableFrame("The compressed image does not say how it is described.", components=components)
    allocated = 8 if precision <= 8 else 16
    numbers = {
        "00280002": components,
        "00280010": rows,
        "00280011": columns,
        "00280100": allocated,
        "00280101": precision,
        "00280102": precision - 1,
        "00280103": int(bool(stream.signed)),
    }
    if components == 3:
        numbers["00280006"] = 0
    elements: Elements = {tag: {"vr": "US", "Value": [number]} for tag, number in numbers.items()}
    elements["00280004"] = {"vr": "CS", "Value": [_photometric_interpretation(image)]}
    return elements


def _photometric_interpretation(image: CodedImage) -> str:
    """PS3.5 8.2.1 to 8.2.4."""
    stream = image.stream
    if stream.components == 1:
        return "MONOCHROME2"
    if stream.coding in (Coding.JPEG_2000, Coding.HTJ2K):
        return "RGB" if not stream.colour_transform else "YBR_RCT" if stream.reversible else "YBR_ICT"
    if stream.coding is Coding.JPEG and stream.colour_transform is not False:
        return "YBR_FULL_422" if image.subsampled else "YBR_FULL"
    return "YBR_FULL" if stream.colour_transform else "RGB"


def _kind(head: bytes, stream: CodeStream) -> tuple[str, bool]:
    """(the last part of the transfer syntax, whether colours are subsampled)."""
    if stream.coding is Coding.JPEG_2000:
        return ("90" if stream.reversible else "91"), False
    if stream.coding is Coding.HTJ2K:
        return ("201" if stream.reversible else "203"), False
    if stream.coding is Coding.JPEG_XL:
        return "112", False
    frame, header, scan = 0, b"", b""
    for marker, content in jpeg_segments(head):
        if is_frame_header(marker):
            frame, header = marker, content
        elif marker == START_OF_SCAN:
            scan = content
    parameter = scan[1 + 2 * scan[0]]  # the predictor of lossless JPEG, the error of JPEG-LS
    if frame == JPEG_LS_FRAME:
        return ("81" if parameter else "80"), False
    if frame == _LOSSLESS_FRAME:
        return ("70" if parameter == _FIRST_ORDER else "57"), False
    if frame not in _BY_FRAME:
        raise UnsupportedSyntax("This kind of JPEG has no transfer syntax that is in use.", frame=f"{frame:02X}")
    return _BY_FRAME[frame], len(set(header[7 : 6 + 3 * header[5] : 3])) > 1


def _code_stream_start(head: bytes) -> int:
    """Where the contiguous code stream box of a JP2 file has its content (ISO 15444-1 I.5.4); 0 for a stream itself."""
    if head[:12] != _JP2:
        return 0
    position = 0
    while position + 8 <= len(head):
        size, kind = struct.unpack_from(">I4s", head, position)
        content = position + 8
        if size == 1 and position + 16 <= len(head):
            (size,) = struct.unpack_from(">Q", head, content)
            content += 8
        if kind == b"jp2c":
            return content
        if size < 8:
            break
        position += size
    raise UndecodableFrame("The JP2 file holds no code stream where one is looked for.", looked_at=len(head))
