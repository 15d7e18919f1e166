"""A rehearsal of taking over, on a copy of the index and over a store that is only read: what works, what lacks."""

from __future__ import annotations

import random
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from blake3 import blake3

from isocenter.access.caller import system_caller
from isocenter.domain.archive.reception import Source
from isocenter.domain.archive.store import Archive
from isocenter.index.institutions import institutions
from isocenter.index.site_changes import Lag
from isocenter.index.sites import sample_open_instances, sample_packs
from isocenter.kit.database import Connection, Database
from isocenter.kit.errors import Exhausted, IsocenterError
from isocenter.storage.errors import NoSuchObject
from isocenter.storage.extents import Bytes, Extent
from isocenter.storage.manifest import Manifest, read_manifest

_UID = "1.2.840.10008.5.1.4.1.1.7"
_SYNTAX = "1.2.840.10008.1.2.1"
_INSTANCES_OF_A_PACK = 3
_SOURCE = Source("DRILL", "ISOCENTER", "127.0.0.1", "drill")


@dataclass(slots=True)
class Read:
    """What was read back. right, wrong: instances whose digest was compared; away: bytes that are not here."""

    right: int = 0
    wrong: int = 0
    away: int = 0


def read_samples(database: Database, data: Bytes, *, count: int, seed: int) -> Read:
    """Read the newest and some random instances of every institution and compare their digests."""
    read = Read()
    chance = random.Random(seed)
    with database.transaction() as connection:
        every = institutions(connection)
    for one in every:
        with database.transaction(one.institution_id) as connection:
            wanted = list(_samples(connection, data, count, chance, read))
        for extent, digest in wanted:
            _compare(data, extent, digest, read)
    return read


def _samples(
    connection: Connection, data: Bytes, count: int, chance: random.Random, read: Read
) -> Iterator[tuple[Extent, bytes]]:
    for source, offset, length, digest in sample_open_instances(connection, count):
        yield Extent(source, offset, length), digest
    for key, size in sample_packs(connection, count):
        try:
            manifest: Manifest = read_manifest(data.store, key, size)
        except (NoSuchObject, Exhausted):
            read.away += 1
            continue
        except IsocenterError:
            read.wrong += 1
            continue
        for index in chance.sample(range(len(manifest)), min(_INSTANCES_OF_A_PACK, len(manifest))):
            entry = manifest.entry(index)
            yield manifest.data_set(entry), entry.stored_digest


def _compare(data: Bytes, extent: Extent, digest: bytes, read: Read) -> None:
    try:
        found = blake3(data.read(extent)).digest()
    except (NoSuchObject, Exhausted):
        read.away += 1
    except IsocenterError:
        read.wrong += 1
    else:
        read.right += found == digest
        read.wrong += found != digest


def store_one(archive: Archive, institution_id: int) -> None:
    """Store one synthetic object as a scanner would: returns when it is acknowledged."""
    study, instance = (f"2.25.{uuid.uuid4().int}" for _ in range(2))
    reception = archive.reception(
        system_caller(institution_id, "drill"),
        _SOURCE,
        sop_class_uid=_UID,
        sop_instance_uid=instance,
        transfer_syntax_uid=_SYNTAX,
    )
    reception.write(_data_set(study, instance))
    reception.complete()


def _data_set(study: str, instance: str) -> bytes:
    values = (
        (0x08, 0x16, b"UI", _UID.encode()),
        (0x08, 0x18, b"UI", instance.encode()),
        (0x08, 0x60, b"CS", b"OT"),
        (0x10, 0x20, b"LO", b"DRILL"),
        (0x20, 0x0D, b"UI", study.encode()),
        (0x20, 0x0E, b"UI", f"{study}.1".encode()[:64]),
    )
    padded = ((g, e, vr, v + (b"\0" if vr == b"UI" else b" ") * (len(v) % 2)) for g, e, vr, v in values)
    return b"".join(struct.pack("<HH2sH", g, e, vr, len(v)) + v for g, e, vr, v in padded)


def recovery_point_s(index_age_s: float, lag: Lag) -> float:
    """How much time's worth of work would be lost: what the index has not heard of, or the oldest object not copied."""
    return round(max(index_age_s, lag.seconds if lag.objects else 0.0), 3)
