"""Presentation states of a study (GSPS, PS3.3 A.33): how somebody showed its images, and showing them so again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.reading_models import Document, Filed, ImageReference, NotRead, Number, Point
from isocenter.adapters.web.sign_in import StrictModel

router = APIRouter(tags=["Reading"])


class StateWindow(StrictModel):
    """A window in the unit of the modality look-up (HU in CT), with its function (PS3.3 C.11.2.1.2, C.11.2.1.3)."""

    centre: Number
    width: Annotated[Number, Field(gt=0)]
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    explanation: str | None = Field(None, max_length=64)


class StateLut(StrictModel):
    """A VOI LUT (PS3.3 C.11.2.1.1): the value that the first entry is for, bits of an entry, the entries."""

    first_value: int = Field(ge=-(2**15), le=2**16 - 1)
    bits: int = Field(ge=8, le=16)
    values: list[Annotated[int, Field(ge=0, le=2**16 - 1)]] = Field(min_length=1, max_length=2**16)
    explanation: str | None = Field(None, max_length=64)


class DisplayedArea(StrictModel):
    """The part of the image that is shown, in image points; stored in whole pixels (PS3.3 C.10.4).

    mode: fit (into what there is to show it in), true-size (mm_per_pixel on the screen as in the body), or magnify:
    magnification screen pixels for one of the image.
    """

    top_left: Point
    bottom_right: Point
    mode: Literal["fit", "true-size", "magnify"] = "fit"
    magnification: Annotated[float, Field(gt=0, le=1000)] | None = None


class Graphic(StrictModel):
    """A line or shape. Of an ellipse: the ends of its axes, the major one first; of a circle: centre, perimeter."""

    kind: Literal["point", "polyline", "interpolated", "circle", "ellipse"]
    points: list[Point] = Field(min_length=1, max_length=20_000)
    filled: bool = False


class TextMark(StrictModel):
    """Words. anchor: what they point at; box: [top left, bottom right] that they stand in. One of the two at least."""

    text: str = Field(min_length=1, max_length=1024)
    anchor: Point | None = None
    box: Annotated[list[Point], Field(min_length=2, max_length=2)] | None = None


class StateView(StrictModel):
    """How some images are shown. Neither window nor lut: as the image itself says. graphics, texts: in image points."""

    images: list[ImageReference] = Field(min_length=1, max_length=5000)
    window: StateWindow | None = None
    lut: StateLut | None = None
    displayed_area: DisplayedArea | None = None
    graphics: list[Graphic] = Field(default=[], max_length=2000)
    texts: list[TextMark] = Field(default=[], max_length=2000)


class StateToFile(StrictModel):
    """A new presentation state. What holds for all its images: first rotated clockwise, then flipped left to right.

    label: PS3.3 C.10.9 Content Label. A state that is upside down only is rotation 180 with flip_horizontal.
    """

    label: str = Field("VIEW", pattern=r"^[A-Z0-9_ ]{1,16}$")
    description: str | None = Field(None, max_length=64)
    invert: bool = False
    rotation: Literal[0, 90, 180, 270] = 0
    flip_horizontal: bool = False
    views: list[StateView] = Field(min_length=1, max_length=200)


class Rescale(BaseModel):
    """The modality look-up that the state's windows are for (PS3.3 C.11.1): the state's own, instead of the image's.

    lut: it is a table, which is not given here. Both null: windows are in stored values.
    """

    slope: float | None
    intercept: float | None
    type: str | None
    lut: bool


class State(BaseModel):
    """One presentation state. not_shown: what of it these facts leave out, so that it cannot be shown right without
    ("shutter", "overlay", "modality-lut", "mask", "display-relative-graphics", "other-study", "matrix-graphics")."""

    document: Document
    label: str
    description: str | None
    invert: bool
    rotation: Literal[0, 90, 180, 270]
    flip_horizontal: bool
    rescale: Rescale
    views: list[StateView]
    not_shown: list[str]


class States(BaseModel):
    """Every presentation state of the study, newest first."""

    states: list[State]
    not_read: list[NotRead]


@router.get("/api/studies/{study_instance_uid}/presentation-states", summary="Presentation states of a study")
def states(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> States:
    """Ours and everybody else's. 404 unknown-study."""
    raise NotImplementedError


@router.post(
    "/api/studies/{study_instance_uid}/presentation-states", summary="File a presentation state", status_code=201
)
def file_state(
    request: Request, study_instance_uid: str, body: StateToFile, who: Annotated[Caller, Depends(caller)]
) -> Filed:
    """400 unknown-image, images-differ, invalid-presentation; 403 shared-study; 404 unknown-study."""
    raise NotImplementedError
