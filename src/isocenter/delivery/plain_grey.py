"""Which frames may be drawn in this process: native grey samples, described by a handful of short attributes.

No codec reads foreign bytes for them, and of their header only those attributes are read. Look-up tables, functional
groups, palettes, colour and whatever is large or looks odd go to confined processes, which draw everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isocenter.delivery import own_packs
from isocenter.delivery.frames import BIG_ENDIAN_PIXELS
from isocenter.delivery.study_view import Form
from isocenter.pixels.description import ImageDescription
from isocenter.standards.dicom.element_spans import ElementSpan, element_spans, is_explicit
from isocenter.standards.dicom.elements import MalformedDataSet

if TYPE_CHECKING:
    from isocenter.delivery.library import Library

MAX_HEADER_BYTES: Final = 256 << 10
MAX_FRAME_BYTES: Final = 64 << 20
_IMAGE_PIXEL: Final = 0x0028
_BESIDE: Final = frozenset({0x00080005, 0x00080016, 0x20500020})
_FUNCTIONAL_GROUPS: Final = 0x5200
_SHORT: Final = 256
_GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})


def plain_header(header: bytes, form: Form) -> bytes | None:
    """The elements that say how a grey frame is drawn, as they stand in the header; None: it takes more than those."""
    if form.syntax.deflated or form.transfer_syntax_uid in BIG_ENDIAN_PIXELS or len(header) > MAX_HEADER_BYTES:
        return None
    data = memoryview(header)
    kept: list[memoryview] = []
    end = 0
    try:
        for span in element_spans(data, explicit=is_explicit(data, form.syntax.explicit_vr)):
            group, end = span.tag >> 16, span.end
            if group == _FUNCTIONAL_GROUPS:
                return None
            if group == _IMAGE_PIXEL or span.tag in _BESIDE:
                if not _is_short(span):
                    return None
                kept.append(data[span.start : span.end])
    except MalformedDataSet:
        return None
    return b"".join(kept) if end == len(header) else None


def is_plain(description: ImageDescription) -> bool:
    """Whether a described frame is drawn here."""
    return (
        description.samples_per_pixel == 1
        and description.bits_allocated in (8, 16)
        and description.photometric_interpretation in _GREY
        and description.native_frame_bits <= 8 * MAX_FRAME_BYTES
    )


def native_frame(library: Library, form: Form, frame: bytes) -> bytes | None:
    """The samples of a stored frame when it holds them, or we recompressed it ourselves; else None."""
    if not form.encapsulated:
        return frame
    return own_packs.decoded_frame(library, form, frame) if own_packs.is_ours(form) else None


def _is_short(span: ElementSpan) -> bool:
    return not span.undefined and span.known_vr != "SQ" and span.value_end - span.value_at <= _SHORT
