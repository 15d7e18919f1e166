"""Presentation states of a study (GSPS, PS3.3 A.33): how somebody showed its images, and showing them so again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import (
    Document,
    Filed,
    ImageReference,
    NotRead,
    Number,
    Point,
    reference,
    wanted,
)
from isocenter.adapters.web.reading_study import (
    archive_of,
    shown_document,
    shown_filed,
    shown_not_read,
    study_at_hand_of,
)
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.reading import presentation_states as verbs
from isocenter.standards.dicom import presentation_state as facts
from isocenter.standards.dicom.new_objects import ReferencedImage

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
    Colour images have a state of their own kind: no window, no table, no inversion, and no grey images in it.

    invert: the opposite of how the images show themselves. label: PS3.3 C.10.9 Content Label. A state that is upside
    down only is rotation 180 with flip_horizontal.
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
    ("shutter", "overlay", "modality-lut", "mask", "display-relative-graphics", "other-study", "matrix-graphics",
    "colour-profile": the numbers of its images are other colours than those of sRGB)."""

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
    """Every presentation state of the study, newest first. not_read: also those of a kind that is not shown
    (pseudo-colour, blending, volumetric), with why other-presentation-state."""

    states: list[State]
    not_read: list[NotRead]


@router.get("/api/studies/{study_instance_uid}/presentation-states", summary="Presentation states of a study")
def states(request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]) -> States:
    """Ours and everybody else's. 404 unknown-study."""
    found, failed = verbs.states(who, study_at_hand_of(request, who, study_instance_uid))
    return States(states=[_shown(each) for each in found], not_read=shown_not_read(failed))


@router.post(
    "/api/studies/{study_instance_uid}/presentation-states", summary="File a presentation state", status_code=201
)
def file_state(
    request: Request, study_instance_uid: str, body: StateToFile, who: Annotated[Caller, Depends(caller)]
) -> Filed:
    """400 unknown-image, images-differ, invalid-presentation; 403 shared-study; 404 unknown-study."""
    who.require(Right.ANNOTATE)
    filed = verbs.file_state(
        archive_of(request),
        parts_of(request).database,
        who,
        study_at_hand_of(request, who, study_instance_uid),
        _asked(body),
        invert=body.invert,
    )
    return shown_filed(request, who, filed)


def _asked(body: StateToFile) -> facts.State:
    views = tuple(_asked_view(each) for each in body.views)
    return facts.State(
        body.label,
        body.description,
        False,
        body.rotation,
        body.flip_horizontal,
        views,
    )


def _asked_view(view: StateView) -> facts.View:
    window, lut, area = view.window, view.lut, view.displayed_area
    return facts.View(
        images=tuple(ReferencedImage(each[0], each[1], "", each[2]) for each in map(wanted, view.images)),
        window=None if window is None else facts.Window(**window.model_dump()),
        lut=None if lut is None else facts.Lut(lut.first_value, lut.bits, tuple(lut.values), lut.explanation),
        area=None
        if area is None
        else facts.Area(_point(area.top_left), _point(area.bottom_right), area.mode, area.magnification),
        graphics=tuple(
            facts.Graphic(each.kind, tuple(map(_point, each.points)), each.filled) for each in view.graphics
        ),
        words=tuple(
            facts.Words(
                each.text,
                None if each.anchor is None else _point(each.anchor),
                None if each.box is None else (_point(each.box[0]), _point(each.box[1])),
            )
            for each in view.texts
        ),
    )


def _point(point: Point) -> facts.Point:
    return point[0], point[1]


def _shown(found: verbs.StudyState) -> State:
    read = found.read
    slope, intercept, kind = read.rescale or (None, None, None)
    elsewhere = ("other-study",) if read.elsewhere else ()
    return State.model_construct(
        document=shown_document(found.document),
        label=read.state.label,
        description=read.state.description,
        invert=found.invert,
        rotation=read.state.rotation,
        flip_horizontal=read.state.flip_horizontal,
        rescale=Rescale(slope=slope, intercept=intercept, type=kind, lut=read.has_modality_lut),
        views=[_shown_view(each) for each in read.state.views],
        not_shown=[*read.not_shown, *elsewhere],
    )


def _shown_view(view: facts.View) -> StateView:
    """As the object has it, whatever the lengths of its words."""
    return StateView.model_construct(
        images=[reference(each.series_instance_uid, each.sop_instance_uid, each.frame_numbers) for each in view.images],
        window=None if view.window is None else StateWindow.model_construct(**_lists(view.window)),
        lut=None if view.lut is None else StateLut.model_construct(**_lists(view.lut)),
        displayed_area=None if view.area is None else DisplayedArea.model_construct(**_lists(view.area)),
        graphics=[Graphic.model_construct(**_lists(each)) for each in view.graphics],
        texts=[TextMark.model_construct(**_lists(each)) for each in view.words],
    )


def _lists(said: Any) -> dict[str, Any]:
    """A dataclass as JSON has it: lists for tuples."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(said))
    return found
