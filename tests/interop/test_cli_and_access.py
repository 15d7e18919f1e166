"""The command line and the tokens as a user meets them, against a running home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.data import part10
from bench.node import Node, free_port
from tests.interop.builders import a_ct


def test_without_a_token_nothing_is_shown(node: Node) -> None:
    reply = node.get("/dicom-web/studies", authorized=False)

    assert reply.status == 401
    assert "bearer" in reply.headers["www-authenticate"].lower()


def test_a_made_up_token_is_refused(node: Node) -> None:
    assert (
        node.request("GET", "/dicom-web/studies", authorized=False, headers={"Authorization": "Bearer x"}).status == 401
    )


def test_an_issued_token_opens_dicomweb_and_the_api(node: Node) -> None:
    assert node.get("/dicom-web/studies").status in (200, 204)
    assert node.get("/api/status").status == 200


def test_the_token_of_a_modality_may_store_and_not_look(node: Node) -> None:
    done = node.command("token", "issue", "--role", "modality")
    headers = {"Authorization": f"Bearer {done.stdout.strip().splitlines()[-1]}"}

    assert node.request("GET", "/dicom-web/studies", authorized=False, headers=headers).status == 403


def test_health_says_live_and_ready_to_anyone_and_metrics_are_prometheus(node: Node) -> None:
    assert node.get("/health/live", authorized=False).status == 200
    assert node.get("/health/ready", authorized=False).status == 200
    assert "# TYPE" in node.get("/metrics").body.decode()


def test_the_api_describes_itself(node: Node) -> None:
    description = node.get("/api/openapi.json").json()

    assert isinstance(description, dict)
    assert "/api/sign-in" in description["paths"]


def test_status_for_programs_is_json(node: Node) -> None:
    done = node.command("status", "--json")

    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_import_stores_a_folder_and_a_second_time_changes_nothing(node: Node, tmp_path: Path) -> None:
    data_sets = [a_ct("imported", number, seed=number) for number in range(5)]
    for number, data_set in enumerate(data_sets):
        (tmp_path / f"{number}.dcm").write_bytes(part10(data_set))
    (tmp_path / "notes.txt").write_text("no DICOM")

    for _ in range(2):
        done = node.command("import", str(tmp_path))
        assert "notes.txt" in done.stdout + done.stderr
    found = node.get(f"/dicom-web/studies/{data_sets[0].StudyInstanceUID}/instances").json()
    assert isinstance(found, list)
    assert len(found) == 5


def test_a_second_instance_on_the_same_home_is_refused_in_plain_words(node: Node) -> None:
    second = Node(node.home)
    done = second.command("up", timeout_s=60)

    assert done.returncode not in (0, None)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert str(node.home) in said
    assert node.ready()


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("up", "--no-such-option"),
        ("import",),
        ("import", "/no/such/folder"),
        ("token", "issue", "--role", "king"),
        ("token", "issue"),
        ("user", "frobnicate"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_get_one_helpful_line(arguments: tuple[str, ...], node: Node) -> None:
    done = node.command(*arguments)

    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert done.returncode != 0
    assert len(lines) == 1, lines
    assert "Traceback" not in lines[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISOCENTER_HTTP_PORT", "banana"),
        ("ISOCENTER_DICOM_PORT", "70000"),
        ("ISOCENTER_AE_TITLE", "much too long a title"),
    ],
)
def test_a_wrong_setting_gets_one_line_that_names_it(name: str, value: str, tmp_path: Path) -> None:
    nobody = Node(tmp_path / "home", **{name: value})
    done = nobody.command("up", timeout_s=30)

    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert done.returncode != 0
    assert len(lines) == 1, lines
    assert name in lines[0]


def test_a_port_that_is_taken_gets_one_line_that_says_so(node: Node, tmp_path: Path) -> None:
    taken = Node(tmp_path / "home", ISOCENTER_HTTP_PORT=str(node.http_port), ISOCENTER_DICOM_PORT=str(free_port()))
    done = taken.command("up", timeout_s=60)

    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert str(node.http_port) in said
