"""A frame as people see it: the grey-scale and colour pipelines (PS3.4 N.2), to 8-bit grey or RGB.

Stored values → modality LUT → VOI LUT → presentation (inverse), padding black; palette and YBR to RGB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription, first_value, image_description
from isocenter.pixels.errors import UndecodableFrame
from isocenter.pixels.image_encoding import encode_image, fit_within
from isocenter.pixels.modality_lut import LookupTable, ModalityLut, apply_modality_lut, lookup_table, modality_lut
from isocenter.pixels.native import Samples, stored_values
from isocenter.pixels.photometric import Palette, apply_palette, is_inverted, palette
from isocenter.pixels.voi_lut import Window, apply_range, apply_voi_table, apply_window, windows
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

MAX_TABLE_BYTES: Final = 1 << 20
"""Look-up tables up to this size are read from the header: the largest has 65536 16-bit entries."""


_LOOKED_UP_AT_ONCE: Final = 1 << 14
"""Pixels: indexes are widened to eight bytes on the way, and so many of them stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Display:
    """How the samples of one frame become grey or colour.

    padding: lowest and highest stored value that is no image, or None. windows and voi_tables: in the order of the
    object; the first table counts before the first window.
    """

    modality: ModalityLut
    windows: tuple[Window, ...]
    voi_tables: tuple[LookupTable, ...]
    padding: tuple[int, int] | None
    inverted: bool
    palette: Palette | None


def display(data_set: Mapping[str, Any], frame_index: int = 0) -> Display:
    """From the DICOM JSON model, functional groups of the frame included. Raises InvalidImageDescription."""
    description_label = str(first_value(data_set, "00280004") or "MONOCHROME2").strip().upper()
    voi_source = _frame_attributes(data_set, frame_index, "00289132", "00281050")
    modality_source = _frame_attributes(data_set, frame_index, "00289145", "00281053")
    voi_items = (data_set.get("00283010") or {}).get("Value") or []
    return Display(
        modality=modality_lut(modality_source),
        windows=tuple(windows(voi_source)),
        voi_tables=tuple(lookup_table(item) for item in voi_items if item.get("00283006")),
        padding=_padding(data_set),
        inverted=is_inverted(data_set, description_label),
        palette=palette(data_set) if description_label == "PALETTE COLOR" else None,
    )


def _frame_attributes(data_set: Mapping[str, Any], frame_index: int, macro: str, tag: str) -> Mapping[str, Any]:
    """The item that holds `tag` for the frame: per-frame, then shared functional groups, then the object itself."""
    per_frame = (data_set.get("52009230") or {}).get("Value") or []
    shared = (data_set.get("52009229") or {}).get("Value") or []
    for groups in (per_frame[frame_index : frame_index + 1], shared[:1]):
        for group in groups:
            for item in (group.get(macro) or {}).get("Value") or []:
                if tag in item:
                    found: Mapping[str, Any] = item
                    return found
    return data_set


def _padding(data_set: Mapping[str, Any]) -> tuple[int, int] | None:
    """Pixel Padding Value, with Pixel Padding Range Limit on either side of it (C.7.5.1.1.2)."""
    value, limit = first_value(data_set, "00280120"), first_value(data_set, "00280121")
    if not isinstance(value, int):
        return None
    other = limit if isinstance(limit, int) else value
    return min(value, other), max(value, other)


def render_frame(
    samples: Samples, description: ImageDescription, shown: Display, window: Window | None = None
) -> Samples:
    """One decoded frame to uint8 (rows, columns), 0 black to 255 white, or (rows, columns, 3) RGB.

    samples: of decode_frame. window: of the viewer's choice, in place of the object's. Raises UndecodableFrame for
    colour with other than three samples.
    """
    if samples.ndim == 3:
        return _colour(samples, description)
    if shown.palette is not None:
        return apply_palette(stored_values(samples, description), shown.palette)
    low_high = _full_range(samples, description, shown)
    if samples.dtype.itemsize <= 2 and samples.dtype.kind in "iu":
        return _looked_up(samples, lambda words: _grey(words, description, shown, window, low_high))
    return _grey(samples, description, shown, window, low_high)


def _looked_up(samples: Samples, grey: Callable[[Samples], Samples]) -> Samples:
    """`grey` of every word from the lowest sample to the highest once, then one look-up for each pixel.

    samples: 8 or 16 bits, of any shape; so is the uint8 that is returned.
    """
    if not samples.size:
        return np.zeros(samples.shape, np.uint8)
    low, high = int(samples.min()), int(samples.max())
    greys = grey(np.arange(low, high + 1).astype(samples.dtype))
    # The table is in the order of unsigned words, where -1 is the last. What no sample is stays unwritten.
    table = np.empty(1 << (8 * samples.dtype.itemsize), np.uint8)
    first = low % len(table)
    before_end = len(table) - first
    table[first : first + len(greys)] = greys[:before_end]
    table[: max(len(greys) - before_end, 0)] = greys[before_end:]
    words = np.ascontiguousarray(samples).view(f"u{samples.dtype.itemsize}").ravel()
    picture = np.empty(words.shape, np.uint8)
    for start in range(0, words.size, _LOOKED_UP_AT_ONCE):
        # "clip", which never happens, writes into the picture; "raise" would make a copy first.
        part = slice(start, start + _LOOKED_UP_AT_ONCE)
        table.take(words[part], out=picture[part], mode="clip")
    return picture.reshape(samples.shape)


def _grey(
    samples: Samples,
    description: ImageDescription,
    shown: Display,
    window: Window | None,
    low_high: tuple[float, float],
) -> Samples:
    """The whole grey-scale pipeline for samples of any shape, to uint8, rounded to nearest."""
    values = stored_values(samples, description)
    modality = apply_modality_lut(values, shown.modality)
    if window is not None and window.is_usable:
        grey = apply_window(modality, window)
    elif shown.voi_tables:
        grey = apply_voi_table(modality, shown.voi_tables[0])
    elif shown.windows:
        grey = apply_window(modality, shown.windows[0])
    else:
        grey = apply_range(modality, *low_high)
    if shown.inverted:
        grey = 255.0 - grey
    if shown.padding is not None:
        grey = np.where((values >= shown.padding[0]) & (values <= shown.padding[1]), 0.0, grey)
    rounded: Samples = np.rint(np.nan_to_num(grey)).astype(np.uint8)
    return rounded


def _full_range(samples: Samples, description: ImageDescription, shown: Display) -> tuple[float, float]:
    """Modality values to show as black and white when nothing says which: all of a small depth, else what is there."""
    if shown.voi_tables or shown.windows:
        return 0.0, 0.0
    values = stored_values(samples, description)
    if values.dtype.kind == "u" and description.bits_stored <= 8 and shown.modality.is_identity:
        return 0.0, float((1 << description.bits_stored) - 1)
    if shown.padding is not None:
        values = values[(values < shown.padding[0]) | (values > shown.padding[1])]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0
    ends = apply_modality_lut(np.array([values.min(), values.max()]), shown.modality).astype(np.float64)
    return float(ends.min()), float(ends.max())


def _colour(samples: Samples, description: ImageDescription) -> Samples:
    if samples.shape[2] != 3 or samples.dtype.kind != "u":
        raise UndecodableFrame("This colour image has other than three unsigned samples per pixel.")
    if description.bits_stored > 8:
        return (stored_values(samples, description) >> (description.bits_stored - 8)).astype(np.uint8)
    return samples.astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """All that is needed to render one frame in a confined process.

    header: the data set up to its pixel data (inflated, if it was deflated: give the syntax as explicit then).
    frame: the native frame, or its fragments joined. frame_index from 0. max_rows, max_columns: the picture is made
    smaller to fit. media_type: image/jpeg, image/png or image/webp.
    """

    header: bytes
    syntax_uid: str
    frame: bytes
    frame_index: int = 0
    bit_offset: int = 0
    window: Window | None = None
    max_rows: int | None = None
    max_columns: int | None = None
    media_type: str = "image/jpeg"
    quality: int = 90
    default_character_set: str | None = None


def render(request: RenderRequest) -> bytes:
    """Header and frame bytes to an encoded picture. Raises the errors of decoding, all of the family Invalid."""
    data_set = data_set_to_json(
        request.header,
        transfer_syntax(request.syntax_uid),
        bulk_data_uri=str,
        default_character_set=request.default_character_set,
        max_inline_bytes=MAX_TABLE_BYTES,
    )
    description = image_description(data_set)
    samples = decode_frame(request.frame, request.syntax_uid, description, bit_offset=request.bit_offset)
    picture = render_frame(samples, description, display(data_set, request.frame_index), request.window)
    if request.max_rows or request.max_columns:
        picture = fit_within(picture, request.max_rows or 65535, request.max_columns or 65535)
    return encode_image(picture, request.media_type, request.quality)
