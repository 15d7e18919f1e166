"""Softcopy presentation states (PS3.3 A.33.1, A.33.2), whoever made them, read from DICOM JSON as plain facts.
Those of other kinds are known by name only: what they make of an image (pseudo-colour, blending) is no picture of ours.

What a state says of some images or frames only is put together per image: images that are shown alike become one view.
What is not among the facts is named, so that nobody shows half of a state as if it were the whole.
"""

from __future__ import annotations

import math
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import unpack
from typing import Any, Final

from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.new_objects import (
    Read,
    ReferencedImage,
    items_of,
    number_of,
    text_of,
    values_of,
)
from isocenter.standards.dicom.presentation_state import (
    COLOUR_STATE,
    GRAPHICS,
    GRAYSCALE_STATE,
    MODES,
    Area,
    Graphic,
    Lut,
    Point,
    State,
    View,
    Window,
    Words,
)
from isocenter.standards.dicom.srgb_profile import says_srgb

STATES: Final = (GRAYSCALE_STATE, COLOUR_STATE)
OTHER_STATES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in range(3, 13))
"""SOP classes: pseudo-colour, blending, XA/XRF, volumetric and others (PS3.3 A.33.3 to A.33.8, A.80)."""
MAX_REFERENCES: Final = 20_000
MAX_MARKS: Final = 5_000
_QUARTERS: Final = (0, 90, 180, 270)
_FUNCTIONS: Final = frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"})
_MODE_OF: Final = {word: mode for mode, word in MODES.items()}

Binary = Callable[[str], bytes | None]
"""A long value by its BulkDataURI; None when it cannot be had."""


class OtherState(Invalid):
    """A presentation state of a kind that is not shown here."""

    reason = "other-presentation-state"


class UnreadableState(Invalid):
    """A presentation state says what contradicts the standard or itself."""

    reason = "unreadable-presentation-state"


@dataclass(frozen=True, slots=True)
class ReadState:
    """state: what was read; rescale: (slope, intercept, type) of its own modality look-up, None without one.

    elsewhere: how many of its images are of other studies or not here. not_shown: stable words for what is left out.
    """

    state: State
    rescale: tuple[float, float, str | None] | None
    has_modality_lut: bool
    elsewhere: int
    not_shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that a state says of some images. references: SOP Instance UID → frames; None: of all its images."""

    kind: str
    value: Any
    references: Mapping[str, frozenset[int]] | None

    def holds_for(self, uid: str, frame: int | None) -> bool:
        if self.references is None:
            return True
        frames = self.references.get(uid)
        return frames is not None and (not frames or frame in frames)


def read_state(model: Read, frames_of: Callable[[str], int | None], binary: Binary) -> ReadState:
    """The state. frames_of: number of frames of an image that is here, None of others.

    Raises UnreadableState, OtherState.
    """
    sop_class = text_of(model, "00080016") or ""
    if sop_class in OTHER_STATES:
        raise OtherState("A presentation state of this kind is not shown here.", sop_class_uid=sop_class)
    left_out: dict[str, None] = dict.fromkeys(_left_out(model))
    if _other_colours(model, binary):
        left_out["colour-profile"] = None
    parts = [*_areas(model), *_looks(model, binary, left_out), *_marks(model, left_out)]
    images, elsewhere = _images(model, frames_of)
    rotation = number_of(model, "00700042") or 0
    if rotation not in _QUARTERS:
        raise UnreadableState("The state turns its images by other than quarters.", rotation=str(rotation))
    state = State(
        text_of(model, "00700080") or "",
        text_of(model, "00700081"),
        text_of(model, "20500020") == "INVERSE",
        int(rotation),
        text_of(model, "00700041") == "Y",
        tuple(_views(images, parts, frames_of)),
    )
    slope, intercept = number_of(model, "00281053"), number_of(model, "00281052")
    rescale = None if slope is None or intercept is None else (slope, intercept, text_of(model, "00281054"))
    return ReadState(state, rescale, bool(items_of(model, "00283000")), elsewhere, tuple(left_out))


def _left_out(model: Read) -> Iterator[str]:
    words = {"00181600": "shutter", "00286100": "mask", "20500010": "presentation-lut", "00700209": "compound-graphics"}
    yield from (word for tag, word in words.items() if tag in model)
    if items_of(model, "00283000"):
        yield "modality-lut"
    if any(tag[:2] == "60" for tag in model):
        yield "overlay"


def _other_colours(model: Read, binary: Binary) -> bool:
    """Whether the state says that its images' numbers are other colours than those of sRGB, as which they are shown."""
    profile = model.get("00282000")
    if not isinstance(profile, Mapping) or text_of(model, "00282002") == "SRGB":
        return False
    raw = _raw(profile, binary)
    return raw is None or not says_srgb(raw)


def _images(model: Read, frames_of: Callable[[str], int | None]) -> tuple[list[ReferencedImage], int]:
    found: list[ReferencedImage] = []
    elsewhere = 0
    for series in items_of(model, "00081115"):
        for item in items_of(series, "00081140"):
            uid = text_of(item, "00081155") or ""
            if frames_of(uid) is None:
                elsewhere += 1
                continue
            if len(found) >= MAX_REFERENCES:
                raise UnreadableState("The state names too many images.", limit=MAX_REFERENCES)
            found.append(
                ReferencedImage(
                    text_of(series, "0020000E") or "",
                    uid,
                    text_of(item, "00081150") or "",
                    tuple(sorted(_frames(item))),
                )
            )
    return found, elsewhere


def _frames(item: Read) -> frozenset[int]:
    return frozenset(each for each in values_of(item, "00081160") if isinstance(each, int) and each >= 1)


def _references(item: Read) -> Mapping[str, frozenset[int]] | None:
    if "00081140" not in item:
        return None
    return {text_of(each, "00081155") or "": _frames(each) for each in items_of(item, "00081140")}


def _areas(model: Read) -> Iterator[_Part]:
    for item in items_of(model, "0070005A"):
        corners = [_pair(item, tag) for tag in ("00700052", "00700053")]
        if corners[0] is None or corners[1] is None:
            continue
        (left, top), (right, bottom) = corners[0], corners[1]
        mode = _MODE_OF.get(text_of(item, "00700100") or "", "fit")
        area = Area((left - 1, top - 1), (right, bottom), mode, number_of(item, "00700103"))
        yield _Part("area", area, _references(item))


def _looks(model: Read, binary: Binary, left_out: dict[str, None]) -> Iterator[_Part]:
    for item in items_of(model, "00283110"):
        centre, width = number_of(item, "00281050"), number_of(item, "00281051")
        if centre is not None and width is not None and width > 0:
            function = text_of(item, "00281056") or "LINEAR"
            if function not in _FUNCTIONS:
                left_out["voi-function"] = None
                continue
            yield _Part("look", Window(centre, width, function, text_of(item, "00281055")), _references(item))
            continue
        tables = items_of(item, "00283010")
        lut = _lut(tables[0], binary) if tables else None
        if lut is None:
            left_out["voi-lut"] = None
        else:
            yield _Part("look", lut, _references(item))


def _lut(item: Read, binary: Binary) -> Lut | None:
    """One item of a VOI LUT Sequence (C.11.2.1.1); None when it is not whole."""
    descriptor = values_of(item, "00283002")
    if len(descriptor) != 3 or not all(isinstance(each, int) for each in descriptor):
        return None
    count, first, bits = int(descriptor[0]) % (1 << 16) or 1 << 16, int(descriptor[1]), int(descriptor[2])
    values = _entries(item, binary, count)
    if values is None or not 1 <= bits <= 16:
        return None
    return Lut(first, bits, values, text_of(item, "00283003"))


def _entries(item: Read, binary: Binary, count: int) -> tuple[int, ...] | None:
    data = item.get("00283006")
    if not isinstance(data, Mapping):
        return None
    given = data.get("Value")
    if isinstance(given, list):
        whole = len(given) == count and all(isinstance(each, int) for each in given)
        return tuple(each % (1 << 16) for each in given) if whole else None
    raw = _raw(data, binary)
    if raw is None or len(raw) < count * 2:
        return None
    return tuple(unpack(f"<{count}H", raw[: count * 2]))


def _raw(data: Mapping[str, Any], binary: Binary) -> bytes | None:
    try:
        if "InlineBinary" in data:
            return b64decode(str(data["InlineBinary"]))
    except (Error, ValueError):
        return None
    return binary(str(data["BulkDataURI"])) if "BulkDataURI" in data else None


def _marks(model: Read, left_out: dict[str, None]) -> Iterator[_Part]:
    count = 0
    for annotation in items_of(model, "00700001"):
        references = _references(annotation)
        if "00700209" in annotation:
            left_out["compound-graphics"] = None
        found = [
            *(_graphic(item, left_out) for item in items_of(annotation, "00700009")),
            *(_words(item, left_out) for item in items_of(annotation, "00700008")),
        ]
        for mark in found:
            if mark is None:
                continue
            count += 1
            if count > MAX_MARKS:
                raise UnreadableState("The state holds too many marks.", limit=MAX_MARKS)
            yield _Part("graphic" if isinstance(mark, Graphic) else "words", mark, references)


def _graphic(item: Read, left_out: dict[str, None]) -> Graphic | None:
    if not _in_pixels(text_of(item, "00700005"), left_out):
        return None
    kind = (text_of(item, "00700023") or "").lower()
    flat = _numbers(item, "00700022")
    if kind not in GRAPHICS or not flat or len(flat) % 2:
        left_out["graphics"] = None
        return None
    points = tuple(zip(flat[::2], flat[1::2], strict=True))
    return Graphic(kind, points, text_of(item, "00700024") == "Y")


def _words(item: Read, left_out: dict[str, None]) -> Words | None:
    text = text_of(item, "00700006")
    top_left, bottom_right = _pair(item, "00700010"), _pair(item, "00700011")
    anchor = _pair(item, "00700014")
    if text is None:
        return None
    if anchor is not None and not _in_pixels(text_of(item, "00700004"), left_out):
        anchor = None
    box = None if top_left is None or bottom_right is None else (top_left, bottom_right)
    if box is not None and not _in_pixels(text_of(item, "00700003"), left_out):
        box = None
    return None if box is None and anchor is None else Words(text, anchor, box)


def _in_pixels(units: str | None, left_out: dict[str, None]) -> bool:
    if units == "PIXEL":
        return True
    left_out["matrix-graphics" if units == "MATRIX" else "display-relative-graphics"] = None
    return False


def _numbers(item: Read, tag: str) -> Sequence[float]:
    """All values as numbers; () when one is none."""
    values = values_of(item, tag)
    good = all(isinstance(each, int | float) and math.isfinite(each) for each in values)
    return [float(each) for each in values] if good else ()


def _pair(item: Read, tag: str) -> Point | None:
    values = _numbers(item, tag)
    return (values[0], values[1]) if len(values) == 2 else None


def _views(
    images: Iterable[ReferencedImage], parts: Sequence[_Part], frames_of: Callable[[str], int | None]
) -> Iterator[View]:
    """Images that are shown alike, together; an image whose frames are shown differently is split by frames."""
    alike: dict[tuple[int, ...], list[ReferencedImage]] = {}
    for image in images:
        for frames, which in _by_frames(image, parts, frames_of(image.sop_instance_uid) or 1).items():
            said = ReferencedImage(image.series_instance_uid, image.sop_instance_uid, image.sop_class_uid, which)
            alike.setdefault(frames, []).append(said)
    for numbers, members in alike.items():
        yield _view(members, [parts[number] for number in numbers])


def _by_frames(
    image: ReferencedImage, parts: Sequence[_Part], number_of_frames: int
) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Which parts hold (by number) → for which frames of the image; () is all of them."""
    uid = image.sop_instance_uid
    some = any(part.references is not None and part.references.get(uid) for part in parts)
    if not some or number_of_frames == 1:
        return {tuple(n for n, part in enumerate(parts) if part.holds_for(uid, 1)): image.frame_numbers}
    if number_of_frames > MAX_REFERENCES:
        raise UnreadableState("The state tells apart the frames of too long an image.", frames=number_of_frames)
    found: dict[tuple[int, ...], list[int]] = {}
    for frame in image.frame_numbers or range(1, number_of_frames + 1):
        found.setdefault(tuple(n for n, part in enumerate(parts) if part.holds_for(uid, frame)), []).append(frame)
    return {numbers: tuple(frames) for numbers, frames in found.items()}


def _view(images: Sequence[ReferencedImage], parts: Sequence[_Part]) -> View:
    look = next((part.value for part in parts if part.kind == "look"), None)
    return View(
        tuple(images),
        look if isinstance(look, Window) else None,
        look if isinstance(look, Lut) else None,
        next((part.value for part in parts if part.kind == "area"), None),
        tuple(part.value for part in parts if part.kind == "graphic"),
        tuple(part.value for part in parts if part.kind == "words"),
    )
