"""A data set turned into Explicit VR Little Endian (PS3.5 A.2), pixels decompressed. Runs in a confined process.

Colour that was compressed becomes RGB by pixel and is labelled so; everything else keeps its values.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from isocenter.delivery.frames import EXTENDED_OFFSET_TABLE, swapped
from isocenter.delivery.pixels import described, native_bytes
from isocenter.kit.errors import Invalid
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.encapsulation import frame_fragments
from isocenter.standards.dicom.elements import ScannedDataSet, inflate, scan
from isocenter.standards.dicom.explicit_vr import to_explicit_little_endian
from isocenter.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax

MAX_VALUE_BYTES = (1 << 32) - 2
_GE_BIG_ENDIAN_PIXELS = "1.2.840.113619.5.2"
_PHOTOMETRIC_INTERPRETATION = 0x00280004
_PLANAR_CONFIGURATION = 0x00280006


class NotTranscodable(Invalid):
    """The object cannot be given in Explicit VR Little Endian."""

    reason: ClassVar[str] = "not-transcodable"


def transcoded(data_set: bytes, transfer_syntax_uid: str) -> bytes:
    """The data set in Explicit VR Little Endian. Raises NotTranscodable, and errors of parsing and decoding."""
    syntax = transfer_syntax(transfer_syntax_uid)
    if syntax.deflated:
        return transcoded(inflate(memoryview(data_set)), EXPLICIT_VR_LITTLE_ENDIAN)
    view = memoryview(data_set)
    scanned = scan(view, syntax, frozenset({EXTENDED_OFFSET_TABLE}))
    if scanned.pixel_data is None:
        return _elements(view, syntax, scanned)
    before = view[: scanned.pixel_data.element_offset]
    if scanned.fragments is not None:
        _, description = described(bytes(before), transfer_syntax_uid)
        value = _decompressed(view, syntax, scanned, scanned.fragments, description)
        return _elements(before, syntax, scanned, _relabelled(description)) + _pixel_data(
            value, 0x7FE00010, b"OW" if description.bits_allocated > 8 else b"OB"
        )
    return _native(view, syntax, scanned)


def _native(view: memoryview, syntax: TransferSyntax, scanned: ScannedDataSet) -> bytes:
    span = scanned.pixel_data
    assert span is not None
    assert span.length is not None
    before, end = view[: span.element_offset], span.value_offset + span.length
    value = bytes(view[span.value_offset : end])
    vr = span.vr or b"OW"
    if not syntax.little_endian or syntax.uid == _GE_BIG_ENDIAN_PIXELS:
        _, description = described(bytes(before), syntax.uid)
        word = 16 if vr == b"OW" and description.bits_allocated <= 8 else description.bits_allocated
        if syntax.little_endian and description.bits_allocated <= 8:
            word = 8
        value = swapped(value, word)
    after = view[end:]
    trailer = _elements(after, syntax, scanned) if any(after) else b""
    return _elements(before, syntax, scanned) + _pixel_data(value, span.tag, vr) + trailer


def _elements(
    part: memoryview, syntax: TransferSyntax, scanned: ScannedDataSet, replace: dict[int, bytes] | None = None
) -> bytes:
    if scanned.explicit_vr and syntax.little_endian and not replace:
        return bytes(part)
    return to_explicit_little_endian(
        part, explicit_vr=scanned.explicit_vr, little_endian=syntax.little_endian, replace=replace
    )


def _decompressed(
    view: memoryview,
    syntax: TransferSyntax,
    scanned: ScannedDataSet,
    fragments: Sequence[tuple[int, int]],
    description: ImageDescription,
) -> bytes:
    if description.native_frame_bits // 8 * description.number_of_frames > MAX_VALUE_BYTES:
        raise NotTranscodable("Decompressed, the object is larger than an element may be.")
    frames = frame_fragments(
        fragments,
        description.number_of_frames,
        lambda offset, length: bytes(view[offset : offset + length]),
        extended_offsets=scanned.values.get(EXTENDED_OFFSET_TABLE, b""),
    )
    return b"".join(
        native_bytes(
            decode_frame(b"".join(view[at : at + size] for at, size in frame), syntax.uid, description), description
        )
        for frame in frames
    )


def _relabelled(description: ImageDescription) -> dict[int, bytes]:
    """What the header has to say of decompressed colour."""
    if description.samples_per_pixel != 3:
        return {}
    return {_PHOTOMETRIC_INTERPRETATION: b"RGB ", _PLANAR_CONFIGURATION: b"\0\0"}


def _pixel_data(value: bytes, tag: int, vr: bytes) -> bytes:
    if len(value) > MAX_VALUE_BYTES:
        raise NotTranscodable("Decompressed, the object is larger than an element may be.")
    padded = value + b"\0" * (len(value) % 2)
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, len(padded)) + padded
