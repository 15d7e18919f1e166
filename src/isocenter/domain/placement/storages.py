"""Storages as the region's administrators add, change, test and retire them."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.placement.errors import InvalidStorage, StorageInUse, UnknownStorage
from isocenter.domain.placement.register import MARKER, OpenStorage, opened
from isocenter.index import placement
from isocenter.index import storages as index
from isocenter.index.placement import Finding, StorageAlarm
from isocenter.index.storages import Storage
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import IsocenterError
from isocenter.storage.errors import Damaged, ObjectExists, StoreAway
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import PRIMARY_ID

ROLES: Final = ("hot", "warm", "cold", "second-site")
MAX_RETAIN_DAYS: Final = 36_500
_CREDENTIALS: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PROBE: Final = b"isocenter probes this storage\n" * 1024


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything about storages. alarms: what lasts first. findings: what scrubbing found wrong, last first."""

    storages: list[Storage]
    alarms: list[StorageAlarm]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Opening:
    """How a process opens storages. primary: the one where objects are born."""

    open_storage: OpenStorage
    primary: ObjectStore


@dataclass(frozen=True, slots=True)
class TriedStep:
    """One thing that was tried on a storage. reason, message: None when it worked."""

    name: str
    ms: int
    reason: str | None = None
    message: str | None = None


def overview(caller: Caller, database: Database) -> Overview:
    """Storages with their counts, what is wrong with them, what was found. Raises Refused.

    What happens in an institution is told to its own people and to those who manage storages.
    """
    everything = caller.may(Right.MANAGE_STORAGE)
    if not everything:
        caller.require(Right.SEE_OPERATIONS)
    with database.transaction() as connection:
        alarms = [
            alarm
            for alarm in placement.alarms(connection)
            if everything or alarm.kind != "mass-deletion" or alarm.subject == str(caller.institution_id)
        ]
        return Overview(index.storages(connection), alarms, placement.findings(connection, 50))


def storage_named(caller: Caller, database: Database, name: str) -> Storage:
    """A storage by its name. Raises Refused, UnknownStorage."""
    for storage in overview(caller, database).storages:
        if storage.name == name:
            return storage
    raise UnknownStorage("There is no storage of this name.", name=name[:64])


def add_storage(caller: Caller, database: Database, open_storage: OpenStorage, values: Mapping[str, object]) -> Storage:
    """A new storage, after it was opened and marked as ours. values: name, url, role, and what else `checked` knows.

    Raises Refused, InvalidStorage, StorageExists, StorageInUse (its marker is another's), StoreAway, StorageFull.
    """
    caller.require(Right.MANAGE_STORAGE)
    for needed in ("name", "url", "role"):
        if not values.get(needed):
            raise InvalidStorage(f"A storage needs a {needed}.", field=needed)
    fields = checked(values)
    store = _reached(open_storage, str(fields["url"]), str(fields.get("credentials") or ""))
    fields["marker"] = secrets.token_hex(16)
    with database.transaction(caller.institution_id) as connection:
        if any(each.url == fields["url"] and each.state != "retired" for each in index.storages(connection)):
            raise StorageInUse("This address is another storage's.", field="url")
        made = index.insert_storage(connection, fields)
        _mark(store, made)  # a marker without its row is nobody's; a row without its marker cannot be opened
        _record(connection, caller, audit.Action.STORAGE_ADDED, made)
    return made


def change_storage(caller: Caller, database: Database, storage_id: int, values: Mapping[str, object]) -> Storage:
    """Change the given fields; where it is cannot be changed. Raises Refused, InvalidStorage, UnknownStorage."""
    caller.require(Right.MANAGE_STORAGE)
    if "url" in values:
        raise InvalidStorage("A storage does not move: add the new one, then retire this one.", field="url")
    fields = checked(values)
    with database.transaction(caller.institution_id) as connection:
        before = _there(connection, storage_id)
        if storage_id == PRIMARY_ID and fields.keys() - {"max_bytes"}:
            raise StorageInUse("The primary storage is what the settings say it is.", storage="primary")
        if int(str(fields.get("retain_days", before.retain_days))) < before.retain_days:
            raise InvalidStorage("A promise to retain is only ever made longer.", field="retain_days")
        _no_records_where_retained(
            {"retain_days": before.retain_days, "takes_records": before.takes_records} | fields,
        )
        changed = index.update_storage(connection, storage_id, fields)
        assert changed is not None
        _record(connection, caller, audit.Action.STORAGE_CHANGED, changed)
    return changed


def retire_storage(caller: Caller, database: Database, storage_id: int) -> Storage:
    """Put nothing more into a storage, and take its copies elsewhere; it is retired when it is empty.

    Raises Refused, UnknownStorage, StorageInUse: objects are born there, or policies name it.
    """
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction(caller.institution_id) as connection:
        before = _there(connection, storage_id)
        if storage_id == PRIMARY_ID:
            raise StorageInUse("Objects are born in the primary storage.", storage=before.name)
        naming = [each.name for each in index.policies(connection) if storage_id in each.storage_ids]
        if naming:
            message = f"Placement policies name it: {', '.join(naming)}. Change them first."
            raise StorageInUse(message, storage=before.name)
        state = "retired" if before.state == "retired" else "retiring"
        changed = index.update_storage(connection, storage_id, {"state": state, "takes_records": False})
        assert changed is not None
        _record(connection, caller, audit.Action.STORAGE_RETIRED, changed)
    return changed


def ask_verification(caller: Caller, database: Database, storage_id: int) -> Storage:
    """Have every copy in a storage read again, at the pace of scrubbing. Raises Refused, UnknownStorage."""
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction(caller.institution_id) as connection:
        _there(connection, storage_id)
        changed = index.update_storage(connection, storage_id, {"verify_asked_at": utc_now()})
        assert changed is not None
        _record(connection, caller, audit.Action.STORAGE_CHANGED, changed)
    return changed


def try_storage(caller: Caller, database: Database, opening: Opening, storage_id: int) -> list[TriedStep]:
    """Open, write, read, read a range, list and delete, on the storage itself; ends at the first step that fails.

    Raises Refused, UnknownStorage; not for a storage that fails.
    """
    caller.require(Right.MANAGE_STORAGE)
    with database.transaction() as connection:
        storage = _there(connection, storage_id)
    key = f"probes/{secrets.token_hex(16)}"
    store: list[ObjectStore] = []

    def open_it() -> None:
        store.append(opening.primary if storage_id == PRIMARY_ID else opened(storage, opening.open_storage))
        if storage_id != PRIMARY_ID:
            _reached(opening.open_storage, storage.url or "", storage.credentials)
            store[0].get(MARKER)

    return _tried(
        (
            ("open", open_it),
            ("write", lambda: store[0].put(key, _PROBE)),
            ("create-once", lambda: _refused_again(store[0], key)),
            ("read", lambda: _same(store[0].get(key), _PROBE)),
            ("read-range", lambda: _same(store[0].get_range(key, 1000, 100), _PROBE[1000:1100])),
            ("list", lambda: _same([head.key for head in store[0].list("probes") if head.key == key], [key])),
            ("delete", lambda: store[0].delete(key)),
        )
    )


def _refused_again(store: ObjectStore, key: str) -> None:
    """A store that takes a key twice would lose what was there. Raises StoreAway."""
    try:
        store.put(key, _PROBE[::-1])
    except ObjectExists:
        return
    raise StoreAway("This store overwrites: say create=check in its URL.", key=key, cause="overwrites")


def checked(values: Mapping[str, object]) -> dict[str, object]:
    """Fields of a storage as they are stored. Raises InvalidStorage."""
    fields: dict[str, object] = {}
    for name, value in values.items():
        check = _CHECKS.get(name)
        if check is None:
            raise InvalidStorage("A storage has no such field.", field=name)
        fields[name] = check(value)
    _no_records_where_retained(fields)
    return fields


def _no_records_where_retained(fields: Mapping[str, object]) -> None:
    if fields.get("retain_days") and fields.get("takes_records"):
        message = "What a storage retains cannot be destroyed: keys and records stay out of it."
        raise InvalidStorage(message, field="takes_records")


def _tried(steps: Sequence[tuple[str, Callable[[], object]]]) -> list[TriedStep]:
    done: list[TriedStep] = []
    for name, step in steps:
        begun = time.monotonic()
        reason = message = None
        try:
            step()
        except IsocenterError as error:
            reason, message = error.reason, error.message
        done.append(TriedStep(name, round((time.monotonic() - begun) * 1000), reason, message))
        if reason is not None:
            break
    return done


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise Damaged("The storage gave back something else than what was written.")


def _reached(open_storage: OpenStorage, url: str, credentials: str) -> ObjectStore:
    """The store, when it answers. Raises Invalid, StoreAway."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not Path(unquote(parts.path)).is_dir():
        raise InvalidStorage("There is no such folder: make it, or mount what belongs there.", field="url")
    try:
        return open_storage(url, credentials or None)
    except OSError as error:
        raise StoreAway("The folder of the storage cannot be written to.", errno=error.errno) from error


def _mark(store: ObjectStore, storage: Storage) -> None:
    if any(head.key != MARKER for head in islice(store.list(), 2)):
        raise StorageInUse("Something lies there already; a storage begins empty.", storage=storage.name)
    body = {"format": "storage/1", "storage_id": storage.storage_id, "name": storage.name, "marker": storage.marker}
    try:
        store.put(MARKER, json.dumps(body).encode() + b"\n")
    except ObjectExists:
        message = f"A storage of an Isocenter lies there already. If it is nobody's any more, remove its {MARKER}."
        raise StorageInUse(message, storage=storage.name) from None


def _there(connection: Connection, storage_id: int) -> Storage:
    for storage in index.storages(connection):
        if storage.storage_id == storage_id:
            return storage
    raise UnknownStorage("There is no such storage.")


def _record(connection: Connection, caller: Caller, action: audit.Action, storage: Storage) -> None:
    audit.record(
        connection,
        caller,
        action,
        storage_id=storage.storage_id,
        name=storage.name,
        role=storage.role,
        state=storage.state,
        retain_days=storage.retain_days,
        takes_records=storage.takes_records,
    )


def _name(value: object) -> str:
    text = str(value).strip()
    if not 0 < len(text) <= 64 or not text.isprintable():
        raise InvalidStorage("A storage's name is 1 to 64 characters.", field="name")
    return text


def _url(value: object) -> str:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise InvalidStorage("This is no address.", field="url") from None
    if parts.scheme not in ("file", "s3") or len(text) > 2000 or not text.isprintable():
        raise InvalidStorage("The address begins with file:// or s3://.", field="url")
    if parts.password or parts.username:
        raise InvalidStorage("Secrets do not belong into an address: name a file of credentials.", field="url")
    if parts.scheme == "file" and not parts.path.startswith("/"):
        raise InvalidStorage("A folder is given with its whole path: file:///mnt/archive.", field="url")
    return text


def _credentials(value: object) -> str:
    text = str(value or "").strip()
    if text and _CREDENTIALS.fullmatch(text) is None:
        raise InvalidStorage("A name of credentials is made of a-z, 0-9 and dashes.", field="credentials")
    return text


def _role(value: object) -> str:
    if value not in ROLES:
        raise InvalidStorage(f"The role is one of: {', '.join(ROLES)}.", field="role")
    return str(value)


def _number(field: str, low: int, high: int, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidStorage(f"{field} is a number from {low} to {high}.", field=field)
    return value


_CHECKS: Final[dict[str, Callable[[object], object]]] = {
    "name": _name,
    "url": _url,
    "credentials": _credentials,
    "role": _role,
    "retain_days": lambda value: _number("retain_days", 0, MAX_RETAIN_DAYS, value),
    "max_bytes": lambda value: None if value is None else _number("max_bytes", 1, 1 << 60, value),
    "takes_records": bool,
}
