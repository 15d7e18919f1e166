"""The units that are shipped: systemd takes them, our settings take their environments, and their commands are ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from isocenter.apps.cli.commands import app
from isocenter.apps.settings_from_environment import settings_from_environment

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted([*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.timer")])
ENVIRONMENTS = sorted(DEPLOY.rglob("*.env"))
INSTALLED = "/opt/isocenter/.venv/bin/isocenter"


def shown(path: Path) -> str:
    return str(path.relative_to(DEPLOY))


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """With a program and a user that are here in the place of ours."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for number, folder in enumerate(sorted({unit.parent for unit in UNITS})):
        target = tmp_path / str(number)
        target.mkdir()
        for unit in folder.glob("isocenter*.*"):
            if unit in UNITS:
                text = unit.read_text().replace(INSTALLED, "/bin/true").replace("=isocenter\n", "=root\n")
                (target / unit.name).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *map(str, sorted(target.iterdir()))],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{target}:"},
        )
        ours = [line for line in done.stderr.splitlines() if "isocenter" in line]
        assert ours == [], folder.name


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=shown)
def test_our_settings_take_every_environment(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    environment = dict(line.split("=", 1) for line in lines)
    settings = settings_from_environment({"ISOCENTER_HOME": "/var/lib/isocenter", **environment})
    assert settings.institution_name == "City Hospital"


@pytest.mark.parametrize("path", [unit for unit in UNITS if unit.suffix == ".service"], ids=shown)
def test_every_service_starts_a_command_of_ours(path: Path) -> None:
    [line] = [line for line in path.read_text().splitlines() if line.startswith("ExecStart=")]
    program, command, *arguments = line.removeprefix("ExecStart=").split()
    assert program == INSTALLED
    known = get_command(app).commands  # type: ignore[attr-defined]
    assert command in known
    options = {name for parameter in known[command].params for name in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= options


def test_every_timer_has_its_service() -> None:
    for unit in UNITS:
        if unit.suffix == ".timer":
            assert unit.with_suffix(".service") in UNITS
