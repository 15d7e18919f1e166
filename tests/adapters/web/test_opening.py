"""The answer that a study is opened with: its summary, then the header and the pixels of its first picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.access.builders import restrict_id
from tests.adapters.web.test_retention import somebody
from tests.adapters.web.test_studies import bearer, client, found, reader

from isocenter.access.roles import Role
from isocenter.apps.phantom import phantom_uid
from isocenter.delivery.shared_metadata import shared_metadata
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database

__all__ = ["client", "reader"]

Person = Callable[[Role], dict[str, str]]
STUDY = f"/api/studies/{phantom_uid('study')}"


def parts(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """(type, bytes) of each part, by the lengths that the parts say."""
    boundary = content_type.split("boundary=")[1].encode()
    read = []
    while not body.lstrip(b"\r\n").startswith(b"--" + boundary + b"--"):
        head, _, body = body.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().strip().splitlines()[1:])
        length = int(headers["Content-Length"])
        read.append((headers["Content-Type"], body[:length]))
        body = body[length:]
    return read


def opened(client: TestClient, headers: dict[str, str], address: str = STUDY) -> list[tuple[str, bytes]]:
    answer = client.get(f"{address}/opening", headers=headers)
    assert answer.status_code == 200, answer.text
    return parts(answer.headers["content-type"], answer.content)


def test_a_study_comes_with_its_first_picture(client: TestClient, reader: dict[str, str]) -> None:
    summary, header, pixels = opened(client, reader)
    assert json.loads(summary[1]) == client.get(STUDY, headers=reader).json()
    (series,) = json.loads(summary[1])["series"]
    (data_set,) = json.loads(header[1])
    first = series["first"]["sop_instance_uid"]
    assert data_set["00080018"]["Value"] == [first]
    frame = (
        f"/dicom-web/studies/{phantom_uid('study')}/series/{series['series_instance_uid']}/instances/{first}/frames/1"
    )
    alone = client.get(frame, headers=reader | {"Accept": "application/octet-stream; transfer-syntax=*"})
    assert (pixels[1], pixels[0]) == (alone.content, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")


def test_a_study_without_pictures_comes_alone(client: TestClient, reader: dict[str, str]) -> None:
    report = found(client, reader, modality=["SR"])["studies"][0]["study_instance_uid"]
    assert [kind for kind, _ in opened(client, reader, f"/api/studies/{report}")] == ["application/json"]


def test_it_is_not_sent_again_while_it_is_current(client: TestClient, reader: dict[str, str]) -> None:
    etag = client.get(f"{STUDY}/opening", headers=reader).headers["etag"]
    again = client.get(f"{STUDY}/opening", headers=reader | {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_series_says_what_its_instances_share_once(client: TestClient, reader: dict[str, str]) -> None:
    series = client.get(STUDY, headers=reader).json()["series"][0]["series_instance_uid"]
    answer = client.get(f"{STUDY}/series/{series}/metadata", headers=reader)
    told = answer.json()
    plain = client.get(f"/dicom-web/studies/{phantom_uid('study')}/series/{series}/metadata", headers=reader).json()
    assert [told["shared"] | one for one in told["instances"]] == plain
    assert "00080060" in told["shared"]
    assert not any("00080060" in one for one in told["instances"])
    etag = answer.headers["etag"]
    assert client.get(f"{STUDY}/series/{series}/metadata", headers=reader | {"If-None-Match": etag}).status_code == 304
    assert client.get(f"{STUDY}/series/1.2.3/metadata", headers=reader).status_code == 404


@pytest.fixture
def person(database: Database, institution: Institution) -> Person:
    """The headers of a person with this role, who is signed in in her browser."""
    return lambda role: somebody(database, institution, str(role), role)


def trail(database: Database, institution: Institution) -> list[str]:
    """What was done with the phantom's study, in order."""
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute(
            "SELECT action FROM audit_event WHERE study_instance_uid = %s AND action LIKE 'study-%%' ORDER BY sequence",
            [phantom_uid("study")],
        ).fetchall()
    return [str(row[0]) for row in rows]


def test_the_trail_tells_what_was_fetched_ahead_from_what_was_opened(
    client: TestClient, person: Person, database: Database, institution: Institution
) -> None:
    radiologist = person(Role.RADIOLOGIST)
    ahead = client.get(f"{STUDY}/opening?ahead=true", headers=radiologist)
    again = client.get(f"{STUDY}/opening?ahead=true", headers=radiologist)
    assert again.status_code == 200
    assert trail(database, institution) == ["study-fetched-ahead"]
    # It is the same answer, and opening right afterwards is a look of its own.
    opened_now = client.get(f"{STUDY}/opening", headers=radiologist)
    assert parts(ahead.headers["content-type"], ahead.content) == parts(
        opened_now.headers["content-type"], opened_now.content
    )
    assert trail(database, institution) == ["study-fetched-ahead", "study-opened"]


def test_the_small_question_that_follows_says_that_it_was_opened(
    client: TestClient, person: Person, database: Database, institution: Institution
) -> None:
    radiologist = person(Role.RADIOLOGIST)
    client.get(f"{STUDY}/opening?ahead=true", headers=radiologist)
    assert client.get(STUDY, headers=radiologist).status_code == 200
    client.get(f"{STUDY}/opening?ahead=true", headers=radiologist)
    assert trail(database, institution) == ["study-fetched-ahead", "study-opened"]


def test_what_is_not_seen_by_role_alone_is_not_fetched_ahead(
    client: TestClient, reader: dict[str, str], person: Person, database: Database, institution: Institution
) -> None:
    ahead = f"{STUDY}/opening?ahead=true"

    def refusal(headers: dict[str, str]) -> tuple[int, str | None]:
        answer = client.get(ahead, headers=headers)
        return answer.status_code, answer.json()["error"]["reason"]

    assert refusal(reader) == (409, "not-ahead")  # a program is no reader who turns to the next study
    patient_id = client.get(STUDY, headers=reader).json()["patient_id"]
    radiologist, referring = person(Role.RADIOLOGIST), person(Role.REFERRING_PHYSICIAN)
    assert refusal(referring) == (404, "unknown-study")
    restrict_id(database, institution.institution_id, patient_id, "vip")
    assert refusal(radiologist) == (404, "unknown-study")
    for each in (radiologist, referring):
        broken = client.post(
            "/api/break-glass",
            json={"patient_id": patient_id, "reason": "unconscious in the emergency room"},
            headers=each,
        )
        assert broken.status_code < 300, broken.text
        assert refusal(each) == (409, "not-ahead")
        assert client.get(STUDY, headers=each).status_code == 200
    assert trail(database, institution) == ["study-opened"] * 3


@pytest.mark.parametrize("resource", ["opening", "series/1.2.3/metadata"])
def test_whom_it_is_not_for(
    resource: str, client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    address = f"{STUDY}/{resource}"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=bearer(database, institution, Role.MODALITY)).status_code == 403
    assert client.get(address, headers=bearer(database, other_institution, Role.ADMINISTRATOR)).status_code == 404


def _json(*data_sets: dict[str, Any]) -> bytes:
    return json.dumps(data_sets, separators=(",", ":")).encode()


def test_one_instance_stays_whole_and_none_is_nothing() -> None:
    alone = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    assert json.loads(shared_metadata(_json(alone))) == {"shared": {}, "instances": [alone]}
    assert json.loads(shared_metadata(b"[]")) == {"shared": {}, "instances": []}


def test_what_one_instance_lacks_is_not_shared() -> None:
    both, one = {"vr": "CS", "Value": ["CT"]}, {"vr": "LO", "Value": ["a"]}
    told = json.loads(shared_metadata(_json({"00080060": both, "00081030": one}, {"00080060": both})))
    assert told == {"shared": {"00080060": both}, "instances": [{"00081030": one}, {}]}
