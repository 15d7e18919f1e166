"""`isocenter retention` against a real database: what is due, and decisions that only people who sign in make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyotp
import pytest
from tests.index.builders import a_row, an_instance
from typer.testing import CliRunner

from isocenter.access.caller import system_caller
from isocenter.access.errors import BadCredentials
from isocenter.access.roles import Role
from isocenter.access.sealed_secrets import new_sealing_key
from isocenter.access.sign_in import authenticator_app
from isocenter.access.sign_in.errors import SecondFactorMissing, WrongCode
from isocenter.access.sign_in.policy import STRICT
from isocenter.access.sign_in.policy import set_policy as set_sign_in_policy
from isocenter.access.users import User, create_user
from isocenter.apps.cli import person, retention
from isocenter.apps.cli.commands import app
from isocenter.apps.cli.running import Running
from isocenter.domain.archive.erase import facts_key_path
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import IsocenterError
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file

PASSWORD = "horse staple battery 9"
STUDY = "1.2.826.0.1.1"
Isocenter = Callable[..., str]
KEY = new_sealing_key()


@pytest.fixture
def isocenter(
    monkeypatch: pytest.MonkeyPatch, database: Database, institution: Institution, tmp_path: Path
) -> Isocenter:
    """The command, at a hospital under the law with one study of 1990. typed: what is asked for, line by line."""
    make_key_file(facts_key_path(tmp_path))
    running = Running(
        cast("Any", SimpleNamespace(http_url="")),
        Settings(home=tmp_path),
        database,
        system_caller(institution.institution_id, "command-line"),
    )
    ingest = Ingest(database.ingest_connection)
    ingest.record([a_row(an_instance(1, study_date="19900101"), institution.institution_id)])
    ingest.close()

    @contextmanager
    def found() -> Iterator[Running]:
        yield running

    monkeypatch.setattr(retention, "running_isocenter", found)
    monkeypatch.setattr(person, "sealing_key_of", lambda _: KEY)

    def command(*arguments: str, typed: str = "") -> str:
        done = CliRunner().invoke(app, ["retention", *arguments], input=typed)
        if isinstance(done.exception, IsocenterError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    command("policy", "--outpatient-years", "15", "--reason", "by law")
    return command


def somebody(database: Database, institution: Institution, name: str, role: Role) -> User:
    with database.transaction(institution.institution_id) as connection:
        return create_user(
            connection,
            institution.institution_id,
            username=name,
            display_name=name.title(),
            roles=(role,),
            password=PASSWORD,
            language="en",
            given_by="test",
        )


def test_two_people_at_the_command_line(isocenter: Isocenter, database: Database, institution: Institution) -> None:
    for name, role in (("ada", Role.ADMINISTRATOR), ("otto", Role.SECURITY_OFFICER)):
        somebody(database, institution, name, role)
    assert STUDY in isocenter("due", "--look")
    [study] = json.loads(isocenter("due", "--json"))
    assert (study["study_instance_uid"], study["kept_until"], study["state"]) == (STUDY, "2005-01-01", "due")
    asked = ("propose", STUDY, "--reason", "kept long enough", "--as", "ada")
    with pytest.raises(BadCredentials):
        isocenter(*asked, typed="a guess\n")
    assert "Proposal 1" in isocenter(*asked, typed=f"{PASSWORD}\n")
    assert "approved-once" in isocenter("approve", "1", "--as", "ada", typed=f"{PASSWORD}\n")
    assert "1 approved" in isocenter("approve", "1", "--as", "otto", typed=f"{PASSWORD}\n")
    [proposal] = json.loads(isocenter("proposals", "--json"))
    assert [len(proposal["approvals"]), proposal["counts"]] == [2, {"approved": 1}]
    assert "kept long enough" in isocenter("proposals")
    with database.transaction(institution.institution_id) as connection:
        row = connection.execute("SELECT count(*) FROM session").fetchone()
    assert row == (0,), "everybody is signed out"


def test_who_must_show_a_second_factor_is_asked_for_it(
    isocenter: Isocenter, database: Database, institution: Institution
) -> None:
    ada = somebody(database, institution, "ada", Role.ADMINISTRATOR)
    set_sign_in_policy(database, system_caller(institution.institution_id, "test"), STRICT)
    isocenter("due", "--look")
    asked = ("propose", STUDY, "--reason", "kept long enough", "--as", "ada")
    with pytest.raises(SecondFactorMissing):
        isocenter(*asked, typed=f"{PASSWORD}\n")
    with database.transaction(institution.institution_id) as connection:
        seed = authenticator_app.begin(connection, KEY, ada, "Demo")
        code = pyotp.TOTP(seed.secret)
        assert authenticator_app.confirm(connection, KEY, ada.user_id, code.now())
    with pytest.raises(WrongCode):
        isocenter(*asked, typed=f"{PASSWORD}\nnonsense\n")


def test_a_list_of_visits_and_the_clock(isocenter: Isocenter, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    file.write_text("patient_id,kind,began_on\nP1,visit,2024-05-05\n")
    assert "1 added" in isocenter("import-visits", str(file))
    isocenter("due", "--look")
    assert json.loads(isocenter("due", "--json")) == []
    assert "is believed" in isocenter("confirm-clock")
    assert "15 years" in isocenter("policy")
    assert json.loads(isocenter("policy", "--json"))["history"][0]["reason"] == "by law"
