"""What a client may say about a picture (PS3.18 8.3.5): window, viewport, quality; checked before decoding."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isocenter.delivery.errors import BadRendering

MAX_VIEWPORT: Final = 8192
DEFAULT_QUALITY: Final = 90
THUMBNAIL_SIZE: Final = 256
MAX_THUMBNAIL: Final = 1024
FUNCTIONS: Final = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in modality units (PS3.3 C.11.2.1.2); function: LINEAR, LINEAR_EXACT or SIGMOID."""

    centre: float
    width: float
    function: str


@dataclass(frozen=True, slots=True)
class Viewport:
    """The picture is scaled to fit into width x height. region: left, top, width, height of the part of the image that
    is shown, in pixels, None for all; a negative width or height mirrors."""

    width: int
    height: int
    region: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """One way of drawing a frame. media_type: image/jpeg or image/png. upscale: enlarge up to the viewport."""

    media_type: str
    window: Window | None = None
    viewport: Viewport | None = None
    quality: int = DEFAULT_QUALITY
    upscale: bool = True


def rendering_of(query: Iterable[tuple[str, str]], media_type: str) -> Rendering:
    """Read the query of a rendered resource. Raises BadRendering."""
    values = dict(query)
    return Rendering(
        media_type,
        _window(values["window"]) if "window" in values else None,
        _viewport(values["viewport"]) if "viewport" in values else None,
        _quality(values.get("quality", str(DEFAULT_QUALITY))),
    )


ANNOTATIONS: Final = frozenset({"patient", "technique"})
ICC_PROFILES: Final = frozenset({"no", "yes", "srgb", "adobergb", "rommrgb"})


def unsupported(query: Iterable[tuple[str, str]]) -> list[str]:
    """Sentences for the Warning header: what was asked for, is allowed, and is left out of the picture.

    Text is never burned into pictures, whose identity the client must show itself; pictures carry no ICC profile.
    Raises BadRendering for words that the standard does not know (PS3.18 8.3.5.1.1, 8.3.5.1.5).
    """
    values = dict(query)
    found: list[str] = []
    if "annotation" in values:
        words = [word.strip().lower() for word in values["annotation"].split(",")]
        if not ANNOTATIONS.issuperset(words):
            raise BadRendering("annotation is patient, technique or both.", parameter="annotation")
        found.append("The following annotation values are not supported: " + ",".join(sorted(set(words))))
    profile = values.get("iccprofile", "no").lower()
    if profile not in ICC_PROFILES:
        raise BadRendering("iccprofile is no, yes, srgb, adobergb or rommrgb.", parameter="iccprofile")
    if profile != "no":
        found.append("The following iccprofile value is not supported: " + profile)
    return found


def thumbnail_of(query: Iterable[tuple[str, str]], media_type: str) -> Rendering:
    """Read the query of a thumbnail: a viewport, no more; THUMBNAIL_SIZE without one. Raises BadRendering."""
    values = dict(query)
    viewport = Viewport(THUMBNAIL_SIZE, THUMBNAIL_SIZE)
    if "viewport" in values:
        asked = _viewport(values["viewport"])
        viewport = Viewport(min(asked.width, MAX_THUMBNAIL), min(asked.height, MAX_THUMBNAIL))
    return Rendering(media_type, None, viewport, 80, upscale=False)


def _numbers(text: str, name: str) -> list[float | None]:
    numbers: list[float | None] = []
    for piece in text.split(","):
        try:
            number = float(piece) if piece.strip() else None
        except ValueError as error:
            raise BadRendering(f"{name} holds something that is not a number.", parameter=name) from error
        if number is not None and not math.isfinite(number):
            raise BadRendering(f"{name} holds something that is not a number.", parameter=name)
        numbers.append(number)
    return numbers


def _window(text: str) -> Window:
    pieces = text.split(",")
    function = FUNCTIONS.get(pieces[2].strip().lower()) if len(pieces) == 3 else None
    if function is None:
        raise BadRendering("window is centre,width,function with linear, linear-exact or sigmoid.", parameter="window")
    centre, width = _numbers(",".join(pieces[:2]), "window")
    if centre is None or width is None or (width < 1 and function == "LINEAR") or width <= 0:
        raise BadRendering("The width of the window is too small.", parameter="window")
    return Window(centre, width, function)


def _viewport(text: str) -> Viewport:
    numbers = _numbers(text, "viewport")
    if len(numbers) not in (2, 6):
        raise BadRendering("viewport is width,height or width,height,sx,sy,sw,sh.", parameter="viewport")
    width, height = numbers[0], numbers[1]
    if width is None or height is None or not (1 <= width <= MAX_VIEWPORT and 1 <= height <= MAX_VIEWPORT):
        raise BadRendering("The viewport is too small or too large.", parameter="viewport", limit=MAX_VIEWPORT)
    region = None
    if len(numbers) == 6 and any(number is not None for number in numbers[2:]):
        left, top, across, down = (number or 0.0 for number in numbers[2:])
        region = (left, top, across, down)
    return Viewport(int(width), int(height), region)


def _quality(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= 100 or len(text) > 3:
        raise BadRendering("quality is a whole number from 1 to 100.", parameter="quality")
    return int(text)
