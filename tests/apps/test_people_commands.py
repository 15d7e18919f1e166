"""`isocenter institution`, `department` and `user` against a real database, without the processes around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from isocenter.access import enrolment
from isocenter.access.caller import system_caller
from isocenter.apps.cli import institutions, people
from isocenter.apps.cli.commands import app
from isocenter.apps.cli.running import Running
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.settings import Settings

PASSWORD = "horse staple battery 9"
Isocenter = Callable[..., str]


@pytest.fixture
def isocenter(
    monkeypatch: pytest.MonkeyPatch, database: Database, institution: Institution, tmp_path: Path
) -> Isocenter:
    state = cast("Any", SimpleNamespace(http_url="http://127.0.0.1:8080"))
    running = Running(state, Settings(home=tmp_path), database, system_caller(institution.institution_id, "test"))

    @contextmanager
    def found() -> Iterator[Running]:
        yield running

    for module in (institutions, people):
        monkeypatch.setattr(module, "running_isocenter", found)

    def command(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        if isinstance(done.exception, IsocenterError):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.stdout

    return command


def enrolled(database: Database, link: str, username: str) -> None:
    secret = link.strip().rpartition("/")[2]
    enrolment.enrol(database, secret, username=username, display_name="Ada L", password=PASSWORD, language="en")


def test_a_hospital_is_opened_from_the_command_line(isocenter: Isocenter, database: Database) -> None:
    told = isocenter("institution", "add", "stm", "St Mary", "--other-name", "圣玛丽医院")
    enrolled(database, told.splitlines()[-1], "ada")
    isocenter("department", "add", "RAD", "Radiology", "--institution", "stm")
    assert json.loads(isocenter("department", "list", "--institution", "stm", "--json"))[0]["code"] == "RAD"
    assert json.loads(isocenter("department", "list", "--json")) == []
    (ada,) = json.loads(isocenter("user", "list", "--institution", "stm", "--json"))
    assert (ada["username"], ada["roles"]) == ("ada", ["administrator"])
    isocenter("institution", "change", "stm", "--name", "Saint Mary")
    isocenter("institution", "deactivate", "stm")
    known = {each["code"]: each for each in json.loads(isocenter("institution", "list", "--json"))}
    assert (known["stm"]["name"], known["stm"]["active"]) == ("Saint Mary", False)
    isocenter("institution", "activate", "stm")
    isocenter("department", "remove", "RAD", "--institution", "stm")


def test_roles_are_given_and_ended_and_accounts_disabled(isocenter: Isocenter, database: Database) -> None:
    enrolled(database, isocenter("user", "link", "--role", "radiologist"), "ada")
    told = isocenter("user", "role", "ada", "--give", "teacher", "--end", "radiologist")
    assert "teacher" in told
    assert json.loads(isocenter("user", "list", "--json"))[0]["roles"] == ["teacher"]
    isocenter("user", "disable", "ada")
    assert json.loads(isocenter("user", "list", "--json"))[0]["disabled"] is True
    isocenter("user", "enable", "ada")


def test_what_cannot_be_done_has_a_reason(isocenter: Isocenter) -> None:
    for arguments, reason in (
        (["user", "disable", "nobody"], "unknown-user"),
        (["user", "list", "--institution", "nowhere"], "unknown-institution"),
        (["institution", "deactivate", "demo"], "institution-in-use"),
        (["institution", "add", "Demo", "Another"], "institution-exists"),
        (["department", "remove", "NONE"], "unknown-department"),
        (["user", "import", "no-such-file.csv"], "invalid-list"),
    ):
        with pytest.raises(IsocenterError) as refusal:
            isocenter(*arguments)
        assert refusal.value.reason == reason


def test_lists_are_imported_whole_or_not_at_all(isocenter: Isocenter, tmp_path: Path) -> None:
    departments, users = tmp_path / "departments.csv", tmp_path / "users.json"
    departments.write_text("code,name\nRAD,Radiology\n")
    users.write_text('[{"username": "ada", "display_name": "Ada", "roles": ["teacher"], "department": "RAD"}]')
    assert "refused  line 1: There is no department" in isocenter("user", "import", str(users), code=1)
    assert "nothing was written" in isocenter("department", "import", str(departments), "--dry-run")
    assert "1 added" in isocenter("department", "import", str(departments))
    assert "1 added" in isocenter("user", "import", str(users))
    assert "ada,Ada,teacher,RAD,en,yes" in isocenter("user", "export")
    assert json.loads(isocenter("department", "export", "--as", "json"))[0]["name"] == "Radiology"
