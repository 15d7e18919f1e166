"""What the doors of reading take and give: measurements, coded concepts, references to images, revisions.

Image points are [column, row] as SCOORD has them (PS3.3 C.18.6.1.2): (0, 0) is the outer corner of the first pixel.
The client's words for the same are in web/src/measuring/measurement.ts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Header, Request
from pydantic import AllowInfNan, AwareDatetime, BaseModel, Field

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.delivery.library import Library
from isocenter.domain.reading.errors import Changed
from isocenter.standards.dicom.uids import check_uid

Uid = Annotated[str, Field(pattern=r"^[0-9.]+$", max_length=64)]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Number = Annotated[float, AllowInfNan(False)]
Point = Annotated[list[Number], Field(min_length=2, max_length=2)]
"""[column, row]."""
Kind = Literal[
    "length",
    "angle",
    "cobb",
    "bidirectional",
    "ellipse",
    "rectangle",
    "freehand",
    "arrow",
    "text",
    "probe",
    "ultrasound-region-length",
    "ultrasound-region-probe",
    "cardiothoracic-ratio",
    "calibration",
]
Quantity = Literal[
    "length",
    "short-axis",
    "angle",
    "area",
    "perimeter",
    "mean",
    "sd",
    "min",
    "max",
    "value",
    "ratio",
    "heart-width",
    "thorax-width",
    "time",
    "velocity",
    "frequency",
    "pixel-count",
]
SpacingSource = Literal[
    "pixel-spacing",
    "imager",
    "imager-magnification-corrected",
    "calibrated",
    "ultrasound-region",
    "user-calibration",
    "none",
]


class Concept(StrictModel):
    """A coded concept (PS3.3 8.8): value, coding scheme, meaning."""

    value: str = Field(min_length=1, max_length=64)
    scheme: str = Field(min_length=1, max_length=16)
    meaning: str = Field(min_length=1, max_length=64)


class MeasuredResult(StrictModel):
    """One number of a measurement. unit: UCUM."""

    quantity: Quantity
    value: Number
    unit: str = Field(min_length=1, max_length=16)


class UserCalibration(StrictModel):
    """mm_per_pixel: [row to row, column to column], set by the reader from a known length."""

    mm_per_pixel: list[Annotated[float, AllowInfNan(False), Field(gt=0)]] = Field(min_length=2, max_length=2)
    by: Literal["user"]
    of_measurement: Uuid | None = None


class Measurement(StrictModel):
    """What a reader measured or marked on one frame. frame_number counts from 1. Absent and null are the same."""

    id: Uuid
    kind: Kind
    series_instance_uid: Uid
    sop_instance_uid: Uid
    frame_number: int = Field(ge=1, le=2**31 - 1)
    points: list[Point] = Field(min_length=1, max_length=20_000)
    text: str | None = Field(None, max_length=1000)
    label: str | None = Field(None, max_length=200)
    finding: Concept | None = None
    site: Concept | None = None
    results: list[MeasuredResult] = Field(max_length=30)
    spacing_source: SpacingSource
    calibration: UserCalibration | None = None
    created_at: AwareDatetime
    modified_at: AwareDatetime


class ImageReference(StrictModel):
    """One image. frame_numbers from 1; empty: all of them."""

    series_instance_uid: Uid
    sop_instance_uid: Uid
    frame_numbers: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=5000)


class Document(BaseModel):
    """The stored object that something was read from. by: its author as the object names her; made_at: as it says, DT
    without a zone when it says none (YYYYMMDDHHMMSS), null when nothing. ours: made by Isocenter."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    series_description: str | None
    by: str | None
    made_at: str | None
    manufacturer: str | None
    ours: bool


class NotRead(BaseModel):
    """An object of the study that could not be read as one of these. why: a stable word."""

    sop_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    why: str


class Filed(BaseModel):
    """Where a new object was stored: it is an instance of the study like any other."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str


IfMatch = Annotated[str | None, Header(alias="If-Match", description='"<revision>" that the change was made on')]


def revision_of(if_match: str | None, in_body: int | None) -> int:
    """The revision that a change was made on: the header's, else the body's, else 0 (nothing was there).

    Raises Changed when the header is not one of our entity tags.
    """
    if if_match is None:
        return in_body or 0
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not tag.isascii() or not tag.isdigit():
        raise Changed("What you changed is not what is here now. Load it again.", revision=in_body or 0)
    return int(tag)


def etag_of(revision: int) -> str:
    """The entity tag of a revision."""
    return f'"{revision}"'


def without_nulls(measurement: Measurement) -> dict[str, Any]:
    """The measurement as JSON that is kept: what is absent is left out."""
    return measurement.model_dump(mode="json", exclude_none=True)


def wanted(image: ImageReference) -> tuple[str, str, tuple[int, ...]]:
    """A reference as the verbs take it: series, instance, frames."""
    return image.series_instance_uid, image.sop_instance_uid, tuple(image.frame_numbers)


def reference(series_instance_uid: str, sop_instance_uid: str, frame_numbers: Sequence[int]) -> ImageReference:
    """A reference as an object has it."""
    return ImageReference.model_construct(
        series_instance_uid=series_instance_uid,
        sop_instance_uid=sop_instance_uid,
        frame_numbers=list(frame_numbers),
    )


def named(said: tuple[str, str, str]) -> Concept:
    """A code of an object as it stands there, whatever its length."""
    return Concept.model_construct(value=said[0], scheme=said[1], meaning=said[2])


def concept(said: tuple[str, str, str] | None) -> Concept | None:
    """The same of what may be absent."""
    return None if said is None else named(said)


def library_of(request: Request) -> Library:
    """The read path of this process."""
    library = parts_of(request).library
    assert library is not None, "this process was made without a library"
    return library


def looking_as(request: Request, who: Caller, study_instance_uid: str) -> Caller:
    """As whom the caller sees the study: herself, or the guest of an ally. Raises Refused, UnknownStudy, InvalidUid."""
    who.require(Right.READ)
    return library_of(request).looking_as(who, check_uid(study_instance_uid, "StudyInstanceUID"))
