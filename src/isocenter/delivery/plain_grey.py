"""Which frames may be drawn in this process: native grey samples, described by a handful of short attributes.

No codec reads foreign bytes for them, and of their header only those attributes are read. Look-up tables, functional
groups, palettes, colour and whatever is large or looks odd go to confined processes, which draw everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from isocenter.delivery import own_packs
from isocenter.delivery.frames import BIG_ENDIAN_PIXELS
from isocenter.delivery.pixels import described
from isocenter.delivery.rendering import Rendering
from isocenter.delivery.scaling import Picture, fitted, scaled, size_within
from isocenter.delivery.study_view import Form
from isocenter.kit.errors import Invalid
from isocenter.pixels.description import ImageDescription
from isocenter.pixels.errors import UndecodableFrame
from isocenter.pixels.native import Samples, decode_native
from isocenter.pixels.reduced import decode_reduced, halvings_for
from isocenter.pixels.render import Display, display, render_frame
from isocenter.pixels.voi_lut import VoiLutFunction, Window
from isocenter.standards.dicom.element_spans import ElementSpan, element_spans, is_explicit
from isocenter.standards.dicom.elements import MalformedDataSet

MAX_HEADER_BYTES: Final = 256 << 10
MAX_FRAME_BYTES: Final = 64 << 20
COARSER_FROM_PIXELS: Final = 1 << 20
"""Of a film or mammogram; smaller frames are decoded whole in less time than their request takes."""
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


@dataclass(frozen=True, slots=True)
class PlainGrey:
    """How every frame of an object is drawn here."""

    description: ImageDescription
    shown: Display


def plain_grey(header: bytes, form: Form) -> PlainGrey | None:
    """What a header says of drawing its frames here; None for every other, also for one that says it wrong."""
    plain = plain_header(header, form)
    if plain is None:
        return None
    try:
        model, description = described(plain, form.transfer_syntax_uid)
        return PlainGrey(description, display(model)) if is_plain(description) else None
    except Invalid:
        return None


def drawn(plain: PlainGrey, form: Form, frame: bytes | bytearray | memoryview, rendering: Rendering) -> Picture | None:
    """A stored frame drawn and scaled: native, or recompressed by ourselves; None: ask a confined process.

    Of what we recompressed, a large frame is decoded no finer than the viewport asks for, where windows, which follow,
    can be laid over a smoothed image: not beside padding, which is no image, nor where the range of the samples is the
    window.
    """
    viewport, window, shown = rendering.viewport, window_of(rendering), plain.shown
    shape = (plain.description.rows, plain.description.columns)
    samples: Samples | None = None
    if not form.encapsulated:
        if 8 * len(frame) >= plain.description.native_frame_bits:
            samples = decode_native(memoryview(frame), plain.description)
    elif own_packs.is_ours(form):
        halvings = 0
        smooth = shown.padding is None and (window is not None or shown.windows)
        if viewport is not None and viewport.region is None and smooth and is_large(*shape):
            size = size_within(*shape, viewport, upscale=rendering.upscale)
            halvings = halvings_for(shape, size)
        samples = _ours(form, frame, plain.description, halvings)
    if samples is None:
        return None
    picture = render_frame(samples, plain.description, shown, window)
    if viewport is None:
        return picture
    if samples.shape == shape:
        return fitted(picture, viewport, upscale=rendering.upscale)
    size = size_within(*shape, viewport, upscale=rendering.upscale)
    return picture if picture.shape == size else scaled(picture, *size)


def _ours(
    form: Form, frame: bytes | bytearray | memoryview, description: ImageDescription, halvings: int
) -> Samples | None:
    if halvings:
        try:
            return decode_reduced(bytes(frame), description, halvings)
        except UndecodableFrame:
            pass  # whole, it may be right
    return own_packs.samples_of(form, frame, signed=bool(description.pixel_representation))


def is_large(rows: int, columns: int) -> bool:
    """Whether decoding a frame of this size whole for a small picture is worth avoiding."""
    return rows * columns >= COARSER_FROM_PIXELS


def window_of(rendering: Rendering) -> Window | None:
    """The window that was asked for."""
    asked = rendering.window
    return None if asked is None else Window(asked.centre, asked.width, VoiLutFunction(asked.function))


def _is_short(span: ElementSpan) -> bool:
    return not span.undefined and span.known_vr != "SQ" and span.value_end - span.value_at <= _SHORT
