"""What an instance looks like in a pack: its pixels recompressed where that is proven lossless, else as received.

Native pixel data becomes HTJ2K, reversible, when the result is smaller *and* the whole received data set, rebuilt from
what will be stored, has its digest. Foreign bytes are parsed and coded here: `prepare` runs in a confined process.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from blake3 import blake3

from isocenter.kit.errors import Invalid
from isocenter.pixels.codestreams import Coding, declared_coding
from isocenter.pixels.decode import decode_frame
from isocenter.pixels.description import ImageDescription, image_description
from isocenter.pixels.encapsulation import frame_fragments
from isocenter.pixels.encode import can_encode, encode_htj2k
from isocenter.pixels.native import Samples, decode_native
from isocenter.standards.dicom.elements import PIXEL_DATA, ScannedDataSet, scan
from isocenter.standards.dicom.explicit_vr import to_explicit_little_endian
from isocenter.standards.dicom.json_model import JsonDataSet, data_set_to_json
from isocenter.standards.dicom.transfer_syntaxes import HTJ2K_LOSSLESS, TransferSyntax, transfer_syntax
from isocenter.storage.errors import Damaged
from isocenter.storage.extents import read_file_range
from isocenter.storage.journal_cipher import SegmentCipher
from isocenter.storage.manifest import InstanceEntry, Manifest, decode_received
from isocenter.storage.manifest_layout import FrameForm, Rebuild
from isocenter.storage.object_store import ObjectStore
from isocenter.storage.pack import Frames, ReceivedParts, contiguous_frames, derived_frames, frame_table, no_frames
from isocenter.storage.places import pass_over

MAX_RECOMPRESSED_BYTES: Final = 1 << 30
"""Larger objects stay as received: they would need more memory than a confined process has."""
_PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
_PLANAR_CONFIGURATION: Final = 0x00280006
_EXTENDED_OFFSET_TABLE: Final = 0x7FE00001
_ITEM: Final = struct.pack("<HH", 0xFFFE, 0xE000)
_SEQUENCE_END: Final = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
_ENCAPSULATED_PIXEL_DATA: Final = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Received:
    """Where a received data set lies, and what the index knows of it.

    number_of_frames: of the index, which the frame table of the pack must have; None: what the object says. uids: SOP
    class, SOP instance, study and series, for an object whose own header cannot be put into JSON.
    default_character_set: what it was indexed with, when it names none. cipher: of its segment, when that is encrypted.
    """

    path: str
    offset: int
    length: int
    transfer_syntax_uid: str
    digest: bytes
    number_of_frames: int | None
    uids: tuple[str, str, str, str]
    default_character_set: str | None = None
    cipher: SegmentCipher | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An instance as it goes into a pack.

    pieces: the stored data set; None: it is the received one. json: DICOM JSON of the stored form, UTF-8.
    Offsets and lengths as in storage.pack.PackedInstance. faults: stable words on what could not be done.
    """

    transfer_syntax_uid: str
    pieces: tuple[bytes, ...] | None
    json: bytes
    header_length: int
    pixel_value_offset: int | None
    pixel_value_length: int | None
    frames: Frames
    number_of_frames: int
    received_parts: ReceivedParts | None
    photometric_interpretation: str | None
    faults: tuple[str, ...]


def prepare(batch: Sequence[Received]) -> list[Prepared]:
    """Prepare instances for a pack. Runs in a confined process; raises Damaged when bytes are not what was received."""
    return [_prepare(received) for received in batch]


def _prepare(received: Received) -> Prepared:
    data = read_file_range(Path(received.path), received.offset, received.length)
    if received.cipher is not None:
        data = received.cipher.apply(received.offset, data)
    return prepare_data_set(data, received)


def prepare_data_set(data: bytes, received: Received) -> Prepared:
    """Prepare one instance from its received bytes. Raises Damaged when they do not have their digest."""
    syntax = transfer_syntax(received.transfer_syntax_uid)
    try:
        scanned = scan(memoryview(data), syntax, frozenset({_EXTENDED_OFFSET_TABLE}))
    except Invalid:
        return replace(unprepared(received), faults=("data-set-unreadable",))
    model, faults = _model(data, syntax, scanned, received)
    description = _description(model)
    if received.number_of_frames is None:
        received = replace(received, number_of_frames=description.number_of_frames if description else 1)
    if description is not None:
        compressed = _recompressed(data, syntax, scanned, model, description, received)
        if compressed is not None:
            return compressed
    if blake3(data).digest() != received.digest:
        raise Damaged("A data set has not the digest that it was received with.", sop_instance_uid=received.uids[1])
    return _verbatim(data, syntax, scanned, model, description, received, faults)


def unprepared(received: Received) -> Prepared:
    """As received, opaque: for what cannot be parsed at all, or broke the process that tried."""
    names = ("00080016", "00080018", "0020000D", "0020000E")
    json = {name: {"vr": "UI", "Value": [uid]} for name, uid in zip(names, received.uids, strict=True)}
    return Prepared(
        transfer_syntax_uid=received.transfer_syntax_uid,
        pieces=None,
        json=msgspec.json.encode(json),
        header_length=received.length,
        pixel_value_offset=None,
        pixel_value_length=None,
        frames=derived_frames(),
        number_of_frames=received.number_of_frames or 1,
        received_parts=None,
        photometric_interpretation=None,
        faults=("not-parsed",),
    )


def is_opaque(form: FrameForm, header_length: int, received_length: int) -> bool:
    """Whether an instance is in its pack as `unprepared` gives it; so may be a deflated one that was read."""
    return form is FrameForm.DERIVE and header_length == received_length


def _model(
    data: bytes, syntax: TransferSyntax, scanned: ScannedDataSet, received: Received
) -> tuple[JsonDataSet, tuple[str, ...]]:
    """The DICOM JSON of the data set; the least there is, and a fault, when it cannot be made."""
    span = scanned.pixel_data
    try:
        header = data if span is None else memoryview(data)[: span.element_offset]
        model = data_set_to_json(
            header,
            syntax,
            bulk_data_uri="bulkdata/{}".format,
            pixel_data=span,
            default_character_set=received.default_character_set,
        )
        return model, ()
    except Invalid:
        least: JsonDataSet = msgspec.json.decode(unprepared(received).json)
        return least, ("json-absent",)


def _description(model: Mapping[str, Any]) -> ImageDescription | None:
    try:
        return image_description(model)
    except Invalid:
        return None


# --- as received ---------------------------------------------------------------------------------------------------


def _verbatim(
    data: bytes,
    syntax: TransferSyntax,
    scanned: ScannedDataSet,
    model: JsonDataSet,
    description: ImageDescription | None,
    received: Received,
    faults: tuple[str, ...],
) -> Prepared:
    span, count = scanned.pixel_data, received.number_of_frames or 1
    if span is None:
        frames = derived_frames() if syntax.deflated and "7FE00010" in model else no_frames()
    elif span.length is None:
        frames = _encapsulated_frames(data, syntax, scanned, count)
    else:
        frames = _native_frames(syntax, description, span.length, count)
    return Prepared(
        transfer_syntax_uid=received.transfer_syntax_uid,
        pieces=None,
        json=msgspec.json.encode(model),
        header_length=len(data) if span is None else span.element_offset,
        pixel_value_offset=None if span is None else span.value_offset,
        pixel_value_length=None if span is None else span.length,
        frames=frames,
        number_of_frames=count,
        received_parts=None,
        photometric_interpretation=None,
        faults=faults,
    )


def _native_frames(
    syntax: TransferSyntax, description: ImageDescription | None, length: int, number_of_frames: int
) -> Frames:
    """Byte ranges of native frames; derived where frames share bytes, are big endian, or are not all there."""
    if description is None or description.native_frame_bits % 8:
        return derived_frames()
    size = description.native_frame_bits // 8
    swapped = not syntax.little_endian and (description.bits_allocated > 8 or description.pixel_data_vr == "OW")
    return derived_frames() if swapped or size * number_of_frames > length else contiguous_frames(size)


def _encapsulated_frames(data: bytes, syntax: TransferSyntax, scanned: ScannedDataSet, number_of_frames: int) -> Frames:
    if declared_coding(syntax.uid) is Coding.VIDEO and number_of_frames > 1:
        return derived_frames()
    try:
        found = frame_fragments(
            scanned.fragments or (),
            number_of_frames,
            lambda offset, length: data[offset : offset + length],
            extended_offsets=scanned.values.get(_EXTENDED_OFFSET_TABLE, b""),
        )
    except Invalid:
        return derived_frames()
    return frame_table(found)


# --- recompressed --------------------------------------------------------------------------------------------------


def _recompressed(
    data: bytes,
    syntax: TransferSyntax,
    scanned: ScannedDataSet,
    model: JsonDataSet,
    description: ImageDescription,
    received: Received,
) -> Prepared | None:
    """The instance in HTJ2K, or None where that does not apply, is not smaller, or is not proven."""
    span = scanned.pixel_data
    if (
        span is None
        or span.length is None
        or span.tag != PIXEL_DATA
        or not _is_candidate(syntax, description, received)
    ):
        return None
    size = description.native_frame_bits // 8 * description.number_of_frames
    end = span.value_offset + size
    if not 0 <= span.length - size <= 1:
        return None  # more than a byte of padding: there are pixels that no frame has
    head, tail = data[: span.value_offset], data[end:]
    changes = _changes(description)
    try:
        header, trailer = _stored_elements(data, syntax, scanned, changes)
        native = memoryview(data)[span.value_offset : end]
        frames = _encoded(native, description, big_endian=not syntax.little_endian)
    except Invalid:
        return None
    stored = _encapsulate(header, trailer, frames)
    if sum(map(len, stored.pieces)) >= len(data):
        return None
    hasher = blake3(head)
    for frame in frames:
        samples = decode_frame(frame, HTJ2K_LOSSLESS, description)
        hasher.update(native_bytes(samples, description, big_endian=not syntax.little_endian))
    hasher.update(tail)
    if hasher.digest() != received.digest:
        return None
    return Prepared(
        transfer_syntax_uid=HTJ2K_LOSSLESS,
        pieces=stored.pieces,
        json=msgspec.json.encode(_stored_model(model, changes)),
        header_length=len(header),
        pixel_value_offset=len(header) + len(_ENCAPSULATED_PIXEL_DATA),
        pixel_value_length=None,
        frames=frame_table(stored.frames),
        number_of_frames=description.number_of_frames,
        received_parts=ReceivedParts(head, tail),
        photometric_interpretation=str(changes.get("00280004", description.photometric_interpretation)),
        faults=(),
    )


def _is_candidate(syntax: TransferSyntax, description: ImageDescription, received: Received) -> bool:
    swapped_words = not syntax.little_endian and description.bits_allocated == 8 and description.pixel_data_vr == "OW"
    return (
        not syntax.encapsulated
        and not syntax.deflated
        and syntax.known
        and not swapped_words
        and received.length <= MAX_RECOMPRESSED_BYTES
        and description.number_of_frames == received.number_of_frames
        and can_encode(description)
    )


def _changes(description: ImageDescription) -> dict[str, str | int]:
    """What the stored header says otherwise (PS3.5 8.2.4): RGB goes through the reversible colour transform, and the
    samples of a code stream have no planes."""
    changes: dict[str, str | int] = {}
    if description.samples_per_pixel == 3:
        if description.photometric_interpretation == "RGB":
            changes["00280004"] = "YBR_RCT"
        if description.planar_configuration:
            changes["00280006"] = 0
    return changes


def _stored_elements(
    data: bytes, syntax: TransferSyntax, scanned: ScannedDataSet, changes: Mapping[str, str | int]
) -> tuple[bytes, bytes]:
    """What stands before and after the pixel data, in Explicit VR Little Endian. Raises NotConvertible."""
    span = scanned.pixel_data
    assert span is not None and span.length is not None
    view = memoryview(data)
    before, after = view[: span.element_offset], view[span.value_offset + span.length :]
    if not any(after):
        after = after[:0]  # padding that some senders put behind the last element
    explicit, little = scanned.explicit_vr, syntax.little_endian
    if explicit and little and not changes:
        return bytes(before), bytes(after)
    values = {
        int(tag, 16): struct.pack("<H", value) if isinstance(value, int) else value.ljust(8).encode()
        for tag, value in changes.items()
    }
    header = to_explicit_little_endian(before, explicit_vr=explicit, little_endian=little, replace=values)
    return header, to_explicit_little_endian(after, explicit_vr=explicit, little_endian=little)


def _stored_model(model: JsonDataSet, changes: Mapping[str, str | int]) -> JsonDataSet:
    changed = dict(model)
    for tag, value in changes.items():
        if tag in changed:
            changed[tag] = {**changed[tag], "Value": [value]}
    changed["7FE00010"] = {**changed.get("7FE00010", {}), "vr": "OB"}
    return changed


def _encoded(native: memoryview, description: ImageDescription, *, big_endian: bool) -> list[bytes]:
    size = description.native_frame_bits // 8
    frames = []
    for start in range(0, size * description.number_of_frames, size):
        samples = decode_native(native[start : start + size], description, big_endian=big_endian)
        frame = encode_htj2k(samples, description)
        frames.append(frame + b"\0" * (len(frame) % 2))
    return frames


@dataclass(frozen=True, slots=True)
class _Encapsulated:
    """Pieces of a stored data set, and where its frames are in it."""

    pieces: tuple[bytes, ...]
    frames: list[list[tuple[int, int]]]


def _encapsulate(header: bytes, trailer: bytes, frames: Sequence[bytes]) -> _Encapsulated:
    """Encapsulated pixel data, a fragment per frame (PS3.5 A.4). The basic offset table is empty for a single frame,
    and where offsets would not fit it."""
    starts = [0]
    for frame in frames:
        starts.append(starts[-1] + 8 + len(frame))
    table = b""
    if len(frames) > 1 and starts[-1] < 1 << 32:
        table = struct.pack(f"<{len(frames)}I", *starts[:-1])
    pieces = [header, _ENCAPSULATED_PIXEL_DATA, _ITEM, len(table).to_bytes(4, "little"), table]
    position = sum(map(len, pieces))
    places = []
    for frame in frames:
        places.append([(position + 8, len(frame))])
        pieces += [_ITEM, len(frame).to_bytes(4, "little"), frame]
        position += 8 + len(frame)
    pieces += [_SEQUENCE_END, trailer]
    return _Encapsulated((b"".join(pieces),), places)


def native_bytes(samples: Samples, description: ImageDescription, *, big_endian: bool = False) -> bytes:
    """The inverse of pixels.native.decode_native: a frame in byte order and Planar Configuration of the description."""
    if description.samples_per_pixel > 1 and description.planar_configuration:
        samples = samples.transpose(2, 0, 1)
    ordered = samples.astype(samples.dtype.newbyteorder(">" if big_endian else "<"), copy=False)
    return np.ascontiguousarray(ordered).tobytes()


# --- back ----------------------------------------------------------------------------------------------------------


def rebuild_received(store: ObjectStore, manifest: Manifest, entry: InstanceEntry) -> bytes:
    """The data set of a packed instance exactly as it was received, proven by its digest.

    Raises Damaged when what lies in no copy of the pack gives it, NoSuchObject when the pack is gone.
    """
    try:
        return _rebuilt(store, manifest, entry)
    except Damaged:
        if not pass_over(store, manifest.key):
            raise
    return rebuild_received(store, manifest, entry)


def _rebuilt(store: ObjectStore, manifest: Manifest, entry: InstanceEntry) -> bytes:
    stored = manifest.data_set(entry)
    data = store.get_range(manifest.key, stored.offset, stored.length)
    parts = manifest.received_parts(entry)
    if entry.rebuild is not Rebuild.VERBATIM and parts is not None:
        stored_head = data[: entry.header_length]
        head, tail = (
            decode_received(store.get_range(manifest.key, part.offset, part.length), stored_head)
            if part.length
            else b""
            for part in parts
        )
        frames = [manifest.frame(entry, index) or () for index in range(entry.number_of_frames)]
        encoded = [
            b"".join(data[each.offset - stored.offset :][: each.length] for each in extents) for extents in frames
        ]
        data = _joined(head, encoded, tail, entry)
    if blake3(data).digest() != entry.digest:
        raise Damaged("A packed instance does not give what was received.", sop_instance_uid=entry.sop_instance_uid)
    return data


def _joined(head: bytes, frames: Sequence[bytes], tail: bytes, entry: InstanceEntry) -> bytes:
    syntax = transfer_syntax(entry.received_transfer_syntax_uid)
    try:
        description = image_description(data_set_to_json(head, syntax, bulk_data_uri=str))
        native = [
            native_bytes(
                decode_frame(frame, entry.transfer_syntax_uid, description),
                description,
                big_endian=not syntax.little_endian,
            )
            for frame in frames
        ]
    except Invalid as error:
        raise Damaged("A packed instance cannot be rebuilt.", sop_instance_uid=entry.sop_instance_uid) from error
    return b"".join((head, *native, tail))
