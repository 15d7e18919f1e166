"""What institutions are called, in the object store: `institutions/<number>/<12 digits>.json`, the last one holds.

Packs and journals know institutions by their numbers alone; whoever rebuilds an index needs their names.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Final

from isocenter.index.institutions import coded_institutions
from isocenter.kit.database import Database
from isocenter.kit.jobs import Task
from isocenter.storage.errors import ObjectExists
from isocenter.storage.facts import SigningKey, signed
from isocenter.storage.object_store import ObjectStore

BOOK_FORMAT: Final = "institution/1"
WRITE_INSTITUTIONS: Final = "write-institutions"


def write_institutions(database: Database, store: ObjectStore, key: SigningKey) -> int:
    """Write down every institution whose name or code changed since the last time; returns how many."""
    written = 0
    last = _last(store)
    with database.transaction() as connection:
        every = coded_institutions(connection)
    for number, code, name in every:
        sequence, known = last.get(number, (0, None))
        if known == (code, name):
            continue
        body = {"format": BOOK_FORMAT, "institution_id": number, "code": code, "name": name}
        data = signed(key, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        with suppress(ObjectExists):  # another node wrote the same
            store.put(f"institutions/{number}/{sequence + 1:012d}.json", data)
            written += 1
    return written


def read_institutions(store: ObjectStore) -> dict[int, tuple[str, str]]:
    """(code, name) by number."""
    return {number: known for number, (_, known) in _last(store).items() if known is not None}


def institution_book_tasks(database: Database, store: ObjectStore, key: SigningKey) -> list[Task]:
    """Once an hour, and a name that changed is in the store."""
    return [Task(WRITE_INSTITUTIONS, lambda: write_institutions(database, store, key), every="17 * * * *")]


def _last(store: ObjectStore) -> dict[int, tuple[int, tuple[str, str] | None]]:
    keys: dict[int, tuple[int, str]] = {}
    for head in store.list("institutions"):
        _, folder, name = head.key.split("/", 2)
        sequence = int(name.partition(".")[0])
        if sequence > keys.get(int(folder), (0, ""))[0]:
            keys[int(folder)] = (sequence, head.key)
    found: dict[int, tuple[int, tuple[str, str] | None]] = {}
    for number, (sequence, key) in keys.items():
        body = json.loads(store.get(key).partition(b"\n")[0])
        found[number] = (sequence, (body["code"], body["name"]))
    return found
