"""What a backup is made of (docs/formats.md, "Backup"): its manifest, signed, and the list of objects it stands on.

A backup lies in an object store of its own: `objects/…` holds the objects of the archive's store under their keys,
shared by all backups there; `backups/<id>/…` holds what belongs to one backup, its manifest last.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import zstandard

from isocenter.kit.errors import Conflict, Invalid, NotFound
from isocenter.storage.errors import Damaged, NoSuchObject
from isocenter.storage.facts import SigningKey, line_signed_by, signed
from isocenter.storage.object_store import ObjectStore

BACKUP_FORMAT: Final = "backup/1"
MANIFEST: Final = "manifest.json"
INDEX_DUMP: Final = "index.dump"
SECRETS: Final = "secrets.tar"
OBJECT_LIST: Final = "objects.ndjson.zst"
OBJECTS: Final = "objects"
BACKUPS: Final = "backups"
_ID = re.compile(r"[0-9]{8}t[0-9]{6}z-[0-9a-f]{8}")


class NoBackup(NotFound):
    """There is no finished backup there."""

    reason = "no-backup"


class BackupUnfit(Conflict):
    """The backup is whole and cannot be used: another version, or a key that is not there."""

    reason = "backup-unfit"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of one backup. name: below its folder; size in bytes; digest: BLAKE3 in hex."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """One backup. facts: number of the last fact before the index was read, by institution.

    counts: rows of every table of the index, as dumped. revision: of its schema. object_count, object_bytes: of the
    archive's objects that it stands on, packs among them unless with_packs is false.
    """

    backup_id: str
    at: datetime
    isocenter: str
    revision: str
    node: str
    with_packs: bool
    facts: Mapping[str, int]
    counts: Mapping[str, int]
    files: tuple[StoredFile, ...]
    object_count: int
    object_bytes: int

    def file(self, name: str) -> StoredFile | None:
        """A file of the backup by its name."""
        return next((one for one in self.files if one.name == name), None)


def folder_of(backup_id: str) -> str:
    """Where the files of a backup lie."""
    return f"{BACKUPS}/{backup_id}"


def backup_ids(target: ObjectStore) -> list[str]:
    """Finished backups there, oldest first."""
    found = []
    for head in target.list(BACKUPS):
        _, backup_id, name = (*head.key.split("/", 2), "", "")[:3]
        if name == MANIFEST and _ID.fullmatch(backup_id):
            found.append(backup_id)
    return sorted(found)


def next_backup_id(target: ObjectStore, at: datetime) -> str:
    """A new id, behind all there whatever the clock says: second, five hex digits of the microsecond, three random."""
    known = backup_ids(target)
    moment = at
    if known:
        last = datetime.strptime(known[-1].partition("-")[0], "%Y%m%dt%H%M%Sz").replace(tzinfo=UTC)
        last += timedelta(microseconds=int(known[-1].partition("-")[2][:5], 16))
        moment = max(at, last + timedelta(microseconds=1))
    return f"{moment:%Y%m%dt%H%M%Sz}-{moment.microsecond:05x}{secrets.token_hex(2)[:3]}"


def encode_manifest(manifest: BackupManifest, key: SigningKey) -> bytes:
    """The manifest as it is stored: a line of JSON, and its signature."""
    body = {"format": BACKUP_FORMAT, **asdict(manifest), "at": manifest.at.isoformat()}
    body["files"] = [[one.name, one.size, one.digest] for one in manifest.files]
    return signed(key, json.dumps(body, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode())


def read_manifest(target: ObjectStore, backup_id: str) -> tuple[BackupManifest, bytes]:
    """A manifest and its bytes, the signature not looked at yet (`check_signature`). Raises NoBackup, Damaged."""
    try:
        data = target.get(f"{folder_of(backup_id)}/{MANIFEST}")
    except NoSuchObject:
        raise NoBackup("There is no such backup.", backup_id=backup_id) from None
    try:
        return _parsed(json.loads(data.partition(b"\n")[0])), data
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("The manifest of a backup cannot be read.", backup_id=backup_id) from error


def check_signature(data: bytes, keys: Mapping[str, SigningKey]) -> None:
    """Raises BackupUnfit when the key that signed is not there, Damaged when it did not sign this."""
    words = data.rpartition(b"\nhmac-sha256 ")[2].decode("ascii", "replace").split(" ")
    if words[0] not in keys:
        raise BackupUnfit(
            "The key that signed this backup is not among its secrets: give the folder that holds facts.key.",
            key_id=words[0][:16],
        )
    if line_signed_by(keys, data) is None:
        raise Damaged("The signature of the backup's manifest is wrong.")


def encode_objects(objects: Iterable[tuple[str, int, str]]) -> bytes:
    """The list of objects: a line of JSON `[key, size, digest]` each, Zstandard."""
    lines = (json.dumps(one, separators=(",", ":")) for one in objects)
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress("\n".join(lines).encode())


def decode_objects(data: bytes) -> Iterator[tuple[str, int, str]]:
    """The objects of a list, in the order of their keys. Raises Damaged."""
    try:
        text = zstandard.ZstdDecompressor().decompress(data).decode()
        rows = [json.loads(line) for line in text.split("\n") if line]
    except (zstandard.ZstdError, ValueError) as error:
        raise Damaged("The list of objects of a backup cannot be read.") from error
    for key, size, digest in rows:
        yield str(key), int(size), str(digest)


def _parsed(body: dict[str, Any]) -> BackupManifest:
    if body.pop("format") != BACKUP_FORMAT:
        raise Invalid("The backup is of a format that this program does not know: use the version that made it.")
    files = tuple(StoredFile(str(name), int(size), str(digest)) for name, size, digest in body.pop("files"))
    at = datetime.fromisoformat(body.pop("at"))
    return BackupManifest(at=at, files=files, **body)
