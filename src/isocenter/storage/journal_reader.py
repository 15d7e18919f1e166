"""Reading a segment of the journal back: its members, what is damaged, and where its tail is torn.

A member is given out only when its header is right in itself (see segments.parse_member) and, with verify, when its
data set has its digest. What was erased and overwritten since is passed over. The file is mapped, never read whole.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from blake3 import blake3

from isocenter.kit.logging import get_logger
from isocenter.storage import tar
from isocenter.storage.journal_cipher import PLAIN, SegmentCipher, SegmentKeys
from isocenter.storage.segment_format import (
    MemberHeader,
    MemberLocation,
    ParsedMember,
    parse_head,
    parse_member,
)
from isocenter.storage.segments import SegmentName

_ZEROS = bytes(1 << 20)
_WIPED = "wiped"
WIPED_MARK: Final = b"ISOCENTER.ERASED"
"""What an erased data set begins with; zeros alone may be what a disk lost."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JournalMember:
    """A whole member. data_set: a view of the mapped file, valid as long as it is held."""

    header: MemberHeader
    location: MemberLocation
    data_set: memoryview


@dataclass(frozen=True, slots=True)
class Damage:
    """`length` bytes at `offset` that are no valid member, with valid members after them: to be quarantined.

    header: of the member, when only its data set is damaged.
    """

    segment: SegmentName
    offset: int
    length: int
    reason: str
    header: MemberHeader | None = None


@dataclass(frozen=True, slots=True)
class TornTail:
    """`length` bytes at `offset`, the end of the file, in which there is no valid member.

    After a crash these bytes were never acknowledged. When the index knows members at or behind `offset`, it is damage.
    header: of the first member in the tail, when its header is right and its data set is cut or damaged.
    """

    segment: SegmentName
    offset: int
    length: int
    reason: str
    header: MemberHeader | None = None


@dataclass(frozen=True, slots=True)
class UnusedRoom:
    """More zeros at the end of the file, from `offset` on, than end an archive: room of an unclosed segment."""

    segment: SegmentName
    offset: int
    length: int


SegmentItem = JournalMember | Damage | TornTail | UnusedRoom


def read_segment(
    path: Path,
    from_offset: int = 0,
    *,
    verify: bool = True,
    segment: SegmentName | None = None,
    keys: SegmentKeys = PLAIN,
) -> Iterator[SegmentItem]:
    """The members of a segment from `from_offset` (0, or a `MemberLocation.end_offset`), in order.

    verify: check the digest of every data set, and decrypt it; without, data sets are given out as they are stored.
    segment: its name, when the file does not lie at its own path. Bytes appended after the call are not seen.
    Raises UnknownFormat; KeyLost, Damaged when it is encrypted and keys cannot open it; OSError.
    """
    name = segment or SegmentName.from_path(path)
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        data = memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    yield from _Walk(name, data, verify, keys).items(from_offset)


@dataclass(slots=True)
class _Broken:
    """A stretch that is no valid member; whether it is damage or torn is known when something valid follows or not."""

    offset: int
    end: int
    reason: str
    header: MemberHeader | None


class _Walk:
    def __init__(self, name: SegmentName, data: memoryview, verify: bool, keys: SegmentKeys) -> None:
        self._name = name
        self._data = data
        self._verify = verify
        self._keys = keys
        self._cipher: SegmentCipher | None = None
        self._broken: list[_Broken] = []

    def items(self, from_offset: int) -> Iterator[SegmentItem]:
        head = parse_head(self._data)
        nonce = head.nonce if head else None
        offset = max(from_offset, head.length if head else 0)
        if head is None and from_offset == 0:
            offset = self._skip(0, None, "segment-head")
        while offset < len(self._data) and not self._is_end(offset):
            parsed = parse_member(self._data, offset, nonce)
            if parsed is None:
                offset = self._skip(offset, nonce, "member-header")
                continue
            nonce = nonce or parsed.nonce
            content = self._content(parsed)
            reason = self._fault(parsed, content)
            if reason is None:
                yield from self._damages()
                yield self._member(offset, parsed, content)
            elif reason == _WIPED:
                yield from self._damages()
            else:
                self._broken.append(_Broken(offset, min(parsed.end_offset, len(self._data)), reason, parsed.header))
            offset = min(parsed.end_offset, len(self._data))
        if self._broken:
            first = self._broken[0]
            yield TornTail(self._name, first.offset, len(self._data) - first.offset, first.reason, first.header)
        elif len(self._data) - offset > len(tar.END_OF_ARCHIVE):
            yield UnusedRoom(self._name, offset, len(self._data) - offset)

    def _member(self, offset: int, parsed: ParsedMember, content: memoryview) -> JournalMember:
        location = MemberLocation(self._name, offset, parsed.data_set_offset, parsed.data_set_length)
        return JournalMember(parsed.header, location, content)

    def _content(self, parsed: ParsedMember) -> memoryview:
        stored = self._data[parsed.data_set_offset : parsed.data_set_offset + parsed.data_set_length]
        if parsed.cipher is None or not self._verify or is_wiped(stored):
            return stored
        if self._cipher is None or self._cipher.header != parsed.cipher:
            self._cipher = self._keys.open(parsed.cipher, parsed.nonce)
        assert self._cipher is not None
        return memoryview(self._cipher.apply(parsed.data_set_offset, stored))

    def _fault(self, parsed: ParsedMember, content: memoryview) -> str | None:
        if len(content) < parsed.data_set_length:
            return "cut-off"
        if self._verify and blake3(content).digest() != parsed.header.digest:
            return _WIPED if is_wiped(content) else "digest"
        return None

    def _skip(self, offset: int, nonce: bytes | None, reason: str) -> int:
        """Remember what is broken from `offset`; returns where the next right member header is, or the end."""
        end = next_member(self._data, offset + (tar.BLOCK if reason == "member-header" else 0), nonce)
        self._broken.append(_Broken(offset, end, reason, None))
        return end

    def _damages(self) -> Iterator[Damage]:
        for broken in self._broken:
            length = broken.end - broken.offset
            yield Damage(self._name, broken.offset, length, broken.reason, broken.header)
        self._broken.clear()

    def _is_end(self, offset: int) -> bool:
        """Whether only zeros are left: the end-of-archive blocks, a part of them, or room that was never used."""
        if self._data[offset : offset + tar.BLOCK] != _ZEROS[: min(tar.BLOCK, len(self._data) - offset)]:
            return False
        for start in range(offset, len(self._data), len(_ZEROS)):
            strip = self._data[start : start + len(_ZEROS)]
            if strip != _ZEROS[: len(strip)]:
                return False
        return True


def is_wiped(content: memoryview) -> bool:
    """Whether a data set was overwritten because it was erased (`journal_wiping`): a mark, then nothing but zeros."""
    mark, rest = content[: len(WIPED_MARK)], content[len(WIPED_MARK) :]
    strips = (rest[start : start + len(_ZEROS)] for start in range(0, len(rest), len(_ZEROS)))
    return mark == WIPED_MARK[: len(mark)] and all(strip == _ZEROS[: len(strip)] for strip in strips)


def next_member(data: memoryview, offset: int, nonce: bytes | None) -> int:
    """The offset of the next right member header at or after `offset`, on block boundaries, or the length of `data`."""
    magic = b"ustar\x0000"
    base = data.obj
    assert isinstance(base, mmap.mmap)
    position = tar.padded(offset)
    while position < len(data):
        found = base.find(magic, position + 257)
        if found < 0:
            return len(data)
        position = found - 257
        if position % tar.BLOCK == 0 and parse_member(data, position, nonce) is not None:
            return position
        position = tar.padded(position + 1)
    return len(data)


def cut_torn_tail(path: Path, tail: TornTail) -> Path | None:
    """End a segment of a dead epoch at its last whole member, so that tar opens it without complaint.

    The cut bytes are kept beside it as `<name>.<offset>.torn`, which is returned. None when the disk has no room for
    them: then the segment stays as it is, which every reader bears. Only for segments that nobody writes.
    """
    kept = path.with_suffix(f".{tail.offset}.torn")
    try:
        with path.open("r+b") as file:
            _copy(file, tail.offset, kept)
            file.truncate(tail.offset)
            file.seek(tail.offset)
            file.write(tar.END_OF_ARCHIVE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        _log.warning("journal-tail-not-cut", segment=tail.segment.source, errno=error.errno)
        return None
    return kept


def give_back_room(path: Path, room: UnusedRoom) -> None:
    """End a segment of a dead epoch where its members end. Only for segments that nobody writes."""
    try:
        with path.open("r+b") as file:
            file.truncate(room.offset + len(tar.END_OF_ARCHIVE))
            os.fsync(file.fileno())
    except OSError as error:
        _log.warning("journal-room-not-given-back", segment=room.segment.source, errno=error.errno)


def _copy(file: BinaryIO, offset: int, target: Path) -> None:
    file.seek(offset)
    with target.open("wb") as aside:
        while piece := file.read(1 << 20):
            aside.write(piece)
        aside.flush()
        os.fsync(aside.fileno())
