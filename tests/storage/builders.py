"""Builders for the tests of storage: members, segments and packs of synthetic bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blake3 import blake3

from isocenter.storage.drivers import open_store
from isocenter.storage.extents import Bytes
from isocenter.storage.journal import JournalWriter, MemberHeader, MemberLocation
from isocenter.storage.pack import PackedInstance, frame_table

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
HTJ2K = "1.2.840.10008.1.2.4.201"
RECEIVED_AT = datetime(2026, 11, 21, 23, 45, 1, 234567, tzinfo=UTC)


def bytes_in(home: Path) -> Bytes:
    """The bytes of a home: its journals, and the store beside them."""
    return Bytes(home / "journal", open_store((home / "store").absolute().as_uri()))


def some_bytes(length: int, seed: int = 0) -> bytes:
    """`length` bytes that look like nothing, always the same for a seed."""
    return random.Random(seed).randbytes(length)


def a_header(data_set: bytes | None, number: int = 1, **changed: Any) -> MemberHeader:
    """The header of a member with this data set; None for a large one whose digest is not known yet."""
    fields: dict[str, Any] = {
        "institution_id": 7,
        "sop_class_uid": CT,
        "sop_instance_uid": f"1.2.826.0.1.3680043.99.{number}",
        "transfer_syntax_uid": EXPLICIT,
        "calling_ae_title": "CT_1",
        "called_ae_title": "ISOCENTER",
        "peer_address": "127.0.0.1",
        "received_at": RECEIVED_AT,
        "digest": None if data_set is None else blake3(data_set).digest(),
        "door": "c-store",
    }
    return MemberHeader(**(fields | changed))


def a_writer(directory: Path, **options: Any) -> JournalWriter:
    """A writer of node "node-a" that keeps no reserve."""
    return JournalWriter(directory, "node-a", **({"reserve_bytes": 0} | options))


def a_segment(directory: Path, data_sets: Sequence[bytes]) -> tuple[Path, list[MemberLocation]]:
    """A closed segment with these data sets: its file, and where they lie."""
    with_writer = a_writer(directory)
    locations = [
        with_writer.append(a_header(data_set, number), [data_set]) for number, data_set in enumerate(data_sets, 1)
    ]
    with_writer.close()
    return locations[0].segment.path(directory), locations


def a_packed_instance(number: int = 1, **changed: Any) -> PackedInstance:
    """An HTJ2K instance of two frames, the second in two fragments; stored as it was received."""
    head, pixels = some_bytes(300, seed=1), some_bytes(90, seed=number)
    fields: dict[str, Any] = {
        "ordinal": number,
        "series_instance_uid": f"1.2.3.{number % 2}",
        "sop_instance_uid": f"1.2.3.4.{number}",
        "sop_class_uid": CT,
        "modality": "CT",
        "series_number": number % 2,
        "instance_number": -number,
        "number_of_frames": 2,
        "rows": 512,
        "columns": 256,
        "bits_allocated": 16,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "transfer_syntax_uid": HTJ2K,
        "data_set": [head, pixels],
        "json": b'{"00080018":{"vr":"UI","Value":["1.2.3.4.%d"]}}' % number,
        "header_length": 300,
        "pixel_value_offset": 312,
        "pixel_value_length": None,
        "frames": frame_table([[(320, 20)], [(340, 10), (358, 30)]]),
        "received_transfer_syntax_uid": HTJ2K,
        "received_digest": blake3(head + pixels).digest(),
        "received_length": 390,
        "received_at": RECEIVED_AT,
        "calling_ae_title": "CT_1",
        "called_ae_title": "ISOCENTER",
        "peer_address": "127.0.0.1",
        "door": "c-store",
    }
    return PackedInstance(**(fields | changed))
