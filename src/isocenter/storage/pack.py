"""Packs: one immutable tar per sealed study, its last members the manifest and a footer (docs/formats.md, "Pack")."""

from __future__ import annotations

import contextlib
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from blake3 import blake3

from isocenter.kit.clock import utc_now
from isocenter.kit.errors import Invalid
from isocenter.standards.dicom.part10 import file_meta
from isocenter.storage import tar
from isocenter.storage.cipher import EncryptingFile
from isocenter.storage.errors import Damaged, StorageFull
from isocenter.storage.manifest import (
    Footer,
    InstanceEntry,
    Manifest,
    decode_json,
    decode_received,
    read_footer,
)
from isocenter.storage.manifest_layout import FOOTER, FOOTER_LENGTH, FOOTER_MAGIC, VERSION, PackKind, Rebuild
from isocenter.storage.manifest_writer import (
    Frames,
    ManifestWriter,
    PackedInstance,
    Placed,
    ReceivedParts,
    contiguous_frames,
    derived_frames,
    frame_table,
    no_frames,
)
from isocenter.storage.object_store import ObjectStore, random_key

__all__ = [
    "Frames",
    "PackKind",
    "PackProblem",
    "PackSummary",
    "PackWriter",
    "PackedInstance",
    "ReceivedParts",
    "contiguous_frames",
    "derived_frames",
    "frame_table",
    "no_frames",
    "pack_key",
    "verify_pack",
]

PACK_FORMAT: Final = b"pack/1"
META_DIGEST_LENGTH: Final = 16
_PIECE: Final = 4 << 20


def pack_key() -> str:
    """A new random key for a pack, "packs/<2 hex>/<32 hex>.tar"."""
    return random_key("packs", ".tar")


@dataclass(frozen=True, slots=True)
class PackSummary:
    """A finished pack, not stored yet: `store.put_file(pack_key(), summary.path)`.

    manifest_digest: BLAKE3 of the manifest, which holds the digest of every member: it names the whole content.
    """

    path: Path
    pack_id: bytes
    instance_count: int
    pack_length: int
    manifest_offset: int
    manifest_length: int
    tables_length: int
    manifest_digest: bytes


class PackWriter:
    """Writes one pack to a temporary file, member by member; nothing large is held in memory. For one thread.

    Use as a context manager: leaving without `finish` removes the file.
    """

    def __init__(
        self,
        target: Path,
        *,
        institution_id: int,
        study_instance_uid: str,
        kind: PackKind = PackKind.BASE,
        generation: int = 0,
        file: BinaryIO | EncryptingFile | None = None,
    ) -> None:
        """target: a new file, best from `store.staging_path()`. generation: grows with every pack of the study.

        file: target as `encrypted_store.create_staged` opened it.
        """
        self._target = target
        self._manifest = ManifestWriter(institution_id, study_instance_uid, kind, generation)
        self._pack_id = secrets.token_bytes(16)
        self._sealed_at = utc_now()
        self._count = 0
        self._position = 0
        self._is_finished = False
        self._file = target.open("xb", buffering=1 << 20) if file is None else file
        self._write(_head(self._pack_id, institution_id, int(self._sealed_at.timestamp())))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_finished:
            self.abandon()

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._position

    def add(self, instance: PackedInstance) -> None:
        """Write one instance.

        Raises StorageFull; Invalid when the instance contradicts itself; Damaged when it is said to be as received and
        does not have the digest of what was received. After an exception the pack can only be abandoned.
        """
        meta = file_meta(instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, "")
        length = sum(len(piece) for piece in instance.data_set)
        _check(instance, length)
        member = self._position
        self._begin(b"%06d.dcm" % (self._count + 1), len(meta) + length)
        self._write(meta)
        start, hasher = self._position, blake3()
        for piece in instance.data_set:
            hasher.update(piece)
            self._write(piece)
        self._write(tar.padding(self._position))
        _check_verbatim(instance, length, hasher.digest())
        placed = Placed(
            member, start, length, len(meta) + length, hasher.digest(), blake3(meta).digest()[:META_DIGEST_LENGTH]
        )
        self._manifest.add(instance, placed, _first(instance.data_set, instance.header_length))
        self._count += 1

    def finish(self) -> PackSummary:
        """Write manifest and footer and close the file; `put_file` makes it durable. Raises StorageFull."""
        offset = self._position + tar.BLOCK
        tables, blobs = self._manifest.encode(offset, self._sealed_at)
        digest, length = blake3(tables), len(tables) + sum(len(blob) for blob in blobs)
        self._begin(b"manifest.bin", length)
        self._write(tables)
        for blob in blobs:
            digest.update(blob)
            self._write(blob)
        self._write(tar.padding(length))
        pack_length = self._position + 2 * tar.BLOCK + len(tar.END_OF_ARCHIVE)
        footer = Footer(
            self._count,
            pack_length,
            offset,
            length,
            len(tables),
            digest.digest(),
            blake3(tables).digest(),
            self._pack_id,
        )
        self._begin(b"footer.bin", FOOTER_LENGTH)
        self._write(encode_footer(footer))
        self._write(tar.END_OF_ARCHIVE)
        with _full_means_storage_full():
            self._file.close()
        self._is_finished = True
        return PackSummary(
            self._target, self._pack_id, self._count, pack_length, offset, length, len(tables), footer.manifest_digest
        )

    def abandon(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._target.unlink(missing_ok=True)

    def _begin(self, name: bytes, size: int) -> None:
        if size > tar.LARGEST_MEMBER:
            raise Invalid("An object is larger than a member of a pack can be (8 GiB).", length=size)
        self._write(tar.block(name, size, b"0", int(self._sealed_at.timestamp())))

    def _write(self, data: bytes | memoryview) -> None:
        with _full_means_storage_full():
            self._file.write(data)
        self._position += len(data)


def encode_footer(footer: Footer) -> bytes:
    """The 512 bytes of a footer."""
    body = FOOTER.pack(
        FOOTER_MAGIC,
        VERSION,
        0,
        footer.instance_count,
        footer.pack_length,
        footer.manifest_offset,
        footer.manifest_length,
        footer.tables_length,
        footer.manifest_digest,
        footer.tables_digest,
        footer.pack_id,
        b"none",
        b"",
    ).ljust(480, b"\0")
    return body + blake3(body).digest()


def _head(pack_id: bytes, institution_id: int, mtime: int) -> bytes:
    body = b"".join(
        (
            tar.record(b"ISOCENTER.format", PACK_FORMAT),
            tar.record(b"ISOCENTER.pack_id", pack_id.hex().encode()),
            tar.record(b"ISOCENTER.institution", b"%d" % institution_id),
            tar.record(b"ISOCENTER.cipher", b"none"),
        )
    )
    body += tar.record(b"ISOCENTER.check", blake3(body).hexdigest().encode())
    return tar.block(b"PaxHeaders/pack", len(body), b"g", mtime) + body + tar.padding(len(body))


def _check(instance: PackedInstance, length: int) -> None:
    if not 0 <= instance.header_length <= length:
        raise Invalid("header_length is not within the data set.", sop_instance_uid=instance.sop_instance_uid)
    if len(instance.received_digest) != 32:
        raise Invalid("A received digest has 32 bytes.", sop_instance_uid=instance.sop_instance_uid)
    sizes = (instance.number_of_frames, instance.rows or 0, instance.columns or 0)
    if not all(0 <= size < 1 << 32 for size in sizes):
        raise Invalid("Frames, rows or columns cannot be that many.", sop_instance_uid=instance.sop_instance_uid)
    if instance.frames.table and len(instance.frames.table) != instance.number_of_frames:
        raise Invalid("The frame table has not one row per frame.", sop_instance_uid=instance.sop_instance_uid)
    if any(start < 0 or start + size > length for frame in instance.frames.table for start, size in frame):
        raise Invalid("A frame is not within the data set.", sop_instance_uid=instance.sop_instance_uid)


def _check_verbatim(instance: PackedInstance, length: int, digest: bytes) -> None:
    if instance.received_parts is not None:
        return
    if instance.transfer_syntax_uid != instance.received_transfer_syntax_uid:
        raise Invalid(
            "An instance in another transfer syntax than it was received in needs its received parts.",
            sop_instance_uid=instance.sop_instance_uid,
        )
    if (length, digest) != (instance.received_length, instance.received_digest):
        raise Damaged("A data set has not the digest that it was received with.", uid=instance.sop_instance_uid)


def _first(pieces: object, length: int) -> bytes:
    taken = b""
    for piece in pieces:  # type: ignore[attr-defined]
        if len(taken) >= length:
            break
        taken += bytes(piece[: length - len(taken)])
    return taken


@contextlib.contextmanager
def _full_means_storage_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFull("The disk of the object store is full or failing.", errno=error.errno) from error


# Verifying


@dataclass(frozen=True, slots=True)
class PackProblem:
    """Something in a pack that is not as it was written. sop_instance_uid: empty when it is the manifest itself."""

    sop_instance_uid: str
    reason: str


def verify_pack(store: ObjectStore, key: str) -> list[PackProblem]:
    """Read a whole pack and check every digest in it: footer, manifest, each stored data set, each compressed part.

    Returns what is wrong; an empty list for a sound pack. Says nothing of whether the received form rebuilds, which
    needs the codecs. Raises NoSuchObject, UnknownFormat.
    """
    try:
        footer = read_footer(store, key)
        data = store.get_range(key, footer.manifest_offset, footer.manifest_length)
        if blake3(data).digest() != footer.manifest_digest:
            return [PackProblem("", "manifest-digest")]
        manifest = Manifest(key, data[: footer.tables_length], footer.manifest_offset)
    except (Damaged, struct.error) as error:
        return [PackProblem("", f"manifest: {error}")]
    found = [_problem(store, manifest, entry) for entry in manifest.entries()]
    return [PackProblem(uid, reason) for uid, reason in found if reason]


def _problem(store: ObjectStore, manifest: Manifest, entry: InstanceEntry) -> tuple[str, str]:
    block = tar.parse_block(store.get_range(manifest.key, entry.member_offset, tar.BLOCK))
    if block is None or block.size != entry.file_length:
        return entry.sop_instance_uid, "member-header"
    meta_length = entry.file_length - entry.data_set_length
    meta = store.get_range(manifest.key, entry.data_set_offset - meta_length, meta_length)
    if blake3(meta).digest()[:META_DIGEST_LENGTH] != entry.meta_digest:
        return entry.sop_instance_uid, "meta-digest"
    if _digest(store, manifest.key, entry.data_set_offset, entry.data_set_length) != entry.stored_digest:
        return entry.sop_instance_uid, "stored-digest"
    if entry.rebuild is Rebuild.VERBATIM and entry.stored_digest != entry.digest:
        return entry.sop_instance_uid, "received-digest"
    try:
        json, parts = manifest.json(entry), manifest.received_parts(entry)
        decode_json(store.get_range(manifest.key, json.offset, json.length))
        if parts:
            head = store.get_range(manifest.key, entry.data_set_offset, entry.header_length)
            for part in parts:
                decode_received(store.get_range(manifest.key, part.offset, part.length), head)
    except Damaged:
        return entry.sop_instance_uid, "compressed-part"
    return entry.sop_instance_uid, ""


def _digest(store: ObjectStore, key: str, offset: int, length: int) -> bytes:
    hasher, end = blake3(), offset + length
    while offset < end:
        size = min(_PIECE, end - offset)
        hasher.update(store.get_range(key, offset, size))
        offset += size
    return hasher.digest()
