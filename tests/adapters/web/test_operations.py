"""The operations page over the API and as metrics: each sees what is theirs, and a monitor gets an answer always."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.adapters.web.test_studies import bearer
from tests.adapters.web_parts import web_parts

from isocenter.access.roles import Role
from isocenter.adapters.web.application import build_application
from isocenter.adapters.web.operations_metrics import operations_metrics
from isocenter.domain.archive.metering import meter_institutions
from isocenter.index.institutions import Institution
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings

TODAY = utc_now().date().isoformat()
PERIOD = {"first": "2026-01-01", "last": TODAY if TODAY > "2026-01-01" else "2026-01-02"}


@pytest.fixture
def client(database: Database, institution: Institution, tmp_path: Path) -> TestClient:
    made = TestClient(build_application(web_parts(database, Settings(home=tmp_path)), (), None))
    made.headers.update(bearer(database, institution, Role.ADMINISTRATOR))
    return made


@pytest.fixture
def troubled(database: Database, institution: Institution, other_institution: Institution) -> None:
    """A silent node, a storage with damage, alarms of two institutions, a lagging site, a failed job."""
    numbers = (institution.institution_id, other_institution.institution_id)
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO node (node, home_id, version, seen_at, alone_bytes)"
            " VALUES ('north-1', gen_random_uuid(), '1', now() - interval '1 hour', 4096)"
        )
        connection.execute("UPDATE storage SET object_count = 3, byte_count = 900, damaged_count = 1")
        for number in numbers:
            connection.execute("INSERT INTO storage_alarm (kind, subject) VALUES ('mass-deletion', %s)", [str(number)])
        connection.execute(
            "INSERT INTO site_change (lane, object_key, size, at)"
            " VALUES (1, 'packs/a', 500, now() - interval '20 minutes')"
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('default', 'seal-study', 'failed')"
        )
    meter_institutions(database)


def test_an_administrator_sees_how_everything_runs_and_their_own_use(client: TestClient, troubled: None) -> None:
    seen = client.get("/api/operations").json()
    alerts = {(alert["word"], alert["subject"]) for alert in seen["alerts"] if alert["word"] != "disk-low"}
    assert alerts == {
        ("node-silent", "north-1"),
        ("copies-damaged", "primary"),
        ("mass-deletion", "Demo"),
        ("site-behind", ""),
        ("jobs-failed", "default"),
    }
    [node], [storage] = seen["nodes"], seen["storages"]
    assert (node["name"], node["alone_bytes"], node["silent_for_s"] > 3000) == ("north-1", 4096, True)
    assert (storage["name"], storage["bytes"], storage["damaged"]) == ("primary", 900, 1)
    assert (seen["site"]["waiting_objects"], seen["site"]["waiting_bytes"]) == (1, 500)
    assert [(use["name"], use["studies"]) for use in seen["use"]] == [("Demo", 0)]


def test_the_region_sees_everybodys_use(
    client: TestClient, troubled: None, database: Database, institution: Institution
) -> None:
    client.headers.update(bearer(database, institution, Role.REGION_ADMINISTRATOR))
    seen = client.get("/api/operations").json()
    assert [use["name"] for use in seen["use"]] == ["Demo", "Elsewhere"]
    assert len([alert for alert in seen["alerts"] if alert["word"] == "mass-deletion"]) == 2
    days = client.get("/api/metered-days", params=PERIOD).json()["days"]
    assert [(day["institution"], day["studies"], day["day"]) for day in days] == [
        ("Demo", 0, TODAY),
        ("Elsewhere", 0, TODAY),
    ]


def test_the_meter_is_a_file_for_a_spreadsheet(client: TestClient, troubled: None, institution: Institution) -> None:
    answer = client.get("/api/metered-days/export", params=PERIOD)
    assert answer.headers["content-disposition"] == 'attachment; filename="use.csv"'
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["day"], row["institution"], row["packed_bytes"]) == (TODAY, "Demo", "0")
    assert client.get("/api/metered-days/export", params={"as": "json"}).json()[0]["studies"] == 0


def test_what_is_no_period_is_refused(client: TestClient) -> None:
    for period in (
        {"first": "2026-02-01", "last": "2026-01-01"},
        {"first": "1990-01-01", "last": "2026-01-01"},
        {"first": "soon", "last": "2026-01-01"},
        {"first": "2100-01-01"},
    ):
        assert client.get("/api/metered-days", params=period).status_code == 400, period


def test_without_another_site_nothing_is_said_of_one(client: TestClient) -> None:
    assert client.get("/api/operations").json()["site"] is None


def test_a_monitor_gets_the_same_as_numbers(client: TestClient, troubled: None) -> None:
    text = client.get("/metrics").text
    for line in (
        "isocenter_database_up 1.0",
        'isocenter_node_expected{node="north-1"} 1.0',
        'isocenter_node_alone_bytes{node="north-1"} 4096.0',
        'isocenter_storage_damaged_copies{role="hot",storage="primary"} 1.0',
        'isocenter_storage_alarms{kind="mass-deletion"} 2.0',
        "isocenter_site_waiting_bytes 500.0",
        'isocenter_jobs{queue="default",state="failed"} 1.0',
        "isocenter_http_requests_total",
    ):
        assert line in text
    assert "Demo" not in text


def test_a_monitor_is_told_that_the_database_is_away(tmp_path: Path) -> None:
    away = Database("postgresql://127.0.0.1:1/none")
    assert b"isocenter_database_up 0.0" in operations_metrics(away, tmp_path)
    away.close()
