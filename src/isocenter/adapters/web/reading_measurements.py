"""Measurements of a study: a reader's own draft, and what is filed as structured reports (PS3.16 TID 1500)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.adapters.web.authentication import caller
from isocenter.adapters.web.parts import parts_of
from isocenter.adapters.web.reading_models import (
    Concept,
    Document,
    Filed,
    IfMatch,
    Measurement,
    NotRead,
    Number,
    Point,
    concept,
    etag_of,
    looking_as,
    named,
    revision_of,
    without_nulls,
)
from isocenter.adapters.web.reading_study import (
    archive_of,
    shown_document,
    shown_filed,
    shown_not_read,
    study_at_hand_of,
)
from isocenter.adapters.web.sign_in import StrictModel
from isocenter.domain.reading import drafts, measurements, report_reading, reports

router = APIRouter(tags=["Reading"])


class DraftToKeep(StrictModel):
    """revision: that of the draft it was made on, 0 for the first; the header If-Match goes before it."""

    revision: int | None = Field(None, ge=0)
    measurements: list[Measurement] = Field(max_length=2000)


class Draft(BaseModel):
    """The caller's own draft. revision 0: nothing was kept yet. Points are kept as SCOORD keeps them, in 32 bits."""

    revision: int
    measurements: list[Measurement]
    saved_at: AwareDatetime | None


class ReportOrder(StrictModel):
    """measurement_ids: of the caller's draft; null: all of them. language: of the report's own words."""

    measurement_ids: list[Annotated[str, Field(max_length=36)]] | None = Field(None, max_length=2000)
    language: Literal["en", "zh-CN"] = "en"
    comment: str | None = Field(None, max_length=1000)


class ReportedNumber(BaseModel):
    """A number as the report has it, under the report's own name. value: null where it says that there is none."""

    name: Concept
    value: float | None
    unit: Concept | None
    derivation: Concept | None


class ReportedShape(BaseModel):
    """What a number was measured on. graphic_type: as SCOORD says: POINT, MULTIPOINT, POLYLINE, CIRCLE, ELLIPSE."""

    graphic_type: str
    points: list[Point]
    series_instance_uid: str | None
    sop_instance_uid: str
    frame_numbers: list[int]


class ReportedPlace(BaseModel):
    """What a number was measured on, in the patient: points [x, y, z] in mm of a frame of reference.

    graphic_type: as SCOORD3D says: POINT, MULTIPOINT, POLYLINE, POLYGON, ELLIPSE, ELLIPSOID. frame_of_reference_uid:
    null when the report does not say.
    """

    graphic_type: str
    points: list[Annotated[list[Number], Field(min_length=3, max_length=3)]]
    frame_of_reference_uid: str | None


class ReportedMeasurement(BaseModel):
    """One measurement group of a report.

    measurement: as our own tools know it, null where none of them draws that. numbers, shapes, places: always as
    reported.
    """

    measurement: Measurement | None
    label: str | None
    finding: Concept | None
    site: Concept | None
    numbers: list[ReportedNumber]
    shapes: list[ReportedShape]
    places: list[ReportedPlace]


class MeasurementReport(BaseModel):
    """One structured report with measurements. verified: by a person who signed it in the report (VERIFIED)."""

    document: Document
    title: Concept | None
    complete: bool
    verified: bool
    measurements: list[ReportedMeasurement]


class ReportedMeasurements(BaseModel):
    """Every report with measurements of the study, newest first."""

    reports: list[MeasurementReport]
    not_read: list[NotRead]


@router.get(
    "/api/studies/{study_instance_uid}/measurements/draft",
    summary="The caller's draft of measurements",
    response_model_exclude_none=True,
)
def draft(
    request: Request, response: Response, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]
) -> Draft:
    """Nobody sees another reader's. 404 unknown-study."""
    looking = looking_as(request, who, study_instance_uid)
    return _draft(response, drafts.draft_of(parts_of(request).database, looking, study_instance_uid))


@router.put(
    "/api/studies/{study_instance_uid}/measurements/draft",
    summary="Keep the caller's draft of measurements",
    response_model_exclude_none=True,
)
def keep_draft(
    request: Request,
    response: Response,
    study_instance_uid: str,
    body: DraftToKeep,
    who: Annotated[Caller, Depends(caller)],
    if_match: IfMatch = None,
) -> Draft:
    """The whole draft, as it is from now on. 400 too-large, invalid-measurement; 404 unknown-study; 409 changed."""
    looking = looking_as(request, who, study_instance_uid)
    measurements = [without_nulls(each) for each in body.measurements]
    before = revision_of(if_match, body.revision)
    kept = drafts.keep_draft(parts_of(request).database, looking, study_instance_uid, before, measurements)
    return _draft(response, kept)


@router.post(
    "/api/studies/{study_instance_uid}/measurements/report",
    summary="File measurements as a structured report",
    status_code=201,
)
def report(
    request: Request, study_instance_uid: str, body: ReportOrder, who: Annotated[Caller, Depends(caller)]
) -> Filed:
    """Of the caller's draft, which stays as it is. 400 invalid-measurement, unknown-image; 403 shared-study; 404."""
    who.require(Right.ANNOTATE)
    filed = reports.file_report(
        archive_of(request),
        parts_of(request).database,
        who,
        study_at_hand_of(request, who, study_instance_uid),
        ids=body.measurement_ids,
        language=body.language,
        comment=body.comment,
    )
    return shown_filed(request, who, filed)


@router.get(
    "/api/studies/{study_instance_uid}/measurements/reported",
    summary="Measurements in the structured reports of a study",
)
def reported(
    request: Request, study_instance_uid: str, who: Annotated[Caller, Depends(caller)]
) -> ReportedMeasurements:
    """Our own reports and everybody else's. 404 unknown-study."""
    found, failed = reports.reported(who, study_at_hand_of(request, who, study_instance_uid))
    return ReportedMeasurements(reports=[_report(each) for each in found], not_read=shown_not_read(failed))


def _draft(response: Response, kept: drafts.Draft) -> Draft:
    response.headers["ETag"] = etag_of(kept.revision)
    measurements = [Measurement.model_validate(each) for each in kept.measurements]
    return Draft(revision=kept.revision, measurements=measurements, saved_at=kept.saved_at)


def _report(read: report_reading.MeasurementReport) -> MeasurementReport:
    return MeasurementReport(
        document=shown_document(read.document),
        title=concept(read.title),
        complete=read.complete,
        verified=read.verified,
        measurements=[_reported(each) for each in read.measurements],
    )


def _reported(read: report_reading.ReportedMeasurement) -> ReportedMeasurement:
    return ReportedMeasurement(
        measurement=_own(read.measurement),
        label=read.label,
        finding=concept(read.finding),
        site=concept(read.site),
        numbers=[
            ReportedNumber(
                name=named(each.name), value=each.value, unit=concept(each.unit), derivation=concept(each.derivation)
            )
            for each in read.numbers
        ],
        shapes=[
            ReportedShape(
                graphic_type=each.graphic_type,
                points=[list(point) for point in each.points],
                series_instance_uid=each.series_instance_uid,
                sop_instance_uid=each.sop_instance_uid,
                frame_numbers=list(each.frame_numbers),
            )
            for each in read.shapes
        ],
        places=[
            ReportedPlace(
                graphic_type=each.graphic_type,
                points=[list(point) for point in each.points],
                frame_of_reference_uid=each.frame_of_reference_uid,
            )
            for each in read.places
        ],
    )


def _own(measurement: measurements.Measurement | None) -> Measurement | None:
    """As the viewer has it; None when a foreign report says something that the viewer's words have no room for."""
    if measurement is None:
        return None
    try:
        return Measurement.model_validate(measurements.to_json(measurement))
    except ValidationError:
        return None
