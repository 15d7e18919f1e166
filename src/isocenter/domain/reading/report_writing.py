"""Measurements as an Imaging Measurement Report (PS3.16 TID 1500; Comprehensive SR, PS3.3 A.35.3).

Each measurement is one measurement group (TID 1501; of a region, TID 1410). What our own viewer needs to draw it
again as it was (its tool, where its millimetres came from, when it was drawn) stands in the group under our own codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from isocenter.domain.reading import concepts
from isocenter.domain.reading.measurements import Measurement, Point, Result
from isocenter.standards.dicom.content_items import (
    code_item,
    container,
    name_item,
    number_item,
    place_item,
    text_item,
    uid_item,
)
from isocenter.standards.dicom.new_objects import (
    Making,
    Model,
    Read,
    ReferencedImage,
    element,
    evidence,
    heading,
    sequence,
)

COMPREHENSIVE_SR: Final = "1.2.840.10008.5.1.4.1.1.88.33"
SERIES: Final = (9901, "Measurements")
_LINES_OF: Final = {"length": 0, "short-axis": 1, "heart-width": 0, "thorax-width": 1}
_TWO_LINES: Final = frozenset({"bidirectional", "cardiothoracic-ratio"})

Shape = tuple[str, tuple[Point, ...]]
"""Graphic type and points."""


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What is filed. images: SOP Instance UID → how an image is referred to; frames are taken from the measurement when
    the image has several (number_of_frames)."""

    measurements: Sequence[Measurement]
    images: Mapping[str, ReferencedImage]
    number_of_frames: Mapping[str, int]
    language: str = "en"
    comment: str | None = None


def report_of(image: Read, order: ReportOrder, making: Making) -> Model:
    """The whole data set as DICOM JSON. image: metadata of one of the measured images."""
    model = heading(image, making, sop_class_uid=COMPREHENSIVE_SR, modality="SR", series=SERIES)
    root = container("", concepts.IMAGING_MEASUREMENT_REPORT, _contents(order, making), template="1500")
    used = [order.images[uid] for uid in dict.fromkeys(each.sop_instance_uid for each in order.measurements)]
    return (
        model
        | {
            "00080023": element("DA", making.at.strftime("%Y%m%d")),
            "00080033": element("TM", making.at.strftime("%H%M%S.%f")),
            "00081111": sequence(),
            "0040A372": sequence(),
            "0040A375": evidence(image, used),
            "0040A491": element("CS", "COMPLETE"),
            "0040A493": element("CS", "UNVERIFIED"),
        }
        | root
    )


def shapes_of(kind: str, points: Sequence[Point]) -> list[Shape]:
    """The points of a kind as SCOORD has them (PS3.3 C.18.6.1.1): lines apart, polygons closed."""
    found = tuple(points)
    if kind == "ellipse":
        return [("ELLIPSE", found)]
    if kind in concepts.REGIONS:
        return [("POLYLINE", (*found, found[0]))]
    if kind in ("cobb", *_TWO_LINES):
        return [("POLYLINE", found[:2]), ("POLYLINE", found[2:])]
    return [("POINT" if len(found) == 1 else "POLYLINE", found)]


def _contents(order: ReportOrder, making: Making) -> list[Model]:
    groups = [_group(number, each, order, making) for number, each in enumerate(order.measurements, 1)]
    contents = [
        code_item("HAS CONCEPT MOD", concepts.LANGUAGE, concepts.LANGUAGES[order.language]),
        code_item("HAS OBS CONTEXT", concepts.OBSERVER_TYPE, concepts.PERSON),
        name_item("HAS OBS CONTEXT", concepts.OBSERVER_NAME, making.by),
        code_item("HAS CONCEPT MOD", concepts.PROCEDURE_REPORTED, concepts.IMAGING_PROCEDURE),
        container("CONTAINS", concepts.IMAGING_MEASUREMENTS, groups),
    ]
    if order.comment:
        contents.append(text_item("CONTAINS", concepts.COMMENT, order.comment))
    return contents


def _group(number: int, measurement: Measurement, order: ReportOrder, making: Making) -> Model:
    where = _where(measurement, order)
    shapes = shapes_of(measurement.kind, measurement.points)
    children = _about(number, measurement)
    # Numbers of one line say which line they are of; whatever else is drawn is the group's own region.
    shared = measurement.kind in concepts.REGIONS or not any(
        _own_shapes(measurement, each) for each in measurement.results
    )
    if shared:
        children += [place_item("CONTAINS", concepts.IMAGE_REGION, *shape, where) for shape in shapes]
    for result in measurement.results:
        own = [] if shared else [shapes[index] for index in _own_shapes(measurement, result)]
        children.append(_number(measurement.kind, result, own, where))
    made = container(
        "CONTAINS",
        concepts.MEASUREMENT_GROUP,
        children,
        template="1410" if measurement.kind in concepts.REGIONS else "1501",
    )
    # Without an offset: DCMTK takes no DT with one. It is in the zone of all other times of the object.
    observed_at = datetime.fromisoformat(measurement.modified_at).astimezone(making.at.tzinfo)
    return made | {"0040A032": element("DT", observed_at.strftime("%Y%m%d%H%M%S"))}


def _about(number: int, measurement: Measurement) -> list[Model]:
    name = measurement.label or f"{concepts.TOOLS[measurement.kind]} {number}"
    children = [
        text_item("HAS OBS CONTEXT", concepts.TRACKING_IDENTIFIER, name),
        uid_item("HAS OBS CONTEXT", concepts.TRACKING_UID, uid_of(measurement.id)),
        _coded(concepts.TOOL, measurement.kind, concepts.TOOLS),
        _coded(concepts.SPACING_SOURCE, measurement.spacing_source, concepts.SPACING_SOURCES),
        text_item("CONTAINS", concepts.CREATED, measurement.created_at),
        text_item("CONTAINS", concepts.MODIFIED, measurement.modified_at),
    ]
    if measurement.finding is not None:
        said = measurement.finding
        children.append(code_item("CONTAINS", concepts.FINDING, (said.value, said.scheme, said.meaning)))
    if measurement.site is not None:
        site = measurement.site
        children.append(code_item("HAS CONCEPT MOD", concepts.FINDING_SITE, (site.value, site.scheme, site.meaning)))
    if measurement.label:
        children.append(text_item("HAS CONCEPT MOD", concepts.SHORT_LABEL, measurement.label))
    if measurement.text:
        children.append(text_item("CONTAINS", concepts.COMMENT, measurement.text))
    return children + _calibration(measurement)


def _calibration(measurement: Measurement) -> list[Model]:
    calibration = measurement.calibration
    if calibration is None:
        return []
    down, along = calibration.mm_per_pixel
    unit = concepts.unit_of("mm")
    children = [
        number_item("CONTAINS", concepts.VERTICAL_SPACING, down, unit),
        number_item("CONTAINS", concepts.HORIZONTAL_SPACING, along, unit),
    ]
    if calibration.of_measurement is not None:
        children.append(uid_item("CONTAINS", concepts.CALIBRATED_BY, uid_of(calibration.of_measurement)))
    return children


def _own_shapes(measurement: Measurement, result: Result) -> list[int]:
    """Which shapes a number was measured on; none: on all of them, which the group holds."""
    if measurement.kind in concepts.REGIONS:
        return []
    if measurement.kind in _TWO_LINES:
        line = _LINES_OF.get(result.quantity)
        return [] if line is None else [line]
    return list(range(len(shapes_of(measurement.kind, measurement.points))))


def _number(kind: str, result: Result, shapes: Sequence[Shape], where: ReferencedImage) -> Model:
    name, derivation = concepts.concept_of(kind, result.quantity, result.unit)
    children = [] if derivation is None else [code_item("HAS CONCEPT MOD", concepts.DERIVATION, derivation)]
    children += [place_item("INFERRED FROM", None, *shape, where) for shape in shapes]
    return number_item("CONTAINS", name, result.value, concepts.unit_of(result.unit), *children)


def _where(measurement: Measurement, order: ReportOrder) -> ReferencedImage:
    image = order.images[measurement.sop_instance_uid]
    several = order.number_of_frames.get(measurement.sop_instance_uid, 1) > 1
    frames = (measurement.frame_number,) if several else ()
    return ReferencedImage(image.series_instance_uid, image.sop_instance_uid, image.sop_class_uid, frames)


def _coded(name: concepts.Concept, word: str, meanings: Mapping[str, str]) -> Model:
    return code_item("CONTAINS", name, (word, concepts.OURS, meanings[word]))


def uid_of(identifier: str) -> str:
    """A UUID as UID (PS3.5 B.2)."""
    return f"2.25.{UUID(identifier).int}"
