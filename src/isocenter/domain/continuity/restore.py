"""The verb "restore": a home is made of a backup, on an empty folder only; nothing is written before it was looked at.

`examine_backup` says everything that stands against it. Then secrets, journals and objects are laid out, each with its
digest compared while it is written; a home with the marker `restoring` in it is unfinished and nothing starts on it.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import zstandard
from blake3 import blake3

from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.domain.continuity import backup_format as layout
from isocenter.domain.continuity.backup import digest_of, pieces_of
from isocenter.domain.continuity.backup_format import BackupManifest, BackupUnfit, NoBackup, StoredFile
from isocenter.index.migrate import knows_revision
from isocenter.kit.errors import Conflict
from isocenter.kit.logging import get_logger
from isocenter.storage.cipher import is_encrypted_name
from isocenter.storage.errors import Damaged, NoSuchObject, ObjectExists, StorageFull
from isocenter.storage.facts import SigningKey
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.segments import check_node

log = get_logger(__name__)

MARKER: Final = "restoring"
"""File in a home that is not whole yet."""
MASTER_KEY: Final = "master.key"


class HomeNotEmpty(Conflict):
    """A restore goes into an empty home only."""

    reason = "home-not-empty"


class UnfinishedRestore(Conflict):
    """The home is not whole."""

    reason = "unfinished-restore"


@dataclass(frozen=True, slots=True)
class Examined:
    """A backup that can be restored: nothing of it was missing, and its key is here.

    secrets: name → content, of the backup's tar or of the folder that was given.
    """

    manifest: BackupManifest
    secrets: Mapping[str, bytes]
    objects: tuple[tuple[str, int, str], ...]


def examine_backup(
    caller: Caller, source: ObjectStore, backup_id: str | None = None, *, secrets_folder: Path | None = None
) -> Examined:
    """Look at a backup, the newest when none is named, and write nothing.

    Raises Refused, NoBackup, Invalid (a format of later), BackupUnfit (a newer version's, or the key is not here),
    Damaged (something is missing, cut or altered; objects are compared with their digest when they are copied).
    """
    caller.require(Right.MANAGE_STORAGE)
    known = layout.backup_ids(source)
    wanted = backup_id or (known[-1] if known else None)
    if wanted is None:
        raise NoBackup("There is no finished backup there.")
    manifest, data = layout.read_manifest(source, wanted)
    if not knows_revision(manifest.revision):
        raise BackupUnfit(
            f"The backup was made by a newer Isocenter ({manifest.isocenter}): restore it with that version or later.",
            revision=manifest.revision,
        )
    folder = layout.folder_of(wanted)
    for one in manifest.files:
        _check_file(source, f"{folder}/{one.name}", one)
    secrets = _secrets(source, manifest, secrets_folder)
    layout.check_signature(data, _signing_keys(secrets))
    objects = tuple(layout.decode_objects(source.get(f"{folder}/{layout.OBJECT_LIST}")))
    if MASTER_KEY not in secrets and any(is_encrypted_name(key) for key, _, _ in objects):
        raise BackupUnfit(
            "The backup is encrypted and its master key is not among the secrets: give the folder that holds "
            "master.key (--secrets), or put there what `isocenter keys export-recovery` gave you.",
        )
    _check_objects(source, objects)
    return Examined(manifest, secrets, objects)


def _check_file(source: ObjectStore, key: str, expected: StoredFile) -> None:
    try:
        sound = source.head(key).size == expected.size and digest_of(source, key, expected.size) == expected.digest
    except NoSuchObject:
        raise Damaged("A file of the backup is missing: take another backup.", file=expected.name) from None
    if not sound:
        raise Damaged("A file of the backup is damaged: take another backup.", file=expected.name)


def _check_objects(source: ObjectStore, objects: tuple[tuple[str, int, str], ...]) -> None:
    sizes = {head.key.partition("/")[2]: head.size for head in source.list(layout.OBJECTS)}
    wrong = [key for key, size, _ in objects if sizes.get(key) != size]
    if wrong:
        raise Damaged(
            "Objects of the backup are missing or cut: take another backup.", count=len(wrong), first=wrong[0]
        )


def _secrets(source: ObjectStore, manifest: BackupManifest, folder: Path | None) -> dict[str, bytes]:
    if folder is not None:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    if manifest.file(layout.SECRETS) is None:
        raise BackupUnfit("The backup holds no secrets: give the folder that they are kept in (--secrets).")
    data = source.get(f"{layout.folder_of(manifest.backup_id)}/{layout.SECRETS}")
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or not _is_inside(member.name):
                    raise Damaged("The secrets of the backup hold something that is no file.", name=member.name[:80])
                found[member.name] = content.read()
    except tarfile.TarError as error:
        raise Damaged("The secrets of the backup cannot be read.") from error
    return found


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and "\\" not in name and "\0" not in name


def _signing_keys(secrets: Mapping[str, bytes]) -> dict[str, SigningKey]:
    keys: dict[str, SigningKey] = {}
    for name, content in secrets.items():
        if name.endswith(".key"):
            with suppress(ValueError, UnicodeDecodeError):
                secret = bytes.fromhex(content.decode("ascii").strip())
                keys[blake3(secret).hexdigest()[:16]] = SigningKey(blake3(secret).hexdigest()[:16], secret)
    return keys


def begin_restore(home: Path) -> None:
    """Claim an empty home; one that an interrupted restore left is emptied. Raises HomeNotEmpty."""
    if (home / MARKER).exists():
        abandon_restore(home)
    if home.exists() and any(home.iterdir()):
        raise HomeNotEmpty(
            "The home is not empty, and a restore never writes over anything: choose another ISOCENTER_HOME.",
            home=str(home),
        )
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    (home / MARKER).touch()


def abandon_restore(home: Path) -> None:
    """Empty a home that a restore did not finish; the marker goes last."""
    if not (home / MARKER).exists():
        return
    for path in home.iterdir():
        if path.name == MARKER:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (home / MARKER).unlink()


def check_whole(home: Path) -> None:
    """Raise UnfinishedRestore when a restore into this home did not end."""
    if is_unfinished(home):
        raise UnfinishedRestore("A restore into this home did not end: run `isocenter restore` again.", home=str(home))


def is_unfinished(home: Path) -> bool:
    """Whether a restore was begun here and has not ended."""
    return (home / MARKER).exists()


def end_restore(home: Path) -> None:
    """The home is whole."""
    (home / MARKER).unlink()


def lay_out(source: ObjectStore, examined: Examined, home: Path, store: ObjectStore) -> Path:
    """Write secrets, journals and objects, and return the dump of the index, a file in the home to be removed.

    store: of the new home; objects that it has already are compared by size. Raises Damaged, StorageFull, StoreAway.
    """
    _lay_secrets(examined.secrets, home)
    folder = layout.folder_of(examined.manifest.backup_id)
    for one in examined.manifest.files:
        if one.name.startswith("journal/"):
            _lay_segment(source, f"{folder}/{one.name}", one, home)
    for key, size, digest in examined.objects:
        _lay_object(source, store, key, size, digest)
    dump = examined.manifest.file(layout.INDEX_DUMP)
    if dump is None:
        raise Damaged("The backup holds no index.")
    path = home / layout.INDEX_DUMP
    with path.open("xb") as file:
        _copy_compared(source, f"{folder}/{dump.name}", dump, file)
    return path


def _lay_secrets(secrets: Mapping[str, bytes], home: Path) -> None:
    folder = home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in secrets.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _lay_segment(source: ObjectStore, key: str, expected: StoredFile, home: Path) -> None:
    _, node, name = expected.name.split("/")
    path = home / "journal" / check_node(node) / name.removesuffix(".zst")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as file:
        writer = zstandard.ZstdDecompressor().stream_writer(file, closefd=False)
        try:
            _copy_compared(source, key, expected, writer)
        except zstandard.ZstdError as error:
            raise Damaged("A segment of the backup cannot be read.", file=expected.name) from error


def _copy_compared(
    source: ObjectStore, key: str, expected: StoredFile, out: BinaryIO | zstandard.ZstdDecompressionWriter
) -> None:
    hasher = blake3()
    for piece in pieces_of(source, key, expected.size):
        hasher.update(piece)
        out.write(piece)
    if hasher.hexdigest() != expected.digest:
        raise Damaged("A file of the backup is damaged: take another backup.", file=expected.name)


def _lay_object(source: ObjectStore, store: ObjectStore, key: str, size: int, digest: str) -> None:
    path = store.staging_path()
    try:
        with path.open("xb") as file:
            _copy_compared(source, f"{layout.OBJECTS}/{key}", StoredFile(key, size, digest), file)
        store.put_file(key, path)
    except ObjectExists:
        if store.head(key).size != size:
            raise Damaged("The store has another object under a key of the backup.", key=key) from None
    except OSError as error:
        raise StorageFull("There is no room for what the backup holds.", errno=error.errno) from error
    finally:
        path.unlink(missing_ok=True)
