"""Wrong arguments get one helpful line; errors of ours never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from isocenter.apps import cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, home: Path | None = None) -> int:
    monkeypatch.setattr(sys, "argv", ["isocenter", *arguments])
    if home is not None:
        monkeypatch.setenv("ISOCENTER_HOME", str(home))
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "helpful"),
    [
        (["impot"], "import"),
        (["import"], "PATH"),
        (["token", "issue"], "--role"),
        (["token", "issue", "--role", "king"], "administrator"),
        (["token", "issue", "--role", "modality", "--expires", "soon"], "30d"),
        (["token", "revoke", "x"], "token_id"),
        (["user", "add", "ada", "--role", "modality"], "radiologist"),
        (["up", "--nothing"], "--nothing"),
        (["download", "1.2.3"], "--output"),
        (["download", "1.2.3", "-o", "x.zip", "--form", "tar"], "zip, pdi, files"),
        (["migrate-from"], "SOURCE"),
    ],
)
def test_wrong_arguments_get_one_helpful_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    helpful: str,
) -> None:
    assert run(monkeypatch, *arguments, home=tmp_path) == 2
    told = capsys.readouterr().err.strip()
    assert len(told.splitlines()) == 1
    assert helpful in told


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["token", "list"], ["user", "list"], ["import", "."], ["samples", "load"], ["migrate-from", "A@b:1"]],
)
def test_commands_without_a_running_isocenter_say_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    assert run(monkeypatch, *arguments, home=tmp_path) == 3
    told = capsys.readouterr().err.strip()
    assert "isocenter up" in told
    assert len(told.splitlines()) == 1


def test_a_bad_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("ISOCENTER_HTTP_PORT", "eighty")
    assert run(monkeypatch, "up", home=tmp_path) == 2
    told = capsys.readouterr().err
    assert "ISOCENTER_HTTP_PORT" in told
    assert "Traceback" not in told


def test_help_and_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("up", "import", "token", "user", "status", "samples"))
    assert run(monkeypatch, "version") == 0
    assert capsys.readouterr().out.startswith("isocenter ")


def test_the_openapi_document_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "openapi") == 0
    assert "/api/studies/search" in json.loads(capsys.readouterr().out)["paths"]
