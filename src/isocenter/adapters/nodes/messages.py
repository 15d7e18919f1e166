"""What the frames between nodes mean (docs/formats.md, "Node protocol"), and which error is which word."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from isocenter.kit.errors import Exhausted, Invalid, IsocenterError
from isocenter.storage.errors import BytesAway, Damaged, JournalPoisoned, StorageFull
from isocenter.storage.replicas import Replica
from isocenter.storage.segments import SegmentName

PIECE_BYTES: Final = 1 << 20
"""What one frame carries of a segment."""
MOST_READ_BYTES: Final = 256 << 20
"""What one question may ask for."""


class Kind(IntEnum):
    """The kinds of frame: questions, and from 64 on answers."""

    READ = 1
    WRITE = 2
    SYNC = 3
    END = 4
    LIST = 5
    PART = 64
    DONE = 65
    FAILED = 66


_RANGE = struct.Struct("<QQ")
_PLACE = struct.Struct("<QH")
_ENTRY = struct.Struct("<QQQ")
_ERRORS: Final[dict[str, type[IsocenterError]]] = {
    each.reason: each for each in (BytesAway, Damaged, Exhausted, Invalid, JournalPoisoned, StorageFull)
}


def range_of(source: str, offset: int, length: int) -> bytes:
    """The payload of READ."""
    return _RANGE.pack(offset, length) + source.encode("ascii")


def parse_range(payload: memoryview) -> tuple[SegmentName, int, int]:
    """The inverse of range_of. Raises Invalid."""
    if len(payload) < _RANGE.size:
        raise Invalid("This question is too short.")
    offset, length = _RANGE.unpack_from(payload)
    if length > MOST_READ_BYTES or offset >= 1 << 62:
        raise Invalid("This range is too large.", offset=offset, length=length)
    return _name(payload[_RANGE.size :]), offset, length


def place_of(name: SegmentName, offset: int) -> bytes:
    """The payload of WRITE before the bytes themselves; alone it is that of END."""
    source = name.source.encode("ascii")
    return _PLACE.pack(offset, len(source)) + source


def parse_place(payload: memoryview) -> tuple[SegmentName, int, memoryview]:
    """The inverse of place_of, and the bytes behind it. Raises Invalid."""
    if len(payload) < _PLACE.size:
        raise Invalid("This message is too short.")
    offset, length = _PLACE.unpack_from(payload)
    end = _PLACE.size + length
    return _name(payload[_PLACE.size : end]), offset, payload[end:]


def listing_of(replicas: Sequence[Replica]) -> bytes:
    """The payload of the answer to LIST, one entry a replica; the node is known from the question."""
    return b"".join(_ENTRY.pack(each.name.epoch, each.name.sequence, each.length) for each in replicas)


def parse_listing(node: str, payload: memoryview) -> Iterator[Replica]:
    """The inverse of listing_of. Raises Invalid."""
    if len(payload) % _ENTRY.size:
        raise Invalid("This list of replicas is cut off.")
    for epoch, sequence, length in _ENTRY.iter_unpack(payload):
        yield Replica(SegmentName(node, epoch, sequence), length)


def failure_of(error: IsocenterError) -> bytes:
    """The payload of FAILED: a word, a line feed, a sentence."""
    return f"{error.reason}\n{error}".encode()


def failure(payload: memoryview) -> IsocenterError:
    """The error that FAILED says; one that we do not know is Exhausted."""
    word, _, sentence = bytes(payload).decode("utf-8", "replace").partition("\n")
    return _ERRORS.get(word, Exhausted)(sentence or "The other node failed.")


def _name(source: memoryview) -> SegmentName:
    try:
        return SegmentName.from_source(bytes(source).decode("ascii"))
    except UnicodeDecodeError:
        raise Invalid("This is not a journal source.") from None
