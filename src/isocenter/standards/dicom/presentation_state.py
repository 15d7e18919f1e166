"""Softcopy presentation states of grey (PS3.3 A.33.1) and of colour images (A.33.2) as DICOM JSON from plain facts.

Points are image points [column, row]; in units of PIXEL they are the same numbers (PS3.3 C.10.5.1.2): (0, 0) is the
outer corner of the first pixel. The displayed area is in whole pixels, the first being 1\\1 (C.10.4).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from struct import pack
from typing import Any, Final

from isocenter.standards.dicom.new_objects import (
    Making,
    Model,
    Read,
    ReferencedImage,
    element,
    heading,
    person_name,
    referenced_series,
    referenced_sop,
    sequence,
)
from isocenter.standards.dicom.srgb_profile import says_srgb

GRAYSCALE_STATE: Final = "1.2.840.10008.5.1.4.1.1.11.1"
COLOUR_STATE: Final = "1.2.840.10008.5.1.4.1.1.11.2"
SERIES: Final = (9903, "Presentation states")
LAYER: Final = "MARKS"
MODES: Final = {"fit": "SCALE TO FIT", "true-size": "TRUE SIZE", "magnify": "MAGNIFY"}
GRAPHICS: Final = ("point", "polyline", "interpolated", "circle", "ellipse")
_CLOSED: Final = frozenset({"circle", "ellipse"})

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """In the unit of the modality look-up. function: LINEAR, LINEAR_EXACT or SIGMOID."""

    centre: float
    width: float
    function: str = "LINEAR"
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Lut:
    """A VOI LUT: the value that the first entry is for, bits of an entry, entries."""

    first_value: int
    bits: int
    values: tuple[int, ...]
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """The part of an image that is shown. mode: one of MODES; magnification: screen pixels for one of the image."""

    top_left: Point
    bottom_right: Point
    mode: str = "fit"
    magnification: float | None = None


@dataclass(frozen=True, slots=True)
class Graphic:
    """kind: one of GRAPHICS."""

    kind: str
    points: tuple[Point, ...]
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Text that points at an anchor, or stands in a box (top left, bottom right), or both."""

    text: str
    anchor: Point | None = None
    box: tuple[Point, Point] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """How some images are shown. Neither window nor lut: as they say themselves."""

    images: tuple[ReferencedImage, ...]
    window: Window | None = None
    lut: Lut | None = None
    area: Area | None = None
    graphics: tuple[Graphic, ...] = ()
    words: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """A whole state. inverse: of the Presentation LUT Shape; the images' own polarity does not count (C.11.6.1.2).

    First rotated clockwise by rotation degrees, then flipped left to right (C.10.6).
    """

    label: str
    description: str | None
    inverse: bool
    rotation: int
    flip_horizontal: bool
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Raster:
    """What a displayed area must know of its images. spacing: mm (row, column), None when not known."""

    rows: int
    columns: int
    spacing: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Grey:
    """What grey images become. modality_lut: elements of the Modality LUT module that all of them share, or {}."""

    modality_lut: Model


@dataclass(frozen=True, slots=True)
class Colour:
    """What colour images become: an ICC profile says what their numbers are (PS3.3 C.11.15). No window, no polarity."""

    icc_profile: bytes


def state_of(image: Read, state: State, making: Making, *, values: Grey | Colour, rasters: dict[str, Raster]) -> Model:
    """The whole data set. image: metadata of one of the images. rasters: of each image, by SOP Instance UID."""
    images = [each for view in state.views for each in view.images]
    sop_class = GRAYSCALE_STATE if isinstance(values, Grey) else COLOUR_STATE
    model = heading(image, making, sop_class_uid=sop_class, modality="PR", series=SERIES)
    model |= {
        "00081115": referenced_series(images),
        "00700041": element("CS", "Y" if state.flip_horizontal else "N"),
        "00700042": element("US", state.rotation),
        "0070005A": sequence(*(item for view in state.views for item in _areas(view, rasters))),
        "00700080": element("CS", state.label),
        "00700081": element("LO", *([state.description] if state.description else [])),
        "00700082": element("DA", making.at.strftime("%Y%m%d")),
        "00700083": element("TM", making.at.strftime("%H%M%S.%f")),
        "00700084": element("PN", person_name(making.by)),
        **_values(state, values),
    }
    looks = [_voi(view) for view in state.views if view.window is not None or view.lut is not None]
    if looks and isinstance(values, Grey):
        model["00283110"] = sequence(*looks)
    marked = [_marks(view) for view in state.views if view.graphics or view.words]
    if marked:
        model["00700001"] = sequence(*marked)
        model["00700060"] = sequence({"00700002": element("CS", LAYER), "00700062": element("IS", 1)})
    return model


def _values(state: State, values: Grey | Colour) -> Model:
    if isinstance(values, Grey):
        return {"20500020": element("CS", "INVERSE" if state.inverse else "IDENTITY"), **values.modality_lut}
    profile = b64encode(values.icc_profile).decode()
    said = {"00282002": element("CS", "SRGB")} if says_srgb(values.icc_profile) else {}
    return {"00282000": {"vr": "OB", "InlineBinary": profile}, **said}


def _references(images: Iterable[ReferencedImage]) -> dict[str, Any]:
    return sequence(*(referenced_sop(each) for each in images))


def _areas(view: View, rasters: dict[str, Raster]) -> list[Model]:
    """One item for all images of the view that have the same raster."""
    alike: dict[Raster, list[ReferencedImage]] = {}
    for image in view.images:
        alike.setdefault(rasters[image.sop_instance_uid], []).append(image)
    return [_area(view.area, raster, images) for raster, images in alike.items()]


def _area(area: Area | None, raster: Raster, images: Sequence[ReferencedImage]) -> Model:
    shown = area or Area((0.0, 0.0), (float(raster.columns), float(raster.rows)))
    left, top = (floor(value) + 1 for value in shown.top_left)
    right, bottom = (ceil(value) for value in shown.bottom_right)
    item: Model = {
        "00081140": _references(images),
        "00700052": element("SL", left, top),
        "00700053": element("SL", max(right, left), max(bottom, top)),
        "00700100": element("CS", MODES[shown.mode]),
    }
    if raster.spacing is not None:
        item["00700101"] = element("DS", *raster.spacing)
    else:
        item["00700102"] = element("IS", 1, 1)
    if shown.mode == "magnify":
        item["00700103"] = element("FL", shown.magnification or 1.0)
    return item


def _voi(view: View) -> Model:
    item: Model = {"00081140": _references(view.images)}
    if view.window is not None:
        item["00281050"] = element("DS", view.window.centre)
        item["00281051"] = element("DS", view.window.width)
        item["00281056"] = element("CS", view.window.function)
        if view.window.explanation:
            item["00281055"] = element("LO", view.window.explanation)
    elif view.lut is not None:
        item["00283010"] = sequence(_lut(view.lut))
    return item


def _lut(lut: Lut) -> Model:
    """One item of a VOI LUT Sequence (C.11.2.1.1). 65,536 entries are written as 0; the first value may be negative."""
    kind = "SS" if lut.first_value < 0 else "US"
    raw = pack(f"<{len(lut.values)}H", *lut.values)
    count = len(lut.values) % (1 << 16)
    # SS in the descriptor: its other two numbers keep their bits (C.11.2.1.1).
    descriptor = [count - (1 << 16) if kind == "SS" and count > (1 << 15) - 1 else count, lut.first_value, lut.bits]
    item: Model = {
        "00283002": element(kind, *descriptor),
        "00283006": {"vr": "OW", "InlineBinary": b64encode(raw).decode()},
    }
    if lut.explanation:
        item["00283003"] = element("LO", lut.explanation)
    return item


def _marks(view: View) -> Model:
    item: Model = {"00081140": _references(view.images), "00700002": element("CS", LAYER)}
    if view.words:
        item["00700008"] = sequence(*(_words(each) for each in view.words))
    if view.graphics:
        item["00700009"] = sequence(*(_graphic(each) for each in view.graphics))
    return item


def _words(words: Words) -> Model:
    item: Model = {"00700006": element("ST", words.text)}
    if words.box is not None:
        item |= {
            "00700003": element("CS", "PIXEL"),
            "00700010": element("FL", *words.box[0]),
            "00700011": element("FL", *words.box[1]),
            "00700012": element("CS", "LEFT"),
        }
    if words.anchor is not None:
        item |= {
            "00700004": element("CS", "PIXEL"),
            "00700014": element("FL", *words.anchor),
            "00700015": element("CS", "Y"),
        }
    return item


def _graphic(graphic: Graphic) -> Model:
    item: Model = {
        "00700005": element("CS", "PIXEL"),
        "00700020": element("US", 2),
        "00700021": element("US", len(graphic.points)),
        "00700022": element("FL", *(value for point in graphic.points for value in point)),
        "00700023": element("CS", graphic.kind.upper()),
    }
    closed = graphic.kind in _CLOSED or (len(graphic.points) > 1 and graphic.points[0] == graphic.points[-1])
    if closed and graphic.kind != "point":
        item["00700024"] = element("CS", "Y" if graphic.filled else "N")
    return item
