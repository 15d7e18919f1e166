"""A report on places in the patient (SCOORD3D, PS3.3 C.18.9) by highdicom, and where its shapes cut the slices.

`python -m tests.golden.spatial` writes web/src/dicomweb/golden/spatial.json. It needs highdicom, which the project does
not install: run it where highdicom is. Where shapes lie on slices is worked out here from what they were made of: a
polygon on one slice and the same between two, a ball and an ellipse around known places, a line through slices.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from tests.phantoms import objects
from tests.phantoms.basics import ImagePoint, Point

KEPT_AT = Path(__file__).parents[2] / "web/src/dicomweb/golden/spatial.json"
POLYGON_SLICE, BETWEEN = 2, 2.5
BALL_SLICE, BALL_AT, BALL_MM = 3, (40.5, 30.5), 9.0
ELLIPSE_SLICE, ELLIPSE_AT, ELLIPSE_MM = 4, (20.5, 30.5), (8.0, 6.0)
"""Half axes: along the rows of pixels, and down their columns."""
POINT_SLICE, POINT_AT = 1, (33.25, 12.5)


def corners() -> list[ImagePoint]:
    """Of the polygon, in image points of its slice."""
    return objects.corners_of(objects.CONTOUR)


def _around(at: ImagePoint, slice_index: int, *half_axes: tuple[Point, float]) -> list[Point]:
    """The ends of axes through a place: for each axis the end before it and the one behind it."""
    x, y, z = objects.plane_of(slice_index).patient_point(at)
    return [
        (x + sign * mm * axis[0], y + sign * mm * axis[1], z + sign * mm * axis[2])
        for axis, mm in half_axes
        for sign in (-1, 1)
    ]


def places() -> list[dict[str, Any]]:
    """What the report is on: name, kind, patient points."""
    normal = tuple(float(value) for value in np.cross(objects.ROW, objects.COLUMN))
    ball = [(axis, BALL_MM) for axis in (objects.ROW, objects.COLUMN, normal)]
    ellipse = [(objects.ROW, ELLIPSE_MM[0]), (objects.COLUMN, ELLIPSE_MM[1])]
    flat, between = (
        [objects.plane_of(index).patient_point(corner) for corner in corners()] for index in (POLYGON_SLICE, BETWEEN)
    )
    through = [objects.plane_of(index).patient_point((32.5, 32.5)) for index in (0, 1)]
    return [
        {"name": "polygon", "type": "POLYGON", "points": [*flat, flat[0]]},
        {"name": "between", "type": "POLYGON", "points": [*between, between[0]]},
        {"name": "ball", "type": "ELLIPSOID", "points": _around(BALL_AT, BALL_SLICE, *ball)},  # type: ignore[arg-type]
        {"name": "ellipse", "type": "ELLIPSE", "points": _around(ELLIPSE_AT, ELLIPSE_SLICE, *ellipse)},
        {"name": "point", "type": "POINT", "points": [objects.plane_of(POINT_SLICE).patient_point(POINT_AT)]},
        {"name": "through", "type": "POLYLINE", "points": through},
    ]


def ball_radius(slice_index: int) -> float:
    """Of the circle in which a slice cuts the ball, mm; 0 where it does not."""
    height = (slice_index - BALL_SLICE) * objects.GAP_MM
    return math.sqrt(max(0.0, BALL_MM**2 - height**2))


def on_slices() -> list[dict[str, Any]]:
    """For each slice: its plane, and what lies on it."""
    found = []
    for index in range(objects.SLICES):
        plane = objects.plane_of(index)
        here: dict[str, Any] = {}
        if index == POLYGON_SLICE:
            here["polygon"] = corners()
        if ball_radius(index) > 0:
            here["ball"] = {"at": BALL_AT, "halfAxesMm": [ball_radius(index)] * 2}
        if index == ELLIPSE_SLICE:
            here["ellipse"] = {"at": ELLIPSE_AT, "halfAxesMm": ELLIPSE_MM}
        if index == POINT_SLICE:
            here["point"] = POINT_AT
        said = {"origin": plane.position, "row": plane.row, "column": plane.column, "spacing": plane.spacing}
        found.append({"plane": said, "here": here})
    return found


def _report() -> Dataset:
    """By highdicom: TID 1500 with a group for each place (TID 1410, 1411), in a Comprehensive 3D SR."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    images = objects.the_stack()
    frame_of_reference = images[0].FrameOfReferenceUID
    source = hd.sr.SourceImageForSegmentation(images[0].SOPClassUID, images[0].SOPInstanceUID)

    def group(number: int, place: dict[str, Any]) -> Any:
        common = {
            "tracking_identifier": hd.sr.TrackingIdentifier(uid=f"2.25.{number}", identifier=place["name"]),
            "finding_type": codes.SCT.Lesion,
            "measurements": [hd.sr.Measurement(codes.SCT.Volume, float(number), codes.UCUM.CubicMillimeter)],
        }
        points = np.array(place["points"])
        if place["type"] == "ELLIPSOID":
            surface = hd.sr.VolumeSurface(place["type"], points, frame_of_reference, source_images=[source])
            return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_volume_surface=surface, **common)
        region = hd.sr.ImageRegion3D(place["type"], points, frame_of_reference)
        return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **common)

    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name="Golden^Observer"),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group(number, place) for number, place in enumerate(places(), 1)],
    )
    made: Dataset = hd.sr.Comprehensive3DSR(
        evidence=images,
        content=content,
        series_instance_uid="2.25.101",
        series_number=14,
        sop_instance_uid="2.25.102",
        instance_number=1,
        manufacturer="Synthetic",
        series_description="spatial",
    )
    return made


def golden() -> dict[str, Any]:
    """Everything, as it is kept."""
    return {"report": _report().to_json_dict(), **computed()}


def computed() -> dict[str, Any]:
    """What needs no highdicom."""
    frame_of_reference = objects.the_stack()[0].FrameOfReferenceUID
    return {"frameOfReferenceUid": frame_of_reference, "places": places(), "slices": on_slices()}


if __name__ == "__main__":
    KEPT_AT.parent.mkdir(exist_ok=True)
    KEPT_AT.write_text(json.dumps(golden(), separators=(",", ":"), default=str) + "\n")
