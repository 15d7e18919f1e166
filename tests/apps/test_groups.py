"""A command imports its own modules alone (decision 0396)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from isocenter.apps.cli.commands import app
from isocenter.apps.cli.groups import GROUPS

IMPORTED = """
import sys
from isocenter.apps.cli import main
try:
    main()
finally:
    sys.stderr.write("\\n".join(sys.modules))
"""
HEAVY = {"psycopg", "numpy", "pydicom", "fastapi", "cryptography"}


def imported_by(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_help_names_every_group_and_imports_none() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in GROUPS if f" {name} " not in shown] == []
    imported = imported_by("--help")
    assert not imported & {f"isocenter.apps.cli.{group.module}" for group in GROUPS.values()}
    assert not imported & HEAVY


def test_a_group_imports_its_own_module() -> None:
    imported = imported_by("token", "--help")
    others = {f"isocenter.apps.cli.{group.module}" for group in GROUPS.values()} - {"isocenter.apps.cli.tokens"}
    assert "isocenter.apps.cli.tokens" in imported
    assert not imported & (others | {"numpy", "pydicom", "fastapi"})


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_alone_tells_what_it_has(name: str) -> None:
    told = CliRunner().invoke(app, [name])
    assert GROUPS[name].help.split(":")[0].split(",")[0] in told.output
    assert "--help" in told.output


def test_a_slip_of_the_pen_is_answered_with_a_suggestion() -> None:
    assert "Did you mean 'token'?" in CliRunner().invoke(app, ["tokn"]).output
    assert "Did you mean 'revoke'?" in CliRunner().invoke(app, ["token", "revok"]).output
