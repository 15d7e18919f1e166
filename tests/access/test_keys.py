"""Keys: seen and changed by region administrators alone, never shown, and brought back from a recovery file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.keys import recovery
from isocenter.access.keys.errors import InvalidPassphrase, NoRecoveryFile, NothingEncrypted
from isocenter.access.keys.verbs import (
    export_recovery,
    import_recovery,
    keys,
    prepare_master_key,
    rewrap_keys,
    rotate_institution_key,
    rotate_master_key,
)
from isocenter.access.roles import Role
from isocenter.index.institutions import Institution
from isocenter.kit.database import Database
from isocenter.kit.errors import Refused
from isocenter.storage import key_ring
from isocenter.storage.cipher import encrypted_name
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import KeyLost
from isocenter.storage.key_ring import KeyRing
from isocenter.storage.master_keys import (
    MasterKeys,
    MasterState,
    master_key_path,
    new_master_key,
    read_master_keys,
    write_master_keys,
)
from isocenter.storage.object_store import LocalObjectStore, random_key

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passphrase costs as little as it can; what it costs outside of tests is a constant."""
    monkeypatch.setitem(recovery._SCRYPT, "n", 1 << 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = master_key_path(tmp_path)
    write_master_keys(path, [new_master_key(MasterState.CURRENT)])
    return path


@pytest.fixture
def opened(tmp_path: Path, path: Path) -> Callable[[], EncryptedStore]:
    """The store as another process opens it."""

    def open_store() -> EncryptedStore:
        inner = LocalObjectStore(tmp_path / "store")
        return EncryptedStore(inner, KeyRing(inner, MasterKeys(path)), encrypts=True)

    return open_store


@pytest.fixture
def store(opened: Callable[[], EncryptedStore]) -> EncryptedStore:
    return opened()


def somebody(institution: Institution, role: Role) -> Caller:
    return Caller(CallerKind.USER, "7", institution.institution_id, (role,))


def put(store: EncryptedStore, institution: Institution) -> str:
    name = encrypted_name(random_key("packs", ".tar"), institution.institution_id)
    store.put(name, b"content")
    return name


def test_keys_are_listed_without_the_keys(
    database: Database, institution: Institution, store: EncryptedStore, path: Path
) -> None:
    put(store, institution)
    found = keys(somebody(institution, Role.REGION_ADMINISTRATOR), database, store)
    assert (found.encrypts, [one.state for one in found.master]) == (True, ["current"])
    assert [[each.version for each in one.versions] for one in found.institutions] == [[1]]
    [master] = read_master_keys(path)
    assert master.secret.hex() not in repr(found)
    assert found.institutions[0].versions[0].wrapped_by == (master.key_id,)


def test_keys_are_for_region_administrators_alone(
    database: Database, institution: Institution, store: EncryptedStore, path: Path
) -> None:
    for role in (Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR):
        who = somebody(institution, role)
        for attempt in (
            lambda who=who: keys(who, database, store),
            lambda who=who: rotate_institution_key(who, database, store, institution.institution_id),
            lambda who=who: rotate_master_key(who, database, store, path),
            lambda who=who: export_recovery(who, database, store, PASSPHRASE),
        ):
            with pytest.raises(Refused):
                attempt()


def test_an_institutions_key_is_changed_and_everything_stays_readable(
    database: Database,
    institution: Institution,
    store: EncryptedStore,
    opened: Callable[[], EncryptedStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who = somebody(institution, Role.REGION_ADMINISTRATOR)
    with pytest.raises(NothingEncrypted):
        rotate_institution_key(who, database, store, institution.institution_id)
    name = put(store, institution)
    assert rotate_institution_key(who, database, store, institution.institution_id) == 2
    monkeypatch.setattr(key_ring, "RETIRED_AFTER_S", 0.0)
    assert (rewrap_keys(database, store), rewrap_keys(database, store)) == (1, 0)
    assert [one.version for one in store.ring.institution_keys(institution.institution_id)] == [2]
    assert opened().get(name) == b"content"
    with database.transaction(institution.institution_id) as connection:
        rows = connection.execute("SELECT detail FROM audit_event WHERE action = 'keys-changed'").fetchall()
    assert rows == [({"key": "institution", "of_institution": institution.institution_id, "version": 2},)]


def test_the_master_key_is_prepared_carried_and_then_used(
    database: Database,
    institution: Institution,
    store: EncryptedStore,
    opened: Callable[[], EncryptedStore],
    path: Path,
) -> None:
    who = somebody(institution, Role.REGION_ADMINISTRATOR)
    name = put(store, institution)
    [old] = read_master_keys(path)
    prepared = prepare_master_key(who, database, path)
    assert prepare_master_key(who, database, path) == prepared
    assert store.ring.institution_keys(institution.institution_id)[0].wrapped_by == (old.key_id,)
    assert rotate_master_key(who, database, store, path) == prepared
    assert [(key.key_id, key.state) for key in read_master_keys(path)] == [
        (old.key_id, MasterState.FORMER),
        (prepared, MasterState.CURRENT),
    ]
    assert store.ring.institution_keys(institution.institution_id)[0].wrapped_by == (prepared,)
    assert opened().get(name) == b"content"


def test_a_lost_master_key_comes_back_from_its_recovery_file(
    database: Database,
    institution: Institution,
    store: EncryptedStore,
    opened: Callable[[], EncryptedStore],
    path: Path,
) -> None:
    name = put(store, institution)
    data = export_recovery(somebody(institution, Role.REGION_ADMINISTRATOR), database, store, PASSPHRASE)
    kept = path.read_bytes()
    assert read_master_keys(path)[0].secret.hex().encode() not in data
    path.unlink()
    with pytest.raises(KeyLost):
        opened().get(name)
    with pytest.raises(InvalidPassphrase):
        import_recovery(path, opened(), data, "not the passphrase")
    assert not path.exists()
    assert import_recovery(path, opened(), data, PASSPHRASE) == "the master key"
    assert path.read_bytes() == kept
    assert opened().get(name) == b"content"
    import_recovery(path, opened(), data, PASSPHRASE)
    assert path.read_bytes() == kept


def test_an_institutions_recovery_file_opens_its_data_without_the_old_master_key(
    database: Database,
    institution: Institution,
    store: EncryptedStore,
    opened: Callable[[], EncryptedStore],
    path: Path,
) -> None:
    name = put(store, institution)
    who = somebody(institution, Role.REGION_ADMINISTRATOR)
    data = export_recovery(who, database, store, PASSPHRASE, institution.institution_id)
    path.unlink()
    assert import_recovery(path, opened(), data, PASSPHRASE) == f"the key of institution {institution.institution_id}"
    assert opened().get(name) == b"content"


def test_a_recovery_file_that_is_damaged_or_another_ones_changes_nothing(
    database: Database,
    institution: Institution,
    store: EncryptedStore,
    opened: Callable[[], EncryptedStore],
    path: Path,
) -> None:
    who = somebody(institution, Role.REGION_ADMINISTRATOR)
    with pytest.raises(InvalidPassphrase):
        export_recovery(who, database, store, "too short")
    data = export_recovery(who, database, store, PASSPHRASE)
    for damaged, problem in (
        (data[:-21], InvalidPassphrase),
        (data.replace(b'"of":"master"', b'"of":"mister"'), InvalidPassphrase),
        (b"nonsense", NoRecoveryFile),
        (b'{"format":"recovery/2"}\n00\n', NoRecoveryFile),
        (data.replace(b'"n":16', b'"n":1073741824'), NoRecoveryFile),
    ):
        with pytest.raises(problem):
            import_recovery(path, opened(), damaged, PASSPHRASE)
    fresh = new_master_key(MasterState.CURRENT)
    write_master_keys(path, [fresh])
    import_recovery(path, opened(), data, PASSPHRASE)  # a second home's key is kept beside the present one
    assert [key.state for key in read_master_keys(path)] == [MasterState.CURRENT, MasterState.FORMER]
    assert read_master_keys(path)[0] == fresh
