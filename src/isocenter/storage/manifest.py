"""The manifest of a pack, read: which instances it holds, where each lies, and where each frame's bytes are.

One small read for the footer, one for the fixed-width tables, then one range per frame. Nothing is decoded before it is
asked for. `pack` writes these bytes; `manifest_layout` names them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import zstandard
from blake3 import blake3

from isocenter.storage.errors import Damaged, UnknownFormat
from isocenter.storage.extents import Extent, store_source
from isocenter.storage.manifest_layout import (
    EXTENT_ROW,
    FOOTER,
    FOOTER_FROM_END,
    FOOTER_LENGTH,
    FOOTER_MAGIC,
    FRAME_ROW,
    INSTANCE_ROW,
    MANIFEST_HEADER,
    MANIFEST_HEADER_LENGTH,
    MANIFEST_MAGIC,
    SECTION,
    SECTIONS,
    SERIES_ROW,
    UNDEFINED_LENGTH,
    VERSION,
    AsideReason,
    FrameForm,
    InstanceFlags,
    PackKind,
    Rebuild,
)
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.places import pass_over
from isocenter.storage.segment_format import MemberLocation, decode_value
from isocenter.storage.segments import SegmentName

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_BLOB: Final = 1 << 30
_HAS_SIZE: Final = int(InstanceFlags.HAS_SIZE)
_HAS_INSTANCE_NUMBER: Final = int(InstanceFlags.HAS_INSTANCE_NUMBER)
_HAS_HINT: Final = int(InstanceFlags.HAS_HINT)
_LOSSY: Final = int(InstanceFlags.LOSSY)


@dataclass(frozen=True, slots=True)
class Footer:
    """The end of a pack. Offsets are from the start of the pack; tables_length: the first bytes of the manifest."""

    instance_count: int
    pack_length: int
    manifest_offset: int
    manifest_length: int
    tables_length: int
    manifest_digest: bytes
    tables_digest: bytes
    pack_id: bytes


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """A series that has instances in the pack."""

    series_instance_uid: str
    modality: str
    series_number: int | None


@dataclass(frozen=True, slots=True)
class InstanceEntry:
    """One instance of a pack. Offsets are from the start of the pack, lengths in bytes.

    digest: BLAKE3 of the data set as received; stored_digest: of the data set as it lies in the pack; meta_digest: the
    first 16 bytes of that of preamble and file meta information.
    header_length: bytes of the stored data set before its pixel data element (all of them when there is none).
    pixel_value_offset, pixel_value_length: of the stored pixel data's value; None, None without; length None when
    encapsulated. hint: where the received form lay in a journal when the study was sealed.
    """

    index: int
    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    ordinal: int
    instance_number: int | None
    number_of_frames: int
    rows: int | None
    columns: int | None
    bits_allocated: int
    samples_per_pixel: int
    photometric_interpretation: str
    transfer_syntax_uid: str
    received_transfer_syntax_uid: str
    received_at: datetime
    digest: bytes
    received_length: int
    stored_digest: bytes
    meta_digest: bytes
    member_offset: int
    file_length: int
    data_set_offset: int
    data_set_length: int
    header_length: int
    pixel_value_offset: int | None
    pixel_value_length: int | None
    frame_form: FrameForm
    frame_length: int
    first_frame: int
    rebuild: Rebuild
    aside_reason: AsideReason
    lossy: bool
    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    door: str
    hint: MemberLocation | None
    correction_version: int


class Manifest:
    """The tables of one pack. Immutable; safe for threads."""

    def __init__(self, key: str, tables: bytes, offset: int) -> None:
        """key: of the pack. tables: the first tables_length bytes of the manifest. offset: of the manifest in the pack.

        Raises UnknownFormat, Damaged.
        """
        if len(tables) < MANIFEST_HEADER_LENGTH or tables[:8] != MANIFEST_MAGIC:
            raise Damaged("These bytes are not a manifest.", key=key)
        fields = MANIFEST_HEADER.unpack_from(tables)
        if fields[1] != VERSION:
            raise UnknownFormat("This manifest is of a version that this program does not know.", version=fields[1])
        self.key = key
        self.offset = offset
        self._tables = tables
        self._row_lengths = dict(zip(("series", "instances", "frames", "extents"), fields[3:7], strict=True))
        self.institution_id: int = fields[7]
        self.study_instance_uid: str = fields[8].rstrip(b"\0").decode("ascii")
        self.kind = PackKind(fields[9])
        self.generation: int = fields[10]
        self.sealed_at = _EPOCH + timedelta(microseconds=fields[11])
        self._sections = _sections(tables, key)
        self.instances: npt.NDArray[np.void] = self._rows("instances", INSTANCE_ROW)
        """The instance table, one structured row (manifest_layout.INSTANCE_ROW) each, in the order of the pack."""
        self._frames = self._rows("frames", FRAME_ROW)
        self._extents = self._rows("extents", EXTENT_ROW)

    def __len__(self) -> int:
        return len(self.instances)

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """What string indices of the rows mean; 0 is the empty string."""
        offset, length, count = self._sections["strings"]
        data, position, found = self._tables[offset : offset + length], 0, []
        for _ in range(count):
            (size,) = struct.unpack_from("<H", data, position)
            found.append(decode_value(data[position + 2 : position + 2 + size]))
            position += 2 + size
        return tuple(found)

    @cached_property
    def series(self) -> tuple[SeriesEntry, ...]:
        """The series, in the order that the instances' field `series` counts."""
        return tuple(
            SeriesEntry(
                row["series_instance_uid"].decode("ascii"),
                row["modality"].decode("ascii"),
                int(row["series_number"]) if row["has_series_number"] else None,
            )
            for row in self._rows("series", SERIES_ROW)
        )

    def entry(self, index: int) -> InstanceEntry:
        """The instance in row `index` (from 0)."""
        return _entry(index, self.instances[index], self.strings, self.series)

    def entries(self) -> Iterator[InstanceEntry]:
        """All instances, those kept aside too, in the order of the pack."""
        return (self.entry(index) for index in range(len(self.instances)))

    def find(self, sop_instance_uid: str) -> InstanceEntry | None:
        """The instance of this UID that is not kept aside, or None."""
        index = self._index_of_uid.get(sop_instance_uid.encode("utf-8"))
        return None if index is None else self.entry(index)

    @cached_property
    def _index_of_uid(self) -> dict[bytes, int]:
        shown = np.flatnonzero(self.instances["aside_reason"] == 0)
        uids = self.instances["sop_instance_uid"][shown]
        return dict(zip(uids.tolist(), shown.tolist(), strict=True))

    def by_ordinal(self, ordinal: int) -> InstanceEntry | None:
        """The instance of this ordinal in its study that is not kept aside, or None."""
        found = np.flatnonzero((self.instances["ordinal"] == ordinal) & (self.instances["aside_reason"] == 0))
        return self.entry(int(found[0])) if len(found) else None

    def frame(self, entry: InstanceEntry, frame_index: int) -> tuple[Extent, ...] | None:
        """Where the bytes of frame `frame_index` (from 0) lie, in order; None when the frame must be derived.

        Raises IndexError when the instance has no such frame.
        """
        if not 0 <= frame_index < entry.number_of_frames or entry.frame_form is FrameForm.NONE:
            raise IndexError(frame_index)
        if entry.frame_form is FrameForm.DERIVE:
            return None
        source = store_source(self.key)
        if entry.frame_form is FrameForm.CONTIGUOUS:
            start = (entry.pixel_value_offset or 0) + frame_index * entry.frame_length
            return (Extent(source, start, entry.frame_length),)
        offset, length, count, _ = self._frames[entry.first_frame + frame_index].tolist()
        if count == 1:
            return (Extent(source, offset, length),)
        return tuple(Extent(source, start, size) for start, size in self._extents[offset : offset + count].tolist())

    def data_set(self, entry: InstanceEntry) -> Extent:
        """Where the stored data set lies."""
        return Extent(store_source(self.key), entry.data_set_offset, entry.data_set_length)

    def file(self, entry: InstanceEntry) -> Extent:
        """Where the stored Part-10 file lies."""
        return Extent(
            store_source(self.key), entry.data_set_offset + entry.data_set_length - entry.file_length, entry.file_length
        )

    def json(self, entry: InstanceEntry) -> Extent:
        """Where the instance's DICOM JSON lies, compressed: see `decode_json`."""
        row = self.instances[entry.index]
        return Extent(store_source(self.key), int(row["json_offset"]), int(row["json_length"]))

    def received_parts(self, entry: InstanceEntry) -> tuple[Extent, Extent] | None:
        """Where received head and tail lie, compressed: see `decode_received`. None when stored verbatim."""
        if entry.rebuild is Rebuild.VERBATIM:
            return None
        row, source = self.instances[entry.index], store_source(self.key)
        return (
            Extent(source, int(row["received_head_offset"]), int(row["received_head_length"])),
            Extent(source, int(row["received_tail_offset"]), int(row["received_tail_length"])),
        )

    def _rows(self, section: str, row: np.dtype[Any]) -> npt.NDArray[Any]:
        offset, _, count = self._sections[section]
        stride = self._row_lengths[section]
        if stride < row.itemsize:
            raise Damaged("The rows of a manifest are too short.", key=self.key, section=section)
        return np.ndarray((count,), dtype=row, buffer=self._tables, offset=offset, strides=(stride,))


def _sections(tables: bytes, key: str) -> dict[str, tuple[int, int, int]]:
    sections: dict[str, tuple[int, int, int]] = {}
    for number, name in enumerate(SECTIONS):
        offset, length, count, _ = SECTION.unpack_from(tables, MANIFEST_HEADER.size + number * SECTION.size)
        if name != "blobs" and offset + length > len(tables):
            raise Damaged("The tables of a manifest are cut off.", key=key, section=name)
        sections[name] = (offset, length, count)
    return sections


def _entry(index: int, values: np.void, strings: tuple[str, ...], series: tuple[SeriesEntry, ...]) -> InstanceEntry:
    row = dict(zip(INSTANCE_ROW.names or (), values.item(), strict=True))
    flags = row["flags"]
    has_size = bool(flags & _HAS_SIZE)
    pixels, pixel_length = row["pixel_value_offset"], row["pixel_value_length"]
    return InstanceEntry(
        index=index,
        sop_instance_uid=row["sop_instance_uid"].decode("ascii"),
        sop_class_uid=strings[row["sop_class_uid"]],
        series_instance_uid=series[row["series"]].series_instance_uid,
        ordinal=row["ordinal"],
        instance_number=row["instance_number"] if flags & _HAS_INSTANCE_NUMBER else None,
        number_of_frames=row["number_of_frames"],
        rows=row["rows"] if has_size else None,
        columns=row["columns"] if has_size else None,
        bits_allocated=row["bits_allocated"],
        samples_per_pixel=row["samples_per_pixel"],
        photometric_interpretation=strings[row["photometric_interpretation"]],
        transfer_syntax_uid=strings[row["transfer_syntax_uid"]],
        received_transfer_syntax_uid=strings[row["received_transfer_syntax_uid"]],
        received_at=_EPOCH + timedelta(microseconds=row["received_at"]),
        digest=row["received_digest"],
        received_length=row["received_length"],
        stored_digest=row["stored_digest"],
        meta_digest=row["meta_digest"],
        member_offset=row["member_offset"],
        file_length=row["file_length"],
        data_set_offset=row["data_set_offset"],
        data_set_length=row["data_set_length"],
        header_length=row["header_length"],
        pixel_value_offset=pixels or None,
        pixel_value_length=pixel_length if pixels and pixel_length != UNDEFINED_LENGTH else None,
        frame_form=FrameForm(row["frame_form"]),
        frame_length=row["frame_length"],
        first_frame=row["first_frame"],
        rebuild=Rebuild(row["rebuild"]),
        aside_reason=AsideReason(row["aside_reason"]),
        lossy=bool(flags & _LOSSY),
        calling_ae_title=strings[row["calling_ae_title"]],
        called_ae_title=strings[row["called_ae_title"]],
        peer_address=strings[row["peer_address"]],
        door=strings[row["door"]],
        hint=_hint(row, strings) if flags & _HAS_HINT else None,
        correction_version=row["correction_version"],
    )


def _hint(row: dict[str, Any], strings: tuple[str, ...]) -> MemberLocation:
    segment = SegmentName(strings[row["hint_node"]], row["hint_epoch"], row["hint_sequence"])
    offset, start = row["hint_member_offset"], row["hint_data_set_offset"]
    return MemberLocation(segment, offset, start, row["received_length"])


def parse_footer(data: bytes, key: str) -> Footer:
    """The footer in its 512 bytes. Raises Damaged, UnknownFormat (version, or a cipher)."""
    if len(data) != FOOTER_LENGTH or data[:8] != FOOTER_MAGIC or blake3(data[:480]).digest() != data[480:]:
        raise Damaged("The pack does not end with a whole footer.", key=key)
    (_, version, _, count, pack, offset, length, tables, digest, tables_digest, pack_id, cipher, _) = FOOTER.unpack(
        data[: FOOTER.size]
    )
    if version != VERSION or cipher.rstrip(b"\0") != b"none":
        raise UnknownFormat("This pack is of a version or cipher that this program does not know.", version=version)
    return Footer(count, pack, offset, length, tables, digest, tables_digest, pack_id)


def read_footer(store: ObjectStore, key: str, pack_length: int | None = None) -> Footer:
    """The footer of a stored pack; pack_length saves asking the store. Raises NoSuchObject, Damaged, UnknownFormat."""
    length = store.head(key).size if pack_length is None else pack_length
    if length < FOOTER_FROM_END:
        raise Damaged("The pack is cut off.", key=key, length=length)
    footer = parse_footer(store.get_range(key, length - FOOTER_FROM_END, FOOTER_LENGTH), key)
    if footer.pack_length != length:
        raise Damaged("The pack has not the length that it was written with.", key=key, length=length)
    return footer


def read_manifest(store: ObjectStore, key: str, pack_length: int | None = None) -> Manifest:
    """The manifest of a stored pack: two small reads, digest checked. pack_length saves asking the store for it.

    Where another storage has a copy that is sound, that one is read. Raises NoSuchObject, Damaged, UnknownFormat.
    """
    try:
        return _manifest(store, key, pack_length)
    except Damaged:
        if not pass_over(store, key):
            raise
    return read_manifest(store, key, pack_length)


def _manifest(store: ObjectStore, key: str, pack_length: int | None) -> Manifest:
    footer = read_footer(store, key, pack_length)
    tables = store.get_range(key, footer.manifest_offset, footer.tables_length)
    if blake3(tables).digest() != footer.tables_digest:
        raise Damaged("The tables of a manifest do not have their digest.", key=key)
    return Manifest(key, tables, footer.manifest_offset)


def read_json(store: ObjectStore, manifest: Manifest, entries: Sequence[InstanceEntry]) -> list[bytes]:
    """The DICOM JSON (one object, UTF-8) of several instances, in their order, with few reads."""
    extents = [manifest.json(entry) for entry in entries]
    blobs = store.get_ranges(manifest.key, [(extent.offset, extent.length) for extent in extents])
    return [decode_json(blob) for blob in blobs]


def decode_json(blob: bytes) -> bytes:
    """The DICOM JSON (UTF-8) in a compressed blob. Raises Damaged."""
    return _decompress(blob, None)


def decode_received(blob: bytes, stored_head: bytes) -> bytes:
    """The received head or tail in a compressed blob. stored_head: first header_length bytes of the stored data set."""
    return _decompress(blob, stored_head)


def compress(data: bytes, dictionary: bytes | None, level: int = 3) -> bytes:
    """One zstd frame with checksum and content size; dictionary: raw content that the data resembles."""
    known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if dictionary else None
    return zstandard.ZstdCompressor(level=level, write_checksum=True, dict_data=known).compress(data)


def _decompress(blob: bytes, dictionary: bytes | None) -> bytes:
    known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if dictionary else None
    try:
        if zstandard.frame_content_size(blob) > _LARGEST_BLOB:
            raise Damaged("A compressed part of a pack is too large.")
        return zstandard.ZstdDecompressor(dict_data=known).decompress(blob)
    except zstandard.ZstdError as error:
        raise Damaged("A compressed part of a pack cannot be read.") from error
