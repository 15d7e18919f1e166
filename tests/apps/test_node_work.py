"""What a worker does for its own home alone, and how a home says that it lives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bench.node import eventually
from tests.domain.conftest import SOURCE, a_ct_slice
from typer.testing import CliRunner

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.devices import watch
from isocenter.access.roles import Role
from isocenter.access.sharing import doors
from isocenter.adapters.web import authentication
from isocenter.apps.cli.commands import app
from isocenter.apps.home import make_home
from isocenter.apps.node_work import Chore, NodeWork, attempt, ships
from isocenter.apps.pulse import Pulse
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.delivery import library
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.nodes import registry
from isocenter.index import senders
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database, DatabaseAway
from isocenter.kit.settings import Settings
from isocenter.storage.facts import make_key_file


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    made = Settings(home=tmp_path / "home", node="node-a", ship_segments="on", hot_cache_for=timedelta(0))
    make_home(made.home)
    make_key_file(facts_key_path(made.home))
    yield made


def states(database: Database, institution: Institution) -> dict[str, str]:
    caller = system_caller(institution.institution_id, "test")
    return {row.node: row.state for row in registry.nodes(caller, database)}


def test_a_worker_that_stops_ships_what_the_doors_of_its_home_closed(
    settings: Settings, database: Database, institution: Institution
) -> None:
    data = open_bytes(settings)
    caller = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution.institution_id, (Role.MODALITY,))
    archive = open_archive(settings, database, data)
    with NodeWork(settings, database, data) as work:
        reception = archive.reception(
            caller,
            SOURCE,
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            sop_instance_uid="1.2.3.1.1",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
        )
        reception.write(a_ct_slice())
        reception.complete()
        closing_door = threading.Thread(target=archive.close)
        closing_door.start()
        assert work.finish()
        closing_door.join()
    assert [head.key for head in data.store.list("segments")] == ["segments/node-a/00000001-00000001.tar"]


def test_a_laptop_ships_nothing_and_a_region_does() -> None:
    alone = Settings(home=Path("/nowhere"))
    assert not ships(alone)
    assert ships(replace(alone, node_port=11190))
    assert ships(replace(alone, ship_segments="on"))
    assert not ships(replace(alone, node_port=11190, ship_segments="off"))


def test_a_chore_that_fails_stops_no_other() -> None:
    def fails(error: Exception) -> None:
        raise error

    attempt(Chore("a", 1.0, lambda: fails(DatabaseAway("away"))))
    attempt(Chore("b", 1.0, lambda: fails(ValueError("wrong"))))


def test_the_home_says_that_it_lives_and_hears_that_it_shall_leave(
    settings: Settings, database: Database, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isocenter.apps.pulse.BEAT_EVERY_S", 0.02)
    told: list[str] = []
    pulse = Pulse(settings, database.url, told.append)
    pulse.start()
    assert states(database, institution) == {"node-a": "up"}
    registry.drain(system_caller(institution.institution_id, "test"), database, "node-a")
    assert eventually(lambda: told == ["drained"], 10)
    pulse.stop()
    assert states(database, institution) == {"node-a": "stopped"}


def test_a_second_home_under_the_same_name_does_not_start(
    settings: Settings, database: Database, institution: Institution, tmp_path: Path
) -> None:
    first = Pulse(settings, database.url, lambda _: None)
    first.start()
    other = replace(settings, home=tmp_path / "other")
    make_home(other.home)
    with pytest.raises(registry.NodeNameTaken):
        Pulse(other, database.url, lambda _: None).start()
    first.stop()
    second = Pulse(other, database.url, lambda _: None)
    second.start()
    second.stop()
    assert states(database, institution) == {"node-a": "stopped"}


def test_the_keys_of_a_region_are_carried_to_a_new_home_and_never_over_others(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, new = tmp_path / "join.tar", tmp_path / "new"
    (settings.home / "secrets" / "postgres.pgpass").write_text("of this host alone")

    def run(home: Path, *arguments: str) -> int:
        monkeypatch.setenv("ISOCENTER_HOME", str(home))
        result = CliRunner().invoke(app, ["node", *arguments])
        return 1 if result.exception and not isinstance(result.exception, SystemExit) else result.exit_code

    assert run(settings.home, "join-file", str(file)) == 0
    assert file.stat().st_mode & 0o077 == 0
    assert run(settings.home, "join", str(file)) == 1, "it has keys"
    assert run(new, "join", str(tmp_path / "none.tar")) == 1
    (tmp_path / "bad.tar").write_bytes(b"nonsense" * 200)
    assert run(new, "join", str(tmp_path / "bad.tar")) == 1
    assert run(new, "join", str(file)) == 0
    assert [path.name for path in (new / "secrets").iterdir() if path.is_file()] == ["facts.key"]
    assert facts_key_path(new).read_bytes() == facts_key_path(settings.home).read_bytes()


def test_what_a_process_remembers_of_rights_and_devices_is_felt_on_every_node_within_five_seconds() -> None:
    """Nothing tells another node of a change: what is remembered is read again, by each process, after this."""
    believed_for_s = {
        "sessions, tokens, roles": authentication._BELIEVED_FOR_S,
        "devices": watch.READ_EVERY_S,
        "senders": senders.BELIEVED_FOR_S,
        "sharing rules": doors.REMEMBERED_FOR_S,
        "what somebody may see": library.SIGHT_TRUSTED_FOR_S,
    }
    assert {name: seconds for name, seconds in believed_for_s.items() if seconds > 5.0} == {}
