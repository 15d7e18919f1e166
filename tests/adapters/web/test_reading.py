"""What readers keep and file, over a real archive: drafts, reports, presentation states, key images, and the rest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pydicom
import pytest
from bench.blast import DCMTK_ENVIRONMENT
from fastapi.testclient import TestClient
from tests.conftest import TEMPLATE, an_institution, new_database
from tests.domain.conftest import Hospital, a_ct_slice
from tests.interop.orthanc import program

from isocenter.access import api_tokens
from isocenter.access.caller import system_caller
from isocenter.access.roles import Role
from isocenter.apps.phantom import chest_ct, part10
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.web import application
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.delivery.library import Library
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.store import Archive
from isocenter.domain.migration.importing import import_files
from isocenter.domain.migration.media import Media
from isocenter.kit.confined import Confined
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file

NOW = "2026-11-22T13:00:00.123456Z"


@dataclass
class Room:
    """One application for all tests of this file; each reader is somebody of her own."""

    client: TestClient
    database: Database
    institution_id: int
    archive: Archive
    home: Path
    study: str
    series: str
    images: list[str]

    def reader(self, role: Role = Role.RADIOLOGIST, at: int | None = None) -> dict[str, str]:
        """The headers of a new reader, at this institution or another."""
        token = api_tokens.issue_token(self.database, system_caller(at or self.institution_id, "t"), (role,))
        return {"Authorization": f"Bearer {token}"}

    def hospital(self, institution_id: int) -> Hospital:
        """Where small objects are stored."""
        return Hospital(self.archive, system_caller(institution_id, "test"), self.database, self.home)

    def ask(self, who: dict[str, str], method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer; path {study} is the study's."""
        url = "/api/" + path.format(study=f"studies/{self.study}")
        return self.client.request(method, url, json=body, headers=who | headers)

    def measured(self, kind: str, points: list[list[float]], *results: tuple[str, float, str], **more: Any) -> Any:
        """A measurement on the first image."""
        return {
            "id": str(uuid4()),
            "kind": kind,
            "series_instance_uid": self.series,
            "sop_instance_uid": self.images[0],
            "frame_number": 1,
            "points": points,
            "results": [{"quantity": quantity, "value": value, "unit": unit} for quantity, value, unit in results],
            "spacing_source": "pixel-spacing",
            "created_at": NOW,
            "modified_at": NOW,
            **more,
        }


@pytest.fixture(scope="module")
def room(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("reading")
    settings = Settings(home=folder / "home")
    (settings.home / "journal").mkdir(parents=True)
    make_key_file(facts_key_path(settings.home))
    slices = list(chest_ct(range(3)))
    for number, instance in enumerate(slices):
        (folder / f"{number}.dcm").write_bytes(part10(instance))
    with ExitStack() as stack:
        url = stack.enter_context(contextmanager(new_database)(postgres, TEMPLATE))
        database = stack.enter_context(closing(Database(url)))
        institution = an_institution(database, "First")
        data = open_bytes(settings)
        archive = stack.enter_context(open_archive(settings, database, data))
        media = Media()
        caller = system_caller(institution.institution_id, "test")
        report = import_files(
            archive, caller, media, media.files(sorted(folder.glob("*.dcm"))), ae_title="X", advanced=lambda _: None
        )
        assert report.stored == len(slices), report.refused
        confined = stack.enter_context(closing(Confined(processes=1, memory_bytes=1 << 30, timeout_s=20)))
        library = stack.enter_context(closing(Library(database=database, data=data, confined=confined)))
        client = stack.enter_context(TestClient(application(settings, database, archive, library)))
        first = slices[0]
        yield Room(
            client,
            database,
            institution.institution_id,
            archive,
            settings.home,
            str(first.StudyInstanceUID),
            str(first.SeriesInstanceUID),
            [str(each.SOPInstanceUID) for each in slices],
        )


def every_kind(room: Room) -> list[Any]:
    """One measurement of each kind, with values that no short decimal holds and words in two scripts."""
    third = 1 / 3
    hu = "[hnsf'U]"
    four = [[10.1, 20.7], [30.2, 25.3], [18.4, 33.9], [22.6, 12.1]]
    of = str(uuid4())
    return [
        room.measured("length", four[:2], ("length", 100 * third, "mm"), label="肝脏 1", site=LUNG),
        room.measured("angle", four[:3], ("angle", 12.345678901234567, "deg"), finding=MASS),
        room.measured("cobb", four, ("angle", 45.1, "deg")),
        room.measured("bidirectional", four, ("short-axis", 5.5, "mm"), ("length", 20.25, "mm")),
        room.measured(
            "ellipse", four, ("area", 100 / 7, "mm2"), ("mean", -12.3, hu), ("sd", 3e-9, hu), ("pixel-count", 77.0, "1")
        ),
        room.measured("rectangle", four, ("mean", 2.2, "g/ml{SUVbw}"), ("min", 0.1, "g/ml{SUVbw}"), ("max", 9.0, "1")),
        room.measured("freehand", [*four, [11.0, 19.0]], ("perimeter", 3 * third, "{pixels}"), spacing_source="none"),
        room.measured("arrow", four[:2], text="看这里 · here"),
        room.measured("text", four[:1], text="two\nlines"),
        room.measured("probe", four[:1], ("value", -1000.0, hu)),
        room.measured("ultrasound-region-length", four[:2], ("time", 1.2, "s"), ("velocity", 30.0, "cm/s")),
        room.measured("ultrasound-region-probe", four[:1], ("frequency", 2.5, "Hz")),
        room.measured(
            "cardiothoracic-ratio",
            four,
            ("ratio", 0.4, "1"),
            ("thorax-width", 250.0, "mm"),
            ("heart-width", 100.0, "mm"),
        ),
        room.measured(
            "calibration",
            four[:2],
            ("length", 10.0, "mm"),
            spacing_source="user-calibration",
            calibration={"mm_per_pixel": [0.1, third], "by": "user", "of_measurement": of},
        ),
    ]


MASS = {"value": "4147007", "scheme": "SCT", "meaning": "Mass"}
LUNG = {"value": "39607008", "scheme": "SCT", "meaning": "肺"}


def test_a_draft_is_its_readers_own_and_refuses_what_was_changed_elsewhere(room: Room) -> None:
    one, other = room.reader(), room.reader()
    path = "{study}/measurements/draft"
    empty = room.ask(one, "GET", path)
    assert (empty.json(), empty.headers["etag"]) == ({"revision": 0, "measurements": []}, '"0"')
    drawn = every_kind(room)
    kept = room.ask(one, "PUT", path, {"measurements": drawn})
    assert (kept.status_code, kept.json()["revision"], kept.headers["etag"]) == (200, 1, '"1"'), kept.text
    assert room.ask(other, "GET", path).json()["measurements"] == []
    again = room.ask(one, "PUT", path, {"measurements": kept.json()["measurements"][:2]}, **{"If-Match": '"1"'})
    assert again.json()["revision"] == 2
    for stale in ({"If-Match": '"1"'}, {"If-Match": '"x"'}, {}):
        late = room.ask(one, "PUT", path, {"measurements": [], "revision": 0}, **stale)
        assert (late.status_code, late.json()["error"]["reason"]) == (409, "changed")
    now = room.ask(one, "GET", path).json()
    assert now["measurements"] == kept.json()["measurements"][:2], "loaded as it was kept"
    assert now["measurements"][0]["results"] == drawn[0]["results"], "numbers are exact"
    twice = room.ask(one, "PUT", path, {"revision": 2, "measurements": [drawn[0], drawn[0]]})
    assert (twice.status_code, twice.json()["error"]["reason"]) == (400, "invalid-measurement")
    nul = room.ask(one, "PUT", path, {"revision": 2, "measurements": [drawn[0] | {"text": "a\0b"}]})
    assert (nul.status_code, nul.json()["error"]["reason"]) == (400, "invalid-document")
    nowhere = room.client.get("/api/studies/9.9.9/measurements/draft", headers=one)
    assert (nowhere.status_code, nowhere.json()["error"]["reason"]) == (404, "unknown-study")


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


def test_preferences_are_kept_whole_and_small(room: Room) -> None:
    one = room.reader()
    assert room.ask(one, "GET", "reading/preferences").json() == {"revision": 0, "preferences": {}}
    kept = {"shortcuts": {"缩放": "z"}, "layout": [2, 2], "ratio": 0.1}
    assert room.ask(one, "PUT", "reading/preferences", {"preferences": kept}).json()["revision"] == 1
    assert room.ask(one, "GET", "reading/preferences").json() == {"revision": 1, "preferences": kept}
    assert room.ask(room.reader(), "GET", "reading/preferences").json()["preferences"] == {}
    stale = room.ask(one, "PUT", "reading/preferences", {"preferences": {}})
    assert (stale.status_code, stale.json()["error"]["fields"]) == (409, {"revision": 1})
    large = room.ask(one, "PUT", "reading/preferences", {"revision": 1, "preferences": {"x": "x" * 70_000}})
    assert large.json()["error"]["reason"] == "too-large"


def test_hanging_protocols_belong_to_readers_or_to_the_institution(room: Room) -> None:
    one, chief = room.reader(), room.reader(Role.ADMINISTRATOR)
    body = {"scope": "user", "name": "胸部 CT", "document": {"version": 1, "rows": 2}}
    mine = room.ask(one, "POST", "hanging-protocols", body).json()
    everybodys = room.ask(chief, "POST", "hanging-protocols", body | {"scope": "institution", "name": "A"}).json()
    assert room.ask(one, "POST", "hanging-protocols", body | {"scope": "institution"}).status_code == 403
    lost = room.ask(chief, "POST", "hanging-protocols", body | {"scope": "department"})
    assert lost.json()["error"]["reason"] == "no-department"
    unversioned = room.ask(one, "POST", "hanging-protocols", body | {"document": {}})
    assert unversioned.json()["error"]["reason"] == "invalid-document"
    held = room.ask(one, "GET", "hanging-protocols").json()
    assert [(each["name"], each["scope"], each["editable"]) for each in held["hanging_protocols"]] == [
        ("胸部 CT", "user", True),
        ("A", "institution", False),
    ]
    assert held["may_add"] == ["user"]
    path = f"hanging-protocols/{mine['hanging_protocol_id']}"
    changed = room.ask(one, "PUT", path, {"revision": 1, "name": "B", "document": {"version": 2}})
    assert (changed.json()["revision"], changed.headers["etag"]) == (2, '"2"')
    assert room.ask(one, "PUT", path, {"revision": 1, "name": "C", "document": {"version": 2}}).status_code == 409
    assert room.ask(chief, "PUT", path, {"revision": 2, "name": "C", "document": {"version": 2}}).status_code == 404
    assert room.ask(one, "DELETE", f"hanging-protocols/{everybodys['hanging_protocol_id']}").status_code == 403
    assert room.ask(one, "DELETE", path + "?revision=2").status_code == 204
    assert room.ask(one, "DELETE", path).status_code == 404


def test_a_display_is_due_until_it_passed(room: Room) -> None:
    one, chief = room.reader(), room.reader(Role.ADMINISTRATOR)
    path = "display-checks?workstation=desk-0001"
    assert room.ask(one, "GET", path).json() == {"checks": [], "due_after_days": 30, "due": True, "due_at": None}
    screen = {"width": 1920, "height": 1080, "pixel_ratio": 1.5, "colour_depth": 24}
    body = {"workstation": "desk-0001", "answers": {"five-percent": False}, "screen": screen}
    failed = room.ask(one, "POST", "display-checks", body).json()
    assert (failed["due"], failed["checks"][0]["passed"]) == (True, False)
    passed = room.ask(one, "POST", "display-checks", body | {"answers": {"five-percent": True}}).json()
    assert (passed["due"], len(passed["checks"]), passed["checks"][0]["screen"]) == (False, 1, screen)
    assert room.ask(room.reader(), "GET", path).json()["due"], "a check is of one reader's eyes"
    assert room.ask(one, "PUT", "display-checks/rule", {"due_after_days": 7}).status_code == 403
    assert room.ask(chief, "PUT", "display-checks/rule", {"due_after_days": 7}).status_code == 200
    assert room.ask(one, "GET", path).json()["due_after_days"] == 7


def test_a_view_is_handed_over_to_the_same_person_only(room: Room) -> None:
    one = room.reader()
    view = {"series": room.series, "image": 2, "window": {"centre": 40.5}}
    given = room.ask(one, "POST", "reading/hand-over", {"study_instance_uid": room.study, "view": view}).json()
    path = f"reading/hand-over/{given['id']}"
    assert room.ask(one, "GET", path).json()["view"] == view
    somebody = room.ask(room.reader(), "GET", path)
    assert (somebody.status_code, somebody.json()["error"]["reason"]) == (404, "unknown-hand-over")
    nowhere = room.ask(one, "POST", "reading/hand-over", {"study_instance_uid": "9.9.9", "view": view})
    assert nowhere.status_code == 404


def test_key_images_are_filed_and_found_again(room: Room) -> None:
    reader = room.reader()
    images = [{"series_instance_uid": room.series, "sop_instance_uid": each} for each in room.images[:2]]
    body = {"title": "113004", "note": "教学 · for teaching", "images": images}
    filed = room.ask(reader, "POST", "{study}/key-images", body)
    assert filed.status_code == 201, filed.text
    found = room.ask(room.reader(), "GET", "{study}/key-images").json()
    assert (found["not_read"], len(found["notes"])) == ([], 1)
    [note] = found["notes"]
    assert note["document"]["sop_instance_uid"] == filed.json()["sop_instance_uid"]
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
    assert (len(found["states"]), found["not_read"]) == (1, [])
    [state] = found["states"]
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


def test_erasing_a_study_forgets_its_drafts(room: Room) -> None:
    at = an_institution(room.database, "Third").institution_id
    room.hospital(at).store(a_ct_slice(study="1.2.7", series="1.2.7.1"), uid="1.2.7.1.1")
    reader, chief = room.reader(at=at), room.reader(Role.ADMINISTRATOR, at)
    path = "/api/studies/1.2.7/measurements/draft"
    kept = room.client.put(path, json={"measurements": [room.measured("probe", [[1.0, 2.0]])]}, headers=reader)
    assert kept.json()["revision"] == 1
    room.client.request("DELETE", "/api/studies/1.2.7", json={"reason": "a test"}, headers=chief)
    assert room.client.get(path, headers=reader).status_code == 404
    assert room.client.post("/api/deleted-studies/1.2.7/restore", headers=chief).status_code == 200
    assert room.client.get(path, headers=reader).json()["revision"] == 1, "deleting alone takes nothing"
    room.client.request("DELETE", "/api/studies/1.2.7", json={"reason": "a test"}, headers=chief)
    assert room.client.delete("/api/deleted-studies/1.2.7", headers=chief).status_code == 204
    with room.database.transaction(at) as connection:
        assert connection.execute("SELECT count(*) FROM measurement_draft").fetchone() == (0,)


def test_priors_are_of_the_same_person_and_follow_a_merge(room: Room) -> None:
    at = an_institution(room.database, "Fourth").institution_id
    for study, patient in (("1.2.8.1", "P1"), ("1.2.8.2", "P1"), ("1.2.8.3", "P2")):
        data = a_ct_slice(study=study, series=f"{study}.1", patient_id=patient)
        room.hospital(at).store(data, uid=f"{study}.1.1")
    reader, chief = room.reader(at=at), room.reader(Role.ADMINISTRATOR, at)

    def priors_of(study: str) -> list[str]:
        answer = room.client.get(f"/api/studies/{study}/priors", headers=reader).json()
        assert not answer["more"]
        return [each["study_instance_uid"] for each in answer["priors"]]

    assert (priors_of("1.2.8.1"), priors_of("1.2.8.3")) == (["1.2.8.2"], [])
    [one], [other] = (
        room.client.post("/api/patients/search", json={"text": patient}, headers=chief).json()["patients"]
        for patient in ("P1", "P2")
    )
    body = {"into_patient_key": one["patient_key"], "reason": "the same person"}
    merged = room.client.post(f"/api/patients/{other['patient_key']}/merge", json=body, headers=chief)
    assert merged.status_code in (200, 201), merged.text
    assert sorted(priors_of("1.2.8.3")) == ["1.2.8.1", "1.2.8.2"]
    assert room.client.get("/api/studies/9.9.9/priors", headers=reader).status_code == 404
