"""The change feed: what happened to studies, once per quiet time, in order, of one's own institution only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer
from tests.index.builders import a_row, an_instance

from tests.adapters.web_parts import web_parts
from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.domain.archive.jobs import defer_due_studies
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.outbox import append_event
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

AT_ONCE = timedelta(days=-10000)


@pytest.fixture
def client(database: Database, tmp_path: Any) -> TestClient:
    parts = web_parts(database, Settings(home=tmp_path))
    return TestClient(build_application(parts, (), None))


def arrive(database: Database, study: int, *numbers: int) -> None:
    ingest = Ingest(database.ingest_connection)
    for number in numbers:
        ingest.record([a_row(an_instance(study, 1, number))])
    ingest.close()


def test_a_study_is_told_of_once_each_time_it_has_gone_quiet(
    client: TestClient, database: Database, institution: Institution
) -> None:
    reader = bearer(database, institution, Role.RADIOLOGIST)
    arrive(database, 1, 1, 2, 3)
    assert client.get("/api/changes", headers=reader).json() == {"changes": [], "next_after": 0, "more": False}
    for _ in range(3):
        defer_due_studies(database, AT_ONCE)
    [first] = client.get("/api/changes", headers=reader).json()["changes"]
    assert (first["kind"], first["study_instance_uid"]) == ("study-arrived", "1.2.826.0.1.1")
    assert (first["detail"]["series_count"], first["detail"]["instance_count"]) == (1, 3)
    arrive(database, 1, 4)
    arrive(database, 2, 1)
    defer_due_studies(database, AT_ONCE)
    page = client.get(f"/api/changes?after={first['sequence']}", headers=reader).json()
    told = {(one["kind"], one["study_instance_uid"]) for one in page["changes"]}
    assert told == {("study-changed", "1.2.826.0.1.1"), ("study-arrived", "1.2.826.0.1.2")}
    assert page["next_after"] == page["changes"][-1]["sequence"]


def test_the_feed_is_read_in_pages_without_gap_or_double(
    client: TestClient, database: Database, institution: Institution, other_institution: Institution
) -> None:
    reader = bearer(database, institution, Role.RADIOLOGIST)
    for number in range(5):
        for one in (institution, other_institution):
            with database.transaction(one.institution_id) as connection:
                append_event(connection, "study-deleted", f"1.2.{one.institution_id}.{number}")
    seen, after, more = [], 0, True
    while more:
        page = client.get(f"/api/changes?after={after}&limit=2", headers=reader).json()
        seen += [one["study_instance_uid"] for one in page["changes"]]
        after, more = page["next_after"], page["more"]
    assert seen == [f"1.2.{institution.institution_id}.{number}" for number in range(5)]


def test_an_event_that_is_still_being_written_holds_back_those_behind_it(
    client: TestClient, database: Database, institution: Institution
) -> None:
    reader = bearer(database, institution, Role.RADIOLOGIST)
    with database.transaction(institution.institution_id) as slow:
        append_event(slow, "study-deleted", "1.2.1")
        with database.transaction(institution.institution_id) as quick:
            append_event(quick, "study-deleted", "1.2.2")
        assert client.get("/api/changes", headers=reader).json()["changes"] == []
    both = client.get("/api/changes", headers=reader).json()["changes"]
    assert [one["study_instance_uid"] for one in both] == ["1.2.1", "1.2.2"]


def test_only_who_may_read_follows_the_feed(client: TestClient, database: Database, institution: Institution) -> None:
    assert client.get("/api/changes").status_code == 401
    assert client.get("/api/changes", headers=bearer(database, institution, Role.MODALITY)).status_code == 403
    reader = bearer(database, institution, Role.RADIOLOGIST)
    for query in ("after=-1", "limit=0", "limit=1001", "after=x", f"after={2**63}"):
        assert client.get(f"/api/changes?{query}", headers=reader).status_code in (400, 422)
