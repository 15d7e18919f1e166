"""One application for all tests of reading, and readers who are somebody of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from tests.conftest import TEMPLATE, an_institution, new_database
from tests.domain.conftest import Hospital

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


@pytest.fixture(scope="session")
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
