"""Reports, presentation states and key images: what others made is read for what it says, and nonsense only refused."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden import spatial, states

from isocenter.domain.reading.key_images import read_selection, selection_of
from isocenter.domain.reading.measurements import Measurement, Result
from isocenter.domain.reading.report_reading import read_report
from isocenter.domain.reading.report_writing import ReportOrder, report_of
from isocenter.domain.reading.study_at_hand import InstanceAtHand
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.data_set_writing import NotWritable, data_set_of, decimal_string
from isocenter.standards.dicom.json_model import data_set_to_json
from isocenter.standards.dicom.new_objects import Making, Model, ReferencedImage, element
from isocenter.standards.dicom.part10 import read_file_meta
from isocenter.standards.dicom.presentation_state import (
    Graphic,
    Grey,
    Lut,
    Raster,
    State,
    View,
    Window,
    Words,
    state_of,
)
from isocenter.standards.dicom.presentation_state_reading import OtherState, read_state
from isocenter.standards.dicom.srgb_profile import says_srgb, srgb_profile
from isocenter.standards.dicom.transfer_syntaxes import transfer_syntax

IMAGE: Model = {
    "0020000D": element("UI", "1.2.3"),
    "00100010": element("PN", {"Alphabetic": "Wang^Xiaoming", "Ideographic": "王^小明"}),
    "00100020": element("LO", "P" * 70),
    "00080020": element("DA", "20261122"),
}
MAKING = Making("王小明", "Hospital", datetime(2026, 11, 22, 13, tzinfo=UTC))
CINE = ReferencedImage("1.2.3.4", "1.2.3.4.5", "1.2.840.10008.5.1.4.1.1.3.1")


def read_file(path: Path) -> dict[str, Any]:
    """The DICOM JSON of a file."""
    data = path.read_bytes()
    meta = read_file_meta(memoryview(data))
    return data_set_to_json(data[meta.data_set_offset :], transfer_syntax(meta.transfer_syntax_uid), bulk_data_uri=str)


def again(model: Model) -> dict[str, Any]:
    """The object written and read back."""
    return data_set_to_json(data_set_of(model), transfer_syntax("1.2.840.10008.1.2.1"), bulk_data_uri=str)


def a_report(frame_number: int = 7) -> Model:
    now = "2026-11-22T13:00:00Z"
    results = (Result("length", 100 / 3, "mm"),)
    points = ((1.5, 2.5), (4.5, 6.5))
    measurement = Measurement(
        str(uuid4()), "length", "1.2.3.4", CINE.sop_instance_uid, frame_number, points, results, "calibrated", now, now
    )
    order = ReportOrder([measurement], {CINE.sop_instance_uid: CINE}, {CINE.sop_instance_uid: 20})
    return report_of(IMAGE, order, MAKING)


def a_state() -> Model:
    some = ReferencedImage(CINE.series_instance_uid, CINE.sop_instance_uid, CINE.sop_class_uid, (2, 3))
    rest = ReferencedImage(CINE.series_instance_uid, CINE.sop_instance_uid, CINE.sop_class_uid, (1, 4, 5))
    marks = (Graphic("polyline", ((1.0, 2.0), (3.0, 4.0))),)
    views = (
        View((some,), Window(40.0, 400.0), None, None, marks, (Words("肿块", (5.0, 6.0)),)),
        View((rest,), None, Lut(-5, 10, (0, 1023))),
    )
    state = State("A", None, inverse=True, rotation=270, flip_horizontal=True, views=views)
    return state_of(IMAGE, state, MAKING, values=Grey({}), rasters={CINE.sop_instance_uid: Raster(10, 20, (0.5, 0.25))})


class OneStudy:
    """A study of one cine."""

    institution_id = 1
    study_instance_uid = "1.2.3"

    def instance(self, sop_instance_uid: str) -> InstanceAtHand | None:
        known = InstanceAtHand(CINE.series_instance_uid, CINE.sop_instance_uid, CINE.sop_class_uid, 5)
        return known if sop_instance_uid == CINE.sop_instance_uid else None

    def of_classes(self, _: Any) -> list[InstanceAtHand]:
        return []

    def metadata(self, _: Any) -> list[dict[str, Any]]:
        return []

    def binary(self, _uid: str, _uri: str) -> bytes | None:
        return None


def frames_of(uid: str) -> int | None:
    return 5 if uid == CINE.sop_instance_uid else None


@pytest.mark.parametrize(
    ("name", "kind", "quantity", "value", "unit"),
    [
        ("sr-ruler", "length", "length", 4.025316455696, "mm"),
        ("sr-protractor", "angle", "angle", 90.0, "deg"),
        ("sr-circle", "ellipse", "area", 0.125663706144, "cm2"),
        ("sr-rectangle", "freehand", "area", 0.241518987342, "cm2"),
    ],
)
def test_reports_of_another_viewer_are_read(
    shared_data: Path, name: str, kind: str, quantity: str, value: float, unit: str
) -> None:
    report = read_report(read_file(shared_data / "seg-sr-pr" / f"{name}.dcm"))
    assert report is not None
    assert not report.document.ours
    first = report.measurements[0].measurement
    assert first is not None
    assert (first.kind, first.spacing_source) == (kind, "none")
    assert Result(quantity, value, unit) in first.results


def test_a_report_on_a_volume_keeps_its_numbers_and_draws_nothing(shared_data: Path) -> None:
    report = read_report(read_file(shared_data / "seg-sr-pr" / "sr.dcm"))
    assert report is not None
    [tumour] = report.measurements
    assert (tumour.measurement, tumour.shapes, tumour.label) == (None, (), "primary tumor")
    first = tumour.numbers[0]
    assert (first.name[2], first.value, first.derivation, first.quantity) == (
        "SUVbw",
        6.01529,
        ("R-00317", "SRT", "Mean"),
        "mean",
    )


def test_measurements_in_the_patient_keep_their_places() -> None:
    """What highdicom wrote (tests/golden/spatial.py): each group its shape, in its frame of reference."""
    kept = json.loads(spatial.KEPT_AT.read_text())
    report = read_report(kept["report"])
    assert report is not None
    assert [each.label for each in report.measurements] == [place["name"] for place in kept["places"]]
    for made, wanted in zip(report.measurements, kept["places"], strict=True):
        [place] = made.places
        assert (place.graphic_type, place.frame_of_reference_uid) == (wanted["type"], kept["frameOfReferenceUid"])
        assert [list(point) for point in place.points] == [pytest.approx(point, abs=1e-4) for point in wanted["points"]]
        assert (made.measurement, made.shapes, len(made.numbers)) == (None, (), 1)
    [polygon, *_] = kept["report"]["0040A730"]["Value"][-1]["0040A730"]["Value"]
    place_item = next(each for each in polygon["0040A730"]["Value"] if each["0040A040"]["Value"] == ["SCOORD3D"])
    del place_item["30060024"]
    nowhere = read_report(kept["report"])
    assert nowhere is not None
    assert [each.places[0].frame_of_reference_uid is None for each in nowhere.measurements] == [True] + [False] * 5


def test_reports_without_measurements_are_none() -> None:
    plain = read_file(Path(pydicom.__file__).parent / "data" / "test_files" / "reportsi.dcm")
    assert read_report(plain) is None


def test_a_frame_is_named_and_text_is_utf_8() -> None:
    report = read_report(again(a_report()))
    assert report is not None
    [found] = report.measurements
    assert found.measurement is not None
    assert (found.measurement.frame_number, found.measurement.results[0].value) == (7, 100 / 3)
    assert report.document.by == "王小明"


def test_frames_that_are_shown_differently_come_apart() -> None:
    read = read_state(again(a_state()), frames_of, lambda _: None)
    assert (read.state.inverse, read.state.rotation, read.state.flip_horizontal, read.not_shown) == (
        True,
        270,
        True,
        (),
    )
    other, one = read.state.views
    assert (one.images[0].frame_numbers, other.images[0].frame_numbers) == ((2, 3), (1, 4, 5))
    assert (one.window, one.words[0].text, other.lut) == (Window(40.0, 400.0), "肿块", Lut(-5, 10, (0, 1023)))
    assert (other.window, other.graphics) == (None, ())


def test_what_a_state_holds_besides_is_named() -> None:
    model = a_state() | {"00181600": element("CS", "CIRCULAR"), "60001001": element("CS", "A")}
    model["00700001"]["Value"][0]["00700009"]["Value"][0]["00700005"] = element("CS", "DISPLAY")
    read = read_state(model, frames_of, lambda _: None)
    assert sorted(read.not_shown) == ["display-relative-graphics", "overlay", "shutter"]


def test_a_state_of_colour_images_by_highdicom_is_read_and_what_paints_greys_is_refused() -> None:
    kept = json.loads(states.KEPT_AT.read_text())
    colour = kept["colour"]
    image = colour["00081115"]["Value"][0]["00081140"]["Value"][0]["00081155"]["Value"][0]
    read = read_state(colour, {image: 4}.get, lambda _: None)
    [view] = read.state.views
    assert (view.window, view.lut, read.state.inverse, read.rescale, read.not_shown) == (None, None, False, None, ())
    assert [list(point) for point in view.graphics[0].points] == states.LINE
    assert (view.words[0].text, list(view.words[0].anchor or ())) == (states.WORDS, states.WORDS_AT)
    other = {"vr": "OB", "InlineBinary": b64encode(bytes(200)).decode()}
    assert read_state(colour | {"00282000": other}, {image: 4}.get, lambda _: None).not_shown == ("colour-profile",)
    with pytest.raises(OtherState) as refused:
        read_state(kept["pseudoColour"], lambda _: 1, lambda _: None)
    assert refused.value.reason == "other-presentation-state"


def test_the_profile_of_srgb_is_taken_as_such_by_little_cms() -> None:
    """Every eighth colour, turned into those of its own profile of sRGB."""
    steps = np.arange(0, 256, 8, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 32, 3)
    made = srgb_profile()
    again = imagecodecs.cms_transform(
        np.ascontiguousarray(colours), made, imagecodecs.cms_profile("srgb"), colorspace="rgb", outcolorspace="rgb"
    )
    assert np.abs(again.astype(int) - colours).max() <= 1
    assert (int.from_bytes(made[:4]), made[12:24], says_srgb(made)) == (len(made), b"scnrRGB XYZ ", True)


def test_numbers_are_written_as_exactly_as_a_decimal_string_holds_them() -> None:
    assert [decimal_string(each) for each in (1.0, 1 / 3, -1e-9, 123456789012345.6)] == [
        "1",
        "0.33333333333333",
        "-1e-09",
        "123456789012346",
    ]
    with pytest.raises(NotWritable):
        data_set_of({"00200011": element("US", 70000)})
    with pytest.raises(NotWritable):
        data_set_of({"00100010": element("LO", "\ud800")})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**9) | st.floats() | st.text(max_size=6) | st.just("SCOORD"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["vr", "Value", "00081155"]), inner),
    max_leaves=4,
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places_in(each, (*path, key)))]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_somebody_changes_in_an_object_it_is_read_or_refused(data: st.DataObject) -> None:
    readers: tuple[tuple[Model, Callable[[Any], object]], ...] = (
        (a_report(), read_report),
        (a_state(), lambda model: read_state(model, frames_of, lambda _: None)),
        (selection_of(IMAGE, "113000", "x", [CINE], MAKING), lambda model: read_selection(model, OneStudy())),
    )
    for made, read in readers:
        broken: Any = copy.deepcopy(made)
        for place in data.draw(st.lists(st.sampled_from(places_in(made)[1:]), min_size=1, max_size=3)):
            target = broken
            try:
                for step in place[:-1]:
                    target = target[step]
                target[place[-1]] = data.draw(ANYTHING)
            except (KeyError, IndexError, TypeError):
                continue  # another change took this place away
        with suppress(Invalid):
            read(broken)
