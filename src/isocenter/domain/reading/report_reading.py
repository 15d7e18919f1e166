"""Measurements in the structured reports of a study, ours and others': measurement groups (PS3.16 TID 1410, 1411, 1501)
of imaging measurement reports (TID 1500) and of whatever else holds them.

Numbers and shapes are given as the report has them. Where one of our tools would have drawn the same, they are also
given as its measurement; a foreign one only when kind, points and numbers leave no doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from isocenter.domain.reading import concepts
from isocenter.domain.reading.measurements import POINT_COUNT, Calibration, Concept, Measurement, Point, Result
from isocenter.standards.dicom.content_tree import ContentItem, Reference, content_tree
from isocenter.standards.dicom.documents import Document, document_of, images_in_evidence
from isocenter.standards.dicom.new_objects import Read, text_of

REPORT_CLASSES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in ("11", "22", "33", "34", "35"))
_FOREIGN_IDS: Final = UUID("4f6de0b5-77f6-4a0e-9d0b-1f9a4a3c7d11")
_GROUP: Final = concepts.MEASUREMENT_GROUP[:2]
_SITES: Final = (concepts.FINDING_SITE[:2], ("G-C0E3", "SRT"))
_NOT_NUMBERS: Final = (concepts.HORIZONTAL_SPACING[:2], concepts.VERTICAL_SPACING[:2])
_SECOND_LINE: Final = frozenset({"short-axis", "thorax-width"})


@dataclass(frozen=True, slots=True)
class ReportedNumber:
    """A number under the report's own name. shapes: those that it was inferred from, by their place in the group."""

    name: concepts.Concept
    value: float | None
    unit: concepts.Concept | None
    derivation: concepts.Concept | None
    quantity: str | None
    shapes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportedShape:
    """What was measured on. series_instance_uid: None when the report's evidence does not say."""

    graphic_type: str
    points: tuple[Point, ...]
    series_instance_uid: str | None
    sop_instance_uid: str
    frame_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportedPlace:
    """What was measured on, in the patient (SCOORD3D, PS3.3 C.18.9): [x, y, z] in mm of the frame of reference.

    frame_of_reference_uid: None when the report does not say, so that nobody knows where it lies.
    """

    graphic_type: str
    points: tuple[tuple[float, float, float], ...]
    frame_of_reference_uid: str | None


@dataclass(frozen=True, slots=True)
class ReportedMeasurement:
    """One measurement group."""

    measurement: Measurement | None
    label: str | None
    finding: concepts.Concept | None
    site: concepts.Concept | None
    numbers: tuple[ReportedNumber, ...]
    shapes: tuple[ReportedShape, ...]
    places: tuple[ReportedPlace, ...]


@dataclass(frozen=True, slots=True)
class MeasurementReport:
    """One report."""

    document: Document
    title: concepts.Concept | None
    complete: bool
    verified: bool
    measurements: tuple[ReportedMeasurement, ...]


@dataclass(slots=True)
class _Shapes:
    """The shapes of a group in order, each once."""

    series: Mapping[str, tuple[str, str]]
    found: list[ReportedShape] = field(default_factory=list)

    def places_of(self, items: Iterator[ContentItem]) -> tuple[int, ...]:
        """Take in the shapes among some items; where they stand."""
        places: dict[int, None] = {}
        for item in items:
            for shape in self._shapes(item):
                if shape not in self.found:
                    self.found.append(shape)
                places.setdefault(self.found.index(shape))
        return tuple(places)

    def _shapes(self, item: ContentItem) -> Iterator[ReportedShape]:
        if item.value_type != "SCOORD" or not item.points or item.graphic_type is None:
            return
        points = tuple((point[0], point[1]) for point in item.points)
        for reference in _references(item):
            known = self.series.get(reference.sop_instance_uid)
            yield ReportedShape(
                item.graphic_type,
                points,
                (known[1] or None) if known else None,
                reference.sop_instance_uid,
                reference.frame_numbers,
            )


def read_report(model: Read) -> MeasurementReport | None:
    """The report with its measurements; None when it holds no measurement group. Raises TooLargeReport."""
    root = content_tree(model)
    series = images_in_evidence(model)
    groups = [each for each in root.all() if each.is_about(_GROUP)]
    if not groups:
        return None
    author = next((each.text for each in root.all() if each.is_about(concepts.OBSERVER_NAME[:2])), None)
    document = document_of(model, by=author, when=("00080023", "00080033"))
    read = [_group(each, number, document, series) for number, each in enumerate(groups)]
    return MeasurementReport(
        document,
        root.name,
        text_of(model, "0040A491") == "COMPLETE",
        text_of(model, "0040A493") == "VERIFIED",
        tuple(each for each in read if each.numbers or each.shapes or each.places or each.label or each.finding),
    )


def _group(
    group: ContentItem, number: int, document: Document, series: Mapping[str, tuple[str, str]]
) -> ReportedMeasurement:
    shapes = _Shapes(series)
    shapes.places_of(iter(group.children))  # the group's own regions first
    numbers = tuple(
        _number(each, shapes)
        for each in group.children
        if each.value_type == "NUM" and each.name is not None and not each.is_about(*_NOT_NUMBERS)
    )
    label = group.first(concepts.SHORT_LABEL[:2])
    tracking = group.first(concepts.TRACKING_IDENTIFIER[:2])
    finding, site = group.first(concepts.FINDING[:2]), group.first(*_SITES)
    tool = group.first(concepts.TOOL[:2])
    shown = label or (None if tool is not None else tracking)
    made = ReportedMeasurement(
        None,
        None if shown is None else shown.text,
        None if finding is None else finding.code,
        None if site is None else site.code,
        numbers,
        tuple(shapes.found),
        tuple(dict.fromkeys(_places(group))),
    )
    kind, points = _kind_and_points(made, tool)
    if kind is None or len({(each.sop_instance_uid, each.frame_numbers) for each in shapes.found}) != 1:
        return made
    measurement = _measurement(made, group, kind, points, uuid5(_FOREIGN_IDS, f"{document.sop_instance_uid} {number}"))
    return ReportedMeasurement(measurement, made.label, made.finding, made.site, made.numbers, made.shapes, made.places)


def _places(group: ContentItem) -> Iterator[ReportedPlace]:
    """Of the group itself, and of its numbers."""
    for child in group.children:
        for item in (child, *child.children):
            if item.value_type == "SCOORD3D" and item.points and item.graphic_type is not None:
                points = tuple((point[0], point[1], point[2]) for point in item.points)
                yield ReportedPlace(item.graphic_type, points, item.frame_of_reference_uid)


def _number(item: ContentItem, shapes: _Shapes) -> ReportedNumber:
    assert item.name is not None
    derivation = item.first(concepts.DERIVATION[:2])
    said = None if derivation is None else derivation.code
    value, unit = (None, None) if item.number is None else (item.number.value, item.number.unit)
    places = shapes.places_of(iter(item.children))
    return ReportedNumber(item.name, value, unit, said, concepts.quantity_of(item.name, said), places)


def _kind_and_points(made: ReportedMeasurement, tool: ContentItem | None) -> tuple[str | None, tuple[Point, ...]]:
    """The tool that would draw the shapes, and its points; (None, ()) when there is none, or doubt."""
    word = tool.code[0] if tool is not None and tool.code is not None and tool.code[1] == concepts.OURS else None
    kind = word if word in POINT_COUNT else _foreign_kind(made)
    if kind is None:
        return None, ()
    second = {place for each in made.numbers if each.quantity in _SECOND_LINE for place in each.shapes}
    ordered = sorted(range(len(made.shapes)), key=lambda place: (place in second, place))
    points = tuple(point for place in ordered for point in _points_of(made.shapes[place]))
    wanted = POINT_COUNT[kind]
    if len(points) != wanted and not (wanted is None and len(points) >= 3):
        return None, ()
    return kind, points


def _foreign_kind(made: ReportedMeasurement) -> str | None:
    types = [each.graphic_type for each in made.shapes]
    counts = [len(each.points) for each in made.shapes]
    quantities = {each.quantity for each in made.numbers if each.value is not None}
    if types in (["ELLIPSE"], ["CIRCLE"]):
        return "ellipse"
    if types == ["POINT"]:
        return "probe" if "value" in quantities else None
    if types == ["POLYLINE", "POLYLINE"] and counts == [2, 2]:
        return (
            "bidirectional" if quantities == {"length", "short-axis"} else "cobb" if quantities == {"angle"} else None
        )
    if types != ["POLYLINE"]:
        return None
    if len(_points_of(made.shapes[0])) < counts[0]:
        return "freehand"
    if (counts[0], quantities) == (2, {"length"}):
        return "length"
    return "angle" if (counts[0], quantities) == (3, {"angle"}) else None


def _points_of(shape: ReportedShape) -> tuple[Point, ...]:
    """The points as our tools have them: polygons are not closed, circles are ellipses."""
    points = shape.points
    if shape.graphic_type == "CIRCLE" and len(points) == 2:
        (column, row), edge = points
        radius = math.dist(points[0], edge)
        return ((column - radius, row), (column + radius, row), (column, row - radius), (column, row + radius))
    if shape.graphic_type == "POLYLINE" and len(points) > 3 and points[0] == points[-1]:
        return points[:-1]
    return points


def _measurement(
    made: ReportedMeasurement, group: ContentItem, kind: str, points: tuple[Point, ...], fallback: UUID
) -> Measurement | None:
    shape = made.shapes[0]
    frame_number = shape.frame_numbers[0] if shape.frame_numbers else 1
    if shape.series_instance_uid is None or len(shape.frame_numbers) > 1:
        return None
    results = tuple(
        Result(each.quantity, each.value, each.unit[0])
        for each in made.numbers
        if each.quantity is not None and each.value is not None and each.unit is not None
    )
    modified_at = _moment(_text(group.first(concepts.MODIFIED[:2])))
    return Measurement(
        id=str(_uuid(group.first(concepts.TRACKING_UID[:2])) or fallback),
        kind=kind,
        series_instance_uid=shape.series_instance_uid,
        sop_instance_uid=shape.sop_instance_uid,
        frame_number=frame_number,
        points=points,
        results=results,
        spacing_source=_word(group, concepts.SPACING_SOURCE, concepts.SPACING_SOURCES) or "none",
        created_at=_moment(_text(group.first(concepts.CREATED[:2]))) or modified_at or _NEVER,
        modified_at=modified_at or _NEVER,
        text=_text(group.first(concepts.COMMENT[:2])),
        label=made.label,
        finding=None if made.finding is None else Concept(*made.finding),
        site=None if made.site is None else Concept(*made.site),
        calibration=_calibration(group),
    )


_NEVER: Final = "0001-01-01T00:00:00Z"
"""Where a foreign report does not say when something was measured."""


def _calibration(group: ContentItem) -> Calibration | None:
    found = [group.first(each[:2]) for each in (concepts.VERTICAL_SPACING, concepts.HORIZONTAL_SPACING)]
    values = [each.number.value for each in found if each is not None and each.number is not None]
    if len(values) != 2 or values[0] is None or values[1] is None or group.first(concepts.TOOL[:2]) is None:
        return None
    of = _uuid(group.first(concepts.CALIBRATED_BY[:2]))
    return Calibration((values[0], values[1]), "user", None if of is None else str(of))


def _references(item: ContentItem) -> Iterator[Reference]:
    for child in item.children:
        if child.value_type == "IMAGE":
            yield from child.references


def _word(group: ContentItem, name: concepts.Concept, words: Mapping[str, str]) -> str | None:
    found = group.first(name[:2])
    word = None if found is None or found.code is None else found.code[0]
    return word if word in words else None


def _text(item: ContentItem | None) -> str | None:
    return None if item is None else item.text


def _uuid(item: ContentItem | None) -> UUID | None:
    """The UUID that a UID under 2.25 was made of."""
    root, _, digits = (_text(item) or "").rpartition(".")
    if root != "2.25" or not digits.isdecimal() or int(digits) >= 1 << 128:
        return None
    return UUID(int=int(digits))


def _moment(text: str | None) -> str | None:
    """Our own moment, if that is what it is."""
    try:
        return text if text is not None and datetime.fromisoformat(text).tzinfo is not None else None
    except ValueError:
        return None
