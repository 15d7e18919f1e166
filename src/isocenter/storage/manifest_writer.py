"""The manifest of a pack, written: rows and blobs are gathered while members are written, and encoded at the end."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from isocenter.kit.errors import Invalid
from isocenter.storage.manifest import compress
from isocenter.storage.manifest_layout import (
    EXTENT_ROW,
    FRAME_ROW,
    INSTANCE_ROW,
    MANIFEST_HEADER,
    MANIFEST_HEADER_LENGTH,
    MANIFEST_MAGIC,
    SECTION,
    SERIES_ROW,
    UNDEFINED_LENGTH,
    VERSION,
    AsideReason,
    FrameForm,
    InstanceFlags,
    PackKind,
    Rebuild,
)
from isocenter.storage.segment_format import MemberLocation, encode_value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Frames:
    """Where the frames of a data set are. Offsets are from the start of the stored data set.

    Make it with `no_frames`, `contiguous_frames`, `frame_table` or `derived_frames`.
    """

    form: FrameForm
    frame_length: int = 0
    table: Sequence[Sequence[tuple[int, int]]] = ()


def no_frames() -> Frames:
    """There is no pixel data."""
    return Frames(FrameForm.NONE)


def contiguous_frames(frame_length: int) -> Frames:
    """Native frames of `frame_length` bytes each, one after the other from the pixel data's value."""
    return Frames(FrameForm.CONTIGUOUS, frame_length=frame_length)


def frame_table(table: Sequence[Sequence[tuple[int, int]]]) -> Frames:
    """For each frame the (offset, length) of its fragments' values, in order."""
    return Frames(FrameForm.TABLE, table=table)


def derived_frames() -> Frames:
    """No byte range is a frame."""
    return Frames(FrameForm.DERIVE)


@dataclass(frozen=True, slots=True)
class ReceivedParts:
    """What a received data set has around its pixel data's value: `head` before it, `tail` after it.

    The received data set is head + the native value decoded from the stored frames + tail.
    """

    head: bytes
    tail: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedInstance:
    """One instance for a pack.

    data_set: the stored data set, in pieces. json: DICOM JSON of the current form without pixel data, UTF-8.
    transfer_syntax_uid: of data_set; received_*: of what came in. received_parts: None when data_set is what came in.
    header_length: bytes of data_set before its pixel data element, all of them when there is none.
    pixel_value_offset: from the start of data_set, None without; pixel_value_length: None when encapsulated.
    ordinal: of the instance in its study (index). hint: where the received form lies in a journal.
    """

    ordinal: int
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    modality: str | None = None
    series_number: int | None = None
    instance_number: int | None = None
    number_of_frames: int = 1
    rows: int | None = None
    columns: int | None = None
    bits_allocated: int | None = None
    samples_per_pixel: int | None = None
    photometric_interpretation: str | None = None
    transfer_syntax_uid: str
    data_set: Sequence[bytes | memoryview]
    json: bytes
    header_length: int
    pixel_value_offset: int | None = None
    pixel_value_length: int | None = None
    frames: Frames = Frames(FrameForm.NONE)
    received_transfer_syntax_uid: str
    received_digest: bytes
    received_length: int
    received_at: datetime
    received_parts: ReceivedParts | None = None
    lossy: bool = False
    aside_reason: AsideReason = AsideReason.NONE
    calling_ae_title: str = ""
    called_ae_title: str = ""
    peer_address: str = ""
    door: str = ""
    hint: MemberLocation | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a member was written. Offsets from the start of the pack."""

    member_offset: int
    data_set_offset: int
    data_set_length: int
    file_length: int
    stored_digest: bytes
    meta_digest: bytes


@dataclass(slots=True)
class ManifestWriter:
    """Gathers the rows and blobs of one pack."""

    institution_id: int
    study_instance_uid: str
    kind: PackKind
    generation: int
    _strings: dict[str, int] = field(default_factory=lambda: {"": 0})
    _series: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    _series_index: dict[str, int] = field(default_factory=dict)
    _instances: list[dict[str, Any]] = field(default_factory=list)
    _frames: list[tuple[int, int, int, int]] = field(default_factory=list)
    _extents: list[tuple[int, int]] = field(default_factory=list)
    _blobs: list[bytes] = field(default_factory=list)
    _blob_bytes: int = 0

    def add(self, instance: PackedInstance, placed: Placed, stored_head: bytes) -> None:
        """Take an instance whose member is written. stored_head: the first header_length bytes of its data set."""
        parts = instance.received_parts
        head = self._blob(compress(parts.head, stored_head)) if parts else (0, 0)
        tail = self._blob(compress(parts.tail, stored_head)) if parts else (0, 0)
        json = self._blob(compress(instance.json, None))
        pixels = instance.pixel_value_offset
        pixel_length = UNDEFINED_LENGTH if instance.pixel_value_length is None else instance.pixel_value_length
        row = {
            "sop_instance_uid": _uid(instance.sop_instance_uid),
            "received_digest": instance.received_digest,
            "stored_digest": placed.stored_digest,
            "meta_digest": placed.meta_digest,
            "member_offset": placed.member_offset,
            "file_length": placed.file_length,
            "data_set_offset": placed.data_set_offset,
            "data_set_length": placed.data_set_length,
            "received_length": instance.received_length,
            "header_length": instance.header_length,
            "pixel_value_offset": 0 if pixels is None else placed.data_set_offset + pixels,
            "pixel_value_length": 0 if pixels is None else pixel_length,
            "frame_length": instance.frames.frame_length,
            "json_offset": json[0],
            "json_length": json[1],
            "received_head_offset": head[0],
            "received_head_length": head[1],
            "received_tail_offset": tail[0],
            "received_tail_length": tail[1],
            "received_at": (instance.received_at - _EPOCH) // _MICROSECOND,
            "ordinal": instance.ordinal,
            "series": self._series_number(instance),
            "number_of_frames": instance.number_of_frames,
            "rows": instance.rows or 0,
            "columns": instance.columns or 0,
            "flags": _flags(instance),
            "first_frame": len(self._frames),
            "instance_number": _int32(instance.instance_number) or 0,
            "bits_allocated": instance.bits_allocated or 0,
            "samples_per_pixel": instance.samples_per_pixel or 0,
            "frame_form": instance.frames.form,
            "rebuild": Rebuild.PIXELS if parts else Rebuild.VERBATIM,
            "aside_reason": instance.aside_reason,
        }
        row |= self._string_fields(instance) | self._hint_fields(instance.hint)
        self._add_frames(instance.frames, placed.data_set_offset)
        self._instances.append(row)

    def _add_frames(self, frames: Frames, start: int) -> None:
        for fragments in frames.table:
            if len(fragments) == 1:
                self._frames.append((start + fragments[0][0], fragments[0][1], 1, 0))
                continue
            self._frames.append((len(self._extents), sum(length for _, length in fragments), len(fragments), 0))
            self._extents.extend((start + offset, length) for offset, length in fragments)

    def _string_fields(self, instance: PackedInstance) -> dict[str, int]:
        names = (
            "sop_class_uid",
            "transfer_syntax_uid",
            "received_transfer_syntax_uid",
            "photometric_interpretation",
            "calling_ae_title",
            "called_ae_title",
            "peer_address",
            "door",
        )
        return {name: self._string(getattr(instance, name) or "") for name in names}

    def _hint_fields(self, hint: MemberLocation | None) -> dict[str, int]:
        if hint is None:
            return {}
        return {
            "hint_node": self._string(hint.segment.node),
            "hint_epoch": hint.segment.epoch,
            "hint_sequence": hint.segment.sequence,
            "hint_member_offset": hint.member_offset,
            "hint_data_set_offset": hint.data_set_offset,
        }

    def _string(self, text: str) -> int:
        index = self._strings.setdefault(text, len(self._strings))
        if index > 0xFFFF:
            raise Invalid("A pack holds too many different texts.")
        return index

    def _series_number(self, instance: PackedInstance) -> int:
        uid = instance.series_instance_uid
        if uid not in self._series:
            number = _int32(instance.series_number)
            modality = (instance.modality or "").encode("ascii", "replace")[:16]
            self._series[uid] = (_uid(uid), modality, number or 0, int(number is not None), b"")
        return self._series_index.setdefault(uid, len(self._series_index))

    def _blob(self, data: bytes) -> tuple[int, int]:
        """Keep a blob; returns its offset among the blobs (made absolute in `encode`) and its length."""
        offset = self._blob_bytes
        self._blobs.append(data)
        self._blob_bytes += len(data)
        return offset, len(data)

    def encode(self, manifest_offset: int, sealed_at: datetime) -> tuple[bytes, list[bytes]]:
        """The tables (header and rows) and the blobs that follow them. manifest_offset: from the start of the pack."""
        strings = b"".join(struct.pack("<H", len(text)) + text for text in map(encode_value, self._strings))
        strings += bytes(-len(strings) % 8)
        frames, extents = np.array(self._frames, FRAME_ROW), np.array(self._extents, EXTENT_ROW)
        sizes = [
            (len(strings), len(self._strings)),
            (len(self._series) * SERIES_ROW.itemsize, len(self._series)),
            (len(self._instances) * INSTANCE_ROW.itemsize, len(self._instances)),
            (frames.nbytes, len(frames)),
            (extents.nbytes, len(extents)),
            (self._blob_bytes, len(self._blobs)),
        ]
        sections, offset = b"", MANIFEST_HEADER_LENGTH
        for length, count in sizes:
            sections += SECTION.pack(offset, length, count, 0)
            offset += length
        blobs_at = manifest_offset + offset - self._blob_bytes
        series = np.array(list(self._series.values()), SERIES_ROW)
        header = self._header(sealed_at) + sections
        body = (strings, series.tobytes(), self._instance_rows(blobs_at), frames.tobytes(), extents.tobytes())
        return b"".join((header.ljust(MANIFEST_HEADER_LENGTH, b"\0"), *body)), self._blobs

    def _header(self, sealed_at: datetime) -> bytes:
        rows = (SERIES_ROW.itemsize, INSTANCE_ROW.itemsize, FRAME_ROW.itemsize, EXTENT_ROW.itemsize)
        return MANIFEST_HEADER.pack(
            MANIFEST_MAGIC,
            VERSION,
            MANIFEST_HEADER_LENGTH,
            *rows,
            self.institution_id,
            _uid(self.study_instance_uid),
            self.kind,
            self.generation,
            (sealed_at - _EPOCH) // _MICROSECOND,
        )

    def _instance_rows(self, blobs_at: int) -> bytes:
        rows = np.zeros(len(self._instances), INSTANCE_ROW)
        for name in INSTANCE_ROW.names or ():
            if any(name in fields for fields in self._instances):
                absent: int | bytes = 0 if rows[name].dtype.kind in "iu" else b""
                column = [fields.get(name, absent) for fields in self._instances]
                rows[name] = np.array(column, rows[name].dtype)
        for name in ("json", "received_head", "received_tail"):
            rows[f"{name}_offset"][rows[f"{name}_length"] > 0] += np.uint64(blobs_at)
        return rows.tobytes()


def _flags(instance: PackedInstance) -> int:
    flags = InstanceFlags(0)
    if _int32(instance.instance_number) is not None:
        flags |= InstanceFlags.HAS_INSTANCE_NUMBER
    if instance.rows is not None and instance.columns is not None:
        flags |= InstanceFlags.HAS_SIZE
    if instance.hint is not None:
        flags |= InstanceFlags.HAS_HINT
    if instance.lossy:
        flags |= InstanceFlags.LOSSY
    return int(flags)


def _int32(number: int | None) -> int | None:
    """A number as IS may say it (PS3.5 6.2); others, which real devices send, count as absent and stay in the JSON."""
    return number if number is not None and -(1 << 31) <= number < 1 << 31 else None


def _uid(uid: str) -> bytes:
    if not 0 < len(uid) <= 64 or not uid.isascii():
        raise Invalid("A UID of a packed instance is no UID.", length=len(uid))
    return uid.encode("ascii")
