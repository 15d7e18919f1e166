"""Whole homes: backed up, made again elsewhere, and with an index made anew; nothing of them differs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.domain.conftest import SOURCE, a_ct_slice

from isocenter.access.caller import Caller, CallerKind, system_caller
from isocenter.access.institutions import ensure_institution
from isocenter.access.roles import Role
from isocenter.apps import recovering
from isocenter.apps.home import make_home
from isocenter.apps.master_key import ensure_master_key
from isocenter.apps.postgres.dump import DumpFailed, load_index
from isocenter.apps.recovering import IndexInUse, back_up_home, backup_store, forward_index, rebuild_index, restore_home
from isocenter.apps.wiring import open_archive, open_bytes
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.archive.seal import Sealer
from isocenter.domain.continuity.backup_format import BackupUnfit
from isocenter.domain.continuity.forward import Forward
from isocenter.domain.continuity.restore import HomeNotEmpty, UnfinishedRestore, check_whole
from isocenter.index.adoption import UNFINISHED_REBUILD
from isocenter.index.backups import not_backed_up_since
from isocenter.index.migrate import DatabaseUnfit, migrate
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.errors import StorageFull
from isocenter.storage.facts import make_key_file
from isocenter.storage.object_store import ObjectStore

KEPT = (
    "institution",
    "user_account",
    "patient",
    "study",
    "series",
    "instance",
    "pack",
    "audit_event",
    "alembic_version",
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where homes of these tests are; PostgreSQL's own user gets in."""
    made = Path(tempfile.mkdtemp(prefix="isocenter-recovering-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@dataclass
class Saved:
    """An encrypted home at rest with a sealed study and an open one, a person and a trail; its index; its backup."""

    settings: Settings
    rows: dict[str, Any]
    backup: ObjectStore
    not_backed_up_since: list[datetime | None]
    """Before the first institution, before the backup, after it."""


@pytest.fixture(scope="module")
def saved(folder: Path) -> Saved:
    """One home for the tests of this module."""
    settings = Settings(home=folder / "home", node="one", encryption="on")
    make_home(settings.home)
    make_key_file(facts_key_path(settings.home))
    ensure_master_key(settings)
    with recovering.database_of(settings) as url:
        migrate(url)
        with closing(Database(url)) as database:
            since = [_not_backed_up_since(database)]
            first = ensure_institution(database, "City Hospital").institution_id
            with database.transaction(first) as connection:
                connection.execute(
                    "INSERT INTO user_account (institution_id, username, display_name, password_hash)"
                    " VALUES (%s, 'anna', 'Anna', 'x')",
                    [first],
                )
            running = replace(settings, database_url=url)
            _store(running, database, first)
            since.append(_not_backed_up_since(database))
        target = backup_store(settings, str(folder / "backups"))
        back_up_home(running, target, with_packs=True, keep=None, index_url=None)
        with closing(Database(url)) as database:
            since.append(_not_backed_up_since(database))
        return Saved(settings, rows(url), target, since)


def _not_backed_up_since(database: Database) -> datetime | None:
    with database.transaction() as connection:
        return not_backed_up_since(connection)


def _store(settings: Settings, database: Database, institution_id: int) -> None:
    data = open_bytes(settings)
    scanner = Caller(CallerKind.APPLICATION_ENTITY, "SCANNER", institution_id, (Role.MODALITY,))
    with closing(open_archive(settings, database, data)) as archive:
        for study in ("1.2.3", "1.2.4"):
            for number in (1, 2, 3):
                uid = f"{study}.1.{number}"
                data_set = a_ct_slice(number, study=study, series=f"{study}.1")
                reception = archive.reception(
                    scanner,
                    SOURCE,
                    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                    sop_instance_uid=uid,
                    transfer_syntax_uid="1.2.840.10008.1.2.1",
                )
                reception.write(data_set)
                reception.complete()
        with closing(Sealer(database=database, data=data)) as sealer:
            sealer.seal_study(system_caller(institution_id, "test"), "1.2.3")


def rows(url: str) -> dict[str, Any]:
    """What the index says, but for that it was backed up and restored."""
    with psycopg.connect(url) as connection:
        found = {
            name: [str(row[0]) for row in connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1".encode())]
            for name in KEPT
        }
    found["audit_event"] = [line for line in found["audit_event"] if ",backup-" not in line]
    return found


def files(home: Path, *folders: str) -> dict[str, bytes]:
    found = [path for name in folders for path in (home / name).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(home)): path.read_bytes() for path in found if path.suffix not in (".lease", ".pgpass")
    }


def test_a_finished_backup_is_remembered(saved: Saved) -> None:
    nothing, set_up, backed_up = saved.not_backed_up_since
    assert nothing is None
    assert set_up is not None and backed_up is not None and set_up < backed_up


def test_a_home_is_the_same_after_its_restore_and_with_an_index_made_anew(saved: Saved, folder: Path) -> None:
    with pytest.raises(HomeNotEmpty):
        restore_home(saved.settings, saved.backup, None, None)
    other = replace(saved.settings, home=folder / "restored")
    done = restore_home(other, saved.backup, None, None)
    assert done.forward.problems == []
    kept = ("store/packs", "store/facts", "journal", "secrets")
    assert files(other.home, *kept) == files(saved.settings.home, *kept)
    check_whole(other.home)
    with recovering.database_of(other) as url:
        assert rows(url) == saved.rows
        with pytest.raises(IndexInUse, match="--replace"):
            recovering._make_room(url, replace_index=False, private=True)
    assert saved.rows["audit_event"]
    forward = rebuild_index(other, replace_index=True)
    assert (forward.adopted.instances, forward.journal.recorded, forward.problems) == (3, 3, [])
    again = forward_index(other)
    assert (again.adopted.packs, again.journal.recorded, again.problems) == (0, 0, [])


def test_a_restore_that_fails_leaves_an_empty_home_and_an_empty_database(
    saved: Saved, folder: Path, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(saved.settings, home=folder / "failing", database_url=empty_database_url)

    def full(*_work: object, **_more: object) -> Forward:
        raise StorageFull("The disk of the object store is full or failing.")

    monkeypatch.setattr(recovering, "bring_forward", full)
    with pytest.raises(StorageFull):
        restore_home(other, saved.backup, None, None)
    assert not list(other.home.iterdir())
    assert recovering._is_empty(empty_database_url)


def test_an_encrypted_backup_without_its_master_key_is_refused(saved: Saved, folder: Path, tmp_path: Path) -> None:
    shutil.copy(facts_key_path(saved.settings.home), tmp_path)
    other = replace(saved.settings, home=folder / "keyless")
    with pytest.raises(BackupUnfit, match="master key"):
        restore_home(other, saved.backup, None, tmp_path)
    assert not other.home.exists()
    for path in (folder / "backups").rglob("*"):
        assert not path.is_file() or b"Sample^One" not in path.read_bytes() or path.name == "index.dump", path


def test_a_home_that_a_killed_restore_left_starts_nothing(folder: Path) -> None:
    home = folder / "killed"
    home.mkdir()
    (home / "restoring").touch()
    with pytest.raises(UnfinishedRestore, match="again"):
        check_whole(home)


def test_an_index_that_is_half_made_is_opened_by_nobody_and_begun_anew(empty_database_url: str) -> None:
    migrate(empty_database_url)
    recovering._mark(empty_database_url, UNFINISHED_REBUILD)
    with pytest.raises(DatabaseUnfit, match="rebuild-index"):
        migrate(empty_database_url)
    recovering._make_room(empty_database_url, replace_index=False, private=False)
    migrate(empty_database_url)
    with pytest.raises(IndexInUse):
        recovering._make_room(empty_database_url, replace_index=True, private=False)


def test_a_dump_goes_into_a_database_whole_or_not_at_all(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "cut.dump").write_bytes(b"PGDMP\1\2\3")
    with pytest.raises(DumpFailed):
        load_index(empty_database_url, tmp_path / "cut.dump")
    assert recovering._is_empty(empty_database_url)


def test_the_private_database_outside_of_a_home_goes_with_a_failed_restore(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    (home / "postgres.json").write_text(f'{{"folder": "{outside}"}}')
    recovering._remove_outside(home)
    assert not outside.exists()
