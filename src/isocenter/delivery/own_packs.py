"""Objects that we recompressed ourselves, decoded in this process: the code streams were made and proven by us.

Foreign code streams go to confined processes; these need none, and the codec lets other threads run. A whole object is
proven by its digest again; whatever does not fit is left to the general path.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

import imagecodecs
import numpy as np
from blake3 import blake3

from isocenter.delivery.study_view import Form, Packed
from isocenter.pixels.native import Samples
from isocenter.standards.dicom.elements import scan
from isocenter.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from isocenter.storage.extents import Extent
from isocenter.storage.manifest import decode_received
from isocenter.storage.manifest_layout import Rebuild

if TYPE_CHECKING:
    from isocenter.delivery.library import Library
    from isocenter.delivery.plain_grey import PlainGrey

HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
_PIXEL_REPRESENTATION = 0x00280103
_SEQUENCE_END = bytes.fromhex("FEFFDDE000000000")
_EXPLICIT = transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN)


def is_ours(form: Form) -> bool:
    """Whether a form is a grey-scale image that we recompressed when its study was sealed."""
    packed = form.packed
    return (
        packed is not None
        and packed.entry.rebuild is not Rebuild.VERBATIM
        and packed.entry.samples_per_pixel == 1
        and form.transfer_syntax_uid == HTJ2K_LOSSLESS
    )


def decoded_frame(library: Library, form: Form, frame: bytes | memoryview, plain: PlainGrey | None) -> bytes | None:
    """One frame of a form that is ours, native and little endian; None: ask the general path.

    plain: what its header says, where that is known; else the header is read.
    """
    if plain is not None:
        return _native(form, frame, bool(plain.description.pixel_representation))
    return _native(form, frame, _is_signed(bytes(library.files.read(form.within(0, form.header_length)))))


def samples_of(form: Form, frame: bytes | bytearray | memoryview, *, signed: bool) -> Samples | None:
    """The samples of one frame of a form that is ours, (rows, columns); None: ask the general path."""
    assert form.packed is not None
    entry = form.packed.entry
    try:
        samples = np.asarray(imagecodecs.htj2k_decode(cast("bytes", frame), planar=False))
    except Exception:  # the codec has an exception class of its own; the general path says what is wrong
        return None
    wanted = np.dtype(f"<{'i' if signed else 'u'}{entry.bits_allocated // 8}")
    return samples if samples.shape == (entry.rows, entry.columns) and samples.dtype == wanted else None


def expected_length(form: Form) -> int | None:
    """Bytes of `explicit_data_set`, known before it is made where the object was received so; else None."""
    packed = form.packed
    if packed is None or packed.entry.received_transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
        return None
    return packed.entry.received_length if is_ours(form) else None


def explicit_data_set(library: Library, form: Form) -> tuple[bytes, ...] | None:
    """The data set of a form that is ours in Explicit VR Little Endian, in pieces, its pixels proven.

    None: ask the general path. Pieces with pixels are bytes-like, without a copy of what the decoder gave.
    """
    packed = form.packed
    assert packed is not None
    entry = packed.entry
    parts = packed.manifest.received_parts(entry)
    syntax = entry.received_transfer_syntax_uid
    if parts is None or syntax not in (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN):
        return None
    stored = memoryview(library.files.read(form.data_set))
    header = bytes(stored[: form.header_length])
    frames = _frames(packed, form.data_set, stored)
    signed = _is_signed(header)
    native = None if frames is None else [_native(form, frame, signed) for frame in frames]
    if native is None or None in native:
        return None
    head, tail = (_part(library, part, header) for part in parts)
    received = [head, *(frame for frame in native if frame is not None), tail]
    if _digest(received) != entry.digest:
        return None  # the general path says what is wrong with it
    if syntax == EXPLICIT_VR_LITTLE_ENDIAN:
        return tuple(received)
    if any(tail) or stored[-len(_SEQUENCE_END) :] != _SEQUENCE_END:
        return None  # elements after the pixels: in another encoding there
    length = sum(len(piece) for piece in received[1:])
    vr = b"OW" if entry.bits_allocated > 8 or syntax == IMPLICIT_VR_LITTLE_ENDIAN else b"OB"
    element = struct.pack("<HH2sHI", 0x7FE0, 0x0010, vr, 0, length)
    return (header + element, *received[1:])


def _frames(packed: Packed, data_set: Extent, stored: memoryview) -> list[memoryview | bytes] | None:
    """The code streams in a stored data set."""
    found: list[memoryview | bytes] = []
    for index in range(packed.entry.number_of_frames):
        extents = packed.manifest.frame(packed.entry, index)
        if extents is None:
            return None
        places = [stored[each.offset - data_set.offset :][: each.length] for each in extents]
        found.append(places[0] if len(places) == 1 else b"".join(places))
    return found


def _native(form: Form, frame: bytes | memoryview, signed: bool) -> bytes | None:
    samples = samples_of(form, frame, signed=signed)
    if samples is None:
        return None
    # Bytes-like is all that is asked of it: it is hashed, measured and sent.
    return cast("bytes", np.ascontiguousarray(samples).data.cast("B"))


def _is_signed(header: bytes) -> bool:
    value = scan(memoryview(header), _EXPLICIT, frozenset({_PIXEL_REPRESENTATION})).values.get(_PIXEL_REPRESENTATION)
    return bool(value) and value != b"\0\0"


def _part(library: Library, part: Extent, header: bytes) -> bytes:
    return decode_received(bytes(library.files.read(part)), header) if part.length else b""


def _digest(pieces: list[bytes]) -> bytes:
    hasher = blake3()
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()
