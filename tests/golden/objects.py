"""What segmentations, structure sets, maps, doses, reports and ECGs say, read by highdicom, pydicom and numpy.

`python -m tests.golden.objects` writes web/src/viewport/overlays/golden.json. It needs highdicom, which the project
does not install: run it where highdicom is. The readers of the web client must find the same (overlays.test.ts). Frames
are given as the server gives them: little endian, frames of one bit from bit 0 of a byte of their own.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from tests.phantoms import objects

KEPT_AT = Path(__file__).parents[2] / "web/src/viewport/overlays/golden.json"
SLICES = (1, 2, 4)
"""Slices that the segments of highdicom lie on; the others have none of it."""


def _json(data_set: Dataset) -> Any:
    """The DICOM JSON model without pixels, as the server gives it."""
    bulk = {"PixelData", "FloatPixelData", "WaveformData"}
    text = data_set.to_json_dict(bulk_data_threshold=1 << 20, bulk_data_element_handler=lambda _: "bulk")
    return {tag: value for tag, value in text.items() if data_set[tag].keyword not in bulk}


def _target(plane: Any, image: Dataset) -> dict[str, Any]:
    return {
        "sopInstanceUid": image.SOPInstanceUID,
        "frameNumber": 1,
        "rows": image.Rows,
        "columns": image.Columns,
        "plane": {"origin": plane.position, "row": plane.row, "column": plane.column, "spacing": plane.spacing},
        "frameOfReferenceUid": image.FrameOfReferenceUID,
        "toleranceMm": 0.25,
    }


def _packed(frame: np.ndarray[Any, Any], binary: bool) -> str:
    content = np.packbits(frame.ravel(), bitorder="little") if binary else np.ascontiguousarray(frame)
    return base64.b64encode(content.tobytes()).decode("ascii")


def _by_highdicom(kind: str) -> dict[str, Any]:
    """A segmentation written by highdicom, and what highdicom finds in it on every image."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    images = objects.the_stack()
    for image in images:
        image.Rows = image.Columns = objects.SIDE
    random = np.random.default_rng(6)
    first = random.random((len(images), objects.SIDE, objects.SIDE)) > 0.7
    second = random.random(first.shape) > 0.6
    empty = [index for index in range(len(images)) if index not in SLICES]
    first[empty] = second[empty] = False
    if kind == "LABELMAP":
        pixels = np.where(second, 2, np.where(first, 1, 0)).astype(np.uint8)
    elif kind == "FRACTIONAL":
        pixels = np.stack([first * 0.25, second * 1.0], axis=-1)
    else:
        pixels = np.stack([first, second], axis=-1).astype(np.uint8)
    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in ((1, "one"), (2, "two"))
    ]
    made = hd.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid="2.25.1",
        series_number=9,
        sop_instance_uid="2.25.2",
        instance_number=1,
        manufacturer="Synthetic",
        manufacturer_model_name="golden",
        software_versions="1",
        device_serial_number="1",
        fractional_type="PROBABILITY" if kind == "FRACTIONAL" else None,
        max_fractional_value=200,
        omit_empty_frames=True,
    )
    frames = np.asarray(made.pixel_array)
    frames = frames[None] if frames.ndim == 2 else frames
    wanted = made.get_pixels_by_source_instance(
        source_sop_instance_uids=[image.SOPInstanceUID for image in images],
        combine_segments=False,
        rescale_fractional=False,
        assert_missing_frames_are_empty=True,
    )
    return {
        "kind": kind,
        "dataSet": _json(made),
        "frames": [_packed(frame, kind == "BINARY") for frame in frames],
        "on": [
            {
                "target": _target(objects.plane_of(index), image),
                "segments": [_packed((wanted[index, :, :, number] > 0).astype(np.uint8), True) for number in (0, 1)],
                "largest": [int(wanted[index, :, :, number].max()) for number in (0, 1)],
            }
            for index, image in enumerate(images)
        ],
    }


def dose() -> dict[str, Any]:
    """The dose at places, worked out from the rule that it was made by: linear along the rows of the stack."""
    grid = objects.a_dose()
    places = []
    for column, row, height in ((0.5, 0.5, 0.0), (30.5, 12.5, 5.0), (45.25, 40.0, 13.0), (60.5, 20.5, 20.0)):
        plane = objects.FIRST.moved_along_normal(height)
        along_mm = (column - 0.5) * objects.SPACING[1]
        places.append({"point": plane.patient_point((column, row)), "gray": objects.DOSE_GY * along_mm / 60.0})
    outside = [objects.FIRST.moved_along_normal(-1).patient_point((5, 5)), objects.FIRST.patient_point((-1, 5))]
    stored = np.frombuffer(grid.PixelData, "<u4").reshape(3, -1)
    return {
        "dataSet": _json(grid),
        "frames": [base64.b64encode(frame.tobytes()).decode("ascii") for frame in stored],
        "places": places,
        "outside": outside,
    }


def ecg() -> dict[str, Any]:
    """pydicom's own reading of the waveform, every hundredth sample, mV."""
    made = objects.an_ecg()
    array = made.waveform_array(0) / 1000
    return {
        "dataSet": _json(made) | {"54000100": {"vr": "SQ", "Value": [_json(made.WaveformSequence[0])]}},
        "bytes": base64.b64encode(made.WaveformSequence[0].WaveformData).decode("ascii"),
        "everyHundredth": array[::100].tolist(),
    }


def report() -> dict[str, Any]:
    """The items of a report as pydicom walks them: type, name, value, unit."""
    made = objects.a_report()
    found: list[list[str | None]] = []

    def walk(item: Dataset) -> None:
        name = item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else None
        measured = item.MeasuredValueSequence[0] if "MeasuredValueSequence" in item else None
        value = str(measured.NumericValue) if measured else item.get("TextValue")
        unit = measured.MeasurementUnitsCodeSequence[0].CodeValue if measured else None
        found.append([item.ValueType, name, value, unit])
        for child in item.get("ContentSequence", []):
            walk(child)

    walk(made)
    return {"dataSet": _json(made), "items": found, "image": str(objects.the_stack()[4].SOPInstanceUID)}


def contours() -> dict[str, Any]:
    """A region and a marker with the slices, and where they were put."""
    made = objects.a_structure_set()
    images = objects.the_stack()
    on = [_target(objects.plane_of(index), image) for index, image in enumerate(images)]
    return {
        "dataSet": _json(made),
        "on": on,
        "slice": objects.CONTOUR_SLICE,
        "corners": objects.corners_of(objects.CONTOUR),
        "marker": [30.0, 30.0],
    }


def golden() -> dict[str, Any]:
    """Everything, as it is kept."""
    return {
        "segmentations": [_by_highdicom(kind) for kind in ("BINARY", "FRACTIONAL", "LABELMAP")],
        "contours": contours(),
        "dose": dose(),
        "ecg": ecg(),
        "report": report(),
    }


if __name__ == "__main__":
    KEPT_AT.write_text(json.dumps(golden(), separators=(",", ":"), default=str) + "\n")
