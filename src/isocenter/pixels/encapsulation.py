"""Fragments of encapsulated pixel data to frames (PS3.5 A.4; Extended Offset Table PS3.3 C.7.6.3.1.8)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise

from isocenter.pixels.errors import UndecodableFrame

Extent = tuple[int, int]
"""(offset, length) of the value of one fragment."""

_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ", b"\xff\x0a", b"\0\0\0\x0cJXL ")
_END = b"\xff\xd9"  # EOI and EOC alike, then at most padding
_WITHOUT_END = (b"\xff\x0a", b"\0\0\0\x0cJXL ")


def frame_fragments(
    fragments: Sequence[Extent],
    number_of_frames: int,
    read: Callable[[int, int], bytes],
    *,
    extended_offsets: bytes = b"",
    video: bool = False,
) -> list[list[Extent]]:
    """The fragments of each frame, in order.

    fragments: (offset, length) of every item's value, the basic offset table first. read(offset, length): bytes of the
    same data. extended_offsets: value of (7FE0,0001). Tried in turn: the extended and the basic offset table if they
    point at fragments, one fragment per frame, one frame (or a video, which is one stream), beginnings of code streams.
    Raises UndecodableFrame when none of them gives number_of_frames frames.
    """
    if not fragments:
        raise UndecodableFrame("The pixel data has no fragments.")
    table, items = fragments[0], list(fragments[1:])
    if not items:
        raise UndecodableFrame("The pixel data has no fragments.")
    if video or number_of_frames == 1:
        return [items]
    for offsets in (_extended(extended_offsets), _basic(table, read)):
        found = _by_offsets(items, offsets, number_of_frames)
        if found is not None:
            return found
    # A trailing empty fragment is tolerated: some senders close with one.
    filled = [item for item in items if item[1]]
    if len(filled) == number_of_frames:
        return [[item] for item in filled]
    found = _by_markers(filled, number_of_frames, read)
    if found is None:
        raise UndecodableFrame(
            "The fragments of the pixel data cannot be told apart into frames.",
            fragments=len(items),
            frames=number_of_frames,
        )
    return found


def _extended(value: bytes) -> list[int]:
    return list(struct.unpack_from(f"<{len(value) // 8}Q", value))


def _basic(table: Extent, read: Callable[[int, int], bytes]) -> list[int]:
    if table[1] == 0 or table[1] % 4:
        return []
    return list(struct.unpack_from(f"<{table[1] // 4}I", read(*table)))


def _by_offsets(items: list[Extent], offsets: list[int], number_of_frames: int) -> list[list[Extent]] | None:
    """Frames that begin at these offsets, counted from the item header of the first fragment; None if they do not."""
    if len(offsets) != number_of_frames:
        return None
    base = items[0][0]
    starts = {item[0] - base: index for index, item in enumerate(items)}
    indexes = [starts.get(offset, -1) for offset in offsets]
    if indexes[0] != 0 or any(second <= first for first, second in pairwise(indexes)):
        return None
    bounds = [*indexes, len(items)]
    return [items[first:second] for first, second in pairwise(bounds)]


def _by_markers(
    items: list[Extent], number_of_frames: int, read: Callable[[int, int], bytes]
) -> list[list[Extent]] | None:
    """Frames that begin where a code stream begins; a beginning counts only after an end, as thumbnails nest."""
    frames: list[list[Extent]] = []
    ended = True
    for offset, length in items:
        head = read(offset, min(length, 12))
        if ended and head.startswith(_STARTS):
            frames.append([])
        if not frames:
            return None
        frames[-1].append((offset, length))
        tail = read(offset + max(length - 4, 0), min(length, 4))
        ended = _END in tail or head.startswith(_WITHOUT_END)
    return frames if len(frames) == number_of_frames else None
