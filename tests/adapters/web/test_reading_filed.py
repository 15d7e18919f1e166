"""What readers file: reports, presentation states, key images; read here, elsewhere and by other programs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from bench.blast import DCMTK_ENVIRONMENT
from pydicom.dataset import Dataset
from pydicom.uid import ColorSoftcopyPresentationStateStorage
from tests.adapters.web.reading_room import Room, every_kind
from tests.conftest import an_institution
from tests.interop.orthanc import program
from tests.phantoms.cine import a_colour_ultrasound, an_ultrasound_with_regions

from isocenter.access.roles import Role
from isocenter.standards.dicom.srgb_profile import srgb_profile


def test_every_measurement_survives_being_filed_as_a_report(room: Room) -> None:
    reader = room.reader()
    room.ask(reader, "PUT", "{study}/measurements/draft", {"measurements": every_kind(room)})
    draft = room.ask(reader, "GET", "{study}/measurements/draft").json()["measurements"]
    filed = room.ask(reader, "POST", "{study}/measurements/report", {"language": "zh-CN", "comment": "总体"})
    assert filed.status_code == 201, filed.text
    found = room.ask(room.reader(), "GET", "{study}/measurements/reported").json()
    [report] = [
        each for each in found["reports"] if each["document"]["sop_instance_uid"] == filed.json()["sop_instance_uid"]
    ]
    assert (found["not_read"], report["complete"], report["verified"]) == ([], True, False)
    assert report["document"]["ours"]
    back = [
        {name: value for name, value in each["measurement"].items() if value is not None}
        for each in report["measurements"]
    ]
    for one, other in zip(draft, back, strict=True):
        assert other == one, one["kind"]
    listed = room.client.get(f"/api/studies/{room.study}", headers=reader).json()
    assert ["SR", "Measurements"] in [[each["modality"], each["series_description"]] for each in listed["series"]]


def test_a_report_is_refused_when_it_cannot_be_true(room: Room) -> None:
    reader = room.reader()
    path = "{study}/measurements/report"
    nothing = room.ask(reader, "POST", path, {})
    assert (nothing.status_code, nothing.json()["error"]["reason"]) == (400, "invalid-measurement")
    elsewhere = room.measured("probe", [[1.0, 1.0]], sop_instance_uid="9.9.9")
    no_frame = room.measured("probe", [[1.0, 1.0]], frame_number=2)
    torn = room.measured("length", [[1.0, 1.0]])
    body = {"measurements": [elsewhere, no_frame, torn]}
    assert room.ask(reader, "PUT", "{study}/measurements/draft", body).status_code == 200
    for wrong, reason in ((elsewhere, "unknown-image"), (no_frame, "unknown-image"), (torn, "invalid-measurement")):
        room.ask(reader, "GET", "{study}/measurements/draft")
        body = {"revision": room.ask(reader, "GET", "{study}/measurements/draft").json()["revision"]}
        room.ask(reader, "PUT", "{study}/measurements/draft", body | {"measurements": [wrong]})
        answer = room.ask(reader, "POST", path, {})
        assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason), answer.text


def test_key_images_are_filed_and_found_again(room: Room) -> None:
    reader = room.reader()
    images = [{"series_instance_uid": room.series, "sop_instance_uid": each} for each in room.images[:2]]
    body = {"title": "113004", "note": "教学 · for teaching", "images": images}
    filed = room.ask(reader, "POST", "{study}/key-images", body)
    assert filed.status_code == 201, filed.text
    found = room.ask(room.reader(), "GET", "{study}/key-images").json()
    assert found["not_read"] == []
    uid = filed.json()["sop_instance_uid"]
    [note] = [each for each in found["notes"] if each["document"]["sop_instance_uid"] == uid]
    assert (note["title"]["value"], note["note"], note["references_elsewhere"]) == ("113004", body["note"], 0)
    assert [each["sop_instance_uid"] for each in note["images"]] == room.images[:2]
    lost = room.ask(reader, "POST", "{study}/key-images", {"images": [images[0] | {"sop_instance_uid": "9.9"}]})
    assert (lost.status_code, lost.json()["error"]["reason"]) == (400, "unknown-image")
    assert room.ask(room.reader(Role.SERVICE), "POST", "{study}/key-images", body).status_code == 403


def test_a_view_survives_being_filed_as_a_presentation_state(room: Room) -> None:
    reader = room.reader()
    images = [
        {"series_instance_uid": room.series, "sop_instance_uid": each, "frame_numbers": []} for each in room.images
    ]
    marked = {
        "images": images[:1],
        "window": {"centre": -599.25, "width": 1500.5, "function": "SIGMOID", "explanation": "肺 LUNG"},
        "displayed_area": {
            "top_left": [10.0, 20.0],
            "bottom_right": [300.0, 256.0],
            "mode": "magnify",
            "magnification": 2.5,
        },
        "graphics": [
            {"kind": "polyline", "points": [[10.5, 20.25], [30.0, 40.75]], "filled": False},
            {"kind": "ellipse", "points": [[1.0, 5.0], [9.0, 5.0], [5.0, 3.0], [5.0, 7.0]], "filled": True},
        ],
        "texts": [{"text": "12.3 mm\n肿块", "anchor": [11.0, 21.0], "box": [[12.0, 22.0], [90.0, 33.5]]}],
    }
    table = {"images": images[1:], "lut": {"first_value": -1024, "bits": 12, "values": list(range(0, 4096, 2))}}
    body = {
        "label": "LUNG VIEW",
        "description": "为会诊",
        "invert": True,
        "rotation": 90,
        "flip_horizontal": True,
        "views": [marked, table],
    }
    filed = room.ask(reader, "POST", "{study}/presentation-states", body)
    assert filed.status_code == 201, filed.text
    found = room.ask(room.reader(), "GET", "{study}/presentation-states").json()
    assert found["not_read"] == []
    uid = filed.json()["sop_instance_uid"]
    [state] = [each for each in found["states"] if each["document"]["sop_instance_uid"] == uid]
    assert {name: state[name] for name in ("label", "description", "invert", "rotation", "flip_horizontal")} == {
        name: value for name, value in body.items() if name != "views"
    }
    assert state["not_shown"] == []
    assert (state["rescale"]["slope"], state["rescale"]["intercept"]) == (1.0, -1024.0)
    one, other = state["views"]
    assert {name: one[name] for name in marked} == marked
    assert [each["sop_instance_uid"] for each in other["images"]] == room.images[1:]
    assert {name: other["lut"][name] for name in ("first_value", "bits", "values")} == table["lut"]
    assert other["displayed_area"]["bottom_right"] == [512.0, 512.0], "the whole image where nothing is said"


@pytest.fixture(scope="module")
def film(room: Room) -> Room:
    """A study of a colour film, and a grey image in it."""
    [colour], [grey] = a_colour_ultrasound("FILED-COLOUR"), an_ultrasound_with_regions("FILED-COLOUR")
    for made in (colour, grey):
        headers = room.reader(Role.SERVICE) | {"Content-Type": "application/dicom"}
        stored = room.client.post("/dicom-web/studies", content=encoded(made), headers=headers)
        assert stored.status_code == 200, stored.text
    return replace(
        room,
        study=str(colour.StudyInstanceUID),
        series=str(colour.SeriesInstanceUID),
        images=[str(colour.SOPInstanceUID), str(grey.SOPInstanceUID), str(grey.SeriesInstanceUID)],
    )


def test_a_view_of_colour_images_is_filed_as_a_state_of_its_own_kind(film: Room, tmp_path: Path) -> None:
    reader = film.reader()
    view = {
        "images": [{"series_instance_uid": film.series, "sop_instance_uid": film.images[0], "frame_numbers": [2]}],
        "displayed_area": {"top_left": [10.0, 20.0], "bottom_right": [200.0, 150.0], "mode": "fit"},
        "graphics": [{"kind": "polyline", "points": [[10.5, 20.25], [30.0, 40.75]], "filled": False}],
        "texts": [{"text": "血流", "anchor": [11.0, 21.0], "box": None}],
    }
    body = {"description": "Doppler", "rotation": 180, "flip_horizontal": True, "views": [view]}
    filed = film.ask(reader, "POST", "{study}/presentation-states", body)
    assert filed.status_code == 201, filed.text
    assert filed.json()["sop_class_uid"] == ColorSoftcopyPresentationStateStorage
    found = film.ask(film.reader(), "GET", "{study}/presentation-states").json()
    [state] = found["states"]
    assert {name: state[name] for name in body if name != "views"} == {n: v for n, v in body.items() if n != "views"}
    assert (state["invert"], state["not_shown"], found["not_read"]) == (False, [], [])
    [back] = state["views"]
    assert {name: back[name] for name in ("graphics", "texts", "images")} == {
        name: view[name] for name in ("graphics", "texts", "images")
    }
    assert back["displayed_area"] | {"magnification": None} == {**view["displayed_area"], "magnification": None}
    data = a_file(film, reader, filed.json())
    made = pydicom.dcmread(BytesIO(data))
    for grey_only in ("SoftcopyVOILUTSequence", "PresentationLUTShape", "RescaleSlope", "ModalityLUTSequence"):
        assert grey_only not in made
    assert (made.ICCProfile, made.ColorSpace) == (srgb_profile(), "SRGB")
    (tmp_path / "PR.dcm").write_bytes(data)
    assert "ColorSoftcopyPresentationStateStorage" in dcmtk("dcmdump", tmp_path / "PR.dcm").stdout


def test_a_state_of_colour_images_holds_nothing_of_greys(film: Room) -> None:
    colour = {"series_instance_uid": film.series, "sop_instance_uid": film.images[0]}
    grey = {"series_instance_uid": film.images[2], "sop_instance_uid": film.images[1]}
    window = {"centre": 40.0, "width": 400.0}
    for body, reason in (
        ({"views": [{"images": [colour], "window": window}]}, "invalid-presentation"),
        ({"views": [{"images": [colour]}], "invert": True}, "invalid-presentation"),
        ({"views": [{"images": [colour, grey]}]}, "images-differ"),
    ):
        answer = film.ask(film.reader(), "POST", "{study}/presentation-states", body)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason), answer.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"window": {"centre": 1.0, "width": 0.5}}, "invalid-presentation"),
        ({"lut": {"first_value": 0, "bits": 8, "values": [256]}}, "invalid-presentation"),
        ({"graphics": [{"kind": "circle", "points": [[1.0, 1.0]]}]}, "invalid-presentation"),
        ({"texts": [{"text": "nowhere"}]}, "invalid-presentation"),
        ({"displayed_area": {"top_left": [9.0, 9.0], "bottom_right": [9.0, 10.0]}}, "invalid-presentation"),
        ({"images": [{"series_instance_uid": "9", "sop_instance_uid": "9.9"}]}, "unknown-image"),
    ],
)
def test_a_presentation_state_that_contradicts_itself_is_refused(room: Room, change: Any, reason: str) -> None:
    view = {"images": [{"series_instance_uid": room.series, "sop_instance_uid": room.images[0]}], **change}
    answer = room.ask(room.reader(), "POST", "{study}/presentation-states", {"views": [view]})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason), answer.text


def encoded(made: Dataset) -> bytes:
    """A Part 10 file."""
    with BytesIO() as file:
        made.save_as(file, enforce_file_format=True)
        return file.getvalue()


def a_file(room: Room, reader: dict[str, str], filed: dict[str, str]) -> bytes:
    """The object as anybody retrieves it."""
    path = "/dicom-web/studies/{study_instance_uid}/series/{series_instance_uid}/instances/{sop_instance_uid}"
    answer = room.client.get(path.format(**filed), headers=reader | {"Accept": "application/dicom"})
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def filed_by(room: Room, reader: dict[str, str]) -> list[dict[str, str]]:
    """A report, a presentation state and key images, filed."""
    image = {"series_instance_uid": room.series, "sop_instance_uid": room.images[0]}
    room.ask(reader, "PUT", "{study}/measurements/draft", {"measurements": every_kind(room)})
    window = {"centre": 40.0, "width": 400.0}
    state = {"views": [{"images": [image], "window": window}], "invert": True, "rotation": 90, "flip_horizontal": True}
    return [
        room.ask(reader, "POST", "{study}/measurements/report", {}).json(),
        room.ask(reader, "POST", "{study}/presentation-states", state).json(),
        room.ask(reader, "POST", "{study}/key-images", {"images": [image], "note": "note"}).json(),
    ]


def test_what_is_filed_is_the_same_at_another_hospital(room: Room) -> None:
    """Exported as files and imported there: the same measurements, number by number."""
    reader = room.reader()
    filed = filed_by(room, reader)
    elsewhere = an_institution(room.database, "Elsewhere").institution_id
    other = room.reader(at=elsewhere)
    for each in filed:
        data = a_file(room, reader, each)
        found = pydicom.dcmread(BytesIO(data))
        assert (found.SOPClassUID, found.StudyInstanceUID) == (each["sop_class_uid"], room.study)
        headers = other | {"Content-Type": "application/dicom"}
        assert room.client.post("/dicom-web/studies", content=data, headers=headers).status_code == 200
    here, there = (room.ask(each, "GET", "{study}/measurements/reported").json()["reports"] for each in (reader, other))
    [same] = [each for each in here if each["document"]["sop_instance_uid"] == filed[0]["sop_instance_uid"]]
    assert there == [same]
    [note] = room.ask(other, "GET", "{study}/key-images").json()["notes"]
    assert (note["images"], note["references_elsewhere"]) == ([], 1), "the image itself was not sent"
    image = {"series_instance_uid": room.series, "sop_instance_uid": room.images[0]}
    refused = room.ask(other, "POST", "{study}/key-images", {"images": [image]})
    assert refused.json()["error"]["reason"] == "unknown-image"


def test_dcmtk_reads_what_is_filed_and_shows_a_state_as_the_formula_says(room: Room, tmp_path: Path) -> None:
    """LINEAR (PS3.3 C.11.2.1.2), inverted, turned a quarter clockwise, then flipped left to right (C.10.6)."""
    reader = room.reader()
    for each in filed_by(room, reader):
        data = a_file(room, reader, each)
        (tmp_path / f"{pydicom.dcmread(BytesIO(data)).Modality}.dcm").write_bytes(data)
    image = {"study_instance_uid": room.study, "series_instance_uid": room.series, "sop_instance_uid": room.images[0]}
    (tmp_path / "CT.dcm").write_bytes(a_file(room, reader, image))
    for name in ("SR", "KO"):
        dcmtk("dsrdump", tmp_path / f"{name}.dcm")
    for name in ("SR", "PR", "KO"):
        lines = dcmtk("dcmpschk", tmp_path / f"{name}.dcm").stderr.splitlines()
        # It knows no UTF-8 and says so of each text outside ASCII.
        wrong = [line for line in lines if "Attribute value  " in line and line.isascii()]
        assert not [*wrong, *(line for line in lines if "absent" in line)]
    dcmtk("dcmp2pgm", "-p", tmp_path / "PR.dcm", tmp_path / "CT.dcm", tmp_path / "shown.pgm")
    head, _, grey = (tmp_path / "shown.pgm").read_bytes().partition(b"255\n")
    assert head.split()[-2:] == [b"512", b"512"]
    shown = np.frombuffer(grey, np.uint8).reshape(512, 512).astype(float)
    hu = pydicom.dcmread(tmp_path / "CT.dcm").pixel_array - 1024.0
    grey_levels = 255 - np.clip(((hu - 39.5) / 399 + 0.5) * 255, 0, 255)
    assert np.abs(shown - np.fliplr(np.rot90(grey_levels, -1))).max() <= 1


def dcmtk(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What a program of DCMTK says; dcmpschk alone ends with 0 whatever it finds."""
    command = [program(name, "dcmtk"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | DCMTK_ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return done
