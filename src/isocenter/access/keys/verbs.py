"""What region administrators do with keys: see them, change them, take them out for recovery and put them back.

No verb shows a key. Which institution's data is under which key is said, and what may go wrong without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.institutions import Institution, institutions_of
from isocenter.access.keys.errors import NoRecoveryFile, NothingEncrypted
from isocenter.access.keys.recovery import opened_with, sealed_under
from isocenter.access.roles import Right
from isocenter.index.institutions import institutions
from isocenter.kit.database import Database
from isocenter.kit.jobs import Task
from isocenter.kit.logging import get_logger
from isocenter.storage.encrypted_store import EncryptedStore
from isocenter.storage.errors import KeyLost
from isocenter.storage.key_ring import InstitutionKey, KeyRing
from isocenter.storage.master_keys import (
    MasterKey,
    MasterState,
    master_key_of,
    new_master_key,
    read_master_keys,
    write_master_keys,
)
from isocenter.storage.object_store import ObjectStore

log = get_logger(__name__)

REWRAP_KEYS: Final = "rewrap-keys"
EVERY_TEN_MINUTES: Final = "*/10 * * * *"


@dataclass(frozen=True, slots=True)
class InstitutionKeys:
    """The versions of an institution's key, oldest first; with more than one, re-wrapping is under way."""

    institution: Institution
    versions: tuple[InstitutionKey, ...]


@dataclass(frozen=True, slots=True)
class MasterVersion:
    """A version of the master key, without the key."""

    key_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Keys:
    """All that is known of keys. master: () where nothing is encrypted. encrypts: whether new objects are."""

    encrypts: bool
    master: tuple[MasterVersion, ...]
    institutions: tuple[InstitutionKeys, ...]


def keys(caller: Caller, database: Database, store: ObjectStore) -> Keys:
    """Which keys there are. Raises Refused, Exhausted."""
    caller.require(Right.MANAGE_STORAGE)
    ring = ring_of(store)
    try:
        master = ring.masters.all()
    except KeyLost:
        master = ()
    found = [
        InstitutionKeys(one, tuple(ring.institution_keys(one.institution_id)))
        for one in institutions_of(database, caller)
    ]
    return Keys(
        isinstance(store, EncryptedStore) and store.encrypts,
        tuple(MasterVersion(key.key_id, str(key.state)) for key in master),
        tuple(found),
    )


def rotate_institution_key(caller: Caller, database: Database, store: ObjectStore, institution_id: int) -> int:
    """Make a new version of an institution's key; a job wraps every data key by it, then the old version goes.

    Returns the number of the version. Raises Refused, NothingEncrypted, KeyLost, Exhausted.
    """
    caller.require(Right.MANAGE_STORAGE)
    ring = ring_of(store)
    if not ring.institution_keys(institution_id):
        raise NothingEncrypted("Nothing of this institution is encrypted.", institution_id=institution_id)
    version = ring.rotate(institution_id)
    _record(caller, database, key="institution", of_institution=institution_id, version=version)
    return version


def prepare_master_key(caller: Caller, database: Database, path: Path) -> str:
    """Add a version of the master key that nothing is wrapped by yet, to be carried to all nodes; returns its id.

    Raises Refused, KeyLost (there is no file), Invalid.
    """
    caller.require(Right.MANAGE_STORAGE)
    versions = _versions(path)
    for key in versions:
        if key.state is MasterState.PREPARED:
            return key.key_id
    fresh = new_master_key(MasterState.PREPARED)
    write_master_keys(path, [*versions, fresh])
    _record(caller, database, key="master", prepared=fresh.key_id)
    return fresh.key_id


def rotate_master_key(caller: Caller, database: Database, store: ObjectStore, path: Path) -> str:
    """Let the prepared version of the master key, or a new one, wrap every institution's key from now on.

    Former versions stay in the file, because journals and backups may be under them. Returns the id of the version.
    Interrupted, it is finished by calling it again while no other version is prepared, or by the job.
    Raises Refused, KeyLost, Invalid, Exhausted.
    """
    prepare_master_key(caller, database, path)
    versions = [_moved_on(key) for key in _versions(path)]
    write_master_keys(path, versions)
    current = next(key.key_id for key in versions if key.state is MasterState.CURRENT)
    _record(caller, database, key="master", current=current)
    ring = ring_of(store)
    for one in institutions_of(database, caller):
        ring.rewrap_institution(one.institution_id)
    return current


def export_recovery(
    caller: Caller, database: Database, store: ObjectStore, passphrase: str, institution_id: int | None = None
) -> bytes:
    """A recovery file of the master key, or of one institution's key: who has it and the passphrase reads everything.

    Raises Refused, InvalidPassphrase, NothingEncrypted, KeyLost.
    """
    caller.require(Right.MANAGE_STORAGE)
    ring = ring_of(store)
    if institution_id is None:
        content: dict[str, Any] = {key.key_id: key.secret.hex() for key in ring.masters.all()}
        about: dict[str, Any] = {"of": "master", "current": ring.masters.current().key_id}
    else:
        content = {str(version): key.hex() for version, key in ring.institution_secrets(institution_id).items()}
        about = {"of": "institution", "institution_id": institution_id}
    if not content:
        raise NothingEncrypted("Nothing of this institution is encrypted.", institution_id=institution_id)
    data = sealed_under(passphrase, about, content)
    _record(caller, database, key=str(about["of"]), of_institution=institution_id, exported=True)
    return data


def import_recovery(path: Path, store: ObjectStore, data: bytes, passphrase: str) -> str:
    """Put back what a recovery file holds, for a home that cannot start; returns what it was, in words.

    path: of the master key's file. It asks no caller: whoever may write the home's secrets is its administrator.
    Raises NoRecoveryFile, InvalidPassphrase, Invalid, Exhausted; nothing is changed then.
    """
    about, content = opened_with(passphrase, data)
    try:
        if about["of"] == "master":
            return _put_master_back(path, str(about["current"]), content)
        versions = {int(version): bytes.fromhex(secret) for version, secret in content.items()}
        institution_id = int(about["institution_id"])
    except (KeyError, ValueError) as error:
        raise NoRecoveryFile("This recovery file does not hold what it says.") from error
    if not path.exists():
        write_master_keys(path, [new_master_key(MasterState.CURRENT)])
    ring_of(store).put_back(institution_id, versions)
    return f"the key of institution {institution_id}"


def rewrapping_task(database: Database, store: ObjectStore) -> Task:
    """Wrap by the newest version what older ones wrap, in every institution, and let those go."""

    def rewrap() -> None:
        rewrap_keys(database, store)

    return Task(REWRAP_KEYS, rewrap, every=EVERY_TEN_MINUTES)


def rewrap_keys(database: Database, store: ObjectStore) -> int:
    """As the task; returns how many keys were wrapped anew."""
    ring, done = ring_of(store), 0
    with database.transaction() as connection:
        every = institutions(connection)
    for one in every:
        if ring.institution_keys(one.institution_id):
            ring.rewrap_institution(one.institution_id)
            done += ring.rewrap(one.institution_id)
    if done:
        log.info("keys.rewrapped", keys=done)
    return done


def ring_of(store: ObjectStore) -> KeyRing:
    """The keys of a store. Raises NothingEncrypted for one that knows none."""
    if not isinstance(store, EncryptedStore):
        raise NothingEncrypted("This store knows no keys.")
    return store.ring


def _versions(path: Path) -> list[MasterKey]:
    try:
        return read_master_keys(path)
    except FileNotFoundError as error:
        raise NothingEncrypted(
            "This home has no master key: ISOCENTER_ENCRYPTION=on makes one at its start."
        ) from error


def _moved_on(key: MasterKey) -> MasterKey:
    state = MasterState.CURRENT if key.state is MasterState.PREPARED else MasterState.FORMER
    return MasterKey(key.key_id, state, key.secret)


def _put_master_back(path: Path, current: str, content: dict[str, Any]) -> str:
    known: Sequence[MasterKey] = read_master_keys(path) if path.exists() else ()
    stays = next((key.key_id for key in known if key.state is MasterState.CURRENT), current)
    ours = {key.key_id: key for key in known}
    for key_id, digits in content.items():
        key = master_key_of(bytes.fromhex(digits), MasterState.CURRENT if key_id == stays else MasterState.FORMER)
        if key.key_id != key_id:
            raise NoRecoveryFile("This recovery file does not hold what it says.")
        ours.setdefault(key_id, key)
    if stays not in ours:
        raise NoRecoveryFile("The recovery file lacks the version of the master key that it calls current.")
    write_master_keys(path, list(ours.values()))
    return "the master key"


def _record(caller: Caller, database: Database, **detail: object) -> None:
    with database.transaction(caller.institution_id) as connection:
        audit.record(connection, caller, audit.Action.KEYS_CHANGED, None, outcome=None, **detail)
