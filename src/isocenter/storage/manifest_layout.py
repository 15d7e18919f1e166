"""The bytes of a manifest and of a pack's footer: every field, its type and its place (docs/formats.md, "Pack").

Little endian throughout. Rows have their length in the header, so that later versions may append fields to them.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

FOOTER_MAGIC: Final = b"ISO.PACK"
FOOTER_LENGTH: Final = 512
FOOTER_FROM_END: Final = 3 * 512
"""The footer's content begins this far before the end of the pack: its one block, then two zero blocks."""
FOOTER: Final = struct.Struct("<8sHHIQQQQ32s32s16s16s64s")
"""magic, version, flags, instance_count, pack_length, manifest_offset, manifest_length, tables_length,
manifest_digest, tables_digest, pack_id, cipher, key_id; zeros to byte 480; BLAKE3-256 of bytes 0..480."""

MANIFEST_MAGIC: Final = b"ISO.MANI"
MANIFEST_HEADER_LENGTH: Final = 512
MANIFEST_HEADER: Final = struct.Struct("<8sHHHHHHI64sIIq")
"""magic, version, header_length, row lengths of series, instances, frames, extents, institution_id,
study_instance_uid, kind, generation, sealed_at (microseconds since 1970, UTC); then six SECTIONs; zeros to 512."""
SECTION: Final = struct.Struct("<QQII")
"""offset from the start of the manifest, length in bytes, count of rows, zero."""
SECTIONS: Final = ("strings", "series", "instances", "frames", "extents", "blobs")
VERSION: Final = 1

UNDEFINED_LENGTH: Final = (1 << 64) - 1
"""pixel_value_length of encapsulated pixel data (undefined length, PS3.5 A.4)."""


class PackKind(IntEnum):
    """Whether a pack was a study's first, or holds what arrived after it was sealed."""

    BASE = 0
    DELTA = 1


class FrameForm(IntEnum):
    """How the bytes of a frame are found."""

    NONE = 0
    """No pixel data."""
    CONTIGUOUS = 1
    """Native: frame i (from 0) is frame_length bytes at pixel_value_offset + i * frame_length."""
    TABLE = 2
    """Row first_frame + i of the frame table."""
    DERIVE = 3
    """No byte range is a frame: the whole instance has to be decoded (1-bit, deflated, big endian, …)."""


class Rebuild(IntEnum):
    """How the data set as received comes back from the stored one."""

    VERBATIM = 0
    """It is the stored one."""
    PIXELS = 1
    """Received head, native pixel value decoded from the stored frames, received tail."""


class AsideReason(IntEnum):
    """Why an instance is kept aside: not shown as part of the study, findable by an operator."""

    NONE = 0
    OTHER_CONTENT = 1
    """Other content under a SOP Instance UID that was known already."""
    MISPLACED = 2
    """The SOP Instance UID is known in another series or study."""


class InstanceFlags(IntFlag):
    """Bits of the field `flags`."""

    HAS_INSTANCE_NUMBER = 1
    HAS_SIZE = 2
    """rows and columns were present."""
    HAS_HINT = 4
    """The received form lay in a journal when this was sealed; it may still."""
    LOSSY = 8
    """The received transfer syntax is a lossy one."""


SERIES_ROW: Final = np.dtype(
    [
        ("series_instance_uid", "S64"),
        ("modality", "S16"),
        ("series_number", "<i4"),
        ("has_series_number", "<u4"),
        ("reserved", "V40"),
    ]
)

INSTANCE_ROW: Final = np.dtype(
    [
        ("sop_instance_uid", "S64"),
        ("received_digest", "V32"),
        ("stored_digest", "V32"),
        ("meta_digest", "V16"),
        ("member_offset", "<u8"),
        ("file_length", "<u8"),
        ("data_set_offset", "<u8"),
        ("data_set_length", "<u8"),
        ("received_length", "<u8"),
        ("header_length", "<u8"),
        ("pixel_value_offset", "<u8"),
        ("pixel_value_length", "<u8"),
        ("frame_length", "<u8"),
        ("hint_member_offset", "<u8"),
        ("hint_data_set_offset", "<u8"),
        ("json_offset", "<u8"),
        ("received_head_offset", "<u8"),
        ("received_tail_offset", "<u8"),
        ("correction_offset", "<u8"),
        ("received_at", "<i8"),
        ("json_length", "<u4"),
        ("received_head_length", "<u4"),
        ("received_tail_length", "<u4"),
        ("correction_length", "<u4"),
        ("ordinal", "<u4"),
        ("series", "<u4"),
        ("number_of_frames", "<u4"),
        ("rows", "<u4"),
        ("columns", "<u4"),
        ("flags", "<u4"),
        ("first_frame", "<u4"),
        ("hint_epoch", "<u4"),
        ("hint_sequence", "<u4"),
        ("correction_version", "<u4"),
        ("instance_number", "<i4"),
        ("sop_class_uid", "<u2"),
        ("transfer_syntax_uid", "<u2"),
        ("received_transfer_syntax_uid", "<u2"),
        ("photometric_interpretation", "<u2"),
        ("bits_allocated", "<u2"),
        ("samples_per_pixel", "<u2"),
        ("calling_ae_title", "<u2"),
        ("called_ae_title", "<u2"),
        ("peer_address", "<u2"),
        ("door", "<u2"),
        ("hint_node", "<u2"),
        ("frame_form", "u1"),
        ("rebuild", "u1"),
        ("aside_reason", "u1"),
        ("reserved", "V27"),
    ]
)
"""One instance, 384 bytes. `*_offset` are bytes from the start of the pack (hint_*: of the journal segment);
sop_class_uid … hint_node without a number type of their own are indices into the strings."""

FRAME_ROW: Final = np.dtype([("offset", "<u8"), ("length", "<u8"), ("extent_count", "<u4"), ("reserved", "<u4")])
"""One frame: extent_count 1: `length` bytes at `offset` of the pack; more: rows `offset` … of the extents."""
EXTENT_ROW: Final = np.dtype([("offset", "<u8"), ("length", "<u8")])
